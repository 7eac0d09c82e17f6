"""The machines a job runs on: types, counts, volumes, groups; and the environment of its container."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Path
from sagespec.checking.rule import API, ERROR, GUIDE, SDK2, TOOLKIT, WARNING
from sagespec.kinds.training_job.rules.adapter import Case, rule

QUOTAS = "https://docs.aws.amazon.com/general/latest/gr/sagemaker.html"


def type_paths(case: Case) -> Iterator[tuple[Path, str]]:
    """Every instance type, and where it is written."""
    job = case.job
    if job.instance_groups is None:
        if job.instance_type is not None:
            yield ("instance_type",), job.instance_type
        return
    for index, group in enumerate(job.instance_groups):
        yield ("instance_groups", index, "instance_type"), group.instance_type


def overrides_resources(case: Case) -> bool:
    """Whether `request` says what the job runs on, or that it runs on nothing of its own."""
    resources = case.job.request.get("ResourceConfig")
    names = ("InstanceType", "InstanceGroups", "InstancePreferences")
    chosen = isinstance(resources, Mapping) and any(name in resources for name in names)
    return chosen or "ServerlessJobConfig" in case.job.request


@rule(ERROR, source=API + "ResourceConfig.html")
def missing_instances(case: Case) -> Iterator[Finding]:
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
    job = case.job
    if job.instance_groups is not None or overrides_resources(case):
        return
    missing = [name for name in ("instance_type", "instance_count") if getattr(job, name) is None]
    if len(missing) == 2:
        hint = "add instance_type: ml.m5.xlarge and instance_count: 1, or instance_groups"
        yield Finding((), "the manifest does not say what the job runs on", hint)
    elif missing == ["instance_count"]:
        yield Finding(("instance_type",), "'instance_count' is missing", "add instance_count: 1")
    elif missing == ["instance_type"]:
        yield Finding(("instance_count",), "'instance_type' is missing", "add instance_type: ml.m5.xlarge")


@rule(ERROR, source=SDK2 + "image_uris.py", given="request")
def image_without_instance_type(case: Case) -> Iterator[Finding]:
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
        image_uri: 763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312
        framework_version: null
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}]
    """
    job = case.job
    if not job.instance_types() and job.image_uri is None and overrides_resources(case):
        yield Finding(
            ("request",),
            "without instance_type it is not known which image the job needs",
            "add image_uri",
            at_key=True,
        )


@rule(ERROR, source="https://github.com/aws/sagemaker-python-sdk/pull/5564", given="instance_groups")
def instances_given_twice(case: Case) -> Iterator[Finding]:
    """Instance groups take the place of a type and a count.

    SageMaker refuses both together.

    Bad:
        instance_groups:
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}

    Good:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
    """
    job = case.job
    given = job.given("instance_type", "instance_count")
    if job.instance_groups is not None and given:
        yield Finding(
            ("instance_groups",),
            f"instance_groups and {' and '.join(given)} exclude each other",
            f"leave {' and '.join(given)} out, or instance_groups",
            at_key=True,
        )


@rule(WARNING, source=API + "ResourceConfig.html")
def unknown_instance_type(case: Case) -> Iterator[Finding]:
    """No training instance type of this name is known.

    SageMaker refuses a type it does not have. It may be newer than this program's list, so this is a warning.

    Bad:
        instance_type: ml.m5.xlrage

    Good:
        instance_type: ml.m5.xlarge
    """
    for path, name in type_paths(case):
        if name.startswith("ml.") and case.facts.instance(name) is None:
            meant = case.facts.near_instance(name)
            day = case.facts.fetched_on("instances")
            yield Finding(
                path,
                f"'{name}' is not among the training instance types of {day}",
                f"did you mean {meant}?" if meant else "see sagespec versions, or silence this if it is newer",
            )


@rule(WARNING, source="https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html")
def retired_instance_type(case: Case) -> Iterator[Finding]:
    """Amazon EC2 no longer offers this family, although SageMaker's API still lists it.

    Such a job tends to wait for capacity that does not come.

    Bad:
        instance_type: ml.p3.2xlarge

    Good:
        instance_type: ml.g5.2xlarge
    """
    for path, name in type_paths(case):
        instance = case.facts.instance(name)
        if instance is not None and instance.retired:
            yield Finding(
                path,
                f"EC2 describes {name} no longer; there may be no capacity",
                "use a newer family, for example g5 or g6 for one to eight GPUs",
            )


@rule(WARNING, source=QUOTAS)
def instances_over_quota(case: Case) -> Iterator[Finding]:
    """One job may have 20 instances, unless the quota was raised.

    Bad:
        instance_count: 21

    Good:
        instance_count: 20
    """
    quota = case.facts.quotas["instances_per_job"].value
    count = case.job.instances()
    if count > quota:
        path = ("instance_count",) if case.job.instance_groups is None else ("instance_groups",)
        yield Finding(
            path,
            f"{count} instances are more than a job may have without a raised quota ({quota})",
            "ask Service Quotas for more, or use fewer and larger instances",
        )


