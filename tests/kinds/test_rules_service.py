"""What the pages of the service's rules cannot show: places, borders, other fields' mistakes, and secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import SMALLEST, Judge
from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.base.redact import redacted, secret_in
from sagespec.pipeline import Result

VPC: dict[str, Any] = {"subnets": ["subnet-0a1b2c3d"], "security_group_ids": ["sg-0a1b2c3d"]}
EFS = {"file_system_id": "fs-0123456789abcdef0", "file_system_type": "EFS", "directory_path": "/train"}


def rules(result: Result) -> list[str]:
    return [diagnostic.rule for diagnostic in result.diagnostics]


def only(result: Result) -> Diagnostic:
    [diagnostic] = result.diagnostics
    return diagnostic


def pointed_at(diagnostic: Diagnostic) -> str:
    """The text that the diagnostic underlines."""
    span = diagnostic.span
    return diagnostic.place.source.line(span.line)[span.column - 1 : span.end_column - 1]


EXAMPLE: dict[str, Any] = {
    "py_version": "py312",
    "instance_type": "ml.g5.xlarge",
    "hyperparameters": {"batch-size": 512, "epochs": 10, "learning-rate": 0.001},
    "channels": {
        "train": "s3://bucket/mnist/train",
        "test": {
            "s3_data": "s3://bucket/mnist/test",
            "content_type": "application/tfrecord",
            "input_mode": "FastFile",
        },
    },
    "output_path": "s3://bucket/artifacts",
    "max_run": 3600,
    "tags": {"team": "vision"},
}
SPOT = {"use_spot_instances": True, "max_wait": 7200, "checkpoint_s3_uri": "s3://bucket/checkpoints/mnist"}


@pytest.mark.parametrize("more", [{}, SPOT], ids=["on demand", "spot"])
def test_nothing_is_said_of_an_ordinary_job(more: dict[str, Any], judge: Judge) -> None:
    assert rules(judge({**EXAMPLE, **more})) == []


def test_a_wrong_value_in_one_channel_hides_nothing_about_the_next(judge: Judge) -> None:
    channels = {
        "first": {"s3_data": "s3://bucket/a", "compression": "Zip"},
        "second": {"s3_data": "s3://bucket/b", "compression": "Gzip"},
    }
    assert "gzip-outside-pipe-mode" in rules(judge({"channels": channels}))


@pytest.mark.parametrize(
    ("manifest", "line"),
    [
        ({"input_mode": "Pipe", "channels": {"train": EFS}, **VPC}, '"input_mode": "Pipe"'),
        ({"channels": {"train": {**EFS, "input_mode": "FastFile"}}, **VPC}, '"input_mode": "FastFile"'),
    ],
    ids=["at the job", "at the channel"],
)
def test_a_mode_is_complained_about_where_it_is_written(manifest: dict[str, Any], line: str, judge: Judge) -> None:
    found = only(judge(manifest))
    assert found.rule == "file-system-outside-file-mode"
    assert line in found.place.source.line(found.span.line)


def test_a_channel_with_two_sources_is_one_mistake(judge: Judge) -> None:
    both = {"s3_data": "s3://bucket/train", "file_system_id": "fs-0123456789abcdef0"}
    assert rules(judge({"channels": {"train": both}})) == ["channel-with-several-sources"]


def test_security_groups_without_subnets_are_an_incomplete_vpc_config_too(judge: Judge) -> None:
    found = only(judge({"security_group_ids": ["sg-0a1b2c3d"]}))
    assert (found.rule, found.hint) == ("incomplete-vpc-config", "add subnets: [subnet-…]")


def test_an_unknown_instance_type_is_a_warning_with_a_guess_and_the_date_of_the_list(judge: Judge) -> None:
    found = only(judge({"instance_type": "ml.g5.3xlarge"}))
    assert found.severity is Severity.WARNING
    assert found.hint == "did you mean ml.g5.4xlarge?"
    assert pointed_at(found).strip('"') == "ml.g5.3xlarge"
    assert "types of 20" in found.message


@pytest.mark.parametrize("name", ["ml.g5.xlrage", "ml.g5.xlage", "ml.g5.2xl", "ml.g5.12"])
def test_a_size_that_no_instance_has_is_an_error_with_the_type_that_was_meant(name: str, judge: Judge) -> None:
    found = only(judge({"instance_type": name}))
    assert (found.rule, found.severity) == ("misspelt-instance-type", Severity.ERROR)
    assert found.hint.startswith("did you mean ml.g5.")


@pytest.mark.parametrize(
    ("at_most", "over", "rule"),
    [
        ({"max_run": 432_000}, {"max_run": 432_001}, "run-over-quota"),
        ({"instance_count": 20}, {"instance_count": 21}, "instances-over-quota"),
        ({"volume_size": 1024}, {"volume_size": 1025}, "volume-over-quota"),
        (
            {"keep_alive_period_in_seconds": 3600},
            {"keep_alive_period_in_seconds": 3601},
            "keep-alive-over-quota",
        ),
    ],
)
def test_a_quota_is_spoken_of_from_the_first_unit_over_it(
    at_most: dict[str, Any], over: dict[str, Any], rule: str, judge: Judge
) -> None:
    assert rules(judge(at_most)) == []
    assert rules(judge(over)) == [rule]


def test_isolation_forbids_packages_only_where_there_are_some(code: Path, judge: Judge) -> None:
    isolated = {"enable_network_isolation": True, "model_dir": False, "source_dir": "."}
    assert rules(judge(isolated)) == []
    (code / "requirements.txt").write_text("keras-tuner\n")
    assert rules(judge(isolated)) == ["packages-without-network"]


def test_a_local_run_says_nothing_of_the_network_it_does_not_have(judge: Judge) -> None:
    assert rules(judge({"instance_type": "local", "region": None, "role": None, **VPC})) == []


def test_a_broken_pattern_is_reported_only_where_every_dialect_breaks(judge: Judge) -> None:
    java = {"name": "loss", "regex": r"(?<value>\p{Digit}+)"}
    assert set(rules(judge({"metric_definitions": [java]}))) == {"metric-pattern-of-one-dialect"}


def test_what_lies_below_an_unknown_member_is_not_complained_about_again(judge: Judge) -> None:
    found = only(judge({"request": {"StopingCondition": {"MaxRuntime": 3600}}}))
    assert (found.rule, found.hint) == ("unknown-request-member", "did you mean StoppingCondition?")


@pytest.mark.parametrize(
    "override",
    [
        {"ResourceConfig": [{"InstanceType": 1}]},
        {"InputDataConfig": {"ChannelName": "train"}},
        {"StoppingCondition": {"MaxRuntimeInSeconds": True}},
    ],
    ids=["list for structure", "structure for list", "truth for number"],
)
def test_an_override_of_the_wrong_shape_is_refused_once(override: dict[str, Any], judge: Judge) -> None:
    assert rules(judge({"request": override})) == ["wrong-type-in-request"]


SECRETS = {
    "AKIAIOSFODNN7EXAMPLE": "an AWS access key id",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "an AWS secret access key",
    "ghp_" + "a1B2c3" * 6: "a GitHub token",
    "github_pat_" + "a1B2c3_" * 10: "a GitHub token",
    "glpat-" + "a1B2c3D4e5" * 2: "a GitLab token",
    "xoxb-" + "1234567890-abcdef": "a Slack token",
    "hf_" + "aBcDeF" * 6: "a Hugging Face token",
    "sk-proj-" + "a1B2c3D4" * 6: "an OpenAI key",
    "AIza" + "a1B2c3D" * 5: "a Google API key",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N": "a JSON web token",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----": "a private key",
    "postgres://train:s3cr3t-w0rd@db.example.com/data": "a URL with a password",
}

ORDINARY = [
    "3f786850e387550fdab836ed7e6dc881de23001b",
    "sha256:" + "0a1b2c3d" * 8,
    "550e8400-e29b-41d4-a716-446655440000",
    "s3://my-bucket/Some/Path/2020/abcDEF0123456789/abcDEF0123456789",
    "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312",
    "arn:aws:secretsmanager:us-west-2:123456789012:secret:wandb-a1B2c3",
    "TensorFlow2ObjectDetectionSSDMobileNetV2",
    "ThisIsAVeryLongModelNameWithVersion12345",
    "google/vit-base-patch16-224-in21k",
    "postgres://train:${PASSWORD}@db.example.com/data",
    "https://user@example.com/path",
    "1e-3",
]


@pytest.mark.parametrize(("secret", "kind"), SECRETS.items(), ids=SECRETS.values())
def test_a_secret_is_known_by_its_form(secret: str, kind: str) -> None:
    assert secret_in(secret) == kind
    assert secret not in redacted(f"before {secret} after")


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_values_are_not_secrets(text: str) -> None:
    assert secret_in(text) is None
    assert redacted(f"before {text} after") == f"before {text} after"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WANDB_API_KEY", "3f786850e387550fdab836ed7e6dc881de23001b"),
        ("api-key", "550e8400-e29b-41d4-a716-446655440000"),
        ("hfToken", "a1b2c3d4e5f6a7b8c9d0"),
        ("DB_PASSWORD", "hunter2"),
        ("passphrase", "correct horse battery staple"),
    ],
)
def test_a_secret_is_known_by_its_name(name: str, value: str) -> None:
    assert secret_in(value, name) == f"the value of a secret ('{name}')"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", "4096"),
        ("tokenizer", "bert-base-uncased-2024-01-31"),
        ("pad_token", "<pad>"),
        ("bos_token", "<|begin_of_text|>"),
        ("mask_token", "[MASK]"),
        ("token", "wordpiece"),
        ("token_sha", "3f786850e387550fdab836ed7e6dc881de23001b"),
        ("commit", "3f786850e387550fdab836ed7e6dc881de23001b"),
        ("password", ""),
        ("password", "${DB_PASSWORD}"),
        ("api_key", "{{ env.API_KEY }}"),
        ("secret", "arn:aws:secretsmanager:us-west-2:123456789012:secret:wandb-a1B2c3"),
        ("secret", "team-database-password"),
        ("token", "/run/secrets/token"),
        ("s3_key", "data/0a1b2c3d4e5f6a7b8c9d/train"),
    ],
)
def test_a_name_alone_makes_no_secret(name: str, value: str) -> None:
    assert secret_in(value, name) is None


KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        ({"hyperparameters": {"api_key": KEY}}, ("hyperparameters", "api_key")),
        (
            {"hyperparameters": {"tracker": {"hosts": ["a"], "api_key": KEY}}},
            ("hyperparameters", "tracker", "api_key"),
        ),
        ({"environment": {"WANDB_API_KEY": KEY}}, ("environment", "WANDB_API_KEY")),
        ({"tags": {"token": KEY}}, ("tags", "token")),
        ({"container_arguments": ["--api-key", KEY]}, ("container_arguments", 1)),
        ({"container_arguments": ["train", f"--api-key={KEY}"]}, ("container_arguments", 1)),
        ({"request": {"Environment": {"API_KEY": KEY}}}, ("request", "Environment", "API_KEY")),
    ],
    ids=["hyperparameter", "nested", "environment", "tag", "next argument", "argument", "request"],
)
def test_a_secret_is_found_wherever_it_would_be_seen_and_never_told(
    manifest: dict[str, Any], field: tuple[str | int, ...], judge: Judge
) -> None:
    [found] = [one for one in judge(manifest).diagnostics if one.rule == "secret-in-manifest"]
    assert (found.severity, found.field) == (Severity.ERROR, field)
    assert KEY in found.place.source.line(found.span.line)
    assert "0123… (40 characters)" in found.message
    assert KEY not in found.message + found.hint


def test_a_short_secret_shows_nothing_of_itself(judge: Judge) -> None:
    found = only(judge({"environment": {"DB_PASSWORD": "hunter2"}}))
    assert found.message == "this looks like the value of a secret ('DB_PASSWORD'): … (7 characters)"


@pytest.mark.parametrize("form", [json.dumps, yaml.safe_dump, str], ids=["json", "yaml", "python"])
def test_texts_that_hold_a_whole_job_are_masked(form: Any) -> None:
    job = {**SMALLEST, "environment": {"WANDB_API_KEY": KEY, "DB_PASSWORD": "hunter2", "URL": "redis://:pa55word@h/0"}}
    text = redacted(form(job))
    assert not any(secret in text for secret in (KEY, "hunter2", "pa55word"))
    assert redacted(form(SMALLEST)) == form(SMALLEST)
    assert redacted(text) == text
