"""What messages hold, by the protocol. Whatever else comes is the client's mistake, and is refused or passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DOCUMENT = {"uri": str}
_POSITION = {"line": int, "character": int}
_RANGE = {"start": _POSITION, "end": _POSITION}
_ABOUT = {"textDocument": _DOCUMENT}
_AT = {**_ABOUT, "position": _POSITION}
_IN = {**_ABOUT, "range": _RANGE}

NEEDED: Mapping[str, Mapping[str, Any]] = {
    "textDocument/didOpen": {"textDocument": {"uri": str, "text": str}},
    "textDocument/didChange": {**_ABOUT, "contentChanges": [{"text": str, "range?": _RANGE}]},
    "textDocument/didSave": _ABOUT,
    "textDocument/didClose": _ABOUT,
    "workspace/didChangeWatchedFiles": {"changes": [{"uri": str, "type": int}]},
    "workspace/didChangeWorkspaceFolders": {"event": {"added": [_DOCUMENT], "removed": [_DOCUMENT]}},
    "textDocument/codeAction": {**_IN, "context?": {"only?": [str]}},
    "textDocument/completion": _AT,
    "textDocument/hover": _AT,
    "textDocument/definition": _AT,
    "textDocument/references": {**_AT, "context?": {}},
    "textDocument/documentLink": _ABOUT,
    "textDocument/inlayHint": _IN,
    "textDocument/codeLens": _ABOUT,
    "textDocument/documentSymbol": _ABOUT,
    "textDocument/foldingRange": _ABOUT,
    "textDocument/prepareRename": _AT,
    "textDocument/rename": {**_AT, "newName": str},
    "workspace/executeCommand": {"command": str, "arguments?": []},
}
"""Method → what we read of its parameters; a name with `?` may be missing, or null."""


def missing(method: str, params: Any) -> str:
    """What is wrong with a message's parameters; empty where they are as the protocol has them."""
    return _missing("params", params, NEEDED.get(method, {}))


def _missing(name: str, value: Any, shape: Any) -> str:
    if isinstance(shape, Mapping):
        if not isinstance(value, dict):
            return f"{name} must be an object"
        found = (_member(f"{name}.{key.rstrip('?')}", value.get(key.rstrip("?")), key, shape[key]) for key in shape)
        return next((each for each in found if each), "")
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{name} must be a list"
        return next((wrong for each in value for inner in shape if (wrong := _missing(f"{name}[]", each, inner))), "")
    return "" if isinstance(value, shape) else f"{name} must be a {'text' if shape is str else 'whole number'}"


def _member(name: str, value: Any, key: str, shape: Any) -> str:
    return "" if key.endswith("?") and value is None else _missing(name, value, shape)
