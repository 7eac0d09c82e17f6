"""One walk over a module's tree: its names, calls, look-ups and texts, and which of them are certain to be reached."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.scripts.syntax.reachability import ends_badly, is_first_of_all, is_main_guard, is_true, may_leave

MAIN = ""
"""The owner of what stands in no function."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Occurrence(NamedTuple):
    """A place in the program: a node, the function that it stands in, and whether that function always comes to it."""

    node: Any
    owner: str
    always: bool


class Module:
    """What stands in one module."""

    def __init__(self, tree: ast.Module, helper: bool = False, number: int = 0) -> None:
        """
        Args:
            helper: it is imported, so what stands under its main guard never runs.
            number: its place in the program; the entry point is 0.
        """
        self.tree = tree
        self.helper = helper
        self.number = number
        self.imports: dict[str, str] = {}
        """Local name → what it stands for, with its full dotted name (`.` in front: relative)."""
        self.stars: list[str] = []
        """Modules that everything is imported from."""
        self.imported: set[str] = set()
        """Every module that is named in an import, and every name taken from one as if it were a module."""
        self.import_statements: list[Occurrence] = []
        self.functions: dict[str, Function] = {}
        """By qualified name; those inside a function are named after it, as methods after their class."""
        self.classes: dict[str, ast.ClassDef] = {}
        self.assigned: dict[str, list[ast.expr | None]] = {}
        """Name → every value that it is given anywhere in the module; None where that is not a plain assignment."""
        self.unpacked: list[tuple[ast.Tuple | ast.List, ast.expr]] = []
        """(names, value) of every `a, b = value`."""
        self.top: set[str] = set()
        """Names that the module itself has."""
        self.calls: list[Occurrence] = []
        self.lookups: list[Occurrence] = []
        """Subscripts."""
        self.texts: list[Occurrence] = []
        """String constants that are not docstrings."""
        self.names: set[str] = set()
        """Every name and attribute that is used."""
        self.tests: list[Occurrence] = []
        """Comparisons with `in`."""
        self.uses: list[Occurrence] = []
        """Attributes and names that are read, where no look-up or call begins with them."""
        self.generators: set[str] = set()
        self.known: dict[str, Any] = {}
        """Name → what it is certain to stand for, of those that were asked for (`values`)."""
        self.guarded = False
        """There is a main guard."""
        self.only_python3: ast.AST | None = None
        """The first thing that Python 2.7 cannot read."""
        self.newest: tuple[tuple[int, int], ast.AST] | None = None
        """The newest Python 3 that is needed to read it, beyond 3.6, and for what."""
        self._dotted: dict[ast.AST, str] = {}
        """What names and attributes have turned out to be called: each is asked for again and again."""

    def at(self, number: int) -> Module:
        """The same module at another place of a program."""
        placed = Module.__new__(Module)
        vars(placed).update(vars(self))
        placed.number = number
        return placed

    def dotted(self, node: ast.AST) -> str:
        """The full name of a name or an attribute, imports resolved; nothing for any other expression.

        Asked of a module that has been gone over: what its imports are is known then.
        """
        name = self._dotted.get(node)
        if name is None:
            name = self._dotted[node] = self._full_name(node)
        return name

    def _full_name(self, node: ast.AST) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        parts.append(self.imports.get(node.id, node.id))
        return ".".join(reversed(parts))


def walk(tree: ast.Module, *, helper: bool = False) -> Module:
    """Goes over a module once."""
    module = Module(tree, helper)
    _Walker(module).block(tree.body, MAIN, True)
    return module


_PYTHON3 = frozenset({ast.JoinedStr, ast.AnnAssign, ast.AsyncFunctionDef, ast.Await, ast.Nonlocal, ast.YieldFrom})
_PYTHON3 |= {ast.NamedExpr}
_SINCE = {"Match": (3, 10), "TryStar": (3, 11), "TypeAlias": (3, 12)}
"""Statement → the first Python that reads it."""

