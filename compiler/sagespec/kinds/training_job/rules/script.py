"""The training script against the rest of the job: its Python, its channels, and what it leaves behind."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Place
from sagespec.catalog import near
from sagespec.checking.rule import ERROR, GUIDE, SDK2, SDK_DOC, TOOLKIT, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobChannel, JobContext, ReadScript, option_of
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.subjects import CHANNEL, JOB, SCRIPT, SCRIPT_JOB
from sagespec.scripts import Environment, Piece

CHANNEL_VARIABLE = "SM_CHANNEL_"
CHECKPOINTS = "/opt/ml/checkpoints"
MODEL = "/opt/ml/model"
_PIPE_DOC = "https://github.com/aws/sagemaker-tensorflow-extensions"


@rule(ERROR, on=JOB, source="https://docs.python.org/3/reference/")
def script_syntax_error(job: Job, context: JobContext) -> Finding | None:
    """A script that Python cannot read fails as soon as it is started.

    Bad:
        framework_version: "2.14"

    Bad script:
        if __name__ == "__main__"
            print("training")

    Good:
        framework_version: "2.14"

    Good script:
        if __name__ == "__main__":
            print("training")
    """
    script = context.script
    if script is None or script.study.readable or script.study.wrong is None:
        return None
    version, place = _python3(context), script.place(script.study.wrong)
    # A newer Python than ours may read what ours cannot.
    if version is None or (version > sys.version_info[:2] and _NEW_SYNTAX.search(_around(place))):
        return None
    return Finding(
        ("entry_point",),
        f"the script cannot be read: {script.study.complaint}",
        "correct the script",
        place=script.place(script.study.wrong),
    )


_NEW_SYNTAX = re.compile(
    r"^\s*(type|match|case)\s|except\s*\*|\b(def|class)\s+\w+\s*\[|\b[rR]?[fFtT][rR]?[\"']|^\s*with\s*\(", re.MULTILINE
)
"""What Pythons since 3.10 have added, or read more of."""


def _around(place: Place) -> str:
    """The lines about a place: a mistake in an f-string may be seen late."""
    line = place.span.line
    return "\n".join(place.source.line(number) for number in range(max(1, line - 3), line + 1))


def _python3(context: JobContext) -> tuple[int, int] | None:
    """The container's Python as far as `py_version` says it; None for Python 2 and where it is not known."""
    digits = (context.python or "").removeprefix("py")
    if not digits.startswith("3"):
        return None
    return (3, int(digits[1:])) if digits[1:] else (3, 6)


@rule(ERROR, on=JOB, source=SDK_DOC + "; https://docs.python.org/3/howto/pyporting.html")
def script_for_other_python(job: Job, context: JobContext) -> Finding | None:
    """A script for Python 2 does not start on Python 3, nor one with newer syntax on Python 2.

    Legacy mode runs Python 2.7, and so does py2.

    Bad:
        framework_version: "2.21"

    Bad script:
        print "training"

    Good:
        framework_version: "2.21"

    Good script:
        print("training")
    """
    script, python = context.script, context.python
    if script is None or python is None or job.image_uri is not None or not script.study.readable:
        return None
    study = script.study
    if python != "py2" and study.python2 and study.wrong is not None:
        return Finding(
            ("py_version",),
            f"this is Python 2, and the job runs {_spelt(python)}: {study.complaint}",
            "correct the script, or take a version with py2",
            place=script.place(study.wrong),
        )
    version = _python3(context)
    if (
        study.newer is not None
        and version is not None
        and context.python not in ("py3", None)
        and version < study.newer[0]
    ):
        return Finding(
            ("py_version",),
            f"this needs Python {'.'.join(map(str, study.newer[0]))}, and the job runs {_spelt(python)}",
            "write it so that the older Python reads it, or take a newer version of the framework",
            place=script.place(study.newer[1]),
        )
    if python == "py2" and study.only_python3 is not None:
        return Finding(
            ("py_version",),
            "Python 2.7, which the job runs, cannot read this",
            "write it so that Python 2.7 reads it, or take a version with Python 3",
            place=script.place(study.only_python3),
        )
    return None


def _spelt(python: str) -> str:
    digits = python.removeprefix("py")
    return f"Python {digits[0]}.{digits[1:]}" if digits[1:] else f"Python {digits}"


