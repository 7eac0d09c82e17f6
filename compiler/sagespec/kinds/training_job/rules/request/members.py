"""Members of the request that `request` sets, in the API's own names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path
from sagespec.catalog import api_members
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, WARNING, refusal, rule
from sagespec.checking.subject import Subject, Written, field
from sagespec.kinds.training_job.context import JobContext


class Override(NamedTuple):
    """A member of the request that the override sets."""

    path: Path
    place: str
    """Its path in the API's model."""
    value: Any


def _overrides(context: JobContext) -> list[Override]:
    found = members_in(context.job.request)
    return [Override(("request", *path), place, value) for path, place, value in found]


def members_in(value: Any, path: Path = (), place: str = "") -> Iterator[tuple[Path, str, Any]]:
    """Every member that a piece of the override sets: where it stands, its path in the API's model, and its value.

    What lies below an unknown member is passed over.
    """
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from members_in(item, (*path, index), f"{place}[]")
    elif isinstance(value, Mapping) and (not place or _is_structure(place)):
        for name, item in value.items():
            here = f"{place}.{name}" if place else name
            yield (*path, name), here, item
            if here in api_members():
                yield from members_in(item, (*path, name), here)


def _is_structure(place: str) -> bool:
    member = api_members().get(place)
    return member is not None and member.type == "structure"


OVERRIDE = Subject[Override, JobContext](_overrides, ["request"])
"""Each member that `request` sets, whatever its depth."""


@rule(ERROR, on=OVERRIDE, source=API + "CreateTrainingJob.html")
def unknown_request_member(override: Override, context: JobContext) -> Finding | None:
    """CreateTrainingJob has no member of this name.

    Under `request` the API's own names are used, capitals included.

    Bad:
        request: {StoppingCondition: {MaxRuntimeInSecond: 3600}}

    Good:
        request: {StoppingCondition: {MaxRuntimeInSeconds: 3600}}
    """
    if override.place not in api_members():
        parent = override.place.rpartition(".")[0]
        siblings, name = _children(parent), override.path[-1]
        meant = context.guess(str(name), siblings)
        return Finding(
            override.path,
            f"{parent or 'CreateTrainingJob'} has no member '{name}'",
            f"did you mean {meant}?" if meant else f"it has {', '.join(siblings[:8])}{' …' * (len(siblings) > 8)}",
            at_key=True,
        )
    return None


@cache
def _children(parent: str) -> tuple[str, ...]:
    """The names of a structure's members."""
    start = f"{parent}." if parent else ""
    below = (path.removeprefix(start) for path in api_members() if path.startswith(start))
    return tuple(name for name in below if not re.search(r"[.\[{]", name))


TYPES: Mapping[str, tuple[type, str]] = {
    "structure": (dict, "a mapping"),
    "map": (dict, "a mapping"),
    "list": (list, "a list"),
    "string": (str, "a string"),
    "integer": (int, "a whole number"),
    "long": (int, "a whole number"),
    "boolean": (bool, "true or false"),
}


@rule(ERROR, on=OVERRIDE, source=API + "CreateTrainingJob.html")
def wrong_type_in_request(override: Override, context: JobContext) -> Finding | None:
    """A member of the request has another type than the API gives it.

    Bad:
        request: {StoppingCondition: {MaxRuntimeInSeconds: "3600"}}

    Good:
        request: {StoppingCondition: {MaxRuntimeInSeconds: 3600}}
    """
    member, value = api_members().get(override.place), override.value
    if member is None or value is None:  # null takes a member out
        return None
    type_, words = TYPES[member.type]
    if not isinstance(value, type_) or (isinstance(value, bool) and type_ is int):
        return Finding(override.path, f"{override.path[-1]} must be {words}", f"give {override.place} {words}")
    return None


@rule(ERROR, on=OVERRIDE, source=API + "ResourceConfig.html")
def read_only_member(override: Override, context: JobContext) -> Finding | None:
    """Some members are only answers: a request may not set them.

    Bad:
        request: {ResourceConfig: {SelectedInstanceType: ml.c5.xlarge}}

    Good:
        request: {ResourceConfig: {InstanceType: ml.c5.xlarge}}
    """
    member = api_members().get(override.place)
    if member is not None and member.read_only:
        return Finding(override.path, f"{override.path[-1]} is set by SageMaker", "leave it out", at_key=True)
    return None


