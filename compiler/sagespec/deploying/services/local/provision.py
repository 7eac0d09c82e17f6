"""Environments with a given framework, built once per version, Python and platform, and never used half built."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagespec.base.errors import SagespecError
from sagespec.catalog.frameworks import Framework, of_image, of_name
from sagespec.deploying.services.local import pythons
from sagespec.deploying.services.local.folder import read_json, remove, write_json


class CannotProvision(SagespecError):
    """There is no such environment, and none can be built. Says why and what exists."""


class UnfitPython(CannotProvision):
    """This Python has no such environment; another may."""


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
class EnvironmentSpec:
    """What an environment is to hold."""

    package: str
    """The framework's name in PyPI."""
    version: str
    title: str
    """The framework's name in a sentence."""
    beside: tuple[str, ...] = ()
    """More requirements."""
    alone: tuple[str, ...] = ()
    """More requirements, which bring nothing along of what they require: it is there, or must not be."""
    limits: tuple[str, ...] = ()
    """What none of its requirements may be, as pip's constraints: versions that came later and do not fit."""
    pythons: tuple[str, ...] = ()
    """Versions of Python that the image has, or such that are near to it: `3.7`."""


def package_name(framework: Framework | None = None, version: str = "") -> str:
    """The wheels' name: Linux on x86-64 has one of some frameworks without GPU code, a third of the size."""
    wheel = (framework or of_name("tensorflow")).wheel
    on_linux = (sys.platform, platform.machine()) == ("linux", "x86_64")
    since = _parts(wheel.get("cpu_package_since", ""))
    has_one = on_linux and (not version or _parts(version) >= since)
    return str(wheel.get("cpu_package", wheel["package"]) if has_one else wheel["package"])


def version_of_image(image: str) -> str | None:
    """The TensorFlow version in an image's tag (`…/tensorflow-training:2.19.0-cpu-py312`); None where there is none."""
    repository, _, tag = image.rpartition(":")
    found = re.match(r"\d+\.\d+(?:\.\d+)?(?=-|$)", tag)
    return found[0] if found and "tensorflow" in repository.rpartition("/")[2] else None


def spec_of_image(image: str) -> EnvironmentSpec | None:
    """What an image holds, of what PyPI has; None where its address does not say it."""
    found = of_image(image)
    if found is None:
        version = version_of_image(image)
        return None if version is None else of_tensorflow(version, image)
    framework, version = found
    if framework.name == "tensorflow":
        return of_tensorflow(version, image)
    own, under = version.partition("+")[0], framework.base_of(version)
    beside = tuple(framework.wheel.get("beside", ()))
    if under is not None:
        beside = (f"{package_name(under)}=={version.partition('+')[2].removeprefix(under.name)}", *beside)
    package = package_name(framework)
    return EnvironmentSpec(package, own.partition("-")[0], framework.title, beside, pythons=_pythons_of(image))


def of_tensorflow(version: str, image: str = "", beside: tuple[str, ...] = ()) -> EnvironmentSpec:
    """A version of TensorFlow, with what must not come with it."""
    framework = of_name("tensorflow")
    older = (row for row in framework.wheel["limits"] if _parts(version) < _parts(row["below"]))
    limits = tuple(limit for row in older for limit in row["limits"])
    package = package_name(framework, version)
    pythons = _pythons_of(image, framework)
    return EnvironmentSpec(package, version, framework.title, beside, limits=limits, pythons=pythons)


def _pythons_of(image: str, framework: Framework | None = None) -> tuple[str, ...]:
    """The Python that an image's tag names (`py37`); `py2` and `py3` are what the framework says."""
    found = re.search(r"-py(\d)(\d*)(?=-|$)", image.rpartition(":")[2])
    if found is None:
        return ()
    short: Mapping[str, Sequence[str]] = framework.wheel["pythons"] if framework else {}
    return (f"{found[1]}.{found[2]}",) if found[2] else tuple(short.get(found[1], ()))


def choose(
    wanted: str, available: Sequence[str], title: str = "TensorFlow", python: str = sys.executable
) -> tuple[str, str]:
    """The version to install, and a warning where it is another than the one wanted.

    The version itself; of `2.19` the newest patch; else the nearest newer one of the same major version.

    Raises:
        UnfitPython: there is none of these.
    """
    parts = _parts(wanted)
    known = sorted((_parts(version), version) for version in available if _parts(version))
    same = [version for numbers, version in known if numbers[: len(parts)] == parts]
    if same:
        return (wanted if wanted in same else same[-1]), ""
    newer = [version for numbers, version in known if numbers > parts and numbers[0] == parts[0]]
    runs = f"Python {pythons.version_of(python)}"
    if newer:
        return newer[0], f"{title} {wanted} has no wheel for {runs} here; {newer[0]} is used instead"
    exist = ", ".join(version for _, version in known) or "none"
    raise UnfitPython(
        f"{title} {wanted} has no wheel for {runs} on {sys.platform} {platform.machine()}, nor has a newer "
        f"{parts[0]}.x; there are: {exist}. Use the docker executor, or another Python"
    )


