"""Writes many manifests that differ in every way that costs time: fields, channels, matrices, comments, scripts."""

from __future__ import annotations

import gzip
import json
import shutil
from itertools import cycle, islice
from pathlib import Path

import yaml

ORACLE = Path(__file__).resolve().parent.parent / "tests" / "oracle"
VERSIONS = ("1.15.2", "2.1.0", "2.3.1", "2.11", "2.14.1", "2.16", "2.19.0")
INSTANCES = ("ml.m5.xlarge", "ml.c5.2xlarge", "ml.c5.xlarge", "ml.g4dn.xlarge", "ml.g5.2xlarge")
REGIONS = ("us-west-2", "us-east-1", "eu-west-1", "eu-central-1")
JOBS_OF_A_SCRIPT = 20
"""Manifests that share one folder of code."""

SCRIPT = '''\
"""Trains a small model."""

import argparse
import json
import os

import tensorflow as tf


def model(hidden_units):
    return tf.keras.Sequential([tf.keras.layers.Dense(hidden_units, activation="relu"), tf.keras.layers.Dense(10)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--hidden-units", type=int, default=16)
    parser.add_argument("--optimizer", default="adam")
    parser.add_argument("--model_dir", default="")
    parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    parser.add_argument("--test", default=os.environ["SM_CHANNEL_TEST"])
    parser.add_argument("--hosts", default=json.loads(os.environ["SM_HOSTS"]))
    arguments = parser.parse_args()
    network = model(arguments.hidden_units)
    network.compile(optimizer=arguments.optimizer, loss="sparse_categorical_crossentropy")
    kept = tf.keras.callbacks.ModelCheckpoint("/opt/ml/checkpoints/{epoch}.weights.h5", save_weights_only=True)
    network.fit(tf.data.Dataset.load(arguments.train), epochs=arguments.epochs, callbacks=[kept])
    print("loss=%f" % network.evaluate(tf.data.Dataset.load(arguments.test)))
    tf.saved_model.save(network, os.path.join(os.environ["SM_MODEL_DIR"], "1"))


if __name__ == "__main__":
    main()
'''


DEFAULTS = """\
apiVersion: sagespec/v1
kind: Defaults
project: benchmark
vars: {stage: dev}
role: arn:aws:iam::123456789012:role/SageMakerRole
tags: {owner: someone, stage: "{{ vars.stage }}"}
"""


def manifest(number: int, source_dir: str) -> str:
    """The text of manifest `number`: like what people write, comments and all."""
    version = VERSIONS[number % len(VERSIONS)]
    python = {"1.15.2": "py37", "2.1.0": "py3", "2.3.1": "py37"}.get(version)
    region = REGIONS[number % len(REGIONS)]
    lines = [
        f"# The training of team {number % 17}, run {number}.",
        "apiVersion: sagespec/v1",
        "kind: TrainingJob",
        f"name: job-{number:06}",
        f"tags: {{team: team-{number % 17}, stage: {'prod' if number % 5 == 0 else 'dev'}}}",
        f'framework_version: "{version}"',
        *([f"py_version: {python}"] if python else []),
        "entry_point: train.py",
        f"source_dir: {source_dir}",
        "role: arn:aws:iam::123456789012:role/SageMakerRole",
        f"region: {region}",
        f"instance_type: {INSTANCES[number % len(INSTANCES)]}",
        "instance_count: 1",
        f"volume_size: {30 + number % 90}  # GB",
        f"max_run: {3600 + number % 1000}",
        f"output_path: s3://bucket-{number % 7}/models/{number}",
        "hyperparameters:",
        f"  epochs: {1 + number % 40}",
        f"  batch-size: {16 * (1 + number % 8)}",
        f"  learning-rate: {0.001 * (1 + number % 10):.3f}",
        f"  hidden-units: {8 << number % 4}",
        f"  optimizer: {('adam', 'sgd', 'rmsprop')[number % 3]}",
        "channels:",
    ]
    for name in ("train", "test"):
        lines += [f"  {name}:", f"    s3_data: s3://bucket-{number % 7}/data/{number % 50}/{name}"]
        lines += ["    content_type: application/x-recordio"] if number % 3 == 0 else []
    lines += ["model_dir: false  # saved where SageMaker collects it"] if number % 2 else []
    if number % 4 == 0:
        lines += ["use_spot_instances: true", "max_wait: 90000", f"checkpoint_s3_uri: s3://bucket/checkpoints/{number}"]
    if number % 3 == 1:
        lines += ["environment:", f"  TEAM: team-{number % 17}", "  TF_CPP_MIN_LOG_LEVEL: '2'"]
    if number % 6 == 2:
        lines += ["subnets: [subnet-0123abcd, subnet-4567abcd]", "security_group_ids: [sg-0123abcd]"]
    if number % 2 == 0:
        lines += ["metric_definitions:", '  - {name: "loss", regex: "loss=([0-9.]+)"}']
        lines += ['  - {name: "accuracy", regex: "accuracy=([0-9.]+)"}']
    return "\n".join(lines) + "\n"


def write(folder: Path, count: int, *, shared: bool) -> None:
    """`count` manifests in `folder`, some hundred in a folder.

    Args:
        shared: all train with the same code, and have defaults; otherwise every 20 have code of their own.
    """
    (folder / ".git").mkdir(parents=True)  # as in a repository: nothing above it is looked at
    if shared:
        (folder / "sagespec.yaml").write_text(DEFAULTS)
    for number in range(count):
        group = 0 if shared else number // JOBS_OF_A_SCRIPT
        code = folder / "code" / f"{group:05}"
        if not code.exists():
            code.mkdir(parents=True)
            (code / "train.py").write_text(SCRIPT.replace("small model", f"small model, number {group}"))
        home = folder / f"jobs-{number // 250:03}"
        home.mkdir(exist_ok=True)
        (home / f"job-{number:06}.yaml").write_text(manifest(number, f"../code/{group:05}"))


def write_samples(folder: Path, count: int) -> None:
    """`count` manifests of which the SDK's requests are recorded, repeated under other names; all are right."""
    (folder / ".git").mkdir(parents=True)
    for name in ("code", "libs"):
        shutil.copytree(ORACLE / name, folder / name)
    shutil.copy(ORACLE / "code" / "train.py", folder)
    with gzip.open(ORACLE / "samples.jsonl.gz", "rt", encoding="utf-8") as lines:
        samples = [json.loads(line) for line in lines]
    good = [sample["manifest"] for sample in samples if "request" in sample]
    for number, sample in enumerate(islice(cycle(good), count)):
        text = yaml.safe_dump({**sample, "name": f"job-{number:06}"}, sort_keys=False, allow_unicode=True)
        (folder / f"job-{number:06}.yaml").write_text(text, encoding="utf-8")