@rule(ERROR, on=SCRIPT_JOB, source=TOOLKIT + " (entry_point.py, run)")
def script_runs_nothing(job: Job, context: JobContext) -> Finding | None:
    """Script mode runs the file as a program: functions that nobody calls train nothing.

    The job would end at once, as a success, with an empty model. Functions for legacy mode are called by legacy
    containers only, which TensorFlow 1.4 to 1.12 have.

    Bad:
        framework_version: "2.21"

    Bad script:
        def main():
            print("training")

    Good:
        framework_version: "2.21"

    Good script:
        def main():
            print("training")
        if __name__ == "__main__":
            main()
    """
    script = context.script
    if script is None or not script.study.idle:
        return None
    legacy = script.study.functions is not None and "train_input_fn" in script.study.functions.found
    if legacy:
        message = "the script has functions for legacy mode, and script mode calls none of them: it trains nothing"
        hint = "call tf.estimator.train_and_evaluate under a main guard, or take a version with legacy mode"
    else:
        message = f"the script defines {', '.join(script.study.idle[:3])}, and calls nothing: it trains nothing"
        hint = 'call what is to run under if __name__ == "__main__":'
    return Finding(("entry_point",), message, hint, place=script.start)


@rule(ERROR, on=JOB, source=SDK2 + "fw_utils.py, tar_and_upload_dir")
def imported_module_not_packed(job: Job, context: JobContext) -> Iterator[Finding]:
    """Without source_dir the entry point is packed alone, and a module beside it stays behind.

    The script then stops at the import.

    Bad:
        entry_point: train.py

    Bad script:
        import os
        import train_helpers
        if __name__ == "__main__":
            print(train_helpers, os.environ["SM_MODEL_DIR"])

    Good:
        entry_point: train.py
        source_dir: .

    Good script:
        import os
        import train_helpers
        if __name__ == "__main__":
            print(train_helpers, os.environ["SM_MODEL_DIR"])
    """
    script = context.script
    if script is None or job.image_uri is not None:  # an image of one's own may have it
        return
    for name, piece in script.left_behind:
        yield Finding(
            ("entry_point",),
            f"the script imports {name}, which lies beside it and is not packed with it",
            f"write source_dir: the folder that holds both, or dependencies: [{name}.py]",
            related=script.place(piece),
        )


@rule(WARNING, on=SCRIPT_JOB, source=SDK_DOC + " (Prepare a training script)")
def training_without_main_guard(job: Job, context: JobContext) -> Finding | None:
    """Training that starts when a file is imported starts at wrong times too.

    A file that also has functions for serving is imported by the container that serves the model, and processes that
    are spawned import their program again.

    Bad:
        model_dir: false

    Bad script:
        import os
        import keras
        def input_fn(data, content_type):
            return data
        model = keras.Sequential([keras.layers.Dense(1)])
        model.fit([[1.0]], [[1.0]], epochs=3)
        model.export(os.environ["SM_MODEL_DIR"])

    Good:
        model_dir: false

    Good script:
        import os
        import keras
        def input_fn(data, content_type):
            return data
        if __name__ == "__main__":
            model = keras.Sequential([keras.layers.Dense(1)])
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.export(os.environ["SM_MODEL_DIR"])
    """
    script = context.script
    if script is None or script.study.unguarded is None or script.study.serving is None:
        return None
    asks = script.study.environment
    spawns = asks is not None and not _SPAWNS.isdisjoint(asks.texts)
    if not script.study.serving.found and not spawns:
        return None  # nobody imports it
    return Finding(
        ("entry_point",),
        "importing this file starts training: there is no main guard",
        'put what is to run under if __name__ == "__main__":',
        place=script.place(script.study.unguarded),
    )


_SPAWNS = frozenset({"spawn", "forkserver"})


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
        if variable == name or name in given or variable in context.job.environment:
            continue
        unread = _unread(context, read.asks)
        close = near(name, unread) or (unread[0] if len(unread) == 1 else None)
        also = f"; or did you mean '{close}', which nothing reads?" if close else ""
        yield Finding(
            ("channels",),
            f"{message}, and there is no channel '{name.lower()}'",
            f"add {name.lower()} to channels{also}",
            at_key=True,
            related=read.script.place(piece),
        )


def _needed(context: JobContext, asks: Environment) -> dict[str, tuple[str, Piece]]:
    """Variables that the script cannot do without → how that is said, and where it shows."""
    found = {variable: (f"the script needs {variable}", piece) for variable, piece in asks.needed.items()}
    for variable, options, piece in asks.wanted:
        if not _comes_by_option(options, context):
            found.setdefault(variable, (f"the script makes a path of {variable}, which has no default", piece))
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
    asks, unread = read.asks, _unread(context, read.asks)
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
    asked = _needed(context, asks)
    needed = [name.removeprefix(CHANNEL_VARIABLE) for name in asked if name.startswith(CHANNEL_VARIABLE)]
    needed += [pipe.channel.upper() for pipe in asks.pipes if pipe.certain and pipe.channel is not None]
    return not given.issuperset(needed)


