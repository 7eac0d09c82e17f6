"""What parameter servers need of instances, folders and the debugger."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import SDK2, SDK_DOC, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules.distribution.used import trained_on


@rule(
    WARNING,
    on=field("distribution"),
    source="https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/tf-2 (training.py)",
)
def parameter_server_on_one_instance(written: Written, context: JobContext) -> Finding | None:
    """Parameter servers start with two instances or more; on one the script runs alone.

    Bad:
        distribution: {parameter_server: {enabled: true}}

    Good:
        instance_count: 2
        distribution: {parameter_server: {enabled: true}}
    """
    if context.script_mode and "parameter_server" in context.enabled and context.job.instances() == 1:
        return Finding(
            ("distribution", "parameter_server"),
            "parameter_server does nothing on one instance",
            "write instance_count: 2 or more, or leave it out",
            at_key=True,
        )
    return None


@rule(WARNING, on=field("distribution"), source=SDK2 + "fw_utils.py, warn_if_parameter_server_with_multi_gpu")
def parameter_server_on_several_gpus(written: Written, context: JobContext) -> Iterator[Finding]:
    """Parameter servers start one worker on each instance, which uses one GPU unless the script says otherwise.

    Bad:
        instance_type: ml.g5.12xlarge
        instance_count: 2
        distribution: {parameter_server: {enabled: true}}

    Good:
        instance_type: ml.g5.xlarge
        instance_count: 8
        distribution: {parameter_server: {enabled: true}}
    """
    if not context.script_mode or "parameter_server" not in context.enabled:
        return
    for place, name in trained_on(context):
        instance = context.facts.instance(name)
        if instance is not None and instance.gpus > 1:
            yield Finding(
                place,
                f"parameter_server starts one worker on {name}, which has {instance.gpus} GPUs",
                "take more instances with one GPU, or distribution: mpi",
            )


@rule(WARNING, on=field("distribution"), source=SDK_DOC + "#training-with-parameter-servers")
def parameter_server_without_shared_model_dir(written: Written, context: JobContext) -> Finding | None:
    """With parameter servers all instances must read and write one model folder, so it must lie in S3.

    A folder of the container is another one on each instance.

    Bad:
        instance_count: 2
        distribution: {parameter_server: {enabled: true}}
        model_dir: /opt/ml/model

    Good:
        instance_count: 2
        distribution: {parameter_server: {enabled: true}}
        model_dir: s3://bucket/model
    """
    job = context.job
    if not context.script_mode or "parameter_server" not in context.enabled or job.instances() < 2 or context.local:
        return None
    if context.framework is None or not context.framework.passes_model_dir:
        return None
    if job.model_dir is False or (job.model_dir is not None and not job.model_dir.startswith("s3://")):
        return Finding(
            ("model_dir",),
            "parameter servers need a model folder that all instances share",
            "write model_dir: s3://…, or leave it out: the default lies in S3",
        )
    return None


@rule(WARNING, on=field("distribution"), source=SDK2 + "tensorflow/estimator.py, _validate_and_set_debugger_configs")
def debugger_with_parameter_server(written: Written, context: JobContext) -> Iterator[Finding]:
    """SageMaker Debugger does not work with parameter servers.

    The SDK takes it out with a warning.

    Bad:
        instance_count: 2
        distribution: {parameter_server: {enabled: true}}
        debugger_hook_config: {}

    Good:
        instance_count: 2
        distribution: {parameter_server: {enabled: true}}
    """
    if not context.script_mode or "parameter_server" not in context.enabled:
        return
    for name in context.job.given("debugger_hook_config", "rules"):
        if getattr(context.job, name) not in (False, []):
            yield Finding((name,), f"{name} does not work with parameter_server", f"leave {name} out", at_key=True)
