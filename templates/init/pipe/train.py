"""Trains a small classifier on TFRecords as they stream in; put your records and your model in their place.

Each record holds `data` (sixteen 32-bit floats, as bytes) and `label` (0 or 1).
"""

import argparse
import os

import tensorflow as tf
from sagemaker_tensorflow import PipeModeDataset

VALUES = 16
RECORD = {
    "data": tf.io.FixedLenFeature([], tf.string),
    "label": tf.io.FixedLenFeature([], tf.int64),
}


def main():
    args = arguments()
    tf.keras.utils.set_random_seed(args.seed)
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Dense(16, activation="relu", input_shape=(VALUES,)),
            tf.keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(tf.keras.optimizers.Adam(args.learning_rate), "binary_crossentropy", metrics=["accuracy"])
    model.fit(records(args.batch_size), epochs=args.epochs, verbose=2)
    tf.saved_model.save(model, os.path.join(args.sm_model_dir, "1"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    # Every hyperparameter of the manifest comes as --name value.
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=1)
    # What lies in SM_MODEL_DIR at the end is kept.
    parser.add_argument("--sm-model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


def records(batch_size):
    # A pipe is read once, from front to back; each epoch opens the next one, and SageMaker streams the data again.
    stream = PipeModeDataset(channel="training", record_format="TFRecord")
    return stream.map(parse, num_parallel_calls=4).shuffle(1000).batch(batch_size).prefetch(4)


def parse(record):
    example = tf.io.parse_single_example(record, RECORD)
    return tf.reshape(tf.io.decode_raw(example["data"], tf.float32), [VALUES]), example["label"]


if __name__ == "__main__":
    main()
