import argparse
import os

import keras


def add_model_options(parser):
    group = parser.add_argument_group("model")
    group.add_argument("--hidden", type=int, default=32)
    group.add_argument("--activation", default="relu", choices=("relu", "tanh"))


def add_training_options(parser):
    group = parser.add_argument_group("training")
    group.add_argument("--epochs", type=int, default=1)
    either = group.add_mutually_exclusive_group()
    either.add_argument("--seed", type=int)
    either.add_argument("--no-seed", action="store_true")


def main():
    parser = argparse.ArgumentParser()
    add_model_options(parser)
    add_training_options(parser)
    args = parser.parse_args()
    if args.seed is not None:
        keras.utils.set_random_seed(args.seed)
    model = keras.Sequential([keras.layers.Dense(args.hidden, args.activation), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    data = keras.utils.text_dataset_from_directory(os.environ["SM_CHANNEL_TRAIN"])
    model.fit(data, epochs=args.epochs)
    model.save(os.path.join(os.environ["SM_MODEL_DIR"], "model.keras"))


if __name__ == "__main__":
    main()
