import argparse

import keras

TRAIN = "/opt/ml/input/data/train"
TEST = "/opt/ml/input/data/test/"
MODEL = "/opt/ml/model"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args()
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(keras.utils.image_dataset_from_directory(TRAIN), epochs=args.epochs)
    model.evaluate(keras.utils.image_dataset_from_directory(TEST))
    model.save(MODEL + "/model.keras")


if __name__ == "__main__":
    main()
