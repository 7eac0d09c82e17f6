"""An endpoint as its author describes it: the vocabulary of the SDK's TensorFlowModel and deploy."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from sagespec.kinds import corrections, other_kind_with, other_names
from sagespec.kinds.types import (
    GIGABYTES,
    AccountId,
    Count,
    EnvironmentName,
    FrameworkVersion,
    ImageUri,
    JobName,
    JsonValue,
    KmsKey,
    NetworkId,
    NonEmpty,
    PyVersion,
    Region,
    Role,
    S3Uri,
    SourceUri,
)
from sagespec.reading.constraints import Before, Described, Limits
from sagespec.reading.part import Part, field

RENAMED = {
    "image": "image_uri",
    "image_name": "image_uri",
    "instance_count": "initial_instance_count",
    "role_arn": "role",
    "endpoint_name": "name",
    "environment": "env",
    "model_server_worker_count": "model_server_workers",
}
"""Names of SDK 1, of training jobs and of the API → ours."""

HostingType = Annotated[
    str,
    Limits(pattern=r"^(ml\.[a-z0-9-]+\.[a-z0-9]+|local|local_gpu)$"),
    Described("an instance type such as ml.m5.xlarge, or local", "ml.m5.xlarge", "ml.c6i.large", "local"),
]
EnvValue = Annotated[
    str,
    Limits(max_length=1024),
    Described("a string of at most 1,024 characters", suggest=corrections.environment_value),
]
TimeOut = Annotated[int, Limits(ge=60, le=3600), Described("60 to 3,600 seconds", suggest=corrections.seconds)]


def whole_number_as_text(value: Any) -> Any:
    """A tag's value: a whole number is read as its digits, as the SDK does."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class S3DataSource(Part):
    """A model that lies in S3 as it is, without an archive."""

    s3_uri: S3Uri = field("Where it lies: a prefix that ends in a slash, or an object.")
    s3_data_type: Literal["S3Prefix", "S3Object"] = field("Whether that is a prefix or one object.", "S3Prefix")
    compression_type: Literal["None", "Gzip"] = field("Whether it is packed.", "None")


class ModelDataSource(Part):
    """Where a model lies that is not packed."""

    s3_data_source: S3DataSource = field("Its place in S3.")


class ServerlessInferenceConfig(Part):
    """An endpoint without instances."""

    memory_size_in_mb: Annotated[int, Limits(ge=1024, le=6144)] = field("Memory: 1024, 2048 … 6144 MB.", 2048)
    max_concurrency: Annotated[int, Limits(ge=1, le=200)] = field("Requests at the same time, at most.", 5)
    provisioned_concurrency: Annotated[int, Limits(ge=1, le=200)] | None = field("Kept ready for requests.", None)


class RoutingConfig(Part):
    """How requests are spread over the instances."""

    routing_strategy: NonEmpty = field("`RANDOM` or `LEAST_OUTSTANDING_REQUESTS`.")


CaptureOption = Literal["REQUEST", "RESPONSE", "Input", "Output", "InputAndOutput"]
"""The SDK's names, or the API's."""


class DataCaptureConfig(Part):
    """Requests and answers that are kept in S3."""

    enable_capture: bool = field("Whether anything is kept.")
    sampling_percentage: Annotated[int, Limits(ge=0, le=100)] = field("How many of 100 requests are kept.", 20)
    destination_s3_uri: S3Uri | None = field("Where; a prefix of the default bucket when left out.", None)
    kms_key_id: KmsKey | None = field("Encrypts what is kept.", None)
    capture_options: Annotated[list[CaptureOption], Limits(min_length=1, max_length=32)] = field(
        "What is kept.", ["REQUEST", "RESPONSE"]
    )
    csv_content_types: Annotated[list[NonEmpty], Limits(min_length=1, max_length=10)] = field(
        "Content types that are CSV.", ["text/csv"]
    )
    json_content_types: Annotated[list[NonEmpty], Limits(min_length=1, max_length=10)] = field(
        "Content types that are JSON.", ["application/json"]
    )


class NotificationConfig(Part):
    """Who hears of asynchronous answers."""

    success_topic: NonEmpty | None = field("ARN of an SNS topic for successes.", None)
    error_topic: NonEmpty | None = field("ARN of an SNS topic for errors.", None)
    include_inference_response_in: list[Literal["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"]] | None = (
        field("Topics that get the answer, too.", None)
    )


