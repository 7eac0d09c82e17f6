"""Follows jobs until they end: statuses and log lines as they come. One job's trouble is its own."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Generic, TypeVar

from sagespec.deploying.following.ending import TAIL, promised_by
from sagespec.deploying.planning.observed import Observed
from sagespec.deploying.services import START, Cursor, LogLine, NoSuchJob, Service, ServiceError
from sagespec.deploying.side_by_side import WORKERS, side_by_side
from sagespec.kinds.lifecycle import Nature

PATIENCE = 8
"""Looks in a row at which a job could not be seen, after which it is given up: throttling and short outages pass."""
CALLS_A_READ = 3
"""What it costs to read a log, as a rule: who writes it, a page, and the page after it."""
LINES_AT_ONCE = 200
"""Log lines that are handed over together: one by one, that would cost more than all else."""
NEWS_AHEAD = 50
"""What is read ahead of whoever writes it down."""
_TICK = 0.2


@dataclass(frozen=True)
class News:
    """Something new about one job: its state, lines of its log, or what could not be seen of it."""

    job_name: str
    service: Service
    seen: Observed | None = None
    lines: Sequence[LogLine] = ()
    trouble: ServiceError | None = None
    artifact: str | None = None
    """With the state of a job that has ended: where its model lies, as far as that could be seen."""
    lost: bool = False
    """With `trouble`: the job is no longer followed. Otherwise its log alone, or one look, is missing."""


Put = Callable[[News], None]
Item = TypeVar("Item")


@dataclass
class _FollowedState:
    """How far one job has been followed."""

    name: str
    cursor: Cursor = START
    state: tuple[str, str] | None = None
    seen: Observed | None = None
    moved: bool = True
    """Whether its state has changed since its log was read."""
    read: int = -1
    """The round in which its log was read last."""
    closing: int | None = None
    """The round in which it was seen to have ended; its last lines may still be on their way."""
    hidden: bool = False
    """Whether the last look saw nothing of it."""
    failures: int = 0
    """Looks in a row that saw nothing, and that waiting alone does not cure."""
    reported: set[str] = field(default_factory=set)
    """Errors that were reported, each once."""


@dataclass
class Follower:
    """Follows the jobs of one service. A round looks at all states at once, and reads logs as far as calls allow:
    those of jobs that have moved first, the others in turn."""

    service: Service
    job_names: Sequence[str]
    logs: bool = True
    poll: float = 0.0
    """Seconds between two looks."""
    sleep: Callable[[float], None] = time.sleep
    since: float = 0.0
    """Log lines from before this time are passed over: seconds since 1970, UTC."""
    open: bool = False
    """Whether more jobs may come, until it is closed."""
    _arrivals: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)

    def add(self, job_name: str) -> None:
        """One more job to follow, from another thread."""
        self._arrivals.put(job_name)

    def close(self) -> None:
        """No more come."""
        self._arrivals.put(None)

    def run(self, put: Put) -> None:
        """Puts all news, and returns when every job has ended or is lost, and no more come; a job's last news is its
        final state, after its last line."""
        jobs = {name: self._begun(name) for name in self.job_names}
        number = 0
        while self._arrived(jobs):
            before = self._calls()
            states = self.service.states(list(jobs))
            for name, job in list(jobs.items()):
                self._note(job, states[name], number, put)
                if self._is_hopeless(job, states[name]):
                    put(News(name, self.service, trouble=_trouble(states[name]), lost=True))
                    del jobs[name]
            in_sight = [job for job in jobs.values() if not job.hidden]
            self._read_logs([job for job in in_sight if not self._is_over(job)], number, before, put)
            over = [job for job in in_sight if self._is_over(job)][: self._left(before)]
            for done in side_by_side(lambda job: self._final(job, put), over):
                put(done.get())
                del jobs[done.item.name]
            number += 1
            if jobs:
                self.sleep(self.poll)

    def _begun(self, name: str) -> _FollowedState:
        return _FollowedState(name, replace(START, since=self.since))

    def _arrived(self, jobs: dict[str, _FollowedState]) -> bool:
        """Takes the jobs that have come, and waits for one where none is followed. Whether any is."""
        while self.open:
            try:
                name = self._arrivals.get(block=not jobs, timeout=_TICK)
            except queue.Empty:
                if jobs:
                    break
                continue
            if name is None:
                self.open = False
            else:
                jobs.setdefault(name, self._begun(name))
        return bool(jobs)

    def _note(self, job: _FollowedState, found: Observed | ServiceError, number: int, put: Put) -> None:
        job.hidden = isinstance(found, ServiceError)
        if isinstance(found, ServiceError):
            job.failures += not found.passing
            self._report_once(job, found, put)
            return
        job.failures, job.seen = 0, found
        state = (found.status, found.secondary)
        if state != job.state:
            job.state, job.moved = state, True
            if not found.ended:
                put(News(job.name, self.service, seen=found))
        if found.ended and job.closing is None:
            job.closing = number

    def _is_hopeless(self, job: _FollowedState, found: Observed | ServiceError) -> bool:
        return isinstance(found, NoSuchJob) or job.failures >= PATIENCE

    def _report_once(self, job: _FollowedState, trouble: ServiceError, put: Put) -> None:
        if trouble.message not in job.reported:
            job.reported.add(trouble.message)
            put(News(job.name, self.service, trouble=trouble))

    def _read_logs(self, jobs: Sequence[_FollowedState], number: int, before: int, put: Put) -> None:
        """Those that have moved first, then whoever has waited longest, a few at a time, while calls are left."""
        if not self.logs:
            return
        order = sorted(jobs, key=lambda job: (not job.moved, job.read))
        for start in range(0, len(order), WORKERS):
            if start and self._left(before) <= CALLS_A_READ * WORKERS:
                return
            for done in side_by_side(lambda job: self._read_log(job, put), order[start : start + WORKERS]):
                done.get()
                done.item.read = number

    def _left(self, before: int) -> int:
        """How many calls a round may still make; the first few may always."""
        allowed = getattr(self.service, "calls_a_minute", None)
        if allowed is None or not self.poll:
            return sys.maxsize
        return max(WORKERS, int(allowed * self.poll / 60) - (self._calls() - before))

    def _read_log(self, job: _FollowedState, put: Put) -> None:
        """A log that cannot be read is a remark: the training goes on, and decides how it ends."""
        try:
            lines, cursor = self.service.logs(job.name, job.cursor.restarted if job.moved else job.cursor)
            self._put_lines(job, lines, put)
            job.cursor, job.moved = cursor, False
        except ServiceError as trouble:
            self._report_once(job, trouble, put)

    def _put_lines(self, job: _FollowedState, lines: Iterable[LogLine], put: Put) -> None:
        left = iter(lines)
        while some := tuple(islice(left, LINES_AT_ONCE)):
            put(News(job.name, self.service, lines=some))

    def _is_over(self, job: _FollowedState) -> bool:
        """Whether a job has ended and its log has been read since: once more where the last lines come late."""
        if job.closing is None:
            return False
        late = getattr(self.service, "late_logs", False)
        return not self.logs or (job.read > job.closing if late else job.read >= job.closing)

    def _final(self, job: _FollowedState, put: Put) -> News:
        """A job's end, with all that is known of it; the end of a log that was not followed, where it may say why."""
        assert job.seen is not None
        seen, trouble, artifact = job.seen, None, None
        try:
            seen = self.service.describe(job.name)
            artifact = promised_by(seen)
            artifact = self.service.artifact(job.name, seen.body)
            if seen.lifecycle.nature is Nature.STAYS and not seen.succeeded:
                self._put_lines(job, self.service.tail(job.name, TAIL), put)
        except ServiceError as error:
            trouble = error
        return News(job.name, self.service, seen=seen, trouble=trouble, artifact=artifact)

    def _calls(self) -> int:
        return int(getattr(self.service, "calls", 0))


