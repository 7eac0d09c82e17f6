"""The commands around a plan: apply does what was approved or says what has changed; its exit code tells the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import SCRIPT, SMALLEST
from fakes.fixtures import REGION, Aws, clean
from fakes.jobs import Fate
from sagespec.cli import run
from sagespec.deploying.services import ServiceError
from sagespec.deploying.services.sagemaker.service import SageMaker

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
    (tmp_path / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nproject: vision\n")
    write(tmp_path)
    return tmp_path


def write(folder: Path, **over: Any) -> None:
    fields = {**SMALLEST, "source_dir": "code", "channels": {"train": {"path": "data"}}, **over}
    (folder / "mnist.yaml").write_text(json.dumps(fields, indent=1))


@pytest.fixture
def at_once(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS where a job has ended before one can look."""
    monkeypatch.setattr(SageMaker, "poll_seconds", 0.01)
    monkeypatch.setenv("AWS_REGION", REGION)
    aws.jobs.clock.scale = 1e6
    return aws


def run_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(list(arguments))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_what_was_approved_is_applied_and_nothing_else(
    aws: Aws,
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = run_command(capsys, "plan", "mnist.yaml", "--out", "p.plan", "--detailed-exitcode")
    assert (code, err) == (5, "saved; to do exactly this: sagespec apply p.plan\n")
    write(project, hyperparameters={"epochs": 3})  # after the approval
    code, out, _ = run_command(capsys, "apply", "p.plan", "--yes", "--format", "json")
    (job,) = json.loads(out)["jobs"]
    assert (code, job["action"], job["done"]) == (0, "create", True)
    assert "epochs" not in aws.jobs[job["job_name"]]["HyperParameters"]
    code, out, _ = run_command(capsys, "apply", "p.plan", "--yes", "--format", "json")
    assert (code, json.loads(out)["jobs"][0]["action"]) == (0, "keep")
    assert len(aws.jobs.done("CreateTrainingJob")) == 1


def test_a_plan_whose_world_has_changed_is_refused_and_nothing_is_done(
    aws: Aws,
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(capsys, "plan", "mnist.yaml", "--out", "p.plan")[0] == 0
    write(project, hyperparameters={"epochs": 3})
    assert run_command(capsys, "apply", "mnist.yaml", "--yes")[0] == 0
    before = len(aws.effects)
    code, _, err = run_command(capsys, "apply", "p.plan", "--yes")
    assert (code, len(aws.effects)) == (3, before)
    assert "nothing was done" in err
    assert "mnist: planned create (new), now refuse" in err


def test_a_plan_whose_code_has_changed_is_refused(
    aws: Aws,
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(capsys, "plan", "mnist.yaml", "--out", "p.plan")[0] == 0
    (project / "code" / "train.py").write_text(SCRIPT + "# changed\n")
    code, _, err = run_command(capsys, "apply", "p.plan", "--yes")
    assert (code, aws.calls and aws.jobs.done("CreateTrainingJob")) == (3, [])
    assert "train.py" in err


def test_a_tampered_plan_is_refused_without_a_traceback(
    aws: Aws,
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(capsys, "plan", "mnist.yaml", "--out", "p.plan")[0] == 0
    path = project / "p.plan"
    path.write_text(path.read_text().replace("ml.m5.xlarge", "ml.p5.48xlarge"))
    code, _, err = run_command(capsys, "apply", "p.plan", "--yes")
    assert (code, "p.plan was changed after it was written" in err) == (2, True)
    code, _, err = run_command(capsys, "apply", "p.plan", "mnist.yaml", "--yes")
    assert (code, "a saved plan decides this already" in err) == (2, True)


def test_a_plan_shows_what_the_author_changed_and_nothing_of_the_services_own(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, hyperparameters={"epochs": 1}, checkpoint_s3_uri="s3://bucket/c")
    assert run_command(capsys, "apply", "mnist.yaml", "--yes")[0] == 0
    _, out, _ = run_command(capsys, "plan", "mnist.yaml", "--format", "json")
    (job,) = json.loads(out)["jobs"]
    assert (job["action"], job["differences"]) == ("keep", [])
    write(project, hyperparameters={"epochs": 2}, tags={"team": "vision"})
    _, out, _ = run_command(capsys, "plan", "mnist.yaml", "--format", "json", "--replace")
    (job,) = json.loads(out)["jobs"]
    assert job["action"] == "replace"
    assert [(one["field"], one["before"], one["after"], one["class"]) for one in job["differences"]] == [
        ("checkpoint_s3_uri", "s3://bucket/c", None, "new run"),
        ("hyperparameters.epochs", 1, 2, "new run"),
        ("tags.team", None, "vision", "tags"),
    ]


def test_wait_follows_to_the_end_and_hands_on_what_became_of_it(
    at_once: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(project / "out"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary"))
    code, _, err = run_command(capsys, "apply", "mnist.yaml", "--yes", "--wait", "--outputs", "results/o.json")
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
def test_a_training_that_did_not_complete_is_not_a_success(
    fate: Fate, said: str, at_once: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at_once.jobs.fate = lambda request: fate
    code, _, err = run_command(capsys, "apply", "mnist.yaml", "--yes", "--wait")
    assert (code, said in err) == (4, True)
    (name,) = at_once.jobs.of("mnist")
    assert run_command(capsys, "attach", name)[0] == 4
    code, out, _ = run_command(capsys, "status", name)
    assert (code, said in out) == (0, True)


def test_a_job_that_others_started_can_be_attached_to(at_once: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    at_once.client("sagemaker").create_training_job(
        TrainingJobName="theirs",
        RoleArn=SMALLEST["role"],
        AlgorithmSpecification={
            "TrainingImage": "123456789012.dkr.ecr.us-west-2.amazonaws.com/x:1",
            "TrainingInputMode": "File",
        },
        OutputDataConfig={"S3OutputPath": "s3://b/out"},
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    at_once.log("theirs/algo-1-1", (int(time.time() * 1000), "hello"))
    code, out, err = run_command(capsys, "attach", "theirs")
    assert (code, out) == (0, "hello\n")
    assert "theirs  Completed" in err
    assert run_command(capsys, "stop", "theirs") == (0, "", "theirs has ended already (Completed)\n")
    assert run_command(capsys, "attach", "nobody")[0] == 3


# On this machine ----------------------------------------------------------------------------------------------------

WAITS = """\
import time
if __name__ == "__main__":
    print("it runs", flush=True)
    time.sleep(60)
"""
SAVES = """\
import os
if __name__ == "__main__":
    with open(os.environ["SM_MODEL_DIR"] + "/events.out.tfevents.1", "w") as out:
        out.write("x")
"""
TENSORBOARD = """\
#!{python}
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
open("called", "w").write(" ".join(sys.argv[1:]))
time.sleep(60)
"""


def sagespec(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    environment = {**clean(os.environ), **options.pop("env", {})}
    command = [sys.executable, "-m", "sagespec", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_status_shows_the_end_of_a_failed_jobs_log(at_once: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    at_once.jobs.fate = lambda request: Fate("Failed", failure="AlgorithmError: ExitCode 1")
    assert run_command(capsys, "apply", "mnist.yaml", "--yes")[0] == 0
    (name,) = at_once.jobs.of("mnist")
    now = int(time.time() * 1000)
    at_once.log(f"{name}/algo-1-1", *((now + number, f"step {number}") for number in range(0, 60, 2)))
    at_once.log(f"{name}/algo-2-1", (now + 57, "ValueError: nan"))
    _, out, _ = run_command(capsys, "status", name, "--format", "json")
    (job,) = json.loads(out)["jobs"]
    assert job["log_tail"] == [*(f"step {number}" for number in range(22, 58, 2)), "ValueError: nan", "step 58"]
    assert "  | ValueError: nan\n" in run_command(capsys, "status", name)[1]


def test_ctrl_c_stops_following_and_not_the_job(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "code" / "train.py").write_text(WAITS)
    with sagespec("apply", "--local", "--yes", "--wait", "mnist.yaml") as applying:
        try:
            assert applying.stdout is not None
            assert any(line == "it runs\n" for line in applying.stdout)
            applying.send_signal(signal.SIGINT)
            _, err = applying.communicate(timeout=120)
            (name,) = [path.parent.name for path in (project / ".sagespec" / "local").glob("*/request.json")]
            assert applying.returncode == 130
            assert f"the jobs continue. To follow again: sagespec attach {name}" in err
            code, out, _ = run_command(capsys, "status", name, "--format", "json")
            assert (code, json.loads(out)["jobs"][0]["status"]) == (0, "InProgress")
        finally:
            applying.kill()
            run(["stop", "mnist.yaml", "--local"])
    assert run_command(capsys, "attach", name)[0] == 4


def test_tensorboard_shows_what_a_job_on_this_machine_has_saved(project: Path) -> None:
    (project / "code" / "train.py").write_text(SAVES)
    assert run(["apply", "--local", "--yes", "--wait", "mnist.yaml"]) == 0
    program = project / "bin" / "tensorboard"
    program.parent.mkdir()
    program.write_text(TENSORBOARD.format(python=sys.executable))
    program.chmod(0o755)
    path = {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    with sagespec("tensorboard", "--local", "mnist.yaml", "--port", "20000", env=path) as showing:
        deadline = time.monotonic() + 120
        while not (project / "called").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        showing.send_signal(signal.SIGTERM)
        _, err = showing.communicate(timeout=120)
    assert showing.returncode == 0, err
    (mirrored,) = (project / ".sagespec" / "tensorboard").rglob("*tfevents*")
    assert mirrored.read_text() == "x"
    assert f"the mirror stays in {mirrored.parents[1]}" in err


def test_checkpoints_come_from_s3(aws: Aws, tmp_path: Path) -> None:
    aws.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("s3").put_object(Bucket="bucket", Key="ckpt/eval/events.out.tfevents.1", Body=b"one")
    aws.client("s3").put_object(Bucket="bucket", Key="ckpt-of-another/x", Body=b"two")
    service = SageMaker(REGION)
    (stored,) = service.objects("s3://bucket/ckpt")
    assert (stored.name, stored.size) == ("eval/events.out.tfevents.1", 3)
    service.fetch(f"s3://bucket/ckpt/{stored.name}", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == b"one"
    assert list(service.objects("s3://nowhere/x")) == []
    with pytest.raises(ServiceError, match="NoSuchKey"):
        service.fetch("s3://bucket/ckpt/gone", tmp_path / "gone")
