"""Tells three species of iris apart by four measurements: a small Keras classifier, the same on every run."""

import argparse
import csv
import json
import os
from pathlib import Path

# Before TensorFlow loads: keep its C++ start-up notes out of the log.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

SPECIES = ["setosa", "versicolor", "virginica"]


def main():
    args = arguments()
    keras.utils.set_random_seed(args.seed)

    x_train, y_train = load(args.train)
    x_test, y_test = load(args.test)
    print(f"{len(x_train)} flowers to train on, {len(x_test)} to test on")

    model = classifier(x_train, args.hidden_units, args.learning_rate)
    model.fit(
        x_train,
        y_train,
        validation_data=(x_test, y_test),
        epochs=args.epochs,
        batch_size=args.batch_size,
        verbose=0,
        callbacks=[EpochLine()],
    )
    evaluate(model, x_test, y_test, args.output_data_dir)
    saved_model = os.path.join(args.sm_model_dir, "1")  # TensorFlow Serving wants a number for a name
    model.export(saved_model, verbose=False)
    print(f"SavedModel in {saved_model}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--hidden-units", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1936)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--test", default=os.environ.get("SM_CHANNEL_TEST"))
    parser.add_argument("--sm-model-dir", default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--output-data-dir", default=os.environ.get("SM_OUTPUT_DATA_DIR"))
    return parser.parse_args()


def load(folder):
    """Every CSV file of a channel: measurements in centimetres, and the species as a number."""
    rows = []
    for path in sorted(Path(folder).glob("*.csv")):
        with path.open(newline="") as file:
            rows += list(csv.DictReader(file))
    measurements = [[float(value) for column, value in row.items() if column != "species"] for row in rows]
    species = [SPECIES.index(row["species"]) for row in rows]
    return np.array(measurements, dtype="float32"), np.array(species)


def classifier(x_train, hidden_units, learning_rate):
    # The scaling is a layer of the model, so that the exported model takes plain centimetres.
    scale = keras.layers.Normalization()
    scale.adapt(x_train)
    model = keras.Sequential(
        [
            keras.Input(shape=(x_train.shape[1],), name="measurements"),
            scale,
            keras.layers.Dense(hidden_units, activation="relu"),
            keras.layers.Dense(len(SPECIES), activation="softmax", name="species"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


class EpochLine(keras.callbacks.Callback):
    """One line an epoch, in the form that the manifest's metric_definitions look for."""

    def on_epoch_end(self, epoch, logs=None):
        print(
            f"epoch {epoch + 1}/{self.params['epochs']}: "
            f"train_loss={logs['loss']:.4f} train_accuracy={logs['accuracy']:.4f} "
            f"test_loss={logs['val_loss']:.4f} test_accuracy={logs['val_accuracy']:.4f}",
            flush=True,
        )


def evaluate(model, x_test, y_test, output_data_dir):
    predicted = model.predict(x_test, verbose=0).argmax(axis=1)
    confusion = np.zeros((len(SPECIES), len(SPECIES)), dtype=int)
    np.add.at(confusion, (y_test, predicted), 1)
    report = {
        "accuracy": float((predicted == y_test).mean()),
        "species": SPECIES,
        "confusion": confusion.tolist(),  # rows: what it is; columns: what the model says
    }
    os.makedirs(output_data_dir, exist_ok=True)
    Path(output_data_dir, "evaluation.json").write_text(json.dumps(report, indent=2) + "\n")
    print(f"final: test_accuracy={report['accuracy']:.4f}")


if __name__ == "__main__":
    main()
