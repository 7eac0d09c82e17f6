"""Every field lands where the table says, and every member of CreateTrainingJob can be set."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from conftest import SCRIPT, SMALLEST, Judge
from sagespec.building import api_check as api
from sagespec.building.request import Destination
from sagespec.building.tags import OURS
from sagespec.catalog import Facts, api_members
from sagespec.kinds.training_job.draft import joined, merged, plain, role_arn
from sagespec.kinds.training_job.members import ELSEWHERE, MEMBERS, field_of
from sagespec.kinds.training_job.model import Job

PLAN_ARN = "arn:aws:sagemaker:us-west-2:123456789012:training-plan/reserved"
LAMBDA_ARN = "arn:aws:lambda:us-west-2:123456789012:function:credentials"
RULE = {
    "rule_configuration_name": "VanishingGradient",
    "rule_evaluator_image": "895741380848.dkr.ecr.us-west-2.amazonaws.com/sagemaker-debugger-rules:latest",
    "rule_parameters": {"rule_to_invoke": "VanishingGradient"},
}
GROUPS = [{"instance_group_name": "workers", "instance_type": "ml.g5.xlarge", "instance_count": 2}]
LEGACY = {"framework_version": "1.12.0", "training_steps": 10, "evaluation_steps": 1, "source_dir": "."}
VPC = {"subnets": ["subnet-1"], "security_group_ids": ["sg-1"]}
PRIVATE = {"image_uri": "registry.example.com/mine:1", "training_repository_access_mode": "Vpc"}
SPOT = {"use_spot_instances": True, "max_wait": 100_000, "checkpoint_s3_uri": "s3://b/checkpoints"}


class Together(dict[str, Any]):
    """Fields that make sense only together."""


HUGGING_FACE: dict[str, Any] = {
    "framework": "huggingface",
    "framework_version": None,
    "transformers_version": "4.48.0",
    "pytorch_version": "2.3.0",
    "instance_type": "ml.g5.2xlarge",
    "model_dir": None,
}

# field: (manifest without it, what it is given)
EXAMPLES: Mapping[str, tuple[dict[str, Any], Any]] = {
    "name": ({}, "other"),
    "tags": ({}, {"team": "vision"}),
    "region": ({}, "eu-west-1"),
    "role": ({}, "arn:aws:iam::123456789012:role/Other"),
    "entry_point": ({}, "other.py"),
    "source_dir": ({}, "."),
    "dependencies": ({}, ["lib"]),
    "code_location": ({}, "s3://code/prefix"),
    "container_log_level": ({}, 10),
    "container_entry_point": ({}, ["python3"]),
    "container_arguments": ({}, ["--verbose"]),
    "framework_version": ({"framework_version": "1.14", "py_version": "py3"}, "1.15.3"),
    "transformers_version": (HUGGING_FACE, Together(transformers_version="4.46.1", pytorch_version="2.3.0")),
    "pytorch_version": (HUGGING_FACE, Together(transformers_version="4.46.1", pytorch_version="2.3.0")),
    "tensorflow_version": (
        {**HUGGING_FACE, "transformers_version": "4.11.0", "pytorch_version": "1.9.0", "py_version": None},
        Together(pytorch_version=None, tensorflow_version="2.5.1"),
    ),
    "py_version": ({"framework_version": "1.15.3", "py_version": "py3"}, "py37"),
    "image_uri": ({}, "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1"),
    "script_mode": (
        {"framework_version": "1.12.0", "py_version": "py2", "training_steps": 1, "evaluation_steps": 1},
        Together(script_mode=True, training_steps=None, evaluation_steps=None),
    ),
    "training_steps": (LEGACY, 20),
    "evaluation_steps": (LEGACY, 2),
    "checkpoint_path": (LEGACY, "s3://b/checkpoints"),
    "requirements_file": (LEGACY, "requirements.txt"),
    "instance_type": ({}, "ml.g5.xlarge"),
    "instance_count": ({"distribution": {"multi_worker_mirrored_strategy": {"enabled": True}}}, 2),
    "instance_groups": ({}, Together(instance_groups=GROUPS, instance_type=None, instance_count=None)),
    "volume_size": ({}, 50),
    "volume_kms_key": ({}, "arn:aws:kms:us-west-2:123456789012:key/k"),
    "max_run": ({}, 60),
    "use_spot_instances": ({}, Together(SPOT)),
    "max_wait": (SPOT, 200_000),
    "keep_alive_period_in_seconds": ({}, 600),
    "max_retry_attempts": ({}, 3),
    "training_plan": ({}, PLAN_ARN),
    "instance_placement_config": ({}, {"enable_multiple_jobs": True}),
    "distribution": ({"instance_count": 2}, {"multi_worker_mirrored_strategy": {"enabled": True}}),
    "compiler_config": ({"framework_version": "2.11", "instance_type": "ml.g5.xlarge"}, {"enabled": True}),
    "channels": ({}, "s3://bucket/data"),
    "input_mode": ({"channels": "s3://bucket/data/"}, "FastFile"),
    "output_path": ({}, "s3://models"),
    "output_kms_key": ({}, "alias/mine"),
    "disable_output_compression": ({}, True),
    "model_dir": ({}, "s3://models/dir"),
    "checkpoint_s3_uri": ({}, "s3://b/checkpoints"),
    "checkpoint_local_path": ({"checkpoint_s3_uri": "s3://b/checkpoints"}, "/opt/ml/saved"),
    "hyperparameters": ({}, {"epochs": 3}),
    "environment": ({}, {"MODE": "fast"}),
    "metric_definitions": ({}, [{"name": "loss", "regex": "loss=([0-9.]+)"}]),
    "enable_sagemaker_metrics": ({}, False),
    "subnets": (VPC, ["subnet-2"]),
    "security_group_ids": (VPC, ["sg-2"]),
    "encrypt_inter_container_traffic": (
        {"instance_count": 2, "distribution": {"multi_worker_mirrored_strategy": {"enabled": True}}},
        True,
    ),
    "enable_network_isolation": ({"model_dir": False}, True),
    "training_repository_access_mode": (VPC, Together(PRIVATE)),
    "training_repository_credentials_provider_arn": (
        {**VPC, **PRIVATE},
        LAMBDA_ARN,
    ),
    "debugger_hook_config": ({}, {"s3_output_path": "s3://b/tensors"}),
    "rules": ({}, [RULE]),
    "profiler_rules": ({"profiler_config": {}}, [{**RULE, "rule_configuration_name": "ProfilerReport"}]),
    "profiler_config": ({}, {"profiling_interval_in_milliseconds": 500}),
    "disable_profiler": ({}, True),
    "tensorboard_output_config": ({}, {"s3_output_path": "s3://b/tensorboard"}),
    "experiment_config": ({}, {"experiment_name": "exp"}),
    "mlflow_config": (
        {},
        {"mlflow_resource_arn": "arn:aws:sagemaker:us-west-2:123456789012:mlflow-tracking-server/one"},
    ),
    "enable_remote_debug": ({}, True),
    "enable_infra_check": ({}, True),
    "enable_session_tag_chaining": ({}, True),
}


def members(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """(member, value) of every leaf of a body."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from members(item, f"{path}.{key}" if path else key)
    else:
        yield path, value


