import os
from dataclasses import dataclass

import keras
from transformers import HfArgumentParser


@dataclass
class Options:
    epochs: int = 1
    rate: float = 0.1


if __name__ == "__main__":
    (options,) = HfArgumentParser(Options).parse_args_into_dataclasses()
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(options.rate), "mse")
    model.fit([[0.0]], [[1.0]], epochs=options.epochs)
    model.save(os.environ["SM_MODEL_DIR"] + "/model.keras")
