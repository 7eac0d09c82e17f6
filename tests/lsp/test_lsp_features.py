"""What the editor offers while a manifest is written, feature by feature; each is a function of a workspace."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lsp.documents import LONG_SCRIPT, MANIFEST
from lsp.in_memory import Editor, applied, parted
from sagespec.kinds import KINDS
from sagespec.lsp.features.actions import FIX_ALL, NO_SCHEMA
from sagespec.lsp.workspace import Client
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs

WHOLE = MANIFEST + "hyperparameters: {optimizer: adam}\nchannels: {train: s3://bucket/train}\n"


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    (tmp_path / ".git").mkdir()
    (tmp_path / "train.py").write_text(LONG_SCRIPT)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text(LONG_SCRIPT)
    (tmp_path / "code" / "notes.md").write_text("")
    return Editor(tmp_path)


def without(field: str, text: str = MANIFEST) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(f"{field}:"))


def accepted(folder: Path, text: str) -> bool:
    (folder / "tried.yaml").write_text(text)
    compiler = Compiler(Options(Inputs(), build=False))
    return all(result.checked is not None for result in compiler.run([str(folder / "tried.yaml")]))


# Completion


@pytest.mark.parametrize(
    ("text", "some", "never"),
    [
        ("framework_version: |", ['"2.19"', '"2.21.0"'], ['"2.18"', '"1.12"', '"1.4.1"']),
        ('framework_version: "2.|"', ["2.19"], ["1.12"]),
        ("framework_version: '|'", ["2.19"], []),
        ("instance_type: |", ["ml.m5.xlarge", "ml.g5.xlarge", "local"], ["ml.inf1.xlarge"]),
        ("instance_type: ml.g5|", ["ml.g5.xlarge"], ["ml.m5.xlarge"]),
        ("instance_type:|", [" ml.m5.xlarge"], []),
        ("region: |", ["us-west-2", "eu-central-1"], []),
        ("entry_point: |", ["train.py", "code"], ["code/main.py"]),
        ("entry_point: code/|", ["code/main.py"], ["code/notes.md", "train.py"]),
        ("py_version: |", ["py312"], ["py310", "py2"]),
    ],
)
def test_values_that_would_be_accepted_here_are_offered_and_no_others(
    editor: Editor, text: str, some: list[str], never: list[str]
) -> None:
    field = text.partition(":")[0]
    python = "py_version: py312\n" if field != "py_version" else ""
    offered = editor.offered(without(field, WHOLE) + python + text)
    assert set(some) <= set(offered)
    assert not set(never) & set(offered)


@pytest.mark.parametrize("field", ["instance_type", "region", "py_version", "input_mode"])
def test_everything_that_is_offered_compiles(editor: Editor, field: str) -> None:
    """Each is written where it was offered; `validate` accepts it."""
    base = without(field, WHOLE)
    offered = editor.offered(f"{base}{field}: |")
    assert offered
    chosen = offered[:: max(1, len(offered) // 12)]
    assert [value for value in chosen if not accepted(editor.folder, f"{base}{field}: {value}\n")] == []


@pytest.mark.parametrize("field", ["instance_type", "py_version"])
def test_nothing_that_would_be_accepted_is_left_out(editor: Editor, field: str) -> None:
    base = without(field, WHOLE)
    offered = editor.offered(f"{base}{field}: |")
    known = ["ml.m5.large", "ml.p3.2xlarge", "ml.g4dn.xlarge", "ml.c5.xlarge", "ml.trn1.2xlarge", "ml.p2.xlarge"]
    known = known if field == "instance_type" else ["py2", "py3", "py37", "py39", "py310", "py312"]
    right = {value for value in known if accepted(editor.folder, f"{base}{field}: {value}\n")}
    assert right == set(offered) & set(known)


def test_versions_that_get_no_patches_are_marked(editor: Editor) -> None:
    answer = editor.at("completion", "mnist.yaml", f"{without('framework_version')}framework_version: |")
    items = {item["label"]: item for item in answer["items"]}
    assert items["2.19"]["tags"] == [1]
    assert "out of patch since" in items["2.19"]["detail"]
    assert "tags" not in items["2.21"]


def test_an_instance_type_is_offered_with_its_hardware(editor: Editor) -> None:
    answer = editor.at("completion", "mnist.yaml", f"{without('instance_type')}instance_type: g5.xl|")
    details = {item["label"]: item["detail"] for item in answer["items"]}
    assert details["ml.g5.xlarge"] == "4 vCPU, 16 GB, one A10G, 24 GB, 250 GB NVMe"


def test_fields_are_offered_that_may_stand_here_with_what_they_need(editor: Editor) -> None:
    answer = editor.at("completion", "mnist.yaml", f"{MANIFEST}|")
    items = {item["label"]: item for item in answer["items"]}
    assert "max_run" in items
    assert not {"name", "training_steps", "instance_groups", "compiler_config", "train_instance_type"} & set(items)
    assert "max_wait" in items["use_spot_instances"]["documentation"]["value"]
    assert {"subnets", "image_uri", "container_entry_point", "training_plan", "source_dir"} <= set(items)
    legacy = editor.offered(f"{MANIFEST.replace('2.21', '1.10')}|")
    assert "training_steps: " in legacy


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("hyperparameters:\n  |", ["epochs: ", "learning-rate: ", "optimizer: "]),
        ("hyperparameters: {epochs: 1, |", ["learning-rate: ", "optimizer: "]),
        ("hyperparameters:\n  epochs: 1\n  l|\n", ["learning-rate: ", "optimizer: "]),
        ("channels:\n  |", ["train: "]),
        ("channels: {|}", ["train: "]),
    ],
)
def test_names_that_the_script_reads_are_offered(editor: Editor, text: str, names: list[str]) -> None:
    assert sorted(editor.offered(MANIFEST + text)) == names


def test_a_hyperparameter_is_offered_with_its_type_and_default(editor: Editor) -> None:
    answer = editor.at("completion", "mnist.yaml", f"{MANIFEST}hyperparameters:\n  |")
    items = {item["label"]: item for item in answer["items"]}
    assert items["epochs"]["detail"] == "int, default 3"
    assert items["optimizer"]["detail"] == "one of adam, sgd, required"
    assert "How often" in items["epochs"]["documentation"]["value"]
    assert min(items.values(), key=lambda item: item["sortText"])["label"] == "optimizer"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('tags: {a: "{{ |"}', ["vars.", "env.", "name"]),
        ('tags: {a: "{{ vars.|"}', ["team"]),
        ('tags: {a: "x-{{ vars.te|', ["team"]),
        ('tags: {a: "{{ env.|"}', ["HOME"]),
        ('matrix: {optimizer: [adam, sgd]}\ntags: {a: "{{ matrix.| }}"}', ["optimizer"]),
    ],
)
def test_names_inside_an_expression_are_offered(editor: Editor, text: str, names: list[str]) -> None:
    (editor.folder / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nvars: {team: vision}\n")
    editor.workspace.environ = {"HOME": "/home/me"}
    assert editor.offered(MANIFEST + text) == names


def test_warnings_are_offered_behind_allow_those_of_the_line_first(editor: Editor) -> None:
    answer = editor.at("completion", "mnist.yaml", f"{WHOLE}# sagespec: allow |\nvolume_size: 10000\n")
    items = sorted(answer["items"], key=lambda item: item["sortText"])
    assert items[0]["label"] == "volume-over-quota"
    assert "wrong-value" not in {item["label"] for item in items}


@pytest.mark.parametrize(
    "broken",
    [
        "volume_size: [\n",
        "tags: {a: 'x\n",
        "\tvolume_size: 3\n",
        "volume_size: 1: 2\n",
        "  - what\n",
    ],
)
def test_broken_yaml_still_completes_and_hovers(editor: Editor, broken: str) -> None:
    assert "ml.m5.xlarge" in editor.offered(f"{broken}{without('instance_type')}instance_type: m5|\n")
    assert "ml.m5.xlarge" in editor.offered(f"{without('instance_type')}instance_type: m5|\n{broken}")
    assert "ml.m5.xlarge: 4 vCPU" in editor.hover(f"{MANIFEST.replace('ml.m5', 'ml.|m5')}{broken}")


def test_what_is_taken_makes_the_text_that_was_meant(editor: Editor) -> None:
    assert editor.completed(f"{MANIFEST}cha|", "channels") == f"{MANIFEST}channels:\n  "
    assert editor.completed(f"{MANIFEST}max_r|: 60\n", "max_run") == f"{MANIFEST}max_run: 60\n"
    base = without("framework_version")
    assert editor.completed(f'{base}framework_version: "2.|', "2.19") == f'{base}framework_version: "2.19'
    assert editor.completed(f"{base}framework_version: 2.|", "2.19") == f'{base}framework_version: "2.19"'
    nested = "channels:\n  train:\n    s3_data: s3://b/t\n    inp|"
    assert editor.completed(MANIFEST + nested, "input_mode") == MANIFEST + nested.replace("inp|", "input_mode: ")


@pytest.mark.parametrize("text", ["# ins|", "name: mnist # ins|", "tags: {a: 'in|s'}"])
def test_nothing_is_offered_in_comments_and_free_texts(editor: Editor, text: str) -> None:
    assert editor.offered(f"{MANIFEST}{text}\n") == []


def test_members_of_the_request_are_offered_below_request(editor: Editor) -> None:
    assert "RetryStrategy: " in editor.offered(f"{MANIFEST}request:\n  |")
    assert editor.offered(f"{MANIFEST}request:\n  RetryStrategy:\n    |") == ["MaximumRetryAttempts: "]


def test_defaults_are_completed_too(editor: Editor) -> None:
    head = "apiVersion: sagespec/v1\nkind: Defaults\n"
    fields = editor.offered(f"{head}|", "sagespec.yaml")
    assert {"region: ", "vars:\n  ", "environments:\n  ", "TrainingJob:\n  ", "model_data: "} <= set(fields)
    assert "name: " not in fields
    assert "us-west-2" in editor.offered(f"{head}region: |", "sagespec.yaml")
    assert "ml.m5.xlarge" in editor.offered(f"{head}environments:\n  dev:\n    instance_type: |", "sagespec.yaml")


def test_an_endpoint_is_completed_by_its_own_rules(editor: Editor) -> None:
    head = "apiVersion: sagespec/v1\nkind: Endpoint\nname: mnist\nrole: R\nmodel_data: s3://b/model.tar.gz\n"
    assert "ml.c6i.large" in editor.offered(f'{head}framework_version: "2.19"\ninstance_type: |')
    assert "initial_instance_count: " in editor.offered(f'{head}framework_version: "2.19"\n|')
    assert editor.offered(f"{head}endpoint_type: |") == ["tensorflow-serving", "python"]


def test_kinds_are_offered(editor: Editor) -> None:
    assert editor.offered("apiVersion: sagespec/v1\nkind: |\n") == [*KINDS, "Defaults"]


# Hover


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("instance_type: ml.g5|.xlarge\n", "ml.g5.xlarge: 4 vCPU, 16 GB, one A10G, 24 GB"),
        ("max_run: 54|00\n", "1 h 30 min"),
        ("max_r|un: 5400\n", "lands    StoppingCondition.MaxRuntimeInSeconds"),
        ("hyperparameters: {ep|ochs: 3}\n", "The script takes it: int, default 3"),
        ("request: {RetryStrategy: {Maximum|RetryAttempts: 3}}\n", "RetryStrategy.MaximumRetryAttempts"),
        ("max_wa|it: 60\n", "max-wait-without-spot"),
    ],
)
def test_hover_says_what_this_value_is_and_where_it_lands(editor: Editor, text: str, says: str) -> None:
    assert says in editor.hover(without(text.partition(":")[0].replace("|", "")) + text)


def test_hover_says_where_a_value_was_written(editor: Editor) -> None:
    (editor.folder / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nvars: {days: 2}\n")
    said = editor.hover(f'{MANIFEST}max_run: "{{{{ vars.d|ays * 86400 }}}}"\n')
    assert "2 d" in said
    assert "mnist.yaml:10:10" in said


def test_hover_masks_secrets(editor: Editor) -> None:
    said = editor.hover(
        f"{MANIFEST}environment: {{AWS_SECRET_ACCESS_KEY: wJalrXUtnFEMI/K7MDENG/bPx|RfiCYEXAMPLEKEY}}\n"
    )
    assert "wJalrXUtnFEMI" not in said


def test_hover_says_what_a_version_is(editor: Editor) -> None:
    assert "TensorFlow 2.21: py312; " in editor.hover(MANIFEST.replace('"2.21', '"2.|21'))


def test_hover_of_a_field_of_the_defaults(editor: Editor) -> None:
    text = "apiVersion: sagespec/v1\nkind: Defaults\nenvironments: {dev: {max_|run: 60}}\n"
    assert "Seconds that training may take" in editor.hover(text, "sagespec.yaml")


# Quick fixes


def test_a_certain_cure_is_a_quick_fix(editor: Editor) -> None:
    document = editor.open("mnist.yaml", WHOLE.replace("instance_type", "train_instance_type"))
    action = editor.actions(document)["Replace train_instance_type by instance_type"]
    assert (action["kind"], action["isPreferred"]) == ("quickfix", True)
    assert [found["code"] for found in action["diagnostics"]] == ["renamed-field"]
    (edits,) = action["edit"]["changes"].values()
    assert applied(document, edits) == WHOLE
    (edit,) = edits
    assert edit["newText"] == ""


def test_everything_is_fixed_at_once(editor: Editor) -> None:
    wrong = WHOLE.replace('"2.21"', "2.21").replace("instance_count", "train_instance_count")
    document = editor.open("mnist.yaml", wrong)
    (action,) = editor.actions(document, only=["source.fixAll"]).values()
    assert action["kind"] == FIX_ALL
    assert applied(document, action["edit"]["changes"][document.uri]) == WHOLE


def test_a_warning_can_be_allowed_where_it_stands(editor: Editor) -> None:
    document = editor.open("mnist.yaml", f"{WHOLE}volume_size: 10000\n")
    action = editor.actions(document)["Allow volume-over-quota here"]
    text = applied(document, action["edit"]["changes"][document.uri])
    assert text == f"{WHOLE}# sagespec: allow volume-over-quota\nvolume_size: 10000\n"
    editor.open("mnist.yaml", text)
    assert editor.judgements.findings(str(document.path)) == ()


def test_an_error_cannot_be_allowed(editor: Editor) -> None:
    document = editor.open("mnist.yaml", f"{WHOLE}max_wait: 60\n")
    assert not [title for title in editor.actions(document) if title.startswith("Allow")]


def test_another_server_is_reported_to_leave_the_file(editor: Editor) -> None:
    title = "Let sagespec alone check this file"
    document = editor.open("mnist.yaml", WHOLE)
    text = applied(document, editor.actions(document)[title]["edit"]["changes"][document.uri])
    assert text == f"{NO_SCHEMA}\n{WHOLE}"
    assert title not in editor.actions(editor.open("mnist.yaml", text))
    other = editor.open("mnist.yaml", f"# yaml-language-server: $schema=x.json\n{WHOLE}")
    assert applied(other, editor.actions(other)[title]["edit"]["changes"][other.uri]) == text


def test_only_what_concerns_the_range_is_offered(editor: Editor) -> None:
    document = editor.open("mnist.yaml", WHOLE.replace("instance_type", "train_instance_type"))
    first = editor.ask("codeAction", document, range=document.range(0, 1), context={"only": ["quickfix"]})
    assert [action["title"] for action in first] == ["Let sagespec alone check this file"]


def test_parted_texts_have_one_bar() -> None:
    assert parted("a|b") == ("ab", 1)


ENDPOINT = """\
apiVersion: sagespec/v1
kind: Endpoint
name: serve
role: arn:aws:iam::123456789012:role/SageMakerRole
region: us-west-2
"""
MODEL = 'model_data: s3://bucket/model.tar.gz\nframework_version: "2.19"\n'


@pytest.mark.parametrize(
    ("text", "some", "never"),
    [
        ("training_job: |", ["mnist", "other"], ["serve", "newest"]),  # whose version has no server
        ("training_job: oth|", ["other"], []),
        (f"{MODEL}instance_type: ml.m6|", ["ml.m6i.large"], ["ml.m6g.large"]),
        (f"{MODEL}routing_config: {{routing_strategy: |}}", ["RANDOM", "LEAST_OUTSTANDING_REQUESTS"], []),
        (f"{MODEL}routing_config: {{|}}", ["routing_strategy: "], []),
        (f"{MODEL}serverless_inference_config: {{memory_size_in_mb: |}}", ["1024", "6144"], []),
        (f"{MODEL}|", ["production_variants:\n  ", "subnets:\n  ", "deployment_config:\n  "], ["training_job: "]),
        (f"{MODEL}entry_point: |", ["train.py"], []),
        (f"{MODEL}env: {{|}}", ["SAGEMAKER_GUNICORN_WORKERS: ", "SAGEMAKER_TFS_ENABLE_BATCHING: "], []),
        (f"{MODEL}request: {{create_model: {{|}}}}", ["EnableNetworkIsolation: "], ["ModelName: ", "Tags: "]),
    ],
)
def test_what_an_endpoint_would_accept_here_is_offered(
    editor: Editor, text: str, some: list[str], never: list[str]
) -> None:
    served = WHOLE.replace("2.21", "2.19")
    editor.open("mnist.yaml", served)
    editor.open("other.yaml", served.replace("name: mnist", "name: other"))
    editor.open("newest.yaml", WHOLE.replace("name: mnist", "name: newest"))
    offered = editor.offered(f"{ENDPOINT}{text}", "serve.yaml")
    assert set(some) <= set(offered)
    assert not set(never) & set(offered)


def test_a_version_of_an_endpoint_is_reported_with_its_server(editor: Editor) -> None:
    text = f"{ENDPOINT}model_data: s3://bucket/model.tar.gz\n"
    answer = editor.at("completion", "serve.yaml", f"{text}framework_version: |")
    details = {item["label"]: item["detail"] for item in answer["items"]}
    assert details["2.19"] == "TensorFlow Serving"
    assert details["1.12"] == "TensorFlow Serving and the Python-based server"
    assert "TensorFlow 2.19: TensorFlow Serving" in editor.hover(f'{text}framework_version: "2.|19"\n', "serve.yaml")


# In the script that handles requests

CODE = f"{ENDPOINT}{MODEL}entry_point: inference.py\ninstance_type: ml.m5.xlarge\ninitial_instance_count: 1\n"
PYTHON_SERVER = CODE.replace('"2.19"', '"1.12"').replace("entry_point:", "endpoint_type: python\nentry_point:")
LEGACY = without("entry_point", MANIFEST.replace("2.21", "1.10")) + "entry_point: inference.py\ntraining_steps: 1\n"


@pytest.mark.parametrize(
    ("manifest", "text", "names"),
    [
        (CODE, "|", ["handler", "input_handler", "output_handler"]),
        (CODE, "import json\n\n\nde|", ["handler", "input_handler", "output_handler"]),
        (CODE, "def input_handler(data, context):\n    pass\n\n\ndef |", ["output_handler"]),
        (CODE, "def |\n\n\ndef input_handler(data, context):\n    pass\n", ["output_handler"]),
        (CODE, "def |(data, context):\n    pass\n", ["handler", "input_handler", "output_handler"]),
        (CODE, "from lib import handler\n\n|", []),
        (CODE, "handler = make()\ndef |", []),
        (CODE, "def other():\n    |", []),
        (CODE, "# |", []),
        (CODE, "import |", []),
        (PYTHON_SERVER, "def |", ["transform_fn", "input_fn", "output_fn"]),
        (PYTHON_SERVER, "def output_fn(prediction, accept):\n    pass\ndef |", ["input_fn"]),
        (LEGACY, "keras_model_fn = make\ndef |", ["train_input_fn", "eval_input_fn", "serving_input_fn"]),
        (CODE.replace("entry_point: inference.py\n", ""), "def |", []),
        (CODE + "image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/serving:1\n", "def |", []),
        (MANIFEST, "def |", []),
    ],
)
def test_functions_that_the_container_calls_are_offered_in_its_script_and_in_no_other(
    editor: Editor, manifest: str, text: str, names: list[str]
) -> None:
    editor.open("serve.yaml", manifest)
    for name, expected in (("inference.py", names), ("other.py", [])):
        answer = editor.at("completion", name, text)
        assert [item["label"] for item in (answer or {"items": []})["items"]] == expected


def test_every_function_that_is_offered_is_one_that_validate_accepts(editor: Editor) -> None:
    """Taken one after the other, until none is offered any more."""
    editor.open("serve.yaml", CODE)
    assert editor.completed("def |", "handler", "inference.py") == "def handler(data, context):\n    "
    assert editor.completed("han|", "handler", "inference.py") == "def handler(data, context):\n    "
    assert editor.completed("def h|(data):\n", "handler", "inference.py") == "def handler(data):\n"
    assert editor.completed("\r\n|", "handler", "inference.py") == "\r\ndef handler(data, context):\r\n    "
    for first in ("handler", "input_handler"):
        text, label = "", first
        while True:
            text = editor.completed(f"{text}|", label, "inference.py") + "pass\n\n\n"
            answer = editor.at("completion", "inference.py", f"{text}|")
            if answer is None:
                break
            label = answer["items"][0]["label"]
        (editor.folder / "inference.py").touch()
        editor.open("inference.py", text)
        assert editor.judgements.findings(str(editor.folder / "serve.yaml")) == ()
        assert editor.judgements.findings(str(editor.folder / "inference.py")) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def input_han|dler(data, context):\n    pass\n", "def input_handler(data, context)"),
        ("def output_handler|(response, context):\n    pass\n", "`accept_header`"),
        ("hand|ler = make()\n", "It takes the place of `input_handler` and `output_handler`."),
        ("from lib import hand|ler\n", "Called by the container of: Endpoint `mnist` (serve.yaml)."),
    ],
)
def test_hover_says_what_the_container_does_with_a_function(editor: Editor, text: str, says: str) -> None:
    editor.open("serve.yaml", CODE.replace("name: serve", "name: mnist"))
    assert says in editor.hover(text, "inference.py").replace(str(editor.folder) + "/", "")
    assert editor.hover(text, "other.py") == ""


@pytest.mark.parametrize("text", ["def input_fn(da|ta, content_type):\n    pass\n", "def f():\n    hand|ler()\n"])
def test_hover_says_nothing_of_what_the_container_does_not_call(editor: Editor, text: str) -> None:
    editor.open("serve.yaml", CODE)
    assert "Called by" not in editor.hover(text, "inference.py")


@pytest.mark.parametrize(
    ("manifest", "text", "some", "never"),
    [
        ("huggingface", "pytorch_version: |", ['"2.1"'], ['"2.1.0"', '"1.13"', '"2.3"']),
        ("huggingface", "tensorflow_version: |", [], ['"2.6"', '"2.11"']),
        (
            "training",
            "framework_version: |",
            ['"2.19"', '"1.14"'],
            ['"1.5.0"', '"1.10"'],
        ),  # whose script defines no model
        ("training", "dependencies: |", [], ["code"]),  # a list
        ("training", "dependencies: [|]", ["code", "train.py"], []),
        ("training", "requirements_file: |", [], ["code"]),  # of legacy mode
        ("training", "source_dir: |", ["code"], ["train.py"]),
        ("python", "py_version: |", ["py2"], ["py3"]),
        ("serving", "py_version: |", [], ["py2", "py3"]),
        ("serving", "framework_version: |", ['"2.16.2"', '"1.11"'], ['"2.9.1"', '"2.15"']),
        ("graviton", "framework_version: |", ['"2.9.1"', '"2.16.1"'], ['"2.18"', '"2.19"']),
        ("code", "|", ["source_dir: "], ["entry_point: "]),
    ],
)
def test_what_is_offered_depends_on_the_rest_of_the_manifest(
    editor: Editor, manifest: str, text: str, some: list[str], never: list[str]
) -> None:
    field = text.partition(":")[0]
    serving = f"{ENDPOINT}{MODEL}instance_type: ml.m5.xlarge\ninitial_instance_count: 1\n"
    whole = {
        "training": without(field),
        "huggingface": without("framework_version")
        + 'framework: huggingface\ntransformers_version: "4.36"\n'
        + ('pytorch_version: "2.1"\n' if field == "tensorflow_version" else ""),
        "python": PYTHON_SERVER,
        "serving": without(field, serving),
        "graviton": without(field, serving).replace("ml.m5", "ml.m6g"),
        "code": CODE,
    }[manifest]
    (editor.folder / "inference.py").write_text("def handler(data, context):\n    return data.read(), 'text/csv'\n")
    offered = editor.offered(f"{whole}{text}", "tried.yaml")
    assert set(some) <= set(offered)
    assert not set(never) & set(offered)


def test_a_value_that_needs_something_else_says_so(editor: Editor) -> None:
    answer = editor.at("completion", "mnist.yaml", f"{WHOLE}use_spot_instances: |")
    items = {item["label"]: item for item in answer["items"]}
    assert "max_wait" in items["true"]["documentation"]["value"]
    assert "documentation" not in items["false"]


@pytest.mark.parametrize(("text", "sought"), [("d|", "def handler"), ("|", "def handler"), ("h|", "handler")])
def test_editors_compare_what_is_typed_with_what_is_begun(editor: Editor, text: str, sought: str) -> None:
    """VS Code passes over what does not begin alike."""
    editor.open("serve.yaml", CODE)
    answer = editor.at("completion", "inference.py", text)
    assert answer["items"][0]["filterText"] == sought


def test_an_editor_that_takes_no_snippets_is_given_one_line(editor: Editor) -> None:
    """Neovim 0.7 writes a line's end as a character that is not text."""
    editor.open("serve.yaml", CODE)
    editor.workspace.client = Client({})
    assert editor.completed(f"{MANIFEST}cha|", "channels") == f"{MANIFEST}channels:"
    assert editor.completed("def |", "handler", "inference.py") == "def handler(data, context):"


