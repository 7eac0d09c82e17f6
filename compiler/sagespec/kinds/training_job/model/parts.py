"""The nested objects of a manifest, besides channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from sagespec.reading.part import Part

if TYPE_CHECKING:
    from pydantic import Field

    from sagespec.kinds.types import (
        ContainerPath,
        Count,
        ExperimentName,
        ImageUri,
        InstanceType,
        JsonValue,
        Line,
        S3Uri,
    )


class MetricDefinition(Part):
    name: Annotated[str, Field(min_length=1, max_length=255)]
    """Name under which CloudWatch keeps the metric."""
    regex: Annotated[str, Field(min_length=1, max_length=500)]
    """Searched in every line of the log; its one group is the value."""


class InstanceGroup(Part):
    instance_group_name: Annotated[str, Field(min_length=1, max_length=64)]
    """Name that channels and the distribution use."""
    instance_type: InstanceType
    """Type of this group's instances."""
    instance_count: Count
    """How many of them."""


class ParameterServer(Part):
    enabled: bool = False
    """Switches the strategy on."""


class Mpi(Part):
    enabled: bool = False
    """Switches the strategy on."""
    processes_per_host: Count | None = None
    """Processes on each instance; the container takes the number of GPUs when left out."""
    custom_mpi_options: str | None = None
    """More options for mpirun."""


class MultiWorkerMirroredStrategy(Part):
    enabled: bool = False
    """Switches the strategy on."""


class PyTorchDdp(Part):
    enabled: bool = False
    """Switches the strategy on."""
    custom_mpi_options: str | None = None
    """More options for mpirun."""


class TorchDistributed(Part):
    enabled: bool = False
    """Switches the strategy on."""


class PyTorchXla(Part):
    enabled: bool = False
    """Switches the strategy on."""


class DataParallel(Part):
    enabled: bool = False
    """Switches the strategy on."""
    custom_mpi_options: str | None = None
    """More options for mpirun."""


class ModelParallel(Part):
    enabled: bool = False
    """Switches the strategy on."""
    parameters: dict[str, JsonValue] | None = None
    """Parameters of the library, such as partitions and microbatches."""


class SmDistributed(Part):
    dataparallel: DataParallel | None = None
    """SageMaker's distributed data parallel library."""
    modelparallel: ModelParallel | None = None
    """SageMaker's model parallel library."""


class Distribution(Part):
    """How several instances train together: the SDK's dictionary."""

    parameter_server: ParameterServer | None = None
    """Asynchronous training with parameter servers."""
    mpi: Mpi | None = None
    """Processes started by MPI (Horovod)."""
    multi_worker_mirrored_strategy: MultiWorkerMirroredStrategy | None = None
    """tf.distribute.MultiWorkerMirroredStrategy."""
    pytorchddp: PyTorchDdp | None = None
    """PyTorch's DistributedDataParallel, started by MPI."""
    torch_distributed: TorchDistributed | None = None
    """PyTorch's own launcher, torchrun."""
    pytorchxla: PyTorchXla | None = None
    """PyTorch XLA, with SageMaker Training Compiler."""
    smdistributed: SmDistributed | None = None
    """SageMaker's own libraries."""
    instance_groups: Annotated[list[str], Field(min_length=1)] | None = None
    """The groups of a heterogeneous cluster that train."""

    def enabled(self) -> list[str]:
        """The strategies that are switched on, in the SDK's words."""
        return [name for name, strategy in self._strategies().items() if strategy.enabled]

    def written(self) -> list[str]:
        """The strategies that the author wrote; a library of SageMaker's that is switched off is not written."""
        return [name for name, strategy in self._strategies().items() if "." not in name or _is_asked_for(strategy)]

    def _strategies(self) -> dict[str, Any]:
        smd = self.smdistributed
        strategies = {name: getattr(self, name) for name in STRATEGIES}
        strategies |= {f"smdistributed.{name}": getattr(smd, name) if smd else None for name in LIBRARIES}
        return {name: strategy for name, strategy in strategies.items() if strategy is not None}


def _is_asked_for(library: Any) -> bool:
    return library.enabled or "enabled" not in library.fields_set


