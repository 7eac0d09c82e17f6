"""Runs one job from its folder to its end, whatever becomes of the command that created it.

A program: `python -m sagespec.deploying.services.local.running.supervisor FOLDER`. It returns as soon as its child has
taken over the job.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from sagespec.deploying.services.local.container import artifacts, launch
from sagespec.deploying.services.local.container.channels import DataError, is_s3_error
from sagespec.deploying.services.local.container.layout import fill_host_folders
from sagespec.deploying.services.local.container.metrics import Metrics
from sagespec.deploying.services.local.folder import JobFolder, moved, read_json, write_json
from sagespec.deploying.services.local.job import LocalJob, read_job
from sagespec.deploying.services.local.log import Log
from sagespec.deploying.services.local.running import alive, rehearsal
from sagespec.deploying.services.local.running.ends import ENDS, INTERRUPTED, LIMIT, SHUTDOWN, STOP, End, failed
from sagespec.deploying.services.local.running.executor import Executor
from sagespec.deploying.services.local.running.processes import Command, ProcessEnding, Run
from sagespec.deploying.services.local.running.scripts import ScriptRuns


def _containers(job: LocalJob) -> Executor:
    from sagespec.deploying.services.local.running.docker import Containers

    return Containers(job)


def _scripts(job: LocalJob) -> Executor:
    if not launch.is_legacy(job.algorithm["TrainingImage"]):
        return ScriptRuns(job)
    from sagespec.deploying.services.local.running.legacy import Legacy

    return Legacy(job)


EXECUTORS: Mapping[str, Callable[[LocalJob], Executor]] = {"process": _scripts, "docker": _containers}
SHUTDOWN_GRACE = 5.0
"""Seconds that a script is given when this machine goes down; it has no two minutes then."""


class Supervisor:
    """One job on its way through the secondary statuses."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder
        self.job = read_job(folder)
        self.executor = EXECUTORS[self.job.options.executor](self.job)
        self.status: dict[str, Any] = read_json(folder.status)
        self.metrics = Metrics(self.job.algorithm.get("MetricDefinitions", ()))
        self.progress = rehearsal.RehearsalProgress()
        notice = self._notice if self.metrics.patterns or self.job.options.interrupt else None
        self.logs = {host: Log(folder.log(host), notice) for host in self.job.hosts}
        self.interruption: rehearsal.Interruption | None = None
        self.shut_down = False

    def run(self) -> None:
        """Runs the job to its end, and writes the end down even when the disk is full."""
        try:
            end = self._work()
        except End as known:
            end = known
        except Exception as error:
            end = self._end_by(error)
        self._end_processes(read_json(self.folder.processes, []))
        self.executor.clean_up()
        changes = {
            "status": end.status,
            "failure": end.failure,
            "ended": time.time(),
            "metrics": list(self.metrics.last.values()),
        }
        self.folder.write_status(moved(self.status, end.secondary, end.message, **changes))
        self.folder.reserve.unlink(missing_ok=True)

    def _work(self) -> End:
        self.executor.start(self._starting)
        self._step("Downloading", "Downloading input data", started=time.time())
        fill_host_folders(self.job, self.executor.visible_folder, self._check_stopped, self._note)
        self._step("Training", "Training in progress")
        self.executor.prepare(lambda command: self._run([command]))
        ending = self._rehearse() if self.job.options.interrupt else self._run(self.executor.commands())
        if ending.failed is not None:
            raise failed(self.executor.why_failed(ending))
        end = ENDS[ending.why]
        if end.status == "Failed":
            raise end
        if end.status == "Stopped":
            self._step("Stopping", "Stopping the training job", status="Stopping")
        self._step("Uploading", "Uploading generated training model")
        self._upload()
        return end

    def _end_processes(self, known: Sequence[dict[str, Any]]) -> None:
        """Ends whatever the job has started, under whatever name and however far it got away."""
        alive.end(known, str(self.folder.path))
        alive.end_descendants()

    def _rehearse(self) -> ProcessEnding:
        """Runs the program until it is left alone; an interruption takes all but the checkpoints."""
        judge = rehearsal.RehearsalJudge(self.job.options.interrupt)
        while True:
            self.progress.begin()
            self.interruption = judge.moment()
            ending = self._run(self.executor.commands())
            judge.saw(self.progress, interrupted=ending.why == INTERRUPTED)
            if ending.why != INTERRUPTED:
                break
            self._step("Interrupted", "Training job interrupted: the spot instance was taken away")
            self._note(judge.describe_interruption())
            self._end_processes([])
            self.executor.clean_up()
            rehearsal.forget([self.job.host(host) for host in self.job.hosts])
            self._step("Starting", "Preparing the next spot instance")
            self._step("Downloading", "Downloading input data")
            fill_host_folders(self.job, self.executor.visible_folder, self._check_stopped, self._note)
            self._step("Training", "Training in progress")
            self.executor.prepare(lambda command: self._run([command]))
        verdict = judge.verdict()
        self._note(verdict["text"])
        self.status = {**self.status, "rehearsal": verdict}
        return ending

    def _run(self, commands: Sequence[Command]) -> ProcessEnding:
        return Run(commands, self.logs, self.folder.processes, self._ask).until_ended(self._grace)

    def _upload(self) -> None:
        hosts = [self.job.host(host) for host in self.job.hosts]
        models, outputs = [host.model for host in hosts], [host.output_data for host in hosts]
        if self.job.body["OutputDataConfig"].get("CompressionType") == "NONE":
            kept = artifacts.lay_open(models, self.folder.artifact.with_name("model"))
        else:
            kept = artifacts.pack(models, self.folder.artifact)
        artifacts.pack(outputs, self.folder.artifact.with_name("output.tar.gz"))
        if not kept:
            self._note("the script left nothing in SM_MODEL_DIR (/opt/ml/model): the job has no model")

    # What is written down

    def _step(self, secondary: str, message: str, **changes: Any) -> None:
        self.status = moved(self.status, secondary, message, **changes)
        self.folder.write_status(self.status)

    def _starting(self, message: str) -> None:
        self._check_stopped()
        self._note(message)
        self._step("Starting", message)

    def _note(self, text: str) -> None:
        self.logs["algo-1"].note(text)

    def _notice(self, line: str, now: float) -> None:
        self.metrics.notice(line, now)
        if self.job.options.interrupt:
            self.progress.notice(line)

    # What ends a job

    def _ask(self) -> str | None:
        """Why the run should be ended now."""
        if self.shut_down:
            return SHUTDOWN
        if self.folder.stop.exists():
            return STOP
        began, limit = self.status["started"], self.job.body["StoppingCondition"].get("MaxRuntimeInSeconds")
        if limit is not None and time.time() - began > limit:
            return LIMIT
        if self.interruption is not None and self.progress.due(self.interruption):
            return INTERRUPTED
        return None

    def _check_stopped(self) -> None:
        """Ends a job that was asked to end before its program began."""
        if self.shut_down or self.folder.stop.exists():
            raise ENDS[SHUTDOWN if self.shut_down else STOP]

    def _grace(self, why: str | None) -> float:
        grace = self.job.options.grace
        return min(SHUTDOWN_GRACE, grace) if why == SHUTDOWN else grace

    def _end_by(self, error: Exception) -> End:
        """The end of a job that something went wrong with before or after its program."""
        if isinstance(error, DataError) or is_s3_error(error):
            return failed(f"ClientError: Data download failed: {error}")
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            where = f"{self.folder.path} (while {self.status['secondary']})"
            return failed(f"ClientError: No space left on the disk that holds {where}")
        with contextlib.suppress(OSError):
            traceback.print_exception(type(error), error, error.__traceback__)
        return failed(f"InternalServerError: the job's supervisor failed: {type(error).__name__}: {error}")


