"""What the names of a program of the SDK stand for, beside plain data."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sagespec.importing.following.sdk import LAUNCHERS
from sagespec.scripts.values.constants import Mixed, UnknownValue


class Absent:
    """There is no such name or key."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = Absent()
Node = ast.AST


class Library(UnknownValue):
    """What an import has brought in; its name is the dotted one."""

    __slots__ = ("dotted",)

    def __init__(self, dotted: str, source: str = "") -> None:
        super().__init__(dotted.rpartition(".")[2], source or dotted)
        self.dotted = dotted


class Default(UnknownValue):
    """A value that is given from outside, and what it is when nobody gives it."""

    __slots__ = ("default",)

    def __init__(self, name: str, source: str, default: Any) -> None:
        super().__init__(name, source)
        self.default = default


class Either(UnknownValue):
    """One of several values: which, only a run would tell."""

    __slots__ = ("ways",)

    def __init__(self, name: str, source: str, ways: Sequence[Any]) -> None:
        super().__init__(name, source)
        self.ways = tuple(ways)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Either) and self.ways == other.ways

    __hash__ = UnknownValue.__hash__


class Uploaded(UnknownValue):
    """The S3 location to which something of this machine is uploaded."""

    __slots__ = ("path",)

    def __init__(self, path: str, source: str) -> None:
        super().__init__("data", source)
        self.path = path


class TrainedModel(UnknownValue):
    """The model that the jobs of an estimator leave behind."""

    __slots__ = ("estimator",)

    def __init__(self, estimator: Made, source: str) -> None:
        super().__init__("model_data", source)
        self.estimator = estimator


class ImageUri(UnknownValue):
    """The URI of an image, by the arguments with which the SDK is asked for it."""

    __slots__ = ("given",)

    def __init__(self, given: dict[str, Any], source: str) -> None:
        super().__init__("image_uri", source)
        self.given = given


class RestOfArguments(UnknownValue):
    """What else a dict or a list holds, which is not known. As a key: what else has keys."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class LibraryObject(UnknownValue):
    """What a library other than SageMaker's has made."""


@dataclass(eq=False)
class Frame:
    """The names of a module, or of one call of a function."""

    names: dict[str, Any]
    outer: Frame | None = None
    shared: dict[str, Frame] = field(default_factory=dict)
    """`global` and `nonlocal` names → where they are kept."""
    results: list[Any] = field(default_factory=list)
    owner: Class | None = None
    """The class whose method runs."""
    myself: Any = None
    """What the method runs on."""

    def of(self, name: str) -> Frame | None:
        """The frame in which a name is found."""
        frame: Frame | None = self.shared.get(name, self)
        while frame is not None and name not in frame.names:
            frame = frame.outer
        return frame

    @property
    def module(self) -> Frame:
        return self if self.outer is None else self.outer.module


@dataclass(eq=False)
class Made:
    """An object of the SDK's, by the name of its class and what it was made with."""

    class_name: str
    given: dict[str, Any]
    left: tuple[str, ...]
    """How those arguments are written whose names are not known."""
    node: Node
    source: str
    cls: Class | None = None
    """The program's own subclass."""
    attributes: dict[str, Any] = field(default_factory=dict)
    """What the program's own methods keep in it."""


@dataclass(eq=False)
class Function:
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    frame: Frame
    defaults: list[Any]
    keyword_defaults: list[Any]
    owner: Class | None = None


@dataclass(eq=False)
class Class:
    name: str
    bases: list[Any]
    members: dict[str, Any]
    node: ast.ClassDef
    instances: list[Any] = field(default_factory=list)

    def member(self, name: str) -> tuple[Any, Class] | None:
        """A member, and the class that has it."""
        if name in self.members:
            return self.members[name], self
        for base in self.bases:
            found = base.member(name) if isinstance(base, Class) else None
            if found is not None:
                return found
        return None

    @property
    def library(self) -> str | None:
        """The library's class that it is derived from."""
        for base in self.bases:
            found = base.library if isinstance(base, Class) else getattr(base, "dotted", None)
            if found is not None:
                return found
        return None


@dataclass(eq=False)
class InstanceOf:
    cls: Class
    attributes: dict[str, Any]


