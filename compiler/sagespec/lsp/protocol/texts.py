"""Texts as editors see them: URIs, versions, and positions that count UTF-16 units."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from sagespec.base.source import Source, Span

Json: TypeAlias = "dict[str, Any]"
_LINE_END = re.compile(r"\r\n|\r|\n")
_MARK = "\ufeff"


class TextDocument:
    """One document that an editor holds open."""

    def __init__(self, uri: str, version: int | None, raw: str) -> None:
        """
        Args:
            raw: the text as the editor has it, a byte order mark included.
        """
        self.uri = uri
        self.path = path_of(uri)
        self.version = version
        self.raw = raw

    @cached_property
    def text(self) -> str:
        return self.raw.removeprefix(_MARK)

    @cached_property
    def content(self) -> bytes:
        """As a file would hold it. Half a surrogate pair, which JSON can carry, is not UTF-8 and will be refused."""
        return self.text.encode("utf-8", "surrogatepass")

    @cached_property
    def real(self) -> str:
        """The path, without the links in it; empty where there is none."""
        return "" if self.path is None else os.path.realpath(self.path)

    @property
    def mark(self) -> int:
        """Units before the first character of the text."""
        return len(self.raw) - len(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.raw))]

    def index(self, position: Mapping[str, int]) -> int:
        """The character of `text` at a position; the nearest one where there is no such place."""
        return max(0, self._raw_index(position) - self.mark)

    def _raw_index(self, position: Mapping[str, int]) -> int:
        line = max(0, position["line"])
        if line >= len(self._starts):
            return len(self.raw)
        start = self._starts[line]
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.raw)
        text = self.raw[start:end].rstrip("\r\n")
        return start + characters(text, position["character"])

    def position(self, index: int) -> Json:
        """The position of a character of `text`."""
        index = min(max(index, 0), len(self.text)) + self.mark
        line = bisect_right(self._starts, index) - 1
        return {"line": line, "character": units(self.raw[self._starts[line] : index])}

    def range(self, start: int, end: int) -> Json:
        return {"start": self.position(start), "end": self.position(end)}

    def changed(self, version: int | None, changes: Sequence[Mapping[str, Any]]) -> TextDocument:
        """The document after edits, each of which is about what the ones before have made."""
        document = self
        for change in changes:
            raw = change["text"]
            if (range_ := change.get("range")) is not None:
                start, end = document._raw_index(range_["start"]), document._raw_index(range_["end"])
                raw = document.raw[:start] + raw + document.raw[max(start, end) :]
            document = TextDocument(self.uri, version, raw)
        return document


def units(text: str) -> int:
    """UTF-16 units of a text."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def characters(text: str, wanted: int) -> int:
    """How many characters so many UTF-16 units are, or the whole text; half a pair counts as none of it."""
    if text.isascii():
        return min(max(wanted, 0), len(text))
    taken = 0
    for number, character in enumerate(text):
        taken += 2 if character > "\uffff" else 1
        if taken > wanted:
            return number
    return len(text)


def range_of(source: Source, span: Span, mark: int = 0) -> Json:
    """A span as a range.

    Args:
        mark: units before the first character of the text.
    """

    def position(line: int, column: int) -> Json:
        before = source.line(line)[: column - 1]
        return {"line": line - 1, "character": units(before) + (mark if line == 1 else 0)}

    return {"start": position(span.line, span.column), "end": position(span.end_line, span.end_column)}


def path_of(uri: str) -> str | None:
    """The path of a file's URI; None of one that is not a file (an unsaved buffer, a revision of git)."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file":
        return None
    path = unquote(parts.path, errors="surrogateescape")
    if os.name == "nt":
        if re.match(r"/[A-Za-z]:", path):
            path = path[1:]
        if parts.netloc:
            path = f"//{parts.netloc}{path}"
    return os.path.normpath(path)


def uri_of(path: str) -> str:
    """A path as a URI."""
    path = os.path.abspath(path).replace(os.sep, "/")  # noqa: PTH100
    host = ""
    if path.startswith("//") and os.name == "nt":
        host, _, path = path[2:].partition("/")
    return f"file://{host}{quote(path if path.startswith('/') else f'/{path}', safe='/:', errors='surrogateescape')}"
