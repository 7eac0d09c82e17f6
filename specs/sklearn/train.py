"""Fits a random forest to a table whose last column is the answer; put your own in its place."""

import argparse
import os
from pathlib import Path

import joblib
import numpy
from sklearn.ensemble import RandomForestRegressor


def main():
    args = arguments()
    rows = numpy.vstack(
        [numpy.loadtxt(path, delimiter=",", skiprows=1) for path in sorted(Path(args.train).glob("*.csv"))]
    )
    x, y = rows[:, :-1], rows[:, -1]
    model = RandomForestRegressor(n_estimators=args.n_estimators, max_depth=args.max_depth, random_state=args.seed)
    model.fit(x, y)
    print(f"r2={model.score(x, y):.4f}")
    joblib.dump(model, os.path.join(args.model_dir, "model.joblib"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    # Every hyperparameter of the manifest comes as --name value.
    parser.add_argument("--n-estimators", type=int, default=50)
    parser.add_argument("--max-depth", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    # Every channel of the manifest is a folder, named by SM_CHANNEL_<NAME>.
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    # What lies in SM_MODEL_DIR at the end is kept.
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
