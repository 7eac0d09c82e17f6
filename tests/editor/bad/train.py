"""The entry point of these manifests: it suits both modes, and takes every hyperparameter and every channel."""

import os
from pathlib import Path


def model_fn(features, labels, mode, hyperparameters):
    raise NotImplementedError


def train_input_fn(input_channels, hyperparameters):
    raise NotImplementedError


def eval_input_fn(input_channels, hyperparameters):
    raise NotImplementedError


def serving_input_fn(hyperparameters):
    raise NotImplementedError


if __name__ == "__main__":
    print(os.environ["SM_HPS"], os.environ["SM_CHANNELS"])
    Path(os.environ["SM_MODEL_DIR"]).mkdir(parents=True, exist_ok=True)