def _parts(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def provide(
    wanted: str | EnvironmentSpec,
    report: Callable[[ProvisionProgress], None],
    cache: Path | None = None,
    of: Sequence[str] = (),
) -> ProvisionedEnvironment:
    """The environment for a framework's version (a bare one is TensorFlow's), built if this is the first time.

    Several builders at once build once: the others wait. An environment counts only when its note is there, which is
    written last; so one that was interrupted is begun again. (It is not built under another name and renamed: the
    programs in an environment's `bin` hold its path.)

    Args:
        of: the Pythons whose environment it may be. The first one that has a wheel of that very version is taken,
            else the first that has any. This one comes first, and then the image's, where none are given.

    Raises:
        CannotProvision: no wheel fits, or pip failed.
    """
    asked = of_tensorflow(wanted) if isinstance(wanted, str) else wanted
    envs = (cache or pythons.cache_folder()) / "envs"
    folders = {_folder(envs, asked, python): python for python in of or _candidates(asked)}
    built = _found(folders)
    if built is not None:
        return built
    refused: list[UnfitPython] = []
    choices = [(folder, python, exact) for exact in (True, False) for folder, python in folders.items()]
    for folder, python, exact in choices if len(folders) > 1 else choices[-1:]:
        try:
            return _provided(_Environment(asked, folder, python, exact, [each.name for each in folders]), report)
        except UnfitPython as error:
            refused.append(error)
    raise refused[-len(folders)]


def _candidates(wanted: EnvironmentSpec) -> list[str]:
    """This Python, and the image's, where it is another and is found."""
    own = pythons.find(wanted.pythons)
    return [sys.executable, *([own] if own not in (None, sys.executable) else [])]


def _folder(envs: Path, wanted: EnvironmentSpec, python: str) -> Path:
    named = (each for each in (*wanted.beside, *wanted.alone) if "==" in each)
    parts = [wanted.package, wanted.version, *(each.replace("==", "-").removesuffix(".*") for each in named)]
    tag = f"py{pythons.version_of(python).replace('.', '')}"
    return envs / "-".join([*parts, tag, sys.platform, platform.machine()])


def _found(folders: Mapping[Path, str]) -> ProvisionedEnvironment | None:
    """The one that was built before: of that very version, or of the nearest after all of these Pythons were tried."""
    notes = {folder: read_json(folder / "sagespec.json") for folder in folders}
    whole = [folder for folder, note in notes.items() if note is not None]
    exact = [folder for folder in whole if not notes[folder]["warning"]]
    tried = {folder.name for folder in folders}
    nearest = [folder for folder in whole if tried <= set(notes[folder].get("tried", [folder.name]))]
    return next((_environment(folder, notes[folder]) for folder in [*exact, *nearest]), None)


def _environment(folder: Path, note: Mapping[str, Any]) -> ProvisionedEnvironment:
    return ProvisionedEnvironment(folder / "bin" / "python", note["version"], note["warning"])


@dataclass(frozen=True)
class _Environment:
    """One to be built."""

    wanted: EnvironmentSpec
    folder: Path
    python: str
    exact: bool
    """Whether no other version will do."""
    tried: Sequence[str]
    """The names of all that could be built instead."""


def _provided(asked: _Environment, report: Callable[[ProvisionProgress], None]) -> ProvisionedEnvironment:
    folder = asked.folder
    with pythons.locked(folder.with_name(f".{folder.name}.lock")):
        note = read_json(folder / "sagespec.json")
        if note is not None and note["warning"] and asked.exact:
            raise UnfitPython(note["warning"])
        if note is None:
            remove(folder)
            try:
                note = _build(asked, report)
            except BaseException:
                remove(folder)
                raise
        write_json(folder / "sagespec.json", {**note, "tried": list(asked.tried)})
    return _environment(folder, note)


def _build(asked: _Environment, report: Callable[[ProvisionProgress], None]) -> dict[str, str]:
    wanted, began = asked.wanted, time.monotonic()

    def note(doing: str, size: str = "") -> None:
        report(ProvisionProgress(doing, time.monotonic() - began, size))

    note(f"making an environment for {wanted.title} {wanted.version}")
    make(asked.folder, asked.python)
    python = asked.folder / "bin" / "python"
    note(f"asking which versions of {wanted.package} there are")
    version, warning = choose(wanted.version, _available(python, wanted.package), wanted.title, asked.python)
    if warning and asked.exact:
        raise UnfitPython(warning)
    if warning:
        note(warning)
    _install(python, [f"{wanted.package}=={version}", *wanted.beside], note, wanted.limits)
    if wanted.alone:
        _install(python, ["--no-deps", *wanted.alone], note, wanted.limits)
    return {"version": version, "warning": warning}


def make(folder: Path, python: str = sys.executable) -> None:
    """A bare environment.

    Raises:
        UnfitPython: that Python makes none.
    """
    try:
        pythons.make(folder, python)
    except pythons.CannotMake as error:
        raise UnfitPython(error.message, error.hint) from error


def _available(python: Path, package: str) -> list[str]:
    """The versions that pip could install, oldest first: asked for one that is not there, every pip lists them all,
    unless the user's constraints speak of the package: then it says only that these contradict the question."""
    command = [str(python), "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]
    shown = pythons.run([*command, f"{package}<0"], PIP_CONSTRAINT=os.devnull)
    found = re.search(r"\(from versions: (.*?)\)", shown.stderr)
    if found is not None and found[1] == "none" and (trouble := _UNREACHED.search(shown.stderr)):
        raise CannotProvision(f"pip cannot reach the package index: {trouble[1] or trouble[2]}")
    if found is None:
        raise CannotProvision(f"pip could not say which versions there are:\n{shown.stderr.strip()}")
    versions = (version.strip() for version in found[1].split(","))
    return [version for version in versions if version != "none" and not _PREVIEW.search(version)]


_UNREACHED = re.compile(r"connection broken by '(.+)': |Could not fetch URL (.+)")
"""What pip says of an index that does not answer, before it says that there are no versions."""
_PREVIEW = re.compile(r"\d(a|b|rc|\.dev)\d")


def _install(
    python: Path, requirements: Sequence[str], note: Callable[[str, str], None], limits: Sequence[str]
) -> None:
    constraints = python.with_name("limits.txt")
    constraints.write_text("".join(f"{limit}\n" for limit in limits), encoding="utf-8")
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--progress-bar",
        "off",
        "--disable-pip-version-check",
        "--prefer-binary",
        "--constraint",
        str(constraints),
        *requirements,
    ]
    lines: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=pythons.environ(), errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if (doing := progress_of(line)) is not None:
                note(*doing)
    if process.returncode:
        raise CannotProvision(f"pip could not install {' '.join(requirements)}:\n" + "\n".join(lines[-8:]))


_WHEEL = r"(?:\S*/)?(?P<name>[\w.]+)-(?P<version>[^-\s]+?)(?:-\S+)?(?:\.whl|\.tar\.gz)?(?: \((?P<size>.+)\))?\s*$"
_PROGRESS = (
    (re.compile(rf"\s*Downloading {_WHEEL}"), "downloading"),
    (re.compile(rf"\s*Using cached {_WHEEL}"), "taking from pip's cache"),
)
_UNPACKS = re.compile(r"Installing collected packages: (.+)$")


def progress_of(line: str) -> tuple[str, str] | None:
    """What a line of pip says is being done, and the size; None for a line that says neither."""
    if ".metadata" in line:
        return None
    for pattern, doing in _PROGRESS:
        if found := pattern.match(line):
            return f"{doing} {found['name'].replace('_', '-')} {found['version']}", found["size"] or ""
    found = _UNPACKS.match(line)
    return (f"unpacking {found[1].count(', ') + 1} packages", "") if found else None


def overlay(folder: Path, python: str) -> Path:
    """An environment on top of another: sees all that the other holds, and keeps for itself what is installed.

    `--system-site-packages` would show the system's packages only, not those of an environment.

    Returns:
        Its Python.

    Raises:
        CannotMake: that Python makes none.
    """
    pythons.make(folder, python, pip=False)
    result = folder / "bin" / "python"
    paths = pythons.run([python, "-c", "import sys; print('\\n'.join(p for p in sys.path if p.endswith('-packages')))"])
    below = pythons.run([str(result), "-c", _OWN_PACKAGES])
    # `addsitedir` also follows the path files there, which is how editable installations are found.
    lines = [f"import site; site.addsitedir({path!r})" for path in paths.stdout.splitlines()]
    (Path(below.stdout.strip()) / "underneath.pth").write_text("\n".join([*lines, ""]), encoding="utf-8")
    if pythons.run([str(result), "-c", "import pip"]).returncode:
        pythons.run([str(result), "-m", "ensurepip"])
    return result


_OWN_PACKAGES = """\
import site, sysconfig
print(getattr(site, "getsitepackages", lambda: [sysconfig.get_paths()["purelib"]])()[0])
"""
