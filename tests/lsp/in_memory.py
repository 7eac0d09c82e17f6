"""An editor without a screen: holds texts open, asks features as functions, or a whole server over pipes."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conftest import TODAY
from sagespec.catalog import facts
from sagespec.lsp.features.table import FEATURES
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.protocol.jsonrpc import Connection, Message
from sagespec.lsp.protocol.texts import TextDocument
from sagespec.lsp.server import Server
from sagespec.lsp.workspace import Client, Workspace

Json = dict[str, Any]

ANSWER_WITHIN = 60
"""Seconds; what is waited for comes in milliseconds, on a machine that is not busy."""
SNIPPET = 2
CAN = {
    "textDocument": {
        "publishDiagnostics": {"relatedInformation": True},
        "completion": {"completionItem": {"snippetSupport": True}},
    }
}


def parted(text: str) -> tuple[str, int]:
    """A text without its `|`, and where that stood."""
    index = text.index("|")
    return text[:index] + text[index + 1 :], index


class Editor:
    """Features as functions of a workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = Workspace()
        self.workspace.client = Client(CAN)
        self.workspace.environ = {}
        self.workspace.knowledge = facts(TODAY)
        self.workspace.__dict__["_commit"] = None
        self.judgements = Judgements(self.workspace)

    def open(self, name: str, text: str, version: int = 1) -> TextDocument:
        document = TextDocument((self.folder / name).as_uri(), version, text)
        self.workspace.put(document)
        assert document.path is not None
        self.judgements.changed(document.path)
        while self.judgements.has_work:
            self.judgements.work()
        return document

    def ask(self, method: str, document: TextDocument, index: int | None = None, **params: Any) -> Any:
        at = {} if index is None else {"position": document.position(index)}
        given = {"textDocument": {"uri": document.uri}, **at, **params}
        return FEATURES[f"textDocument/{method}"](self.workspace, self.judgements, given)

    def at(self, method: str, name: str, text: str, **params: Any) -> Any:
        """Asks at the `|` in a text."""
        whole, index = parted(text)
        return self.ask(method, self.open(name, whole), index, **params)

    def offered(self, text: str, name: str = "mnist.yaml") -> list[str]:
        """What completion would write at the `|`."""
        answer = self.at("completion", name, text)
        return [] if answer is None else [item["textEdit"]["newText"] for item in answer["items"]]

    def completed(self, text: str, label: str, name: str = "mnist.yaml") -> str:
        """The text after one of the offers has been taken."""
        whole, index = parted(text)
        document = self.open(name, whole)
        items = {item["label"]: item for item in self.ask("completion", document, index)["items"]}
        text = applied(document, [items[label]["textEdit"]])
        return text.replace("$0", "") if items[label]["insertTextFormat"] == SNIPPET else text

    def hover(self, text: str, name: str = "mnist.yaml") -> str:
        answer = self.at("hover", name, text)
        return "" if answer is None else str(answer["contents"]["value"])

    def actions(self, document: TextDocument, **context: Any) -> dict[str, Json]:
        """By title, for the whole document."""
        whole = document.range(0, len(document.text))
        found = self.ask("codeAction", document, range=whole, context={"diagnostics": [], **context})
        return {action["title"]: action for action in found}


def applied(document: TextDocument, edits: list[Json]) -> str:
    """The text after edits that do not overlap."""
    text = document.raw
    for edit in sorted(edits, key=lambda each: document.index(each["range"]["start"]), reverse=True):
        start, end = document.index(edit["range"]["start"]), document.index(edit["range"]["end"])
        text = text[:start] + edit["newText"] + text[end:]
    return text


class Observed(Server):
    """Says whether there was anything left to do when the last message came."""

    was_idle = False

    def _handle(self, message: Message) -> None:
        self.was_idle = not self._has_work
        super()._handle(message)


class Wire:
    """A whole server in this process, spoken to over pipes as an editor does."""

    def __init__(self, folder: Path | None = None, capabilities: Mapping[str, Any] | None = None, **more: Any) -> None:
        (from_us, self._out), (self._in, to_us) = (os.pipe(), os.pipe())
        self._to_server = os.fdopen(self._out, "wb", buffering=0)
        self._from_server = os.fdopen(self._in, "rb")
        self.server = Observed(Connection(os.fdopen(from_us, "rb"), os.fdopen(to_us, "wb")))
        self.server.workspace.environ = {}
        self.code: int | None = None
        self.messages: queue.Queue[Json] = queue.Queue()
        self.published: dict[str, list[Json]] = {}
        """Per URI, everything that was published, in order: the parameters."""
        self.requests: list[Json] = []
        self._number = 0
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._serve, self._read)]
        for thread in self._threads:
            thread.start()
        folders = None if folder is None else [{"uri": folder.as_uri(), "name": folder.name}]
        params = {"processId": os.getpid(), "workspaceFolders": folders, "capabilities": capabilities or CAN, **more}
        self.initialized = self.ask("initialize", params)
        self.notify("initialized", {})

    def _serve(self) -> None:
        self.code = self.server.run()

    def _read(self) -> None:
        while header := self._from_server.readline():
            length = int(header.partition(b":")[2])
            self._from_server.readline()
            self.messages.put(json.loads(self._from_server.read(length)))

    def send(self, *contents: Json) -> None:
        """All at once, so that the server finds the last when it reads the first."""
        bodies = [json.dumps({"jsonrpc": "2.0", **content}).encode() for content in contents]
        self.send_raw(b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies))

    def send_raw(self, data: bytes) -> None:
        while data:
            data = data[self._to_server.write(data) :]

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        answer = self.answer(self.begin(method, params))
        assert "error" not in answer, answer
        return answer["result"]

    def begin(self, method: str, params: Any) -> int:
        self._number += 1
        self.send({"id": self._number, "method": method, "params": params})
        return self._number

    def answer(self, number: int | None) -> Json:
        """The answer to a request; what comes before is noted."""
        while True:
            message = self.next()
            if message.get("id") == number and "method" not in message:
                return message

    def next(self) -> Json:
        try:
            message = self.messages.get(timeout=ANSWER_WITHIN)
        except queue.Empty:
            raise AssertionError(
                f"nothing came within {ANSWER_WITHIN} s; before: {self.published} {self.requests}"
            ) from None
        if message.get("method") == "textDocument/publishDiagnostics":
            self.published.setdefault(message["params"]["uri"], []).append(message["params"])
        elif "method" in message:
            self.requests.append(message)
        return message

    def open(self, uri: str, text: str, version: int = 1) -> None:
        item = {"uri": uri, "languageId": "yaml", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int, *changes: Json) -> None:
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def until(self, uri: str, version: int | None = None) -> Json:
        """What was published last of a document, once it is of a version."""
        while True:
            for params in reversed(self.published.get(uri, [])):
                if version is None or params.get("version") == version:
                    return params
            self.next()

    def settled(self) -> None:
        """Waits until the server has nothing more to say: it answers, and has no work."""
        position = {"line": 0, "character": 0}
        while True:
            self.ask("textDocument/hover", {"textDocument": {"uri": "untitled:x"}, "position": position})
            if self.server.was_idle:
                return

    def close(self) -> None:
        self.ask("shutdown", None)
        self.notify("exit", None)
        self._threads[0].join(ANSWER_WITHIN)
        self._to_server.close()
