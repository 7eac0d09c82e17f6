"""What an entry point's syntax tree says; nothing of it is ever executed."""

from __future__ import annotations

import ast
import gc
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path as FilePath

from sagespec.base.files import Files
from sagespec.base.named import NamedTuple
from sagespec.base.source import Place, Source, Span
from sagespec.scripts.environment import Environment, Pipe, environment
from sagespec.scripts.functions import LegacyFunction, LegacyFunctions, legacy_functions, serving_functions
from sagespec.scripts.known import is_known
from sagespec.scripts.libraries import Libraries, Location, Saving, libraries
from sagespec.scripts.options import DeclaredArguments, DeclaredOption
from sagespec.scripts.options.arguments import arguments, ignores_arguments
from sagespec.scripts.options.parsers import declared
from sagespec.scripts.syntax import Parsed, Piece, comments, parse, read, unreadable
from sagespec.scripts.syntax.program import Program
from sagespec.scripts.syntax.walking import MAIN, Module, walk

MAX_HELPERS = 32
"""More modules than that beside the entry point are not followed."""


class Study(NamedTuple):
    """What one program says, whatever file it lies in."""

    readable: bool
    """Its syntax tree is known."""
    wrong: Piece | None = None
    """Where Python 3 cannot read the entry point."""
    problem: str = ""
    """Why the entry point cannot be read, in Python's words."""
    python2: bool = False
    """Only Python 2 can read the entry point."""
    only_python3: Piece | None = None
    """What Python 2 cannot read in the entry point."""
    arguments: DeclaredArguments | None = None
    """None where the command line is taken in a way that is not understood, or not at all."""
    ignores_arguments: bool = False
    """Nothing looks at the command line."""
    environment: Environment | None = None
    libraries: Libraries | None = None
    functions: LegacyFunctions | None = None
    serving: LegacyFunctions | None = None
    """The functions that a serving container would look for."""
    imports: tuple[tuple[str, Piece], ...] = ()
    """The modules that every run of the entry point imports by an absolute name, and where."""
    all_imports: frozenset[str] = frozenset()
    """Every module that is imported anywhere."""
    idle: tuple[str, ...] = ()
    """What the entry point defines, where it does nothing but define."""
    newer: tuple[tuple[int, int], Piece] | None = None
    """The newest Python 3 that the entry point's syntax needs, beyond 3.6, and where."""
    unguarded: Piece | None = None
    """Training, or reading of arguments, that an import would start."""
    closed: bool = False
    """Nothing that matters can happen outside the text that was read."""


class Script(NamedTuple):
    """An entry point, its helper modules, and what they say."""

    sources: tuple[Source, ...]
    """The entry point first."""
    study: Study
    left_behind: tuple[tuple[str, Piece], ...] = ()
    """Modules beside a lone entry point that every run imports, although they are not packed with it."""

    def place(self, piece: Piece) -> Place:
        """Where a piece stands, in lines and columns as editors count them."""
        source = self.sources[piece.module]
        start = (piece.line, _column(source, piece.line, piece.column))
        end = (piece.end_line, _column(source, piece.end_line, piece.end_column))
        return Place(source, Span(*start, *end))

    @property
    def start(self) -> Place:
        return Place(self.sources[0])


def _column(source: Source, line: int, column: int) -> int:
    """`ast` counts bytes of UTF-8 from 0; editors count characters from 1."""
    return len(source.line(line).encode("utf-8")[:column].decode("utf-8", "ignore")) + 1


class Scripts:
    """The scripts of one run: manifests that follow each other read a file once, and no text is analysed twice."""

    def __init__(self, files: Files) -> None:
        self._script = lru_cache(maxsize=64)(partial(_script, files))

    def of(
        self, folder: FilePath, entry_point: str, source_dir: str | None, dependencies: Iterable[str] = ()
    ) -> Script | None:
        """The script of a job; None where there is none that can be read (no Python, in S3, not there).

        Args:
            folder: the manifest's; everything else is relative to it, the entry point to `source_dir` if there is one.
        """
        return self._script(folder, entry_point, source_dir, tuple(dependencies))


