"""The options that a program declares with click, typer, fire, absl or transformers, where all of them can be seen.

Whatever is not of the plain form is None: these libraries can do far more than is understood here.

Sources: click 8 (parser.py, decorators.py), typer 0.12 (main.py), fire 0.6 (core.py), absl-py 2 (flags, app.py),
transformers 4 (hf_argparser.py), as they were tried.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator

from sagespec.base.named import NamedTuple
from sagespec.scripts.options import DeclaredArguments, DeclaredOption
from sagespec.scripts.syntax import Piece
from sagespec.scripts.syntax.program import Program
from sagespec.scripts.syntax.walking import MAIN, Function, Module, Occurrence
from sagespec.scripts.values import value
from sagespec.scripts.values.constants import UNKNOWN

_TYPES = {
    "int": "int",
    "float": "float",
    "str": "str",
    "click.INT": "int",
    "click.FLOAT": "float",
    "click.STRING": "str",
}
_DEFAULT_TYPES = {int: "int", float: "float", str: "str"}


class _Unclear(Exception):
    """The command line is declared in a way that is not understood."""


class _LibraryCall(NamedTuple):
    """A call of a library that every run of the program comes by."""

    module: Module
    node: ast.Call


def declared(program: Program) -> DeclaredArguments | None:
    """The program's options; None where another library takes its command line, or one of these in a way of its own."""
    used = [library for library in _READERS if library in program.names | program.imported]
    if len(used) != 1 or "argparse" in program.imported:
        return None
    try:
        return _READERS[used[0]](program)
    except _Unclear:
        return None


def _line(
    program: Program, call: _LibraryCall, options: list[DeclaredOption], library: str, **more: object
) -> DeclaredArguments:
    return DeclaredArguments(
        options=tuple(options),
        complete=True,
        strict=True,
        forgets=False,
        certain=True,
        abbreviations=False,
        subcommands=False,
        parses=program.piece(call.module, call.node),
        library=library,
    )._replace(**more)  # type: ignore[arg-type]


def _option(flags: list[str], piece: Piece, **more: object) -> DeclaredOption:
    """An option that takes one value; `more` says what else is known of it."""
    one = DeclaredOption(tuple(flags), max(flags, key=len), "store", "", None, None, False, True, piece)
    return one._replace(**more)  # type: ignore[arg-type]


def _positional(name: str, piece: Piece) -> DeclaredOption:
    return DeclaredOption((), name, "store", "", None, None, False, True, piece)


def _certain_calls(program: Program, name: str) -> list[_LibraryCall]:
    """The calls of a library's function that are certain to be made, in the entry point."""
    entry = program.entry
    found = [hit for hit in entry.calls if entry.dotted(hit.node.func) == name]
    if not all(program.certain(entry, hit) for hit in found):
        raise _Unclear
    return [_LibraryCall(entry, hit.node) for hit in found]


def _is_started(program: Program, name: str) -> _LibraryCall:
    """The one call `name()`, without arguments, that every run comes by."""
    entry = program.entry
    calls = [hit for hit in entry.calls if isinstance(hit.node.func, ast.Name) and hit.node.func.id == name]
    if len(calls) != 1 or calls[0].node.args or calls[0].node.keywords or not _surely(program, calls[0]):
        raise _Unclear
    return _LibraryCall(entry, calls[0].node)


def _surely(program: Program, hit: Occurrence) -> bool:
    return hit.owner == MAIN and program.certain(program.entry, hit)


def _words(module: Module, call: ast.Call, known: str) -> dict[str, ast.expr]:
    """The keywords of a call, which are all known ones."""
    words = {keyword.arg or "**": keyword.value for keyword in call.keywords}
    if not set(words) <= set(known.split()):
        raise _Unclear
    return words


def _texts(module: Module, nodes: list[ast.expr]) -> list[str]:
    found = [value(node, module) for node in nodes]
    if not all(isinstance(text, str) and text for text in found):
        raise _Unclear
    return found


# click ---------------------------------------------------------------------------------------------------------------

_COMMAND = "name help short_help epilog no_args_is_help"
_OPTION = (
    "type default help show_default required is_flag flag_value multiple nargs count envvar show_envvar prompt hidden"
)
_HARMLESS = frozenset({"click.pass_context", "click.version_option", "click.help_option"})


