"""What `request` says to the API itself, in the API's own names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Path
from sagespec.catalog import Member, api_members, near
from sagespec.checking.rule import API, ERROR, GUIDE, WARNING
from sagespec.kinds.training_job.rules.adapter import Case, rule

TERRAFORM = "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/training_job.go"


def overridden(case: Case, *steps: str) -> Any:
    """What the override says at this path; None where it says nothing, or takes the member out."""
    value: Any = case.job.request or None
    for step in steps if value else ():
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def takes_out(case: Case, name: str) -> bool:
    """Whether the override takes this member of the request out."""
    return name in case.job.request and case.job.request[name] is None


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


def preferences(case: Case) -> list[Mapping[str, Any]]:
    """The override's instance preferences, as far as they have the form."""
    found = overridden(case, "ResourceConfig", "InstancePreferences")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


PREFERENCES: Path = ("request", "ResourceConfig", "InstancePreferences")


@rule(ERROR, source=API + "CreateTrainingJob.html", given="request")
def unknown_request_member(case: Case) -> Iterator[Finding]:
    """CreateTrainingJob has no member of this name.

    Under `request` the API's own names are used, capitals included.

    Bad:
        request: {StoppingCondition: {MaxRuntimeInSecond: 3600}}

    Good:
        request: {StoppingCondition: {MaxRuntimeInSeconds: 3600}}
    """
    if not case.job.request:
        return
    for path, place, _ in members_in(case.job.request):
        if place not in api_members():
            parent = place.rpartition(".")[0]
            start = f"{parent}." if parent else ""
            siblings = [
                member.path.removeprefix(start) for member in api_members().values() if _is_child(member, parent)
            ]
            meant = near(str(path[-1]), siblings)
            yield Finding(
                ("request", *path),
                f"'{path[-1]}' is no member of {parent or 'CreateTrainingJob'}",
                f"did you mean {meant}?" if meant else f"it has {', '.join(siblings[:8])}{' …' * (len(siblings) > 8)}",
                at_key=True,
            )


def _is_child(member: Member, parent: str) -> bool:
    start = f"{parent}." if parent else ""
    return member.path.startswith(start) and not re.search(r"[.\[{]", member.path[len(start) :])


TYPES: Mapping[str, tuple[type, str]] = {
    "structure": (dict, "a mapping"),
    "map": (dict, "a mapping"),
    "list": (list, "a list"),
    "string": (str, "a string"),
    "integer": (int, "a whole number"),
    "long": (int, "a whole number"),
    "boolean": (bool, "true or false"),
}


@rule(ERROR, source=API + "CreateTrainingJob.html", given="request")
def wrong_type_in_request(case: Case) -> Iterator[Finding]:
    """A member of the request has another type than the API gives it.

    Bad:
        request: {StoppingCondition: {MaxRuntimeInSeconds: "3600"}}

    Good:
        request: {StoppingCondition: {MaxRuntimeInSeconds: 3600}}
    """
    if not case.job.request:
        return
    for path, place, value in members_in(case.job.request):
        member = api_members().get(place)
        if member is None or value is None:  # null takes a member out
            continue
        type_, words = TYPES[member.type]
        if not isinstance(value, type_) or (isinstance(value, bool) and type_ is int):
            yield Finding(("request", *path), f"{path[-1]} is not {words}", f"give {place} {words}")


@rule(ERROR, source=API + "ResourceConfig.html", given="request")
def read_only_member(case: Case) -> Iterator[Finding]:
    """Some members are only answers: a request may not set them.

    Bad:
        request: {ResourceConfig: {SelectedInstanceType: ml.c5.xlarge}}

    Good:
        request: {ResourceConfig: {InstanceType: ml.c5.xlarge}}
    """
    if not case.job.request:
        return
    for path, place, _ in members_in(case.job.request):
        member = api_members().get(place)
        if member is not None and member.read_only:
            yield Finding(("request", *path), f"{path[-1]} is set by SageMaker", "leave it out", at_key=True)


@rule(ERROR, source="sagespec: a job is found again by its name and its tags", given="request")
def own_name_or_tags(case: Case) -> Iterator[Finding]:
    """The training job's name and tags are made from the manifest, and identify the job.

    Bad:
        request: {TrainingJobName: mnist-1}

    Good:
        name: mnist-1
        tags: {team: vision}
    """
    for member, field in (("TrainingJobName", "name"), ("Tags", "tags")):
        if member in case.job.request:
            yield Finding(
                ("request", member), f"{member} cannot be overridden", f"use the field {field} instead", at_key=True
            )


