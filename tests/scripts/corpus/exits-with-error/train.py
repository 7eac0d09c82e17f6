"""Writes why it failed where SageMaker looks for it."""
import argparse
import os
import sys
import traceback

import keras


def train():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--kind", default="deep", choices=["linear", "deep"])
    args = parser.parse_args()
    layers = [keras.layers.Dense(1)] if args.kind == "linear" else [keras.layers.Dense(9), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile("sgd", "mse")
    held_out = keras.utils.image_dataset_from_directory(os.environ["SM_CHANNEL_VALIDATION"])
    model.fit(
        keras.utils.image_dataset_from_directory(os.environ["SM_CHANNEL_TRAIN"]),
        validation_data=held_out,
        epochs=args.epochs,
    )
    model.save(os.path.join(os.environ["SM_MODEL_DIR"], "model.keras"))


if __name__ == "__main__":
    try:
        train()
    except Exception as error:
        with open("/opt/ml/output/failure", "w") as file:
            file.write(f"{error}\n{traceback.format_exc()}")
        sys.exit(255)
