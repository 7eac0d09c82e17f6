"""The commands around a plan: apply does what was approved or says what has changed, and its exit code tells the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import SCRIPT, SMALLEST
from fakes.fixtures import Aws, aws, neighbours  # noqa: F401 - fixtures
from fakes.jobs import Fate
from sagespec.cli import run

pytestmark = pytest.mark.usefixtures("project")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest with code and local data, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text(SCRIPT)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").write_text("x")
    write(tmp_path)
    return tmp_path


def write(folder: Path, **over: Any) -> None:
    fields = {**SMALLEST, "source_dir": "code", "channels": {"train": {"path": "data"}}, **over}
    (folder / "mnist.yaml").write_text(json.dumps(fields, indent=1))


@pytest.fixture
def at_once(aws: Aws) -> Aws:  # noqa: F811
    """AWS where a minute passes between two looks."""
    aws.jobs.clock.scale = 1e6
    return aws


def spoken(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_what_was_approved_is_applied_and_nothing_else(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]  # noqa: F811
) -> None:
    code, _, err = spoken(capsys, "plan", "mnist.yaml", "--out", "p.plan", "--detailed-exitcode")
    assert (code, err) == (5, "saved; to do exactly this: sagespec apply p.plan\n")
    write(project, hyperparameters={"epochs": 3})  # after the approval
    code, out, _ = spoken(capsys, "apply", "p.plan", "--yes", "--format", "json")
    (job,) = json.loads(out)["jobs"]
    assert (code, job["action"], job["done"]) == (0, "create", True)
    assert "epochs" not in aws.jobs[job["job_name"]]["HyperParameters"]
    code, out, _ = spoken(capsys, "apply", "p.plan", "--yes", "--format", "json")
    assert (code, json.loads(out)["jobs"][0]["action"]) == (0, "keep")
    assert len(aws.jobs.done("CreateTrainingJob")) == 1


def test_a_plan_whose_world_has_changed_is_refused_and_nothing_is_done(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]  # noqa: F811
) -> None:
    assert spoken(capsys, "plan", "mnist.yaml", "--out", "p.plan")[0] == 0
    write(project, hyperparameters={"epochs": 3})
    assert spoken(capsys, "apply", "mnist.yaml", "--yes")[0] == 0
    before = len(aws.effects)
    code, _, err = spoken(capsys, "apply", "p.plan", "--yes")
    assert (code, len(aws.effects)) == (3, before)
    assert "nothing was done" in err
    assert "mnist: planned create (new), now refuse" in err


def test_a_plan_whose_code_has_changed_is_refused(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]  # noqa: F811
) -> None:
    assert spoken(capsys, "plan", "mnist.yaml", "--out", "p.plan")[0] == 0
    (project / "code" / "train.py").write_text(SCRIPT + "# changed\n")
    code, _, err = spoken(capsys, "apply", "p.plan", "--yes")
    assert (code, aws.calls and aws.jobs.done("CreateTrainingJob")) == (3, [])
    assert "train.py" in err


def test_a_tampered_plan_is_refused_without_a_traceback(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]  # noqa: F811
) -> None:
    assert spoken(capsys, "plan", "mnist.yaml", "--out", "p.plan")[0] == 0
    path = project / "p.plan"
    path.write_text(path.read_text().replace("ml.m5.xlarge", "ml.p5.48xlarge"))
    code, _, err = spoken(capsys, "apply", "p.plan", "--yes")
    assert (code, "p.plan was changed after it was written" in err) == (2, True)
    code, _, err = spoken(capsys, "apply", "p.plan", "mnist.yaml", "--yes")
    assert (code, "a saved plan says all of this itself" in err) == (2, True)


def test_wait_follows_to_the_end_and_hands_on_what_became_of_it(
    at_once: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(project / "out"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary"))
    code, _, err = spoken(capsys, "apply", "mnist.yaml", "--yes", "--wait", "--outputs", "results/o.json")
    assert code == 0
    (job,) = json.loads((project / "results" / "o.json").read_text())["jobs"]
    assert (job["status"], job["action"], job["billable_seconds"]) == ("Completed", "create", 60)
    assert job["log"].startswith("/aws/sagemaker/TrainingJobs/mnist-")
    given = dict(line.split("=", 1) for line in (project / "out").read_text().splitlines())
    assert (given["job_name"], given["status"]) == (job["job_name"], "Completed")
    assert json.loads(given["jobs"]) == [job]
    assert "1 of 1 job completed" in (project / "summary").read_text()
    assert "no model: nothing lies at s3://" in err  # this service writes none


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        (Fate("Stopped", secondary="MaxRuntimeExceeded"), "time limit: a retry alone will not help"),
        (Fate("Failed", failure="AlgorithmError: ExitCode 2"), "code (exit code 2): a retry alone will not help"),
        (Fate("Failed", failure="CapacityError: Unable to provision"), "capacity: a retry may well succeed"),
    ],
)
def test_a_training_that_did_not_complete_is_no_success(
    fate: Fate, said: str, at_once: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at_once.jobs.fate = lambda request: fate
    code, _, err = spoken(capsys, "apply", "mnist.yaml", "--yes", "--wait")
    assert (code, said in err) == (4, True)
    (name,) = at_once.jobs.of("mnist")
    assert spoken(capsys, "attach", name)[0] == 4
    code, out, _ = spoken(capsys, "status", name)
    assert (code, said in out) == (0, True)


def test_a_job_that_others_started_can_be_attached_to(
    at_once: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    at_once.client("sagemaker").create_training_job(
        TrainingJobName="theirs",
        RoleArn=SMALLEST["role"],
        AlgorithmSpecification={"TrainingImage": "123456789012.dkr.ecr.us-west-2.amazonaws.com/x:1", "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://b/out"},
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    at_once.log("theirs/algo-1-1", (1_700_000_000_000, "hello"))
    code, out, err = spoken(capsys, "attach", "theirs")
    assert (code, out) == (0, "hello\n")
    assert "theirs  Completed" in err
    assert spoken(capsys, "stop", "theirs") == (0, "", "theirs has ended already (Completed)\n")
    assert spoken(capsys, "attach", "nobody")[0] == 3
