import argparse
import os

import tensorflow as tf
from sagemaker_tensorflow import PipeModeDataset

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--pipe", type=int, default=0)
    args = parser.parse_args()
    if args.pipe:
        data = PipeModeDataset(channel="train", record_format="TFRecord")
    else:
        data = tf.data.TFRecordDataset(tf.io.gfile.glob(os.environ["SM_CHANNEL_TRAIN"] + "/*"))
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(data.batch(32), epochs=args.epochs)
    model.save(os.path.join(os.environ["SM_MODEL_DIR"], "1"))
