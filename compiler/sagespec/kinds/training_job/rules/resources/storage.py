"""The disks of these machines, and the keys that encrypt them."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Facts
from sagespec.checking.condition import one_of
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, WARNING, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules.resources.instances import QUOTAS


def _with_local_storage(facts: Facts) -> tuple[Row, ...]:
    types = one_of(name for name, instance in facts.instances.items() if instance.has_local_storage)
    return (Row(("volume_kms_key",), "this type has local storage, which takes no key", when={"instance_type": types}),)


@rule(WARNING, on=field("volume_kms_key"), source=API + "ResourceConfig.html", rows=_with_local_storage)
def volume_key_on_local_storage(key: Written, context: JobContext) -> Finding | None:
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
    local = [instance.name for instance in context.hardware if instance.has_local_storage]
    if local:
        return Finding(
            key.path,
            f"{local[0]} has local storage, which takes no key",
            "leave volume_kms_key out (local storage is encrypted anyway), or use a type without local storage",
            at_key=True,
        )
    return None


alias_for_volume_key = refusal(
    "alias-for-volume-key",
    ERROR,
    Row(
        ("volume_kms_key",),
        "a volume's key is named by its id or ARN, not by an alias",
        "write the key's id or its ARN: arn:aws:kms:…:key/…",
        form=r"^(?!alias/)(?!.*:alias/)",
    ),
    source=API + "ResourceConfig.html",
    page="""
    A volume's key is named by its id or ARN, not by an alias.

    Aliases are for `output_kms_key` only.

    Bad:
        volume_kms_key: alias/training

    Good:
        volume_kms_key: arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555
    """,
)


@rule(WARNING, on=field("volume_size"), source=GUIDE + "model-train-storage.html")
def volume_larger_than_local_storage(size: Written, context: JobContext) -> Finding | None:
    """Instances with local storage have just that: `volume_size` is ignored.

    A job that needs more room than there is fails when its disk is full.

    Bad:
        instance_type: ml.g5.xlarge
        volume_size: 1000

    Good:
        instance_type: ml.g5.16xlarge
        volume_size: 1000
    """
    small = [one for one in context.hardware if one.has_local_storage and one.nvme_gb < size.value]
    if small:
        return Finding(
            size.path,
            f"volume_size: {size.value} has no effect: {small[0].name} has {small[0].nvme_gb} GB of its own",
            "use a larger size of the family, or a type without local storage",
        )
    return None


@rule(WARNING, on=field("volume_size"), source=QUOTAS)
def volume_over_quota(size: Written, context: JobContext) -> Finding | None:
    """A volume may have 1,024 GB, unless the quota was raised.

    Bad:
        volume_size: 2000

    Good:
        volume_size: 1024
    """
    quota = context.facts.quotas["volume_size_gb"].value
    without = [one for one in context.hardware if not one.has_local_storage]
    if size.value > quota and without:
        return Finding(
            size.path,
            f"{size.value} GB are more than a volume may have without a raised quota ({quota})",
            "ask Service Quotas for more, or stream the data (input_mode: FastFile)",
        )
    return None
