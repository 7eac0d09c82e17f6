"""The training script against what the version's image holds: names, modules, and the generation of Keras."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import ERROR, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext, ReadScript
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.subjects import SCRIPT, SCRIPT_JOB
from sagespec.scripts import Libraries, Saving

_DLC = "https://github.com/aws/deep-learning-containers (Dockerfiles of tensorflow/training)"
_KERAS = (
    "https://keras.io/guides/migrating_to_keras_3/; keras 3.10.0, saving/saving_api.py, callbacks/model_checkpoint.py"
)
_CHANGES = "https://github.com/tensorflow/tensorflow/releases (2.0.0, 2.16.1)"


@rule(ERROR, on=SCRIPT, source=_CHANGES)
def name_not_in_version(read: ReadScript, context: JobContext) -> Iterator[Finding]:
    """What a version of TensorFlow has dropped stops the script when it comes by.

    TensorFlow 2 has no tf.contrib, and keeps tf.placeholder, tf.Session, tf.app and their like under tf.compat.v1 only;
    2.16 has no tf.estimator. A script that asks for versions, or imports tensorflow.compat.v1, is left alone.

    Bad:
        framework_version: "2.21"

    Bad script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            images = tf.placeholder(tf.float32)
            print(images, os.environ["SM_MODEL_DIR"])

    Good:
        framework_version: "2.21"

    Good script:
        import os
        import tensorflow.compat.v1 as tf
        if __name__ == "__main__":
            images = tf.placeholder(tf.float32)
            print(images, os.environ["SM_MODEL_DIR"])
    """
    asks, release, framework = _asks(read), context.holds, context.framework
    if asks is None or release is None or framework is None:
        return
    told = set[str]()
    for dotted, piece in asks.names:
        found = framework.dropped(dotted, release.full_version)
        if found is None or found[0] in told:
            continue
        name, since, instead = found
        told.add(name)
        library = name.partition(".")[0]
        if library in context.requirements:
            continue  # which may bring a version that has it
        if "keras" in name.split(".") and release.keras >= 3 and not _is_keras_3(asks, context):
            continue
        last = [version for version in framework.aliases if framework.dropped(dotted, version) is None][-1:]
        older = f'take framework_version: "{last[0]}"' if last and library == "tensorflow" else ""
        yield Finding(
            (framework.version_field,),
            f"{release.name} has no {name.replace('tensorflow', 'tf', 1)}: {framework.title} {since} has dropped it"
            if library in ("tensorflow", framework.name)
            else f"{library} in the image of {release.name} has no {name}: images since {since} lack it",
            ", or ".join(filter(None, (instead and f"write {instead}", older))) or "write it anew",
            place=read.script.place(piece),
        )


@rule(ERROR, on=SCRIPT, source=_KERAS)
def model_saved_as_folder(read: ReadScript, context: JobContext) -> Iterator[Finding]:
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
    asks, release = _asks(read), context.holds
    if asks is None or release is None or not _is_keras_3(asks, context):
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


@rule(ERROR, on=SCRIPT, source=_KERAS)
def training_with_generator(read: ReadScript, context: JobContext) -> Iterator[Finding]:
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
    asks, release = _asks(read), context.holds
    if asks is None or release is None or not _is_keras_3(asks, context):
        return
    for name, piece in asks.generators:
        yield Finding(
            ("framework_version",),
            f"Keras 3, which {release.name} has, knows no {name}",
            f"write {name.removesuffix('_generator')}, which takes generators too",
            place=read.script.place(piece),
        )


@rule(ERROR, on=SCRIPT, source=_KERAS + "; keras 3.10.0, optimizers/base_optimizer.py, backend/tensorflow/trainer.py")
def argument_not_in_keras_3(read: ReadScript, context: JobContext) -> Iterator[Finding]:
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
    asks, release = _asks(read), context.holds
    if asks is None or release is None or not _is_keras_3(asks, context):
        return
    for called, word, piece in asks.keras_2_arguments:
        yield Finding(
            ("framework_version",),
            f"Keras 3, which {release.name} has, knows no argument {word} of {called}",
            _ARGUMENTS.get(word, f"leave {word} out"),
            place=read.script.place(piece),
        )


_ARGUMENTS = {"lr": "write learning_rate", "period": 'write save_freq: "epoch", or a number of batches'}


def _is_keras_3(asks: Libraries, context: JobContext) -> bool:
    """Whether the script's Keras is Keras 3, and nothing says otherwise."""
    release, legacy = context.holds, context.job.environment.get("TF_USE_LEGACY_KERAS", "0")
    return (
        release is not None and release.keras >= 3 and legacy in ("0", "false", "False", "") and not asks.legacy_keras
    )