def _trouble(found: Observed | ServiceError) -> ServiceError | None:
    return found if isinstance(found, ServiceError) else None


def follow(
    service: Service,
    job_names: Sequence[str],
    *,
    logs: bool = True,
    poll: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[News]:
    """News of each job until all have ended; the last news of a job is its final state, after its last line.

    Args:
        poll: seconds between two looks; by default what the service finds polite.
    """
    return merged_news([follower_of(service, job_names, logs=logs, poll=poll, sleep=sleep)])


def follower_of(
    service: Service,
    job_names: Sequence[str],
    *,
    logs: bool = True,
    poll: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
    since: float = 0.0,
) -> Follower:
    every = getattr(service, "poll_seconds", 1.0) if poll is None else poll
    return Follower(service, list(dict.fromkeys(job_names)), logs, every, sleep, since)


def merged_news(followers: Sequence[Follower]) -> Iterator[News]:
    """What several followers put, as it comes."""
    queue: MergedQueue[News] = MergedQueue()
    for follower in followers:
        queue.listen(follower.run)
    return iter(queue)


class MergedQueue(Generic[Item]):
    """What several sources put, as it comes, until all have ended; further ones may come meanwhile.

    They are daemons: whoever stops listening need not wait for them.
    """

    def __init__(self) -> None:
        self._arrived: queue.Queue[tuple[Item] | BaseException | None] = queue.Queue(NEWS_AHEAD)
        self._left = 0

    def listen(self, run: Callable[[Callable[[Item], None]], None]) -> None:
        """One more source; called by whoever listens."""

        def listened() -> None:
            try:
                run(lambda item: self._arrived.put((item,)))
                self._arrived.put(None)
            except BaseException as error:  # whoever listens decides
                self._arrived.put(error)

        self._left += 1
        threading.Thread(target=listened, daemon=True).start()

    def __iter__(self) -> Iterator[Item]:
        while self._left:
            try:
                arrived = self._arrived.get(timeout=_TICK)
            except queue.Empty:
                continue
            if isinstance(arrived, BaseException):
                raise arrived
            if arrived is None:
                self._left -= 1
            else:
                yield arrived[0]
