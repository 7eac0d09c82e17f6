"""How several instances train together: strategies, instance groups, and the compiler that goes with few of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Path
from sagespec.catalog import Framework, NoProcessor, family_of, processor
from sagespec.checking.condition import EXPRESSION, GIVEN, ITEMS, TRUE, Json, inside
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, GUIDE, SDK2, SDK_DOC, TOOLKIT, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model.distribution import STRATEGIES, TOGETHER
from sagespec.kinds.training_job.rules.hyperparameters import shown
from sagespec.kinds.training_job.rules.versions import release_of
from sagespec.kinds.training_job.subjects import INSTANCE_TYPE

_MODELPARALLEL = "smdistributed.modelparallel"
_DATAPARALLEL = "smdistributed.dataparallel"
_MIRRORED = "multi_worker_mirrored_strategy"
_DDP = "pytorchddp"
_TORCH = "torch_distributed"
_XLA = "pytorchxla"

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "pipeline": ("simple", "interleaved", "_only_forward"),
    "placement_strategy": ("spread", "cluster"),
    "optimize": ("speed", "memory"),
}
_COUNTS = ("microbatches", "partitions", "active_microbatches")
_FLAGS = ("auto_partition", "contiguous", "load_partition", "horovod", "ddp", "deterministic_server")
_NO_COUNT: Json = {"type": "integer", "not": {"minimum": 1}}
_NO_FLAG: Json = {"enum": [0, 1, "true", "false", "yes", "no"]}
"""Not everything that is no truth value, but what people write for one."""


def _known_but(values: tuple[str, ...]) -> Json:
    return {"type": "string", "pattern": f"^(?!({'|'.join(values)})$)(?!.*{EXPRESSION})"}


@rule(
    ERROR,
    on=field("distribution"),
    source=SDK2 + "fw_utils.py, validate_distribution; estimator.py, _validate_mwms_config",
)
def strategy_without_support(written: Written, context: JobContext) -> Iterator[Finding]:
    """Each framework, and each of its versions, has its own distribution strategies.

    MultiWorkerMirroredStrategy is TensorFlow's, set up from 2.9 on; pytorchddp and torch_distributed are PyTorch's.
    SageMaker's data parallel library is in TensorFlow 2.3 to 2.11 and in PyTorch 1.6 to 2.2, torch_distributed in
    PyTorch from 1.13.1, in exactly the versions that the SDK lists, as they are written there: full ones.

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
            message = "the distribution says nothing to an image without a framework"
            yield Finding(("distribution",), message, "name the framework, or leave it out", at_key=True)
        return
    for strategy in given.written() if framework.strategies_only else context.enabled:
        finding = _unsupported(context, framework, strategy)
        if finding is not None:
            yield finding


def _unsupported(context: JobContext, framework: Framework, strategy: str) -> Finding | None:
    """What is wrong with a strategy of the job, for its framework, version and instances."""
    path, word = ("distribution", *strategy.split(".")), strategy.rpartition(".")[2]
    if strategy not in framework.strategies:
        known = ", ".join(framework.strategies)
        hint = f"take one of {known}" if known else "leave the distribution out"
        return Finding(path, f"{framework.title} has no {word}", hint, at_key=True)
    wanted, version = framework.strategies[strategy], context.version
    if version is None or strategy == _MODELPARALLEL or framework.idle(strategy, version):
        return None
    if context.job.image_uri is not None and not wanted.get("of_any_image"):
        return None  # the image may have it; the SDK looks at the version for few of them all the same
    release = context.release or release_of(context)
    if release is None and not wanted.get("of_any_image"):
        return None  # the version is what is wrong
    if release is not None and not release.script_mode:
        return None
    kinds = {(place, name): _processor_of(name) for place, name in _trained_on(context)}
    for (place, name), kind in kinds.items():
        if framework.has(strategy, version, kind):
            continue
        if any(framework.has(strategy, version, other) for other in ("cpu", "gpu")):
            return Finding(place, f"{word} does not run on {name}", "take a type with GPUs, such as ml.g5.xlarge")
        return Finding(
            path, f"{framework.spoken(version)} has no {word}", _instead(context, framework, strategy), at_key=True
        )
    return None


