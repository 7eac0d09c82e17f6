"""The Pythons of this machine, and bare environments of theirs; also of such as are too old to make one themselves."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sagespec.base.errors import SagespecError
from sagespec.deploying.services.local.folder import remove

VIRTUALENV = "virtualenv==20.21.1"
"""The last one that makes environments of Python 2.7 and 3.6; it brings a pip for each of them along.

Source: https://virtualenv.pypa.io/en/latest/changelog.html (20.22.0)
"""
MODERN = (3, 8)
"""From here on a Python's own `venv` and pip do."""


class CannotMake(SagespecError):
    """A Python makes no environment. Says which, and why."""


def cache_folder() -> Path:
    """`$SAGESPEC_CACHE`, else `sagespec` in the user's cache folder; environments lie in `envs` below it."""
    given = os.environ.get("SAGESPEC_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sagespec"


def version_of(python: str) -> str:
    """`3.11`; empty where it does not start."""
    if python == sys.executable:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        return run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).stdout.strip()
    except OSError:
        return ""


def find(versions: Sequence[str]) -> str | None:
    """A Python of one of these versions: this one, one of the PATH, or one of pyenv's; the first version that there is.

    Source: https://github.com/pyenv/pyenv (PYENV_ROOT, versions)
    """
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in versions:
        found = [sys.executable, shutil.which(f"python{version}") or ""]
        found += map(str, sorted(root.glob(f"{version}.*/bin/python{version}")))
        for python in filter(None, found):
            if version_of(python) == version:
                return python
    return None


def make(folder: Path, python: str = sys.executable, *, pip: bool = True) -> None:
    """A bare environment.

    Raises:
        CannotMake: that Python makes none (some systems package `venv` apart).
    """
    version = version_of(python)
    if version and tuple(map(int, version.split("."))) < MODERN:
        seeds = () if pip else ("--no-pip", "--no-setuptools", "--no-wheel")
        command = [str(_virtualenv()), "--python", python, "--no-download", "--no-periodic-update", *seeds]
        command += ["--app-data", str(_tools() / "app-data")]
    else:
        command = [python, "-m", "venv", *(() if pip else ("--without-pip",))]
    made = run([*command, str(folder)])
    if made.returncode:
        raise CannotMake(f"{python} cannot make an environment:\n{(made.stdout + made.stderr).strip()}")


def _tools() -> Path:
    return cache_folder() / "tools"


def _virtualenv() -> Path:
    """The program, installed when it is first needed.

    Raises:
        CannotMake: it cannot be installed.
    """
    folder = _tools() / VIRTUALENV.replace("==", "-")
    with locked(_tools() / ".virtualenv.lock"):
        program, whole = folder / "bin" / "virtualenv", folder / "whole"
        if not whole.exists():
            remove(folder)
            make(folder)
            asked = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", VIRTUALENV]
            installed = run(asked)
            if installed.returncode:
                reason = installed.stderr.strip().rpartition("\n")[2]
                raise CannotMake(
                    f"{VIRTUALENV}, which makes environments of old Pythons, cannot be installed: {reason}"
                )
            whole.touch()
    return program


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock that ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(command: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, errors="replace", env=environ() | variables)


def environ() -> dict[str, str]:
    """This process's, without what would lead another Python astray."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
