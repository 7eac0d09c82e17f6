"""Requests for jobs on this machine, and how to follow them to their end."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from sagespec.building.request import JOB, Call, Destination, Request, Upload
from sagespec.deploying.planning.observed import ObservedJob
from sagespec.deploying.services import START, Cursor
from sagespec.kinds.training_job.lifecycle import LIVE

IMAGE = "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312"


class Archive:
    """A source archive made from texts; stands for the compiler's own, and writes its bytes the same way."""

    def __init__(self, files: Mapping[str, str]) -> None:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        self.data = out.getvalue()

    files: ClassVar[Mapping[str, Any]] = {}
    """None of it lies on this disk."""

    def pack(self, out: Any) -> None:
        out.write(self.data)


def code(files: Mapping[str, str]) -> Upload:
    archive = Archive(files)
    digest = hashlib.sha256(archive.data).hexdigest()
    uri = f"s3://bucket/sagespec/code/{digest}/sourcedir.tar.gz"
    return Upload("code", Path("code"), uri, digest, len(archive.data), len(files), archive)


def data(path: Path, name: str = "train") -> Upload:
    return Upload("data", path, f"s3://bucket/sagespec/data/{name}/", "0" * 64, 1, 1)


def channel(name: str, uri: str, **source: Any) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, **source}}}


def request(
    script: str | Mapping[str, str],
    *,
    name: str = "job",
    hyperparameters: Mapping[str, Any] | None = None,
    entry_point: str = "train.py",
    uploads: tuple[Upload, ...] = (),
    count: int = 1,
    max_run: int = 600,
    algorithm: Mapping[str, Any] | None = None,
    **members: Any,
) -> Request:
    archive = code({entry_point: script} if isinstance(script, str) else script)
    generated = {
        "sagemaker_submit_directory": archive.uri,
        "sagemaker_program": entry_point,
        "sagemaker_container_log_level": 20,
        "sagemaker_job_name": JOB,
        "sagemaker_region": "us-west-2",
    }
    template = {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File", **(algorithm or {})},
        "RoleArn": "arn:aws:iam::123456789012:role/R",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/"},
        "ResourceConfig": {"InstanceType": "ml.c5.xlarge", "InstanceCount": count},
        "StoppingCondition": {"MaxRuntimeInSeconds": max_run},
        "HyperParameters": {key: json.dumps(value) for key, value in {**generated, **(hyperparameters or {})}.items()},
        **members,
    }
    site = Destination("us-west-2", "123456789012", local=True)
    call = Call("CreateTrainingJob", "TrainingJobName", template, live=LIVE)
    uploads = (archive, *uploads)
    return Request("TrainingJob", "job.yaml", name, (call,), {"team": "vision"}, site, uploads, project="examples")


def start(service: Any, asked: Request, attempt: int = 1) -> str:
    """Uploads and creates; the job's name."""
    for upload in asked.uploads:
        service.upload(upload, lambda *_: None)
    service.create(asked, attempt)
    return asked.job_name(attempt)


def until(service: Any, name: str, done: Any, seconds: float = 30) -> ObservedJob:
    """The job once `done(seen)` is true."""
    deadline = time.monotonic() + seconds
    while True:
        seen = service.describe(name)
        if done(seen):
            return seen
        assert time.monotonic() < deadline, (seen, log(service, name))
        time.sleep(0.02)


def ended(service: Any, name: str, seconds: float = 30) -> ObservedJob:
    return until(service, name, lambda seen: seen.ended, seconds)


def run(service: Any, asked: Request, seconds: float = 30) -> ObservedJob:
    return ended(service, start(service, asked), seconds)


def log(service: Any, name: str, cursor: Cursor = START) -> list[str]:
    """The log's lines, without their times."""
    lines, _ = service.logs(name, cursor)
    return [f"{line.host}: {line.text}" for line in lines]


def until_logged(service: Any, name: str, text: str, seconds: float = 30) -> None:
    """Waits for a line that holds the text."""
    until(service, name, lambda _: any(text in line for line in log(service, name)), seconds)
