"""What a plan says of an endpoint: its instances, what serves while it changes, what it costs while it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from sagespec.building.cost import MONTH_HOURS, VOLUME, Bill, money
from sagespec.building.model_archive import model_place
from sagespec.building.request import Request
from sagespec.deploying.planning.endpoints.planner import fleet
from sagespec.deploying.planning.plan import Action, Change

if TYPE_CHECKING:
    from sagespec.deploying.planning.observed import ObservedEndpoint


def about_endpoint(change: Change, bill: Bill | None) -> Iterator[str]:
    """Lines about what is created or deployed."""
    request = change.request
    if request is None:
        return
    new = fleet_of(request)
    yield f"{request.name}: {new}"
    shadow = _config_of(request).get("ShadowProductionVariants")
    if shadow:
        yield f"in its shadow: {fleet(shadow)}, with a copy of the requests"
    container = request.template.get("PrimaryContainer", {})
    source = model_place(container)
    of = f", of the training job {request.serving.model_of}" if request.serving.model_of else ""
    if source:
        yield f"model: {source}{of}"
    if change.action is Action.UPDATE:
        yield from _both_fleets(change, cast("ObservedEndpoint", change.seen), new)
    if bill is not None and bill.items:
        yield f"costs {cost_of_endpoints(bill)}"


def fleet_of(request: Request) -> str:
    """The instances that an endpoint asks for: `2 × ml.m5.xlarge`."""
    return fleet(_config_of(request)["ProductionVariants"])


def _config_of(request: Request) -> Mapping[str, Any]:
    return next(call.template for call in request.calls if "ProductionVariants" in call.template)


def _both_fleets(change: Change, seen: ObservedEndpoint, new: str) -> Iterator[str]:
    """Until the requests have moved, the old instances serve beside the new ones, and both are paid for."""
    assert change.request is not None
    old = fleet(seen.config_body.get("ProductionVariants", ()), seen)
    deployment = change.request.calls[-1].template.get("DeploymentConfig", {})
    if "RollingUpdatePolicy" in deployment:
        batch = deployment["RollingUpdatePolicy"].get("MaximumBatchSize", {})
        size = f"{batch.get('Value')}{' %' if batch.get('Type') == 'CAPACITY_PERCENT' else ''}"
        yield f"rolling: {size} of the instances at a time exist twice; the quota must allow it"
    elif old:
        kept = " (their number as it is now)" if change.live.get("RetainAllVariantProperties") else ""
        yield f"blue/green: {old} serve until {new}{kept} do; both are paid for, and the quota must allow both"
    if change.removes:
        names = ", ".join(each.config or each.models[0] for each in change.removes)
        yield f"removed once it serves (with --wait, or by the next apply): {names}"


def cost_of_endpoints(*bills: Bill) -> str:
    """`$0.46 an hour, $335.80 a month of 730 hours, …`; only the instances where there is no price."""
    items = [item for bill in bills for item in bill.items if item.kind != VOLUME]
    counts: dict[str, int] = {}
    for item in items:
        counts[item.kind] = counts.get(item.kind, 0) + item.amount
    machines = " + ".join(f"{count} × {kind}" for kind, count in counts.items())
    usd = [bill.usd for bill in bills if bill.usd is not None]
    if not usd:
        return f"{machines} by the hour, for as long as it exists"
    days = sorted({bill.prices.date for bill in bills if bill.prices is not None})
    missing = dict.fromkeys(kind for bill in bills for kind in bill.unpriced)
    names = ", ".join("volumes" if kind == VOLUME else kind for kind in missing)
    without = f", without {names}" if missing else ""
    total = sum(usd)
    amounts = f"{money(total / MONTH_HOURS)} an hour, {money(total)} a month of {MONTH_HOURS} hours"
    return f"{amounts}, for as long as it exists (prices of {', '.join(days)}{without})"
