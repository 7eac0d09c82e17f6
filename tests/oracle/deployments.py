"""Records what SageMaker Python SDK 2 sends when a TensorFlow model is deployed, or why it refuses.

    python deployments.py deployments.jsonl.gz

Run it where sagemaker 2.257.7 is installed (README.md beside this file). Nothing leaves the machine: the AWS session is
a stub, the model's archive is not repacked, and what the SDK hands to the three operations is the answer.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import record
from sagemaker.async_inference import AsyncInferenceConfig
from sagemaker.explainer import ExplainerConfig
from sagemaker.explainer.clarify_explainer_config import (
    ClarifyExplainerConfig,
    ClarifyInferenceConfig,
    ClarifyShapBaselineConfig,
    ClarifyShapConfig,
)
from sagemaker.image_uris import config_for_framework
from sagemaker.model_monitor import DataCaptureConfig
from sagemaker.serverless import ServerlessInferenceConfig
from sagemaker.tensorflow import TensorFlowModel

ACCOUNT = record.ACCOUNT
KEY = "11111111-2222-3333-4444-555555555555"
OPERATIONS = {"create_model": "CreateModel", "create_endpoint_config": "CreateEndpointConfig"}
TABLE = config_for_framework("tensorflow")["inference"]
PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-isob-": "aws-iso-b", "us-isof-": "aws-iso-f"}
PARTITIONS.update({"us-iso-": "aws-iso", "eu-isoe-": "aws-iso-e", "eusc-": "aws-eusc"})

# Drawing -------------------------------------------------------------------------------------------------------------


def samples() -> Iterator[tuple[str, dict]]:
    """Each with its name, whose middle says what was drawn. The same ones every time."""
    dice = random.Random("deployments")
    newer = [version for version in TABLE["versions"] if version not in ("1.4.1", "1.5.0", "1.6.0", "1.7.0", "1.8.0")]
    newer = [version for version in newer if version not in ("1.9.0", "1.10.0")]
    versions = [*newer, *(alias for alias in TABLE["version_aliases"] if alias not in OLDER)]
    for number, version in enumerate([*versions, *UNPUBLISHED]):
        yield f"version-{number}", manifest(dice, framework_version=version)
    for number, region in enumerate([*TABLE["versions"]["2.13.0"]["registries"], *UNSERVED]):
        yield f"region-{number}", manifest(dice, region=region, framework_version=dice.choice(["1.12", "2.3", "2.14"]))
        yield f"newest-{number}", manifest(dice, region=region, framework_version="2.19")
    for number, kind in enumerate(TYPES):
        yield f"instance-{number}", manifest(dice, instance_type=kind)
        yield f"graviton-{number}", manifest(dice, instance_type=kind, framework_version=dice.choice(GRAVITON))
    for name, values in FIELDS.items():
        for number, value in enumerate(values):
            yield f"{name}-{number}", manifest(dice, **{name: value})
    for number in range(150):
        drawn = {name: dice.choice(values) for name, values in FIELDS.items() if dice.random() < 0.2}
        yield f"mixed-{number}", manifest(dice, **drawn)
    for number, memory in enumerate((1024, 2048, 6144)):
        for most in (1, 200):
            given = {"memory_size_in_mb": memory, "max_concurrency": most}
            yield f"serverless-{number}-{most}", manifest(dice, serverless_inference_config=given)
    yield "serverless-default", manifest(dice, serverless_inference_config={})
    yield "serverless-ready", manifest(dice, serverless_inference_config={"provisioned_concurrency": 2})


OLDER = {"1.4", "1.5", "1.6", "1.7", "1.8", "1.9", "1.10"}
UNPUBLISHED = ["1.13.1", "2.5.0", "2.6.2", "2.7.1", "2.12.0", "2.16.2", "2.15", "2.17", "2.19.1", "2.20", "3.0"]
UNSERVED = ["eu-isoe-west-1", "eusc-de-east-1"]
GRAVITON = ["2.9.1", "2.12.1", "2.13", "2.16", "2.18", "2.19"]
TYPES = [
    *("ml.m5.xlarge", "ml.t2.medium", "ml.c5d.xlarge", "ml.g4dn.xlarge", "ml.g6e.xlarge", "ml.p2.xlarge"),
    *("ml.p3.2xlarge", "ml.p5.48xlarge", "ml.inf1.xlarge", "ml.inf2.xlarge", "ml.trn1.2xlarge", "ml.dl1.24xlarge"),
    *("ml.m6g.large", "ml.m6gd.large", "ml.c6gn.large", "ml.c7g.large", "ml.r6gd.large", "m5.xlarge", "xlarge"),
]
FIELDS: dict[str, list] = {
    "env": [
        {"A": "1"},
        {"SAGEMAKER_TFS_NGINX_LOGLEVEL": "debug", "EMPTY": ""},
        {"SAGEMAKER_TFS_ENABLE_BATCHING": "true", "SAGEMAKER_GUNICORN_WORKERS": "2", "NOTE": "ünïcode, two\nlines"},
    ],
    "container_log_level": [0, 10, 20, 30, 40, 50],
    "tags": [{"team": "vision"}, {"n": 7, "cost-center": "42"}],
    "kms_key": [KEY, "alias/my-key", f"arn:aws:kms:us-west-2:{ACCOUNT}:key/{KEY}"],
    "volume_size": [1, 30, 512],
    "model_data_download_timeout": [60, 3600],
    "container_startup_health_check_timeout": [60, 3600],
    "enable_network_isolation": [True, False],
    "vpc": [{"subnets": ["subnet-0a1b2c3d", "subnet-0e1f2a3b"], "security_group_ids": ["sg-0a1b2c3d"]}],
    "routing_config": [
        {"routing_strategy": name}
        for name in ("RANDOM", "random", "LEAST_OUTSTANDING_REQUESTS", "Least_Outstanding_Requests", "PREFIX_AWARE")
    ],
    "inference_ami_version": ["al2-ami-sagemaker-inference-gpu-2", "al2023-ami-sagemaker-inference-gpu-4-1"],
    "initial_instance_count": [1, 2, 100, 0, None],
    "image_uri": [f"{ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com/my-serving:1.0"],
    "model_data": [
        {"s3_data_source": {"s3_uri": "s3://models/m/", "s3_data_type": "S3Prefix", "compression_type": "None"}},
        {"s3_data_source": {"s3_uri": "s3://models/m.tgz", "s3_data_type": "S3Object", "compression_type": "Gzip"}},
    ],
    "code": [
        {"entry_point": "inference.py"},
        {"entry_point": "inference.py", "dependencies": ["libs/common"]},
        {"entry_point": "inference.py", "source_dir": "code"},
        {"entry_point": "inference.py", "source_dir": "code", "code_location": "s3://code/deep/er/"},
        {
            "entry_point": "inference.py",
            "source_dir": "s3://code/bundle/sourcedir.tar.gz",
            "code_location": "s3://code",
        },
        {"entry_point": "inference.py", "source_dir": "code", "model_kms_key": KEY},
    ],
    "data_capture_config": [
        {"enable_capture": True},
        {"enable_capture": False, "sampling_percentage": 0},
        {"enable_capture": True, "destination_s3_uri": "s3://capture/here", "kms_key_id": "alias/my-key"},
        {"enable_capture": True, "capture_options": ["RESPONSE"]},
        {"enable_capture": True, "capture_options": ["Input", "Output"]},
        {"enable_capture": True, "csv_content_types": ["text/csv", "application/csv"]},
        {"enable_capture": True, "json_content_types": ["application/jsonlines"], "sampling_percentage": 100},
    ],
    "async_inference_config": [
        {},
        {"output_path": "s3://async/out"},
        {"failure_path": "s3://async/failed", "kms_key_id": KEY},
        {"output_path": "s3://async/out", "max_concurrent_invocations_per_instance": 4},
        {"notification_config": {"success_topic": f"arn:aws:sns:us-west-2:{ACCOUNT}:ok"}},
        {
            "notification_config": {
                "success_topic": f"arn:aws:sns:us-west-2:{ACCOUNT}:ok",
                "error_topic": f"arn:aws:sns:us-west-2:{ACCOUNT}:bad",
                "include_inference_response_in": ["SUCCESS_NOTIFICATION_TOPIC"],
            }
        },
    ],
    "explainer_config": [
        {"shap_config": {"shap_baseline_config": {"shap_baseline": "1,2,3"}}},
        {
            "enable_explanations": "`true`",
            "inference_config": {"feature_headers": ["a", "b"], "max_record_count": 10, "probability_index": 0},
            "shap_config": {"shap_baseline_config": {"shap_baseline_uri": "s3://base/line.csv"}, "seed": 0},
        },
        {
            "inference_config": {
                "max_payload_in_mb": 1,
                "label_headers": ["x"],
                "content_template": '{"f": $features}',
            },
            "shap_config": {
                "shap_baseline_config": {"shap_baseline": "[1]", "mime_type": "application/jsonlines"},
                "use_logit": True,
                "number_of_samples": 10,
                "text_config": {"language": "en", "granularity": "token"},
            },
        },
    ],
}
"""Field → values that it may have; `vpc` and `code` are several fields."""


def manifest(dice: random.Random, **given: Any) -> dict:
    region = given.setdefault("region", dice.choice(["us-west-2", "eu-west-1", "ap-northeast-2"]))
    partition = next((name for start, name in PARTITIONS.items() if region.startswith(start)), "aws")
    for name in ("vpc", "code"):
        given.update(given.pop(name, {}))
    if "serverless_inference_config" not in given:
        given = {"instance_type": dice.choice(TYPES[:5]), "initial_instance_count": 1, **given}
    made = {
        "apiVersion": "sagespec/v1",
        "kind": "Endpoint",
        "name": "deployed",
        "endpoint_type": "tensorflow-serving",
        "framework_version": dice.choice(["1.12", "1.15.5", "2.0", "2.3.2", "2.8", "2.13.0"]),
        "model_data": "s3://models/mnist/model.tar.gz",
        "role": f"arn:{partition}:iam::{ACCOUNT}:role/SageMakerRole",
        **given,
    }
    if "image_uri" in given:
        del made["framework_version"]
    return {name: value for name, value in made.items() if value is not None}


# Recording -----------------------------------------------------------------------------------------------------------


def send(given: dict) -> dict:
    """The three requests that the SDK makes of a manifest."""
    session = record.session(given["region"])
    client = session.sagemaker_client
    client.describe_endpoint.return_value = {"EndpointStatus": "InService"}
    source = given["model_data"]
    if isinstance(source, dict):
        source = record.api(source)
    network = {"Subnets": given.get("subnets"), "SecurityGroupIds": given.get("security_group_ids")}
    with mock.patch("sagemaker.utils.repack_model", repack):
        model = TensorFlowModel(
            model_data=source,
            role=given["role"],
            vpc_config=network if network["Subnets"] else None,
            sagemaker_session=session,
            **only(given, *MODEL),
        )
        model.deploy(
            endpoint_name=given["name"],
            tags=record.tags({key: str(value) for key, value in given["tags"].items()}) if "tags" in given else None,
            wait=False,
            **only(given, *DEPLOY),
            **{name: make(given[name], session) for name, make in CONFIGS.items() if name in given},
            **({"routing_config": record.api(given["routing_config"])} if "routing_config" in given else {}),
        )
    sent = {operation: getattr(client, name).call_args[1] for name, operation in OPERATIONS.items()}
    return {**sent, "CreateEndpoint": client.create_endpoint.call_args[1]}


def repack(_script: Any, _folder: Any, _dependencies: Any, model_uri: Any, *_others: Any, **_named: Any) -> None:
    """The first thing that the SDK does there, and the one that fails where the model is not an archive."""
    model_uri.lower()


MODEL = ("entry_point", "source_dir", "dependencies", "framework_version", "image_uri", "env", "container_log_level")
MODEL = (*MODEL, "code_location", "enable_network_isolation", "model_kms_key")
DEPLOY = ("initial_instance_count", "instance_type", "kms_key", "volume_size", "model_data_download_timeout")
DEPLOY = (*DEPLOY, "container_startup_health_check_timeout", "inference_ami_version")


def only(given: dict, *names: str) -> dict:
    return {name: given[name] for name in names if name in given}


def asynchronous(given: dict, session: Any) -> AsyncInferenceConfig:
    topics = given.get("notification_config")
    if topics is not None:
        names = {"success_topic": "SuccessTopic", "error_topic": "ErrorTopic"}
        names["include_inference_response_in"] = "IncludeInferenceResponseIn"
        given = {**given, "notification_config": {names[name]: value for name, value in topics.items()}}
    return AsyncInferenceConfig(**given)


def explainer(given: dict, session: Any) -> ExplainerConfig:
    shap = dict(given["shap_config"])
    shap["shap_baseline_config"] = ClarifyShapBaselineConfig(**shap["shap_baseline_config"])
    if "text_config" in shap:
        from sagemaker.explainer.clarify_explainer_config import ClarifyTextConfig

        shap["text_config"] = ClarifyTextConfig(**shap["text_config"])
    reading = ClarifyInferenceConfig(**given["inference_config"]) if "inference_config" in given else None
    made = ClarifyExplainerConfig(
        shap_config=ClarifyShapConfig(**shap),
        enable_explanations=given.get("enable_explanations"),
        inference_config=reading,
    )
    return ExplainerConfig(clarify_explainer_config=made)


CONFIGS = {
    "serverless_inference_config": lambda given, session: ServerlessInferenceConfig(**given),
    "data_capture_config": lambda given, session: DataCaptureConfig(**given, sagemaker_session=session),
    "async_inference_config": asynchronous,
    "explainer_config": explainer,
}


def recorded() -> Iterator[dict]:
    for name, drawn in samples():
        copy = json.loads(json.dumps(drawn))  # the SDK changes what it is given
        try:
            yield {"id": name, "manifest": drawn, "requests": json.loads(json.dumps(send(copy)))}
        except Exception as error:
            yield {"id": name, "manifest": drawn, "error": f"{type(error).__name__}: {error}"[:300]}


def main() -> None:
    parser = argparse.ArgumentParser(description="Record what the SageMaker Python SDK sends to deploy sampled models.")
    parser.add_argument("file", type=Path, help="where the samples lie (.jsonl.gz)")
    file = parser.parse_args().file.resolve()
    record.silence()
    with record.workplace():
        Path("inference.py").write_text("def handler(data, context):\n    pass\n")
        Path("code", "inference.py").write_text("def handler(data, context):\n    pass\n")
        record.write(file, list(recorded()))


if __name__ == "__main__":
    main()
