"""A request to an endpoint: what it is, whether it may be sent, and why there is no answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from sagespec.deploying.planning.observed import ObservedEndpoint
from sagespec.deploying.services import Answer, EndpointService, ServiceError

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


class TooLarge(ServiceError):
    """The service takes no request of that size."""


def content_type_of(name: str) -> str:
    """What a file holds, by its name; JSON where that does not say it."""
    return CONTENT_TYPES.get(PurePath(name).suffix.lower(), JSON)


def ask(
    service: EndpointService, name: str, payload: bytes, content_type: str, accept: str = "", attributes: str = ""
) -> Answer:
    """What an endpoint answers to a request.

    Raises:
        TooLarge: the request is larger than the service takes; it is not sent.
        NoSuchJob: there is no such endpoint.
        ServiceError: it does not answer (yet), or the model refused the request.
    """
    _check_size(service, name, len(payload))
    try:
        return service.invoke(name, payload, content_type, accept, attributes)
    except ServiceError as error:
        seen = _seen(service, name)
        if seen is None:
            raise
        if "AsyncInferenceConfig" in seen.config_body:
            command = f"aws sagemaker-runtime invoke-endpoint-async --endpoint-name {name} --input-location s3://…"
            raise ServiceError(f"{name} is asynchronous: it takes requests that lie in S3", command) from error
        if seen.status in _ANSWERING or seen.status in error.message:
            raise
        follow = f"sagespec attach {name} follows it"
        hint = follow if seen.status == "Creating" else f"sagespec status {name} says why"
        raise ServiceError(f"{name} is {seen.status}, and answers no requests", hint) from error


def _check_size(service: EndpointService, name: str, size: int) -> None:
    hint = "send it in parts, or use asynchronous inference or batch transform"
    if size > LARGEST:
        raise TooLarge(f"the request has {size:,} bytes; an endpoint takes {LARGEST:,} (6 MB) at most", hint)
    if size > LARGEST_SERVERLESS and "ServerlessConfig" in _variant(_seen(service, name)):
        most = f"{LARGEST_SERVERLESS:,} (4 MB) at most"
        raise TooLarge(f"the request has {size:,} bytes; a serverless endpoint takes {most}", hint)


def _seen(service: EndpointService, name: str) -> ObservedEndpoint | None:
    """The endpoint, where we may look at it: who may ask it, need not be allowed that."""
    try:
        return service.describe(name)
    except ServiceError:
        return None


def _variant(seen: ObservedEndpoint | None) -> Mapping[str, Any]:
    variants = seen.config_body.get("ProductionVariants") if seen is not None else None
    return variants[0] if variants else {}
