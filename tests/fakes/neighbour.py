"""A neighbour of SageMaker that answers what a test tells it: a proxy's page, or CloudWatch's own words."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, str, str]
"""Status, content type, body."""


def page(status: int, title: str = "Sign in") -> Answer:
    return (
        status,
        "text/html",
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><p>x<br></body></html>",
    )


def answered(answer: Any) -> Answer:
    return 200, "application/x-amz-json-1.1", json.dumps(answer)


def refused(code: str, message: str) -> Answer:
    return 400, "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message})


class Neighbour:
    """`answer` takes an operation (empty where the protocol does not name it) and its parameters."""

    def __init__(self, answer: Callable[[str, dict[str, Any]], Answer]) -> None:
        self.answer = answer
        self.calls: Counter[str] = Counter()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


def _handler(neighbour: Neighbour) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            neighbour.calls[operation] += 1
            given = json.loads(body or b"{}") if operation else {}
            status, kind, text = neighbour.answer(operation, given)
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if status in (301, 302):
                self.send_header("Location", "http://127.0.0.1:1/login")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing is written to the test's output."""

    return Handler


@contextmanager
def neighbour_that(answer: Callable[[str, dict[str, Any]], Answer]) -> Iterator[Neighbour]:
    neighbour = Neighbour(answer)
    try:
        yield neighbour
    finally:
        neighbour.server.shutdown()
        neighbour.server.server_close()


def logs_of(lines: dict[str, list[str]], denied: Callable[[str], bool] = lambda job: False) -> Any:
    """CloudWatch Logs, as far as following needs it: job → its lines; `denied` says whose log may not be read."""

    def answer(operation: str, given: dict[str, Any]) -> Answer:
        name = given.get("logStreamNamePrefix") or given["logStreamName"]
        job = name.partition("/")[0]
        if denied(job):
            return refused("AccessDeniedException", f"User is not authorized to perform: logs:{operation}")
        if operation == "DescribeLogStreams":
            return answered({"logStreams": [{"logStreamName": f"{job}/algo-1-1"}] if job in lines else []})
        start = int(given.get("nextToken", "f/0")[2:])
        events = [{"timestamp": 1_700_000_000_000 + n, "message": line} for n, line in enumerate(lines[job])][start:]
        end = len(lines[job])
        return answered({"events": events, "nextForwardToken": f"f/{end}", "nextBackwardToken": "b/0"})

    return answer
