import os
import tensorflow as tf


def train_input_fn(training_dir, params):
    return read(os.path.join(training_dir, 'train'))


def eval_input_fn(training_dir, params):
    return read(os.path.join(training_dir, 'eval'))


def read(path):
    return tf.data.TFRecordDataset(path).batch(8).make_one_shot_iterator().get_next()
