"""Records what SageMaker Python SDK 1 sends when a TensorFlow model is deployed, or why it refuses it.

    python deployments_1.py deployments_1.jsonl.gz

Run it where sagemaker 1.16.3 is installed (README.md beside this file), on Python 3.7. As in deployments.py, nothing
leaves the machine. An endpoint of the Python-based server that has code in S3 is what a trained estimator deploys.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import draw
import record
from botocore.exceptions import ClientError

PYTHON_BASED = [*draw.LEGACY_ONLY, *draw.BOTH, *draw.SHORT]
SERVING = [*draw.BOTH, "1.11", "1.12"]
TYPES = draw.words("ml.m4.xlarge ml.t2.medium ml.m5.large ml.p2.xlarge ml.c4.xlarge ml.c5.large ml.p3.2xlarge")
ENVIRONMENTS = [{"A": "1"}, {"EMPTY": "", "NOTE": "ünïcode, two\nlines"}, {"SAGEMAKER_TFS_NGINX_LOGLEVEL": "warn"}]

# Drawing -------------------------------------------------------------------------------------------------------------


def samples() -> Iterator[tuple]:
    """(name, manifest); the same ones every time."""
    dice = Random("deployments of SDK 1")
    for number, version in enumerate(PYTHON_BASED * 9):
        yield f"python-{number}", {**common(dice, "python", version), **python_based(dice)}
    for number, version in enumerate(SERVING * 12):
        yield f"serving-{number}", common(dice, "tensorflow-serving", version)


def common(dice: Random, server: str, version: str) -> dict:
    region = dice.choice(draw.CLASSIC)
    made: dict = {
        "apiVersion": "sagespec/v1",
        "kind": "Endpoint",
        "name": "deployed",
        "endpoint_type": server,
        "framework_version": version,
        "region": region,
        "role": f"arn:{draw.partition(region)}:iam::{draw.ACCOUNT}:role/SageMakerRole",
        "model_data": "s3://models/mnist/model.tar.gz",
        "instance_type": dice.choice(TYPES) if dice.random() < 0.95 else dice.choice(["m5.large", "large"]),
        "initial_instance_count": dice.choice([1, 2, 3]),
    }
    if dice.random() < 0.6:
        made["container_log_level"] = dice.choice([10, 20, 30, 40, 50])
    if dice.random() < 0.25:
        made.update(subnets=["subnet-0a1b2c3d", "subnet-0e1f2a3b"], security_group_ids=["sg-0a1b2c3d"])
    if dice.random() < 0.3:
        made["env"] = dice.choice(ENVIRONMENTS)
    if dice.random() < 0.2:
        made["tags"] = {"team": "vision"}
    if dice.random() < 0.06:
        made["image_uri"] = f"{draw.ACCOUNT}.dkr.ecr.{region}.amazonaws.com/my-serving:1.0"
    return made


def python_based(dice: Random) -> dict:
    made: dict = {"py_version": "py2"}
    if dice.random() < 0.4:
        made.update(entry_point="train.py", source_dir="s3://code/mnist-1/source/sourcedir.tar.gz")
        made["requirements_file"] = dice.choice(["", "requirements.txt"])
    else:
        made["entry_point"] = "inference.py"
        if dice.random() < 0.6:
            made["source_dir"] = dice.choice(["code", "code/", "./code"])
        if dice.random() < 0.3:
            made["dependencies"] = dice.choice([["libs/common"], ["libs"], []])
        if dice.random() < 0.5:
            made["code_location"] = dice.choice(["s3://code", "s3://code/", "s3://code/prefix", "s3://code/deep/er/"])
    if dice.random() < 0.4:
        made["model_server_workers"] = dice.choice([1, 2, 4])
    return made


# Recording -----------------------------------------------------------------------------------------------------------


def send(given: dict) -> dict:
    """The three requests that the SDK makes of a manifest."""
    session = record.session(given["region"])
    client = session.sagemaker_client
    missing = {"Error": {"Code": "ValidationException", "Message": "Could not find it"}}
    client.describe_endpoint_config.side_effect = ClientError(missing, "DescribeEndpointConfig")
    client.describe_endpoint.return_value = {"EndpointStatus": "InService"}
    tags = record.tags(given["tags"]) if "tags" in given else None
    made = model(given, session)
    made.deploy(given["initial_instance_count"], given["instance_type"], endpoint_name=given["name"], tags=tags)
    operations = {"create_model": "CreateModel", "create_endpoint_config": "CreateEndpointConfig"}
    operations["create_endpoint"] = "CreateEndpoint"
    return {operation: getattr(client, name).call_args[1] for name, operation in operations.items()}


SHARED = ("framework_version", "container_log_level")
OWN = ("py_version", "model_server_workers", "source_dir", "code_location", "dependencies")


def model(given: dict, session: Any) -> Any:
    from sagemaker.tensorflow import serving
    from sagemaker.tensorflow.model import TensorFlowModel

    network = {"Subnets": given.get("subnets"), "SecurityGroupIds": given.get("security_group_ids")}
    arguments = {name: given[name] for name in (*SHARED, *OWN) if name in given}
    arguments.update(image=given.get("image_uri"), sagemaker_session=session)
    arguments.update(vpc_config=network if network["Subnets"] else None)
    if given["endpoint_type"] == "tensorflow-serving":
        return serving.Model(given["model_data"], given["role"], env=given.get("env"), **arguments)
    env = dict(given.get("env", {}))
    if "requirements_file" in given:
        env["SAGEMAKER_REQUIREMENTS"] = given["requirements_file"]  # as TensorFlow.create_model does
    return TensorFlowModel(given["model_data"], given["role"], given["entry_point"], env=env, **arguments)


def recorded() -> Iterator[dict]:
    for name, drawn in samples():
        try:
            sent = json.loads(json.dumps(send(json.loads(json.dumps(drawn)))))
        except Exception as error:
            yield {"id": name, "sdk": "v1", "manifest": drawn, "error": f"{type(error).__name__}: {error}"[:300]}
        else:
            yield {"id": name, "sdk": "v1", "manifest": drawn, "requests": sent}


def main() -> None:
    parser = argparse.ArgumentParser(description="Record what the SageMaker Python SDK sends to deploy sampled models.")
    parser.add_argument("file", type=Path, help="where the samples lie (.jsonl.gz)")
    file = parser.parse_args().file.resolve()
    record.silence()
    with record.workplace():
        for folder in (".", "code"):
            Path(folder, "inference.py").write_text("def input_fn(data, content_type):\n    return data\n")
        record.write(file, list(recorded()))


if __name__ == "__main__":
    main()
