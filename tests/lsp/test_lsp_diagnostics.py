"""In the editor stands what `validate` says, to the letter: at the manifest, at the defaults, at the script."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from lsp.documents import ENDPOINT, MANIFEST, SCRIPT
from lsp.in_memory import Editor, Wire
from sagespec.base.diagnostic import Diagnostic
from sagespec.lsp.features.diagnostics import diagnostics
from sagespec.lsp.protocol.texts import TextDocument, path_of
from sagespec.pipeline import OUR_KINDS, Compiler, Options
from sagespec.reading.discovery import may_be_ours
from sagespec.reading.render import Inputs
from sagespec.reporting.findings.report import Report, safe


def files() -> Iterator[Path]:
    for folder in ("tests", "specs", "templates"):
        for path in sorted((REPOSITORY / folder).rglob("*.y*ml")):
            text = path.read_bytes().decode("utf-8", "replace")
            if may_be_ours(text, OUR_KINDS) and "k8s.aws/" not in text:
                yield path


FILES = list(files())


def validated(path: Path) -> list[Diagnostic]:
    compiler = Compiler(Options(Inputs(), build=False))
    return [safe(found) for found in Report(compiler.run([os.path.relpath(path)])).found()]


def as_validate_says(found: Diagnostic) -> tuple[Any, ...]:
    severity = {"error": 1, "warning": 2, "note": 3}[found.severity.value]
    said = f"{found.message}\nhelp: {found.hint}" if found.hint else found.message
    return os.path.abspath(found.path), found.span.line, found.rule, severity, said  # noqa: PTH100


def test_there_are_files_to_compare() -> None:
    assert len(FILES) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_every_manifest_of_the_repository_has_in_the_editor_what_validate_finds(path: Path) -> None:
    editor = Editor(path.parent)
    editor.open(path.name, path.read_bytes().decode("utf-8", "surrogateescape"))
    known = editor.judgements.known[str(path)]
    published = [
        (name, item["range"]["start"]["line"] + 1, item["code"], item["severity"], item["message"])
        for name in {*known.found, *known.unused}
        for item in diagnostics(editor.workspace, editor.judgements.findings(name))
    ]
    assert sorted(published) == sorted(map(as_validate_says, validated(path)))


def test_an_unsaved_text_is_judged_and_not_the_file(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "mnist.yaml").write_text(MANIFEST)
    wire = Wire(tmp_path)
    uri = (tmp_path / "mnist.yaml").as_uri()
    wire.open(uri, MANIFEST)
    assert wire.until(uri, 1)["diagnostics"] == []
    wire.change(uri, 2, {"text": MANIFEST.replace("ml.m5.xlarge", "ml.m5.xlrge")})
    (found,) = wire.until(uri, 2)["diagnostics"]
    assert (found["code"], found["source"]) == ("misspelt-instance-type", "sagespec")
    assert found["range"] == {"start": {"line": 7, "character": 15}, "end": {"line": 7, "character": 26}}
    wire.close()


def test_a_script_that_is_edited_judges_again_the_manifest_that_trains_with_it(tmp_path: Path) -> None:
    """The manifest is not even open; its finding names the place in the script that is being edited."""
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "mnist.yaml").write_text(f"{MANIFEST}hyperparameters: {{epochs: 3}}\n")
    wire = Wire(tmp_path)
    wire.settled()
    script, manifest = (tmp_path / "train.py").as_uri(), (tmp_path / "mnist.yaml").as_uri()
    wire.open(script, SCRIPT)
    wire.settled()
    assert wire.published == {}
    wire.change(script, 2, {"text": SCRIPT.replace("type=int", "type=int, choices=[1, 2]")})
    (found,) = wire.until(manifest)["diagnostics"]
    assert (found["code"], found["range"]["start"]["line"]) == ("value-not-among-choices", 9)
    (related,) = found["relatedInformation"]
    assert (related["location"]["uri"], related["location"]["range"]["start"]["line"]) == (script, 5)
    wire.change(script, 3, {"text": SCRIPT + "def broken(:\n"})
    (wrong,) = wire.until(script, 3)["diagnostics"]
    assert wrong["range"]["start"]["line"] == SCRIPT.count("\n")
    wire.change(script, 4, {"text": SCRIPT})
    assert wire.until(script, 4)["diagnostics"] == []
    wire.settled()
    assert wire.published[manifest][-1]["diagnostics"] == []
    wire.close()


def test_defaults_that_are_edited_judge_again_what_lies_below_them(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "train.py").write_text(SCRIPT)
    manifest = tmp_path / "jobs" / "mnist.yaml"
    manifest.write_text(MANIFEST.replace("region: us-west-2\n", ""))
    defaults = "apiVersion: sagespec/v1\nkind: Defaults\nregion: us-west-2\n"
    (tmp_path / "sagespec.yaml").write_text(defaults)
    wire = Wire(tmp_path)
    uri = (tmp_path / "sagespec.yaml").as_uri()
    wire.open(uri, defaults)
    assert wire.until(uri, 1)["diagnostics"] == []
    wire.change(uri, 2, {"text": f"{defaults}max_wait: 60\n"})
    wire.settled()
    assert [found["code"] for found in wire.until(uri, 2)["diagnostics"]] == ["max-wait-without-spot"]
    wire.close()


def test_a_finding_has_its_related_places_and_a_link(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    document = editor.open("mnist.yaml", f"{MANIFEST}name: again\nmax_wait: 60\n")
    found = {
        item["code"]: item
        for item in diagnostics(editor.workspace, editor.judgements.findings(str(tmp_path / "mnist.yaml")))
    }
    (related,) = found["duplicate-key"]["relatedInformation"]
    assert related["location"] == {"uri": document.uri, "range": document.range(42, 46)}
    assert found["max-wait-without-spot"]["codeDescription"]["href"].startswith("https://docs.aws.amazon.com/")


def test_columns_count_utf16_units(tmp_path: Path) -> None:
    """Of bytes, or of characters, each of these would put the mark elsewhere."""
    editor = Editor(tmp_path)
    document = editor.open("mnist.yaml", f'{MANIFEST}tags: {{"ééé": a, "🚀🚀": 1}}\n')
    (found,) = diagnostics(editor.workspace, editor.judgements.findings(str(document.path)))[1:]
    line = document.text.splitlines()[9]
    units = len(line[: line.index("1}")].encode("utf-16-le")) // 2
    assert found["range"] == {"start": {"line": 9, "character": units}, "end": {"line": 9, "character": units + 1}}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_move_nothing(tmp_path: Path, end: str, mark: str) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    editor = Editor(tmp_path)
    document = editor.open("mnist.yaml", mark + f"{MANIFEST}max_wait: 60\n".replace("\n", end))
    (found,) = diagnostics(editor.workspace, editor.judgements.findings(str(document.path)))
    assert found["range"] == {"start": {"line": 9, "character": 0}, "end": {"line": 9, "character": 8}}


def test_a_mark_before_the_first_character_counts_in_its_line() -> None:
    document = TextDocument("file:///x.yaml", 1, "\ufeffab\nc")
    assert (document.text, document.index({"line": 0, "character": 1})) == ("ab\nc", 0)
    assert document.position(1) == {"line": 0, "character": 2}
    assert document.position(3) == {"line": 1, "character": 0}


def test_yaml_that_is_not_ours_gets_nothing_at_all(tmp_path: Path) -> None:
    chart = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: [}\n"
    wire = Wire(tmp_path)
    uri = (tmp_path / "chart.yaml").as_uri()
    wire.open(uri, chart)
    wire.settled()
    position = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 3}}
    assert wire.ask("textDocument/hover", position) is None
    assert wire.ask("textDocument/completion", position) is None
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 3, "character": 0}}
    asked = {"textDocument": {"uri": uri}, "range": whole, "context": {"diagnostics": []}}
    assert wire.ask("textDocument/codeAction", asked) == []
    assert wire.published == {}
    wire.close()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("max_wiat: 5\n", set()),
        ("max_wait: 60\n", {"max-wait-without-spot"}),
        ("max_wait: 60\nuse_spot_instances: false\n", set()),
        ("tags: {owner: 'a & b'}\n", set()),
        ("tags: {owner: '\u2026'}\n", {"impossible-tag"}),
        (
            "channels: {train: {s3_data: 's3://b/t', path: x, input_mode: Pipe}}\n",
            {"missing-local-data", "unused-channel"},
        ),
        ("volume_size: 10000\n", {"volume-over-quota"}),
        ("environment: {WANDB_API_KEY: 0123456789abcdef0123456789abcdef01234567}\n", set()),
        ("environment: {WANDB_API_KEY: 1111111123456789abcdef0123456789abcdef01}\n", {"secret-in-manifest"}),
        ("use_spot_instances: true\nmax_run: 7200\nmax_wait: 3600\n", set()),
        ("use_spot_instances: true\nmax_run: 7205\nmax_wait: 7203\n", {"max-wait-shorter-than-run"}),
        ("request: {StoppingCondition: {MaxRuntimeInSecond: 3600}}\n", {"unknown-request-member"}),
    ],
)
def test_what_the_schema_shows_can_be_left_out(tmp_path: Path, text: str, left: set[str]) -> None:
    """And nothing else: what it can only show of other documents is kept."""
    (tmp_path / "train.py").write_text(SCRIPT)
    editor = Editor(tmp_path)
    document = editor.open("mnist.yaml", MANIFEST + text)
    found = editor.judgements.findings(str(document.path))
    assert found
    editor.workspace.settings = editor.workspace.settings._replace(hide_schema_findings=True)
    assert {item["code"] for item in diagnostics(editor.workspace, found)} == left


def test_an_allowance_that_another_manifest_needs_is_not_called_unused(tmp_path: Path) -> None:
    """A comment in the defaults silences one manifest's warning; for the other there is nothing to silence."""
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / ".git").mkdir()
    comment = "# sagespec: allow volume-larger-than-local-storage"
    defaults = f"apiVersion: sagespec/v1\nkind: Defaults\n{comment}\nvolume_size: 1000\n"
    (tmp_path / "sagespec.yaml").write_text(defaults)
    (tmp_path / "nvme.yaml").write_text(MANIFEST.replace("ml.m5.xlarge", "ml.g5.xlarge"))
    (tmp_path / "ebs.yaml").write_text(MANIFEST.replace("name: mnist", "name: other"))
    said = [found for path in ("nvme.yaml", "ebs.yaml") for found in validated(tmp_path / path)]
    editor = Editor(tmp_path)
    editor.open("nvme.yaml", (tmp_path / "nvme.yaml").read_text())
    editor.open("ebs.yaml", (tmp_path / "ebs.yaml").read_text())
    whole = Report(Compiler(Options(Inputs(), build=False)).run([str(tmp_path)])).found()
    at_defaults = [found.rule for found in editor.judgements.findings(str(tmp_path / "sagespec.yaml"))]
    assert at_defaults == [found.rule for found in whole if found.path.endswith("sagespec.yaml")]
    assert at_defaults == []
    assert "unused-allowance" in {found.rule for found in said}


