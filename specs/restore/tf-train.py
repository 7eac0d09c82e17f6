"""Tells three species of iris apart with a ready-made estimator (legacy mode: Python 2.7, TensorFlow 1.6 to 1.12).

The estimator keeps its checkpoints in run_config.model_dir, which is the manifest's checkpoint_path, and starts from
the newest one there. So the network must keep its shape from session to session. The channel holds train.csv and
eval.csv: four numbers and the species (0, 1 or 2) in each row, no header.
"""

import os

import tensorflow as tf

INPUT = "inputs"
MEASUREMENTS = 4
SPECIES = 3
BATCH = 32


def estimator_fn(run_config, hyperparameters):
    return tf.estimator.DNNClassifier(
        feature_columns=[tf.feature_column.numeric_column(INPUT, shape=[MEASUREMENTS])],
        hidden_units=hyperparameters.get("hidden_units", [16, 16]),
        n_classes=SPECIES,
        config=run_config,
    )


def train_input_fn(training_dir, hyperparameters):
    rows = rows_of(os.path.join(training_dir, "train.csv")).shuffle(1000).repeat()
    return batches(rows)


def eval_input_fn(training_dir, hyperparameters):
    return batches(rows_of(os.path.join(training_dir, "eval.csv")))


def serving_input_fn(hyperparameters):
    measurements = tf.placeholder(tf.float32, shape=[None, MEASUREMENTS])
    return tf.estimator.export.ServingInputReceiver({INPUT: measurements}, {INPUT: measurements})


def rows_of(path):
    return tf.data.TextLineDataset(path).map(parse)


def parse(line):
    columns = tf.decode_csv(line, record_defaults=[[0.0]] * MEASUREMENTS + [[0]])
    return {INPUT: tf.stack(columns[:-1])}, columns[-1]


def batches(rows):
    return rows.batch(BATCH).make_one_shot_iterator().get_next()