@rule(ERROR, source=GUIDE + "mkt-algo-model-internet-free.html", given="request")
def marketplace_algorithm_with_network(case: Case) -> Iterator[Finding]:
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
    name = overridden(case, "AlgorithmSpecification", "AlgorithmName")
    parts = name.split(":") if isinstance(name, str) else []
    foreign = len(parts) > 5 and case.account is not None and parts[4] not in (case.account, "")
    isolated = case.job.enable_network_isolation or overridden(case, "EnableNetworkIsolation")
    if foreign and not isolated:
        yield Finding(
            ("request", "AlgorithmSpecification", "AlgorithmName"),
            f"the algorithm belongs to account {parts[4]}: one of AWS Marketplace must run without network",
            "add enable_network_isolation: true",
        )


@rule(ERROR, source=API + "ResourceConfig.html", given="request")
def preferences_with_other_instances(case: Case) -> Iterator[Finding]:
    """Instance preferences take the place of a type, of groups, of a placement and of spot instances.

    Bad:
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}]

    Good:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}]
    """
    if not preferences(case):
        return
    job = case.job
    given = job.given("instance_type", "instance_groups", "instance_placement_config")
    if job.use_spot_instances:
        given.append("use_spot_instances")
    if given:
        yield Finding(
            PREFERENCES, f"InstancePreferences and {', '.join(given)} exclude each other", "keep one", at_key=True
        )


@rule(ERROR, source=API + "InstancePreference.html", given="request")
def repeated_preference(case: Case) -> Iterator[Finding]:
    """An instance type may be preferred only once.

    Bad:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstanceCount: 1
            InstancePreferences: [{InstanceType: ml.c5.xlarge}, {InstanceType: ml.c5.xlarge}]

    Good:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstanceCount: 1
            InstancePreferences: [{InstanceType: ml.c5.xlarge}, {InstanceType: ml.m5.xlarge}]
    """
    types = [one.get("InstanceType") for one in preferences(case)]
    for index, name in enumerate(types):
        if name is not None and name in types[:index]:
            yield Finding((*PREFERENCES, index, "InstanceType"), f"{name} is preferred twice", "leave one out")


@rule(ERROR, source=API + "InstancePreference.html", given="request")
def preferences_with_half_counts(case: Case) -> Iterator[Finding]:
    """Either every preference has a count, or the request has one for all.

    Bad:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}, {InstanceType: ml.m5.xlarge}]

    Good:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstanceCount: 1
            InstancePreferences: [{InstanceType: ml.c5.xlarge}, {InstanceType: ml.m5.xlarge}]
    """
    found = preferences(case)
    if not found or case.job.given("instance_type", "instance_groups"):
        return
    counted = sum(one.get("InstanceCount") is not None for one in found)
    for_all = case.job.instance_count is not None or overridden(case, "ResourceConfig", "InstanceCount") is not None
    if counted not in (0, len(found)) or (counted > 0) == for_all:
        where = f"{counted} of {len(found)} preferences" + (" and ResourceConfig" if for_all else "")
        yield Finding(
            PREFERENCES,
            f"InstanceCount stands in {where}",
            "give each preference a count, or leave it out of all and give ResourceConfig one",
            at_key=True,
        )


