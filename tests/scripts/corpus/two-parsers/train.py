import argparse
import os

import keras

SIZES = {"small": 8, "large": 512}

if __name__ == "__main__":
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--config", choices=SIZES)
    chosen, rest = first.parse_known_args()
    second = argparse.ArgumentParser()
    second.add_argument("--epochs", type=int, default=1)
    args = second.parse_args(rest)
    model = keras.Sequential([keras.layers.Dense(SIZES[chosen.config]), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit([[0.0]], [[1.0]], epochs=args.epochs)
    model.save(os.environ["SM_MODEL_DIR"] + "/model.keras")
