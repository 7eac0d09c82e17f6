"""What the SageMaker Python SDK calls its classes and their arguments."""

from __future__ import annotations

from collections.abc import Mapping

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "TrainingInput": (
        "s3_data",
        "distribution",
        "compression",
        "content_type",
        "record_wrapping",
        "s3_data_type",
        "instance_groups",
        "input_mode",
        "attribute_names",
        "target_attribute_name",
        "shuffle_config",
    ),
    "s3_input": (
        "s3_data",
        "distribution",
        "compression",
        "content_type",
        "record_wrapping",
        "s3_data_type",
        "input_mode",
        "attribute_names",
        "shuffle_config",
    ),
    "FileSystemInput": (
        "file_system_id",
        "file_system_type",
        "directory_path",
        "file_system_access_mode",
        "content_type",
    ),
    "ShuffleConfig": ("seed",),
    "InstanceGroup": ("instance_group_name", "instance_type", "instance_count"),
    "TensorBoardOutputConfig": ("s3_output_path", "container_local_output_path"),
    "TrainingCompilerConfig": ("enabled", "debug"),
    "DebuggerHookConfig": ("s3_output_path", "container_local_output_path", "hook_parameters", "collection_configs"),
    "CollectionConfig": ("name", "parameters"),
    "Session": ("boto_session",),
    "TensorFlow": (),
    "PyTorch": ("entry_point", "framework_version", "py_version", "source_dir", "hyperparameters", "image_uri"),
    "HuggingFace": ("py_version", "entry_point", "transformers_version", "tensorflow_version", "pytorch_version"),
    "SKLearn": ("entry_point", "framework_version", "py_version", "source_dir", "hyperparameters", "image_uri"),
    "XGBoost": ("entry_point", "framework_version", "source_dir", "hyperparameters", "py_version", "image_uri"),
    "MXNet": ("entry_point", "framework_version", "py_version", "source_dir", "hyperparameters", "image_uri"),
    "Chainer": ("entry_point",),
    "Estimator": ("image_uri", "role", "instance_count", "instance_type"),
}
"""Classes of the SDK → the order of their arguments. Source: sagemaker 1.72.1 and 2.257.7."""
ESTIMATORS = frozenset({"TensorFlow", "PyTorch", "HuggingFace", "SKLearn", "XGBoost", "MXNet", "Chainer", "Estimator"})
"""Those of them that start training jobs; other packages have classes of the same names."""
UPLOAD_DATA = ("path", "bucket", "key_prefix", "extra_args")
FIT = ("inputs", "wait", "logs", "job_name", "experiment_config")


def is_ours(name: str) -> bool:
    """Whether a class called like an estimator is the SDK's."""
    return name in ESTIMATORS or name.startswith("sagemaker.")
