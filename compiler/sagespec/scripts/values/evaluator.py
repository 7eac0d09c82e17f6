"""What an expression of Python is known to be without running it: the one reader of constant Python.

Who reads training scripts (`values`) and who reads programs of the SDK (`importing.programs`) say what names and calls
of their own stand for; every other kind of expression is read here.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from sagespec.scripts.values.constants import (
    FUNCTIONS,
    MAX_ITEMS,
    MAX_TEXT,
    SCALARS,
    TEXT_METHODS,
    UNKNOWN,
    Mixed,
    UnknownValue,
    formatted,
    is_certain,
    is_text,
)

MAX_DEPTH = 100
"""Expressions inside of one another; what is nested deeper is not known."""
MAX_BITS = 256
"""Of a whole number that is calculated with."""


class Evaluator:
    """Says what an expression is; never runs anything.

    A value is a text, a number, a boolean, None, a dict or a list (tuples and sets are lists here), each as Python
    would make it; or it is `Unknown`.
    """

    depth = 0

    def value(self, node: ast.expr | None) -> Any:
        """The value of an expression; None where there is none."""
        if node is None:
            return None
        kind = _KINDS.get(type(node))
        if kind is None or self.depth >= MAX_DEPTH:
            return self.unknown(node)
        self.depth += 1
        try:
            return getattr(self, kind)(node)
        except (ArithmeticError, LookupError, TypeError, ValueError):  # as a run of it would have
            return self.unknown(node)
        finally:
            self.depth -= 1

    def arguments(self, call: ast.Call, order: tuple[str, ...]) -> tuple[dict[str, Any], list[ast.expr | ast.keyword]]:
        """A call's arguments by name, and those that have none: more than `order` has names for, `*` and `**`."""
        given: dict[str, Any] = {}
        left: list[ast.expr | ast.keyword] = []
        for index, node in enumerate(call.args):
            if index < len(order) and not isinstance(node, ast.Starred):
                given[order[index]] = self.value(node)
            else:
                left.append(node)
        for keyword in call.keywords:
            value = self.value(keyword.value)
            if keyword.arg is not None:
                given[keyword.arg] = value
            elif isinstance(value, dict):
                given |= value
            else:
                left.append(keyword)
        return given, left

    def text(self, parts: list[Any], node: ast.expr) -> Any:
        """A text of parts, each a text, a number, or unknown."""
        flat: list[str | UnknownValue] = []
        for part in parts:
            if isinstance(part, Mixed):
                flat += part.parts
            elif isinstance(part, str | UnknownValue):
                flat.append(part)
            elif isinstance(part, int | float):
                flat.append(str(part))
            else:
                return self.unknown(node)
        if len(flat) > MAX_ITEMS or sum(len(part) for part in flat if isinstance(part, str)) > MAX_TEXT:
            return self.unknown(node)
        if all(isinstance(part, str) for part in flat):
            return "".join(map(str, flat))
        return self.mixed(tuple(part for part in flat if part != ""), node)

    # What a subclass says

    def unknown(self, node: ast.expr) -> UnknownValue:
        """What stands for a value that is not known."""
        return UNKNOWN

    def mixed(self, parts: tuple[str | UnknownValue, ...], node: ast.expr) -> Any:
        """What stands for a text of which some parts are not known."""
        return self.unknown(node)

    def name(self, node: ast.Name) -> Any:
        """What a name stands for."""
        return self.unknown(node)

    def attribute(self, node: ast.Attribute) -> Any:
        return self.unknown(node)

    def is_whole(self, value: Any) -> bool:
        """Whether a list or dict has no more items than are known."""
        return True

    def dotted(self, node: ast.expr) -> str:
        """The full name of what is called, imports resolved; nothing where it has none."""
        return ""

    def function(self, name: str, node: ast.Call) -> Any:
        """What a call of a function of which nothing is known here gives."""
        return self.unknown(node)

    def method(self, owner: Any, name: str, node: ast.Call) -> Any:
        """What a call of a method of which nothing is known here gives."""
        return self.unknown(node)

    def lambda_(self, node: ast.Lambda) -> Any:
        return self.unknown(node)

    def walrus(self, node: ast.NamedExpr) -> Any:
        return self.unknown(node)

    def awaited(self, node: ast.Await | ast.YieldFrom) -> Any:
        return self.unknown(node)

    def yielded(self, node: ast.Yield) -> Any:
        return self.unknown(node)

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Any:
        return self.unknown(node)

    # Each kind of expression

    def constant(self, node: ast.Constant) -> Any:
        return node.value if isinstance(node.value, SCALARS) else self.unknown(node)

    def mapping(self, node: ast.Dict) -> Any:
        result: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            found = self.value(value)
            if key is not None:
                name = self.value(key)
                if not is_certain(name):
                    return self.unknown(node)
                result[name] = found
            elif isinstance(found, dict):
                result |= found
            else:
                return self.unknown(node)
        return result

    def sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Any:
        if any(isinstance(item, ast.Starred) for item in node.elts):
            return self.unknown(node)
        return [self.value(item) for item in node.elts]

    def joined(self, node: ast.JoinedStr) -> Any:
        parts: list[Any] = []
        for piece in node.values:
            if not isinstance(piece, ast.FormattedValue):
                parts.append(self.value(piece))
                continue
            value = self.value(piece.value)
            form = self.value(piece.format_spec) if piece.format_spec else ""
            plain = piece.conversion in (-1, ord("s")) and isinstance(form, str)
            parts.append(formatted(value, form, piece.value, self) if plain else self.unknown(piece.value))
        return self.text(parts, node)

    def operation(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(left, int | float) and isinstance(right, int | float):
            calculate = _NUMBERS.get(type(node.op))
            small = all(not isinstance(one, int) or one.bit_length() <= MAX_BITS for one in (left, right))
            return calculate(left, right) if calculate is not None and small else self.unknown(node)
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            return self._percent(left, right if isinstance(node.right, ast.Tuple) else [right], node)
        if not isinstance(node.op, ast.Add):
            return self.unknown(node)
        if isinstance(left, list) and isinstance(right, list):
            return left + right if len(left) + len(right) <= MAX_ITEMS else self.unknown(node)
        sides = (left, right)
        if any(isinstance(side, str | Mixed) for side in sides) and all(map(is_text, sides)):
            return self.text([left, right], node)
        return self.unknown(node)

    def _percent(self, text: str, values: Any, node: ast.expr) -> Any:
        first, *pieces = re.split("%([sd])", text)
        marks, texts = pieces[::2], [first, *pieces[1::2]]
        if not isinstance(values, list) or len(marks) != len(values) or "%" in "".join(texts):
            return self.unknown(node)
        if any(
            mark == "d" and type(value) not in (int, UnknownValue) for mark, value in zip(marks, values, strict=True)
        ):
            return self.unknown(node)
        return self.text([first, *(part for pair in zip(values, texts[1:], strict=True) for part in pair)], node)

    def sign(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(value, int | float):
            return -value
        return not value if isinstance(node.op, ast.Not) and is_certain(value) else self.unknown(node)

    def either(self, node: ast.BoolOp) -> Any:
        stops = bool if isinstance(node.op, ast.Or) else operator.not_
        value: Any = None
        for item in node.values:
            value = self.value(item)
            if not is_certain(value):
                return self.unknown(node)
            if stops(value):
                break
        return value

    def comparison(self, node: ast.Compare) -> Any:
        left, right = self.value(node.left), self.value(node.comparators[0])
        compare = _COMPARISONS.get(type(node.ops[0]))
        if len(node.ops) != 1 or compare is None or not (is_certain(left) and is_certain(right)):
            return self.unknown(node)
        return compare(left, right)

    def choice(self, node: ast.IfExp) -> Any:
        test = self.value(node.test)
        if not is_certain(test):
            return self.unknown(node)
        return self.value(node.body if test else node.orelse)

    def item(self, node: ast.Subscript) -> Any:
        owner = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = [self.value(bound) for bound in (node.slice.lower, node.slice.upper, node.slice.step)]
            whole = isinstance(owner, str | list) and all(map(is_certain, bounds))
            return owner[slice(*bounds)] if whole else self.unknown(node)
        key = self.value(node.slice)
        return owner[key] if isinstance(owner, dict | list) and is_certain(key) else self.unknown(node)

    def call(self, node: ast.Call) -> Any:
        name = self.dotted(node.func)
        if name in FUNCTIONS:
            return self._apply(FUNCTIONS[name], (), node)
        if not isinstance(node.func, ast.Attribute):
            return self.function(name, node)
        return self.called_on(self.value(node.func.value), node.func.attr, node)

    def called_on(self, owner: Any, name: str, node: ast.Call) -> Any:
        """What a method gives."""
        if isinstance(owner, str) and name in TEXT_METHODS:
            return self._apply(TEXT_METHODS[name], (owner,), node)
        return self.method(owner, name, node)

    def _apply(self, read: Callable[..., Any], before: tuple[Any, ...], node: ast.Call) -> Any:
        places = tuple(map(str, range(len(node.args))))
        given, left = self.arguments(node, places)
        if left or not all(map(self.is_whole, given.values())):
            return self.unknown(node)
        return read(self, node, *before, *(given.pop(place) for place in places), **given)


_KINDS: Mapping[type[ast.AST], str] = {
    ast.Constant: "constant",
    ast.Name: "name",
    ast.Attribute: "attribute",
    ast.Dict: "mapping",
    ast.List: "sequence",
    ast.Tuple: "sequence",
    ast.Set: "sequence",
    ast.JoinedStr: "joined",
    ast.BinOp: "operation",
    ast.UnaryOp: "sign",
    ast.BoolOp: "either",
    ast.Compare: "comparison",
    ast.IfExp: "choice",
    ast.Subscript: "item",
    ast.Call: "call",
    ast.Lambda: "lambda_",
    ast.NamedExpr: "walrus",
    ast.Await: "awaited",
    ast.Yield: "yielded",
    ast.YieldFrom: "awaited",
    ast.ListComp: "comprehension",
    ast.SetComp: "comprehension",
    ast.GeneratorExp: "comprehension",
    ast.DictComp: "comprehension",
}
"""Kind of expression → the method that reads it; any other is unknown."""
_NUMBERS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: lambda left, right: _is(left, right),
    ast.IsNot: lambda left, right: not _is(left, right),
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _is(left: Any, right: Any) -> bool:
    """
    Raises:
        ValueError: neither is None or a boolean: whether equal ones are the same is Python's own business.
    """
    if not any(side is None or isinstance(side, bool) for side in (left, right)):
        raise ValueError
    return left is right
