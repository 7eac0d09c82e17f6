"""The mirror of what a job saves, and the program that shows it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from fakes.memory import Job, Memory
from sagespec.deploying.following import tensorboard
from sagespec.deploying.following.tensorboard import Mirror, free_port
from sagespec.deploying.services import ServiceError
from sagespec.deploying.services.sagemaker.service import summaries_of

PLACE = "s3://bucket/checkpoints"
BODY: dict[str, Any] = {"TrainingJobName": "mnist-1", "AlgorithmSpecification": {}}

PROGRAM = """\
#!{python}
import os, signal, sys, time
with open({log!r}, "a") as log:
    print(os.getpid(), *sys.argv[1:], file=log, flush=True)
    def end(number, frame):
        print("ended", file=log, flush=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    {then}
    time.sleep(60)
"""


@pytest.fixture
def service() -> Memory:
    memory = Memory(places={"checkpoints": PLACE}, jobs={"mnist-1": Job(BODY, {})})
    memory.files[f"{PLACE}/events.out.tfevents.1"] = (b"one", 100.0)
    memory.files[f"{PLACE}/eval/checkpoint"] = (b"ckpt-1", 100.0)
    return memory


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, then: str = "pass") -> Path:
    """A `tensorboard` on the PATH that writes down how it was called."""
    script, log = folder / "bin" / "tensorboard", folder / "called"
    script.parent.mkdir()
    script.write_text(PROGRAM.format(python=sys.executable, log=str(log), then=then))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return log


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_mirror_holds_what_the_job_has_saved(service: Memory, tmp_path: Path) -> None:
    mirror = Mirror(service, "mnist-1", tmp_path)
    assert mirror.update() == 2
    assert files(tmp_path) == {
        "checkpoints/events.out.tfevents.1": b"one",
        "checkpoints/eval/checkpoint": b"ckpt-1",
    }


def test_only_what_is_new_or_changed_is_fetched(service: Memory, tmp_path: Path) -> None:
    Mirror(service, "mnist-1", tmp_path).update()
    mirror = Mirror(service, "mnist-1", tmp_path)  # as after a restart
    assert mirror.update() == 0
    service.files[f"{PLACE}/eval/checkpoint"] = (b"ckpt-2", 200.0)  # of the same length
    service.files[f"{PLACE}/graph.pbtxt"] = (b"g", 200.0)
    assert mirror.update() == 2
    assert files(tmp_path)["checkpoints/eval/checkpoint"] == b"ckpt-2"


def test_an_event_file_that_grows_stays_the_file_that_is_open(service: Memory, tmp_path: Path) -> None:
    mirror = Mirror(service, "mnist-1", tmp_path)
    mirror.update()
    with (tmp_path / "checkpoints" / "events.out.tfevents.1").open("rb") as reader:
        assert reader.read() == b"one"
        service.files[f"{PLACE}/events.out.tfevents.1"] = (b"one, two", 200.0)
        mirror.update()
        assert reader.read() == b", two"


def test_a_name_that_leads_out_of_the_mirror_is_passed_over(service: Memory, tmp_path: Path) -> None:
    service.files = {f"{PLACE}/../../evil": (b"x", 1.0), f"{PLACE}//x": (b"x", 1.0), f"{PLACE}/folder/": (b"", 1.0)}
    assert Mirror(service, "mnist-1", tmp_path / "mirror").update() == 0
    assert files(tmp_path) == {}


def test_a_job_that_saves_nothing_is_reported_what_to_set(service: Memory, tmp_path: Path) -> None:
    service.places = {}
    with pytest.raises(ServiceError, match="keeps no checkpoints") as raised:
        Mirror(service, "mnist-1", tmp_path)
    assert "checkpoint_s3_uri" in raised.value.hint


def test_the_port_is_the_next_that_is_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert free_port(port) > port


def test_without_the_program_one_is_reported_how_to_get_it(
    service: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match="not on the PATH") as raised:
        tensorboard.show(service, "mnist-1", tmp_path, print)
    assert raised.value.hint == "pip install tensorboard"


def run_until(text: str, told: list[str], log: Path) -> None:
    """Ctrl-C, once something has been told and the program runs."""

    def watch() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not (log.exists() and any(text in line for line in told)):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def test_it_is_ended_with_ctrl_c_and_not_left_behind(
    service: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, told = program(tmp_path, monkeypatch), list[str]()
    run_until("TensorBoard: http", told, log)
    tensorboard.show(service, "mnist-1", tmp_path / "boards", told.append, first_port=20_000, poll=0.01)
    called, *rest = log.read_text().splitlines()
    pid, *arguments = called.split()
    port = arguments[-1]
    folder = tmp_path / "boards" / "mnist-1"
    assert arguments == ["--logdir", str(folder), "--host", "127.0.0.1", "--port", port]
    assert rest == ["ended"]
    assert told[1] == f"TensorBoard: http://localhost:{port}/  (Ctrl-C ends it)"
    assert files(folder)["checkpoints/events.out.tfevents.1"] == b"one"
    assert (tmp_path / "boards" / ".gitignore").read_text() == "*\n"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_what_appears_while_it_runs_is_fetched_and_the_end_is_reported(
    service: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pass_time(job: Job) -> None:
        service.files[f"{PLACE}/model.ckpt-2"] = (b"2", 300.0)
        job.status = job.secondary = "Completed"

    service.on_describe = pass_time
    log, told = program(tmp_path, monkeypatch), list[str]()
    run_until("has ended", told, log)
    tensorboard.show(service, "mnist-1", tmp_path / "boards", told.append, first_port=20_000, poll=0.01)
    assert (tmp_path / "boards" / "mnist-1" / "checkpoints" / "model.ckpt-2").read_bytes() == b"2"


def test_trouble_with_the_service_is_reported_and_survived(
    service: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trouble(job: Job) -> None:
        service.on_describe = None
        job.status = job.secondary = "Completed"
        raise ServiceError("ThrottlingException: Rate exceeded")

    service.on_describe = trouble
    log, told = program(tmp_path, monkeypatch), list[str]()
    run_until("has ended", told, log)
    tensorboard.show(service, "mnist-1", tmp_path / "boards", told.append, first_port=20_000, poll=0.01)
    assert "not up to date: ThrottlingException: Rate exceeded" in told


def test_a_tensorboard_that_gives_up_is_an_error(
    service: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, then="sys.exit(7)")
    with pytest.raises(ServiceError, match="exit code 7"):
        tensorboard.show(service, "mnist-1", tmp_path / "boards", lambda line: None, first_port=20_000, poll=0.01)


def test_the_places_of_a_job_are_found_in_its_description() -> None:
    body = {
        "TrainingJobName": "mnist-1",
        "HyperParameters": {"checkpoint_path": '"s3://b/legacy/"', "model_dir": '"s3://b/model"', "x": "1"},
        "CheckpointConfig": {"S3Uri": "s3://b/model/"},
        "TensorBoardOutputConfig": {"S3OutputPath": "s3://b/board/"},
    }
    assert summaries_of(body) == {
        "tensorboard": "s3://b/board/mnist-1/tensorboard-output",
        "checkpoints": "s3://b/model",
        "checkpoint_path": "s3://b/legacy",
    }
    assert summaries_of({"HyperParameters": {"model_dir": '"/opt/ml/model"'}}) == {}


@pytest.mark.slow
def test_the_real_tensorboard_serves_the_mirror(
    service: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an environment of its own: TensorBoard needs packages that we do not."""
    import urllib.request
    import venv

    venv.create(tmp_path / "venv", with_pip=True)
    bin_ = tmp_path / "venv" / "bin"
    subprocess.run([bin_ / "pip", "install", "-q", "tensorboard==2.19.0", "setuptools<81"], check=True)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    told: list[str] = []
    served: list[bytes] = []

    def watch() -> None:
        for _ in range(600):
            url = next((line.split()[1] for line in told if line.startswith("TensorBoard:")), None)
            try:
                served.append(urllib.request.urlopen(f"{url}data/environment", timeout=5).read())
                break
            except (OSError, ValueError):
                time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()
    tensorboard.show(service, "mnist-1", tmp_path / "boards", told.append, first_port=20_000, poll=0.1)
    assert str(tmp_path / "boards" / "mnist-1").encode() in served[0]