Parts = Iterable[tuple[ast.AST, bool]]
"""Expressions, and whether they are certain to be reached."""


class _Walker:
    def __init__(self, module: Module) -> None:
        self.module = module

    def block(self, body: Sequence[ast.stmt], owner: str, always: bool) -> None:
        """Statements one after the other; what follows a way out may not be reached."""
        for statement in body:
            self.statement(statement, owner, always)
            if always and may_leave(statement):
                always = False

    def statement(self, node: ast.stmt, owner: str, always: bool) -> None:
        if type(node) in _PYTHON3:
            self.note_python3(node)
        if type(node).__name__ in _SINCE:
            self.note_since(_SINCE[type(node).__name__], node)
        handle = _STATEMENTS.get(type(node).__name__)
        if handle is not None:
            handle(self, node, owner, always)
        elif not _is_docstring(node):
            self.expressions([node], owner, always)

    def note_python3(self, node: ast.AST) -> None:
        if self.module.only_python3 is None:
            self.module.only_python3 = node

    def note_since(self, version: tuple[int, int], node: ast.AST) -> None:
        if self.module.newest is None or self.module.newest[0] < version:
            self.module.newest = (version, node)

    def class_definition(self, node: ast.ClassDef, owner: str, always: bool) -> None:
        name = _inside(owner, node.name)
        self.module.classes[name] = node
        self.bind(node.name, None, owner)
        self.expressions([*node.decorator_list, *node.bases, *node.keywords], owner, always)
        for inner in node.body:
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                self.function(inner, name, always)
            elif not _is_docstring(inner):
                self.statement(inner, owner, always)

    def loop(self, node: ast.For, owner: str, always: bool) -> None:
        self.expressions([node.iter], owner, always)
        self.target(node.target, None, owner)
        self.block(node.body, owner, False)
        self.block(node.orelse, owner, False)

    def condition_loop(self, node: ast.While, owner: str, always: bool) -> None:
        self.expressions([node.test], owner, always)
        self.block(node.body, owner, always and is_true(node.test))
        self.block(node.orelse, owner, False)

    def context(self, node: ast.With, owner: str, always: bool) -> None:
        for item in node.items:
            self.expressions([item.context_expr], owner, always)
            if item.optional_vars is not None:
                self.target(item.optional_vars, None, owner)
        self.block(node.body, owner, always)

    def match(self, node: ast.Match, owner: str, always: bool) -> None:
        self.expressions([node.subject], owner, always)
        for case in node.cases:
            self.expressions([case.pattern, *([case.guard] if case.guard else [])], owner, False)
            self.block(case.body, owner, False)

    def assignment(self, node: ast.Assign, owner: str, always: bool) -> None:
        for target in node.targets:
            self.target(target, node.value, owner)
            if isinstance(target, ast.Tuple | ast.List):
                self.module.unpacked.append((target, node.value))
        self.expressions([node.value, *node.targets], owner, always)

    def annotated_assignment(self, node: ast.AnnAssign, owner: str, always: bool) -> None:
        self.target(node.target, node.value, owner)
        self.expressions([node.target, *([node.value] if node.value else [])], owner, always)

    def change(self, node: ast.AugAssign, owner: str, always: bool) -> None:
        self.target(node.target, None, owner)
        self.expressions([node.target, node.value], owner, always)

    def function(self, node: Function, owner: str, always: bool) -> None:
        module, arguments = self.module, node.args
        name = _inside(owner, node.name)
        module.functions[name] = node
        self.bind(node.name, None, owner)
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for parameter in [*parameters, arguments.vararg, arguments.kwarg]:
            if parameter is not None:
                module.assigned.setdefault(parameter.arg, []).append(None)
                if parameter.annotation is not None:
                    self.note_python3(parameter.annotation)
        if arguments.posonlyargs:
            self.note_since((3, 8), node)
        if arguments.kwonlyargs or arguments.posonlyargs or node.returns:
            self.note_python3(node)
        defaults = [default for default in (*arguments.defaults, *arguments.kw_defaults) if default is not None]
        self.expressions([*node.decorator_list, *defaults], owner, always)
        body = node.body[1:] if _is_docstring(node.body[0]) else node.body
        self.block(body, name, True)

    def imports(self, node: ast.Import | ast.ImportFrom, owner: str, always: bool) -> None:
        module = self.module
        module.import_statements.append(Occurrence(node, owner, always))
        if isinstance(node, ast.Import):
            for alias in node.names:
                module.imported.add(alias.name)
                local = alias.asname or alias.name.partition(".")[0]
                module.imports[local] = alias.name if alias.asname else local
                self.bind(local, None, owner)
            return
        source = "." * node.level + (node.module or "")
        module.imported.add(source)
        for alias in node.names:
            if alias.name == "*":
                module.stars.append(source)
                continue
            joined = f"{source}{alias.name}" if source.endswith(".") else f"{source}.{alias.name}"
            module.imported.add(joined)
            module.imports[alias.asname or alias.name] = joined
            self.bind(alias.asname or alias.name, None, owner)

    def branches(self, node: ast.If, owner: str, always: bool) -> None:
        module = self.module
        if owner == MAIN and is_main_guard(node.test):
            module.guarded = True
            if not module.helper:
                self.block(node.body, owner, always)
            self.block(node.orelse, owner, False)
            return
        self.expressions([node.test], owner, always)
        self.block(node.body, owner, always and (is_true(node.test) or is_first_of_all(node.test)))
        self.block(node.orelse, owner, False)

    def trying(self, node: ast.Try, owner: str, always: bool) -> None:
        """An error that is only passed on is as good as not caught."""
        passed_on = all(ends_badly(handler.body) for handler in node.handlers)
        self.block(node.body, owner, always and passed_on)
        for handler in node.handlers:
            if handler.type is not None:
                self.expressions([handler.type], owner, False)
            if handler.name:
                self.bind(handler.name, None, owner)
            self.block(handler.body, owner, False)
        self.block(node.orelse, owner, always and passed_on)
        self.block(node.finalbody, owner, always)

    def bind(self, name: str, value: ast.expr | None, owner: str) -> None:
        self.module.assigned.setdefault(name, []).append(value)
        if owner == MAIN:
            self.module.top.add(name)

    def target(self, node: ast.expr, value: ast.expr | None, owner: str) -> None:
        if isinstance(node, ast.Name):
            self.bind(node.id, value, owner)
        elif isinstance(node, ast.Tuple | ast.List):
            for element in node.elts:
                self.target(element, None, owner)
        elif isinstance(node, ast.Starred):
            self.target(node.value, None, owner)

    def expressions(self, nodes: Iterable[ast.AST], owner: str, always: bool) -> None:
        waiting = [(node, always) for node in nodes]
        while waiting:
            node, sure = waiting.pop()
            kind = type(node)
            if kind in _PYTHON3:
                self.note_python3(node)
            waiting += _EXPRESSIONS.get(kind, _Walker.parts)(self, Occurrence(node, owner, sure))

    # What each kind of expression says; the expressions inside of it, and whether they are reached, are given back.

    def parts(self, hit: Occurrence) -> Parts:
        found: list[tuple[ast.AST, bool]] = []
        for name in hit.node._fields:
            value = getattr(hit.node, name, None)
            if type(value) is list:
                found += [(child, hit.always) for child in value if isinstance(child, ast.AST)]
            elif isinstance(value, ast.AST):
                found.append((value, hit.always))
        return found

    def used_name(self, hit: Occurrence) -> Parts:
        self.module.names.add(hit.node.id)
        self.module.uses.append(hit)
        return ()

    def used_attribute(self, hit: Occurrence) -> Parts:
        names, inner = self.module.names, hit.node
        self.module.uses.append(hit)
        while type(inner) is ast.Attribute:
            names.add(inner.attr)
            inner = inner.value
        if type(inner) is not ast.Name:
            return [(inner, hit.always)]
        names.add(inner.id)
        return ()

    def constant(self, hit: Occurrence) -> Parts:
        if type(hit.node.value) is str:
            self.module.texts.append(hit)
        return ()

    def call(self, hit: Occurrence) -> Parts:
        self.module.calls.append(hit)
        return self.parts(hit)

    def lookup(self, hit: Occurrence) -> Parts:
        self.module.lookups.append(hit)
        return self.parts(hit)

    def comparison(self, hit: Occurrence) -> Parts:
        self.module.tests.append(hit)
        return self.parts(hit)

    def choice(self, hit: Occurrence) -> Parts:
        node, _, sure = hit
        return [(node.test, sure), (node.body, False), (node.orelse, False)]

    def either(self, hit: Occurrence) -> Parts:
        first, *rest = hit.node.values
        return [(first, hit.always), *((other, False) for other in rest)]

    def lambda_(self, hit: Occurrence) -> Parts:
        arguments = hit.node.args
        for parameter in [*arguments.args, *arguments.kwonlyargs]:
            self.module.assigned.setdefault(parameter.arg, []).append(None)
        return [(hit.node.body, False), *((default, hit.always) for default in arguments.defaults)]

    def yielded(self, hit: Occurrence) -> Parts:
        self.module.generators.add(hit.owner)
        return self.parts(hit)

    def walrus(self, hit: Occurrence) -> Parts:
        self.note_since((3, 8), hit.node)
        self.target(hit.node.target, None, hit.owner)
        return self.parts(hit)

    def comprehension(self, hit: Occurrence) -> Parts:
        node = hit.node
        first, *rest = node.generators
        for loop in (first, *rest):
            self.target(loop.target, None, "comprehension")
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        tests = [test for loop in (first, *rest) for test in loop.ifs]
        unsure = [*tests, *(loop.iter for loop in rest), *results]
        return [(first.iter, hit.always), *((inner, False) for inner in unsure)]


