"""The modules of a program's own folder that it imports: read beside it, and followed as it is."""

from __future__ import annotations

import ast
from collections.abc import Callable

from sagespec.base.named import NamedTuple
from sagespec.importing.following.values import Text

Read = Callable[[str], str | None]
"""The text of a file, by its path from the program's folder; None where it cannot be read."""
MAX_MODULES = 40
MAX_LENGTH = 400_000
"""Characters of one module."""


class HelperModule(NamedTuple):
    """A module, and where its text begins behind the program's."""

    path: str
    line: int
    tree: ast.Module
    is_package: bool


class Helpers:
    """Finds modules; their texts are put behind the program's, so that every node has a line of its own."""

    def __init__(self, code: Text, read: Read | None) -> None:
        self.code = code
        self.read = read
        self.found: dict[str, HelperModule | None] = {}

    def module(self, dotted: str) -> HelperModule | None:
        """The module of that name; None where there is none, or it is not Python."""
        if dotted not in self.found:
            self.found[dotted] = self._found(dotted)
        return self.found[dotted]

    def where(self, line: int) -> str | None:
        """A line's place, for people; None for a line of the program itself."""
        inside = [one for one in self.found.values() if one is not None and one.line <= line]
        last = max(inside, key=lambda one: one.line, default=None)
        return None if last is None else f"{last.path}, line {line - last.line + 1}"

    def _found(self, dotted: str) -> HelperModule | None:
        if self.read is None or not dotted or len(self.found) >= MAX_MODULES:
            return None
        stem = dotted.replace(".", "/")
        for path, is_package in ((f"{stem}.py", False), (f"{stem}/__init__.py", True)):
            text = self.read(path)
            if text is None or len(text) > MAX_LENGTH:
                continue
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None
            line = self.code.put_behind(text)
            ast.increment_lineno(tree, line - 1)
            return HelperModule(path, line, tree, is_package)
        return None
