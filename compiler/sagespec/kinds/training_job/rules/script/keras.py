"""The generation of Keras that the image holds, and what the script expects of it."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import ERROR, rule
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.shared.code import JobCode, ReadScript
from sagespec.kinds.training_job.subjects import CODE, SCRIPT
from sagespec.scripts import Libraries, Saving

_KERAS = (
    "https://keras.io/guides/migrating_to_keras_3/; keras 3.10.0, saving/saving_api.py, callbacks/model_checkpoint.py"
)
CHANGES = "https://github.com/tensorflow/tensorflow/releases (2.0.0, 2.16.1)"


@rule(ERROR, on=CODE, source=_KERAS)
def model_saved_as_folder(code: JobCode, _: None) -> Iterator[Finding]:
    """Keras 3, which TensorFlow has from 2.16 on, saves files only: it refuses a path without .keras or .h5.

    That is the last line of most scripts, so the whole training is paid for before it fails. `model.export` writes the
    folder that TensorFlow Serving wants. Weights end in .weights.h5, a ModelCheckpoint in .keras. Keras 2 is left with
    `TF_USE_LEGACY_KERAS: "1"` and tf_keras.

    Bad:
        model_dir: false

    Bad script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.save(os.path.join(os.environ["SM_MODEL_DIR"], "1"))

    Good:
        model_dir: false

    Good script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.export(os.path.join(os.environ["SM_MODEL_DIR"], "1"))
    """
    read, release = code.read, code.choice.holds
    asks = None if read is None else read.libraries
    if read is None or asks is None or release is None or not expects_keras_3(asks, code):
        return
    for saving in asks.savings:
        ends, cure = _WAYS[saving.way]
        if not saving.end.endswith(ends):
            yield Finding(
                ("framework_version",),
                f"{_call(saving)} needs a path that ends in {' or '.join(ends[:2])} in the Keras 3 of {release.name}",
                cure + (", and leave save_format out" if saving.named_format else ""),
                place=read.script.place(saving.piece),
            )


_WAYS: dict[str, tuple[tuple[str, ...], str]] = {
    "save": (
        (".keras", ".h5", ".hdf5"),
        "write model.export(path) for a SavedModel that can be served, or let the path end in .keras",
    ),
    "save_weights": ((".weights.h5",), "let the path end in .weights.h5"),
    "checkpoint": ((".keras", ".h5"), "let the path end in .keras"),
    "weights_checkpoint": ((".weights.h5",), "let the path end in .weights.h5"),
}


def _call(saving: Saving) -> str:
    if saving.way == "weights_checkpoint":
        return "ModelCheckpoint(save_weights_only=True)"
    return {"save": "model.save", "save_weights": "model.save_weights"}.get(saving.way, "ModelCheckpoint")


@rule(ERROR, on=CODE, source=_KERAS)
def training_with_generator(code: JobCode, _: None) -> Iterator[Finding]:
    """Keras 3 has no fit_generator: fit takes generators, too.

    Bad:
        model_dir: false

    Bad script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            model.fit_generator(zip([[1.0]], [[1.0]]), epochs=3)
            model.export(os.environ["SM_MODEL_DIR"])

    Good:
        model_dir: false

    Good script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            model.fit(zip([[1.0]], [[1.0]]), epochs=3)
            model.export(os.environ["SM_MODEL_DIR"])
    """
    read, release = code.read, code.choice.holds
    asks = None if read is None else read.libraries
    if read is None or asks is None or release is None or not expects_keras_3(asks, code):
        return
    for name, piece in asks.generators:
        yield Finding(
            ("framework_version",),
            f"Keras 3, which {release.name} has, knows no {name}",
            f"write {name.removesuffix('_generator')}, which takes generators too",
            place=read.script.place(piece),
        )


@rule(ERROR, on=CODE, source=_KERAS + "; keras 3.10.0, optimizers/base_optimizer.py, backend/tensorflow/trainer.py")
def argument_not_in_keras_3(code: JobCode, _: None) -> Iterator[Finding]:
    """Keras 3 stops at arguments that Keras 2 took: `lr` of an optimizer, `workers` of `fit`, `period` of a checkpoint.

    Bad:
        model_dir: false

    Bad script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            model.compile(tf.keras.optimizers.Adam(lr=0.001), "mse")
            model.fit([[1.0]], [[1.0]], epochs=3, workers=4)
            model.export(os.environ["SM_MODEL_DIR"])

    Good:
        model_dir: false

    Good script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            model.compile(tf.keras.optimizers.Adam(learning_rate=0.001), "mse")
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.export(os.environ["SM_MODEL_DIR"])
    """
    read, release = code.read, code.choice.holds
    asks = None if read is None else read.libraries
    if read is None or asks is None or release is None or not expects_keras_3(asks, code):
        return
    for called, word, piece in asks.keras_2_arguments:
        yield Finding(
            ("framework_version",),
            f"Keras 3, which {release.name} has, knows no argument {word} of {called}",
            _ARGUMENTS.get(word, f"leave {word} out"),
            place=read.script.place(piece),
        )


_ARGUMENTS = {"lr": "write learning_rate", "period": 'write save_freq: "epoch", or a number of batches'}


def expects_keras_3(asks: Libraries, code: JobCode) -> bool:
    """Whether the script's Keras is Keras 3, and nothing says otherwise."""
    release, legacy = code.choice.holds, code.fields.legacy_keras
    return (
        release is not None and release.keras >= 3 and legacy in ("0", "false", "False", "") and not asks.legacy_keras
    )


@rule(ERROR, on=SCRIPT, source="https://github.com/aws/deep-learning-containers (test of tensorflow-training 2.21)")
def mirrored_fit_with_keras_3(read: ReadScript, context: JobContext) -> Finding | None:
    """Keras 3 cannot `fit` under MultiWorkerMirroredStrategy: a training loop of one's own can.

    Bad:
        framework_version: "2.21"
        instance_count: 2
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}

    Good:
        framework_version: "2.14"
        instance_count: 2
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}

    Script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
            with strategy.scope():
                model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
                model.compile("sgd", "mse")
            model.fit([[1.0]], [[1.0]], epochs=3)
            tf.saved_model.save(model, os.environ["SM_MODEL_DIR"])
    """
    asks = read.libraries
    if asks is None or asks.strategy is None or not asks.fits:
        return None
    release = context.holds
    if release is None or not expects_keras_3(asks, context.code) or context.job.instances() < 2:
        return None
    return Finding(
        ("framework_version",),
        f"fit does not work under {asks.strategy[0]} in Keras 3, which {release.name} has",
        'write the training loop yourself, take framework_version: "2.14", or bring tf_keras with requirements.txt and '
        'set environment: {TF_USE_LEGACY_KERAS: "1"}',
        related=read.script.place(asks.strategy[1]),
    )
