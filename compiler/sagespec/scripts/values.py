"""What an expression is worth, where the text alone tells."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sagespec.scripts.walking import Module


class Unknown:
    """No value: it depends on what runs."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
MAX_DEPTH = 20
MAX_RANGE = 10_000


def value(
    node: ast.AST | None, module: Module, depth: int = 0, *, given: Mapping[str, Any] = MappingProxyType({})
) -> Any:
    """The constant that an expression stands for; UNKNOWN where it is none, or none that is certain.

    Args:
        given: values of parameters.
    """
    if depth > MAX_DEPTH or node is None:
        return UNKNOWN
    if isinstance(node, ast.Constant):
        return node.value
    found = _KINDS.get(type(node))
    return UNKNOWN if found is None else found(node, _Scope(module, depth + 1, given))


class _Scope(NamedTuple):
    """Where names are looked up."""

    module: Module
    depth: int
    given: Mapping[str, Any]

    def value(self, node: ast.AST | None) -> Any:
        return value(node, self.module, self.depth, given=self.given)


def _name(node: ast.Name, scope: _Scope) -> Any:
    if node.id in scope.given:
        return scope.given[node.id]
    assigned = scope.module.assigned.get(node.id, [])
    return scope.value(assigned[0]) if len(assigned) == 1 and node.id in scope.module.top else UNKNOWN


def _sequence(node: Any, scope: _Scope) -> Any:
    parts = [scope.value(part) for part in node.elts]
    return UNKNOWN if any(part is UNKNOWN for part in parts) else tuple(parts)


def _dict(node: ast.Dict, scope: _Scope) -> Any:
    """Its keys: that is what `choices` and `in` look at."""
    parts = [scope.value(part) for part in node.keys]
    return UNKNOWN if any(part is UNKNOWN for part in parts) else tuple(parts)


def _joined(node: ast.JoinedStr, scope: _Scope) -> Any:
    parts: list[str] = []
    for part in node.values:
        inner = part
        if isinstance(part, ast.FormattedValue):
            if part.conversion != -1 or part.format_spec is not None:
                return UNKNOWN
            inner = part.value
        found = scope.value(inner)
        if not isinstance(found, str):
            return UNKNOWN
        parts.append(found)
    return "".join(parts)


def _operation(node: ast.BinOp, scope: _Scope) -> Any:
    left, right = scope.value(node.left), scope.value(node.right)
    if isinstance(node.op, ast.Add) and type(left) is type(right) and isinstance(left, str | tuple):
        return left + right
    if isinstance(node.op, ast.Mod) and isinstance(left, str) and isinstance(right, str) and left.count("%") == 1:
        return left.replace("%s", right) if "%s" in left else UNKNOWN
    return UNKNOWN


def _minus(node: ast.UnaryOp, scope: _Scope) -> Any:
    inner = scope.value(node.operand)
    return -inner if isinstance(node.op, ast.USub) and type(inner) in (int, float) else UNKNOWN


def _call(node: ast.Call, scope: _Scope) -> Any:
    """`range`, `list`, `tuple`, `os.path.join`, and a text's `upper`, `lower` and `format`."""
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        return UNKNOWN
    given = [scope.value(argument) for argument in node.args]
    if any(part is UNKNOWN for part in given):
        return UNKNOWN
    name = scope.module.dotted(node.func)
    if name == "range" and 1 <= len(given) <= 3 and all(type(part) is int for part in given):
        numbers = range(*given) if given[-1] or len(given) < 3 else range(0)
        return tuple(numbers) if len(numbers) <= MAX_RANGE else UNKNOWN
    if name in ("list", "tuple", "set", "sorted") and len(given) == 1 and isinstance(given[0], tuple):
        return given[0]
    if name == "os.path.join" and given and all(isinstance(part, str) for part in given):
        return "/".join([*(part.rstrip("/") for part in given[:-1]), given[-1]])
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("upper", "lower") and not given:
        text = scope.value(node.func.value)
        return getattr(text, node.func.attr)() if isinstance(text, str) else UNKNOWN
    return UNKNOWN


_KINDS: dict[type[ast.AST], Callable[[Any, _Scope], Any]] = {
    ast.Name: _name,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.JoinedStr: _joined,
    ast.BinOp: _operation,
    ast.UnaryOp: _minus,
    ast.Call: _call,
}
