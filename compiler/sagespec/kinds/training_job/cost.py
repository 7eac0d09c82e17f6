"""The worst case of what a training job may cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.building.cost import VOLUME, Bill, BillItem, Prices
from sagespec.building.request import Request
from sagespec.catalog import Facts

DEFAULT_MAX_RUN = 86_400
"""Seconds that a job may run when the request does not say.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
"""


def bill(request: Request, facts: Facts, attempt: int = 1) -> Bill:
    """What a job may cost at most, from an attempt on."""
    left = max(1, request.max_attempts - attempt + 1)
    return bill_of(request.template, facts, request.retry, left, request.prices)


def bill_of(
    body: Mapping[str, Any], facts: Facts, retry: str = "never", max_attempts: int = 1, prices: Prices | None = None
) -> Bill:
    """The worst case: everything runs until its limit, on demand, and every attempt that may be made is made.

    `max_retry_attempts` costs nothing more: the limits hold for all of the service's own retries together. A spot job
    is counted with all the time that it may wait, at the price without spot.

    Args:
        body: a request.
        retry, max_attempts: the manifest's `on_failure`.

    Sources: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html;
        https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html
    """
    items = tuple(_items(body, facts))
    kinds = {item.kind: facts.instance(item.kind) for item in items}
    accelerators = {
        kind: (found.accelerator_model or found.accelerator, found.accelerator_count)
        for kind, found in kinds.items()
        if found is not None and found.accelerator_count
    }
    attempts, spot = 1 if retry == "never" else max_attempts, bool(body.get("EnableManagedSpotTraining"))
    return Bill(items, attempts, accelerators, prices, "on_failure.max_attempts", spot)


def _items(body: Mapping[str, Any], facts: Facts) -> Iterator[BillItem]:
    limits, resources = body.get("StoppingCondition", {}), body.get("ResourceConfig", {})
    run = limits.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUN)
    wait = limits.get("MaxWaitTimeInSeconds", 0) if body.get("EnableManagedSpotTraining") else 0
    seconds, limit = (wait, "max_wait") if wait > run else (run, "max_run")
    idle = resources.get("KeepAlivePeriodInSeconds", 0)
    size = resources.get("VolumeSizeInGB", 0)
    prepaid = "TrainingPlanArn" in resources
    for kind, count in _machines(resources, facts):
        yield BillItem("training", kind, count, seconds, prepaid, limit)
        if idle:
            yield BillItem("warm pool", kind, count, idle, prepaid, "keep_alive_period_in_seconds")
        known = facts.instance(kind)
        if size and not (known and known.has_local_storage):  # where the volume's size means nothing
            yield BillItem("volumes", VOLUME, size * count, seconds + idle)
    for rule in (*body.get("DebugRuleConfigurations", ()), *body.get("ProfilerRuleConfigurations", ())):
        if "InstanceType" in rule:  # the service's own rules without one are free
            yield BillItem(f"rule {rule['RuleConfigurationName']}", rule["InstanceType"], 1, seconds, limit=limit)
            if rule.get("VolumeSizeInGB"):
                yield BillItem(f"rule {rule['RuleConfigurationName']}", VOLUME, rule["VolumeSizeInGB"], seconds)


def _machines(resources: Mapping[str, Any], facts: Facts) -> list[tuple[str, int]]:
    """(instance type, how many); of alternatives, the largest."""
    groups = resources.get("InstanceGroups") or ([resources] if resources.get("InstanceType") else [])
    found = [(group["InstanceType"], group.get("InstanceCount", 1)) for group in groups]
    alternatives = [
        (choice["InstanceType"], choice.get("InstanceCount", resources.get("InstanceCount", 1)))
        for choice in resources.get("InstancePreferences", ())
    ]
    return found or sorted(alternatives, key=lambda machine: _power(machine[0], machine[1], facts))[-1:]


def _power(kind: str, count: int, facts: Facts) -> tuple[int, int, str]:
    known = facts.instance(kind)
    return (known.accelerator_count * count, known.vcpus * count, kind) if known else (0, 0, kind)
