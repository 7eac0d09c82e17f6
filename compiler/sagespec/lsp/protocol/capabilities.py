"""What the server tells a client that it can do: known before anything of the pipeline is loaded."""

from __future__ import annotations

from sagespec.lsp.protocol.texts import Json

COMMANDS = ("sagespec.showRequest", "sagespec.explain")
"""What a client can have carried out; each answers with a text."""


def capabilities() -> Json:
    incremental = 2
    return {
        "positionEncoding": "utf-16",
        "textDocumentSync": {"openClose": True, "change": incremental, "save": {"includeText": False}},
        "completionProvider": {"triggerCharacters": [":", " ", ".", '"', "'", "/", "{", "-"]},
        "hoverProvider": True,
        "codeActionProvider": {"codeActionKinds": ["quickfix", "source.fixAll", "source.fixAll.sagespec"]},
        "definitionProvider": True,
        "referencesProvider": True,
        "documentLinkProvider": {"resolveProvider": False},
        "inlayHintProvider": True,
        "codeLensProvider": {"resolveProvider": False},
        "documentSymbolProvider": True,
        "workspaceSymbolProvider": True,
        "foldingRangeProvider": True,
        "renameProvider": {"prepareProvider": True},
        "executeCommandProvider": {"commands": list(COMMANDS)},
        "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
    }
