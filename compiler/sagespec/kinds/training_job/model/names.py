"""Names of fields that several stages speak of."""

LEGACY_FIELDS = ("training_steps", "evaluation_steps", "checkpoint_path", "requirements_file")
"""Fields that only legacy mode reads."""

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
