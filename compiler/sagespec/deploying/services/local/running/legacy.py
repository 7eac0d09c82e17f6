"""Runs a legacy-mode job: its functions are called as AWS's containers for TensorFlow 1.4 to 1.12 call them.

What runs them is the newest TensorFlow that still has estimators, where a Python for it is found; `legacy_runner` says
what it cannot honour.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sagespec.deploying.services.local import provision
from sagespec.deploying.services.local.container import optml
from sagespec.deploying.services.local.job import LocalJob
from sagespec.deploying.services.local.running import cluster
from sagespec.deploying.services.local.running.ends import failed
from sagespec.deploying.services.local.running.executor import RunOne
from sagespec.deploying.services.local.running.scripts import STAND_INS, ScriptRuns

RUNNER = STAND_INS / "legacy_runner.py"
TENSORFLOW = "2.15"
"""The last TensorFlow with estimators."""
PYTHONS = ("3.11", "3.10", "3.9")
"""The Pythons that it has wheels for.

Source: https://pypi.org/project/tensorflow/2.15.1/#files
"""


def is_legacy(image: str) -> bool:
    return image.rpartition("/")[2].startswith("sagemaker-tensorflow:")


def unusable(*, provision_asked: bool) -> tuple[str, str] | None:
    """Why a legacy job cannot run here, and what to do; None where it can."""
    if not provision_asked:
        return "legacy mode needs a TensorFlow with estimators, which is not installed here", "add --provision"
    if provision.python_of(PYTHONS) is None:
        reason = f"legacy mode runs on TensorFlow {TENSORFLOW} here, which has no wheel for this Python"
        return reason, f"install Python {PYTHONS[0]} or {PYTHONS[1]} beside it (PATH or pyenv)"
    return None


class Legacy(ScriptRuns):
    """Runs `legacy_runner` as a process a host."""

    def __init__(self, job: LocalJob) -> None:
        super().__init__(job)
        self.version = provision.version_of_image(str(job.algorithm["TrainingImage"])) or "1.x"

    def _provisioned(self, report: Callable[[str], None]) -> str:
        python = provision.python_of(PYTHONS)
        if python is None:
            raise failed(f"ClientError: no Python for TensorFlow {TENSORFLOW} is found any more")
        report(f"legacy mode: TensorFlow {TENSORFLOW} stands in for {self.version}, in Python 3 instead of 2.7")
        wanted = provision.Wanted(provision.package_name(), TENSORFLOW, "TensorFlow")
        return self._provide(wanted, report, python)

    def prepare(self, run: RunOne) -> None:
        """Installs the requirements file that the request names, and sees whether Python 3 can read the script."""
        host = self.job.hosts[0]
        folder = self.job.host(host)
        asked = self.job.meant.get("sagemaker_requirements")
        if asked and (folder.code / str(asked)).exists():
            self._install(host, ["-r", str(asked)], run)
        self.search = self._search_path(host)
        program = folder.code / str(self.job.meant["sagemaker_program"])
        read = "import ast, sys; ast.parse(open(sys.argv[1], 'rb').read(), sys.argv[1])"
        shown = subprocess.run(
            [self.python, "-c", read, str(program)], capture_output=True, text=True, errors="replace"
        )
        if shown.returncode:
            said = shown.stderr.strip().rpartition("\n")[2]
            raise failed(f"ClientError: Python 3, which runs it here, cannot read {program.name}: {said}")

    def _words(self, host: str, together: Sequence[str] = ()) -> list[str]:
        return [self.python, str(RUNNER)]

    def _tf_config(self, host: str, together: Sequence[str]) -> dict[str, Any] | None:
        """Several hosts always train with parameter servers."""
        return cluster.tf_config(host, sorted(self.job.hosts), {cluster.PARAMETER_SERVER: True}, self.ports)

    def _environ(self, host: str, config: Mapping[str, Any] | None) -> dict[str, str]:
        environ = super()._environ(host, config)
        return {**environ, "LEGACY_VERSION": self.version, "LEGACY_CHECKPOINTS": self._checkpoints(host)}

    def _checkpoints(self, host: str) -> str:
        """The folder that stands for `checkpoint_path`, for all hosts and every attempt that names it."""
        asked = str(self.job.meant.get("checkpoint_path") or "")
        if not asked.startswith("s3://"):
            return str(optml.placed(asked, self.seen(host).path))
        kept: Path = self.job.folder.store.checkpoints(asked)
        kept.mkdir(parents=True, exist_ok=True)
        return str(kept)
