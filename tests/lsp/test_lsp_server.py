"""The server as an editor meets it: order, versions, cancelling, storms, files that come and go, and odd messages."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp.documents import ENDPOINT, MANIFEST, SCRIPT
from lsp.in_memory import Editor, Wire
from sagespec.lsp.protocol.jsonrpc import (
    CONTENT_MODIFIED,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    REQUEST_CANCELLED,
)
from sagespec.lsp.protocol.texts import TextDocument, characters, path_of, units, uri_of
from sagespec.lsp.workspace import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


def test_a_storm_of_edits_stays_in_order_and_only_the_last_text_is_reported(folder: Path) -> None:
    """A thousand at once, each a key of the keyboard: what is published has the last version, and never an older one
    after a newer one."""
    wire = Wire(folder)
    uri = (folder / "mnist.yaml").as_uri()
    wire.open(uri, MANIFEST)
    wire.until(uri, 1)
    typed = ("max_wait: 60 # " + "wait " * 200)[:1000]
    start = MANIFEST.count("\n")
    edits = [
        {
            "method": "textDocument/didChange",
            "params": {
                "textDocument": {"uri": uri, "version": 2 + number},
                "contentChanges": [
                    {
                        "range": {
                            "start": {"line": start, "character": number},
                            "end": {"line": start, "character": number},
                        },
                        "text": character,
                    }
                ],
            },
        }
        for number, character in enumerate(typed)
    ]
    wire.send(*edits)
    assert [found["code"] for found in wire.until(uri, 1001)["diagnostics"]] == ["max-wait-without-spot"]
    wire.settled()
    versions = [params["version"] for params in wire.published[uri]]
    assert versions == sorted(versions)
    assert wire.server.workspace.open[uri].text == MANIFEST + typed
    wire.close()


def test_a_request_that_is_cancelled_before_its_turn_is_dropped(folder: Path) -> None:
    wire = Wire(folder)
    uri = (folder / "mnist.yaml").as_uri()
    wire.open(uri, MANIFEST)
    params = {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 2}}
    wire.send(
        {"id": 77, "method": "textDocument/hover", "params": params},
        {"id": 78, "method": "textDocument/hover", "params": params},
        {"method": "$/cancelRequest", "params": {"id": 78}},
    )
    answers = [wire.answer(77), wire.answer(78)]
    assert "result" in answers[0] or answers[0]["error"]["code"] == REQUEST_CANCELLED
    assert answers[1].get("error", {}).get("code", REQUEST_CANCELLED) == REQUEST_CANCELLED
    wire.close()


def test_the_connection_knows_what_was_cancelled_and_what_was_overtaken(folder: Path) -> None:
    """Without luck: everything has been read before the first message is handled."""
    wire = Wire(folder)
    uri = (folder / "mnist.yaml").as_uri()
    wire.open(uri, MANIFEST)
    wire.settled()
    position = {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 2}}
    blocked = wire.server._handle
    waiting: list[Any] = []
    wire.server._handle = waiting.append  # type: ignore[method-assign]
    wire.send({"id": 1001, "method": "textDocument/hover", "params": position})
    wire.change(uri, 2, {"text": MANIFEST + "# more\n"})
    wire.send({"id": 1002, "method": "textDocument/hover", "params": position})
    wire.send({"id": 1003, "method": "textDocument/hover", "params": position})
    wire.send({"method": "$/cancelRequest", "params": {"id": 1003}})
    wire.send({"method": "last"})
    while not waiting or waiting[-1].method != "last":
        gc.collect(0)
    for message in waiting:
        blocked(message)
    wire.server._handle = blocked  # type: ignore[method-assign]
    assert wire.answer(1001)["error"]["code"] == CONTENT_MODIFIED
    assert "framework_version" in wire.answer(1002)["result"]["contents"]["value"]
    assert wire.answer(1003)["error"]["code"] == REQUEST_CANCELLED
    wire.close()


def test_odd_messages_are_answered_and_the_server_lives_on(folder: Path) -> None:
    wire = Wire(folder)
    wire.send_raw(b"Content-Length: 5\r\n\r\n{oops")
    assert wire.answer(None)["error"]["code"] == PARSE_ERROR
    wire.send_raw(b"nonsense\r\ncontent-type: x\r\ncontent-length: 2\r\n\r\n[]")
    assert "error" in wire.answer(None)
    assert wire.answer(wire.begin("textDocument/nothing", {}))["error"]["code"] == METHOD_NOT_FOUND
    assert wire.answer(wire.begin("textDocument/hover", {"textDocument": 5}))["error"]["code"] == INVALID_PARAMS
    wire.notify("textDocument/didChange", {"textDocument": {"uri": "file:///never/opened.yaml"}, "contentChanges": []})
    wire.notify("$/unheardOf", {})
    wire.notify("textDocument/didOpen", {"textDocument": {}})
    wire.settled()
    assert wire.requests == []
    assert wire.initialized["serverInfo"]["name"] == "sagespec"
    wire.close()
    assert wire.code == 0


def test_a_client_that_is_gone_without_a_word_ends_the_server(folder: Path) -> None:
    wire = Wire(folder)
    wire._to_server.close()
    wire._threads[0].join(60)
    assert wire.code == 1


@pytest.mark.parametrize("name", ["a b.yaml", "100%.yaml", "übung.yaml", "a#b?.yaml", "a+b&c.yaml", "日本.yaml"])
def test_uris_are_percent_encoded_both_ways(folder: Path, name: str) -> None:
    path = folder / name
    assert uri_of(str(path)) == path.as_uri()
    assert path_of(path.as_uri()) == str(path)
    wire = Wire()
    wire.open(path.as_uri(), f"{MANIFEST}max_wait: 60\n")
    assert len(wire.until(path.as_uri(), 1)["diagnostics"]) == 1
    wire.close()


def test_a_uri_that_an_editor_spells_in_its_own_way_is_answered_in_that_way(folder: Path) -> None:
    uri = (folder / "mnist.yaml").as_uri().replace("mnist", "%6Dnist")
    wire = Wire(folder)
    wire.open(uri, f"{MANIFEST}max_wait: 60\n")
    assert wire.until(uri, 1)["uri"] == uri
    wire.close()


def test_several_folders_and_files_outside_of_any(tmp_path: Path) -> None:
    for name in ("one", "two", "outside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.py").write_text(SCRIPT)
        (tmp_path / name / "mnist.yaml").write_text(f"{MANIFEST}max_wait: 60\n")
    uris = {name: (tmp_path / name / "mnist.yaml").as_uri() for name in ("one", "two", "outside")}
    folders = [{"uri": (tmp_path / name).as_uri(), "name": name} for name in ("one", "two")]
    wire = Wire(workspaceFolders=folders)
    wire.until(uris["one"])
    wire.until(uris["two"])
    assert set(wire.published) == {uris["one"], uris["two"]}
    wire.open(uris["outside"], MANIFEST)
    assert wire.until(uris["outside"], 1)["diagnostics"] == []
    wire.change(uris["outside"], 2, {"text": f"{MANIFEST}max_wait: 60\n"})
    assert len(wire.until(uris["outside"], 2)["diagnostics"]) == 1
    wire.notify("textDocument/didClose", {"textDocument": {"uri": uris["outside"]}})
    wire.settled()
    assert wire.published[uris["outside"]][-1]["diagnostics"] == []
    wire.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folders[0]]}})
    wire.settled()
    assert wire.published[uris["one"]][-1]["diagnostics"] == []
    assert len(wire.published[uris["two"]][-1]["diagnostics"]) == 1
    wire.close()


def test_closing_without_saving_brings_back_what_the_file_says(folder: Path) -> None:
    (folder / "mnist.yaml").write_text(MANIFEST)
    uri = (folder / "mnist.yaml").as_uri()
    wire = Wire(folder)
    wire.open(uri, f"{MANIFEST}max_wait: 60\n")
    assert len(wire.until(uri, 1)["diagnostics"]) == 1
    wire.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    wire.settled()
    assert wire.published[uri][-1] == {"uri": uri, "diagnostics": []}
    wire.close()


def test_a_client_that_can_is_asked_to_watch_the_disk(folder: Path) -> None:
    (folder / "mnist.yaml").write_text(MANIFEST)
    can = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
    wire = Wire(folder, can)
    wire.settled()
    (asked,) = wire.requests
    assert asked["method"] == "client/registerCapability"
    assert asked["params"]["registrations"][0]["method"] == "workspace/didChangeWatchedFiles"
    uri = (folder / "mnist.yaml").as_uri()
    assert wire.published.get(uri, [{"diagnostics": []}])[-1]["diagnostics"] == []
    (folder / "train.py").unlink()
    wire.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": (folder / "train.py").as_uri(), "type": 3}]})
    assert "train.py" in wire.until(uri)["diagnostics"][0]["message"]
    (folder / "other.yaml").write_text(MANIFEST.replace("mnist", "other"))
    wire.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": (folder / "other.yaml").as_uri(), "type": 1}]})
    wire.until((folder / "other.yaml").as_uri())
    wire.close()


def test_where_a_client_does_not_watch_the_disk_the_server_looks_itself(folder: Path) -> None:
    (folder / "mnist.yaml").write_text(MANIFEST)
    wire = Wire(folder)
    wire.settled()
    server = wire.server
    server._look_at_disk()
    assert not server.judgements.has_work
    (folder / "train.py").write_text(SCRIPT + "\n# longer\n")
    server._look_at_disk()
    assert server.judgements.has_work
    wire.settled()
    wire.close()


@pytest.mark.parametrize("method", ["codeAction", "definition", "references", "prepareRename"])
def test_what_a_request_has_had_judged_at_once_is_published_too(folder: Path, method: str) -> None:
    """Editors ask for quick fixes as soon as they have opened a file: before there was time to judge it."""
    uri = (folder / "mnist.yaml").as_uri()
    (folder / "mnist.yaml").write_text(f"{MANIFEST}max_wait: 60\n")
    wire = Wire(folder)
    place = {"line": 2, "character": 7}
    document = {"uri": uri, "languageId": "yaml", "version": 1, "text": f"{MANIFEST}max_wait: 60\n"}
    at = {"textDocument": {"uri": uri}, "position": place, "range": {"start": place, "end": place}}
    wire.send(
        {"method": "textDocument/didOpen", "params": {"textDocument": document}},
        {"id": 99, "method": f"textDocument/{method}", "params": at},
    )
    wire.answer(99)
    wire.settled()
    assert [found["code"] for found in wire.published[uri][-1]["diagnostics"]] == ["max-wait-without-spot"]
    assert wire.published[uri][-1]["version"] == 1
    wire.close()


def test_what_is_changed_before_the_server_looks_for_the_first_time_is_seen(folder: Path) -> None:
    (folder / "mnist.yaml").write_text(f"{MANIFEST}max_wait: 60\n")
    uri = (folder / "mnist.yaml").as_uri()
    wire = Wire(folder)
    wire.settled()
    assert len(wire.published[uri][-1]["diagnostics"]) == 1
    (folder / "mnist.yaml").unlink()
    wire.server._look_at_disk()
    wire.settled()
    assert wire.published[uri][-1]["diagnostics"] == []
    wire.close()


def test_settings_are_those_of_the_command_line_then_of_the_client() -> None:
    begun = Settings(environment="dev")
    assert Settings.read(None, begun) == begun
    assert Settings.read({"sagespec": {"environment": "prod", "inlayHints": False}}, begun) == Settings(
        "prod", {}, inlay_hints=False
    )
    assert Settings.read({"hideSchemaFindings": True, "environment": 5}, begun) == begun._replace(
        hide_schema_findings=True
    )
    assert Settings.read("nonsense", begun) == begun


def test_another_environment_is_judged_when_the_settings_say_so(folder: Path) -> None:
    (folder / "sagespec.yaml").write_text(
        "apiVersion: sagespec/v1\nkind: Defaults\nenvironments:\n  dev: {}\n  prod: {max_wait: 60}\n"
    )
    uri, defaults = (folder / "mnist.yaml").as_uri(), (folder / "sagespec.yaml").as_uri()
    wire = Wire(folder)
    wire.open(uri, MANIFEST)
    assert len(wire.until(defaults)["diagnostics"]) == 1
    wire.notify("workspace/didChangeConfiguration", {"settings": {"sagespec": {"environment": "dev"}}})
    wire.settled()
    assert wire.published[defaults][-1]["diagnostics"] == []
    wire.close()


def test_memory_stays_flat_over_many_edits(folder: Path) -> None:
    """An hour of typing: what is kept after many edits is what was kept after a few."""
    editor = Editor(folder)

    def kept(count: int) -> int:
        for number in range(count):
            editor.open("mnist.yaml", f"{MANIFEST}max_wait: {number}\n# {number}\n", number)
            editor.open("train.py", f"{SCRIPT}# {number}\n", number)
            editor.open("sagespec.yaml", f"kind: Defaults\nvars: {{n{number}: {number}}}\n", number)
            endpoint = editor.open("serve.yaml", f"{ENDPOINT}tags: {{n: x{number}}}\n", number)
            editor.ask("references", endpoint, endpoint.text.index("mnist"), context={})
            editor.ask("hover", endpoint, endpoint.text.index("mnist"))
            editor.workspace.take_away(endpoint.uri)
        gc.collect()
        return len(gc.get_objects())

    kept(70)
    first = kept(5)
    assert kept(40) - first < first * 0.01


def test_nothing_of_the_workspace_is_run_or_imported(folder: Path) -> None:
    """A script that would tell, a package beside it of a name that is imported here, and a `sitecustomize`."""
    trap = f"open({str(folder / 'trapped')!r}, 'w').close()\n"
    for name in ("train.py", "yaml.py", "json.py", "sitecustomize.py", "sagespec.py"):
        (folder / name).write_text(trap + (SCRIPT if name == "train.py" else ""))
    editor = Editor(folder)
    document = editor.open("mnist.yaml", f"{MANIFEST}hyperparameters: {{epochs: 3}}\n")
    editor.ask("hover", document, document.text.index("epochs"))
    editor.ask("completion", document, document.text.index("epochs"))
    assert not (folder / "trapped").exists()
    assert str(folder) not in sys.path


@pytest.mark.parametrize(
    ("text", "wanted", "count"),
    [("abc", 2, 2), ("abc", 9, 3), ("é🚀x", 1, 1), ("é🚀x", 2, 1), ("é🚀x", 3, 2), ("é🚀x", 4, 3), ("", 1, 0)],
)
def test_characters_of_utf16_units(text: str, wanted: int, count: int) -> None:
    assert characters(text, wanted) == count
    assert units(text[:count]) <= max(wanted, 0)


def test_edits_are_each_about_what_the_ones_before_have_made() -> None:
    document = TextDocument("file:///a.yaml", 1, "a: 🚀\r\nb: 2\r\n")
    there = {"start": {"line": 0, "character": 5}, "end": {"line": 1, "character": 0}}
    after = document.changed(2, [{"range": there, "text": ""}, {"range": there | {"end": there["start"]}, "text": "!"}])
    assert (after.raw, after.version) == ("a: 🚀!b: 2\r\n", 2)
    assert document.changed(3, [{"text": "x"}, {"text": "y"}]).raw == "y"


def test_half_a_surrogate_pair_is_refused_and_not_fatal(folder: Path) -> None:
    wire = Wire(folder)
    uri = (folder / "mnist.yaml").as_uri()
    (folder / "mnist.yaml").write_text(MANIFEST)
    wire.send_raw(_message("textDocument/didOpen", uri, MANIFEST + 'tags: {a: "\ud800"}\n'))
    assert [found["code"] for found in wire.until(uri, 1)["diagnostics"]] == ["not-utf8"]
    wire.close()


def _message(method: str, uri: str, text: str) -> bytes:
    item = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
    body = json.dumps({"jsonrpc": "2.0", "method": method, "params": {"textDocument": item}}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_an_unsaved_buffer_without_a_file_gets_nothing(folder: Path) -> None:
    wire = Wire(folder)
    wire.open("untitled:Untitled-1", MANIFEST)
    wire.settled()
    assert wire.published == {}
    wire.close()
