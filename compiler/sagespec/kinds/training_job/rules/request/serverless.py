"""Serverless jobs: SageMaker chooses the machines, and takes nothing that belongs to a container."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sagespec.base.diagnostic import Finding
from sagespec.catalog import api_members
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext

TERRAFORM = "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/training_job.go"
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


def takes_out(context: JobContext, name: str) -> bool:
    """Whether the override takes this member of the request out."""
    return name in context.job.request and context.job.request[name] is None


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
    if not context.is_overridden("ServerlessJobConfig"):
        return None
    present = [
        member
        for member, made_from in WITHOUT_SERVERLESS.items()
        if not takes_out(context, member) and (getattr(context.job, made_from) or context.overridden(member))
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
    if context.is_overridden("ServerlessJobConfig") and keeps:
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
    job_type = context.overridden("ServerlessJobConfig", "JobType")
    if job_type == "Evaluation" and not context.is_overridden("ServerlessJobConfig", "EvaluationType"):
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
            "a sequence has from 1K to 1024K tokens; write 8K, for instance",
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
    length = context.overridden("ServerlessJobConfig", "SequenceLength")
    found = re.fullmatch(r"([0-9]{1,50})K", length) if isinstance(length, str) else None
    if found and not 1 <= int(found[1]) <= 1024:
        return Finding(
            ("request", "ServerlessJobConfig", "SequenceLength"),
            f"{length} is not from 1K to 1024K",
            "write 8K, for instance",
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
    if context.is_overridden("ModelPackageConfig") and not context.is_overridden("ServerlessJobConfig"):
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
    channels = context.overridden("InputDataConfig")
    if not isinstance(channels, list) or context.is_overridden("ServerlessJobConfig"):
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
