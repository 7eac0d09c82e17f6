# encoding: latin-1
import os
import tensorflow as tf

MODE = 0644


def model_fn(features, labels, mode, params):
    print 'called with', mode, params
    hidden = tf.layers.dense(features['x'], params['hidden'])
    try:
        loss = tf.losses.mean_squared_error(labels, hidden)
    except (ValueError, TypeError), error:
        raise RuntimeError, 'no loss: %s' % error
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=tf.no_op())


def pairs(items):
    return sorted(items, key=lambda (name, value): -value)


def train_input_fn(training_dir, params):
    if os.path.exists(training_dir) and params['hidden'] <> 0:
        os.chmod(training_dir, MODE)
    return {'x': tf.zeros([10L, 3])}, tf.zeros([10])


def eval_input_fn(training_dir, params):
    exec 'import numpy' in {}
    return {'x': tf.zeros([10, 3])}, tf.zeros([10])


def serving_input_fn(params):
    x = tf.placeholder(tf.float32, [None, 3])
    return tf.estimator.export.ServingInputReceiver({ur'x': x}, {'x': x})
