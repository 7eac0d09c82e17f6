"""Variables that a program asks for without a default (`os.getenv("X")`), and then certainly takes for a path."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from sagespec.base.named import NamedTuple
from sagespec.scripts.syntax import Piece
from sagespec.scripts.syntax.program import Program
from sagespec.scripts.syntax.walking import Module, Occurrence
from sagespec.scripts.values import value

_PATH_TAKERS = frozenset(
    (
        *("open", "io.open", "os.listdir", "os.scandir", "os.walk", "os.stat", "os.chdir", "glob.glob", "glob.iglob"),
        *("os.path.join", "os.path.exists", "os.path.isdir", "os.path.isfile", "os.path.basename", "os.path.dirname"),
        *("os.path.abspath", "pathlib.Path", "pathlib.PurePath", "joblib.load", "numpy.load", "numpy.loadtxt"),
        *("numpy.genfromtxt", "pandas.read_csv", "pandas.read_parquet", "pandas.read_json", "pandas.read_pickle"),
        *("tensorflow.io.gfile.listdir", "tensorflow.io.gfile.glob", "tensorflow.io.gfile.GFile"),
    )
)
"""Functions that stop, or look into another folder, where they are given None."""
_ALL_PATHS = frozenset({"os.path.join"})
"""… by any of their arguments."""
_PARSING = frozenset({"parse_args", "parse_known_args"})
_DEEPEST = 8


class PathVariable(NamedTuple):
    """A variable that must be there, because something is done with its value that None does not bear."""

    variable: str
    options: tuple[str, ...]
    """Command-line options that give the value too."""
    piece: Piece
    """Where it is taken for a path."""


def wanted(program: Program, asks: Callable[[Module, ast.expr], str]) -> Iterator[PathVariable]:
    """What a program takes for a path although it may be None.

    Args:
        asks: the dotted name of a function, however the environment is called in the module.
    """
    reader = _Reader(program, asks)
    for module, hit in program.occurrences("calls"):
        if not program.certain(module, hit):
            continue
        for node in _operands(hit.node, module):
            for variable, options in reader.sources(module, hit, node, _DEEPEST):
                yield PathVariable(variable, options, program.piece(module, hit.node))


def _operands(call: ast.Call, module: Module) -> Iterator[ast.expr]:
    """Expressions in a call that must be texts: the paths that a known function takes, and what is added to a text."""
    name = module.dotted(call.func)
    if name in _PATH_TAKERS:
        yield from call.args if name in _ALL_PATHS else call.args[:1]
    for argument in (*call.args, *(word.value for word in call.keywords)):
        yield from _added(argument)


def _added(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for side in (node.left, node.right):
            yield side
            yield from _added(side)


class _Reader:
    def __init__(self, program: Program, asks: Callable[[Module, ast.expr], str]) -> None:
        self.program = program
        self.asks = asks
        self.parsers: dict[ast.FunctionDef | ast.AsyncFunctionDef, bool] = {}
        """Function → whether it returns what was parsed."""
        self.options = {} if {"set_defaults", "setattr"} & program.names else dict(self._options())

    def sources(
        self, module: Module, hit: Occurrence, node: ast.expr, depth: int
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The variables that an expression certainly is the value of, each with the options that it may come from."""
        if depth == 0:
            return
        if isinstance(node, ast.Call):
            name = self._variable(module, node)
            if name:
                yield name, ()
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            known = self.options.get(node.attr)
            if known is not None and self._is_namespace(module, hit, node.value, depth):
                yield known
        elif isinstance(node, ast.Name):
            given = module.assigned.get(node.id, [])
            passed = list(self.program.passed(module, hit, node))
            if len(given) != 1:
                return
            if given[0] is not None:
                yield from self.sources(module, hit, given[0], depth - 1)
            for caller, call, argument in passed:
                if argument is not None and self.program.certain(caller, call):
                    yield from self.sources(caller, call, argument, depth - 1)

    def _variable(self, module: Module, node: ast.expr | None) -> str:
        """The variable that a call asks for without a default."""
        if not isinstance(node, ast.Call) or self.asks(module, node.func) not in ("os.environ.get", "os.getenv"):
            return ""
        if len(node.args) != 1 or node.keywords:
            return ""
        name = value(node.args[0], module)
        return name if isinstance(name, str) else ""

    def _options(self) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
        """Attribute of the parsed arguments → the variable that is its default, and the option's names; of those that
        are declared once and never changed."""
        declared: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for module, hit in self.program.occurrences("calls"):
            if not isinstance(hit.node.func, ast.Attribute) or hit.node.func.attr != "add_argument":
                continue
            words = {word.arg: word.value for word in hit.node.keywords}
            names = [value(argument, module) for argument in hit.node.args]
            flags = tuple(name for name in names if isinstance(name, str))
            own = value(words.get("dest"), module)
            longest = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
            attribute = own if isinstance(own, str) else longest.lstrip("-").replace("-", "_")
            variable = self._variable(module, words.get("default"))
            declared.setdefault(attribute, []).append((variable, flags))
        changed = {
            hit.node.attr
            for _, hit in self.program.occurrences("uses")
            if isinstance(hit.node, ast.Attribute) and not isinstance(hit.node.ctx, ast.Load)
        }
        for attribute, found in declared.items():
            if len(found) == 1 and found[0][0] and attribute not in changed:
                yield attribute, found[0]

    def _is_namespace(self, module: Module, hit: Occurrence, name: ast.Name, depth: int) -> bool:
        """Whether a name stands for what `parse_args` has given."""
        given = module.assigned.get(name.id, [])
        unpacked = [
            source
            for names, source in module.unpacked
            if names.elts and isinstance(names.elts[0], ast.Name) and names.elts[0].id == name.id
        ]
        known = [node for node in given if node is not None] + unpacked
        if known and all(self._parses(node, module) for node in known):
            return True
        passed = list(self.program.passed(module, hit, name))
        return bool(passed) and all(
            isinstance(argument, ast.Name) and depth > 0 and self._is_namespace(caller, call, argument, depth - 1)
            for caller, call, argument in passed
        )

    def _parses(self, node: ast.expr, module: Module) -> bool:
        """Whether a call parses the command line, or calls a function that returns what was parsed."""
        func = node.func if isinstance(node, ast.Call) else None
        if isinstance(func, ast.Attribute):
            return func.attr in _PARSING
        own = module.functions.get(func.id) if isinstance(func, ast.Name) else None
        if own is None:
            return False
        if own not in self.parsers:
            self.parsers[own] = _returns_what_was_parsed(own)
        return self.parsers[own]


def _returns_what_was_parsed(function: ast.AST) -> bool:
    returned = [each.value for each in ast.walk(function) if isinstance(each, ast.Return)]
    calls = [each.func for each in returned if isinstance(each, ast.Call)]
    return bool(calls) and all(isinstance(each, ast.Attribute) and each.attr in _PARSING for each in calls)


__all__ = ["PathVariable", "wanted"]