class AsyncInferenceConfig(Part):
    """Requests are answered through S3."""

    output_path: S3Uri | None = field("Where answers go; a prefix of the default bucket when left out.", None)
    failure_path: S3Uri | None = field("Where failures go; a prefix of the default bucket when left out.", None)
    max_concurrent_invocations_per_instance: Annotated[int, Limits(ge=1, le=1000)] | None = field(
        "Requests that an instance handles at the same time.", None
    )
    kms_key_id: KmsKey | None = field("Encrypts the answers.", None)
    notification_config: NotificationConfig | None = field("SNS topics that are notified.", None)


class InferenceConfig(Part):
    """How Clarify reads requests and answers."""

    feature_headers: list[str] | None = field("Names of the features.", None)
    feature_types: list[Literal["numerical", "categorical", "text"]] | None = field("Their types.", None)
    features_attribute: str | None = field("JMESPath to the features.", None)
    probability_attribute: str | None = field("JMESPath to the probability.", None)
    probability_index: int | None = field("Column of the probability.", None)
    label_attribute: str | None = field("JMESPath to the label.", None)
    label_index: int | None = field("Column of the label.", None)
    label_headers: list[str] | None = field("Names of the labels.", None)
    max_payload_in_mb: int = field("Largest request to the model, in MB.", 6)
    max_record_count: int | None = field("Most records of one request.", None)
    content_template: str | None = field("Form of a JSON Lines record.", None)


class ShapBaselineConfig(Part):
    """What features are compared with."""

    mime_type: str = field("Content type of the baseline.", "text/csv")
    shap_baseline: str | None = field("The baseline itself.", None)
    shap_baseline_uri: S3Uri | None = field("Where the baseline lies.", None)


class TextConfig(Part):
    """How texts are cut into features."""

    language: NonEmpty = field("Language of the text features.")
    granularity: Literal["token", "sentence", "paragraph"] = field("Into what texts are cut.")


class ShapConfig(Part):
    """How SHAP values are computed."""

    shap_baseline_config: ShapBaselineConfig = field("What features are compared with.")
    number_of_samples: int | None = field("Samples of Kernel SHAP.", None)
    seed: int | None = field("Seed of the samples.", None)
    use_logit: bool = field("Whether the logit of the answers is explained.", False)
    text_config: TextConfig | None = field("How texts are cut into features.", None)


class ExplainerConfig(Part):
    """Explanations by SageMaker Clarify."""

    shap_config: ShapConfig = field("How SHAP values are computed.")
    enable_explanations: str | None = field("JMESPath that says which requests are explained.", None)
    inference_config: InferenceConfig | None = field("How requests and answers are read.", None)


class Share(Part):
    """A part of the instances."""

    type: Literal["INSTANCE_COUNT", "CAPACITY_PERCENT"] = field("Whether it is a number of instances or a percentage.")
    value: Count = field("How many instances, or how many percent of them.")


Pause = Annotated[int, Limits(ge=0, le=3600), Described("0 to 3,600 seconds", suggest=corrections.seconds)]
Longest = Annotated[int, Limits(ge=600, le=28_800), Described("600 to 28,800 seconds", suggest=corrections.seconds)]


class TrafficRoutingConfiguration(Part):
    """How requests move to the new instances."""

    type: Literal["ALL_AT_ONCE", "CANARY", "LINEAR"] = field("All at once, a part first, or step by step.")
    wait_interval_in_seconds: Pause = field("Seconds between two steps, in which the alarms are watched.")
    canary_size: Share | None = field("The part that moves first; for `CANARY`.", None)
    linear_step_size: Share | None = field("The part of each step; for `LINEAR`.", None)


class BlueGreenUpdatePolicy(Part):
    """A new set of instances beside the old one, which ends when the requests have moved."""

    traffic_routing_configuration: TrafficRoutingConfiguration = field("How requests move to the new instances.")
    termination_wait_in_seconds: Pause | None = field("Seconds that the old instances are kept afterwards.", None)
    maximum_execution_timeout_in_seconds: Longest | None = field("Seconds after which the update fails.", None)


class RollingUpdatePolicy(Part):
    """New instances replace old ones, a few at a time."""

    maximum_batch_size: Share = field("How many at a time.")
    wait_interval_in_seconds: Pause = field("Seconds between two batches, in which the alarms are watched.")
    maximum_execution_timeout_in_seconds: Longest | None = field("Seconds after which the update fails.", None)
    rollback_maximum_batch_size: Share | None = field("How many at a time when it is taken back.", None)


class Alarm(Part):
    """A CloudWatch alarm."""

    alarm_name: NonEmpty = field("Its name.")


