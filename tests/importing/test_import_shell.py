"""Calls of the AWS CLI in shell scripts, and state machines in Terraform's words, become manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from awscli.shorthand import ShorthandParser

from sagespec.catalog import Facts
from sagespec.importing import UnreadableProgram, from_text
from sagespec.importing.requests.shorthand import Shorthand

CHANNEL = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/t"}}}
CALL = r"""#!/bin/bash
set -e
ROLE=arn:aws:iam::123456789012:role/SageMakerRole
export BUCKET="my-bucket"
image=$1
aws --profile team sagemaker \
    create-training-job --training-job-name "mine-$(date +%s)" \
    --region us-west-2 --role-arn "$ROLE" `# who` \
    --algorithm-specification TrainingImage=${image},TrainingInputMode=File \
    --input-data-config CHANNELS \
    --output-data-config S3OutputPath=s3://$BUCKET/out \
    --resource-config InstanceType=ml.p3.2xlarge,InstanceCount=2,VolumeSizeInGB=50 \
    --stopping-condition MaxRuntimeInSeconds=3600,MaxWaitTimeInSeconds=7200 \
    --hyper-parameters epochs=3,rate=${RATE:-0.1} --enable-managed-spot-training --no-enable-network-isolation \
    --tags Key=team,Value=vision Key=stage,Value=dev
echo "started"
"""
MANIFEST = {
    "name": "mine",
    "tags": {"team": "vision", "stage": "dev"},
    "region": "us-west-2",
    "role": "arn:aws:iam::123456789012:role/SageMakerRole",
    "image_uri": "{{ vars.image }}",
    "instance_type": "ml.p3.2xlarge",
    "instance_count": 2,
    "volume_size": 50,
    "max_run": 3600,
    "max_wait": 7200,
    "use_spot_instances": True,
    "channels": {"train": "s3://b/t"},
    "output_path": "s3://my-bucket/out",
    "hyperparameters": {"epochs": 3, "rate": "{{ vars.RATE | default('0.1') }}"},
}
CHANNELS = {
    "JSON": f"'{json.dumps([CHANNEL])}'",
    "one in JSON": f"'{json.dumps(CHANNEL)}'",
    "JSON between quotes of two kinds": f"'{json.dumps(CHANNEL)}'".replace("s3://b/t", "'s3://b/t'"),
    "shorthand": "ChannelName=train,DataSource={S3DataSource={S3DataType=S3Prefix,S3Uri=s3://b/t}}",
    "a file": "file://channels.json",
}


@pytest.mark.parametrize("channels", CHANNELS.values(), ids=CHANNELS)
def test_the_options_of_a_call_are_its_request(channels: str, knowledge: Facts, tmp_path: Path) -> None:
    (tmp_path / "channels.json").write_text(json.dumps([CHANNEL]))
    (draft,) = from_text(CALL.replace("CHANNELS", channels), str(tmp_path / "start.sh"), knowledge)
    given = {**MANIFEST, "image_uri": "{{ vars.argument_1 }}"}
    assert (draft.data, draft.remarks, [*draft.notes]) == (given, (), [("image_uri",)])


WHOLE = {
    "in a file": ("--cli-input-json file://request.json", "in a file"),
    "in quotes": ("--cli-input-json '{}'", "in quotes"),
    "from standard input": ("--cli-input-json file:///dev/stdin <<'END'\n{}\nEND", "from standard input"),
    "by cat": ('--cli-input-json "$(cat <<END\n{}\nEND\n)"', "by cat"),
}


@pytest.mark.parametrize("how", [how for how, _ in WHOLE.values()], ids=WHOLE)
def test_a_whole_request_is_taken_and_options_lie_over_it(how: str, knowledge: Facts, tmp_path: Path) -> None:
    request: dict[str, Any] = {
        "TrainingJobName": "mine",
        "AlgorithmSpecification": {"TrainingImage": "me/mine:1", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::123456789012:role/R",
        "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    text = json.dumps(request)
    (tmp_path / "request.json").write_text(text)
    call = (
        f"aws sagemaker create-training-job --output-data-config S3OutputPath=s3://b/other {how.replace('{}', text)}\n"
    )
    (draft,) = from_text(call, str(tmp_path / "start.sh"), knowledge)
    assert (draft.data["name"], draft.data["output_path"], draft.data["max_run"]) == ("mine", "s3://b/other", 600)


@pytest.mark.parametrize(
    "text",
    [
        "A=b",
        "A=b,C=d",
        "A=b,c,D=e",
        "A={B=c,D=e},F=g",
        "A=[b,c],D=e",
        "A=[{B=c},{B=d}]",
        "A='b, c',D=e",
        'A="b=c"',
        "A={B=[c,d]}",
        "A=,B=c",
        "A=b c,D=s3://x/y",
    ],
)
def test_shorthand_is_what_the_aws_cli_takes_it_for(text: str) -> None:
    assert Shorthand(text).made() == ShorthandParser().parse(text)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("--role-arn r --colour red", "no member for the option --colour"),
        ("--role-arn r --tags '[{'", "--tags is not taken: it is not JSON"),
        ("--role-arn r --resource-config InstanceType", "--resource-config is not taken: a name and = is expected"),
        ("--role-arn r --input-data-config file://missing.json", "the request is in the file missing.json"),
    ],
)
def test_an_option_that_cannot_be_read_is_reported(call: str, told: str, knowledge: Facts) -> None:
    (draft,) = from_text(f"aws sagemaker create-training-job {call}\n", "x.sh", knowledge)
    assert told in " ".join(draft.remarks)


def test_a_variable_that_is_set_again_is_left_to_fill_in(knowledge: Facts) -> None:
    call = "aws sagemaker create-training-job --output-data-config S3OutputPath=$O"
    script = f"O=s3://b/one\nif x; then\n  O=s3://b/two\nfi\n{call}"
    (draft,) = from_text(script, "x.sh", knowledge)
    assert draft.data["output_path"] == "{{ vars.O }}"


@pytest.mark.parametrize(
    ("script", "remarks"),
    [
        ("for rate in 0.1 0.01; do\n  CALL\ndone\n", ("one job for each pass of a loop",)),
        ("if [ -n $x ]; then\n  CALL\nfi\n", ("only under a condition of the script",)),
        ("for x in 1; do echo; done\nif x; then echo; fi\n# do then\nCALL\n", ()),
    ],
)
def test_a_call_in_a_loop_or_under_a_condition_is_reported(
    script: str, remarks: tuple[str, ...], knowledge: Facts
) -> None:
    call = "aws sagemaker create-training-job --role-arn arn:aws:iam::123456789012:role/R"
    (draft,) = from_text(script.replace("CALL", call), "x.sh", knowledge)
    assert draft.remarks == remarks


# Terraform's state machines ------------------------------------------------------------------------------------------

STATE = """
resource "aws_sfn_state_machine" "train" {
  name       = "train"
  definition = DEFINITION
}
variable "epochs" { default = 5 }
"""
ENCODED = """jsonencode({
    StartAt = "Train"
    States = { Train = {
      Type = "Task", End = true
      Resource = "arn:aws:states:::sagemaker:createTrainingJob.sync"
      Parameters = {
        "TrainingJobName.$"    = "$.name"
        RoleArn                = aws_iam_role.job.arn
        AlgorithmSpecification = { TrainingImage = "${var.registry}/mine:1", TrainingInputMode = "File" }
        OutputDataConfig       = { S3OutputPath = "s3://${aws_s3_bucket.b.id}/out" }
        ResourceConfig         = { InstanceCount = 1, InstanceType = "ml.m5.large", VolumeSizeInGB = 30 }
        StoppingCondition      = { MaxRuntimeInSeconds = 600 }
      }
    } }
  })"""
WRITTEN = """<<EOF
{"States": {"Train": {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Parameters": {
  "TrainingJobName.$": "$.name", "RoleArn": "${aws_iam_role.job.arn}",
  "AlgorithmSpecification": {"TrainingImage": "${var.registry}/mine:1", "TrainingInputMode": "File"},
  "OutputDataConfig": {"S3OutputPath": "s3://${aws_s3_bucket.b.id}/out"},
  "ResourceConfig": {"InstanceCount": ${var.count}, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
  "StoppingCondition": {"MaxRuntimeInSeconds": 600}}}}}
