"""Many files by several processes: what is said is the same, to the byte, and no process is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import SMALLEST
from sagespec.__main__ import main
from sagespec.cli import run
from sagespec.pipeline import Compiler, Options, Result, spreading
from sagespec.pipeline import workers as processes
from sagespec.pipeline.spreading import spread
from sagespec.reporting.findings.diagnostics import FORMATS

ACTIVE_COUNT = threading.active_count


@pytest.fixture
def processors(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Says how many there are; few files are worth it, so that every worker does several batches. Threads that other
    tests have left (servers) are no reason to do without."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(spreading, "FIRST", 2)
    monkeypatch.setattr(spreading, "WORTH_IT", 6)
    monkeypatch.setattr(processes, "AT_LEAST", 1)
    monkeypatch.setattr(processes, "AT_ONCE", 2)
    return lambda count: monkeypatch.setattr(spreading, "processors", lambda: count)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that are started."""
    started: list[int] = []
    real = os.fork

    def noted() -> int:
        process = real()
        started.append(process)
        return process

    monkeypatch.setattr(os, "fork", noted)
    return started


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def open_files() -> int:
    """How many this process has, where the system tells."""
    folder = Path("/proc/self/fd")
    return len([*folder.iterdir()]) if folder.is_dir() else 0


MANIFEST = """\
apiVersion: sagespec/v1
kind: TrainingJob
name: {name}
framework_version: "2.19"
entry_point: train.py
instance_count: 1
max_run: {hours}0
output_path: s3://bucket/models
"""
DEFAULTS = """\
apiVersion: sagespec/v1
kind: Defaults
project: many
role: arn:aws:iam::123456789012:role/Role
region: us-west-2
instance_type: ml.p3.2xlarge  # sagespec: allow retired-instance-type
volume_size: 40  # sagespec: allow volume-larger-than-local-storage
prices: prices.yaml
max_total_cost: 1.5
"""
PRICES = 'date: "2026-11-01"\nus-west-2: {ml.p3.2xlarge: 3.825, volume_gb_month: 0.14}\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Forty files that have to do with one another in every way that there is."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "sagespec.yaml").write_text(DEFAULTS)
    (tmp_path / "prices.yaml").write_text(PRICES)
    for name in ("a", "b", "b/inner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.py").write_text(
            "import tensorflow as tf\ntf.keras.Sequential().save('/opt/ml/model')  # sagespec: allow model-not-saved\n"
        )
    for number in range(36):
        folder = tmp_path / ("a", "b", "b/inner")[number % 3]
        name = "twice" if number in (5, 17, 30) else f"job-{number}"
        text = MANIFEST.format(name=name, hours=number + 10)
        text += f"checkpoint_s3_uri: s3://bucket/{number % 8}\nuse_spot_instances: true\n" if number % 4 == 0 else ""
        text += "hyperparameters: {epochs: yes}  # sagespec: allow ambiguous-scalar\n" if number % 5 == 0 else ""
        text += "volumesize: 3\n" if number % 7 == 3 else ""
        text += f"---\n{MANIFEST.format(name=f'second-{number % 9}', hours=1)}" if number % 6 == 1 else ""
        (folder / f"{number:02}.yaml").write_text(text)
    (tmp_path / "a" / "broken.yaml").write_text("apiVersion: sagespec/v1\nname: [\n")
    (tmp_path / "a" / "foreign.yaml").write_text("some: thing\n")
    (tmp_path / "b" / "latin.yaml").write_bytes(b"apiVersion: sagespec/v1\nname: \xe4\n")
    return tmp_path


