"""Defaults, environments, matrix and expressions fill a manifest in, and every value knows where it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sagespec.catalog import Facts
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.expression import ExpressionError, evaluate
from sagespec.reading.render import Inputs

MANIFEST = """\
apiVersion: sagespec/v1
kind: TrainingJob
name: mnist
entry_point: train.py
instance_type: ml.m5.xlarge
"""
DEFAULTS = """\
apiVersion: sagespec/v1
kind: Defaults
project: vision
vars: {bucket: models}
role: arn:aws:iam::123456789012:role/SageMakerRole
region: us-west-2
framework_version: "2.21"
instance_count: 1
tags: {team: vision}
environments:
  prod: {region: eu-west-1, tags: {stage: prod}}
"""


@pytest.fixture
def project(code: Path) -> Path:
    (code / ".git").mkdir()
    (code / "sagespec.yaml").write_text(DEFAULTS)
    return code


def compiled(path: Path, text: str, knowledge: Facts, **inputs: Any) -> list[Result]:
    path.write_text(text)
    return list(Compiler(Options(Inputs(**inputs)), knowledge).run([str(path)]))


def only(results: list[Result]) -> dict[str, Any]:
    (result,) = results
    assert result.request is not None, result.diagnostics
    return {**result.request.body(), "tags": result.request.all_tags()}


def test_defaults_fill_in_what_a_manifest_leaves_out(project: Path, knowledge: Facts) -> None:
    body = only(compiled(project / "m.yaml", MANIFEST + "tags: {owner: me}\n", knowledge))
    assert body["AlgorithmSpecification"]["TrainingImage"].endswith(
        "us-west-2.amazonaws.com/tensorflow-training:2.21-cpu-py312"
    )
    assert body["tags"]["sagespec:project"] == "vision"
    assert {key: value for key, value in body["tags"].items() if ":" not in key} == {"owner": "me", "team": "vision"}


@pytest.mark.parametrize("spelt", ['"{{ vars.bucket }}"', r'"\x7b\u007b vars.bucket }}"'])
def test_an_expression_is_one_however_yaml_spells_it(project: Path, knowledge: Facts, spelt: str) -> None:
    body = only(compiled(project / "m.yaml", f"{MANIFEST}tags: {{bucket: {spelt}}}\n", knowledge))
    assert body["tags"]["bucket"] == "models"


def test_an_environment_lies_over_its_defaults_and_under_the_manifest(project: Path, knowledge: Facts) -> None:
    body = only(compiled(project / "m.yaml", MANIFEST, knowledge, environment="prod"))
    assert ".eu-west-1." in body["AlgorithmSpecification"]["TrainingImage"]
    assert body["tags"]["stage"] == "prod"
    assert body["tags"]["team"] == "vision"
    body = only(compiled(project / "m.yaml", MANIFEST + "region: us-east-1\n", knowledge, environment="prod"))
    assert ".us-east-1." in body["AlgorithmSpecification"]["TrainingImage"]


def test_an_unknown_environment_is_refused_with_those_that_are_known(project: Path, knowledge: Facts) -> None:
    (result,) = compiled(project / "m.yaml", MANIFEST, knowledge, environment="prd")
    (diagnostic,) = result.diagnostics
    assert diagnostic.rule == "unknown-environment"
    assert "prod" in diagnostic.hint


def test_the_nearest_defaults_win(project: Path, knowledge: Facts) -> None:
    folder = project / "jobs"
    folder.mkdir()
    (folder / "train.py").write_text((project / "train.py").read_text())
    (folder / "sagespec.yaml").write_text(
        "apiVersion: sagespec/v1\nkind: Defaults\nregion: ap-south-1\ntags: {team: speech}\n"
    )
    body = only(compiled(folder / "m.yaml", MANIFEST, knowledge))
    assert ".ap-south-1." in body["AlgorithmSpecification"]["TrainingImage"]
    assert body["tags"]["team"] == "speech"
    assert body["tags"]["sagespec:project"] == "vision"


def test_a_finding_names_the_file_and_line_where_the_value_stands(project: Path, knowledge: Facts) -> None:
    (project / "sagespec.yaml").write_text(DEFAULTS.replace("instance_count: 1", "instance_count: 0"))
    (result,) = compiled(project / "m.yaml", MANIFEST, knowledge)
    (diagnostic,) = result.diagnostics
    assert Path(diagnostic.path).name == "sagespec.yaml"
    assert (diagnostic.span.line, diagnostic.span.column) == (8, 17)


def test_null_takes_a_default_away(project: Path, knowledge: Facts) -> None:
    (result,) = compiled(project / "m.yaml", MANIFEST + "role: null\n", knowledge)
    assert [diagnostic.rule for diagnostic in result.diagnostics] == ["missing-role"]


def test_expressions_speak_of_what_comes_from_outside(project: Path, knowledge: Facts) -> None:
    text = MANIFEST + (
        "output_path: \"s3://{{ vars.bucket }}/{{ name }}/{{ env.USER | default('nobody') }}\"\n"
        'volume_size: "{{ vars.size | int }}"\nhyperparameters: {commit: "{{ git.commit }}"}\n'
    )
    inputs = {"variables": {"size": "50"}, "environ": {"USER": "ann"}, "commit": "abc"}
    body = only(compiled(project / "m.yaml", text, knowledge, **inputs))
    assert body["OutputDataConfig"]["S3OutputPath"] == "s3://models/mnist/ann"
    assert body["ResourceConfig"]["VolumeSizeInGB"] == 50
    assert body["HyperParameters"]["commit"] == '"abc"'


def test_a_matrix_makes_one_job_per_combination(project: Path, knowledge: Facts) -> None:
    text = MANIFEST.replace("name: mnist", 'name: "mnist-{{ matrix.optimizer }}-{{ loop }}"').replace(
        "-{{ loop }}", ""
    ) + (
        "matrix:\n  learning-rate: [0.1, 0.01]\n  optimizer: [adam, sgd]\n"
        "  exclude: [{learning-rate: 0.1}]\n"
        'hyperparameters: {rate: "{{ matrix.learning-rate }}", optimizer: "{{ matrix.optimizer }}"}\n'
    )
    results = compiled(project / "m.yaml", text, knowledge)
    found = [result.request.body()["HyperParameters"] for result in results if result.request]
    assert [(each["rate"], each["optimizer"]) for each in found] == [("0.01", '"adam"'), ("0.01", '"sgd"')]
    assert [result.name for result in results] == ["mnist-adam", "mnist-sgd"]


def test_a_wrong_expression_hides_nothing_about_other_fields(project: Path, knowledge: Facts) -> None:
    text = MANIFEST + 'output_path: "s3://{{ vars.nothing }}/"\nmax_run: 0\nuse_spot_instances: true\n'
    (result,) = compiled(project / "m.yaml", text, knowledge)
    assert [(found.span.line, found.rule) for found in result.diagnostics] == [
        (6, "bad-expression"),
        (7, "out-of-range"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ vars.__init__ }}",
        "{{ 'a' * 10**9 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%0999999999d' % 1 }}",
        "{{ 'a'.ljust(10**9) }}",
        "{{ range(10**9) | list }}",
        "{{ lipsum() }}",
        "{{ cycler }}",
        "{{ 'x' | center(10**9) }}",
        "{{ 'x' | format(1) }}",
        "{{ vars.x.y.z }}",
        "{{ 1 / 0 }}",
        "{{ }}",
        "{{ {{ }}",
        "{{ " + "(" * 500 + " }}",
        "{{ [] | first }}",
        "{{ vars.get }}",
        "{{ vars['get'] }}",
        "{{ 'x'.upper }}",
    ],
)
def test_no_expression_escapes_or_asks_for_too_much(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, {"vars": {}, "env": {}, "git": {}, "matrix": {}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ vars.n }}", 3),
        ("{{ vars.n + 1 }}", 4),
        ("{{ vars.n }}!", "3!"),
        (" {{ vars.l }} ", [1, 2]),
        ("{{ vars.flag }}", True),
        ("{{ vars.none }}", None),
        ("{{ vars.a-b }}", "dash"),
        ("{{ '{{' }}", "{{"),
        ("{% raw %}{{ vars.n }}", "{% raw %}3"),
        ("{{ vars.missing | default('x') }}", "x"),
        ("{{ vars.n if vars.flag else 0 }}", 3),
        ("{{ vars.items }}", "a key that maps have a method of"),
        ("{{ vars['items'] }}", "a key that maps have a method of"),
    ],
)
def test_an_expression_alone_keeps_its_type(text: str, value: object) -> None:
    names = {
        "vars": {"n": 3, "l": [1, 2], "flag": True, "none": None, "a-b": "dash"}
        | {"items": "a key that maps have a method of"},
        "env": {},
        "git": {},
        "matrix": {},
    }
    found = evaluate(text, names)
    assert found == value
    assert type(found) is type(value)
