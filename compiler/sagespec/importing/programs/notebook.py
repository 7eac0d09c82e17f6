"""The Python of a Jupyter notebook, or of a script."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence

from sagespec.base.named import NamedTuple
from sagespec.importing.draft import Remark, UnreadableProgram
from sagespec.importing.following.sdk import LAUNCHERS

_MAGIC = re.compile(
    r"^(\s*)(?:"
    r"%{1,2}\w.*|[!?].*|[\w., ]+=\s*[%!].*|[\w.\[\]\"']+\?{1,2}|"  # %matplotlib, !ls, files = !ls, help?
    r"(?:pip3?|conda|mamba|apt|apt-get|ls|cd|cat|mkdir|rm|cp|mv|pwd|env|wget|curl|tar|unzip|git|aws|docker|bash|sh)\s.*"
    r")$"
)
"""Lines that IPython takes for itself; the commands after the bar it knows without a sign."""
_ASSIGNED = re.compile(r"^\s*([\w., ]+?)\s*=\s*[%!]")
_OF_PYTHON = frozenset({"time", "timeit", "capture", "prun", "debug", "memit", "python", "python3", "scrub", "local"})
"""Cell magics whose cell is Python all the same."""
_TARGET = re.compile(r"^\s*(\w+)\s*(?:[\[.,]|[-+*/|]?=(?!=))", re.M)
_JOB = re.compile(rf"\b(?:{'|'.join(sorted(LAUNCHERS))})\s*\(|\.fit\s*\(|\.train\s*\(|create_training_job")


class NotebookCode(NamedTuple):
    """The Python of a source, and where its lines come from."""

    text: str
    cells: tuple[tuple[int, int], ...] = ()
    """(first line, number of the code cell) of each cell, in order; nothing for a script."""
    remarks: tuple[Remark, ...] = ()
    """What was passed over."""
    own: int | None = None
    """How many lines there are of its own; those behind them are of modules that it imports."""
    of_helpers: Callable[[int], str | None] | None = None
    """A place in these, for people."""

    def where(self, line: int) -> str:
        """A line's place, for people."""
        if self.own is not None and line > self.own and self.of_helpers is not None:
            return self.of_helpers(line) or f"line {line}"
        cell = next(((first, number) for first, number in reversed(self.cells) if first <= line), None)
        if cell is None:
            return f"line {line}"
        return f"cell {cell[1]}, line {line - cell[0] + 1}"


def code_of(text: str, name: str) -> NotebookCode:
    """The Python code of a notebook's cells, in order; of another file, its text.

    Raises:
        Unreadable: the file is called a notebook and is none; or it is a script and is not Python.
    """
    return from_cells(cells_of(text, name)) if name.endswith(".ipynb") else from_script(text)


def cells_of(text: str, name: str) -> list[str]:
    try:
        notebook = json.loads(text)
        sheets = notebook.get("worksheets", [notebook])  # version 3 of the format had them
        cells = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
        return [_text(cell.get("source", cell.get("input", ""))) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableProgram(
            f"{name} is not a notebook: {error}", "save it as .ipynb, or export it as a script"
        ) from None


def from_script(text: str) -> NotebookCode:
    """Python 3, Python 2, or what a notebook was exported as."""
    text = text.removeprefix("\ufeff")
    for version in _versions(text):
        if _parses(version):
            return NotebookCode(version)
    parsed(text)  # says what is wrong
    raise AssertionError


def _versions(text: str) -> Iterator[str]:
    yield text
    yield textwrap.dedent(text)
    yield "\n".join(_without_magic(text.split("\n")))
    yield _of_python2(text)


def _of_python2(text: str) -> str:
    try:
        from sagespec.scripts.syntax.python2 import as_python3

        return as_python3(text) or text
    except (ImportError, RecursionError):
        return text


def from_cells(cells: Sequence[str]) -> NotebookCode:
    """The cells that are Python, one behind the other; what is not is skipped, and reported."""
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    remarks: list[Remark] = []
    for number, cell in enumerate(cells, 1):
        places.append((len(lines) + 1, number))
        text = _python(cell)
        if text is None:
            remarks.append(_passed_over(cell, number))
            targets = dict.fromkeys(name for name in _TARGET.findall(cell) if name.isidentifier())
            # What it sets is not known from here on.
            text = "\n".join(["; ".join(f"{name} = cell_{number}()" for name in targets if not _is_word(name))])
        lines += text.split("\n")
    return NotebookCode("\n".join(lines), tuple(places), tuple(remarks))


def _is_word(name: str) -> bool:
    import keyword

    return keyword.iskeyword(name)


def _passed_over(cell: str, number: int) -> Remark:
    try:
        ast.parse("\n".join(_without_magic(cell.split("\n"))))
        line, text = 1, "it cannot be read"
    except SyntaxError as error:
        line, text = error.lineno or 1, (error.text or "").strip() or error.msg
    except (ValueError, RecursionError, MemoryError):
        line, text = 1, "it cannot be read"
    starts = _JOB.search(cell) is not None
    what = "it is skipped, and the job in it" if starts else "the cell is skipped"
    hint = "; put versions in quotes: '1.10.0'" if "version" in text else ""
    return Remark(f"cell {number}, line {line}", f"this is not Python: {text}{hint}; {what}", starts)


def parsed(code: str) -> ast.Module:
    """A text as Python.

    Raises:
        Unreadable: it is not Python 3.
    """
    try:
        return ast.parse(code)
    except SyntaxError as error:
        line = (error.text or "").strip()
        hint = "put versions in quotes: '1.10.0'" if "version" in line else "give Python 3, or correct it first"
        raise UnreadableProgram(f"line {error.lineno} is not Python: {line or error.msg}", hint) from None
    except (ValueError, RecursionError, MemoryError):  # the parser's own stack
        raise UnreadableProgram("this is not Python that can be read", "give a script or a notebook") from None


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _python(cell: str) -> str | None:
    """A cell without what only IPython understands; None where it is not Python."""
    cell = cell.replace("\r\n", "\n")
    lines = cell.split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    magic = re.match(r"\s*%%(\w+)", lines[first] if lines else "")
    if magic:
        if magic[1] not in _OF_PYTHON:
            return ""
        lines[first] = ""
    plain = "\n".join(lines)
    for text in (plain, textwrap.dedent(plain), "\n".join(_without_magic(lines))):
        if _parses(text):
            return text
    text = textwrap.dedent("\n".join(_without_magic(lines)))
    if not _parses(text):
        text = _of_python2(text)
    return text if _parses(text) else None


def _without_magic(lines: Sequence[str]) -> list[str]:
    """Lines of IPython's become `pass`, or names of unknown values; as many lines come out."""
    made: list[str] = []
    continued = False
    for number, line in enumerate(lines):
        if continued:
            made.append("")
            continued = line.rstrip().endswith("\\")
            continue
        found = _MAGIC.match(line)
        if found is None or _is_inside(lines[:number], line):
            made.append(line)
            continue
        names = _ASSIGNED.match(line)
        made.append(f"{found[1]}{names[1].strip()} = command()" if names else f"{found[1]}pass")
        continued = line.rstrip().endswith("\\")
    return made


def _is_inside(before: Sequence[str], line: str) -> bool:
    """Whether a line goes on with what the lines before have begun: an argument `%s` of a call, a text."""
    if not re.match(r"\s*%\s*\(|\s*%\s+\w", line):
        return False
    return bool(before) and before[-1].rstrip().endswith(("\\", "(", ","))
