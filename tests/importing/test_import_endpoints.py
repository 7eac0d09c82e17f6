"""Deployments of the SDK's programs, and endpoints that exist → manifests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ENDPOINT
from fakes.fixtures import Aws, clean
from fakes.serving import LONG, Serving
from sagespec.catalog import Facts
from sagespec.cli import run
from sagespec.importing import Imported, UnreadableProgram, from_source

START = """
import sagemaker
from sagemaker.tensorflow import TensorFlow, TensorFlowModel
from sagemaker.tensorflow.serving import Model
K = dict(entry_point='train.py', role='r', instance_count=1, instance_type='ml.m5.xlarge', framework_version='2.3',
         py_version='py37')
e = TensorFlow(**K)
e.fit('s3://b/t')
"""
MODEL = "model_data='s3://b/m.tar.gz', role='r', "


def imported(program: str, knowledge: Facts) -> Imported:
    return from_source(START + program, knowledge)


def endpoint(program: str, knowledge: Facts) -> dict[str, Any]:
    """The data of the one endpoint of a program, with which nothing is left to do."""
    found = imported(program, knowledge)
    assert found.complete, [*found.left]
    (draft,) = [draft for draft in found if draft.kind == "Endpoint"]
    return dict(draft.data)


def test_what_an_estimator_deploys_serves_its_job(knowledge: Facts) -> None:
    found = endpoint("e.deploy(1, 'ml.m5.large', endpoint_name='hello', wait=False)", knowledge)
    assert found == {
        "name": "hello",
        "training_job": "train",
        "instance_type": "ml.m5.large",
        "initial_instance_count": 1,
    }


def test_the_job_is_the_one_that_was_started_last(knowledge: Facts) -> None:
    program = "f = TensorFlow(**{**K, 'entry_point': 'other.py'})\nf.fit('s3://b/t')\nf.deploy(2, 'ml.m5.large')"
    assert endpoint(program, knowledge)["training_job"] == "other"


@pytest.mark.parametrize(
    "model", ["TensorFlowModel(model_data=e.model_data, entry_point='inference.py', source_dir='code')",
              "e.create_model(entry_point='inference.py', source_dir='code')"],
)  # fmt: skip
def test_a_model_of_an_estimator_is_its_job_s(model: str, knowledge: Facts) -> None:
    found = endpoint(f"{model}.deploy(1, 'ml.m5.large')", knowledge)
    assert found == {
        "name": "train",
        "training_job": "train",
        "entry_point": "inference.py",
        "source_dir": "code",
        "instance_type": "ml.m5.large",
        "initial_instance_count": 1,
    }


def test_the_arguments_of_a_model_and_of_its_deployment_become_fields(knowledge: Facts) -> None:
    program = f"""
from sagemaker.model_monitor import DataCaptureConfig
TensorFlowModel({MODEL} framework_version='2.3', env={{'A': 1}}, container_log_level=20,
    vpc_config={{'Subnets': ['subnet-1'], 'SecurityGroupIds': ['sg-1']}}, dependencies=['lib'], name='mine',
).deploy(initial_instance_count=2, instance_type='ml.c5.xlarge', volume_size=30, tags=[{{'Key': 'a', 'Value': 'b'}}],
    data_capture_config=DataCaptureConfig(True, 10, destination_s3_uri='s3://b/c'))
