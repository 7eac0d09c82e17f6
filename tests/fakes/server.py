"""SageMaker's wire on loopback: AWS JSON 1.1 over HTTP, with faults on request or at random."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fakes.jobs import Clock, Jobs, Refused
from fakes.runtime import PATH, Asked, Runtime

FAULTS = {
    "500": (False, lambda h, a: h.fail(500, "InternalFailure", "We encountered an internal error. Please try again.")),
    "500-after": (True, lambda h, a: h.fail(500, "InternalFailure", "We encountered an internal error.")),
    "503": (False, lambda h, a: h.fail(503, "ServiceUnavailable", "")),
    "throttle": (False, lambda h, a: h.fail(400, "ThrottlingException", "Rate exceeded")),
    "expired": (False, lambda h, a: h.fail(400, "ExpiredTokenException", "The security token included is expired")),
    "denied": (False, lambda h, a: h.fail(400, "AccessDeniedException", "not authorized to perform: sagemaker:Any")),
    "stale-page": (False, lambda h, a: h.fail(400, "ValidationException", "Invalid pagination token")),
    "cut-before": (False, lambda h, a: h.cut()),
    "cut-after": (True, lambda h, a: h.cut()),
    "half": (True, lambda h, a: h.send(200, json.dumps(a)[: len(json.dumps(a)) // 2].encode())),
    "short": (True, lambda h, a: h.send(200, b"{}")),
    "hang": (True, lambda h, a: (h.server.service.hang.wait(), h.cut())),
    "slow": (True, lambda h, a: (time.sleep(h.server.service.slow_seconds), h.send(200, json.dumps(a).encode()))),
}
"""Fault → (whether the effect happens, what the caller gets instead of the answer)."""

HARMLESS = ("500", "500-after", "503", "throttle", "cut-before", "cut-after", "half", "short")
"""Faults that a second try gets over."""


@dataclass(frozen=True)
class Call:
    operation: str
    parameters: dict[str, Any]
    fault: str = ""
    code: str = ""
    """The error's, empty for an answer."""
    user_agent: str = ""


class TestService:
    """SageMaker on a port of this machine.

    Attributes:
        jobs: what exists, and the log of every effect.
        runtime: what answers requests to endpoints.
        calls: what was asked, in order.
        faults: how often a call goes wrong, from 0 to 1, with faults drawn from `kinds`.
    """

    __test__ = False

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.jobs = Jobs(self.clock)
        self.runtime = Runtime(self.jobs.endpoints)
        self.regions: dict[str, Jobs] = {}
        """Regions with jobs of their own; all others share `jobs`."""
        self.calls: list[Call] = []
        self.faults = 0.0
        self.kinds: tuple[str, ...] = HARMLESS
        self.slow_seconds = 2.0
        self.hang = threading.Event()
        """What "hang" waits for: it is set when the service closes."""
        self.twists: dict[str, Callable[[dict[str, Any]], Any]] = {}
        """Operation → what is sent instead of its answer: anything that JSON can say, or bytes."""
        self.page: tuple[int, str] | None = None
        """Status and text of the web page that a proxy sends instead of every answer."""
        self.random = random.Random(0)
        self._planned: dict[str, deque[str]] = {}
        self._lock = threading.Lock()
        self._server = _on_a_new_port()
        self._server.service = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def jobs_of(self, authorization: str) -> Jobs:
        """The jobs of the region that a call was signed for."""
        signed = re.search(r"Credential=[^/]+/\d+/([^/]+)/", authorization)
        return self.regions.get(signed[1], self.jobs) if signed else self.jobs

    def close(self) -> None:
        self.hang.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def fail_next(self, operation: str, *faults: str) -> None:
        """The next calls of an operation go wrong, each in its way."""
        assert set(faults) <= set(FAULTS)
        with self._lock:
            self._planned.setdefault(operation, deque()).extend(faults)

    def count(self, operation: str = "") -> int:
        return sum(not operation or call.operation == operation for call in list(self.calls))

    def fault_for(self, operation: str) -> str:
        with self._lock:
            if self._planned.get(operation):
                return self._planned[operation].popleft()
            if self.faults and self.random.random() < self.faults:
                return self.random.choice(self.kinds)
            return ""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    service: TestService

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed is not an error of ours."""


_PORTS: set[int] = set()


def _on_a_new_port() -> _Server:
    """A server on a port that no service of this process has had: a call that comes too late, from a test that is
    over, reaches nobody."""
    servers = [_Server(("127.0.0.1", 0), _Handler)]
    while servers[-1].server_port in _PORTS:
        servers.append(_Server(("127.0.0.1", 0), _Handler))
    for server in servers[:-1]:
        server.server_close()
    _PORTS.add(servers[-1].server_port)
    return servers[-1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes
    server: _Server

    def do_POST(self) -> None:
        service = self.server.service
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if endpoint := PATH.fullmatch(self.path):
            self._invoked(Asked(endpoint[1], self.headers, body))
            return
        operation = self.headers.get("X-Amz-Target", "").partition(".")[2]
        parameters = json.loads(body or b"{}")
        fault = service.fault_for(operation)
        answer: dict[str, Any] = {}
        refused: Refused | None = None
        effective, instead = FAULTS.get(fault, (True, None))
        if effective:
            try:
                answer = service.jobs_of(self.headers.get("Authorization", "")).answer(operation, parameters)
            except Refused as error:
                refused = error
        agent = self.headers.get("User-Agent", "")
        service.calls.append(Call(operation, parameters, fault, refused.code if refused else "", agent))
        reply: Callable[[Any, Any], Any] | None = instead
        twist = service.twists.get(operation)
        if service.page is not None:
            self.send(service.page[0], service.page[1].encode(), "text/html; charset=utf-8")
            return
        if twist is not None and refused is None:
            twisted = twist(answer)
            self.send(200, twisted if isinstance(twisted, bytes) else json.dumps(twisted).encode())
            return
        if reply is not None and refused is None:
            reply(self, answer)
        elif refused is not None:
            self.fail(refused.status, refused.code, refused.message)
        else:
            self.send(200, json.dumps(answer).encode())

    def _invoked(self, asked: Asked) -> None:
        """What the runtime answers; the connection ends where it has no more to say than it has promised."""
        said = self.server.service.runtime.answer(asked)
        self.send_response(said.status)
        self.send_header("Content-Type", said.content_type)
        self.send_header("Content-Length", str(len(said.body) if said.length is None else said.length))
        if said.error:
            self.send_header("x-amzn-ErrorType", f"{said.error}:http://internal.amazon.com/coral/")
        self.end_headers()
        self.wfile.write(said.body)
        self.close_connection = said.length is not None

    def fail(self, status: int, code: str, message: str) -> None:
        self.send(status, json.dumps({"__type": code, "message": message}).encode())

    def send(self, status: int, body: bytes, kind: str = "application/x-amz-json-1.1") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", f"request-{len(self.server.service.calls)}")
        self.end_headers()
        self.wfile.write(body)

    def cut(self) -> None:
        """The connection ends without an answer."""
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Nothing is written to the test's output."""
