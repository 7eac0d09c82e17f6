"""What the SageMaker Python SDK calls its classes and their arguments."""

from __future__ import annotations

from collections.abc import Mapping

_PROGRAM = ("entry_point", "framework_version", "py_version", "source_dir", "hyperparameters", "image_uri")
_INPUT = ("s3_data", "distribution", "compression", "content_type", "record_wrapping", "s3_data_type")
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "TrainingInput": (
        *_INPUT,
        *("instance_groups", "input_mode", "attribute_names", "target_attribute_name", "shuffle_config"),
    ),
    "s3_input": (*_INPUT, "input_mode", "attribute_names", "shuffle_config"),
    "FileSystemInput": (
        *("file_system_id", "file_system_type", "directory_path", "file_system_access_mode", "content_type"),
    ),
    "ShuffleConfig": ("seed",),
    "InstanceGroup": ("instance_group_name", "instance_type", "instance_count"),
    "TensorBoardOutputConfig": ("s3_output_path", "container_local_output_path"),
    "TrainingCompilerConfig": ("enabled", "debug"),
    "DebuggerHookConfig": ("s3_output_path", "container_local_output_path", "hook_parameters", "collection_configs"),
    "CollectionConfig": ("name", "parameters"),
    "ProfilerConfig": (
        *("s3_output_path", "system_monitor_interval_millis", "framework_profile_params", "disable_profiler"),
    ),
    "FrameworkProfile": ("local_path", "file_max_size", "file_close_interval", "file_open_fail_threshold"),
    "Session": ("boto_session",),
    "LocalSession": ("boto_session",),
    "PipelineSession": ("boto_session",),
    "TensorFlow": (),
    "PyTorch": _PROGRAM,
    "HuggingFace": ("py_version", "entry_point", "transformers_version", "tensorflow_version", "pytorch_version"),
    "SKLearn": _PROGRAM,
    "XGBoost": ("entry_point", "framework_version", "source_dir", "hyperparameters", "py_version", "image_uri"),
    "MXNet": _PROGRAM,
    "Chainer": ("entry_point",),
    "Estimator": ("image_uri", "role", "instance_count", "instance_type"),
    "TensorFlowModel": (
        *("model_data", "role", "entry_point", "image_uri", "framework_version", "container_log_level"),
        "predictor_cls",
    ),
    "TensorFlowServingModel": (
        *("model_data", "role", "entry_point", "image_uri", "framework_version", "container_log_level"),
        "predictor_cls",
    ),
    "DataCaptureConfig": (
        *("enable_capture", "sampling_percentage", "destination_s3_uri", "kms_key_id", "capture_options"),
        *("csv_content_types", "json_content_types"),
    ),
    "AsyncInferenceConfig": (
        *("output_path", "max_concurrent_invocations_per_instance", "kms_key_id", "notification_config"),
        "failure_path",
    ),
    "ServerlessInferenceConfig": ("memory_size_in_mb", "max_concurrency", "provisioned_concurrency"),
    "HyperparameterTuner": (
        *("estimator", "objective_metric_name", "hyperparameter_ranges", "metric_definitions", "strategy"),
        *("objective_type", "max_jobs", "max_parallel_jobs"),
    ),
    "ModelTrainer": (
        *("training_mode", "sagemaker_session", "role", "base_job_name", "source_code", "distributed", "compute"),
        *("networking", "stopping_condition", "training_image", "training_image_config", "algorithm_name"),
        *("output_data_config", "input_data_config"),
    ),
    "SourceCode": ("source_dir", "requirements", "entry_script", "command", "ignore_patterns"),
    "Compute": (),
    "Networking": (),
    "StoppingCondition": ("max_runtime_in_seconds", "max_pending_time_in_seconds", "max_wait_time_in_seconds"),
    "OutputDataConfig": (),
    "CheckpointConfig": ("s3_uri", "local_path"),
    "InputData": ("channel_name", "data_source", "content_type"),
    "Channel": ("channel_name", "data_source"),
    "DataSource": (),
    "S3DataSource": (),
    "FileSystemDataSource": (),
    "Torchrun": (),
    "MPI": (),
    "Tag": ("key", "value"),
    "MetricDefinition": ("name", "regex"),
    "TrainingImageConfig": (),
    "TrainingRepositoryAuthConfig": (),
    "RemoteDebugConfig": ("enable_remote_debug",),
    "RetryStrategy": ("maximum_retry_attempts",),
    "InfraCheckConfig": ("enable_infra_check",),
    "SessionChainingConfig": ("enable_session_tag_chaining",),
}
"""Classes of the SDK → the order of their arguments. Source: sagemaker 1.72.1, 2.257.7 and 3.0."""
ESTIMATORS = frozenset({"TensorFlow", "PyTorch", "HuggingFace", "SKLearn", "XGBoost", "MXNet", "Chainer", "Estimator"})
"""Those of them that start training jobs; other packages have classes of the same names."""
LAUNCHERS = ESTIMATORS | {"ModelTrainer"}
"""Those whose objects a training job is made of."""
MODELS = frozenset({"TensorFlowModel", "TensorFlowServingModel"})
"""Classes of the SDK that an endpoint is made of."""
SERVING_MODEL = "sagemaker.tensorflow.serving.Model"
"""What SDK 1 calls the model that TensorFlow Serving serves."""
OTHER_MODELS = frozenset(
    {
        *("PyTorchModel", "MXNetModel", "SKLearnModel", "XGBoostModel", "HuggingFaceModel", "ChainerModel"),
        *("MultiDataModel", "PipelineModel", "ModelPackage", "JumpStartModel", "DJLModel", "FrameworkModel"),
        *("SparkMLModel", "KMeansModel", "PCAModel", "LDAModel", "LinearLearnerModel", "FactorizationMachinesModel"),
        *("NTMModel", "RandomCutForestModel", "KNNModel", "Object2VecModel", "IPInsightsModel", "ModelBuilder"),
    }
)
"""Classes of the SDK that serve with containers for which a manifest has no words."""
DEPLOY = (
    *("initial_instance_count", "instance_type", "serializer", "deserializer", "accelerator_type", "endpoint_name"),
    *("tags", "kms_key", "wait", "data_capture_config"),
)
CREATE_MODEL = ("role", "vpc_config_override", "entry_point", "source_dir", "dependencies")
WITHOUT_FORM = frozenset(
    {
        *("KMeans", "PCA", "LDA", "LinearLearner", "FactorizationMachines", "NTM", "RandomCutForest", "KNN"),
        *("Object2Vec", "IPInsights", "RLEstimator", "AlgorithmEstimator", "JumpStartEstimator", "AutoML", "AutoMLV2"),
        *("SFTTrainer", "DPOTrainer", "RLAIFTrainer", "RLVRTrainer"),
    }
)
"""Classes of the SDK that start training jobs for which a manifest has no words."""
SPECIFIC = frozenset({"Channel", "Tag", "DataSource", "Compute", "Networking", "MPI", "Session"})
"""Names that other libraries use too: taken for the SDK's only by their imports."""
UPLOAD_DATA = ("path", "bucket", "key_prefix", "extra_args")
FIT = ("inputs", "wait", "logs", "job_name", "experiment_config")
TRAIN = ("input_data_config", "wait", "logs", "dry_run")
RETRIEVE = (
    *("framework", "region", "version", "py_version", "instance_type", "accelerator_type", "image_scope"),
    *("container_version", "distribution", "base_framework_version"),
)
GET_IMAGE_URI = ("region", "framework", "version")
REGION_NAMES = ("region_name", "boto_region_name")

