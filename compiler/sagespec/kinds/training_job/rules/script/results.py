"""What the script leaves behind: its model and its checkpoints."""

from __future__ import annotations

from collections.abc import Collection

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import GUIDE, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.shared.code import ReadScript
from sagespec.kinds.training_job.subjects import SCRIPT

CHECKPOINTS = "/opt/ml/checkpoints"
MODEL = "/opt/ml/model"


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
    if _is_passed(context, MODEL) or _uses_s3(context) or _is_kept_elsewhere(read, context):
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
    return kept and (_is_passed(context, folder) or any(folder in text for text in read.asks.texts))


def _is_passed(context: JobContext, folder: str) -> bool:
    return any(folder in text for text in context.container_texts)


def _uses_s3(context: JobContext) -> bool:
    return any("s3://" in text for text in context.container_texts)


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
    if named or _is_passed(context, last) or not context.script_mode:
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
