"""A matrix: which jobs it makes, what they are called, and how some of them are chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import SMALLEST
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.cli import run
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs


def made(matrix: Any, knowledge: Facts, folder: Path, **options: Any) -> list[str | None]:
    """The names of the jobs; the rule instead, where the matrix is refused."""
    (folder / "train.py").write_text("import os\nprint(os.environ)\n")
    text = json.dumps({**SMALLEST, "name": "a-{{ matrix.x }}-{{ matrix.y }}", "matrix": matrix})
    results = Compiler(Options(Inputs(), build=False, **options), knowledge).source(Source("j.yaml", text, folder))
    return [result.name or result.diagnostics[0].message for result in results]


def test_every_combination_is_a_job_but_those_that_are_excluded(knowledge: Facts, tmp_path: Path) -> None:
    matrix = {"x": [1, 2], "y": ["p", "q"], "exclude": [{"x": 1, "y": "q"}]}
    assert made(matrix, knowledge, tmp_path) == ["a-1-p", "a-2-p", "a-2-q"]


def test_jobs_are_included_beside_the_combinations_or_alone(knowledge: Facts, tmp_path: Path) -> None:
    included = [{"x": 7, "y": "z"}, {"x": 8, "y": "z"}]
    assert made({"x": [1], "y": ["p"], "include": included}, knowledge, tmp_path) == ["a-1-p", "a-7-z", "a-8-z"]
    assert made({"include": included}, knowledge, tmp_path) == ["a-7-z", "a-8-z"]
    excluded = {"x": [1], "y": ["p"], "exclude": [{"x": 1}], "include": included[:1]}
    assert made(excluded, knowledge, tmp_path) == ["a-7-z"]


@pytest.mark.parametrize("include", [3, [3], [{"x": 1}], [{"x": 1, "z": 2}], [{}]])
def test_what_is_included_has_a_value_for_every_name(include: Any, knowledge: Facts, tmp_path: Path) -> None:
    (said,) = made({"x": [1], "y": [2], "include": include}, knowledge, tmp_path)
    assert said == "include is a list of maps with a value for each of the matrix's own names"


def test_what_a_name_cannot_hold_becomes_a_hyphen(knowledge: Facts, tmp_path: Path) -> None:
    assert made({"x": [0.1], "y": ["SGD momentum", "ünï", "a__b."]}, knowledge, tmp_path) == [
        "a-0-1-SGD-momentum",
        "a-0-1-n",
        "a-0-1-a-b",
    ]


def test_names_that_become_equal_are_reported(knowledge: Facts, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import os\nprint(os.environ)\n")
    text = json.dumps({**SMALLEST, "name": "a-{{ matrix.x }}", "matrix": {"x": ["0.1", "0-1", "0_1"]}})
    results = list(Compiler(Options(Inputs(), build=False), knowledge).source(Source("j.yaml", text, tmp_path)))
    assert [[found.rule for found in result.diagnostics] for result in results] == [
        [],
        ["duplicate-name"],
        ["duplicate-name"],
    ]


def test_some_jobs_are_chosen_by_name(knowledge: Facts, tmp_path: Path) -> None:
    matrix = {"x": [1, 2], "y": ["p", "q"]}
    assert made(matrix, knowledge, tmp_path, only=("a-1-*", "*-2-q")) == ["a-1-p", "a-1-q", "a-2-q"]


def test_a_choice_that_means_no_job_and_one_that_prunes_are_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "j.yaml").write_text(json.dumps({**SMALLEST, "entry_point": "train.py"}))
    (tmp_path / "train.py").write_text("import os\nprint(os.environ)\n")
    assert run(["validate", str(tmp_path), "--job", "other"]) == 2
    assert "nothing here is called other" in capsys.readouterr().err
    assert run(["plan", "--offline", "--prune", str(tmp_path), "--job", SMALLEST["name"]]) == 2
    assert "--prune must see all jobs" in capsys.readouterr().err
