"""What plans things of each nature: a kind's lifecycle says which it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sagespec.base.named import NamedTuple
from sagespec.building.request import Request
from sagespec.deploying.planning.endpoints.planner import decide_endpoints, prune_endpoints
from sagespec.deploying.planning.jobs.planner import decide_all, prune
from sagespec.deploying.planning.plan import Action, Change, Plan, PlanOptions, nature_of
from sagespec.kinds import kind_named
from sagespec.kinds.lifecycle import Nature


class Decider(NamedTuple):
    """What is done about things of one nature, decided."""

    decide_all: Callable[..., Plan]
    """(requests, what exists, options, what is known of manifests that are not there) → plan. Pure."""
    prune: Callable[..., tuple[list[Change], list[str]]]
    """(requests, what exists, what is known of manifests that are not there) → what is done about what no request
    describes, and what is left alone, in words."""


DECIDERS: Mapping[Nature, Decider] = {
    Nature.RUNS: Decider(decide_all, prune),
    Nature.STAYS: Decider(decide_endpoints, prune_endpoints),
}


CARRIED_OUT = frozenset({"CreateTrainingJob", "CreateEndpoint"})
"""The last calls of those requests that some service carries out. Requests of other kinds are compiled only."""


def cannot_be_carried_out(request: Request) -> str:
    """Why no service carries out a request, and what can be done with it instead; empty where one does."""
    if not request.calls or request.calls[-1].operation in CARRIED_OUT:
        return ""
    noun = kind_named(request.kind).lifecycle.noun
    return f"sagespec compiles a {noun} and does not apply it yet: compile --target aws-cli writes the commands that do"


def plan_unseen(requests: Sequence[Request], options: PlanOptions) -> Plan:
    """The plan if nothing existed yet, in the order of the requests."""
    changes = {
        id(request): Change(Action.REFUSE, why, request)
        for request in requests
        if (why := cannot_be_carried_out(request))
    }
    for nature, decider in DECIDERS.items():
        mine = [request for request in requests if nature_of(request) is nature and id(request) not in changes]
        made = decider.decide_all(mine, (), options._replace(prune=False))
        changes |= {id(request): change for request, change in zip(mine, made.changes, strict=True)}
    return Plan(tuple(in_order([changes[id(request)] for request in requests])), offline=True)


def in_order(changes: Sequence[Change]) -> list[Change]:
    """The changes of a plan; an endpoint whose job is part of it waits until that job has completed."""
    jobs = {_key(change.request, change.name): change for change in changes if change.request and _is_job(change)}
    return [_after(change, jobs.get(_key(change.request, change.request.serving.training_job)))
            if change.request is not None and change.request.serving.training_job else change
            for change in changes]  # fmt: skip


def _key(request: Request, name: str) -> tuple[object, ...]:
    return request.project, request.environment, request.site.region, request.site.local, name


def _is_job(change: Change) -> bool:
    return change.nature is Nature.RUNS and not (change.request and cannot_be_carried_out(change.request))


def _after(change: Change, job: Change | None) -> Change:
    """What is done about an endpoint, given what is done about the job whose model it serves."""
    done = job is None or (job.as_wanted and job.seen is not None and job.seen.status == "Completed")
    if job is None or done or change.request is None or change.action is Action.REFUSE:
        return change
    status = "created" if job.action in (Action.CREATE, Action.REPLACE) else job.seen.status if job.seen else "refused"
    reason = (
        f"waits for {job.job_name} ({status}): its model is served once it has completed, by apply --wait or the next"
    )
    serving = change.request.serving._replace(waits_for=f"{reason} apply")
    request = change.request._replace(serving=serving)
    return change._replace(action=Action.WAIT, reason=serving.waits_for, request=request, live={}, stops=(), removes=())
