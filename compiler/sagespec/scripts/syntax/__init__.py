"""Source text → syntax tree, whichever Python it is written in; nothing is ever executed."""

from __future__ import annotations

import ast
import io
import warnings
from collections.abc import Iterator
from pathlib import Path as FilePath

from sagespec.base.files import Files
from sagespec.base.named import NamedTuple
from sagespec.base.source import Source

MAX_BYTES = 500_000
"""Larger files are data rather than code, and are not looked at."""


class Piece(NamedTuple):
    """A piece of one module: lines from 1, columns from 0 in bytes of UTF-8, the end exclusive, as `ast` counts."""

    module: int
    line: int
    column: int
    end_line: int
    end_column: int


class Parsed(NamedTuple):
    """A text's syntax tree, or what is wrong with it."""

    tree: ast.Module | None
    wrong: tuple[int, int, str] | None = None
    """Where Python 3 cannot read it (line and column from 1), and why; with a tree, it is Python 2."""


def read(path: FilePath, files: Files) -> str | None:
    """The text of a source file in its own encoding; None where it cannot be read."""
    try:
        raw = files.read(path, MAX_BYTES)
        return None if len(raw) > MAX_BYTES else _decoded(raw)
    except (OSError, SyntaxError, ValueError, LookupError):
        return None


def unreadable(path: FilePath, files: Files) -> str:
    """Why no Python can read a file as source text, in a few words; nothing where one may."""
    try:
        raw = files.read(path, MAX_BYTES)
    except OSError:
        return ""
    if len(raw) > MAX_BYTES:
        return ""
    if b"\0" in raw:
        return "it holds NUL bytes"
    try:
        _decoded(raw)
    except (SyntaxError, LookupError):
        return "it names an encoding that there is none of, or is not in the encoding that it names"
    except ValueError:
        return "it is not UTF-8, and names no other encoding"
    return ""


def _decoded(raw: bytes) -> str:
    if raw.isascii() and not any(b"coding" in line for line in raw.split(b"\n", 2)[:2]):
        return raw.decode("ascii")
    import tokenize  # few scripts name an encoding, or need one

    encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
    return str(raw, encoding)


def parse(text: str) -> Parsed:
    """The syntax tree of a text that is Python 3 or Python 2."""
    try:
        tree = _tree(text)
    except SyntaxError as error:
        return _python2(text, error)
    except (ValueError, RecursionError, MemoryError):
        return Parsed(None)
    return Parsed(tree)


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in somebody's script is not ours to complain of
        return ast.parse(text)


def _python2(text: str, error: SyntaxError) -> Parsed:
    from sagespec.scripts.syntax.python2 import as_python3

    wrong = (error.lineno or 1, max(error.offset or 1, 1), error.msg)
    try:
        readable = as_python3(text)
        tree = None if readable is None else _tree(readable)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    return Parsed(tree, wrong)


def comments(source: Source) -> Iterator[tuple[int, str]]:
    """Where each comment of a script begins (an index), and its text; those before a mistake, if there is one."""
    import tokenize  # few scripts have comments for us

    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text, newline="").readline):
            if token.type == tokenize.COMMENT:
                yield source.index(token.start[0], token.start[1] + 1), token.string
    except (tokenize.TokenError, SyntaxError):
        return
