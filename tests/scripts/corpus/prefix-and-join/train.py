import argparse
import os

import keras

prefix = "/opt/ml/"
input_path = prefix + "input/data"
model_path = os.path.join(prefix, "model")
training_path = os.path.join(input_path, "training")

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args()
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(keras.utils.image_dataset_from_directory(training_path), epochs=args.epochs)
    model.save(os.path.join(model_path, "model.keras"))
