"""Metric definitions, tried on a whole log: what each catches, and what none does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sagespec.base.named import NamedTuple
from sagespec.kinds.training_job.metrics import NUMBER, Caught, pattern_of


class Hit(NamedTuple):
    """Something that a definition has caught."""

    number: int
    """Of the line, from 1."""
    line: str
    name: str
    caught: Caught


@dataclass
class Tally:
    """What one definition has caught in all."""

    name: str
    regex: str
    readable: bool
    """Whether the pattern can be tried: Python may not know what the service does."""
    lines: int = 0
    values: list[float] = field(default_factory=list)
    no_numbers: int = 0
    """How often what it caught was not a number."""
    cut: int = 0
    """How often it caught a part of a number only."""

    @property
    def useful(self) -> bool:
        return bool(self.values)


class Loose(NamedTuple):
    """A number with a name before it that no definition has caught."""

    name: str
    between: str
    """What stands between the name and the number."""

    @property
    def regex(self) -> str:
        """A pattern that catches it."""
        return f"\\b{re.escape(self.name)}{self.between}([0-9.eE+-]+)"


@dataclass
class MetricTrial:
    """What definitions catch in a log."""

    lines: int = 0
    hits: list[Hit] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    loose: dict[Loose, list[int]] = field(default_factory=dict)
    """What no definition has caught, and in which lines."""
    uncaught: int = 0
    """Lines in which no definition has found anything."""


_LOOSE = rf"(?<![\w.:/-])([A-Za-z_][\w./-]*)(['\"]?(?: ?= ?|: ?))({NUMBER})(?![\w:/-])"


def tried(definitions: Sequence[tuple[str, str]], log: Iterable[str]) -> MetricTrial:
    """Definitions (name, pattern), tried on the lines of a log."""
    trial = MetricTrial(
        tallies=[Tally(name, regex, pattern_of(name, regex) is not None) for name, regex in definitions]
    )
    patterns = [(tally, pattern) for tally in trial.tallies if (pattern := pattern_of(tally.name, tally.regex))]
    for number, line in enumerate(log, 1):
        trial.lines = number
        caught = [(tally, each) for tally, pattern in patterns for each in pattern.caught(line)]
        for tally in {id(tally): tally for tally, _ in caught}.values():
            tally.lines += 1
        for tally, each in caught:
            trial.hits.append(Hit(number, line, tally.name, each))
            tally.values += () if each.value is None else (each.value,)
            tally.no_numbers += each.value is None
            tally.cut += each.cut
        trial.uncaught += not caught
        taken = {each.start for _, each in caught}
        for found in re.finditer(_LOOSE, line):
            if found.start(3) not in taken:
                trial.loose.setdefault(Loose(found[1], found[2]), []).append(number)
    return trial
