"""Request + endpoint → Change, for what stays and is changed in place. Pure: no network, no clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sagespec.base.named import NamedTuple
from sagespec.building.request import Request
from sagespec.building.tags import OURS, PREVIOUS
from sagespec.deploying.planning.ownership import (
    NAME_THE_PROJECT,
    UNNAMED,
    is_named_as_tagged,
    is_own,
    may_stop,
    stop_command,
    whose,
)
from sagespec.deploying.planning.plan import Action, Change, Plan, PlanOptions, nature_of
from sagespec.deploying.planning.pruning import Gone, PruneVerdict, nothing_is_known
from sagespec.deploying.triage import why_endpoint
from sagespec.kinds.endpoint.lifecycle import LIFECYCLE
from sagespec.kinds.lifecycle import Nature

if TYPE_CHECKING:
    from sagespec.deploying.planning.observed import ObservedEndpoint, Revision

NOTHING_ELSE = PlanOptions()


def decide_endpoints(
    requests: Sequence[Request],
    seen: Iterable[ObservedEndpoint],
    options: PlanOptions = NOTHING_ELSE,
    gone: Gone = nothing_is_known,
) -> Plan:
    """The plan for the endpoints of one service.

    Args:
        seen: the endpoints of these names, whoever's they are; with `--prune`, all of their projects.
        gone: what the manifests that were read say of an endpoint that none of them describes; `--prune` asks it.
    """
    endpoints = list(seen)
    by_name = {each.job_name: each for each in endpoints}
    changes = [decide_endpoint(request, by_name.get(request.name), options) for request in requests]
    if not options.prune:
        return Plan(tuple(changes))
    pruned, notes = prune_endpoints(requests, endpoints, gone)
    return Plan((*changes, *pruned), notes=tuple(notes))


def decide_endpoint(request: Request, seen: ObservedEndpoint | None, options: PlanOptions = NOTHING_ELSE) -> Change:
    """What to do about one request, given the endpoint of its name.

    One of this machine that has failed is as good as none: nothing is lost when it is made again.
    """
    if seen is not None and seen.here and seen.status == "Failed":
        seen = None
    case = _EndpointCase(request, seen, options)
    if seen is not None and not is_own(request, seen):
        return _foreign(request, seen, options)
    if request.serving.waits_for:
        return Change(Action.WAIT, request.serving.waits_for, request, seen=seen)
    decisions = case.decisions
    word = decisions[0] if case.is_same else decisions[1]
    return _DO[word](case)


class _EndpointCase(NamedTuple):
    """What a decision rests on."""

    request: Request
    seen: ObservedEndpoint | None
    options: PlanOptions

    @property
    def wanted(self) -> str:
        """The configuration that the manifest asks for."""
        return self.request.content_name

    @property
    def is_same(self) -> bool:
        """Whether the endpoint serves with the wanted configuration, or is on the way to it."""
        if self.seen is None:
            return True
        return (self.seen.pending or self.seen.config) == self.wanted

    @property
    def decisions(self) -> tuple[str, str]:
        """What the kind's table says of the status; an unknown status is waited on."""
        from_table = LIFECYCLE.decisions
        return from_table.get(self.seen.status if self.seen is not None else None, ("wait", "wait"))

    @property
    def there(self) -> ObservedEndpoint:
        assert self.seen is not None  # the table's rows of a status
        return self.seen


# Whose it is --------------------------------------------------------------------------------------------------------


def _foreign(request: Request, seen: ObservedEndpoint, options: PlanOptions) -> Change:
    """Endpoints' names are unique in an account and region: whoever has the name has it alone."""
    exists = f"the endpoint {seen.job_name} exists ({seen.status}), and does not belong to this manifest: {whose(seen)}"
    nobodys = not any(key.startswith(OURS) for key in seen.tags) or (
        seen.name == request.name
        and seen.project in (request.project, UNNAMED)
        and seen.environment in (request.environment, "")
    )
    if seen.tags_hidden or not nobodys:
        return Change(Action.REFUSE, f"{exists}; give the manifest another name", request, seen=seen)
    if options.adopt:
        free = f"{seen.job_name} ({seen.status}) belongs to no manifest"
        reason = f"{free}: it gets sagespec's tags; the next apply changes what differs"
        return Change(Action.ADOPT, reason, request, seen=seen)
    return Change(Action.REFUSE, f"{exists}; --adopt takes it over", request, seen=seen)


