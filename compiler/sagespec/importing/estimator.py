"""A script or notebook with estimators of the SageMaker Python SDK → a manifest for each of its jobs. Runs nothing."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sagespec.catalog import Facts
from sagespec.importing.arguments import draft_of
from sagespec.importing.draft import Draft, Unreadable
from sagespec.importing.notebook import parsed
from sagespec.importing.scope import Made, Module, Scope, written
from sagespec.importing.sdk import ESTIMATORS, FIT
from sagespec.scripts.evaluator import READING, Unknown, is_certain


@dataclass
class Estimator:
    """One `TensorFlow(...)`, `PyTorch(...)` or the like, and what is done with it."""

    made: Made
    fits: list[dict[str, Any]] = field(default_factory=list)
    """The arguments of each `.fit(...)`."""


def from_source(code: str, facts: Facts) -> list[Draft]:
    """A manifest for every job that a script starts, in the order of the text.

    Raises:
        Unreadable: this is no Python, or makes no estimator.
    """
    script = _Script(parsed(textwrap.dedent(code)))
    try:
        script.run()
    except RecursionError:
        raise Unreadable("this is nested too deep to be read", "give a script or a notebook") from None
    if not script.estimators:
        raise Unreadable(
            "there is no estimator here",
            "give the script or notebook that has TensorFlow(...), PyTorch(...) or another estimator of sagemaker's",
        )
    taken: set[str] = set()
    return [
        draft_of(estimator.made, fit, facts, taken) for estimator in script.estimators for fit in estimator.fits or [{}]
    ]


class _Script:
    """Walks the statements in their order; where two ways are possible, what differs is unknown behind them."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.estimators: list[Estimator] = []
        self.functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self.scope = Scope({"__name__": "__main__"}, self)

    def run(self) -> None:
        changed = {name for node in ast.walk(self.tree) if isinstance(node, ast.Global) for name in node.names}
        self.block(self.tree.body, self.scope)
        for name in changed:
            self.scope.names[name] = Unknown(name, name)
        for function in self.functions:  # grows while functions inside of functions are met
            inside = self.scope.copy()
            arguments = function.args
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                inside.names[argument.arg] = Unknown(argument.arg, argument.arg)
            self.block(function.body, inside)

    # What the scope tells

    def made(self, made: Made) -> Any:
        if made.class_name not in ESTIMATORS:
            return made
        self.estimators.append(Estimator(made))
        return self.estimators[-1]

    def method(self, scope: Scope, owner: Any, name: str, call: ast.Call) -> Any:
        if isinstance(owner, Estimator) and name == "fit":
            given, left = scope.arguments(call, FIT)
            owner.fits.append({**given, "*": list(map(written, left))} if left else given)
            return None
        given, left = scope.arguments(call, ("0",))
        if isinstance(owner, Estimator) and name == "set_hyperparameters":
            owner.made.given["hyperparameters"] = {**(owner.made.given.get("hyperparameters") or {}), **given}
        elif isinstance(owner, dict) and name == "update" and isinstance(given.get("0", {}), dict) and not left:
            owner.update(given.pop("0", {}), **given)
        elif isinstance(owner, list) and name == "append":
            owner.append(given.get("0"))
        elif isinstance(owner, dict | list) and name not in READING:
            self.forget(owner, scope)
        return Unknown(name, written(call))

    def forget(self, changed: Any, scope: Scope) -> None:
        scope.forget(changed)
        for estimator in self.estimators:
            for name, value in estimator.made.given.items():
                if value is changed:
                    estimator.made.given[name] = Unknown(name, name)

    # Statements

    def block(self, statements: Iterable[ast.stmt], scope: Scope) -> None:
        for statement in statements:
            walk = getattr(self, f"_{type(statement).__name__}", None)
            if walk is not None:
                walk(statement, scope)

    def _Import(self, node: ast.Import, scope: Scope) -> None:  # noqa: N802
        for alias in node.names:
            top = alias.name if alias.asname else alias.name.partition(".")[0]
            scope.names[alias.asname or top] = Module(top)

    def _ImportFrom(self, node: ast.ImportFrom, scope: Scope) -> None:  # noqa: N802
        for alias in node.names:
            scope.names[alias.asname or alias.name] = Module(f"{node.module}.{alias.name}")

    def _FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:  # noqa: N802
        self.functions.append(node)

    _AsyncFunctionDef = _FunctionDef

    def _ClassDef(self, node: ast.ClassDef, scope: Scope) -> None:  # noqa: N802
        self.block(node.body, scope.copy())

    def _Expr(self, node: ast.Expr | ast.Return, scope: Scope) -> None:  # noqa: N802
        scope.value(node.value)

    _Return = _Expr

    def _Assign(self, node: ast.Assign, scope: Scope) -> None:  # noqa: N802
        value = scope.value(node.value)
        for target in node.targets:
            self.assign(target, value, scope)

    def _AnnAssign(self, node: ast.AnnAssign, scope: Scope) -> None:  # noqa: N802
        if node.value is not None:
            self.assign(node.target, scope.value(node.value), scope)

    def _AugAssign(self, node: ast.AugAssign, scope: Scope) -> None:  # noqa: N802
        if isinstance(node.target, ast.Name):
            name = ast.Name(node.target.id, ast.Load())
            self.assign(node.target, scope.value(ast.BinOp(name, node.op, node.value)), scope)

    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, ast.Subscript):
            owner, key = scope.value(target.value), scope.value(target.slice)
            if isinstance(owner, dict) and is_certain(key):
                owner[key] = value
            elif isinstance(owner, dict | list):
                self.forget(owner, scope)
        elif isinstance(target, ast.Tuple | ast.List):
            known = value if isinstance(value, list) and len(value) == len(target.elts) else None
            for index, item in enumerate(target.elts):
                self.assign(item, Unknown(written(item), written(item)) if known is None else known[index], scope)

    def _Delete(self, node: ast.Delete, scope: Scope) -> None:  # noqa: N802
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self.forget(scope.value(target.value), scope)

    def _If(self, node: ast.If, scope: Scope) -> None:  # noqa: N802
        test = scope.value(node.test)
        if is_certain(test):
            self.block(node.body if test else node.orelse, scope)
        else:
            self.either([node.body, node.orelse], scope)

    def _Try(self, node: ast.Try, scope: Scope) -> None:  # noqa: N802
        self.either([[*node.body, *node.orelse], *(handler.body for handler in node.handlers)], scope)
        self.block(node.finalbody, scope)

    def _With(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:  # noqa: N802
        for item in node.items:
            value = scope.value(item.context_expr)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value, scope)
        self.block(node.body, scope)

    _AsyncWith = _With

    def _For(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:  # noqa: N802
        self.repeated([node.target], [*node.body, *node.orelse], scope)

    _AsyncFor = _For

    def _While(self, node: ast.While, scope: Scope) -> None:  # noqa: N802
        self.repeated([], [*node.body, *node.orelse], scope)

    def repeated(self, targets: Sequence[ast.expr], body: Sequence[ast.stmt], scope: Scope) -> None:
        """A loop: what it assigns may be anything, in it and behind it."""
        assigned = set(_assigned([*targets, *body]))
        scope.names |= {name: Unknown(name, name) for name in assigned}
        self.block(body, scope)
        scope.names |= {name: Unknown(name, name) for name in assigned}

    def either(self, ways: Sequence[Sequence[ast.stmt]], scope: Scope) -> None:
        """Statements of which one way is taken: what they leave equal is known."""
        after = [scope.copy() for _ in ways]
        for way, inside in zip(ways, after, strict=True):
            self.block(way, inside)
        first, *others = (inside.names for inside in after)
        for name in {name for inside in after for name in inside.names}:
            same = name in first and all(name in other and other[name] == first[name] for other in others)
            scope.names[name] = first[name] if same else Unknown(name, name)


def _assigned(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        for inside in ast.walk(node):
            if isinstance(inside, ast.Name) and isinstance(inside.ctx, ast.Store):
                yield inside.id
            if isinstance(inside, ast.Subscript) and isinstance(inside.ctx, ast.Store):
                yield from (name.id for name in ast.walk(inside.value) if isinstance(name, ast.Name))
