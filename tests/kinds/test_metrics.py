"""Metric definitions: tried on an example by `validate`, on a whole log by `sagespec metrics`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import SMALLEST
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.cli import run
from sagespec.kinds.training_job.metric_trial import Loose, tried
from sagespec.kinds.training_job.metrics import NUMBER, pattern_of, peculiar
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs

LOG = """Epoch 1/3 - loss: 0.512
loss=0.41 lr=1e-4
val_loss: 0.63
loss=0.3 lr=5e-05
done
"""


def judged(definition: dict[str, object], knowledge: Facts, folder: Path) -> list[tuple[str, str]]:
    (folder / "train.py").write_text("import os\nprint(os.environ)\n")
    text = json.dumps({**SMALLEST, "metric_definitions": [definition]})
    results = Compiler(Options(Inputs(), build=False), knowledge).source(Source("j.yaml", text, folder))
    return [(found.rule, found.message) for result in results for found in result.diagnostics]


@pytest.mark.parametrize(
    ("regex", "example", "value", "message"),
    [
        ("loss=([0-9.]+)", "loss=0.4", 0.4, None),
        ("loss=([0-9.]+)", "loss=0.4", None, None),
        ("loss=([0-9.eE+-]+)", "loss=4e-05", 4e-05, None),
        ("loss=([0-9.]+)", "loss=4e-05", 4e-05, "'loss=([0-9.]+)' finds 4 in the example, not 4e-05"),
        ("loss: ([0-9.]+)", "loss=0.4", 0.4, "'loss: ([0-9.]+)' finds nothing in the example 'loss=0.4'"),
        ("loss=(.*)", "loss=0.4;", 0.4, "'loss=(.*)' finds '0.4;' in the example, which is not a number"),
        ("loss=([0-9.]+)", "loss=0.4 loss=0.5", 0.4, "'loss=([0-9.]+)' finds 0.5 in the example, not 0.4"),
        ("loss=([0-9.]+)", None, 0.4, "there is no example in which the value is to be found"),
    ],
)
def test_a_definition_is_tried_on_its_example(
    regex: str, example: str | None, value: float | None, message: str | None, knowledge: Facts, tmp_path: Path
) -> None:
    given = {"name": "loss", "regex": regex, "example": example, "value": value}
    definition = {key: each for key, each in given.items() if each is not None}
    found = judged(definition, knowledge, tmp_path)
    assert found == ([] if message is None else [("metric-example-fails", message)])


def test_an_example_does_not_reach_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("import os\nprint(os.environ)\n")
    definition = {"name": "loss", "regex": "loss=([0-9.]+)", "example": "loss=0.4", "value": 0.4}
    (tmp_path / "j.yaml").write_text(
        json.dumps({**SMALLEST, "region": "us-west-2", "metric_definitions": [definition]})
    )
    assert run(["compile", "j.yaml"]) == 0
    sent = json.loads(capsys.readouterr().out)["AlgorithmSpecification"]["MetricDefinitions"]
    assert sent == [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]


@pytest.mark.parametrize(
    ("regex", "says"),
    [
        ("loss=([0-9.]+)", []),
        (r"\\p{a}([0-9]+)", []),
        ("(?<loss>[0-9.]+)", []),
        ("(?P<loss>[0-9.]+)", ["(?P…) is Python's alone"]),
        (r"\p{L}+=([0-9]++)", ["possessive quantifiers", r"\p{…}"]),
    ],
)
def test_what_dialects_read_in_different_ways_is_reported(regex: str, says: list[str]) -> None:
    assert [any(part in each.says for each in peculiar(regex)) for part in says] == [True] * len(says)
    assert len(list(peculiar(regex))) == len(says)


def test_a_trial_says_what_each_definition_catches_and_what_none_does() -> None:
    trial = tried([("loss", "loss=([0-9.]+)"), ("rate", "lr=([0-9.]+)"), ("none", "x=([0-9]+)")], LOG.splitlines())
    caught = [(hit.number, hit.name, hit.caught.value, hit.caught.whole) for hit in trial.hits]
    assert caught == [
        (2, "loss", 0.41, "0.41"),
        (2, "rate", 1.0, "1e-4"),
        (4, "loss", 0.3, "0.3"),
        (4, "rate", 5.0, "5e-05"),
    ]
    assert [(tally.lines, tally.values, tally.cut) for tally in trial.tallies] == [
        (2, [0.41, 0.3], 0),
        (2, [1.0, 5.0], 2),
        (0, [], 0),
    ]
    assert trial.loose == {Loose("loss", ": "): [1], Loose("val_loss", ": "): [3]}
    assert (trial.lines, trial.uncaught) == (5, 3)


def test_a_definition_that_a_trial_offers_catches_what_was_not_caught() -> None:
    for loose, lines in tried([], LOG.splitlines()).loose.items():
        offered = pattern_of(loose.name, loose.regex)
        assert offered is not None
        for number in lines:
            (value,) = offered.values(LOG.splitlines()[number - 1])
            assert value > 0
            assert not any(caught.cut for caught in offered.caught(LOG.splitlines()[number - 1]))


def test_metrics_tries_the_definitions_of_a_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.log").write_text(LOG)
    manifest = {"apiVersion": "sagespec/v1", "kind": "TrainingJob", "name": "j"}  # not whole yet: that does not matter
    good = [{"name": "loss", "regex": "loss=([0-9.]+)"}]
    (tmp_path / "j.yaml").write_text(json.dumps({**manifest, "metric_definitions": good}))
    assert run(["metrics", "j.yaml", "train.log"]) == 0
    said = capsys.readouterr().out
    assert "2  loss        0.41  loss=0.41 lr=1e-4" in said
    assert r"{name: \"val_loss\", regex: '\bval_loss: ([0-9.eE+-]+)'}".replace('\\"', '"') in said

    bad = [*good, {"name": "never", "regex": "x: ([0-9]+)"}]
    (tmp_path / "j.yaml").write_text(json.dumps({**manifest, "metric_definitions": bad}))
    assert run(["metrics", "j.yaml", "train.log", "--format", "json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert [(metric["name"], metric["values"]) for metric in data["metrics"]] == [("loss", [0.41, 0.3]), ("never", [])]

    (tmp_path / "j.yaml").write_text(json.dumps(manifest))
    assert run(["metrics", "j.yaml", "train.log"]) == 1
    assert "j.yaml has no metric_definitions" in capsys.readouterr().err
    assert run(["metrics", "j.yaml", "no/such.log"]) == 2


def test_a_number_is_what_a_log_means_by_one() -> None:
    pattern = pattern_of("x", "x=(.*)")
    assert pattern is not None
    texts = {"0.4": 0.4, ".5": 0.5, "-1e-3": -0.001, "inf": float("inf"), "1_000": None, "4 s": None, "": None}
    assert {text: next(pattern.caught(f"x={text}")).value for text in texts} == texts
    assert NUMBER
