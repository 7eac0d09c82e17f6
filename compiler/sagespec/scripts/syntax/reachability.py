"""Which statements are reached for certain: conditions that always hold once, and ways out."""

from __future__ import annotations

import ast
from collections.abc import Sequence

_LEAVES = frozenset({"sys.exit", "exit", "quit", "os._exit"})


def is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)


_RANKS = frozenset({"rank", "local_rank", "global_rank", "current_host", "host"})
_FIRST = frozenset({"algo-1", 0, "0"})


def is_first_of_all(test: ast.expr) -> bool:
    """`args.current_host == args.hosts[0]`, `hvd.rank() == 0`: one of the job's processes always comes by."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = [test.left, test.comparators[0]]
    return any(_is_rank(one) and _is_first(other) for one, other in (sides, sides[::-1]))


def _is_rank(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        node = node.func
    return _plain_name(node).rpartition(".")[2] in _RANKS


def _is_first(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        is_hosts = _plain_name(node.value).rpartition(".")[2] == "hosts"
        return is_hosts and isinstance(node.slice, ast.Constant) and node.slice.value == 0
    return isinstance(node, ast.Constant) and not isinstance(node.value, bool) and node.value in _FIRST


def is_main_guard(test: ast.expr) -> bool:
    """`__name__ == "__main__"`, whichever way round."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = [test.left, test.comparators[0]]
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )


def _leaves(node: ast.stmt) -> bool:
    """Whether a statement ends the program, or the function with an error."""
    if isinstance(node, ast.Raise):
        return True
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and _plain_name(call.func) in _LEAVES


def _plain_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def ends_badly(body: Sequence[ast.stmt]) -> bool:
    """Whether a handler passes the error on, or ends the program with one."""
    last = body[-1]
    if not _leaves(last):
        return False
    call = last.value if isinstance(last, ast.Expr) else None
    return not (isinstance(call, ast.Call) and (not call.args or _is_success(call.args[0])))


def _is_success(code: ast.expr) -> bool:
    return isinstance(code, ast.Constant) and not code.value


def may_leave(statement: ast.stmt) -> bool:
    """Whether what follows a statement may be left out although nothing went wrong.

    A condition on `mode` is a legacy function's: it is called once for every mode.
    """
    if isinstance(statement, ast.Return | ast.Continue | ast.Break):
        return True
    if isinstance(statement, ast.If):
        if any(isinstance(name, ast.Name) and name.id == "mode" for name in ast.walk(statement.test)):
            return False
        return any(may_leave(inner) for inner in (*statement.body, *statement.orelse))
    if isinstance(statement, ast.With | ast.AsyncWith):
        return any(may_leave(inner) for inner in statement.body)
    if isinstance(statement, ast.For | ast.AsyncFor | ast.While):
        returns = (ast.Return,)
        return any(isinstance(inner, returns) for inner in ast.walk(statement))
    if isinstance(statement, ast.Try):
        blocks = [statement.body, statement.orelse, statement.finalbody, *(h.body for h in statement.handlers)]
        return any(may_leave(inner) for block in blocks for inner in block)
    return not isinstance(statement, ast.Raise) and _leaves(statement)
