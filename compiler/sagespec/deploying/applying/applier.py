"""Does what a plan says. Running it again after any interruption finishes the work: no job twice, none lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sagespec.building.request import Request, Upload
from sagespec.building.tags import ATTEMPT, RERUN
from sagespec.deploying.applying.slots import Slots
from sagespec.deploying.following.waits import waiting
from sagespec.deploying.planning.jobs.planner import Action, Change, Plan, PlanOptions, decide
from sagespec.deploying.planning.observed import Observed
from sagespec.deploying.planning.ownership import is_own, stop_command, whose
from sagespec.deploying.services import NameTaken, NoSuchJob, Progress, Service, ServiceError
from sagespec.deploying.side_by_side import Once, each, side_by_side
from sagespec.kinds.lifecycle import Nature

POLL_SECONDS = 5.0
"""The longest pause between two looks at a job that is to end; the first is a tenth of it."""
PATIENCE_SECONDS = 3600.0
"""How long the end of a job is waited for: it is given two minutes to stop, and then saves what it has made."""
AT_ONCE = 8
"""Changes at a time."""
WAITING = 64
"""Changes at a time that wait for a job to end."""

_WAIT = frozenset({Action.WAIT, Action.REPLACE})
_STARTS = frozenset({Action.CREATE, Action.REPLACE, Action.WAIT})
"""What may end in a creation."""


@dataclass(frozen=True)
class Outcome:
    """What became of one change."""

    change: Change
    error: ServiceError | None = None
    """Why it could not be done; None when it was."""
    adopted: bool = False
    """The job was there already: another applier, or an earlier run of this one, had created it."""
    notes: tuple[str, ...] = ()
    """What was left undone, and why, although nothing went wrong."""

    @property
    def job_name(self) -> str:
        return self.change.job_name

    @property
    def done(self) -> bool:
        """Whether all is as it should be after it, as far as it goes without the training."""
        return self.error is None and self.change.action is not Action.REFUSE and not self.change.beside

    @property
    def followable(self) -> bool:
        """Whether there is a job of a manifest after it."""
        untouched = (Action.REFUSE, Action.WAIT)
        return self.error is None and self.change.request is not None and self.change.action not in untouched


def nothing(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class Applier:
    """Carries out changes in one service. Safe to share between threads."""

    def __init__(
        self,
        service: Service,
        progress: Progress = nothing,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE_SECONDS,
        slots: Slots | None = None,
    ) -> None:
        """
        Args:
            patience: seconds that the end of one job is waited for.
            slots: how many jobs run at a time; None for as many as the service takes.
        """
        self.service = service
        self.progress = progress
        self.sleep = sleep
        self.patience = patience
        self.slots = slots
        self._once = Once()

    def apply(self, plan: Plan, options: PlanOptions = PlanOptions()) -> Iterator[Outcome]:  # noqa: B008 - frozen
        """One outcome a change, as they come. One job's failure does not stop the others."""
        yield from carry_out([(change, self) for change in plan.changes], options)

    def do(self, change: Change, options: PlanOptions) -> Outcome:
        """One change, whatever it takes, in its turn. Nothing that the service does is raised."""
        slots, request = self.slots, change.request
        if slots is None or request is None or change.action not in _STARTS:
            return self._done(change, options)
        try:
            if change.action is Action.REPLACE:
                with slots.held():
                    return self._holding(slots, self._done(change, options))
            with slots.place(self.progress) as waited:
                outcome = self._then(change, request, options) if waited else self._done(change, options)
                return self._holding(slots, outcome)
        except ServiceError as error:
            return Outcome(change, error)

    def _holding(self, slots: Slots, outcome: Outcome) -> Outcome:
        if outcome.followable:
            slots.began(self.service, outcome.job_name)
        return outcome

    def _done(self, change: Change, options: PlanOptions) -> Outcome:
        try:
            return self._do(change, options)
        except ServiceError as error:
            return Outcome(change, error)

    def _do(self, change: Change, options: PlanOptions) -> Outcome:
        request, seen = change.request, change.seen
        if change.action is Action.STOP:
            self._stop(change.stops)
        if request is None or (seen is None and change.action is not Action.CREATE):
            return Outcome(change)
        if change.action is Action.CREATE:
            return self._create(change, request, options)
        if change.action is Action.REPLACE:
            return self._replace(change, request, options)
        assert seen is not None
        if change.action is Action.WAIT:
            self._ended(seen.job_name)
            return self._then(change, request, options)
        if change.action is Action.UPDATE:
            self.service.update(seen.job_name, change.live)
        if change.action in (Action.TAG, Action.UPDATE, Action.ADOPT):
            self._tag(request, seen, change.attempt)
        return Outcome(change)

    # A creation -----------------------------------------------------------------------------------------------------

    def _create(self, change: Change, request: Request, options: PlanOptions) -> Outcome:
        self._prepare(request, check_role=request.role_by_name)
        marked = request._replace(tags={**request.tags, RERUN: change.rerun}) if change.rerun else request
        try:
            self.service.create(marked, change.attempt)
        except NameTaken as taken:
            return self._found(change, request, options, taken)
        return Outcome(change)

    def _found(self, change: Change, request: Request, options: PlanOptions, taken: NameTaken) -> Outcome:
        """Names are unique, so the name is the lock: whoever came first has created the very job that we want.

        It may have ended since: what is to be done then is decided as always.
        """
        found = self.service.describe(request.job_name(change.attempt))
        if not is_own(request, found) or found.digest != request.digest:
            message = f"{found.job_name} exists and does not belong to this manifest ({whose(found)}): {taken.message}"
            raise ServiceError(message, "give the manifest another name, or look at: sagespec plan") from None
        others = [job for job in self.service.observe([request]) if job.job_name != found.job_name]
        again = decide(request, [*others, found], options._replace(rerun=False, named=None, replace=False))
        if again.action is Action.CREATE and again.attempt > change.attempt:
            return self._create(again, request, options)
        return Outcome(again, adopted=True)

    def _prepare(self, request: Request, *, check_role: bool) -> None:
        """All that can be done, and made sure of, before a job is created."""
        role = request.template.get("RoleArn")
        if check_role and role:
            self._once(("role", role), lambda: self.service.check_role(role))
        for upload in request.uploads:
            self._once(("upload", upload.uri), lambda upload=upload: self._upload(request, upload))  # type: ignore[misc]

    def _upload(self, request: Request, upload: Upload) -> None:
        self.service.upload(upload, self.progress, kms_key_of(request, upload))

    # A replacement --------------------------------------------------------------------------------------------------

    def _replace(self, change: Change, request: Request, options: PlanOptions) -> Outcome:
        """Stops what runs for another state of the manifest, once what follows is as sure as one can know."""
        self._prepare(request, check_role=True)
        self._stop(change.stops)
        try:
            each(lambda job: self._ended(job.job_name), change.stops, WAITING)
            outcome = self._then(change, request, options)
        except ServiceError as error:
            outcome = Outcome(change, error)
        return outcome if outcome.error is None else replace(outcome, error=_left_alone(change, outcome.error))

    def _then(self, change: Change, request: Request, options: PlanOptions) -> Outcome:
        """Decides again once something has ended, and does that, if it is what the plan has shown."""
        while True:
            again = decide(
                request, self._now(request, change), options._replace(replace=False, rerun=False, named=None)
            )
            if again.action is not Action.WAIT or again.seen is None:
                break
            self._ended(again.seen.job_name)
        if change.rerun and again.action is Action.KEEP and again.attempt < change.attempt:
            again = change._replace(action=Action.CREATE, stops=())  # what --rerun has named is not decided twice
        if again.action in (Action.REPLACE, Action.REFUSE, Action.STOP):
            return Outcome(again, ServiceError(f"the plan is out of date: {again.reason}", "run apply again"))
        again = again._replace(rerun=change.rerun)
        if change.action is Action.REPLACE and again.action is Action.CREATE:
            done = self._done(again, options)
            return replace(done, change=change._replace(attempt=done.change.attempt)) if not done.adopted else done
        return self._done(again, options)

    def _now(self, request: Request, change: Change) -> list[Observed]:
        """What exists, with the jobs that were waited for as they are now: an index may not know of their end yet."""
        waited = {job.job_name for job in (*change.stops, *((change.seen,) if change.seen else ()))}
        jobs = {job.job_name: job for job in self.service.observe([request])}
        for name in sorted(waited):
            try:
                jobs[name] = self.service.describe(name)
            except NoSuchJob:
                jobs.pop(name, None)
        return list(jobs.values())

    # The pieces -----------------------------------------------------------------------------------------------------

    def _stop(self, jobs: Sequence[Observed]) -> None:
        """Stops the jobs that a plan names, if each is still the one that it has named."""
        each(self._stop_one, jobs)

    def _stop_one(self, job: Observed) -> None:
        now = self.service.describe(job.job_name)
        if (now.project, now.environment, now.name, now.digest) != (job.project, job.environment, job.name, job.digest):
            message = f"{job.job_name} is not the job that the plan showed: {whose(now)}; it is not stopped"
            raise ServiceError(message, "look at a new plan: sagespec plan PATH…")
        if not now.ended:
            self.service.stop(job.job_name)

    def _ended(self, job_name: str) -> None:
        until_ended(self.service, job_name, self.progress, self.sleep, self.patience)

    def _tag(self, request: Request, seen: Observed, attempt: int) -> None:
        add, remove = request.tag_changes(seen.tags, attempt)
        if ATTEMPT not in seen.tags:
            add[ATTEMPT] = str(attempt)
        if add or remove:
            self.service.tag(seen.job_name, add, remove)