# A status of the table ----------------------------------------------------------------------------------------------


def _create(case: _EndpointCase) -> Change:
    return Change(Action.CREATE, "new", case.request)


def _keep(case: _EndpointCase) -> Change:
    doing = "created" if case.there.status == "Creating" else "updated"
    return Change(Action.KEEP, f"is being {doing} ({case.wanted})", case.request, seen=case.there)


def _wait(case: _EndpointCase) -> Change:
    seen = case.there
    what = f", to {seen.pending}" if seen.pending else ""
    reason = f"{seen.job_name} is {seen.status}{what}, and accepts no change until that is over"
    return Change(Action.WAIT, reason, case.request, seen=seen)


def _serves(case: _EndpointCase) -> Change:
    """It serves with the right configuration: counts, weights, tags and leftovers may differ."""
    request, seen = case.request, case.there
    wanted = wanted_capacities(request, seen)
    removes = leftovers(request, seen)
    change = Change(Action.KEEP, f"serves ({case.wanted})", request, seen=seen, removes=removes)
    if wanted:
        reason = "; ".join(_capacity_text(one, seen) for one in wanted)
        return change._replace(action=Action.SCALE, reason=reason, live={"DesiredWeightsAndCapacities": wanted})
    add, remove = request.tag_changes(seen.tags, 1)
    if add or remove:
        return change._replace(action=Action.TAG, reason="only tags differ")
    if removes:
        names = ", ".join(each.config or each.models[0] for each in removes)
        return change._replace(action=Action.CLEAN, reason=f"serves ({case.wanted}); nothing needs {names} any more")
    notes = (f"{seen.job_name} says of an earlier change: {_failure_text(seen)}",) if seen.failure else ()
    return change._replace(notes=notes)


def _update(case: _EndpointCase) -> Change:
    request, seen = case.request, case.there
    again = seen.rolled_back and seen.asked == case.wanted
    verdict = why_endpoint(seen.failure) if again else None
    tried = f"{case.wanted} was tried and rolled back to {seen.config}: {_failure_text(seen)}"
    if verdict is not None and not case.options.rerun and not (verdict.infrastructure and request.retry != "never"):
        return Change(Action.KEEP, f"{tried}; --rerun tries it again", request, seen=seen)
    if _loses_instances(request, seen):
        reason = f"{request.name} has instances, and SageMaker cannot make it serverless; give the manifest"
        return Change(Action.REFUSE, f"{reason} another name", request, seen=seen)
    if request.on_change == "refuse":
        reason = f"it serves with {seen.config}, the manifest asks for another one ({case.wanted}), and on_change says"
        return Change(Action.REFUSE, f"{reason} refuse", request, seen=seen)
    reason = f"{tried}; tried again" if again else f"{seen.config} → {case.wanted}"
    return Change(
        Action.UPDATE,
        reason,
        request,
        seen=seen,
        live={"RetainAllVariantProperties": keeps_capacities(request, seen)},
        removes=leftovers(request, seen.as_previous()),
    )


def _loses_instances(request: Request, seen: ObservedEndpoint) -> bool:
    """Whether an endpoint with instances is to be serverless, which the service refuses.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-update-console.html
    """
    there = seen.config_body.get("ProductionVariants", ())
    wanted = _variants(request)
    return any("InstanceType" in variant for variant in there) and any("ServerlessConfig" in one for one in wanted)


def _mixed(case: _EndpointCase) -> Change:
    seen = case.there
    if case.options.rerun:
        return _update(case._replace(seen=seen.without_failure()))._replace(seen=seen)
    mixed = "an update failed, and so did the way back, so that it serves a mix of two configurations"
    action = Action.KEEP if seen.asked == case.wanted else Action.REFUSE
    return Change(action, f"{mixed}: {_failure_text(seen)}; --rerun updates it again", case.request, seen=seen)


def _failed(case: _EndpointCase) -> Change:
    seen = case.there
    if case.options.replace:
        return _replaced(case)
    reason = f"{_broken(seen)}; --replace deletes it and creates it again"
    return Change(Action.KEEP, reason, case.request, seen=seen)


def _replace(case: _EndpointCase) -> Change:
    seen = case.there
    if case.options.replace:
        return _replaced(case)
    reason = f"{_broken(seen)}, and it can only be deleted: --replace does, and creates it again"
    return Change(Action.REFUSE, reason, case.request, seen=seen)


