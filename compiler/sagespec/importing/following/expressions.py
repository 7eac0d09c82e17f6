"""Expressions of a program of the SDK, kind by kind."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from sagespec.importing.following.calling import Calling
from sagespec.importing.following.heap import ITEMS
from sagespec.importing.following.values import (
    Frame,
    names_in,
)
from sagespec.scripts.values.constants import UnknownValue, is_certain, joined_path


class Expressions(Calling):
    """What an expression is at this point of a program."""

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
                    self.bind(inside.id, UnknownValue(inside.id, inside.id))
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
