"""Estimates the age of a shellfish from seven measurements (legacy mode: Python 2.7, TensorFlow 1.6 to 1.12).

The channel holds train.csv and eval.csv: seven numbers and the age in each row, no header.
"""

import os

import tensorflow as tf

INPUT = "inputs"
MEASUREMENTS = 7
BATCH = 128


def model_fn(features, labels, mode, hyperparameters):
    hidden = tf.layers.dense(features[INPUT], 32, activation=tf.nn.relu)
    hidden = tf.layers.dense(hidden, 16, activation=tf.nn.relu)
    ages = tf.squeeze(tf.layers.dense(hidden, 1), axis=1)

    if mode == tf.estimator.ModeKeys.PREDICT:
        predictions = {"ages": ages}
        outputs = {"serving_default": tf.estimator.export.PredictOutput(predictions)}
        return tf.estimator.EstimatorSpec(mode, predictions=predictions, export_outputs=outputs)

    loss = tf.losses.mean_squared_error(labels, ages)
    if mode == tf.estimator.ModeKeys.EVAL:
        metrics = {"rmse": tf.metrics.root_mean_squared_error(labels, ages)}
        return tf.estimator.EstimatorSpec(mode, loss=loss, eval_metric_ops=metrics)

    optimizer = tf.train.AdamOptimizer(hyperparameters.get("learning_rate", 0.001))
    # The global step counts for all instances together; training_steps is measured by it.
    train_op = optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)


def train_input_fn(training_dir, hyperparameters):
    rows = rows_of(os.path.join(training_dir, "train.csv")).shuffle(10000).repeat()
    return batches(rows)


def eval_input_fn(training_dir, hyperparameters):
    return batches(rows_of(os.path.join(training_dir, "eval.csv")))


def serving_input_fn(hyperparameters):
    measurements = tf.placeholder(tf.float32, shape=[None, MEASUREMENTS])
    return tf.estimator.export.ServingInputReceiver({INPUT: measurements}, {INPUT: measurements})


def rows_of(path):
    return tf.data.TextLineDataset(path).map(parse)


def parse(line):
    columns = tf.decode_csv(line, record_defaults=[[0.0]] * (MEASUREMENTS + 1))
    return {INPUT: tf.stack(columns[:-1])}, columns[-1]


def batches(rows):
    return rows.batch(BATCH).make_one_shot_iterator().get_next()
