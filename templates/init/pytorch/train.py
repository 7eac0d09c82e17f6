"""Fits a straight plane, y = w1 x1 + w2 x2 + b, with PyTorch; put your model in its place."""

import argparse
import csv
import os
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset


def main():
    args = arguments()
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows = DataLoader(dataset(args.train), batch_size=args.batch_size, shuffle=True)
    model = torch.nn.Linear(2, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=args.learning_rate)
    for epoch in range(args.epochs):
        losses = [train_step(model, optimizer, x.to(device), y.to(device)) for x, y in rows]
        print(f"epoch {epoch + 1}/{args.epochs}: loss={sum(losses) / len(losses):.4f}", flush=True)
    torch.save(model.state_dict(), os.path.join(args.model_dir, "model.pt"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    # Every hyperparameter of the manifest comes as --name value.
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    # Every channel of the manifest is a folder, named by SM_CHANNEL_<NAME>.
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    # What lies in SM_MODEL_DIR at the end is kept.
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


def dataset(folder):
    rows = []
    for path in sorted(Path(folder).glob("*.csv")):
        with path.open() as file:
            rows += [[float(value) for value in row] for row in list(csv.reader(file))[1:]]  # without the header
    table = torch.tensor(rows)
    return TensorDataset(table[:, :2], table[:, 2:])


def train_step(model, optimizer, x, y):
    loss = torch.nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


if __name__ == "__main__":
    main()
