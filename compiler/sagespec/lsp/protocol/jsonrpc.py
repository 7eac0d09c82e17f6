"""JSON-RPC 2.0 over two streams, as language servers speak it; a thread reads, so that nothing keeps a message waiting.

Source: https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol
"""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO

from sagespec.base.named import NamedTuple

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
NOT_INITIALIZED, REQUEST_CANCELLED, CONTENT_MODIFIED, REQUEST_FAILED = -32002, -32800, -32801, -32803
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d+)\s*\Z", re.IGNORECASE)
LONGEST = 64 * 1024 * 1024
"""Bytes of one message; whoever sends more is not an editor."""


class ResponseError(Exception):
    """Why a request is not answered."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


class Message(NamedTuple):
    """One message as it came in."""

    number: int
    """The first is 1."""
    content: Mapping[str, Any]

    @property
    def method(self) -> str | None:
        method = self.content.get("method")
        return method if isinstance(method, str) else None

    @property
    def id(self) -> Any:
        return self.content.get("id")

    @property
    def uri(self) -> str | None:
        """Which document it is about."""
        params = self.content.get("params")
        document = params.get("textDocument") if isinstance(params, dict) else None
        uri = document.get("uri") if isinstance(document, dict) else None
        return uri if isinstance(uri, str) else None


class Connection:
    """Both directions. `receive` gives messages in the order in which they came, None at the end of the stream."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._received: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._cancelled: set[Any] = set()
        self._changed: dict[str, int] = {}
        self._requests = 0

    def start(self) -> None:
        threading.Thread(target=self._read, name="reader", daemon=True).start()

    def receive(self, timeout: float | None = None) -> Message | None:
        """
        Args:
            timeout: seconds to wait at most; 0 does not wait, None waits for ever.

        Raises:
            queue.Empty: nothing has come by then.
        """
        return self._received.get(block=timeout != 0, timeout=timeout or None)

    def is_cancelled(self, message: Message) -> bool:
        """Whether nobody wants the answer any more."""
        return message.id in self._cancelled

    def is_superseded(self, message: Message) -> bool:
        """Whether the document has been changed behind the request: its positions would not fit."""
        return message.uri is not None and self._changed.get(message.uri, 0) > message.number

    def forget(self, message: Message) -> None:
        """A request has been answered."""
        self._cancelled.discard(message.id)

    def answer(self, request_id: Any, result: Any) -> None:
        self._send({"id": request_id, "result": result})

    def refuse(self, request_id: Any, code: int, message: str) -> None:
        self._send({"id": request_id, "error": {"code": code, "message": message}})

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> None:
        """A request to the client. Of the answers none is waited for."""
        self._requests += 1
        self._send({"id": f"sagespec-{self._requests}", "method": method, "params": params})

    def _send(self, content: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **content}, separators=(",", ":")).encode()
        with self._lock:
            self._outgoing.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self._outgoing.flush()

    def _read(self) -> None:
        try:
            self._read_all()
        except (OSError, ValueError):  # the stream is closed
            pass
        finally:
            self._received.put(None)

    def _read_all(self) -> None:
        number = 0
        while (length := self._header()) is not None:
            body = self._incoming.read(length)
            if len(body) < length:
                return
            try:
                content = json.loads(body)
            except (ValueError, RecursionError) as error:
                self.refuse(None, PARSE_ERROR, f"this is not JSON: {error}")
                continue
            if not isinstance(content, dict):
                self.refuse(None, INVALID_REQUEST, "a message is an object")
                continue
            if not isinstance(content.get("id"), int | str | None):
                self.refuse(None, INVALID_REQUEST, "an id is a whole number or a text")
                continue
            number += 1
            self._note(Message(number, content))

    def _header(self) -> int | None:
        """How long the next message is; None at the end. Lines that are not headers are skipped, and what is left of
        a message that was longer than it said."""
        length = None
        while line := self._incoming.readline(1_000):
            found = _LENGTH.search(line)
            if found is not None:
                length = int(found[1])
            elif not line.strip() and length is not None:
                if length > LONGEST:
                    raise ValueError("no editor sends that much")
                return length
        return None

    def _note(self, message: Message) -> None:
        """What matters before its turn comes: that something is not wanted any more."""
        if message.method == "$/cancelRequest":
            params = message.content.get("params")
            if isinstance(params, dict) and isinstance(params.get("id"), int | str):
                self._cancelled.add(params["id"])
            return
        if message.method == "textDocument/didChange" and message.uri is not None:
            self._changed[message.uri] = message.number
        elif message.method == "textDocument/didClose" and message.uri is not None:
            self._changed.pop(message.uri, None)
        self._received.put(message)