DEBUGGER_ACCOUNTS: Mapping[str, str] = {
    "af-south-1": "314341159256",
    "ap-east-1": "199566480951",
    "ap-northeast-1": "430734990657",
    "ap-northeast-2": "578805364391",
    "ap-northeast-3": "479947661362",
    "ap-south-1": "904829902805",
    "ap-southeast-1": "972752614525",
    "ap-southeast-2": "184798709955",
    "ca-central-1": "519511493484",
    "cn-north-1": "618459771430",
    "cn-northwest-1": "658757709296",
    "eu-central-1": "482524230118",
    "eu-north-1": "314864569078",
    "eu-south-1": "563282790590",
    "eu-west-1": "929884845733",
    "eu-west-2": "250201462417",
    "eu-west-3": "447278800020",
    "me-south-1": "986000313247",
    "sa-east-1": "818342061345",
    "us-east-1": "503895931360",
    "us-east-2": "915447279597",
    "us-gov-west-1": "515509971035",
    "us-west-1": "685455198987",
    "us-west-2": "895741380848",
}
"""Region → the account whose registry has Debugger's own rules.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-reference.html
"""

FOREIGN = frozenset(
    {
        *("sklearn", "keras", "tensorflow", "tf", "torch", "xgboost", "lightgbm", "catboost"),
        *("statsmodels", "scipy", "numpy", "np", "pandas", "pd", "gensim", "spacy", "transformers"),
        *("mxnet", "fastai", "umap", "prophet", "pyspark", "shap", "autogluon", "imblearn"),
        *("category_encoders", "nltk"),
    }
)
"""Libraries with a `fit` of their own."""
HARMLESS = frozenset(
    {
        *("print", "len", "str", "repr", "type", "isinstance", "hasattr", "id", "sorted", "list"),
        *("dict", "json", "logging", "logger", "log", "pprint", "pp", "display", "time", "os", "sys"),
        *("warnings", "sagemaker", "boto3", "open", "datetime", "random", "math", "re", "uuid"),
        *("pathlib",),
    }
)
"""Functions and modules that change nothing of what they are given."""
NOT_OF_FIT = frozenset(
    {
        *("epochs", "batch_size", "validation_data", "validation_split", "eval_set", "sample_weight"),
        *("callbacks", "verbose", "x", "y", "X", "steps_per_epoch"),
    }
)
"""Arguments that no `fit` of the SDK's has."""


def is_ours(name: str) -> bool:
    """Whether a class that is called like one of the SDK's is the SDK's."""
    top, dot, _ = name.partition(".")
    return top == "sagemaker" or name.startswith("boto3.") or (not dot and name not in SPECIFIC)