def between_files(folder: Path) -> dict[str, set[tuple[int, str, str]]]:
    """What `validate FOLDER` finds, by file: line, rule, message."""
    found: dict[str, set[tuple[int, str, str]]] = {}
    for each in Report(Compiler(Options(Inputs(), build=False)).run([str(folder)])).found():
        where = os.path.abspath(each.path)  # noqa: PTH100
        found.setdefault(where, set()).add((each.span.line, each.rule, each.message.replace(str(folder), "")))
    return found


def in_the_editor(wire: Wire, folder: Path) -> dict[str, set[tuple[int, str, str]]]:
    wire.settled()
    last = {path_of(uri): said[-1]["diagnostics"] for uri, said in wire.published.items()}
    return {
        str(path): {
            (
                item["range"]["start"]["line"] + 1,
                item["code"],
                item["message"].split("\nhelp")[0].replace(str(folder), ""),
            )
            for item in items
        }
        for path, items in last.items()
        if items
    }


def edited(wire: Wire, folder: Path, texts: Sequence[tuple[str, str]]) -> None:
    """Types and saves one text after the other; after each, the editor says what is said between files."""
    opened: set[str] = set()
    for version, (name, text) in enumerate(texts, 2):
        uri = (folder / name).as_uri()
        if name in opened:
            wire.change(uri, version, {"text": text})
        else:
            wire.open(uri, text, version)
        opened.add(name)
        (folder / name).write_text(text)
        assert in_the_editor(wire, folder) == between_files(folder), (name, version)


