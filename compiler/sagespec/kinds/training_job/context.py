"""What a rule about training jobs is shown: one job, the facts, and what follows from both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path, Place, value_at
from sagespec.catalog import Algorithm, Framework, Instance, Release, Variant
from sagespec.checking.context import Context
from sagespec.kinds.training_job.choice import choice_of
from sagespec.kinds.training_job.generated import generated
from sagespec.kinds.training_job.model import Channel, Job, Mode
from sagespec.kinds.training_job.shell import ShellWords, shell_words
from sagespec.scripts import DeclaredArguments, Environment, Libraries, Script
from sagespec.scripts.called import LEGACY_MODE, CalledFunction
from sagespec.scripts.options import DeclaredOption

CONTAINERS_OWN = frozenset({"_tuning_objective_metric", "default_user_module_name"})
"""Hyperparameters that the container keeps to itself."""
MAX_REQUIREMENTS = 1_000_000
"""Bytes of a requirements.txt that are looked at."""


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


class Passed(NamedTuple):
    """A hyperparameter that reaches the script as an argument."""

    path: Path
    name: str
    value: Any
    text: str
    """The argument that the container makes of it."""
    arrives: ShellWords
    """What is left of that behind the container's shell."""


class ReadScript(NamedTuple):
    """A training script that is understood."""

    script: Script
    asks: Environment
    """What it asks its container for."""

    @property
    def libraries(self) -> Libraries | None:
        """What it certainly asks of the libraries in its image."""
        return self.script.study.libraries


class CommandLine(NamedTuple):
    """The arguments that a training script declares."""

    script: Script
    takes: DeclaredArguments


class Matched(NamedTuple):
    """A hyperparameter that is passed, and the declared argument that certainly takes it."""

    path: Path
    name: str
    value: Any
    text: str
    """The argument that the container makes of it."""
    arrives: ShellWords
    """What is left of that behind the container's shell."""
    option: DeclaredOption
    line: CommandLine

    @property
    def declared(self) -> Place:
        """Where the script declares it."""
        return self.line.script.place(self.option.piece)


