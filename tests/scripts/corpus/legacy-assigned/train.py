import functools
import os
import tensorflow as tf


def network(features, labels, mode, params, width=8):
    loss = tf.losses.mean_squared_error(labels, tf.layers.dense(features['x'], width))
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=tf.no_op())


def read(training_dir, params):
    return tf.data.TFRecordDataset(os.path.join(training_dir, 'data')).batch(8).make_one_shot_iterator().get_next()


def serve(params):
    x = tf.placeholder(tf.float32, [None, 16])
    return tf.estimator.export.ServingInputReceiver({'x': x}, {'x': x})


model_fn = functools.partial(network, width=16)
train_input_fn = read
eval_input_fn = read
serving_input_fn = serve
