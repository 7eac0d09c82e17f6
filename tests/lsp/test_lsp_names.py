"""Names that manifests, defaults and scripts share; and what stands between, above and beside the lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp.documents import LONG_SCRIPT, MANIFEST
from lsp.in_memory import Editor, applied, parted
from sagespec.lsp.features.table import FEATURES
from sagespec.lsp.protocol.jsonrpc import ResponseError
from sagespec.lsp.protocol.texts import TextDocument

WHOLE = (
    MANIFEST
    + """\
hyperparameters: {optimizer: adam, epochs: 3}
channels: {train: s3://bucket/train}
tags: {team: "{{ vars.team }}"}
"""
)
DEFAULTS = "apiVersion: sagespec/v1\nkind: Defaults\nvars: {team: vision}\noutput_path: s3://bucket/out\n"


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    (tmp_path / ".git").mkdir()
    editor = Editor(tmp_path)
    for name, text in (("train.py", LONG_SCRIPT), ("sagespec.yaml", DEFAULTS), ("mnist.yaml", WHOLE)):
        (tmp_path / name).write_text(text)
        editor.open(name, text)
    return editor


def places(editor: Editor, locations: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(file, the text there) of each."""
    return [(Path(uri).name, text_at(editor, uri, each["range"])) for each in locations for uri in [each["uri"]]]


def text_at(editor: Editor, uri: str, range_: dict[str, Any]) -> str:
    document = editor.workspace.open[uri]
    return document.text[document.index(range_["start"]) : document.index(range_["end"])]


def at(editor: Editor, method: str, name: str, mark: str, **params: Any) -> Any:
    """Asks in an open file, at the `|` in a piece of its text."""
    document = document_of(editor, name)
    piece, index = parted(mark)
    assert document.text.count(piece) == 1
    return editor.ask(method, document, document.text.index(piece) + index, **params)


def document_of(editor: Editor, name: str) -> TextDocument:
    return editor.workspace.open[(editor.folder / name).as_uri()]


@pytest.mark.parametrize(
    ("name", "mark", "found"),
    [
        ("mnist.yaml", "vars.te|am", [("sagespec.yaml", "team")]),
        ("mnist.yaml", "ep|ochs: 3", [("train.py", "epochs")]),
        ("mnist.yaml", "{tr|ain: s3", [("train.py", "TRAIN")]),
        ("train.py", '"--ep|ochs"', [("mnist.yaml", "epochs")]),
        ("train.py", "SM_CHANNEL_TR|AIN", [("mnist.yaml", "train")]),
    ],
)
def test_a_name_leads_to_what_it_speaks_of(editor: Editor, name: str, mark: str, found: list[tuple[str, str]]) -> None:
    method = "definition" if name == "mnist.yaml" else "references"
    there = places(editor, at(editor, method, name, mark, context={"includeDeclaration": False}))
    assert there == found


def test_an_entry_point_leads_to_its_file(editor: Editor) -> None:
    (found,) = at(editor, "definition", "mnist.yaml", "entry_point: tr|ain.py")
    assert found["uri"] == (editor.folder / "train.py").as_uri()


def test_files_that_a_manifest_names_are_links(editor: Editor) -> None:
    (link,) = editor.ask("documentLink", document_of(editor, "mnist.yaml"))
    assert link["target"] == (editor.folder / "train.py").as_uri()


def test_references_are_everywhere_a_name_stands(editor: Editor) -> None:
    other = WHOLE.replace("name: mnist", "name: other")
    editor.open("other.yaml", other)
    found = places(editor, at(editor, "references", "mnist.yaml", "vars.te|am", context={"includeDeclaration": True}))
    assert found == [("sagespec.yaml", "team"), ("mnist.yaml", "team"), ("other.yaml", "team")]
    found = places(editor, at(editor, "references", "mnist.yaml", "ep|ochs", context={"includeDeclaration": True}))
    assert found == [("train.py", "epochs"), ("mnist.yaml", "epochs"), ("other.yaml", "epochs")]


def renamed(editor: Editor, name: str, mark: str, new: str) -> dict[str, str]:
    """File → its text after a renaming."""
    changes = at(editor, "rename", name, mark, newName=new)["changes"]
    return {Path(uri).name: applied(editor.workspace.open[uri], edits) for uri, edits in changes.items()}


def test_a_channel_is_renamed_in_the_manifest_and_in_the_script(editor: Editor) -> None:
    assert renamed(editor, "mnist.yaml", "{tr|ain: s3", "images") == {
        "mnist.yaml": WHOLE.replace("{train:", "{images:"),
        "train.py": LONG_SCRIPT.replace("SM_CHANNEL_TRAIN", "SM_CHANNEL_IMAGES"),
    }


@pytest.mark.parametrize(("name", "mark"), [("mnist.yaml", "ep|ochs: 3"), ("train.py", '"--ep|ochs"')])
def test_a_hyperparameter_is_renamed_and_the_script_runs_as_before(editor: Editor, name: str, mark: str) -> None:
    texts = renamed(editor, name, mark, "num-epochs")
    assert texts["mnist.yaml"] == WHOLE.replace("epochs: 3", "num-epochs: 3")
    script = editor.folder / "renamed.py"
    script.write_text(texts["train.py"])
    environ = {"SM_MODEL_DIR": "m", "SM_CHANNEL_TRAIN": "t"}
    words = [sys.executable, str(script), "--num-epochs", "7", "--optimizer", "sgd"]
    ran = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    assert "Namespace(epochs=7" in ran.stdout


def test_a_variable_is_renamed_in_defaults_and_manifests(editor: Editor) -> None:
    assert renamed(editor, "sagespec.yaml", "te|am: vision", "squad") == {
        "sagespec.yaml": DEFAULTS.replace("team", "squad"),
        "mnist.yaml": WHOLE.replace("vars.team", "vars.squad"),
    }


def test_an_axis_of_a_matrix_is_renamed(editor: Editor) -> None:
    text = (
        f'{MANIFEST}matrix: {{rate: [1, 2]}}\nhyperparameters: {{optimizer: adam, epochs: "{{{{ matrix.rate }}}}"}}\n'
    )
    editor.open("mnist.yaml", text)
    assert renamed(editor, "mnist.yaml", "{ra|te:", "speed") == {"mnist.yaml": text.replace("rate", "speed")}


def test_what_would_be_renamed_is_shown_first(editor: Editor) -> None:
    found = at(editor, "prepareRename", "mnist.yaml", "ep|ochs: 3")
    assert found["placeholder"] == "epochs"
    assert at(editor, "prepareRename", "mnist.yaml", "instance_t|ype") is None


@pytest.mark.parametrize(("mark", "new"), [("{tr|ain: s3", "a b"), ("{tr|ain: s3", "a-b"), ("ep|ochs: 3", "")])
def test_a_name_that_cannot_be_is_refused(editor: Editor, mark: str, new: str) -> None:
    with pytest.raises(ResponseError, match="cannot be"):
        at(editor, "rename", "mnist.yaml", mark, newName=new)


ENDPOINT = """\
apiVersion: sagespec/v1
kind: Endpoint
name: serve
role: arn:aws:iam::123456789012:role/SageMakerRole
region: us-west-2
framework_version: "2.19"
training_job: mnist
instance_type: ml.m5.xlarge
initial_instance_count: 1
"""


def test_an_endpoint_leads_to_the_job_that_it_serves_and_back(editor: Editor) -> None:
    editor.open("serve.yaml", ENDPOINT)
    assert places(editor, at(editor, "definition", "serve.yaml", "training_job: mn|ist")) == [("mnist.yaml", "mnist")]
    everywhere = [("mnist.yaml", "mnist"), ("serve.yaml", "mnist")]
    for name, mark in (("serve.yaml", "training_job: mn|ist"), ("mnist.yaml", "name: mn|ist")):
        assert places(editor, at(editor, "references", name, mark)) == everywhere
    assert "`mnist` is the job of" in at(editor, "hover", "serve.yaml", "training_job: mn|ist")["contents"]["value"]
    (link,) = editor.ask("documentLink", document_of(editor, "serve.yaml"))
    assert link["target"] == f"{(editor.folder / 'mnist.yaml').as_uri()}#L3"


@pytest.mark.parametrize(("name", "mark"), [("serve.yaml", "training_job: mn|ist"), ("mnist.yaml", "name: mn|ist")])
def test_a_job_is_renamed_where_it_is_served_too(editor: Editor, name: str, mark: str) -> None:
    defaults = f"{DEFAULTS}environments: {{dev: {{Endpoint: {{training_job: 'mnist'}}}}}}\n"
    editor.open("serve.yaml", ENDPOINT)
    editor.open("sagespec.yaml", defaults)
    assert renamed(editor, name, mark, "digits") == {
        "mnist.yaml": WHOLE.replace("name: mnist", "name: digits"),
        "serve.yaml": ENDPOINT.replace("training_job: mnist", "training_job: digits"),
        "sagespec.yaml": defaults.replace("'mnist'", "'digits'"),
    }
    with pytest.raises(ResponseError, match="cannot be its name"):
        at(editor, "rename", name, mark, newName="digits-")


def test_a_job_of_a_matrix_is_found_but_not_renamed(editor: Editor) -> None:
    job = WHOLE.replace("name: mnist", 'name: "mnist-{{ matrix.optimizer }}"')
    job = job.replace("adam", '"{{ matrix.optimizer }}"')
    editor.open("mnist.yaml", f"{job}matrix: {{optimizer: [adam, sgd]}}\n")
    editor.open("serve.yaml", ENDPOINT.replace("mnist", "mnist-sgd"))
    mark = "training_job: mnist|-sgd"
    found = places(editor, at(editor, "definition", "serve.yaml", mark))
    assert found == [("mnist.yaml", "mnist-{{ matrix.optimizer }}")]
    assert places(editor, at(editor, "references", "mnist.yaml", 'name: "mni|st')) == [
        ("mnist.yaml", "mnist-{{ matrix.optimizer }}"),
        ("serve.yaml", "mnist-sgd"),
    ]
    with pytest.raises(ResponseError, match="an expression or a matrix makes it"):
        at(editor, "rename", "serve.yaml", mark, newName="digits")


def test_a_channel_that_is_called_like_a_field_is_still_a_channel(editor: Editor) -> None:
    text = WHOLE.replace("{train: s3", "{name: s3")
    editor.open("mnist.yaml", text)
    assert places(editor, at(editor, "references", "mnist.yaml", "{na|me: s3")) == [("mnist.yaml", "name")]


# Between, above and beside the lines


def hints(editor: Editor, text: str) -> list[str]:
    document = editor.open("mnist.yaml", text)
    found = editor.ask("inlayHint", document, range=document.range(0, len(text)))
    return [hint["label"] for hint in sorted(found, key=lambda each: each["position"]["line"])]


def test_hints_say_what_is_filled_in(editor: Editor) -> None:
    found = hints(editor, WHOLE + "max_run: 5400\n")
    assert found == [
        "+ output_path (sagespec.yaml)",
        "→ 763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21-cpu-py312",
        "= 1 h 30 min",
    ]
    editor.workspace.settings = editor.workspace.settings._replace(inlay_hints=False)
    assert hints(editor, WHOLE) == []


def test_an_endpoint_has_its_image_and_its_bill_too(editor: Editor) -> None:
    document = editor.open("serve.yaml", ENDPOINT)
    (hint,) = editor.ask("inlayHint", document, range=document.range(0, len(ENDPOINT)))
    assert hint["label"].endswith("/tensorflow-inference:2.19-cpu")
    lenses = editor.ask("codeLens", document)
    assert lenses[0]["command"]["title"].startswith("serve: at most 730 h of ml.m5.xlarge")
    assert lenses[1]["command"]["title"] == "show the request"


def test_a_matrix_is_followed_by_the_number_of_its_jobs(editor: Editor) -> None:
    text = MANIFEST.replace("name: mnist", 'name: "mnist-{{ matrix.x }}"') + "matrix: {x: [1, 2], y: [1, 2, 3]}\n"
    assert "6 jobs" in hints(editor, text)


def test_hints_keep_to_the_range(editor: Editor) -> None:
    document = document_of(editor, "mnist.yaml")
    assert editor.ask("inlayHint", document, range=document.range(0, 1)) == []


def test_a_lens_says_what_a_job_may_cost_at_most(editor: Editor) -> None:
    lenses = editor.ask("codeLens", document_of(editor, "mnist.yaml"))
    titles = [lens["command"]["title"] for lens in lenses]
    assert titles == [
        "mnist: at most 72 h of ml.m5.xlarge, 2,160 GB-hours of volumes: "
        "1 × 24 h (max_run) × 3 attempts (on_failure.max_attempts)",
        "show the request",
    ]


def test_the_request_is_shown_as_compile_prints_it(editor: Editor) -> None:
    lens = editor.ask("codeLens", document_of(editor, "mnist.yaml"))[-1]["command"]
    made = FEATURES["workspace/executeCommand"](editor.workspace, editor.judgements, lens)
    request = json.loads(made["text"])
    assert request["HyperParameters"]["epochs"] == "3"
    assert made["language"] == "json"
    editor.open("mnist.yaml", WHOLE + "max_wait: 5\n")
    with pytest.raises(ResponseError, match="max_wait is only for spot jobs"):
        FEATURES["workspace/executeCommand"](editor.workspace, editor.judgements, lens)


def test_a_client_that_shows_documents_is_shown_the_request(editor: Editor, tmp_path: Path) -> None:
    client = {"window": {"showDocument": {"support": True}}}
    editor.workspace.client = editor.workspace.client._replace(capabilities=client)
    params = {"command": "sagespec.explain", "arguments": ["max-wait-without-spot"]}
    FEATURES["workspace/executeCommand"](editor.workspace, editor.judgements, params)
    ((method, shown),) = editor.workspace.asks
    assert method == "window/showDocument"
    assert shown["uri"].endswith("max-wait-without-spot.md")


def test_an_outline_has_the_fields_and_what_they_hold(editor: Editor) -> None:
    (root,) = editor.ask("documentSymbol", document_of(editor, "mnist.yaml"))
    assert (root["name"], root["detail"]) == ("mnist", "TrainingJob")
    children = {child["name"]: child for child in root["children"]}
    assert list(children)[:4] == ["apiVersion", "kind", "name", "framework_version"]
    assert [each["name"] for each in children["hyperparameters"]["children"]] == ["optimizer", "epochs"]
    for child in root["children"]:
        start, end = child["range"]["start"], child["range"]["end"]
        assert (start["line"], start["character"]) <= (end["line"], end["character"])


def test_documents_and_blocks_fold(editor: Editor) -> None:
    text = f"{MANIFEST}tags:\n  a: b\n  c: d\n---\n{MANIFEST}"
    document = editor.open("mnist.yaml", text)
    folds = [(fold["startLine"], fold["endLine"]) for fold in editor.ask("foldingRange", document)]
    assert folds == [(0, 11), (9, 11), (13, 21)]


def test_jobs_are_found_by_their_names(editor: Editor) -> None:
    found = FEATURES["workspace/symbol"](editor.workspace, editor.judgements, {"query": "MNI"})
    assert [(each["name"], each["containerName"].endswith("mnist.yaml")) for each in found] == [("mnist", True)]


@pytest.mark.parametrize("method", sorted(method for method in FEATURES if method.startswith("textDocument/")))
@pytest.mark.parametrize(
    "text",
    [
        "",
        "apiVersion: sagespec/v1",
        "apiVersion: sagespec/v1\nkind: [",
        "apiVersion: sagespec/v1\nname: {a: &x *x}\n",
        "apiVersion: sagespec/v1\nchannels: 5\nhyperparameters: [1]\nmatrix: 3\ninstance_groups: x\nname: 5\n",
        "apiVersion: sagespec/v1\nkind: Defaults\nvars: 3\nenvironments: [1]\nTrainingJob: 5\n",
        'apiVersion: sagespec/v1\nkind: Endpoint\nproduction_variants: 5\nname: "{{ vars.x"\n<<: *x\n',
        "- apiVersion: sagespec/v1\n",
        "apiVersion: sagespec/v1\n? {a: b}\n: c\n",
        "apiVersion: sagespec/v1\n\x00\n",
    ],
)
def test_no_text_is_too_odd_for_any_feature(tmp_path: Path, method: str, text: str) -> None:
    """At every character of it."""
    editor = Editor(tmp_path)
    document = editor.open("odd.yaml", text)
    whole = document.range(0, len(text))
    more = {"range": whole, "context": {"diagnostics": []}, "newName": "x"}
    for index in range(0, len(text) + 1, 3):
        editor.ask(method.removeprefix("textDocument/"), document, index, **more)
