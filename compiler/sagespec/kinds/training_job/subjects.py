"""What rules about training jobs are about, beside written fields and their items."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from sagespec.base.source import Path
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


PASSED = Subject[Passed, JobContext](
    lambda context: (
        [
            Passed(("hyperparameters", name), name, context.hyperparameters[name], text)
            for name, text in context.passed.items()
        ]
        if context.script_mode
        else ()
    ),
    ["hyperparameters"],
)
"""Each hyperparameter that is passed to the script: of a job in script mode."""


class ReadScript(NamedTuple):
    """A training script that is understood."""

    script: Script
    asks: Environment
    """What it asks its container for."""


def _script(context: JobContext) -> tuple[ReadScript, ...]:
    script = context.script
    if script is None or script.study.environment is None:
        return ()
    return (ReadScript(script, script.study.environment),)


SCRIPT = Subject[ReadScript, JobContext](_script)
"""The training script, where it is understood."""


class CommandLine(NamedTuple):
    """The arguments that a training script declares with argparse."""

    script: Script
    takes: Arguments


def _command_line(context: JobContext) -> tuple[CommandLine, ...]:
    script = context.script if context.script_mode else None
    if script is None or script.study.arguments is None:
        return ()
    return (CommandLine(script, script.study.arguments),)


COMMAND_LINE = Subject[CommandLine, JobContext](_command_line)
"""The script's declared arguments, where they are understood: of a job in script mode."""


class Matched(NamedTuple):
    """A hyperparameter, and the argument of the script that certainly takes it."""

    path: Path
    name: str
    text: str
    """The argument, as it arrives."""
    option: Option
    line: CommandLine


MATCHED = Subject[Matched, JobContext](
    lambda context: [
        Matched(("hyperparameters", name), name, text, option, line)
        for line in _command_line(context)
        for name, text, option in context.matched
    ],
    ["hyperparameters"],
)
"""Each hyperparameter whose argument is declared."""


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