reserved_request_member = refusal(
    "reserved-request-member",
    ERROR,
    *(
        Row(
            ("request", name), f"{name} cannot be overridden: it is made from {made}", f"use the field {made}", value={}
        )
        for name, made in (("TrainingJobName", "name"), ("Tags", "tags"))
    ),
    source="sagespec: a job is found again by its name and its tags",
    page="""
    The training job's name and tags are made from the manifest, and identify the job.

    Bad:
        request: {TrainingJobName: mnist-1}

    Good:
        name: mnist-1
        tags: {team: vision}
    """,
)


@rule(ERROR, on=field("request"), source=GUIDE + "mkt-algo-model-internet-free.html")
def marketplace_algorithm_with_network(request: Written, context: JobContext) -> Finding | None:
    """Algorithms of AWS Marketplace run without network.

    Bad:
        request:
          AlgorithmSpecification:
            AlgorithmName: arn:aws:sagemaker:us-west-2:865070037744:algorithm/forest-1234567890abcdef
            TrainingImage: null

    Good:
        enable_network_isolation: true
        model_dir: false
        request:
          AlgorithmSpecification:
            AlgorithmName: arn:aws:sagemaker:us-west-2:865070037744:algorithm/forest-1234567890abcdef
            TrainingImage: null
    """
    name = context.overridden("AlgorithmSpecification", "AlgorithmName")
    parts = name.split(":") if isinstance(name, str) else []
    foreign = len(parts) > 5 and context.account is not None and parts[4] not in (context.account, "")
    isolated = context.job.enable_network_isolation or context.overridden("EnableNetworkIsolation")
    if foreign and not isolated:
        return Finding(
            ("request", "AlgorithmSpecification", "AlgorithmName"),
            f"the algorithm belongs to account {parts[4]}: one of AWS Marketplace must run without network",
            "add enable_network_isolation: true",
        )
    return None


@rule(WARNING, on=field("request"), source=API + "StoppingCondition.html")
def pending_time_of_cpu_job(request: Written, context: JobContext) -> Finding | None:
    """MaxPendingTimeInSeconds counts for accelerated instance types only.

    Bad:
        request: {StoppingCondition: {MaxPendingTimeInSeconds: 7200}}

    Good:
        instance_type: ml.g5.xlarge
        request: {StoppingCondition: {MaxPendingTimeInSeconds: 7200}}
    """
    if not context.is_overridden("StoppingCondition", "MaxPendingTimeInSeconds") or not context.hardware:
        return None
    if not any(instance.is_accelerated for instance in context.hardware):
        return Finding(
            ("request", "StoppingCondition", "MaxPendingTimeInSeconds"),
            f"{context.hardware[0].name} has no accelerator, so this has no effect",
            "leave it out",
            at_key=True,
        )
    return None


_MLFLOW = ("MlflowConfig", "MlflowResourceArn")


@rule(WARNING, on=field("mlflow_config", "request"), source=API + "MlflowConfig.html")
def unreachable_mlflow(config: Written, context: JobContext) -> Finding | None:
    """A tracking server must be reachable: in the same region, with a network.

    Bad:
        mlflow_config: {mlflow_resource_arn: "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/team"}

    Good:
        mlflow_config: {mlflow_resource_arn: "arn:aws:sagemaker:us-west-2:123456789012:mlflow-tracking-server/team"}
    """
    path: Path
    if config.name == "request":
        path, arn = ("request", *_MLFLOW), context.overridden(*_MLFLOW)
    else:
        path, arn = ("mlflow_config", "mlflow_resource_arn"), config.value.mlflow_resource_arn
    if not isinstance(arn, str):
        return None
    region = arn.split(":")[3] if arn.count(":") >= 5 else ""
    if context.job.enable_network_isolation:
        return Finding(path, "the container has no network to reach MLflow with", "leave enable_network_isolation out")
    if region and context.region is not None and region != context.region:
        return Finding(
            path, f"the tracking server is in {region}, the job in {context.region}", f"name one in {context.region}"
        )
    return None
