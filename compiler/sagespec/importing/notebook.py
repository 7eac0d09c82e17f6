"""The Python of a Jupyter notebook, or of a script."""

from __future__ import annotations

import ast
import json
import re

from sagespec.importing.draft import Unreadable

_MAGIC = re.compile(r"^(\s*)(?:%{1,2}\w.*|[!?].*|[\w., ]+=\s*[%!].*|[\w.]+\?{1,2})$", re.M)
"""Lines that IPython takes for itself: `%matplotlib`, `!pip install`, `files = !ls`, `help?`."""
_OF_PYTHON = ("time", "timeit", "capture", "prun")
"""Cell magics whose cell is Python all the same."""


def code_of(text: str, name: str) -> str:
    """The Python code of a notebook's cells, in order; of another file, its text.

    Raises:
        Unreadable: the file is called a notebook and is none.
    """
    if not name.endswith(".ipynb"):
        return text
    try:
        notebook = json.loads(text)
        sheets = notebook.get("worksheets", [notebook])  # version 3 of the format had them
        cells = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
        texts = [_text(cell.get("source", cell.get("input", ""))) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"{name} is not a notebook: {error}", "save it as .ipynb, or export it as a script") from None
    return "\n".join(_python(text, f"code cell {number}") for number, text in enumerate(texts, 1))


def parsed(code: str, where: str = "") -> ast.Module:
    """A text as Python.

    Args:
        where: what the text is a part of, for the message.

    Raises:
        Unreadable: it is no Python 3.
    """
    try:
        return ast.parse(code)
    except SyntaxError as error:
        line = (error.text or "").strip()
        hint = "put versions in quotes: '1.10.0'" if "version" in line else "give Python 3, or put it right first"
        place = f"{where}, line" if where else "line"
        raise Unreadable(f"{place} {error.lineno} is not Python: {line or error.msg}", hint) from None
    except (ValueError, RecursionError, MemoryError):  # the parser's own stack
        raise Unreadable("this is no Python that can be read", "give a script or a notebook") from None


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _python(cell: str, where: str) -> str:
    """A cell without what only IPython understands, where there is some of it."""
    magic = re.match(r"\s*%%(\w+)", cell)
    if magic and magic[1] not in _OF_PYTHON:
        return ""
    try:
        parsed(cell)
    except Unreadable:
        cell = _MAGIC.sub(r"\1pass", cell)
        parsed(cell, where)
    return cell
