"""The nested objects of a manifest, besides channels."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from sagespec.model.types import ContainerPath, Count, ExperimentName, ImageUri, InstanceType, Line, Part, S3Uri


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


class Mpi(Part):
    enabled: bool = False
    processes_per_host: Count | None = None
    """Processes on each instance; the container takes the number of GPUs when left out."""
    custom_mpi_options: str | None = None
    """More options for mpirun."""


class MultiWorkerMirroredStrategy(Part):
    enabled: bool = False


class DataParallel(Part):
    enabled: bool = False
    custom_mpi_options: str | None = None


class ModelParallel(Part):
    enabled: bool = False
    parameters: dict[str, JsonValue] | None = None


class SmDistributed(Part):
    dataparallel: DataParallel | None = None
    modelparallel: ModelParallel | None = None


class Distribution(Part):
    """How several instances train together: the SDK's dictionary."""

    parameter_server: ParameterServer | None = None
    """Asynchronous training with parameter servers."""
    mpi: Mpi | None = None
    """Processes started by MPI (Horovod)."""
    multi_worker_mirrored_strategy: MultiWorkerMirroredStrategy | None = None
    """tf.distribute.MultiWorkerMirroredStrategy."""
    smdistributed: SmDistributed | None = None
    """SageMaker's own libraries."""
    instance_groups: Annotated[list[str], Field(min_length=1)] | None = None
    """The groups of a heterogeneous cluster that train."""

    def enabled(self) -> list[str]:
        """The strategies that are switched on, in the SDK's words."""
        smd = self.smdistributed
        strategies = {
            "parameter_server": self.parameter_server,
            "mpi": self.mpi,
            "multi_worker_mirrored_strategy": self.multi_worker_mirrored_strategy,
            "smdistributed.dataparallel": smd.dataparallel if smd else None,
            "smdistributed.modelparallel": smd.modelparallel if smd else None,
        }
        return [name for name, strategy in strategies.items() if strategy is not None and strategy.enabled]


class CompilerConfig(Part):
    """SageMaker Training Compiler."""

    enabled: bool = True
    debug: bool = False
    """Dumps the compiler's intermediate files: slow."""


class DebugCollection(Part):
    collection_name: Line | None = None
    collection_parameters: dict[str, str] | None = None


class DebuggerHookConfig(Part):
    """What SageMaker Debugger saves."""

    s3_output_path: S3Uri | None = None
    """Where tensors go; `output_path` when left out."""
    local_path: ContainerPath | None = None
    hook_parameters: dict[str, str] | None = None
    collection_configurations: Annotated[list[DebugCollection], Field(max_length=20)] | None = None


class Rule(Part):
    """A rule that SageMaker runs on a processing instance beside the job."""

    rule_configuration_name: Annotated[str, Field(min_length=1, max_length=256)]
    rule_evaluator_image: ImageUri
    local_path: ContainerPath | None = None
    s3_output_path: S3Uri | None = None
    instance_type: str | None = None
    volume_size_in_gb: Annotated[int, Field(ge=0)] | None = None
    rule_parameters: Annotated[dict[str, str], Field(max_length=100)] | None = None


class ProfilerConfig(Part):
    s3_output_path: S3Uri | None = None
    """Where profiles go; `output_path` when left out."""
    profiling_interval_in_milliseconds: Literal[100, 200, 500, 1000, 5000, 60000] | None = None
    profiling_parameters: dict[str, str] | None = None
    disable_profiler: bool | None = None


class TensorBoardOutputConfig(Part):
    s3_output_path: S3Uri
    local_path: ContainerPath | None = None


class ExperimentConfig(Part):
    experiment_name: ExperimentName | None = None
    trial_name: ExperimentName | None = None
    trial_component_display_name: ExperimentName | None = None
    run_name: ExperimentName | None = None


class PlacementSpecification(Part):
    ultra_server_id: Annotated[str, Field(max_length=256)] | None = None
    instance_count: Count


class InstancePlacementConfig(Part):
    enable_multiple_jobs: bool | None = None
    placement_specifications: Annotated[list[PlacementSpecification], Field(max_length=10)] | None = None


class OnFailure(Part):
    """When a failed job is tried again."""

    retry: Literal["infrastructure", "always", "never"] = "infrastructure"
    """`infrastructure`: after capacity and internal errors and spot interruption only."""
    max_attempts: Count = 3
    """Attempts in all, the first one counted."""


def to_api(part: Part) -> dict[str, Any]:
    """A part in the API's own names, without what was left out: snake_case becomes CamelCase."""
    return {api_name(name): _value(value) for name, value in part if value is not None}


def api_name(name: str) -> str:
    special = {"s3": "S3", "gb": "GB", "uri": "Uri"}
    return "".join(special.get(word, word.capitalize()) for word in name.split("_"))


def _value(value: Any) -> Any:
    if isinstance(value, Part):
        return to_api(value)
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