@rule(ERROR, source=API + "InstancePreference.html", given="request")
def training_plans_in_two_places(case: Case) -> Iterator[Finding]:
    """A training plan belongs to each preference or to the whole job.

    Bad:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312"
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
    whole = case.job.training_plan or overridden(case, "ResourceConfig", "TrainingPlanArn")
    for index, one in enumerate(preferences(case)):
        if whole and one.get("TrainingPlanArns"):
            yield Finding(
                (*PREFERENCES, index, "TrainingPlanArns"),
                "the job has a training plan of its own",
                "leave training_plan out, or the plans of the preferences",
                at_key=True,
            )


@rule(WARNING, source=API + "StoppingCondition.html", given="request")
def pending_time_of_cpu_job(case: Case) -> Iterator[Finding]:
    """MaxPendingTimeInSeconds counts for accelerated instance types only.

    Bad:
        request: {StoppingCondition: {MaxPendingTimeInSeconds: 7200}}

    Good:
        instance_type: ml.g5.xlarge
        request: {StoppingCondition: {MaxPendingTimeInSeconds: 7200}}
    """
    if overridden(case, "StoppingCondition", "MaxPendingTimeInSeconds") is None or not case.hardware:
        return
    if not any(instance.is_accelerated for instance in case.hardware):
        yield Finding(
            ("request", "StoppingCondition", "MaxPendingTimeInSeconds"),
            f"{case.hardware[0].name} has no accelerator, so this has no effect",
            "leave it out",
            at_key=True,
        )


@rule(WARNING, source=API + "MlflowConfig.html", given="request")
def unreachable_mlflow(case: Case) -> Iterator[Finding]:
    """A tracking server must be reachable: in the same region, with a network.

    Bad:
        request:
          MlflowConfig: {MlflowResourceArn: "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/team"}

    Good:
        request:
          MlflowConfig: {MlflowResourceArn: "arn:aws:sagemaker:us-west-2:123456789012:mlflow-tracking-server/team"}
    """
    arn = overridden(case, "MlflowConfig", "MlflowResourceArn")
    if not isinstance(arn, str):
        return
    path = ("request", "MlflowConfig", "MlflowResourceArn")
    region = arn.split(":")[3] if arn.count(":") >= 5 else ""
    if case.job.enable_network_isolation:
        yield Finding(path, "the container has no network to reach MLflow with", "leave enable_network_isolation out")
    elif region and case.region is not None and region != case.region:
        yield Finding(
            path, f"the tracking server is in {region}, the job in {case.region}", f"name one in {case.region}"
        )


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


@rule(WARNING, source=TERRAFORM, given="request")
def serverless_with_container(case: Case) -> Iterator[Finding]:
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
    if overridden(case, "ServerlessJobConfig") is None:
        return
    job = case.job
    present = [
        member
        for member, field in WITHOUT_SERVERLESS.items()
        if not takes_out(case, member) and (getattr(job, field) or overridden(case, member))
    ]
    if present:
        yield Finding(
            ("request", "ServerlessJobConfig"),
            f"a serverless job takes no {', '.join(present)}",
            f"take it out of the request: {present[0]}: null",
            at_key=True,
        )


@rule(WARNING, source=API + "ResourceConfig.html", given="request")
def volume_of_serverless_job(case: Case) -> Iterator[Finding]:
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
    resources = case.job.request.get("ResourceConfig", {})
    keeps = isinstance(resources, Mapping) and resources.get("VolumeSizeInGB", 1) is not None
    if overridden(case, "ServerlessJobConfig") is not None and keeps:
        yield Finding(
            ("request", "ServerlessJobConfig"),
            "a serverless job has no volume to choose, but the request says VolumeSizeInGB",
            "take it out of the request: ResourceConfig: null, or ResourceConfig: {VolumeSizeInGB: null}",
            at_key=True,
        )


@rule(ERROR, source=API + "ServerlessJobConfig.html", given="request")
def evaluation_without_type(case: Case) -> Iterator[Finding]:
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
    job_type = overridden(case, "ServerlessJobConfig", "JobType")
    if job_type == "Evaluation" and overridden(case, "ServerlessJobConfig", "EvaluationType") is None:
        yield Finding(
            ("request", "ServerlessJobConfig", "JobType"),
            "an evaluation needs an EvaluationType",
            f"add EvaluationType: {' or '.join(api_members()['ServerlessJobConfig.EvaluationType'].enum)}",
        )


@rule(ERROR, source=API + "ServerlessJobConfig.html", given="request")
def impossible_sequence_length(case: Case) -> Iterator[Finding]:
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
    length = overridden(case, "ServerlessJobConfig", "SequenceLength")
    found = re.fullmatch(r"([0-9]{1,50})K", length) if isinstance(length, str) else None
    if found and not 1 <= int(found[1]) <= 1024:
        yield Finding(
            ("request", "ServerlessJobConfig", "SequenceLength"), f"{length} is not from 1K to 1024K", "write 8K, say"
        )


@rule(WARNING, source=API + "ModelPackageConfig.html", given="request")
def model_package_of_ordinary_job(case: Case) -> Iterator[Finding]:
    """Only a serverless job registers its model by itself.

    Bad:
        request:
          ModelPackageConfig:
            ModelPackageGroupArn: arn:aws:sagemaker:us-west-2:123456789012:model-package-group/mnist

    Good:
        output_path: s3://bucket/models
    """
    if overridden(case, "ModelPackageConfig") is not None and overridden(case, "ServerlessJobConfig") is None:
        yield Finding(
            ("request", "ModelPackageConfig"),
            "ModelPackageConfig is for serverless jobs",
            "leave it out, and register the model after training",
            at_key=True,
        )


@rule(WARNING, source=API + "S3DataSource.html", given="request")
def conversations_for_ordinary_job(case: Case) -> Iterator[Finding]:
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
    channels = overridden(case, "InputDataConfig")
    if not isinstance(channels, list) or overridden(case, "ServerlessJobConfig") is not None:
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
