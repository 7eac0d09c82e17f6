"""What is watched while a job trains."""

from typing import Annotated, Literal

from sagespec.kinds.types import ContainerPath, ExperimentName, ImageUri, Line, MlflowArn, MlflowName, S3Uri
from sagespec.reading.constraints import Limits
from sagespec.reading.part import Part, field


class MetricDefinition(Part):
    name: Annotated[str, Limits(min_length=1, max_length=255)] = field("Name under which CloudWatch keeps the metric.")
    regex: Annotated[str, Limits(min_length=1, max_length=500)] = field(
        "Searched in every line of the log; its one group is the value."
    )
    example: str | None = field("A line of the log, on which `validate` tries the pattern; not sent.", None)
    value: float | None = field("What the pattern is to find in `example`; not sent.", None)

    def request(self) -> dict[str, str]:
        """What is sent of it."""
        return {"Name": self.name, "Regex": self.regex}


class DebugCollection(Part):
    collection_name: Line | None = field("Name of a collection of tensors, built-in or your own.", None)
    collection_parameters: dict[str, str] | None = field("What of it is saved, and how often.", None)


class DebuggerHookConfig(Part):
    """What SageMaker Debugger saves."""

    s3_output_path: S3Uri | None = field("Where tensors go; `output_path` when left out.", None)
    local_path: ContainerPath | None = field(
        "Folder of the container in which tensors are collected; /opt/ml/output/tensors when left out.", None
    )
    hook_parameters: dict[str, str] | None = field("Settings of the hook, such as save_interval.", None)
    collection_configurations: Annotated[list[DebugCollection], Limits(max_length=20)] | None = field(
        "Collections of tensors to save.", None
    )


class DebuggerRule(Part):
    """A rule that SageMaker runs on a processing instance beside the job."""

    rule_configuration_name: Annotated[str, Limits(min_length=1, max_length=256)] = field(
        "Name of the rule, unique in the job."
    )
    rule_evaluator_image: ImageUri = field("Image that evaluates the rule.")
    local_path: ContainerPath | None = field("Folder of the rule's container for its output.", None)
    s3_output_path: S3Uri | None = field("Where the rule's output goes.", None)
    instance_type: str | None = field("Type of the instance that evaluates a rule of your own; it is billed.", None)
    volume_size_in_gb: Annotated[int, Limits(ge=0)] | None = field("Size of that instance's volume in GB.", None)
    rule_parameters: Annotated[dict[str, str], Limits(max_length=100)] | None = field(
        "Parameters of the rule; rule_to_invoke names a built-in one.", None
    )


class ProfilerConfig(Part):
    s3_output_path: S3Uri | None = field("Where profiles go; `output_path` when left out.", None)
    profiling_interval_in_milliseconds: Literal[100, 200, 500, 1000, 5000, 60000] | None = field(
        "How often system metrics are taken, in milliseconds; 500 when left out.", None
    )
    profiling_parameters: dict[str, str] | None = field("What of the framework is profiled.", None)
    disable_profiler: bool | None = field("Switches the profiler off.", None)


class TensorBoardOutputConfig(Part):
    s3_output_path: S3Uri = field("Where TensorBoard data go.")
    local_path: ContainerPath | None = field("Folder of the container; /opt/ml/output/tensorboard when left out.", None)


class ExperimentConfig(Part):
    experiment_name: ExperimentName | None = field("An experiment that exists.", None)
    trial_name: ExperimentName | None = field("A trial of it that exists; one is made when left out.", None)
    trial_component_display_name: ExperimentName | None = field("What the job is called in the experiment.", None)
    run_name: ExperimentName | None = field("The run that the job belongs to.", None)


class MlflowConfig(Part):
    """Managed MLflow: where the training script's runs are kept."""

    mlflow_resource_arn: MlflowArn = field("The tracking server or MLflow app, in the job's region.")
    mlflow_experiment_name: MlflowName | None = field("The experiment of MLflow that the run belongs to.", None)
    mlflow_run_name: MlflowName | None = field("What the run is called.", None)