def main(arguments: Sequence[str]) -> int:
    """Hands the job to a child that outlives whoever called, and returns when the child has it."""
    folder = JobFolder(Path(arguments[0]))
    return hand_over(folder, lambda: Supervisor(folder), begin=alive.adopt_orphans)


class Supervised(Protocol):
    """The folder of what a supervisor answers for."""

    @property
    def path(self) -> Path: ...
    @property
    def supervisor(self) -> Path: ...


class Supervising(Protocol):
    """What answers for it, until it is told to shut down."""

    shut_down: bool

    def run(self) -> None: ...


def hand_over(folder: Supervised, make: Callable[[], Supervising], begin: Callable[[], object] = lambda: None) -> int:
    """Hands a folder to a child that outlives whoever called, and returns when the child has it.

    Args:
        begin: what the child does before anything else.
    """
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        # The child says one byte once it answers for the folder; without it, it never came so far.
        return 0 if os.read(reader, 1) else 1
    os.close(reader)
    os.setsid()
    begin()
    detach(folder.path / "supervisor.log")
    write_json(folder.supervisor, alive.identity(os.getpid()))
    supervisor = make()

    def shut_down(number: int, frame: object) -> None:
        supervisor.shut_down = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, shut_down)
    os.write(writer, b"!")
    os.close(writer)
    supervisor.run()
    return 0


def detach(log: Path) -> None:
    """Lets go of the terminal: a supervisor that held its output open would hold up whoever reads it."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(written)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
