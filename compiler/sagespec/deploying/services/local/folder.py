"""A training job's folder: where everything lies in it, and what is written so that no reader sees half of it.

<root>/<job>/
  hosts/algo-1/                                                         what the first host sees as /opt/ml:
    input/config  input/data  code  model  output  checkpoints  shared
  hosts/algo-2 …                                                        the same for the other hosts
  output/model.tar.gz  output/output.tar.gz                             what the job leaves
  request.json  options.json  changes.json                              what was asked for, how, and changed later
  status.json  supervisor.json  processes.json  stop                    what is going on, and who answers for it
  algo-1.log …  supervisor.log
<root>/.uploads  .downloads  .checkpoints                               what jobs share, by S3 URI
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESERVE = 256 * 1024
"""Bytes that a job sets aside, so that it can still write down its end when the disk is full."""


def write_json(path: Path, value: Any) -> None:
    """Replaces the file at once: a reader sees the old content or the new, also after a power cut."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def read_json(path: Path, default: Any = None) -> Any:
    """The file's content, or `default` where there is no such file.

    Raises:
        OSError: it cannot be read, or somebody has damaged it.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return default
    except ValueError as error:
        raise OSError(errno.EBADMSG, "it is damaged", str(path)) from error


def remove(folder: Path) -> None:
    """Deletes a folder and all in it, also folders that nobody may enter, as the kernel leaves some behind."""
    for parent, folders, _ in os.walk(folder):
        for path in (Path(parent, name) for name in folders):
            with contextlib.suppress(OSError):
                if not path.is_symlink():
                    path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def s3_parts(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`.

    Raises:
        ValueError: it is not such a URI, or its key would leave the folder that stands for the bucket.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or {".", ".."} & {bucket, *key.split("/")}:
        raise ValueError(f"'{uri}' is not an S3 URI that can be kept on this machine")
    return bucket, key


@dataclass(frozen=True)
class LocalStore:
    """What jobs of one project share: what was uploaded, downloaded and kept as checkpoints."""

    root: Path

    def uploaded(self, uri: str) -> Path:
        """Where an upload to this URI is kept."""
        return self._of(".uploads", uri)

    def checkpoints(self, uri: str) -> Path:
        """Where the checkpoints that belong to this URI are kept, for every attempt that names it."""
        return self._of(".checkpoints", uri)

    @property
    def downloads(self) -> Path:
        """Objects fetched from S3, each under a name made of its place and its ETag."""
        return self.root / ".downloads"

    def _of(self, folder: str, uri: str) -> Path:
        bucket, key = s3_parts(uri)
        return self.root.joinpath(folder, bucket, *filter(None, key.split("/")))


@dataclass(frozen=True)
class HostFolder:
    """What one host sees as /opt/ml."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "input" / "config"

    @property
    def data(self) -> Path:
        return self.path / "input" / "data"

    @property
    def code(self) -> Path:
        return self.path / "code"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def output(self) -> Path:
        return self.path / "output"

    @property
    def output_data(self) -> Path:
        return self.path / "output" / "data"

    @property
    def failure(self) -> Path:
        return self.path / "output" / "failure"

    def make(self) -> None:
        for folder in (self.config, self.data, self.code, self.model, self.output_data):
            folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class JobFolder:
    """A job: what each host sees as /opt/ml, what the job leaves, and the job's own files beside them."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def arn(self) -> str:
        return f"arn:aws:sagemaker:local:000000000000:training-job/{self.name}"

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.path.parent)

    @property
    def request(self) -> Path:
        """What CreateTrainingJob was called with."""
        return self.path / "request.json"

    @property
    def options(self) -> Path:
        """How this machine runs the job: `Options`."""
        return self.path / "options.json"

    @property
    def changes(self) -> Path:
        """Tags and live members that were changed after the creation."""
        return self.path / "changes.json"

    @property
    def supervisor(self) -> Path:
        """The process that answers for the job: its creator until the supervisor has taken over."""
        return self.path / "supervisor.json"

    @property
    def processes(self) -> Path:
        """The processes that run the script, by host."""
        return self.path / "processes.json"

    @property
    def stop(self) -> Path:
        """Exists once someone has asked the job to stop."""
        return self.path / "stop"

    @property
    def artifact(self) -> Path:
        return self.path / "output" / "model.tar.gz"

    def host(self, name: str) -> HostFolder:
        return HostFolder(self.path / "hosts" / name)

    def log(self, host: str) -> Path:
        return self.path / f"{host}.log"

    def logs(self) -> list[Path]:
        return sorted(self.path.glob("algo-*.log"), key=lambda path: int(path.stem.removeprefix("algo-")))

    @property
    def status(self) -> Path:
        return self.path / "status.json"

    @property
    def reserve(self) -> Path:
        return self.path / ".reserve"

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = read_json(self.request)
        return body

    def write_status(self, status: Mapping[str, Any]) -> None:
        """Writes the status; on a full disk, into the room that was set aside for it."""
        try:
            write_json(self.status, status)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.reserve.unlink(missing_ok=True)
            write_json(self.status, status)


def new_status(secondary: str, message: str) -> dict[str, Any]:
    """The status of a job that was created now. Times are seconds since 1970, UTC."""
    now = time.time()
    return {
        "status": "InProgress",
        "secondary": secondary,
        "failure": "",
        "created": now,
        "modified": now,
        "started": None,
        "ended": None,
        "metrics": [],
        "rehearsal": None,
        "transitions": [{"status": secondary, "start": now, "end": None, "message": message}],
    }


def moved(status: Mapping[str, Any], secondary: str, message: str, /, **changes: Any) -> dict[str, Any]:
    """The status after a step to another secondary status; the step before it ends where this one begins."""
    now = time.time()
    transitions = [dict(transition) for transition in status["transitions"]]
    if transitions[-1]["status"] == secondary:
        transitions[-1]["message"] = message
    else:
        transitions[-1]["end"] = now
        transitions.append({"status": secondary, "start": now, "end": None, "message": message})
    if changes.get("status") in ("Completed", "Failed", "Stopped"):
        transitions[-1]["end"] = now
    return {**status, "secondary": secondary, "modified": now, "transitions": transitions, **changes}
