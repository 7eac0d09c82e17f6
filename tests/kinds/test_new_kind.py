"""A kind that nobody but its own folder and one line knows of (`kinds/model/`) is one like the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY, SCRIPT, SMALLEST

HERE = REPOSITORY / "tests" / "kinds"
GOOD = """\
apiVersion: sagespec/v1
kind: Model
name: mnist
role: arn:aws:iam::123456789012:role/SageMakerRole
region: us-west-2
image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/serve:1
model_data: s3://bucket/mnist/model.tar.gz
"""


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: what is known of the kinds is remembered in many places."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environ |= {"PYTHONPATH": os.pathsep.join([str(HERE), str(REPOSITORY / "tests")]), "NO_COLOR": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=environ, check=False)


def run_command(folder: Path, text: str, *arguments: str) -> tuple[int, str, str]:
    """(exit code, output, errors) of a command about a manifest."""
    (folder / "mnist.yaml").write_text(text)
    done = python(folder, str(HERE / "with_model.py"), *arguments)
    return done.returncode, done.stdout, done.stderr


def found(folder: Path, text: str) -> list[tuple[str, int, str, str]]:
    """(rule, line, message, hint) of every finding."""
    _, output, errors = run_command(folder, text, "validate", "--format", "json", "mnist.yaml")
    assert errors == ""
    return [(one["rule"], one["line"], one["message"], one["hint"]) for one in json.loads(output)["diagnostics"]]


def run_python(folder: Path, *lines: str) -> Any:
    """What Python code in such a process leaves in `answer`."""
    code = "\n".join(["import json, with_model", *lines, "print(json.dumps(answer))"])
    done = python(folder, "-c", code)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_it_is_validated_with_the_rules_of_all_kinds_and_with_its_own(tmp_path: Path) -> None:
    assert found(tmp_path, GOOD) == []
    wrong = (
        GOOD.replace("mnist/model.tar.gz", "mnist/").replace("name: mnist", "name: my_model")
        + "container_mode: Several\ntags: {'aws:team': vision}\nrequest: {PrimaryContainer: {Imag: x}}\n"
    )
    assert found(tmp_path, wrong) == [
        (
            "wrong-form",
            3,
            "name must be a name of letters, digits and single hyphens inside, not 'my_model'",
            "write my-model",
        ),
        ("wrong-value", 8, "container_mode cannot be 'Several'", "write one of SingleModel, MultiModel"),
        ("reserved-tag", 9, "the tag 'aws:team' is reserved", "write team"),
        (
            "refused-by-api",
            10,
            "SageMaker would refuse the request: 'Imag' is not a member of PrimaryContainer; did you mean Image?",
            "",
        ),
    ]
    several = GOOD + "container_mode: MultiModel\nenv: {A: b}\n"
    assert found(tmp_path, several) == [
        ("variables-of-several-models", 9, "a container of several models takes no variables", "leave env out")
    ]


def test_a_shared_rule_may_speak_of_fields_that_it_has_not(tmp_path: Path) -> None:
    [(rule, line, message, _)] = found(tmp_path, GOOD + "subnets: [subnet-0a1b2c3d]\n")
    assert (rule, line) == ("incomplete-vpc-config", 8)
    assert message == "subnets without security_group_ids: a VPC needs both"


def test_a_missing_field_is_reported_once(tmp_path: Path) -> None:
    text = GOOD.replace("model_data:", "model_dat:")
    assert found(tmp_path, text) == [
        ("unknown-field", 7, "there is no field 'model_dat'", "did you mean 'model_data'?")
    ]


@pytest.mark.parametrize(
    ("kind", "hint"),
    [("model", "did you mean Model?"), ("Servable", "did you mean Model?"), ("Job", "did you mean TrainingJob?")],
)
def test_a_misspelt_kind_is_reported(kind: str, hint: str, tmp_path: Path) -> None:
    [(rule, line, _, told)] = found(tmp_path, GOOD.replace("kind: Model", f"kind: {kind}"))
    assert (rule, line, told) == ("unknown-kind", 2, hint)


def test_fields_tell_the_kind_of_a_manifest_that_does_not_say_it(tmp_path: Path) -> None:
    [(rule, _, _, hint)] = found(tmp_path, GOOD.replace("kind: Model\n", "") + "container_mode: SingleModel\n")
    assert (rule, hint) == ("missing-field", 'add kind: "Model"')


def test_a_field_of_another_kind_is_reported_as_such(tmp_path: Path) -> None:
    [(rule, _, _, hint)] = found(tmp_path, GOOD + "initial_instance_count: 1\n")
    assert (rule, hint) == ("unknown-field", "only kind: Endpoint has it; leave it out")
    job = "apiVersion: sagespec/v1\nkind: Endpoint\nname: mnist\ncontainer_mode: MultiModel\n"
    assert ("unknown-field", "only kind: Model has it; leave it out") in [
        (rule, hint) for rule, _, _, hint in found(tmp_path, job)
    ]


def test_a_field_that_an_endpoint_has_too_makes_no_endpoint_of_it(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "job.yaml").write_text(json.dumps({**SMALLEST, "name": "train"}))
    assert found(tmp_path, GOOD + "training_job: train\n") == []
    assert found(tmp_path, GOOD + "training_job: trian\n") == []
    code, output, errors = run_command(tmp_path, GOOD + "training_job: train\n", "compile", "mnist.yaml")
    assert (code, errors, json.loads(output)["PrimaryContainer"]["ModelDataUrl"]) == (
        0,
        "",
        "s3://bucket/mnist/model.tar.gz",
    )


def test_it_is_compiled_for_sagemaker_and_for_what_takes_any_call(tmp_path: Path) -> None:
    code, output, errors = run_command(tmp_path, GOOD + "tags: {team: vision}\n", "compile", "mnist.yaml")
    assert (code, errors) == (0, "")
    body = json.loads(output)
    assert body.pop("ModelName").startswith("mnist-")
    assert {each["Key"] for each in body.pop("Tags")} > {"team", "sagespec:project", "sagespec:digest"}
    assert body == {
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
        "PrimaryContainer": {
            "Image": "123456789012.dkr.ecr.us-west-2.amazonaws.com/serve:1",
            "ModelDataUrl": "s3://bucket/mnist/model.tar.gz",
        },
    }
    code, output, _ = run_command(tmp_path, GOOD, "compile", "mnist.yaml", "--target", "aws-cli")
    assert (code, "aws sagemaker create-model --region us-west-2" in output) == (0, True)
    code, output, errors = run_command(tmp_path, GOOD, "compile", "mnist.yaml", "--target", "ack")
    assert code == 1
    assert "a Model cannot be written as ack takes it [not-in-target]" in output + errors
    assert "take one of the targets sagemaker, aws-cli" in output + errors


@pytest.mark.parametrize(
    "command", [["plan", "--offline"], ["plan", "--offline", "--format", "markdown"], ["apply", "--local", "--yes"]]
)
def test_what_no_service_carries_out_is_refused_with_what_to_do_instead(command: list[str], tmp_path: Path) -> None:
    _, output, errors = run_command(tmp_path, GOOD, *command, "mnist.yaml")
    refusal = (
        "sagespec compiles a model and does not apply it yet: compile --target aws-cli writes the commands that do"
    )
    assert refusal in output + errors
    assert "Traceback" not in errors


def test_it_holds_up_nothing_that_stands_beside_it(tmp_path: Path) -> None:
    """Neither does anything that looks for a training job of its name take it for one."""
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "job.yaml").write_text(json.dumps({**SMALLEST, "instance_type": "local", "role": None}))
    code, output, errors = run_command(tmp_path, GOOD, "status", "--local", ".")
    assert "no training job of 'mnist' exists on this machine" in output + errors
    assert "'mnist' exists nowhere: sagespec compiles a model and does not apply it yet" in output + errors
    code, _, errors = run_command(tmp_path, GOOD, "list", "--local", ".")
    assert (code, errors) == (0, "there is no job\n")


def test_its_section_of_the_defaults_and_environments_fill_it_in(tmp_path: Path) -> None:
    (tmp_path / "sagespec.yaml").write_text(
        "apiVersion: sagespec/v1\nkind: Defaults\nModel: {container_mode: SingleModel}\n"
        "environments: {prod: {Model: {env: {A: b}}}}\n"
    )
    code, output, errors = run_command(tmp_path, GOOD, "compile", "mnist.yaml", "--env", "prod")
    assert (code, errors) == (0, "")
    assert json.loads(output)["PrimaryContainer"].items() >= {"Mode": "SingleModel", "Environment": {"A": "b"}}.items()


def test_its_rules_and_fields_are_explained(tmp_path: Path) -> None:
    code, output, _ = run_command(tmp_path, GOOD, "explain", "model-without-archive")
    assert (code, output.partition("\n")[0]) == (0, "model-without-archive (error)")
    code, output, _ = run_command(tmp_path, GOOD, "explain", "container_mode")
    assert (code, "container_mode (field of Model)" in output, "PrimaryContainer.Mode" in output) == (0, True, True)
    assert "variables-of-several-models" in run_command(tmp_path, GOOD, "rules")[1]


def test_an_editor_s_schema_says_what_its_model_and_its_rows_say(tmp_path: Path) -> None:
    made, defaults = run_python(
        tmp_path,
        "from sagespec.reporting.schema import made_schemas",
        "made = made_schemas()",
        "answer = [json.loads(made['model.schema.json']), json.loads(made['defaults.schema.json'])]",
    )
    from jsonschema import Draft7Validator

    Draft7Validator.check_schema(made)
    manifest = {line.partition(": ")[0]: line.partition(": ")[2] for line in GOOD.splitlines()}
    fits = Draft7Validator(made).is_valid
    assert fits(manifest)
    assert made["description"] == "A SageMaker model."
    assert [snippet["label"] for snippet in made["defaultSnippets"]] == ["model"]
    assert not fits(manifest | {"kind": "Endpoint"})
    assert not fits(manifest | {"container_mode": "Several"})
    assert not fits(manifest | {"container_mode": "MultiModel", "env": {"A": "b"}})
    assert not fits(manifest | {"request": {"PrimaryContainer": {"Imag": "x"}}})
    above = Draft7Validator(defaults).is_valid
    assert above({"kind": "Defaults", "Model": {"container_mode": "SingleModel"}, "container_mode": "SingleModel"})
    assert not above({"kind": "Defaults", "Model": {"instance_type": "ml.m5.xlarge"}})


EDITOR = (
    "from pathlib import Path",
    "from lsp.in_memory import Editor",
    f"good = {GOOD!r}",
    "editor = Editor(Path.cwd())",
)


def test_an_editor_completes_it(tmp_path: Path) -> None:
    kinds, fields, modes, members, sections = run_python(
        tmp_path,
        *EDITOR,
        "answer = [editor.offered('apiVersion: sagespec/v1\\nkind: |\\n'), editor.offered(good + '|'),",
        "    editor.offered(good + 'container_mode: |'), editor.offered(good + 'request: {|}'),",
        "    editor.offered('apiVersion: sagespec/v1\\nkind: Defaults\\n|', 'sagespec.yaml')]",
    )
    assert kinds == ["TrainingJob", "Endpoint", "Model", "Defaults"]
    assert fields == [
        "tags:\n  ",
        "account_id: ",
        "container_mode: ",
        "training_job: ",
        "env:\n  ",
        "subnets:\n  ",
        "request:\n  ",
    ]
    assert modes == ["SingleModel", "MultiModel"]
    assert "PrimaryContainer: " in members
    assert "Model:\n  " in sections


def test_an_editor_tells_what_stands_there(tmp_path: Path) -> None:
    hover, hints, lenses, symbols = run_python(
        tmp_path,
        *EDITOR,
        "hover = editor.hover(good.replace('model_data', 'model|_data'))",
        "document = editor.open('other.yaml', good)",
        "whole = document.range(0, len(good))",
        "answer = [hover, editor.ask('inlayHint', document, range=whole), editor.ask('codeLens', document),",
        "    editor.ask('documentSymbol', document)]",
    )
    assert "The archive with what has been trained." in hover
    assert "lands    PrimaryContainer.ModelDataUrl" in hover
    assert hints == []
    assert [lens["command"]["title"] for lens in lenses] == ["show the request"]
    assert [(symbol["name"], symbol["detail"]) for symbol in symbols] == [("mnist", "Model")]


def test_the_pages_of_fields_and_rules_have_it(tmp_path: Path) -> None:
    fields, topics = run_python(
        tmp_path,
        "import importlib.util",
        f"spec = importlib.util.spec_from_file_location('generate', {str(REPOSITORY / 'docs' / 'generate.py')!r})",
        "page = importlib.util.module_from_spec(spec)",
        "spec.loader.exec_module(page)",
        "answer = [''.join(page.fields()), [title for title, _, _ in page.topics()]]",
    )
    assert "\n## Models\n\nA manifest with `kind: Model` has these fields; they set members of CreateModel.\n" in fields
    assert "| `container_mode` | `SingleModel`, `MultiModel` or `null` |" in fields
    assert "Container of models" in topics
