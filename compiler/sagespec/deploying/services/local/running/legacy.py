"""Runs a legacy-mode job: its functions are called as AWS's containers for TensorFlow 1.4 to 1.12 call them.

What runs them is the manifest's own TensorFlow, where a Python for it is found; else the newest one that still has
estimators, whose `legacy_runner` says what it cannot honour.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sagespec.deploying.services.local import provision, pythons
from sagespec.deploying.services.local.container import optml
from sagespec.deploying.services.local.job import LocalJob
from sagespec.deploying.services.local.running import cluster
from sagespec.deploying.services.local.running.ends import failed
from sagespec.deploying.services.local.running.executor import RunOne
from sagespec.deploying.services.local.running.scripts import STAND_INS, ScriptRuns

RUNNER = STAND_INS / "legacy_runner.py"
OWN_PYTHONS = ("2.7", "3.6", "3.5")
"""What TensorFlow 1.4 to 1.12 have wheels for; the images have 2.7.

Source: https://pypi.org/project/tensorflow/1.10.0/#files
"""
OWN_PLATFORMS = {("linux", "x86_64"), ("darwin", "x86_64")}
BESIDE = ("pandas", "scipy", "scikit-learn", "boto3")
"""What else the images hold.

Source: https://github.com/aws/sagemaker-python-sdk/blob/v1.16.3/src/sagemaker/tensorflow/README.rst
"""
PIPES = "sagemaker-tensorflow"
"""Pipe mode's package; its version begins with TensorFlow's, from 1.7 on."""
STAND_IN = "2.15"
"""The last TensorFlow with estimators."""
STAND_IN_PYTHONS = ("3.11", "3.10", "3.9")
"""The Pythons that it has wheels for.

Source: https://pypi.org/project/tensorflow/2.15.1/#files
"""


def own_python() -> str | None:
    """A Python of this machine that the manifest's own TensorFlow may have a wheel for."""
    if (sys.platform, platform.machine()) not in OWN_PLATFORMS:
        return None
    return pythons.find(OWN_PYTHONS)


def unusable(*, provision_asked: bool) -> tuple[str, str] | None:
    """Why a legacy job cannot run here, and what to do; None where it can."""
    if not provision_asked:
        return "legacy mode needs a TensorFlow with estimators, which is not installed here", "add --provision"
    if own_python() is None and pythons.find(STAND_IN_PYTHONS) is None:
        reason = (
            f"legacy mode needs Python {OWN_PYTHONS[0]} for the job's own TensorFlow, or Python "
            f"{' or '.join(STAND_IN_PYTHONS)} for TensorFlow {STAND_IN} in its place; there is only Python "
            f"{pythons.version_of(sys.executable)} here"
        )
        return reason, "install one of them beside it (PATH or pyenv), or use docker (--executor docker)"
    return None


def minor_of(version: str) -> int | None:
    """`1.10.0` -> 10; None of what is not a version of TensorFlow 1."""
    numbers = version.split(".")
    return int(numbers[1]) if numbers[0] == "1" and numbers[1:] and numbers[1].isdecimal() else None


def of_version(version: str, beside: tuple[str, ...]) -> provision.EnvironmentSpec | None:
    """TensorFlow 1 itself; None where its version is not known."""
    return None if minor_of(version) is None else provision.of_tensorflow(version, beside=beside)


def provided(
    own: provision.EnvironmentSpec | None,
    stand_in: provision.EnvironmentSpec,
    report: Callable[[str], None],
    stand_in_python: str | None = None,
) -> provision.ProvisionedEnvironment:
    """The request's own TensorFlow, else the one that stands in for it.

    Args:
        stand_in_python: what that may run in, where none of `STAND_IN_PYTHONS` is found.

    Raises:
        CannotProvision: neither can be had.
    """
    reason = "no Python 2.7 is found here"
    python = own_python() if own is not None else None
    if own is not None and python is not None:
        try:
            found = _reported(provision.provide(own, lambda progress: report(str(progress)), of=[python]), report)
        except provision.CannotProvision as error:
            reason = str(error)
        else:
            version = pythons.version_of(python)
            as_there = "as in the image" if version == OWN_PYTHONS[0] else f"instead of {OWN_PYTHONS[0]}"
            report(f"legacy mode: TensorFlow {own.version} itself, in Python {version}, {as_there}")
            return found
    python = pythons.find(STAND_IN_PYTHONS) or stand_in_python
    if python is None:
        raise provision.CannotProvision(f"{reason}; nor is a Python for TensorFlow {stand_in.version}")
    wanted = "1.x" if own is None else own.version
    report(f"legacy mode: {reason}: TensorFlow {stand_in.version} stands in for {wanted}, in Python 3 instead of 2.7")
    return _reported(provision.provide(stand_in, lambda progress: report(str(progress)), of=[python]), report)


