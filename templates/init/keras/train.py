"""Tells two half moons apart with a small Keras network; put your model and your data in their place."""

import argparse
import os
from pathlib import Path

import keras
import numpy as np


def main():
    args = arguments()
    keras.utils.set_random_seed(args.seed)
    x, labels = load(args.train)
    model = keras.Sequential(
        [
            keras.Input(shape=(x.shape[1],)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(args.learning_rate), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, labels, args.batch_size, args.epochs, validation_split=0.2, verbose=2)
    model.export(os.path.join(args.sm_model_dir, "1"), verbose=False)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    # Every hyperparameter of the manifest comes as --name value.
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=1)
    # Every channel of the manifest is a folder, named by SM_CHANNEL_<NAME>.
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    # What lies in SM_MODEL_DIR at the end is kept.
    parser.add_argument("--sm-model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


def load(folder):
    """Every CSV file of the channel: the last column is the label (0 or 1)."""
    files = sorted(Path(folder).glob("*.csv"))
    rows = np.concatenate([np.loadtxt(file, delimiter=",", skiprows=1, ndmin=2) for file in files])
    return rows[:, :-1], rows[:, -1]


if __name__ == "__main__":
    main()
