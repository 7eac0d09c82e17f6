"""Fits a number to four others: a legacy-mode script for Python 2.7; put your model and your data in their place.

The channel holds train.csv and eval.csv: four numbers and the one to estimate in each row, no header.
"""

import os

import tensorflow as tf

INPUT = "inputs"
COLUMNS = 4
BATCH = 32


def model_fn(features, labels, mode, hyperparameters):
    hidden = tf.layers.dense(features[INPUT], 16, activation=tf.nn.relu)
    estimates = tf.squeeze(tf.layers.dense(hidden, 1), axis=1)

    if mode == tf.estimator.ModeKeys.PREDICT:
        predictions = {"estimates": estimates}
        outputs = {"serving_default": tf.estimator.export.PredictOutput(predictions)}
        return tf.estimator.EstimatorSpec(mode, predictions=predictions, export_outputs=outputs)

    loss = tf.losses.mean_squared_error(labels, estimates)
    if mode == tf.estimator.ModeKeys.EVAL:
        metrics = {"rmse": tf.metrics.root_mean_squared_error(labels, estimates)}
        return tf.estimator.EstimatorSpec(mode, loss=loss, eval_metric_ops=metrics)

    optimizer = tf.train.AdamOptimizer(hyperparameters["learning_rate"])
    # The global step counts for all instances together; training_steps is measured by it.
    train_op = optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)


def train_input_fn(training_dir, hyperparameters):
    return batches(rows_of(os.path.join(training_dir, "train.csv")).shuffle(10000).repeat())


def eval_input_fn(training_dir, hyperparameters):
    return batches(rows_of(os.path.join(training_dir, "eval.csv")))


def serving_input_fn(hyperparameters):
    """What the deployed model takes; without this function no model is exported."""
    values = tf.placeholder(tf.float32, shape=[None, COLUMNS])
    return tf.estimator.export.ServingInputReceiver({INPUT: values}, {INPUT: values})


def rows_of(path):
    return tf.data.TextLineDataset(path).map(parse)


def parse(line):
    columns = tf.decode_csv(line, record_defaults=[[0.0]] * (COLUMNS + 1))
    return {INPUT: tf.stack(columns[:-1])}, columns[-1]


def batches(rows):
    return rows.batch(BATCH).make_one_shot_iterator().get_next()
