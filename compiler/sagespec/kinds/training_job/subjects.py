"""What rules about training jobs are about, beside written fields and their items."""

from __future__ import annotations

from functools import cache, partial

from sagespec.catalog import Algorithm
from sagespec.checking.row import Row
from sagespec.checking.subject import Subject, Written, field
from sagespec.kinds.training_job.context import JobChannel, JobContext
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.shared.choice import Choice
from sagespec.kinds.training_job.shared.code import JobCode, ReadFunctions, ReadScript
from sagespec.kinds.training_job.shared.passed import CommandLine, Matched, Passed, Unmatched


def _always(context: JobContext) -> tuple[Job]:
    return (context.job,)


JOB = Subject[Job, JobContext](_always)
"""The job, always."""

CHOICE = Subject[Choice, JobContext](lambda context: (context.choice,), shared=True)
"""What the job chooses from the catalogue, always."""

CODE = Subject[JobCode, JobContext](lambda context: (context.code,), shared=True)
"""The job's code, as what it chooses runs it, always."""

LEGACY_JOB = Subject[Job, JobContext](lambda context: (context.job,) if context.legacy else ())
"""The job, where the container runs in legacy mode."""

LEGACY_HYPERPARAMETERS = Subject[Written, JobContext](
    lambda context: field("hyperparameters").of(context) if context.legacy else (), ["hyperparameters"]
)
"""The hyperparameters, where the container runs in legacy mode."""

SCRIPT_JOB = Subject[Job, JobContext](lambda context: (context.job,) if context.script_mode else ())
"""The job, where the container runs in script mode."""


CHANNEL = Subject[JobChannel, JobContext](lambda context: context.channels, ["channels"])
"""Each channel."""


ChannelRow = partial(Row, each="channels")
"""A row about members of a channel."""


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


ALGORITHM = Subject[Algorithm, JobContext](
    lambda context: () if context.algorithm is None else (context.algorithm,), ["image_uri"]
)
"""AWS's own algorithm that the job trains."""

INSTANCE_TYPE = Subject[Written, JobContext](_instance_types, ["instance_type", "instance_groups"])
"""Each instance type that the job runs on."""


PASSED = Subject[Passed, JobContext](
    lambda context: tuple(context.passed.values()) if context.script_mode else (), ["hyperparameters"], shared=True
)
"""Each hyperparameter that is passed to the script: of a job in script mode."""

NESTED = Subject[Passed, JobContext](
    lambda context: [each for each in PASSED.of(context) if isinstance(each.value, dict | list)], ["hyperparameters"]
)
"""Each of them whose value is a map or a list."""

SCRIPT = Subject[ReadScript, JobContext](lambda context: () if context.read is None else (context.read,))
"""The training script, where it is understood."""

STREAMING = Subject[ReadScript, JobContext](
    lambda context: () if context.read is None or not context.read.asks.pipes else (context.read,)
)
"""The training script, where it streams channels."""

COMMAND_LINE = Subject[CommandLine, JobContext](
    lambda context: () if context.command_line is None else (context.command_line,)
)
"""The script's declared arguments, where they are understood: of a job in script mode."""

MATCHED = Subject[Matched, JobContext](lambda context: context.matched, ["hyperparameters"], shared=True)
"""Each hyperparameter that a declared argument takes."""

CHANGED = Subject[Matched, JobContext](
    lambda context: [each for each in context.matched if each.is_changed], ["hyperparameters"]
)
"""Each of them of which the container's shell makes something else."""

UNMATCHED = Subject[Unmatched, JobContext](lambda context: context.unmatched, ["hyperparameters"])
"""Each hyperparameter that is passed to the script and that no declared argument certainly takes."""


def _functions(context: JobContext) -> tuple[ReadFunctions, ...]:
    functions = context.code.functions
    return () if functions is None else (functions,)


FUNCTIONS = Subject[ReadFunctions, JobContext](_functions, shared=True)
"""The functions of the training script: of a job in legacy mode."""

CALLED_FUNCTIONS = Subject[ReadFunctions, JobContext](_functions)
"""The same, with the job whose values they are called with."""
