"""Where models, artifacts and checkpoints go, and how they are encrypted."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Path
from sagespec.checking.condition import BUCKET
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, SDK2, WARNING, refusal, rule
from sagespec.checking.subject import Subject, Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.reading.part import Part

S3_FIELDS = ("output_path", "code_location", "source_dir", "checkpoint_path", "checkpoint_s3_uri", "model_dir")
OBSERVERS = ("debugger_hook_config", "profiler_config", "tensorboard_output_config")


def _locations(context: JobContext) -> list[Written]:
    job, known = context.job, context.job.members()
    named: list[tuple[Path, Any]] = [((name,), known[name]) for name in S3_FIELDS if known.get(name) is not None]
    for name, channel in (known.get("channels") or {}).items():
        named.append((("channels", name, "s3_data"), channel.members().get("s3_data")))
    for name in OBSERVERS:
        part = known.get(name)
        if isinstance(part, Part):
            named.append(((name, "s3_output_path"), part.members().get("s3_output_path")))
    return [Written(path, value, job) for path, value in named if isinstance(value, str) and value.startswith("s3://")]


LOCATION = Subject[Written, JobContext](_locations, [*S3_FIELDS, *OBSERVERS, "channels.s3_data"])
"""Each location in S3 that the manifest names."""


@rule(
    ERROR,
    on=LOCATION,
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    rows=tuple(Row((name,), "no bucket can have this name", form=rf"^(?!s3://)|^{BUCKET}") for name in S3_FIELDS),
)
def impossible_bucket(location: Written, context: JobContext) -> Finding | None:
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
    bucket = location.value.removeprefix("s3://").partition("/")[0]
    if bucket and not _can_be_bucket(bucket):
        return Finding(
            location.path,
            f"'{bucket}' cannot be the name of a bucket",
            "write the bucket's name, or an expression: s3://{{ vars.bucket }}/… or s3://{{ env.BUCKET }}/…",
        )
    return None


@lru_cache(maxsize=1_000)
def _can_be_bucket(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9._:-]{1,255}", name) is not None


key_for_directory_bucket = refusal(
    "key-for-directory-bucket",
    ERROR,
    Row(
        ("output_kms_key",),
        "a directory bucket (S3 Express One Zone) takes no key here",
        "leave output_kms_key out, or use a general purpose bucket",
        when={"output_path": {"type": "string", "pattern": "^s3://[^/]*--x-s3(/|$)"}},
    ),
    source=API + "OutputDataConfig.html",
    page="""
    S3 Express One Zone takes no KMS key for a job's output.

    Bad:
        output_path: s3://models--usw2-az1--x-s3/mnist
        output_kms_key: alias/models

    Good:
        output_path: s3://models--usw2-az1--x-s3/mnist
    """,
)


quoted_false = refusal(
    "quoted-false",
    ERROR,
    Row(
        ("model_dir",),
        "the text 'false' is a path; it does not switch --model_dir off",
        "write model_dir: false, without quotes",
        form=r"^(?!\s*([Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]|[Nn][Oo][Nn][Ee])\s*$)",
    ),
    source=SDK2 + "tensorflow/estimator.py",
    page="""
    The text "false" is a path, not the value that switches `--model_dir` off.

    Bad:
        model_dir: "False"

    Good:
        model_dir: false
    """,
)


@rule(
    WARNING,
    on=field("checkpoint_local_path", "debugger_hook_config", "tensorboard_output_config"),
    source=API + "CheckpointConfig.html",
)
def relative_container_path(written: Written, context: JobContext) -> Finding | None:
    """A folder of the container is an absolute path.

    Bad:
        checkpoint_local_path: checkpoints
        checkpoint_s3_uri: s3://bucket/checkpoints

    Good:
        checkpoint_local_path: /opt/ml/checkpoints
        checkpoint_s3_uri: s3://bucket/checkpoints
    """
    path: Path = written.path
    value: Any = written.value
    if not isinstance(value, str):
        path, value = (*path, "local_path"), getattr(value, "local_path", None)
    if value and not value.startswith("/"):
        return Finding(path, f"'{value}' is not an absolute path", f"write /opt/ml/{value.removeprefix('./')}")
    return None
