"""Does nothing, and is a valid entry point in script mode and in legacy mode."""

import argparse


def model_fn(features, labels, mode, params):
    raise NotImplementedError("this script is packed, never trained")


def train_input_fn(training_dir, params):
    return {}, None


def eval_input_fn(training_dir, params):
    return {}, None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_dir")
    parser.parse_known_args()


if __name__ == "__main__":
    main()
