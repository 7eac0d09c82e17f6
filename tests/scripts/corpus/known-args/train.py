import argparse
import os

import tensorflow as tf

if __name__ == '__main__':

    parser = argparse.ArgumentParser()

    # the container passes hyperparameters as arguments
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--batch-size', type=int, default=100)
    parser.add_argument('--learning-rate', type=float, default=0.1)

    parser.add_argument('--model_dir', type=str)
    parser.add_argument('--sm-model-dir', type=str, default=os.environ['SM_MODEL_DIR'])
    parser.add_argument('--train', type=str, default=os.environ['SM_CHANNEL_TRAIN'])
    parser.add_argument('--test', type=str, default=os.environ['SM_CHANNEL_TEST'])

    args, _ = parser.parse_known_args()

    data = tf.data.TFRecordDataset(tf.io.gfile.glob(args.train + '/*')).batch(args.batch_size)
    held_out = tf.data.TFRecordDataset(tf.io.gfile.glob(args.test + '/*')).batch(args.batch_size)
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile(tf.keras.optimizers.SGD(args.learning_rate), 'mse')
    model.fit(data, epochs=args.epochs, validation_data=held_out)
    model.export(args.sm_model_dir)