STRATEGIES = (
    "parameter_server",
    "mpi",
    "multi_worker_mirrored_strategy",
    "pytorchddp",
    "torch_distributed",
    "pytorchxla",
)
LIBRARIES = ("dataparallel", "modelparallel")


class CompilerConfig(Part):
    """SageMaker Training Compiler."""

    enabled: bool = True
    """Switches the compiler on."""
    debug: bool = False
    """Dumps the compiler's intermediate files: slow."""


class DebugCollection(Part):
    collection_name: Line | None = None
    """Name of a collection of tensors, built-in or your own."""
    collection_parameters: dict[str, str] | None = None
    """What of it is saved, and how often."""


class DebuggerHookConfig(Part):
    """What SageMaker Debugger saves."""

    s3_output_path: S3Uri | None = None
    """Where tensors go; `output_path` when left out."""
    local_path: ContainerPath | None = None
    """Folder of the container in which tensors are collected; /opt/ml/output/tensors when left out."""
    hook_parameters: dict[str, str] | None = None
    """Settings of the hook, such as save_interval."""
    collection_configurations: Annotated[list[DebugCollection], Field(max_length=20)] | None = None
    """Collections of tensors to save."""


class Rule(Part):
    """A rule that SageMaker runs on a processing instance beside the job."""

    rule_configuration_name: Annotated[str, Field(min_length=1, max_length=256)]
    """Name of the rule, unique in the job."""
    rule_evaluator_image: ImageUri
    """Image that evaluates the rule."""
    local_path: ContainerPath | None = None
    """Folder of the rule's container for its output."""
    s3_output_path: S3Uri | None = None
    """Where the rule's output goes."""
    instance_type: str | None = None
    """Type of the instance that evaluates a rule of your own; it is billed."""
    volume_size_in_gb: Annotated[int, Field(ge=0)] | None = None
    """Size of that instance's volume in GB."""
    rule_parameters: Annotated[dict[str, str], Field(max_length=100)] | None = None
    """Parameters of the rule; rule_to_invoke names a built-in one."""


class ProfilerConfig(Part):
    s3_output_path: S3Uri | None = None
    """Where profiles go; `output_path` when left out."""
    profiling_interval_in_milliseconds: Literal[100, 200, 500, 1000, 5000, 60000] | None = None
    """How often system metrics are taken, in milliseconds; 500 when left out."""
    profiling_parameters: dict[str, str] | None = None
    """What of the framework is profiled."""
    disable_profiler: bool | None = None
    """Switches the profiler off."""


class TensorBoardOutputConfig(Part):
    s3_output_path: S3Uri
    """Where TensorBoard data go."""
    local_path: ContainerPath | None = None
    """Folder of the container; /opt/ml/output/tensorboard when left out."""


class ExperimentConfig(Part):
    experiment_name: ExperimentName | None = None
    """An experiment that exists."""
    trial_name: ExperimentName | None = None
    """A trial of it that exists; one is made when left out."""
    trial_component_display_name: ExperimentName | None = None
    """What the job is called in the experiment."""
    run_name: ExperimentName | None = None
    """The run that the job belongs to."""


class PlacementSpecification(Part):
    ultra_server_id: Annotated[str, Field(max_length=256)] | None = None
    """The UltraServer."""
    instance_count: Count
    """Instances on it."""


class InstancePlacementConfig(Part):
    enable_multiple_jobs: bool | None = None
    """Lets several jobs share an UltraServer."""
    placement_specifications: Annotated[list[PlacementSpecification], Field(max_length=10)] | None = None
    """How many instances go where."""


class OnFailure(Part):
    """When a failed job is tried again."""

    retry: Literal["infrastructure", "always", "never"] = "infrastructure"
    """`infrastructure`: after capacity and internal errors and spot interruption only."""
    max_attempts: Count = 3
    """Attempts in all, the first one counted."""


def to_api(part: Part) -> dict[str, Any]:
    """A part in the API's own names, without what was left out: snake_case becomes CamelCase."""
    return {api_name(name): _value(value) for name, value in part.members().items() if value is not None}


def api_name(name: str) -> str:
    special = {"s3": "S3", "gb": "GB", "uri": "Uri"}
    return "".join(special.get(word, word.capitalize()) for word in name.split("_"))


def _value(value: Any) -> Any:
    if isinstance(value, Part):
        return to_api(value)
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
