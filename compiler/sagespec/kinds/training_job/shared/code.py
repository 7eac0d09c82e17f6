"""A job's code: its script, what is packed with it, and what both say to the container that runs them."""

from __future__ import annotations

from pathlib import Path as FilePath
from pathlib import PurePosixPath
from typing import Any, cast

from sagespec.base.files import Files
from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple
from sagespec.catalog import Release
from sagespec.checking.subject import Shared
from sagespec.kinds.training_job.model import Job, Mode
from sagespec.kinds.training_job.shared.choice import Choice, JobContainer
from sagespec.kinds.training_job.shared.passed import CommandLine
from sagespec.reading.part import Unknown
from sagespec.scripts import DeclaredArguments, Environment, LegacyFunctions, Libraries, Script, Scripts
from sagespec.scripts.options import DeclaredOption

MAX_REQUIREMENTS = 1_000_000
"""Bytes of a requirements.txt that are looked at."""
INPUT_FUNCTIONS = ("train_input_fn", "eval_input_fn")
"""The functions that the container of legacy mode asks for data."""


class ReadScript(NamedTuple):
    """A training script that is understood."""

    script: Script
    asks: Environment
    """What it asks its container for."""

    @property
    def libraries(self) -> Libraries | None:
        """What it certainly asks of the libraries in its image."""
        return self.script.study.libraries


class ReadFunctions(Shared):
    """The functions of a module for legacy mode."""

    def __init__(self, script: Script, functions: LegacyFunctions, release: Release | None) -> None:
        """
        Args:
            release: whose container calls them, as far as that is known.
        """
        super().__init__()
        self.script = script
        self.functions = functions
        self.release = release
        self.inputs = [functions.found[name] for name in INPUT_FUNCTIONS if name in functions.found]
        """Those that read data."""


class CodeFields(NamedTuple):
    """All that is read of a job to judge its code, beside what runs it: jobs in which these are equal share it."""

    entry_point: str | None
    source_dir: str | None
    dependencies: tuple[str, ...]
    legacy_keras: str
    """The variable that asks for Keras 2 where the image has Keras 3."""


class _FieldsOfPartial:
    """The same of a partial job: reading one whose value is wrong raises `Unknown`."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __getattr__(self, name: str) -> Any:
        return getattr(self._job, name)

    @property
    def legacy_keras(self) -> str:
        return _legacy_keras(self._job)


def _legacy_keras(job: Job) -> str:
    return job.environment.get("TF_USE_LEGACY_KERAS", "0")


def code_of(job: Job, choice: Choice, folder: FilePath, scripts: Scripts, files: Files) -> JobCode:
    """The code of a job; `folder` is the manifest's."""
    try:
        fields = CodeFields(job.entry_point, job.source_dir, tuple(job.dependencies), _legacy_keras(job))
        code: JobCode = files.once(JobCode, fields, choice.container, folder, scripts, files)
    except Unknown:
        return JobCode(cast(CodeFields, _FieldsOfPartial(job)), choice, folder, scripts, files)
    return code