def _replaced(case: _EndpointCase) -> Change:
    request, seen = case.request, case.there
    if not may_stop(request):
        why = f"{seen.job_name} is {seen.status}, and may also belong to another repository; {NAME_THE_PROJECT}"
        return Change(Action.REFUSE, f"{why}, or: {stop_command([seen.job_name], request.site)}", request, seen=seen)
    reason = f"{_broken(seen)}; it is deleted first"
    return Change(Action.REPLACE, reason, request, seen=seen, stops=(seen,))


_DO: Mapping[str, Callable[[_EndpointCase], Change]] = {
    "create": _create,
    "keep": _keep,
    "wait": _wait,
    "serves": _serves,
    "update": _update,
    "mixed": _mixed,
    "failed": _failed,
    "replace": _replace,
}


# Counts and weights -------------------------------------------------------------------------------------------------


def _variants(request: Request) -> Sequence[Mapping[str, Any]]:
    template = next(call.template for call in request.calls if "ProductionVariants" in call.template)
    variants: Sequence[Mapping[str, Any]] = template["ProductionVariants"]
    return variants


def wanted_capacities(request: Request, seen: ObservedEndpoint) -> list[dict[str, Any]]:
    """What UpdateEndpointWeightsAndCapacities is to be called with; empty where nothing differs, or an autoscaler owns
    the counts."""
    if request.serving.scaling == "external":
        return []
    there = {capacity.variant: capacity for capacity in seen.capacities}
    found = []
    for variant in _variants(request):
        name = variant["VariantName"]
        if name not in there:
            continue
        capacity, wanted = there[name], {}
        count, weight = variant.get("InitialInstanceCount"), variant.get("InitialVariantWeight")
        if count is not None and capacity.desired is not None and count != capacity.desired:
            wanted["DesiredInstanceCount"] = count
        if weight is not None and not same_weight(float(weight), capacity.weight):
            wanted["DesiredWeight"] = float(weight)
        serverless = variant.get("ServerlessConfig", {})
        live = {key: value for key, value in serverless.items() if key != "MemorySizeInMB"}
        other = {key: value for key, value in live.items() if value != capacity.serverless.get(key)}
        if other:
            wanted["ServerlessUpdateConfig"] = other
        if wanted:
            found.append({"VariantName": name, **wanted})
    return found


def same_weight(one: float, other: float) -> bool:
    """Whether two weights are one: the service keeps them in single precision, and shows 0.9 as 0.8999999761581421."""
    return math.isclose(one, other, rel_tol=1e-6)


def keeps_capacities(request: Request, seen: ObservedEndpoint) -> bool:
    """Whether an update keeps counts and weights as they are: they are an autoscaler's, or as they are wanted."""
    return request.serving.scaling == "external" or not wanted_capacities(request, seen)


def _capacity_text(wanted: Mapping[str, Any], seen: ObservedEndpoint) -> str:
    capacity = next(each for each in seen.capacities if each.variant == wanted["VariantName"])
    parts = []
    if "DesiredInstanceCount" in wanted:
        parts.append(f"{capacity.desired} → {wanted['DesiredInstanceCount']} instances")
    if "DesiredWeight" in wanted:
        parts.append(f"weight {capacity.weight:g} → {wanted['DesiredWeight']:g}")
    for key, value in wanted.get("ServerlessUpdateConfig", {}).items():
        parts.append(f"{key} {capacity.serverless.get(key, 'none')} → {value}")
    alone = len(seen.capacities) == 1
    return ", ".join(parts) if alone else f"{capacity.variant}: {', '.join(parts)}"


# What is left over --------------------------------------------------------------------------------------------------


def previous_revisions(seen: ObservedEndpoint, but: str) -> list[Revision]:
    """Configurations to go back to, the likeliest first: what was served with before, then the newest."""
    others = [each for each in seen.revisions if each.config != but]
    last = seen.tags.get(PREVIOUS, "")
    return sorted(others, key=lambda each: (each.config == last, each.created), reverse=True)


