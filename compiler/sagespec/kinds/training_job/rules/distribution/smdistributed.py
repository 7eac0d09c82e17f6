"""Libraries of SageMaker for data and model parallel training."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sagespec.base.diagnostic import Finding
from sagespec.base.redact import shown
from sagespec.checking.condition import EXPRESSION, TRUE, Json, inside
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, GUIDE, SDK2, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules.distribution.used import (
    DATAPARALLEL,
    DDP,
    MODELPARALLEL,
    TORCH,
    is_dataparallel,
    trained_on,
)

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "pipeline": ("simple", "interleaved", "_only_forward"),
    "placement_strategy": ("spread", "cluster"),
    "optimize": ("speed", "memory"),
}
_COUNTS = ("microbatches", "partitions", "active_microbatches")
_FLAGS = ("auto_partition", "contiguous", "load_partition", "horovod", "ddp", "deterministic_server")
_NO_COUNT: Json = {"type": "integer", "not": {"minimum": 1}}
_NO_FLAG: Json = {"enum": [0, 1, "true", "false", "yes", "no"]}
"""Not everything that is not a truth value, but what people write for one."""


def _known_but(values: tuple[str, ...]) -> Json:
    return {"type": "string", "pattern": f"^(?!({'|'.join(values)})$)(?!.*{EXPRESSION})"}


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
    if MODELPARALLEL not in context.enabled:
        return
    path = ("distribution", "smdistributed", "modelparallel")
    release = context.run_release
    framework = context.framework
    if framework is not None and release is not None and MODELPARALLEL not in release.strategies:
        versions = framework.versions_with(MODELPARALLEL)
        message = f"modelparallel is documented for {framework.title} {', '.join(versions)}, not for {release.version}"
        hint = f'take {framework.version_field}: "{versions[-1]}"' if versions else "leave it out"
        yield Finding(path, message, hint, at_key=True)
    documented = context.facts.listed("modelparallel_instance_types")
    refused = context.facts.listed("smdistributed_refused_instance_types")
    for place, name in trained_on(context):
        if name not in documented and name not in refused and not context.local:
            yield Finding(
                place,
                f"modelparallel is not documented to work on {name}",
                f"take one of {', '.join(documented)}",
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
    if not _needs_the_library(context) and TORCH not in context.enabled:
        yield from _outside_the_library(context, "is not documented to work on")


def _needs_the_library(context: JobContext) -> bool:
    """Whether the container's only way to train on several processes with the strategy is SageMaker's library."""
    return context.framework is None or bool(context.framework.strategies.get(DATAPARALLEL, {}).get("needs_library"))


def _outside_the_library(context: JobContext, words: str) -> Iterator[Finding]:
    if DATAPARALLEL not in context.enabled and not (DDP in context.enabled and is_dataparallel(context)):
        return
    fitting = context.facts.listed("dataparallel_instance_types")
    for place, name in trained_on(context):
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
    if given is None or TORCH in context.enabled or (DATAPARALLEL in context.enabled and _needs_the_library(context)):
        return
    library = "modelparallel" if MODELPARALLEL in context.enabled else "smdistributed"
    if given.smdistributed is None and not (given.pytorchddp is not None and is_dataparallel(context)):
        return
    documented = context.facts.listed(
        "modelparallel_instance_types" if library == "modelparallel" else "dataparallel_instance_types"
    )
    for place, name in trained_on(context):
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
    if context.enabled == [MODELPARALLEL]:
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
