"""A document: plain data, and the place of every value in it.

Positions live here and nowhere else: a path goes in, a place comes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sagespec.base.diagnostic import Diagnostic
from sagespec.base.source import Path, Place, Source, Span

Data: TypeAlias = "dict[str, Data] | list[Data] | str | int | float | bool | None"
PLAIN, QUOTED = "plain", "quoted"
"""Tags of scalars: whether they were written without quotes."""
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s*)*")
"""What may stand before a node: `&anchor !tag`."""


class Document:
    """One YAML document: its data, and where each part of it stands."""

    def __init__(self, source: Source, data: Data, root: Node | None, problems: tuple[Diagnostic, ...] = ()) -> None:
        """
        Args:
            problems: what is wrong with the YAML itself: duplicate keys, tags, texts that look like numbers.
        """
        self.source = source
        self.data = data
        self.problems = problems
        self._root = root
        self._maps: dict[Node, Mapping[str | int, tuple[Node, Node]]] = {}

    def with_problems(self, problems: Iterable[Diagnostic]) -> Document:
        """The same document, with more that is wrong with it."""
        return Document(self.source, self.data, self._root, (*self.problems, *problems))

    def with_data(self, data: Data) -> Document:
        """The same text, of which something else has been read: what is being typed, say, left out."""
        return Document(self.source, data, self._root, self.problems)

    @property
    def tagged(self) -> frozenset[Path]:
        """The paths of scalars with a tag that is not supported, which was reported: nobody knows what they are."""
        if all(problem.rule != "yaml-tag" for problem in self.problems):
            return frozenset()
        found: set[Path] = set()
        waiting: list[tuple[Path, Node]] = [] if self._root is None else [((), self._root)]
        while waiting:
            path, node = waiting.pop()
            if isinstance(node, ScalarNode) and node.tag.startswith("!"):
                found.add(path)
            waiting += [((*path, step), inner) for step, inner, is_key in _inside(node) if not is_key]
        return frozenset(found)

    def has(self, path: Path) -> bool:
        """Whether something is written at `path`."""
        return len(self._walk(path)) == len(path) + 1

    def where(self, path: Path, *, at_key: bool = False) -> Place:
        """The place of the value (or of its key) at `path`; of its nearest ancestor where nothing is written."""
        return self._place_of(*self._walk(path)[-1], at_key=at_key)

    def place(self, path: Path, *, at_key: bool = False) -> Place | None:
        """The same; None where nothing is written."""
        steps = self._walk(path)
        return self._place_of(*steps[-1], at_key=at_key) if len(steps) > len(path) else None

    def _place_of(self, key: Node | None, value: Node | None, *, at_key: bool) -> Place:
        node = key if at_key and key is not None else value
        if node is None:
            return Place(self.source)
        if key is None and isinstance(node, MappingNode) and node.value:
            return self._place(node.value[0][0])  # "the whole document": point at its first key
        if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and key is not None:
            return self._place(key)  # a block's own span is many lines: its key says enough
        return self._place(node)

    def written(self, path: Path) -> str:
        """The scalar at `path` as its author typed it, quotes included; empty where there is none."""
        steps = self._walk(path)
        node = steps[-1][1]
        if len(steps) != len(path) + 1 or not isinstance(node, ScalarNode):
            return ""
        return self.source.text[start_of(self.source, node) : node.end_mark.index]

    def at(self, index: int) -> tuple[Path, bool] | None:
        """The path of what stands at a character of the text, and whether that is its key; None outside of it all."""
        path: Path = ()
        node = self._root
        if node is None or not start_of(self.source, node) <= index <= node.end_mark.index:
            return None
        while True:
            inner = next((each for each in _inside(node) if self._holds(each[1], index)), None)
            if inner is None:
                return path, False
            step, node, is_key = inner
            path = (*path, step)
            if is_key or isinstance(node, ScalarNode):
                return path, is_key

    def _holds(self, node: Node, index: int) -> bool:
        """A scalar reaches to the character behind it: a cursor stands between two characters."""
        behind = isinstance(node, ScalarNode)
        return start_of(self.source, node) <= index < node.end_mark.index + behind

    def key_place(self, path: Path) -> Place | None:
        """Where the key at `path` stands; None where nothing is written there."""
        steps = self._walk(path)
        key = steps[-1][0]
        return None if key is None or len(steps) != len(path) + 1 else self._place(key)

    def value_place(self, path: Path) -> Place | None:
        """All of the value at `path`, a block to its last character; None where nothing is written there."""
        steps = self._walk(path)
        node = steps[-1][1]
        if node is None or len(steps) != len(path) + 1:
            return None
        start, end = start_of(self.source, node), node.end_mark.index
        return Place(self.source, self.source.span(start, start + len(self.source.text[start:end].rstrip())))

    def _place(self, node: Node) -> Place:
        return Place(self.source, span_of(self.source, node))

    def _child(self, node: Node | None, step: str | int) -> tuple[Node | None, Node] | None:
        if isinstance(node, MappingNode):
            return self._members(node).get(step)
        if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
            return None, node.value[step]
        return None

    def _members(self, node: MappingNode) -> Mapping[str | int, tuple[Node, Node]]:
        """(key, value) nodes by name, those that `<<` brings in included; made once for each map."""
        known = self._maps.get(node)
        if known is not None:
            return known
        members: dict[str | int, tuple[Node, Node]] = {
            member[0].value: member
            for member in reversed(node.value)  # of a repeated key the first
            if isinstance(member[0], ScalarNode)
        }
        self._maps[node] = members  # before its merges are read: one of them may be this map
        for other in _merged(node) if "<<" in members else ():
            for name, member in self._members(other).items() if isinstance(other, MappingNode) else ():
                members.setdefault(name, member)
        return members

    def _walk(self, path: Path) -> list[tuple[Node | None, Node | None]]:
        """(key, value) nodes from the root along `path`, as far as it is written."""
        steps: list[tuple[Node | None, Node | None]] = [(None, self._root)]
        for step in path:
            found = self._child(steps[-1][1], step)
            if found is None:
                break
            steps.append(found)
        return steps


def _merged(node: MappingNode) -> Iterator[Node]:
    """What `<<` brings into a map."""
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value == "<<" and key.tag == PLAIN:
            yield from value.value if isinstance(value, SequenceNode) else [value]


def _inside(node: Node) -> Iterator[tuple[str | int, Node, bool]]:
    """(step, key or value, whether it is a key) of what a node holds."""
    if isinstance(node, SequenceNode):
        yield from ((number, item, False) for number, item in enumerate(node.value))
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield key.value, key, True
                yield key.value, value, False


def start_of(source: Source, node: Node) -> int:
    """Where a node begins; a scalar after its anchor and tag."""
    start: int = node.start_mark.index
    if not isinstance(node, ScalarNode) or source.text[start : start + 1] not in ("&", "!"):
        return start
    found = _PROPERTIES.match(source.text, start, node.end_mark.index)
    return found.end() if found else start


def span_of(source: Source, node: Node) -> Span:
    start, begin, end = start_of(source, node), node.start_mark, node.end_mark
    is_block = isinstance(node, ScalarNode) and node.style in ("|", ">")
    is_plain = start == begin.index and end.index < len(source.text) and not is_block
    if is_plain and source.text.isascii():  # YAML counts lines as editors do
        return Span(begin.line + 1, begin.column + 1, end.line + 1, end.column + 1)
    return source.span(start, start + 1 if is_block else end.index)
