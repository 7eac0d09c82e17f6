"""Runs a legacy-mode script: calls its functions as AWS's containers for TensorFlow 1.4 to 1.12 did.

A program for the script's Python, 2.7 included: `python legacy_runner.py`, configured by the same folder and variables
as a script. With TensorFlow 2 (up to 2.15) it stands in for 1.x, and says so.
Source: https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0/src/tf_container (trainer.py,
experiment_trainer.py, train_entry_point.py, serve.py)
"""

from __future__ import print_function

import importlib
import inspect
import json
import os
import shutil
import sys

from legacy_tensorflow import log_line, tensorflow

BASE = os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")
RUN_CONFIG = (
    "save_summary_steps",
    "save_checkpoints_secs",
    "save_checkpoints_steps",
    "keep_checkpoint_max",
    "keep_checkpoint_every_n_hours",
    "log_step_count_steps",
)
EVAL_SPEC = ("start_delay_secs", "throttle_secs")
EXPERIMENT = (
    "eval_metrics",
    "train_monitors",
    "eval_hooks",
    "local_eval_frequency",
    "eval_delay_secs",
    "continuous_eval_throttle_secs",
    "min_eval_frequency",
    "delay_workers_by_global_step",
    "train_steps_per_iteration",
)
AS_EVAL_SPEC = {"eval_delay_secs": "start_delay_secs", "continuous_eval_throttle_secs": "throttle_secs"}


def read(name):
    with open(os.path.join(BASE, "input", "config", name)) as file:
        return json.load(file)


def decoded(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


class Job(object):
    """What the container is given."""

    def __init__(self):
        self.params = {key: decoded(text) for key, text in read("hyperparameters.json").items()}
        self.params.setdefault("save_checkpoints_secs", 300)
        self.program = self.params["sagemaker_program"]
        self.steps, self.eval_steps = self.params.get("training_steps", 1000), self.params.get("evaluation_steps", 100)
        data = os.path.join(BASE, "input", "data")
        self.channels = {name: os.path.join(data, name) for name in read("inputdataconfig.json")}
        resources = read("resourceconfig.json")
        self.is_master = resources["current_host"] == sorted(resources["hosts"])[0]
        self.model = os.path.join(BASE, "model")
        self.checkpoints = os.environ.get("LEGACY_CHECKPOINTS") or self.model
        numbers = os.environ["LEGACY_VERSION"].split(".")
        self.is_early = numbers[:1] == ["1"] and numbers[1] in ("4", "5")
        """Whether the container trains with an Experiment."""

    def arguments(self, function):
        """By name; a name that the container does not know is given nothing."""
        inspected = getattr(inspect, "getfullargspec", None) or inspect.getargspec
        values = {
            ("training_dir", "dir"): self.channels.get("training"),
            ("hyperparameters", "params"): self.params,
            ("input_channels", "channels"): self.channels,
        }
        known = {name: value for names, value in values.items() for name in names}
        return {name: known.get(name) for name in inspected(function).args}

    def chosen(self, keys):
        return {key: self.params[key] for key in keys if key in self.params}


def estimator_of(tf, script, params, config):
    if hasattr(script, "estimator_fn"):
        log_line("calling estimator_fn")
        return script.estimator_fn(config, params)
    if hasattr(script, "keras_model_fn"):
        log_line("calling keras_model_fn")
        return tf.keras.estimator.model_to_estimator(keras_model=script.keras_model_fn(params), config=config)
    log_line("calling model_fn")

    def model_fn(features, labels, mode, params):
        return script.model_fn(features, labels, mode, params)

    return tf.estimator.Estimator(model_fn=model_fn, params=params, config=config)


class Functions(object):
    """The script's functions, as TensorFlow calls them: without arguments."""

    def __init__(self, script, job):
        def called(made):
            """Up to 1.5 they may give a function instead of tensors."""
            return made() if job.is_early and callable(made) else made

        self.train = lambda: called(script.train_input_fn(**job.arguments(script.train_input_fn)))
        self.evaluate = lambda: called(script.eval_input_fn(**job.arguments(script.eval_input_fn)))
        self.serve = lambda: called(script.serving_input_fn(job.params))


def train(tf, script, job, exports):
    """As from 1.6 on."""
    functions = Functions(script, job)
    config = tf.estimator.RunConfig(model_dir=job.checkpoints, **job.chosen(RUN_CONFIG))
    settings = job.chosen(EVAL_SPEC)
    if job.is_early:
        settings = {AS_EVAL_SPEC[key]: job.params[key] for key in AS_EVAL_SPEC if key in job.params}
        for key in job.chosen(EXPERIMENT):
            if key not in AS_EVAL_SPEC:
                log_line("%s is not honoured here: TensorFlow's Experiment, which reads it, is gone" % key)
    settings["exporters"] = tf.estimator.LatestExporter("Servo", functions.serve) if exports else None
    tf.estimator.train_and_evaluate(
        estimator_of(tf, script, job.params, config),
        tf.estimator.TrainSpec(functions.train, max_steps=job.steps),
        tf.estimator.EvalSpec(functions.evaluate, steps=job.eval_steps, **settings),
    )


def experiment(tf, script, job, exports):
    """As with 1.4 and 1.5, by the TensorFlow that still has what it takes."""
    from tensorflow.contrib.learn import Experiment, RunConfig
    from tensorflow.contrib.learn.python.learn import learn_runner
    from tensorflow.contrib.learn.python.learn.utils.saved_model_export_utils import make_export_strategy
    from tensorflow.contrib.training import HParams

    functions = Functions(script, job)
    job.params.setdefault("min_eval_frequency", 1000)

    def made(run_config, hparams):
        estimator = estimator_of(tf, script, hparams.values(), run_config)
        settings = dict(job.chosen(EXPERIMENT), train_steps=job.steps, eval_steps=job.eval_steps)
        if exports:
            strategy = make_export_strategy(functions.serve, default_output_alternative_key=None, exports_to_keep=1)
            settings["export_strategies"] = [strategy]
        return Experiment(estimator, functions.train, functions.evaluate, **settings)

    config = RunConfig(model_dir=job.checkpoints, **job.chosen(RUN_CONFIG))
    learn_runner.run(made, run_config=config, hparams=HParams(**job.params))


def keep(job):
    """The master leaves what is to be served as the model; checkpoints stay where they are."""
    source, target = (os.path.join(folder, "export", "Servo") for folder in (job.checkpoints, job.model))
    if job.is_master and source != target and os.path.isdir(source):
        shutil.copytree(source, target)


def main():
    # Not this program's own folder: what lies there stands in for packages that may be installed.
    sys.path[0] = os.path.join(BASE, "code")
    job = Job()
    tf, real = tensorflow(any(name.endswith("_0") for name in os.listdir(os.path.join(BASE, "input", "data"))))
    tf.logging.set_verbosity(tf.logging.INFO)
    script = importlib.import_module(job.program[:-3] if job.program.endswith(".py") else job.program)
    exports = hasattr(script, "serving_input_fn")
    if not exports:
        log_line("there is no serving_input_fn: the model is not exported, and cannot be deployed")
    (experiment if real and job.is_early else train)(tf, script, job, exports)
    if exports:
        keep(job)


if __name__ == "__main__":
    main()
