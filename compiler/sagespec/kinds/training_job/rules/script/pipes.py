"""Channels that the script streams, against those that are in Pipe mode."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.catalog import near
from sagespec.checking.rule import API, ERROR, GUIDE, WARNING, rule
from sagespec.kinds.training_job.context import JobChannel, JobContext
from sagespec.kinds.training_job.shared.code import ReadScript
from sagespec.kinds.training_job.subjects import CHANNEL, STREAMING

_PIPE_DOC = "https://github.com/aws/sagemaker-tensorflow-extensions"


@rule(ERROR, on=STREAMING, source=_PIPE_DOC)
def pipe_without_channel(read: ReadScript, context: JobContext) -> Iterator[Finding]:
    """PipeModeDataset reads a channel, which must be in the manifest under that name.

    Bad:
        framework_version: "2.3"
        input_mode: Pipe
        channels: {train: s3://bucket/train}

    Good:
        framework_version: "2.3"
        input_mode: Pipe
        channels: {training: s3://bucket/train}

    Script:
        import os
        from sagemaker_tensorflow import PipeModeDataset
        if __name__ == "__main__":
            print(PipeModeDataset(channel="training", record_format="TFRecord"), os.environ["SM_MODEL_DIR"])
    """
    for pipe in read.asks.pipes:
        if pipe.certain and pipe.channel is not None and pipe.channel not in context.job.channels:
            close = near(pipe.channel, context.job.channels)
            hint = f"did you mean '{close}'?" if close else f"add {pipe.channel} to channels, with input_mode: Pipe"
            yield Finding(
                ("channels",),
                f"the script streams the channel '{pipe.channel}', which the manifest does not have",
                hint,
                at_key=True,
                related=read.script.place(pipe.piece),
            )


@rule(ERROR, on=STREAMING, source="https://github.com/aws/amazon-sagemaker-examples/issues/1097; " + _PIPE_DOC)
def pipe_on_copied_channel(read: ReadScript, context: JobContext) -> Iterator[Finding]:
    """PipeModeDataset opens the channel's pipe, and only Pipe mode makes one.

    In the other modes the data are files, and there is no pipe to open.

    Bad:
        framework_version: "2.3"
        channels: {training: s3://bucket/train}

    Good:
        framework_version: "2.3"
        channels: {training: {s3_data: s3://bucket/train, input_mode: Pipe}}

    Script:
        import os
        from sagemaker_tensorflow import PipeModeDataset
        if __name__ == "__main__":
            print(PipeModeDataset(channel="training", record_format="TFRecord"), os.environ["SM_MODEL_DIR"])
    """
    job = context.job
    for pipe in read.asks.pipes:
        name = pipe.channel or ""
        channel = job.channels.get(name)
        if pipe.certain and channel is not None and (mode := job.input_mode_of(channel)) != "Pipe":
            own = channel.input_mode is not None or "input_mode" not in job.fields_set
            yield Finding(
                ("channels", name, "input_mode") if channel.input_mode else ("channels", name),
                f"the script streams the channel '{name}', which is in {mode} mode",
                f"write input_mode: Pipe {'for this channel' if own else 'for the job, or for this channel'}",
                related=read.script.place(pipe.piece),
            )


@rule(ERROR, on=STREAMING, source=_PIPE_DOC + "; " + API + "Channel.html")
def pipe_of_other_framing(read: ReadScript, context: JobContext) -> Iterator[Finding]:
    """record_wrapping puts each object into one RecordIO record, which only record_format="RecordIO" takes apart.

    Bad:
        framework_version: "2.3"
        channels: {training: {s3_data: s3://bucket/train, input_mode: Pipe, record_wrapping: RecordIO}}

    Good:
        framework_version: "2.3"
        channels: {training: {s3_data: s3://bucket/train, input_mode: Pipe}}

    Script:
        import os
        from sagemaker_tensorflow import PipeModeDataset
        if __name__ == "__main__":
            print(PipeModeDataset(channel="training", record_format="TFRecord"), os.environ["SM_MODEL_DIR"])
    """
    for pipe in read.asks.pipes:
        channel = context.job.channels.get(pipe.channel or "")
        wrapped = channel is not None and channel.record_wrapping == "RecordIO"
        if pipe.certain and wrapped and pipe.record_format in ("TFRecord", "TextLine"):
            yield Finding(
                ("channels", pipe.channel or "", "record_wrapping"),
                f"the script reads {pipe.record_format} records, and record_wrapping puts them into RecordIO",
                'leave record_wrapping out, or read record_format="RecordIO"',
                related=read.script.place(pipe.piece),
            )


@rule(WARNING, on=CHANNEL, source=GUIDE + "model-access-training-data.html")
def pipe_read_as_folder(channel: JobChannel, context: JobContext) -> Finding | None:
    """In Pipe mode a channel is not a folder: there are only pipes, one for each epoch.

    A script that lists or opens files finds none.

    Bad:
        framework_version: "2.3"
        channels: {train: {s3_data: s3://bucket/train, input_mode: Pipe}}

    Good:
        framework_version: "2.3"
        channels: {train: {s3_data: s3://bucket/train, input_mode: File}}

    Script:
        import os
        if __name__ == "__main__":
            print(os.listdir(os.environ["SM_CHANNEL_TRAIN"]))
    """
    read = context.read if channel.input_mode == "Pipe" else None
    if read is None or read.asks.pipes or read.asks.mentions_pipes or not read.script.study.closed:
        return None
    folders = {name.upper(): piece for name, piece in read.asks.folders.items()} | dict(read.asks.channels)
    functions = read.script.study.functions
    given = context.code.channels_given if context.legacy else frozenset()
    if functions is not None and (channel.name.upper() == "TRAINING" if given is None else "TRAINING" in given):
        function = functions.found.get("train_input_fn")
        if function is not None:
            folders["TRAINING"] = function.piece
    if channel.name.upper() in folders:
        return Finding(
            channel.at,
            f"the script reads files of the channel '{channel.name}', which is in Pipe mode",
            "write input_mode: FastFile or File, or read it with PipeModeDataset",
            related=read.script.place(folders[channel.name.upper()]),
        )
    return None
