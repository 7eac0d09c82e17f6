"""Fits a plane with DistributedDataParallel: every process has its share of the rows, and all have one model."""

import argparse
import csv
import os
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset


def main():
    args = arguments()
    on_gpu = torch.cuda.is_available()
    dist.init_process_group("nccl" if on_gpu else "gloo")  # torchrun says where the others are
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else torch.device("cpu")
    rows = dataset(args.train)
    share = DistributedSampler(rows)
    model = DistributedDataParallel(torch.nn.Linear(2, 1).to(device))
    optimizer = torch.optim.SGD(model.parameters(), lr=args.learning_rate)
    for epoch in range(args.epochs):
        share.set_epoch(epoch)
        for x, y in DataLoader(rows, batch_size=args.batch_size, sampler=share):
            loss = torch.nn.functional.mse_loss(model(x.to(device)), y.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if dist.get_rank() == 0:
            print(f"epoch {epoch + 1}/{args.epochs}: loss={loss.item():.4f}", flush=True)
    if dist.get_rank() == 0:
        torch.save(model.module.state_dict(), os.path.join(args.model_dir, "model.pt"))
    dist.destroy_process_group()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


def dataset(folder):
    rows = []
    for path in sorted(Path(folder).glob("*.csv")):
        with path.open() as file:
            rows += [[float(value) for value in row] for row in list(csv.reader(file))[1:]]
    table = torch.tensor(rows)
    return TensorDataset(table[:, :2], table[:, 2:])


if __name__ == "__main__":
    main()
