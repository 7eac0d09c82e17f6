"""The functions of legacy mode: which of them the container calls, and how."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import ERROR, LEGACY_DOC, WARNING, rule
from sagespec.kinds.rules.code import wrong_parameters
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.shared.code import ReadFunctions
from sagespec.kinds.training_job.subjects import CALLED_FUNCTIONS, FUNCTIONS
from sagespec.scripts.called import LEGACY_MODE

CONTAINER = "https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0 (src/tf_container/trainer.py)"
MODEL_FUNCTIONS = ("estimator_fn", "keras_model_fn", "model_fn")
"""In the order in which the container looks for them."""
INPUT_FUNCTIONS = ("train_input_fn", "eval_input_fn")


@rule(ERROR, on=FUNCTIONS, source=LEGACY_DOC + " (Preparing the TensorFlow training script)")
def missing_model_function(read: ReadFunctions, _: None) -> Finding | None:
    """In legacy mode the script defines the model in a function that the container calls.

    It is one of model_fn, keras_model_fn and estimator_fn.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Bad script:
        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError

    Good:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Good script:
        def model_fn(features, labels, mode, hyperparameters):
            raise NotImplementedError

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    script, functions = read.script, read.functions
    if functions.complete and not set(MODEL_FUNCTIONS) & functions.found.keys():
        return Finding(
            ("entry_point",),
            "legacy mode needs one of model_fn, keras_model_fn and estimator_fn in the script",
            "define one, or take a version with script mode",
            place=script.start,
        )
    return None


@rule(ERROR, on=FUNCTIONS, source=LEGACY_DOC + " (Preparing the TensorFlow training script)")
def several_model_functions(read: ReadFunctions, _: None) -> Iterator[Finding]:
    """Exactly one function defines the model.

    Of several the container takes estimator_fn first, then keras_model_fn, and ignores the others.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Bad script:
        def model_fn(features, labels, mode, hyperparameters):
            raise NotImplementedError

        def estimator_fn(run_config, hyperparameters):
            raise NotImplementedError(run_config)

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError

    Good:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Good script:
        def estimator_fn(run_config, hyperparameters):
            raise NotImplementedError(run_config)

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    script, functions = read.script, read.functions
    found = [functions.found[name] for name in MODEL_FUNCTIONS if name in functions.found]
    for passed_over in found[1:]:
        yield Finding(
            ("entry_point",),
            f"{passed_over.name} and {found[0].name} both define the model: the container takes {found[0].name} only",
            "keep one of them",
            place=script.place(passed_over.piece),
        )


@rule(ERROR, on=FUNCTIONS, source=LEGACY_DOC + " (Preparing the TensorFlow training script)")
def missing_input_function(read: ReadFunctions, _: None) -> Iterator[Finding]:
    """In legacy mode the container asks the script for its data: train_input_fn and eval_input_fn.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Bad script:
        def model_fn(features, labels, mode, hyperparameters):
            raise NotImplementedError

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError

    Good:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Good script:
        def model_fn(features, labels, mode, hyperparameters):
            raise NotImplementedError

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    script, functions = read.script, read.functions
    for name in INPUT_FUNCTIONS if functions.complete else ():
        if name not in functions.found:
            yield Finding(
                ("entry_point",),
                f"legacy mode needs {name} in the script",
                f"define {name}(training_dir, hyperparameters)",
                place=script.start,
            )


