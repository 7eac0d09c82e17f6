"""The versions, instances and strategies that the training compiler goes with."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.catalog import family_of
from sagespec.checking.rule import ERROR, SDK2, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules.distribution.used import MIRRORED, XLA, is_dataparallel, short_versions


@rule(ERROR, on=field("compiler_config"), source=SDK2 + "tensorflow/training_compiler/config.py, validate")
def version_without_compiler(written: Written, context: JobContext) -> Finding | None:
    """SageMaker Training Compiler is in TensorFlow 2.9 to 2.11; few other frameworks have it.

    Later images hold it no more: the job would train without it.

    Bad:
        framework_version: "2.8"
        instance_type: ml.g5.2xlarge
        compiler_config: {}
        ---
        framework_version: "2.14"
        instance_type: ml.g5.2xlarge
        compiler_config: {}

    Good:
        framework_version: "2.11"
        instance_type: ml.g5.2xlarge
        compiler_config: {}
    """
    framework, release = context.framework, context.run_release
    if context.job.compiler_config is None or context.variant is not None:
        return None  # versions of other images are looked for among those
    lacks = framework is None or not framework.has_training_compiler
    if lacks or (release is not None and not release.training_compiler):
        title = "an image without a framework" if framework is None else framework.title
        title = title if release is None else release.name
        known = [] if framework is None else short_versions(framework, "training_compiler")
        return Finding(
            ("compiler_config",),
            f"{title} has no Training Compiler",
            f"take framework_version {', '.join(known)}, or leave it out" if known else "leave it out",
            at_key=True,
        )
    return None


@rule(ERROR, on=field("compiler_config"), source=SDK2 + "tensorflow/training_compiler/config.py, validate")
def compiler_on_other_instance(written: Written, context: JobContext) -> Finding | None:
    """SageMaker Training Compiler runs on a few families of GPU instances only.

    Bad:
        framework_version: "2.11"
        compiler_config: {}

    Good:
        framework_version: "2.11"
        instance_type: ml.g5.2xlarge
        compiler_config: {}
    """
    name = context.job.instance_type
    if context.job.compiler_config is None or name is None or name == "local_gpu":
        return None
    families = context.facts.listed("training_compiler_families")
    if family_of(name) not in families:
        return Finding(
            ("instance_type",),
            f"Training Compiler does not run on {name}",
            f"take one of ml.{', ml.'.join(families)}, or leave compiler_config out",
        )
    return None


@rule(ERROR, on=field("compiler_config"), source=SDK2 + "training_compiler/config.py, validate")
def compiler_with_distribution(written: Written, context: JobContext) -> Finding | None:
    """SageMaker Training Compiler excludes some ways to distribute a job.

    They are SageMaker's own libraries, MultiWorkerMirroredStrategy and instance groups. From PyTorch 1.12 on (1.11 of
    Hugging Face) pytorchxla is the only one that it works with.

    Bad:
        framework_version: "2.11"
        instance_type: ml.g5.2xlarge
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}
        compiler_config: {}

    Good:
        framework_version: "2.11"
        instance_type: ml.g5.2xlarge
        distribution: {mpi: {enabled: true}}
        compiler_config: {}
    """
    job = context.job
    if job.compiler_config is None:
        return None
    others = [name for name in context.enabled if name == MIRRORED]
    given, framework, version = job.distribution, context.framework, context.version
    if given is not None and (
        given.smdistributed is not None or (given.pytorchddp is not None and is_dataparallel(context))
    ):
        others.append("pytorchddp" if given.smdistributed is None else "smdistributed")
    elif (
        given is not None
        and given.fields_set
        and framework is not None
        and version is not None
        and given.pytorchxla is None
        and XLA in framework.strategies
        and framework.has(XLA, version, "gpu")
    ):
        others += [name for name in given.written() if name not in others] or ["a distribution without pytorchxla"]
    if job.instance_groups is not None:
        others.append("instance_groups")
    if others:
        return Finding(
            ("compiler_config",),
            f"Training Compiler does not work with {', '.join(others)}",
            "leave one of them out",
            at_key=True,
        )
    return None


@rule(ERROR, on=field("compiler_config"), source=SDK2 + "pytorch/training_compiler/config.py, validate")
def compiler_with_own_image(written: Written, context: JobContext) -> Finding | None:
    """Where SageMaker Training Compiler comes in images of its own, it cannot come with another image.

    Bad:
        framework: pytorch
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/trainer:3
        instance_type: ml.g5.2xlarge
        compiler_config: {}

    Good:
        framework: pytorch
        framework_version: "1.13"
        instance_type: ml.g5.2xlarge
        compiler_config: {}
    """
    job = context.job
    if job.compiler_config is not None and job.image_uri is not None and context.variant is not None:
        return Finding(
            ("image_uri",), "Training Compiler needs an image of its own", "leave one of them out", at_key=True
        )
    return None


@rule(ERROR, on=field("distribution"), source=SDK2 + "pytorch/estimator.py, PyTorch.__init__")
def xla_without_compiler(written: Written, context: JobContext) -> Finding | None:
    """pytorchxla is how SageMaker Training Compiler trains on several processes; without it there is none.

    Bad:
        framework: pytorch
        framework_version: "1.13"
        instance_type: ml.g5.48xlarge
        distribution: {pytorchxla: {enabled: true}}

    Good:
        framework: pytorch
        framework_version: "1.13"
        instance_type: ml.g5.48xlarge
        distribution: {pytorchxla: {enabled: true}}
        compiler_config: {}
    """
    given, framework = context.job.distribution, context.framework
    if given is None or given.pytorchxla is None or framework is None or XLA not in framework.strategies:
        return None
    if context.job.compiler_config is None:
        message = "pytorchxla needs SageMaker Training Compiler"
        return Finding(("distribution", XLA), message, "add compiler_config: {}, or leave it out", at_key=True)
    return None
