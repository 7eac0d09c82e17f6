"""Which instances get which part of a channel."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import EXPRESSION, GIVEN, ITEMS, Json, some_value, when
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.subjects import ChannelRow, member


@rule(WARNING, on=member("distribution"), source=API + "S3DataSource.html")
def sharding_for_one_instance(distribution: Written, context: JobContext) -> Finding | None:
    """One instance gets all shards: sharding does nothing.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, distribution: ShardedByS3Key}

    Good:
        channels:
          train: {s3_data: s3://bucket/train, distribution: ShardedByS3Key}
        instance_count: 2
    """
    channel = distribution.owner
    one = context.job.instances() == 1
    if one and distribution.value == "ShardedByS3Key" and channel.file_system_id is None:
        return Finding(
            distribution.path,
            f"channel '{channel.name}' is sharded, but there is one instance, which gets everything",
            "leave distribution out, or use more instances",
        )
    return None


@rule(
    ERROR,
    on=member("instance_groups"),
    source=API + "S3DataSource.html",
    rows=(
        ChannelRow(
            ("instance_groups",),
            "the job has an instance_type, and so no instance_groups",
            when={"s3_data": GIVEN},
            value=ITEMS,
            outside={"instance_type": GIVEN},
        ),
    ),
)
def unknown_channel_group(groups: Written, context: JobContext) -> Iterator[Finding]:
    """A channel goes to an instance group that the job does not have.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, instance_groups: [workers]}

    Good:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
        channels:
          train: {s3_data: s3://bucket/train, instance_groups: [workers]}
    """
    if groups.owner.file_system_id is not None:
        return
    names = [group.instance_group_name for group in context.job.instance_groups or []]
    hint = f"the job's groups are {', '.join(names)}" if names else "add instance_groups to the job, or leave it out"
    for index, name in enumerate(groups.value):
        if name not in names:
            yield Finding((*groups.path, index), f"there is no instance group '{name}'", hint)


_WITH_GROUPS: Json = {"type": "object", **when({"s3_data": GIVEN, "instance_groups": ITEMS})}
_LOCATION: Json = {"type": "string", "pattern": rf"^(?!.*{EXPRESSION})"}
"""A channel that is written as a text, and so has no groups."""


@rule(
    ERROR,
    on=field("channels"),
    source="https://github.com/aws/sagemaker-python-sdk/issues/6089",
    rows=(
        Row(
            ("channels",),
            "either every S3 channel names its instance groups, or none does",
            value={**some_value(_WITH_GROUPS), "allOf": [some_value(_LOCATION)]},
        ),
    ),
)
def channels_without_groups(channels: Written, context: JobContext) -> Iterator[Finding]:
    """Either every S3 channel names its instance groups, or none does.

    SageMaker refuses a mixture. With network isolation the code comes as a channel that names no groups.

    Bad:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: readers, instance_type: ml.c5.xlarge, instance_count: 1}
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
        channels:
          train: {s3_data: s3://bucket/train, instance_groups: [workers]}
          test: s3://bucket/test

    Good:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: readers, instance_type: ml.c5.xlarge, instance_count: 1}
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
        channels:
          train: {s3_data: s3://bucket/train, instance_groups: [workers]}
          test: {s3_data: s3://bucket/test, instance_groups: [readers, workers]}
    """
    job, s3 = context.job, [name for name, channel in channels.value.items() if channel.file_system_id is None]
    assigned = [name for name in s3 if channels.value[name].instance_groups]
    if not assigned:
        return
    for name in s3:
        if name not in assigned:
            yield Finding(
                ("channels", name),
                f"channel '{name}' names no instance groups, but '{assigned[0]}' does",
                "add instance_groups to it, with every group that reads it",
                at_key=True,
            )
    if job.enable_network_isolation and job.entry_point is not None:
        yield Finding(
            ("channels", assigned[0], "instance_groups"),
            "with network isolation the code is a channel without instance groups, so no channel may name any",
            "leave instance_groups out of every channel",
            at_key=True,
        )
