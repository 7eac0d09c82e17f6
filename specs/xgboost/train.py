"""Boosts trees on a table whose last column is the answer; put your own in its place."""

import argparse
import os
from pathlib import Path

import numpy
import xgboost


def main():
    args = arguments()
    rows = numpy.vstack(
        [numpy.loadtxt(path, delimiter=",", skiprows=1) for path in sorted(Path(args.train).glob("*.csv"))]
    )
    table = xgboost.DMatrix(rows[:, :-1], label=rows[:, -1])
    options = {"max_depth": args.max_depth, "eta": args.eta, "objective": "reg:squarederror", "seed": args.seed}
    booster = xgboost.train(options, table, num_boost_round=args.rounds, evals=[(table, "train")])
    booster.save_model(os.path.join(args.model_dir, "model.json"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    # Every hyperparameter of the manifest comes as --name value.
    parser.add_argument("--max-depth", type=int, default=3)
    parser.add_argument("--eta", type=float, default=0.3)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    # Every channel of the manifest is a folder, named by SM_CHANNEL_<NAME>.
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    # What lies in SM_MODEL_DIR at the end is kept.
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
