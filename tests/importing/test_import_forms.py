"""The forms in which other tools keep a training job become manifests, and what was compiled comes back."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from test_import import meant

import sagespec
from conftest import REPOSITORY
from oracle.comparing import IN_THE_CONTAINER, LAX, ORACLE, differences
from sagespec.base.source import Source
from sagespec.building.targets import TARGETS
from sagespec.catalog import Facts
from sagespec.cli import run
from sagespec.importing import Imported, UnreadableProgram, from_source, from_text
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs
from sagespec.reporting.export import text_of

GOLDEN = REPOSITORY / "tests" / "golden"
ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
REQUEST: dict[str, Any] = {
    "TrainingJobName": "mine",
    "AlgorithmSpecification": {
        "TrainingImage": "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1",
        "TrainingInputMode": "File",
    },
    "RoleArn": ROLE,
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": "s3://bucket/train",
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    "HyperParameters": {"epochs": "3"},
}
MANIFEST = {
    "name": "mine",
    "region": "us-west-2",
    "role": ROLE,
    "image_uri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1",
    "instance_type": "ml.m5.large",
    "instance_count": 1,
    "volume_size": 10,
    "max_run": 600,
    "channels": {"train": "s3://bucket/train"},
    "output_path": "s3://bucket/out",
    "hyperparameters": {"epochs": 3},
}


def only(found: Imported) -> dict[str, Any]:
    """The data of the one manifest, with which nothing is left to do."""
    assert found.complete, [*found.left]
    (draft,) = found
    return dict(draft.data)


def recompiled(text: str, knowledge: Facts) -> dict[str, Any]:
    options = Options(Inputs(), allowed=IN_THE_CONTAINER)
    result = next(Compiler(options, knowledge).source(Source("m.yaml", text, Path("/nowhere"))))
    assert result.request is not None, (text, result.diagnostics)
    return result.request.body()


# What was compiled ---------------------------------------------------------------------------------------------------

COMPILED = [
    path
    for target in ("ack", "step-functions", "aws-cli")
    for path in sorted((GOLDEN / target).iterdir())
    if "TrainingJobName" in (GOLDEN / "sagemaker" / f"{path.stem}.json").read_text()
]


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_was_compiled_for_a_tool_comes_back_and_compiles_to_the_same(path: Path, knowledge: Facts) -> None:
    wanted = json.loads((GOLDEN / "sagemaker" / f"{path.stem}.json").read_text(encoding="utf-8"))
    found = from_text(path.read_text(encoding="utf-8"), path.name, knowledge)
    assert found.complete, [*found.left]
    again = recompiled(found.text, knowledge)
    assert again["TrainingJobName"] == wanted["TrainingJobName"]
    assert {**again, "Tags": []} == {**wanted, "Tags": []}


def round_trips(every: int, share: int, knowledge: Facts, folder: Path) -> int:
    """Compiles recorded manifests for each target, imports what was written, and compiles that again.

    Args:
        every: takes every so many of the manifests.
        share: takes each of those through one of so many targets, in turn.
    """
    for name in ("code", "libs"):
        shutil.copytree(ORACLE / name, folder / name)
    shutil.copy(ORACLE / "code" / "train.py", folder)
    paths = []
    for file in ("samples", "frameworks"):
        with gzip.open(ORACLE / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for number, sample in enumerate(map(json.loads, lines)):
                if "request" in sample and LAX not in sample["id"] and number % every == 0:
                    paths.append(folder / f"{sample['id']}.yaml")
                    paths[-1].write_text(json.dumps(sample["manifest"]), encoding="utf-8")
    count = 0
    for job, result in enumerate(sagespec.compile(paths, allow=IN_THE_CONTAINER)):
        if result.request is None:  # what the SDK lets through and sagespec refuses
            continue
        body = result.request.body()
        for turn, (target, how) in enumerate(TARGETS.items(), job):
            if turn % share or not how.creates or [*how.refused(body)]:
                continue
            name = f"x{how.suffix}"
            found = from_text(text_of(result.request, target), name, knowledge)
            again = recompiled(found.text, knowledge)
            assert [*differences(meant(body), meant(again))] == [], (result.manifest, target, found.text)
            count += 1
    return count


def test_recorded_jobs_go_round_through_every_target(knowledge: Facts, tmp_path: Path) -> None:
    assert round_trips(97, 1, knowledge, tmp_path) > 200


@pytest.mark.slow
def test_every_recorded_job_goes_round_through_targets_in_turn(knowledge: Facts, tmp_path: Path) -> None:
    assert round_trips(1, 3, knowledge, tmp_path) > 6_700


# Forms of other tools ------------------------------------------------------------------------------------------------


def state(**members: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "End": True, **members}


def spelled(value: Any, spell: Any, keep: tuple[str, ...] = ("HyperParameters",)) -> Any:
    if isinstance(value, list):
        return [spelled(item, spell) for item in value]
    if not isinstance(value, dict):
        return value
    return {spell(key): item if key in keep else spelled(item, spell) for key, item in value.items()}


OF_ACK = {
    "apiVersion": "sagemaker.services.k8s.aws/v1alpha1",
    "kind": "TrainingJob",
    "metadata": {"name": "mine"},
    "spec": {
        "trainingJobName": "mine",
        "algorithmSpecification": {
            "trainingImage": REQUEST["AlgorithmSpecification"]["TrainingImage"],
            "trainingInputMode": "File",
        },
        "roleARN": ROLE,
        "inputDataConfig": [
            {
                "channelName": "train",
                "dataSource": {
                    "s3DataSource": {
                        "s3DataType": "S3Prefix",
                        "s3URI": "s3://bucket/train",
                        "s3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        "outputDataConfig": {"s3OutputPath": "s3://bucket/out"},
        "resourceConfig": {"instanceType": "ml.m5.large", "instanceCount": 1, "volumeSizeInGB": 10},
        "stoppingCondition": {"maxRuntimeInSeconds": 600},
        "hyperParameters": {"epochs": "3"},
    },
}
OF_OPERATOR = {
    "apiVersion": "sagemaker.aws.amazon.com/v1",
    "kind": "TrainingJob",
    "metadata": {"name": "mine"},
    "spec": {
        **{
            key[0].lower() + key[1:]: value
            for key, value in spelled(REQUEST, lambda key: key[0].lower() + key[1:], ()).items()
            if key not in ("hyperParameters", "trainingJobName")
        },
        "hyperParameters": [{"name": "epochs", "value": "3"}],
        "region": "us-west-2",
    },
}
TERRAFORM = """\
variable "size" {
  default = "large"
}
locals {
  bucket = "bucket"
}
resource "aws_sagemaker_training_job" "mine" {
  training_job_name = "mine" # the name
  role_arn          = "arn:aws:iam::123456789012:role/SageMakerRole"

  algorithm_specification {
    training_image      = "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1"
    training_input_mode = "File"
  }
  input_data_config {
    channel_name = "train"
    data_source {
      s3_data_source {
        s3_data_type              = "S3Prefix"
        s3_uri                    = "s3://${local.bucket}/train"
        s3_data_distribution_type = "FullyReplicated"
      }
    }
  }
  output_data_config {
    s3_output_path = "s3://bucket/out"
  }
  resource_config {
    instance_type     = "ml.m5.large"
    instance_count    = 1
    volume_size_in_gb = 10
  }
  stopping_condition {
    max_runtime_in_seconds = 600
  }
  hyper_parameters = {
    "epochs" = "3"
  }
}
"""
PLANNED = {
    "planned_values": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_sagemaker_training_job.mine",
                    "type": "aws_sagemaker_training_job",
                    "values": {
                        "training_job_name": "mine",
                        "role_arn": ROLE,
                        "algorithm_specification": [
                            {
                                "training_image": REQUEST["AlgorithmSpecification"]["TrainingImage"],
                                "training_input_mode": "File",
                                "metric_definitions": [],
                            }
                        ],
                        "input_data_config": [
                            {
                                "channel_name": "train",
                                "data_source": [
                                    {"s3_data_source": [{"s3_data_type": "S3Prefix", "s3_uri": "s3://bucket/train"}]}
                                ],
                            }
                        ],
                        "output_data_config": [{"s3_output_path": "s3://bucket/out", "kms_key_id": None}],
                        "resource_config": [
                            {"instance_type": "ml.m5.large", "instance_count": 1, "volume_size_in_gb": 10}
                        ],
                        "stopping_condition": [{"max_runtime_in_seconds": 600}],
                        "hyper_parameters": {"epochs": "3"},
                        "vpc_config": [],
                        "tags_all": {},
                    },
                }
            ]
        }
    }
}
YAML = """\
TrainingJobName: mine
RoleArn: arn:aws:iam::123456789012:role/SageMakerRole
AlgorithmSpecification: {TrainingImage: "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1", TrainingInputMode: File}
InputDataConfig:
  - ChannelName: train
    DataSource: {S3DataSource: {S3DataType: S3Prefix, S3Uri: s3://bucket/train}}
OutputDataConfig: {S3OutputPath: s3://bucket/out}
ResourceConfig: {InstanceType: ml.m5.large, InstanceCount: 1, VolumeSizeInGB: 10}
StoppingCondition: {MaxRuntimeInSeconds: 600}
HyperParameters: {epochs: 3}
"""
FILES = {
    "a request": ("x.json", json.dumps(REQUEST)),
    "a request under another name": ("x.txt", json.dumps(REQUEST)),
    "null members": ("x.json", json.dumps({**REQUEST, "VpcConfig": None, "Environment": None, "CheckpointConfig": {}})),
    "the CLI's YAML": ("x.yaml", YAML),
    "a description": (
        "x.json",
        json.dumps({**REQUEST, "TrainingJobStatus": "Completed", "SecondaryStatus": "Completed"}),
    ),
    "an event": (
        "x.json",
        json.dumps(
            {
                "detail-type": "SageMaker Training Job State Change",
                "source": "aws.sagemaker",
                "detail": {**REQUEST, "TrainingJobStatus": "Failed", "FailureReason": "x"},
            }
        ),
    ),
    "a state": ("x.json", json.dumps(state(Parameters=REQUEST))),
    "a state machine": ("x.asl.json", json.dumps({"StartAt": "T", "States": {"T": state(Parameters=REQUEST)}})),
    "a state in JSONata's words": ("x.json", json.dumps(state(QueryLanguage="JSONata", Arguments=REQUEST))),
    "a state machine in a template": (
        "x.yaml",
        json.dumps(
            {
                "Resources": {
                    "M": {"Properties": {"DefinitionString": json.dumps({"States": {"T": state(Parameters=REQUEST)}})}}
                }
            }
        ),
    ),
    "Airflow's config": ("x.json", json.dumps({"Training": REQUEST})),
    "ACK": ("x.yaml", json.dumps(OF_ACK)),
    "the operator before ACK": ("x.yaml", json.dumps(OF_OPERATOR)),
    "Terraform": ("x.tf", TERRAFORM),
    "Terraform's plan": ("x.json", json.dumps(PLANNED)),
    "a pipeline's definition": (
        "x.json",
        json.dumps({"Version": "2020-12-01", "Steps": [{"Name": "mine", "Type": "Training", "Arguments": REQUEST}]}),
    ),
    "a shell script": (
        "x.sh",
        f"#!/bin/sh\naws sagemaker create-training-job --region us-west-2 --cli-input-json '{json.dumps(REQUEST)}'\n",
    ),
    "boto3": ("x.py", f"import boto3\nboto3.client('sagemaker').create_training_job(**{REQUEST!r})"),
    "boto3 in a function": (
        "x.py",
        f"import boto3\ndef handler(event, context):\n    body = {REQUEST!r}\n"
        "    boto3.client('sagemaker').create_training_job(**body)",
    ),
    "Airflow's operator": (
        "x.py",
        "from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator\n"
        f"SageMakerTrainingOperator(task_id='t', config={REQUEST!r})",
    ),
}


@pytest.mark.parametrize(("name", "text"), FILES.values(), ids=FILES)
def test_a_file_says_by_itself_what_it_is(name: str, text: str, knowledge: Facts) -> None:
    assert only(from_text(text, name, knowledge)) == MANIFEST


def test_a_request_without_a_name_is_called_after_its_image(knowledge: Facts) -> None:
    body = {key: value for key, value in REQUEST.items() if key != "TrainingJobName"}
    image = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
    body["AlgorithmSpecification"] = {"TrainingImage": image}
    assert only(from_text(json.dumps(body), "x.json", knowledge))["name"] == "linear-learner"


def test_what_a_tool_puts_in_is_left_to_fill_in(knowledge: Facts) -> None:
    body = {
        **{key: value for key, value in REQUEST.items() if key not in ("TrainingJobName", "RoleArn")},
        "TrainingJobName.$": "States.Format('nightly-{}', $.id)",
        "RoleArn.$": "$.role",
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount.$": "$.count", "VolumeSizeInGB": 10},
        "HyperParameters": {"epochs.$": "$.epochs", "rate": "0.1"},
    }
    (draft,) = from_text(json.dumps(state(Parameters=body)), "x.json", knowledge)
    assert draft.data["name"] == "nightly"
    assert draft.data["role"] == "{{ vars.role }}"
    assert draft.data["instance_count"] == "{{ vars.count | int }}"
    assert draft.data["hyperparameters"] == {"epochs": "{{ vars.epochs }}", "rate": 0.1}
    assert {".".join(map(str, path)): note for path, note in draft.notes.items()} == {
        "role": "was: $.role",
        "instance_count": "was: $.count",
        "hyperparameters.epochs": "was: $.epochs",
    }
    assert "request" not in draft.data


UNKNOWN = {
    "JSONata": (
        "x.json",
        json.dumps(state(Arguments={**REQUEST, "OutputDataConfig": {"S3OutputPath": "{% $states.input.out %}"}})),
    ),
    "CloudFormation": ("x.json", json.dumps({"X": {**REQUEST, "OutputDataConfig": {"S3OutputPath": {"Ref": "out"}}}})),
    "CloudFormation's short form": ("x.yaml", YAML.replace("S3OutputPath: s3://bucket/out", "S3OutputPath: !Ref out")),
    "a pipeline": (
        "x.json",
        json.dumps(
            {
                "Steps": [
                    {
                        "Name": "mine",
                        "Type": "Training",
                        "Arguments": {**REQUEST, "OutputDataConfig": {"S3OutputPath": {"Get": "Parameters.out"}}},
                    }
                ]
            }
        ),
    ),
    "Terraform": ("x.tf", TERRAFORM.replace('"s3://bucket/out"', "var.out")),
    "boto3": (
        "x.py",
        f"import boto3\nclient.create_training_job(**{{**{REQUEST!r}, 'OutputDataConfig': {{'S3OutputPath': out}}}})",
    ),
}


@pytest.mark.parametrize(("name", "text"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_place_that_is_not_known_is_an_expression(name: str, text: str, knowledge: Facts) -> None:
    (draft,) = from_text(text, name, knowledge)
    assert draft.data == {**MANIFEST, "output_path": "{{ vars.out }}"}
    assert [*draft.notes] == [("output_path",)]
    assert not draft.complete


def test_what_a_program_uploads_before_it_sends_a_request_is_a_local_channel(knowledge: Facts) -> None:
    program = f"""
import boto3, sagemaker
data = sagemaker.Session().upload_data("data", key_prefix="mnist")
body = {REQUEST!r}
body["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = data + "/train"
boto3.client("sagemaker").create_training_job(**body)
"""
    (draft,) = from_text(program, "x.py", knowledge)
    (channel,) = draft.data["channels"].values()
    assert (channel, draft.complete) == ({"path": "data/train"}, True)


def test_an_instance_type_that_is_not_known_is_a_field_like_others(knowledge: Facts) -> None:
    resources = "{'InstanceType': kind, 'InstanceCount': 1, 'VolumeSizeInGB': 30}"
    program = f"client.create_training_job(**{{**{REQUEST!r}, 'ResourceConfig': {resources}}})"
    (draft,) = from_text(program, "x.py", knowledge)
    assert draft.data["instance_type"] == "{{ vars.kind }}"
    assert "request" not in draft.data


def test_what_terraform_computes_is_called_after_its_field(knowledge: Facts) -> None:
    text = TERRAFORM.replace('"s3://bucket/out"', 'join("/", [var.bucket, var.out])')
    (draft,) = from_text(text, "x.tf", knowledge)
    assert draft.data["output_path"] == "{{ vars.output_path }}"
    assert draft.notes == {("output_path",): 'was: join("/", [var.bucket, var.out])'}


def test_a_variable_of_the_shell_is_left_to_fill_in(knowledge: Facts) -> None:
    resource = json.loads(json.dumps(OF_ACK).replace(ROLE, "$ROLE_ARN").replace("s3://bucket/out", "s3://$BUCKET/out"))
    (draft,) = from_text(json.dumps(resource), "x.yaml", knowledge)
    assert draft.notes == {("role",): "was: ROLE_ARN", ("output_path",): "was: BUCKET"}
    assert draft.data["output_path"] == "s3://{{ vars.BUCKET }}/out"


def test_what_a_request_must_have_and_has_not_is_asked_for(knowledge: Facts) -> None:
    body = {key: value for key, value in REQUEST.items() if key not in ("RoleArn", "OutputDataConfig")}
    (draft,) = from_text(json.dumps(body), "x.json", knowledge)
    assert draft.notes == {("role",): "was not given", ("output_path",): "was not given"}


def test_the_containers_own_description_of_its_job_is_one(knowledge: Facts) -> None:
    body = {**REQUEST, "TrainingJobArn": "arn:aws:sagemaker:us-west-2:123456789012:training-job/mine", "BaseTags": []}
    assert only(from_text(json.dumps(body), "x.json", knowledge)) == MANIFEST


def test_airflow_fills_in_its_templates(knowledge: Facts) -> None:
    body = {**REQUEST, "TrainingJobName": "mine-{{ ds_nodash }}"}
    (draft,) = from_text(json.dumps({"Training": body}), "x.json", knowledge)
    assert draft.data["name"] == "mine"
    assert draft.comments["name",] == "was: mine-{{ ds_nodash }}"
    program = f"SageMakerTrainingOperator(task_id='t', config={body!r})"
    (draft,) = from_source(program, knowledge)
    assert draft.data["name"] == "mine"


def test_a_whole_part_that_is_not_known_is_reported(knowledge: Facts) -> None:
    program = f"client.create_training_job(**{{**{REQUEST!r}, 'InputDataConfig': channels, 'VpcConfig': vpc}})"
    (draft,) = from_source(program, knowledge)
    assert "channels" not in draft.data
    assert draft.remarks == (
        "InputDataConfig is left out: it was channels",
        "VpcConfig is left out: it was vpc",
    )


def test_a_member_that_the_api_does_not_have_is_reported(knowledge: Facts) -> None:
    (draft,) = from_text(json.dumps({**REQUEST, "Colour": "red"}), "x.json", knowledge)
    assert draft.remarks == ('no member Colour = "red"',)
    (draft,) = from_text(TERRAFORM.replace("hyper_parameters", "hyperparameters"), "x.tf", knowledge)
    assert draft.remarks == ('no member for aws_sagemaker_training_job.hyperparameters = {"epochs": "3"}',)


def test_a_tuning_job_is_seen_and_not_taken(knowledge: Facts) -> None:
    definition = {"HyperParameterTuningJobName": "t", "TrainingJobDefinition": REQUEST}
    with pytest.raises(UnreadableProgram, match="a hyperparameter tuning job was seen and not taken"):
        from_text(json.dumps(definition), "x.json", knowledge)


def test_a_call_whose_request_is_not_in_the_script_is_reported(knowledge: Facts) -> None:
    text = "aws sagemaker create-training-job --cli-input-json file://request.json\n"
    with pytest.raises(
        UnreadableProgram, match=r"there is no training job in x.sh; line 1: the request is in the file"
    ):
        from_text(text, "x.sh", knowledge)


def test_what_is_not_terraform_is_reported_with_its_line(knowledge: Facts) -> None:
    with pytest.raises(UnreadableProgram, match="line 2 is not Terraform: name ="):
        from_text('resource "x" "y" {\n  name = \n}\n', "x.tf", knowledge)


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 8)}]\n" for n in range(9)
)


def test_aliases_that_grow_without_end_are_refused(knowledge: Facts) -> None:
    with pytest.raises(UnreadableProgram, match="holds more than"):
        from_text(BOMB, "x.yaml", knowledge)


# The command ---------------------------------------------------------------------------------------------------------

LAUNCHER = f"""\
from sagemaker.tensorflow import TensorFlow
e = TensorFlow(entry_point="train.py", source_dir="code", role="{ROLE}", train_instance_type="ml.m5.large",
               instance_count=1, framework_version="2.13", py_version="py310", base_job_name="vision")
e.fit({{"train": session.upload_data("data")}}, wait=False)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    launchers = tmp_path / "launchers"
    launchers.mkdir()
    (launchers / "vision.py").write_text(LAUNCHER)
    (launchers / "request.json").write_text(json.dumps(REQUEST))
    (launchers / "helpers.py").write_text("import sagemaker\n")
    (launchers / "broken.ipynb").write_text('{"sagemaker": 1}')
    (launchers / "package.json").write_text('{"name": "x"}')
    (launchers / ".hidden.py").write_text(LAUNCHER)
    return tmp_path


def test_a_folder_becomes_one_manifest_a_job(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "launchers", "--out", "jobs"]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines() == ["jobs/request-mine.yaml", "jobs/vision.yaml"]
    assert "launchers/broken.ipynb is not a notebook" in printed.err
    text = Path("jobs/vision.yaml").read_text()
    assert 'source_dir: "../launchers/code"\n' in text
    assert '    path: "../launchers/data"\n' in text
    assert run(["import", "launchers", "--out", "jobs"]) == 1
    assert sorted(path.name for path in Path("jobs").iterdir()) == [
        "request-mine-2.yaml",
        "request-mine.yaml",
        "vision-2.yaml",
        "vision.yaml",
    ]


def test_a_folder_needs_a_place_to_write_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "launchers"]) == 2
    assert "say where to write them: --out DIR" in capsys.readouterr().err


REPORT = """\
launchers/vision.py
  vision (line 4): whole
    taken      base_job_name: name
    taken      entry_point
    taken      source_dir
    taken      role
    changed    train_instance_type: called instance_type
    taken      instance_count
    taken      framework_version
    taken      py_version
    changed    fit(inputs=…): channels: an expression; uploaded by apply
    not taken  fit(wait=…): it has no effect on the job
1 file, 1 job (1 whole); arguments: 7 taken, 2 changed, 1 not taken
"""


def test_a_report_says_what_became_of_every_argument(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "launchers/vision.py", "--report"]) == 0
    assert capsys.readouterr().out == REPORT


def test_a_report_for_programs_has_a_version(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "launchers/request.json", "--report", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    (file,) = said["files"]
    (job,) = file["jobs"]
    assert (said["version"], file["file"], job["name"], job["whole"]) == (1, "launchers/request.json", "mine", True)
    assert {"name": "StoppingCondition.MaxRuntimeInSeconds", "outcome": "taken", "how": "max_run"} in job["arguments"]


def test_standard_input_says_by_itself_what_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(YAML))
    assert run(["import", "--file", "-"]) == 0
    assert capsys.readouterr().out.startswith("apiVersion: sagespec/v1\nkind: TrainingJob\nname: mine\n")
