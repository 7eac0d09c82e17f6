"""A table of text: columns as wide as their widest cell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from sagespec.reporting.terminal.style import Style

_NUMBER = re.compile(r"[+-]?[\d,]*\.?\d+(e[+-]?\d+)?%?|-", re.IGNORECASE)


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], style: Style, bold: Collection[int] = ()
) -> Iterator[str]:
    """The lines of a table. A column of numbers stands to the right; one without a cell is left out.

    Args:
        rows: printable cells, one for each name in the head; an empty one is shown as `-` where its column has a name.
        bold: the numbers of the rows that stand out, from 0.
    """
    used = [at for at in range(len(head)) if any(row[at] for row in rows)]
    shown = [[row[at] or "-" * bool(head[at]) for at in used] for row in rows]
    names = [head[at] for at in used]
    widths = [max(map(len, column)) for column in zip(names, *shown, strict=True)]
    right = [all(_NUMBER.fullmatch(cell) for cell in column) for column in zip(*shown, strict=True)]

    def line(cells: Sequence[str]) -> str:
        sides = zip(cells, widths, right, strict=True)
        return "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in sides
        ).rstrip()

    yield style.dim(line(names))
    for number, row in enumerate(shown):
        yield style.bold(line(row)) if number in bold else line(row)
