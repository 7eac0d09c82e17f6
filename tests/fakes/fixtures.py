"""`aws`: everything of AWS that a test needs, on loopback. SageMaker is ours; S3, STS, IAM and Logs are moto's."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.client import ClientCreator
from botocore.config import Config
from botocore.hooks import EventAliaser, _PrefixTrie
from moto.iam.models import iam_backends
from moto.moto_api._internal import moto_api_backend
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from fakes.jobs import Clock, Effect, Jobs
from fakes.server import Call, TestService
from sagespec.building.request import Request
from sagespec.deploying.services.sagemaker.service import SageMaker

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
REGION = "us-west-2"
ACCOUNT = "123456789012"
BUCKET = f"sagemaker-us-west-2-{ACCOUNT}"


botocore.session.create_loader = cache(botocore.session.create_loader)
"""Each of botocore's service models is read once, which takes longer than most tests: no session changes them."""


_load = ClientCreator._load_service_model
_models: dict[str, Any] = {}


def _model_once(self: ClientCreator, service_name: str, api_version: str | None = None) -> Any:
    if service_name not in _models:
        _models[service_name] = _load(self, service_name, api_version)
    return _models[service_name]


ClientCreator._load_service_model = _model_once
"""And what is worked out of it, the shapes of errors for one, once as well."""

_aliaser = EventAliaser.__init__
_aliases: dict[str, str] = {}


def _aliaser_that_shares(self: EventAliaser, *arguments: Any, **named: Any) -> None:
    _aliaser(self, *arguments, **named)
    self._alias_name_cache = _aliases


EventAliaser.__init__ = _aliaser_that_shares
"""The names of events mean the same to every client."""

_methods = ClientCreator._create_methods
_handlers = botocore.session.Session._register_builtin_handlers
_methods_of: dict[str, dict[str, Any]] = {}
_emitters: list[Any] = []


def _methods_once(self: ClientCreator, service_model: Any) -> dict[str, Any]:
    name = service_model.service_name
    if name not in _methods_of:
        _methods_of[name] = _methods(self, service_model)
    return dict(_methods_of[name])


def _handlers_once(self: Any, events: Any) -> None:
    if not _emitters:
        _handlers(self, events)
        _emitters.append(copy(self._original_handler))
    vars(self._original_handler).update(vars(copy(_emitters[0])))


ClientCreator._create_methods = _methods_once
botocore.session.Session._register_builtin_handlers = _handlers_once
"""So are the methods of each service's clients made once, and botocore's own handlers of its events registered."""


def _share(self: _PrefixTrie) -> _PrefixTrie:
    shared = _PrefixTrie()
    shared._root = self._root
    return shared


def _own(change: Callable[..., None]) -> Callable[..., None]:
    """The change of a trie, after what it changes has been copied: the nodes on the way to the key."""

    def changed(self: _PrefixTrie, key: str, *arguments: Any, **named: Any) -> None:
        node = self._root = dict(self._root)
        for part in key.split("."):
            children = node["children"] = dict(node["children"])
            if part not in children:
                break
            node = children[part] = dict(children[part])
            node["values"] = copy(node["values"])
        change(self, key, *arguments, **named)

    return changed


_PrefixTrie.__copy__ = _share
_PrefixTrie.append_item = _own(_PrefixTrie.append_item)
_PrefixTrie.remove_item = _own(_PrefixTrie.remove_item)
"""Copies of an emitter, one for each session and each client, share the thousands of handlers that are the same."""


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
