"""What the rules of a distribution ask: the names of strategies, and what they run on."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.source import Path
from sagespec.catalog import Framework
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.subjects import INSTANCE_TYPE

MODELPARALLEL = "smdistributed.modelparallel"
DATAPARALLEL = "smdistributed.dataparallel"
MIRRORED = "multi_worker_mirrored_strategy"
DDP = "pytorchddp"
TORCH = "torch_distributed"
XLA = "pytorchxla"


def trained_on(context: JobContext) -> Iterator[tuple[Path, str]]:
    """The instance types that the distribution runs on: those of the groups that it names, else all."""
    named, groups = named_groups(context), context.job.instance_groups or []
    for path, name, _ in INSTANCE_TYPE.of(context):
        if not named or not groups or groups[int(path[1])].instance_group_name in named:
            yield path, name


def named_groups(context: JobContext) -> list[str]:
    """The instance groups that the distribution names."""
    return (context.job.distribution.instance_groups if context.job.distribution is not None else None) or []


def is_dataparallel(context: JobContext) -> bool:
    """Whether the estimator takes pytorchddp for smdistributed.dataparallel."""
    return context.framework is not None and context.framework.strategies.get(DDP, {}).get("as") == DATAPARALLEL


def short_versions(framework: Framework, capability: str) -> list[str]:
    """The short versions that have a capability."""
    named = ((name, framework.release(name)) for name in framework.aliases)
    return [name for name, release in named if release is not None and getattr(release, capability)]
