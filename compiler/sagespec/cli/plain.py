"""Words of `validate` and `compile` that need no explaining, read at once.

Loading typer takes longer than to validate a manifest, and editors and hooks run these two at every change. Whatever
is not quite plain (a question for help, a mistake, an option before the command) is left to typer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sagespec.cli import checking

Call: TypeAlias = "tuple[Callable[..., int], dict[str, Any]]"

_FLAG, _ONE, _MANY, _FORMAT = "flag", "one", "many", "format"
"""An option without a value; with one; with several; with one of the formats."""
_EVERYWHERE = {"--allow": _MANY, "--env": _ONE, "--set": _MANY}
_COMMANDS: Mapping[str, tuple[Callable[..., int], Mapping[str, str]]] = {
    "validate": (checking.validate, {"--fix": _FLAG, "--strict": _FLAG, "--format": _FORMAT, **_EVERYWHERE}),
    "compile": (checking.compile_, {"--jsonl": _FLAG, "--local": _FLAG, **_EVERYWHERE}),
}
_PARAMETERS = {"--set": "set_", "--format": "format_"}


def understood(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> Call | None:
    """What to call, and with what; None where the words are not plain."""
    command, options = _COMMANDS.get(words[0] if words else "", (None, {}))
    if command is None:
        return None
    from sagespec.reporting.diagnostics import FORMATS

    paths: list[str] = []
    found: dict[str, Any] = {"env": environ.get("SAGESPEC_ENV") or None}
    rest = iter(words[1:])
    for word in rest:
        if word[:1] != "-" or word == "-":
            paths.append(word)
            continue
        kind = options.get(word)
        if kind is None:
            return None
        name = _PARAMETERS.get(word, word[2:])
        if kind == _FLAG:
            found[name] = True
            continue
        value = next(rest, "-")
        if value[:1] == "-" or (kind == _FORMAT and value not in FORMATS):
            return None
        found[name] = [*found.get(name, ()), value] if kind == _MANY else value
    return (command, {"paths": paths, **found}) if paths else None