def _instead(context: JobContext, framework: Framework, strategy: str) -> str:
    """What could be written instead: the same version in full, other versions, or another strategy."""
    version = context.version or ""
    full = framework.aliases.get(version, version)
    kind = next((_processor_of(name) for _, name in _trained_on(context)), "cpu")
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
    known = release is not None and strategy == _DATAPARALLEL and _MIRRORED in release.strategies
    other = (
        f", or {_MIRRORED}"
        if known
        else f", or {_TORCH}"
        if _TORCH in framework.strategies and strategy != _TORCH
        else ""
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
            message = f"the container of {framework.spoken(version)} does nothing with {name}"
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
    others = [name for name in given.fields if name in given.fields_set and name != _TORCH]
    on = next((name for _, name in _trained_on(context) if name.startswith("ml.trn")), None)
    if on is not None and others:
        message = f"{', '.join(others)} cannot stand in the distribution of a job on {on}"
        return Finding(("distribution", others[0]), message, f"take {_TORCH} alone", at_key=True)
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
    knows = context.framework is not None and _TORCH in context.framework.strategies
    if knows and _TORCH in context.enabled and entry is not None and not entry.endswith(".py"):
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
        framework_version: "2.19"
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/trainer:3
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}
    """
    job, framework = context.job, context.framework
    if framework is None or not framework.strategies.get(_MIRRORED, {}).get("of_any_image"):
        return None
    if context.script_mode and job.image_uri is not None and context.version is None and _MIRRORED in context.enabled:
        return Finding(
            ("distribution", _MIRRORED),
            f"{_MIRRORED} needs to know the image's {framework.title} version",
            "add framework_version, which must be 2.9 or later, beside image_uri",
            at_key=True,
        )
    return None


@rule(
    WARNING,
    on=field("distribution"),
    source="https://github.com/awsdocs/amazon-sagemaker-developer-guide (distributed-model-parallel-support.md)",
)
def modelparallel_outside_documentation(written: Written, context: JobContext) -> Iterator[Finding]:
    """SageMaker's model parallel library is documented for few versions and instance types only.

    Bad:
        framework_version: "2.11"
        instance_type: ml.p4d.24xlarge
        distribution:
          smdistributed: {modelparallel: {enabled: true, parameters: {partitions: 2}}}
          mpi: {enabled: true, processes_per_host: 8}

    Good:
        framework_version: "2.6.3"
        instance_type: ml.p4d.24xlarge
        distribution:
          smdistributed: {modelparallel: {enabled: true, parameters: {partitions: 2}}}
          mpi: {enabled: true, processes_per_host: 8}
    """
    if _MODELPARALLEL not in context.enabled:
        return
    path = ("distribution", "smdistributed", "modelparallel")
    release = release_of(context)
    framework = context.framework
    if framework is not None and release is not None and _MODELPARALLEL not in release.strategies:
        versions = framework.versions_with(_MODELPARALLEL)
        message = f"modelparallel is documented for {framework.title} {', '.join(versions)}, not for {release.version}"
        hint = f'take {framework.version_field}: "{versions[-1]}"' if versions else "leave it out"
        yield Finding(path, message, hint, at_key=True)
    documented = context.facts.listed("modelparallel_instance_types")
    refused = context.facts.listed("smdistributed_refused_instance_types")
    for place, name in _trained_on(context):
        if name not in documented and name not in refused and not context.local:
            yield Finding(
                place,
                f"modelparallel is not documented to work on {name}",
                f"take one of {', '.join(documented)}",
            )


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
    idle = [(_MIRRORED, other) for other in given.given("parameter_server", "smdistributed")]
    idle += [(f"smdistributed.{one}", f"smdistributed.{other}") for one in libraries for other in libraries]
    if given.pytorchddp is not None and given.smdistributed is not None and _is_dataparallel(context):
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
    for place, name in _trained_on(context):
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
    for _, name in _trained_on(context):
        instance = context.facts.instance(name)
        if instance is not None and 0 < instance.gpus < mpi.processes_per_host:
            yield Finding(
                ("distribution", "mpi", "processes_per_host"),
                f"{mpi.processes_per_host} processes share the {instance.gpus} GPUs of {instance.name}",
                f"write {instance.gpus}, or leave it out: the container then counts the GPUs",
            )


@rule(ERROR, on=field("distribution"), source=SDK2 + "fw_utils.py, SM_DATAPARALLEL_SUPPORTED_INSTANCE_TYPES")
def dataparallel_on_other_instance(written: Written, context: JobContext) -> Iterator[Finding]:
    """SageMaker's data parallel library runs on a few large instance types only.

    The SDK lists them and does not look; the job fails when it starts.

    Bad:
        framework_version: "2.11"
        instance_type: ml.g5.xlarge
        distribution: {smdistributed: {dataparallel: {enabled: true}}}

    Good:
        framework_version: "2.11"
        instance_type: ml.p4d.24xlarge
        distribution: {smdistributed: {dataparallel: {enabled: true}}}
    """
    if _needs_the_library(context):
        yield from _outside_the_library(context, "does not run on")


@rule(WARNING, on=field("distribution"), source=GUIDE + "distributed-data-parallel-support.html")
def dataparallel_outside_documentation(written: Written, context: JobContext) -> Iterator[Finding]:
    """SageMaker's data parallel library is documented for a few large instance types only.

    Under PyTorch a script that asks for another backend may train on others; one that asks for smddp fails.

    Bad:
        framework: pytorch
        framework_version: "1.13.1"
        instance_type: ml.g5.xlarge
        instance_count: 2
        distribution: {pytorchddp: {enabled: true}}

    Good:
        framework: pytorch
        framework_version: "1.13.1"
        instance_type: ml.p4d.24xlarge
        instance_count: 2
        distribution: {pytorchddp: {enabled: true}}
    """
    if not _needs_the_library(context) and _TORCH not in context.enabled:
        yield from _outside_the_library(context, "is not documented to work on")


def _needs_the_library(context: JobContext) -> bool:
    """Whether the container's only way to train on several processes with the strategy is SageMaker's library."""
    return context.framework is None or bool(context.framework.strategies.get(_DATAPARALLEL, {}).get("needs_library"))


def _outside_the_library(context: JobContext, words: str) -> Iterator[Finding]:
    if _DATAPARALLEL not in context.enabled and not (_DDP in context.enabled and _is_dataparallel(context)):
        return
    fitting = context.facts.listed("dataparallel_instance_types")
    for place, name in _trained_on(context):
        if name not in fitting:
            yield Finding(place, f"smdistributed.dataparallel {words} {name}", f"take one of {', '.join(fitting[:-1])}")


@rule(ERROR, on=field("distribution"), source=SDK2 + "estimator.py, _distribution_configuration")
def modelparallel_on_p5(written: Written, context: JobContext) -> Iterator[Finding]:
    """The first generation of SageMaker's libraries does not run on ml.p5; the second starts with torch_distributed.

    Bad:
        framework_version: "2.6"
        instance_type: ml.p5.48xlarge
        distribution:
          smdistributed: {modelparallel: {enabled: true, parameters: {partitions: 2}}}
          mpi: {enabled: true, processes_per_host: 8}

    Good:
        framework_version: "2.6"
        instance_type: ml.p4d.24xlarge
        distribution:
          smdistributed: {modelparallel: {enabled: true, parameters: {partitions: 2}}}
          mpi: {enabled: true, processes_per_host: 8}
    """
    given = context.job.distribution
    if given is None or _TORCH in context.enabled or (_DATAPARALLEL in context.enabled and _needs_the_library(context)):
        return
    library = "modelparallel" if _MODELPARALLEL in context.enabled else "smdistributed"
    if given.smdistributed is None and not (given.pytorchddp is not None and _is_dataparallel(context)):
        return
    documented = context.facts.listed(
        "modelparallel_instance_types" if library == "modelparallel" else "dataparallel_instance_types"
    )
    for place, name in _trained_on(context):
        if name in context.facts.listed("smdistributed_refused_instance_types"):
            takes = ", ".join(each for each in documented if each.startswith("ml."))
            yield Finding(place, f"{library} does not run on {name}", f"take one of {takes}")


@rule(
    WARNING,
    on=field("distribution"),
    source=SDK2 + "estimator.py, _distribution_configuration; " + GUIDE + "model-parallel.html",
)
def modelparallel_without_mpi(written: Written, context: JobContext) -> Finding | None:
    """The model parallel library runs on MPI, which must be switched on beside it.

    Bad:
        framework_version: "2.6"
        instance_type: ml.p4d.24xlarge
        distribution:
          smdistributed: {modelparallel: {enabled: true, parameters: {partitions: 2}}}

    Good:
        framework_version: "2.6"
        instance_type: ml.p4d.24xlarge
        distribution:
          smdistributed: {modelparallel: {enabled: true, parameters: {partitions: 2}}}
          mpi: {enabled: true, processes_per_host: 8}
    """
    if context.enabled == [_MODELPARALLEL]:
        return Finding(
            ("distribution", "smdistributed", "modelparallel"),
            "modelparallel runs on MPI, which is not enabled",
            "add mpi: {enabled: true, processes_per_host: 8} to distribution",
            at_key=True,
        )
    return None


_PARAMETERS = ("distribution", "smdistributed", "modelparallel", "parameters")
_USED = {"distribution": inside("smdistributed", "modelparallel", "enabled", so=TRUE)}


@rule(
    ERROR,
    on=field("distribution"),
    source=SDK2 + "fw_utils.py, validate_mp_config",
    rows=(
        *(
            Row((*_PARAMETERS, name), f"{name} must be one of {', '.join(known)}", when=_USED, value=_known_but(known))
            for name, known in _CHOICES.items()
        ),
        *(
            Row((*_PARAMETERS, name), f"{name} must be a whole number, 1 or more", when=_USED, value=_NO_COUNT)
            for name in _COUNTS
        ),
        *(Row((*_PARAMETERS, name), f"{name} must be true or false", when=_USED, value=_NO_FLAG) for name in _FLAGS),
    ),
)
def bad_modelparallel_parameter(written: Written, context: JobContext) -> Iterator[Finding]:
    """The model parallel library's parameters have types and ranges, which the SDK checks.

    Bad:
        framework_version: "2.6"
        instance_type: ml.p4d.24xlarge
        distribution:
          smdistributed: {modelparallel: {enabled: true, parameters: {partitions: 2, pipeline: fast}}}
          mpi: {enabled: true, processes_per_host: 8}

    Good:
        framework_version: "2.6"
        instance_type: ml.p4d.24xlarge
        distribution:
          smdistributed: {modelparallel: {enabled: true, parameters: {partitions: 2, pipeline: interleaved}}}
          mpi: {enabled: true, processes_per_host: 8}
    """
    distribution = context.job.distribution
    smdistributed = distribution.smdistributed if distribution is not None else None
    model = smdistributed.modelparallel if smdistributed is not None else None
    if model is None or not model.enabled:
        return
    path = ("distribution", "smdistributed", "modelparallel", "parameters")
    for name, wanted in _bad_parameters(model.parameters or {}):
        value = (model.parameters or {}).get(name)
        yield Finding((*path, name), f"{name} is {shown(json.dumps(value))}, and must be {wanted}", f"write {wanted}")


def _bad_parameters(given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Each parameter that the SDK refuses, and what it must be."""
    for name, value in given.items():
        if name in _CHOICES and value not in _CHOICES[name]:
            yield name, "one of " + ", ".join(_CHOICES[name])
        elif name in _COUNTS and not (_whole(value) and int(str(value)) >= 1):
            yield name, "a whole number, 1 or more"
        elif name in _FLAGS and not isinstance(value, bool):
            yield name, "true or false"
        elif name == "partition_file" and not isinstance(value, str):
            yield name, "the name of a file"
    weight, partitions, default = (given.get(name) for name in ("memory_weight", "partitions", "default_partition"))
    if weight is not None and not (isinstance(weight, int | float) and 0 <= weight <= 1):
        yield "memory_weight", "a number from 0 to 1"
    if given.get("auto_partition") is False and default is None:
        yield "auto_partition", "true, or have a default_partition beside it"
    if isinstance(default, int) and isinstance(partitions, int) and not 0 <= default < partitions:
        yield "default_partition", f"a number from 0 to {partitions - 1}, less than partitions"
    if given.get("horovod") is True and given.get("ddp") is True:
        yield "horovod", "false where ddp is true"
    for name in ("ddp_port", "ddp_dist_backend"):
        if name in given and given.get("ddp") is not True:
            yield name, "left out unless ddp is true"


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


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
    for number, name in enumerate(_groups(context)):
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
    named, groups = _groups(context), context.job.instance_groups or []
    if len(named) > 1:
        return Finding(
            ("distribution", "instance_groups"),
            f"a distribution runs on one instance group, not on {', '.join(named)}",
            f"write [{named[0]}]",
        )
    if not named and len(groups) > 1 and context.enabled:
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

    A job with one group limits its distribution to it, whether the manifest says so or not.

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
    if given is None or not given.fields_set or {"mpi", _DATAPARALLEL} & set(context.enabled):
        return None
    if _groups(context) or len(groups) == 1:
        return Finding(
            ("distribution",),
            "only mpi and smdistributed.dataparallel can be limited to an instance group, and neither is enabled",
            "enable one of them, or leave the groups out: instance_type and instance_count say the same of one group",
            at_key=True,
        )
    return None


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
    release = release_of(context)
    framework = context.framework
    if framework is None or context.job.instance_groups is None or release is None:
        return None
    if not release.heterogeneous_clusters:
        knowing = _short_versions(framework, "heterogeneous_clusters")
        later = f'take {framework.version_field} "{knowing[0]}" or later, or ' if knowing else "take "
        return Finding(
            ("instance_groups",),
            f"the image of {release.name} does not support instance groups",
            f"{later}instance_type and instance_count",
            at_key=True,
        )
    return None


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
    framework, release = context.framework, release_of(context)
    if context.job.compiler_config is None or context.variant is not None:
        return None  # versions of other images are looked for among those
    if framework is None or (release is not None and not release.training_compiler):
        title = "an image without a framework" if framework is None or release is None else release.name
        known = [] if framework is None else _short_versions(framework, "training_compiler")
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
    others = [name for name in context.enabled if name == _MIRRORED]
    given, framework, version = job.distribution, context.framework, context.version
    if given is not None and (
        given.smdistributed is not None or (given.pytorchddp is not None and _is_dataparallel(context))
    ):
        others.append("pytorchddp" if given.smdistributed is None else "smdistributed")
    elif (
        given is not None
        and given.fields_set
        and framework is not None
        and version is not None
        and given.pytorchxla is None
        and _XLA in framework.strategies
        and framework.has(_XLA, version, "gpu")
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
    if given is None or given.pytorchxla is None or framework is None or _XLA not in framework.strategies:
        return None
    if context.job.compiler_config is None:
        message = "pytorchxla needs SageMaker Training Compiler"
        return Finding(("distribution", _XLA), message, "add compiler_config: {}, or leave it out", at_key=True)
    return None


def _trained_on(context: JobContext) -> Iterator[tuple[Path, str]]:
    """The instance types that the distribution runs on: those of the groups that it names, else all."""
    named, groups = _groups(context), context.job.instance_groups or []
    for path, name, _ in INSTANCE_TYPE.of(context):
        if not named or not groups or groups[int(path[1])].instance_group_name in named:
            yield path, name


def _groups(context: JobContext) -> list[str]:
    """The instance groups that the distribution names."""
    return (context.job.distribution.instance_groups if context.job.distribution is not None else None) or []


def _is_dataparallel(context: JobContext) -> bool:
    """Whether the estimator takes pytorchddp for smdistributed.dataparallel."""
    return context.framework is not None and context.framework.strategies.get(_DDP, {}).get("as") == _DATAPARALLEL


def _short_versions(framework: Framework, capability: str) -> list[str]:
    """The short versions that have a capability."""
    named = ((name, framework.release(name)) for name in framework.aliases)
    return [name for name, release in named if release is not None and getattr(release, capability)]
