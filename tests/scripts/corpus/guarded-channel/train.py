import argparse
import os
from os import environ, getenv

import keras


def evaluate(model):
    model.evaluate(keras.utils.image_dataset_from_directory(environ["SM_CHANNEL_TEST"]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args()
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(keras.utils.image_dataset_from_directory(getenv("SM_CHANNEL_TRAIN")), epochs=args.epochs)
    if "SM_CHANNEL_TEST" in environ:
        evaluate(model)
    model.save(os.path.join(environ["SM_MODEL_DIR"], "model.keras"))