"""
    assert endpoint(program, knowledge) == {
        "name": "mine",
        "role": "r",
        "model_data": "s3://b/m.tar.gz",
        "framework_version": "2.3",
        "env": {"A": "1"},
        "container_log_level": 20,
        "subnets": ["subnet-1"],
        "security_group_ids": ["sg-1"],
        "dependencies": ["lib"],
        "instance_type": "ml.c5.xlarge",
        "initial_instance_count": 2,
        "volume_size": 30,
        "tags": {"a": "b"},
        "data_capture_config": {
            "enable_capture": True,
            "sampling_percentage": 10,
            "destination_s3_uri": "s3://b/c",
        },
    }


@pytest.mark.parametrize(
    ("model", "server"),
    [
        (f"Model({MODEL} framework_version='1.12')", "tensorflow-serving"),
        (f"TensorFlowModel({MODEL} framework_version='1.12', py_version='py2', entry_point='t.py')", "python"),
        (f"TensorFlowModel({MODEL} framework_version='2.3')", None),
    ],
)
def test_the_server_is_the_one_that_the_sdk_of_then_takes(model: str, server: str | None, knowledge: Facts) -> None:
    assert endpoint(f"{model}.deploy(1, 'ml.m5.large')", knowledge).get("endpoint_type") == server


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("e.deploy(1, 'ml.m5.large', accelerator_type='ml.eia1.medium')", "Elastic Inference has ended"),
        ("e.deploy(1, 'ml.m5.large', use_compiled_model=True)", "Neo"),
        (f"TensorFlowModel({MODEL} framework_version='1.12').deploy(1, 'ml.m5.large')", "is python with SDK 1"),
        (f"TensorFlowModel({MODEL} framework_version='2.3', foo=1).deploy(1, 'ml.m5.large')", "no field for foo"),
        (f"TensorFlowModel({MODEL} framework_version='2.3', env=dict(**x)).deploy(1, 'ml.m5.large')", "is not known"),
        ("TensorFlow(**{**K, 'entry_point': 'o.py'}).deploy(1, 'ml.m5.large')", "no start of it can be seen"),
    ],
)
def test_what_could_not_be_taken_is_reported(program: str, told: str, knowledge: Facts) -> None:
    found = imported(program, knowledge)
    assert not found.complete
    assert any(told in line for line in found.left), [*found.left]


@pytest.mark.parametrize("name", ["PyTorchModel", "HuggingFaceModel", "MultiDataModel", "JumpStartModel"])
def test_models_of_other_frameworks_are_reported_as_not_taken(name: str, knowledge: Facts) -> None:
    found = imported(
        f"from sagemaker.x import {name}\n{name}(model_data='s3://b/m').deploy(1, 'ml.m5.large')", knowledge
    )
    assert any(f"{name}(...) was seen and not taken" in str(remark) for remark in found.remarks)
    with pytest.raises(UnreadableProgram, match=rf"{name}\(...\) was seen and not taken"):
        from_source(
            f"from sagemaker.x import {name}\n{name}(model_data='s3://b/m').deploy(1, 'ml.m5.large')", knowledge
        )


# Endpoints that exist


WHOLE: dict[str, dict[str, Any]] = {
    "smallest": {},
    "everything": {
        "env": {"SAGEMAKER_GUNICORN_WORKERS": "2"},
        "container_log_level": 20,
        "subnets": ["subnet-1"],
        "security_group_ids": ["sg-1"],
        "enable_network_isolation": True,
        "volume_size": 30,
        "model_data_download_timeout": 600,
        "routing_config": {"routing_strategy": "RANDOM"},
        "data_capture_config": {"enable_capture": True, "destination_s3_uri": "s3://bucket/c"},
        "kms_key": "11111111-2222-3333-4444-555555555555",
        "deployment_config": {"auto_rollback_configuration": {"alarms": [{"alarm_name": "errors"}]}},
        "tags": {"team": "vision"},
        "request": {"create_model": {"PrimaryContainer": {"ContainerHostname": "server"}}},
    },
    "serverless": {
        "instance_type": None,
        "initial_instance_count": None,
        "serverless_inference_config": {"memory_size_in_mb": 4096, "provisioned_concurrency": 2},
    },
    "asynchronous": {
        "async_inference_config": {
            "output_path": "s3://bucket/a",
            "failure_path": "s3://bucket/f",
            "notification_config": {"success_topic": "arn:aws:sns:us-west-2:123456789012:answers"},
        }
    },
    "unpacked": {"model_data": {"s3_data_source": {"s3_uri": "s3://bucket/m/"}}},
    "variants": {
        "production_variants": [
            {"variant_name": "blue", "initial_variant_weight": 0.5},
            {"variant_name": "green", "instance_type": "ml.c6i.large", "managed_instance_scaling": {}},
        ],
        "request": {"create_endpoint_config": {"ExecutionRoleArn": "arn:aws:iam::123456789012:role/Other"}},
    },
    "python": {
        "framework_version": "1.12",
        "endpoint_type": "python",
        "entry_point": "train.py",
        "source_dir": "s3://bucket/code.tar.gz",
        "model_server_workers": 2,
    },
    "own image": {"framework_version": None, "image_uri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1"},
}


@pytest.mark.parametrize("name", WHOLE)
def test_an_endpoint_that_exists_becomes_a_manifest_with_the_same_requests(
    name: str, aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    world = Serving(aws, tmp_path)
    aws.make_role()
    world.write(**{**ENDPOINT, **WHOLE[name]})
    (wanted,) = world.compiled()[0]
    world.apply()
    aws.advance(LONG)
    assert run(["import", "--endpoint", "mnist"]) == 0
    text = capsys.readouterr().out
    assert "sagespec:" not in text
    (tmp_path / "mnist.yaml").write_text(text)
    (again,) = world.compiled()[0]
    assert {call.operation: call.template for call in again.calls} == {
        call.operation: call.template for call in wanted.calls
    }, text
    assert again.tags["sagespec:manifest"] == wanted.tags["sagespec:manifest"]


def test_import_of_the_command_line_writes_the_manifest_of_an_endpoint(aws: Aws, tmp_path: Path) -> None:
    """In a process of its own, which asks the service."""
    serving = Serving(aws, tmp_path)
    serving.write(data_capture_config={"enable_capture": True, "destination_s3_uri": "s3://bucket/captured"})
    serving.apply()
    aws.advance(LONG)
    ended = aws.sagespec("import", "--endpoint", "mnist", "--out", "made", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.splitlines()[1] == " = help: give region in the manifest or the defaults, or AWS_REGION"
    environ = {**clean(os.environ), **aws.environment, "AWS_REGION": "us-west-2"}
    command = [sys.executable, "-m", "sagespec", "import", "--endpoint", "mnist", "--out", "made"]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, cwd=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "made/mnist.yaml\n", "")
    written = yaml.safe_load((tmp_path / "made" / "mnist.yaml").read_text())
    assert written == {**ENDPOINT, "data_capture_config": written["data_capture_config"]}
    assert written["data_capture_config"]["destination_s3_uri"] == "s3://bucket/captured"


def test_an_endpoint_of_a_pipeline_is_reported_as_not_taken(
    aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    client = aws.client("sagemaker")
    client.create_model(ModelName="two", Containers=[{"Image": "a"}, {"Image": "b"}])
    variant = {"VariantName": "v", "ModelName": "two", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="two", EndpointConfigName="c")
    assert run(["import", "--endpoint", "two"]) == 1
    assert "a manifest describes one container" in capsys.readouterr().err
    assert run(["import", "--endpoint", "none"]) == 3
    assert "there is no endpoint none" in capsys.readouterr().err


def test_an_endpoint_of_boto3_is_reported_with_what_takes_it(knowledge: Facts) -> None:
    program = "import boto3\nboto3.client('sagemaker').create_endpoint(EndpointName='a', EndpointConfigName='b')"
    with pytest.raises(UnreadableProgram, match="sagespec import --endpoint NAME"):
        from_source(program, knowledge)


BOTO3 = """
import boto3
sm = boto3.client("sagemaker", region_name="us-west-2")
name, kind = "mnist", "ml.m5.large"
sm.create_model(ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/SageMakerRole", PrimaryContainer={
    "Image": "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-inference:2.13-cpu",
    "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"A": "1"}})
variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": kind, "InitialInstanceCount": 1,
           "InitialVariantWeight": 1}
