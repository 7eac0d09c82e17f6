"""A request to an endpoint: what it is, whether it may be sent, and why there is no answer."""

from __future__ import annotations

from pathlib import PurePath

from sagespec.deploying.services import Answer, EndpointService, ServiceError

LARGEST = 6_291_456
"""Bytes of a request.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html (Body)
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
    if len(payload) > LARGEST:
        message = f"the request has {len(payload):,} bytes; an endpoint takes {LARGEST:,} (6 MB) at most"
        raise TooLarge(message, "send it in parts, or use asynchronous inference or batch transform")
    try:
        return service.invoke(name, payload, content_type, accept, attributes)
    except ServiceError as error:
        status = service.describe(name).status
        if status in _ANSWERING or status in error.message:
            raise
        hint = f"sagespec attach {name} follows it" if status == "Creating" else f"sagespec status {name} says why"
        raise ServiceError(f"{name} is {status}, and answers no requests", hint) from error
