"""Which members of CreateTrainingJob each field of a manifest sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_HYPERPARAMETER = "HyperParameters."

MEMBERS: Mapping[str, Sequence[str]] = {
    "name": ["TrainingJobName", _HYPERPARAMETER + "sagemaker_job_name"],
    "tags": ["Tags"],
    "region": [_HYPERPARAMETER + "sagemaker_region", "AlgorithmSpecification.TrainingImage"],
    "role": ["RoleArn"],
    "entry_point": [_HYPERPARAMETER + "sagemaker_program"],
    "source_dir": [_HYPERPARAMETER + "sagemaker_submit_directory"],
    "dependencies": [_HYPERPARAMETER + "sagemaker_submit_directory"],
    "code_location": [_HYPERPARAMETER + "sagemaker_submit_directory"],
    "container_log_level": [_HYPERPARAMETER + "sagemaker_container_log_level"],
    "container_entry_point": ["AlgorithmSpecification.ContainerEntrypoint"],
    "container_arguments": ["AlgorithmSpecification.ContainerArguments"],
    "image_uri": ["AlgorithmSpecification.TrainingImage"],
    "framework_version": [
        "AlgorithmSpecification.TrainingImage",
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries",
    ],
    "transformers_version": ["AlgorithmSpecification.TrainingImage"],
    "pytorch_version": ["AlgorithmSpecification.TrainingImage"],
    "tensorflow_version": ["AlgorithmSpecification.TrainingImage"],
    "py_version": ["AlgorithmSpecification.TrainingImage"],
    "script_mode": ["AlgorithmSpecification.TrainingImage", "HyperParameters"],
    "training_steps": [_HYPERPARAMETER + "training_steps"],
    "evaluation_steps": [_HYPERPARAMETER + "evaluation_steps"],
    "checkpoint_path": [_HYPERPARAMETER + "checkpoint_path"],
    "requirements_file": [_HYPERPARAMETER + "sagemaker_requirements"],
    "instance_type": ["ResourceConfig.InstanceType", "AlgorithmSpecification.TrainingImage"],
    "instance_count": ["ResourceConfig.InstanceCount"],
    "instance_groups": ["ResourceConfig.InstanceGroups", "AlgorithmSpecification.TrainingImage"],
    "volume_size": ["ResourceConfig.VolumeSizeInGB"],
    "volume_kms_key": ["ResourceConfig.VolumeKmsKeyId"],
    "max_run": ["StoppingCondition.MaxRuntimeInSeconds"],
    "use_spot_instances": ["EnableManagedSpotTraining"],
    "max_wait": ["StoppingCondition.MaxWaitTimeInSeconds"],
    "keep_alive_period_in_seconds": ["ResourceConfig.KeepAlivePeriodInSeconds"],
    "max_retry_attempts": ["RetryStrategy.MaximumRetryAttempts"],
    "training_plan": ["ResourceConfig.TrainingPlanArn"],
    "instance_placement_config": ["ResourceConfig.InstancePlacementConfig"],
    "distribution": ["HyperParameters"],
    "compiler_config": [
        _HYPERPARAMETER + "sagemaker_training_compiler_enabled",
        _HYPERPARAMETER + "sagemaker_training_compiler_debug_mode",
    ],
    "channels": ["InputDataConfig"],
    "input_mode": ["AlgorithmSpecification.TrainingInputMode"],
    "output_path": ["OutputDataConfig.S3OutputPath"],
    "output_kms_key": ["OutputDataConfig.KmsKeyId"],
    "disable_output_compression": ["OutputDataConfig.CompressionType"],
    "model_dir": [_HYPERPARAMETER + "model_dir"],
    "checkpoint_s3_uri": ["CheckpointConfig.S3Uri"],
    "checkpoint_local_path": ["CheckpointConfig.LocalPath"],
    "hyperparameters": ["HyperParameters"],
    "environment": ["Environment"],
    "metric_definitions": ["AlgorithmSpecification.MetricDefinitions"],
    "enable_sagemaker_metrics": ["AlgorithmSpecification.EnableSageMakerMetricsTimeSeries"],
    "subnets": ["VpcConfig.Subnets"],
    "security_group_ids": ["VpcConfig.SecurityGroupIds"],
    "encrypt_inter_container_traffic": ["EnableInterContainerTrafficEncryption"],
    "enable_network_isolation": ["EnableNetworkIsolation", _HYPERPARAMETER + "sagemaker_submit_directory"],
    "training_repository_access_mode": ["AlgorithmSpecification.TrainingImageConfig.TrainingRepositoryAccessMode"],
    "training_repository_credentials_provider_arn": [
        "AlgorithmSpecification.TrainingImageConfig.TrainingRepositoryAuthConfig"
    ],
    "debugger_hook_config": ["DebugHookConfig"],
    "rules": ["DebugRuleConfigurations"],
    "profiler_rules": ["ProfilerRuleConfigurations"],
    "profiler_config": ["ProfilerConfig"],
    "disable_profiler": ["ProfilerConfig.DisableProfiler"],
    "tensorboard_output_config": ["TensorBoardOutputConfig"],
    "experiment_config": ["ExperimentConfig"],
    "mlflow_config": ["MlflowConfig"],
    "enable_remote_debug": ["RemoteDebugConfig.EnableRemoteDebug"],
    "enable_infra_check": ["InfraCheckConfig.EnableInfraCheck"],
    "enable_session_tag_chaining": ["SessionChainingConfig.EnableSessionTagChaining"],
}
"""The first member is the one that the field is for."""

HOLDERS: Mapping[str, str] = {field: members[0].partition(".")[0] for field, members in MEMBERS.items()}
"""Field → the outermost member that holds the one that it is for."""

ELSEWHERE: Mapping[str, str] = {
    "apiVersion": "the manifest language: nothing is sent",
    "kind": "the manifest language: nothing is sent",
    "account_id": "a part of the default bucket's name, and of a role that is not an ARN",
    "framework": "chooses the image and the container's contract",
    "on_change": "what apply does when the job runs and the manifest has changed",
    "on_failure": "when apply tries a failed job again",
    "request": "merged last into the request, member by member",
}
"""Fields that set no member of their own."""


def field_of(member: Sequence[str | int]) -> str | None:
    """The field that a member of the request is set by: the one with the longest fitting path.

    Hyperparameters that no field sets are the author's own.
    """
    names = [str(step) for step in member]
    for length in range(len(names), 0, -1):
        path = ".".join(names[:length])
        if path == "HyperParameters":
            return "hyperparameters"
        found = next((field for field, members in MEMBERS.items() if members[0] == path), None)
        if found is not None:
            return found
    return None
