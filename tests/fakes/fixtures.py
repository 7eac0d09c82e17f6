"""`aws`: everything of AWS that a test needs, on loopback. SageMaker is ours; S3, STS, IAM and Logs are moto's."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from moto.iam.models import iam_backends
from moto.moto_api._internal import moto_api_backend
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from fakes import shared_botocore  # noqa: F401 - it changes botocore
from fakes.jobs import Clock, Effect, Jobs
from fakes.server import Call, TestService
from sagespec.building.request import Request
from sagespec.deploying.services.sagemaker.service import SageMaker

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
REGION = "us-west-2"
ACCOUNT = "123456789012"
BUCKET = f"sagemaker-us-west-2-{ACCOUNT}"


def session_of() -> Any:
    """A boto3 session of our own; it finds AWS as every other does."""
    return boto3.Session(botocore_session=botocore.session.Session(), region_name=REGION)


def client_of(name: str, url: str) -> Any:
    return session_of().client(
        name,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        # A damaged object is to be seen as it is.
        config=Config(response_checksum_validation="when_required"),
    )


neighbours_client = cache(client_of)
"""moto's server is there for all tests, and so are its clients."""


@dataclass
class Aws:
    """SageMaker and its neighbours. `environment` leads any AWS client, in this process or another, to them."""

    service: TestService
    neighbours: str
    environment: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        near = {f"AWS_ENDPOINT_URL_{name}": self.neighbours for name in ("S3", "STS", "IAM", "CLOUDWATCH_LOGS")}
        self.environment = {
            "AWS_ENDPOINT_URL_SAGEMAKER": self.service.url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": self.service.url,
            **near,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "SAGESPEC_CREATES_PER_SECOND": "1000",
        }

    @property
    def jobs(self) -> Jobs:
        return self.service.jobs

    @property
    def calls(self) -> list[Call]:
        return self.service.calls

    @property
    def effects(self) -> list[Effect]:
        return self.service.jobs.effects

    def advance(self, seconds: float) -> None:
        self.service.advance(seconds)

    def fail_next(self, operation: str, *faults: str) -> None:
        self.service.fail_next(operation, *faults)

    def client(self, name: str) -> Any:
        return client_of(name, self.service.url) if name == "sagemaker" else neighbours_client(name, self.neighbours)

    def hold(self, *requests: Request) -> None:
        """The first training job of each request exists already: it is made without a call."""
        for request in requests:
            self.jobs.answer("CreateTrainingJob", request.body(1))

    def objects(self) -> dict[str, bytes]:
        """Everything in S3: bucket/key → content. moto is asked without a call, for rules look at every effect."""
        buckets = s3_backends[ACCOUNT]["aws"].buckets.values()
        return {f"{bucket.name}/{key.name}": key.value for bucket in buckets for key in bucket.keys.values()}

    def sha256(self, bucket: str, key: str) -> str:
        """Of an object's content, in hexadecimal; empty for one that is not there."""
        held = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
        found = held.keys.get(key) if held else None
        return hashlib.sha256(found.value).hexdigest() if found else ""

    def make_role(self, name: str = "SageMakerRole") -> None:
        """An execution role that SageMaker may take on."""
        trusted = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [trusted]}
        moto = iam_backends[ACCOUNT]["aws"]  # asked without a call: most tests need a role
        moto.create_role(name, json.dumps(document), "/", None, "", [], None)

    def log(self, stream: str, *events: tuple[int, str]) -> None:
        """Adds events (milliseconds since 1970, message) to a log stream, which is made if it is not there."""
        logs = self.client("logs")
        if not logs.describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]:
            logs.create_log_group(logGroupName=LOG_GROUP)
        if not logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=stream)["logStreams"]:
            logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        written = [{"timestamp": moment, "message": message} for moment, message in events]
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=written)

    def sagespec(self, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs the command line in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "sagespec", *map(str, arguments)],
            env={**clean(os.environ), **self.environment},
            capture_output=True,
            text=True,
            **options,
        )

    def apply(self, *arguments: str | Path) -> dict[str, Any]:
        """`sagespec apply --yes --format json`: its exit code and what it says about each job."""
        ended = self.sagespec("apply", *arguments, "--yes", "--format", "json")
        return {"code": ended.returncode, "jobs": json.loads(ended.stdout)["jobs"] if ended.stdout else ended.stderr}


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what this machine says about AWS."""
    return {key: value for key, value in environ.items() if not key.startswith("AWS_")}


@pytest.fixture(scope="session")
def neighbours() -> Iterator[str]:
    """moto's server, one for all tests. A line for each of its calls would hide what has failed."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(neighbours: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """AWS with nothing in it; this process's environment leads there, too."""
    moto_api_backend.reset()
    service = TestService(Clock())
    aws = Aws(service, neighbours)
    for key in list(os.environ):
        if key.startswith("AWS_"):
            monkeypatch.delenv(key)
    for key, value in aws.environment.items():
        monkeypatch.setenv(key, value)
    yield aws
    service.close()


@pytest.fixture
def service(aws: Aws) -> SageMaker:
    """SageMaker as we speak to it: it may create as fast as it can, and its waits are the fake's."""
    return SageMaker(REGION, session=session_of(), creates_per_second=1e9, sleep=aws.advance)


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients' back-off takes no time."""
    pause = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: pause(min(seconds, 0.005)))
