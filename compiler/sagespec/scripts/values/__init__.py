"""What an expression of a training script is worth, as far as the text alone shows."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sagespec.scripts.syntax.walking import Module
from sagespec.scripts.values.constants import READING, UNKNOWN, is_certain
from sagespec.scripts.values.evaluator import Evaluator

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def value(node: ast.expr | None, module: Module, *, given: Mapping[str, Any] = _NOTHING) -> Any:
    """The constant that an expression stands for; UNKNOWN where it is none, or none that is certain.

    A list is a tuple here, and a dict its keys: that is what `choices` and `in` look at.

    Args:
        given: values of parameters.
    """
    if node is None:
        return UNKNOWN
    found = _Names(module, given).value(node)
    if isinstance(found, dict):
        return tuple(found)
    if not is_certain(found):
        return UNKNOWN
    return tuple(found) if isinstance(found, list) else found


class _Names(Evaluator):
    """The names of a module, wherever in it they are used: what is assigned once, and never changed."""

    def __init__(self, module: Module, given: Mapping[str, Any] = _NOTHING) -> None:
        self.module = module
        self.given = given

    def name(self, node: ast.Name) -> Any:
        if node.id in self.given:
            return self.given[node.id]
        known = self.module.known
        if node.id not in known:
            known[node.id] = UNKNOWN  # while it is looked at: it may stand for itself
            known[node.id] = self._assigned(node.id)
        return known[node.id]

    def _assigned(self, name: str) -> Any:
        assigned = self.module.assigned.get(name, [])
        if len(assigned) != 1 or assigned[0] is None or name not in self.module.top:
            return UNKNOWN
        names = _Names(self.module)
        names.depth = self.depth
        found = names.value(assigned[0])
        return UNKNOWN if isinstance(found, dict | list) and self._is_changed(name) else found

    def _is_changed(self, name: str) -> bool:
        """Whether something is put into a list or dict, or taken out of it, anywhere in the module."""
        calls = (hit.node.func for hit in self.module.calls)
        return any(
            not isinstance(hit.node.ctx, ast.Load) and _root(hit.node) == name for hit in self.module.lookups
        ) or any(
            isinstance(func, ast.Attribute) and func.attr not in READING and _root(func.value) == name for func in calls
        )

    def operation(self, node: ast.BinOp) -> Any:
        # 7 / 2 is 3 in Python 2
        return UNKNOWN if isinstance(node.op, ast.Div) else super().operation(node)

    def dotted(self, node: ast.expr) -> str:
        own = isinstance(node, ast.Name) and node.id in self.module.top and node.id not in self.module.imports
        return "" if own else self.module.dotted(node)


def _root(node: ast.AST) -> str:
    """`x` of `x["a"].b`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
