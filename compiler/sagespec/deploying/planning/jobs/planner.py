"""Request + what exists → Plan. Pure: no network, no clock; the plan says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sagespec.base.named import NamedTuple
from sagespec.building.request import Destination, Request
from sagespec.deploying.planning.jobs.changeable import live_changes
from sagespec.deploying.planning.jobs.reruns import Rerun, attempts_used, rerun_of
from sagespec.deploying.planning.ownership import (
    NAME_THE_PROJECT,
    UNNAMED,
    can_be_adopted,
    is_named_as_tagged,
    is_own,
    is_tagged_for,
    manifest_name_of,
    may_stop,
    stop_command,
    whose,
)
from sagespec.deploying.planning.plan import Action, Change, Plan, PlanOptions, nature_of
from sagespec.deploying.planning.pruning import Gone, PruneVerdict, nothing_is_known
from sagespec.deploying.triage import triage
from sagespec.kinds.lifecycle import Nature
from sagespec.kinds.training_job.lifecycle import LIFECYCLE

if TYPE_CHECKING:
    from sagespec.deploying.planning.observed import Observed

__all__ = ["DECISIONS", "Action", "Change", "Plan", "PlanOptions", "decide", "decide_all"]

NOTHING_ELSE = PlanOptions()
LONGEST_NAME = 63
"""Characters of a training job's name. Source: the API's TrainingJobName."""


DECISIONS = LIFECYCLE.decisions


def decide_all(
    requests: Sequence[Request],
    seen: Iterable[Observed],
    options: PlanOptions = NOTHING_ELSE,
    gone: Gone = nothing_is_known,
) -> Plan:
    """The plan for a set of requests of one service.

    Args:
        seen: every job of these projects that the service knows, in any order.
        gone: what the manifests that were read say of a job that none of them describes; `--prune` asks it.
    """
    jobs = list(seen)
    by_name: dict[str, list[Observed]] = {}
    for job in jobs:
        for name in {job.name, manifest_name_of(job.job_name)} - {""}:
            by_name.setdefault(name, []).append(job)
    found = [by_name.get(request.name, []) for request in requests]
    rerun = options.named
    if options.rerun and rerun is None:
        rerun = rerun_of(list(zip(requests, map(_attempts, requests, found), strict=True)))
    changes = [decide(request, about, options, rerun) for request, about in zip(requests, found, strict=True)]
    if not options.prune:
        return Plan(tuple(changes))
    stops, left = prune(requests, jobs, gone)
    return Plan((*changes, *stops), notes=tuple(left))


# A job without a manifest -------------------------------------------------------------------------------------------


def prune(requests: Sequence[Request], jobs: Iterable[Observed], gone: Gone) -> tuple[list[Change], list[str]]:
    """What is done about running jobs that no request describes, and what is left alone, in words."""
    asking = {(request.project, request.environment): request for request in requests if may_stop(request)}
    running = [request for request in requests if nature_of(request) is Nature.RUNS]
    described = {(request.project, request.environment, request.name) for request in running}
    changes, elsewhere = [], 0
    for job in sorted(jobs, key=lambda job: job.job_name):
        request = asking.get((job.project, job.environment))
        if request is None or job.status != "InProgress" or not is_named_as_tagged(job):
            continue
        if (job.project, job.environment, job.name) in described:
            continue
        verdict, why = gone(job)
        if verdict is PruneVerdict.GONE:
            reason = f"{job.job_name} runs, and {why}"
            changes.append(Change(Action.STOP, reason, seen=job, stops=(job,), at=request.site))
        elif verdict is PruneVerdict.UNCERTAIN:
            reason = f"{job.job_name} runs, and no manifest here describes it; it is not stopped: {why}"
            changes.append(Change(Action.REFUSE, reason, seen=job, at=request.site))
        else:
            elsewhere += 1
    notes = []
    if elsewhere:
        runs = "job runs" if elsewhere == 1 else "jobs run"
        notes.append(f"{elsewhere} {runs} whose manifests are not under the given paths; --prune leaves them alone")
    if not all(map(may_stop, requests)):
        notes.append(f"--prune stops nothing of a project without a name; {NAME_THE_PROJECT}")
    return changes, notes


# A job with a manifest ----------------------------------------------------------------------------------------------


def decide(
    request: Request, seen: Sequence[Observed], options: PlanOptions = NOTHING_ELSE, rerun: Rerun | None = None
) -> Change:
    """What to do about one request, given every job that has to do with its name.

    Jobs of the manifest that run for another state of it decide first. Otherwise the newest attempt of the same digest
    does: a manifest that was changed back asks for work that may be done already.

    Args:
        rerun: which attempts `--rerun` means; by default every one of this request that has ended.
    """
    attempts = _attempts(request, seen)
    newest = attempts[-1] if attempts else None
    if options.rerun and rerun is None:
        rerun = options.named or rerun_of([(request, attempts)])
    last = None if newest is not None else _last(request, seen)
    case = _Case(request, attempts, _others(request, seen, newest), options, rerun, last)
    change = _next_to(case) if newest is not None and not newest.ended else _after(case)
    if change.action in (Action.CREATE, Action.REPLACE):
        change = _under_our_name(change, request, seen, options)
    return change._replace(notes=(*_notes(request, seen), *_older_checkpoints(change, request, seen)))


class _Case(NamedTuple):
    """What a decision rests on."""

    request: Request
    attempts: Sequence[Observed]
    """Of the same digest, oldest first."""
    others: Sequence[Observed]
    """Own jobs that have not ended, besides the newest attempt of the same digest; oldest first."""
    options: PlanOptions
    rerun: Rerun | None
    last: Observed | None = None
    """Where there is no attempt: the newest job that the manifest has asked for otherwise."""

    @property
    def newest(self) -> Observed | None:
        return self.attempts[-1] if self.attempts else None

    @property
    def running(self) -> tuple[Observed, ...]:
        """The others that would have to be stopped."""
        return tuple(job for job in self.others if _cell(job, same=False) == "on_change")

    @property
    def replaces(self) -> bool:
        return self.options.replace or self.request.on_change == "replace"


def _attempts(request: Request, seen: Iterable[Observed]) -> list[Observed]:
    """Own jobs that were asked for as the request is now, oldest first."""
    same = (job for job in seen if job.digest == request.digest and is_own(request, job))
    return sorted(same, key=lambda job: job.attempt)


def _last(request: Request, seen: Iterable[Observed]) -> Observed | None:
    own = [job for job in seen if is_own(request, job) and not job.tags_hidden]
    return max(own, key=lambda job: (job.created, job.attempt), default=None)


def _others(request: Request, seen: Iterable[Observed], newest: Observed | None) -> list[Observed]:
    own = (job for job in seen if is_own(request, job) and job is not newest)
    hidden = (job for job in seen if job.tags_hidden and manifest_name_of(job.job_name) == request.name)
    alive = [job for job in (*own, *hidden) if not job.ended and job.status != "Deleting"]
    return sorted(alive, key=lambda job: (job.created, job.attempt))


def _cell(job: Observed | None, *, same: bool) -> str:
    """What the table says; an unknown status is waited on."""
    return DECISIONS.get(job.status if job is not None else None, ("wait", "wait"))[0 if same else 1]


def _next_to(case: _Case) -> Change:
    """The newest attempt has not ended: it stays, and what runs beside it should not."""
    request, newest, running = case.request, case.newest, case.running
    change = _same(case)
    if not running or newest is None:
        return change
    names = _listed(running)
    if case.replaces and newest.status == "InProgress":
        reason = f"{newest.job_name} runs; {names}, beside it, {_are(running)} stopped"
        return _stopping(Change(Action.STOP, reason, request, newest.attempt, newest, stops=running))
    if request.on_change == "keep" and all(job.digest != request.digest for job in running):
        return change
    return change._replace(
        reason=f"{change.reason}; {names} {_run(running)} beside it, {_cure(running, request.site)}",
        beside=running,
    )


def _cure(running: Sequence[Observed], site: Destination) -> str:
    hidden = [job for job in running if job.tags_hidden]
    if hidden:
        return f"and {hidden[0].job_name} may be older work of the manifest: {whose(hidden[0])}"
    stops = f"--replace stops {'it' if len(running) == 1 else 'them'}"
    return f"which no manifest asks for now: {stops}, or: {stop_command(_names_of(running), site)}"


def _after(case: _Case) -> Change:
    """The newest attempt has ended, or there is none: what else runs decides first."""
    request, running = case.request, case.running
    if not case.others or (request.on_change == "keep" and not case.options.replace):
        return _same(case)
    if not running:
        leaving = case.others[-1]
        return Change(Action.WAIT, f"{leaving.job_name} is {leaving.status}", request, _next_attempt(case), leaving)
    change = _same(case)
    if case.replaces:
        return _stopping(_replacing(case, change, running))
    return _refused(case, change, running)


def _replacing(case: _Case, after: Change, running: tuple[Observed, ...]) -> Change:
    """`after` is what would be done if nothing else ran: only something that is sure to follow is worth a stop."""
    request, newest = case.request, case.newest
    runs = f"{_listed(running)} {_run(running)}"
    if after.action is Action.CREATE:
        reason = (
            f"{runs}, and the manifest has changed since; {'it is' if len(running) == 1 else 'they are'} stopped first"
        )
        return after._replace(action=Action.REPLACE, reason=reason, seen=running[-1], stops=running)
    if newest is not None and newest.status == "Completed":
        names = f"{_listed(running)}, which no manifest asks for now, {_are(running)} stopped"
        reason = f"{newest.job_name} has completed already; {names}"
        return Change(Action.STOP, reason, request, newest.attempt, newest, stops=running)
    reason = f"{runs}, and nothing would follow: {after.reason}"
    return Change(Action.REFUSE, reason, request, after.attempt, running[-1])


def _refused(case: _Case, after: Change, running: tuple[Observed, ...]) -> Change:
    """`on_change: refuse`."""
    hidden = [job for job in running if job.tags_hidden]
    if hidden:
        return Change(Action.REFUSE, f"{hidden[0].job_name} runs; {whose(hidden[0])}", case.request, 1, hidden[0])
    runs = f"{_listed(running)} {_run(running)}, and the manifest has changed since {_created(running)}"
    if after.action is not Action.CREATE and case.newest is not None:
        runs += f" ({case.newest.job_name} is {case.newest.status})"
    advice = "wait for it, stop it, apply with --replace, or set on_change"
    attempt = after.attempt if after.action is Action.CREATE else _next_attempt(case)
    return Change(Action.REFUSE, f"{runs}; {advice}", case.request, attempt, running[-1])


def _stopping(change: Change) -> Change:
    """The change, if somebody has said whose the jobs are that it stops, and nothing hides whose they are."""
    request = change.request
    hidden = [job for job in change.stops if job.tags_hidden]
    if request is None or not change.stops or (may_stop(request) and not hidden):
        return change
    names = _listed(change.stops)
    if hidden:
        why = f"{hidden[0].job_name} runs; {whose(hidden[0])}"
    else:
        why = f"{names} {_run(change.stops)}, and may also belong to another repository; {NAME_THE_PROJECT}"
        why += f", or: {stop_command(_names_of(change.stops), request.site)}"
    return Change(Action.REFUSE, why, request, change.attempt, change.stops[-1])


def _under_our_name(change: Change, request: Request, seen: Iterable[Observed], options: PlanOptions) -> Change:
    """The change, if its job's name is free; otherwise what there is to say, and to do, about who has it."""
    job_name = request.job_name(change.attempt)
    if len(job_name) > LONGEST_NAME:
        reason = f"attempt {change.attempt} has no name: {job_name} is longer than {LONGEST_NAME} characters"
        return Change(
            Action.REFUSE, f"{reason}; give the manifest a shorter name", request, change.attempt, change.seen
        )
    taken = next((job for job in seen if job.job_name == job_name), None)
    if taken is None:
        return change
    exists = f"{job_name} exists ({taken.status}), and it does not belong to this manifest: {whose(taken)}"
    if not can_be_adopted(request, taken):
        return Change(Action.REFUSE, f"{exists}; give the manifest another name", request, change.attempt, taken)
    if options.adopt:
        fits = f"{job_name} ({taken.status}) is what the manifest asks for, and belongs to no manifest"
        return Change(Action.ADOPT, f"{fits}: it gets sagespec's tags", request, change.attempt, taken)
    reason = f"{exists}; it asks for the same: --adopt takes it over"
    return Change(Action.REFUSE, reason, request, change.attempt, taken)


