import os

import keras

from options import parse
import data as datasets


def main():
    args = parse()
    train, validation = datasets.load()
    model = keras.Sequential([keras.layers.Embedding(1000, args.embedding_size), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(train, validation_data=validation, epochs=args.epochs)
    model.export(os.path.join(args.sm_model_dir, "1"))


if __name__ == "__main__":
    main()