@rule(WARNING, source=API + "ResourceConfig.html", given="volume_kms_key")
def volume_key_on_local_storage(case: Case) -> Iterator[Finding]:
    """Instances with local NVMe storage have no volume that a key could encrypt.

    SageMaker refuses VolumeKmsKeyId for them, or passes over it; their storage is encrypted by the hardware. The SDK
    sends the key.

    Bad:
        instance_type: ml.g5.xlarge
        volume_kms_key: 11111111-2222-3333-4444-555555555555

    Good:
        instance_type: ml.m5.xlarge
        volume_kms_key: 11111111-2222-3333-4444-555555555555
    """
    local = [instance.name for instance in case.hardware if instance.has_local_storage]
    if case.job.volume_kms_key is not None and local:
        yield Finding(
            ("volume_kms_key",),
            f"{local[0]} has local storage, which takes no key",
            "leave volume_kms_key out (local storage is encrypted anyway), or use a type without local storage",
            at_key=True,
        )


@rule(ERROR, source=API + "ResourceConfig.html", given="volume_kms_key")
def alias_for_volume_key(case: Case) -> Iterator[Finding]:
    """A volume's key is named by its id or ARN, not by an alias.

    Aliases are for `output_kms_key` only.

    Bad:
        volume_kms_key: alias/training

    Good:
        volume_kms_key: arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555
    """
    key = case.job.volume_kms_key
    if key is not None and (key.startswith("alias/") or ":alias/" in key):
        yield Finding(("volume_kms_key",), f"'{key}' is an alias", "write the key's id or its ARN: arn:aws:kms:…:key/…")


@rule(WARNING, source=GUIDE + "model-train-storage.html", given="volume_size")
def volume_larger_than_local_storage(case: Case) -> Iterator[Finding]:
    """Instances with local storage have just that: `volume_size` is ignored.

    A job that needs more room than there is fails when its disk is full.

    Bad:
        instance_type: ml.g5.xlarge
        volume_size: 1000

    Good:
        instance_type: ml.g5.16xlarge
        volume_size: 1000
    """
    size = case.job.volume_size
    small = [one for one in case.hardware if one.has_local_storage and one.nvme_gb < size]
    if "volume_size" in case.job.fields_set and small:
        yield Finding(
            ("volume_size",),
            f"volume_size: {size} has no effect: {small[0].name} has {small[0].nvme_gb} GB of its own",
            "use a larger size of the family, or a type without local storage",
        )


@rule(WARNING, source=QUOTAS, given="volume_size")
def volume_over_quota(case: Case) -> Iterator[Finding]:
    """A volume may have 1,024 GB, unless the quota was raised.

    Bad:
        volume_size: 2000

    Good:
        volume_size: 1024
    """
    quota = case.facts.quotas["volume_size_gb"].value
    without = [one for one in case.hardware if not one.has_local_storage]
    if case.job.volume_size > quota and without:
        yield Finding(
            ("volume_size",),
            f"{case.job.volume_size} GB are more than a volume may have without a raised quota ({quota})",
            "ask Service Quotas for more, or stream the data (input_mode: FastFile)",
        )


@rule(ERROR, source=API + "InstanceGroup.html", given="instance_groups")
def duplicate_instance_group(case: Case) -> Iterator[Finding]:
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
    for index, group in enumerate(case.job.instance_groups or []):
        name = group.instance_group_name
        if name in seen:
            path = ("instance_groups", index, "instance_group_name")
            yield Finding(path, f"there is another group '{name}'", "give this one its own name")
        seen.add(name)


@rule(WARNING, source=API + "InstancePlacementConfig.html", given="instance_placement_config")
def placement_of_other_instances(case: Case) -> Iterator[Finding]:
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
    placement = case.job.instance_placement_config
    specifications = (placement.placement_specifications if placement is not None else None) or []
    path: Path = ("instance_placement_config", "placement_specifications")
    placed = sum(one.instance_count for one in specifications)
    if specifications and placed != case.job.instances():
        yield Finding(
            path,
            f"{placed} instances are placed, but the job has {case.job.instances()}",
            f"let the counts add up to {case.job.instances()}",
            at_key=True,
        )
    seen: set[str] = set()
    for index, one in enumerate(specifications):
        if one.ultra_server_id is not None and one.ultra_server_id in seen:
            yield Finding(
                (*path, index, "ultra_server_id"), f"'{one.ultra_server_id}' is listed twice", "add its counts up"
            )
        seen.add(one.ultra_server_id or "")


