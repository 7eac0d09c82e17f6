import tensorflow as tf


def lines(folder):
    return tf.data.TextLineDataset(tf.io.gfile.glob(folder + "/*.txt")).batch(16)
