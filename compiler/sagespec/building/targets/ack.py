"""The TrainingJob resource of the AWS Controllers for Kubernetes: the request in Kubernetes' spelling.

Source: https://github.com/aws-controllers-k8s/sagemaker-controller/blob/4b43f55829bb43dad3b55de89d15169cdbfc1604/helm/crds/sagemaker.services.k8s.aws_trainingjobs.yaml
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.building.request import Request

Path = tuple[str | int, ...]

_RULES = dict.fromkeys(
    (
        "InstanceType",
        "LocalPath",
        "RuleConfigurationName",
        "RuleEvaluatorImage",
        "RuleParameters",
        "S3OutputPath",
        "VolumeSizeInGB",
    )
)
SPEC: Mapping[str, Any] = {
    "AlgorithmSpecification": {
        "AlgorithmName": None,
        "EnableSageMakerMetricsTimeSeries": None,
        "MetricDefinitions": {"Name": None, "Regex": None},
        "TrainingImage": None,
        "TrainingInputMode": None,
    },
    "CheckpointConfig": {"LocalPath": None, "S3Uri": None},
    "DebugHookConfig": {
        "CollectionConfigurations": {"CollectionName": None, "CollectionParameters": None},
        "HookParameters": None,
        "LocalPath": None,
        "S3OutputPath": None,
    },
    "DebugRuleConfigurations": _RULES,
    "EnableInterContainerTrafficEncryption": None,
    "EnableManagedSpotTraining": None,
    "EnableNetworkIsolation": None,
    "Environment": None,
    "ExperimentConfig": {"ExperimentName": None, "TrialComponentDisplayName": None, "TrialName": None},
    "HyperParameters": None,
    "InfraCheckConfig": {"EnableInfraCheck": None},
    "InputDataConfig": {
        "ChannelName": None,
        "CompressionType": None,
        "ContentType": None,
        "DataSource": {
            "FileSystemDataSource": {
                "DirectoryPath": None,
                "FileSystemAccessMode": None,
                "FileSystemId": None,
                "FileSystemType": None,
            },
            "S3DataSource": {
                "AttributeNames": None,
                "HubAccessConfig": {"HubContentArn": None},
                "InstanceGroupNames": None,
                "ModelAccessConfig": {"AcceptEula": None},
                "S3DataDistributionType": None,
                "S3DataType": None,
                "S3Uri": None,
            },
        },
        "InputMode": None,
        "RecordWrapperType": None,
        "ShuffleConfig": {"Seed": None},
    },
    "OutputDataConfig": {"CompressionType": None, "KmsKeyId": None, "S3OutputPath": None},
    "ProfilerConfig": {"ProfilingIntervalInMilliseconds": None, "ProfilingParameters": None, "S3OutputPath": None},
    "ProfilerRuleConfigurations": _RULES,
    "RemoteDebugConfig": {"EnableRemoteDebug": None},
    "ResourceConfig": {
        "InstanceCount": None,
        "InstanceGroups": {"InstanceCount": None, "InstanceGroupName": None, "InstanceType": None},
        "InstancePlacementConfig": {
            "EnableMultipleJobs": None,
            "PlacementSpecifications": {"InstanceCount": None, "UltraServerId": None},
        },
        "InstanceType": None,
        "KeepAlivePeriodInSeconds": None,
        "VolumeKmsKeyId": None,
        "VolumeSizeInGB": None,
    },
    "RetryStrategy": {"MaximumRetryAttempts": None},
    "RoleArn": None,
    "StoppingCondition": {
        "MaxPendingTimeInSeconds": None,
        "MaxRuntimeInSeconds": None,
        "MaxWaitTimeInSeconds": None,
    },
    "Tags": {"Key": None, "Value": None},
    "TensorBoardOutputConfig": {"LocalPath": None, "S3OutputPath": None},
    "TrainingJobName": None,
    "VpcConfig": {"SecurityGroupIds": None, "Subnets": None},
}
"""What of a request the resource has, lists without their brackets. None: a value, or a map with keys of its own."""

_ACRONYMS = {"Arn": "ARN", "Id": "ID", "Ids": "IDs", "Kms": "KMS", "Uri": "URI"}


def resource(request: Request) -> dict[str, Any]:
    """The resource of a job's first attempt. Its name is the training job's, in the letters that Kubernetes allows."""
    return {
        "apiVersion": "sagemaker.services.k8s.aws/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {
            "name": request.job_name().lower(),
            "annotations": {"services.k8s.aws/region": request.site.region},
        },
        "spec": _spelled(request.body(), SPEC),
    }


def refused(body: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """(path, what is wrong) of every member that the resource has no place for."""
    for path in _unknown(body, SPEC, ()):
        yield path, "has no place in the TrainingJob resource of the AWS controller"


def name_of(member: str) -> str:
    """A member of the API as the controller spells it: `VolumeKmsKeyId` → `volumeKMSKeyID`."""
    first, *rest = (str(word) for word in re.findall(r"[A-Z0-9]+(?![a-z])|[A-Z][a-z0-9]*", member))
    return first.lower() + "".join(_ACRONYMS.get(word, word) for word in rest)


def _spelled(value: Any, known: Mapping[str, Any] | None) -> Any:
    if known is None:
        return value
    if isinstance(value, list):
        return [_spelled(item, known) for item in value]
    return {name_of(name): _spelled(item, known[name]) for name, item in value.items()}


def _unknown(value: Any, known: Mapping[str, Any] | None, path: Path) -> Iterator[Path]:
    if known is None:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, known, (*path, index))
        return
    for name, item in value.items():
        if name in known:
            yield from _unknown(item, known[name], (*path, name))
        else:
            yield (*path, name)
