"""TensorFlow 1.x as scripts of legacy mode import it: itself, or what TensorFlow 2 has left of it under the same name.

A module for the script's Python, 2.7 included, of the programs beside it.
"""

from __future__ import print_function

import importlib
import os
import sys


def log_line(text):
    print("sagespec: " + text, file=sys.stderr)
    sys.stderr.flush()


def tensorflow(pipes=False):
    """TensorFlow 1.x itself, or what is left of it in 2.x under the same name; and whether it is the real one.

    `pipes`: whether channels stream.
    """
    import tensorflow as found

    if found.__version__.startswith("1."):
        return found, True
    from importlib.abc import Loader, MetaPathFinder
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    if pipes:
        import sagemaker_tensorflow  # noqa: F401 - before version 2's behaviour is gone
    old = found.compat.v1
    old.disable_v2_behavior()
    log_line(
        "TensorFlow %s stands in for %s (tf.compat.v1, Python %d.%d): what both have in common runs as it would there"
        % (found.__version__, os.environ["LEGACY_VERSION"], sys.version_info[0], sys.version_info[1])
    )
    import numpy

    for name, kind in (("int", int), ("float", float), ("bool", bool), ("object", object)):
        if name not in vars(numpy):
            setattr(numpy, name, kind)

    class Moved(MetaPathFinder, Loader):
        """tensorflow.python.estimator.* is tensorflow_estimator.python.estimator.* now."""

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
