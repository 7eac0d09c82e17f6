"""An entry point and the helper modules that it imports, as one program: who calls whom, and what is certain to run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from sagespec.scripts.called import LEGACY_FUNCTIONS
from sagespec.scripts.known import is_known
from sagespec.scripts.syntax import Piece
from sagespec.scripts.syntax.walking import MAIN, Function, Module, Occurrence

RUNNERS = frozenset({"tf.app.run", "tensorflow.app.run", "tensorflow.compat.v1.app.run", "absl.app.run", "app.run"})
"""They call the function that they are given."""
_STARTERS = ("subprocess.", "os.exec", "os.spawn", "os.posix_spawn", "runpy.")
_DYNAMIC = frozenset({"exec", "execfile", "__import__", "importlib.import_module", "imp.load_source", "os.system"})
_DYNAMIC |= {"os.popen", "commands.getoutput", "commands.getstatusoutput", "pty.spawn"}

Owner = tuple[int, str]
"""A function: the number of its module, and its qualified name."""


class Program:
    """Modules, the entry point first.

    Args:
        helpers: by the name that an import gives them.
        complete: no module that stands beside the entry point was left unread.
    """

    def __init__(self, entry: Module, helpers: Mapping[str, Module], *, complete: bool = True) -> None:
        self.entry = entry
        self.helpers = dict(helpers)
        self.modules = {module.number: module for module in (entry, *self.helpers.values())}
        self.names = frozenset().union(*(module.names for module in self.modules.values()))
        self.imported = frozenset().union(*(module.imported for module in self.modules.values()))
        self._occurrences: dict[str, list[tuple[Module, Occurrence]]] = {}
        self._dead = frozenset(self._unnamed())
        self.reached = self._reached([(0, MAIN), *((module.number, MAIN) for module in self.helpers.values())])
        self.reached_in_legacy_mode = self._reached(
            [*self.reached, *(owner for name in LEGACY_FUNCTIONS if (owner := self.function(entry, name)) is not None)]
        )
        self.closed = complete and not self._has_unknown_imports() and not self._runs_unread_code()

    def piece(self, module: Module, node: ast.AST) -> Piece:
        at = node
        return Piece(module.number, at.lineno, at.col_offset, at.end_lineno, at.end_col_offset)  # type: ignore[attr-defined]

    def occurrences(self, kind: str) -> list[tuple[Module, Occurrence]]:
        """Everything of a kind (`calls`, `texts` …) that stands in code which something refers to."""
        if kind not in self._occurrences:
            self._occurrences[kind] = [
                (module, hit)
                for module in self.modules.values()
                for hit in getattr(module, kind)
                if (module.number, hit.owner.partition(".")[0]) not in self._dead
            ]
        return self._occurrences[kind]

    def _unnamed(self) -> Iterator[Owner]:
        """Functions that nothing in the program names: they are never called."""
        for module in self.modules.values():
            for name, function in module.functions.items():
                if name not in self.names and name not in LEGACY_FUNCTIONS and not function.decorator_list:
                    yield module.number, name

    def certain(self, module: Module, hit: Occurrence, *, legacy: bool = False) -> bool:
        """Whether a run surely comes by."""
        reached = self.reached_in_legacy_mode if legacy else self.reached
        return hit.always and (module.number, hit.owner) in reached

    def function(self, module: Module, name: str, owner: str = MAIN) -> Owner | None:
        """The function (or a class's `__init__`) that a name in some function stands for; None for a library's."""
        inside = owner
        while inside:
            if f"{inside}.{name}" in module.functions:
                return module.number, f"{inside}.{name}"
            inside = inside.rpartition(".")[0]
        if name in module.functions:
            return module.number, name
        if name in module.classes and f"{name}.__init__" in module.functions:
            return module.number, f"{name}.__init__"
        return self._imported(module.imports.get(name, name)) or self._of_stars(module, name)

    def called(self, module: Module, hit: Occurrence) -> Owner | None:
        """The function that a call calls."""
        target = hit.node.func
        if isinstance(target, ast.Name):
            return self.function(module, target.id, hit.owner)
        dotted = module.dotted(target)
        if dotted.startswith("self.") and "." in hit.owner:
            own = f"{hit.owner.rpartition('.')[0]}.{dotted.removeprefix('self.')}"
            return (module.number, own) if own in module.functions else None
        return self._imported(dotted)

    def passed(
        self, module: Module, hit: Occurrence, name: ast.Name
    ) -> Iterator[tuple[Module, Occurrence, ast.expr | None]]:
        """What every call of a function passes for one of its parameters, which `name` in its body must be."""
        owner = (module.number, hit.owner)
        function = module.functions.get(hit.owner)
        parameters = [] if function is None else [parameter.arg for parameter in function.args.args]
        if name.id not in parameters:
            return
        position = parameters.index(name.id)
        for caller, call in self._callers.get(owner, ()):
            words = {keyword.arg: keyword.value for keyword in call.node.keywords}
            given = call.node.args[position] if position < len(call.node.args) else words.get(name.id)
            yield caller, call, given

    @cached_property
    def _callers(self) -> Mapping[Owner, list[tuple[Module, Occurrence]]]:
        """Every call of each function."""
        found: dict[Owner, list[tuple[Module, Occurrence]]] = {}
        for module, hit in self.occurrences("calls"):
            target = self.called(module, hit)
            if target is not None:
                found.setdefault(target, []).append((module, hit))
        return found

    def definition(self, owner: Owner) -> Function:
        return self.modules[owner[0]].functions[owner[1]]

    def _imported(self, dotted: str) -> Owner | None:
        source, _, name = dotted.lstrip(".").rpartition(".")
        helper = self.helpers.get(source)
        if helper is None:
            return None
        if name in helper.functions:
            return helper.number, name
        return (helper.number, f"{name}.__init__") if f"{name}.__init__" in helper.functions else None

    def _of_stars(self, module: Module, name: str) -> Owner | None:
        for star in module.stars:
            helper = self.helpers.get(star.lstrip("."))
            if helper is not None and name in helper.functions:
                return helper.number, name
        return None

    def _reached(self, roots: Iterable[Owner]) -> frozenset[Owner]:
        reached, waiting = set[Owner](), list(roots)
        calls: dict[Owner, list[tuple[Module, Occurrence]]] = {}
        for module in self.modules.values():
            for hit in module.calls:
                if hit.always:
                    calls.setdefault((module.number, hit.owner), []).append((module, hit))
        while waiting:
            owner = waiting.pop()
            if owner in reached or owner[1] in self.modules[owner[0]].generators:
                continue
            reached.add(owner)
            for module, hit in calls.get(owner, ()):
                waiting += [target for target in self._targets(module, hit) if target is not None]
        return frozenset(reached)

    def _targets(self, module: Module, hit: Occurrence) -> Iterator[Owner | None]:
        yield self.called(module, hit)
        if module.dotted(hit.node.func) in RUNNERS:
            given = [*hit.node.args[:1], *(keyword.value for keyword in hit.node.keywords if keyword.arg == "main")]
            yield from (self.function(module, name.id) for name in given if isinstance(name, ast.Name))
            if not given:
                yield self.function(module, "main")

    def _has_unknown_imports(self) -> bool:
        """Whether a module is imported of which nobody knows what it reads and writes."""
        for name in self.imported:
            top = name.lstrip(".").partition(".")[0]
            if (
                name.strip(".")
                and (name.startswith(".") or not is_known(top))
                and not self._is_helper(name.lstrip("."))
            ):
                return True
        return False

    def _is_helper(self, name: str) -> bool:
        return name in self.helpers or name.rpartition(".")[0] in self.helpers

    def _runs_unread_code(self) -> bool:
        """Whether something is run that is not here to be read; installing packages is none of that."""
        if "exec" in self.names:
            return True
        for module, hit in self.occurrences("calls"):
            name = module.dotted(hit.node.func)
            if name in _DYNAMIC or (name.startswith(_STARTERS) and not name.endswith(("Error", "Expired"))):
                words = {part.value for part in ast.walk(hit.node) if isinstance(part, ast.Constant)}
                if not any(isinstance(word, str) and ("pip" in word.split() or "nvidia-smi" in word) for word in words):
                    return True
        return False
