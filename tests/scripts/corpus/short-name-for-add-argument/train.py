import argparse
import os

import torch

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    option = parser.add_argument
    option("--learning-rate", type=float, default=0.01)
    option("--epochs", type=int, default=1)
    option("--rows", default=os.environ["SM_CHANNEL_TRAINING"])
    args = parser.parse_args()
    model = torch.nn.Linear(1, 1)
    print(args.learning_rate, args.epochs, os.listdir(args.rows))
    torch.save(model.state_dict(), os.path.join(os.environ["SM_MODEL_DIR"], "model.pt"))
