"""The author's `inference.py`, called as AWS's Python service calls it.

Source: https://github.com/aws/sagemaker-tensorflow-serving-container (python_service.py, tfs_utils.py)
"""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import traceback
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .backend import ATTRIBUTES, Backend, attributes_of
from .web import JSON, Response, WebRequest

Context = namedtuple(
    "Context",
    "model_name, model_version, method, rest_uri, grpc_port, channel, "
    "custom_attributes, request_content_type, accept_header, content_length",
)
"""What a handler gets to know of a request."""

Handler = Callable[[Any, Any], Any]
TITLES = {405: "405 Method Not Allowed", 500: "500 Internal Server Error"}
BUGS = ("GET", "DELETE")
"""Methods that AWS's service has functions for, which fail with one model."""


class Body:
    """What a handler may read of a request: once, from its beginning to its end, as from gunicorn."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int | None = None) -> bytes:
        return self._data.read(size)

    def readline(self, size: int | None = None) -> bytes:
        return self._data.readline(size)

    def readlines(self, size: int | None = None) -> list[bytes]:
        return self._data.readlines(size)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._data)


class LoadedHandlers:
    """What is called for a request: `handler`, or `input_handler`, the model, and `output_handler`."""

    def __init__(self, handler: Handler, grpc_port: str | None = None) -> None:
        self.handler = handler
        self.grpc_port = grpc_port
        self.channel = _channel(grpc_port)

    @classmethod
    def of(cls, code: Path, grpc_port: str | None = None) -> LoadedHandlers:
        """Imports `inference.py` of a folder. It finds modules in `lib` below it, and then in the folder itself.

        Raises:
            NotImplementedError: it has none of the functions.
        """
        sys.path[:0] = [str(folder) for folder in (code / "lib", code) if folder.is_dir()]
        spec = importlib.util.spec_from_file_location("inference", code / "inference.py")
        assert spec is not None
        assert spec.loader is not None
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        if hasattr(script, "handler"):
            return cls(script.handler, grpc_port)
        if hasattr(script, "input_handler") and hasattr(script, "output_handler"):
            return cls(_around(script.input_handler, script.output_handler), grpc_port)
        raise NotImplementedError("Handlers are not implemented correctly in user script.")

    def ping(self, request: WebRequest) -> Response:
        """The service is there: that is all that it looks at."""
        return Response(200) if request.method == "GET" else _titled(405)

    def answer(self, request: WebRequest, backend: Backend) -> Response:
        """What the handler gives; an error that it raises is an answer, with the error's text."""
        if request.method != "POST":
            return _titled(500 if request.method in BUGS else 405)
        try:
            context = self._context(request, backend)
        except ValueError:
            return _titled(500)  # an attribute with two equal signs, outside of what AWS's service catches
        try:
            body, content_type = self.handler(Body(request.body), context)
            return Response(200, _sendable(body), _type(content_type))
        except BaseException as error:  # one that ends a program ends AWS's worker, which is then started again
            traceback.print_exc()
            if isinstance(error, SystemExit):
                return _failed(502, f"the handler has ended its process (exit code {error.code})")
            return _failed(500, str(error))

    def _context(self, request: WebRequest, backend: Backend) -> Any:
        given = request.header(ATTRIBUTES)
        attributes = attributes_of(given, strictly=True)
        length = request.header("Content-Length")
        return Context(
            attributes.get("tfs-model-name"),
            attributes.get("tfs-model-version"),
            attributes.get("tfs-method"),
            f"http://localhost:{backend.port}{backend.path(attributes)}",
            self.grpc_port,
            self.channel,
            given,
            request.header("Content-Type") or JSON,
            request.header("Accept") or JSON,
            None if length is None else int(length),
        )


def _failed(status: int, why: str) -> Response:
    return Response(status, json.dumps({"error": why}).encode(), JSON)


def _titled(status: int) -> Response:
    """An answer of the web framework under AWS's service."""
    return Response(status, json.dumps({"title": TITLES[status]}).encode())


def _type(given: Any) -> str:
    """None stands for JSON; an empty text for an answer that does not say what it is."""
    kind = JSON if given is None else str(given)
    if not kind.isprintable():
        raise ValueError(f"the handler's content type is {kind!r}: the container cannot send it")
    return kind


def _sendable(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8")
    if not isinstance(body, bytes):
        kind = type(body).__name__
        raise TypeError(f"the handler's answer must be text or bytes, not {kind}: the container cannot send it")
    return body


def _around(before: Handler, after: Handler) -> Handler:
    """One function of two, with the model between them."""
    import requests  # TensorFlow brings it; scripts get its answers

    def handler(data: Any, context: Any) -> Any:
        answer = requests.post(context.rest_uri, data=before(data, context))  # noqa: S113 - as patient as AWS's
        return after(answer, context)

    return handler


class NoChannel:
    """In the place of a gRPC channel, where the model server speaks REST only."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("there is no gRPC on this machine: ask the model at context.rest_uri")


def _channel(grpc_port: str | None) -> Any:
    """A gRPC channel to the model server, where that has one and this Python speaks gRPC."""
    if grpc_port is None:
        return NoChannel()
    try:
        import grpc
    except ImportError:
        return NoChannel()
    return grpc.insecure_channel(f"localhost:{grpc_port}")
