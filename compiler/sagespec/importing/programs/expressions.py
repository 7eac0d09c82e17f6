"""Expressions of a program of the SDK: names, calls that are followed, objects that are made."""

from __future__ import annotations

import ast
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sagespec.importing.programs.heap import ITEMS, PERHAPS, Heap
from sagespec.importing.programs.library import SdkCalls, region_of
from sagespec.importing.programs.sdk import ARGUMENTS, REGION_NAMES, is_ours
from sagespec.importing.programs.values import (
    ABSENT,
    Bound,
    Class,
    Either,
    Foreign,
    Frame,
    Function,
    Instance,
    Library,
    Made,
    Partial,
    Passed,
    Rest,
    Text,
    names_in,
    text_of,
)
from sagespec.scripts.evaluator import FUNCTIONS, READING, Mixed, Unknown, is_certain, joined_path

MAX_STEPS = 300_000
"""Expressions that are looked at before the rest is given up."""
CONSTANTS = {
    **{f"logging.{name}": getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL")},
    "os.sep": "/",
}
MAX_CALLS = 12
"""Calls inside of one another."""


class Expressions(SdkCalls):
    """What an expression is at this point of a program."""

    def __init__(self, code: Text, name: str) -> None:
        super().__init__()
        self.code = code
        self.heap = Heap()
        self.frame = Frame({"__name__": "__main__", "__file__": name})
        self.heap.born(self.frame.names)
        self.functions: list[Function] = []
        self.called: set[int] = set()
        self.calls: list[int] = []
        self.annotated: dict[int, list[str]] = {}
        self.dropped: ast.expr | None = None
        self.steps = 0

    @property
    def is_exhausted(self) -> bool:
        return self.steps > MAX_STEPS

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

    def unknown(self, node: ast.expr) -> Unknown:
        return Unknown(next(names_in(node), "value"), self.code.of(node))

    def rest(self, node: ast.expr) -> Rest:
        return Rest("more", self.code.of(node))

    def mixed(self, parts: tuple[str | Unknown, ...], node: ast.expr) -> Mixed:
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
        return Unknown(value.name, f"{text_of(ways[0])}, where {value.source}") if is_data else ways[0]

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
        if isinstance(owner, Instance | Made) and name in owner.attributes:
            return owner.attributes[name]
        if isinstance(owner, Instance | Class) or (isinstance(owner, Made) and owner.cls is not None):
            cls = owner if isinstance(owner, Class) else owner.cls
            found = cls.member(name) if cls is not None else None
            if found is not None:
                return self.member(owner, name, found[0], node)
        if isinstance(owner, Made):
            return self.attribute_of_made(owner, name, node)
        if isinstance(owner, str) and name in ("value", "parent", "name"):  # of an enumeration; of a path
            head, _, tail = owner.rpartition("/")
            return {"value": owner, "parent": head, "name": tail}[name]
        return Foreign(name, self.code.of(node)) if isinstance(owner, Foreign) else self.unknown(node)

    def member(self, owner: Any, name: str, member: Any, node: ast.expr) -> Any:
        if not isinstance(member, Function):
            return member
        if not isinstance(owner, Class) and _is_decorated(member.node, "property", "cached_property"):
            return self.run_function(member, Passed(), node, owner)
        return Bound(owner, name)

    def attribute_of_made(self, owner: Made, name: str, node: ast.expr) -> Any:
        if owner.class_name == "Session" and name in REGION_NAMES:
            return region_of(owner) or self.unknown(node)
        if name in self.METHODS:
            return Bound(owner, name)
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
        if isinstance(owner, Instance):
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
                if not isinstance(key, Rest):
                    name = key if isinstance(key, str) and key.isidentifier() else "value"
                    self.heap.set(owner, key, Either(name, source, (value, Unknown(name, source))))
            self.heap.set(owner, Rest("more", source), Unknown("more", source))
        elif isinstance(owner, list):
            self.heap.set(owner, ITEMS, [*owner, Rest("more", source)])

    def update(self, owner: dict[Any, Any], more: Any, node: ast.expr) -> None:
        """`owner.update(more)`."""
        if not isinstance(more, dict):
            self.shake(owner, node)
            return
        if any(isinstance(key, Rest) for key in more):
            self.shake(owner, node)
        for key, value in more.items():
            if isinstance(value, Either) and ABSENT in value.ways:
                value = self.heap.one_of([owner.get(key, ABSENT), *(w for w in value.ways if w is not ABSENT)], key, "")
            self.heap.set(owner, key, value)

    def items_of(self, value: Any) -> list[Any] | None:
        """The items that a loop runs over, where all of them are known."""
        return list(value) if isinstance(value, dict | list) and self.is_whole(value) else None

    # Kinds of expressions

    def mapping(self, node: ast.Dict) -> Any:
        result: dict[Any, Any] = {}
        self.heap.born(result)
        for key, value in zip(node.keys, node.values, strict=True):
            found = self.value(value)
            if key is None:
                self.update(result, found, value)
                continue
            name = self.value(key)
            if is_certain(name) and not isinstance(name, list | dict):
                result[name] = found
            else:
                self.shake(result, key)
        return result

    def sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Any:
        result: list[Any] = []
        for item in node.elts:
            value = self.value(item.value if isinstance(item, ast.Starred) else item)
            if not isinstance(item, ast.Starred):
                result.append(value)
            else:
                result += value if isinstance(value, list) else [self.rest(item.value)]
        return result

    def operation(self, node: ast.BinOp) -> Any:
        if not isinstance(node.op, ast.Div | ast.BitOr):
            return super().operation(node)
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.BitOr):
            if not (isinstance(left, dict) and isinstance(right, dict)):
                return self.unknown(node)
            result = dict(left)
            self.heap.born(result)
            self.update(result, right, node.right)
            return result
        if isinstance(left, int | float) and isinstance(right, int | float):
            return left / right
        return joined_path(self, node, left, right)

    def choice(self, node: ast.IfExp) -> Any:
        test = self.value(node.test)
        if is_certain(test):
            return self.value(node.body if test else node.orelse)
        source = self.code.of(node.test)
        found: list[Any] = []

        def way(branch: ast.expr) -> Callable[[], str | None]:
            def run() -> str | None:
                found.append(self.value(branch))
                return None

            return run

        holds = self.under(f"`{source}` holds", node, way(node.body))
        otherwise = self.under(f"`{source}` does not hold", node, way(node.orelse))
        self.heap.ways([holds, otherwise], self.frame, source=source)
        return self.heap.one_of(found, next(names_in(node.test), "value"), source)

    def walrus(self, node: ast.NamedExpr) -> Any:
        value = self.value(node.value)
        self.assign(node.target, value)
        return value

    def awaited(self, node: ast.Await | ast.YieldFrom | ast.Starred) -> Any:
        return self.value(node.value)

    def yielded(self, node: ast.Yield) -> Any:
        self.frame.results.append(self.value(node.value))
        return self.unknown(node)

    def lambda_(self, node: ast.Lambda) -> Any:
        return self.function_of(node)

    def comprehension(self, node: Any) -> Any:
        is_map = isinstance(node, ast.DictComp)
        result: Any = {} if is_map else []
        self.heap.born(result)
        before, self.frame = self.frame, Frame({}, self.frame, owner=self.frame.owner, myself=self.frame.myself)
        self.heap.born(self.frame.names)
        try:
            self._comprehended(node, node.generators, result)
        finally:
            self.frame = before
        return result

    def _comprehended(self, node: Any, generators: Sequence[ast.comprehension], result: Any) -> None:
        if not generators:
            self._collected(node, result)
            return
        first, *others = generators
        items = self.items_of(self.value(first.iter))
        if items is None or len(items) > 1_000:
            what = f"`{self.code.of(first.iter)}`"
            for inside in ast.walk(first.target):
                if isinstance(inside, ast.Name):
                    self.bind(inside.id, Unknown(inside.id, inside.id))
            self.under_loop(
                what, node, lambda: self._comprehended(node, others, {} if isinstance(result, dict) else [])
            )
            self.shake(result, first.iter)
            return
        for item in items:
            self.assign(first.target, item)
            tests = [self.value(test) for test in first.ifs]
            if not all(map(is_certain, tests)):
                self.shake(result, first.iter)
            elif all(tests):
                with self.passing(node, first.target, item):
                    self._comprehended(node, others, result)

    def _collected(self, node: Any, result: Any) -> None:
        if not isinstance(node, ast.DictComp):
            value = self.value(node.elt)
            self.heap.set(result, ITEMS, [*result, value])
            return
        key, value = self.value(node.key), self.value(node.value)
        if is_certain(key) and not isinstance(key, list | dict):
            self.heap.set(result, key, value)
        else:
            self.shake(result, node.key)

    # Calls

    def passed(self, node: ast.Call) -> Passed:
        passed = Passed()
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
                passed.words |= {str(key): item for key, item in value.items() if not isinstance(key, Rest)}
                passed.left += [f"**{key.source}" for key in value if isinstance(key, Rest)]
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

    def dict_of(self, passed: Passed, node: ast.Call) -> Any:
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
            made[Rest("more", text.lstrip("*"))] = Unknown("more", text)
        made.update(passed.words)
        return made

    def is_whole(self, value: Any) -> bool:
        if isinstance(value, dict):
            return not any(isinstance(key, Rest) or _may_be_absent(item) for key, item in value.items())
        return not isinstance(value, list) or not any(isinstance(item, Rest) for item in value)

    def of_super(self, name: str, passed: Passed, node: ast.Call) -> Any:
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

    def on(self, owner: Any, name: str, passed: Passed, node: ast.AST) -> Any:
        """A method is called."""
        if isinstance(owner, Either):
            return self.each_way(owner, lambda way: self.on(way, name, passed, node), node)
        if isinstance(owner, Instance | Class | Made):
            cls = owner if isinstance(owner, Class) else owner.cls
            found = cls.member(name) if cls is not None else None
            if found is not None and isinstance(found[0], Function):
                return self.run_method(owner, found[0], passed, node)
            if isinstance(owner, Instance | Made) and name in owner.attributes:
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

    def run_method(self, owner: Any, function: Function, passed: Passed, node: ast.AST) -> Any:
        if _is_decorated(function.node, "staticmethod") or (
            isinstance(owner, Class) and not _is_decorated(function.node, "classmethod")
        ):
            return self.run_function(function, passed, node, None)
        of_class = _is_decorated(function.node, "classmethod") and not isinstance(owner, Class)
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
            return Unknown(either.name, either.source)
        self.heap.ways(ways, self.frame, source=either.source)
        return self.heap.one_of(found, either.name, either.source)

    def invoke(self, callee: Any, passed: Passed, node: ast.AST) -> Any:
        """A value is called."""
        if isinstance(callee, Library):
            return self.library(callee.dotted, passed, node)
        if isinstance(callee, Either):
            return self.each_way(callee, lambda way: self.invoke(way, passed, node), node)
        if isinstance(callee, Function):
            return self.run_function(callee, passed, node, None)
        if isinstance(callee, Class):
            return self.instantiate(callee, passed, node)
        if isinstance(callee, Bound):
            return self.on(callee.owner, callee.name, passed, node)
        if isinstance(callee, Partial):
            both = Passed([*callee.places, *passed.places], {**callee.words, **passed.words}, passed.left)
            return self.invoke(callee.callee, both, node)
        if isinstance(callee, Instance):
            return self.on(callee, "__call__", passed, node)
        self.handed_over(passed, node)
        return self.unknown_call(node)

    def unknown_call(self, node: ast.AST) -> Unknown:
        return self.unknown(node) if isinstance(node, ast.expr) else Unknown("value", self.code.of(node))

    def function_of(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Function:
        arguments = node.args
        defaults = [self.value(default) for default in arguments.defaults]
        words = [ABSENT if default is None else self.value(default) for default in arguments.kw_defaults]
        function = Function(node, self.frame, defaults, words)
        if not self.mute and all(one.node is not node for one in self.functions):
            self.functions.append(function)
        return function

    def run_function(self, function: Function, passed: Passed, node: ast.AST, myself: Any) -> Any:
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

    def _bind_arguments(self, function: Function, frame: Frame, passed: Passed, myself: Any) -> None:
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
                given[name] = Unknown(name, name) if passed.left or default is ABSENT else default
        for one, default in zip(arguments.kwonlyargs, function.keyword_defaults, strict=True):
            missing = Unknown(one.arg, one.arg) if passed.left or default is ABSENT else default
            given[one.arg] = words.pop(one.arg, missing)
        rest = Rest("more", ", ".join(passed.left))
        if arguments.vararg is not None:
            more = [*places[len(names) :], *([rest] if passed.left else [])]
            self.heap.born(more)
            given[arguments.vararg.arg] = more
        if arguments.kwarg is not None:
            if passed.left:
                words[rest] = Unknown("more", rest.source)  # type: ignore[index]
            self.heap.born(words)
            given[arguments.kwarg.arg] = words
        frame.names.update(given)

    def instantiate(self, cls: Class, passed: Passed, node: ast.AST) -> Any:
        library = cls.library
        last = library.rpartition(".")[2] if library else ""
        made: Any
        if library and last in ARGUMENTS and is_ours(library):
            made = self.made_of(last, Passed(), node, cls)
        else:
            made = Instance(cls, {})
            self.heap.born(made.attributes)
        cls.instances.append(made)
        found = cls.member("__init__")
        if found is not None and isinstance(found[0], Function):
            self.run_function(found[0], passed, node, made)
        elif isinstance(made, Made):
            self.initialize(made, passed, node)
        else:
            fields = [*self.annotated.get(id(cls.members), ()), *cls.members]
            own = [name for name in dict.fromkeys(fields) if not isinstance(cls.members.get(name), Function)]
            made.attributes.update(passed.named(own)[0])
        return made

    # Dicts and lists

    def on_dict(self, owner: dict[Any, Any], name: str, passed: Passed, node: Any) -> Any:
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

    def on_list(self, owner: list[Any], name: str, passed: Passed, node: Any) -> Any:
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


def _may_be_absent(value: Any) -> bool:
    return isinstance(value, Either) and ABSENT in value.ways


def _is_decorated(node: Any, *names: str) -> bool:
    for one in getattr(node, "decorator_list", ()):
        found = next(names_in(one), "")
        if found in names:
            return True
    return False
