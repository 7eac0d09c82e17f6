"""Plain data → YAML text that every reader takes for the same data, in the order of the keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]

_PLAIN = re.compile(r"[A-Za-z_/](?:[\w ./:@+=%()-]*[\w/%)])?", re.ASCII)
_TAKEN = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that some readers take for something else than text."""
_HIDDEN = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""What JSON may hold as it is and YAML may not."""


def yaml_text(data: Mapping[str, Any], notes: Mapping[Path, str] | None = None) -> str:
    """A document in block style.

    Args:
        data: maps, lists, strings, finite numbers, booleans and None.
        notes: path → what a comment at the end of its line says.

    Raises:
        ValueError: a number is not finite.
    """
    return "".join(f"{line}\n" for line in _map(data, (), notes or {}))


def _map(data: Mapping[str, Any], path: Path, notes: Mapping[Path, str]) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{scalar(key)}:", value, (*path, key), notes, indented=True)


def _list(data: list[Any], path: Path, notes: Mapping[Path, str]) -> Iterator[str]:
    for index, value in enumerate(data):
        if isinstance(value, Mapping | list) and value:
            first, *rest = _nested(value, (*path, index), notes)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
        else:
            yield from _entry("-", value, (*path, index), notes, indented=False)


def _entry(head: str, value: Any, path: Path, notes: Mapping[Path, str], *, indented: bool) -> Iterator[str]:
    note = f" # {notes[path]}" if path in notes else ""
    if isinstance(value, Mapping | list) and value:
        yield head + note
        yield from (f"{'  ' * indented}{line}" for line in _nested(value, path, notes))
    else:
        yield f"{head} {scalar(value)}{note}"


def _nested(value: Any, path: Path, notes: Mapping[Path, str]) -> Iterator[str]:
    return _map(value, path, notes) if isinstance(value, Mapping) else _list(value, path, notes)


def scalar(value: Any) -> str:
    """A key or a value that is neither a map nor a list, in one line."""
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    text = json.dumps(value, allow_nan=False)
    if isinstance(value, float) and "." not in text:  # YAML 1.1 knows no 1e-05
        return text.replace("e", ".0e")
    return text


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and ": " not in text and text.lower() not in _TAKEN


def _quoted(text: str) -> str:
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
