"""Runs a job's processes together, keeps their output, and ends them the way SageMaker does."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sagespec.deploying.services.local.folder import write_json
from sagespec.deploying.services.local.log import Log, Stream
from sagespec.deploying.services.local.running import alive

GRACE = 120.0
"""Seconds between SIGTERM and SIGKILL.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
"""
TICK = 0.1
PIECE = 1 << 16
LARGEST_PIPE = 1 << 20
"""Bytes that a pipe may hold of a process that has ended; what still comes then is of a process that got away."""
LINGERS = (
    "the script has ended, but a process that it started still runs and may write to the log: the job goes on until "
    "that ends, as it does in the container"
)
CANNOT_START = 127
"""Exit code of a command that could not be started, as shells have it."""


@dataclass(frozen=True)
class Command:
    """One process of the job."""

    host: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    folder: Path
    helps: bool = False
    """Runs beside the script and ends with the job (a parameter server)."""
    reword: Callable[[str], str] | None = None
    """How a line of its output is written down."""


@dataclass(frozen=True)
class ProcessEnding:
    """How a run ended."""

    failed: str | None
    """The host whose script failed first."""
    code: int
    """Its exit code; negative for a signal. 0 where none failed."""
    why: str | None
    """What `ask` said, where the run was ended from outside."""
    tail: Sequence[str] = ()
    """The last lines of what failed first."""

    def with_code(self, code: int) -> ProcessEnding:
        return replace(self, code=code)


class Run:
    """Several processes that stand and fall together."""

    def __init__(
        self,
        commands: Sequence[Command],
        logs: Mapping[str, Log],
        record: Path,
        ask: Callable[[], str | None],
        *,
        to_the_end: bool = True,
    ) -> None:
        """
        Args:
            record: the file that says which processes there are, for whoever finds the job without its supervisor.
            ask: why the run should be ended now; None where it should not.
            to_the_end: what a script has left behind is waited for while it holds its output open.
        """
        self.to_the_end = to_the_end
        self.commands = commands
        self.logs = logs
        self.record = record
        self.ask = ask
        self.running: dict[subprocess.Popen[bytes], Command] = {}
        self.streams: dict[subprocess.Popen[bytes], Stream] = {}
        self.selector = selectors.DefaultSelector()
        self.failed: str | None = None
        self.code = 0
        self.tail: Sequence[str] = ()
        self.why: str | None = None
        self.kill_at: float | None = None
        self.lingering: set[subprocess.Popen[bytes]] = set()

    def until_ended(self, grace: Callable[[str | None], float]) -> ProcessEnding:
        """Starts all and returns when all have ended.

        Args:
            grace: seconds from SIGTERM to SIGKILL, by why the run is ended (None: another host failed).
        """
        try:
            for command in self.commands:
                self._start(command)
            write_json(self.record, [alive.identity(process.pid) for process in self.running])
            while self.running:
                for key, _ in self.selector.select(TICK):
                    self._read(key.data)
                self._reap()
                if self.running:
                    self._end_if_asked(grace)
        finally:
            self._signal(signal.SIGKILL)
            for process in self.running:
                process.wait()
                self._close(process)
            self.selector.close()
        return ProcessEnding(self.failed, self.code, self.why, self.tail)

    def _start(self, command: Command) -> None:
        try:
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(command.environ),
                cwd=command.folder,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            problem = f"'{command.argv[0]}' cannot be started: {error}"
            self.logs[command.host].note(problem)
            self._note_failure(command.host, CANNOT_START, [problem])
            return
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self.selector.register(process.stdout, selectors.EVENT_READ, process)
        self.running[process] = command
        self.streams[process] = Stream(self.logs[command.host], command.reword)

    def _read(self, process: subprocess.Popen[bytes]) -> bool:
        """Takes what is there; False where nothing was, or nothing will come."""
        assert process.stdout is not None
        try:
            data = os.read(process.stdout.fileno(), PIECE)
        except BlockingIOError:
            return False
        if data:
            self.streams[process].feed(data)
        else:
            self.selector.unregister(process.stdout)
            # It ends with its output, as a rule, and nothing would wake us up then.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(TICK)
        return bool(data)

    def _reap(self) -> None:
        for process, command in list(self.running.items()):
            if process.poll() is None or self._is_waited_for(process, command):
                continue
            # A container ends with its first process, and takes with it what that has left behind.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            for _ in range(LARGEST_PIPE // PIECE):
                if process.stdout not in self.selector.get_map() or not self._read(process):
                    break
            self.streams[process].close()
            self._close(process)
            del self.running[process]
            if process.returncode and (not command.helps or self._scripts()):
                self._note_failure(command.host, process.returncode, self.streams[process].tail)
        if self.running and not self._scripts():
            self._signal(signal.SIGKILL)

    def _is_waited_for(self, process: subprocess.Popen[bytes], command: Command) -> bool:
        """Whether what a script has left behind in its process group still holds its output open.

        The toolkit reads a script's output to its end, so the container waits for that too.
        """
        if not self.to_the_end or command.helps or self.kill_at is not None or self.failed is not None:
            return False
        if process.stdout not in self.selector.get_map() or not _group_lives(process.pid):
            return False
        if process not in self.lingering:
            self.lingering.add(process)
            self.logs[command.host].note(LINGERS)
        return True

    def _scripts(self) -> bool:
        return any(not command.helps for command in self.running.values())

    def _note_failure(self, host: str, code: int, tail: Sequence[str]) -> None:
        if self.failed is None and self.why is None:
            self.failed, self.code, self.tail = host, code, list(tail)

    def _end_if_asked(self, grace: Callable[[str | None], float]) -> None:
        if self.kill_at is None:
            self.why = self.ask()
            if self.why is None and self.failed is None:
                return
            self._signal(signal.SIGTERM)
            self.kill_at = time.monotonic() + grace(self.why)
        elif time.monotonic() > self.kill_at:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for process in self.running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with contextlib.suppress(KeyError):
            self.selector.unregister(process.stdout)
        process.stdout.close()


def _group_lives(group: int) -> bool:
    """Whether a process of the group runs still; one that has ended and was not waited for does not."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
