import argparse
import os

import numpy as np
import tensorflow as tf


def load(folder, name):
    with np.load(os.path.join(folder, name)) as arrays:
        return arrays["x"], arrays["y"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--train", type=str, default=os.environ["SM_CHANNEL_TRAIN"])
    parser.add_argument("--test", type=str, default=os.environ["SM_CHANNEL_TEST"])
    args = parser.parse_args()

    model = tf.keras.Sequential([tf.keras.layers.Dense(10, activation="softmax")])
    model.compile(tf.keras.optimizers.Adam(args.learning_rate), "sparse_categorical_crossentropy")
    x, y = load(args.train, "train.npz")
    model.fit(x, y, epochs=args.epochs, batch_size=args.batch_size)
    model.evaluate(*load(args.test, "test.npz"))
    model.export(os.path.join(os.environ["SM_MODEL_DIR"], "1"))
