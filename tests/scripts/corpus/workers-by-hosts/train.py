import argparse
import json
import os

import tensorflow as tf

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--hosts", type=json.loads, default=os.environ["SM_HOSTS"])
    parser.add_argument("--current-host", default=os.environ["SM_CURRENT_HOST"])
    args = parser.parse_args()
    workers = ["{}:12345".format(host) for host in args.hosts]
    task = {"type": "worker", "index": args.hosts.index(args.current_host)}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": workers}, "task": task})
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        model.compile("adam", "mse")
    files = tf.io.gfile.glob(os.environ["SM_CHANNEL_TRAIN"] + "/*")
    model.fit(tf.data.TFRecordDataset(files).batch(32), epochs=args.epochs)
    model.save(os.environ["SM_MODEL_DIR"])
