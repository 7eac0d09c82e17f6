"""Runs a job's processes together, keeps their output, and ends them the way SageMaker does."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from sagespec.local import alive
from sagespec.local.folder import write_json

GRACE = 120.0
"""Seconds between SIGTERM and SIGKILL.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
"""
LONGEST = 1 << 20
"""Bytes of one line; what follows is the next line."""
KEPT_LINES = 60
TICK = 0.1
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


@dataclass(frozen=True)
class Ending:
    """How a run ended."""

    failed: str | None
    """The host whose script failed first."""
    code: int
    """Its exit code; negative for a signal. 0 where none failed."""
    why: str | None
    """What `ask` said, where the run was ended from outside."""
    tail: Sequence[str] = ()
    """The last lines of what failed first."""


@dataclass
class Log:
    """A host's log: one line of text after the time that it came in, UTF-8."""

    path: Path
    notice: Callable[[str, float], None] = lambda text, time: None
    """Called with each line of the script."""

    def write(self, lines: Sequence[str]) -> None:
        now = self._append(lines)
        for line in lines:
            self.notice(line, now)

    def note(self, text: str) -> None:
        """Lines of ours."""
        self._append([f"sagespec: {line}" for line in text.splitlines()])

    def _append(self, lines: Sequence[str]) -> float:
        now = time.time()
        stamp = datetime.fromtimestamp(now, timezone.utc).isoformat(timespec="milliseconds").removesuffix("+00:00")
        with self.path.open("ab") as file:
            file.write("".join(f"{stamp}Z {line}\n" for line in lines).encode("utf-8", "replace"))
        return now


@dataclass
class Stream:
    """The output of one process on its way into a log."""

    log: Log
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    """Its last lines."""
    _rest: bytes = b""

    def feed(self, data: bytes) -> None:
        """Takes output as it comes, in pieces of any size."""
        *lines, rest = (self._rest + data).split(b"\n")
        while len(rest) >= LONGEST:
            lines.append(rest[:LONGEST])
            rest = rest[LONGEST:]
        self._rest = rest
        texts = [line.decode("utf-8", "replace").removesuffix("\r") for line in lines]
        if texts:
            self.tail.extend(texts)
            self.log.write(texts)

    def close(self) -> None:
        """A last line without an end is a line."""
        if self._rest:
            self.feed(b"\n")


_NAMES_AN_ERROR = re.compile(r"\b\w*(Error|Exception)\b|\bKeyboardInterrupt\b")
_IS_RAISED = re.compile(r"(\[[\d,]+\]<\w+>:? ?)?[\w.]*(Error|Exception)\b")
"""The line of a traceback that says what was raised, also as mpirun passes it on."""
LAST_LINES = 10


def last_words(tail: Sequence[str], room: int) -> str:
    """What a program said of its failure, in at most `room` characters: whole lines around the last error raised.

    Nothing from before the first line that names an error, as with the toolkit; without one, the last lines.
    """
    lines = [line.rstrip() for line in tail if line.strip()]
    named = [number for number, line in enumerate(lines) if _NAMES_AN_ERROR.search(line)]
    raised = [number for number in named if _IS_RAISED.match(lines[number])]
    first = named[0] if named else max(0, len(lines) - LAST_LINES)
    start = raised[-1] if raised else max(0, len(lines) - 1)
    end = start + 1
    while end < len(lines) and len("\n".join(lines[start : end + 1])) <= room:
        end += 1
    while start > first and len("\n".join(lines[start - 1 : end])) <= room:
        start -= 1
    return "\n".join(lines[start:end])[: max(0, room)]


class Run:
    """Several processes that stand and fall together."""

    def __init__(
        self, commands: Sequence[Command], logs: Mapping[str, Log], record: Path, ask: Callable[[], str | None]
    ) -> None:
        """
        Args:
            record: the file that says which processes there are, for whoever finds the job without its supervisor.
            ask: why the run should be ended now; None where it should not.
        """
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

    def until_ended(self, grace: Callable[[str | None], float]) -> Ending:
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
        return Ending(self.failed, self.code, self.why, self.tail)

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
            said = f"'{command.argv[0]}' cannot be started: {error}"
            self.logs[command.host].note(said)
            self._note_failure(command.host, CANNOT_START, [said])
            return
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self.selector.register(process.stdout, selectors.EVENT_READ, process)
        self.running[process] = command
        self.streams[process] = Stream(self.logs[command.host])

    def _read(self, process: subprocess.Popen[bytes]) -> bool:
        """Takes what is there; False where nothing was, or nothing will come."""
        assert process.stdout is not None
        try:
            data = os.read(process.stdout.fileno(), 1 << 16)
        except BlockingIOError:
            return False
        if data:
            self.streams[process].feed(data)
        else:
            self.selector.unregister(process.stdout)
        return bool(data)

    def _reap(self) -> None:
        for process, command in list(self.running.items()):
            if process.poll() is None:
                continue
            # A container ends with its first process, and takes with it what that has left behind.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            while process.stdout in self.selector.get_map() and self._read(process):
                pass
            self.streams[process].close()
            self._close(process)
            del self.running[process]
            if process.returncode and (not command.helps or self._scripts()):
                self._note_failure(command.host, process.returncode, self.streams[process].tail)
        if self.running and not self._scripts():
            self._signal(signal.SIGKILL)

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