@rule(ERROR, on=FUNCTIONS, source=LEGACY_DOC + " (Preparing the TensorFlow training script); " + CONTAINER)
def wrong_function_parameters(read: ReadFunctions, _: None) -> Iterator[Finding]:
    """The container passes a fixed number of values to each function, by position.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Bad script:
        def model_fn(features, labels, mode):
            raise NotImplementedError

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError

    Good:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Good script:
        def model_fn(features, labels, mode, params):
            raise NotImplementedError

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    yield from wrong_parameters(read.script, read.functions, LEGACY_MODE)


@rule(WARNING, on=FUNCTIONS, source=CONTAINER)
def estimator_without_run_config(read: ReadFunctions, _: None) -> Finding | None:
    """An estimator_fn is given checkpoint_path and the other settings by its run_config alone.

    One that ignores it keeps its checkpoints on the instance: nothing is resumed, and nothing is saved as the model.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Bad script:
        import tensorflow as tf

        def estimator_fn(run_config, hyperparameters):
            return tf.estimator.DNNClassifier([10], [])

        def train_input_fn(input_channels, hyperparameters):
            raise NotImplementedError

        def eval_input_fn(input_channels, hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError

    Good:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Good script:
        import tensorflow as tf

        def estimator_fn(run_config, hyperparameters):
            return tf.estimator.DNNClassifier([10], [], config=run_config)

        def train_input_fn(input_channels, hyperparameters):
            raise NotImplementedError

        def eval_input_fn(input_channels, hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    function = read.functions.found.get("estimator_fn")
    if function is None or not function.parameters or function.takes_more or function.parameters[0] in function.uses:
        return None
    return Finding(
        ("entry_point",),
        f"estimator_fn ignores its {function.parameters[0]}, so that checkpoints and model stay on the instance",
        f"give it to the estimator: config={function.parameters[0]}",
        place=read.script.place(function.piece),
    )


@rule(ERROR, on=FUNCTIONS, source=LEGACY_DOC + " (Creating train_input_fn and eval_input_fn functions)")
def input_function_returns_function(read: ReadFunctions, _: None) -> Iterator[Finding]:
    """From TensorFlow 1.6 on, an input function returns the data itself.

    1.4 and 1.5 take a function without arguments as well, and call it.

    Bad:
        framework_version: "1.6"
        training_steps: 1000
        evaluation_steps: 100

    Good:
        framework_version: "1.5"
        training_steps: 1000
        evaluation_steps: 100

    Script:
        import tensorflow as tf

        def model_fn(features, labels, mode, hyperparameters):
            raise NotImplementedError

        def train_input_fn(hyperparameters):
            return tf.estimator.inputs.numpy_input_fn(x={}, y=None, shuffle=True)

        def eval_input_fn(hyperparameters):
            return tf.estimator.inputs.numpy_input_fn(x={}, y=None, shuffle=False)

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    script, functions = read.script, read.functions
    if read.release is None or read.release.input_functions_may_return_functions:
        return
    for name in (*INPUT_FUNCTIONS, "serving_input_fn"):
        function = functions.found.get(name)
        if function is not None and function.returns_function:
            yield Finding(
                ("framework_version",),
                f"{name} returns a function, which {read.release.name} does not call",
                "return what that function returns: call it",
                place=script.place(function.piece),
            )


@rule(ERROR, on=CALLED_FUNCTIONS, source=LEGACY_DOC + " (Using a Keras model instead of a model_fn)")
def keras_model_on_several_instances(read: ReadFunctions, context: JobContext) -> Finding | None:
    """A Keras model of TensorFlow 1.4 trains on one instance only.

    Bad:
        framework_version: "1.4"
        training_steps: 1000
        evaluation_steps: 100
        instance_count: 2

    Good:
        framework_version: "1.5"
        training_steps: 1000
        evaluation_steps: 100
        instance_count: 2

    Script:
        def keras_model_fn(hyperparameters):
            raise NotImplementedError

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    script, functions = read.script, read.functions
    function = functions.found.get("keras_model_fn")
    if function is None or "estimator_fn" in functions.found:
        return None
    if context.release is not None and not context.release.keras_distributed and context.job.instances() > 1:
        return Finding(
            ("instance_count",),
            f"keras_model_fn works on one instance only with {context.release.name}, "
            f"and the job has {context.job.instances()}",
            'write instance_count: 1, or framework_version: "1.5" or newer',
            related=script.place(function.piece),
        )
    return None


@rule(WARNING, on=FUNCTIONS, source=LEGACY_DOC + " (Creating a serving_input_fn)")
def model_not_exported(read: ReadFunctions, _: None) -> Finding | None:
    """Without serving_input_fn the container exports no model, so there is nothing to deploy.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Bad script:
        def model_fn(features, labels, mode, hyperparameters):
            raise NotImplementedError

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

    Good:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Good script:
        def model_fn(features, labels, mode, hyperparameters):
            raise NotImplementedError

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    script, functions = read.script, read.functions
    defined = [functions.found[name] for name in MODEL_FUNCTIONS if name in functions.found]
    if functions.complete and defined and "serving_input_fn" not in functions.found:
        return Finding(
            ("entry_point",),
            "the script has no serving_input_fn: no model would be exported, only checkpoints",
            "define serving_input_fn(hyperparameters) if the model is to be deployed",
            place=script.place(defined[0].piece),
        )
    return None
