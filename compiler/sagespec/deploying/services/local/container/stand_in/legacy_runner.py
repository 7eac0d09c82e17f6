"""Runs a legacy-mode script: calls its functions as AWS's containers for TensorFlow 1.4 to 1.12 did.

A program for the script's Python, 2.7 included: `python legacy_runner.py`, told by the same folder and variables as a
script. With TensorFlow 2 (up to 2.15) it stands in for 1.x, and says so.
Source: https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0 (tf_container); SDK 1.16's documentation
"""

from __future__ import print_function

import importlib
import inspect
import json
import os
import shutil
import sys

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
    "eval_delay_secs",
    "continuous_eval_throttle_secs",
    "min_eval_frequency",
    "delay_workers_by_global_step",
    "train_steps_per_iteration",
)
AS_EVAL_SPEC = {"eval_delay_secs": "start_delay_secs", "continuous_eval_throttle_secs": "throttle_secs"}


def say(text):
    print("sagespec: " + text, file=sys.stderr)
    sys.stderr.flush()


def read(name):
    with open(os.path.join(BASE, "input", "config", name)) as file:
        return json.load(file)


def decoded(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def tensorflow():
    """TensorFlow 1.x itself, or what is left of it in 2.x under the same name; and whether it is the real one."""
    import tensorflow as found

    if found.__version__.startswith("1."):
        return found, True
    from importlib.abc import Loader, MetaPathFinder
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    if any(name.endswith("_0") for name in os.listdir(os.path.join(BASE, "input", "data"))):
        import sagemaker_tensorflow  # noqa: F401 - before version 2's behaviour is gone
    old = found.compat.v1
    old.disable_v2_behavior()
    say(
        "TensorFlow %s stands in for %s (tf.compat.v1, Python %d.%d): what both have in common runs as it would there"
        % (found.__version__, os.environ["LEGACY_VERSION"], sys.version_info[0], sys.version_info[1])
    )
    import numpy

    for name, kind in (("int", int), ("float", float), ("bool", bool), ("object", object)):
        if name not in vars(numpy):
            setattr(numpy, name, kind)

    class Moved(MetaPathFinder, Loader):
        """tensorflow.python.estimator … is tensorflow_estimator.python.estimator … now."""

        def find_spec(self, name, path=None, target=None):
            known = name.startswith("tensorflow.python.estimator")
            return ModuleSpec(name, self, is_package=True) if known else None

        def create_module(self, spec):
            return importlib.import_module(spec.name.replace("tensorflow.", "tensorflow_estimator.", 1))

        def exec_module(self, module):
            pass

    sys.meta_path.insert(0, Moved())
    contrib = ModuleType("tensorflow.contrib")
    contrib.__path__ = []
    contrib.learn = ModuleType("tensorflow.contrib.learn")
    contrib.learn.__path__ = []
    datasets = ModuleType("tensorflow.contrib.learn.datasets")
    datasets.base = _csv_of(numpy)
    contrib.learn.datasets = datasets
    contrib.layers = ModuleType("tensorflow.contrib.layers")
    old.contrib = contrib
    for module in (contrib, contrib.learn, datasets, contrib.layers):
        sys.modules[module.__name__] = module
    for name, module in list(sys.modules.items()):
        if name.startswith("tensorflow._api.v2.compat.v1.") and module is not None:
            sys.modules.setdefault("tensorflow." + name[len("tensorflow._api.v2.compat.v1.") :], module)
    sys.modules["tensorflow"] = old
    if not hasattr(old, "__path__"):
        old.__path__ = found.__path__
    old.python = importlib.import_module("tensorflow.python")
    return old, False


def _csv_of(numpy):
    """contrib.learn.datasets.base, as far as AWS's examples use it."""
    import collections
    import csv
    from types import ModuleType

    base = ModuleType("tensorflow.contrib.learn.datasets.base")
    base.Dataset = collections.namedtuple("Dataset", ["data", "target"])

    def load(filename, target_dtype, features_dtype, target_column=-1, header=False):
        with open(filename) as file:
            rows = list(csv.reader(file))[1 if header else 0 :]
        target = numpy.array([row.pop(target_column) for row in rows], dtype=target_dtype)
        return base.Dataset(data=numpy.array(rows, dtype=features_dtype), target=target)

    base.load_csv_with_header = lambda filename, target_dtype, features_dtype, target_column=-1: load(
        filename, target_dtype, features_dtype, target_column, True
    )
    base.load_csv_without_header = load
    return base


class Job(object):
    """What the container is told."""

    def __init__(self):
        given = {key: decoded(text) for key, text in read("hyperparameters.json").items()}
        self.own = {key: value for key, value in given.items() if key.startswith("sagemaker_")}
        self.params = {key: value for key, value in given.items() if key not in self.own}
        self.steps, self.eval_steps = given.get("training_steps", 1000), given.get("evaluation_steps", 100)
        data = os.path.join(BASE, "input", "data")
        self.channels = {name: os.path.join(data, name) for name in read("inputdataconfig.json")}
        self.training_dir = self.channels.get("training")
        resources = read("resourceconfig.json")
        self.host, self.hosts = resources["current_host"], sorted(resources["hosts"])
        self.model = os.path.join(BASE, "model")
        self.checkpoints = os.environ.get("LEGACY_CHECKPOINTS") or self.model
        self.is_master = self.host == self.hosts[0]

    def arguments(self, function):
        """By name: each function takes those that it names."""
        inspected = getattr(inspect, "getfullargspec", None) or inspect.getargspec
        spec = inspected(function)
        names = spec.args
        values = {
            "training_dir": self.training_dir,
            "dir": self.training_dir,
            "hyperparameters": self.params,
            "params": self.params,
            "input_channels": self.channels,
            "channels": self.channels,
        }
        wrong = [name for name in names[: len(names) - len(spec.defaults or ())] if name not in values]
        if wrong:
            raise ValueError("%s has a parameter that the container does not know: %s" % (function.__name__, wrong[0]))
        return {name: values[name] for name in names if name in values}

    def chosen(self, keys):
        return {key: self.params[key] for key in keys if key in self.params}


def run_config(tf, job):
    chosen = job.chosen(RUN_CONFIG)
    if "save_checkpoints_steps" not in chosen:
        chosen.setdefault("save_checkpoints_secs", 300)
    return tf.estimator.RunConfig(model_dir=job.checkpoints, **chosen)


def estimator_of(tf, script, job):
    config = run_config(tf, job)
    if hasattr(script, "estimator_fn"):
        say("calling estimator_fn")
        return script.estimator_fn(config, job.params)
    if hasattr(script, "keras_model_fn"):
        say("calling keras_model_fn")
        return tf.keras.estimator.model_to_estimator(keras_model=script.keras_model_fn(job.params), config=config)
    say("calling model_fn")

    def model_fn(features, labels, mode, params):
        return script.model_fn(features, labels, mode, params)

    return tf.estimator.Estimator(model_fn=model_fn, params=job.params, config=config)


def input_of(function, job):
    def call():
        made = function(**job.arguments(function))
        # Up to 1.5 an input function may give a function instead of tensors.
        return made() if callable(made) and not hasattr(made, "make_one_shot_iterator") else made

    return call


def train(tf, real, script, job):
    estimator = estimator_of(tf, script, job)
    train_input = input_of(script.train_input_fn, job)
    eval_input = input_of(script.eval_input_fn, job)
    serving = input_of(script.serving_input_fn, job) if hasattr(script, "serving_input_fn") else None
    if serving is None:
        say("there is no serving_input_fn: the model is not exported, and cannot be deployed")
    exporters = [tf.estimator.LatestExporter("Servo", serving)] if serving is not None else None
    settings = job.chosen(EVAL_SPEC)
    for key in [key for key in EXPERIMENT if key in job.params]:
        if key in AS_EVAL_SPEC:
            settings[AS_EVAL_SPEC[key]] = job.params[key]
        else:
            say("%s is not honoured here: TensorFlow's Experiment, which reads it, is of 1.4 and 1.5" % key)
    tf.estimator.train_and_evaluate(
        estimator,
        tf.estimator.TrainSpec(train_input, max_steps=job.steps),
        tf.estimator.EvalSpec(eval_input, steps=job.eval_steps, exporters=exporters, **settings),
    )


def keep(job):
    """The master leaves the checkpoints and the export as the model."""
    if job.is_master and job.checkpoints != job.model and os.path.isdir(job.checkpoints):
        for name in os.listdir(job.checkpoints):
            source, target = os.path.join(job.checkpoints, name), os.path.join(job.model, name)
            if os.path.isdir(source):
                if os.path.isdir(target):
                    shutil.rmtree(target)
                shutil.copytree(source, target)
            else:
                shutil.copy2(source, target)


def main():
    job = Job()
    tf, real = tensorflow()
    tf.logging.set_verbosity(tf.logging.INFO)
    sys.path.insert(0, os.path.join(BASE, "code"))
    name = os.path.basename(job.own["sagemaker_program"])
    script = importlib.import_module(name[:-3] if name.endswith(".py") else name)
    train(tf, real, script, job)
    keep(job)


if __name__ == "__main__":
    main()
