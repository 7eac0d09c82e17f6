"""What a rule is shown: one job, the facts, and what follows from both."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property, lru_cache
from operator import truediv
from pathlib import Path as FilePath
from typing import Any

from sagespec.catalog import Facts, Framework, Instance, Release, Variant
from sagespec.kinds.training_job.model import Job, Mode
from sagespec.scripts import Script, Scripts
from sagespec.scripts.arguments import Option

CONTAINERS_OWN = frozenset({"_tuning_objective_metric", "default_user_module_name"})
"""Hyperparameters that the container keeps to itself."""


LEGACY = "(legacy)"
"""What stands in `Case.written` where the container runs in legacy mode."""


class Disk:
    """What lies in the file system, each thing looked for (and each path put together) once a run: thousands of
    manifests may share a folder.

    Unlike pathlib's, these never raise: a name that is too long, or that may not be looked at, is not there.
    """

    def __init__(self) -> None:
        remembered = lru_cache(maxsize=1_024)
        self.below: Callable[[FilePath, str], FilePath] = remembered(truediv)
        self.is_file: Callable[[FilePath], bool] = remembered(os.path.isfile)
        self.is_folder: Callable[[FilePath], bool] = remembered(os.path.isdir)
        self.exists: Callable[[FilePath], bool] = remembered(os.path.exists)


class Case:
    """One job to be judged. Reading a field whose value is wrong raises `Unknown`, and the rule says nothing."""

    def __init__(
        self,
        job: Job,
        facts: Facts,
        folder: FilePath,
        region: str | None,
        account: str | None,
        *,
        local: bool,
        scripts: Scripts,
        disk: Disk,
    ) -> None:
        """
        Args:
            folder: the manifest's: what its paths are relative to.
            region: where the job will run, as far as it is known.
            local: whether the job is to run on this machine.
            scripts: the training scripts of the run, each read once.
            disk: what lies in the file system, each thing looked for once.
        """
        self.job = job
        self.facts = facts
        self.folder = folder
        self.region = region
        self.account = account
        self.local = local
        self.scripts = scripts
        self.disk = disk

    @property
    def written(self) -> frozenset[str]:
        """What a rule can ask to be written (`Rule.given`). Of a job that is not partial."""
        channels = self.job.channels
        members = {f"channels.{member}" for channel in channels.values() for member in channel.fields_set}
        return frozenset((*self.job.fields_set, *members, *((LEGACY,) if self.legacy else ())))

    @cached_property
    def mode(self) -> Mode:
        return self.job.mode(self.facts)

    @cached_property
    def legacy(self) -> bool:
        return self.mode is Mode.LEGACY

    @cached_property
    def script_mode(self) -> bool:
        return self.mode is Mode.SCRIPT

    @cached_property
    def framework(self) -> Framework | None:
        """The framework's row of the catalogue; None where an image is all there is, or the name is not known."""
        return self.job.estimator(self.facts)

    @cached_property
    def version(self) -> str | None:
        """The framework's version as the catalogue knows it; None where the manifest names none."""
        return self.job.version(self.facts)

    @cached_property
    def release(self) -> Release | None:
        """The release that the manifest names; None where it names none, or none that is known."""
        return self.job.release(self.facts)

    @cached_property
    def variant(self) -> Variant | None:
        """The images beside the framework's plain ones that the job takes, if any."""
        return self.job.variant(self.facts)

    @cached_property
    def python(self) -> str | None:
        return self.job.python(self.facts)

    @cached_property
    def script(self) -> Script | None:
        """The training script; None where the container runs none, or it cannot be looked into."""
        job = self.job
        if self.mode is Mode.IMAGE or job.entry_point is None:
            return None
        return self.scripts.of(self.folder, job.entry_point, job.source_dir, job.dependencies)

    @cached_property
    def hardware(self) -> list[Instance]:
        """The instances of every group whose type is known."""
        known = (self.facts.instance(name) for name in self.job.instance_types())
        return [instance for instance in known if instance is not None]

    @cached_property
    def enabled(self) -> list[str]:
        """The distribution strategies that are switched on."""
        return self.job.distribution.enabled() if self.job.distribution is not None else []

    @property
    def hyperparameters(self) -> dict[str, Any]:
        return self.job.hyperparameters

    @cached_property
    def passed(self) -> dict[str, str]:
        """What the container passes to the script: hyperparameter → the text that arrives, `model_dir` left out.

        Source: https://github.com/aws/sagemaker-training-toolkit (mapping.py, to_cmd_args)
        """
        return {name: as_argument(value) for name, value in self.hyperparameters.items() if self._is_passed(name)}

    @cached_property
    def matched(self) -> list[tuple[str, str, Option]]:
        """(hyperparameter, its text, the script's option that certainly takes it); of a script that is understood."""
        takes = None if self.script is None else self.script.study.arguments
        if takes is None:
            return []
        found = ((name, text, takes.match(option_of(name))) for name, text in self.passed.items())
        return [(name, text, options[0]) for name, text, options in found if len(options) == 1]

    def _is_passed(self, name: str) -> bool:
        if name == "model_dir" and self.job.model_dir is not False:
            return False  # overwritten, which another rule says
        return not name.startswith("sagemaker_") and name not in CONTAINERS_OWN

    @cached_property
    def source_folder(self) -> FilePath | None:
        """Where the entry point is looked for; None when the code lies in S3."""
        source = self.job.source_dir
        if source is None:
            return self.folder
        return None if "://" in source else self.disk.below(self.folder, source)


def option_of(name: str) -> str:
    """How a hyperparameter is spelt on the command line."""
    return f"-{name}" if len(name) == 1 else f"--{name}"


def as_argument(value: Any) -> str:
    """A hyperparameter's value as an argument: as Python prints it, nothing for null, `k=v,…` for a map."""
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return "" if value is None else str(value)
