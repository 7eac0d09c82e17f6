"""Trains a linear classifier on records as they stream in (legacy mode: Python 2.7, TensorFlow 1.7 to 1.12).

Each TFRecord holds `data` (sixteen 64-bit floats, as bytes) and `labels` (0 or 1).
"""

import tensorflow as tf
from sagemaker_tensorflow import PipeModeDataset

INPUT = "data"
VALUES = 16
BATCH = 64
RECORD = {
    INPUT: tf.FixedLenFeature([], tf.string),
    "labels": tf.FixedLenFeature([], tf.int64),
}


def model_fn(features, labels, mode, hyperparameters):
    logits = tf.layers.dense(tf.cast(features[INPUT], tf.float32), 2)
    classes = tf.argmax(logits, axis=1)

    if mode == tf.estimator.ModeKeys.PREDICT:
        predictions = {"classes": classes, "probabilities": tf.nn.softmax(logits)}
        outputs = {"serving_default": tf.estimator.export.PredictOutput(predictions)}
        return tf.estimator.EstimatorSpec(mode, predictions=predictions, export_outputs=outputs)

    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    if mode == tf.estimator.ModeKeys.EVAL:
        metrics = {"accuracy": tf.metrics.accuracy(labels, classes)}
        return tf.estimator.EstimatorSpec(mode, loss=loss, eval_metric_ops=metrics)

    optimizer = tf.train.AdamOptimizer(hyperparameters.get("learning_rate", 0.001))
    train_op = optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)


def train_input_fn(training_dir, hyperparameters):
    # A pipe is read once, from front to back; repeat opens the next one, and SageMaker streams the data again.
    return parsed(PipeModeDataset(channel="training", record_format="TFRecord").repeat().shuffle(1000))


def eval_input_fn(training_dir, hyperparameters):
    # A channel of its own, because evaluation begins while the training channel's pipe is still open.
    return parsed(PipeModeDataset(channel="evaluation", record_format="TFRecord"))


def serving_input_fn(hyperparameters):
    values = tf.placeholder(tf.float64, shape=[None, VALUES])
    return tf.estimator.export.ServingInputReceiver({INPUT: values}, {INPUT: values})


def parsed(records):
    return records.map(parse, num_parallel_calls=10).batch(BATCH).prefetch(10)


def parse(record):
    example = tf.parse_single_example(record, RECORD)
    return {INPUT: tf.reshape(tf.decode_raw(example[INPUT], tf.float64), [VALUES])}, example["labels"]