def until_ended(
    service: Service,
    job_name: str,
    progress: Progress = nothing,
    sleep: Callable[[float], None] = time.sleep,
    patience: float = PATIENCE_SECONDS,
) -> Observed | None:
    """Waits until a job has ended, or an endpoint is gone; None for what is gone.

    Raises:
        ServiceError: it did not, for longer than anybody should wait.
    """
    pause, waited = POLL_SECONDS / 10, 0.0
    while True:
        try:
            seen = service.describe(job_name)
        except NoSuchJob:
            return None
        if seen.ended and seen.lifecycle.nature is Nature.RUNS:
            return seen
        if waited >= patience:
            message = f"{job_name} is {seen.status} and has not ended within {patience:.0f} s"
            raise ServiceError(message, "run apply again when it has")
        progress(f"waiting for {job_name} to end ({seen.secondary or seen.status})", 0, 0)
        with waiting(f"the end of {job_name}"):
            sleep(pause)
        waited += pause
        pause = min(2 * pause, POLL_SECONDS)


def _left_alone(change: Change, error: ServiceError) -> ServiceError:
    """A replacement that has come half-way: what was stopped, and what makes it whole."""
    names = [job.job_name for job in change.stops]
    were = "was" if len(names) == 1 else "were"
    message = f"{', '.join(names)} {were} stopped, and {change.job_name} could not be created: {error.message}"
    hint = f"{error.hint}; " if error.hint else ""
    return ServiceError(message, f"{hint}then run apply again: it creates {change.job_name}")


