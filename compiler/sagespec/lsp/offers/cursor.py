"""Where a cursor stands in a text that is being written, and so is not valid YAML half of the time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sagespec.base.diagnostic import Rejected
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path, Source
from sagespec.reading.syntax.document import Document
from sagespec.reading.syntax.reader import read

MOST_LINES = 20
"""Lines that are taken out of a text, one after the other, until the rest is YAML."""
MOST_CHARACTERS = 200_000
"""Of a longer text no lines are taken out: each time all of it is read again."""
TOO_MUCH = frozenset({"too-many-documents", "too-many-values", "nested-too-deep"})
"""Why a text is not read to its end although it is YAML."""
_CURSOR = "sagespec__cursor__"
_WORD = re.compile(r"""[^\s,\[\]{}"'#:]*(?::(?=[^\s,\[\]{}])[^\s,\[\]{}"'#:]*)*\Z""")
_REST = re.compile(r"""[^\s,\[\]{}"'#:]*(?::(?=[^\s,\[\]{}])[^\s,\[\]{}"'#:]*)*""")


def documents(source: Source) -> list[Document]:
    """The documents of a text, without the lines that keep it from being YAML; places are those of the whole text."""
    lines = source.text.splitlines(keepends=True)
    found, wrong = _read(source, lines)
    for _ in range(MOST_LINES):
        if wrong is None:
            break
        attempts = [_without(lines, number) for number in _suspects(lines, wrong)]
        tried = [(*_read(source, attempt), attempt) for attempt in attempts]
        if not tried:
            break
        best = max(tried, key=lambda each: len(lines) if each[1] is None else each[1])
        found, wrong, lines = best
    return found


def _read(source: Source, lines: list[str]) -> tuple[list[Document], int | None]:
    """(the documents that can be read, the number of the line where that ends; None where it is all of them)."""
    found: list[Document] = []
    try:
        for document in read(Source(source.name, "".join(lines), source.folder)):
            found.append(document)
    except Rejected as rejected:
        first = rejected.diagnostics[0]
        if first.rule in TOO_MUCH or len(source.text) > MOST_CHARACTERS:
            return found, None
        return found, min(first.span.line, len(lines)) - 1
    return found, None


def _suspects(lines: list[str], wrong: int) -> list[int]:
    """The lines that may be to blame: where reading ended, the one before, and those that open what they do not
    close."""
    written = [number for number in range(wrong, -1, -1) if lines[number].strip()]
    return list(dict.fromkeys([*written[:2], *[number for number in written if _is_open(lines[number])][:4]]))


def _is_open(line: str) -> bool:
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", line.partition(" #")[0])
    return (
        any(bare.count(a) != bare.count(b) for a, b in ("{}", "[]"))
        or re.search(r"(?:^|[\s{,:\[])[\"']", bare) is not None
    )


def _without(lines: list[str], number: int) -> list[str]:
    """The same with a line blanked, so that every place is kept."""
    bare = lines[number].rstrip("\r\n")
    return [*lines[:number], " " * len(bare) + lines[number][len(bare) :], *lines[number + 1 :]]


class Spot(NamedTuple):
    """A place where something is being typed."""

    document: Document
    """The document around it, with what is typed taken out."""
    data: Any
    """What the document holds without it."""
    path: Path
    """Of the value that is typed; of the map or list that a key or an item is typed in."""
    is_key: bool
    """A key of a map, or an item of a list, may stand there; otherwise a value."""
    start: int
    end: int
    """What is being typed: characters of the text."""
    typed: str
    """What stands there, before the cursor."""
    quote: str
    """The quote that it stands in, if any."""
    has_colon: bool
    """A colon stands behind it already."""


def spot(source: Source, index: int) -> Spot | None:
    """What may be completed at a character; None in a comment, or where the text makes no sense."""
    text = source.text
    line_start = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
    before = text[line_start:index]
    quote = _open_quote(before)
    if quote is None:
        return None
    if quote:
        start = line_start + before.rfind(quote) + 1
        closing = re.compile(rf"[^{quote}\r\n]*").match(text, index)
    else:
        start = index - len(_WORD.search(before)[0])  # type: ignore[index] # it matches nothing, too
        closing = _REST.match(text, index)
    end = closing.end() if closing else index
    has_colon = not quote and re.match(r"[ \t]*:(?:\s|\Z)", text[end : end + 40]) is not None
    lead = text[line_start : start - len(quote)].rstrip()
    opens = lead == "" or lead.endswith(("{", ",", "[")) or re.fullmatch(r"[\s-]*-", lead) is not None
    if text[start - 1 : start] == ":" and not quote:  # `region:`, where nothing but a blank is missing
        lead, opens = lead.rstrip(":"), False
    forms = [_CURSOR if has_colon else f"{_CURSOR}: ", _CURSOR] if opens and not quote else []
    unclosed = quote if text[end : end + 1] != quote else ""
    forms = forms or ([f"{_CURSOR}{unclosed}"] if quote else [f" {_CURSOR}"])
    for form in forms:
        for made in _attempts(source, start, end, form):
            found = _find(made, form.endswith(": ") or (opens and has_colon))
            if found is not None:
                document, path, is_key = found
                data = _taken_out(document.data, (*path, _CURSOR) if is_key else path)
                return Spot(document, data, path, is_key, start, end, text[start:index], quote, has_colon)
    return None


def _open_quote(before: str) -> str | None:
    """The quote that a line is in at its end, nothing outside of one; None in a comment."""
    quote = ""
    for number, character in enumerate(before):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and (number == 0 or before[number - 1] in " \t[{,:"):
            quote = character
        elif character == "#" and (number == 0 or before[number - 1].isspace()):
            return None
    return quote


def _attempts(source: Source, start: int, end: int, form: str) -> Iterator[list[Document]]:
    """The documents with a mark in place of what is typed: whole, and without what comes behind its line."""
    text = source.text
    whole = text[:start] + form + text[end:]
    yield documents(Source(source.name, whole, source.folder))
    line_end = re.compile(r"[^\r\n]*").match(whole, start)
    cut = whole[: line_end.end() if line_end else None]
    yield documents(Source(source.name, cut, source.folder))
    yield documents(Source(source.name, cut + _closing(cut), source.folder))


def _closing(text: str) -> str:
    """The brackets that a text leaves open."""
    last = text[max(text.rfind("\n---"), 0) :]
    depth = [{"{": "}", "[": "]"}[c] for c in re.sub(r"\"[^\"\n]*\"|'[^'\n]*'|#.*|\{\{|\}\}", "", last) if c in "{["]
    closed = sum(c in "}]" for c in re.sub(r"\"[^\"\n]*\"|'[^'\n]*'|#.*|\{\{|\}\}", "", last))
    return "".join(reversed(depth[: max(0, len(depth) - closed)]))


def _find(found: list[Document], as_key: bool) -> tuple[Document, Path, bool] | None:
    """The document with the mark; the path of the value, or of the map, that it is (in)."""
    for document in found:
        for path, is_key in _marked(document.data, ()):
            if is_key == as_key:
                return document, path, is_key
    return None


def _marked(value: Any, path: Path) -> Iterator[tuple[Path, bool]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == _CURSOR:
                yield path, True
            yield from _marked(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _marked(item, (*path, number))
    elif value == _CURSOR:
        yield path, False


def _taken_out(value: Any, path: Path) -> Any:
    """The data without what is at `path`."""
    if not path:
        return {}
    step, *rest = path
    if isinstance(value, dict):
        if not rest:
            return {key: item for key, item in value.items() if key != step}
        return {key: _taken_out(item, tuple(rest)) if key == step else item for key, item in value.items()}
    if isinstance(value, list) and isinstance(step, int):
        if not rest:
            return value[:step] + value[step + 1 :]
        return [_taken_out(item, tuple(rest)) if number == step else item for number, item in enumerate(value)]
    return value
