"""The machines that a job runs on: types, counts, groups and their placement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Path
from sagespec.checking.condition import GIVEN, LIST, REPEATED
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, SDK2, WARNING, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.subjects import INSTANCE_TYPE, JOB

QUOTAS = "https://docs.aws.amazon.com/general/latest/gr/sagemaker.html"


def overrides_resources(context: JobContext) -> bool:
    """Whether `request` says what the job runs on, or that it runs on nothing of its own."""
    resources = context.job.request.get("ResourceConfig")
    names = ("InstanceType", "InstanceGroups", "InstancePreferences")
    chosen = isinstance(resources, Mapping) and any(name in resources for name in names)
    return chosen or "ServerlessJobConfig" in context.job.request


@rule(ERROR, on=JOB, source=API + "ResourceConfig.html")
def missing_instances(job: Job, context: JobContext) -> Finding | None:
    """A job must say what it runs on: a type and a count, or groups.

    Bad:
        instance_type: null
        instance_count: null
        ---
        instance_count: null

    Good:
        instance_type: ml.m5.xlarge
        instance_count: 1
    """
    if job.instance_type is not None and job.instance_count is not None:
        return None
    if job.instance_groups is not None or overrides_resources(context):
        return None
    missing = [name for name in ("instance_type", "instance_count") if getattr(job, name) is None]
    if len(missing) == 2:
        hint = "add instance_type: ml.m5.xlarge and instance_count: 1, or instance_groups"
        return Finding((), "the manifest does not say what the job runs on", hint)
    if missing == ["instance_count"]:
        return Finding(("instance_type",), "'instance_count' is missing", "add instance_count: 1")
    if missing == ["instance_type"]:
        return Finding(("instance_count",), "'instance_type' is missing", "add instance_type: ml.m5.xlarge")
    return None


@rule(ERROR, on=field("request"), source=SDK2 + "image_uris.py")
def image_without_instance_type(request: Written, context: JobContext) -> Finding | None:
    """The image depends on the instance type: without one, the image must be named.

    Bad:
        instance_type: null
        instance_count: null
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}]

    Good:
        instance_type: null
        instance_count: null
        image_uri: 763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312
        framework_version: null
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}]
    """
    job = context.job
    named = job.image_uri is not None or context.is_overridden("AlgorithmSpecification", "TrainingImage")
    if not job.instance_types() and not named and overrides_resources(context):
        return Finding(
            request.path,
            "without instance_type it is not known which image the job needs",
            "add image_uri",
            at_key=True,
        )
    return None


instances_given_twice = refusal(
    "instances-given-twice",
    ERROR,
    Row(
        ("instance_groups",),
        "instance_groups take the place of instance_type and instance_count",
        "leave instance_type and instance_count out, or instance_groups",
        value=LIST,
        any_of=({"instance_type": GIVEN}, {"instance_count": GIVEN}),
    ),
    source="https://github.com/aws/sagemaker-python-sdk/pull/5564",
    page="""
    Instance groups take the place of a type and a count.

    SageMaker refuses both together.

    Bad:
        instance_groups:
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}

    Good:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
    """,
)


@rule(WARNING, on=INSTANCE_TYPE, source=API + "ResourceConfig.html")
def unknown_instance_type(instance_type: Written, context: JobContext) -> Finding | None:
    """No training instance type of this name is known.

    SageMaker refuses a type it does not have. It may be newer than this program's list, so this is a warning.

    Bad:
        instance_type: ml.c5.3xlarge

    Good:
        instance_type: ml.c5.4xlarge
    """
    name, facts = instance_type.value, context.facts
    if name.startswith("ml.") and facts.instance(name) is None and not facts.is_misspelt_instance(name):
        meant = facts.near_instance(name)
        return Finding(
            instance_type.path,
            f"'{name}' is not among the training instance types of {facts.fetched_on('instances')}",
            f"did you mean {meant}?" if meant else "see sagespec versions, or silence this if it is newer",
        )
    return None


@rule(WARNING, on=INSTANCE_TYPE, source="https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html")
def retired_instance_type(instance_type: Written, context: JobContext) -> Finding | None:
    """Amazon EC2 no longer offers this family, although SageMaker's API still lists it.

    Such a job tends to wait for capacity that does not come.

    Bad:
        instance_type: ml.p3.2xlarge

    Good:
        instance_type: ml.g5.2xlarge
    """
    instance = context.facts.instance(instance_type.value)
    if instance is not None and instance.retired:
        return Finding(
            instance_type.path,
            f"EC2 no longer offers {instance_type.value}; there may be no capacity",
            "use a newer family, for example g5 or g6 for one to eight GPUs",
        )
    return None


@rule(WARNING, on=JOB, source=QUOTAS)
def instances_over_quota(job: Job, context: JobContext) -> Finding | None:
    """One job may have 20 instances, unless the quota was raised.

    Bad:
        instance_count: 21

    Good:
        instance_count: 20
    """
    quota, instances = context.facts.quotas["instances_per_job"].value, job.instances()
    if instances > quota:
        return Finding(
            ("instance_count" if job.instance_groups is None else "instance_groups",),
            f"{instances} instances are more than a job may have without a raised quota ({quota})",
            "ask Service Quotas for more, or use fewer and larger instances",
        )
    return None


@rule(
    ERROR,
    on=field("instance_groups"),
    source=API + "InstanceGroup.html",
    rows=(Row(("instance_groups",), "two instance groups have one name", value=REPEATED),),
)
def duplicate_instance_group(groups: Written, context: JobContext) -> Iterator[Finding]:
    """Two instance groups have one name.

    Bad:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 1}
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}

    Good:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: readers, instance_type: ml.c5.xlarge, instance_count: 1}
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
    """
    seen: set[str] = set()
    for index, group in enumerate(groups.value):
        name = group.instance_group_name
        if name in seen:
            path = (*groups.path, index, "instance_group_name")
            yield Finding(path, f"there is another group '{name}'", "give this one its own name")
        seen.add(name)


@rule(WARNING, on=field("instance_placement_config"), source=API + "InstancePlacementConfig.html")
def placement_of_other_instances(placement: Written, context: JobContext) -> Iterator[Finding]:
    """The placement on UltraServers must account for every instance, and name each server once.

    Bad:
        instance_count: 4
        instance_placement_config:
          placement_specifications: [{ultra_server_id: a, instance_count: 2}]

    Good:
        instance_count: 4
        instance_placement_config:
          placement_specifications:
            - {ultra_server_id: a, instance_count: 2}
            - {ultra_server_id: b, instance_count: 2}
    """
    specifications = placement.value.placement_specifications or []
    path: Path = (*placement.path, "placement_specifications")
    placed, instances = sum(one.instance_count for one in specifications), context.job.instances()
    if specifications and placed != instances:
        yield Finding(
            path,
            f"{placed} instances are placed, but the job has {instances}",
            f"let the counts add up to {instances}",
            at_key=True,
        )
    seen: set[str] = set()
    for index, one in enumerate(specifications):
        if one.ultra_server_id is not None and one.ultra_server_id in seen:
            yield Finding(
                (*path, index, "ultra_server_id"), f"'{one.ultra_server_id}' is listed twice", "add its counts up"
            )
        seen.add(one.ultra_server_id or "")


several_local_gpu_instances = refusal(
    "several-local-gpu-instances",
    ERROR,
    Row(
        ("instance_count",),
        "several instances cannot share the GPUs of one machine",
        "write 1, or instance_type: local for several processes on the CPU",
        value={"type": "integer", "minimum": 2},
        when={"instance_type": {"const": "local_gpu"}},
        at_value=True,
    ),
    source=SDK2 + "estimator.py",
    page="""
    The GPUs of this machine belong to one instance.

    Bad:
        instance_type: local_gpu
        instance_count: 2

    Good:
        instance_type: local_gpu
        instance_count: 1
    """,
)


def names_region(arn: str) -> str:
    """The region that an ARN says; empty when it says none, or is not an ARN."""
    parts: list[Any] = arn.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else ""


@rule(
    ERROR,
    on=field("volume_kms_key", "output_kms_key", "training_plan", "training_repository_credentials_provider_arn"),
    source="https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html; " + API + "ResourceConfig.html",
)
def arn_of_another_region(arn: Written, context: JobContext) -> Finding | None:
    """Keys, training plans and functions are used in the region where they are.

    Bad:
        region: us-west-2
        volume_kms_key: arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555

    Good:
        region: us-west-2
        volume_kms_key: arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555
    """
    region = names_region(arn.value)
    if region and context.region is not None and region != context.region and not context.local:
        return Finding(
            arn.path,
            f"{arn.name} is in {region}, the job in {context.region}",
            f"name one in {context.region}, or move the job",
        )
    return None
