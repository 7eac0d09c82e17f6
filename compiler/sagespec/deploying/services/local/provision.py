"""Environments with a given TensorFlow, built once per version, Python and platform, and never used half built."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sagespec.base.errors import SagespecError
from sagespec.deploying.services.local.folder import read_json, remove, write_json


class CannotProvision(SagespecError):
    """There is no such environment, and none can be built. Says why and what exists."""


@dataclass(frozen=True)
class Progress:
    """What is being done while an environment is built."""

    doing: str
    elapsed: float
    """Seconds since the building began."""
    size: str = ""
    """Of what is being downloaded, as pip says it (`230.1 MB`)."""

    def __str__(self) -> str:
        return f"{self.doing}{f' ({self.size})' if self.size else ''}, {self.elapsed:.0f} s"


@dataclass(frozen=True)
class Environment:
    """A finished environment."""

    python: Path
    version: str
    """The TensorFlow version that it holds."""
    warning: str = ""
    """Set where that is not the version that was asked for."""


def cache_folder() -> Path:
    """`$SAGESPEC_CACHE`, else `sagespec` in the user's cache folder; environments lie in `envs` below it."""
    given = os.environ.get("SAGESPEC_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sagespec"


def package_name() -> str:
    """The wheels' name: Linux on x86-64 has one without GPU code, a third of the size."""
    return "tensorflow-cpu" if (sys.platform, platform.machine()) == ("linux", "x86_64") else "tensorflow"


def version_of_image(image: str) -> str | None:
    """The TensorFlow version in an image's tag (`…/tensorflow-training:2.19.0-cpu-py312`); None where there is none."""
    repository, _, tag = image.rpartition(":")
    found = re.match(r"\d+\.\d+(?:\.\d+)?(?=-|$)", tag)
    return found[0] if found and "tensorflow" in repository.rpartition("/")[2] else None


def choose(wanted: str, available: Sequence[str]) -> tuple[str, str]:
    """The version to install, and a warning where it is another than the one wanted.

    The version itself; of `2.19` the newest patch; else the nearest newer one of the same major version.

    Raises:
        CannotProvision: there is none of these.
    """
    parts = _parts(wanted)
    known = sorted((_parts(version), version) for version in available if _parts(version))
    same = [version for numbers, version in known if numbers[: len(parts)] == parts]
    if same:
        return (wanted if wanted in same else same[-1]), ""
    newer = [version for numbers, version in known if numbers > parts and numbers[0] == parts[0]]
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    if newer:
        return newer[0], f"TensorFlow {wanted} has no wheel for {python} here; {newer[0]} is used instead"
    exist = ", ".join(version for _, version in known) or "none"
    raise CannotProvision(
        f"TensorFlow {wanted} has no wheel for {python} on {sys.platform} {platform.machine()}, nor has a newer "
        f"{parts[0]}.x; there are: {exist}. Use the docker executor, or another Python"
    )


def _parts(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def provide(wanted: str, report: Callable[[Progress], None], cache: Path | None = None) -> Environment:
    """The environment for a TensorFlow version, built if this is the first time.

    Several builders at once build once: the others wait. An environment counts only when its note is there, which is
    written last; so one that was interrupted is begun again. (It is not built under another name and renamed: the
    programs in an environment's `bin` hold its path.)

    Raises:
        CannotProvision: no wheel fits, or pip failed.
    """
    envs = (cache or cache_folder()) / "envs"
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    folder = envs / f"{package_name()}-{wanted}-{python}-{sys.platform}-{platform.machine()}"
    with _locked(envs / f".{folder.name}.lock"):
        note = read_json(folder / "sagespec.json")
        if note is None:
            remove(folder)
            try:
                note = _build(wanted, folder, report)
            except BaseException:
                remove(folder)
                raise
            write_json(folder / "sagespec.json", note)
    return Environment(folder / "bin" / "python", note["version"], note["warning"])


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock that ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(wanted: str, folder: Path, report: Callable[[Progress], None]) -> dict[str, str]:
    began = time.monotonic()

    def tell(doing: str, size: str = "") -> None:
        report(Progress(doing, time.monotonic() - began, size))

    tell(f"making an environment for TensorFlow {wanted}")
    make(folder)
    python = folder / "bin" / "python"
    tell(f"asking which versions of {package_name()} there are")
    version, warning = choose(wanted, _available(python))
    if warning:
        tell(warning)
    _install(python, f"{package_name()}=={version}", tell)
    return {"version": version, "warning": warning}


def make(folder: Path, python: str = sys.executable, *, pip: bool = True) -> None:
    """A bare environment.

    Raises:
        CannotProvision: that Python cannot make one (some systems package `venv` apart).
    """
    made = _run([python, "-m", "venv", *(() if pip else ("--without-pip",)), str(folder)])
    if made.returncode:
        raise CannotProvision(f"{python} cannot make an environment:\n{(made.stdout + made.stderr).strip()}")


def _available(python: Path) -> list[str]:
    shown = _run([str(python), "-m", "pip", "index", "versions", package_name(), "--disable-pip-version-check"])
    found = re.search(r"^Available versions: (.*)$", shown.stdout, re.MULTILINE)
    if found is None:
        raise CannotProvision(f"pip could not say which versions there are:\n{shown.stderr.strip()}")
    return [version.strip() for version in found[1].split(",")]


def _install(python: Path, requirement: str, tell: Callable[[str, str], None]) -> None:
    command = [str(python), "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check", requirement]
    lines: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environ(), errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if (doing := said(line)) is not None:
                tell(*doing)
    if process.returncode:
        raise CannotProvision(f"pip could not install {requirement}:\n" + "\n".join(lines[-8:]))


_WHEEL = r"(?:\S*/)?(?P<name>[\w.]+)-(?P<version>[^-\s]+?)(?:-\S+)?(?:\.whl|\.tar\.gz)?(?: \((?P<size>.+)\))?\s*$"
_SAID = (
    (re.compile(rf"\s*Downloading {_WHEEL}"), "downloading"),
    (re.compile(rf"\s*Using cached {_WHEEL}"), "taking from pip's cache"),
)
_UNPACKS = re.compile(r"Installing collected packages: (.+)$")


def said(line: str) -> tuple[str, str] | None:
    """What a line of pip says is being done, and the size; None for a line that says neither."""
    if ".metadata" in line:
        return None
    for pattern, doing in _SAID:
        if found := pattern.match(line):
            return f"{doing} {found['name'].replace('_', '-')} {found['version']}", found["size"] or ""
    found = _UNPACKS.match(line)
    return (f"unpacking {found[1].count(', ') + 1} packages", "") if found else None


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, errors="replace", env=_environ())


def _environ() -> dict[str, str]:
    """This process's, without what would lead another Python astray."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}


def overlay(folder: Path, python: str) -> Path:
    """An environment on top of another: sees all that the other holds, and keeps for itself what is installed.

    `--system-site-packages` would show the system's packages only, not those of an environment.

    Returns:
        Its Python.
    """
    make(folder, python, pip=False)
    paths = _run([python, "-c", "import sys; print(*[p for p in sys.path if p.endswith('-packages')], sep='\\n')"])
    below = _run([str(folder / "bin" / "python"), "-c", "import site; print(site.getsitepackages()[0])"])
    # `addsitedir` also follows the path files there, which is how editable installations are found.
    lines = [f"import site; site.addsitedir({path!r})" for path in paths.stdout.splitlines()]
    (Path(below.stdout.strip()) / "underneath.pth").write_text("\n".join([*lines, ""]), encoding="utf-8")
    result = folder / "bin" / "python"
    if _run([str(result), "-c", "import pip"]).returncode:
        _run([str(result), "-m", "ensurepip"])
    return result
