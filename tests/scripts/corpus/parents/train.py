import argparse
import os

import keras

common = argparse.ArgumentParser(add_help=False)
common.add_argument("--epochs", type=int, default=1)
common.add_argument("--out", default=os.environ.get("SM_MODEL_DIR", "/tmp/model"))


def build():
    parser = argparse.ArgumentParser(parents=[common], allow_abbrev=False)
    parser.add_argument("--rate", type=float, default=0.1)
    return parser


if __name__ == "__main__":
    args = build().parse_args()
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(args.rate), "mse")
    model.fit([[0.0]], [[1.0]], epochs=args.epochs)
    model.save(os.path.join(args.out, "model.keras"))
