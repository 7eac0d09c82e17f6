"""Arguments in one function, training in another."""
import argparse
import logging
import os
import sys

import keras

OPTIMIZERS = ["adam", "sgd", "rmsprop"]
log = logging.getLogger(__name__)


def parse_args(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", "-e", type=int, required=True)
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="sgd")
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--model_dir", "--model-dir")
    parser.add_argument("--data", default=os.environ.get("SM_CHANNEL_TRAINING", "data"))
    return parser.parse_args(argv)


def train(args):
    model = keras.Sequential([keras.layers.Dropout(args.dropout), keras.layers.Dense(1)])
    model.compile(args.optimizer, "mse")
    data = keras.utils.image_dataset_from_directory(args.data)
    history = model.fit(data, epochs=args.epochs, verbose=2)
    log.info("loss %s", history.history["loss"][-1])
    return model


def main():
    args = parse_args()
    model = train(args)
    model.export(os.path.join(os.environ["SM_MODEL_DIR"], "1"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
