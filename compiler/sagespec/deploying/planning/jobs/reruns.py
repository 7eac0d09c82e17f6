"""`--rerun`: which attempts it means. Interrupted and repeated, it starts each job once.

The attempts that one `--rerun` starts are marked with a digest of what it found: each job's newest attempt before. A
repetition that finds the same, and some of the marks, is the same rerun, and does what is left of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from sagespec.base.named import NamedTuple
from sagespec.building.request import Request
from sagespec.building.tags import RERUN

if TYPE_CHECKING:
    from sagespec.deploying.planning.observed import Observed

Attempts: TypeAlias = "Sequence[tuple[Request, Sequence[Observed]]]"
"""Requests, each with its attempts, oldest first."""

_LENGTH = 16
"""Hexadecimal digits of a mark."""


class Rerun(NamedTuple):
    """What one `--rerun` asks for."""

    of: frozenset[str]
    """The training jobs that are run again, each as the next attempt; if it has ended."""
    mark: str
    """The tag of the attempts that it starts."""


def rerun_of(attempts: Attempts) -> Rerun:
    """What `--rerun` means now: what is left of an interrupted one, else every newest attempt."""
    marks = {job.tags[RERUN] for _, jobs in attempts for job in jobs if RERUN in job.tags}
    for mark in sorted(marks):
        left = [jobs for _, jobs in attempts if not any(job.tags.get(RERUN) == mark for job in jobs)]
        if left and mark == _mark((request, _before(jobs, mark)) for request, jobs in attempts):
            return Rerun(_newest(left), mark)
    return Rerun(_newest(jobs for _, jobs in attempts), _mark((request, _last(jobs)) for request, jobs in attempts))


def attempts_used(attempts: Sequence[Observed]) -> int:
    """How many of `max_attempts` a request's attempts have used: those since it was last asked for."""
    asked = max((job.attempt for job in attempts if RERUN in job.tags), default=1)
    return attempts[-1].attempt - asked + 1 if attempts else 0


def _newest(attempts: Iterable[Sequence[Observed]]) -> frozenset[str]:
    return frozenset(jobs[-1].job_name for jobs in attempts if jobs)


def _last(jobs: Sequence[Observed]) -> int:
    return jobs[-1].attempt if jobs else 0


def _before(jobs: Sequence[Observed], mark: str) -> int:
    """The number of the newest attempt that a rerun of this mark found."""
    marked = [job.attempt for job in jobs if job.tags.get(RERUN) == mark]
    return marked[0] - 1 if marked else _last(jobs)


def _mark(found: Iterable[tuple[Request, int]]) -> str:
    lines = sorted(f"{request.environment} {request.job_name()} {attempt}" for request, attempt in found)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_LENGTH]
