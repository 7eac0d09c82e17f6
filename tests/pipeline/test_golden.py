"""Every manifest of specs/ compiles to the same bytes everywhere, and to what its documents say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from conftest import REPOSITORY, SCRIPT
from sagespec.building import api_check as api
from sagespec.catalog import Facts
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs

SPECS = sorted(path for path in (REPOSITORY / "specs").glob("*/*.yaml"))


def compiled(path: Path, knowledge: Facts, **options: Any) -> Result:
    (result,) = Compiler(Options(Inputs(), **options), knowledge).run([str(path)])
    return result


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_request_of_a_spec(spec: Path, knowledge: Facts, golden: Callable[[Path, str], None]) -> None:
    result = compiled(spec, knowledge)
    assert result.diagnostics == ()
    assert result.request is not None
    body = json.dumps(result.request.sent(), indent=2, ensure_ascii=False) + "\n"
    golden(REPOSITORY / "tests" / "golden" / "sagemaker" / f"{spec.stem}.json", body)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_api_accepts_the_request_of_a_spec(spec: Path, knowledge: Facts) -> None:
    result = compiled(spec, knowledge)
    assert result.request is not None
    sagemaker = botocore.session.get_session().get_service_model("sagemaker")
    for operation, body in result.request.bodies().items():
        shape = sagemaker.operation_model(operation).input_shape
        assert ParamValidator().validate(body, shape).generate_report() == ""
        assert list(api.check(body, operation)) == []


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_every_spec_has_its_schema_line(spec: Path) -> None:
    text = spec.read_text(encoding="utf-8")
    kind = "endpoint" if "kind: Endpoint" in text else "training-job"
    assert text.splitlines()[0] == f"# yaml-language-server: $schema=../../schemas/{kind}.schema.json"


WORLDS: list[Mapping[str, str]] = [
    {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "0", "HOME": "/", "UMASK": "022"},
    {"LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "4711", "HOME": "/nowhere", "UMASK": "077"},
]
OFFLINE = """
import os, socket
def refuse(*arguments): raise SystemExit("the compiler asked for the network")
socket.socket.connect = socket.getaddrinfo = refuse
os.umask(int(os.environ["UMASK"], 8))
from sagespec.__main__ import main
main()
"""


def test_the_same_bytes_from_other_folders_and_in_another_world(tmp_path: Path) -> None:
    """Locale, time zone, hash seed, home, umask, folder and the order and age of files change nothing."""
    outputs = []
    for number, world in enumerate(WORLDS):
        clone = tmp_path / ("deeper/" * number) / f"clone-{number}"
        previous = os.umask(int(world["UMASK"], 8))
        try:
            shutil.copytree(REPOSITORY / "specs", clone / "specs", copy_function=shutil.copyfile)
        finally:
            os.umask(previous)
        (clone / ".git").mkdir()
        for position, path in enumerate(sorted(clone.rglob("*"), reverse=bool(number))):
            os.utime(path, (position * 1000, position * 1000))
        run = subprocess.run(
            [sys.executable, "-c", OFFLINE, "compile", "--jsonl", "specs"],
            cwd=clone,
            env={**world, "PATH": os.environ["PATH"]},
            capture_output=True,
            check=True,
        )
        outputs.append(run.stdout)
    assert outputs[0].count(b"\n") == len(SPECS)
    assert outputs[0] == outputs[1]


SEED_001 = """\
apiVersion: sagespec/v1
kind: TrainingJob
name: sagemaker-tensorflow-py2-cpu
image_uri: 142577830533.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow-py2-cpu:1.0.5
entry_point: iris_dnn_classifier.py
role: arn:aws:iam::123456789012:role/SageMakerRole
region: us-west-2
instance_type: ml.c4.xlarge
instance_count: 1
training_steps: 100
evaluation_steps: 100
channels: s3://sagemaker-sample-data-us-west-2/tensorflow/iris
output_path: s3://sagemakermv/artifacts
code_location: s3://sagemakermv/customcode/tensorflow_iris
checkpoint_path: s3://sagemakermv/artifacts/checkpoints
"""
"""The job whose CreateTrainingJob request AWS's developer guide prints ("Train a Model … Using TensorFlow")."""

PRINTED: dict[str, Any] = {
    "InputDataConfig": [
        {
            "ChannelName": "training",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3DataDistributionType": "FullyReplicated",
                    "S3Uri": "s3://sagemaker-sample-data-us-west-2/tensorflow/iris",
                }
            },
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://sagemakermv/artifacts"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
    "AlgorithmSpecification": {
        "TrainingInputMode": "File",
        "TrainingImage": "142577830533.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow-py2-cpu:1.0.5",
    },
    "ResourceConfig": {"VolumeSizeInGB": 30, "InstanceCount": 1, "InstanceType": "ml.c4.xlarge"},
}
PRINTED_HYPERPARAMETERS = {
    "sagemaker_program": '"iris_dnn_classifier.py"',
    "checkpoint_path": '"s3://sagemakermv/artifacts/checkpoints"',
    "sagemaker_region": '"us-west-2"',
    "training_steps": "100",
    "sagemaker_container_log_level": "20",
}
MADE_BY_NAME = {"sagemaker_job_name", "sagemaker_submit_directory"}
NOT_YET_SENT_THEN = {"evaluation_steps", "sagemaker_requirements", "sagemaker_enable_cloudwatch_metrics"}
"""What SDK 1.16.3 sends beside what the SDK of 2017 sent, which made the printed example."""


def test_the_job_that_the_developer_guide_prints(code: Path, knowledge: Facts) -> None:
    (code / "iris_dnn_classifier.py").write_text(SCRIPT)
    (code / "m.yaml").write_text(SEED_001)
    request = compiled(code / "m.yaml", knowledge).request
    assert request is not None
    body = request.body()
    assert {member: body[member] for member in PRINTED} == PRINTED
    sent = body["HyperParameters"]
    assert set(sent) == set(PRINTED_HYPERPARAMETERS) | MADE_BY_NAME | NOT_YET_SENT_THEN
    assert {name: sent[name] for name in PRINTED_HYPERPARAMETERS} == PRINTED_HYPERPARAMETERS
    assert json.loads(sent["sagemaker_job_name"]) == body["TrainingJobName"]
    assert json.loads(sent["sagemaker_submit_directory"]).startswith("s3://sagemakermv/customcode/tensorflow_iris/")
    assert json.loads(sent["sagemaker_submit_directory"]).endswith("/sourcedir.tar.gz")
    assert set(body) == {*PRINTED, "TrainingJobName", "RoleArn", "HyperParameters", "Tags"}
