import os

import tensorflow as tf


def model_fn(features, labels, mode, hyperparameters):
    hidden = tf.layers.dense(features['x'], 10, activation=tf.nn.relu)
    output = tf.squeeze(tf.layers.dense(hidden, 1), axis=1)
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions={'ages': output})
    loss = tf.losses.mean_squared_error(labels, output)
    optimizer = tf.train.GradientDescentOptimizer(hyperparameters['learning_rate'])
    train_op = optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
    return tf.estimator.EstimatorSpec(mode=mode, loss=loss, train_op=train_op)


def train_input_fn(training_dir, hyperparameters):
    return _input_fn(training_dir, 'train.csv')


def eval_input_fn(training_dir, hyperparameters):
    return _input_fn(training_dir, 'eval.csv')


def serving_input_fn(hyperparameters):
    tensor = tf.placeholder(tf.float32, shape=[1, 7])
    return tf.estimator.export.build_raw_serving_input_receiver_fn({'x': tensor})()


def _input_fn(folder, name):
    rows = tf.data.TextLineDataset(os.path.join(folder, name)).batch(128)
    return rows.make_one_shot_iterator().get_next()