_EXPRESSIONS: dict[type[ast.AST], Callable[[_Walker, Occurrence], Parts]] = {
    ast.Name: _Walker.used_name,
    ast.Attribute: _Walker.used_attribute,
    ast.Constant: _Walker.constant,
    ast.Call: _Walker.call,
    ast.Subscript: _Walker.lookup,
    ast.Compare: _Walker.comparison,
    ast.IfExp: _Walker.choice,
    ast.BoolOp: _Walker.either,
    ast.Lambda: _Walker.lambda_,
    ast.Yield: _Walker.yielded,
    ast.YieldFrom: _Walker.yielded,
    ast.NamedExpr: _Walker.walrus,
    ast.ListComp: _Walker.comprehension,
    ast.SetComp: _Walker.comprehension,
    ast.DictComp: _Walker.comprehension,
    ast.GeneratorExp: _Walker.comprehension,
}
"""Any other is looked at part by part."""

_STATEMENTS: dict[str, Callable[[_Walker, Any, str, bool], None]] = {
    "FunctionDef": _Walker.function,
    "AsyncFunctionDef": _Walker.function,
    "ClassDef": _Walker.class_definition,
    "Import": _Walker.imports,
    "ImportFrom": _Walker.imports,
    "If": _Walker.branches,
    "For": _Walker.loop,
    "AsyncFor": _Walker.loop,
    "While": _Walker.condition_loop,
    "Try": _Walker.trying,
    "TryStar": _Walker.trying,
    "With": _Walker.context,
    "AsyncWith": _Walker.context,
    "Match": _Walker.match,
    "Assign": _Walker.assignment,
    "AnnAssign": _Walker.annotated_assignment,
    "AugAssign": _Walker.change,
}
"""By the names of their node types, of which older Pythons do not have all; any other is made of expressions."""


def _inside(owner: str, name: str) -> str:
    return f"{owner}.{name}" if owner else name


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
