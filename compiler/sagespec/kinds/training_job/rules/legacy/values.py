"""What the functions of legacy mode are given: channels, folders and hyperparameters."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.catalog import near
from sagespec.checking.rule import ERROR, LEGACY_DOC, WARNING, rule
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules.legacy.functions import CONTAINER, INPUT_FUNCTIONS, MODEL_FUNCTIONS
from sagespec.kinds.training_job.shared.code import ReadFunctions
from sagespec.kinds.training_job.subjects import CALLED_FUNCTIONS, FUNCTIONS
from sagespec.scripts import LegacyFunction, LegacyFunctions

_FILLED = ("training_dir", "dir", "hyperparameters", "params", "input_channels", "channels")
"""Parameters of an input function that the container fills; it goes by their names."""
_HYPERPARAMETERS_AT = {"model_fn": 3, "keras_model_fn": 0, "estimator_fn": 1, "serving_input_fn": 0}
_ADDED = frozenset({"training_steps", "evaluation_steps", "checkpoint_path", "save_checkpoints_secs", "model_dir"})
"""Hyperparameters that the SDK or the container adds."""


@rule(WARNING, on=FUNCTIONS, source=CONTAINER)
def unfilled_parameter(read: ReadFunctions, _: None) -> Iterator[Finding]:
    """The container fills the parameters of an input function by their names, and gives None to all others.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100

    Bad script:
        def model_fn(features, labels, mode, hyperparameters):
            raise NotImplementedError

        def train_input_fn(data_dir, hyperparameters):
            raise NotImplementedError(data_dir)

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

        def train_input_fn(input_channels, hyperparameters):
            raise NotImplementedError(input_channels)

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    script, functions = read.script, read.functions
    for function in _input_functions(functions):
        for parameter in function.parameters or ():
            if parameter not in _FILLED and parameter in function.uses:
                close = near(parameter, _FILLED) or "training_dir"
                yield Finding(
                    ("entry_point",),
                    f"{function.name} gets None for '{parameter}'",
                    f"name it {close}; the container knows {', '.join(_FILLED)}",
                    place=script.place(function.piece),
                )


def _input_functions(functions: LegacyFunctions) -> list[LegacyFunction]:
    return [functions.found[name] for name in INPUT_FUNCTIONS if name in functions.found]


@rule(ERROR, on=CALLED_FUNCTIONS, source=CONTAINER)
def training_dir_without_channel(read: ReadFunctions, context: JobContext) -> Iterator[Finding]:
    """training_dir is the folder of the channel that is called training; without that channel it is None.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100
        channels: {train: s3://bucket/train}

    Good:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100
        channels: {training: s3://bucket/train}

    Script:
        import os

        def model_fn(features, labels, mode, hyperparameters):
            raise NotImplementedError

        def train_input_fn(training_dir, hyperparameters):
            return os.path.join(training_dir, "train.csv")

        def eval_input_fn(training_dir, hyperparameters):
            return os.path.join(training_dir, "eval.csv")

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    script, functions = read.script, read.functions
    if "training" in context.job.channels:
        return
    for function in _input_functions(functions):
        used = function.uses & {"training_dir", "dir"}
        if used:
            channels = ", ".join(context.job.channels)
            yield Finding(
                ("channels",),
                f"{sorted(used)[0]} would be None: it is the channel 'training', and the manifest has "
                + (f"{channels} only" if channels else "no channels"),
                "name the channel training, or let the function take input_channels",
                at_key=True,
                related=script.place(function.piece),
            )


@rule(ERROR, on=CALLED_FUNCTIONS, source=CONTAINER)
def channel_needed_by_function(read: ReadFunctions, context: JobContext) -> Iterator[Finding]:
    """What an input function looks up among the channels must be one of them.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100
        channels: {training: s3://bucket/train}

    Good:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100
        channels: {training: s3://bucket/train, evaluation: s3://bucket/evaluation}

    Script:
        def model_fn(features, labels, mode, hyperparameters):
            raise NotImplementedError

        def train_input_fn(input_channels, hyperparameters):
            return input_channels["training"]

        def eval_input_fn(input_channels, hyperparameters):
            return input_channels["evaluation"]

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    script, functions = read.script, read.functions
    for function in _input_functions(functions):
        for (position, key), piece in (function.keys or {}).items():
            if (function.parameters or ())[position] in (
                "input_channels",
                "channels",
            ) and key not in context.job.channels:
                close = near(key, context.job.channels)
                yield Finding(
                    ("channels",),
                    f"{function.name} needs the channel '{key}', which the manifest does not have",
                    f"did you mean '{close}'? Or add {key} to channels" if close else f"add {key} to channels",
                    at_key=True,
                    related=script.place(piece),
                )


@rule(ERROR, on=CALLED_FUNCTIONS, source=LEGACY_DOC + " (Creating a model_fn)")
def hyperparameter_needed_by_function(read: ReadFunctions, context: JobContext) -> Iterator[Finding]:
    """What a function looks up among the hyperparameters must be among those of the manifest.

    Bad:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100
        hyperparameters: {learning-rate: 0.1}

    Good:
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100
        hyperparameters: {learning_rate: 0.1}

    Script:
        def keras_model_fn(hyperparameters):
            return hyperparameters["learning_rate"]

        def train_input_fn(hyperparameters):
            raise NotImplementedError

        def eval_input_fn(hyperparameters):
            raise NotImplementedError

        def serving_input_fn(hyperparameters):
            raise NotImplementedError
    """
    script, functions = read.script, read.functions
    for name, function in functions.found.items():
        if len([model for model in MODEL_FUNCTIONS if model in functions.found]) > 1:
            return
        for (position, key), piece in (function.keys or {}).items():
            parameter = (function.parameters or ())[position]
            if name in INPUT_FUNCTIONS:
                wanted = parameter in ("hyperparameters", "params")
            else:
                wanted = position == _HYPERPARAMETERS_AT[name]
            if not wanted or key in context.hyperparameters or key in _ADDED or key.startswith("sagemaker_"):
                continue
            close = near(key, context.hyperparameters)
            yield Finding(
                ("hyperparameters",),
                f"{name} needs the hyperparameter '{key}', which the manifest does not have",
                f"did you mean {close}?" if close else f"add {key} to hyperparameters",
                at_key=True,
                related=script.place(piece),
            )
