import os
import tensorflow as tf


def estimator_fn(run_config, hyperparameters):
    return tf.estimator.LinearClassifier([tf.feature_column.numeric_column('x')], config=run_config)


def train_input_fn(input_channels, hyperparameters):
    return read(input_channels['training'])


def eval_input_fn(hyperparameters, channels):
    return read(channels['evaluation'])


def serving_input_fn(hyperparameters):
    x = tf.placeholder(tf.float32, [None, 1])
    return tf.estimator.export.ServingInputReceiver({'x': x}, {'x': x})


def read(folder):
    files = [os.path.join(folder, name) for name in os.listdir(folder)]
    return tf.data.TFRecordDataset(files).batch(8).make_one_shot_iterator().get_next()
