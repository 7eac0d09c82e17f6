"""Runs the real TensorBoard on a mirror of what training jobs have saved so far, and keeps the mirror up to date."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sagespec.deploying.services import Service, ServiceError, Stored

PORT = 6006
"""The first that is tried, TensorBoard's own."""
PORTS = 100
POLL_SECONDS = 10.0
PATIENCE = 5.0
"""Seconds that TensorBoard has to end when it is asked to."""
HOST = "127.0.0.1"
_PIECE = 1 << 20


@dataclass
class Mirror:
    """A local copy of the places where one job saves checkpoints and summaries."""

    service: Service
    job_name: str
    folder: Path
    places: Mapping[str, str] = field(init=False)
    """Name of a folder of the mirror → URI."""

    def __post_init__(self) -> None:
        self.places = self.service.summaries(self.job_name)
        if not self.places:
            hint = "give checkpoint_s3_uri, model_dir (s3://…) or tensorboard_output_config"
            raise ServiceError(f"{self.job_name} keeps no checkpoints or summaries while it runs", hint)

    def update(self) -> int:
        """Brings what is new or changed; how many files. What has gone there stays here.

        Raises:
            ServiceError: the service failed.
        """
        new = ((name, uri, stored) for name, uri in self.places.items() for stored in self._new(name, uri))
        return sum(self._bring(*one) for one in new)

    def _new(self, name: str, uri: str) -> Iterator[Stored]:
        for stored in self.service.objects(uri):
            target = self._target(name, stored)
            if target is not None and not _is_same(target, stored):
                yield stored

    def _target(self, name: str, stored: Stored) -> Path | None:
        """Where an object belongs; None for one whose name leads elsewhere."""
        parts = stored.name.split("/")
        if not parts[-1] or any(part in ("", ".", "..") or "\0" in part for part in parts):
            return None
        return self.folder.joinpath(name, *parts)

    def _bring(self, name: str, uri: str, stored: Stored) -> bool:
        target = self._target(name, stored)
        if target is None:
            return False
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            new = target.with_name(f".{target.name}.new")
            self.service.fetch(f"{uri.rstrip('/')}/{stored.name}", new)
            _install(new, target)
            os.utime(target, (stored.modified, stored.modified))
        except OSError as error:
            raise ServiceError(f"{target} cannot be written: {error.strerror}") from error
        return True


def _is_same(target: Path, stored: Stored) -> bool:
    try:
        found = target.stat()
    except OSError:
        return False
    return found.st_size == stored.size and abs(found.st_mtime - stored.modified) < 0.001


def _install(new: Path, target: Path) -> None:
    """Puts a new version in place. What has only grown is appended to: TensorBoard keeps event files open."""
    if "tfevents" in target.name and _begins_with(new, target):
        with new.open("rb") as source, target.open("ab") as out:
            source.seek(out.tell())
            shutil.copyfileobj(source, out)
        new.unlink()
    else:
        new.replace(target)


def _begins_with(new: Path, old: Path) -> bool:
    if not old.exists() or not 0 < old.stat().st_size <= new.stat().st_size:
        return False
    with new.open("rb") as longer, old.open("rb") as shorter:
        while piece := shorter.read(_PIECE):
            if longer.read(len(piece)) != piece:
                return False
    return True


def free_port(first: int = PORT) -> int:
    """The first port from `first` on that nobody listens on.

    Raises:
        ServiceError: there is none among a hundred.
    """
    for port in range(first, first + PORTS):
        with socket.socket() as candidate:
            try:
                candidate.bind((HOST, port))
            except OSError:
                continue
            return port
    raise ServiceError(f"no port from {first} to {first + PORTS - 1} is free", "end another TensorBoard")


def show(
    service: Service,
    job_name: str,
    root: Path,
    print_line: Callable[[str], None],
    *,
    first_port: int = PORT,
    poll: float = POLL_SECONDS,
) -> None:
    """Mirrors a job and shows the mirror until the user stops it; what has been mirrored is kept.

    Args:
        root: `.sagespec/tensorboard` in the project's folder; the mirror is a folder in it with the job's name.
        print_line: takes a line for the user.
        poll: seconds between two looks at what the job has saved.

    Raises:
        ServiceError: there is no TensorBoard, the job saves nothing that could be shown, or TensorBoard gave up.
    """
    program = shutil.which("tensorboard")
    if program is None:
        raise ServiceError("tensorboard is not on the PATH", "pip install tensorboard")
    mirror = Mirror(service, job_name, root / job_name)
    mirror.folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), (root / ".gitignore").open("x") as file:
        file.write("*\n")
    for uri in mirror.places.values():
        print_line(f"mirroring {uri} to {mirror.folder}")
    mirror.update()
    port = free_port(first_port)
    with _running(program, mirror.folder, port) as process:
        print_line(f"TensorBoard: http://localhost:{port}/  (Ctrl-C ends it)")
        try:
            _keep_up(mirror, process, poll, print_line)
        except KeyboardInterrupt:
            print_line(f"TensorBoard has ended; the mirror stays in {mirror.folder}")
            return
    raise ServiceError(f"tensorboard ended by itself with exit code {process.returncode}", f"run it by hand: {program}")


def _keep_up(mirror: Mirror, process: subprocess.Popen[bytes], poll: float, print_line: Callable[[str], None]) -> None:
    """Until TensorBoard ends. After the job has ended, one last look is enough."""
    runs = True
    while True:
        try:
            process.wait(None if not runs else poll)
            return
        except subprocess.TimeoutExpired:
            pass
        try:
            ended = mirror.service.describe(mirror.job_name).ended
            mirror.update()
        except ServiceError as error:
            print_line(f"not up to date: {error.message}")
            continue
        if ended:
            runs = False
            print_line(f"{mirror.job_name} has ended, and all of it is here; Ctrl-C ends TensorBoard")


@contextlib.contextmanager
def _running(program: str, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """TensorBoard, which never outlives us: a signal that would end us ends it first."""
    command = [program, "--logdir", str(folder), "--host", HOST, "--port", str(port)]
    # A session of its own: Ctrl-C is ours, and ends it when we say so.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield process
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