def _click(program: Program) -> DeclaredArguments:
    entry = program.entry
    commands = [
        (name, function)
        for name, function in entry.functions.items()
        if any(_decorator(entry, node)[0].startswith("click.") for node in function.decorator_list)
    ]
    if len(commands) != 1 or any(
        module is not entry and "click" in module.names for module in program.modules.values()
    ):
        raise _Unclear
    name, function = commands[0]
    options = []
    for node in function.decorator_list:
        decorator, call = _decorator(entry, node)
        if decorator == "click.option" and call is not None:
            options.append(_click_option(program, call))
        elif decorator == "click.argument" and call is not None:
            options += _click_argument(program, call)
        elif decorator == "click.command":
            _words(entry, call, _COMMAND) if call is not None else None
        elif decorator not in _HARMLESS:
            raise _Unclear
    return _line(program, _is_started(program, name), options, "click")


def _decorator(module: Module, node: ast.expr) -> tuple[str, ast.Call | None]:
    return (module.dotted(node.func), node) if isinstance(node, ast.Call) else (module.dotted(node), None)


def _click_option(program: Program, call: ast.Call) -> DeclaredOption:
    entry = program.entry
    words = _words(entry, call, _OPTION)
    given = [text for text in _texts(entry, call.args) if text.startswith("-")]
    flags = [part.strip() for text in given for part in text.split("/")]
    if not flags:
        raise _Unclear
    flag = any("/" in text for text in given) or any(word in words for word in ("is_flag", "flag_value", "count"))
    kind, choices = _click_type(entry, words)
    return _option(
        flags,
        program.piece(entry, call),
        action="store_true" if flag else "store",
        type=kind,
        choices=choices,
        nargs=_number(entry, words.get("nargs")),
        required=value(words.get("required"), entry) is True and "envvar" not in words and "prompt" not in words,
    )


def _click_type(module: Module, words: dict[str, ast.expr]) -> tuple[str, tuple[object, ...] | None]:
    node = words.get("type")
    if node is None:
        return _DEFAULT_TYPES.get(type(value(words.get("default"), module)), ""), None
    if isinstance(node, ast.Call) and module.dotted(node.func) == "click.Choice" and len(node.args) == 1:
        choices = value(node.args[0], module)
        if isinstance(choices, tuple) and not node.keywords:
            return "str", choices
    return _TYPES.get(module.dotted(node), ""), None


def _click_argument(program: Program, call: ast.Call) -> Iterator[DeclaredOption]:
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    optional = "default" in words or "envvar" in words or value(words.get("required"), program.entry) is False
    if not optional and value(words.get("nargs"), program.entry) in (UNKNOWN, 1):
        yield _positional(_texts(program.entry, call.args[:1])[0], program.piece(program.entry, call))


def _number(module: Module, node: ast.expr | None) -> int | str | None:
    if node is None:
        return None
    found = value(node, module)
    return found if isinstance(found, int) else "unknown"


# typer ---------------------------------------------------------------------------------------------------------------


def _typer(program: Program) -> DeclaredArguments:
    runs = _certain_calls(program, "typer.run")
    if runs:
        if len(runs) > 1 or len(runs[0].node.args) != 1 or not isinstance(runs[0].node.args[0], ast.Name):
            raise _Unclear
        return _line(program, runs[0], _typer_options(program, _own(program, runs[0].node.args[0].id)), "typer")
    entry = program.entry
    apps = [
        name
        for name, nodes in entry.assigned.items()
        for node in nodes
        if isinstance(node, ast.Call) and entry.dotted(node.func) == "typer.Typer"
    ]
    if len(apps) != 1 or {f"{apps[0]}.add_typer", f"{apps[0]}.callback"} & {
        entry.dotted(hit.node.func) for hit in entry.calls
    }:
        raise _Unclear
    commands = [
        function
        for function in entry.functions.values()
        if any(_decorator(entry, node)[0] == f"{apps[0]}.command" for node in function.decorator_list)
    ]
    if len(commands) != 1 or len(commands[0].decorator_list) != 1:
        raise _Unclear
    return _line(program, _is_started(program, apps[0]), _typer_options(program, commands[0]), "typer")


def _own(program: Program, name: str) -> Function:
    function = program.entry.functions.get(name)
    if function is None or function.decorator_list:
        raise _Unclear
    return function


def _typer_options(program: Program, function: Function) -> list[DeclaredOption]:
    return [
        option for parameter, default in _parameters(function) for option in _typer_option(program, parameter, default)
    ]


