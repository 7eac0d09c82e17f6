import os
import numpy as np
import tensorflow as tf


def estimator_fn(run_config, params):
    columns = [tf.feature_column.numeric_column('inputs', shape=[4])]
    return tf.estimator.DNNClassifier(columns, [params['units']], n_classes=3, config=run_config)


def train_input_fn(training_dir, params):
    return generate(training_dir, 'iris_training.csv')


def eval_input_fn(training_dir, params):
    return generate(training_dir, 'iris_test.csv')


def serving_input_fn(params):
    spec = {'inputs': tf.FixedLenFeature(dtype=tf.float32, shape=[4])}
    return tf.estimator.export.build_parsing_serving_input_receiver_fn(spec)()


def generate(folder, name):
    data = np.loadtxt(os.path.join(folder, name), delimiter=',')
    return tf.estimator.inputs.numpy_input_fn(x={'inputs': data[:, :4]}, y=data[:, 4], shuffle=True)()
