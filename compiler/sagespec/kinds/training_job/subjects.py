"""What rules about training jobs are about, beside written fields and their items."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from sagespec.base.source import Path, Place
from sagespec.checking.subject import Subject, Written
from sagespec.kinds.training_job.context import JobChannel, JobContext
from sagespec.kinds.training_job.model import Job
from sagespec.scripts import Arguments, Environment, LegacyFunctions, Script
from sagespec.scripts.arguments import Option


def _always(context: JobContext) -> tuple[Job]:
    return (context.job,)


JOB = Subject[Job, JobContext](_always)
"""The job, always."""

LEGACY_JOB = Subject[Job, JobContext](lambda context: (context.job,) if context.legacy else ())
"""The job, where the container runs in legacy mode."""

SCRIPT_JOB = Subject[Job, JobContext](lambda context: (context.job,) if context.script_mode else ())
"""The job, where the container runs in script mode."""


CHANNEL = Subject[JobChannel, JobContext](lambda context: context.channels, ["channels"])
"""Each channel."""


@cache
def member(*names: str) -> Subject[Written, JobContext]:
    """Each of these members of channels that has a value; its owner is the channel."""

    def written(context: JobContext) -> list[Written]:
        found = []
        for channel in context.channels:
            known = channel.own.members()
            for name in names:
                if name in channel.own.fields_set and known[name] is not None:
                    found.append(Written((*channel.at, name), known[name], channel))
        return found

    return Subject(written, [f"channels.{name}" for name in names])


def _instance_types(context: JobContext) -> list[Written]:
    job = context.job
    if job.instance_groups is None:
        return [] if job.instance_type is None else [Written(("instance_type",), job.instance_type, job)]
    return [
        Written(("instance_groups", index, "instance_type"), group.instance_type, group)
        for index, group in enumerate(job.instance_groups)
    ]


INSTANCE_TYPE = Subject[Written, JobContext](_instance_types, ["instance_type", "instance_groups"])
"""Each instance type that the job runs on."""


class Passed(NamedTuple):
    """A hyperparameter that reaches the script as an argument."""

    path: Path
    name: str
    value: Any
    text: str
    """The argument, as it arrives."""


def _passed(context: JobContext) -> list[Passed]:
    if not context.script_mode:
        return []
    values = context.hyperparameters
    return [Passed(("hyperparameters", name), name, values[name], text) for name, text in context.passed.items()]


PASSED = Subject[Passed, JobContext](_passed, ["hyperparameters"])
"""Each hyperparameter that is passed to the script: of a job in script mode."""


class ReadScript(NamedTuple):
    """A training script that is understood."""

    script: Script
    asks: Environment
    """What it asks its container for."""


def read_script(context: JobContext) -> ReadScript | None:
    """The training script, where it is understood."""
    script = context.script
    if script is None or script.study.environment is None:
        return None
    return ReadScript(script, script.study.environment)


def _read_script(context: JobContext) -> list[ReadScript]:
    read = read_script(context)
    return [] if read is None else [read]


SCRIPT = Subject[ReadScript, JobContext](_read_script)
"""The training script, where it is understood."""


class CommandLine(NamedTuple):
    """The arguments that a training script declares with argparse."""

    script: Script
    takes: Arguments


def _command_line(context: JobContext) -> list[CommandLine]:
    script = context.script if context.script_mode else None
    if script is None or script.study.arguments is None:
        return []
    return [CommandLine(script, script.study.arguments)]


COMMAND_LINE = Subject[CommandLine, JobContext](_command_line)
"""The script's declared arguments, where they are understood: of a job in script mode."""


class Argument(NamedTuple):
    """A hyperparameter that is passed, and the command line that should take it."""

    passed: Passed
    line: CommandLine


ARGUMENT = Subject[Argument, JobContext](
    lambda context: [Argument(passed, line) for line in _command_line(context) for passed in _passed(context)],
    ["hyperparameters"],
)
"""Each hyperparameter that is passed to a script whose declared arguments are understood."""


class Matched(NamedTuple):
    """A hyperparameter, and the declared argument that certainly takes it."""

    path: Path
    name: str
    text: str
    """The argument, as it arrives."""
    option: Option
    line: CommandLine

    @property
    def declared(self) -> Place:
        """Where the script declares it."""
        return self.line.script.place(self.option.piece)


MATCHED = Subject[Matched, JobContext](
    lambda context: [
        Matched(("hyperparameters", name), name, text, option, line)
        for line in _command_line(context)
        for name, text, option in context.matched
    ],
    ["hyperparameters"],
)
"""Each hyperparameter that a declared argument takes."""


class ReadFunctions(NamedTuple):
    """The functions of a module for legacy mode."""

    script: Script
    functions: LegacyFunctions


def _functions(context: JobContext) -> tuple[ReadFunctions, ...]:
    script = context.script if context.legacy else None
    if script is None or script.study.functions is None:
        return ()
    return (ReadFunctions(script, script.study.functions),)


FUNCTIONS = Subject[ReadFunctions, JobContext](_functions)
"""The functions of the training script: of a job in legacy mode."""
