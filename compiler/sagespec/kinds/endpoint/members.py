"""Which members of the three requests each field of an endpoint sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SECTIONS = {
    "create_model": "CreateModel",
    "create_endpoint_config": "CreateEndpointConfig",
    "create_endpoint": "CreateEndpoint",
    "update_endpoint": "UpdateEndpoint",
}
"""A section of `request:` → the operation whose body it is laid over."""

VARIANT = "AllTraffic"
"""What the one variant is called that the endpoint's own fields describe, as in the SDK."""

_CONTAINER = "CreateModel.PrimaryContainer."
_VARIANT = "CreateEndpointConfig.ProductionVariants."

MEMBERS: Mapping[str, Sequence[str]] = {
    "name": ["CreateEndpoint.EndpointName", "CreateModel.ModelName", "CreateEndpointConfig.EndpointConfigName"],
    "tags": ["CreateEndpoint.Tags", "CreateModel.Tags", "CreateEndpointConfig.Tags"],
    "region": [_CONTAINER + "Image"],
    "role": ["CreateModel.ExecutionRoleArn"],
    "training_job": [_CONTAINER + "ModelDataUrl"],
    "model_data": [_CONTAINER + "ModelDataUrl", _CONTAINER + "ModelDataSource"],
    "framework_version": [_CONTAINER + "Image"],
    "py_version": [_CONTAINER + "Image"],
    "endpoint_type": [_CONTAINER + "Image"],
    "image_uri": [_CONTAINER + "Image"],
    "env": [_CONTAINER + "Environment"],
    "container_log_level": [_CONTAINER + "Environment.SAGEMAKER_TFS_NGINX_LOGLEVEL"],
    "entry_point": [_CONTAINER + "ModelDataUrl", _CONTAINER + "Environment.SAGEMAKER_PROGRAM"],
    "source_dir": [_CONTAINER + "ModelDataUrl", _CONTAINER + "Environment.SAGEMAKER_SUBMIT_DIRECTORY"],
    "dependencies": [_CONTAINER + "ModelDataUrl"],
    "code_location": [_CONTAINER + "ModelDataUrl"],
    "requirements_file": [_CONTAINER + "Environment.SAGEMAKER_REQUIREMENTS"],
    "model_server_workers": [_CONTAINER + "Environment.SAGEMAKER_MODEL_SERVER_WORKERS"],
    "instance_type": [_VARIANT + "InstanceType", _CONTAINER + "Image"],
    "initial_instance_count": [_VARIANT + "InitialInstanceCount"],
    "serverless_inference_config": [_VARIANT + "ServerlessConfig"],
    "volume_size": [_VARIANT + "VolumeSizeInGB"],
    "model_data_download_timeout": [_VARIANT + "ModelDataDownloadTimeoutInSeconds"],
    "container_startup_health_check_timeout": [_VARIANT + "ContainerStartupHealthCheckTimeoutInSeconds"],
    "routing_config": [_VARIANT + "RoutingConfig"],
    "inference_ami_version": [_VARIANT + "InferenceAmiVersion"],
    "production_variants": ["CreateEndpointConfig.ProductionVariants"],
    "shadow_production_variants": ["CreateEndpointConfig.ShadowProductionVariants"],
    "data_capture_config": ["CreateEndpointConfig.DataCaptureConfig"],
    "async_inference_config": ["CreateEndpointConfig.AsyncInferenceConfig"],
    "explainer_config": ["CreateEndpointConfig.ExplainerConfig"],
    "subnets": ["CreateModel.VpcConfig.Subnets"],
    "security_group_ids": ["CreateModel.VpcConfig.SecurityGroupIds"],
    "enable_network_isolation": ["CreateModel.EnableNetworkIsolation"],
    "kms_key": ["CreateEndpointConfig.KmsKeyId"],
    "deployment_config": ["CreateEndpoint.DeploymentConfig", "UpdateEndpoint.DeploymentConfig"],
}
"""The first member is the one that the field is for."""

ELSEWHERE: Mapping[str, str] = {
    "apiVersion": "the manifest language: nothing is sent",
    "kind": "the manifest language: nothing is sent",
    "account_id": "a part of the default bucket's name, and of a role that is not an ARN",
    "framework": "chooses the image and the container's contract",
    "model_kms_key": "encrypts the repacked model when it is uploaded",
    "on_change": "what becomes of an endpoint that serves when its manifest has changed",
    "scaling": "who owns counts and weights: with `external`, they are never compared nor set again",
    "keep_previous": "how many earlier configurations and their models are kept",
    "request": "merged last into the requests, member by member; a variant goes on from the one of its name",
}
"""Fields that set no member of their own."""