class Unmatched(NamedTuple):
    """A hyperparameter that is passed, and that no declared argument certainly takes."""

    path: Path
    name: str
    value: Any
    text: str
    """The argument that the container makes of it."""
    arrives: ShellWords
    """What is left of that behind the container's shell."""
    options: tuple[DeclaredOption, ...]
    """Those that it may be short for, if there are several."""
    line: CommandLine | None
    """None where the script does not look at its arguments."""


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
        return self.mode is Mode.LEGACY

    @lazy
    def script_mode(self) -> bool:
        return self.mode is Mode.SCRIPT

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
        return self.release if self.script_mode and self.job.image_uri is None else None

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
    def requirements(self) -> str:
        """The requirements.txt that the container installs; nothing where there is none."""
        job, folder = self.job, self.source_folder
        paths = []
        if folder is not None and job.source_dir is not None:
            paths.append(self.files.below(folder, "requirements.txt"))
        if "://" not in (job.source_dir or ""):
            paths += [self.folder / path for path in job.dependencies if path.rpartition("/")[2] == "requirements.txt"]
        for path in paths:
            if self.files.is_file(path):
                return self.files.text(path, MAX_REQUIREMENTS)
        return ""

    def brings(self, module: str) -> bool:
        """Whether the source archive may bring a module that the image lacks."""
        job, folder = self.job, self.source_folder
        if "://" in (job.source_dir or "") or any(path.rpartition("/")[2] == "setup.py" for path in job.dependencies):
            return True
        files = self.files
        if folder is not None and job.source_dir is not None and files.is_file(files.below(folder, "setup.py")):
            return True
        plain = self.requirements.lower().replace("_", "-")
        return module.replace("_", "-") in plain or any(
            line.strip().startswith(("-r", "-c", "git+", "http", ".")) for line in plain.splitlines()
        )

    @lazy
    def python(self) -> str | None:
        return self.choice.python

    @lazy
    def script(self) -> Script | None:
        """The training script; None where the container runs none, or it cannot be looked into."""
        job = self.job
        if self.mode is Mode.IMAGE or job.entry_point is None:
            return None
        return self.scripts.of(self.folder, job.entry_point, job.source_dir, job.dependencies)

    @lazy
    def called(self) -> tuple[CalledFunction, ...]:
        """The functions of the script that the container calls by their names."""
        return LEGACY_MODE if self.legacy else ()

    @lazy
    def hardware(self) -> list[Instance]:
        """The instances of every group whose type is known."""
        known = (self.facts.instance(name) for name in self.job.instance_types())
        return [instance for instance in known if instance is not None]

    @lazy
    def enabled(self) -> list[str]:
        """The distribution strategies that are switched on."""
        return self.job.distribution.enabled() if self.job.distribution is not None else []

    @lazy
    def generated(self) -> dict[str, str]:
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
        script = self.script
        if script is None or script.study.environment is None:
            return None
        return ReadScript(script, script.study.environment)

    @lazy
    def command_line(self) -> CommandLine | None:
        """The arguments that the script declares, where they are understood: of a job in script mode."""
        script = self.script if self.script_mode else None
        if script is None or script.study.arguments is None:
            return None
        takes = script.study.arguments
        return CommandLine(script, self._with_borrowed(takes) if takes.borrowed else takes)

    def _with_borrowed(self, takes: DeclaredArguments) -> DeclaredArguments:
        """With the options of other libraries' classes, in the version of the library that the image holds."""
        borrowed = [self._options_of(name) for name in takes.borrowed]
        known = [
            DeclaredOption(
                (f"--{name}", f"--{name.replace('_', '-')}"), f"--{name}", "", "", None, None, False, True, takes.parses
            )
            for names in borrowed
            for name in sorted(names or ())
        ]
        return takes._replace(options=(*takes.options, *known), complete=takes.complete and None not in borrowed)

    def _options_of(self, dataclass: str) -> frozenset[str] | None:
        library = dataclass.partition(".")[0]
        framework, release = self.framework, self.release
        if framework is None or release is None or self.source_folder is None or library in self.requirements:
            return None
        if framework.wheel.get("package") != library:
            return None
        return self.facts.options_of(dataclass, release.full_version.partition("+")[0])

    @lazy
    def passed(self) -> dict[str, Passed]:
        """The hyperparameters that the container passes to the script, `model_dir` left out.

        Source: https://github.com/aws/sagemaker-training-toolkit (mapping.py, to_cmd_args)
        """
        given = ((name, value) for name, value in self.hyperparameters.items() if self._is_passed(name))
        texts = ((name, value, as_argument(value)) for name, value in given)
        return {
            name: Passed(("hyperparameters", name), name, value, text, shell_words(text, self.shell))
            for name, value, text in texts
        }

    @lazy
    def shell(self) -> str:
        """The shell that reads the command line in the container; empty where none does, and for images of one's own,
        of which that is not known."""
        return "" if self.holds is None else self.holds.shell

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
            return [], [Unmatched(*passed, (), None) for passed in self.passed.values()] if idle else []
        matched, unmatched = [], []
        for name, passed in self.passed.items():
            options = line.takes.match(option_of(name))
            if len(options) == 1:
                matched.append(Matched(*passed, options[0], line))
            else:
                unmatched.append(Unmatched(*passed, tuple(options), line))
        return matched, unmatched

    def _is_passed(self, name: str) -> bool:
        if name == "model_dir" and self.passes_model_dir:
            return False  # overwritten, which another rule says
        return not name.startswith("sagemaker_") and name not in CONTAINERS_OWN

    @lazy
    def source_folder(self) -> FilePath | None:
        """Where the entry point is looked for; None when the code lies in S3."""
        source = self.job.source_dir
        if source is None:
            return self.folder
        return None if "://" in source else self.files.below(self.folder, source)


def option_of(name: str) -> str:
    """How a hyperparameter is spelt on the command line."""
    return f"-{name}" if len(name) == 1 else f"--{name}"


def as_argument(value: Any) -> str:
    """A hyperparameter's value as an argument: as Python prints it, nothing for null, `k=v,…` for a map."""
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return "" if value is None else str(value)