@pytest.mark.parametrize(
    "wrong", ["dependencies: code", "framework_version: 2.19", "entry_point: 5", "source_dir: [a]", "image_uri: 3"]
)
@pytest.mark.parametrize("manifest", [WHOLE, CODE])
def test_a_wrong_field_takes_away_what_it_decides_and_nothing_else(editor: Editor, wrong: str, manifest: str) -> None:
    """In the manifest and in the script: what is not known is not said, and nothing fails."""
    base = without(wrong.partition(":")[0], manifest)
    document = editor.open(
        "tried.yaml", f"{base}{wrong}\nhyperparameters: {{epochs: 1, }}\nchannels: {{}}\npy_version: \n"
    )
    for name in (
        document,
        editor.open("train.py", LONG_SCRIPT),
        editor.open("inference.py", "def handler(a, b):\n    pass\n"),
    ):
        for index in [found.end() for found in re.finditer(r"(?m)--\w|^def \w|^\w[^:]*: ?", name.text)]:
            for method in ("hover", "definition", "references"):
                editor.ask(method, name, index)
        editor.ask("completion", name, name.text.rindex("\n") if name is document else 0)
    assert "ml.m5.large" in editor.offered(f"{without('instance_type', base)}{wrong}\ninstance_type: |", "tried.yaml")


