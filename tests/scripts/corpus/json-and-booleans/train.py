import argparse
import json
import os

import keras


def yes(text):
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text} is neither true nor false")
    return text.lower() == "true"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=json.loads, default=[16])
    parser.add_argument("--augment", type=bool, default=False)
    parser.add_argument("--shuffle", type=yes, default=True)
    parser.add_argument("--note", default="")
    args = parser.parse_args()
    layers = [keras.layers.Dense(width, "relu") for width in args.layers]
    if args.augment:
        layers.insert(0, keras.layers.RandomFlip())
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    data = keras.utils.image_dataset_from_directory(os.environ["SM_CHANNEL_TRAIN"], shuffle=args.shuffle)
    model.fit(data, epochs=2)
    model.save(os.path.join(os.environ["SM_MODEL_DIR"], f"{args.note or 'model'}.keras"))


if __name__ == "__main__":
    main()
