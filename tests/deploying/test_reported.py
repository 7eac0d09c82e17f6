"""Whatever was created is reported, on every way out; commands over several jobs do all of them and tell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import SMALLEST
from fakes.fixtures import REGION, Aws, clean
from fakes.jobs import Fate, Refused
from fakes.neighbour import logs_of, neighbour_that, refused
from reporting.plan_schema import check_plan
from sagespec.cli import run
from sagespec.deploying.services.sagemaker.service import SageMaker
from sagespec.reporting.plans.outputs import LONGEST_OUTPUT, github_lines

PROJECT = {"apiVersion": "sagespec/v1", "kind": "Defaults", "project": "reported"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two manifests, a and b, and everywhere that results go to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "github"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "train.py").write_text('if __name__ == "__main__":\n    print("x")\n')
    (tmp_path / "jobs" / "sagespec.yaml").write_text(json.dumps(PROJECT))
    for name in ("a", "b"):
        write(tmp_path, name)
    return tmp_path


def write(folder: Path, name: str, **over: Any) -> None:
    fields = {**SMALLEST, "name": name, "model_dir": False, **over}
    (folder / "jobs" / f"{name}.yaml").write_text(json.dumps(fields, indent=1))


@pytest.fixture
def quick(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS where a job has ended before one can look."""
    monkeypatch.setattr(SageMaker, "poll_seconds", 0.01)
    aws.jobs.clock.scale = 1e6
    return aws


def run_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(list(arguments))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def statuses(file: Path) -> dict[str, Any]:
    return {job["name"]: job.get("status") for job in json.loads(file.read_text())["jobs"]}


APPLY = ("apply", "jobs", "--yes", "--wait", "--outputs", "o.json", "--format", "json")


