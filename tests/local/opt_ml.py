"""Where a job on this machine lies, and whether a script can find it at /opt/ml here."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sagespec.deploying.services.local.folder import JobFolder, read_json
from sagespec.deploying.services.local.running import alive
from sagespec.deploying.services.local.service import LocalService


@contextmanager
def service_in(root: Path) -> Iterator[LocalService]:
    """The service on this machine; what its jobs have left running is ended with it."""
    made = LocalService(root, grace=0.5)
    yield made
    for seen in made.jobs():
        job = JobFolder(root / seen.job_name)
        alive.end([*read_json(job.processes, []), read_json(job.supervisor)], str(job.path))


def job_of(service: LocalService, name: str) -> JobFolder:
    return JobFolder(service.root / name)


def host(service: LocalService, name: str, host: str = "algo-1") -> Path:
    """The folder that a host sees as /opt/ml."""
    return job_of(service, name).host(host).path


def seen_folder(service: LocalService, name: str) -> Path:
    """Where the script finds that folder."""
    return Path("/opt/ml") if mountable("tmpfs") else host(service, name)


def mountable(kind: str) -> bool:
    """Whether an ordinary user may mount that here: a tmpfs, or an overlay on this file system."""
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    with tempfile.TemporaryDirectory() as folder:
        layers = [Path(folder, name) for name in ("lower", "upper", "work", "all")]
        for layer in layers:
            layer.mkdir()
        lower, upper, work, _ = layers
        settings = {"tmpfs": "size=1m", "overlay": f"lowerdir={lower},upperdir={upper},workdir={work},userxattr"}[kind]
        try:
            tried = subprocess.run([*inside, f"mount -t {kind} -o {settings} {kind} {layers[-1]}"], capture_output=True)
        except FileNotFoundError:
            return False
        return tried.returncode == 0


NEEDS_OPT_ML = pytest.mark.skipif(not mountable("tmpfs"), reason="here /opt/ml cannot be put in place without root")
NEEDS_OVERLAY = pytest.mark.skipif(not mountable("overlay"), reason="here no user may lay one folder over another")
