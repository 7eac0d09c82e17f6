from __future__ import absolute_import, division, print_function

import argparse
import os

import tensorflow as tf


def model_fn(features, labels, mode):
    logits = tf.layers.dense(features["x"], 10)
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions={"classes": tf.argmax(logits, axis=1)})
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    train_op = tf.train.AdamOptimizer().minimize(loss, tf.train.get_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)


def serving_input_fn():
    x = tf.placeholder(tf.float32, [None, 784])
    return tf.estimator.export.ServingInputReceiver({"x": x}, {"x": x})


def main(args):
    def read(folder):
        return lambda: tf.data.TFRecordDataset(tf.gfile.Glob(folder + "/*")).batch(args.batch_size)

    estimator = tf.estimator.Estimator(model_fn, model_dir=args.model_dir)
    train_spec = tf.estimator.TrainSpec(read(args.train), max_steps=args.max_steps)
    eval_spec = tf.estimator.EvalSpec(read(args.eval))
    tf.estimator.train_and_evaluate(estimator, train_spec, eval_spec)
    estimator.export_savedmodel(os.environ["SM_MODEL_DIR"], serving_input_fn)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-steps", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--model_dir", type=str)
    parser.add_argument("--train", type=str, default=os.environ["SM_CHANNEL_TRAIN"])
    parser.add_argument("--eval", type=str, default=os.environ["SM_CHANNEL_EVAL"])
    main(parser.parse_args())
