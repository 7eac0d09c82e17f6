"""Tells three species of iris apart with a ready-made estimator (legacy mode: Python 2.7, TensorFlow 1.4 and 1.5).

The channel holds iris_training.csv and iris_test.csv: a header (number of rows, number of measurements, names of the
species), then four measurements and the species (0, 1 or 2) in each row.
"""

import os

import numpy as np
import tensorflow as tf

INPUT_TENSOR_NAME = "inputs"


def estimator_fn(run_config, hyperparameters):
    columns = [tf.feature_column.numeric_column(INPUT_TENSOR_NAME, shape=[4])]
    return tf.estimator.DNNClassifier(
        feature_columns=columns, hidden_units=[10, 20, 10], n_classes=3, config=run_config
    )


def train_input_fn(training_dir, hyperparameters):
    return rows_of(os.path.join(training_dir, "iris_training.csv"))


def eval_input_fn(training_dir, hyperparameters):
    return rows_of(os.path.join(training_dir, "iris_test.csv"))


def serving_input_fn(hyperparameters):
    # With 1.4 and 1.5 a function may be given instead of what it returns; from 1.6 on it must be called here.
    specification = {INPUT_TENSOR_NAME: tf.FixedLenFeature(dtype=tf.float32, shape=[4])}
    return tf.estimator.export.build_parsing_serving_input_receiver_fn(specification)


def rows_of(path):
    rows = tf.contrib.learn.datasets.base.load_csv_with_header(
        filename=path, target_dtype=np.int, features_dtype=np.float32
    )
    return tf.estimator.inputs.numpy_input_fn(
        x={INPUT_TENSOR_NAME: np.array(rows.data)}, y=np.array(rows.target), num_epochs=None, shuffle=True
    )