def _script(
    files: Files, folder: FilePath, entry_point: str, source_dir: str | None, dependencies: tuple[str, ...]
) -> Script | None:
    if not entry_point.endswith(".py") or "://" in entry_point or "://" in (source_dir or ""):
        return None
    root = folder / source_dir if source_dir is not None else folder
    entry = root / entry_point
    if not files.is_file(entry):
        return None
    text, problem = read(entry, files), unreadable(entry, files)
    if problem:
        return Script((Source(_shown(entry), text or "", entry.parent),), Study(False, Piece(0, 1, 0, 1, 0), problem))
    if text is None:
        return None
    # Without a source folder the entry point is packed alone: what lies beside it stays behind.
    packed = [*dict.fromkeys((entry.parent, root))] if source_dir is not None else []
    helpers, unread = _helpers(text, packed, [folder / path for path in dependencies], files)
    paths = [entry, *(path for path, _ in helpers.values())]
    texts = ((("", text)), *((name, text) for name, (_, text) in helpers.items()))
    shown = (Source(_shown(path), text, path.parent) for path, (_, text) in zip(paths, texts, strict=True))
    study = _study(texts, unread)
    left_behind = () if source_dir is not None else tuple(_left_behind(study, entry.parent, helpers, files))
    return Script(tuple(shown), study, left_behind)


def _left_behind(study: Study, folder: FilePath, packed: Collection[str], files: Files) -> Iterator[tuple[str, Piece]]:
    for name, piece in study.imports:
        top = name.partition(".")[0]
        if top not in packed and not is_known(top) and _file_of(top, [folder], [], files) is not None:
            yield top, piece


def _shown(path: FilePath) -> str:
    return os.path.normpath(path)


def _helpers(
    text: str, folders: list[FilePath], dependencies: list[FilePath], files: Files
) -> tuple[Mapping[str, tuple[FilePath, str]], bool]:
    """The modules beside the entry point that it imports, by name, and whether any of them was left unread."""
    found: dict[str, tuple[FilePath, str]] = {}
    unread = False
    for name in _imports(text, False):
        path = _file_of(name.lstrip("."), folders, dependencies, files)
        if path is None or name.lstrip(".") in found:
            continue
        helper = read(path, files) if len(found) < MAX_HELPERS else None
        if helper is None:
            unread = True
        else:
            found[name.lstrip(".")] = (path, helper)
    return found, unread or any(
        _imports_more(path, text, found, folders, dependencies, files) for path, text in found.values()
    )


def _imports_more(
    path: FilePath,
    text: str,
    found: Mapping[str, tuple[FilePath, str]],
    folders: list[FilePath],
    dependencies: list[FilePath],
    files: Files,
) -> bool:
    """Whether a helper imports modules of the author's that the entry point does not import too."""
    known = {file for file, _ in found.values()}
    for name in _imports(text, True):
        beside = [path.parent, *folders] if name.startswith(".") else folders
        if _file_of(name.lstrip("."), beside, dependencies, files) not in {None, *known}:
            return True
    return False


def _file_of(name: str, folders: list[FilePath], dependencies: list[FilePath], files: Files) -> FilePath | None:
    """The file of a module that lies beside the entry point, or comes with the dependencies."""
    if not name:
        return None
    parts = name.split(".")
    roots = [folder / parts[0] for folder in folders]
    roots += [path.with_suffix("") for path in dependencies if path.stem == parts[0] or path.name == parts[0]]
    for root in roots:
        inner = root.joinpath(*parts[1:])
        for file in (inner.with_name(f"{inner.name}.py"), inner / "__init__.py"):
            if files.is_file(file):
                return file
    return None


def imports_of(text: str) -> tuple[str, ...]:
    """The modules that every run of a script imports, as far as it can be read."""
    study = _study((("", text),), True)
    return tuple(dict.fromkeys(name for name, _ in study.imports))


