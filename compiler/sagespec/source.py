"""Where things are in a text: sources, paths into their data, and spans of characters."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath

Path = tuple[str | int, ...]
"""The way from a document's root to a value: keys and list indices."""


@dataclass(frozen=True)
class Source:
    """One text and where it came from. Equal names are one source."""

    name: str
    """What people call it: the path as they gave it, or `<stdin>`."""
    text: str = field(compare=False, repr=False)
    folder: FilePath = field(default=FilePath(), compare=False)
    """What relative paths in the text are relative to."""

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines without their ends; `\\n`, `\\r\\n` and `\\r` end a line, as in YAML."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def line(self, number: int) -> str:
        """Line `number` (from 1), or nothing past the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a source: lines and columns from 1, columns in characters, the end exclusive."""

    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a certain source."""

    source: Source
    span: Span = Span()
