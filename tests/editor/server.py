"""A client of a real yaml-language-server: opens documents and asks what an editor would ask."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ANSWER_WITHIN = 60
"""Seconds; a first answer compiles the schema, on a machine that may be busy."""


class LanguageServer:
    """One server process. Documents need not exist on disk."""

    def __init__(self, command: list[str], folder: Path, settings: Json) -> None:
        self.command = command
        self.folder = folder
        self.settings = settings
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self.received: queue.Queue[Json] = queue.Queue()
        self.requests = 0
        self.opened: set[str] = set()
        self.published: dict[str, list[Json]] = {}
        threading.Thread(target=self._receive, daemon=True).start()
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}},
        }
        root = {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities}
        self.ask("initialize", root)
        self.notify("initialized", {})
        self.notify("workspace/didChangeConfiguration", {"settings": settings})

    def close(self) -> None:
        self.ask("shutdown", None)
        self.notify("exit", None)
        self.process.wait(ANSWER_WITHIN)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def open(self, name: str, text: str) -> str:
        """Opens a document as the file of that name, once: no older answer can be about its URI, which comes back."""
        uri = (self.folder / name).resolve().as_uri()
        assert uri not in self.opened, f"{name} has been opened before"
        self.opened.add(uri)
        self.notify(
            "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}}
        )
        return uri

    def problems(self, name: str, text: str) -> list[tuple[int, str]]:
        """(line from 1, message) of each diagnostic, in order."""
        uri = self.open(name, text)
        while uri not in self.published:
            self._handle(self._next())
        found = self.published[uri]
        return sorted((item["range"]["start"]["line"] + 1, item["message"]) for item in found)

    def completions(self, name: str, text: str) -> dict[str, str]:
        """Label → text to insert, at the place of `|` in the text."""
        uri, position = self._open_at_bar(name, text)
        answer = self.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": position})
        return {item["label"]: item.get("insertText", item["label"]) for item in answer["items"]}

    def hover(self, name: str, text: str) -> str:
        """What is shown over the place of `|` in the text, as Markdown."""
        uri, position = self._open_at_bar(name, text)
        answer = self.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
        return str(answer["contents"]["value"]) if answer else ""

    def _open_at_bar(self, name: str, text: str) -> tuple[str, Json]:
        before, _, after = text.partition("|")
        position = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        return self.open(name, before + after), position

    def ask(self, method: str, params: Any) -> Any:
        self.requests += 1
        number = self.requests
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == number and "method" not in message:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message["result"]
            self._handle(message)

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _handle(self, message: Json) -> None:
        """What the server says or asks of its own accord."""
        if message.get("method") == "textDocument/publishDiagnostics":
            params = message["params"]
            self.published[params["uri"]] = params["diagnostics"]
        elif "id" in message and message.get("method") == "workspace/configuration":
            wanted = [self.settings.get(item.get("section", "")) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": wanted})
        elif "id" in message and "method" in message:
            self._send({"id": message["id"], "result": None})

    def _next(self) -> Json:
        try:
            return self.received.get(timeout=ANSWER_WITHIN)
        except queue.Empty:
            raise AssertionError(f"yaml-language-server was silent for {ANSWER_WITHIN} s") from None

    def _send(self, message: Json) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.partition(b":")[2]) if header.lower().startswith(b"content-length") else 0
            while stream.readline().strip():
                pass
            self.received.put(json.loads(stream.read(length)))
