"""A training job as its author describes it."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Annotated, ClassVar, Literal

from sagespec.kinds import other_kind_with, other_names
from sagespec.kinds.training_job.model.channel import TRAINING, Channel, from_location
from sagespec.kinds.training_job.model.distribution import Distribution
from sagespec.kinds.training_job.model.names import OF_TENSORFLOW, RENAMED
from sagespec.kinds.training_job.model.observing import (
    DebuggerHookConfig,
    DebuggerRule,
    ExperimentConfig,
    MetricDefinition,
    MlflowConfig,
    ProfilerConfig,
    TensorBoardOutputConfig,
)
from sagespec.kinds.training_job.model.resources import CompilerConfig, InstanceGroup, InstancePlacementConfig
from sagespec.kinds.types import (
    GIGABYTES,
    SECONDS,
    AccountId,
    ChannelName,
    ContainerPath,
    Count,
    EnvironmentName,
    EnvironmentValue,
    FrameworkName,
    FrameworkVersion,
    ImageUri,
    InputMode,
    InstanceType,
    JobName,
    JsonValue,
    KmsKey,
    Line,
    NetworkId,
    NonEmpty,
    Off,
    PyVersion,
    Region,
    Role,
    S3Uri,
    Seconds,
    Steps,
)
from sagespec.reading.constraints import Before, Limits
from sagespec.reading.part import Part, field


class Mode(str, Enum):
    """How the container runs the entry point."""

    SCRIPT = "script mode"
    """As a program, with hyperparameters as arguments."""
    LEGACY = "legacy mode"
    """As a module, whose functions it calls (TensorFlow 1.4 to 1.12 on Python 2)."""
    IMAGE = "own image"
    """Not at all: the image brings its own program."""


class OnFailure(Part):
    """When a failed job is tried again."""

    retry: Literal["infrastructure", "always", "never"] = field(
        "`infrastructure`: after capacity and internal errors and spot interruption only.", "infrastructure"
    )
    max_attempts: Count = field("Attempts in all, the first one counted.", 3)


class Job(Part):
    """One training job."""

    renamed: ClassVar[Mapping[str, str]] = RENAMED
    other_names: ClassVar[str] = other_names.JOB
    other_kind: ClassVar[Callable[[str], str | None]] = staticmethod(
        lambda field: other_kind_with(field, "TrainingJob")
    )

    apiVersion: Literal["sagespec/v1"] = field("Version of the manifest language.")  # noqa: N815
    kind: Literal["TrainingJob"] = field("What this document describes.")

    name: JobName = field("The job's name; the training job is called this and ten digits of the request's digest.")
    tags: dict[str, str] = field(
        "Tags of the training job, as a map.", {}, hint="write a map, for example {team: vision}"
    )
    region: Region | None = field("Where the job runs; else AWS_REGION or AWS_DEFAULT_REGION.", None)
    account_id: AccountId | None = field("The account, where the role's ARN does not say it.", None)
    role: Role | None = field("Role that SageMaker assumes for the job: an ARN, or a name in the same account.", None)

    entry_point: NonEmpty | None = field(
        "The training script, relative to `source_dir` (or to the manifest's folder).", None
    )
    source_dir: NonEmpty | None = field(
        "Folder with the training code, relative to the manifest's folder, or s3://….tar.gz.", None
    )
    dependencies: list[NonEmpty] = field("More folders or files to pack beside the entry point.", [])
    code_location: S3Uri | None = field(
        "Where the source archive is uploaded; the bucket of `output_path` when left out.", None
    )
    container_log_level: Annotated[int, Limits(ge=0, le=50)] = field(
        "Python logging level of the container: 10 debug, 20 info, 30 warning, 40 error.", 20
    )
    container_entry_point: Annotated[list[Line], Limits(min_length=1, max_length=100)] | None = field(
        "Overrides the image's ENTRYPOINT.", None
    )
    container_arguments: Annotated[list[Line], Limits(min_length=1, max_length=100)] | None = field(
        "Overrides the image's CMD.", None
    )

    framework: FrameworkName | None = field(
        "The framework of the container; `tensorflow` when left out, and none with nothing but an `image_uri`.", None
    )
    framework_version: FrameworkVersion | None = field(
        'The framework\'s version, always in quotes: "2.21" or "2.21.0".', None
    )
    transformers_version: FrameworkVersion | None = field(
        "Hugging Face: version of transformers, together with `pytorch_version` or `tensorflow_version`.", None
    )
    pytorch_version: FrameworkVersion | None = field("Hugging Face: version of the PyTorch under it.", None)
    tensorflow_version: FrameworkVersion | None = field("Hugging Face: version of the TensorFlow under it.", None)
    py_version: PyVersion | None = field(
        "Python of the container; may be left out where the version has one Python 3.", None
    )
    image_uri: ImageUri | None = field("An image to use instead of the one that the versions name.", None)
    script_mode: bool | None = field(
        "Script mode or legacy mode, for the versions that have both (1.11 and 1.12).", None
    )

    training_steps: Steps = field("Legacy mode: steps to train; null trains until `max_run`.", None)
    evaluation_steps: Steps = field("Legacy mode: steps of one evaluation; null goes on until the input ends.", None)
    checkpoint_path: S3Uri | None = field("Legacy mode: where checkpoints are written and restored from.", None)
    requirements_file: NonEmpty | None = field("Legacy mode: pip requirements, relative to `source_dir`.", None)

    instance_type: InstanceType | None = field("Type of the instances, or `local` for this machine.", None)
    instance_count: Count | None = field("How many instances.", None)
    instance_groups: Annotated[list[InstanceGroup], Limits(min_length=1, max_length=5)] | None = field(
        "A heterogeneous cluster, instead of `instance_type` and `instance_count`.", None
    )
    volume_size: Annotated[int, Limits(ge=1, le=16384), GIGABYTES] = field(
        "Size of each instance's volume in GB; ignored by types with local NVMe storage.", 30
    )
    volume_kms_key: KmsKey | None = field("Encrypts the volume: a key's id or ARN.", None)
    max_run: Annotated[int, Limits(ge=1, le=2_419_200), SECONDS] = field(
        "Seconds that training may take before it is stopped; at most 28 days.", 86_400
    )
    use_spot_instances: bool = field("Spot instances: cheaper, and interrupted at times. Needs `max_wait`.", False)
    max_wait: Seconds | None = field("Seconds that a spot job may wait and run together.", None)
    keep_alive_period_in_seconds: Annotated[int, Limits(ge=0, le=21_600), SECONDS] | None = field(
        "Keeps the instances for the next job (a warm pool, billed).", None
    )
    max_retry_attempts: Annotated[int, Limits(ge=1, le=30)] | None = field(
        "How often SageMaker tries again after an internal error of its own.", None
    )
    training_plan: (
        Annotated[str, Limits(pattern=r"^arn:aws[a-z-]*:sagemaker:", min_length=50, max_length=2048)] | None
    ) = field("ARN of a training plan whose reserved capacity is used.", None, form="the ARN of a training plan")
    instance_placement_config: InstancePlacementConfig | None = field("Placement on UltraServers.", None)
    distribution: Distribution | None = field(
        "How several instances train together.",
        None,
        hint="write a map, for example {parameter_server: {enabled: true}}",
    )
    compiler_config: CompilerConfig | None = field("SageMaker Training Compiler.", None)

    channels: Annotated[
        dict[ChannelName, Annotated[Channel, Before(from_location)]],
        Limits(max_length=20),
        TRAINING,
    ] = field(
        "Named inputs; a single location is the channel `training`.",
        {},
        hint="write a map, for example {train: s3://bucket/train}",
        form="letters, digits and . _ - only",
    )
    input_mode: InputMode = field("How data come to the container, for channels that do not say it themselves.", "File")

    output_path: S3Uri | None = field("Where artifacts go; the default bucket when left out.", None)
    output_kms_key: KmsKey | None = field("Encrypts the output: a key's id, ARN or alias.", None)
    disable_output_compression: bool = field("Uploads the model as it is instead of as model.tar.gz.", False)
    model_dir: Off | ContainerPath | None = field(
        "Passed to the script as --model_dir: an S3 URI, a path, or false for not at all.",
        None,
        hint="write false, an S3 URI or a path",
    )
    checkpoint_s3_uri: S3Uri | None = field("S3 location that is kept equal to `checkpoint_local_path`.", None)
    checkpoint_local_path: ContainerPath | None = field(
        "Folder of the container with checkpoints; /opt/ml/checkpoints when left out.", None
    )

    hyperparameters: Annotated[
        dict[Annotated[str, Limits(min_length=1, max_length=256)], JsonValue], Limits(max_length=100)
    ] = field("Passed to the script as arguments, each value encoded as JSON.", {})
    environment: Annotated[dict[EnvironmentName, EnvironmentValue], Limits(max_length=100)] = field(
        "Environment variables of the container.", {}, form="letters, digits and _ only, beginning with no digit"
    )
    metric_definitions: Annotated[list[MetricDefinition], Limits(max_length=40)] | None = field(
        "Numbers to pick from the log.", None, hint='write a list, for example [{name: loss, regex: "loss=([0-9.]+)"}]'
    )
    enable_sagemaker_metrics: bool | None = field("Shows metrics as time series; on by itself for most versions.", None)

    subnets: Annotated[list[NetworkId], Limits(min_length=1, max_length=16)] | None = field(
        "Subnets of your VPC; together with `security_group_ids`.",
        None,
        form="the id of a subnet, such as subnet-0123abcd",
    )
    security_group_ids: Annotated[list[NetworkId], Limits(min_length=1, max_length=5)] | None = field(
        "Security groups of your VPC; together with `subnets`.",
        None,
        form="the id of a security group, such as sg-0123abcd",
    )
    encrypt_inter_container_traffic: bool = field("Encrypts what the instances of a job say to each other.", False)
    enable_network_isolation: bool = field("No network for the container; the code comes as a channel.", False)
    training_repository_access_mode: Literal["Platform", "Vpc"] | None = field(
        "Where the image is pulled from: `Vpc` for a private registry.", None
    )
    training_repository_credentials_provider_arn: (
        Annotated[str, Limits(pattern=r"^arn:[^:]+:lambda:", max_length=2048)] | None
    ) = field(
        "Lambda function that gives the private registry's credentials.", None, form="the ARN of a Lambda function"
    )

    debugger_hook_config: Off | DebuggerHookConfig | None = field(
        "What SageMaker Debugger saves; nothing unless asked for.",
        None,
        hint="write false, or a map, for example {s3_output_path: s3://bucket/prefix}",
    )
    rules: Annotated[list[DebuggerRule], Limits(max_length=20)] | None = field(
        "Debugger rules, each on an instance of its own.", None
    )
    profiler_rules: Annotated[list[DebuggerRule], Limits(max_length=20)] | None = field(
        "Profiler rules, each on an instance of its own.", None
    )
    profiler_config: ProfilerConfig | None = field("System and framework profiling; nothing unless asked for.", None)
    disable_profiler: bool | None = field("Switches the profiler off.", None)
    tensorboard_output_config: TensorBoardOutputConfig | None = field("Where Debugger writes TensorBoard data.", None)
    experiment_config: ExperimentConfig | None = field("The SageMaker experiment that the job belongs to.", None)
    mlflow_config: MlflowConfig | None = field(
        "Managed MLflow that the script logs to.",
        None,
        hint="write a map, for example {mlflow_resource_arn: arn:aws:sagemaker:…:mlflow-tracking-server/team}",
    )
    enable_remote_debug: bool | None = field(
        "Lets you open a shell in the running container (AWS Systems Manager).", None
    )
    enable_infra_check: bool | None = field("Checks the hardware before training.", None)
    enable_session_tag_chaining: bool | None = field("Passes the session's tags on to the role.", None)

    on_change: Literal["refuse", "replace", "keep"] = field(
        "What apply does when the job runs and the manifest has changed.", "refuse"
    )
    on_failure: OnFailure = field(
        "When apply tries a failed job again.",
        OnFailure(),
        hint="write a map, for example {retry: always, max_attempts: 3}",
    )
    request: dict[str, JsonValue] = field("Merged last into the request, in the API's own names.", {})

    def groups(self) -> list[tuple[str, int]]:
        """(instance type, count) of every instance group; a plain job is one group."""
        if self.instance_groups is not None:
            return [(group.instance_type, group.instance_count) for group in self.instance_groups]
        if self.instance_type is None or self.instance_count is None:
            return []
        return [(self.instance_type, self.instance_count)]

    def instance_types(self) -> list[str]:
        if self.instance_groups is not None:
            return [group.instance_type for group in self.instance_groups]
        return [] if self.instance_type is None else [self.instance_type]

    def instances(self) -> int:
        """How many instances in all."""
        if self.instance_groups is not None:
            return sum(group.instance_count for group in self.instance_groups)
        return self.instance_count or 0

    @property
    def is_local(self) -> bool:
        return self.instance_type in ("local", "local_gpu")

    @property
    def framework_name(self) -> str | None:
        """Whose estimator the job is; None for an image and nothing else: then it is nobody's."""
        stated = self.framework  # Unknown, where it is wrong
        if "framework" in self.fields_set:
            return stated
        return None if self.image_uri is not None and not self.given(*OF_TENSORFLOW) else "tensorflow"

    def input_mode_of(self, channel: Channel) -> str:
        return channel.input_mode or self.input_mode
