"""A chart of letters: it needs no colour, no font, and fits into a log."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
MEETING = "+"
"""Where lines meet."""


def chart(lines: Sequence[Sequence[float]], width: int, height: int) -> Iterator[str]:
    """Values over their numbers, from 1; each line has a letter, in the order of LETTERS and then again.

    Args:
        lines: values that are finite; at least one line has one.
        width, height: of the plane, in cells, without the axes.
    """
    longest = max(map(len, lines))
    least, most = min(map(min, filter(len, lines))), max(map(max, filter(len, lines)))
    cells: dict[tuple[int, int], str] = {}
    for number, values in enumerate(lines):
        letter = LETTERS[number % len(LETTERS)]
        places = [(_scaled(at, 0, longest - 1, width), _scaled(y, least, most, height)) for at, y in enumerate(values)]
        for x, y in _drawn(places):
            cells[x, y] = letter if cells.get((x, y), letter) == letter else MEETING
    labels = {height - 1: f"{most:.4g}", 0: f"{least:.4g}"}
    margin = max(map(len, labels.values()))
    for row in reversed(range(height)):
        plane = "".join(cells.get((column, row), " ") for column in range(width)).rstrip()
        yield f"{labels.get(row, ''):>{margin}} │{plane}"
    yield f"{'':>{margin}} └{'─' * width}"
    yield f"{'':>{margin}}  1{longest:>{width - 1}}" if longest > 1 else f"{'':>{margin}}  1"


def _scaled(value: float, least: float, most: float, cells: int) -> int:
    return 0 if most == least else round((value - least) / (most - least) * (cells - 1))


def _drawn(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The cells of a line through some places."""
    yield from places[:1]
    for (x, y), (to_x, to_y) in itertools.pairwise(places):
        steps = max(abs(to_x - x), abs(to_y - y), 1)
        for step in range(1, steps + 1):
            yield x + round((to_x - x) * step / steps), y + round((to_y - y) * step / steps)


def finite(values: Sequence[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]
