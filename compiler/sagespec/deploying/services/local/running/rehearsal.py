"""Rehearses spot: takes the instance away, keeps only the checkpoints, and judges whether training went on."""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sagespec.deploying.services.local.folder import HostFolder

MARKS = (3, 8)
"""After how many steps or epochs of a run, at random, the instance goes."""
SILENT_SECONDS = (5.0, 30.0)
"""After how long, at random, where the log shows no steps."""

_STEP = re.compile(r"\b(epoch|(?:global[ _])?step|iteration|iter)\b\D{0,4}(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Interruption:
    """When the instance goes."""

    marks: int
    """After so many steps, 1 or more …"""
    fraction: float
    """… and this part of the time that a step took on average, so that it may hit anything that a step does."""
    silence: float
    """After so many seconds, where the log shows no steps."""


class RehearsalProgress:
    """How far one run of the script has come, by the step or epoch numbers in its log."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new run of the script."""
        self.began = time.monotonic()
        self.lowest: int | None = None
        """Not the first: a script may tell which checkpoint it found, and then begin again all the same."""
        self.last: int | None = None
        self.unit = ""
        self.times: list[float] = []
        """When the first steps were logged; no more of them than `MARKS` asks for."""

    def notice(self, line: str) -> None:
        """Looks at one line; the first unit that is seen counts, and only its new numbers."""
        for found in _STEP.finditer(line):
            unit, number = found[1].lower(), int(found[2])
            if not self.unit:
                self.unit, self.lowest = unit, number
            if unit == self.unit and number != self.last:
                self.lowest = number if self.lowest is None else min(number, self.lowest)
                self.last = number
                if len(self.times) < MARKS[1]:
                    self.times.append(time.monotonic())

    def due(self, moment: Interruption) -> bool:
        now = time.monotonic()
        if not self.times:
            return now - self.began > moment.silence
        if len(self.times) < moment.marks:
            return False
        mark_time = self.times[moment.marks - 1]
        return now - mark_time >= moment.fraction * (mark_time - self.began) / moment.marks


class RehearsalJudge:
    """Compares the runs of a rehearsal."""

    def __init__(self, interruptions: int) -> None:
        self.asked = interruptions
        self.done = 0
        self.origin: int | None = None
        self.reached: int | None = None
        self.unit = ""
        self.runs: list[dict[str, Any]] = []

    def moment(self) -> Interruption | None:
        """When to interrupt the next run; None for a run that is left alone."""
        if self.done >= self.asked:
            return None
        chance = random.SystemRandom()
        return Interruption(chance.randint(*MARKS), chance.random(), chance.uniform(*SILENT_SECONDS))

    def saw(self, progress: RehearsalProgress, *, interrupted: bool) -> None:
        """A run has ended."""
        if self.done == 0:
            self.origin = progress.lowest
        if progress.unit:
            self.unit = progress.unit
        if self.done:
            self.runs.append({"reached": self.reached, "went_on_at": progress.lowest})
        if interrupted:
            self.reached = progress.last
            self.done += 1

    def describe_interruption(self) -> str:
        where = "" if self.reached is None else f" at {self.unit} {self.reached}"
        return f"rehearsal: the spot instance is taken away{where} ({self.done} of {self.asked})"

    def verdict(self) -> dict[str, Any]:
        """What the rehearsal shows.

        `verdict` is `resumed` where every restart went on beyond where the first run had begun, `began again` where
        one did not, `unknown` where the log shows no steps, and `not interrupted` where the script was too quick.
        """
        word = self._word()
        runs = "; ".join(f"interrupted at {run['reached']}, went on at {run['went_on_at']}" for run in self.runs)
        return {
            "verdict": word,
            "text": _TEXTS[word].format(unit=self.unit, runs=runs) + self._missing(),
            "interruptions": self.done,
            "asked": self.asked,
            "unit": self.unit,
            "runs": self.runs,
        }

    def _missing(self) -> str:
        if self.done == self.asked:
            return ""
        return f"; the script ended before interruption {self.done + 1} of {self.asked} came: let it train for longer"

    def _word(self) -> str:
        if not self.runs:
            return "not interrupted"
        numbers = [run["went_on_at"] for run in self.runs]
        if self.origin is None or None in numbers:
            return "unknown"
        return "resumed" if all(number > self.origin for number in numbers) else BEGAN_AGAIN


BEGAN_AGAIN = "began again"
_TEXTS = {
    "resumed": "rehearsal: training resumed ({unit}: {runs})",
    BEGAN_AGAIN: "rehearsal: training began again ({unit}: {runs}). Save checkpoints to /opt/ml/checkpoints, and "
    "restore the newest one when the script starts",
    "unknown": "rehearsal: it is unknown whether training resumed; print the epoch or step (`epoch 3`, `step 100`)",
    "not interrupted": "rehearsal: nothing was interrupted, so nothing is known",
}


def forget(hosts: Iterable[HostFolder]) -> None:
    """Deletes what an instance loses with its disk: all but what lies in S3, the checkpoints and the shared folder."""
    for host in hosts:
        for folder in (host.path / "input", host.code, host.model, host.output, host.path / "checkpoints"):
            if not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)
