"""The model server, as those see it that pass requests on to it."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from typing import NamedTuple

from .web import HOST

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
"""The header in which a client says which model it wants."""


class Backend(NamedTuple):
    """The model server."""

    port: int
    default_model: str

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Raises:
        OSError, HTTPException: it does not answer.
        """
        connection = http.client.HTTPConnection(HOST, self.port)
        try:
            connection.request(method, path, body or None, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def is_ready(self, model: str) -> bool:
        status, body = self.ask("GET", f"/v1/models/{model}")
        return status == 200 and b'"AVAILABLE"' in body

    def path(self, attributes: Mapping[str, str], *, with_method: bool = True) -> str:
        """Where the model is asked that a request's custom attributes choose."""
        version = attributes.get("tfs-model-version")
        path = f"/v1/models/{attributes.get('tfs-model-name') or self.default_model}"
        path += f"/versions/{version}" if version else ""
        return path + (f":{attributes.get('tfs-method') or 'predict'}" if with_method else "")


def attributes_of(header: str | None, *, strictly: bool = False) -> dict[str, str]:
    """`tfs-model-name=a,tfs-method=classify` → what it says; other attributes are somebody else's.

    Raises:
        ValueError: strictly, one has two equal signs; else that one is left out.
    """
    pairs = [tuple(pair.split("=")) for pair in re.findall(r"tfs-[a-z\-]+=[^,]+", header or "")]
    return dict(pairs) if strictly else {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
