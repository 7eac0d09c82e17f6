# -*- coding: utf-8 -*-
import argparse
import os

import tensorflow as tf


def report(history):
    for name, values in history.iteritems():
        print "%s: %r" % (name, values[-1])


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--epochs', type=int, default=1)
    parser.add_argument('--optimizer', choices=['adam', 'sgd'], default='sgd')
    parser.add_argument('--model_dir', type=str)
    args = parser.parse_args()
    try:
        files = tf.gfile.Glob(os.environ['SM_CHANNEL_TRAIN'] + '/*')
    except OSError, error:
        print >>sys.stderr, error
        raise
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile(args.optimizer, 'mse')
    report(model.fit(tf.data.TFRecordDataset(files).batch(32), epochs=args.epochs, steps_per_epoch=10).history)
    tf.contrib.saved_model.save_keras_model(model, os.environ['SM_MODEL_DIR'])
