"""The functions that a container calls by their names: in legacy mode, and where a model is served."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from sagespec.base.named import NamedTuple
from sagespec.scripts.called import LEGACY_FUNCTIONS, SERVING_FUNCTIONS
from sagespec.scripts.known import HARMLESS
from sagespec.scripts.syntax import Piece
from sagespec.scripts.syntax.program import Owner, Program
from sagespec.scripts.syntax.walking import Module
from sagespec.scripts.values import value

_FACTORIES = (
    "numpy_input_fn",
    "pandas_input_fn",
    "build_raw_serving_input_receiver_fn",
    "build_parsing_serving_input_receiver_fn",
)
"""TensorFlow's makers of input functions: what they return is a function."""
_MAX_DEPTH = 4


class LegacyFunction(NamedTuple):
    """One of the functions, as far as its definition can be seen."""

    name: str
    piece: Piece
    parameters: tuple[str, ...] | None = None
    """Those that can be given by position; None where they are not known."""
    needed: int = 0
    """How many of them have no default."""
    takes_more: bool = False
    """There is `*args`."""
    uses: frozenset[str] = frozenset()
    """Parameters that its body uses."""
    keys: Mapping[tuple[int, str], Piece] | None = None
    """(position of the parameter, key) of every `parameter["key"]` that every run comes by."""
    returns_function: bool = False
    """Whatever it returns is a function."""

    def takes(self, count: int) -> bool:
        """Whether it can be called with so many arguments by position."""
        if self.parameters is None:
            return True
        return self.needed <= count and (self.takes_more or count <= len(self.parameters))


class LegacyFunctions(NamedTuple):
    """What the container finds in the module that it imports."""

    found: Mapping[str, LegacyFunction]
    complete: bool
    """No further function can turn up."""


def legacy_functions(program: Program) -> LegacyFunctions:
    """The functions of a program that a legacy container would call."""
    return _functions(program, LEGACY_FUNCTIONS)


def serving_functions(program: Program) -> LegacyFunctions:
    """The functions of a program that a serving container would call, or that its author may take for such."""
    return _functions(program, SERVING_FUNCTIONS)


def _functions(program: Program, names: Iterable[str]) -> LegacyFunctions:
    entry = program.entry
    found = {name: _found(program, name) for name in names if _is_there(program, name)}
    stars = [star for star in entry.stars if star.lstrip(".") not in program.helpers]
    hidden = any(star.partition(".")[0] not in HARMLESS for star in stars)
    dynamic = bool({"exec", "globals", "__import__", "import_module", "setattr"} & entry.names)
    return LegacyFunctions(found, not hidden and not dynamic)


def _is_there(program: Program, name: str) -> bool:
    if name in program.entry.top:
        return True
    return any(
        name in helper.top
        for star in program.entry.stars
        if (helper := program.helpers.get(star.lstrip("."))) is not None
    )


def _found(program: Program, name: str) -> LegacyFunction:
    entry = program.entry
    owner = program.function(entry, name)
    given = entry.assigned.get(name, [])
    if owner is None and len(given) == 1 and isinstance(given[0], ast.Name):
        owner = program.function(entry, given[0].id)
    if owner is None or (owner[0] == 0 and len(given) > 1):
        at = next((node for node in given if node is not None), entry.tree.body[0])
        return LegacyFunction(name, program.piece(entry, at))
    return _described(program, name, owner)


def _described(program: Program, name: str, owner: Owner) -> LegacyFunction:
    module, node = program.modules[owner[0]], program.definition(owner)
    piece = _head(program, module, node)
    if node.decorator_list:
        return LegacyFunction(name, piece)
    arguments = node.args
    parameters = tuple(parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args))
    return LegacyFunction(
        name,
        piece,
        parameters,
        len(parameters) - len(arguments.defaults),
        arguments.vararg is not None,
        frozenset(inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)) & frozenset(parameters),
        dict(_keys(program, module, owner, parameters)),
        _returns_function(program, owner),
    )


def _head(program: Program, module: Module, node: ast.AST) -> Piece:
    """`def name`, without the body."""
    whole = program.piece(module, node)
    return Piece(whole.module, whole.line, whole.column, whole.line, whole.column + 4 + len(node.name))  # type: ignore[attr-defined]


def _keys(
    program: Program, module: Module, owner: Owner, parameters: tuple[str, ...]
) -> Iterator[tuple[tuple[int, str], Piece]]:
    for hit in module.lookups:
        node = hit.node
        if hit.owner != owner[1] or not hit.always or not isinstance(node.ctx, ast.Load):
            continue
        if isinstance(node.value, ast.Name) and node.value.id in parameters:
            key = value(node.slice, module)
            if isinstance(key, str):
                yield (parameters.index(node.value.id), key), program.piece(module, node)


def _returns_function(program: Program, owner: Owner, depth: int = 0) -> bool:
    module, node = program.modules[owner[0]], program.definition(owner)
    if depth > _MAX_DEPTH or owner[1] in module.generators:
        return False
    results = list(_results(node))
    return bool(results) and all(_is_function(program, module, owner, result, depth) for result in results)


def _results(node: ast.AST) -> Iterator[ast.expr | None]:
    """What a function returns, the functions inside it left out."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, ast.Return):
            yield inner.value
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(inner))


def _is_function(program: Program, module: Module, owner: Owner, node: ast.expr | None, depth: int) -> bool:
    if isinstance(node, ast.Lambda):
        return True
    if isinstance(node, ast.Name):
        given = module.assigned.get(node.id, [])
        if f"{owner[1]}.{node.id}" in module.functions or (node.id in module.functions and node.id in module.top):
            return len(given) == 1
        return len(given) == 1 and given[0] is not None and _is_function(program, module, owner, given[0], depth + 1)
    if isinstance(node, ast.Call):
        if module.dotted(node.func).rpartition(".")[2] in _FACTORIES:
            return True
        if depth > _MAX_DEPTH or not isinstance(node.func, ast.Name):
            return False
        target = program.function(module, node.func.id, owner[1])
        return target is not None and _returns_function(program, target, depth + 1)
    return False