class AutoRollbackConfiguration(Part):
    """When an update is taken back."""

    alarms: Annotated[list[Alarm], Limits(min_length=1, max_length=10)] = field("Any of these takes it back.")


class DeploymentConfig(Part):
    """How an update comes true. Left out: blue/green, all at once."""

    blue_green_update_policy: BlueGreenUpdatePolicy | None = field("A new set of instances beside the old one.", None)
    rolling_update_policy: RollingUpdatePolicy | None = field("A few instances at a time.", None)
    auto_rollback_configuration: AutoRollbackConfiguration | None = field("When an update is taken back.", None)


VariantName = Annotated[
    str,
    Limits(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$"),
    Described("a name of letters, digits and hyphens, at most 63 characters", "blue", "canary"),
]


class ManagedInstanceScaling(Part):
    """The service chooses the number of instances."""

    status: Literal["ENABLED", "DISABLED"] = field("Whether it does.", "ENABLED")
    min_instance_count: Annotated[int, Limits(ge=0)] | None = field("The fewest.", None)
    max_instance_count: Count | None = field("The most.", None)


class ProductionVariant(Part):
    """Instances that take a share of the requests. What it does not say, the endpoint's own fields say."""

    variant_name: VariantName = field("Its name.")
    model_name: VariantName | None = field("A model that is there already; the manifest's own when left out.", None)
    initial_variant_weight: Annotated[float, Limits(ge=0)] = field("Its share, beside those of the others.", 1)
    instance_type: HostingType | None = field("Type of its instances.", None)
    initial_instance_count: Count | None = field("How many instances.", None)
    serverless_config: ServerlessInferenceConfig | None = field("Serve without instances.", None)
    volume_size_in_gb: Annotated[int, Limits(ge=1, le=512), GIGABYTES] | None = field("Size of each volume.", None)
    model_data_download_timeout_in_seconds: TimeOut | None = field("Seconds in which the model must be there.", None)
    container_startup_health_check_timeout_in_seconds: TimeOut | None = field(
        "Seconds in which the container must answer.", None
    )
    routing_config: RoutingConfig | None = field("How requests are spread over its instances.", None)
    managed_instance_scaling: ManagedInstanceScaling | None = field("The service chooses the count.", None)
    inference_ami_version: NonEmpty | None = field("Version of the machine image of the instances.", None)


class Endpoint(Part):
    """What serves a trained model."""

    renamed: ClassVar[Mapping[str, str]] = RENAMED
    renaming: ClassVar[str] = "'{old}' is called '{new}' in an endpoint"
    other_names: ClassVar[str] = other_names.ENDPOINT
    other_kind: ClassVar[Callable[[str], str | None]] = staticmethod(lambda field: other_kind_with(field, "Endpoint"))

    apiVersion: Literal["sagespec/v1"] = field("Version of the manifest language.")  # noqa: N815
    kind: Literal["Endpoint"] = field("What this document describes.")

    name: JobName = field("The endpoint's name, which stays when its content changes.")
    tags: dict[str, Annotated[str, Before(whole_number_as_text)]] = field(
        "Tags of the endpoint, its configuration and its model.",
        {},
        hint="write a map, for example {team: vision}",
    )
    region: Region | None = field("AWS region; AWS_REGION when left out.", None)
    account_id: AccountId | None = field("Account of the default bucket; the role's when left out.", None)
    role: Role | None = field("IAM role that SageMaker assumes: an ARN, or a name in the same account.", None)

    training_job: JobName | None = field("Name of a TrainingJob manifest: its newest completed job is served.", None)
    model_data: SourceUri | ModelDataSource | None = field(
        "The model: s3://….tar.gz, where it lies unpacked in S3, or a local archive or folder, which `apply` uploads.",
        None,
    )

    framework: Literal["tensorflow"] = field("The framework of the container.", "tensorflow")
    framework_version: FrameworkVersion | None = field("TensorFlow version, always in quotes.", None)
    py_version: PyVersion | None = field("Python of the container; only for `endpoint_type: python`.", None)
    endpoint_type: Literal["tensorflow-serving", "python"] | None = field(
        "Which server: TensorFlow Serving, or SDK 1's Python-based one (1.4 to 1.12).", None
    )
    image_uri: ImageUri | None = field("An image to use instead of the one that the version names.", None)
    env: Annotated[dict[EnvironmentName, EnvValue], Limits(max_length=100)] = field(
        "Environment variables of the container.", {}
    )
    container_log_level: Annotated[int, Limits(ge=0, le=50)] | None = field(
        "Log level of the container: 10 debug, 20 info, 30 warning, 40 error, 50 critical.", None
    )

    entry_point: NonEmpty | None = field("Script that handles requests: inference.py, relative to `source_dir`.", None)
    source_dir: NonEmpty | None = field("Folder with that script, relative to the manifest's folder, or s3://….", None)
    dependencies: list[NonEmpty] = field("More folders or files to pack beside it.", [])
    code_location: S3Uri | None = field("Where the code is uploaded; the default bucket when left out.", None)
    requirements_file: str | None = field("pip requirements in `source_dir`; only for `endpoint_type: python`.", None)
    model_server_workers: Count | None = field("Workers of the server; only for `endpoint_type: python`.", None)
    model_kms_key: KmsKey | None = field("Encrypts the repacked model.", None)

    instance_type: HostingType | None = field("Type of the instances, or `local` for this machine.", None)
    initial_instance_count: Count | None = field("How many instances.", None)
    serverless_inference_config: ServerlessInferenceConfig | None = field("Serve without instances.", None)
    volume_size: Annotated[int, Limits(ge=1, le=512), GIGABYTES] | None = field(
        "Size of each instance's volume in GB.", None
    )
    model_data_download_timeout: TimeOut | None = field("Seconds in which the model must be there.", None)
    container_startup_health_check_timeout: TimeOut | None = field("Seconds in which the container must answer.", None)
    routing_config: RoutingConfig | None = field("How requests are spread over the instances.", None)
    inference_ami_version: NonEmpty | None = field("Version of the machine image of the instances.", None)

    production_variants: Annotated[list[ProductionVariant], Limits(min_length=1, max_length=10)] | None = field(
        "Several variants, in the place of one that is called AllTraffic.", None
    )
    shadow_production_variants: Annotated[list[ProductionVariant], Limits(min_length=1, max_length=1)] | None = field(
        "A variant that gets a copy of the requests, and whose answers nobody sees.", None
    )

    data_capture_config: DataCaptureConfig | None = field("Requests and answers that are kept in S3.", None)
    async_inference_config: AsyncInferenceConfig | None = field("Requests are answered through S3.", None)
    explainer_config: ExplainerConfig | None = field("Explanations by SageMaker Clarify.", None)

    subnets: Annotated[list[NetworkId], Limits(min_length=1, max_length=16)] | None = field(
        "Subnets of your VPC; together with `security_group_ids`.", None
    )
    security_group_ids: Annotated[list[NetworkId], Limits(min_length=1, max_length=5)] | None = field(
        "Security groups of your VPC; together with `subnets`.", None
    )
    enable_network_isolation: bool = field("No network for the container.", False)
    kms_key: KmsKey | None = field("Encrypts the volumes of the instances.", None)

    deployment_config: DeploymentConfig | None = field("How an update comes true.", None)
    on_change: Literal["update", "refuse"] = field("What a changed manifest does to an endpoint that serves.", "update")
    scaling: Literal["manifest", "external"] = field(
        "Who owns the number of instances: the manifest, or an autoscaler.", "manifest"
    )
    keep_previous: Annotated[int, Limits(ge=0, le=20)] = field(
        "How many earlier configurations are kept for going back.", 1
    )

    request: dict[
        Literal["create_model", "create_endpoint_config", "create_endpoint", "update_endpoint"], dict[str, JsonValue]
    ] = field("Merged last into the requests, in the API's own names.", {})

    @property
    def is_local(self) -> bool:
        return self.instance_type in ("local", "local_gpu")

    @property
    def types(self) -> list[str | None]:
        """The instance type of each variant; None for one without."""
        own = [*(self.production_variants or ()), *(self.shadow_production_variants or ())]
        given = [one.instance_type or (None if one.serverless_config else self.instance_type) for one in own]
        return given if self.production_variants else [self.instance_type, *given]

    @property
    def first_type(self) -> str | None:
        """The instance type that decides which image there is."""
        return self.types[0]

    @property
    def first_type_at(self) -> tuple[str | int, ...]:
        """Where that is written, or is missing."""
        first = (self.production_variants or (None,))[0]
        own = first is not None and first.instance_type is not None
        return ("production_variants", 0, "instance_type") if own else ("instance_type",)

    @property
    def server(self) -> Literal["tensorflow-serving", "python"]:
        """`endpoint_type`, or the one server that the version has: the Python-based one up to 1.10."""
        if self.endpoint_type is not None:
            return self.endpoint_type
        older = [f"1.{minor}" for minor in range(4, 11)]
        return "python" if ".".join((self.framework_version or "").split(".")[:2]) in older else "tensorflow-serving"
