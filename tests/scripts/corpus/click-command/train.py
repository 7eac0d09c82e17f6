import os

import click
import keras


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--epochs", type=int, default=1)
@click.option("--rate", type=float, default=0.1)
@click.option("--train", envvar="SM_CHANNEL_TRAIN")
@click.option("--model_dir")
def main(epochs, rate, train, model_dir):
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    model.fit(keras.utils.image_dataset_from_directory(train), epochs=epochs)
    model.save(os.path.join(os.environ["SM_MODEL_DIR"], "model.keras"))


if __name__ == "__main__":
    main()
