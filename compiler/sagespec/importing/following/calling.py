"""Calls in a program of the SDK: functions and methods are followed, classes make objects."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from sagespec.importing.following.heap import ITEMS, PERHAPS
from sagespec.importing.following.names import MAX_CALLS, TOO_LONG, Names, is_decorated
from sagespec.importing.following.sdk import ARGUMENTS, is_ours
from sagespec.importing.following.values import (
    ABSENT,
    BoundMethod,
    Class,
    Either,
    Frame,
    Function,
    InstanceOf,
    Library,
    Made,
    Partial,
    PassedValue,
    RestOfArguments,
    kept,
)
from sagespec.scripts.values.constants import FUNCTIONS, READING, UnknownValue, is_certain


class Calling(Names):
    """What a call gives."""

    # Calls

    def passed(self, node: ast.Call) -> PassedValue:
        passed = PassedValue()
        for one in node.args:
            if not isinstance(one, ast.Starred):
                passed.places.append(self.value(one))
                continue
            value = self.value(one.value)
            if self.items_of(value) is not None:
                passed.places += value
            else:
                passed.left.append(self.code.of(one))
        for keyword in node.keywords:
            value = self.value(keyword.value)
            if keyword.arg is not None:
                passed.words[keyword.arg] = value
            elif isinstance(value, dict):
                passed.words |= {str(key): item for key, item in value.items() if not isinstance(key, RestOfArguments)}
                passed.left += [f"**{key.source}" for key in value if isinstance(key, RestOfArguments)]
            else:
                passed.left.append(f"**{self.code.of(keyword.value)}")
        return passed

    def call(self, node: ast.Call) -> Any:
        name = self.dotted(node.func)
        if name == "dict":
            return self.dict_of(self.passed(node), node)
        if name in FUNCTIONS:
            return super().call(node)
        if name == "super":
            return self.unknown(node)
        if name:
            return self.library(name, self.passed(node), node)
        if not isinstance(node.func, ast.Attribute):
            return self.invoke(self.value(node.func), self.passed(node), node)
        owner = node.func.value
        if isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super":
            return self.of_super(node.func.attr, self.passed(node), node)
        return self.called_on(self.value(owner), node.func.attr, node)

    def dict_of(self, passed: PassedValue, node: ast.Call) -> Any:
        """`dict(a, **b, c=1)`."""
        made: dict[Any, Any] = {}
        self.heap.born(made)
        for first in passed.places:
            pairs = (
                first
                if isinstance(first, list) and all(isinstance(one, list) and len(one) == 2 for one in first)
                else None
            )
            if pairs is not None and all(is_certain(one[0]) and not isinstance(one[0], list) for one in pairs):
                made.update(dict(pairs))
            else:
                self.update(made, first, node)
        for text in passed.left:
            made[RestOfArguments("more", text.lstrip("*"))] = UnknownValue("more", text)
        made.update(passed.words)
        return made

    def of_super(self, name: str, passed: PassedValue, node: ast.Call) -> Any:
        frame: Frame | None = self.frame
        while frame is not None and frame.owner is None:
            frame = frame.outer
        if frame is None or frame.owner is None:
            return self.unknown(node)
        for base in frame.owner.bases:
            found = base.member(name) if isinstance(base, Class) else None
            if found is not None and isinstance(found[0], Function):
                return self.run_function(found[0], passed, node, frame.myself)
        if isinstance(frame.myself, Made):
            if name == "__init__":
                self.initialize(frame.myself, passed, node)
                return None
            return self.on_made(frame.myself, name, passed, node)
        return self.unknown(node)

    def method(self, owner: Any, name: str, node: ast.Call) -> Any:
        return self.on(owner, name, self.passed(node), node)

    def on(self, owner: Any, name: str, passed: PassedValue, node: ast.AST) -> Any:
        """A method is called."""
        if isinstance(owner, Either):
            return self.each_way(owner, lambda way: self.on(way, name, passed, node), node)
        if isinstance(owner, InstanceOf | Class | Made):
            cls = owner if isinstance(owner, Class) else owner.cls
            found = cls.member(name) if cls is not None else None
            if found is not None and isinstance(found[0], Function):
                return self.run_method(owner, found[0], passed, node)
            if isinstance(owner, InstanceOf | Made) and name in owner.attributes:
                return self.invoke(owner.attributes[name], passed, node)
            if isinstance(owner, Made):
                return self.on_made(owner, name, passed, node)
            if found is not None:
                return self.invoke(found[0], passed, node)
        if isinstance(owner, dict):
            return self.on_dict(owner, name, passed, node)
        if isinstance(owner, list):
            return self.on_list(owner, name, passed, node)
        if isinstance(owner, Library):
            return self.library(f"{owner.dotted}.{name}", passed, node)
        if isinstance(owner, str) and name in ("resolve", "absolute", "as_posix", "expanduser"):
            return owner
        return self.on_unknown(owner, name, passed, node)

    def run_method(self, owner: Any, function: Function, passed: PassedValue, node: ast.AST) -> Any:
        if is_decorated(function.node, "staticmethod") or (
            isinstance(owner, Class) and not is_decorated(function.node, "classmethod")
        ):
            return self.run_function(function, passed, node, None)
        of_class = is_decorated(function.node, "classmethod") and not isinstance(owner, Class)
        return self.run_function(function, passed, node, owner.cls if of_class else owner)

    def each_way(self, either: Either, run: Callable[[Any], Any], node: ast.AST) -> Any:
        found: list[Any] = []

        def way(value: Any) -> Callable[[], str | None]:
            def call() -> str | None:
                found.append(run(value))
                return None

            return self.under(f"`{either.source}` says so", node, call)

        ways = [way(value) for value in either.ways if value is not None and value is not ABSENT]
        if not ways:
            return UnknownValue(either.name, either.source)
        self.heap.ways(ways, self.frame, source=either.source)
        return self.heap.one_of(found, either.name, either.source)

    def invoke(self, callee: Any, passed: PassedValue, node: ast.AST) -> Any:
        """A value is called."""
        if isinstance(callee, Library):
            return self.library(callee.dotted, passed, node)
        if isinstance(callee, Either):
            return self.each_way(callee, lambda way: self.invoke(way, passed, node), node)
        if isinstance(callee, Function):
            return self.run_function(callee, passed, node, None)
        if isinstance(callee, Class):
            return self.instantiate(callee, passed, node)
        if isinstance(callee, BoundMethod):
            return self.on(callee.owner, callee.name, passed, node)
        if isinstance(callee, Partial):
            both = PassedValue([*callee.places, *passed.places], {**callee.words, **passed.words}, passed.left)
            return self.invoke(callee.callee, both, node)
        if isinstance(callee, InstanceOf):
            return self.on(callee, "__call__", passed, node)
        self.handed_over(passed, node)
        return self.unknown_call(node)

    def unknown_call(self, node: ast.AST) -> UnknownValue:
        return self.unknown(node) if isinstance(node, ast.expr) else UnknownValue("value", self.code.of(node))

    def function_of(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Function:
        arguments = node.args
        defaults = [self.value(default) for default in arguments.defaults]
        words = [ABSENT if default is None else self.value(default) for default in arguments.kw_defaults]
        function = Function(node, self.frame, defaults, words)
        if not self.mute and self.code.is_own(node) and all(one.node is not node for one in self.functions):
            self.functions.append(function)
        return function

    def run_function(self, function: Function, passed: PassedValue, node: ast.AST, myself: Any) -> Any:
        if self.code.is_own(function.node):
            return self.run_known(function, passed, node, myself)
        found = self.within(lambda: self.run_known(function, passed, node, myself))
        if found is not TOO_LONG:
            return found
        self.handed_over(passed, node)
        return self.unknown_call(node)

    def run_known(self, function: Function, passed: PassedValue, node: ast.AST, myself: Any) -> Any:
        if len(self.calls) >= MAX_CALLS or self.calls.count(id(function.node)) > 1 or self.is_exhausted:
            return self.unknown_call(node)
        frame = Frame({}, function.frame, owner=function.owner, myself=myself)
        self.heap.born(frame.names)
        self._bind_arguments(function, frame, passed, myself)
        self.called.add(id(function.node))
        self.calls.append(id(function.node))
        before, self.frame = self.frame, frame
        depth, self.depth = self.depth, 0
        try:
            if isinstance(function.node, ast.Lambda):
                return self.value(function.node.body)
            ends = self.block(function.node.body)  # type: ignore[attr-defined]
        finally:
            self.frame, self.depth = before, depth
            self.calls.pop()
        results = frame.results
        if results and ends in (None, PERHAPS):
            results.append(None)
        return self.heap.one_of(results, "result", self.code.of(node)) if results else None

    def _bind_arguments(self, function: Function, frame: Frame, passed: PassedValue, myself: Any) -> None:
        arguments = function.node.args
        names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
        places = passed.places if myself is None else [myself, *passed.places]
        given: dict[str, Any] = dict(zip(names, places, strict=False))
        words = dict(passed.words)
        start = len(names) - len(function.defaults)
        for index, name in enumerate(names):
            if name in words:
                given[name] = words.pop(name)
            elif name not in given:
                default = function.defaults[index - start] if index >= start else ABSENT
                given[name] = UnknownValue(name, name) if passed.left or default is ABSENT else default
        for one, default in zip(arguments.kwonlyargs, function.keyword_defaults, strict=True):
            missing = UnknownValue(one.arg, one.arg) if passed.left or default is ABSENT else default
            given[one.arg] = words.pop(one.arg, missing)
        rest = RestOfArguments("more", ", ".join(passed.left))
        if arguments.vararg is not None:
            more = [*places[len(names) :], *([rest] if passed.left else [])]
            self.heap.born(more)
            given[arguments.vararg.arg] = more
        if arguments.kwarg is not None:
            if passed.left:
                words[rest] = UnknownValue("more", rest.source)  # type: ignore[index]
            self.heap.born(words)
            given[arguments.kwarg.arg] = words
        frame.names.update(given)

    def instantiate(self, cls: Class, passed: PassedValue, node: ast.AST) -> Any:
        library = cls.library
        last = library.rpartition(".")[2] if library else ""
        made: Any
        if library and last in ARGUMENTS and is_ours(library):
            made = self.made_of(last, PassedValue(), node, cls)
        else:
            made = InstanceOf(cls, {})
            self.heap.born(made.attributes)
        cls.instances.append(made)
        found = cls.member("__init__")
        if found is not None and isinstance(found[0], Function):
            self.run_function(found[0], passed, node, made)
        elif isinstance(made, Made):
            self.initialize(made, passed, node)
        else:
            self._fill_in(cls, made, passed, node)
        return made

    def _fill_in(self, cls: Class, made: InstanceOf, passed: PassedValue, node: ast.AST) -> None:
        """What the `__init__` of a dataclass does: fields in their order, those of its bases first."""
        fields = self.fields_of(cls)
        given, _ = passed.named(fields)
        for name in fields:
            default = cls.member(name)
            if name not in given and default is not None and isinstance(default[0], dict | list):
                given[name] = kept(default[0], {})  # each object has its own
        made.attributes.update(given)
        after = cls.member("__post_init__")
        if after is not None and isinstance(after[0], Function):
            self.run_function(after[0], PassedValue(), node, made)

    def fields_of(self, cls: Class) -> list[str]:
        """The annotated names of a class and of its bases, in the order of a dataclass."""
        inherited = [name for base in reversed(cls.bases) if isinstance(base, Class) for name in self.fields_of(base)]
        return list(dict.fromkeys([*inherited, *self.annotated.get(id(cls.members), ())]))

    # Dicts and lists

    def on_dict(self, owner: dict[Any, Any], name: str, passed: PassedValue, node: Any) -> Any:
        whole = self.is_whole(owner) and not passed.left
        key = passed.places[0] if passed.places else None
        certain = is_certain(key) and not isinstance(key, list | dict)
        if name == "update":
            for more in passed.places:
                self.update(owner, more, node)
            if passed.left:
                self.shake(owner, node)
            for word, value in passed.words.items():
                self.heap.set(owner, word, value)
            return None
        if name in ("get", "pop", "setdefault") and certain:
            if key in owner or whole:
                found = owner.get(key, passed.places[1] if len(passed.places) > 1 else None)
                if name == "setdefault" and key not in owner:
                    self.heap.set(owner, key, found)
                if name == "pop" and key in owner:
                    self.heap.set(owner, key, ABSENT)
                return found
        elif name == "copy":
            return dict(owner)
        elif name in ("items", "keys", "values") and whole:
            return [[k, v] for k, v in owner.items()] if name == "items" else list(getattr(owner, name)())
        if name not in READING:
            self.shake(owner, node)
        return self.unknown(node)

    def on_list(self, owner: list[Any], name: str, passed: PassedValue, node: Any) -> Any:
        if name == "append" and len(passed.places) == 1:
            self.heap.set(owner, ITEMS, [*owner, *passed.places])
            return None
        if name == "extend" and len(passed.places) == 1 and isinstance(passed.places[0], list):
            self.heap.set(owner, ITEMS, [*owner, *passed.places[0]])
            return None
        if name == "copy":
            return list(owner)
        if name not in READING:
            self.shake(owner, node)
        return self.unknown(node)