def leftovers(request: Request, seen: ObservedEndpoint) -> tuple[Revision, ...]:
    """What can be removed once the wanted configuration serves: our own, that is older than the last change, so that
    nobody can be about to deploy it; without the newest that are kept for going back."""
    if not may_stop(request):
        return ()
    behind = previous_revisions(seen, request.content_name)
    kept = {each.config for each in behind[: request.serving.keep_previous]}
    old = [each for each in behind if each.config not in kept and each.created < seen.modified]
    needed = {model for each in seen.revisions if each not in old for model in each.models}
    spare = (each for each in seen.spare if each.created < seen.modified and not needed & set(each.models))
    own = {request.name_made_by(call.operation) for call in request.calls}
    unneeded = [each._replace(models=tuple(model for model in each.models if model not in needed)) for each in old]
    unneeded.sort(key=lambda each: each.created)
    return (*models_once(unneeded), *(each for each in spare if not own & set(each.models)))


def models_once(revisions: Sequence[Revision]) -> list[Revision]:
    """The same; a model that several of them name is removed with the last one."""
    left: set[str] = set()
    result = []
    for each in reversed(revisions):
        result.append(each._replace(models=tuple(model for model in each.models if model not in left)))
        left.update(each.models)
    return result[::-1]


# An endpoint without a manifest -------------------------------------------------------------------------------------


def prune_endpoints(
    requests: Sequence[Request], endpoints: Iterable[ObservedEndpoint], gone: Gone
) -> tuple[list[Change], list[str]]:
    """What is done about endpoints that no request describes, and what is left alone, in words."""
    asking = {(request.project, request.environment): request for request in requests if may_stop(request)}
    standing = [request for request in requests if nature_of(request) is Nature.STAYS]
    described = {(request.project, request.environment, request.name) for request in standing}
    changes, elsewhere = [], []
    for seen in sorted(endpoints, key=lambda each: each.job_name):
        request = asking.get((seen.project, seen.environment))
        if request is None or not is_named_as_tagged(seen) or seen.status == "Deleting":
            continue
        if (seen.project, seen.environment, seen.name) in described:
            continue
        verdict, why = gone(seen)
        stands = f"the endpoint {seen.job_name} exists ({seen.status}), and"
        removes = (*models_once(seen.revisions), *seen.spare)
        if verdict is PruneVerdict.GONE:
            paid = fleet(seen.config_body.get("ProductionVariants", ()), seen)
            reason = f"{stands} {why}" + (f"; {paid} by the hour are paid for" if paid else "")
            changes.append(Change(Action.DELETE, reason, seen=seen, stops=(seen,), removes=removes, at=request.site))
        elif verdict is PruneVerdict.UNCERTAIN:
            reason = f"{stands} no manifest here describes it; it is not deleted: {why}"
            changes.append(Change(Action.REFUSE, reason, seen=seen, at=request.site))
        else:
            elsewhere.append(seen.job_name)
    notes = []
    if elsewhere:
        notes.append(
            f"{', '.join(elsewhere)}: {why_left(elsewhere)}; --prune leaves alone what is not under the given paths"
        )
    if not all(map(may_stop, requests)):
        notes.append(f"--prune deletes nothing of a project without a name; {NAME_THE_PROJECT}")
    return changes, notes


def why_left(names: Sequence[str]) -> str:
    stand = "an endpoint" if len(names) == 1 else "endpoints"
    return f"{stand}, whose manifest is not under the given paths"


def fleet(variants: Sequence[Mapping[str, Any]], seen: ObservedEndpoint | None = None) -> str:
    """`2 × ml.m5.xlarge`, `serverless (2048 MB, 5 at a time)`; variants with their names where there are several.

    Args:
        seen: the endpoint whose instances there are now, where those are meant.
    """
    now = {capacity.variant: capacity.current for capacity in seen.capacities} if seen is not None else {}
    parts = []
    for variant in variants:
        name, serverless = variant["VariantName"], variant.get("ServerlessConfig")
        count = now.get(name) or variant.get("InitialInstanceCount", 1)
        size = (
            f"serverless ({serverless.get('MemorySizeInMB')} MB, {serverless.get('MaxConcurrency')} at a time)"
            if serverless
            else f"{count} × {variant.get('InstanceType', '?')}"
        )
        parts.append(size if len(variants) == 1 else f"{name}: {size}")
    return " + ".join(parts)


# Words --------------------------------------------------------------------------------------------------------------


def _failure_text(seen: ObservedEndpoint) -> str:
    return " ".join(seen.failure.split()) or "no reason given"


def _broken(seen: ObservedEndpoint) -> str:
    does = "failed" if seen.status == "Failed" else "serves no requests"
    return f"{seen.job_name} {does} ({why_endpoint(seen.failure).kind.value}): {_failure_text(seen)}"
