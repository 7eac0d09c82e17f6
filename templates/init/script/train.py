"""Fits a straight plane, y = w1 x1 + w2 x2 + b, with TensorFlow's own means; put your model in its place."""

import argparse
import os

import tensorflow as tf


def main():
    args = arguments()
    tf.random.set_seed(args.seed)
    rows = dataset(args.train, args.batch_size)
    model = Plane()
    for epoch in range(args.epochs):
        losses = [train_step(model, x, y, args.learning_rate) for x, y in rows]
        print(f"epoch {epoch + 1}/{args.epochs}: loss={sum(losses) / len(losses):.4f}", flush=True)
    print(f"weights={model.weights.numpy().ravel()} bias={model.bias.numpy()}")
    tf.saved_model.save(model, os.path.join(args.sm_model_dir, "1"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    # Every hyperparameter of the manifest comes as --name value.
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--batch-size", type=int, default=20)
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
    return lines.map(parse).cache().shuffle(1000).batch(batch_size)


def parse(line):
    x1, x2, y = tf.io.decode_csv(line, record_defaults=[0.0, 0.0, 0.0])
    return tf.stack([x1, x2]), y


class Plane(tf.Module):
    def __init__(self):
        self.weights = tf.Variable(tf.zeros([2, 1]))
        self.bias = tf.Variable(0.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def __call__(self, x):
        return tf.squeeze(x @ self.weights, axis=1) + self.bias


@tf.function
def train_step(model, x, y, learning_rate):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    for variable, gradient in zip(model.trainable_variables, tape.gradient(loss, model.trainable_variables)):
        variable.assign_sub(learning_rate * gradient)
    return loss


if __name__ == "__main__":
    main()