def _notes(request: Request, seen: Iterable[Observed]) -> Iterable[str]:
    """Jobs that look like the manifest's and are not."""
    for job in seen:
        if is_tagged_for(request, job) and not is_named_as_tagged(job):
            copied = f"{job.job_name} ({job.status}) has sagespec's tags, but not the name that goes with them"
            yield f"{copied}: it does not count, and is left alone"
        elif not job.ended and is_named_as_tagged(job) and job.name == request.name and _is_unclaimed(request, job):
            stop = stop_command([job.job_name], request.site)
            yield f"{job.job_name} runs too, but {whose(job)}: it is left alone ({stop})"


def _older_checkpoints(change: Change, request: Request, seen: Iterable[Observed]) -> Iterable[str]:
    """A new run of a changed manifest finds the checkpoints of a job of another state of it, if both keep them in one
    place."""
    place = _checkpoints(request.template)
    if change.action not in (Action.CREATE, Action.REPLACE) or change.attempt != 1 or not place:
        return
    older = [
        job for job in seen if is_own(request, job) and job.digest != request.digest and _checkpoints(job.body) == place
    ]
    if older:
        last = max(older, key=lambda job: job.created)
        yield (
            f"it begins with the checkpoints of {last.job_name} ({last.status}), which was asked for otherwise: they "
            f"are in {place}; for a fresh start give checkpoint_s3_uri another folder"
        )


