"""The forms in which other tools take a request: golden for every spec, and as the published schemas want them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import jsonschema
import pytest
import yaml
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from moto.events.models import EventPattern
from referencing import Registry, Resource

from conftest import REPOSITORY, SCRIPT, SMALLEST, Judge
from sagespec.base.source import Source
from sagespec.building.request import Request
from sagespec.building.targets import TARGETS
from sagespec.building.targets.ack import SPEC, name_of
from sagespec.catalog import Facts
from sagespec.cli import run
from sagespec.kinds.training_job.lifecycle import LIFECYCLE
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs
from sagespec.reading.syntax.reader import read
from sagespec.reading.syntax.writer import yaml_text
from sagespec.reporting.export import fitted, needed, text_of, write_all

HERE = Path(__file__).parent
SPECS = sorted(path for path in REPOSITORY.glob("specs/*/*.yaml") if "kind: TrainingJob" in path.read_text("utf-8"))
OTHERS = [name for name in TARGETS if name != "sagemaker"]


def requests_of(path: Path, knowledge: Facts) -> list[Request]:
    results = Compiler(Options(Inputs()), knowledge).run([str(path)])
    return [result.request for result in results if result.request is not None]


@pytest.fixture
def request_of(judge: Judge) -> Callable[..., Request]:
    def made(over: Mapping[str, Any] = {}) -> Request:
        result = judge(over)
        assert result.request is not None, result.diagnostics
        return result.request

    return made


# Golden -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", OTHERS)
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_every_spec_in_the_form_of_another_tool(
    spec: Path, target: str, knowledge: Facts, golden: Callable[[Path, str], None]
) -> None:
    (request,) = requests_of(spec, knowledge)
    name = f"{spec.stem}{TARGETS[target].suffix}"
    golden(REPOSITORY / "tests" / "golden" / target / name, text_of(request, target))


# The AWS controllers for Kubernetes ---------------------------------------------------------------------------------

CRD: dict[str, Any] = json.loads((HERE / "ack" / "trainingjobs.schema.json").read_text(encoding="utf-8"))


def closed(schema: Any) -> Any:
    """A schema of Kubernetes as a strict one: a field that it does not name would be dropped there without a word."""
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if "properties" in schema else {}
    return {**{key: closed(value) for key, value in schema.items()}, **more}


def tree(schema: Mapping[str, Any]) -> Any:
    """The names of a schema of Kubernetes, without their types."""
    inner = schema.get("items", schema)
    return {name: tree(part) for name, part in inner["properties"].items()} if "properties" in inner else None


def spelled(table: Mapping[str, Any] | None) -> Any:
    return None if table is None else {name_of(name): spelled(inner) for name, inner in table.items()}


def test_the_table_has_every_name_of_the_published_schema_and_no_other() -> None:
    assert spelled(SPEC) == tree(CRD["properties"]["spec"])


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_published_schema_accepts_the_resource_of_every_spec(spec: Path, knowledge: Facts) -> None:
    (request,) = requests_of(spec, knowledge)
    resource = yaml.safe_load(text_of(request, "ack"))
    jsonschema.Draft202012Validator(closed(CRD)).validate({**resource, "metadata": {}})
    assert (resource["apiVersion"], resource["kind"]) == ("sagemaker.services.k8s.aws/v1alpha1", "TrainingJob")
    assert resource == TARGETS["ack"].data(request)


def test_a_resource_says_its_region_and_has_a_name_that_kubernetes_allows(request_of: Callable[..., Request]) -> None:
    request = request_of({"name": "My-Job"})
    metadata = TARGETS["ack"].data(request)["metadata"]
    assert metadata["name"] == request.job_name().lower()
    assert metadata["annotations"] == {"services.k8s.aws/region": "us-west-2"}


def test_every_member_that_the_resource_has_keeps_its_value(request_of: Callable[..., Request]) -> None:
    request = request_of(
        {
            "subnets": ["subnet-1"],
            "security_group_ids": ["sg-1"],
            "volume_kms_key": "volume-key",
            "output_kms_key": "output-key",
            "channels": {"train": {"s3_data": "s3://b/t", "shuffle_config": {"seed": 3}}},
            "max_retry_attempts": 2,
            "environment": {"A": "yes"},
        }
    )
    spec = TARGETS["ack"].data(request)["spec"]
    assert spec["vpcConfig"] == {"securityGroupIDs": ["sg-1"], "subnets": ["subnet-1"]}
    assert spec["resourceConfig"]["volumeKMSKeyID"] == "volume-key"
    assert spec["outputDataConfig"]["kmsKeyID"] == "output-key"
    assert spec["inputDataConfig"][0]["dataSource"]["s3DataSource"]["s3URI"] == "s3://b/t"
    assert spec["inputDataConfig"][0]["shuffleConfig"] == {"seed": 3}
    assert spec["retryStrategy"] == {"maximumRetryAttempts": 2}
    assert yaml.safe_load(text_of(request, "ack"))["spec"]["environment"] == {"A": "yes"}


# What a target has no form for --------------------------------------------------------------------------------------

TRACKING = "arn:aws:sagemaker:us-west-2:123456789012:mlflow-tracking-server/one"
REFUSED = [
    ("ack", {"enable_session_tag_chaining": True}, "SessionChainingConfig", 11),
    ("ack", {"experiment_config": {"run_name": "first"}}, "ExperimentConfig.RunName", 11),
    ("ack", {"request": {"MlflowConfig": {"MlflowResourceArn": TRACKING}}}, "MlflowConfig", 11),
    ("step-functions", {"hyperparameters": {"a.$": 1}}, "HyperParameters.a.$", 11),
]


@pytest.mark.parametrize(("target", "over", "member", "line"), REFUSED, ids=lambda value: str(value)[:30])
def test_a_member_that_the_form_has_no_place_for_is_an_error_at_its_field(
    judge: Judge, target: str, over: dict[str, Any], member: str, line: int
) -> None:
    result = judge(over)
    assert result.request is not None, result.diagnostics
    refused = fitted(result, target)
    (found,) = [one for one in refused.diagnostics if one.rule == "not-in-target"]
    assert refused.request is None
    assert found.message.startswith(f"{member} ")
    assert found.place.span.line == line
    assert found.hint.startswith("take it out, or ")


def test_a_job_for_this_machine_has_no_form_for_another_tool(judge: Judge) -> None:
    result = judge({"instance_type": "local"})
    for target in OTHERS:
        refused = fitted(result, target)
        assert [found.rule for found in refused.diagnostics] == ["not-in-target"]
    kept = fitted(result, "sagemaker")
    assert kept == result


# Amazon EventBridge -------------------------------------------------------------------------------------------------


def rule_of(request: Request) -> tuple[dict[str, Any], EventPattern]:
    """The rule's properties, and its pattern as moto's EventBridge reads it."""
    template = json.loads(text_of(request, "eventbridge"))
    (rule,) = template["Resources"].values()
    assert rule["Type"] == "AWS::Events::Rule"
    return rule["Properties"], EventPattern.load(json.dumps(rule["Properties"]["EventPattern"]))


def test_the_rule_holds_for_the_end_of_every_attempt_of_the_job_and_for_nothing_else(
    request_of: Callable[..., Request],
) -> None:
    request = request_of()
    _, pattern = rule_of(request)

    def told(name: str, status: str, kind: str = "SageMaker Training Job State Change") -> bool:
        detail = {"TrainingJobName": name, "TrainingJobStatus": status}
        return bool(pattern.matches_event({"source": "aws.sagemaker", "detail-type": kind, "detail": detail}))

    statuses = botocore.session.Session().get_service_model("sagemaker").shape_for("TrainingJobStatus").enum
    assert {status for status in statuses if told(request.job_name(2), status)} == LIFECYCLE.settled
    assert told(request_of({"max_run": 60}).job_name(), "Failed"), "the manifest may change"
    assert not told("other-0123456789", "Failed")
    assert not told(request.job_name(), "Failed", "SageMaker Transform Job State Change")


def test_the_rule_is_one_that_eventbridge_takes(request_of: Callable[..., Request]) -> None:
    """botocore's model of PutRule and PutTargets, and the template's own reference."""
    rule, _ = rule_of(request_of())
    (target,) = rule["Targets"]
    template = json.loads(text_of(request_of(), "eventbridge"))
    assert [target["Arn"]["Ref"]] == list(template["Parameters"])
    model = botocore.session.Session().get_service_model("events")
    for operation, parameters in (
        (
            "PutRule",
            {"Name": "x", "Description": rule["Description"], "EventPattern": json.dumps(rule["EventPattern"])},
        ),
        ("PutTargets", {"Rule": "x", "Targets": [{**target, "Arn": "arn:aws:sns:us-west-2:123456789012:jobs"}]}),
    ):
        shape = model.operation_model(operation).input_shape
        assert not ParamValidator().validate(parameters, shape).has_errors()
    used = set(re.findall(r"<(\w+)>", target["InputTransformer"]["InputTemplate"]))
    assert used == set(target["InputTransformer"]["InputPathsMap"])


def test_a_rule_needs_nothing_in_s3(
    code: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], request_of: Callable[..., Request]
) -> None:
    assert [path.name for path in write_all([request_of()], "eventbridge", tmp_path / "rules")] == ["mnist.json"]
    (code / "mnist.yaml").write_text(json.dumps(SMALLEST))
    assert run(["compile", "--target", "eventbridge", str(code / "mnist.yaml")]) == 0
    assert capsys.readouterr().err == ""


# AWS Step Functions -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def state_schema() -> jsonschema.Draft7Validator:
    parts = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "asl").glob("*.json"))]
    registry: Registry[Any] = Registry().with_resources([(part["$id"], Resource.from_contents(part)) for part in parts])
    (task,) = (part for part in parts if part["$id"].endswith("/task.json#"))
    return jsonschema.Draft7Validator(task, registry=registry)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_published_schema_accepts_the_state_of_every_spec(
    spec: Path, knowledge: Facts, state_schema: jsonschema.Draft7Validator
) -> None:
    (request,) = requests_of(spec, knowledge)
    state = json.loads(text_of(request, "step-functions"))
    state_schema.validate(state)
    assert state["Parameters"] == request.body()
    assert not state_schema.is_valid({**state, "Parameter": {}})


def test_a_state_names_the_partition_of_its_region(request_of: Callable[..., Request]) -> None:
    over = {"region": "cn-north-1", "role": "arn:aws-cn:iam::123456789012:role/R"}
    china = TARGETS["step-functions"].data(request_of(over))
    assert china["Resource"] == "arn:aws-cn:states:::sagemaker:createTrainingJob.sync"


# The AWS command line interface -------------------------------------------------------------------------------------

FAKE_AWS = """\
#!/bin/sh
printf '%s\\n' "$@" > arguments
cat > request.json
"""


@pytest.mark.parametrize("shell", [name for name in ("sh", "bash", "dash") if shutil.which(name)])
def test_a_script_hands_the_request_to_the_command_as_it_is(
    shell: str, tmp_path: Path, request_of: Callable[..., Request]
) -> None:
    """Nothing in it is for the shell, whatever the manifest holds."""
    evil = "$(touch hacked) `id` 'x' \"y\" \\ \nEND_OF_REQUEST\n ü"
    request = request_of({"framework_version": "2.4", "hyperparameters": {"evil": evil}})  # no shell in its container
    (tmp_path / "aws").write_text(FAKE_AWS)
    (tmp_path / "aws").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LC_ALL": "C"}
    script = text_of(request, "aws-cli")
    assert script.isascii()
    subprocess.run([shell], input=script, cwd=tmp_path, env=environment, check=True, text=True)
    sent = json.loads((tmp_path / "request.json").read_text())
    words = (tmp_path / "arguments").read_text().split("\n")
    assert sent == request.body()
    assert words[:2] == ["sagemaker", "create-training-job"]
    assert words[2:6] == ["--region", "us-west-2", "--cli-input-json", "file:///dev/stdin"]
    assert not (tmp_path / "hacked").exists()


# Files --------------------------------------------------------------------------------------------------------------


def test_the_archives_that_other_tools_need_are_written_beside(
    tmp_path: Path, request_of: Callable[..., Request]
) -> None:
    request = request_of()
    upload = request.uploads[0]
    out = tmp_path / "out"
    archive = out / "code" / upload.sha256 / "sourcedir.tar.gz"
    assert list(write_all([request], "aws-cli", out)) == [out / "mnist.sh", archive]
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == upload.sha256
    assert list(needed([request, request], out)) == [f"aws s3 cp {archive} {upload.uri}"]
    assert list(write_all([request], "sagemaker", out)) == [out / "mnist.json"]


def test_what_must_lie_in_s3_first_is_reported(
    code: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request_of: Callable[..., Request]
) -> None:
    (code / "data dir").mkdir()
    (code / "data dir" / "a.csv").write_text("1\n")
    (code / "one.csv").write_text("2\n")
    over = {"channels": {"train": {"path": "data dir"}, "test": {"path": "one.csv"}}}
    request = request_of(over)
    _, folder, file = needed([request], None)
    data = [upload for upload in request.uploads if upload.kind == "data"]
    assert folder == f"aws s3 cp --recursive '{code / 'data dir'}' {data[0].uri}"
    assert file == f"aws s3 cp {code / 'one.csv'} {data[1].uri}one.csv"


@pytest.fixture
def manifest(code: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from conftest import SMALLEST

    monkeypatch.chdir(code)
    (code / "train.py").write_text(SCRIPT)
    (code / "m.yaml").write_text(json.dumps(SMALLEST))
    return code / "m.yaml"


def test_compile_prints_the_form_that_is_asked_for(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compile", "m.yaml", "--target", "ack"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("apiVersion: sagemaker.services.k8s.aws/v1alpha1\nkind: TrainingJob\n")
    assert printed.err.startswith("first: s3://sagemaker-us-west-2-123456789012/sagespec/code/")
    assert run(["compile", "m.yaml", "--target", "step-functions", "--jsonl"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    row = json.loads(line)
    assert (row["name"], row["target"], row["output"]["Type"]) == ("mnist", "step-functions", "Task")
    assert run(["compile", "m.yaml", "--target", "aws-cli", "--out", "out"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "out/mnist.sh"


def test_without_a_target_nothing_but_the_request_is_printed(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compile", "m.yaml"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["TrainingJobName"].startswith("mnist-")
    assert printed.err == ""


def test_a_refused_job_is_refused_on_the_command_line(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fields = {**json.loads(manifest.read_text()), "enable_session_tag_chaining": True}
    manifest.write_text(json.dumps(fields))
    assert run(["compile", "m.yaml", "--target", "ack"]) == 1
    assert "[not-in-target]" in capsys.readouterr().err
    assert run(["compile", "m.yaml", "--target", "ack", "--jsonl"]) == 1
    assert json.loads(capsys.readouterr().out)["diagnostics"][0]["rule"] == "not-in-target"


# YAML ---------------------------------------------------------------------------------------------------------------

TRICKY = [
    "", " ", "a ", " a", "1.10", "012", "1:30", "1e3", "0x1f", "1_000", ".5", "-", "- a", "?", "? a", "yes", "No", "ON",
    "y", "~", "null", "true", "=", "<<", "2026-01-02", "a: b", "a:", "a #b", "#a", "s3://b/x", "a, b", "[a]", "{{ x }}",
    "%a", "@a", "`a", "*a", "&a", "!a", "|", ">", "'", '"', "---", "...", "\ta", "a\nb", "\u2028", "\x85", "\ufeff",
    "\x00", "💥", ".inf", "nan", "e", "E5",
]  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(TRICKY)
NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXT, VALUE, min_size=1, max_size=5))
def test_what_is_written_as_yaml_is_read_as_the_same(data: dict[str, Any]) -> None:
    """By our own reader, without a warning, and by one of YAML 1.1; 1 and 1.0 and true are three things."""
    text = yaml_text(data)
    (document,) = read(Source("written.yaml", text))
    assert document.problems == ()
    assert repr(document.data) == repr(data)
    assert repr(yaml.safe_load(text)) == repr(data)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from leaves(inner, (*path, key))


@given(st.dictionaries(TEXT, VALUE, min_size=1, max_size=3))
def test_notes_change_nothing_in_what_is_read(data: dict[str, Any]) -> None:
    (document,) = read(Source("written.yaml", yaml_text(data, dict.fromkeys(leaves(data), "was: a"))))
    assert repr(document.data) == repr(data)


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        yaml_text({"a": float("nan")})