def test_what_jobs_of_several_files_may_not_both_have_is_found_as_validate_finds_it(tmp_path: Path) -> None:
    """Names and places of checkpoints: while they are typed, in files that are open and in those that are not."""
    folder = tmp_path
    (folder / ".git").mkdir()
    (folder / "train.py").write_text(SCRIPT)
    (folder / "sub").mkdir()
    (folder / "sub" / "train.py").write_text(SCRIPT)
    names = ("b.yaml", "c.yaml", "sub/a.yaml")
    for name in names:
        (folder / name).write_text(MANIFEST)
    wire = Wire(folder)
    shown = in_the_editor(wire, folder)
    assert shown == between_files(folder)
    assert {next(iter(found))[1] for found in shown.values()} == {"name-in-two-files"}
    assert sorted(shown) == [str(folder / "c.yaml"), str(folder / "sub" / "a.yaml")]
    texts = [
        ("b.yaml", "# a line above\n" + MANIFEST),
        ("b.yaml", MANIFEST.replace("mnist", "other")),
        ("sub/a.yaml", MANIFEST.replace("mnist", "other")),
        ("c.yaml", f"{MANIFEST}---\n{MANIFEST}"),
        ("b.yaml", MANIFEST.replace("mnist", "third") + "checkpoint_s3_uri: s3://bucket/all\n"),
        ("c.yaml", MANIFEST + "checkpoint_s3_uri: s3://bucket/all/\n"),
        ("b.yaml", "name: ["),
    ]
    edited(wire, folder, texts)
    wire.close()