@dataclass(eq=False)
class BoundMethod:
    """A method of an object, not called yet."""

    owner: Any
    name: str


@dataclass(eq=False)
class Partial:
    """A call with some of its arguments."""

    callee: Any
    places: list[Any]
    words: dict[str, Any]


@dataclass
class PassedValue:
    """The arguments of a call."""

    places: list[Any] = field(default_factory=list)
    words: dict[str, Any] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    """How those are written whose places are not known: `*x` and `**x`."""

    def named(self, order: Sequence[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """By name; and those that have none."""
        given = dict(zip(order, self.places, strict=False)) | self.words
        return given, (*map(text_of, self.places[len(order) :]), *self.left)

    def get(self, place: int | None, *names: str) -> Any:
        """One of them, by its place or one of its names; ABSENT where it is not given."""
        for name in names:
            if name in self.words:
                return self.words[name]
        return self.places[place] if place is not None and place < len(self.places) else ABSENT

    def __iter__(self) -> Iterator[Any]:
        yield from self.places
        yield from self.words.values()


def text_of(value: Any) -> str:
    """How a value is written, for people."""
    if isinstance(value, Either):
        return " or ".join(text_of(way) for way in value.ways)
    if isinstance(value, UnknownValue | Mixed | Made):
        return value.source or "a value"
    if isinstance(value, dict | list | str | int | float | bool | None):
        return _short(repr(_plain(value)))
    if isinstance(value, Absent):
        return "nothing"
    return f"`{value.name}`" if isinstance(value, BoundMethod | Class) else "an object"


class _Raw(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _plain(value: Any, depth: int = 0) -> Any:
    if isinstance(value, dict) and depth < 4:
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list) and depth < 4:
        return [_plain(item, depth + 1) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else _Raw(text_of(value))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:77] + "..."


class Text:
    """The source of a program, by its nodes."""

    def __init__(self, code: str) -> None:
        self.lines = code.encode("utf-8", "surrogatepass").split(b"\n")
        self.own = len(self.lines)
        """How many lines are the program's; those behind them are of modules that it imports."""

    def put_behind(self, code: str) -> int:
        """Adds the source of a module; gives its first line."""
        self.lines += code.encode("utf-8", "surrogatepass").split(b"\n")
        return len(self.lines) - code.count("\n")

    def is_own(self, node: ast.AST) -> bool:
        return getattr(node, "lineno", 0) <= self.own

    def of(self, node: ast.AST) -> str:
        """How a node is written, in one line of at most 80 characters.

        Not by `ast.unparse`, whose quotes differ from one Python to the next.
        """
        start, end = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        if start is None or end is None:
            return _short(ast.unparse(node))
        lines = self.lines[start - 1 : end]
        if not lines:
            return _short(ast.unparse(node))
        lines[-1] = lines[-1][: getattr(node, "end_col_offset", None)]
        lines[0] = lines[0][node.col_offset :]  # type: ignore[attr-defined]
        return _short(b"\n".join(lines).decode("utf-8", "replace"))


def names_in(node: ast.AST) -> Iterator[str]:
    """The names of an expression that say most about it first."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        yield re.sub(r"\W", "_", node.slice.value)
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Call):
        yield from names_in(node.func)
    for child in ast.iter_child_nodes(node):
        yield from names_in(child)


def region_of(session: Any) -> str | None:
    """The region that a session was made for, where that is certain."""
    if not isinstance(session, Made):
        return None
    region = session.given.get("region_name")
    return region if isinstance(region, str) else region_of(session.given.get("boto_session"))


def kept(value: Any, copies: dict[int, Any]) -> Any:
    """A copy of a value as it is now."""
    if id(value) in copies:
        return copies[id(value)]
    if isinstance(value, dict):
        copies[id(value)] = made = {}
        made.update({key: kept(item, copies) for key, item in value.items()})
        return made
    if isinstance(value, list):
        copies[id(value)] = items = []
        items += [kept(item, copies) for item in value]
        return items
    if isinstance(value, Made) and value.class_name not in LAUNCHERS:
        copies[id(value)] = copy = replace(value)
        copy.given = kept(value.given, copies)
        return copy
    return value
