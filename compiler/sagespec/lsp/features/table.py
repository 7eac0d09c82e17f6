"""What can be asked of the server: one line a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sagespec.lsp.features import actions, commands, completion, hints, hover, lenses, navigation, outline, rename
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.workspace import Workspace

Feature = Callable[[Workspace, Judgements, Mapping[str, Any]], Any]

FEATURES: Mapping[str, Feature] = {
    "textDocument/codeAction": actions.code_actions,
    "textDocument/completion": completion.completion,
    "textDocument/hover": hover.hover,
    "textDocument/definition": navigation.definition,
    "textDocument/references": navigation.references,
    "textDocument/documentLink": navigation.document_links,
    "textDocument/inlayHint": hints.inlay_hints,
    "textDocument/codeLens": lenses.code_lenses,
    "textDocument/documentSymbol": outline.document_symbols,
    "textDocument/foldingRange": outline.folding_ranges,
    "textDocument/prepareRename": rename.prepare_rename,
    "textDocument/rename": rename.rename,
    "workspace/symbol": outline.workspace_symbols,
    "workspace/executeCommand": commands.execute,
}
