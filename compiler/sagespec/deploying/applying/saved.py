"""A saved plan, held against one that is made now: what is left to do of it, and what is no longer as it saw it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sagespec.deploying.planning.plan import Action, Change


def still_planned(then: Sequence[Change], now: Iterable[Change]) -> tuple[list[Change], list[str]]:
    """What is left to do of a plan, as things are now; and what is no longer as it saw it, in words.

    What somebody (an earlier run of this very plan, perhaps) has brought about in the meantime is as planned.
    """
    later: Mapping[tuple[object, ...], Change] = {_about(change): change for change in now}
    left, differences, met = [], [], set()
    for change in then:
        about = _about(change)
        met.add(about)
        other = later.get(about)
        if other is None and change.request is None:
            continue  # it has ended by itself
        if other is not None and _same(change, other):
            left.append(other)
        elif other is not None and _came_true(change, other):
            left.append(_done_already(change, other))
        else:
            found = f"{other.action.value}: {other.reason}" if other else "its manifest is gone"
            differences.append(f"{change.name}: planned {change.action.value} ({change.reason}), now {found}")
    for about, other in later.items():
        if about not in met and other.action is not Action.KEEP:
            differences.append(f"{other.name}: not in the plan, now {other.action.value}: {other.reason}")
        elif about not in met:
            left.append(other)
    return left, differences


def _about(change: Change) -> tuple[object, ...]:
    if change.request is not None:
        request = change.request
        return request.kind, request.project, request.environment, request.site, change.name
    return ("stop", change.nature, change.site, change.job_name)


def _same(then: Change, now: Change) -> bool:
    return _essence(then) == _essence(now)


def _essence(change: Change) -> tuple[object, ...]:
    status = change.seen.status if change.seen is not None else ""
    stops = frozenset(job.job_name for job in change.stops)
    removes = frozenset((one.config, one.models) for one in change.removes)
    return change.action, change.job_name, status, dict(change.live), stops, removes


def _came_true(then: Change, now: Change) -> bool:
    """Whether the job that was to be there after a change is there, and was asked for by the same request."""
    if then.request is None or now.request is None or now.request.digest != then.request.digest:
        return False
    if then.action in (Action.CREATE, Action.REPLACE, Action.WAIT):
        made = now.seen is not None and now.seen.digest == then.request.digest and now.seen.attempt >= then.attempt
        return made and not now.stops and not now.beside and now.action is not Action.REFUSE
    return now.action is Action.KEEP and now.job_name == then.job_name


def _done_already(then: Change, now: Change) -> Change:
    """A change that came true is not done again, nor more than it: that was not in the plan."""
    if now.action is Action.KEEP or now.seen is None:
        return now
    reason = f"{now.seen.job_name} was created for this plan already, and is {now.seen.status}"
    return Change(Action.KEEP, reason, now.request, now.seen.attempt, now.seen, notes=now.notes)
