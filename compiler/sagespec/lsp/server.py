"""The language server: messages in order, and judging in between, so that nothing keeps a keystroke waiting.

One thread reads messages, this one does everything else. While messages wait, nothing is judged: of a storm of edits
the last text is judged, once.
"""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from sagespec import __version__
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.protocol import jsonrpc
from sagespec.lsp.protocol.jsonrpc import Connection, Message, ResponseError
from sagespec.lsp.protocol.params import missing
from sagespec.lsp.protocol.texts import Json, TextDocument, path_of
from sagespec.lsp.workspace import Client, Settings, Workspace, is_manifest_name

LOOK_EVERY = 2.0
"""Seconds between looks at the disk, where the client does not watch it for us, and at the client's process."""
WATCHED = ("**/*.{yaml,yml,py}", "**/requirements.txt", "**/.sagespecignore")
LISTED = (".yaml", ".yml", ".py", "requirements.txt", ".sagespecignore")
"""What these say depends on which of them there are."""
CREATED, CHANGED, DELETED = 1, 2, 3
OF_FOLDERS = 1 | 4
"""Creating and deleting: of a folder that is moved, clients tell that and nothing of what is in it."""
WARNING = 2


class Server:
    """One client, from `initialize` to `exit`."""

    def __init__(self, connection: Connection, workspace: Workspace | None = None) -> None:
        self.connection = connection
        self.workspace = workspace or Workspace()
        self.judgements = Judgements(self.workspace)
        self._published: dict[str, list[Json]] = {}
        """By path, what was sent to the client last; nothing of what is empty."""
        self._touched: set[str] = set()
        """Files whose findings may be others than those that were published."""
        self._unsettled: set[str] = set()
        """Of these, the ones of which something is still to be judged: shared defaults and scripts."""
        self._published_early: set[str] = set()
        """Of the unsettled ones, those of which what is known has been sent since they were changed."""
        self._initialized = self._shut_down = False
        self._parent: int | None = None
        self._next_look = 0.0
        self._stamps: dict[str, tuple[int, int] | None] = {}

    def run(self) -> int:
        """Serves until `exit`, or until the client is gone; the exit code comes back."""
        self.connection.start()
        while True:
            try:
                message = self.connection.receive(0 if self._has_work else LOOK_EVERY)
            except queue.Empty:
                if self._has_work:
                    self._work()
                elif not self._look():
                    return 1
                continue
            if message is None:
                return 0 if self._shut_down else 1
            if message.method == "exit":
                return 0 if self._shut_down else 1
            self._handle(message)

    # Messages

    def _handle(self, message: Message) -> None:
        method, request_id = message.method, message.id
        if method is None:  # an answer to one of our requests
            return
        if request_id is None:
            handler = NOTIFICATIONS.get(method)
            params = message.content.get("params") or {}
            if handler is not None and self._initialized and not missing(method, params):
                try:
                    handler(self, params)
                except Exception as error:  # whatever it was, the next message is answered
                    self._log(method, error)
            return
        try:
            self.connection.answer(request_id, self._answer(message, method))
            while self.workspace.asks:
                self.connection.ask(*self.workspace.asks.pop(0))
        except ResponseError as error:
            self.connection.refuse(request_id, error.code, str(error))
        except Exception as error:
            self._log(method, error)
            self.connection.refuse(request_id, jsonrpc.INTERNAL_ERROR, f"{method}: {error!r}")
        finally:
            self.connection.forget(message)

    def _answer(self, message: Message, method: str) -> Any:
        params = message.content.get("params") or {}
        if wrong := missing(method, params):
            raise ResponseError(jsonrpc.INVALID_PARAMS, wrong)
        if method == "initialize":
            return self._initialize(params)
        if not self._initialized:
            raise ResponseError(jsonrpc.NOT_INITIALIZED, "initialize must come first")
        if method == "shutdown":
            self._shut_down = True
            return None
        if self._shut_down:
            raise ResponseError(jsonrpc.INVALID_REQUEST, "the server has been shut down")
        if self.connection.is_cancelled(message):
            raise ResponseError(jsonrpc.REQUEST_CANCELLED, "cancelled")
        if self.connection.is_superseded(message):
            raise ResponseError(jsonrpc.CONTENT_MODIFIED, "the document has been changed since")
        from sagespec.lsp.features.table import FEATURES

        feature = FEATURES.get(method)
        if feature is None:
            raise ResponseError(jsonrpc.METHOD_NOT_FOUND, f"there is no {method} here")
        self.workspace.is_cancelled = lambda: self.connection.is_cancelled(message)
        return feature(self.workspace, self.judgements, params)

    def _log(self, method: str, error: Exception) -> None:
        import traceback

        lines = "".join(traceback.format_exception(error))
        message = f"{method}: this is a bug in sagespec {__version__}, please report it:\n{lines}"
        self.connection.notify("window/logMessage", {"type": WARNING, "message": message})

    # Beginning and end

    def _initialize(self, params: Mapping[str, Any]) -> Json:
        from sagespec.lsp.protocol.capabilities import capabilities

        if self._initialized:
            raise ResponseError(jsonrpc.INVALID_REQUEST, "initialized already")
        self._initialized = True
        self.workspace.client = Client(params.get("capabilities") or {})
        self.workspace.settings = Settings.read(params.get("initializationOptions"), self.workspace.settings)
        self.workspace.set_folders(params)
        parent = params.get("processId")
        self._parent = parent if isinstance(parent, int) and os.name == "posix" else None
        return {"capabilities": capabilities(), "serverInfo": {"name": "sagespec", "version": __version__}}

    def _start(self, _params: Mapping[str, Any]) -> None:
        if self._is_watching:
            watchers: list[Json] = [{"globPattern": pattern} for pattern in WATCHED]
            watchers.append({"globPattern": "**", "kind": OF_FOLDERS})
            registration = {
                "id": "files",
                "method": "workspace/didChangeWatchedFiles",
                "registerOptions": {"watchers": watchers},
            }
            self.connection.ask("client/registerCapability", {"registrations": [registration]})
        self.judgements.add(self.workspace.manifests())

    @property
    def _is_watching(self) -> bool:
        """The client reports changes on disk."""
        return self.workspace.client.can("workspace", "didChangeWatchedFiles", "dynamicRegistration")

    # Documents

    def _opened(self, params: Mapping[str, Any]) -> None:
        item = params["textDocument"]
        document = TextDocument(item["uri"], item.get("version"), item["text"])
        self.workspace.put(document)
        self._changed(document.path)

    def _edited(self, params: Mapping[str, Any]) -> None:
        document = self.workspace.document(params)
        if document is not None:
            document = document.changed(params["textDocument"].get("version"), params["contentChanges"])
            self.workspace.put(document)
            self._changed(document.path)

    def _saved(self, params: Mapping[str, Any]) -> None:
        document = self.workspace.document(params)
        if document is not None and not self._is_watching:
            self._changed(document.path, listed=True)

    def _closed(self, params: Mapping[str, Any]) -> None:
        document = self.workspace.take_away(params["textDocument"]["uri"])
        if document is None or document.path is None:
            return
        self._changed(document.path)
        if not self.workspace.is_inside(document.path):
            self._touched |= self.judgements.drop(document.path) | {document.path}

    def _changed(self, path: str | None, *, listed: bool = False) -> None:
        if path is not None:
            self._published_early.discard(path)
            self.judgements.changed(path, listed=listed)

    def _on_disk(self, params: Mapping[str, Any]) -> None:
        for event in params["changes"]:
            path = path_of(event["uri"])
            if path is None or (event["type"] == CHANGED and self.workspace.at_path(path) is not None):
                continue  # the editor's own text holds
            if event["type"] == CREATED and self.workspace.is_inside(path) and os.path.isdir(path):  # noqa: PTH112
                self.judgements.add(self.workspace.manifests(path))
            known = path in self.judgements.known
            if known or self.workspace.is_inside(path) or not is_manifest_name(path):
                self._changed(path, listed=event["type"] != CHANGED and path.endswith(LISTED))

    def _configured(self, params: Mapping[str, Any]) -> None:
        self.workspace.settings = Settings.read(params.get("settings"), self.workspace.settings)
        self.judgements.all_changed()
        self._touched |= set(self._published)

    def _folders_changed(self, params: Mapping[str, Any]) -> None:
        event = params["event"]
        before = list(self.workspace.folders)
        self.workspace.change_folders(event["added"], event["removed"])
        gone = [folder.rstrip(os.sep) + os.sep for folder in before if folder not in self.workspace.folders]
        for path in [path for path in self.judgements.known if path.startswith(tuple(gone))] if gone else []:
            if self.workspace.at_path(path) is None:
                self._touched |= self.judgements.drop(path)
        self.judgements.all_changed()  # who comes before whom may be another
        self.judgements.add(self.workspace.manifests())

    # Judging, when no message waits

    @property
    def _has_work(self) -> bool:
        return (
            self._initialized
            and not self._shut_down
            and (self.judgements.has_work or bool(self._touched or self.judgements.touched))
        )

    def _work(self) -> None:
        try:
            if self.judgements.touched:  # by a request that did not wait for its turn
                self._take_touched()
            elif self._touched:
                self._publish(self._touched.pop())
            else:
                self.judgements.work()
                self._take_touched()
        except Exception as error:
            self._log("judging", error)

    def _take_touched(self) -> None:
        self._touched |= self.judgements.touched
        self.judgements.touched.clear()
        self._note_stamps()
        self._touched |= {
            path
            for path in self._unsettled
            if self.judgements.is_settled(path)
            or (path not in self._published_early and self.judgements.has_findings_for(path))
        }
        self._unsettled -= self._touched

    def _publish(self, path: str) -> None:
        """Tells the client what is found in a file; what is out of date is not sent: its judgement will come."""
        if not self.judgements.is_settled(path):
            self._unsettled.add(path)
            if path in self._published_early or not self.judgements.has_findings_for(path):
                return
            self._published_early.add(path)
        from sagespec.lsp.features.diagnostics import diagnostics

        document = self.workspace.at_path(path)
        found = diagnostics(self.workspace, self.judgements.findings(path, fresh=True))
        if not found and path not in self._published and (document is None or not self._is_ours(path)):
            return
        params: Json = {"uri": self.workspace.uri(path), "diagnostics": found}
        if document is not None and document.version is not None:
            params["version"] = document.version
        self._published[path] = found
        if not found:
            del self._published[path]
        self.connection.notify("textDocument/publishDiagnostics", params)

    def _is_ours(self, path: str) -> bool:
        return path in self.judgements.known and self.judgements.known[path].is_ours

    # The world outside

    def _look(self) -> bool:
        """Whether the client is still there; where it does not watch the disk, what has changed is judged again."""
        if self._parent is not None and not _is_alive(self._parent):
            return False
        if self._initialized and not self._is_watching and time.monotonic() >= self._next_look:
            begun = time.monotonic()
            self._look_at_disk()
            self._next_look = begun + max(LOOK_EVERY, 50 * (time.monotonic() - begun))
        return True

    def _note_stamps(self) -> None:
        """How the files are that have just been judged for the first time: what is changed before the first look is
        seen by it."""
        new = self.judgements.first_asked
        if not self._is_watching:
            self._stamps |= {path: _stamp(path) for path in new}
        new.clear()

    def _look_at_disk(self) -> None:
        asked = {path for known in self.judgements.known.values() for path in known.asked}
        stamps = {path: _stamp(path) for path in asked}
        changed = [path for path, stamp in stamps.items() if path in self._stamps and self._stamps[path] != stamp]
        self._stamps = stamps
        for path in changed:
            if self.workspace.at_path(path) is None:
                self._changed(path)
        self.judgements.add(self.workspace.manifests())


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


NOTIFICATIONS: Mapping[str, Callable[[Server, Mapping[str, Any]], None]] = {
    "initialized": Server._start,
    "textDocument/didOpen": Server._opened,
    "textDocument/didChange": Server._edited,
    "textDocument/didSave": Server._saved,
    "textDocument/didClose": Server._closed,
    "workspace/didChangeWatchedFiles": Server._on_disk,
    "workspace/didChangeConfiguration": Server._configured,
    "workspace/didChangeWorkspaceFolders": Server._folders_changed,
}


def serve(environment: str | None = None, variables: Mapping[str, str] | None = None) -> int:
    """The server of this process's standard input and output; whatever else is printed goes to standard error."""
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    workspace = Workspace()
    workspace.settings = workspace.settings._replace(environment=environment, variables=dict(variables or {}))
    try:
        return Server(Connection(sys.stdin.buffer, outgoing), workspace).run()
    except BrokenPipeError:  # the client does not listen any more
        return 1
