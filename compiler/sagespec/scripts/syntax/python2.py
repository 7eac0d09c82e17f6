"""Python 2 read as Python 3: what only Python 2 knows is overwritten in place, so that every place stays true."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Node = Any
"""A node of tree-sitter's, whose types come with a library that is imported only when it is needed."""


def as_python3(text: str) -> str | None:
    """The text with every Python 2 construct overwritten by as many bytes of Python 3 that say as much.

    None where the text is not Python 2 either, or has nothing in it that only Python 2 knows.
    """
    import tree_sitter
    import tree_sitter_python

    raw = text.encode("utf-8")
    root = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language())).parse(raw).root_node
    if root.has_error:
        return None
    written = bytearray(raw)
    for node in _nodes(root):
        rewrite = _REWRITES.get(node.type)
        if rewrite is not None:
            rewrite(node, written)
    return None if written == raw else written.decode("utf-8", "replace")


def _nodes(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.children)


def _put(written: bytearray, start: int, end: int, text: bytes) -> None:
    """`text` in place of a piece, filled up with spaces; line ends stay."""
    blank = re.sub(rb"[^\r\n]", b" ", bytes(written[start:end]))
    written[start:end] = text + blank[len(text) :]


def _print(node: Node, written: bytearray) -> None:
    """`print a, b` → `_ =   a, b`."""
    _put(written, node.start_byte, node.children[0].end_byte, b"_ =")
    if node.children[1].type == "chevron":
        arrows = node.children[1].children[0]
        _put(written, arrows.start_byte, arrows.end_byte, b"")


def _exec(node: Node, written: bytearray) -> None:
    """`exec code in names` → `exec,code in names`, which is a tuple: what it runs stays unknown, its name stays."""
    _put(written, node.children[0].end_byte, node.children[0].end_byte + 1, b",")


def _except(node: Node, written: bytearray) -> None:
    """`except Error, error:` → `except Error        :`."""
    commas = [child for child in node.children if child.type == ","]
    colon = next((child for child in node.children if child.type == ":"), None)
    if commas and colon is not None:
        _put(written, commas[0].start_byte, colon.start_byte, b"")


def _raise(node: Node, written: bytearray) -> None:
    """`raise Error, "why"` → `raise Error       `."""
    values = next((child for child in node.children if child.type == "expression_list"), None)
    if values is not None:
        _put(written, values.children[1].start_byte, values.end_byte, b"")


def _unequal(node: Node, written: bytearray) -> None:
    _put(written, node.start_byte, node.end_byte, b"!=")


def _integer(node: Node, written: bytearray) -> None:
    """`0777` → ` 777`, `10L` → `10 `."""
    number = bytes(written[node.start_byte : node.end_byte]).rstrip(b"lL")
    if re.fullmatch(rb"0[0-9]+", number):
        number = b" " * (len(number) - len(number.lstrip(b"0") or b"0")) + (number.lstrip(b"0") or b"0")
    _put(written, node.start_byte, node.end_byte, number)


def _string(node: Node, written: bytearray) -> None:
    """`ur"text"` → ` r"text"`, and what stands in backquotes becomes a text."""
    opening, closing = node.children[0], node.children[-1]
    mark = bytes(written[opening.start_byte : opening.end_byte])
    if mark == b"`":
        _put(written, opening.start_byte, opening.end_byte, b"'")
        _put(written, closing.start_byte, closing.end_byte, b"'")
    elif mark[:2].lower() == b"ur":
        _put(written, opening.start_byte, opening.start_byte + 1, b"")


def _unpacked(node: Node, written: bytearray) -> None:
    """A parameter `(a, b)` → `_a__b_`."""
    if node.parent.type in ("parameters", "lambda_parameters"):
        name = re.sub(rb"[^A-Za-z0-9_]", b"_", bytes(written[node.start_byte : node.end_byte]))
        _put(written, node.start_byte, node.end_byte, name)


_REWRITES: dict[str, Callable[[Node, bytearray], None]] = {
    "print_statement": _print,
    "exec_statement": _exec,
    "except_clause": _except,
    "raise_statement": _raise,
    "<>": _unequal,
    "integer": _integer,
    "string": _string,
    "tuple_pattern": _unpacked,
}
