"""What a rule about training jobs is shown: one job, the facts, and what follows from both."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from sagespec.base.source import Path
from sagespec.catalog import Framework, Instance, Release, Variant
from sagespec.checking.context import Context
from sagespec.kinds.training_job.model import Channel, Job, Mode
from sagespec.scripts import Script
from sagespec.scripts.arguments import Option

CONTAINERS_OWN = frozenset({"_tuning_objective_metric", "default_user_module_name"})
"""Hyperparameters that the container keeps to itself."""


class JobChannel:
    """A channel, and what the job decides for it. Has all members of the channel."""

    __slots__ = ("_job", "at", "name", "own")

    def __init__(self, name: str, own: Channel, job: Job) -> None:
        self.name = name
        self.at: Path = ("channels", name)
        self.own = own
        """The channel itself."""
        self._job = job

    @property
    def input_mode(self) -> str:
        """The mode that it is in: its own, or the job's."""
        return self._job.input_mode_of(self.own)

    @property
    def input_mode_at(self) -> Path:
        """Where that mode is written: at the channel, or for the whole job."""
        return (*self.at, "input_mode") if self.own.input_mode is not None else ("input_mode",)

    @property
    def is_mounted(self) -> bool:
        """It is a file system, and that alone."""
        return self.own.given("s3_data", "path", "file_system_id") == ["file_system_id"]

    def __getattr__(self, member: str) -> Any:
        return getattr(self.own, member)


class JobContext(Context):
    """One job to be judged."""

    model: Job

    @property
    def job(self) -> Job:
        return self.model

    @cached_property
    def written(self) -> frozenset[str]:
        """Fields, and members of channels (`channels.path`)."""
        fields = self.model.fields_set
        if "channels" not in fields:
            return frozenset(fields)
        members = [f"channels.{member}" for channel in self.model.channels.values() for member in channel.fields_set]
        return frozenset((*fields, *members))

    @cached_property
    def channels(self) -> list[JobChannel]:
        return [JobChannel(name, channel, self.job) for name, channel in self.job.channels.items()]

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
    def passes_model_dir(self) -> bool:
        """The script is called with --model_dir, which the request gets by itself."""
        framework = self.framework
        return (
            self.script_mode
            and framework is not None
            and framework.passes_model_dir
            and self.job.model_dir is not False
        )

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
        if name == "model_dir" and self.passes_model_dir:
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
