"""What a rule about training jobs is shown: one job, the facts, and what follows from both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path, value_at
from sagespec.catalog import Algorithm, Framework, Instance, Release, Variant
from sagespec.checking.context import Context
from sagespec.kinds.training_job.generated import generated
from sagespec.kinds.training_job.model import Channel, Job, Mode
from sagespec.kinds.training_job.shared.choice import choice_of
from sagespec.kinds.training_job.shared.code import JobCode, ReadScript, code_of
from sagespec.kinds.training_job.shared.passed import CommandLine, Matched, Passed, Unmatched, as_passed
from sagespec.scripts import Script
from sagespec.scripts.called import LEGACY_MODE, CalledFunction

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


class ImageAddress(NamedTuple):
    """The parts of an image's address in Amazon ECR."""

    account: str
    region: str
    repository: str
    tag: str
    """Nothing where the address names a digest."""

    def is_one_of(self, registries: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether the account is one of these, of whatever region."""
        return any(self.account in accounts for accounts in registries.values())


_ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]*))?(?:@.*)?$"
)


class JobContext(Context):
    """One job to be judged."""

    model: Job

    def __init__(self, job: Job, *others: Any, **named: Any) -> None:
        super().__init__(job, *others, **named)
        self.job = job
        self.choice = choice_of(job, self.facts, local=self.local)

    @lazy
    def written(self) -> frozenset[str]:
        """Fields, and members of channels (`channels.path`)."""
        fields = self.model.fields_set
        if "channels" not in fields:
            return frozenset(fields)
        members = [f"channels.{member}" for channel in self.model.channels.values() for member in channel.fields_set]
        return frozenset((*fields, *members))

    @lazy
    def channels(self) -> list[JobChannel]:
        return [JobChannel(name, channel, self.job) for name, channel in self.job.channels.items()]

    @lazy
    def mode(self) -> Mode:
        return self.choice.mode

    @lazy
    def legacy(self) -> bool:
        return self.choice.legacy

    @lazy
    def script_mode(self) -> bool:
        return self.choice.script_mode

    @lazy
    def framework(self) -> Framework | None:
        """The framework's row of the catalogue; None where an image is all there is, or the name is not known."""
        return self.choice.framework

    def overridden(self, *member: str) -> Any:
        """What `request:` says of a member of the request; None where it says nothing, or takes the member out."""
        return value_at(self.job.request, member)

    def is_overridden(self, *member: str) -> bool:
        """Whether `request:` gives a member of the request a value, whatever the fields say."""
        return self.overridden(*member) is not None

    @lazy
    def version(self) -> str | None:
        """The framework's version as the catalogue knows it; None where the manifest names none."""
        return self.choice.version

    @lazy
    def release(self) -> Release | None:
        """The release that the manifest names; None where it names none, or none that is known."""
        return self.choice.release

    @lazy
    def image_release(self) -> Release | None:
        """The release whose images the job takes, which may be of a variant."""
        return self.choice.image_release

    @lazy
    def run_release(self) -> Release | None:
        """The release whose image the job runs; None where it brings an image, or names no release that is known."""
        return self.choice.run_release

    @lazy
    def variant(self) -> Variant | None:
        """The images beside the framework's plain ones that the job takes, if any."""
        return self.choice.variant

    @lazy
    def passes_model_dir(self) -> bool:
        """The script is called with --model_dir, which the request gets by itself."""
        framework = self.framework
        return (
            self.script_mode
            and framework is not None
            and framework.passes_model_dir
            and self.job.model_dir is not False
        )

    @lazy
    def model_dir_in_s3(self) -> bool:
        """… and it is a folder in S3.

        Source: sagemaker 2.257.7, tensorflow/estimator.py (hyperparameters)
        """
        given = self.job.model_dir
        if not self.passes_model_dir or self.local:
            return False
        return given.startswith("s3://") if isinstance(given, str) else "mpi" not in self.enabled

    @lazy
    def uses_model_dir(self) -> bool:
        """The script does something with the value of --model_dir."""
        return self.read is not None and self.read.asks.uses_model_dir and self.command_line is not None

    @lazy
    def holds(self) -> Release | None:
        """The release of the image in script mode, where the image is AWS's: what is true of it is true of the job."""
        return self.choice.holds

    @lazy
    def image(self) -> ImageAddress | None:
        """What `image_uri` says, where it lies in Amazon ECR."""
        found = _ECR_IMAGE.match(self.job.image_uri or "")
        return None if found is None else ImageAddress(**found.groupdict(default=""))

    @lazy
    def image_algorithm(self) -> Algorithm | None:
        """AWS's own algorithm that the image holds, whether the job has it trained or not."""
        image = self.image
        if image is None or not image.is_one_of(self.facts.registries(image.repository)):
            return None
        return self.facts.algorithm(image.repository, image.tag)

    @lazy
    def algorithm(self) -> Algorithm | None:
        """AWS's own algorithm that the job trains: its image has one, and is given no other program."""
        job = self.job
        programs = (job.entry_point, job.container_entry_point, job.container_arguments)
        named = "sagemaker_program" in job.hyperparameters or "SAGEMAKER_PROGRAM" in job.environment
        return None if named or any(program is not None for program in programs) else self.image_algorithm

    @lazy
    def python(self) -> str | None:
        return self.choice.python

    @lazy
    def code(self) -> JobCode:
        """The job's code, which it may share with others."""
        return code_of(self.job, self.choice, self.folder, self.scripts, self.files)

    @lazy
    def script(self) -> Script | None:
        """The training script; None where the container runs none, or it cannot be looked into."""
        return self.code.script

    @lazy
    def called(self) -> tuple[CalledFunction, ...]:
        """The functions of the script that the container calls by their names."""
        return LEGACY_MODE if self.legacy else ()

    @lazy
    def hardware(self) -> list[Instance]:
        """The instances of every group whose type is known."""
        known = self.facts.instance
        return [instance for name in self.job.instance_types() if (instance := known(name)) is not None]

    @lazy
    def enabled(self) -> list[str]:
        """The distribution strategies that are switched on."""
        return self.job.distribution.enabled() if self.job.distribution is not None else []

    @lazy
    def generated(self) -> Mapping[str, str]:
        """The hyperparameters that the request gets by itself → the field that decides each."""
        return generated(self.job, self.mode, self.framework, passes_model_dir=self.passes_model_dir)

    @lazy
    def container_texts(self) -> tuple[str, ...]:
        """What the manifest itself says to the container, where it may name a folder or a location."""
        values = (*self.hyperparameters.values(), *self.job.environment.values())
        return (*map(str, values), *(self.job.container_arguments or ()))

    @property
    def hyperparameters(self) -> dict[str, Any]:
        return self.job.hyperparameters

    @lazy
    def read(self) -> ReadScript | None:
        """The training script, where it is understood."""
        return None if self.script is None else self.code.read

    @lazy
    def command_line(self) -> CommandLine | None:
        """The arguments that the script declares, where they are understood: of a job in script mode."""
        return self.code.command_line

    @lazy
    def passed(self) -> dict[str, Passed]:
        """The hyperparameters that the container passes to the script, `model_dir` left out.

        Source: https://github.com/aws/sagemaker-training-toolkit (mapping.py, to_cmd_args)
        """
        given, kept = self.hyperparameters, CONTAINERS_OWN
        if "model_dir" in given and self.passes_model_dir:
            kept = CONTAINERS_OWN | {"model_dir"}  # overwritten, which another rule says
        names = [name for name in given if name not in kept and not name.startswith("sagemaker_")]
        shell = self.choice.shell if names else ""
        return {name: as_passed(name, given[name], shell) for name in names}

    @lazy
    def matched(self) -> list[Matched]:
        """Each of them that a declared argument certainly takes."""
        return self._sorted_out[0]

    @lazy
    def unmatched(self) -> list[Unmatched]:
        """Each of them that no declared argument certainly takes, of a script that is understood so far."""
        return self._sorted_out[1]

    @lazy
    def _sorted_out(self) -> tuple[list[Matched], list[Unmatched]]:
        line, read = self.command_line, self.read
        if line is None:
            idle = self.script_mode and read is not None and read.script.study.ignores_arguments
            return [], [Unmatched(each.path, name, (), None) for name, each in self.passed.items()] if idle else []
        taken = [line.taken(each) for each in self.passed.values()]
        unmatched = [each for each in taken if isinstance(each, Unmatched)]
        return [each for each in taken if isinstance(each, Matched)], unmatched
