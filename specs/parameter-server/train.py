"""Estimates a number from eight others on several instances: parameter servers, tf.estimator (TensorFlow 1.13 to 1.15).

Each channel holds CSV files without a header: eight numbers and the one to estimate in each row.
"""

import argparse
import json
import os

import tensorflow as tf

INPUT = "inputs"
COLUMNS = 8


def main():
    tf.logging.set_verbosity(tf.logging.INFO)
    args = arguments()
    estimator = tf.estimator.DNNRegressor(
        feature_columns=[tf.feature_column.numeric_column(INPUT, shape=[COLUMNS])],
        hidden_units=[32, 16],
        optimizer=tf.train.AdagradOptimizer(args.learning_rate),
        model_dir=args.model_dir,  # on S3, where every instance finds the checkpoints
    )
    # What each instance is to do stands in TF_CONFIG, which the container sets and the estimator reads.
    tf.estimator.train_and_evaluate(
        estimator,
        tf.estimator.TrainSpec(lambda: rows_of(args.train, args.batch_size).repeat(), max_steps=args.max_steps),
        tf.estimator.EvalSpec(lambda: rows_of(args.eval, args.batch_size), steps=None),
    )
    if args.current_host == args.hosts[0]:  # one model is enough
        estimator.export_saved_model(args.sm_model_dir, serving_input_fn)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max-steps", type=int, default=1000)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--model_dir")
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--eval", default=os.environ.get("SM_CHANNEL_EVAL"))
    parser.add_argument("--sm-model-dir", default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--hosts", type=json.loads, default=os.environ.get("SM_HOSTS", '["algo-1"]'))
    parser.add_argument("--current-host", default=os.environ.get("SM_CURRENT_HOST", "algo-1"))
    return parser.parse_args()


def rows_of(folder, batch_size):
    files = tf.data.Dataset.list_files(os.path.join(folder, "*.csv"))
    return files.interleave(tf.data.TextLineDataset, cycle_length=4).map(parse).shuffle(10000).batch(batch_size)


def parse(line):
    columns = tf.io.decode_csv(line, record_defaults=[[0.0]] * (COLUMNS + 1))
    return {INPUT: tf.stack(columns[:-1])}, columns[-1]


def serving_input_fn():
    values = tf.placeholder(tf.float32, shape=[None, COLUMNS])
    return tf.estimator.export.ServingInputReceiver({INPUT: values}, {INPUT: values})


if __name__ == "__main__":
    main()
