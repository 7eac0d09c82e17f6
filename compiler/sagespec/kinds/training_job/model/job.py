"""A training job as its author describes it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal

from sagespec.catalog import PLAIN, image_instance_type
from sagespec.kinds.training_job.model.channel import Channel
from sagespec.kinds.training_job.model.parts import (
    CompilerConfig,
    DebuggerHookConfig,
    Distribution,
    ExperimentConfig,
    InstanceGroup,
    InstancePlacementConfig,
    MetricDefinition,
    OnFailure,
    ProfilerConfig,
    Rule,
    TensorBoardOutputConfig,
)
from sagespec.reading.part import Part

if TYPE_CHECKING:
    from pydantic import BeforeValidator, Field

    from sagespec.catalog import Facts, Framework, Release, Variant
    from sagespec.kinds.training_job.model.forms import from_location, one_channel_is_training
    from sagespec.kinds.types import (
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
        Off,
        PyVersion,
        Region,
        Role,
        S3Uri,
        Seconds,
        Steps,
    )


class Mode(str, Enum):
    """How the container runs the entry point."""

    SCRIPT = "script mode"
    """As a program, with hyperparameters as arguments."""
    LEGACY = "legacy mode"
    """As a module, whose functions it calls (TensorFlow 1.4 to 1.12 on Python 2)."""
    IMAGE = "own image"
    """Not at all: the image brings its own program."""


LEGACY_FIELDS = ("training_steps", "evaluation_steps", "checkpoint_path", "requirements_file")

OF_TENSORFLOW = ("framework_version", "py_version", "script_mode", "model_dir", *LEGACY_FIELDS)
"""A manifest without a framework and with one of these is about TensorFlow, whatever image it brings."""

RENAMED = {
    "train_instance_type": "instance_type",
    "train_instance_count": "instance_count",
    "train_volume_size": "volume_size",
    "train_volume_kms_key": "volume_kms_key",
    "train_max_run": "max_run",
    "train_max_wait": "max_wait",
    "train_use_spot_instances": "use_spot_instances",
    "image_name": "image_uri",
    "image": "image_uri",
    "distributions": "distribution",
    "base_job_name": "name",
    "inputs": "channels",
    "role_arn": "role",
    "retry_attempts": "max_retry_attempts",
}
"""Names of SDK 1 (and near relations) → ours. Source: sagemaker 1.72.1 and 2.257.7, `renamed_kwargs`."""


class Job(Part):
    """One training job."""

    apiVersion: Literal["sagespec/v1"]  # noqa: N815 - the manifest's own spelling
    """Version of the manifest language."""
    kind: Literal["TrainingJob"]
    """What this document describes."""

    name: JobName
    """The job's name; the training job is called this and ten digits of the request's digest."""
    tags: dict[str, str] = {}
    """Tags of the training job, as a map."""
    region: Region | None = None
    """Where the job runs; else AWS_REGION or AWS_DEFAULT_REGION."""
    account_id: AccountId | None = None
    """The account, where the role's ARN does not say it."""
    role: Role | None = None
    """Role that SageMaker assumes for the job: an ARN, or a name in the same account."""

    entry_point: Annotated[str, Field(min_length=1)] | None = None
    """The training script, relative to `source_dir` (or to the manifest's folder)."""
    source_dir: Annotated[str, Field(min_length=1)] | None = None
    """Folder with the training code, relative to the manifest's folder, or s3://….tar.gz."""
    dependencies: list[Annotated[str, Field(min_length=1)]] = []
    """More folders or files to pack beside the entry point."""
    code_location: S3Uri | None = None
    """Where the source archive is uploaded; the bucket of `output_path` when left out."""
    container_log_level: Annotated[int, Field(ge=0, le=50)] = 20
    """Python logging level of the container: 10 debug, 20 info, 30 warning, 40 error."""
    container_entry_point: Annotated[list[Line], Field(min_length=1, max_length=100)] | None = None
    """Overrides the image's ENTRYPOINT."""
    container_arguments: Annotated[list[Line], Field(min_length=1, max_length=100)] | None = None
    """Overrides the image's CMD."""

    framework: FrameworkName | None = None
    """The framework of the container; `tensorflow` when left out, and none with nothing but an `image_uri`."""
    framework_version: FrameworkVersion | None = None
    """The framework's version, always in quotes: "2.19" or "2.19.0"."""
    transformers_version: FrameworkVersion | None = None
    """Hugging Face: version of transformers, together with `pytorch_version` or `tensorflow_version`."""
    pytorch_version: FrameworkVersion | None = None
    """Hugging Face: version of the PyTorch under it."""
    tensorflow_version: FrameworkVersion | None = None
    """Hugging Face: version of the TensorFlow under it."""
    py_version: PyVersion | None = None
    """Python of the container; may be left out where the version has one Python 3."""
    image_uri: ImageUri | None = None
    """An image to use instead of the one that the versions name."""
    script_mode: bool | None = None
    """Script mode or legacy mode, for the versions that have both (1.11 and 1.12)."""

    training_steps: Steps = None
    """Legacy mode: steps to train; null trains until `max_run`."""
    evaluation_steps: Steps = None
    """Legacy mode: steps of one evaluation; null goes on until the input ends."""
    checkpoint_path: S3Uri | None = None
    """Legacy mode: where checkpoints are written and restored from."""
    requirements_file: Annotated[str, Field(min_length=1)] | None = None
    """Legacy mode: pip requirements, relative to `source_dir`."""

    instance_type: InstanceType | None = None
    """Type of the instances, or `local` for this machine."""
    instance_count: Count | None = None
    """How many instances."""
    instance_groups: Annotated[list[InstanceGroup], Field(min_length=1, max_length=5)] | None = None
    """A heterogeneous cluster, instead of `instance_type` and `instance_count`."""
    volume_size: Annotated[int, Field(ge=1, le=16384)] = 30
    """Size of each instance's volume in GB; ignored by types with local NVMe storage."""
    volume_kms_key: KmsKey | None = None
    """Encrypts the volume: a key's id or ARN."""
    max_run: Annotated[int, Field(ge=1, le=2_419_200)] = 86_400
    """Seconds that training may take before it is stopped; at most 28 days."""
    use_spot_instances: bool = False
    """Spot instances: cheaper, and interrupted at times. Needs `max_wait`."""
    max_wait: Seconds | None = None
    """Seconds that a spot job may wait and run together."""
    keep_alive_period_in_seconds: Annotated[int, Field(ge=0, le=21_600)] | None = None
    """Keeps the instances for the next job (a warm pool, billed)."""
    max_retry_attempts: Annotated[int, Field(ge=1, le=30)] | None = None
    """How often SageMaker tries again after an internal error of its own."""
    training_plan: (
        Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sagemaker:", min_length=50, max_length=2048)] | None
    ) = None
    """ARN of a training plan whose reserved capacity is used."""
    instance_placement_config: InstancePlacementConfig | None = None
    """Placement on UltraServers."""
    distribution: Distribution | None = None
    """How several instances train together."""
    compiler_config: CompilerConfig | None = None
    """SageMaker Training Compiler."""

    channels: Annotated[
        dict[ChannelName, Annotated[Channel, BeforeValidator(from_location)]],
        Field(max_length=20),
        BeforeValidator(one_channel_is_training),
    ] = {}
    """Named inputs; a single location is the channel `training`."""
    input_mode: InputMode = "File"
    """How data come to the container, for channels that do not say it themselves."""

    output_path: S3Uri | None = None
    """Where artifacts go; the default bucket when left out."""
    output_kms_key: KmsKey | None = None
    """Encrypts the output: a key's id, ARN or alias."""
    disable_output_compression: bool = False
    """Uploads the model as it is instead of as model.tar.gz."""
    model_dir: Annotated[Off | ContainerPath, Field(union_mode="left_to_right")] | None = None
    """Passed to the script as --model_dir: an S3 URI, a path, or false for not at all."""
    checkpoint_s3_uri: S3Uri | None = None
    """S3 location that is kept equal to `checkpoint_local_path`."""
    checkpoint_local_path: ContainerPath | None = None
    """Folder of the container with checkpoints; /opt/ml/checkpoints when left out."""

    hyperparameters: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=256)], JsonValue], Field(max_length=100)
    ] = {}
    """Passed to the script as arguments, each value encoded as JSON."""
    environment: Annotated[dict[EnvironmentName, EnvironmentValue], Field(max_length=100)] = {}
    """Environment variables of the container."""
    metric_definitions: Annotated[list[MetricDefinition], Field(max_length=40)] | None = None
    """Numbers to pick from the log."""
    enable_sagemaker_metrics: bool | None = None
    """Shows metrics as time series; on by itself for most versions."""

    subnets: Annotated[list[NetworkId], Field(min_length=1, max_length=16)] | None = None
    """Subnets of your VPC; together with `security_group_ids`."""
    security_group_ids: Annotated[list[NetworkId], Field(min_length=1, max_length=5)] | None = None
    """Security groups of your VPC; together with `subnets`."""
    encrypt_inter_container_traffic: bool = False
    """Encrypts what the instances of a job say to each other."""
    enable_network_isolation: bool = False
    """No network for the container; the code comes as a channel."""
    training_repository_access_mode: Literal["Platform", "Vpc"] | None = None
    """Where the image is pulled from: `Vpc` for a private registry."""
    training_repository_credentials_provider_arn: (
        Annotated[str, Field(pattern=r"^arn:[^:]+:lambda:", max_length=2048)] | None
    ) = None
    """Lambda function that gives the private registry's credentials."""

    debugger_hook_config: Annotated[Off | DebuggerHookConfig, Field(union_mode="left_to_right")] | None = None
    """What SageMaker Debugger saves; nothing unless asked for."""
    rules: Annotated[list[Rule], Field(max_length=20)] | None = None
    """Debugger rules, each on an instance of its own."""
    profiler_rules: Annotated[list[Rule], Field(max_length=20)] | None = None
    """Profiler rules, each on an instance of its own."""
    profiler_config: ProfilerConfig | None = None
    """System and framework profiling; nothing unless asked for."""
    disable_profiler: bool | None = None
    """Switches the profiler off."""
    tensorboard_output_config: TensorBoardOutputConfig | None = None
    """Where Debugger writes TensorBoard data."""
    experiment_config: ExperimentConfig | None = None
    """The SageMaker experiment that the job belongs to."""
    enable_remote_debug: bool | None = None
    """Lets you open a shell in the running container (AWS Systems Manager)."""
    enable_infra_check: bool | None = None
    """Checks the hardware before training."""
    enable_session_tag_chaining: bool | None = None
    """Passes the session's tags on to the role."""

    on_change: Literal["refuse", "replace", "keep"] = "refuse"
    """What apply does when the job runs and the manifest has changed."""
    on_failure: OnFailure = OnFailure()
    """When apply tries a failed job again."""
    request: dict[str, JsonValue] = {}
    """Merged last into the request, in the API's own names."""

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

    def legacy_given(self) -> list[str]:
        """The legacy fields that the author wrote, `null` ones included: a null number of steps has a meaning."""
        return [name for name in LEGACY_FIELDS if name in self.fields_set]

    @property
    def framework_name(self) -> str | None:
        """Whose estimator the job is; None for an image and nothing else: then it is nobody's."""
        if "framework" in self.fields_set:
            return self.framework
        return None if self.image_uri is not None and not self.given(*OF_TENSORFLOW) else "tensorflow"

    def estimator(self, facts: Facts) -> Framework | None:
        """Its row of the catalogue; None where the job is nobody's, or there is no such framework."""
        name = self.framework_name
        return None if name is None else facts.framework(name)

    def version(self, facts: Facts) -> str | None:
        """The framework's version as the catalogue knows it, `4.28.1+pytorch2.0.0` where it lies over another.

        None where the manifest names none, or only a part of it.
        """
        framework = self.estimator(facts)
        if framework is None:
            return None
        own = getattr(self, framework.version_field)
        under = [f"{name}{version}" for name, field in framework.bases.items() if (version := getattr(self, field))]
        if own is None or (framework.bases and len(under) != 1):
            return None
        return "+".join([own, *under])

    def release(self, facts: Facts) -> Release | None:
        """What its version can do; None where it names none, or none that is known."""
        framework, version = self.estimator(facts), self.version(facts)
        return None if framework is None or version is None else framework.release(version)

    def variant(self, facts: Facts) -> Variant | None:
        """Which images it takes beside the framework's plain ones; None for those."""
        framework = self.estimator(facts)
        for variant in () if framework is None else framework.variants:
            families = tuple(f"ml.{family}" for family in variant.families)
            if variant.field is not None and getattr(self, variant.field) is not None:
                return variant
            if families and image_instance_type(self.instance_types() or ["local"]).startswith(families):
                return variant
            written = self.distribution.written() if self.distribution is not None else []
            if variant.strategies and set(variant.strategies) <= set(written):
                return variant
        return None

    def image_release(self, facts: Facts) -> Release | None:
        """The release whose image it runs, which may be of a variant."""
        framework, version, variant = self.estimator(facts), self.version(facts), self.variant(facts)
        if framework is None or version is None:
            return None
        return framework.release(version, PLAIN if variant is None else variant.name)

    def mode(self, facts: Facts) -> Mode:
        """`script_mode` says so; otherwise what the version and Python allow (DESIGN section 3)."""
        if self.image_uri is not None and self.entry_point is None:
            return Mode.IMAGE
        framework = self.estimator(facts)
        if framework is None or not framework.has_legacy_mode:
            return Mode.SCRIPT
        if self.script_mode is not None:
            return Mode.SCRIPT if self.script_mode else Mode.LEGACY
        if self.py_version not in (None, "py2"):
            return Mode.SCRIPT
        release = self.release(facts)
        legacy = bool(self.legacy_given()) if release is None or release.script_mode else True
        return Mode.LEGACY if legacy and (release is None or release.legacy_mode) else Mode.SCRIPT

    def python(self, facts: Facts) -> str | None:
        """The Python of the container, chosen where the author left it out and there is one choice."""
        framework = self.estimator(facts)
        if self.py_version is not None or framework is None:
            return self.py_version
        release = self.image_release(facts)
        if framework.python is not None or release is None:
            return framework.python
        return "py2" if self.mode(facts) is Mode.LEGACY else release.python3

    def input_mode_of(self, channel: Channel) -> str:
        return channel.input_mode or self.input_mode