def _parameters(function: Function) -> list[tuple[ast.arg, ast.expr | None]]:
    """(parameter, default) of each."""
    given = function.args
    if given.vararg is not None or given.kwarg is not None:
        raise _Unclear
    plain = [*given.posonlyargs, *given.args]
    defaults = [*[None] * (len(plain) - len(given.defaults)), *given.defaults]
    return [*zip(plain, defaults, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]


def _typer_option(program: Program, parameter: ast.arg, default: ast.expr | None) -> Iterator[DeclaredOption]:
    entry, kind = program.entry, parameter.annotation
    piece = program.piece(entry, parameter)
    if kind is not None and entry.dotted(kind) == "typer.Context":
        return
    described = default if isinstance(default, ast.Call) else None
    names = [] if described is None else described.args[1:]
    required = default is None
    if isinstance(kind, ast.Subscript) and entry.dotted(kind.value).endswith(".Annotated"):
        parts = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else []
        described = next((part for part in parts[1:] if isinstance(part, ast.Call)), None)
        names, kind = [] if described is None else described.args, parts[0]
    elif described is not None:
        first = described.args[0] if described.args else None
        required = first is None or (isinstance(first, ast.Constant) and first.value is Ellipsis)
    what = "typer.Option" if described is None and not required else "typer.Argument"
    if described is not None:
        what = entry.dotted(described.func)
    if what == "typer.Argument":
        if required:
            yield _positional(parameter.arg, piece)
        return
    if what != "typer.Option":
        raise _Unclear
    yield _typer_named(entry, parameter, kind, _texts(entry, names), required, piece)


def _typer_named(
    entry: Module, parameter: ast.arg, kind: ast.expr | None, names: list[str], required: bool, piece: Piece
) -> DeclaredOption:
    flags = [part.strip() for name in names if name.startswith("-") for part in name.split("/")]
    word = "" if kind is None else entry.dotted(kind)
    if not flags:
        flags = [f"--{parameter.arg.replace('_', '-')}"]
        if word == "bool":
            flags.append(f"--no-{flags[0][2:]}")
    action = "store_true" if word == "bool" else "store"
    return _option(flags, piece, action=action, type=_TYPES.get(word, ""), required=required)


# fire ----------------------------------------------------------------------------------------------------------------


def _fire(program: Program) -> DeclaredArguments:
    calls = _certain_calls(program, "fire.Fire")
    if len(calls) != 1 or len(calls[0].node.args) != 1 or not isinstance(calls[0].node.args[0], ast.Name):
        raise _Unclear
    _words(program.entry, calls[0].node, "name")
    function = _own(program, calls[0].node.args[0].id)
    if any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function)):
        raise _Unclear  # what is left over is asked of the result
    parameters = _parameters(function)
    letters = Counter(parameter.arg[0] for parameter, _ in parameters)
    options = []
    for parameter, default in parameters:
        name = parameter.arg
        flags = [f"--{name}", *([f"--{name.replace('_', '-')}"] if "_" in name else []), f"-{name}"]
        flags += [f"-{name[0]}", f"--{name[0]}"] if letters[name[0]] == 1 else []
        piece = program.piece(program.entry, parameter)
        options.append(_option(list(dict.fromkeys(flags)), piece, name=f"--{name}", required=default is None))
    return _line(program, calls[0], options, "fire")


# absl ----------------------------------------------------------------------------------------------------------------

_DEFINED = {"integer": "int", "float": "float", "string": "str", "enum": "", "boolean": "", "bool": "", "list": ""}
_ABSL_OWN = """
    alsologtostderr flagfile help helpfull helpshort helpxml log_dir logger_levels logtostderr only_check_args pdb
    pdb_post_mortem profile_file run_with_pdb run_with_profiling showprefixforinfo stderrthreshold undefok
    use_cprofile_for_profiling v verbosity
"""


def _absl(program: Program) -> DeclaredArguments:
    runs = _certain_calls(program, "absl.app.run")
    if len(runs) != 1 or len(runs[0].node.args) != 1 or runs[0].node.keywords or not program.closed:
        raise _Unclear
    piece = program.piece(program.entry, runs[0].node)
    options = [_option([f"--{name}", f"-{name}"], piece, action="") for name in _ABSL_OWN.split()]
    for module, hit in program.occurrences("calls"):
        name = module.dotted(hit.node.func)
        if name.startswith("absl.flags.DEFINE_"):
            options.append(_absl_option(program, module, hit))
        elif name.rpartition(".")[2].startswith("DEFINE_") or name == "absl.flags.DEFINE":
            raise _Unclear
    return _line(program, runs[0], options, "absl")