def kms_key_of(request: Request, upload: Upload) -> str | None:
    """The key that an upload is encrypted with: that of the outputs, where it goes into their bucket.

    Source: sagemaker 2.257.7, Framework._stage_user_code_in_s3.
    """
    output = request.template.get("OutputDataConfig", {})
    same = _bucket(output.get("S3OutputPath", "")) == _bucket(upload.uri)
    key: str | None = output.get("KmsKeyId") if same else None
    return key or None


def _bucket(uri: str) -> str:
    return uri.removeprefix("s3://").partition("/")[0]


# Changes of any services --------------------------------------------------------------------------------------------


def carry_out(changes: Sequence[tuple[Change, Applier]], options: PlanOptions) -> Iterator[Outcome]:
    """Does changes, each in its service, side by side; outcomes come as they come.

    Jobs without a manifest are stopped last, and only where everything could be created that was to be: under a full
    quota, a manifest that has another name now loses nothing.
    """
    stops = [(change, applier) for change, applier in changes if change.request is None]
    waits = [(change, applier) for change, applier in changes if change.request is not None and change.action in _WAIT]
    others = [(c, applier) for c, applier in changes if c.request is not None and c.action not in _WAIT]
    others.sort(key=lambda pair: pair[1].slots is not None and pair[0].action in _STARTS)  # what waits holds nothing
    failed: dict[int, Outcome] = {}
    for outcome, applier in _both(others, waits, options):
        if not outcome.done and (outcome.error is not None and outcome.change.action in _STARTS):
            failed.setdefault(id(applier.service), outcome)
        yield outcome
    held = [(change, failed[id(applier.service)]) for change, applier in stops if id(applier.service) in failed]
    for change, reason in held:
        yield Outcome(change, _held_back(change, reason))
    free = [(change, applier) for change, applier in stops if id(applier.service) not in failed]
    for done in side_by_side(lambda pair: pair[1].do(pair[0], options), free, AT_ONCE):
        yield done.get()


def _both(
    others: Sequence[tuple[Change, Applier]], waits: Sequence[tuple[Change, Applier]], options: PlanOptions
) -> Iterator[tuple[Outcome, Applier]]:
    """What waits for the end of a job does not hold what need not."""
    workers = min(AT_ONCE, len(others)) + min(WAITING, len(waits))
    places = {"others": threading.BoundedSemaphore(AT_ONCE), "waits": threading.BoundedSemaphore(WAITING)}

    def do(one: tuple[str, Change, Applier]) -> Outcome:
        kind, change, applier = one
        with places[kind]:
            return applier.do(change, options)

    items = [("waits", *pair) for pair in waits[:WAITING]]
    items += [("others", *pair) for pair in others]
    items += [("waits", *pair) for pair in waits[WAITING:]]
    for done in side_by_side(do, items, workers):
        yield done.get(), done.item[2]


def _held_back(change: Change, failed: Outcome) -> ServiceError:
    message = f"{change.job_name} keeps running, because {failed.change.name} could not be started"
    stop = stop_command([change.job_name], change.site)
    return ServiceError(message, f"if the two cannot run at once: {stop}, then apply again")
