"""How an update comes true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Path
from sagespec.catalog import Facts
from sagespec.checking.condition import GIVEN, LIST, Json, below, inside, when
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.endpoint.context import EndpointContext

DEPLOYMENT = field("deployment_config")
ROUTING = ("blue_green_update_policy", "traffic_routing_configuration")
CANARY, LINEAR, BATCH = (1, 50), (10, 50), (5, 50)
"""The least and the most of the instances that a step may be, in percent.

Source: API_TrafficRoutingConfig.html and API_RollingUpdatePolicy.html
"""


@rule(
    ERROR,
    on=DEPLOYMENT,
    source=API + "DeploymentConfig.html",
    rows=(
        Row(
            ("deployment_config", "rolling_update_policy"),
            "blue_green_update_policy and rolling_update_policy exclude each other",
            when={"deployment_config": inside("blue_green_update_policy", so=GIVEN)},
        ),
    ),
)
def two_update_policies(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """An update is blue/green, or rolling.

    Bad:
        deployment_config:
          blue_green_update_policy:
            traffic_routing_configuration: {type: ALL_AT_ONCE, wait_interval_in_seconds: 0}
          rolling_update_policy:
            maximum_batch_size: {type: CAPACITY_PERCENT, value: 50}
            wait_interval_in_seconds: 60

    Good:
        deployment_config:
          rolling_update_policy:
            maximum_batch_size: {type: CAPACITY_PERCENT, value: 50}
            wait_interval_in_seconds: 60
    """
    given = config.value
    if given.blue_green_update_policy is not None and given.rolling_update_policy is not None:
        message = "blue_green_update_policy and rolling_update_policy exclude each other"
        yield Finding((*config.path, "rolling_update_policy"), message, "leave one of them out", at_key=True)


def _in_deployment(*steps: str, so: Json) -> Json:
    """Members beside `deployment_config`: something inside it is so."""
    return {"deployment_config": inside(*steps, so=so)}


@rule(
    ERROR,
    on=DEPLOYMENT,
    source=API + "TrafficRoutingConfig.html",
    rows=tuple(
        Row(
            ("deployment_config", *ROUTING, name),
            f"only {kind} has {name}",
            when=_in_deployment(*ROUTING, "type", so={"enum": others}),
        )
        for name, kind, others in (
            ("canary_size", "CANARY", ["ALL_AT_ONCE", "LINEAR"]),
            ("linear_step_size", "LINEAR", ["ALL_AT_ONCE", "CANARY"]),
        )
    ),
)
def step_of_another_routing(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """`CANARY` says how large its canary is, `LINEAR` how large a step, and `ALL_AT_ONCE` neither.

    Bad:
        deployment_config:
          blue_green_update_policy:
            traffic_routing_configuration: {type: CANARY, wait_interval_in_seconds: 300}
          auto_rollback_configuration: {alarms: [{alarm_name: errors}]}
        ---
        deployment_config:
          blue_green_update_policy:
            traffic_routing_configuration:
              type: ALL_AT_ONCE
              wait_interval_in_seconds: 0
              canary_size: {type: CAPACITY_PERCENT, value: 20}

    Good:
        deployment_config:
          blue_green_update_policy:
            traffic_routing_configuration:
              type: CANARY
              wait_interval_in_seconds: 300
              canary_size: {type: CAPACITY_PERCENT, value: 20}
          auto_rollback_configuration: {alarms: [{alarm_name: errors}]}
    """
    policy = config.value.blue_green_update_policy
    if policy is None:
        return
    routing, path = policy.traffic_routing_configuration, (*config.path, *ROUTING)
    for name, kind in (("canary_size", "CANARY"), ("linear_step_size", "LINEAR")):
        size = getattr(routing, name)
        if size is None and routing.type == kind:
            hint = f"add {name}: {{type: CAPACITY_PERCENT, value: 20}}"
            yield Finding((*path, name), f"{kind} has no {name}", hint)
        elif size is not None and routing.type != kind:
            yield Finding((*path, name), f"{routing.type} has no {name}", f"leave it out, or write type: {kind}")


def _percents() -> Iterator[Row]:
    for path, limits, kind in (
        ((*ROUTING, "canary_size"), CANARY, "CANARY"),
        ((*ROUTING, "linear_step_size"), LINEAR, "LINEAR"),
        (("rolling_update_policy", "maximum_batch_size"), BATCH, ""),
    ):
        least, most = limits
        percent = when({"type": {"const": "CAPACITY_PERCENT"}})
        yield Row(
            ("deployment_config", *path, "value"),
            f"write {least} to {most} percent of the instances",
            when=_in_deployment(*path, so=percent),
            value={"type": "integer", "not": {"minimum": least, "maximum": most}},
            any_of=(_in_deployment(*ROUTING, "type", so={"const": kind}),) if kind else (),
        )


@rule(ERROR, on=DEPLOYMENT, source=API + "TrafficRoutingConfig.html", rows=tuple(_percents()))
def step_out_of_range(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """A canary is at most half of the instances, a linear step 10 to 50 percent, a batch 5 to 50 percent of them.

    Bad:
        deployment_config:
          rolling_update_policy:
            maximum_batch_size: {type: CAPACITY_PERCENT, value: 80}
            wait_interval_in_seconds: 60
        ---
        initial_instance_count: 3
        deployment_config:
          blue_green_update_policy:
            traffic_routing_configuration:
              type: CANARY
              wait_interval_in_seconds: 300
              canary_size: {type: INSTANCE_COUNT, value: 2}
          auto_rollback_configuration: {alarms: [{alarm_name: errors}]}

    Good:
        deployment_config:
          rolling_update_policy:
            maximum_batch_size: {type: CAPACITY_PERCENT, value: 50}
            wait_interval_in_seconds: 60
        ---
        initial_instance_count: 4
        deployment_config:
          blue_green_update_policy:
            traffic_routing_configuration:
              type: CANARY
              wait_interval_in_seconds: 300
              canary_size: {type: INSTANCE_COUNT, value: 2}
          auto_rollback_configuration: {alarms: [{alarm_name: errors}]}
    """
    for path, share, (least, most) in _shares(config):
        if share.type == "CAPACITY_PERCENT" and not least <= share.value <= most:
            hint = f"write {least} to {most}"
            yield Finding((*path, "value"), f"{share.value} percent of the instances is not {least} to {most}", hint)
        count = context.endpoint.initial_instance_count
        alone = context.endpoint.production_variants is None and context.endpoint.scaling == "manifest"
        if share.type == "INSTANCE_COUNT" and alone and count and not share.value * 100 <= most * count:
            half = count * most // 100
            hint = f"write {half} or less" if half else "with one instance, write type: ALL_AT_ONCE"
            yield Finding((*path, "value"), f"{share.value} of {count} instances is more than {most} percent", hint)


def _shares(config: Written) -> Iterator[tuple[Path, Any, tuple[int, int]]]:
    """Every part of the instances that an update moves at a time, its place, and its limits."""
    blue_green, rolling = config.value.blue_green_update_policy, config.value.rolling_update_policy
    if blue_green is not None:
        routing = blue_green.traffic_routing_configuration
        for name, kind, limits in (("canary_size", "CANARY", CANARY), ("linear_step_size", "LINEAR", LINEAR)):
            if getattr(routing, name) is not None and routing.type == kind:
                yield (*config.path, *ROUTING, name), getattr(routing, name), limits
    if rolling is not None:
        yield (*config.path, "rolling_update_policy", "maximum_batch_size"), rolling.maximum_batch_size, BATCH


def _waits_exceed_limit(_facts: Facts) -> tuple[Row, ...]:
    limit, minutes = "maximum_execution_timeout_in_seconds", range(300, 3_601, 300)
    rows = []
    for policy, wait in (
        ("blue_green_update_policy", "termination_wait_in_seconds"),
        ("rolling_update_policy", "wait_interval_in_seconds"),
    ):
        longer = [when(members) for members in below(limit, wait, minutes, or_equal=True)]
        one_is_longer = _in_deployment(policy, so={"anyOf": longer})
        message = f"the update may take no longer than it waits: write more than {wait}"
        rows.append(Row(("deployment_config", policy, limit), message, when=one_is_longer))
    return tuple(rows)


@rule(ERROR, on=DEPLOYMENT, source=API + "BlueGreenUpdatePolicy.html", rows=_waits_exceed_limit)
def deployment_shorter_than_its_waits(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """An update that may take less time than it waits fails each time, and is taken back.

    Bad:
        deployment_config:
          blue_green_update_policy:
            traffic_routing_configuration: {type: ALL_AT_ONCE, wait_interval_in_seconds: 0}
            termination_wait_in_seconds: 900
            maximum_execution_timeout_in_seconds: 600
          auto_rollback_configuration: {alarms: [{alarm_name: errors}]}

    Good:
        deployment_config:
          blue_green_update_policy:
            traffic_routing_configuration: {type: ALL_AT_ONCE, wait_interval_in_seconds: 0}
            termination_wait_in_seconds: 900
            maximum_execution_timeout_in_seconds: 1800
          auto_rollback_configuration: {alarms: [{alarm_name: errors}]}
    """
    blue_green, rolling = config.value.blue_green_update_policy, config.value.rolling_update_policy
    policy = blue_green or rolling
    if policy is None or policy.maximum_execution_timeout_in_seconds is None:
        return
    waits = policy.wait_interval_in_seconds if blue_green is None else _waits(blue_green)
    limit = policy.maximum_execution_timeout_in_seconds
    if limit <= waits:
        name = "rolling_update_policy" if blue_green is None else "blue_green_update_policy"
        path = (*config.path, name, "maximum_execution_timeout_in_seconds")
        message = f"the update may take {limit} s, and waits alone take {waits} s"
        yield Finding(path, message, f"write more than {waits}, or wait less")


def _waits(policy: Any) -> int:
    """Seconds that a blue/green update waits at least."""
    routing = policy.traffic_routing_configuration
    return int(routing.wait_interval_in_seconds) + int(policy.termination_wait_in_seconds or 0)


@rule(
    ERROR,
    on=DEPLOYMENT,
    source=GUIDE + "deployment-guardrails-exclusions.html",
    rows=(
        Row(
            ("deployment_config", "rolling_update_policy"),
            "an endpoint with several variants has no rolling updates; write blue_green_update_policy",
            when={"production_variants": {"minItems": 2, **LIST}},
        ),
    ),
)
def rolling_without_instances(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """A rolling update replaces the instances of one variant, a few at a time.

    Bad:
        production_variants: [{variant_name: blue}, {variant_name: green}]
        deployment_config:
          rolling_update_policy:
            maximum_batch_size: {type: CAPACITY_PERCENT, value: 50}
            wait_interval_in_seconds: 60

    Good:
        production_variants: [{variant_name: blue}]
        deployment_config:
          rolling_update_policy:
            maximum_batch_size: {type: CAPACITY_PERCENT, value: 50}
            wait_interval_in_seconds: 60
    """
    endpoint = context.endpoint
    if config.value.rolling_update_policy is None:
        return
    variants = endpoint.production_variants or []
    serverless = endpoint.serverless_inference_config or any(variant.serverless_config for variant in variants)
    if serverless or len(variants) > 1:
        what = "a serverless endpoint" if serverless else f"an endpoint with {len(variants)} variants"
        path = (*config.path, "rolling_update_policy")
        yield Finding(path, f"{what} has no rolling updates", "write blue_green_update_policy", at_key=True)


@rule(WARNING, on=DEPLOYMENT, source=GUIDE + "deployment-guardrails-configuration.html")
def waiting_without_alarms(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """Between two steps of an update alarms are watched: without any it waits for nothing, and pays for two fleets.

    Bad:
        deployment_config:
          blue_green_update_policy:
            traffic_routing_configuration:
              type: CANARY
              wait_interval_in_seconds: 300
              canary_size: {type: CAPACITY_PERCENT, value: 20}

    Good:
        deployment_config:
          blue_green_update_policy:
            traffic_routing_configuration:
              type: CANARY
              wait_interval_in_seconds: 300
              canary_size: {type: CAPACITY_PERCENT, value: 20}
          auto_rollback_configuration: {alarms: [{alarm_name: errors}]}
    """
    policy = config.value.blue_green_update_policy
    if policy is None or config.value.auto_rollback_configuration is not None or not _waits(policy):
        return
    message = f"the update waits {_waits(policy)} s, and no alarm is watched meanwhile"
    hint = "add auto_rollback_configuration: {alarms: [{alarm_name: …}]}, or leave the waits out"
    yield Finding((*config.path, "blue_green_update_policy"), message, hint, at_key=True)
