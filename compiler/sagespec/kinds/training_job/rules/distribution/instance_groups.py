"""Which group of instances a distribution is for."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import GIVEN, ITEMS, TRUE, inside
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, GUIDE, SDK2, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules.distribution.used import DATAPARALLEL, named_groups, short_versions


@rule(
    ERROR,
    on=field("distribution"),
    source=SDK2 + "fw_utils.py, validate_distribution",
    rows=(
        Row(
            ("distribution", "instance_groups"),
            "the job has an instance_type, and so no instance_groups",
            when={"instance_type": GIVEN},
            value=ITEMS,
        ),
    ),
)
def distribution_of_unknown_group(written: Written, context: JobContext) -> Iterator[Finding]:
    """A distribution can only run on instance groups that the job has.

    Bad:
        distribution: {mpi: {enabled: true}, instance_groups: [gpus]}

    Good:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: gpus, instance_type: ml.g5.xlarge, instance_count: 2}
        distribution: {mpi: {enabled: true}, instance_groups: [gpus]}
    """
    names = [group.instance_group_name for group in context.job.instance_groups or []]
    for number, name in enumerate(named_groups(context)):
        if name not in names:
            has = f"the job's groups are {', '.join(names)}" if names else "the job has no instance_groups"
            yield Finding(
                ("distribution", "instance_groups", number),
                f"there is no instance group '{name}': {has}",
                f"write {names[0]}" if len(names) == 1 else "write one of them" if names else "leave it out",
            )


@rule(
    ERROR,
    on=field("distribution"),
    source=SDK2 + "fw_utils.py, validate_distribution; " + GUIDE + "train-heterogeneous-cluster.html",
)
def distribution_of_several_groups(written: Written, context: JobContext) -> Finding | None:
    """Of a heterogeneous cluster, one instance group trains together; the manifest must name just that one.

    Bad:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: data, instance_type: ml.c5.4xlarge, instance_count: 1}
          - {instance_group_name: gpus, instance_type: ml.g5.xlarge, instance_count: 2}
        distribution: {mpi: {enabled: true}}

    Good:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: data, instance_type: ml.c5.4xlarge, instance_count: 1}
          - {instance_group_name: gpus, instance_type: ml.g5.xlarge, instance_count: 2}
        distribution: {mpi: {enabled: true}, instance_groups: [gpus]}
    """
    named, groups = named_groups(context), context.job.instance_groups or []
    if not _LIMITED & set(context.enabled):
        return None  # which is what is wrong then: distribution-group-without-strategy
    if len(named) > 1:
        return Finding(
            ("distribution", "instance_groups"),
            f"a distribution runs on one instance group, not on {', '.join(named)}",
            f"write [{named[0]}]",
        )
    if not named and len(groups) > 1:
        return Finding(
            ("distribution",),
            f"the distribution must name one of the {len(groups)} instance groups",
            f"add instance_groups: [{groups[-1].instance_group_name}] to it",
            at_key=True,
        )
    return None


@rule(
    ERROR,
    on=field("distribution"),
    source=SDK2 + "estimator.py, _distribution_configuration",
    rows=(
        Row(
            ("distribution", "instance_groups"),
            "only mpi and smdistributed.dataparallel can be limited to an instance group",
            when={"distribution": inside("parameter_server", "enabled", so=TRUE)},
            value=ITEMS,
        ),
    ),
)
def distribution_group_without_strategy(written: Written, context: JobContext) -> Finding | None:
    """Only MPI and the data parallel library can be limited to an instance group.

    A job with one group limits its distribution to it, whether the manifest says so or not; of several groups, one
    must be named.

    Bad:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: gpus, instance_type: ml.g5.xlarge, instance_count: 2}
        distribution: {parameter_server: {enabled: true}, instance_groups: [gpus]}

    Good:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: gpus, instance_type: ml.g5.xlarge, instance_count: 2}
        distribution: {mpi: {enabled: true}, instance_groups: [gpus]}
    """
    given, groups = context.job.distribution, context.job.instance_groups or []
    if given is None or not given.fields_set or _LIMITED & set(context.enabled):
        return None
    if named_groups(context) or groups:
        return Finding(
            ("distribution",),
            "only mpi and smdistributed.dataparallel can be limited to an instance group, and neither is enabled",
            "enable one of them, or train in one group: instance_type and instance_count instead of instance_groups",
            at_key=True,
        )
    return None


_LIMITED = {"mpi", DATAPARALLEL}


@rule(WARNING, on=field("instance_groups"), source=GUIDE + "train-heterogeneous-cluster.html")
def instance_groups_with_old_version(written: Written, context: JobContext) -> Finding | None:
    """The images know of instance groups from TensorFlow 2.6 and PyTorch 1.10 on.

    Older containers do not tell the script which group it runs in.

    Bad:
        framework_version: "2.5"
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: data, instance_type: ml.c5.4xlarge, instance_count: 1}
          - {instance_group_name: gpus, instance_type: ml.g5.xlarge, instance_count: 2}

    Good:
        framework_version: "2.6"
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: data, instance_type: ml.c5.4xlarge, instance_count: 1}
          - {instance_group_name: gpus, instance_type: ml.g5.xlarge, instance_count: 2}
    """
    release = context.run_release
    framework = context.framework
    if framework is None or context.job.instance_groups is None or release is None:
        return None
    if not release.heterogeneous_clusters:
        knowing = short_versions(framework, "heterogeneous_clusters")
        later = f'take {framework.version_field} "{knowing[0]}" or later, or ' if knowing else "take "
        return Finding(
            ("instance_groups",),
            f"the image of {release.name} does not support instance groups",
            f"{later}instance_type and instance_count",
            at_key=True,
        )
    return None
