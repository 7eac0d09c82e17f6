"""Follows a program of the SDK statement by statement, and notes the jobs that it starts. Runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sagespec.importing.following.expressions import Expressions
from sagespec.importing.following.heap import ITEMS, PERHAPS
from sagespec.importing.following.names import TOO_LONG
from sagespec.importing.following.values import (
    ABSENT,
    Class,
    Default,
    Frame,
    Function,
    InstanceOf,
    Library,
    PassedValue,
)
from sagespec.scripts.values.constants import UnknownValue, is_certain

MAX_UNROLLED = 64
"""Passes of a loop that are followed one by one."""


class Interpreter(Expressions):
    """Statements in their order; where two ways are possible, what differs behind them is unknown."""

    def run(self, tree: ast.Module) -> None:
        for statement in tree.body:  # a cell after one that fails is run all the same
            self.block([statement])
        self.run_what_nobody_calls()

    def run_what_nobody_calls(self) -> None:
        """Functions that are called from elsewhere, each by itself, after the module has run."""
        done: set[int] = set()
        while True:
            waiting = [one for one in self.functions if id(one.node) not in self.called | done]
            if not waiting or self.is_exhausted:
                return
            function = waiting[0]
            done.add(id(function.node))
            if function.owner is None:
                self.alone([function])
            else:
                own = [one for one in self.functions if one.owner is function.owner and one in waiting]
                done |= {id(one.node) for one in own}
                self.alone(own)

    def alone(self, functions: Sequence[Function]) -> None:
        def run() -> str | None:
            myself: Any = None
            owner = functions[0].owner
            if owner is not None:
                myself = owner.instances[0] if owner.instances else self.instance_from_elsewhere(owner)
            for function in functions:
                if id(function.node) not in self.called:
                    bound = owner is not None and not _is_static(function.node)
                    given = self.from_elsewhere(function, bound=bound)
                    self.run_function(function, given, function.node, myself if bound else None)
            return None

        _, journal = self.heap.tried(run)
        self.heap.take_back(journal)

    def instance_from_elsewhere(self, cls: Class) -> Any:
        found = cls.member("__init__")
        init = found[0] if found is not None else None
        given = self.from_elsewhere(init, bound=True) if isinstance(init, Function) else PassedValue()
        return self.instantiate(cls, given, cls.node)

    def from_elsewhere(self, function: Function, *, bound: bool = False) -> PassedValue:
        """What a caller that is not shown would give: unknown, but for what has a default."""
        arguments = function.node.args
        names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
        start = len(names) - len(function.defaults)
        words: dict[str, Any] = {}
        for index, name in enumerate(names[1:] if bound else names, int(bound)):
            default = function.defaults[index - start] if index >= start else ABSENT
            words[name] = _from_outside(name, default)
        for one, default in zip(arguments.kwonlyargs, function.keyword_defaults, strict=True):
            words[one.arg] = _from_outside(one.arg, default)
        return PassedValue(words=words)

    # Statements

    def block(self, statements: Iterable[ast.stmt]) -> str | None:
        perhaps = False
        for statement in statements:
            if self.is_exhausted:
                return None
            walk: Callable[[ast.stmt], str | None] | None = getattr(self, f"_{type(statement).__name__}", None)
            ends = walk(statement) if walk is not None else None
            if ends == PERHAPS:
                perhaps = True
            elif ends is not None:
                return PERHAPS if perhaps else ends
        return PERHAPS if perhaps else None

    def _Import(self, node: ast.Import) -> None:  # noqa: N802
        for alias in node.names:
            top = alias.name if alias.asname else alias.name.partition(".")[0]
            steps = alias.name.split(".")
            inside = [self.module(".".join(steps[: length + 1])) for length in range(len(steps))]
            known = inside[-1] if alias.asname else inside[0]
            self.bind(alias.asname or top, Library(top) if known is None else known)

    def _ImportFrom(self, node: ast.ImportFrom) -> None:  # noqa: N802
        source = self.absolute(node)
        module = self.module(source)
        for alias in node.names:
            if alias.name == "*":
                for name, value in () if module is None else list(module.attributes.items()):
                    if not name.startswith("_"):
                        self.bind(name, value)
                continue
            if module is not None and alias.name in module.attributes:
                value = module.attributes[alias.name]
            else:
                value = self.module(f"{source}.{alias.name}" if source else alias.name) or Library(
                    f"{node.module or ''}.{alias.name}", alias.name
                )
            self.bind(alias.asname or alias.name, value)

    def absolute(self, node: ast.ImportFrom) -> str:
        """The module that an import speaks of, from the program's folder."""
        if not node.level:
            return node.module or ""
        here = self.frame.module.names.get("__package__", "")
        steps = [step for step in str(here).split(".") if step]
        steps = steps[: len(steps) - node.level + 1]
        return ".".join([*steps, *([node.module] if node.module else [])])

    def module(self, dotted: str) -> InstanceOf | None:
        """A module of the program's folder, as it is when it has run; None for any other."""
        if dotted in self.modules:
            return self.modules[dotted]
        found = self.helpers.module(dotted)
        if found is None:
            return None
        package = dotted if found.is_package else dotted.rpartition(".")[0]
        frame = Frame({"__name__": dotted, "__file__": found.path, "__package__": package})
        self.heap.born(frame.names)
        made = InstanceOf(Class(dotted, [], {}, ast.ClassDef(dotted, [], [], [], [])), frame.names)
        self.modules[dotted] = made
        outer = self.module(dotted.rpartition(".")[0]) if "." in dotted else None
        if outer is not None:
            self.heap.set(outer.attributes, dotted.rpartition(".")[2], made)
        before, self.frame = self.frame, frame
        already = list(self.made)
        try:
            read = self.within(lambda: [self.block([statement]) for statement in found.tree.body])
        finally:
            self.frame = before
        self.made = already  # whether a module's estimators are started is for those to say that import it
        if read is TOO_LONG:
            del self.modules[dotted]
            self.helpers.found[dotted] = None
            return None
        return made

    def _FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:  # noqa: N802
        self.bind(node.name, self.function_of(node))

    _AsyncFunctionDef = _FunctionDef

    def _ClassDef(self, node: ast.ClassDef) -> None:  # noqa: N802
        bases = [self.value(base) for base in node.bases]
        frame = Frame({}, self.frame)
        self.heap.born(frame.names)
        before, self.frame = self.frame, frame
        try:
            self.block(node.body)
        finally:
            self.frame = before
        cls = Class(node.name, bases, frame.names, node)
        for member in frame.names.values():
            if isinstance(member, Function) and member.owner is None:
                member.owner = cls
                member.frame = before
        self.bind(node.name, cls)

    def _Expr(self, node: ast.Expr) -> None:  # noqa: N802
        self.dropped = node.value
        self.value(node.value)

    def _Return(self, node: ast.Return) -> str:  # noqa: N802
        self.frame.results.append(self.value(node.value))
        return "return"

    def _Raise(self, node: ast.Raise) -> str:  # noqa: N802
        self.value(node.exc)
        return "raise"

    def _Break(self, node: ast.Break) -> str:  # noqa: N802
        return "break"

    def _Continue(self, node: ast.Continue) -> str:  # noqa: N802
        return "continue"

    def _Assert(self, node: ast.Assert) -> None:  # noqa: N802
        self.value(node.test)

    def _Global(self, node: ast.Global) -> None:  # noqa: N802
        self.frame.shared |= dict.fromkeys(node.names, self.frame.module)

    def _Nonlocal(self, node: ast.Nonlocal) -> None:  # noqa: N802
        for name in node.names:
            found = self.frame.outer.of(name) if self.frame.outer is not None else None
            if found is not None:
                self.frame.shared[name] = found

    def _Assign(self, node: ast.Assign) -> None:  # noqa: N802
        value = self.value(node.value)
        for target in node.targets:
            self.assign(target, value)

    def _AnnAssign(self, node: ast.AnnAssign) -> None:  # noqa: N802
        if node.value is not None:
            self.assign(node.target, self.value(node.value))
        if isinstance(node.target, ast.Name) and isinstance(self.frame.outer, Frame) and node.simple:
            self.annotated.setdefault(id(self.frame.names), []).append(node.target.id)

    def _AugAssign(self, node: ast.AugAssign) -> None:  # noqa: N802
        target: Any = node.target
        load = ast.copy_location(
            ast.Name(target.id, ast.Load())
            if isinstance(target, ast.Name)
            else ast.Attribute(target.value, target.attr, ast.Load())
            if isinstance(target, ast.Attribute)
            else ast.Subscript(target.value, target.slice, ast.Load()),
            target,
        )
        old = self.value(load)
        if isinstance(old, list) and isinstance(node.op, ast.Add):
            more = self.value(node.value)
            self.heap.set(old, ITEMS, [*old, *more] if isinstance(more, list) else [*old, self.rest(node.value)])
        elif isinstance(old, dict) and isinstance(node.op, ast.BitOr):
            self.update(old, self.value(node.value), node.value)
        else:
            self.assign(target, self.value(ast.copy_location(ast.BinOp(load, node.op, node.value), node)))

    def _Delete(self, node: ast.Delete) -> None:  # noqa: N802
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                owner, key = self.value(target.value), self.value(target.slice)
                if isinstance(owner, dict) and is_certain(key) and key in owner:
                    self.heap.set(owner, key, ABSENT)
                else:
                    self.shake(owner, target)
            elif isinstance(target, ast.Name):
                self.bind(target.id, UnknownValue(target.id, target.id))

    def _If(self, node: ast.If) -> str | None:  # noqa: N802
        test = self.value(node.test)
        if is_certain(test):
            return self.block(node.body if test else node.orelse)
        source = self.code.of(node.test)
        ways = [
            self.under(f"`{source}` holds", node, lambda: self.block(node.body)),
            self.under(f"`{source}` does not hold", node, lambda: self.block(node.orelse)),
        ]
        return self.heap.ways(ways, self.frame, source=source)

    def _Match(self, node: Any) -> str | None:  # noqa: N802
        subject = self.code.of(node.subject)
        self.value(node.subject)

        def case(one: Any) -> Callable[[], str | None]:
            for name in _assigned([one.pattern]):
                self.bind(name, UnknownValue(name, name))
            return self.under(
                f"`{subject}` is `{self.code.of(one.pattern)}`", one.pattern, lambda: self.block(one.body)
            )

        return self.heap.ways([*map(case, node.cases), lambda: None], self.frame, source=subject)

    def _Try(self, node: ast.Try) -> str | None:  # noqa: N802
        def handled(handler: ast.ExceptHandler) -> Callable[[], str | None]:
            def run() -> str | None:
                if handler.name:
                    self.bind(handler.name, UnknownValue(handler.name, handler.name))
                return self.block(handler.body)

            return self.under("the code under `try` has failed", handler, run)

        ways: list[Callable[[], str | None]] = [lambda: self.block([*node.body, *node.orelse])]
        ends = self.heap.ways([*ways, *map(handled, node.handlers)], self.frame, source="try")
        return self.block(node.finalbody) or ends

    _TryStar = _Try

    def _With(self, node: ast.With | ast.AsyncWith) -> str | None:  # noqa: N802
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value)
        return self.block(node.body)

    _AsyncWith = _With

    def _For(self, node: ast.For | ast.AsyncFor) -> str | None:  # noqa: N802
        items = self.items_of(self.value(node.iter))
        if items is None or len(items) > MAX_UNROLLED:
            what = f"the loop over `{self.code.of(node.iter)}`"
            return self.repeated([node.target], node.body, what, node) or self.block(node.orelse)
        before = len(self.conditions)
        try:
            return self.passes(node, items)
        finally:
            del self.conditions[before:]

    _AsyncFor = _For

    def passes(self, node: ast.For | ast.AsyncFor, items: Sequence[Any]) -> str | None:
        """A loop whose passes are known, one after the other."""
        perhaps = False
        for item in items:
            self.assign(node.target, item)
            with self.passing(node, node.target, item):
                ends = self.block(node.body)
            if ends == "break":
                return None
            if ends in ("return", "raise"):
                return PERHAPS if perhaps else ends
            if ends == PERHAPS and not perhaps:
                perhaps = True
                self.conditions.append(f"only where an earlier pass has not ended the loop (line {self.line(node)})")
        return self.block(node.orelse)

    def _While(self, node: ast.While) -> str | None:  # noqa: N802
        if is_certain(test := self.value(node.test)) and not test:
            return self.block(node.orelse)
        return self.repeated([], node.body, "the loop", node) or self.block(node.orelse)

    def repeated(self, targets: Sequence[ast.expr], body: Sequence[ast.stmt], what: str, node: ast.AST) -> str | None:
        """A loop of unknown passes: what it changes may be anything, in it and behind it."""

        def once() -> str | None:
            for name in _assigned(targets):
                self.bind(name, UnknownValue(name, name))
            return self.block(body)

        with self.muted():
            _, journal = self.heap.tried(once)
            self.heap.take_back(journal)
        self.heap.forget(journal, what)
        self.under_loop(what, node, once)
        self.heap.forget(journal, what)
        return None


def _from_outside(name: str, default: Any) -> Any:
    if default is ABSENT:
        return UnknownValue(name, name)
    if isinstance(default, str | int | float | bool):
        return Default(name, name, default)
    return UnknownValue(name, name)


def _is_static(node: Any) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in getattr(node, "decorator_list", ()))


def _assigned(nodes: Iterable[ast.AST]) -> Iterable[str]:
    for node in nodes:
        for inside in ast.walk(node):
            if isinstance(inside, ast.Name) and isinstance(inside.ctx, ast.Store):
                yield inside.id
            name = getattr(inside, "name", None) or getattr(inside, "rest", None)
            if isinstance(name, str) and type(inside).__name__.startswith("Match"):
                yield name
