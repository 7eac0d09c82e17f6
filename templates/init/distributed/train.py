"""Fits a straight plane, y = w1 x1 + w2 x2 + b, on several instances at once; put your model in its place.

Each worker takes its share of every batch, and the workers average what they learned after each step. The loop is
written out, because fit of Keras 3 (TensorFlow 2.16 and later) does not work with MultiWorkerMirroredStrategy.
"""

import argparse
import os
import tempfile

import tensorflow as tf


def main():
    args = arguments()
    # First of all: the strategy reads TF_CONFIG, which the container sets, and waits until all workers are there.
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    tf.random.set_seed(args.seed)

    global_batch_size = args.batch_size * strategy.num_replicas_in_sync
    rows = strategy.experimental_distribute_dataset(dataset(args.train, global_batch_size))
    with strategy.scope():
        model = Plane()

    @tf.function
    def train_step(batch):
        losses = strategy.run(replica_step, args=(model, *batch, args.learning_rate))
        return strategy.reduce(tf.distribute.ReduceOp.MEAN, losses, axis=None)

    for epoch in range(args.epochs):
        losses = [train_step(batch) for batch in rows]
        print(f"epoch {epoch + 1}/{args.epochs}: loss={sum(losses) / len(losses):.4f}", flush=True)
    print(f"weights={model.weights.numpy().ravel()} bias={model.bias.numpy()}")

    # All workers must save; only the first one's model is kept.
    folder = args.sm_model_dir if strategy.cluster_resolver.task_id in (None, 0) else tempfile.mkdtemp()
    tf.saved_model.save(model, os.path.join(folder, "1"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    # Every hyperparameter of the manifest comes as --name value.
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--batch-size", type=int, default=20, help="for each worker")
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    # Every channel of the manifest is a folder, named by SM_CHANNEL_<NAME>.
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    # What lies in SM_MODEL_DIR at the end is kept.
    parser.add_argument("--sm-model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


def dataset(folder, batch_size):
    files = tf.data.Dataset.list_files(os.path.join(folder, "*.csv"), shuffle=False)
    lines = files.flat_map(lambda path: tf.data.TextLineDataset(path).skip(1))  # without the header
    # drop_remainder: every worker must take part in every step.
    rows = lines.map(parse).cache().shuffle(1000).batch(batch_size, drop_remainder=True)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return rows.with_options(options)


def parse(line):
    x1, x2, y = tf.io.decode_csv(line, record_defaults=[0.0, 0.0, 0.0])
    return tf.stack([x1, x2]), y


class Plane(tf.Module):
    """MEAN: a change that the workers make to a variable is the average of what each of them would have made."""

    def __init__(self):
        self.weights = tf.Variable(tf.zeros([2, 1]), aggregation=tf.VariableAggregation.MEAN)
        self.bias = tf.Variable(0.0, aggregation=tf.VariableAggregation.MEAN)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def __call__(self, x):
        return tf.squeeze(x @ self.weights, axis=1) + self.bias


def replica_step(model, x, y, learning_rate):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    for variable, gradient in zip(model.trainable_variables, tape.gradient(loss, model.trainable_variables)):
        variable.assign_sub(learning_rate * gradient)
    return loss


if __name__ == "__main__":
    main()
