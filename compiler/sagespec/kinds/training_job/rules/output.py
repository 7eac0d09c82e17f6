"""Where models, artifacts and checkpoints go, and how they are encrypted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Path
from sagespec.checking.rule import API, ERROR, SDK2, WARNING
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.rules.adapter import Case, rule
from sagespec.reading.part import Part

S3_FIELDS = ("output_path", "code_location", "source_dir", "checkpoint_path", "checkpoint_s3_uri", "model_dir")
OBSERVERS = ("debugger_hook_config", "profiler_config", "tensorboard_output_config")


def s3_uris(job: Job) -> Iterator[tuple[Path, str]]:
    """Every location in S3 that the manifest names, and where it does."""
    for path, value in _locations(job):
        if isinstance(value, str) and value.startswith("s3://"):
            yield path, value


def _locations(job: Job) -> Iterator[tuple[Path, object]]:
    known = job.members()
    for name in S3_FIELDS:
        yield (name,), known.get(name)
    for name, channel in known.get("channels", {}).items():
        yield ("channels", name, "s3_data"), channel.members().get("s3_data")
    for name in OBSERVERS:
        part = known.get(name)
        if isinstance(part, Part):
            yield (name, "s3_output_path"), part.members().get("s3_output_path")


@rule(ERROR, source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html")
def impossible_bucket(case: Case) -> Iterator[Finding]:
    """No bucket can have this name: perhaps a placeholder was left in it.

    The shell's `$NAME` means nothing in a manifest.

    Bad:
        output_path: s3://$BUCKET/models
        ---
        channels:
          train: s3://<your-bucket>/train

    Good:
        output_path: s3://my-bucket/models
    """
    for path, uri in s3_uris(case.job):
        bucket = uri.removeprefix("s3://").partition("/")[0]
        if bucket and not re.fullmatch(r"[A-Za-z0-9._:-]{1,255}", bucket):
            yield Finding(
                path,
                f"'{bucket}' cannot be the name of a bucket",
                "write the bucket's name, or an expression: s3://{{ vars.bucket }}/… or s3://{{ env.BUCKET }}/…",
            )


@rule(ERROR, source=API + "OutputDataConfig.html", given="output_kms_key")
def key_for_directory_bucket(case: Case) -> Iterator[Finding]:
    """S3 Express One Zone takes no KMS key for a job's output.

    Bad:
        output_path: s3://models--usw2-az1--x-s3/mnist
        output_kms_key: alias/models

    Good:
        output_path: s3://models--usw2-az1--x-s3/mnist
    """
    job = case.job
    bucket = (job.output_path or "").removeprefix("s3://").partition("/")[0]
    if job.output_kms_key is not None and bucket.endswith("--x-s3"):
        yield Finding(
            ("output_kms_key",),
            f"'{bucket}' is a directory bucket (S3 Express One Zone), which takes no key here",
            "leave output_kms_key out, or use a general purpose bucket",
            at_key=True,
        )


@rule(ERROR, source=SDK2 + "tensorflow/estimator.py", given="model_dir")
def quoted_false(case: Case) -> Iterator[Finding]:
    """The text "false" is a path, not the value that switches `--model_dir` off.

    Bad:
        model_dir: "False"

    Good:
        model_dir: false
    """
    value = case.job.model_dir
    if isinstance(value, str) and value.strip().lower() in ("false", "no", "off", "none"):
        yield Finding(("model_dir",), f"the script would be called with --model_dir {value}", "write model_dir: false")


@rule(
    WARNING,
    source=API + "CheckpointConfig.html",
    given="checkpoint_local_path debugger_hook_config tensorboard_output_config",
)
def relative_container_path(case: Case) -> Iterator[Finding]:
    """A folder of the container is an absolute path.

    Bad:
        checkpoint_local_path: checkpoints
        checkpoint_s3_uri: s3://bucket/checkpoints

    Good:
        checkpoint_local_path: /opt/ml/checkpoints
        checkpoint_s3_uri: s3://bucket/checkpoints
    """
    job = case.job
    paths: list[tuple[Path, str | None]] = [(("checkpoint_local_path",), job.checkpoint_local_path)]
    for name in ("debugger_hook_config", "tensorboard_output_config"):
        paths.append(((name, "local_path"), getattr(getattr(job, name), "local_path", None)))
    for path, value in paths:
        if value and not value.startswith("/"):
            yield Finding(path, f"'{value}' is not an absolute path", f"write /opt/ml/{value.removeprefix('./')}")