def _checkpoints(body: Mapping[str, Any]) -> str:
    """Where a job keeps its checkpoints; nothing where it keeps none."""
    config = body.get("CheckpointConfig")
    place = config.get("S3Uri") if isinstance(config, Mapping) else None
    return place.rstrip("/") if isinstance(place, str) else ""


def _is_unclaimed(request: Request, job: Observed) -> bool:
    """Whether a job may be from the time before the request's project or environment was written."""
    earlier = (job.project in (request.project, UNNAMED), job.environment in (request.environment, ""))
    return all(earlier) and not is_tagged_for(request, job)


# The newest attempt of the same digest -------------------------------------------------------------------------------


def _same(case: _Case) -> Change:
    """What the table says of the newest attempt, as if nothing else ran."""
    return _SAME[_cell(case.newest, same=True)](case)


def _create(case: _Case) -> Change:
    last, mark = case.last, case.rerun.mark if case.rerun else ""
    reason = "new"
    if last is not None:
        state = "runs" if last.status == "InProgress" else f"is {last.status}"
        reason = f"{last.job_name} {state}, and the manifest or its code has changed since"
    return Change(Action.CREATE, reason, case.request, 1, last=last, rerun=mark)


def _keep(case: _Case) -> Change:
    request, newest = case.request, _newest(case)
    if newest.ended and _is_rerun(case):
        return _next(case, "asked for with --rerun")
    now, later = live_changes(request, newest)
    if now:
        reason = f"{', '.join(sorted(now))} can be changed without a new run"
        return Change(Action.UPDATE, reason, request, newest.attempt, newest, now)
    note = "".join(f"; {name} can be changed {when}" for name, when in later.items())
    if any(request.tag_changes(newest.tags, newest.attempt)):
        return Change(Action.TAG, f"only tags differ{note}", request, newest.attempt, newest)
    reason = "runs" if newest.status == "InProgress" else f"is {newest.status}"
    return Change(Action.KEEP, f"{newest.job_name} {reason}{note}", request, newest.attempt, newest)


