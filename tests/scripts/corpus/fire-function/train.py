import os

import fire
import keras


def train(epochs=1, model_dir=None):
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(keras.utils.image_dataset_from_directory(os.environ["SM_CHANNEL_TRAIN"]), epochs=epochs)
    model.save(os.path.join(os.environ["SM_MODEL_DIR"], "model.keras"))


if __name__ == "__main__":
    fire.Fire(train)
