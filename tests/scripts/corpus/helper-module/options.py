import argparse
import os


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--embedding-size", type=int, default=16)
    parser.add_argument("--model_dir")
    parser.add_argument("--sm-model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


if __name__ == "__main__":
    alone = argparse.ArgumentParser()
    alone.add_argument("somewhere")
    print(alone.parse_args())
