"""What `request` says to the API itself, in the API's own names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path
from sagespec.catalog import api_members
from sagespec.checking.condition import ITEMS, LIST, TRUE, inside
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, WARNING, refusal, rule
from sagespec.checking.subject import Subject, Written, field
from sagespec.kinds.training_job.context import JobContext

TERRAFORM = "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/training_job.go"


def overridden(context: JobContext, *steps: str) -> Any:
    """What the override says at this path; None where it says nothing, or takes the member out."""
    value: Any = context.job.request or None
    for step in steps if value else ():
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def takes_out(context: JobContext, name: str) -> bool:
    """Whether the override takes this member of the request out."""
    return name in context.job.request and context.job.request[name] is None


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


def preferences(context: JobContext) -> list[Mapping[str, Any]]:
    """The override's instance preferences, as far as they have the form."""
    found = overridden(context, "ResourceConfig", "InstancePreferences")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


PREFERENCES = ("request", "ResourceConfig", "InstancePreferences")


class Override(NamedTuple):
    """A member of the request that the override sets."""

    path: Path
    place: str
    """Its path in the API's model."""
    value: Any


def _overrides(context: JobContext) -> list[Override]:
    found = members_in(context.job.request)
    return [Override(("request", *path), place, value) for path, place, value in found]


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
    name = overridden(context, "AlgorithmSpecification", "AlgorithmName")
    parts = name.split(":") if isinstance(name, str) else []
    foreign = len(parts) > 5 and context.account is not None and parts[4] not in (context.account, "")
    isolated = context.job.enable_network_isolation or overridden(context, "EnableNetworkIsolation")
    if foreign and not isolated:
        return Finding(
            ("request", "AlgorithmSpecification", "AlgorithmName"),
            f"the algorithm belongs to account {parts[4]}: one of AWS Marketplace must run without network",
            "add enable_network_isolation: true",
        )
    return None


WITH_PREFERENCES = {
    "request": inside("ResourceConfig", "InstancePreferences", so={"contains": {"type": "object"}, **LIST})
}


preferences_with_other_instances = refusal(
    "preferences-with-other-instances",
    ERROR,
    *(
        Row((name,), f"{name} and InstancePreferences exclude each other", "keep one of them", when=WITH_PREFERENCES)
        for name in ("instance_type", "instance_groups", "instance_placement_config")
    ),
    Row(
        ("use_spot_instances",),
        "InstancePreferences do not take spot instances",
        "keep one of them",
        value=TRUE,
        when=WITH_PREFERENCES,
    ),
    source=API + "ResourceConfig.html",
    page="""
    Instance preferences take the place of a type, of groups, of a placement and of spot instances.

    Bad:
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}]

    Good:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}]
    """,
)


@rule(
    ERROR,
    on=field("request"),
    source=API + "InstancePreference.html",
    rows=(Row(PREFERENCES, "an instance type is preferred twice", value={"not": {"uniqueItems": True}, **LIST}),),
)
def repeated_preference(request: Written, context: JobContext) -> Iterator[Finding]:
    """An instance type may be preferred only once.

    Bad:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstanceCount: 1
            InstancePreferences: [{InstanceType: ml.c5.xlarge}, {InstanceType: ml.c5.xlarge}]

    Good:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstanceCount: 1
            InstancePreferences: [{InstanceType: ml.c5.xlarge}, {InstanceType: ml.m5.xlarge}]
    """
    types = [one.get("InstanceType") for one in preferences(context)]
    for index, name in enumerate(types):
        if name is not None and name in types[:index]:
            yield Finding((*PREFERENCES, index, "InstanceType"), f"{name} is preferred twice", "leave one out")


@rule(ERROR, on=field("request"), source=API + "InstancePreference.html")
def incomplete_preference_counts(request: Written, context: JobContext) -> Finding | None:
    """Either every preference has a count, or the request has one for all.

    Bad:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}, {InstanceType: ml.m5.xlarge}]

    Good:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstanceCount: 1
            InstancePreferences: [{InstanceType: ml.c5.xlarge}, {InstanceType: ml.m5.xlarge}]
    """
    found = preferences(context)
    if not found or context.job.given("instance_type", "instance_groups"):
        return None
    counted = sum(one.get("InstanceCount") is not None for one in found)
    own = overridden(context, "ResourceConfig", "InstanceCount")
    for_all = context.job.instance_count is not None or own is not None
    if counted not in (0, len(found)) or (counted > 0) == for_all:
        where = f"{counted} of {len(found)} preferences" + (" and ResourceConfig" if for_all else "")
        return Finding(
            PREFERENCES,
            f"InstanceCount stands in {where}",
            "give each preference a count, or leave it out of all and give ResourceConfig one",
            at_key=True,
        )
    return None


