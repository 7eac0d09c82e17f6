"""The channels and variables that the script asks for, against those that the manifest gives."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sagespec.base.diagnostic import Finding
from sagespec.catalog import near
from sagespec.checking.rule import ERROR, SDK_DOC, TOOLKIT, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.shared.code import ReadScript
from sagespec.kinds.training_job.shared.passed import option_of
from sagespec.kinds.training_job.subjects import SCRIPT
from sagespec.scripts import Environment, Piece

CHANNEL_VARIABLE = "SM_CHANNEL_"


@rule(ERROR, on=SCRIPT, source=SDK_DOC + " (Prepare a training script)")
def channel_not_given(read: ReadScript, context: JobContext) -> Iterator[Finding]:
    """A channel that the script cannot do without must be in the manifest.

    The container sets SM_CHANNEL_<NAME> for each channel of the job and for no other, so os.environ[…] stops the
    script, and so does a path made of what os.environ.get gives without a default: None.

    Bad:
        channels: {train: s3://bucket/train, eval: s3://bucket/eval}

    Good:
        channels: {train: s3://bucket/train, test: s3://bucket/test}

    Script:
        import os
        if __name__ == "__main__":
            print(os.listdir(os.environ["SM_CHANNEL_TRAIN"]))
            print(open(os.path.join(os.environ.get("SM_CHANNEL_TEST"), "labels.csv")))
    """
    if not context.script_mode:
        return
    given = {name.upper() for name in context.job.channels}
    for variable, (message, piece) in _needed(context, read.asks).items():
        name = variable.removeprefix(CHANNEL_VARIABLE)
        if name in given or variable in context.job.environment:
            continue
        unread = _unread(context)
        close = near(name, unread) or (unread[0] if len(unread) == 1 else None)
        also = f"; or did you mean '{close}', which nothing reads?" if close else ""
        yield Finding(
            ("channels",),
            f"{message.format(variable)}, and there is no channel '{name.lower()}'",
            f"add {name.lower()} to channels{also}",
            at_key=True,
            related=read.script.place(piece),
        )


def _needed(context: JobContext, asks: Environment) -> dict[str, tuple[str, Piece]]:
    """Variables of channels that the script cannot do without → how that is said, and where it shows."""
    needed = [each for each in asks.needed.items() if each[0].startswith(CHANNEL_VARIABLE)]
    found = {variable: ("the script needs {}", piece) for variable, piece in needed}
    for variable, options, piece in asks.wanted:
        if variable.startswith(CHANNEL_VARIABLE) and not _comes_by_option(options, context):
            found.setdefault(variable, ("the script makes a path of {}, which has no default", piece))
    return found


def _comes_by_option(options: Collection[str], context: JobContext) -> bool:
    """Whether a hyperparameter may give what a variable is the default of."""
    return any(option.startswith(option_of(name)) for option in options for name in context.passed)


@rule(ERROR, on=SCRIPT, source=TOOLKIT + " (environment.py)")
def variable_not_given(read: ReadScript, context: JobContext) -> Iterator[Finding]:
    """SM_HP_<NAME> is there for each hyperparameter of the manifest, and for no other.

    Bad:
        hyperparameters: {epochs: 3}

    Good:
        hyperparameters: {epochs: 3, batch_size: 64}

    Script:
        import os
        if __name__ == "__main__":
            print(os.environ["SM_HP_BATCH_SIZE"], os.environ["SM_HP_EPOCHS"])
    """
    if not context.script_mode or not read.asks.needed:
        return
    if not any(variable.startswith("SM_HP_") for variable in read.asks.needed):
        return
    given = {f"SM_HP_{name.upper()}" for name in context.hyperparameters} | set(context.job.environment)
    if context.passes_model_dir:
        given.add("SM_HP_MODEL_DIR")
    for variable, piece in read.asks.needed.items():
        if variable.startswith("SM_HP_") and variable not in given:
            close = near(variable, given)
            name = variable.removeprefix("SM_HP_").lower()
            yield Finding(
                ("hyperparameters",),
                f"the script needs {variable}, and there is no hyperparameter '{name}'",
                f"add {name} to hyperparameters" + (f"; or read {close}" if close else ""),
                at_key=True,
                related=read.script.place(piece),
            )


@rule(WARNING, on=field("channels"), source=SDK_DOC + " (Prepare a training script)")
def unused_channel(channels: Written, context: JobContext) -> Iterator[Finding]:
    """A channel that nothing reads is copied and paid for without use.

    More often its name and the script's differ.

    Bad:
        channels: {train: s3://bucket/train, validate: s3://bucket/validation}

    Good:
        channels: {train: s3://bucket/train, validation: s3://bucket/validation}

    Script:
        import os
        if __name__ == "__main__":
            print(os.listdir(os.environ["SM_CHANNEL_TRAIN"]))
            print(os.environ.get("SM_CHANNEL_VALIDATION"))
    """
    read = context.read
    if read is None or not read.script.study.closed:
        return
    asks, unread = read.asks, _unread(context)
    given = {name.upper() for name in channels.value} if unread else set()
    if not unread or _missing(context, asks, given):
        return  # a channel that is missing is most likely this one, and that has been said
    named = [*asks.channels, *(name.upper() for name in asks.folders)]
    for name in unread:
        missing = [other for other in named if other not in given]
        close = near(name, missing) or (missing[0] if len(missing) == 1 else None)
        hint = (
            f"name it {close.lower()}, which the script reads" if close else "let the script read it, or leave it out"
        )
        piece = None if close is None else asks.channels.get(close)
        yield Finding(
            ("channels", name),
            f"nothing in the script reads the channel '{name}'",
            hint,
            at_key=True,
            related=None if piece is None else read.script.place(piece),
        )


def _missing(context: JobContext, asks: Environment, given: set[str]) -> bool:
    """Whether the script would stop for want of a channel."""
    needed = [variable.removeprefix(CHANNEL_VARIABLE) for variable in _needed(context, asks)]
    needed += [pipe.channel.upper() for pipe in asks.pipes if pipe.certain and pipe.channel is not None]
    return not given.issuperset(needed)


def _unread(context: JobContext) -> list[str]:
    """Channels of the manifest that the script names nowhere, where it would have to."""
    read = context.code.channels_read
    if read is None:
        return []
    unread = [name for name in context.job.channels if name.upper() not in read]
    elsewhere = " ".join(context.container_texts) if unread else ""
    return [name for name in unread if f"/data/{name}" not in elsewhere]
