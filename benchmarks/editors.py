"""How fast language servers are ready, and say what is wrong after a keystroke."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]

MANIFEST = """\
# yaml-language-server: $schema={schema}
apiVersion: sagespec/v1
kind: TrainingJob
name: mnist
framework_version: "2.19" # sagespec: allow image-out-of-patch
entry_point: train.py
role: arn:aws:iam::123456789012:role/SageMakerRole
region: us-west-2
instance_type: ml.m5.xlarge
instance_count: 1
hyperparameters: {{epochs: 3}}
max_run: 3600
"""
SCRIPT = """\
import argparse
import os

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--model_dir")
    print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
"""


class Client:
    """One server process, spoken to in turn."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._number = 0
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        self.ask(
            "initialize",
            {"processId": os.getpid(), "rootUri": folder.as_uri(), "workspaceFolders": folders, "capabilities": {}},
        )
        self.ready = time.perf_counter() - self.begun
        self.notify("initialized", {})

    def ask(self, method: str, params: Any) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._number and "method" not in message:
                return message.get("result")

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def diagnostics(self, uri: str, count: int) -> None:
        """Waits for so many findings of a document."""
        while True:
            message = self._receive()
            params = message.get("params") or {}
            if message.get("method") == "textDocument/publishDiagnostics" and params.get("uri") == uri:
                if len(params["diagnostics"]) == count:
                    return
            elif "id" in message and "method" in message:  # a question: nobody has set anything
                items = (message.get("params") or {}).get("items") or []
                self._send({"id": message["id"], "result": [None for _ in items] or None})

    def close(self) -> None:
        self.ask("shutdown", None)
        self.notify("exit", None)
        self.process.wait(30)

    def _send(self, content: Json) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **content}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self) -> Json:
        stream = self.process.stdout
        assert stream is not None
        length = 0
        while (line := stream.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return dict(json.loads(stream.read(length)))


def measured(command: Sequence[str], folder: Path, keys: int = 60) -> tuple[float, float, float]:
    """(seconds until it is ready, until the first findings of a document, median from a keystroke to the findings).

    Every other keystroke makes a mistake that a schema sees too, and the next one takes it away.
    """
    client = Client(command, folder)
    path = folder / "mnist.yaml"
    text, uri = path.read_text(encoding="utf-8"), path.as_uri()
    wrong = text.replace("max_run: 3600", "max_run: x")
    item = {"uri": uri, "languageId": "yaml", "version": 1, "text": wrong}
    client.notify("textDocument/didOpen", {"textDocument": item})
    client.diagnostics(uri, 1)
    first = time.perf_counter() - client.begun
    taken = []
    for number in range(keys):
        now = text if number % 2 == 0 else wrong
        begun = time.perf_counter()
        document = {"uri": uri, "version": number + 2}
        client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": now}]})
        client.diagnostics(uri, number % 2)
        taken.append(time.perf_counter() - begun)
    client.close()
    return client.ready, first, statistics.median(taken)


def project(folder: Path, schema: Path) -> Path:
    """A manifest with its script."""
    folder.mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "train.py").write_text(SCRIPT, encoding="utf-8")
    (folder / "mnist.yaml").write_text(MANIFEST.format(schema=schema), encoding="utf-8")
    return folder
