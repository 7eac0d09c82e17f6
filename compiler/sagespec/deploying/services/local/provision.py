"""Environments with a given framework, built once per version, Python and platform, and never used half built."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sagespec.base.errors import SagespecError
from sagespec.catalog.frameworks import Framework, of_image, of_name
from sagespec.deploying.services.local.folder import read_json, remove, write_json


class CannotProvision(SagespecError):
    """There is no such environment, and none can be built. Says why and what exists."""


@dataclass(frozen=True)
class ProvisionProgress:
    """What is being done while an environment is built."""

    doing: str
    elapsed: float
    """Seconds since the building began."""
    size: str = ""
    """Of what is being downloaded, as pip says it (`230.1 MB`)."""

    def __str__(self) -> str:
        return f"{self.doing}{f' ({self.size})' if self.size else ''}, {self.elapsed:.0f} s"


@dataclass(frozen=True)
class ProvisionedEnvironment:
    """A finished environment."""

    python: Path
    version: str
    """The framework's version that it holds."""
    warning: str = ""
    """Set where that is not the version that was asked for."""


@dataclass(frozen=True)
class Wanted:
    """What an environment is to hold."""

    package: str
    """The framework's name in PyPI."""
    version: str
    title: str
    """The framework's name in a sentence."""
    beside: tuple[str, ...] = ()
    """More requirements."""


def cache_folder() -> Path:
    """`$SAGESPEC_CACHE`, else `sagespec` in the user's cache folder; environments lie in `envs` below it."""
    given = os.environ.get("SAGESPEC_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sagespec"


def package_name(framework: Framework | None = None) -> str:
    """The wheels' name: Linux on x86-64 has one of some frameworks without GPU code, a third of the size."""
    wheel = (framework or of_name("tensorflow")).wheel
    on_linux = (sys.platform, platform.machine()) == ("linux", "x86_64")
    return str(wheel.get("cpu_package", wheel["package"]) if on_linux else wheel["package"])


def version_of_image(image: str) -> str | None:
    """The TensorFlow version in an image's tag (`…/tensorflow-training:2.19.0-cpu-py312`); None where there is none."""
    repository, _, tag = image.rpartition(":")
    found = re.match(r"\d+\.\d+(?:\.\d+)?(?=-|$)", tag)
    return found[0] if found and "tensorflow" in repository.rpartition("/")[2] else None


def wanted_of(image: str) -> Wanted | None:
    """What an image holds, of what PyPI has; None where its address does not say it."""
    found = of_image(image)
    if found is None:
        version = version_of_image(image)
        return None if version is None else Wanted(package_name(), version, "TensorFlow")
    framework, version = found
    own, under = version.partition("+")[0], framework.base_of(version)
    beside = tuple(framework.wheel.get("beside", ()))
    if under is not None:
        beside = (f"{package_name(under)}=={version.partition('+')[2].removeprefix(under.name)}", *beside)
    return Wanted(package_name(framework), own.partition("-")[0], framework.title, beside)


def choose(wanted: str, available: Sequence[str], title: str = "TensorFlow") -> tuple[str, str]:
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
        return newer[0], f"{title} {wanted} has no wheel for {python} here; {newer[0]} is used instead"
    exist = ", ".join(version for _, version in known) or "none"
    raise CannotProvision(
        f"{title} {wanted} has no wheel for {python} on {sys.platform} {platform.machine()}, nor has a newer "
        f"{parts[0]}.x; there are: {exist}. Use the docker executor, or another Python"
    )


def _parts(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def provide(
    wanted: str | Wanted,
    report: Callable[[ProvisionProgress], None],
    cache: Path | None = None,
    python: str = sys.executable,
) -> ProvisionedEnvironment:
    """The environment for a framework's version (a bare one is TensorFlow's), built if this is the first time.

    Several builders at once build once: the others wait. An environment counts only when its note is there, which is
    written last; so one that was interrupted is begun again. (It is not built under another name and renamed: the
    programs in an environment's `bin` hold its path.)

    Args:
        python: whose environment it is.

    Raises:
        CannotProvision: no wheel fits, or pip failed.
    """
    envs = (cache or cache_folder()) / "envs"
    tag = f"py{version_of_python(python).replace('.', '')}"
    asked = Wanted(package_name(), wanted, "TensorFlow") if isinstance(wanted, str) else wanted
    named = "-".join(
        [asked.package, asked.version, *(each.replace("==", "-") for each in asked.beside if "==" in each)]
    )
    folder = envs / f"{named}-{tag}-{sys.platform}-{platform.machine()}"
    with _locked(envs / f".{folder.name}.lock"):
        note = read_json(folder / "sagespec.json")
        if note is None:
            remove(folder)
            try:
                note = _build(asked, folder, report, python)
            except BaseException:
                remove(folder)
                raise
            write_json(folder / "sagespec.json", note)
    return ProvisionedEnvironment(folder / "bin" / "python", note["version"], note["warning"])


def version_of_python(python: str) -> str:
    """`3.11`; empty where it does not start."""
    if python == sys.executable:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        return _run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).stdout.strip()
    except OSError:
        return ""


def python_of(versions: Sequence[str]) -> str | None:
    """A Python of one of these versions: this one, one of the PATH, or one of pyenv's; the first version that there is.

    Source: https://github.com/pyenv/pyenv (PYENV_ROOT, versions)
    """
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in versions:
        found = [sys.executable, shutil.which(f"python{version}") or ""]
        found += map(str, sorted(root.glob(f"{version}.*/bin/python{version}")))
        for python in filter(None, found):
            if version_of_python(python) == version:
                return python
    return None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock that ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(wanted: Wanted, folder: Path, report: Callable[[ProvisionProgress], None], base: str) -> dict[str, str]:
    began = time.monotonic()

    def tell(doing: str, size: str = "") -> None:
        report(ProvisionProgress(doing, time.monotonic() - began, size))

    tell(f"making an environment for {wanted.title} {wanted.version}")
    make(folder, base)
    python = folder / "bin" / "python"
    tell(f"asking which versions of {wanted.package} there are")
    version, warning = choose(wanted.version, _available(python, wanted.package), wanted.title)
    if warning:
        tell(warning)
    _install(python, [f"{wanted.package}=={version}", *wanted.beside], tell)
    return {"version": version, "warning": warning}


def make(folder: Path, python: str = sys.executable, *, pip: bool = True) -> None:
    """A bare environment.

    Raises:
        CannotProvision: that Python cannot make one (some systems package `venv` apart).
    """
    made = _run([python, "-m", "venv", *(() if pip else ("--without-pip",)), str(folder)])
    if made.returncode:
        raise CannotProvision(f"{python} cannot make an environment:\n{(made.stdout + made.stderr).strip()}")


def _available(python: Path, package: str) -> list[str]:
    shown = _run([str(python), "-m", "pip", "index", "versions", package, "--disable-pip-version-check"])
    found = re.search(r"^Available versions: (.*)$", shown.stdout, re.MULTILINE)
    if found is None:
        raise CannotProvision(f"pip could not say which versions there are:\n{shown.stderr.strip()}")
    return [version.strip() for version in found[1].split(",")]


def _install(python: Path, requirements: Sequence[str], tell: Callable[[str, str], None]) -> None:
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--progress-bar",
        "off",
        "--disable-pip-version-check",
        *requirements,
    ]
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
        raise CannotProvision(f"pip could not install {' '.join(requirements)}:\n" + "\n".join(lines[-8:]))


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
