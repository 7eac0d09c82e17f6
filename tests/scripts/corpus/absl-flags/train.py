import os

import keras
from absl import app, flags

FLAGS = flags.FLAGS
flags.DEFINE_integer("epochs", 1, "how often")
flags.DEFINE_string("model_dir", None, "where")


def main(_):
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(keras.utils.image_dataset_from_directory(os.environ["SM_CHANNEL_TRAIN"]), epochs=FLAGS.epochs)
    model.save(os.path.join(os.environ["SM_MODEL_DIR"], "model.keras"))


if __name__ == "__main__":
    app.run(main)
