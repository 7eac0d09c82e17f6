"""What the script needs in order to train on several instances."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import API, ERROR, WARNING, rule
from sagespec.kinds.training_job.context import JobContext, ReadScript
from sagespec.kinds.training_job.subjects import SCRIPT


@rule(
    WARNING,
    on=SCRIPT,
    source=API + "ResourceConfig.html",
)
def duplicate_work_on_instances(read: ReadScript, context: JobContext) -> Finding | None:
    """Several instances run the same script; it must tell them apart, or all of them train the same model.

    Bad:
        instance_count: 4
        model_dir: false

    Good:
        instance_count: 1
        model_dir: false

    Script:
        import os
        import keras
        if __name__ == "__main__":
            model = keras.Sequential([keras.layers.Dense(1)])
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.export(os.environ["SM_MODEL_DIR"])
    """
    job, asks = context.job, read.asks
    if not context.script_mode or job.instances() < 2 or context.enabled or job.instance_groups is not None:
        return None
    sharded = any(channel.distribution == "ShardedByS3Key" for channel in job.channels.values())
    if asks.trains is None or asks.shares_work or sharded or not read.script.study.closed:
        return None
    return Finding(
        ("instance_count",),
        f"{job.instances()} instances would each train the same model: nothing in the script tells them apart",
        "write instance_count: 1, or set distribution and let the script train together",
        related=read.script.place(asks.trains),
    )


@rule(ERROR, on=SCRIPT, source="https://pytorch.org/docs/stable/distributed.html#environment-variable-initialization")
def process_group_without_distribution(read: ReadScript, context: JobContext) -> Finding | None:
    """init_process_group reads RANK and WORLD_SIZE, which the container sets for a distribution only.

    Without them the script stops at once: "environment variable RANK expected, but not set".

    Bad:
        framework: pytorch
        framework_version: "2.3.0"
        py_version: py311
        instance_count: 2

    Good:
        framework: pytorch
        framework_version: "2.3.0"
        py_version: py311
        instance_type: ml.g5.12xlarge
        instance_count: 2
        distribution: {torch_distributed: {enabled: true}}

    Script:
        import os
        import torch
        import torch.distributed as dist
        if __name__ == "__main__":
            dist.init_process_group("nccl")
            model = torch.nn.Linear(1, 1)
            if dist.get_rank() == 0:
                torch.save(model.state_dict(), os.path.join(os.environ["SM_MODEL_DIR"], "model.pt"))
    """
    joins = read.asks.joins
    if joins is None or not context.script_mode or context.enabled or not read.script.study.closed:
        return None
    if {"RANK", "WORLD_SIZE"} & set(context.job.environment):
        return None
    return Finding(
        ("distribution",),
        "the script joins a process group, and without a distribution nothing sets RANK and WORLD_SIZE",
        "write distribution: {torch_distributed: {enabled: true}}, or give init_process_group rank and world_size",
        related=read.script.place(joins),
    )
