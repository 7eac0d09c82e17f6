"""What a metric did while jobs trained: a chart in the terminal, or a picture in a file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.reporting.findings.diagnostics import counted, printable
from sagespec.reporting.terminal.chart import LETTERS, chart, finite
from sagespec.reporting.terminal.style import Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sagespec.deploying.following.series import Series

HEIGHT = 16
"""Lines of a chart."""
COLOURS, LINES = 10, ("-", "--", ":", "-.")
"""How many colours there are until the next kind of line begins."""
FEW = 40
"""Fewer values than these are marked, each."""


def chart_text(found: Sequence[Series], metric: str, width: int, style: Style) -> Iterator[str]:
    """A chart, and below it the jobs by their letters."""
    lines = [finite([point.value for point in series.points]) for series in found]
    yield style.bold(f"{printable(metric)}, value by value")
    yield from chart(lines, max(20, width - 14), HEIGHT)
    names = [printable(series.job_name) for series in found]
    wide = max(map(len, names))
    for number, (name, values) in enumerate(zip(names, lines, strict=True)):
        letter = LETTERS[number % len(LETTERS)]
        yield f"{letter}  {name:<{wide}}  {_summary(values)}"


def _summary(values: Sequence[float]) -> str:
    if not values:
        return "no value yet"
    ends = f"{values[0]:g} → {values[-1]:g}" if len(values) > 1 else f"{values[-1]:g}"
    return f"{ends}, least {min(values):g}, most {max(values):g}, {counted(len(values), 'value')}"


def picture(found: Sequence[Series], metric: str, form: str) -> bytes:
    """A picture, in one of FORMS.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, series in enumerate(found):
        values = finite([point.value for point in series.points])
        kind = LINES[number // COLOURS % len(LINES)]
        marker = "o" if len(values) < FEW else ""
        axes.plot(range(1, len(values) + 1), values, kind, marker=marker, label=series.job_name)
    axes.set_xlabel("value")
    axes.set_ylabel(metric)
    axes.grid(visible=True, alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small")
    return FORMS[form](figure)


def _saved(form: str) -> Callable[..., bytes]:
    undated = {"Date": None} if form == "svg" else None  # the same picture is the same bytes

    def saved(figure: Figure) -> bytes:
        made = io.BytesIO()
        figure.savefig(made, format=form, metadata=undated)
        return made.getvalue()

    return saved


def _page(figure: Figure) -> bytes:
    """A page that holds its picture: it can be sent, and asks no server for anything."""
    svg = _saved("svg")(figure).decode().partition("<svg")[2]
    return f'<!doctype html><meta charset="utf-8"><title>metrics</title><svg{svg}'.encode()


FORMS: dict[str, Callable[..., bytes]] = {
    ".png": _saved("png"),
    ".svg": _saved("svg"),
    ".pdf": _saved("pdf"),
    ".html": _page,
}
"""The end of a file's name → what makes its content of a figure."""


def form_of(path: Path) -> str | None:
    """The form that a file's name asks for; None where there is no such form."""
    return path.suffix.lower() if path.suffix.lower() in FORMS else None
