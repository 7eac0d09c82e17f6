import argparse
import os

import tensorflow as tf
from sagemaker_tensorflow import PipeModeDataset


def stream(channel):
    return PipeModeDataset(channel=channel, record_format="TFRecord").batch(32)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args()
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(stream("train"), epochs=args.epochs)
    model.evaluate(stream("test"))
    model.save(os.path.join(os.environ["SM_MODEL_DIR"], "1"))


if __name__ == "__main__":
    main()
