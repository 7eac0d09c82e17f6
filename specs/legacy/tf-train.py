"""Estimates the age of a shellfish from seven measurements (legacy mode: Python 2.7, TensorFlow 1.4 to 1.12).

The functions are those of 004, "Example of a complete model_fn" and what follows it, with the two faults of the printed
model_fn mended; MENDED marks them. The channel holds training_dataset.csv and evaluation_dataset.csv: seven numbers and
the age, in whole years, in each row; no header.
"""

import os

import numpy as np
import tensorflow as tf

INPUT_TENSOR_NAME = "inputs"
MEASUREMENTS = 7


def model_fn(features, labels, mode, hyperparameters):
    hidden = tf.layers.dense(features[INPUT_TENSOR_NAME], 10, activation=tf.nn.relu, name="first-layer")
    hidden = tf.layers.dense(hidden, 20, activation=tf.nn.relu)
    predictions = tf.reshape(tf.layers.dense(hidden, 1), [-1])

    if mode == tf.estimator.ModeKeys.PREDICT:
        # MENDED: without export_outputs the export for serving fails, after the whole training.
        ages = {"ages": predictions}
        outputs = {"serving_default": tf.estimator.export.PredictOutput(ages)}
        return tf.estimator.EstimatorSpec(mode, predictions=ages, export_outputs=outputs)

    loss = tf.losses.mean_squared_error(labels, predictions)
    # MENDED: the labels were cast to float64, which does not go with the predictions' float32 (TypeError).
    metrics = {"rmse": tf.metrics.root_mean_squared_error(tf.cast(labels, tf.float32), predictions)}

    optimizer = tf.train.GradientDescentOptimizer(learning_rate=hyperparameters["learning_rate"])
    # The global step counts for all instances together; training_steps is measured by it.
    train_op = optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op, eval_metric_ops=metrics)


def train_input_fn(training_dir, hyperparameters):
    return rows_of(os.path.join(training_dir, "training_dataset.csv"))


def eval_input_fn(training_dir, hyperparameters):
    return rows_of(os.path.join(training_dir, "evaluation_dataset.csv"))


def serving_input_fn(hyperparameters):
    tensor = tf.placeholder(tf.float32, shape=[1, MEASUREMENTS])
    return tf.estimator.export.build_raw_serving_input_receiver_fn({INPUT_TENSOR_NAME: tensor})()


def rows_of(path):
    # num_epochs=None: the rows come again and again, so the manifest must say how many steps an evaluation takes.
    rows = tf.contrib.learn.datasets.base.load_csv_without_header(
        filename=path, target_dtype=np.int, features_dtype=np.float32
    )
    batches = tf.estimator.inputs.numpy_input_fn(
        x={INPUT_TENSOR_NAME: np.array(rows.data)}, y=np.array(rows.target), num_epochs=None, shuffle=True
    )
    return batches()
