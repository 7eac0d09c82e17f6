import argparse
import os

import keras


class Trainer:
    def __init__(self):
        self.parser = argparse.ArgumentParser()
        self.parser.add_argument("--epochs", type=int, default=1)
        self.parser.add_argument("--rate", type=float, default=0.01)
        self.args = self.parser.parse_args()
        self.model = keras.Sequential([keras.layers.Dense(1)])

    def run(self):
        self.model.compile(keras.optimizers.SGD(self.args.rate), "mse")
        data = keras.utils.image_dataset_from_directory(os.environ["SM_CHANNEL_TRAIN"])
        self.model.fit(data, epochs=self.args.epochs)
        return self

    def save(self):
        self.model.save(os.path.join(os.environ["SM_MODEL_DIR"], "model.keras"))


if __name__ == "__main__":
    Trainer().run().save()