def test_what_is_said_and_the_exit_code_do_not_depend_on_the_number_of_processes(
    project: Path, processors: Callable[[int], None], workers: list[int], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    calls = [["validate", "--format", form, str(project)] for form in FORMATS]
    calls += [["validate", "--verbose", "--strict", str(project)]]
    calls += [["compile", "--jsonl", str(project)], ["compile", "--jsonl", "--target", "ack", str(project)]]
    for call in calls:
        said = []
        for count in (1, 2, 3):
            processors(count)
            said.append((run(call), *capfdbinary.readouterr()))
        assert said[0] == said[1] == said[2]
    assert len(workers) == len(calls) * (1 + 2)
    assert all(map(is_gone, workers))


def test_what_only_several_files_show_is_found_by_several_processes(
    project: Path, processors: Callable[[int], None], capfd: pytest.CaptureFixture[str]
) -> None:
    processors(3)
    run(["validate", str(project)])
    said = capfd.readouterr().out
    assert said.count("'twice' is the name of another job") == 2
    assert "[checkpoints-in-two-files]" in said
    assert "[jobs-cost-too-much]" in said
    assert "'volume-larger-than-local-storage' silences nothing" in said
    assert "'retired-instance-type' silences nothing" not in said


def test_an_allowance_in_defaults_is_used_by_a_manifest_in_a_folder_below(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "sagespec.yaml").write_text(
        DEFAULTS.replace("max_total_cost: 1.5\n", "").replace("prices: prices", "#")
    )
    (tmp_path / "below" / "train.py").touch()
    (tmp_path / "below" / "job.yaml").write_text(MANIFEST.format(name="job", hours=10))
    run(["validate", str(tmp_path)])
    assert "'retired-instance-type' silences nothing" not in capfd.readouterr().out


def write_manifests(folder: Path, count: int) -> None:
    (folder / "train.py").touch()
    for number in range(count):
        (folder / f"{number:03}.yaml").write_text(json.dumps({**SMALLEST, "name": f"job-{number}"}))


def many(folder: Path) -> Compiler:
    write_manifests(folder, 40)
    return Compiler(Options(build=False))


def test_a_mistake_of_ours_in_a_worker_is_reported_as_one(
    tmp_path: Path,
    processors: Callable[[int], None],
    workers: list[int],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    processors(2)
    write_manifests(tmp_path, 40)
    here, real = os.getpid(), Compiler.manifest

    def wrong(self: Compiler, *given: object) -> Result:
        if os.getpid() != here:
            raise ZeroDivisionError("a mistake of ours")
        time.sleep(0.01)  # so that there is something left for others
        return real(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Compiler, "manifest", wrong)
    monkeypatch.setattr(sys, "argv", ["sagespec", "validate", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capfd.readouterr().err
    assert ended.value.code == 70
    assert "ZeroDivisionError: a mistake of ours" in said
    assert "This is a bug in sagespec" in said
    assert len(workers) == 1
    assert all(map(is_gone, workers))


def test_what_a_killed_worker_had_begun_is_done_by_who_prints(
    tmp_path: Path, processors: Callable[[int], None], workers: list[int]
) -> None:
    processors(3)
    here = os.getpid()

    def view(result: Result) -> str | None:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)  # so that there is something left for others
        return result.name

    found = [*spread(many(tmp_path), [str(tmp_path)], view)]
    assert found == [f"job-{number}" for number in range(40)]
    assert len(workers) == 2
    assert all(map(is_gone, workers))


def test_where_no_process_can_be_started_one_does_everything(
    tmp_path: Path, processors: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    processors(4)
    monkeypatch.setattr(os, "fork", refused)
    compiler, before = many(tmp_path), open_files()
    found = [*spread(compiler, [str(tmp_path)], lambda result: result.name)]
    assert found == [f"job-{number}" for number in range(40)]
    assert open_files() == before


def test_more_files_than_batches_have_numbers_are_still_done_in_their_order(
    tmp_path: Path, processors: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    processors(3)
    monkeypatch.setattr(processes, "MOST", 4)
    found = spread(many(tmp_path), [str(tmp_path)], lambda result: result.name)
    assert [*found] == [f"job-{number}" for number in range(40)]


def test_who_has_seen_enough_leaves_no_worker_behind(
    tmp_path: Path, processors: Callable[[int], None], workers: list[int]
) -> None:
    processors(2)
    found: Iterator[str | None] = spread(many(tmp_path), [str(tmp_path)], lambda result: result.name)
    assert [next(found) for _ in range(5)] == [f"job-{number}" for number in range(5)]
    found.close()  # type: ignore[attr-defined]
    assert len(workers) == 1
    assert all(map(is_gone, workers))


def test_nothing_is_forked_while_threads_run_for_few_files_or_on_one_processor(
    tmp_path: Path, processors: Callable[[int], None], workers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler, end = many(tmp_path), threading.Event()
    paths = [str(path) for path in sorted(tmp_path.glob("*.yaml"))]
    thread = threading.Thread(target=end.wait)
    thread.start()
    processors(4)
    try:
        with monkeypatch.context() as real:
            real.setattr(threading, "active_count", ACTIVE_COUNT)
            assert len(list(spread(compiler, paths, Result.summary))) == 40
    finally:
        end.set()
        thread.join()
    assert len(list(spread(Compiler(Options(build=False)), paths[:7], Result.summary))) == 7
    processors(1)
    assert len(list(spread(Compiler(Options(build=False)), paths, Result.summary))) == 40
    assert workers == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_ctrl_c_ends_the_run_and_every_process_of_it(tmp_path: Path) -> None:
    write_manifests(tmp_path, 200)
    code = (
        "import sys; from sagespec.pipeline import spreading; spreading.processors = lambda: 2\n"
        "from sagespec.__main__ import main; sys.argv[1:1] = ['compile', '--jsonl']; main()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert child.stdout is not None
    for _ in range(50):  # more lines follow than a pipe holds, so that it is still at work
        child.stdout.readline()
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate()
    assert child.returncode == 130
    assert b"Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)
