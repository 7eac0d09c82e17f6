"""Where things are in a text: sources, paths into their data, and spans of characters."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import accumulate
from pathlib import Path as FilePath
from typing import Any

from sagespec.base.named import NamedTuple

Path = tuple[str | int, ...]
"""The way from a document's root to a value: keys and list indices."""

SMALL = 10_000
"""Characters of most manifests."""
_HERE = FilePath()
_LINE_END = re.compile(r"\r\n|\r|\n")


def value_at(data: Any, path: Iterable[str | int]) -> Any:
    """What stands at a path in maps that lie in one another; None where nothing does."""
    for step in path:
        if not data:  # as it mostly is; to be no `Mapping` takes longer
            return None
        data = data.get(step) if isinstance(data, Mapping) else None
    return data


class Source:
    """One text and where it came from. Equal names with equal texts are one source."""

    def __init__(self, name: str, text: str, folder: FilePath = _HERE) -> None:
        """
        Args:
            name: what people call it: the path as they gave it, or `<stdin>`.
            folder: what relative paths in the text are relative to.
        """
        self.name = name
        self.text = text
        self.folder = folder

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Source) and self.name == other.name and self.text == other.text)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Source({self.name!r})"

    def __reduce__(self) -> tuple[type[Source], tuple[str, str, FilePath]]:
        return Source, (self.name, self.text, self.folder)

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines without their ends; `\\n`, `\\r\\n` and `\\r` end a line, as in every editor."""
        return _LINE_END.split(self.text) if "\r" in self.text else self.text.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        """Where in the text each line begins."""
        if "\r" in self.text:
            return [0, *(end.end() for end in _LINE_END.finditer(self.text))]
        lengths = [len(line) + 1 for line in self.lines[:-1]]
        return list(accumulate(lengths, initial=0))

    @property
    def _is_small(self) -> bool:
        """Whether to count lines anew is cheap: a run keeps the texts of its findings, and their lines would add up."""
        return len(self.text) <= SMALL and "\r" not in self.text

    def position(self, index: int) -> tuple[int, int]:
        """Line and column of a character of the text (or of its end)."""
        index = min(max(index, 0), len(self.text))
        if self._is_small:
            start = self.text.rfind("\n", 0, index) + 1
            return self.text.count("\n", 0, start) + 1, index - start + 1
        line = bisect_right(self._starts, index)
        column = index - self._starts[line - 1]
        return line, min(column, len(self.lines[line - 1])) + 1

    def index(self, line: int, column: int) -> int:
        """The character at a line and column: the reverse of `position`."""
        return self._starts[line - 1] + column - 1

    def span(self, start: int, end: int) -> Span:
        """The piece of the text from one character to another."""
        return Span(*self.position(start), *self.position(end))

    def line(self, number: int) -> str:
        """Line `number` (from 1), or nothing past the end."""
        lines = self.text.split("\n") if self._is_small else self.lines
        return lines[number - 1] if 0 < number <= len(lines) else ""


class Span(NamedTuple):
    """A piece of a source: lines and columns from 1, columns in characters, the end exclusive."""

    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1

    def encloses(self, other: Span) -> bool:
        """Whether the other one lies in this one."""
        starts = self[:2] <= other[:2]
        return starts and other[2:] <= self[2:]


class Place(NamedTuple):
    """A span of a certain source."""

    source: Source
    span: Span = Span()