def _unread(context: JobContext, asks: Environment) -> list[str]:
    """Channels of the manifest that the script names nowhere, where it would have to."""
    if asks.reads_any_channel or any(pipe.channel is None for pipe in asks.pipes):
        return []
    read = {
        *asks.channels,
        *(name.upper() for name in asks.folders),
        *(str(pipe.channel).upper() for pipe in asks.pipes),
    }
    if context.legacy:
        read |= _read_by_functions(context)
    unread = [name for name in context.job.channels if name.upper() not in read]
    elsewhere = " ".join(_told(context)) if unread else ""
    return [name for name in unread if f"/data/{name}" not in elsewhere]


def _read_by_functions(context: JobContext) -> set[str]:
    """What the input functions of legacy mode are given."""
    script = context.script
    functions = script.study.functions if script is not None else None
    if functions is None or not functions.complete:
        return {name.upper() for name in context.job.channels}
    found: set[str] = set()
    for name in ("train_input_fn", "eval_input_fn"):
        function = functions.found.get(name)
        if function is None or function.parameters is None or function.uses & {"input_channels", "channels"}:
            return {name.upper() for name in context.job.channels}
        if function.uses & {"training_dir", "dir"} or function.takes_more:
            found.add("TRAINING")
    return found


def _told(context: JobContext) -> Iterator[str]:
    """What the manifest itself says to the container."""
    yield from (str(value) for value in context.hyperparameters.values())
    yield from context.job.environment.values()
    yield from context.job.container_arguments or ()


@rule(ERROR, on=SCRIPT, source=_PIPE_DOC)
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


@rule(ERROR, on=SCRIPT, source="https://github.com/aws/amazon-sagemaker-examples/issues/1097; " + _PIPE_DOC)
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
        channel = job.channels.get(pipe.channel or "")
        if pipe.certain and channel is not None and (mode := job.input_mode_of(channel)) != "Pipe":
            own = channel.input_mode is not None or "input_mode" not in job.fields_set
            yield Finding(
                ("channels", pipe.channel or "", "input_mode")
                if channel.input_mode
                else ("channels", pipe.channel or ""),
                f"the script streams the channel '{pipe.channel}', which is in {mode} mode",
                f"write input_mode: Pipe {'for this channel' if own else 'for the job, or for this channel'}",
                related=read.script.place(pipe.piece),
            )


@rule(
    ERROR, on=SCRIPT, source=_PIPE_DOC + "; https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Channel.html"
)
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
    if context.legacy and functions is not None and "TRAINING" in _read_by_functions(context):
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


@rule(WARNING, on=SCRIPT, source="https://github.com/aws/sagemaker-tensorflow-training-toolkit (training.py)")
def model_not_saved(read: ReadScript, context: JobContext) -> Finding | None:
    """Only what lies in SM_MODEL_DIR at the end is uploaded as the model.

    Everything else is gone with the instance: also what transformers' Trainer leaves in an output_dir of another place.

    Bad:
        model_dir: false

    Bad script:
        import keras
        if __name__ == "__main__":
            model = keras.Sequential([keras.layers.Dense(1)])
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.save("model.keras")

    Good:
        model_dir: false

    Good script:
        import os
        import keras
        if __name__ == "__main__":
            model = keras.Sequential([keras.layers.Dense(1)])
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.save(os.path.join(os.environ["SM_MODEL_DIR"], "model.keras"))
    """
    asks = read.asks
    made = asks.saves or asks.trains
    if not context.script_mode or made is None or asks.names_model_dir or not read.script.study.closed:
        return None
    if _is_told(context, MODEL) or _uses_s3(context) or _is_kept_elsewhere(read, context):
        return None
    return Finding(
        ("entry_point",),
        f"this {'saves' if asks.saves else 'trains'} a model, and nothing in the script writes to SM_MODEL_DIR: the "
        "model would be lost",
        'save it to os.environ["SM_MODEL_DIR"]',
        place=read.script.place(made),
    )


def _is_kept_elsewhere(read: ReadScript, context: JobContext) -> bool:
    """The model goes to the Hugging Face Hub, or to S3 with the checkpoints."""
    if any("push_to_hub" in text for text in (*read.asks.texts, *context.hyperparameters)) or read.asks.pushes:
        return True
    folder = context.job.checkpoint_local_path or CHECKPOINTS
    kept = context.job.checkpoint_s3_uri is not None
    return kept and (_is_told(context, folder) or any(folder in text for text in read.asks.texts))


def _is_told(context: JobContext, folder: str) -> bool:
    return any(folder in text for text in _told(context))


def _uses_s3(context: JobContext) -> bool:
    return any("s3://" in text for text in _told(context))