class JobCode(Shared):
    """Each is looked into once in a run. Of a partial job it raises `Unknown` where it depends on a wrong value."""

    def __init__(
        self, fields: CodeFields, container: JobContainer | Choice, folder: FilePath, scripts: Scripts, files: Files
    ) -> None:
        super().__init__()
        self.fields = fields
        self.container = container
        """What runs it; of a partial job its whole choice, of which rules see no more than that."""
        self.folder = folder
        """The manifest's."""
        self.files = files
        self._scripts = scripts

    @lazy
    def source_folder(self) -> FilePath | None:
        """Where the entry point is looked for; None when the code lies in S3."""
        source = self.fields.source_dir
        if source is None:
            return self.folder
        return None if "://" in source else self.files.below(self.folder, source)

    @lazy
    def packed_folder(self) -> FilePath | None:
        """The folder that is packed whole, if there is one on this machine."""
        return None if self.fields.source_dir is None else self.source_folder

    @property
    def in_s3(self) -> bool:
        """Whether it lies in S3 already."""
        return (self.fields.source_dir or "").startswith("s3://")

    def packs(self, name: str) -> bool:
        """Whether a file of that name stands at the root of the archive, as far as the manifest and its folder show."""
        folder, files = self.packed_folder, self.files
        if folder is not None and files.is_file(files.below(folder, name)):
            return True
        return not self.in_s3 and any(PurePosixPath(path).name == name for path in self.fields.dependencies)

    @lazy
    def requirements(self) -> str:
        """The requirements.txt that the container installs; nothing where there is none."""
        fields, folder, name = self.fields, self.packed_folder, "requirements.txt"
        paths = [] if folder is None else [self.files.below(folder, name)]
        if "://" not in (fields.source_dir or ""):
            paths += [self.folder / path for path in fields.dependencies if path.rpartition("/")[2] == name]
        for path in paths:
            if self.files.is_file(path):
                return self.files.text(path, MAX_REQUIREMENTS)
        return ""

    def brings(self, module: str) -> bool:
        """Whether the source archive may bring a module that the image lacks."""
        fields, folder, files = self.fields, self.packed_folder, self.files
        if "://" in (fields.source_dir or "") or any(p.rpartition("/")[2] == "setup.py" for p in fields.dependencies):
            return True
        if folder is not None and files.is_file(files.below(folder, "setup.py")):
            return True
        plain = self.requirements.lower().replace("_", "-")
        return module.replace("_", "-") in plain or any(
            line.strip().startswith(("-r", "-c", "git+", "http", ".")) for line in plain.splitlines()
        )

    @lazy
    def script(self) -> Script | None:
        """The training script; None where the container runs none, or it cannot be looked into."""
        fields = self.fields
        if self.container.mode is Mode.IMAGE or fields.entry_point is None:
            return None
        return self._scripts.of(self.folder, fields.entry_point, fields.source_dir, fields.dependencies)

    @lazy
    def read(self) -> ReadScript | None:
        """The training script, where it is understood."""
        script = self.script
        if script is None or script.study.environment is None:
            return None
        return ReadScript(script, script.study.environment)

    @lazy
    def functions(self) -> ReadFunctions | None:
        """The functions of the training script: of a job in legacy mode."""
        script = self.script if self.container.legacy else None
        if script is None or script.study.functions is None:
            return None
        return ReadFunctions(script, script.study.functions, self.container.release)

    @lazy
    def channels_read(self) -> frozenset[str] | None:
        """The channels that the script names, in capitals; None where it may read any, or is not understood."""
        asks = None if self.read is None else self.read.asks
        if asks is None or asks.reads_any_channel or any(pipe.channel is None for pipe in asks.pipes):
            return None
        folders, pipes = map(str.upper, asks.folders), (str(pipe.channel).upper() for pipe in asks.pipes)
        given = self.channels_given if self.container.legacy else frozenset()
        return None if given is None else given.union(asks.channels, folders, pipes)

    @lazy
    def channels_given(self) -> frozenset[str] | None:
        """The channels that the input functions of legacy mode are given, in capitals; None where it may be any."""
        functions = None if self.functions is None else self.functions.functions
        if functions is None or not functions.complete:
            return None
        found: set[str] = set()
        for name in INPUT_FUNCTIONS:
            function = functions.found.get(name)
            if function is None or function.parameters is None or function.uses & {"input_channels", "channels"}:
                return None
            if function.uses & {"training_dir", "dir"} or function.takes_more:
                found.add("TRAINING")
        return frozenset(found)

    @lazy
    def command_line(self) -> CommandLine | None:
        """The arguments that the script declares, where they are understood: of a job in script mode."""
        script = self.script if self.container.script_mode else None
        if script is None or script.study.arguments is None:
            return None
        fields, takes = self.fields, script.study.arguments
        if takes.borrowed:
            return CommandLine(script, self._with_borrowed(takes))
        where = (self.folder, fields.entry_point, fields.source_dir, tuple(fields.dependencies))
        line: CommandLine | None = self.files.once(_command_line, self._scripts, *where)
        return line

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
        framework, release = self.container.framework, self.container.release
        if framework is None or release is None or self.source_folder is None or library in self.requirements:
            return None
        if framework.wheel.get("package") != library:
            return None
        return self.container.facts.options_of(dataclass, release.full_version.partition("+")[0])


def _command_line(scripts: Scripts, *where: Any) -> CommandLine | None:
    """The arguments of a script whatever image runs it."""
    script = scripts.of(*where)
    takes = None if script is None else script.study.arguments
    return None if script is None or takes is None else CommandLine(script, takes)
