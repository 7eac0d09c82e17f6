"""The options that a program's argparse parsers declare, and how sure that is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from sagespec.scripts.known import OTHER_COMMAND_LINES
from sagespec.scripts.options import NO_VALUE, TAKES_VALUE, DeclaredArguments, DeclaredOption
from sagespec.scripts.syntax.program import Program
from sagespec.scripts.syntax.walking import MAIN, Module, Occurrence
from sagespec.scripts.values import value
from sagespec.scripts.values.constants import UNKNOWN

STRICT = frozenset({"parse_args", "parse_intermixed_args"})
LENIENT = frozenset({"parse_known_args", "parse_known_intermixed_args"})
_PARSER = "argparse.ArgumentParser"
_MAKERS = frozenset({"add_argument_group", "add_mutually_exclusive_group"})
_KNOWN_USES = STRICT | LENIENT | _MAKERS | {"add_argument", "add_subparsers", "set_defaults", "get_default"}
_KNOWN_USES |= {"print_help", "print_usage", "format_help", "format_usage", "error", "exit", "description", "epilog"}
_KNOWN_USES |= {"prog", "usage", "formatter_class", "add_help"}
_READERS = frozenset({"print", "vars", "type", "isinstance", "id", "repr", "str"})
_OVERRIDABLE = frozenset({"__init__", "format_help", "print_help", "print_usage", "format_usage"})
_TYPES = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "json.loads": "json",
    "ast.literal_eval": "literal",
    "pathlib.Path": "path",
    "os.path.abspath": "path",
    "os.path.expanduser": "path",
}


def arguments(program: Program) -> DeclaredArguments | None:
    """The program's options; None where its command line is taken in a way that is not understood, or not at all."""
    reader = _ParserReader(program)
    return reader.arguments() if reader.understood() else None


def ignores_arguments(program: Program) -> bool:
    """Whether nothing in a program looks at its command line."""
    words = {"argv", "ArgumentParser", *(name for name in program.names if name.startswith("DEFINE_"))}
    return program.closed and not (words & program.names) and not _other_command_lines(program)


def _declares(module: Module, function: ast.expr) -> bool:
    """Whether a call declares an option: `parser.add_argument(…)`, or by a short name for it."""
    if isinstance(function, ast.Name):
        return bool(_short_for(module, function))
    return isinstance(function, ast.Attribute) and function.attr == "add_argument"


def _short_for(module: Module, name: ast.Name) -> list[tuple[ast.Attribute, list[ast.keyword]]]:
    """The `add_argument` that a name certainly stands for, with the words that functools.partial gives it: each of
    those that are assigned to it, or none."""
    found = []
    for given in module.assigned.get(name.id, []):
        node, words = given, list[ast.keyword]()
        if isinstance(node, ast.Call) and module.dotted(node.func) == "functools.partial" and len(node.args) == 1:
            words, node = node.keywords, node.args[0]
        if not (isinstance(node, ast.Attribute) and node.attr == "add_argument"):
            return []
        found.append((node, words))
    return found


def _other_command_lines(program: Program) -> bool:
    if any(name.startswith("DEFINE_") or name in ("HfArgumentParser", "OptionParser") for name in program.names):
        return True
    return any(
        name == other or name.startswith(f"{other}.") for name in program.imported for other in OTHER_COMMAND_LINES
    )


