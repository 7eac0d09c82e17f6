"""Does what a plan says. Running it again after any interruption finishes the work: no job twice, none lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sagespec.building.targets import Request, Upload
from sagespec.deploying.planner import Action, Change, Plan, Seen, Wish, decide
from sagespec.deploying.services import NameTaken, NoSuchJob, Progress, Service, ServiceError

POLL_SECONDS = 5.0
"""The longest pause between two looks at a job that is to end; the first is a tenth of it."""


@dataclass(frozen=True)
class Outcome:
    """What became of one change."""

    change: Change
    error: ServiceError | None = None
    """Why it could not be done; None when it was."""
    adopted: bool = False
    """The job was there already: another applier, or an earlier run of this one, had created it."""

    @property
    def job_name(self) -> str:
        return self.change.job_name

    @property
    def done(self) -> bool:
        return self.error is None and self.change.action is not Action.REFUSE


def nothing(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class Applier:
    """Carries out plans against one service."""

    def __init__(
        self,
        service: Service,
        progress: Progress = nothing,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.service = service
        self.progress = progress
        self.clock = clock
        self.sleep = sleep
        self._uploaded: set[str] = set()
        self._roles: set[str] = set()

    def apply(self, plan: Plan, wish: Wish = Wish()) -> Iterator[Outcome]:  # noqa: B008 - frozen
        """One outcome a change, in order. One job's failure does not stop the others."""
        for change in plan.changes:
            try:
                yield self._do(change, wish)
            except ServiceError as error:
                yield Outcome(change, error)

    def _do(self, change: Change, wish: Wish) -> Outcome:
        if change.action is Action.CREATE and change.request is not None:
            return self._create(change, change.request)
        if change.action in (Action.WAIT, Action.REPLACE) and change.request is not None and change.seen is not None:
            return self._after(change, change.request, change.seen, wish)
        if change.action is Action.STOP and change.seen is not None:
            self.service.stop(change.seen.job_name)
        if change.action is Action.TAG and change.request is not None and change.seen is not None:
            self._tag(change.request, change.seen)
        if change.action is Action.UPDATE and change.request is not None and change.seen is not None:
            self.service.update(change.seen.job_name, change.live)
            self._tag(change.request, change.seen)
        return Outcome(change)

    def _create(self, change: Change, request: Request) -> Outcome:
        if request.role_by_name:
            self._check_role(request.template["RoleArn"])
        for upload in request.uploads:
            self._upload(upload)
        try:
            self.service.create(request, change.attempt)
        except NameTaken as taken:
            # Names are unique, so the name is the lock: whoever came first has created the very job that we want.
            found = self.service.describe(request.job_name(change.attempt))
            if found.digest != request.digest or found.project != request.project:
                raise ServiceError(
                    f"{found.job_name} exists and is not of this manifest: {taken.message}",
                    "give the manifest another name",
                ) from None
            return Outcome(change, adopted=True)
        return Outcome(change)

    def _check_role(self, role_arn: str) -> None:
        if role_arn not in self._roles:
            self.service.check_role(role_arn)
            self._roles.add(role_arn)

    def _upload(self, upload: Upload) -> None:
        if upload.uri not in self._uploaded:
            self.service.upload(upload, self.progress)
            self._uploaded.add(upload.uri)

    def _after(self, change: Change, request: Request, seen: Seen, wish: Wish) -> Outcome:
        """Waits for a job to end (asking it to, for a replacement), then decides again and does that."""
        if change.action is Action.REPLACE:
            self.service.stop(seen.job_name)
        ended = self._ended(seen.job_name)
        jobs = [job for job in self.service.observe([request]) if job.job_name != seen.job_name]
        again = decide(request, [*jobs, *([ended] if ended else [])], replace(wish, replace=False))
        if again.action in (Action.WAIT, Action.REPLACE):
            return Outcome(again, ServiceError(f"{seen.job_name} has ended, and now {again.reason}", "run apply again"))
        return self._do(again, wish)

    def _ended(self, job_name: str) -> Seen | None:
        pause = POLL_SECONDS / 10
        while True:
            try:
                seen = self.service.describe(job_name)
            except NoSuchJob:
                return None
            if seen.ended:
                return seen
            self.progress(f"waiting for {job_name} to end ({seen.secondary or seen.status})", 0, 0)
            self.sleep(pause)
            pause = min(2 * pause, POLL_SECONDS)

    def _tag(self, request: Request, seen: Seen) -> None:
        add, remove = request.tag_changes(seen.tags, seen.attempt)
        self.service.tag(seen.job_name, add, remove)


def changed(then: Sequence[Change], now: Sequence[Change]) -> list[str]:
    """What is no longer as a plan saw it, in words; nothing when it still holds.

    What somebody (an earlier run of this very plan, perhaps) has brought about in the meantime is as planned.
    """
    later = {_about(change): change for change in now}
    differences = []
    for change in then:
        other = later.pop(_about(change), None)
        if other is None and change.action is Action.STOP:
            continue  # it has ended by itself
        if other is None or not (_same(change, other) or _came_true(change, other)):
            found = f"{other.action.value}: {other.reason}" if other else "its manifest is gone"
            differences.append(f"{change.name}: planned {change.action.value} ({change.reason}), now {found}")
    new = (other for other in later.values() if other.action is not Action.KEEP)
    return differences + [f"{other.name}: not in the plan, now {other.action.value}: {other.reason}" for other in new]


def _about(change: Change) -> tuple[object, ...]:
    if change.request is not None:
        return change.request.project, change.request.site, change.name
    return ("stop", change.job_name)


def _same(then: Change, now: Change) -> bool:
    return (then.action, then.job_name, _status(then), then.live) == (now.action, now.job_name, _status(now), now.live)


def _came_true(then: Change, now: Change) -> bool:
    asked = then.request is None or (now.request is not None and now.request.digest == then.request.digest)
    return asked and now.action is Action.KEEP and now.job_name == then.job_name


def _status(change: Change) -> str:
    return change.seen.status if change.seen is not None else ""
