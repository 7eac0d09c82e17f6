"""Families that are not converted yet: rules that get the whole case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from sagespec.base.diagnostic import Finding, Severity
from sagespec.base.source import Path
from sagespec.checking.rule import Rule
from sagespec.checking.rule import rule as rule_about
from sagespec.checking.subject import Subject
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.subjects import INSTANCE_TYPE, JOB, LEGACY_JOB

Case = JobContext
LEGACY = "(legacy)"
Check = Callable[[JobContext], Iterator[Finding]]


@cache
def _job_with(words: str) -> Subject[Job, JobContext]:
    return Subject(JOB.of, words.split())


def rule(severity: Severity, *, source: str, given: str = "") -> Callable[[Check], Rule]:
    on: Any = LEGACY_JOB if given == LEGACY else _job_with(given)

    def made(check: Check) -> Rule:
        def judged(_: Job, context: JobContext) -> Iterator[Finding]:
            return check(context)

        judged.__name__, judged.__doc__ = check.__name__, check.__doc__
        return rule_about(severity, on=on, source=source)(judged)

    return made


def type_paths(case: JobContext) -> Iterator[tuple[Path, str]]:
    """Every instance type, and where it is written."""
    return ((written.path, written.value) for written in INSTANCE_TYPE.of(case))