@rule(
    ERROR,
    on=field("request"),
    source=API + "InstancePreference.html",
    rows=(
        Row(
            ("training_plan",),
            "the preferences in request have training plans of their own",
            when={"request": inside(*PREFERENCES[1:], so={"contains": inside("TrainingPlanArns", so=ITEMS), **LIST})},
        ),
    ),
)
def training_plans_in_two_places(request: Written, context: JobContext) -> Iterator[Finding]:
    """A training plan belongs to each preference or to the whole job.

    Bad:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        training_plan: arn:aws:sagemaker:us-west-2:123456789012:training-plan/large-model
        request:
          ResourceConfig:
            InstancePreferences:
              - InstanceType: ml.c5.xlarge
                InstanceCount: 1
                TrainingPlanArns: ["arn:aws:sagemaker:us-west-2:123456789012:training-plan/small-model"]

    Good:
        training_plan: arn:aws:sagemaker:us-west-2:123456789012:training-plan/large-model
    """
    whole = context.job.training_plan or overridden(context, "ResourceConfig", "TrainingPlanArn")
    for index, one in enumerate(preferences(context)):
        if whole and one.get("TrainingPlanArns"):
            yield Finding(
                (*PREFERENCES, index, "TrainingPlanArns"),
                "the job has a training plan of its own",
                "leave training_plan out, or the plans of the preferences",
                at_key=True,
            )


@rule(WARNING, on=field("request"), source=API + "StoppingCondition.html")
def pending_time_of_cpu_job(request: Written, context: JobContext) -> Finding | None:
    """MaxPendingTimeInSeconds counts for accelerated instance types only.

    Bad:
        request: {StoppingCondition: {MaxPendingTimeInSeconds: 7200}}

    Good:
        instance_type: ml.g5.xlarge
        request: {StoppingCondition: {MaxPendingTimeInSeconds: 7200}}
    """
    if overridden(context, "StoppingCondition", "MaxPendingTimeInSeconds") is None or not context.hardware:
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
        path, arn = ("request", *_MLFLOW), overridden(context, *_MLFLOW)
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


WITHOUT_SERVERLESS: Mapping[str, str] = {
    "AlgorithmSpecification": "framework_name",
    "EnableManagedSpotTraining": "use_spot_instances",
    "Environment": "environment",
    "RetryStrategy": "max_retry_attempts",
    "CheckpointConfig": "checkpoint_s3_uri",
    "DebugHookConfig": "debugger_hook_config",
    "ExperimentConfig": "experiment_config",
    "ProfilerConfig": "profiler_config",
    "ProfilerRuleConfigurations": "profiler_rules",
    "TensorBoardOutputConfig": "tensorboard_output_config",
}
"""Members that a serverless job does not take → the field that they are made from."""


@rule(WARNING, on=field("request"), source=TERRAFORM)
def serverless_with_container(request: Written, context: JobContext) -> Finding | None:
    """A serverless job has no container of its own, nor what belongs to one.

    Bad:
        request:
          ServerlessJobConfig:
            JobType: FineTuning
            BaseModelArn: arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/some-model/1.0.0

    Good:
        request:
          ServerlessJobConfig:
            JobType: FineTuning
            BaseModelArn: arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/some-model/1.0.0
          AlgorithmSpecification: null
          ResourceConfig: null
    """
    if overridden(context, "ServerlessJobConfig") is None:
        return None
    present = [
        member
        for member, made_from in WITHOUT_SERVERLESS.items()
        if not takes_out(context, member) and (getattr(context.job, made_from) or overridden(context, member))
    ]
    if present:
        return Finding(
            ("request", "ServerlessJobConfig"),
            f"a serverless job does not take {', '.join(present)}",
            f"take it out of the request: {present[0]}: null",
            at_key=True,
        )
    return None


@rule(WARNING, on=field("request"), source=API + "ResourceConfig.html")
def volume_of_serverless_job(request: Written, context: JobContext) -> Finding | None:
    """SageMaker chooses the volume of a serverless job itself.

    Bad:
        request:
          ServerlessJobConfig:
            JobType: FineTuning
            BaseModelArn: arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/some-model/1.0.0
          AlgorithmSpecification: null

    Good:
        request:
          ServerlessJobConfig:
            JobType: FineTuning
            BaseModelArn: arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/some-model/1.0.0
          AlgorithmSpecification: null
          ResourceConfig: null
    """
    resources = request.value.get("ResourceConfig", {})
    keeps = isinstance(resources, Mapping) and resources.get("VolumeSizeInGB", 1) is not None
    if overridden(context, "ServerlessJobConfig") is not None and keeps:
        return Finding(
            ("request", "ServerlessJobConfig"),
            "a serverless job has no volume to choose, but the request says VolumeSizeInGB",
            "take it out of the request: ResourceConfig: null, or ResourceConfig: {VolumeSizeInGB: null}",
            at_key=True,
        )
    return None


