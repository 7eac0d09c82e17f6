import argparse
import os

import horovod.tensorflow.keras as hvd
import tensorflow as tf

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--model_dir", type=str)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    args, _ = parser.parse_known_args()
    hvd.init()
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile(hvd.DistributedOptimizer(tf.keras.optimizers.Adam()), "mse")
    data = tf.data.TFRecordDataset(tf.io.gfile.glob(args.train + "/*")).shard(hvd.size(), hvd.rank())
    model.fit(data.batch(args.batch_size), epochs=args.epochs, verbose=hvd.rank() == 0)
    if hvd.rank() == 0:
        model.save(os.path.join(os.environ["SM_MODEL_DIR"], "1"))
