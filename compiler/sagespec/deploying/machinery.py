"""What plans and applies things of each nature: a kind's lifecycle says which it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sagespec.base.named import NamedTuple
from sagespec.building.request import Request
from sagespec.deploying.applier import Applier
from sagespec.deploying.planning.plan import Change, Plan, PlanOptions, nature_of
from sagespec.deploying.planning.planner import decide_all, prune
from sagespec.deploying.planning.standing import decide_endpoints, prune_endpoints
from sagespec.deploying.standing_applier import StandingApplier
from sagespec.deploying.trained import in_order
from sagespec.kinds.lifecycle import Nature


class Machinery(NamedTuple):
    """The right half of the compiler, for one nature."""

    decide_all: Callable[..., Plan]
    """(requests, what exists, options, what is known of manifests that are not there) → plan. Pure."""
    prune: Callable[..., tuple[list[Change], list[str]]]
    """(requests, what exists, what is known of manifests that are not there) → what is done about what no request
    describes, and what is left alone, in words."""
    applier: Callable[..., Applier]
    """(service, progress) → what carries out changes."""


def plan_unseen(requests: Sequence[Request], options: PlanOptions) -> Plan:
    """The plan if nothing existed yet, in the order of the requests."""
    changes: dict[int, Change] = {}
    for nature, machinery in MACHINERY.items():
        mine = [request for request in requests if nature_of(request) is nature]
        made = machinery.decide_all(mine, (), replace(options, prune=False))
        changes |= {id(request): change for request, change in zip(mine, made.changes, strict=True)}
    return Plan(tuple(in_order([changes[id(request)] for request in requests])), offline=True)


MACHINERY: Mapping[Nature, Machinery] = {
    Nature.RUNS: Machinery(decide_all, prune, Applier),
    Nature.STAYS: Machinery(decide_endpoints, prune_endpoints, StandingApplier),
}
