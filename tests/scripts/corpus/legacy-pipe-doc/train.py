import tensorflow as tf
from sagemaker_tensorflow import PipeModeDataset


def model_fn(features, labels, mode, hyperparameters):
    loss = tf.losses.mean_squared_error(labels, tf.layers.dense(features['data'], 1))
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=tf.no_op())


def train_input_fn(training_dir, hyperparameters):
    ds = PipeModeDataset(channel='training', record_format='TFRecord')
    return ds.repeat(20).prefetch(10).batch(64)


def eval_input_fn(training_dir, hyperparameters):
    return {'data': tf.zeros([1, 16])}, tf.zeros([1, 1])


def serving_input_fn(hyperparameters):
    x = tf.placeholder(tf.float32, [None, 16])
    return tf.estimator.export.ServingInputReceiver({'data': x}, {'data': x})