@lru_cache(maxsize=256)
def _imports(text: str, helper: bool) -> tuple[str, ...]:
    """The modules that a text imports, and the names that it takes from them as if they were modules."""
    module = _module(text, helper)[1]
    return () if module is None else tuple(sorted(module.imported))


@lru_cache(maxsize=4)  # trees are large: only those of the script at hand are kept
def _module(text: str, helper: bool) -> tuple[Parsed, Module | None]:
    with _no_collection():
        parsed = parse(text)
        try:
            return parsed, None if parsed.tree is None else walk(parsed.tree, helper=helper)
        except RecursionError:  # nested deeper than any training script
            return Parsed(None), None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Growing a tree and lists about it makes no garbage; to look for it again and again takes half the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@lru_cache(maxsize=64)
def _study(texts: tuple[tuple[str, str], ...], unread: bool) -> Study:
    parsed, entry = _module(texts[0][1], False)
    wrong = None if parsed.wrong is None else _at(parsed.wrong)
    problem = "" if parsed.wrong is None else parsed.wrong[2]
    if entry is None:
        return Study(False, wrong, problem)
    helpers: dict[str, Module] = {}
    for number, (name, text) in enumerate(texts[1:], 1):
        helper = _module(text, True)[1]
        if helper is None:
            unread = True
        else:
            helpers[name] = helper.at(number)
    try:
        with _no_collection():
            return _studied(Program(entry, helpers, complete=not unread), wrong, problem)
    except RecursionError:
        return Study(False)


def _studied(program: Program, wrong: Piece | None, problem: str) -> Study:
    entry = program.entry
    takes, asks = arguments(program) or declared(program), environment(program)
    return Study(
        True,
        wrong,
        problem,
        python2=wrong is not None,
        only_python3=None if entry.only_python3 is None else program.piece(entry, entry.only_python3),
        arguments=takes,
        ignores_arguments=ignores_arguments(program),
        environment=asks,
        libraries=libraries(program),
        functions=legacy_functions(program),
        serving=serving_functions(program),
        imports=tuple(_imported(program)),
        all_imports=program.imported,
        idle=_idle(entry, program),
        newer=None if entry.newest is None else (entry.newest[0], program.piece(entry, entry.newest[1])),
        unguarded=_unguarded(program, takes, asks),
        closed=program.closed,
    )


def _idle(entry: Module, program: Program) -> tuple[str, ...]:
    """The functions and classes of a module that only defines things and imports nothing of the author's."""
    plain = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    body = [node for node in entry.tree.body if not _is_text(node)]
    if not program.closed or program.helpers or not all(isinstance(node, plain) for node in body):
        return ()
    if any(hit.owner == MAIN for hit in entry.calls):
        return ()
    return tuple(node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _imported(program: Program) -> Iterator[tuple[str, Piece]]:
    entry = program.entry
    for hit in entry.import_statements:
        if program.certain(entry, hit) and not getattr(hit.node, "level", 0):
            for name in [hit.node.module] if hasattr(hit.node, "module") else [part.name for part in hit.node.names]:
                yield name, program.piece(entry, hit.node)


def _unguarded(program: Program, takes: DeclaredArguments | None, asks: Environment) -> Piece | None:
    """Training, or else reading of arguments, in a module that has no main guard."""
    if program.entry.guarded:
        return None
    return asks.trains or (takes.parses if takes is not None and takes.certain else None)


def _at(wrong: tuple[int, int, str]) -> Piece:
    line, column, _ = wrong
    return Piece(0, line, column - 1, line, column - 1)


__all__ = [
    "DeclaredArguments",
    "DeclaredOption",
    "Environment",
    "LegacyFunction",
    "LegacyFunctions",
    "Libraries",
    "Location",
    "Piece",
    "Pipe",
    "Saving",
    "Script",
    "Scripts",
    "Study",
    "comments",
]