def unreadable(python: str, program: Path) -> str:
    """Why a script is none for the Python that is to run it; empty where it is one."""
    shown = subprocess.run([python, "-c", _READ, str(program)], capture_output=True, text=True, errors="replace")
    if not shown.returncode:
        return ""
    reason = shown.stderr.strip().rpartition("\n")[2]
    return f"Python {pythons.version_of(python)}, which runs it here, cannot read {program.name}: {reason}"


_READ = """\
import ast, sys
try:
    ast.parse(open(sys.argv[1], "rb").read())
except SyntaxError as error:
    sys.exit("%s: %s (line %s)" % (type(error).__name__, error.msg, error.lineno))
"""


def _reported(
    found: provision.ProvisionedEnvironment, report: Callable[[str], None]
) -> provision.ProvisionedEnvironment:
    if found.warning:
        report(found.warning)
    return found


class Legacy(ScriptRuns):
    """Runs `legacy_runner` as a process a host."""

    def __init__(self, job: LocalJob) -> None:
        super().__init__(job)
        self.version = provision.version_of_image(str(job.algorithm["TrainingImage"])) or "1.x"

    def _provisioned(self, report: Callable[[str], None]) -> str:
        """Pipe mode's package comes with it from 1.7 on; a reader of ours serves before that."""
        minor = minor_of(self.version)
        pipes = () if minor is None or minor < 7 else (f"{PIPES}>=1.{minor}.0,<1.{minor + 1}",)
        try:
            own = of_version(self.version, beside=(*pipes, *BESIDE))
            return str(provided(own, provision.of_tensorflow(STAND_IN), report).python)
        except provision.CannotProvision as error:
            raise failed(f"ClientError: {error}") from error

    def prepare(self, run: RunOne) -> None:
        """Installs the requirements file that the request names, and sees whether this Python can read the script."""
        host = self.job.hosts[0]
        folder = self.job.host(host)
        asked = self.job.decoded_hyperparameters.get("sagemaker_requirements")
        if asked and (folder.code / str(asked)).exists():
            self._install(host, ["-r", str(asked)], run)
        self.search = self._search_path(host)
        why = unreadable(self.python, folder.code / str(self.job.decoded_hyperparameters["sagemaker_program"]))
        if why:
            raise failed(f"ClientError: {why}")

    def _command_words(self, host: str, together: Sequence[str] = ()) -> list[str]:
        return [self.python, str(RUNNER)]

    def _tf_config(self, host: str, together: Sequence[str]) -> dict[str, Any] | None:
        """Several hosts always train with parameter servers."""
        return cluster.tf_config(host, sorted(self.job.hosts), {cluster.PARAMETER_SERVER: True}, self.ports)

    def _environ(self, host: str, config: Mapping[str, Any] | None) -> dict[str, str]:
        environ = super()._environ(host, config)
        return {**environ, "LEGACY_VERSION": self.version, "LEGACY_CHECKPOINTS": self._checkpoints(host)}

    def _checkpoints(self, host: str) -> str:
        """The folder that stands for `checkpoint_path`, for all hosts and every attempt that names it."""
        asked = str(self.job.decoded_hyperparameters.get("checkpoint_path") or "")
        if not asked.startswith("s3://"):
            return str(optml.placed(asked, self.visible_folder(host).path))
        kept: Path = self.job.folder.store.checkpoints(asked)
        kept.mkdir(parents=True, exist_ok=True)
        return str(kept)
