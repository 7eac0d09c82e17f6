"""Values of constant Python, and what Python's own functions and methods make of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sagespec.base.named import NamedTuple

if TYPE_CHECKING:
    from sagespec.scripts.values.evaluator import Evaluator

MAX_TEXT = 10_000
"""Characters of a text that is worth following."""
MAX_ITEMS = 10_000
"""Items of a list."""
READING = frozenset({"copy", "count", "get", "index", "items", "keys", "values"})
"""Methods of dicts and lists that change nothing."""


class UnknownValue:
    """A value that only a run would tell. No tuple: it has no items and no length."""

    __slots__ = ("name", "source")

    def __init__(self, name: str = "value", source: str = "") -> None:
        """
        Args:
            name: what to call it.
            source: how it is written.
        """
        self.name = name
        self.source = source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownValue) and (self.name, self.source) == (other.name, other.source)

    def __hash__(self) -> int:
        return hash((self.name, self.source))

    def __repr__(self) -> str:
        return f"Unknown({self.name!r}, {self.source!r})"


UNKNOWN: Final = UnknownValue()


class Mixed(NamedTuple):
    """A text of which some parts are unknown."""

    parts: tuple[str | UnknownValue, ...]
    source: str


SCALARS = (str, int, float, bool, type(None))


def is_certain(value: Any) -> bool:
    """Whether a value is known through and through."""
    if isinstance(value, SCALARS):
        return True
    waiting, looked_into = [value], set[int]()  # a list may be in another many times over
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict | list):
            if id(item) not in looked_into:
                looked_into.add(id(item))
                waiting += item.values() if isinstance(item, dict) else item
        elif not isinstance(item, SCALARS):
            return False
    return True


def is_text(value: Any) -> bool:
    """Whether a value is a text, or may be one."""
    return isinstance(value, str | Mixed | UnknownValue)


def formatted(value: Any, form: str, node: ast.expr, read: Evaluator) -> Any:
    if not form:
        return value
    return format(value, form) if isinstance(value, str | int | float) and len(form) < 5 else read.unknown(node)


# Functions and methods: (who reads, the call, its arguments as Python passes them) → what they give. Arguments that one
# does not take are a TypeError, as they would be when it runs.


def _range(read: Evaluator, node: ast.Call, /, *bounds: Any) -> Any:
    numbers = range(*bounds)
    return list(numbers) if len(numbers) <= MAX_ITEMS else read.unknown(node)


def _list(read: Evaluator, node: ast.Call, items: Any = (), /) -> Any:
    return list(items) if isinstance(items, dict | list) or items == () else read.unknown(node)


def _set(read: Evaluator, node: ast.Call, items: Any, /) -> Any:
    certain = isinstance(items, dict) or (isinstance(items, list) and is_certain(items))
    return list(dict.fromkeys(items)) if certain else read.unknown(node)


def _sorted(read: Evaluator, node: ast.Call, items: Any, /) -> Any:
    certain = isinstance(items, dict) or (isinstance(items, list) and is_certain(items))
    return sorted(items) if certain else read.unknown(node)


def _dict(read: Evaluator, node: ast.Call, items: Any = None, /, **words: Any) -> Any:
    known = {} if items is None and not node.args else items
    return {**known, **words} if isinstance(known, dict) else read.unknown(node)


def _str(read: Evaluator, node: ast.Call, value: Any, /) -> Any:
    if is_text(value):
        return value
    return str(value) if isinstance(value, int | float) else read.unknown(node)


def _int(read: Evaluator, node: ast.Call, value: Any, /) -> Any:
    return int(value) if isinstance(value, str | int | float) else read.unknown(node)


def _float(read: Evaluator, node: ast.Call, value: Any, /) -> Any:
    return float(value) if isinstance(value, str | int | float) else read.unknown(node)


def joined_path(read: Evaluator, node: ast.expr, first: Any, /, *others: Any) -> Any:
    """What is not known is taken to have no slash at its ends."""
    if not all(map(is_text, (first, *others))):
        return read.unknown(node)
    parts = [first]
    for part in others:
        if isinstance(part, str) and part.startswith("/"):
            parts = [part]
            continue
        before = next((one for one in reversed(parts) if one != ""), "")
        last = before.parts[-1] if isinstance(before, Mixed) else before
        complete = isinstance(last, str) and (last == "" or last.endswith("/"))
        parts += [part] if complete else ["/", part]
    return read.text(parts, node)


def _format(read: Evaluator, node: ast.Call, text: str, /, *places: Any, **words: Any) -> Any:
    from string import Formatter  # few scripts format a text that matters

    given = {**{str(place): value for place, value in enumerate(places)}, **words}
    parts: list[Any] = []
    count = 0

    for before, name, form, conversion in Formatter().parse(text):
        parts.append(before)
        if name is None:
            continue
        key = name or str(count)
        count += not name
        if key not in given or conversion:
            return read.unknown(node)
        parts.append(formatted(given[key], form or "", node, read))
    return read.text(parts, node)


def _join(read: Evaluator, node: ast.Call, text: str, items: Any, /) -> Any:
    known = isinstance(items, str) or (isinstance(items, dict | list) and all(map(is_text, items)))
    if not known or len(items) > MAX_ITEMS:
        return read.unknown(node)
    return read.text([piece for item in items for piece in (text, item)][1:], node)


def _certain(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of Python's that is called where all that it is given is certain."""

    def read(read: Evaluator, node: ast.Call, /, *given: Any, **words: Any) -> Any:
        return function(*given, **words) if is_certain([*given, *words.values()]) else read.unknown(node)

    return read


def _length(read: Evaluator, node: ast.Call, value: Any, /) -> Any:
    return len(value) if isinstance(value, str | list | dict) else read.unknown(node)


def _zip(read: Evaluator, node: ast.Call, /, *lists: Any) -> Any:
    known = all(isinstance(items, list | dict) for items in lists)
    return [list(items) for items in zip(*lists, strict=False)] if known else read.unknown(node)


def _enumerate(read: Evaluator, node: ast.Call, items: Any, /, start: Any = 0) -> Any:
    known = isinstance(items, list | dict) and isinstance(start, int)
    return [[index, item] for index, item in enumerate(items, start)] if known else read.unknown(node)


def _parts(path: str) -> tuple[str, str]:
    head, slash, tail = path.rpartition("/")
    return (head.rstrip("/") or slash, tail)


def _folder(path: str) -> str:
    return _parts(path)[0]


def _last(path: str) -> str:
    return _parts(path)[1]


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "range": _range,
    "list": _list,
    "tuple": _list,
    "set": _set,
    "sorted": _sorted,
    "dict": _dict,
    "str": _str,
    "int": _int,
    "float": _float,
    "bool": _certain(bool),
    "abs": _certain(abs),
    "min": _certain(min),
    "max": _certain(max),
    "sum": _certain(sum),
    "len": _length,
    "zip": _zip,
    "enumerate": _enumerate,
    "os.path.join": joined_path,
    "os.path.dirname": _certain(_folder),
    "os.path.basename": _certain(_last),
}
TEXT_METHODS: Mapping[str, Callable[..., Any]] = {
    "format": _format,
    "join": _join,
    **{
        name: _certain(getattr(str, name))
        for name in (
            *("upper", "lower", "title", "capitalize", "strip", "lstrip", "rstrip", "replace"),
            *("removeprefix", "removesuffix", "split", "rsplit", "startswith", "endswith"),
        )
    },
}