@rule(ERROR, on=SCRIPT, source=_DLC)
def module_not_in_image(read: ReadScript, context: JobContext) -> Iterator[Finding]:
    """Newer images have left modules out, and nothing in the source folder brings them: the import stops the script.

    Horovod is in TensorFlow's images up to 2.12; sagemaker_tensorflow (PipeModeDataset) and smdebug up to 2.14.

    Bad:
        framework_version: "2.21"

    Good:
        framework_version: "2.12"

    Script:
        import os
        import horovod.tensorflow as hvd
        if __name__ == "__main__":
            hvd.init()
            print(hvd.rank(), os.environ["SM_MODEL_DIR"])
    """
    asks, release, framework = _asks(read), context.holds, context.framework
    if asks is None or release is None or framework is None or not release.missing_modules:
        return
    told = set[str]()
    for dotted, piece in asks.modules:
        module = dotted.partition(".")[0]
        if module not in release.missing_modules or module in told or context.brings(module):
            continue
        told.add(module)
        with_it = [name for name in framework.aliases if module not in framework.without_image(name).missing_modules]
        yield Finding(
            ("framework_version",),
            f"the image of {release.name} does not hold {module}, and no requirements.txt brings it",
            f'take framework_version: "{with_it[-1]}", or do without {module}{_INSTEAD.get(module, "")}',
            related=read.script.place(piece),
        )


_INSTEAD = {
    "horovod": " (distribution: {multi_worker_mirrored_strategy: {enabled: true}})",
    "sagemaker_tensorflow": " (input_mode: FastFile, read as files)",
    "smdebug": "",
}


@rule(WARNING, on=field("debugger_hook_config"), source=_DLC)
def debugger_not_in_image(written: Written, context: JobContext) -> Finding | None:
    """The Debugger's hook needs smdebug, which TensorFlow's images hold up to 2.14: later ones save no tensors.

    Bad:
        framework_version: "2.21"
        debugger_hook_config: {s3_output_path: s3://bucket/tensors}

    Good:
        framework_version: "2.14"
        debugger_hook_config: {s3_output_path: s3://bucket/tensors}
    """
    release = context.holds
    if release is None or release.debugger or written.value is False or context.brings("smdebug"):
        return None
    return Finding(
        written.path,
        f"the image of {release.name} holds no smdebug, so nothing writes tensors",
        "leave it out, or take an older version",
        at_key=True,
    )


@rule(WARNING, on=SCRIPT_JOB, source="https://pip.pypa.io/en/stable/reference/requirements-file-format/; " + _DLC)
def requirement_replaces_framework(job: Job, context: JobContext) -> Finding | None:
    """A requirement of another TensorFlow than the image's replaces it, with a build that may not fit the GPUs.

    Bad:
        framework_version: "2.21"
        dependencies: [requirements.txt]

    Good:
        framework_version: "2.12"
        dependencies: [requirements.txt]

    Script:
        import os
        if __name__ == "__main__":
            print("requirements.txt has the line tensorflow==2.12", os.environ["SM_HPS"], os.environ["SM_MODEL_DIR"])
    """
    release, framework = context.holds, context.framework
    if release is None or framework is None:
        return None
    own, under = release.full_version.partition("+")[0], framework.base_of(release.full_version)
    # A library that lies over a framework is replaced for good reasons, and has no builds for GPUs.
    what, held = (framework, own) if under is None else (under, release.full_version.partition(f"+{under.name}")[2])
    names = {str(what.wheel.get(key)) for key in ("package", "cpu_package")} | {f"{what.wheel['package']}-gpu"}
    for line in context.requirements.splitlines():
        found = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*(==|~=|<=|<)\s*([0-9][0-9.]*)", line)
        if found is None or found[1].lower().replace("_", "-") not in names:
            continue
        if _excludes(found[2], found[3], held):
            field_name = framework.version_field if under is None else framework.bases[under.name]
            return Finding(
                (field_name,),
                f"requirements.txt asks for {line.split('#')[0].strip()}, and the image holds {release.name}",
                f"leave it out of requirements.txt, or choose the version with {field_name}",
            )
    return None