def _wait(case: _Case) -> Change:
    newest = _newest(case)
    return Change(Action.WAIT, f"{newest.job_name} is {newest.status}", case.request, newest.attempt, newest)


def _stopped(case: _Case) -> Change:
    newest = _newest(case)
    if _is_rerun(case):
        return _next(case, "asked for with --rerun")
    limit = newest.secondary in ("MaxRuntimeExceeded", "MaxWaitTimeExceeded")
    why = f"reached its time limit ({newest.secondary})" if limit else "was stopped"
    reason = f"{newest.job_name} {why}; --rerun starts it again"
    return Change(Action.KEEP, reason, case.request, newest.attempt, newest)


def _failed(case: _Case) -> Change:
    request, newest = case.request, _newest(case)
    if _is_rerun(case):
        return _next(case, "asked for with --rerun")
    verdict = triage(newest.status, newest.secondary, newest.failure)
    infrastructure = verdict is not None and verdict.infrastructure
    kind = f" ({verdict.kind.value})" if verdict is not None else ""
    reason = f"{newest.job_name} failed{kind}: {' '.join(newest.failure.split()) or 'no reason given'}"
    if request.retry == "never" or (request.retry == "infrastructure" and not infrastructure):
        return Change(Action.KEEP, f"{reason}; --rerun tries again", request, newest.attempt, newest)
    if attempts_used(case.attempts) >= request.max_attempts:
        used = f"{reason}; all {request.max_attempts} attempts are used"
        return Change(Action.KEEP, used, request, newest.attempt, newest)
    return _next(case, reason)


_SAME = {"create": _create, "keep": _keep, "wait": _wait, "stopped": _stopped, "on_failure": _failed}


def _newest(case: _Case) -> Observed:
    assert case.newest is not None  # the table's rows of a status
    return case.newest


def _is_rerun(case: _Case) -> bool:
    return case.rerun is not None and case.newest is not None and case.newest.job_name in case.rerun.of


def _next(case: _Case, reason: str) -> Change:
    mark = case.rerun.mark if case.rerun is not None and _is_rerun(case) else ""
    return Change(Action.CREATE, reason, case.request, _next_attempt(case), case.newest, rerun=mark)


def _next_attempt(case: _Case) -> int:
    return case.newest.attempt + 1 if case.newest is not None else 1


# Words --------------------------------------------------------------------------------------------------------------


def _names_of(jobs: Sequence[Observed]) -> list[str]:
    return [job.job_name for job in jobs]


def _listed(jobs: Sequence[Observed]) -> str:
    names = _names_of(jobs)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _run(jobs: Sequence[Observed]) -> str:
    return "runs" if len(jobs) == 1 else "run"


def _created(jobs: Sequence[Observed]) -> str:
    return "it was created" if len(jobs) == 1 else "they were created"


def _are(jobs: Sequence[Observed]) -> str:
    return "is" if len(jobs) == 1 else "are"
