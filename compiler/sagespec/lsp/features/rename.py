"""Renaming of channels, hyperparameters, variables, axes and jobs, in manifests, defaults and scripts at once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.base.source import Place
from sagespec.lsp.features.navigation import location
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.names.symbols import Symbol, SymbolOccurrence, occurrences, symbol_at
from sagespec.lsp.protocol import jsonrpc
from sagespec.lsp.protocol.jsonrpc import ResponseError
from sagespec.lsp.protocol.texts import Json
from sagespec.lsp.workspace import Workspace, is_manifest_name

FORMS = {
    "channels": (r"[A-Za-z0-9._-]{1,64}", "a channel's name has letters, digits and . _ - only"),
    "hyperparameters": (r"[A-Za-z_][\w.-]{0,255}", "a hyperparameter's name begins with a letter, without blanks"),
    "vars": (r"[A-Za-z_]\w*(-\w+)*", "a variable's name has letters, digits, _ and - only"),
    "jobs": (r"(?=.{1,48}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*", "a job's name has letters, digits and - inside, 48 at most"),
    "matrix": (r"(?!exclude$)[A-Za-z_]\w*(-\w+)*", "an axis's name has letters, digits, _ and - only"),
}
"""Sort of a symbol → what a new name must be, and what is said otherwise."""
LONGEST_CALL = 2_000
"""Characters of one `add_argument`."""


def prepare_rename(workspace: Workspace, judgements: Judgements, params: Mapping[str, Any]) -> Json | None:
    """What would be renamed; nothing where that is not a name of several places."""
    found = _found(workspace, judgements, params)
    if found is None:
        return None
    symbol, document, index = found
    for each in occurrences(workspace, symbol):
        where = location(workspace, each.place)
        start, end = document.index(where["range"]["start"]), document.index(where["range"]["end"])
        if where["uri"] == document.uri and start <= index <= end:
            return {"range": where["range"], "placeholder": document.text[start:end]}
    return None


def rename(workspace: Workspace, judgements: Judgements, params: Mapping[str, Any]) -> Json | None:
    """The edits that give a symbol another name.

    Raises:
        ResponseError: it cannot have that name.
    """
    found = _found(workspace, judgements, params)
    if found is None:
        return None
    symbol, _, _ = found
    new = str(params["newName"])
    form, form_text = FORMS[symbol.sort]
    if re.fullmatch(form, new) is None:
        raise ResponseError(jsonrpc.REQUEST_FAILED, f"'{new}' cannot be its name: {form_text}")
    if symbol.sort == "channels" and not re.fullmatch(r"[A-Za-z_]\w*", new) and _in_scripts(workspace, symbol):
        raise ResponseError(jsonrpc.REQUEST_FAILED, f"'{new}' cannot be a part of the variable that the script reads")
    if symbol.sort == "jobs" and any(_text(each.place) != symbol.name for each in symbol.found):
        message = f"'{symbol.name}' cannot be renamed here: an expression or a matrix makes it"
        raise ResponseError(jsonrpc.REQUEST_FAILED, message)
    edits: dict[str, list[Json]] = {}
    for each in occurrences(workspace, symbol):
        for place, text in _written(symbol, each, new):
            where = location(workspace, place)
            edits.setdefault(where["uri"], []).append({"range": where["range"], "newText": text})
    return {"changes": edits}


def _found(workspace: Workspace, judgements: Judgements, params: Mapping[str, Any]) -> tuple[Symbol, Any, int] | None:
    document = workspace.document(params)
    if document is None or document.path is None:
        return None
    index = document.index(params["position"])
    judgements.settle(document.path)
    symbol = symbol_at(workspace, judgements, document.path, index)
    return None if symbol is None else (symbol, document, index)


def _in_scripts(workspace: Workspace, symbol: Symbol) -> bool:
    return any(not is_manifest_name(each.place.source.name) for each in occurrences(workspace, symbol))


def _written(symbol: Symbol, each: SymbolOccurrence, new: str) -> Iterator[tuple[Place, str]]:
    """The edits of one place. A channel stands in capitals in a variable's name; an argument's value keeps the name by
    which the rest of the script knows it (`dest`)."""
    source, span = each.place.source, each.place.span
    start = source.index(span.line, span.column)
    in_variable = source.text[:start].endswith("SM_CHANNEL_")
    yield each.place, new.upper() if in_variable else new
    if symbol.sort != "hyperparameters" or is_manifest_name(source.name):
        return
    found = _call(source.text, start)
    if found is None or any(word.arg == "dest" for word in found[0].keywords):
        return
    call, end = found
    known_as = _known_as(call)
    old = _text(each.place)
    if known_as == old.replace("-", "_") and known_as != new.replace("-", "_"):
        comma = "" if source.text[:end].rstrip().endswith(",") else ", "
        yield Place(source, source.span(end, end)), f'{comma}dest="{known_as}"'


def _text(place: Place) -> str:
    source, span = place.source, place.span
    return source.text[source.index(span.line, span.column) : source.index(span.end_line, span.end_column)]


def _call(text: str, start: int) -> tuple[ast.Call, int] | None:
    """The call of `add_argument` around a flag, and where its arguments end."""
    begin = text.rfind("add_argument", 0, start)
    for end in range(start, min(len(text), start + LONGEST_CALL)) if begin >= 0 else ():
        if text[end] == ")":
            try:
                call = ast.parse(text[begin : end + 1], mode="eval").body
            except SyntaxError:
                continue
            return (call, end) if isinstance(call, ast.Call) else None
    return None


def _known_as(call: ast.Call) -> str | None:
    """What argparse calls the value: the first long flag, without its hyphens.

    Source: https://docs.python.org/3/library/argparse.html#dest
    """
    flags = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    first = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else None)
    return None if first is None else first.lstrip("-").replace("-", "_")