@rule(ERROR, on=field("request"), source=API + "ServerlessJobConfig.html")
def evaluation_without_type(request: Written, context: JobContext) -> Finding | None:
    """A serverless evaluation must say what kind of evaluation it is.

    Bad:
        request:
          ServerlessJobConfig:
            JobType: Evaluation
            BaseModelArn: arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/some-model/1.0.0
          AlgorithmSpecification: null
          ResourceConfig: null

    Good:
        request:
          ServerlessJobConfig:
            JobType: Evaluation
            EvaluationType: BenchmarkEvaluation
            BaseModelArn: arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/some-model/1.0.0
          AlgorithmSpecification: null
          ResourceConfig: null
    """
    job_type = overridden(context, "ServerlessJobConfig", "JobType")
    if job_type == "Evaluation" and overridden(context, "ServerlessJobConfig", "EvaluationType") is None:
        return Finding(
            ("request", "ServerlessJobConfig", "JobType"),
            "an evaluation needs an EvaluationType",
            f"add EvaluationType: {' or '.join(api_members()['ServerlessJobConfig.EvaluationType'].enum)}",
        )
    return None


@rule(
    ERROR,
    on=field("request"),
    source=API + "ServerlessJobConfig.html",
    rows=(
        Row(
            ("request", "ServerlessJobConfig", "SequenceLength"),
            "a sequence has from 1K to 1024K tokens; write 8K, say",
            value={"type": "string", "pattern": "^(?!0*([1-9][0-9]{0,2}|10[01][0-9]|102[0-4])K$)[0-9]{1,50}K$"},
        ),
    ),
)
def impossible_sequence_length(request: Written, context: JobContext) -> Finding | None:
    """A sequence has from 1K to 1024K tokens.

    Bad:
        request:
          ServerlessJobConfig:
            JobType: FineTuning
            SequenceLength: 2048K
            BaseModelArn: arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/some-model/1.0.0
          AlgorithmSpecification: null
          ResourceConfig: null

    Good:
        request:
          ServerlessJobConfig:
            JobType: FineTuning
            SequenceLength: 8K
            BaseModelArn: arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/some-model/1.0.0
          AlgorithmSpecification: null
          ResourceConfig: null
    """
    length = overridden(context, "ServerlessJobConfig", "SequenceLength")
    found = re.fullmatch(r"([0-9]{1,50})K", length) if isinstance(length, str) else None
    if found and not 1 <= int(found[1]) <= 1024:
        return Finding(
            ("request", "ServerlessJobConfig", "SequenceLength"), f"{length} is not from 1K to 1024K", "write 8K, say"
        )
    return None


@rule(WARNING, on=field("request"), source=API + "ModelPackageConfig.html")
def model_package_of_ordinary_job(request: Written, context: JobContext) -> Finding | None:
    """Only a serverless job registers its model by itself.

    Bad:
        request:
          ModelPackageConfig:
            ModelPackageGroupArn: arn:aws:sagemaker:us-west-2:123456789012:model-package-group/mnist

    Good:
        output_path: s3://bucket/models
    """
    if overridden(context, "ModelPackageConfig") is not None and overridden(context, "ServerlessJobConfig") is None:
        return Finding(
            ("request", "ModelPackageConfig"),
            "ModelPackageConfig is for serverless jobs",
            "leave it out, and register the model after training",
            at_key=True,
        )
    return None


@rule(WARNING, on=field("request"), source=API + "S3DataSource.html")
def conversations_for_ordinary_job(request: Written, context: JobContext) -> Iterator[Finding]:
    """Converse data and data sets of a hub are for the fine-tuning of foundation models.

    Bad:
        request:
          InputDataConfig:
            - ChannelName: train
              DataSource: {S3DataSource: {S3DataType: Converse, S3Uri: "s3://bucket/train"}}

    Good:
        request:
          InputDataConfig:
            - ChannelName: train
              DataSource: {S3DataSource: {S3DataType: S3Prefix, S3Uri: "s3://bucket/train"}}
    """
    channels = overridden(context, "InputDataConfig")
    if not isinstance(channels, list) or overridden(context, "ServerlessJobConfig") is not None:
        return
    for index, channel in enumerate(channels):
        source = channel.get("DataSource") if isinstance(channel, Mapping) else None
        if not isinstance(source, Mapping):
            continue
        s3 = source.get("S3DataSource")
        converse = isinstance(s3, Mapping) and s3.get("S3DataType") == "Converse"
        if converse or "DatasetSource" in source:
            yield Finding(
                ("request", "InputDataConfig", index, "DataSource"),
                f"{'Converse data' if converse else 'a DatasetSource'} is for serverless jobs",
                "use an S3Prefix, or add ServerlessJobConfig",
                at_key=True,
            )
