"""Learns a wave from noisy points, and goes on from the newest checkpoint when an earlier instance was taken away."""

import argparse
import csv
import os
from pathlib import Path

# Before TensorFlow loads: keep its C++ start-up notes out of the log.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np


def main():
    args = arguments()
    keras.utils.set_random_seed(args.seed)
    x, y = load(args.train)

    model, finished = restored(args.checkpoint_dir) or (network(args.learning_rate), 0)
    if finished:
        print(f"restored epoch {finished} from {args.checkpoint_dir}", flush=True)
    else:
        print(f"no checkpoint in {args.checkpoint_dir}: starting at epoch 1", flush=True)

    checkpoints = Checkpoints(args.checkpoint_dir)
    model.fit(x, y, args.batch_size, args.epochs, initial_epoch=finished, callbacks=[checkpoints], verbose=0)

    loss = model.evaluate(x, y, verbose=0)
    print(f"final: loss={loss:.4f}")
    model.export(os.path.join(args.sm_model_dir, "1"), verbose=False)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--sm-model-dir", default=os.environ.get("SM_MODEL_DIR"))
    # No variable names the checkpoint folder; it lies beside the model's: /opt/ml/model, /opt/ml/checkpoints.
    beside = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")).with_name("checkpoints")
    parser.add_argument("--checkpoint-dir", type=Path, default=beside)
    return parser.parse_args()


def load(folder):
    points = []
    for path in sorted(Path(folder).glob("*.csv")):
        with path.open(newline="") as file:
            points += [(float(row["x"]), float(row["y"])) for row in csv.DictReader(file)]
    data = np.array(points, dtype="float32")
    return data[:, :1], data[:, 1:]


def network(learning_rate):
    model = keras.Sequential(
        [
            keras.Input(shape=(1,)),
            keras.layers.Dense(32, activation="tanh"),
            keras.layers.Dense(32, activation="tanh"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss="mse")
    return model


def restored(folder):
    """The newest checkpoint's model (its optimizer's state included) and the number of finished epochs, or None."""
    newest = max(folder.glob("epoch-*.keras"), default=None)
    return newest and (keras.saving.load_model(newest), int(newest.stem.removeprefix("epoch-")))


class Checkpoints(keras.callbacks.Callback):
    """Saves the model after every epoch, and keeps the last two."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch, logs=None):
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / "unfinished.keras"
        self.model.save(unfinished)
        # A rename is all or nothing: an instance that stops in the middle leaves no half checkpoint.
        unfinished.rename(self.folder / f"epoch-{epoch + 1:04d}.keras")
        for old in sorted(self.folder.glob("epoch-*.keras"))[:-2]:
            old.unlink()
        print(f"epoch {epoch + 1}: loss={logs['loss']:.4f}", flush=True)


if __name__ == "__main__":
    main()
