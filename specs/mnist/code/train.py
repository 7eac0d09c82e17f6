"""Learns to read handwritten digits: a small convolutional network on MNIST's gzipped IDX files (TensorFlow 2.3)."""

import argparse
import gzip
import os
import struct

import numpy as np
import tensorflow as tf


def main():
    args = arguments()
    tf.random.set_seed(args.seed)

    x_train, y_train = load(args.training, "train")
    x_test, y_test = load(args.testing, "t10k")

    model = network()
    model.compile(
        optimizer=tf.keras.optimizers.Adam(args.learning_rate, beta_1=args.beta_1, beta_2=args.beta_2),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(x_train, y_train, epochs=args.epochs, batch_size=args.batch_size, verbose=2)

    loss, accuracy = model.evaluate(x_test, y_test, batch_size=args.batch_size, verbose=0)
    print("test_loss={:.4f} test_accuracy={:.4f}".format(loss, accuracy))
    tf.saved_model.save(model, os.path.join(args.sm_model_dir, "1"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--beta_1", type=float, default=0.9)
    parser.add_argument("--beta_2", type=float, default=0.999)
    parser.add_argument("--seed", type=int, default=1998)
    parser.add_argument("--training", default=os.environ.get("SM_CHANNEL_TRAINING"))
    parser.add_argument("--testing", default=os.environ.get("SM_CHANNEL_TESTING"))
    parser.add_argument("--sm-model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


def load(folder, part):
    """Images with values from 0 to 1 (count, 28, 28, 1), and their digits, of one part ("train" or "t10k")."""
    images = read_idx(os.path.join(folder, part + "-images-idx3-ubyte.gz"))
    labels = read_idx(os.path.join(folder, part + "-labels-idx1-ubyte.gz"))
    return images[..., np.newaxis].astype("float32") / 255, labels.astype("int64")


def read_idx(path):
    """An IDX file of bytes: two zeros, type 8, number of dimensions, each dimension in 32 bits, then the values."""
    with gzip.open(path, "rb") as file:
        zeros, kind, dimensions = struct.unpack(">HBB", file.read(4))
        if (zeros, kind) != (0, 8):
            raise ValueError("{} is not an IDX file of bytes".format(path))
        shape = struct.unpack(">{}I".format(dimensions), file.read(4 * dimensions))
        return np.frombuffer(file.read(), dtype=np.uint8).reshape(shape)


def network():
    return tf.keras.Sequential(
        [
            tf.keras.layers.Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1)),
            tf.keras.layers.MaxPooling2D(),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(64, activation="relu"),
            tf.keras.layers.Dense(10),
        ]
    )


if __name__ == "__main__":
    main()
