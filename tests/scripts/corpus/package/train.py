import argparse
import os

from trainer.model import network
from trainer import reading

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--heads", type=int, default=8)
parser.add_argument("--model_dir")

if __name__ == "__main__":
    args, _ = parser.parse_known_args()
    model = network(args.heads)
    model.fit(reading.lines(os.environ["SM_CHANNEL_CORPUS"]), epochs=args.epochs)
    model.save(os.path.join(os.environ["SM_MODEL_DIR"], "model.keras"))