class _ParserReader:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.calls = list(program.occurrences("calls"))
        self.subclasses = {
            name: found
            for module in program.modules.values()
            for name, found in module.classes.items()
            if any(module.dotted(base) == _PARSER for base in found.bases)
        }
        self.parsers = [(module, hit) for module, hit in self.calls if self.makes_parser(module, hit.node)]
        self.parses = [
            (module, hit)
            for module, hit in self.calls
            if isinstance(hit.node.func, ast.Attribute) and hit.node.func.attr in STRICT | LENIENT
        ]
        self.names = set(self._parser_names())

    def makes_parser(self, module: Module, node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        name = module.dotted(node.func)
        return name == _PARSER or name.rpartition(".")[2] in self.subclasses

    def _parser_names(self) -> Iterator[str]:
        for module in self.program.modules.values():
            for name, given in module.assigned.items():
                for node in given:
                    makes = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                    if node is not None and (
                        self.makes_parser(module, node) or (makes and node.func.attr in _MAKERS)  # type: ignore[attr-defined]
                    ):
                        yield name

    def understood(self) -> bool:
        """Whether every parse is argparse's own and reads the program's own command line."""
        if not self.parsers or not self.parses or _other_command_lines(self.program):
            return False
        for found in self.subclasses.values():
            methods = {inner.name for inner in found.body if isinstance(inner, ast.FunctionDef)}
            if not methods <= _OVERRIDABLE:
                return False
        for _, hit in self.parsers:
            if any(keyword.arg in (None, "prefix_chars", "fromfile_prefix_chars") for keyword in hit.node.keywords):
                return False
        if not self._argv_untouched():
            return False
        return all(self._reads_argv(module, hit) and self._is_ours(module, hit) for module, hit in self.parses)

    def _argv_untouched(self) -> bool:
        """`sys.argv` is only read, never written."""
        for module in self.program.modules.values():
            for hit in module.uses:
                dotted = module.dotted(hit.node)
                if dotted.startswith("sys.argv.") or (dotted == "sys.argv" and not isinstance(hit.node.ctx, ast.Load)):
                    return False
            for hit in module.lookups:
                if module.dotted(hit.node.value) == "sys.argv" and not isinstance(hit.node.ctx, ast.Load):
                    return False
        return True

    def _reads_argv(self, module: Module, hit: Occurrence) -> bool:
        given = [*hit.node.args[:1], *(keyword.value for keyword in hit.node.keywords if keyword.arg == "args")]
        if not given:
            return True
        argument = given[0]
        if isinstance(argument, ast.Name):
            function = module.functions.get(hit.owner)
            parameters = [] if function is None else [parameter.arg for parameter in function.args.args]
            values = [node for node in module.assigned.get(argument.id, []) if node is not None]
            return (argument.id in parameters and not values) or (
                bool(values) and all(_is_argv(module, node) for node in values)
            )
        return _is_argv(module, argument) or (isinstance(argument, ast.Constant) and argument.value is None)

    def _is_ours(self, module: Module, hit: Occurrence) -> bool:
        """Whether what parses can only be a parser of the program's own."""
        receiver = hit.node.func.value
        if isinstance(receiver, ast.Call):
            return (
                self.makes_parser(module, receiver)
                or self.program.called(module, Occurrence(receiver, MAIN, True)) is not None
            )
        if isinstance(receiver, ast.Attribute):
            return module.dotted(receiver).startswith("self.") or receiver.attr in self.names
        if not isinstance(receiver, ast.Name):
            return False
        if receiver.id == "self":
            return True
        return all(self._may_be_parser(module, receiver.id, node) for node in module.assigned.get(receiver.id, []))

    def _may_be_parser(self, module: Module, name: str, node: ast.expr | None) -> bool:
        if node is None:  # a parameter, or an import
            source = module.imports.get(name, "").lstrip(".").rpartition(".")[0]
            return name not in module.imports or source in self.program.helpers
        if isinstance(node, ast.Name):
            return node.id in self.names
        if self.makes_parser(module, node):
            return True
        return isinstance(node, ast.Call) and self.program.called(module, Occurrence(node, MAIN, True)) is not None

    def arguments(self) -> DeclaredArguments:
        declared = [(module, hit) for module, hit in self.calls if _declares(module, hit.node.func)]
        if "add_subparsers" in self.program.names:
            return self._above_subcommands(declared) or self._arguments(declared, self.parses)
        return self._strict_of_several(declared) or self._arguments(declared, self.parses)

    def _above_subcommands(self, declared: list[tuple[Module, Occurrence]]) -> DeclaredArguments | None:
        """The options of the parser itself: those of its subcommands need a word before them, and the container
        passes options only. None where it is not certain which options are whose."""
        words = [value(hit.node.args[0], module) for module, hit in self._calls_of("add_parser") if hit.node.args]
        if len(self.parsers) != 1 or "parents" in self._words() or not all(isinstance(word, str) for word in words):
            return None
        owners = {id(hit.node): self._rank(module, hit.node.func) for module, hit in declared}
        if None in owners.values():
            return None
        own = [one for one in declared if owners[id(one[1].node)] == "parser"]
        below = [self._option(module, hit) for module, hit in declared if owners[id(hit.node)] == "subcommand"]
        made = self._arguments(own, self.parses)
        insists = [
            self.program.piece(module, hit.node)
            for module, hit in self._calls_of("add_subparsers")
            for keyword in hit.node.keywords
            if keyword.arg == "required" and value(keyword.value, module) is True and self.program.certain(module, hit)
        ]
        return made._replace(
            complete=not self._handed_out() and all(self._option(module, hit) is not None for module, hit in own),
            below=tuple(flag for option in below if option is not None for flag in option.flags),
            words=tuple(words),
            insists_on_word=insists[0] if insists else None,
        )

    def _calls_of(self, method: str) -> list[tuple[Module, Occurrence]]:
        return [
            (module, hit)
            for module, hit in self.calls
            if isinstance(hit.node.func, ast.Attribute) and hit.node.func.attr == method
        ]

    def _rank(self, module: Module, func: ast.expr, depth: int = 4) -> str | None:
        """Whether a method is that of the parser itself or of a subcommand's; None where that is not certain."""
        receiver = func.value if isinstance(func, ast.Attribute) else None
        if not isinstance(receiver, ast.Name) or depth == 0:
            return None
        ranks = {self._rank_of(module, given, depth) for given in module.assigned.get(receiver.id, [None])}
        return ranks.pop() if len(ranks) == 1 else None

    def _rank_of(self, module: Module, made: ast.expr | None, depth: int) -> str | None:
        if made is None or not isinstance(made, ast.Call):
            return None
        if self.makes_parser(module, made):
            return "parser"
        method = made.func.attr if isinstance(made.func, ast.Attribute) else ""
        if method == "add_parser":
            return "subcommand"
        return self._rank(module, made.func, depth - 1) if method in _MAKERS else None

    def _strict_of_several(self, declared: list[tuple[Module, Occurrence]]) -> DeclaredArguments | None:
        """Of several parsers, the first that every run parses strictly, with its own options: it stops the program at
        what only another one knows. None where it is not certain which options are whose."""
        if len(self.parsers) < 2 or {"add_subparsers", "parents", *_MAKERS} & self._words():
            return None
        owners = {id(hit.node): self._parser_of(module, hit) for module, hit in [*declared, *self.parses]}
        if None in owners.values():
            return None
        for module, hit in self.parses:
            if hit.node.func.attr in STRICT and self.program.certain(module, hit):
                own = owners[id(hit.node)]
                options = [one for one in declared if owners[id(one[1].node)] == own]
                return self._arguments(options, [(module, hit)])
        return None

    def _words(self) -> set[str]:
        words = {word.arg for _, hit in self.calls for word in hit.node.keywords if word.arg is not None}
        return words | set(self.program.names)

    def _parser_of(self, module: Module, hit: Occurrence) -> int | None:
        """Which parser a call of one of its methods is about; None where that is not certain."""
        func = hit.node.func
        if isinstance(func, ast.Name):
            short = _short_for(module, func)
            func = short[0][0] if len(short) == 1 else func
        receiver = func.value if isinstance(func, ast.Attribute) else None
        if not isinstance(receiver, ast.Name):
            return None
        given = module.assigned.get(receiver.id, [])
        made = [(id(one.node), one.owner) for _, one in self.parsers if any(one.node is node for node in given)]
        here = [number for number, owner in made if owner == hit.owner]
        if len(made) != len(given):
            return None
        if len(here) == 1:
            return here[0]
        return made[0][0] if len(made) == 1 and made[0][1] == MAIN else None

    def _arguments(
        self, declared: list[tuple[Module, Occurrence]], parses: list[tuple[Module, Occurrence]]
    ) -> DeclaredArguments:
        program = self.program
        options = [self._option(module, hit) for module, hit in declared]
        words = {hit.node.func.attr for _, hit in parses}
        subcommands = "add_subparsers" in program.names
        module, first = parses[0]
        return DeclaredArguments(
            options=tuple(option for option in options if option is not None),
            complete=None not in options and not subcommands and not self._handed_out(),
            strict=words <= STRICT and all(hit.always for _, hit in parses),
            forgets=words <= LENIENT and all(self._rest_unused(module, hit) for module, hit in parses),
            certain=len(parses) == 1 and program.certain(module, first),
            abbreviations=not all(
                any(word.arg == "allow_abbrev" and value(word.value, module) is False for word in hit.node.keywords)
                for module, hit in self.parsers
            ),
            subcommands=subcommands,
            parses=program.piece(module, first.node),
        )

    def _option(self, module: Module, hit: Occurrence) -> DeclaredOption | None:
        call = hit.node
        flags = [value(argument, module) for argument in call.args]
        short = _short_for(module, call.func) if isinstance(call.func, ast.Name) else []
        if len(short) > 1 and any(words for _, words in short):
            return None
        words = {word.arg: word.value for word in [*(word for _, given in short for word in given), *call.keywords]}
        if None in words or not all(isinstance(flag, str) and flag for flag in flags):
            return None
        if not flags:
            flags = [value(words.get("dest"), module)]
            if not isinstance(flags[0], str):
                return None
        positional = not flags[0].startswith("-")
        action = _action(words.get("action"), module)
        opposites = [f"--no-{flag[2:]}" for flag in flags if action == "boolean" and flag.startswith("--")]
        return DeclaredOption(
            flags=() if positional else (*flags, *opposites),
            name=flags[0] if positional else max(flags, key=len),
            action=action,
            type=_type(words.get("type"), module),
            choices=_choices(words, module),
            nargs=_nargs(words.get("nargs"), module),
            required=value(words.get("required"), module) is True,
            certain=self.program.certain(module, hit) and not self._in_exclusive_group(module, call),
            piece=self.program.piece(module, call),
            variable=_variable(words.get("default"), module),
        )

    def _in_exclusive_group(self, module: Module, call: ast.Call) -> bool:
        func = call.func
        if isinstance(func, ast.Name):  # a short name for it
            func = next((node for node, _ in _short_for(module, func)), func)
        receiver = func.value if isinstance(func, ast.Attribute) else None
        if not isinstance(receiver, ast.Name):
            return "add_mutually_exclusive_group" in self.program.names
        return any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "add_mutually_exclusive_group"
            for node in module.assigned.get(receiver.id, [])
        )

    def _handed_out(self) -> bool:
        """Whether a parser, or its `add_argument`, goes to somebody who may add options of which nothing is known."""
        declaring = {id(hit.node.func) for module, hit in self.calls}
        for module in self.program.modules.values():
            for name in module.assigned:
                declaring |= {id(node) for node, _ in _short_for(module, ast.Name(name))}
        for module in self.program.modules.values():
            for hit in module.uses:
                node = hit.node
                if isinstance(node, ast.Attribute) and node.attr == "add_argument" and id(node) not in declaring:
                    return True
        for module, hit in self.calls:
            name = module.dotted(hit.node.func)
            for keyword in hit.node.keywords:
                known = keyword.arg != "parents" or self._known_parents(module, keyword.value)
                if not known and self.makes_parser(module, hit.node):
                    return True
            given = [*hit.node.args, *(keyword.value for keyword in hit.node.keywords)]
            passed = any(isinstance(argument, ast.Name) and argument.id in self.names for argument in given)
            if passed and name not in _READERS and self.program.called(module, hit) is None:
                return True
        for module in self.program.modules.values():
            for hit in module.uses:
                node = hit.node
                if (
                    isinstance(node, ast.Attribute)
                    and isinstance(node.value, ast.Name)
                    and node.value.id in self.names
                    and node.attr not in _KNOWN_USES
                ):
                    return True
        return False

    def _known_parents(self, module: Module, node: ast.expr) -> bool:
        if not isinstance(node, ast.List | ast.Tuple):
            return False
        for parent in node.elts:
            called = (
                isinstance(parent, ast.Call) and self.program.called(module, Occurrence(parent, MAIN, True)) is not None
            )
            named = isinstance(parent, ast.Name) and all(
                self._may_be_parser(module, parent.id, given) for given in module.assigned.get(parent.id, [None])
            )
            if not called and not named:
                return False
        return True

    def _rest_unused(self, module: Module, hit: Occurrence) -> bool:
        """`args, _ = parser.parse_known_args()`, and nobody asks for the rest; or only the first is taken."""
        for names, given in module.unpacked:
            if given is hit.node and len(names.elts) == 2 and isinstance(names.elts[1], ast.Name):
                return not self._is_read(module, names.elts[1].id)
        taken = [lookup.node for lookup in module.lookups if lookup.node.value is hit.node]
        return any(value(lookup.slice, module) == 0 for lookup in taken)

    def _is_read(self, module: Module, name: str) -> bool:
        names = (use.node for use in module.uses if isinstance(use.node, ast.Name))
        return any(node.id == name and isinstance(node.ctx, ast.Load) for node in names)