sm.create_endpoint_config(EndpointConfigName=name + "-config", ProductionVariants=[variant], KmsKeyId="key-1")
sm.create_endpoint(EndpointName=name, EndpointConfigName=name + "-config", Tags=[{"Key": "team", "Value": "vision"}])
"""


@pytest.mark.parametrize("weight", [', "InitialVariantWeight": 1}', "}"], ids=["written", "left out"])
def test_the_three_calls_of_boto3_are_one_endpoint(weight: str, knowledge: Facts) -> None:
    found = from_source(BOTO3.replace(',\n           "InitialVariantWeight": 1}', weight), knowledge)
    (draft,) = found
    assert (draft.kind, found.complete) == ("Endpoint", True)
    assert draft.data == {
        "name": "mnist",
        "tags": {"team": "vision"},
        "region": "us-west-2",
        "role": "arn:aws:iam::123456789012:role/SageMakerRole",
        "model_data": "s3://bucket/model.tar.gz",
        "framework_version": "2.13",
        "env": {"A": "1"},
        "instance_type": "ml.m5.large",
        "initial_instance_count": 1,
        "kms_key": "key-1",
    }


def test_what_is_not_known_of_the_three_calls_is_left_to_fill_in(knowledge: Facts) -> None:
    program = BOTO3.replace('"s3://bucket/model.tar.gz"', 'job["ModelArtifacts"]["S3ModelArtifacts"]')
    found = from_source(program.replace('"arn:aws:iam::123456789012:role/SageMakerRole"', "role()"), knowledge)
    (draft,) = found
    assert {path: draft.data[path[0]] for path in draft.notes} == {
        ("role",): "{{ vars.role }}",
        ("model_data",): "{{ vars.S3ModelArtifacts }}",
    }


@pytest.mark.parametrize(
    "gone", ["sm.create_model(ModelName=name", "sm.create_endpoint_config(EndpointConfigName=name"]
)
def test_an_endpoint_of_parts_that_are_not_seen_is_reported(gone: str, knowledge: Facts) -> None:
    program = BOTO3.replace(gone, gone.replace("=name", "=other"))
    with pytest.raises(UnreadableProgram, match="sagespec import --endpoint NAME"):
        from_source(program, knowledge)


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("PrimaryContainer={", "Containers=[{}, {}], InferenceExecutionConfig={"),
        ('"Image":', '"ModelPackageName": "arn", "Image":'),
        ("[variant]", "variants()"),
        ("[variant]", "[variant, other()]"),
        ("PrimaryContainer={", "PrimaryContainer=container() or {"),
    ],
)
def test_an_endpoint_for_which_there_are_no_words_is_reported_beside_what_there_is(
    there: str, instead: str, knowledge: Facts
) -> None:
    found = from_source(START + BOTO3.replace(there, instead), knowledge)
    assert [draft.kind for draft in found] == ["TrainingJob"]
    assert any("create_endpoint(...) was seen and not taken" in str(remark) for remark in found.remarks)


@pytest.mark.parametrize("part", ["DataCaptureConfig", "AsyncInferenceConfig", "Tags", "ExplainerConfig"])
@pytest.mark.parametrize("value", ["some()", "{**some()}", '{"CaptureOptions": some(), "OutputConfig": some()}'])
def test_parts_that_are_not_known_are_reported(part: str, value: str, knowledge: Facts) -> None:
    program = BOTO3.replace('KmsKeyId="key-1"', f"{part}={value}")
    [draft] = from_source(program, knowledge)
    assert draft.data["name"] == "mnist"
    assert not draft.complete
