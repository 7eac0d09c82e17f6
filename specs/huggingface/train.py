"""Fine-tunes a text classifier with Transformers' Trainer; put your model and your texts in their place."""

import argparse
import csv
import os
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments


def main():
    args = arguments()
    tokenizer = AutoTokenizer.from_pretrained(args.model_name)
    model = AutoModelForSequenceClassification.from_pretrained(args.model_name, num_labels=2)
    options = TrainingArguments(
        output_dir="/opt/ml/checkpoints",  # what lies here is kept while the job runs, if checkpoint_s3_uri is set
        num_train_epochs=args.epochs,
        per_device_train_batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        logging_steps=1,
        report_to="none",
    )
    trainer = Trainer(model=model, args=options, train_dataset=Texts(args.train, tokenizer))
    trainer.train()
    trainer.save_model(args.model_dir)
    tokenizer.save_pretrained(args.model_dir)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    # Every hyperparameter of the manifest comes as --name value.
    parser.add_argument("--model-name", default="distilbert-base-uncased")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    # Every channel of the manifest is a folder, named by SM_CHANNEL_<NAME>.
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    # What lies in SM_MODEL_DIR at the end is kept.
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    return parser.parse_args()


class Texts(torch.utils.data.Dataset):
    """The lines of CSV files with the columns `text` and `label`."""

    def __init__(self, folder, tokenizer):
        self.rows = [row for path in sorted(Path(folder).glob("*.csv")) for row in csv.DictReader(path.open())]
        self.tokenizer = tokenizer

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        tokens = self.tokenizer(row["text"], truncation=True, padding="max_length", max_length=64, return_tensors="pt")
        return {**{name: value[0] for name, value in tokens.items()}, "labels": torch.tensor(int(row["label"]))}


if __name__ == "__main__":
    main()