def _is_argv(module: Module, node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and module.dotted(node.value) == "sys.argv"


def _action(node: ast.expr | None, module: Module) -> str:
    if node is None:
        return "store"
    given = value(node, module)
    if isinstance(given, str):
        return given if given in NO_VALUE | TAKES_VALUE else ""
    return "boolean" if module.dotted(node) == "argparse.BooleanOptionalAction" else ""


def _type(node: ast.expr | None, module: Module) -> str:
    if node is None:
        return "str"
    name = module.dotted(node)
    shadowed = isinstance(node, ast.Name) and node.id in module.top and node.id not in module.imports
    return "" if shadowed else _TYPES.get(name, "")


def _variable(node: ast.expr | None, module: Module) -> str:
    """The variable that `os.environ["X"]`, `os.environ.get("X")` or `os.getenv("X")` asks for."""
    asked: ast.expr | None = None
    if isinstance(node, ast.Subscript) and module.dotted(node.value) == "os.environ":
        asked = node.slice
    elif isinstance(node, ast.Call) and module.dotted(node.func) in ("os.environ.get", "os.getenv") and node.args:
        asked = node.args[0]
    found = value(asked, module)
    return found if isinstance(found, str) else ""


def _choices(words: dict[str, ast.expr], module: Module) -> tuple[Any, ...] | None:
    given = value(words.get("choices"), module)
    return given if isinstance(given, tuple) else None


def _nargs(node: ast.expr | None, module: Module) -> int | str | None:
    if node is None:
        return None
    given = value(node, module)
    if given is UNKNOWN:
        return "..." if module.dotted(node) == "argparse.REMAINDER" else "unknown"
    return given if isinstance(given, int | str) or given is None else "unknown"
