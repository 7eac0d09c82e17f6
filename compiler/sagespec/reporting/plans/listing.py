"""Many jobs at a glance: a table, sorted by a metric if one likes, the best marked."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sagespec.catalog.near import near
from sagespec.reporting.findings.diagnostics import printable
from sagespec.reporting.terminal.style import Style
from sagespec.reporting.terminal.table import table

if TYPE_CHECKING:  # the help of `status` names what is here
    from sagespec.deploying.following.ending import Ending

SMALLER_IS_BETTER = r"loss|err|mse|rmse|mae|mape|perplexity|divergence|distance|latency|seconds|\btime\b|wer\b|fid\b"
"""Found in the names of metrics of which the smallest value is the best one; of others it is the largest."""


class NoSuchMetric(LookupError):
    """No job has such a metric."""

    def __init__(self, metric: str, endings: Sequence[Ending]) -> None:
        there = sorted({name for ending in endings for name in ending.metrics})
        guess = near(metric, there)
        self.hint = (
            f"there are {', '.join(there)}" if there else "metrics come with metric_definitions, once a job has ended"
        )
        if guess:
            self.hint = f"did you mean '{guess}'?"
        super().__init__(f"none of {len(endings)} jobs has a metric '{metric}'")


def ranked(endings: Sequence[Ending], metric: str, best: str = "by-name") -> list[Ending]:
    """Jobs with the best value of a metric first, and those without one last.

    Raises:
        NoSuchMetric: none has it.
    """
    if not any(metric in ending.metrics for ending in endings):
        raise NoSuchMetric(metric, endings)
    is_small = bool(re.search(SMALLER_IS_BETTER, metric, re.IGNORECASE)) if best == "by-name" else best == "smallest"
    sign = 1 if is_small else -1

    def key(ending: Ending) -> tuple[bool, float]:
        value = ending.metrics.get(metric, math.nan)
        return math.isnan(value), 0.0 if math.isnan(value) else sign * value

    return sorted(endings, key=key)


def table_text(endings: Sequence[Ending], style: Style, sorted_by: str = "") -> Iterator[str]:
    """A line a job: what it does, when it was created and how long it trained, the hyperparameters in which the jobs
    differ, and their metrics.

    Args:
        sorted_by: the metric of which the first job has the best value; whoever has that value is marked.
    """
    metrics = dict.fromkeys(name for ending in endings for name in ending.metrics)
    if sorted_by:
        metrics = dict.fromkeys([sorted_by, *metrics])
    varied = _varied(endings)
    head = ["", "job", "status", "created", "trained", "billable", *map(printable, (*metrics, *varied))]
    rows = [_row(ending, list(metrics), varied) for ending in endings]
    best = endings[0].metrics.get(sorted_by) if endings else None
    winners = [
        number for number, ending in enumerate(endings) if best is not None and ending.metrics.get(sorted_by) == best
    ]
    for number in winners:
        rows[number][0] = "best"
    yield from table(head, rows, style, bold=winners)


def _row(ending: Ending, metrics: Sequence[str], varied: Sequence[str]) -> list[str]:
    values = [f"{ending.metrics[name]:g}" if name in ending.metrics else "" for name in metrics]
    given = [printable(ending.hyperparameters.get(name, "")) for name in varied]
    status = ending.status if ending.over or not ending.secondary else ending.secondary
    created = ending.created.isoformat(sep=" ", timespec="minutes")[:16] if ending.created else ""
    times = [_seconds(ending.training_seconds), _seconds(ending.billable_seconds)]
    return ["", printable(ending.job_name), printable(status), created, *times, *values, *given]


def _varied(endings: Sequence[Ending]) -> list[str]:
    """The hyperparameters that are not the same in all jobs; where a job saves its model always differs."""
    names = dict.fromkeys(name for ending in endings for name in ending.hyperparameters)
    return [
        name
        for name in names
        if name not in OWN_PLACES and len({ending.hyperparameters.get(name) for ending in endings}) > 1
    ]


OWN_PLACES = ("model_dir", "checkpoint_path")


def _seconds(seconds: int | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