def _excludes(operator: str, wanted: str, held: str) -> bool:
    """Whether a requirement leaves the version out that the image holds, patch releases apart."""
    want, have = ([int(part) for part in text.split(".") if part] for text in (wanted, held))
    if operator == "==":
        return want[:2] != have[: len(want[:2])]
    if operator == "~=":
        return want[: max(1, len(want) - 1)] != have[: max(1, len(want) - 1)]
    return have[:2] > want[:2] if operator == "<=" else have[:2] >= want[:2] and have[: len(want)] >= want


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
    asks, release = _asks(read), context.holds
    if asks is None or release is None or asks.strategy is None or not asks.fits or not _is_keras_3(asks, context):
        return None
    if context.job.instances() < 2:
        return None
    return Finding(
        ("framework_version",),
        f"fit does not work under {asks.strategy[0]} in Keras 3, which {release.name} has",
        'write the training loop yourself, take framework_version: "2.14", or bring tf_keras with requirements.txt and '
        'set environment: {TF_USE_LEGACY_KERAS: "1"}',
        related=read.script.place(asks.strategy[1]),
    )


@rule(ERROR, on=SCRIPT, source="https://www.tensorflow.org/guide/distributed_training#TF_CONFIG; " + _DLC)
def strategy_without_distribution(read: ReadScript, context: JobContext) -> Finding | None:
    """A script that trains on several workers learns of the others from the container, if the manifest says so.

    MultiWorkerMirroredStrategy needs TF_CONFIG, which `multi_worker_mirrored_strategy` sets (or the script itself);
    Horovod needs `mpi`. Without it each instance trains alone, at the price of all.

    Bad:
        framework_version: "2.14"
        instance_count: 2

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
            tf.saved_model.save(model, os.environ["SM_MODEL_DIR"])
    """
    asks = _asks(read)
    if asks is None or context.job.instances() < 2 or context.job.instance_groups is not None or context.enabled:
        return None
    if not read.script.study.closed or "TF_CONFIG" in read.asks.texts or "TF_CONFIG" in context.job.environment:
        return None
    if asks.horovod is not None:
        name, place, field_name = "Horovod", asks.horovod, "mpi"
    elif asks.strategy is not None:
        name, place, field_name = asks.strategy[0], asks.strategy[1], "multi_worker_mirrored_strategy"
    else:
        return None
    return Finding(
        ("instance_count",),
        f"the script uses {name}, and nothing tells the {context.job.instances()} instances of each other: each "
        "trains alone",
        f"add distribution: {{{field_name}: {{enabled: true}}}}, or write instance_count: 1",
        related=read.script.place(place),
    )


@rule(WARNING, on=SCRIPT, source="https://www.tensorflow.org/guide/distributed_training")
def distribution_not_in_script(read: ReadScript, context: JobContext) -> Finding | None:
    """A distribution starts processes and tells them of each other; the script must train together with them.

    One that uses neither a strategy nor Horovod trains the same model in every process.

    Bad:
        framework_version: "2.14"
        instance_count: 2
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}
        model_dir: false

    Good:
        framework_version: "2.14"
        model_dir: false

    Script:
        import os
        import tensorflow as tf
        if __name__ == "__main__":
            model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            model.fit([[1.0]], [[1.0]], epochs=3)
            model.export(os.environ["SM_MODEL_DIR"])
    """
    enabled = [name for name in context.enabled if name in ("mpi", "multi_worker_mirrored_strategy")]
    asks = _asks(read)
    if not enabled or enabled != context.enabled or asks is None or not read.script.study.closed:
        return None
    if read.asks.trains is None or read.asks.shares_work or context.job.instances() < 2:
        return None
    return Finding(
        ("distribution", enabled[0]),
        f"nothing in the script trains together: each of the {context.job.instances()} instances trains the same model",
        "let it use a strategy of tf.distribute or Horovod, or leave the distribution out",
        at_key=True,
        related=read.script.place(read.asks.trains),
    )


def _asks(read: ReadScript) -> Libraries | None:
    return read.script.study.libraries
