"""What metric definitions catch in a log, for people and programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from sagespec.base.redact import redacted
from sagespec.kinds.training_job.metric_trial import Loose, MetricTrial, Tally
from sagespec.kinds.training_job.metrics import Caught
from sagespec.reporting.findings.diagnostics import counted, printable
from sagespec.reporting.jsontext import json_text
from sagespec.reporting.terminal.style import Style
from sagespec.reporting.terminal.table import table

WIDEST = 60
"""Characters of a line that are shown."""
MOST_LOOSE = 10
"""Names without a definition that are listed."""


def trial_text(trial: MetricTrial, style: Style) -> Iterator[str]:
    """What was caught line by line, what each definition has caught in all, and which numbers nothing has caught."""
    width = max((len(str(hit.number)) for hit in trial.hits), default=0)
    wide = max((len(printable(hit.name)) for hit in trial.hits), default=0)
    for hit in trial.hits:
        value = printable(hit.caught.text) if hit.caught.value is None else f"{hit.caught.value:g}"
        name = style.bold(printable(hit.name).ljust(wide))
        line = f"{style.dim(_short(hit.line))}{style.yellow(_flaw(hit.caught))}"
        yield f"{hit.number:>{width}}  {name}  {value:>10}  {line}"
    if trial.hits:
        yield ""
    if trial.tallies:
        head = ("metric", "lines", "values", "first", "last", "least", "most", "pattern")
        yield from table(head, [_row(tally) for tally in trial.tallies], style)
    for tally in trial.tallies:
        yield from (f"{style.yellow('warning')}: {printable(tally.name)} {problem}" for problem in _problems(tally))
    yield from _loose_text(trial, style)


def _flaw(caught: Caught) -> str:
    if caught.value is None:
        return "  no number"
    return f"  cut: {printable(caught.whole)} stands there" if caught.cut else ""


def _row(tally: Tally) -> list[str]:
    values = tally.values
    numbers = [f"{value:g}" for value in (values[0], values[-1], min(values), max(values))] if values else [""] * 4
    return [printable(tally.name), str(tally.lines), str(len(values)), *numbers, printable(tally.regex)]


def _problems(tally: Tally) -> Iterator[str]:
    """What is wrong with a definition, as the log shows it."""
    if not tally.readable:
        yield "cannot be tried: Python does not read its pattern"
    elif not tally.lines:
        yield "catches nothing in this log"
    if tally.no_numbers:
        what = "is not a number" if tally.no_numbers == 1 else "are not numbers"
        yield f"catches {counted(tally.no_numbers, 'text')} that {what}"
    if tally.cut:
        yield f"cuts {counted(tally.cut, 'number')} short: ([0-9.eE+-]+) takes all of one"


def _loose_text(trial: MetricTrial, style: Style) -> Iterator[str]:
    yield ""
    yield f"{trial.uncaught} of {counted(trial.lines, 'line')} without a metric"
    if not trial.loose:
        return
    yield "Numbers with a name that no definition catches, and one that would:"
    found = sorted(trial.loose.items(), key=lambda one: -len(one[1]))
    rows = [[printable(one.name), str(len(at)), str(at[0]), printable(_definition(one))] for one, at in found]
    yield from table(("name", "times", "first line", "definition"), rows[:MOST_LOOSE], style)
    if len(rows) > MOST_LOOSE:
        yield f"and {len(rows) - MOST_LOOSE} more"


def _definition(loose: Loose) -> str:
    return f"{{name: {json.dumps(loose.name)}, regex: {_quoted(loose.regex)}}}"


def _quoted(regex: str) -> str:
    """A pattern in YAML: between single quotes, where a backslash is a backslash."""
    return "'" + regex.replace("'", "''") + "'"


def _short(line: str) -> str:
    line = printable(redacted(line.strip()))
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}…"


def trial_json(trial: MetricTrial) -> str:
    """JSON format 1."""
    data = {
        "version": 1,
        "lines": trial.lines,
        "lines_without_a_metric": trial.uncaught,
        "metrics": [
            {
                "name": tally.name,
                "regex": tally.regex,
                "lines": tally.lines,
                "values": list(tally.values),
                "not_numbers": tally.no_numbers,
                "cut_short": tally.cut,
            }
            for tally in trial.tallies
        ],
        "caught": [
            {"line": hit.number, "name": hit.name, "text": redacted(hit.caught.text), "value": hit.caught.value}
            for hit in trial.hits
        ],
        "not_caught": [{"name": one.name, "regex": one.regex, "lines": at} for one, at in trial.loose.items()],
    }
    return json_text(data)


FORMATS: dict[str, Callable[[MetricTrial, Style], str]] = {
    "text": lambda trial, style: "\n".join(trial_text(trial, style)),
    "json": lambda trial, _: trial_json(trial),
}
