"""Clients that err, folders that come and go, files of several names, and texts of any size."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from lsp.documents import MANIFEST, SCRIPT
from lsp.in_memory import CAN, Editor, Wire
from sagespec.lsp.offers import cursor
from sagespec.lsp.protocol.jsonrpc import INVALID_PARAMS
from sagespec.lsp.protocol.params import NEEDED
from sagespec.lsp.server import NOTIFICATIONS
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs

WATCHES = {**CAN, "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
SAGESPEC = [sys.executable, "-m", "sagespec", "lsp"]
WRONG = f"{MANIFEST}max_wait: 60\n"
CREATED, CHANGED, DELETED = 1, 2, 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


def published_rules(wire: Wire, path: Path) -> list[str]:
    """The rules of what was published last of a file."""
    wire.settled()
    published = wire.published.get(path.as_uri(), [{"diagnostics": []}])
    return [found["code"] for found in published[-1]["diagnostics"]]


def notify(wire: Wire, kind: int, path: Path) -> None:
    wire.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": path.as_uri(), "type": kind}]})


@pytest.mark.parametrize("method", NEEDED)
@pytest.mark.parametrize("params", [None, [1], {"textDocument": 5, "changes": 5, "event": []}, {"textDocument": {}}])
def test_what_the_protocol_does_not_know_is_refused_or_passed_over(folder: Path, method: str, params: Any) -> None:
    wire = Wire(folder)
    if method in NOTIFICATIONS:
        wire.notify(method, params)
    else:
        assert wire.answer(wire.begin(method, params))["error"]["code"] == INVALID_PARAMS
    wire.open((folder / "a.yaml").as_uri(), WRONG)
    assert published_rules(wire, folder / "a.yaml") == ["max-wait-without-spot"]
    assert not [each for each in wire.requests if each["method"] == "window/logMessage"]
    wire.close()


@pytest.mark.parametrize("uri", ["file://[x", "file:///a%00b.yaml", "git:/a.yaml", "", "file:"])
def test_a_document_of_any_name_can_be_opened(folder: Path, uri: str) -> None:
    wire = Wire(folder)
    wire.open(uri, WRONG)
    wire.change(uri, 2, {"text": MANIFEST})
    wire.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    wire.settled()
    wire.close()


def test_places_that_are_not_there_are_the_nearest_ones(folder: Path) -> None:
    wire = Wire(folder)
    uri = (folder / "a.yaml").as_uri()
    wire.open(uri, "🚀\r\n")
    far = {"start": {"line": -3, "character": -9}, "end": {"line": 10**9, "character": 10**9}}
    back = {"start": {"line": 3, "character": 1}, "end": {"line": 0, "character": 0}}
    wire.change(uri, 2, {"range": far, "text": MANIFEST}, {"range": back, "text": ""})
    assert published_rules(wire, folder / "a.yaml") == []
    document = wire.server.workspace.open[uri]
    assert (document.raw, document.version) == (MANIFEST, 2)
    wire.close()


def test_a_folder_that_is_deleted_takes_its_findings_along_and_one_that_comes_brings_them(folder: Path) -> None:
    """Clients tell of the folder alone, and nothing of the files in it."""
    (folder / "jobs").mkdir()
    (folder / "jobs" / "train.py").write_text(SCRIPT)
    (folder / "jobs" / "a.yaml").write_text(WRONG)
    wire = Wire(folder, WATCHES)
    assert published_rules(wire, folder / "jobs" / "a.yaml") == ["max-wait-without-spot"]
    (asked,) = [each for each in wire.requests if each["method"] == "client/registerCapability"]
    watchers = asked["params"]["registrations"][0]["registerOptions"]["watchers"]
    assert {"globPattern": "**", "kind": 5} in watchers
    shutil.move(folder / "jobs", folder / "tasks")
    notify(wire, DELETED, folder / "jobs")
    notify(wire, CREATED, folder / "tasks")
    assert published_rules(wire, folder / "jobs" / "a.yaml") == []
    assert published_rules(wire, folder / "tasks" / "a.yaml") == ["max-wait-without-spot"]
    wire.close()


def test_a_source_folder_that_is_deleted_judges_its_manifests_again(folder: Path) -> None:
    (folder / "code").mkdir()
    (folder / "code" / "train.py").write_text(SCRIPT)
    (folder / "a.yaml").write_text(f"{MANIFEST}source_dir: code\n")
    wire = Wire(folder, WATCHES)
    assert published_rules(wire, folder / "a.yaml") == []
    shutil.rmtree(folder / "code")
    notify(wire, DELETED, folder / "code")
    assert published_rules(wire, folder / "a.yaml") == ["source-dir-not-found"]
    wire.close()


def test_files_that_nobody_asked_for_judge_nothing_again(folder: Path) -> None:
    (folder / "a.yaml").write_text(WRONG)
    wire = Wire(folder, WATCHES)
    assert published_rules(wire, folder / "a.yaml") == ["max-wait-without-spot"]
    before = len(wire.published[(folder / "a.yaml").as_uri()])
    judged = wire.server.judgements.known[str(folder / "a.yaml")]
    (folder / "node_modules").mkdir()
    for name in ("node_modules", ".git/index.lock", "core.dump"):
        notify(wire, CREATED, folder / name)
        notify(wire, DELETED, folder / name)
    wire.settled()
    assert wire.server.judgements.known[str(folder / "a.yaml")] is judged
    assert len(wire.published[(folder / "a.yaml").as_uri()]) == before
    wire.close()


def test_of_two_spellings_of_a_name_the_one_that_is_left_open_holds(folder: Path) -> None:
    one, other = (folder / "a b.yaml").as_uri(), (folder / "a b.yaml").as_uri().replace("a%20b", "%61%20b")
    wire = Wire(folder)
    wire.open(one, WRONG)
    wire.open(other, MANIFEST)
    wire.notify("textDocument/didClose", {"textDocument": {"uri": other}})
    assert published_rules(wire, folder / "a b.yaml") == ["max-wait-without-spot"]
    wire.close()


def test_a_script_that_is_edited_under_another_name_of_its_folder_is_judged_unsaved(folder: Path) -> None:
    (folder / "shared").mkdir()
    (folder / "shared" / "train.py").write_text(SCRIPT)
    (folder / "link").symlink_to(folder / "shared")
    text = f"{MANIFEST}source_dir: link\nhyperparameters: {{epochs: 3}}\n"
    (folder / "a.yaml").write_text(text)
    wire = Wire(folder)
    assert published_rules(wire, folder / "a.yaml") == []
    wire.open((folder / "shared" / "train.py").as_uri(), SCRIPT.replace("type=int", "choices=['1']"))
    assert published_rules(wire, folder / "a.yaml") == ["value-not-among-choices"]
    wire.close()


def test_of_two_folders_with_the_same_files_each_is_judged_by_itself(folder: Path, tmp_path_factory: Any) -> None:
    other = tmp_path_factory.mktemp("other") / "copy"
    (folder / "a.yaml").write_text(MANIFEST)
    shutil.copytree(folder, other)
    folders = [{"uri": each.as_uri(), "name": each.name} for each in (folder, other)]
    wire = Wire(folder, workspaceFolders=folders)
    assert [published_rules(wire, each / "a.yaml") for each in (folder, other)] == [[], []]
    wire.close()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("---\n".join(MANIFEST for _ in range(1_001)), id="too many documents"),
        pytest.param(f"{MANIFEST}request: {'[' * 500}\n", id="too deep"),
        pytest.param(MANIFEST + f"tags: {{a: {'x' * cursor.MOST_CHARACTERS}}}\n: [\n", id="too long"),
    ],
)
def test_a_text_that_is_too_much_is_read_once_for_a_hover(
    folder: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = Editor(folder)
    document = editor.open("a.yaml", text)
    read = []
    whole = cursor._read
    monkeypatch.setattr(cursor, "_read", lambda source, lines: read.append(1) or whole(source, lines))
    editor.ask("hover", document, document.text.index("ml.m5"))
    assert len(read) == 1


def test_what_cannot_be_read_is_reported_as_validate_tells_it(folder: Path) -> None:
    (folder / "leads-nowhere.yaml").symlink_to("nothing.yaml")
    (folder / "leads-back.yaml").symlink_to("leads-back.yaml")
    os.mkfifo(folder / "pipe.yaml")
    (folder / "folder.yaml").mkdir()
    (folder / "large.yaml").write_text(f"apiVersion: sagespec/v1\nkind: TrainingJob\nx: [{'1,' * 2_000_000}]\n")
    (folder / "latin.yaml").write_bytes(b"apiVersion: sagespec/v1\nkind: TrainingJob\nname: \xff\n")
    (folder / "zero.yaml").write_bytes(b"apiVersion: sagespec/v1\x00\nkind: TrainingJob\n")
    wire = Wire(folder)
    wire.settled()
    published = {
        (unquote(uri), found["code"], found["message"].partition("\nhelp: ")[0])
        for uri, those in wire.published.items()
        for found in those[-1]["diagnostics"]
    }
    wire.close()
    results = Compiler(Options(Inputs(), build=False)).run([str(folder)])
    found = [each for result in results for each in result.diagnostics]
    assert published == {(Path(each.path).as_uri(), each.rule, each.message) for each in found}
    assert {rule for _, rule, _ in published} == {"passed-over", "file-too-large", "not-utf8", "invalid-yaml"}


def framed(content: str, length: int | None = None) -> bytes:
    body = content.encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body) if length is None else length, body)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(framed('{"id": 7, "method": "textDocument/hover"}', 30), id="longer than it says"),
        pytest.param(framed("[" * 100_000), id="nested deeper than a parser goes"),
        pytest.param(framed('{"id": {"a": 1}, "method": "shutdown"}'), id="an id that is an object"),
        pytest.param(framed('{"id": [1], "method": "textDocument/hover", "params": {}}'), id="an id that is a list"),
        pytest.param(framed('{"id": NaN, "method": "textDocument/hover"}'), id="an id that is not a number"),
        pytest.param(framed('{"id": 1, "method": 5}'), id="a method that is a number"),
        pytest.param(b"Content-Length: -5\r\n\r\n", id="a length below nothing"),
        pytest.param(b"hello\r\n\r\n\r\n", id="no header"),
    ],
)
def test_after_a_message_that_is_none_the_next_one_is_answered(folder: Path, raw: bytes) -> None:
    wire = Wire(folder)
    wire.send_raw(raw)
    wire.open((folder / "a.yaml").as_uri(), WRONG)
    assert published_rules(wire, folder / "a.yaml") == ["max-wait-without-spot"]
    wire.close()


def test_a_client_that_does_not_listen_any_more_ends_the_server() -> None:
    with subprocess.Popen(SAGESPEC, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stderr is not None
        server.stdin.write(framed('{"id": 1, "method": "initialize", "params": {"capabilities": {}}}'))
        server.stdin.flush()
        assert server.stdout.readline().startswith(b"Content-Length")
        server.stdout.close()
        server.stdin.write(framed('{"id": 2, "method": "shutdown"}'))
        server.stdin.flush()
        assert (server.wait(60), server.stderr.read()) == (1, b"")