SAVES = """\
import os
import tensorflow as tf

if __name__ == "__main__":
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit([[1.0]], [[1.0]], epochs=3)
    model.export(os.path.join(os.environ["SM_MODEL_DIR"], "final"))
"""


def test_a_script_that_an_endpoint_cannot_serve_is_found_as_validate_finds_it(tmp_path: Path) -> None:
    """Wherever in the folder the job's manifest lies, and while either of them, or the script, is typed."""
    folder = tmp_path
    (folder / ".git").mkdir()
    job = MANIFEST.replace('"2.21"', '"2.14"') + "model_dir: false\n"
    for name in ("jobs", "serving"):
        (folder / name).mkdir()
    (folder / "jobs" / "train.py").write_text(SAVES)
    (folder / "jobs" / "job.yaml").write_text(job)
    (folder / "serving" / "serve.yaml").write_text(ENDPOINT)
    wire = Wire(folder)
    shown = in_the_editor(wire, folder)
    assert shown == between_files(folder)
    rules = [rule for _, rule, _ in shown[str(folder / "jobs" / "train.py")]]
    assert rules == ["unservable-training-script"]
    texts = [
        ("jobs/job.yaml", job.replace("mnist", "other")),
        ("serving/serve.yaml", ENDPOINT.replace("mnist", "other")),
        ("jobs/train.py", SAVES.replace("final", "1")),
        ("jobs/train.py", SAVES),
        ("jobs/job.yaml", "name: ["),
        ("jobs/job.yaml", job.replace("mnist", "other")),
    ]
    edited(wire, folder, texts)
    wire.close()


