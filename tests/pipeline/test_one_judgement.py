"""What `compile` or `plan --offline` would refuse, `validate` has said, with every other complaint, in the same run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import SMALLEST
from sagespec.catalog import Facts
from sagespec.pipeline import Compiler, Options, Result


def judged(folder: Path, knowledge: Facts, *, build: bool = False, **fields: Any) -> Result:
    (folder / "m.yaml").write_text(json.dumps({**SMALLEST, **fields}, indent=1))
    (result,) = Compiler(Options(build=build), knowledge).run([str(folder / "m.yaml")])
    return result


def findings_of(result: Result) -> list[tuple[str, tuple[Any, ...]]]:
    return [(found.rule, found.field) for found in result.diagnostics]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text("print(1)\n")
    return tmp_path


OVERRIDES: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "a value of an enumeration": (
        {"OutputDataConfig": {"CompressionType": "Gzip"}},
        ("request", "OutputDataConfig", "CompressionType"),
    ),
    "a number out of range": (
        {"StoppingCondition": {"MaxPendingTimeInSeconds": 60}},
        ("request", "StoppingCondition", "MaxPendingTimeInSeconds"),
    ),
    "a missing member": ({"MlflowConfig": {"MlflowExperimentName": "x"}}, ("request", "MlflowConfig")),
    "a text that is too short": ({"RoleArn": "test"}, ("request", "RoleArn")),
}


@pytest.mark.parametrize(("override", "place"), OVERRIDES.values(), ids=OVERRIDES)
@pytest.mark.parametrize("wrong", [{}, {"instance_count": 0}], ids=["alone", "beside a wrong field"])
def test_an_override_that_the_api_refuses_is_refused_at_its_own_line(
    override: dict[str, Any], place: tuple[Any, ...], wrong: dict[str, Any], folder: Path, knowledge: Facts
) -> None:
    found = findings_of(judged(folder, knowledge, request=override, **wrong))
    assert ("refused-by-api", place) in found
    assert (("out-of-range", ("instance_count",)) in found) == bool(wrong)


def test_validate_says_all_that_compile_would_say(folder: Path, knowledge: Facts) -> None:
    (folder / "code").mkdir()
    (folder / "code" / "train.py").write_text("print(1)\n")
    (folder / "code" / "away").symlink_to("/etc")
    wrong = {"source_dir": "code", "request": {"RoleArn": "test"}, "volume_size": 0}
    found = findings_of(judged(folder, knowledge, **wrong))
    assert {rule for rule, _ in found} == {"out-of-range", "unusable-files", "refused-by-api"}
    assert findings_of(judged(folder, knowledge, build=True, **wrong)) == found


def test_a_role_that_the_request_gives_is_given(folder: Path, knowledge: Facts) -> None:
    override = {"RoleArn": "arn:aws:iam::210987654321:role/Other"}
    result = judged(folder, knowledge, build=True, role=None, request=override)
    assert result.diagnostics == ()
    assert result.request is not None
    body = result.request.body()
    assert body["RoleArn"] == override["RoleArn"]
    assert "210987654321" in body["OutputDataConfig"]["S3OutputPath"]  # the default bucket of that role's account


def test_a_wait_that_the_request_gives_is_given(folder: Path, knowledge: Facts) -> None:
    override = {"StoppingCondition": {"MaxWaitTimeInSeconds": 172_800}, "CheckpointConfig": {"S3Uri": "s3://b/c"}}
    assert "spot-without-max-wait" not in [
        rule for rule, _ in findings_of(judged(folder, knowledge, use_spot_instances=True, request=override))
    ]
    assert "spot-without-max-wait" in [
        rule for rule, _ in findings_of(judged(folder, knowledge, use_spot_instances=True))
    ]


def test_every_environment_is_judged_and_a_finding_says_which_it_is_about(folder: Path, knowledge: Facts) -> None:
    (folder / "sagespec.yaml").write_text(
        "apiVersion: sagespec/v1\nkind: Defaults\n"
        "environments:\n  dev: {instance_type: ml.m5.xlarge}\n  prod: {instance_type: ml.m5.xlarg}\n"
    )
    manifest = {name: value for name, value in SMALLEST.items() if name != "instance_type"}
    (folder / "m.yaml").write_text(json.dumps({**manifest, "volume_size": 0}, indent=1))
    (result,) = Compiler(Options(build=False), knowledge).run([str(folder / "m.yaml")])
    found = {found.rule: found.message for found in result.diagnostics}
    assert set(found) == {"out-of-range", "misspelt-instance-type"}
    assert "environment" not in found["out-of-range"]  # in all of them: one finding
    (place,) = [each.place for each in result.diagnostics if each.rule == "misspelt-instance-type"]
    assert (place.source.name.rpartition("/")[2], place.span.line) == ("sagespec.yaml", 5)  # under environments.prod


def test_two_files_with_one_name_are_an_error_of_validate(folder: Path, knowledge: Facts) -> None:
    for name in ("a.yaml", "b.yaml"):
        (folder / name).write_text(json.dumps(SMALLEST, indent=1))
    _, second = Compiler(Options(build=False), knowledge).run([str(folder / "a.yaml"), str(folder / "b.yaml")])
    assert [(found.rule, found.severity.value) for found in second.diagnostics] == [("name-in-two-files", "error")]


def test_an_unknown_kind_is_one_finding_with_the_near_match(folder: Path, knowledge: Facts) -> None:
    result = judged(folder, knowledge, kind="Endpiont", whatever=1, instance_count=0)
    assert [(found.rule, found.hint) for found in result.diagnostics] == [("unknown-kind", "did you mean Endpoint?")]


def test_a_run_on_this_machine_leaves_no_allowance_over(folder: Path, knowledge: Facts) -> None:
    """What only SageMaker's image breaks is not broken here, and is allowed all the same."""
    lines = [f"{name}: {json.dumps(value)}" for name, value in SMALLEST.items() if name != "framework_version"]
    lines += ["# sagespec: allow image-out-of-patch", 'framework_version: "2.19"']
    (folder / "m.yaml").write_text("\n".join(lines))
    for local in (False, True):
        (result,) = Compiler(Options(build=False, local=local), knowledge).run([str(folder / "m.yaml")])
        assert result.diagnostics == ()
