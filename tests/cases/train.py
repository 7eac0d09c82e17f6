"""A training script for the manifests of this folder: it takes every channel and every hyperparameter."""

import os

if __name__ == "__main__":
    print(os.environ["SM_CHANNELS"], os.environ["SM_HPS"])
