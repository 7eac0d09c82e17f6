"""What the script needs in order to train on several instances."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import API, ERROR, WARNING, rule
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules.script.image import DLC
from sagespec.kinds.training_job.shared.code import ReadScript
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
        f"{job.instances()} instances would each train the same model: nothing in the script distinguishes them",
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


@rule(ERROR, on=SCRIPT, source="https://www.tensorflow.org/guide/distributed_training#TF_CONFIG; " + DLC)
def strategy_without_distribution(read: ReadScript, context: JobContext) -> Finding | None:
    """A script that trains on several workers learns of the others from the container, if the manifest says so.

    MultiWorkerMirroredStrategy needs TF_CONFIG, which `multi_worker_mirrored_strategy` sets (or the script itself);
    Horovod needs `mpi`. Without it each instance trains alone, at the price of all.

    Bad:
        framework_version: "2.14"
        instance_count: 2

    Good:
        framework_version: "2.14"
        instance_count: 2
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}

    Script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
            with strategy.scope():
                model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            tf.saved_model.save(model, os.environ["SM_MODEL_DIR"])
    """
    asks = read.libraries
    if asks is None or not (asks.horovod or asks.strategy):
        return None
    if context.job.instances() < 2 or context.job.instance_groups is not None or context.enabled:
        return None
    if not read.script.study.closed or "TF_CONFIG" in read.asks.texts or "TF_CONFIG" in context.job.environment:
        return None
    if asks.horovod is not None:
        name, place, field_name = "Horovod", asks.horovod, "mpi"
    elif asks.strategy is not None:
        name, place, field_name = *asks.strategy, "multi_worker_mirrored_strategy"
    else:
        return None
    return Finding(
        ("instance_count",),
        f"the script uses {name}, and nothing tells the {context.job.instances()} instances of each other: each "
        "trains alone",
        f"add distribution: {{{field_name}: {{enabled: true}}}}, or write instance_count: 1",
        related=read.script.place(place),
    )


@rule(WARNING, on=SCRIPT, source="https://www.tensorflow.org/guide/distributed_training")
def distribution_not_in_script(read: ReadScript, context: JobContext) -> Finding | None:
    """A distribution starts processes and tells them of each other; the script must train together with them.

    One that uses neither a strategy nor Horovod trains the same model in every process.

    Bad:
        framework_version: "2.14"
        instance_count: 2
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}
        model_dir: false

    Good:
        framework_version: "2.14"
        model_dir: false

    Script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.export(os.environ["SM_MODEL_DIR"])
    """
    if not context.enabled:
        return None
    enabled = [name for name in context.enabled if name in ("mpi", "multi_worker_mirrored_strategy")]
    asks = read.libraries
    if not enabled or enabled != context.enabled or asks is None or not read.script.study.closed:
        return None
    if read.asks.trains is None or read.asks.shares_work or context.job.instances() < 2:
        return None
    return Finding(
        ("distribution", enabled[0]),
        f"nothing in the script trains together: each of the {context.job.instances()} instances trains the same model",
        "let it use a strategy of tf.distribute or Horovod, or leave the distribution out",
        at_key=True,
        related=read.script.place(read.asks.trains),
    )