@pytest.fixture
def files(code: Path) -> None:
    (code / "other.py").write_text(SCRIPT)
    (code / "requirements.txt").write_text("numpy\n")
    (code / "lib").mkdir()
    (code / "lib" / "helper.py").write_text("")


def test_every_field_is_in_the_table() -> None:
    assert set(MEMBERS) | set(ELSEWHERE) == set(Job.fields)
    assert set(EXAMPLES) == set(MEMBERS)


@pytest.mark.parametrize("field", EXAMPLES)
@pytest.mark.usefixtures("files")
def test_a_field_lands_where_the_table_says(field: str, judge: Judge) -> None:
    before, given = EXAMPLES[field]
    bodies = []
    after = given if isinstance(given, Together) else {field: given}
    for over in (before, {**before, **after}):
        result = judge(over)
        assert result.request is not None, result.diagnostics
        bodies.append(dict(members(result.request.body())))
        assert OURS not in str({key: value for key, value in bodies[-1].items() if key != "Tags"})  # no placeholder
    changed = {path for path in bodies[0].keys() | bodies[1].keys() if bodies[0].get(path) != bodies[1].get(path)}
    for member in MEMBERS[field]:
        assert any(path == member or path.startswith(f"{member}.") for path in changed), f"{member} is as before"


def test_every_member_of_the_api_is_a_field_or_can_be_set_under_request() -> None:
    """What no field sets is merged in from `request`, and nothing of it is unknown to the API."""
    reached = []
    for path, member in api_members().items():
        if member.read_only or any(mark in path for mark in ("[]", "{")):
            continue
        steps = path.split(".")
        if field_of(steps) is not None:
            reached.append(path)
            continue
        override: Any = "x"
        for step in reversed(steps):
            override = {step: override}
        body = merged({"TrainingJobName": "x"}, override)
        assert dict(members(body))[path] == "x"
        assert [found.path for found in api.check(body) if found.kind == "unknown"] == []
        reached.append(path)
    tops = {path for path in api_members() if not any(mark in path for mark in ".[{")}
    assert tops <= {path.partition(".")[0] for path in reached}