@rule(ERROR, source=SDK2 + "estimator.py")
def several_local_gpu_instances(case: Case) -> Iterator[Finding]:
    """The GPUs of this machine belong to one instance.

    Bad:
        instance_type: local_gpu
        instance_count: 2

    Good:
        instance_type: local_gpu
        instance_count: 1
    """
    job = case.job
    if job.instance_type == "local_gpu" and job.instance_count is not None and job.instance_count > 1:
        yield Finding(
            ("instance_count",),
            f"{job.instance_count} instances cannot share the GPUs of one machine",
            "write 1, or instance_type: local for several processes on the CPU",
        )


RESERVED = frozenset(
    [
        "SM_MODEL_DIR",
        "SM_CHANNELS",
        "SM_HPS",
        "SM_CURRENT_HOST",
        "SM_HOSTS",
        "SM_NUM_GPUS",
        "SM_NUM_NEURONS",
        "SM_NUM_CPUS",
        "SM_LOG_LEVEL",
        "SM_NETWORK_INTERFACE_NAME",
        "SM_USER_ARGS",
        "SM_INPUT_DIR",
        "SM_INPUT_CONFIG_DIR",
        "SM_OUTPUT_DATA_DIR",
        "SM_OUTPUT_DIR",
        "SM_OUTPUT_INTERMEDIATE_DIR",
        "SM_RESOURCE_CONFIG",
        "SM_INPUT_DATA_CONFIG",
        "SM_TRAINING_ENV",
        "SM_MODULE_NAME",
        "SM_MODULE_DIR",
        "SM_USER_ENTRY_POINT",
        "SM_FRAMEWORK_MODULE",
        "SM_FRAMEWORK_PARAMS",
        "SM_CURRENT_INSTANCE_TYPE",
        "SM_CURRENT_INSTANCE_GROUP",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS",
        "SM_INSTANCE_GROUPS",
        "SM_INSTANCE_GROUPS_DICT",
        "SM_IS_HETERO",
        "SM_DISTRIBUTION_INSTANCE_GROUPS",
        "SAGEMAKER_PROGRAM",
        "SAGEMAKER_SUBMIT_DIRECTORY",
        "SAGEMAKER_JOB_NAME",
        "SAGEMAKER_REGION",
        "TRAINING_JOB_NAME",
        "TRAINING_JOB_ARN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ]
)
"""Variables that SageMaker or its training toolkit sets.

Source: https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
"""


@rule(WARNING, source=TOOLKIT + "/blob/master/ENVIRONMENT_VARIABLES.md", given="environment")
def reserved_environment_variable(case: Case) -> Iterator[Finding]:
    """SageMaker sets this variable itself.

    What the manifest says is overwritten, or breaks what the container builds on it. One `TF_CONFIG` cannot fit
    several instances, because it says which of them this one is.

    Bad:
        environment: {SM_MODEL_DIR: /tmp/model}
        ---
        environment: {TF_CONFIG: "{}"}
        instance_count: 2

    Good:
        environment: {MODEL_FOLDER: /tmp/model}
    """
    for name in case.job.environment:
        if name in RESERVED or name.startswith(("SM_CHANNEL_", "SM_HP_")):
            yield Finding(
                ("environment", name),
                f"{name} is set by SageMaker",
                "leave it out, or call your own variable something else",
                at_key=True,
            )
        elif name == "TF_CONFIG" and case.job.instances() > 1:
            yield Finding(
                ("environment", name),
                f"the {case.job.instances()} instances would all get one TF_CONFIG, though each needs its own",
                "leave it out: distribution sets it, and a script can compute it from SM_HOSTS and SM_CURRENT_HOST",
                at_key=True,
            )


def names_region(arn: str) -> str:
    """The region that an ARN says; empty when it says none, or is no ARN."""
    parts: list[Any] = arn.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else ""


@rule(
    ERROR,
    source="https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html; " + API + "ResourceConfig.html",
    given="volume_kms_key output_kms_key training_plan training_repository_credentials_provider_arn",
)
def arn_of_another_region(case: Case) -> Iterator[Finding]:
    """Keys, training plans and functions are used in the region where they are.

    Bad:
        region: us-west-2
        volume_kms_key: arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555

    Good:
        region: us-west-2
        volume_kms_key: arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555
    """
    job = case.job
    if case.region is None or case.local:
        return
    fields = ("volume_kms_key", "output_kms_key", "training_plan", "training_repository_credentials_provider_arn")
    for name in job.given(*fields):
        region = names_region(getattr(job, name))
        if region and region != case.region:
            yield Finding(
                (name,),
                f"{name} is in {region}, the job in {case.region}",
                f"name one in {case.region}, or move the job",
            )
