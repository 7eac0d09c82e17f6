"""Names, attributes and items of a program of the SDK, and what changes them."""

from __future__ import annotations

import ast
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sagespec.importing.following.heap import ITEMS, Heap
from sagespec.importing.following.library import SdkCalls
from sagespec.importing.following.modules import Helpers, Read
from sagespec.importing.following.sdk import ARGUMENTS, ESTIMATORS, REGION_NAMES, is_ours
from sagespec.importing.following.values import (
    ABSENT,
    BoundMethod,
    Class,
    Either,
    Frame,
    Function,
    InstanceOf,
    Library,
    LibraryObject,
    Made,
    PassedValue,
    RestOfArguments,
    Text,
    TrainedModel,
    names_in,
    region_of,
    text_of,
)
from sagespec.scripts.values.constants import Mixed, UnknownValue, is_certain

MAX_STEPS = 150_000
"""Expressions that are looked at before the rest is given up."""
MAX_HELPER_STEPS = 20_000
"""Of these, in one call of a function of an imported module: what is longer makes no job, but its data."""
TOO_LONG = object()
CONSTANTS = {
    **{f"logging.{name}": getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL")},
    "os.sep": "/",
}
MAX_CALLS = 12
"""Calls inside of one another."""


class Names(SdkCalls):
    """The names of a program at one point of it, and what changes them."""

    def __init__(self, code: Text, name: str, read: Read | None = None, package: str = "") -> None:
        """
        Args:
            name: of the program's file.
            read: reads the modules of its folder that it imports; without it they are libraries.
            package: the package that it lies in, if any.
        """
        super().__init__()
        self.code = code
        self.helpers = Helpers(code, read)
        self.modules: dict[str, InstanceOf] = {}
        self.heap = Heap()
        self.frame = Frame({"__name__": "__main__", "__file__": name, "__package__": package})
        self.heap.born(self.frame.names)
        self.functions: list[Function] = []
        self.called: set[int] = set()
        self.calls: list[int] = []
        self.annotated: dict[int, list[str]] = {}
        self.steps = 0
        self.limit = MAX_STEPS

    @property
    def is_exhausted(self) -> bool:
        return self.steps > self.limit

    def within(self, run: Callable[[], Any]) -> Any:
        """What something of an imported module gives; `TOO_LONG`, and nothing is done, where that takes many steps."""
        if self.limit < MAX_STEPS:  # it is part of something of a module
            return run()
        begun, started, found = self.steps, len(self.starts), list[Any]()
        self.limit = begun + MAX_HELPER_STEPS
        try:
            _, journal = self.heap.tried(lambda: found.append(run()))
            if not self.is_exhausted:
                self.heap.join(journal)
                return found[0]
            self.heap.take_back(journal)
            del self.starts[started:]
            self.steps = begun
            return TOO_LONG
        finally:
            self.limit = MAX_STEPS

    # What is noted

    def under(self, condition: str, node: ast.AST, run: Callable[[], str | None]) -> Callable[[], str | None]:
        """A way that is taken only under a condition."""

        def way() -> str | None:
            self.conditions.append(f"only where {condition} (line {self.line(node)})")
            try:
                return run()
            finally:
                self.conditions.pop()

        return way

    def under_loop(self, what: str, node: ast.AST, run: Callable[[], str | None]) -> None:
        self.conditions.append(f"one job for each pass of {what} (line {self.line(node)})")
        try:
            run()
        finally:
            self.conditions.pop()

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Nothing is noted: this is a rehearsal."""
        before = len(self.frame.results)
        self.mute += 1
        try:
            yield
        finally:
            self.mute -= 1
            del self.frame.results[before:]

    @contextmanager
    def passing(self, node: ast.AST, target: ast.expr, item: Any) -> Iterator[None]:
        """One pass of a loop whose values are known."""
        before = len(self.loops)
        names = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        values = item if isinstance(target, ast.Tuple | ast.List) and isinstance(item, list) else [item]
        for name, value in zip(names, values, strict=False):
            if isinstance(name, ast.Name):
                self.loops.append((id(node), name.id, value))
        try:
            yield
        finally:
            del self.loops[before:]

    # Names

    def value(self, node: ast.expr | None) -> Any:
        self.steps += 1
        if self.is_exhausted and node is not None:
            return self.unknown(node)
        found = super().value(node)
        if isinstance(found, dict | list):
            self.heap.born(found)
        return found

    def unknown(self, node: ast.expr) -> UnknownValue:
        return UnknownValue(next(names_in(node), "value"), self.code.of(node))

    def rest(self, node: ast.expr) -> RestOfArguments:
        return RestOfArguments("more", self.code.of(node))

    def mixed(self, parts: tuple[str | UnknownValue, ...], node: ast.expr) -> Mixed:
        return Mixed(parts, self.code.of(node))

    def bind(self, name: str, value: Any) -> None:
        frame = self.frame.shared.get(name, self.frame)
        self.heap.set(frame.names, name, value)

    def name(self, node: ast.Name) -> Any:
        frame = self.frame.of(node.id)
        if frame is not None:
            return self.present(frame.names[node.id])
        return Library(node.id) if node.id in ARGUMENTS and is_ours(node.id) else self.unknown(node)

    def present(self, value: Any) -> Any:
        """What is taken from a name or a key that may not be there: it is there, or the program ends here."""
        if not _may_be_absent(value):
            return value
        ways = [way for way in value.ways if way is not ABSENT]
        if len(ways) > 1:
            return Either(value.name, value.source, ways)
        is_data = isinstance(ways[0], str | int | float | bool | list | dict | None)
        return UnknownValue(value.name, f"{text_of(ways[0])}, where {value.source}") if is_data else ways[0]

    def item(self, node: ast.Subscript) -> Any:
        return self.present(super().item(node))

    def dotted(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            frame = self.frame.of(node.id)
            value = frame.names[node.id] if frame is not None else None
            return value.dotted if isinstance(value, Library) else node.id if frame is None else ""
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""

    def attribute(self, node: ast.Attribute) -> Any:
        return self.attribute_of(self.value(node.value), node.attr, node)

    def attribute_of(self, owner: Any, name: str, node: ast.expr) -> Any:
        if isinstance(owner, Library):
            dotted = f"{owner.dotted}.{name}"
            return CONSTANTS[dotted] if dotted in CONSTANTS else Library(dotted, self.code.of(node))
        if isinstance(owner, Either):
            ways = [self.attribute_of(way, name, node) for way in owner.ways if way not in (None, ABSENT)]
            return self.heap.one_of(ways, name, owner.source) if ways else self.unknown(node)
        if isinstance(owner, InstanceOf | Made) and name in owner.attributes:
            return owner.attributes[name]
        if isinstance(owner, InstanceOf | Class) or (isinstance(owner, Made) and owner.cls is not None):
            cls = owner if isinstance(owner, Class) else owner.cls
            found = cls.member(name) if cls is not None else None
            if found is not None:
                return self.member(owner, name, found[0], node)
        if isinstance(owner, Made):
            return self.attribute_of_made(owner, name, node)
        if isinstance(owner, str) and name in ("value", "parent", "name"):  # of an enumeration; of a path
            head, _, tail = owner.rpartition("/")
            return {"value": owner, "parent": head, "name": tail}[name]
        return LibraryObject(name, self.code.of(node)) if isinstance(owner, LibraryObject) else self.unknown(node)

    def member(self, owner: Any, name: str, member: Any, node: ast.expr) -> Any:
        if not isinstance(member, Function):
            return member
        if not isinstance(owner, Class) and is_decorated(member.node, "property", "cached_property"):
            return self.run_function(member, PassedValue(), node, owner)
        return BoundMethod(owner, name)

    def attribute_of_made(self, owner: Made, name: str, node: ast.expr) -> Any:
        if owner.class_name == "Session" and name in REGION_NAMES:
            return region_of(owner) or self.unknown(node)
        if name in self.METHODS:
            return BoundMethod(owner, name)
        if name == "model_data" and owner.class_name in ESTIMATORS:
            return TrainedModel(owner, self.code.of(node))
        return owner.given.get(name, self.unknown(node))

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, value)
        elif isinstance(target, ast.Attribute):
            self.set_attribute(self.value(target.value), target.attr, value)
        elif isinstance(target, ast.Subscript):
            owner, key = self.value(target.value), self.value(target.slice)
            if isinstance(owner, dict) and is_certain(key) and not isinstance(key, list | dict):
                self.heap.set(owner, key, value)
            elif isinstance(owner, list) and isinstance(key, int) and -len(owner) <= key < len(owner):
                items = list(owner)
                items[key] = value
                self.heap.set(owner, ITEMS, items)
            else:
                self.shake(owner, target)
        elif isinstance(target, ast.Tuple | ast.List):
            known = value if isinstance(value, list) and len(value) == len(target.elts) else None
            for index, item in enumerate(target.elts):
                self.assign(item, self.unknown(item) if known is None else known[index])
        elif isinstance(target, ast.Starred):
            self.assign(target.value, self.unknown(target.value))

    def set_attribute(self, owner: Any, name: str, value: Any) -> None:
        if isinstance(owner, InstanceOf):
            self.heap.set(owner.attributes, name, value)
        elif isinstance(owner, Made):
            own = owner.cls is not None and self.calls and name not in self.FIELDS
            self.heap.set(owner.attributes if own else owner.given, name, value)
        elif isinstance(owner, Class):
            self.heap.set(owner.members, name, value)
        elif isinstance(owner, Either):
            for way in owner.ways:
                old = self.attribute_of(way, name, ast.Name(name, ast.Load())) if isinstance(way, Made) else None
                self.set_attribute(way, name, self.heap.one_of([old, value], name, owner.source))

    def shake(self, owner: Any, node: ast.expr) -> None:
        """A dict or list was changed in a way that only a run would tell."""
        source = self.code.of(node)
        if isinstance(owner, dict):
            for key, value in list(owner.items()):
                if not isinstance(key, RestOfArguments):
                    name = key if isinstance(key, str) and key.isidentifier() else "value"
                    self.heap.set(owner, key, Either(name, source, (value, UnknownValue(name, source))))
            self.heap.set(owner, RestOfArguments("more", source), UnknownValue("more", source))
        elif isinstance(owner, list):
            self.heap.set(owner, ITEMS, [*owner, RestOfArguments("more", source)])

    def update(self, owner: dict[Any, Any], more: Any, node: ast.expr) -> None:
        """`owner.update(more)`."""
        if not isinstance(more, dict):
            self.shake(owner, node)
            return
        if any(isinstance(key, RestOfArguments) for key in more):
            self.shake(owner, node)
        for key, value in more.items():
            if isinstance(value, Either) and ABSENT in value.ways:
                value = self.heap.one_of([owner.get(key, ABSENT), *(w for w in value.ways if w is not ABSENT)], key, "")
            self.heap.set(owner, key, value)

    def items_of(self, value: Any) -> list[Any] | None:
        """The items that a loop runs over, where all of them are known."""
        return list(value) if isinstance(value, dict | list) and self.is_whole(value) else None

    def is_whole(self, value: Any) -> bool:
        if isinstance(value, dict):
            return not any(isinstance(key, RestOfArguments) or _may_be_absent(item) for key, item in value.items())
        return not isinstance(value, list) or not any(isinstance(item, RestOfArguments) for item in value)

    def run_function(self, function: Function, passed: PassedValue, node: ast.AST, myself: Any) -> Any:
        raise NotImplementedError


def _may_be_absent(value: Any) -> bool:
    return isinstance(value, Either) and ABSENT in value.ways


def is_decorated(node: Any, *names: str) -> bool:
    for one in getattr(node, "decorator_list", ()):
        found = next(names_in(one), "")
        if found in names:
            return True
    return False