def test_request_is_merged_last_and_null_takes_a_member_out(judge: Judge) -> None:
    override = {"StoppingCondition": {"MaxPendingTimeInSeconds": 7200}, "HyperParameters": {"model_dir": None}}
    result = judge({"instance_type": "ml.g5.xlarge", "request": override})
    assert result.request is not None, result.diagnostics
    body = result.request.body()
    assert body["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400, "MaxPendingTimeInSeconds": 7200}
    assert "model_dir" not in body["HyperParameters"]


def test_an_image_of_ones_own_gets_plain_hyperparameters(judge: Judge) -> None:
    own = {"image_uri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1", "entry_point": None}
    given = {"text": "a b", "flag": True, "rate": 0.1, "layers": [1, 2]}
    result = judge({**own, "framework_version": None, "hyperparameters": given})
    assert result.request is not None, result.diagnostics
    sent = result.request.body()["HyperParameters"]
    assert sent == {"text": "a b", "flag": "True", "rate": "0.1", "layers": "[1, 2]"}
    assert result.request.uploads == ()


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-west-2", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso")],
)
def test_a_bare_role_lies_in_the_partition_of_the_region(region: str, partition: str, knowledge: Facts) -> None:
    site = Destination(region, "123456789012")
    assert role_arn("Train", site, knowledge) == f"arn:{partition}:iam::123456789012:role/Train"


@pytest.mark.parametrize(
    ("parts", "uri"),
    [
        (("s3://bucket", "job", "model"), "s3://bucket/job/model"),
        (("s3://bucket/", "job", "model"), "s3://bucket/job/model"),
        (("s3://bucket//a//b/", "job"), "s3://bucket/a/b/job"),
    ],
)
def test_paths_are_joined_as_the_sdk_joins_them(parts: tuple[str, ...], uri: str) -> None:
    assert joined(*parts) == uri


@pytest.mark.parametrize(
    ("value", "text"), [("x", "x"), (1, "1"), (False, "False"), (None, "None"), ({"a": 1}, '{"a": 1}')]
)
def test_plain_values(value: object, text: str) -> None:
    assert plain(value) == text


def test_later_attempts_keep_the_first_ones_checkpoints_and_have_names_of_their_own(judge: Judge) -> None:
    result = judge({**SMALLEST, "output_path": "s3://models"})
    assert result.request is not None
    first, second = result.request.body(1), result.request.body(2)
    name = first["TrainingJobName"]
    assert second["TrainingJobName"] == f"{name}-r2"
    assert (
        first["HyperParameters"]["model_dir"] == second["HyperParameters"]["model_dir"] == f'"s3://models/{name}/model"'
    )
    assert second["HyperParameters"]["sagemaker_job_name"] == f'"{name}-r2"'


def test_a_body_is_the_callers_own(judge: Judge) -> None:
    """Whatever is done to it, what apply sends is what the digest is of."""
    request = judge({}).request
    assert request is not None
    first = request.body()
    wanted = json.dumps(first)
    first["HyperParameters"]["epochs"] = "1000"
    first["ResourceConfig"]["InstanceCount"] = 100
    assert json.dumps(request.body()) == json.dumps(request.body()) == wanted
