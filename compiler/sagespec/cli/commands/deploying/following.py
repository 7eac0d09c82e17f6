"""Jobs that are looked at while they run."""

from __future__ import annotations

import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import IO, TYPE_CHECKING

from sagespec.cli.codes import Code
from sagespec.cli.terminal import is_quiet, print_error, print_notice, print_status
from sagespec.deploying.applying.applier import Outcome
from sagespec.deploying.following.ending import TAIL, ending_of
from sagespec.deploying.following.looking import FollowedJob
from sagespec.deploying.pool import Following, follow_all
from sagespec.reporting.findings.diagnostics import printable
from sagespec.reporting.plans.status import ended_text, state_line
from sagespec.reporting.terminal.board import board_on
from sagespec.reporting.terminal.progress import progress_lines
from sagespec.reporting.terminal.style import style_of

if TYPE_CHECKING:
    from sagespec.deploying.following.ending import Ending
    from sagespec.deploying.following.follow import News
    from sagespec.deploying.following.looking import FollowedJob
    from sagespec.deploying.services import LogLine, Progress
    from sagespec.reporting.terminal.board import Board


@dataclass
class Followed:
    """What was seen of jobs while they were followed."""

    jobs: Sequence[FollowedJob]
    endings: dict[FollowedJob, Ending] = field(default_factory=dict)
    """How each has ended, or what it did when it was seen last."""
    lost: list[FollowedJob] = field(default_factory=list)
    """Those that could not be seen any more."""
    interrupted: bool = False
    asked: Mapping[FollowedJob, str] = field(default_factory=dict)
    """The configurations that endpoints were asked for, where it is known."""

    @property
    def code(self) -> Code:
        if self.interrupted:
            return Code.INTERRUPTED
        if self.lost:
            return Code.SERVICE_FAILED
        return Code.FINE if all(found.passed for found in self.endings.values()) else Code.JOB_FAILED


def followed(jobs: Sequence[FollowedJob], since: float = 0.0, *, logs: bool = True) -> Followed:
    """What is seen of jobs until they end; their logs, from a time on, go to standard output."""
    seen = Followed(jobs)
    follow(seen, sys.stdout, since, logs=logs)
    return seen


def follow(followed: Followed, out: IO[str], since: float = 0.0, *, logs: bool = True) -> None:
    """Follows jobs until they end: logs go to `out`, states to standard error. Ctrl-C ends the following alone."""
    printer, jobs = _NewsPrinter(followed), followed.jobs
    try:
        with board_on(sys.stderr, out, [job.name for job in jobs]) as board:
            for news in follow_all([(job.name, job.service) for job in jobs], since, logs=logs):
                printer.take(news, board)
    except KeyboardInterrupt:
        _report_interruption(followed)
    printer.conclude()


def follow_as_they_begin(
    followed: Followed,
    outcomes: Callable[[Progress], Iterator[Outcome]],
    begun: Callable[[Outcome, Callable[[str], None]], FollowedJob | None],
    out: IO[str],
) -> None:
    """Follows jobs from the moment each begins, while others wait for their turn.

    Args:
        outcomes: makes what comes of each change, while jobs are followed.
        begun: takes an outcome, reports it, and returns the job that there is to follow.

    Raises:
        KeyboardInterrupt: somebody pressed Ctrl-C before everything had begun.
    """
    printer, names = _NewsPrinter(followed, several=True), list[str]()
    jobs: list[FollowedJob] = []
    followed.jobs = jobs
    following: Following[Outcome] = Following()
    left = True

    def noted(made: Iterator[Outcome]) -> Iterator[Outcome]:
        nonlocal left
        yield from made
        left = False

    try:
        with board_on(sys.stderr, out, names) as board:
            following.beside(noted(outcomes(progress_lines(board.notice if not is_quiet() else lambda _: None))))
            for event in following:
                if not isinstance(event, Outcome):
                    printer.take(event, board)
                    continue
                job = begun(event, board.notice)
                if job is not None:
                    jobs.append(job)
                    names.append(job.name)
                    following.add(job.name, job.service)
    except KeyboardInterrupt:
        _report_interruption(followed)
        if left:
            raise
    printer.conclude()


def _report_interruption(followed: Followed) -> None:
    followed.interrupted = True
    if followed.jobs:
        again = "\n  ".join(attach_lines(followed.jobs))
        print_status(f"\nNo longer following; the jobs continue. To follow again: {again}", always=True)


class _NewsPrinter:
    """Prints the news of jobs, and keeps how each has ended."""

    def __init__(self, followed: Followed, *, several: bool = False) -> None:
        """
        Args:
            several: lines of logs name their job, although there may be one only.
        """
        self.followed = followed
        self.several = several
        self.tails: dict[FollowedJob, deque[str]] = defaultdict(lambda: deque(maxlen=TAIL))

    def take(self, news: News, board: Board) -> None:
        job = FollowedJob(news.job_name, news.service)
        if news.lines:
            prefix = job.name if self.several or len(self.followed.jobs) > 1 else ""
            self.tails[job].extend(line.text for line in news.lines[-TAIL:])
            for line in news.lines:
                board.line(log_line(line, prefix))
        if news.seen is not None:
            board.state(news.seen)
            self.followed.endings[job] = ending_of(
                news.seen, news.artifact, list(self.tails[job]), self.followed.asked.get(job, "")
            )
        if news.lost:
            self.followed.lost.append(job)
        elif news.trouble is not None:
            print_notice(f"{job.name}: {news.trouble.message}", news.trouble.hint)

    def conclude(self) -> None:
        """Prints how each job has ended, and which could not be followed so far."""
        style = style_of(sys.stderr)
        for found in self.followed.endings.values():
            if found.over:
                print_status(state_line(found, style), always=not found.passed)
                for line in ended_text(found, style):
                    print_status(line, always=not found.passed)
        for job in self.followed.lost:
            print_error(
                f"{job.name} could not be followed to its end; it may still be running", next(attach_lines([job]))
            )


def attach_lines(jobs: Sequence[FollowedJob]) -> Iterator[str]:
    """Commands that follow jobs again, from anywhere: one a region."""

    def place(job: FollowedJob) -> str:
        return str(getattr(job.service, "region", ""))

    for region, some in groupby(sorted(jobs, key=place), key=place):
        names = " ".join(job.name for job in some)
        yield f"sagespec attach {names} --region {region}" if region else f"sagespec attach {names}"


def log_line(line: LogLine, job_name: str) -> str:
    prefix = f"{job_name} {line.host} | " if job_name else f"{line.host} | " if line.host != "algo-1" else ""
    return prefix + printable(line.text)
