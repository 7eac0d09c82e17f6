from __future__ import absolute_import, division, print_function
import os
import tensorflow as tf
from tensorflow.python.keras.models import Sequential
from tensorflow.python.keras.layers import Dense


def keras_model_fn(hyperparameters):
    model = Sequential()
    model.add(Dense(10, name='inputs', input_shape=(32,)))
    optimizer = tf.keras.optimizers.RMSprop(lr=hyperparameters['learning_rate'], decay=hyperparameters['decay'])
    model.compile(loss='mse', optimizer=optimizer)
    return model


def train_input_fn(training_dir, hyperparameters):
    return read(os.path.join(training_dir, 'train.tfrecords'))


def eval_input_fn(training_dir, hyperparameters):
    return read(os.path.join(training_dir, 'eval.tfrecords'))


def serving_input_fn(hyperparameters):
    inputs = {'inputs_input': tf.placeholder(tf.float32, [None, 32])}
    return tf.estimator.export.ServingInputReceiver(inputs, inputs)


def read(path):
    return tf.data.TFRecordDataset(path).batch(128).make_one_shot_iterator().get_next()
