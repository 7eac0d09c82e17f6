"""Runs AWS's own `train` on /opt/ml, as an image does: `python train.py TOOLKIT`, the folder that holds the packages.

The framework's module is the real one; TensorFlow itself, which that imports to start parameter servers, is played.
"""

import collections.abc
import sys
import types

collections.Mapping = collections.abc.Mapping  # old toolkits know Python 3.9
sys.path.insert(1, sys.argv.pop(1))

tensorflow = types.ModuleType("tensorflow")
tensorflow.train = types.SimpleNamespace(ClusterSpec=dict)
tensorflow.compat = types.SimpleNamespace(v1=types.SimpleNamespace(ConfigProto=lambda **_: None))


class Server:
    def __init__(self, cluster, job_name, task_index, config):
        cluster[job_name][task_index]

    def join(self):
        pass


tensorflow.distribute = types.SimpleNamespace(Server=Server)
sys.modules["tensorflow"] = tensorflow

from sagemaker_training import trainer  # noqa: E402

trainer.train()
