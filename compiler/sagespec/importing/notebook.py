"""The Python of a Jupyter notebook, or of a script."""

from __future__ import annotations

import json
import re

from sagespec.importing.draft import Unreadable

_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w., ]+=\s*[%!].*|.*\?)$", re.M)
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
        return "\n".join(_python(_text(cell.get("source", cell.get("input", "")))) for cell in cells)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"{name} is not a notebook: {error}", "save it as .ipynb, or export it as a script") from None


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _python(cell: str) -> str:
    """A cell without what only IPython understands; line by line, so that nothing else moves."""
    magic = re.match(r"\s*%%(\w+)", cell)
    if magic and magic[1] not in _OF_PYTHON:
        return ""
    return _MAGIC.sub(r"\1pass", cell)
