"""What docker is told to do. A program of our own named `docker` notes it, and plays the container."""

import json
import os
import sys
from pathlib import Path

import pytest

from local.jobs import IMAGE, channel, ended, log, request, run, start, until_logged
from sagespec.deploying.services import ServiceError
from sagespec.deploying.services.local.running import docker
from sagespec.deploying.services.local.service import LocalService

PROGRAM = """\
#!{python}
import json, os, signal, sys, time
from pathlib import Path
words, home = sys.argv[1:], Path({home!r})
with (home / "calls").open("a") as file:
    file.write(json.dumps(words) + "\\n")
if words[0] == "version":
    sys.exit((home / "version").read_text() if (home / "version").exists() else 0)
if words[0] == "run" and "chown" not in words:
    places = [word.split('"')[1:] for word in words if word.startswith("type=bind")]
    folder = next(Path(here[len("source=") :]) for here, there in places if there == ",target=/opt/ml")
    told = dict(line.split("=", 1) for line in Path(words[words.index("--env-file") + 1]).read_text().splitlines())
    (home / "told").write_text(json.dumps(told))
    (folder / "model" / "weights").write_text("42")
    print("in the container", told.get("OWN"), (folder / "code" / "train.py").read_text(), flush=True)
    if (home / "waits").exists():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        time.sleep(60)
    sys.exit(int((home / "code").read_text()) if (home / "code").exists() else 0)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where the stand-in notes its calls and finds how to behave."""
    home = tmp_path / "docker-home"
    home.mkdir()
    program = home / "docker"
    program.write_text(PROGRAM.format(python=sys.executable, home=str(home)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{home}{os.pathsep}{os.environ['PATH']}")
    for name in docker.CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def service(tmp_path, home):
    return LocalService(tmp_path / "local", executor="docker", grace=2)


def calls(home, verb):
    every = [json.loads(line) for line in (home / "calls").read_text().splitlines()]
    return [words for words in every if words[0] == verb and "chown" not in words]


def test_image_is_run_as_sagemaker_runs_it(service, home, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "secret")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").touch()
    asked = request(
        "pass",
        Environment={"OWN": "yes"},
        InputDataConfig=[channel("train", str(tmp_path / "data"))],
        CheckpointConfig={"S3Uri": "s3://bucket/checkpoints"},
    )
    seen = run(service, asked)
    assert seen.status == "Completed", (seen.failure, log(service, seen.job_name))
    folder = service.root / seen.job_name / "hosts" / "algo-1"
    assert calls(home, "run") == [
        [
            "run", "--rm", "--name", f"sagespec-{seen.job_name}-algo-1", "--hostname", "algo-1",
            "--network", "bridge",
            "--mount", f'type=bind,"source={folder}",target=/opt/ml',
            "--mount", f'type=bind,"source={folder.parent.parent}/shared",target=/opt/ml/shared',
            "--mount", f'type=bind,"source={service.root}/.checkpoints/bucket/checkpoints",target=/opt/ml/checkpoints',
            "--env-file", f"{folder.parent.parent}/.variables-algo-1",
            IMAGE, "train",
        ]
    ]  # fmt: skip
    assert json.loads((home / "told").read_text()) == {
        "AWS_ACCESS_KEY_ID": "secret",
        "AWS_REGION": "us-west-2",
        "OWN": "yes",
        "TRAINING_JOB_ARN": seen.body["TrainingJobArn"],
        "TRAINING_JOB_NAME": seen.job_name,
    }
    assert not (folder.parent.parent / ".variables-algo-1").exists()
    assert log(service, seen.job_name) == ["algo-1: in the container yes pass"]
    assert Path(service.artifact(seen.job_name)).exists()
    given = json.loads((folder / "input" / "config" / "hyperparameters.json").read_text())
    assert given["sagemaker_submit_directory"] == '"/opt/ml/code"'


def test_hosts_share_a_network_of_their_own_that_is_gone_afterwards(service, home):
    seen = run(service, request("pass", count=2, EnableNetworkIsolation=True))
    network = f"sagespec-{seen.job_name}"
    made, gone = calls(home, "network")
    assert made[:4] == ["network", "create", "--internal", "--subnet"]
    assert made[5:] == [network]
    assert gone == ["network", "rm", network]
    subnet = made[4].removesuffix(".0/24")
    known = ["--add-host", f"algo-1:{subnet}.2", "--add-host", f"algo-2:{subnet}.3"]
    for number, words in enumerate(sorted(calls(home, "run")), 2):
        assert words[words.index("--network") :][:8] == ["--network", network, "--ip", f"{subnet}.{number}", *known]


def test_isolated_job_has_no_network(service, home):
    run(service, request("pass", EnableNetworkIsolation=True))
    [words] = calls(home, "run")
    assert words[words.index("--network") :][:4] == ["--network", "none", "--add-host", "algo-1:127.0.0.1"]


def test_entry_point_and_arguments_of_the_request_replace_the_image_s(service, home):
    entry = {"ContainerEntrypoint": ["python3", "-u"], "ContainerArguments": ["train.py", "--fast"]}
    run(service, request("pass", algorithm=entry))
    [words] = calls(home, "run")
    assert words[words.index("--entrypoint") :] == ["--entrypoint", "python3", IMAGE, "-u", "train.py", "--fast"]


def test_stopped_job_ends_its_container(service, home):
    (home / "waits").touch()
    name = start(service, request("pass"))
    until_logged(service, name, "in the container")
    service.stop(name)
    assert ended(service, name).status == "Stopped"
    assert calls(home, "rm") == [["rm", "--force", f"sagespec-{name}-algo-1"]]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("3", "AlgorithmError: in the container None pass, exit code: 3"),
        ("125", "ClientError: docker could not run the image: in the container None pass"),
    ],
)
def test_failure_says_whether_it_was_docker_or_the_program(service, home, code, reason):
    (home / "code").write_text(code)
    assert run(service, request("pass")).failure == reason


def test_legacy_jobs_and_images_with_their_own_program_run_in_docker(service):
    image = {"TrainingImage": "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow:1.4.1-cpu-py2"}
    assert run(service, request("pass", algorithm=image)).status == "Completed"


def test_docker_that_does_not_answer_is_an_error_before_anything_is_made(service, home):
    (home / "version").write_text("Cannot connect to the Docker daemon")
    with pytest.raises(ServiceError, match="docker cannot be used: Cannot connect to the Docker daemon"):
        service.create(request("pass"), 1)
    assert service.jobs() == []