def test_values_that_the_script_takes_of_an_argument_are_offered(editor: Editor) -> None:
    assert editor.offered(f"{MANIFEST}hyperparameters: {{optimizer: |}}") == ["adam", "sgd"]
    assert editor.offered(f"{MANIFEST}hyperparameters:\n  optimizer: s|\n  epochs: 1\n") == ["adam", "sgd"]
    assert editor.offered(f"{MANIFEST}hyperparameters: {{epochs: |}}") == []


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("production_variants:\n  - |", ["variant_name: ", "routing_config: ", "serverless_config: "]),
        ("production_variants:\n  - variant_name: a\n    instance_type: ml.m5.l|", ["ml.m5.large"]),
        ("production_variants: [{variant_name: a, routing_config: {routing_strategy: |}}]", ["RANDOM"]),
        ("production_variants: [{variant_name: a, serverless_config: {memory_size_in_mb: |}}]", ["1024", "6144"]),
        ("shadow_production_variants:\n  - |", ["variant_name: "]),
    ],
)
def test_the_variants_of_an_endpoint_are_completed(editor: Editor, text: str, some: list[str]) -> None:
    assert set(some) <= set(editor.offered(f"{ENDPOINT}{MODEL}{text}", "serve.yaml"))


@pytest.mark.parametrize("field", ["tags", "environment", "hyperparameters"])
def test_a_key_that_is_called_like_a_field_is_none(editor: Editor, field: str) -> None:
    assert editor.offered(f"{MANIFEST}{field}: {{region: |}}") == []
