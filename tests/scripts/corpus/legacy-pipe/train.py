import tensorflow as tf
from sagemaker_tensorflow import PipeModeDataset

EPOCHS = 20


def estimator_fn(run_config, params):
    return tf.estimator.LinearClassifier([tf.feature_column.numeric_column('data', [16])], config=run_config)


def train_input_fn(training_dir, params):
    return _input_fn('training')


def eval_input_fn(training_dir, params):
    return _input_fn('evaluation')


def serving_input_fn(params):
    x = tf.placeholder(tf.float32, [None, 16])
    return tf.estimator.export.ServingInputReceiver({'data': x}, {'data': x})


def _input_fn(channel):
    dataset = PipeModeDataset(channel)
    if EPOCHS > 1:
        dataset = dataset.repeat(EPOCHS)
    return dataset.map(lambda record: tf.decode_raw(record, tf.float32)).batch(64)