def _absl_option(program: Program, module: Module, hit: Occurrence) -> DeclaredOption:
    call, kind = hit.node, module.dotted(hit.node.func).removeprefix("absl.flags.DEFINE_")
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    if kind not in _DEFINED or None in words or not (call.args or "name" in words):
        raise _Unclear
    short = [words["short_name"]] if "short_name" in words else []
    names = _texts(module, [call.args[0] if call.args else words["name"], *short])
    flags = [flag for name in names for flag in (f"--{name}", f"-{name}")]
    switch = kind in ("boolean", "bool")
    flags += [flag.replace("-", "-no", 1) if flag[1] != "-" else f"--no{flag[2:]}" for flag in flags if switch]
    choices = value(call.args[2], module) if kind == "enum" and len(call.args) > 2 else None
    return _option(
        flags,
        program.piece(module, call),
        name=f"--{names[0]}",
        action="" if switch else "store",
        type="str" if isinstance(choices, tuple) else _DEFINED[kind],
        choices=choices if isinstance(choices, tuple) else None,
        required=value(words.get("required"), module) is True,
        certain=program.certain(module, hit),
    )


# transformers --------------------------------------------------------------------------------------------------------

_LIBRARY = "transformers."


def _hf_parser(program: Program) -> DeclaredArguments:
    entry = program.entry
    makes = [hit for hit in entry.calls if entry.dotted(hit.node.func) == f"{_LIBRARY}HfArgumentParser"]
    parses = [
        hit
        for hit in entry.calls
        if isinstance(hit.node.func, ast.Attribute) and hit.node.func.attr == "parse_args_into_dataclasses"
    ]
    if len(makes) != 1 or len(parses) != 1 or len(makes[0].node.args) != 1 or "add_argument" in program.names:
        raise _Unclear
    words = {keyword.arg: keyword.value for keyword in parses[0].node.keywords}
    if parses[0].node.args or words or makes[0].node.keywords:
        raise _Unclear
    if makes[0].owner != parses[0].owner or not program.certain(entry, makes[0]):
        raise _Unclear
    classes = makes[0].node.args[0]
    options: list[DeclaredOption] = []
    borrowed: list[str] = []
    for node in classes.elts if isinstance(classes, ast.Tuple | ast.List) else [classes]:
        _dataclass(program, node, options, borrowed)
    call = _LibraryCall(entry, parses[0].node)
    return _line(program, call, options, "transformers", abbreviations=True, borrowed=tuple(borrowed))


def _dataclass(program: Program, node: ast.expr, options: list[DeclaredOption], borrowed: list[str]) -> None:
    """Adds the fields of a dataclass of the program's own, and names the library's that it is made of."""
    entry = program.entry
    name = entry.dotted(node)
    if name.startswith(_LIBRARY):
        borrowed.append(name)
        return
    own = entry.classes.get(name)
    if own is None or [_decorator(entry, one)[0] for one in own.decorator_list] not in (["dataclasses.dataclass"],):
        raise _Unclear
    for base in own.bases:
        _dataclass(program, base, options, borrowed)
    for statement in own.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            options += _dataclass_field(program, statement.target.id, statement)


def _dataclass_field(program: Program, name: str, statement: ast.AnnAssign) -> Iterator[DeclaredOption]:
    entry, default = program.entry, statement.value
    words: dict[str | None, ast.expr] = {}
    if isinstance(default, ast.Call) and entry.dotted(default.func) == "dataclasses.field":
        words = {keyword.arg: keyword.value for keyword in default.keywords}
    if value(words.get("init"), entry) is False or entry.dotted(statement.annotation).endswith("ClassVar"):
        return
    if any(
        isinstance(node, ast.Constant) and node.value == "aliases" for word in words.values() for node in ast.walk(word)
    ):
        raise _Unclear
    flags = [f"--{name}", *([f"--{name.replace('_', '-')}"] if "_" in name else [])]
    word = entry.dotted(statement.annotation)
    if word == "bool":
        flags += [f"--no_{name}", f"--no-{name.replace('_', '-')}"]
    given = default is not None and (not words or bool({"default", "default_factory"} & set(words)))
    yield _option(
        list(dict.fromkeys(flags)),
        program.piece(entry, statement),
        name=f"--{name}",
        nargs="?" if word == "bool" else None if word in _TYPES else "unknown",
        type=_TYPES.get(word, ""),
        required=not given and word != "bool",
    )


_READERS: dict[str, Callable[[Program], DeclaredArguments]] = {
    "click": _click,
    "typer": _typer,
    "fire": _fire,
    "absl.flags": _absl,
    "HfArgumentParser": _hf_parser,
}
"""What a program that uses a library names or imports → what reads its options."""