def test_a_misspelt_training_job_is_found_as_validate_finds_it(tmp_path: Path) -> None:
    """While either manifest is typed, whichever was there first, and when a third one gives the name."""
    folder = tmp_path
    (folder / ".git").mkdir()
    for name in ("jobs", "serving"):
        (folder / name).mkdir()
    (folder / "jobs" / "train.py").write_text(SCRIPT)
    misspelt = ENDPOINT.replace("mnist", "mnsit")
    (folder / "jobs" / "job.yaml").write_text(MANIFEST)
    (folder / "serving" / "serve.yaml").write_text(misspelt)
    wire = Wire(folder)
    texts = [
        ("", "", True),
        ("serving/serve.yaml", ENDPOINT, False),
        ("serving/serve.yaml", misspelt, True),
        ("jobs/job.yaml", MANIFEST.replace("mnist", "iris"), False),
        ("jobs/job.yaml", MANIFEST.replace("mnist", "mnsit"), False),
        ("jobs/job.yaml", MANIFEST, True),
        ("serving/other.yaml", f"{MANIFEST}source_dir: ../jobs\n".replace("mnist", "mnsit"), False),
        ("serving/other.yaml", "name: [", True),
    ]
    opened: set[str] = set()
    for version, (name, text, is_told) in enumerate(texts, 2):
        if name:
            uri = (folder / name).as_uri()
            (folder / name).write_text(text)
            if name in opened:
                wire.change(uri, version, {"text": text})
            else:
                wire.open(uri, text, version)
            opened.add(name)
        shown = in_the_editor(wire, folder)
        assert shown == between_files(folder), (name, version)
        told = {rule for _, rule, _ in shown.get(str(folder / "serving" / "serve.yaml"), ())}
        assert ("misspelt-training-job" in told) == is_told, (name, version)
    wire.close()


def test_typing_waits_for_no_other_manifest(tmp_path: Path) -> None:
    """An endpoint looks into the manifest of its own job; what is said of a manifest does not wait for the endpoint."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "train.py").write_text(SCRIPT)
    editor = Editor(tmp_path)
    for name in ("mnist", "other", "third"):
        text = MANIFEST.replace("mnist", name)
        (tmp_path / f"{name}.yaml").write_text(text)
        editor.open(f"{name}.yaml", text)
    served = editor.open("serve.yaml", ENDPOINT)
    asked = editor.judgements.known[str(served.path)].asked
    assert {path for path in map(Path, asked) if path.suffix == ".yaml" and path.exists()} == {tmp_path / "mnist.yaml"}
    path = str(tmp_path / "mnist.yaml")
    editor.workspace.put(TextDocument(Path(path).as_uri(), 2, f"{MANIFEST}max_wait: 60\n"))
    editor.judgements.changed(path)
    editor.judgements.work()
    assert editor.judgements.has_work, "the endpoint's turn comes"
    assert editor.judgements.is_settled(path)
    assert [found.rule for found in editor.judgements.findings(path)] == ["max-wait-without-spot"]


def test_what_the_first_manifest_says_of_changed_defaults_does_not_wait_for_the_others(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "train.py").write_text(SCRIPT)
    defaults = "apiVersion: sagespec/v1\nkind: Defaults\n"
    (tmp_path / "sagespec.yaml").write_text(defaults)
    editor = Editor(tmp_path)
    for number in range(4):
        path = tmp_path / f"{number}.yaml"
        path.write_text(MANIFEST.replace("mnist", f"mnist{number}"))
        editor.judgements.changed(str(path))
    while editor.judgements.has_work:
        editor.judgements.work()
    path = str(tmp_path / "sagespec.yaml")
    editor.workspace.put(TextDocument(Path(path).as_uri(), 2, f"{defaults}max_rnu: 60\n"))
    editor.judgements.changed(path)
    assert not editor.judgements.has_findings_for(path)
    while not editor.judgements.has_findings_for(path):
        editor.judgements.work()
    assert editor.judgements.has_work
    assert not editor.judgements.is_settled(path)
    assert [found.rule for found in editor.judgements.findings(path, fresh=True)] == ["unknown-field"]
