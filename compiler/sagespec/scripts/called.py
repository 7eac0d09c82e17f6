"""The functions that containers call by their names, and what they are given."""

from __future__ import annotations

from sagespec.base.named import NamedTuple


class CalledFunction(NamedTuple):
    """One function that a container looks for in the module that it imports."""

    name: str
    parameters: str
    """As its author would write them."""
    does: str
    instead_of: tuple[str, ...] = ()
    """Those that are never called where this one is there."""
    by_position: bool = True
    """It is given so many values, whatever its parameters are called; otherwise those that it has names of."""
    more: str = ""
    """What one wants to know of its parameters."""

    @property
    def head(self) -> str:
        return f"{self.name}({self.parameters})"

    @property
    def values(self) -> int:
        """How many values it is given."""
        return self.parameters.count(",") + 1


_HYPERPARAMETERS = "`hyperparameters` is the map of the manifest's."
_CHANNELS = (
    "It is given those of these that it has parameters for: `training_dir` (the folder of the channel `training`), "
    "`input_channels` (channel → folder), `hyperparameters`."
)

LEGACY_MODE = (
    CalledFunction(
        "estimator_fn",
        "run_config, hyperparameters",
        "Makes the `tf.estimator.Estimator` that is trained. Checkpoints go where `run_config` says.",
        ("keras_model_fn", "model_fn"),
        more=_HYPERPARAMETERS,
    ),
    CalledFunction(
        "keras_model_fn",
        "hyperparameters",
        "Makes the compiled Keras model that is trained as an estimator.",
        ("model_fn",),
        more=_HYPERPARAMETERS,
    ),
    CalledFunction(
        "model_fn",
        "features, labels, mode, hyperparameters",
        "Makes the `EstimatorSpec` of a mode: training, evaluation or prediction.",
        more=_HYPERPARAMETERS,
    ),
    CalledFunction(
        "train_input_fn",
        "training_dir, hyperparameters",
        "Gives the features and labels to train with.",
        by_position=False,
        more=_CHANNELS,
    ),
    CalledFunction(
        "eval_input_fn",
        "training_dir, hyperparameters",
        "Gives the features and labels to evaluate with.",
        by_position=False,
        more=_CHANNELS,
    ),
    CalledFunction(
        "serving_input_fn",
        "hyperparameters",
        "Gives the `ServingInputReceiver` by which the model is exported; without it none is.",
        more=_HYPERPARAMETERS,
    ),
)
"""What the containers of legacy mode call, those that define the model in the order in which they are looked for.

Source: https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0 (src/tf_container/trainer.py);
    https://github.com/aws/sagemaker-python-sdk/blob/v1.16.3/src/sagemaker/tensorflow/README.rst
"""

_CONTEXT = (
    "`context` has `model_name`, `model_version`, `method`, `rest_uri`, `grpc_port`, `channel`, `custom_attributes`, "
    "`request_content_type`, `accept_header` and `content_length`."
)

TENSORFLOW_SERVING = (
    CalledFunction(
        "handler",
        "data, context",
        "Answers a request by itself: it asks the model at `context.rest_uri`, and returns the body and its content "
        "type.",
        ("input_handler", "output_handler"),
        more=f"`data` is read once, with `data.read()`. {_CONTEXT}",
    ),
    CalledFunction(
        "input_handler",
        "data, context",
        "Makes what TensorFlow Serving is sent of a request: its JSON. `output_handler` is called with the answer.",
        more=f"`data` is read once, with `data.read()`. {_CONTEXT}",
    ),
    CalledFunction(
        "output_handler",
        "response, context",
        "Makes the answer to a request of TensorFlow Serving's, and returns the body and its content type.",
        more=f"`response` is one of `requests`, with `status_code`, `content` and `json()`. {_CONTEXT}",
    ),
)
"""What TensorFlow Serving's container calls in `code/inference.py`: `handler`, or both of the others.

Source: https://github.com/aws/sagemaker-tensorflow-serving-container (python_service.py)
"""

_TYPES = "`content_type` is the request's, `accept` the one that is wanted of the answer."

PYTHON_SERVER = (
    CalledFunction(
        "transform_fn",
        "data, content_type, accept",
        "Answers a request by itself, and returns the body.",
        ("input_fn", "output_fn"),
        more=_TYPES,
    ),
    CalledFunction(
        "input_fn",
        "data, content_type",
        "Makes what the model is given of a request's body; left out, JSON and CSV are understood.",
        more=_TYPES,
    ),
    CalledFunction(
        "output_fn",
        "prediction, accept",
        "Makes the answer's body of what the model gave; left out, that is JSON.",
        more=_TYPES,
    ),
)
"""What the Python-based server of TensorFlow 1.4 to 1.12 calls in the script; it needs none of them.

Source: https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0 (src/tf_container/serve.py)
"""

OTHER_SERVERS = ("model_fn", "predict_fn")
"""What the serving containers of other frameworks call besides, which its author may take for such."""

LEGACY_FUNCTIONS = tuple(function.name for function in LEGACY_MODE)
SERVING_FUNCTIONS = (
    *(function.name for function in TENSORFLOW_SERVING),
    *OTHER_SERVERS,
    *(function.name for function in PYTHON_SERVER),
)
