"""What the container's nginx and Python service do with `/ping` and `/invocations`, before and after the model.

Source: https://github.com/aws/sagemaker-tensorflow-serving-container (tensorflowServing.js, python_service.py,
tfs_utils.py, nginx.conf.template); what is done there is done here, its oddities included.
"""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .backend import ATTRIBUTES, Backend, attributes_of
from .handlers import LoadedHandlers
from .web import Response, WebRequest, failure

UNDERSTOOD = ("application/json", "application/jsonlines", "application/jsons")
PAUSE = 0.05


class Front:
    """The container's door: requests go to the model as they are understood, or through the author's handlers."""

    def __init__(self, backend: Backend, handlers: LoadedHandlers | None = None) -> None:
        self.backend = backend
        self.handlers = handlers

    def respond(self, request: WebRequest) -> Response:
        path = request.path.partition("?")[0]
        try:
            if path.startswith("/ping"):
                return self._ping(request)
            if path.startswith("/invocations"):
                return self._invoke(request)
            if path.startswith(("/v1/", "/tfs/")):
                status, body = self.backend.ask(request.method, request.path.removeprefix("/tfs"), request.body)
                return Response(status, body)
        except (OSError, http.client.HTTPException) as error:
            return failure(502, f"the model server does not answer: {error}")
        return failure(404, "Not Found")

    def _ping(self, request: WebRequest) -> Response:
        if self.handlers:
            return self.handlers.ping(request)
        attributes = attributes_of(request.header(ATTRIBUTES))
        ready = self.backend.is_ready(attributes.get("tfs-model-name") or self.backend.default_model)
        return Response(200 if ready else 502)

    def _invoke(self, request: WebRequest) -> Response:
        if self.handlers:
            return self.handlers.answer(request, self.backend)
        content_type = request.header("Content-Type")
        text = request.body.decode("utf-8", "replace")
        if content_type in UNDERSTOOD:
            asked = from_json(text)
        elif content_type == "text/csv":
            asked = from_csv(text)
        else:
            return failure(415, f"Unsupported Media Type: {content_type or 'Unknown'}")
        path = self.backend.path(attributes_of(request.header(ATTRIBUTES)))
        status, body = self.backend.ask("POST", path, asked.encode())
        accept = request.header("Accept")
        kinds = [] if accept is None else accept.strip().replace(" ", "", 1).split(",")
        if {"application/jsonlines", "application/json"} & set(kinds):
            return Response(status, body.replace(b"\n", b""), kinds[0])
        return Response(status, body)


def from_json(text: str) -> str:
    """A request of TensorFlow Serving's as it is; other JSON, or JSON lines, as its instances."""
    if re.search(r'"(instances|inputs|examples)"\s*:', text):
        return text
    if re.search(r"[}\]]\s*[\[{]", text):
        return _from_lines(text)
    return '{"instances":' + (text if re.match(r"\s*\[\s*\[", text) else f"[{text}]") + "}"


def _from_lines(text: str) -> str:
    lines = [line.strip() for line in re.split(r"\r?\n", text.strip())]
    inner = ",".join(line for line in lines if line)
    return '{"instances":' + (inner if len(lines) == 1 else f"[{inner}]") + "}"


def from_csv(text: str) -> str:
    """Each line an instance. Where the first field is neither a number nor quoted, a line is cut at its first comma."""
    bare = re.match(r'\s*("|[\d.Ee+\-]+.*)', text) is None
    lines = [line.strip() for line in re.split(r"\r?\n", text.strip())]
    instances = ""
    for number, line in enumerate(lines):
        if line:
            cells = '"' + line.replace('"', '\\"', 1).replace(",", '","', 1) + '"' if bare else line
            instances += f"[{cells}]" if "," in line else cells
            instances += "," if number < len(lines) - 1 else ""
    return f'{{"instances":[{instances}]}}'


def front_of(config: Mapping[str, Any]) -> Front:
    """Waits for the model server, and then reads the author's script, if there is one."""
    backend = Backend(_port(Path(config["rest_port_file"])), config["default_model"])
    while True:
        try:
            if backend.is_ready(backend.default_model):
                break
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(PAUSE)
    code = config.get("code")
    return Front(backend, LoadedHandlers.of(Path(code), config.get("grpc_port")) if code else None)


def _port(file: Path) -> int:
    while not file.exists():
        time.sleep(PAUSE)
    return int(file.read_text(encoding="utf-8"))