EOF"""


@pytest.mark.parametrize(
    ("definition", "count"), [(ENCODED, 1), (WRITTEN, "{{ vars.count | int }}")], ids=["jsonencode", "a text"]
)
def test_a_state_machine_in_terraforms_words_is_one(definition: str, count: object, knowledge: Facts) -> None:
    (draft,) = from_text(STATE.replace("DEFINITION", definition), "x.tf", knowledge)
    assert draft.data == {
        "name": "name",
        "role": "{{ vars.arn }}",
        "image_uri": "{{ vars.registry }}/mine:1",
        "instance_type": "ml.m5.large",
        "instance_count": count,
        "max_run": 600,
        "output_path": "s3://{{ vars.id }}/out",
    } | {"name": draft.data["name"]}


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ('templatefile("${path.module}/train.asl.json", {})', "import that file"),
        ("var.definition", "the state machine's definition is not known: var.definition"),
        ("<<EOF\n{not JSON\nEOF", "the state machine's definition is not JSON"),
    ],
)
def test_a_definition_that_is_elsewhere_is_reported(definition: str, told: str, knowledge: Facts) -> None:
    with pytest.raises(UnreadableProgram, match=told):
        from_text(STATE.replace("DEFINITION", definition), "x.tf", knowledge)


def test_what_jsonata_puts_together_keeps_its_constant_part(knowledge: Facts) -> None:
    arguments = {
        "RoleArn": "{% $states.input.role %}",
        "OutputDataConfig": {"S3OutputPath": "{% 's3://b/' & $states.input.team & '/out' %}"},
    }
    state = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Arguments": arguments}
    (draft,) = from_text(json.dumps({"QueryLanguage": "JSONata", "States": {"T": state}}), "x.json", knowledge)
    assert (draft.data["role"], draft.data["output_path"]) == ("{{ vars.role }}", "s3://b/{{ vars.team }}/out")
