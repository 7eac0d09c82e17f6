"""A request to an endpoint: what it is, whether it may be sent, and why there is no answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from sagespec.deploying.planning.observed import ObservedEndpoint
from sagespec.deploying.services import Answer, EndpointService, ModelError, ServiceError

LARGEST = 6_291_456
"""Bytes of a request.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html (Body)
"""
LARGEST_SERVERLESS = 4 << 20
"""Bytes of a request to a serverless endpoint.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html
"""
JSON = "application/json"
CONTENT_TYPES = {
    ".csv": "text/csv",
    ".json": JSON,
    ".jsonl": "application/jsonlines",
    ".jsons": "application/jsonlines",
    ".txt": "text/plain",
    ".npy": "application/x-npy",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".tfrecord": "application/x-tfrecord",
}
"""End of a file's name → what it holds."""
_ANSWERING = ("InService", "Updating", "SystemUpdating", "RollingBack")


LONGEST_HEADER = 1_024
"""Characters of a content type, of what is accepted, and of custom attributes, which are ASCII.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""


class Unsendable(ServiceError):
    """The service takes no such request."""


def content_type_of(name: str) -> str:
    """What a file holds, by its name; JSON where that does not say it."""
    return CONTENT_TYPES.get(PurePath(name).suffix.lower(), JSON)


def ask(
    service: EndpointService, name: str, payload: bytes, content_type: str, accept: str = "", attributes: str = ""
) -> Answer:
    """What an endpoint answers to a request.

    Raises:
        Unsendable: the service would not take the request; it is not sent.
        NoSuchJob: there is no such endpoint.
        ModelError: the model refused the request.
        ServiceError: it does not answer (yet).
    """
    _check_headers({"content type": content_type, "type to accept": accept, "custom attributes": attributes})
    _check_size(service, name, len(payload))
    try:
        return service.invoke(name, payload, content_type, accept, attributes)
    except ModelError:
        raise
    except ServiceError as error:
        seen = _describe_if_allowed(service, name)
        if seen is None:
            raise
        if seen.asynchronous:
            command = f"aws sagemaker-runtime invoke-endpoint-async --endpoint-name {name} --input-location s3://…"
            raise ServiceError(f"{name} is asynchronous: it takes requests that are stored in S3", command) from error
        if seen.status in _ANSWERING or seen.status in error.message:
            raise
        follow = f"sagespec attach {name} follows it"
        hint = follow if seen.status == "Creating" else f"sagespec status {name} says why"
        raise ServiceError(f"{name} is {seen.status}, and answers no requests", hint) from error


def _check_headers(given: Mapping[str, str]) -> None:
    for what, text in given.items():
        if not (text.isascii() and text.isprintable()):
            raise Unsendable(f"the {what} must be ASCII, on one line", "the service accepts nothing else")
        if len(text) > LONGEST_HEADER:
            raise Unsendable(f"the {what} can have {LONGEST_HEADER:,} characters at most, not {len(text):,}")


def _check_size(service: EndpointService, name: str, size: int) -> None:
    hint = "send it in parts, or use asynchronous inference or batch transform"
    if size > LARGEST:
        raise Unsendable(f"the request has {size:,} bytes; an endpoint accepts at most {LARGEST:,} (6 MB)", hint)
    if size <= LARGEST_SERVERLESS:
        return
    seen = _describe_if_allowed(service, name)
    if seen is not None and seen.serverless:
        most = f"at most {LARGEST_SERVERLESS:,} (4 MB)"
        raise Unsendable(f"the request has {size:,} bytes; a serverless endpoint accepts {most}", hint)


def _describe_if_allowed(service: EndpointService, name: str) -> ObservedEndpoint | None:
    """The endpoint, where we may look at it: who may ask it, need not be allowed that."""
    try:
        return service.describe(name)
    except ServiceError:
        return None
