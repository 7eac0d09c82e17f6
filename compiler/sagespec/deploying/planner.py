"""Request + what exists → Plan. Pure: no network, no clock; the plan says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

from sagespec.building.targets import Request
from sagespec.deploying.differ import Difference, differences
from sagespec.deploying.triage import triage


class Action(str, Enum):
    """What apply does with one job. A closed set."""

    CREATE = "create"
    REPLACE = "replace"
    """Stop the running job, wait, create."""
    WAIT = "wait"
    """The job is on its way out; decide again when it has ended."""
    KEEP = "keep"
    TAG = "tag"
    UPDATE = "update"
    """Change what a running job lets one change."""
    REFUSE = "refuse"
    STOP = "stop"
    """Prune: the job runs, its manifest is gone."""

    @property
    def symbol(self) -> str:
        return _SYMBOLS[self]


_SYMBOLS = {
    Action.CREATE: "+",
    Action.REPLACE: "±",
    Action.WAIT: "…",
    Action.KEEP: "=",
    Action.TAG: "~",
    Action.UPDATE: "~",
    Action.REFUSE: "!",
    Action.STOP: "-",
}

NOTHING_TO_DO = frozenset({Action.KEEP})
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True)
class Seen:
    """A training job as the service shows it."""

    job_name: str
    name: str
    """The manifest's name, from our tag."""
    status: str
    """TrainingJobStatus."""
    secondary: str = ""
    """SecondaryStatus."""
    digest: str = ""
    """From our tag; empty for a job that is not ours."""
    attempt: int = 1
    created: float = 0.0
    """Seconds since 1970, UTC."""
    failure: str = ""
    """FailureReason, in the service's words."""
    tags: Mapping[str, str] = field(default_factory=dict)
    project: str = ""
    live: Mapping[str, Any] = field(default_factory=dict)
    """The members that can change after creation, as they are now."""
    body: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The whole description."""

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL


@dataclass(frozen=True)
class Wish:
    """What the user said beside the manifests."""

    rerun: bool = False
    replace: bool = False
    prune: bool = False


@dataclass(frozen=True)
class Change:
    """What is to be done about one job, and why."""

    action: Action
    reason: str
    request: Request | None = None
    """None when a job without a manifest is stopped."""
    attempt: int = 1
    seen: Seen | None = None
    """What the decision rests on: apply looks again and refuses a changed world."""
    live: Mapping[str, Any] = field(default_factory=dict)
    """The members that an update changes."""

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """What the manifest asks for, held against the job that the decision rests on."""
        if self.request is None or self.seen is None or not self.seen.body:
            return ()
        ours = self.seen.digest == self.request.digest
        return differences(self.request, self.seen.body, self.seen.tags, self.seen.live if ours else None)

    @property
    def name(self) -> str:
        return self.request.name if self.request is not None else self.seen.name if self.seen is not None else ""

    @property
    def job_name(self) -> str:
        """The training job that the change is about: the one that will be there after it."""
        if self.request is not None and self.action in (Action.CREATE, Action.REPLACE):
            return self.request.job_name(self.attempt)
        return self.seen.job_name if self.seen is not None else ""


@dataclass(frozen=True)
class Plan:
    """Every change, in the order of the manifests."""

    changes: tuple[Change, ...]

    @property
    def pending(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.action not in NOTHING_TO_DO)


# What to do about the newest attempt, by its status: (of the same digest, of another digest).
DECISIONS: Mapping[str | None, tuple[str, str]] = {
    None: ("create", "create"),
    "InProgress": ("keep", "on_change"),
    "Stopping": ("wait", "wait"),
    "Completed": ("keep", "create"),
    "Stopped": ("stopped", "create"),
    "Failed": ("on_failure", "create"),
    "Deleting": ("wait", "create"),
}


def decide_all(requests: Sequence[Request], seen: Iterable[Seen], wish: Wish = Wish()) -> Plan:
    """The plan for a set of requests.

    Args:
        seen: every job of these projects that the service knows, in any order.
    """
    jobs: dict[tuple[str, str], list[Seen]] = {}
    for job in seen:
        jobs.setdefault((job.project, job.name), []).append(job)
    changes = [decide(request, jobs.get((request.project, request.name), ()), wish) for request in requests]
    if wish.prune:
        wanted = {(request.project, request.name) for request in requests}
        projects = {request.project for request in requests}
        gone = [job for key, found in jobs.items() if key not in wanted and key[0] in projects for job in found]
        changes += [
            Change(Action.STOP, "its manifest is gone", seen=job)
            for job in sorted(gone, key=lambda job: job.job_name)
            if job.status == "InProgress"
        ]
    return Plan(tuple(changes))


def decide(request: Request, seen: Sequence[Seen], wish: Wish = Wish()) -> Change:
    """What to do about one request, given every attempt of its name that exists.

    An attempt of another digest that has not ended decides first. Otherwise the newest attempt of the same digest
    does: a manifest that was changed back asks for work that may be done already.
    """
    ours = sorted((job for job in seen if job.digest == request.digest), key=lambda job: job.attempt)
    others = sorted((job for job in seen if job.digest != request.digest), key=lambda job: (job.created, job.attempt))
    running = [job for job in others if not job.ended and job.status != "Deleting"]
    newest = ours[-1] if ours else None
    if running and (newest is None or newest.ended):
        other = running[-1]
        cell = DECISIONS.get(other.status, ("wait", "wait"))[1]
        blocked = _OTHER[cell](request, other, newest, wish)
        if blocked is not None:
            return blocked
    if newest is None:
        reason = "new" if not others else f"the manifest has changed since {others[-1].job_name} ({others[-1].status})"
        return Change(Action.CREATE, reason, request, 1, others[-1] if others else None)
    cell = DECISIONS.get(newest.status, ("wait", "wait"))[0]
    return _SAME[cell](request, newest, wish)


def _other_running(request: Request, other: Seen, newest: Seen | None, wish: Wish) -> Change | None:
    """`on_change`: the job runs, and the manifest asks for something else."""
    attempt = 1 if newest is None else newest.attempt + 1
    runs = f"{other.job_name} runs, and the manifest has changed since it was created"
    if wish.replace or request.on_change == "replace":
        return Change(Action.REPLACE, f"{runs}: it is stopped first", request, attempt, other)
    if request.on_change == "keep":
        return None
    advice = "wait for it, stop it, apply with --replace, or set on_change"
    return Change(Action.REFUSE, f"{runs}; {advice}", request, attempt, other)


def _other_waits(request: Request, other: Seen, newest: Seen | None, wish: Wish) -> Change | None:
    return Change(Action.WAIT, f"{other.job_name} is {other.status}", request, 1, other)


def _keep(request: Request, newest: Seen, wish: Wish) -> Change:
    if newest.ended and wish.rerun:
        return _next(request, newest, "asked for with --rerun")
    now, later = _live_changes(request, newest)
    if now:
        reason = f"{', '.join(sorted(now))} can be changed without a new run"
        return Change(Action.UPDATE, reason, request, newest.attempt, newest, now)
    note = "".join(f"; {name} can be changed {when}" for name, when in later.items())
    if any(request.tag_changes(newest.tags, newest.attempt)):
        return Change(Action.TAG, f"only tags differ{note}", request, newest.attempt, newest)
    reason = "runs" if newest.status == "InProgress" else f"is {newest.status}"
    return Change(Action.KEEP, f"{newest.job_name} {reason}{note}", request, newest.attempt, newest)


def _live_changes(request: Request, newest: Seen) -> tuple[dict[str, Any], dict[str, str]]:
    """What UpdateTrainingJob can change now; and what it can change at another time, with that time."""
    present = dict(newest.live)
    if newest.ended and "KeepAlivePeriodInSeconds" not in present:
        present["KeepAlivePeriodInSeconds"] = newest.body.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds")
    now, later = {}, {}
    for name, wanted in request.live().items():
        possible, when = CHANGEABLE[name]
        if wanted == present.get(name):
            continue
        if possible(newest):
            now[name] = wanted
        elif not newest.ended:
            later[name] = when
    return now, later


def _has_warm_pool(seen: Seen) -> bool:
    return seen.body.get("WarmPoolStatus", {}).get("Status") in ("Available", "InUse")


# When each live member can be changed; an unknown state is tried.
# Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateTrainingJob.html
CHANGEABLE: Mapping[str, tuple[Callable[[Seen], bool], str]] = {
    "KeepAlivePeriodInSeconds": (
        lambda seen: seen.status == "Completed" and _has_warm_pool(seen),
        "once it has completed and keeps a warm pool",
    ),
    "ProfilerConfig": (lambda seen: seen.status == "InProgress", "while it runs"),
    "ProfilerRuleConfigurations": (lambda seen: seen.status == "InProgress", "while it runs"),
    "RemoteDebugConfig": (
        lambda seen: seen.status == "InProgress" and seen.secondary in ("", "Downloading", "Training"),
        "while it downloads or trains",
    ),
}


def _wait(request: Request, newest: Seen, wish: Wish) -> Change:
    return Change(Action.WAIT, f"{newest.job_name} is {newest.status}", request, newest.attempt, newest)


def _stopped(request: Request, newest: Seen, wish: Wish) -> Change:
    if wish.rerun:
        return _next(request, newest, "asked for with --rerun")
    limit = newest.secondary in ("MaxRuntimeExceeded", "MaxWaitTimeExceeded")
    why = f"reached its time limit ({newest.secondary})" if limit else "was stopped"
    return Change(Action.KEEP, f"{newest.job_name} {why}; --rerun starts it again", request, newest.attempt, newest)


def _failed(request: Request, newest: Seen, wish: Wish) -> Change:
    if wish.rerun:
        return _next(request, newest, "asked for with --rerun")
    verdict = triage(newest.status, newest.secondary, newest.failure)
    infrastructure = verdict is not None and verdict.infrastructure
    kind = f" ({verdict.kind.value})" if verdict is not None else ""
    reason = f"{newest.job_name} failed{kind}: {' '.join(newest.failure.split()) or 'no reason given'}"
    if request.retry == "never" or (request.retry == "infrastructure" and not infrastructure):
        return Change(Action.KEEP, f"{reason}; --rerun tries again", request, newest.attempt, newest)
    if newest.attempt >= request.max_attempts:
        return Change(
            Action.KEEP, f"{reason}; all {request.max_attempts} attempts are used", request, newest.attempt, newest
        )
    return _next(request, newest, reason)


def _next(request: Request, newest: Seen, reason: str) -> Change:
    return Change(Action.CREATE, reason, request, newest.attempt + 1, newest)


def _create(request: Request, newest: Seen, wish: Wish) -> Change:
    return Change(Action.CREATE, "new", request, 1, newest)


_SAME = {"create": _create, "keep": _keep, "wait": _wait, "stopped": _stopped, "on_failure": _failed}
_OTHER = {"on_change": _other_running, "wait": _other_waits}