@pytest.mark.parametrize("trouble", ["AccessDeniedException", "ThrottlingException", "ExpiredTokenException"])
def test_a_log_that_cannot_be_read_is_a_remark_and_the_training_decides(
    trouble: str, quick: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")
    with neighbour_that(lambda operation, given: refused(trouble, "no")) as logs:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", logs.url)
        code, out, err = run_command(capsys, *APPLY)
    assert code == 0, err
    assert statuses(project / "o.json") == {"a": "Completed", "b": "Completed"}
    assert [job["ending"]["status"] for job in check_plan(out)["jobs"]] == ["Completed", "Completed"]
    assert (project / "github").read_text().startswith("jobs=")
    assert "2 of 2 jobs completed" in (project / "summary").read_text()
    assert err.count(trouble) == 2, "once a job"


def test_credentials_that_expire_while_jobs_are_followed_lose_no_outputs(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SageMaker, "poll_seconds", 0.01)
    answer = aws.jobs.answer

    def expired(operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if operation == "DescribeTrainingJob" and len(aws.jobs.done("CreateTrainingJob")) == 2:
            raise Refused("ExpiredTokenException", "The security token included in the request is expired")
        return answer(operation, given)

    aws.jobs.answer = expired  # type: ignore[method-assign]
    code, out, err = run_command(capsys, *APPLY)
    assert code == 3
    jobs = check_plan(out)["jobs"]
    assert [(job["action"], job["done"]) for job in jobs] == [("create", True)] * 2
    assert {job["job_name"] for job in json.loads((project / "o.json").read_text())["jobs"]} == {
        job["job_name"] for job in jobs
    }
    assert "sign in again" in err
    assert f"sagespec attach {jobs[0]['job_name']} --region {REGION}" in err


def test_one_job_that_is_lost_from_sight_leaves_the_others_to_their_end(
    quick: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = quick.jobs.answer

    def odd(operation: str, given: dict[str, Any]) -> dict[str, Any]:
        about_a = given.get("TrainingJobName", "").startswith("a-")
        if operation == "DescribeTrainingJob" and about_a and quick.jobs.of("a"):
            raise Refused("ValidationException", "odd")
        return answer(operation, given)

    quick.jobs.answer = odd  # type: ignore[method-assign]
    assert run_command(capsys, *APPLY)[0] == 3
    assert statuses(project / "o.json") == {"a": None, "b": "Completed"}


def test_ctrl_c_while_jobs_are_followed_writes_what_is_known(aws: Aws, project: Path) -> None:
    command, lines = [sys.executable, "-m", "sagespec", *APPLY], dict[str, list[str]]()
    aws.jobs.on_create = lambda job: lines.update({job.name: [f"begin of {job.name}"]})
    with neighbour_that(logs_of(lines)) as logs:
        environment = {**clean(os.environ), **aws.environment, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": logs.url}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as applying:
            assert applying.stderr is not None
            seen = (line for line in applying.stderr if "begin of" in line)
            said = [next(seen), next(seen)]  # a log's line comes after its job's status
            applying.send_signal(signal.SIGINT)
            out, err = applying.communicate(timeout=60)
    assert applying.returncode == 130, err
    assert statuses(project / "o.json") == {"a": "InProgress", "b": "InProgress"}
    assert [job["ending"]["status"] for job in json.loads(out)["jobs"]] == ["InProgress"] * 2
    assert (project / "github").read_text().startswith("jobs=")
    assert len(set(said)) == 2
    names = " ".join(sorted(job["job_name"] for job in json.loads(out)["jobs"]))
    assert f"To follow again: sagespec attach {names} --region {REGION}" in err


def test_a_plan_that_fails_leaves_no_outputs_of_an_earlier_run(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "o.json").write_text('{"version": 1, "jobs": [{"name": "old"}]}')
    aws.fail_next("Search", "expired")
    code, out, _ = run_command(capsys, *APPLY)
    assert (code, json.loads(out)["jobs"]) == (3, [])
    assert json.loads((project / "o.json").read_text())["jobs"] == []


@pytest.mark.parametrize("which", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_an_output_that_cannot_be_written_hides_nothing(
    which: str, quick: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(which, str(project / "nowhere" / "file"))
    code, out, err = run_command(capsys, *APPLY)
    assert (code, len(json.loads(out)["jobs"])) == (3, 2)
    assert f"error: {project / 'nowhere' / 'file'} could not be written: No such file or directory" in err
    assert statuses(project / "o.json") == {"a": "Completed", "b": "Completed"}


def test_an_outputs_file_that_cannot_be_is_refused_before_anything_is_done(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run_command(capsys, "apply", "jobs", "--yes", "--outputs", "jobs")
    assert (code, "--outputs jobs: jobs is a folder" in err, len(aws.calls)) == (2, True, 0)
    code, _, err = run_command(capsys, "plan", "jobs", "--out", "jobs/a.yaml/p.plan")
    assert (code, "jobs/a.yaml is not a folder" in err, len(aws.calls)) == (2, True, 0)


def test_a_plan_is_saved_into_a_folder_that_is_made(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(capsys, "plan", "jobs", "--out", "new/folder/p.plan")[0] == 0
    assert run_command(capsys, "apply", "new/folder/p.plan", "--yes")[0] == 0


def test_json_is_all_that_stands_on_standard_output(
    quick: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: dict[str, list[str]] = {}
    quick.jobs.on_create = lambda job: lines.update({job.name: ["hello"]})
    with neighbour_that(logs_of(lines)) as logs:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", logs.url)
        code, out, err = run_command(capsys, *APPLY)
    assert (code, len(json.loads(out)["jobs"])) == (0, 2)
    assert err.count(" algo-1 | hello\n") == 2


def test_github_takes_the_outputs_of_any_number_of_jobs() -> None:
    def job(number: int) -> dict[str, Any]:
        return {"name": f"job-{number}", "job_name": f"job-{number}-0123456789", "done": True, "log_tail": ["x" * 2000]}

    for count in (1, 10, 300, 20_000):
        text = "".join(github_lines([job(number) for number in range(count)]))
        assert len(text) <= LONGEST_OUTPUT + 10_000
        value = next(line for line in text.splitlines() if line.startswith("jobs=")).removeprefix("jobs=")
        shown = json.loads(value)
        assert [one["name"] for one in shown] == [f"job-{number}" for number in range(len(shown))]
        assert len(shown) == count or count == 20_000
        assert all(one["job_name"] for one in shown)


# Commands over several jobs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["status", "logs", "stop --yes"])
def test_a_manifest_without_a_job_does_not_end_the_command_for_the_others(
    command: str, aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", "jobs/b.yaml", "--yes"]) == 0
    capsys.readouterr()
    (name,) = aws.jobs.of("b")
    code, out, err = run_command(capsys, *command.split(), "jobs")
    assert (code, f"no training job of 'a' exists on SageMaker {REGION}" in err, name in out + err) == (0, True, True)
    assert run_command(capsys, *command.split(), "jobs/a.yaml")[0] == 3
    assert aws.jobs.status(name) == ("Stopping" if command.startswith("stop") else "InProgress")


def test_one_job_that_cannot_be_seen_does_not_end_the_command_for_the_others(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", "jobs", "--yes"]) == 0
    capsys.readouterr()
    names = aws.jobs.of("a") + aws.jobs.of("b")
    code, out, err = run_command(capsys, "status", names[0], "nobody", names[1], "--region", REGION)
    assert (code, [name in out for name in names]) == (3, [True, True])
    assert "error: DescribeTrainingJob nobody: " in err


def test_stop_stops_every_job_of_a_manifest_that_runs(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, "a", max_run=60)
    assert run(["apply", "jobs/a.yaml", "--yes"]) == 0
    (older,) = aws.jobs.of("a")
    write(project, "a", max_run=120, on_change="keep")
    aws.jobs.fate = lambda request: Fate(seconds=5)
    aws.advance(5)
    assert run(["apply", "jobs/a.yaml", "--yes"]) in (0, 3)
    aws.advance(20)
    capsys.readouterr()
    newer = next(name for name in aws.jobs.of("a") if name != older)
    assert (aws.jobs.status(older), aws.jobs.status(newer)) == ("InProgress", "Completed")
    code, _, err = run_command(capsys, "stop", "jobs/a.yaml")
    assert (code, f"{older} was asked to stop" in err) == (0, True)
    assert aws.jobs.status(older) == "Stopping"


@pytest.mark.parametrize("command", ["status", "logs", "stop", "rollback"])
def test_what_is_not_on_this_machine_is_reported_with_what_lists_what_is(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run_command(capsys, command, "tpyo", "--local")
    assert (code, out) == (3, "")
    assert "endpoint 'tpyo' (this machine)\n = help: sagespec list --local shows what there is\n" in err


def test_the_log_of_a_job_that_does_not_exist_is_an_error(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run_command(capsys, "logs", "tpyo", "--region", REGION)
    assert (code, out) == (3, "")
    assert "error: there is neither a training job nor an endpoint 'tpyo'" in err
    assert run(["apply", "jobs/a.yaml", "--yes"]) == 0
    (name,) = aws.jobs.of("a")
    capsys.readouterr()
    assert run_command(capsys, "logs", name, "--region", REGION) == (0, "", f"{name} has no log yet (InProgress)\n")


@pytest.mark.parametrize("command", [["plan"], ["status"], ["logs"], ["stop"]])
def test_a_role_without_an_account_works_as_in_apply(
    command: list[str], aws: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    (project / "jobs" / "b.yaml").unlink()
    write(project, "a", role="SageMakerRole")
    aws.client("iam").create_role(
        RoleName="SageMakerRole",
        AssumeRolePolicyDocument=json.dumps(
            {"Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}}]}
        ),
    )
    assert run_command(capsys, "apply", "jobs", "--yes")[0] == 0
    code, _, err = run_command(capsys, *command, "jobs/a.yaml")
    assert code == 0, err


def test_jobs_are_attached_to_from_anywhere(quick: Aws, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a region in the environment, as the advice after Ctrl-C says it."""
    assert run(["apply", "jobs/a.yaml", "--yes"]) == 0
    (name,) = quick.jobs.of("a")
    assert run_command(capsys, "attach", name)[0] == 3
    assert run_command(capsys, "attach", name, "--region", REGION)[0] == 0


def test_local_clean_asks_first(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".git").mkdir()
    assert run(["apply", "jobs/a.yaml", "--local", "--yes", "--wait"]) == 0
    capsys.readouterr()
    (job,) = (project / ".sagespec" / "local").glob("a-*")
    code, _, err = run_command(capsys, "local", "clean")
    assert (code, job.exists(), f"- {job.name}" in err, "add --yes" in err) == (2, True, True, True)
    assert run_command(capsys, "local", "clean", "--yes") == (0, "", f"{job.name} is deleted\n")
    assert not job.exists()
    assert run_command(capsys, "local", "clean") == (0, "", "there is nothing to delete\n")


def test_no_secret_of_a_job_on_this_machine_is_shown_whole(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The service here is a script of one's own, whose words reach the same logs of CI."""
    (project / ".git").mkdir()
    script = (
        'if __name__ == "__main__":\n    print("password=hunter2hunter2")\n'
        '    raise ValueError("token AKIAIOSFODNN7EXAMPLE")\n'
    )
    (project / "jobs" / "train.py").write_text(script)
    said = run_command(capsys, "apply", "jobs/a.yaml", "--local", "--yes", "--wait", "--outputs", "o.json")[1:]
    text = "".join(
        [*said, *run_command(capsys, "status", "jobs/a.yaml", "--local")[1:], (project / "o.json").read_text()]
    )
    assert "ValueError" in text
    assert "hunter2hunter2" not in text
    assert "AKIAIOSFODNN7EXAMPLE" not in text