@rule(WARNING, on=field("checkpoint_s3_uri"), source=GUIDE + "model-checkpoints.html")
def checkpoints_not_written(location: Written, context: JobContext) -> Finding | None:
    """Checkpoints are kept, and a spot job resumes from them, where the script writes them to the folder that is kept.

    Only that folder is copied to checkpoint_s3_uri, and back when the job starts again.

    Bad:
        use_spot_instances: true
        max_wait: 172800
        checkpoint_s3_uri: s3://bucket/checkpoints
        model_dir: false

    Good:
        use_spot_instances: true
        max_wait: 172800
        checkpoint_s3_uri: s3://bucket/checkpoints
        checkpoint_local_path: /opt/ml/model
        model_dir: false

    Script:
        import os
        import keras
        if __name__ == "__main__":
            model = keras.Sequential([keras.layers.Dense(1)])
            keep = keras.callbacks.ModelCheckpoint("/opt/ml/model/best.keras")
            model.fit([[1.0]], [[1.0]], epochs=3, callbacks=[keep])
            model.export(os.environ["SM_MODEL_DIR"])
    """
    job = context.job
    read = context.read
    if read is None or read.asks.trains is None or not read.script.study.closed:
        return None
    if read.asks.uses_model_dir and context.passes_model_dir:
        return None  # TensorFlow keeps its checkpoints there, in S3, and finds them again
    folder = job.checkpoint_local_path or CHECKPOINTS
    last = folder.rstrip("/").rpartition("/")[2]
    named = _names(read.asks.texts, folder.rstrip("/"), last)
    if named or _is_told(context, last) or not context.script_mode:
        return None
    return Finding(
        location.path,
        f"nothing in the script names {folder}, so no checkpoint is kept"
        + (", and an interrupted job starts again" if job.use_spot_instances else ""),
        f"save checkpoints to {folder}, and start from the newest one there",
        place=read.script.place(read.asks.trains),
    )


def _names(texts: Collection[str], folder: str, last: str) -> bool:
    """Whether a folder is named, whole or in pieces."""
    above = {folder.rpartition("/")[0], f"{folder.rpartition('/')[0]}/", "/opt", "/opt/"}
    return any(folder in text or last in text or text in above for text in texts)


@rule(
    WARNING,
    on=SCRIPT,
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html",
)
def duplicate_work_on_instances(read: ReadScript, context: JobContext) -> Finding | None:
    """Several instances run the same script; it must tell them apart, or all of them train the same model.

    Bad:
        instance_count: 4
        model_dir: false

    Good:
        instance_count: 1
        model_dir: false

    Script:
        import os
        import keras
        if __name__ == "__main__":
            model = keras.Sequential([keras.layers.Dense(1)])
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.export(os.environ["SM_MODEL_DIR"])
    """
    job, asks = context.job, read.asks
    if not context.script_mode or job.instances() < 2 or context.enabled or job.instance_groups is not None:
        return None
    sharded = any(channel.distribution == "ShardedByS3Key" for channel in job.channels.values())
    if asks.trains is None or asks.shares_work or sharded or not read.script.study.closed:
        return None
    return Finding(
        ("instance_count",),
        f"{job.instances()} instances would each train the same model: nothing in the script tells them apart",
        "write instance_count: 1, or set distribution and let the script train together",
        related=read.script.place(asks.trains),
    )


@rule(ERROR, on=SCRIPT, source="https://pytorch.org/docs/stable/distributed.html#environment-variable-initialization")
def process_group_without_distribution(read: ReadScript, context: JobContext) -> Finding | None:
    """init_process_group reads RANK and WORLD_SIZE, which the container sets for a distribution only.

    Without them the script stops at once: "environment variable RANK expected, but not set".

    Bad:
        framework: pytorch
        framework_version: "2.3.0"
        py_version: py311
        instance_count: 2

    Good:
        framework: pytorch
        framework_version: "2.3.0"
        py_version: py311
        instance_type: ml.g5.12xlarge
        instance_count: 2
        distribution: {torch_distributed: {enabled: true}}

    Script:
        import os
        import torch
        import torch.distributed as dist
        if __name__ == "__main__":
            dist.init_process_group("nccl")
            model = torch.nn.Linear(1, 1)
            if dist.get_rank() == 0:
                torch.save(model.state_dict(), os.path.join(os.environ["SM_MODEL_DIR"], "model.pt"))
    """
    joins = read.asks.joins
    if joins is None or not context.script_mode or context.enabled or not read.script.study.closed:
        return None
    if {"RANK", "WORLD_SIZE"} & set(context.job.environment):
        return None
    return Finding(
        ("distribution",),
        "the script joins a process group, and without a distribution nothing sets RANK and WORLD_SIZE",
        "write distribution: {torch_distributed: {enabled: true}}, or give init_process_group rank and world_size",
        related=read.script.place(joins),
    )
