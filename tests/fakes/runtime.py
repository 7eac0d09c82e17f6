"""SageMaker's runtime: what answers requests to endpoints. It knows the endpoints, and of a model what a test says.

Sources: botocore's model of sagemaker-runtime; what users report of the service's words (reference/deploy.md, 5.7).
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from fakes.endpoints import Endpoints
from fakes.model import ACCOUNT

PATH = re.compile(r"/endpoints/([^/]+)/invocations")
LARGEST = 6_291_456
ANSWERING = ("InService", "Updating", "SystemUpdating", "RollingBack")
STATUS = {
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "InternalDependencyException": 530,
    "ModelNotReadyException": 429,
    "ThrottlingException": 429,
    "AccessDeniedException": 403,
}
"""Code of an error that a test can ask for → status; 400 for the others."""


class Asked(NamedTuple):
    """A request as it came."""

    name: str
    headers: Mapping[str, str]
    body: bytes


class Said(NamedTuple):
    """An answer: a container's, or the service's own."""

    status: int
    body: bytes
    content_type: str = "application/json"
    error: str = ""
    """The code of the service's error."""
    length: int | None = None
    """What it says of its length, where that is not true."""


def refused(code: str, message: str, **more: str | int) -> Said:
    body = json.dumps({"Message": message, **more}).encode()
    return Said(STATUS.get(code, 400), body, "application/x-amzn-json-1.1", code)


class Runtime:
    """The runtime of one account in one region.

    Attributes:
        model: what the container answers.
        instead: what the service answers to the next requests, whatever they are.
        asked: what has come.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self.model: Callable[[Asked], Said] = echo
        self.instead: deque[Said] = deque()
        self.asked: list[Asked] = []

    def answer(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if self.instead:
            return self.instead.popleft()
        standing = self.endpoints.endpoints.get(asked.name)
        status = self.endpoints[asked.name]["EndpointStatus"] if standing else ""
        if standing is None or status not in ANSWERING:
            return refused("ValidationError", f"Endpoint {asked.name} of account {ACCOUNT} not found.")
        if "AsyncInferenceConfig" in self.endpoints.configs[standing.config].request:
            return refused("ValidationError", f"Endpoint {asked.name} of account {ACCOUNT} is Asynchronous.")
        if len(asked.body) > LARGEST:
            return Said(413, b"", "text/plain")
        said = self.model(asked)
        return said if said.status < 400 else self._model_error(asked.name, said)

    def _model_error(self, name: str, said: Said) -> Said:
        side, text = "client" if said.status < 500 else "server", said.body.decode("utf-8", "replace")
        region = self.endpoints.region
        group = f"/aws/sagemaker/Endpoints/{name}"
        place = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
        message = (
            f'Received {side} error ({said.status}) from primary with message "{text}". '
            f"See {place} in account {ACCOUNT} for more information."
        )
        body = {"Message": message, "OriginalStatusCode": said.status, "OriginalMessage": text}
        return Said(424, json.dumps(body).encode(), "application/x-amzn-json-1.1", "ModelError")


def echo(asked: Asked) -> Said:
    """A model that says what it was asked."""
    names = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")
    told = {"name": asked.name, "size": len(asked.body), **{name: asked.headers.get(name) for name in names}}
    return Said(200, json.dumps(told).encode())
