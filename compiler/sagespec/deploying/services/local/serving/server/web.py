"""HTTP on the loopback address: a function from request to response, served."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

HOST = "127.0.0.1"
JSON = "application/json"


class WebRequest(NamedTuple):
    """What a client asks."""

    method: str
    path: str
    """With the query, as it came."""
    headers: Mapping[str, str] | Message
    body: bytes = b""

    def header(self, name: str) -> str | None:
        value = self.headers.get(name)
        return None if value is None else str(value)


class Response(NamedTuple):
    """What it is answered."""

    status: int
    body: bytes = b""
    content_type: str = JSON


Respond = Callable[[WebRequest], Response]


def failure(status: int, message: str) -> Response:
    return Response(status, json.dumps({"error": message}).encode())


class _Server(ThreadingHTTPServer):
    """Bound from the beginning; it answers once it serves."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, respond: Respond) -> None:
        super().__init__((HOST, port), _Handler)
        self.respond = respond

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is not an event."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Hands requests to what answers them."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        try:
            body = self._body()
        except ValueError:
            response = failure(400, "the request's length is not a number")
            self.close_connection = True
        else:
            response = self.server.respond(WebRequest(self.command, self.path, self.headers, body))
        self.send_response(response.status)
        if response.content_type:
            self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - these are the names that are called

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def log_message(self, format: str, *values: Any) -> None:
        print(f"{self.command} {self.path} {' '.join(map(str, values[1:]))}", file=sys.stderr, flush=True)  # noqa: T201


def server_of(respond: Respond, port: int = 0) -> ThreadingHTTPServer:
    """A server that is bound and does not serve yet.

    Args:
        port: the one that is wanted; another, where it is taken or 0.
    """
    if port:
        with contextlib.suppress(OSError):
            return _Server(port, respond)
    return _Server(0, respond)


def serve(respond: Respond, port: int, port_file: Path) -> None:
    """Serves until the process ends. Which port it has become is written down once it answers."""
    server = server_of(respond, port)
    whole = port_file.with_name(f".{port_file.name}.{os.getpid()}")
    whole.write_text(str(server.server_address[1]), encoding="utf-8")
    whole.replace(port_file)
    server.serve_forever(poll_interval=0.05)
