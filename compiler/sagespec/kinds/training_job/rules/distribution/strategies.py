"""Which framework, version and instance type has which distribution strategy."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Framework, NoProcessor, processor
from sagespec.checking.rule import ERROR, SDK2, TOOLKIT, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model.distribution import STRATEGIES, TOGETHER
from sagespec.kinds.training_job.rules.distribution.used import (
    DATAPARALLEL,
    MIRRORED,
    MODELPARALLEL,
    TORCH,
    is_dataparallel,
    trained_on,
)


@rule(
    ERROR,
    on=field("distribution"),
    source=SDK2 + "fw_utils.py, validate_distribution; estimator.py, _validate_mwms_config",
)
def strategy_without_support(written: Written, context: JobContext) -> Iterator[Finding]:
    """Each framework, and each of its versions, has its own distribution strategies.

    MultiWorkerMirroredStrategy is TensorFlow's, set up from 2.9 on; pytorchddp and torch_distributed are PyTorch's.
    SageMaker's data parallel library is in TensorFlow 2.3 to 2.11 and in PyTorch 1.6 to 2.2, torch_distributed in
    PyTorch from 1.13.1, in exactly the versions that the SDK lists, as they are written there: full ones. The model
    parallel library beside torch_distributed is its version 2, which is in images of PyTorch's estimator alone.

    Bad:
        framework_version: "2.8"
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}
        ---
        instance_type: ml.p4d.24xlarge
        distribution: {smdistributed: {dataparallel: {enabled: true}}}
        ---
        framework: pytorch
        framework_version: "2.6"
        instance_type: ml.g5.xlarge
        distribution: {torch_distributed: {enabled: true}}

    Good:
        framework_version: "2.9"
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}
        ---
        framework_version: "2.11"
        instance_type: ml.p4d.24xlarge
        distribution: {smdistributed: {dataparallel: {enabled: true}}}
        ---
        framework: pytorch
        framework_version: "2.6.0"
        instance_type: ml.g5.xlarge
        distribution: {torch_distributed: {enabled: true}}
    """
    given, framework = context.job.distribution, context.framework
    if given is None or not context.script_mode:
        return
    if framework is None:
        if context.job.framework_name is None and context.enabled:
            message = "the distribution has no effect with an image without a framework"
            yield Finding(("distribution",), message, "name the framework, or leave it out", at_key=True)
        return
    for strategy in given.written() if framework.strategies_only else context.enabled:
        finding = _unsupported(context, framework, strategy)
        if finding is not None:
            yield finding
    images = {name for variant in framework.variants for name in variant.strategies}
    if {TORCH, MODELPARALLEL} <= {*given.written()} - images and context.job.image_uri is None:
        yield Finding(
            ("distribution", "smdistributed", "modelparallel"),
            f"beside {TORCH} this is version 2 of the library, of which {framework.title} has no images",
            f"take framework: pytorch, or leave {TORCH} out",
            at_key=True,
        )


def _unsupported(context: JobContext, framework: Framework, strategy: str) -> Finding | None:
    """What is wrong with a strategy of the job, for its framework, version and instances."""
    path, word = ("distribution", *strategy.split(".")), strategy.rpartition(".")[2]
    if strategy not in framework.strategies:
        known = ", ".join(framework.strategies)
        hint = f"take one of {known}" if known else "leave the distribution out"
        return Finding(path, f"{framework.title} has no {word}", hint, at_key=True)
    wanted, version = framework.strategies[strategy], context.version
    if version is None or strategy == MODELPARALLEL or framework.idle(strategy, version):
        return None
    if context.job.image_uri is not None and not wanted.get("of_any_image"):
        return None  # the image may have it; the SDK looks at the version for few of them all the same
    release = context.release or context.run_release
    if release is None and not wanted.get("of_any_image"):
        return None  # the version is what is wrong
    if release is not None and not release.script_mode:
        return None
    kinds = {(place, name): _processor_of(name) for place, name in trained_on(context)}
    for (place, name), kind in kinds.items():
        if framework.has(strategy, version, kind):
            continue
        if any(framework.has(strategy, version, other) for other in ("cpu", "gpu")):
            return Finding(place, f"{word} does not run on {name}", "take a type with GPUs, such as ml.g5.xlarge")
        return Finding(
            path,
            f"{framework.display_name(version)} has no {word}",
            _instead(context, framework, strategy),
            at_key=True,
        )
    return None


def _instead(context: JobContext, framework: Framework, strategy: str) -> str:
    """What could be written instead: the same version in full, other versions, or another strategy."""
    version = context.version or ""
    full = framework.aliases.get(version, version)
    kind = next((_processor_of(name) for _, name in trained_on(context)), "cpu")
    if full != version and framework.has(strategy, full, kind):
        own, base = full.partition("+")[::2]
        beside = next(
            (
                f' and {place}: "{base.removeprefix(name)}"'
                for name, place in framework.bases.items()
                if base.startswith(name)
            ),
            "",
        )
        return f'write the version in full: {framework.version_field}: "{own}"{beside}'
    release, versions = context.release, framework.versions_with(strategy, kind if kind != "cpu" else "gpu")
    known = release is not None and strategy == DATAPARALLEL and MIRRORED in release.strategies
    other = (
        f", or {MIRRORED}" if known else f", or {TORCH}" if TORCH in framework.strategies and strategy != TORCH else ""
    )
    if not versions:
        return f"leave it out{other}"
    first, last = (name.partition("+")[0] for name in (versions[0], versions[-1]))
    return f'take {framework.version_field} "{first}" to "{last}"{other}'


def _processor_of(instance_type: str) -> str:
    try:
        return processor(instance_type)
    except NoProcessor:
        return "cpu"


@rule(
    WARNING,
    on=field("distribution"),
    source="https://github.com/aws/sagemaker-pytorch-training-toolkit (training.py); " + TOOLKIT,
)
def strategy_without_effect(written: Written, context: JobContext) -> Iterator[Finding]:
    """Some strategies are sent by the SDK to a container that does not know them: each instance trains for itself.

    PyTorch's container has no parameter servers, and TensorFlow's no torchrun.

    Bad:
        framework: pytorch
        framework_version: "2.6"
        instance_count: 2
        distribution: {parameter_server: {enabled: true}}

    Good:
        framework: pytorch
        framework_version: "2.6.0"
        instance_type: ml.g5.xlarge
        instance_count: 2
        distribution: {torch_distributed: {enabled: true}}
    """
    framework, version = context.framework, context.version
    if framework is None or version is None:
        return
    for strategy in context.enabled:
        if framework.idle(strategy, version):
            name = strategy.rpartition(".")[2]
            message = f"the container of {framework.display_name(version)} does nothing with {name}"
            yield Finding(("distribution", *strategy.split(".")), message, "take another strategy", at_key=True)


@rule(ERROR, on=field("distribution"), source=SDK2 + "fw_utils.py, validate_distribution_for_instance_type")
def strategy_on_trainium(written: Written, context: JobContext) -> Finding | None:
    """On Trainium the SDK takes torch_distributed and nothing beside it.

    Bad:
        framework: pytorch
        framework_version: "1.11.0"
        instance_type: ml.trn1.32xlarge
        distribution: {mpi: {enabled: true}}

    Good:
        framework: pytorch
        framework_version: "1.11.0"
        instance_type: ml.trn1.32xlarge
        distribution: {torch_distributed: {enabled: true}}
    """
    given = context.job.distribution
    if given is None or context.framework is None or context.framework.strategies_only:
        return None
    others = [name for name in given.fields if name in given.fields_set and name != TORCH]
    on = next((name for _, name in trained_on(context) if name.startswith("ml.trn")), None)
    if on is not None and others:
        message = f"{', '.join(others)} cannot stand in the distribution of a job on {on}"
        return Finding(("distribution", others[0]), message, f"take {TORCH} alone", at_key=True)
    return None


@rule(ERROR, on=field("distribution"), source=SDK2 + "fw_utils.py, validate_torch_distributed_distribution")
def torchrun_without_python_file(written: Written, context: JobContext) -> Finding | None:
    """torch_distributed starts the entry point by torchrun, which runs Python files only.

    Bad:
        framework: pytorch
        framework_version: "2.6.0"
        instance_type: ml.g5.xlarge
        entry_point: train.sh
        distribution: {torch_distributed: {enabled: true}}

    Good:
        framework: pytorch
        framework_version: "2.6.0"
        instance_type: ml.g5.xlarge
        distribution: {torch_distributed: {enabled: true}}
    """
    entry = context.job.entry_point
    knows = context.framework is not None and TORCH in context.framework.strategies
    if knows and TORCH in context.enabled and entry is not None and not entry.endswith(".py"):
        return Finding(
            ("entry_point",), f"torchrun does not start {entry}", "name a Python file, or leave torch_distributed out"
        )
    return None


@rule(ERROR, on=field("distribution"), source=SDK2 + "estimator.py, _validate_mwms_config")
def mirrored_strategy_without_version(written: Written, context: JobContext) -> Finding | None:
    """MultiWorkerMirroredStrategy needs TensorFlow 2.9, which an image's address alone does not tell.

    Bad:
        framework: tensorflow
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/trainer:3
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}

    Good:
        framework_version: "2.21"
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/trainer:3
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}
    """
    job, framework = context.job, context.framework
    if framework is None or not framework.strategies.get(MIRRORED, {}).get("of_any_image"):
        return None
    if context.script_mode and job.image_uri is not None and context.version is None and MIRRORED in context.enabled:
        return Finding(
            ("distribution", MIRRORED),
            f"{MIRRORED} needs to know the image's {framework.title} version",
            "add framework_version, which must be 2.9 or later, beside image_uri",
            at_key=True,
        )
    return None


@rule(ERROR, on=field("distribution"), source=SDK2 + "estimator.py, _validate_mwms_config; " + TOOLKIT)
def several_strategies(written: Written, context: JobContext) -> Finding | None:
    """The container sets up one distribution strategy; of several it picks one, whichever was meant.

    Bad:
        instance_count: 2
        distribution:
          parameter_server: {enabled: true}
          mpi: {enabled: true}

    Good:
        instance_count: 2
        distribution:
          parameter_server: {enabled: false}
          mpi: {enabled: true}
    """
    if not context.script_mode:
        return None
    enabled = [strategy for strategy in STRATEGIES if strategy in context.enabled]
    if set(enabled) not in TOGETHER and len(enabled) > 1:
        return Finding(
            ("distribution",),
            f"{', '.join(enabled)} are enabled together, and exclude each other",
            "enable one of them",
            at_key=True,
        )
    return None


@rule(
    ERROR,
    on=field("distribution"),
    source=SDK2 + "estimator.py, _validate_mwms_config; fw_utils.py, validate_smdistributed",
)
def disabled_strategy_beside_other(written: Written, context: JobContext) -> Iterator[Finding]:
    """Some strategies may not even be written down beside another one, switched off or not.

    The SDK refuses parameter_server and smdistributed beside an enabled multi_worker_mirrored_strategy, and both
    libraries of smdistributed together.

    Bad:
        instance_count: 2
        distribution:
          multi_worker_mirrored_strategy: {enabled: true}
          parameter_server: {enabled: false}

    Good:
        instance_count: 2
        distribution:
          multi_worker_mirrored_strategy: {enabled: true}
    """
    given = context.job.distribution
    if given is None or not context.script_mode:
        return
    libraries = given.smdistributed.given("dataparallel", "modelparallel") if given.smdistributed is not None else []
    idle = [(MIRRORED, other) for other in given.given("parameter_server", "smdistributed")]
    idle += [(f"smdistributed.{one}", f"smdistributed.{other}") for one in libraries for other in libraries]
    if given.pytorchddp is not None and given.smdistributed is not None and is_dataparallel(context):
        yield Finding(
            ("distribution", "smdistributed"),
            "pytorchddp is smdistributed.dataparallel by another name, and cannot stand beside smdistributed",
            "leave one of them out",
            at_key=True,
        )
    for strategy, other in idle:
        if strategy in context.enabled and not any(name.startswith(other) for name in context.enabled):
            yield Finding(
                ("distribution", *other.split(".")),
                f"{other} is refused beside {strategy}, although it is switched off",
                f"leave {other} out",
                at_key=True,
            )


@rule(WARNING, on=field("distribution"), source=TOOLKIT + " (runner.py)")
def more_processes_than_gpus(written: Written, context: JobContext) -> Iterator[Finding]:
    """MPI starts processes_per_host processes on each instance, and each wants a GPU.

    Bad:
        instance_type: ml.g5.12xlarge
        distribution: {mpi: {enabled: true, processes_per_host: 8}}

    Good:
        instance_type: ml.g5.12xlarge
        distribution: {mpi: {enabled: true, processes_per_host: 4}}
    """
    mpi = context.job.distribution.mpi if context.job.distribution is not None else None
    if not context.script_mode or mpi is None or not mpi.enabled or mpi.processes_per_host is None:
        return
    for _, name in trained_on(context):
        instance = context.facts.instance(name)
        if instance is not None and 0 < instance.gpus < mpi.processes_per_host:
            yield Finding(
                ("distribution", "mpi", "processes_per_host"),
                f"{mpi.processes_per_host} processes share the {instance.gpus} GPUs of {instance.name}",
                f"write {instance.gpus}, or leave it out: the container then counts the GPUs",
            )
