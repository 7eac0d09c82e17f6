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
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .backend import ATTRIBUTES, Backend, attributes_of
from .web import HOST, JSON, Response, WebRequest

Context = namedtuple(
    "Context",
    "model_name, model_version, method, rest_uri, grpc_port, channel, "
    "custom_attributes, request_content_type, accept_header, content_length",
)
"""What a handler is told of a request."""

Handler = Callable[[Any, Any], Any]


class LoadedHandlers:
    """What is called for a request: `handler`, or `input_handler`, the model, and `output_handler`."""

    def __init__(self, handler: Handler, grpc_port: str | None = None) -> None:
        self.handler = handler
        self.grpc_port = grpc_port
        self.channel = _channel(grpc_port)

    @classmethod
    def of(cls, code: Path, grpc_port: str | None = None) -> LoadedHandlers:
        """Imports `inference.py` of a folder, which is where it finds its own modules, and in `lib` below it.

        Raises:
            NotImplementedError: it has none of the functions.
        """
        sys.path[:0] = [str(folder) for folder in (code, code / "lib") if folder.is_dir()]
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

    def answer(self, request: WebRequest, backend: Backend) -> Response:
        """What the handler gives; an error that it raises is an answer, with the error's text."""
        if request.method != "POST":
            return Response(405, b"", JSON)
        try:
            body, content_type = self.handler(io.BytesIO(request.body), self._context(request, backend))
            data = body.encode("utf-8") if isinstance(body, str) else bytes(body)
            return Response(200, data, content_type or JSON)
        except Exception as error:
            traceback.print_exc()
            return Response(500, json.dumps({"error": str(error)}).encode(), JSON)

    def _context(self, request: WebRequest, backend: Backend) -> Any:
        given = request.header(ATTRIBUTES)
        attributes = attributes_of(given)
        length = request.header("Content-Length")
        return Context(
            attributes.get("tfs-model-name"),
            attributes.get("tfs-model-version"),
            attributes.get("tfs-method"),
            f"http://{HOST}:{backend.port}{backend.path(attributes)}",
            self.grpc_port,
            self.channel,
            given,
            request.header("Content-Type") or JSON,
            request.header("Accept") or JSON,
            None if length is None else int(length),
        )


def _around(before: Handler, after: Handler) -> Handler:
    """One function of two, with the model between them."""

    def handler(data: Any, context: Any) -> Any:
        import requests  # TensorFlow brings it; scripts get its answers

        answer = requests.post(context.rest_uri, data=before(data, context))  # noqa: S113 - as patient as AWS's
        return after(answer, context)

    return handler


def _channel(grpc_port: str | None) -> Any:
    """A gRPC channel to the model server; None where that speaks REST only, or this Python no gRPC."""
    if grpc_port is None:
        return None
    try:
        import grpc
    except ImportError:
        return None
    return grpc.insecure_channel(f"localhost:{grpc_port}")
