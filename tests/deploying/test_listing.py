"""Many jobs at a glance: list, status --sort and --plot, logs --tail and --since, stop of several."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from fakes.fixtures import Aws
from fakes.jobs import Fate, Job
from sagespec.cli import run
from sagespec.cli.arguments.parameter import moment
from sagespec.deploying.following.ending import Ending
from sagespec.reporting.plans.listing import NoSuchMetric, ranked, table_text
from sagespec.reporting.plans.picture import FORMS
from sagespec.reporting.terminal.chart import chart
from sagespec.reporting.terminal.style import Style

LOSS = {"0.1": 0.5, "0.01": 0.25, "0.001": 0.75}
SWEEP = {
    "apiVersion": "sagespec/v1",
    "kind": "TrainingJob",
    "name": "sweep-{{ matrix.rate }}",
    "framework_version": "2.19",
    "entry_point": "train.py",
    "role": "arn:aws:iam::123456789012:role/SageMakerRole",
    "region": "us-west-2",
    "instance_type": "ml.m5.xlarge",
    "instance_count": 1,
    "model_dir": False,
    "matrix": {"rate": [0.1, 0.01, 0.001]},
    "hyperparameters": {"learning-rate": "{{ matrix.rate }}", "epochs": 3},
    "metric_definitions": [{"name": "loss", "regex": "loss=([0-9.eE+-]+)"}, {"name": "other", "regex": "x=([0-9]+)"}],
}


@pytest.fixture
def sweep(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Three jobs that train, and then have each its loss."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("import argparse\n\nprint(argparse.ArgumentParser().parse_known_args())\n")
    (tmp_path / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nproject: vision\n")
    (tmp_path / "sweep.yaml").write_text(json.dumps(SWEEP))
    aws.make_role()

    def fate(request: dict[str, dict[str, str]]) -> Fate:
        return Fate(seconds=50.0, metrics=(("loss", LOSS[request["HyperParameters"]["learning-rate"]]),))

    def began(job: Job) -> None:
        start, last = int(aws.jobs.clock() * 1000), LOSS[job.request["HyperParameters"]["learning-rate"]]
        lines = [(start + 1000 * n, f"epoch {n}: loss={value}") for n, value in enumerate((1.0, 0.9, last))]
        aws.log(f"{job.name}/algo-1-{start}", *lines)

    aws.jobs.fate, aws.jobs.on_create = fate, began
    assert run(["apply", "--yes", "sweep.yaml"]) == 0
    return aws


def names(table: str) -> list[str]:
    """The manifests' names in a table of jobs, in order."""
    return [
        word.rpartition("-")[0] for line in table.splitlines()[1:] for word in line.split() if word.startswith("sw")
    ]


def test_a_sweep_is_a_table_with_what_its_jobs_differ_in_and_the_best_marked(
    sweep: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep.advance(1_000)
    capsys.readouterr()
    assert run(["list", "--sort", "loss"]) == 0
    said = capsys.readouterr().out
    assert names(said) == ["sweep-0-01", "sweep-0-1", "sweep-0-001"]
    head, best, *others = said.splitlines()
    assert head.split() == ["job", "status", "created", "trained", "billable", "loss", "learning-rate"]
    assert best.split()[0] == "best"
    assert best.split()[-2:] == ["0.25", "0.01"]
    assert not any("best" in line for line in others)

    assert run(["status", "sweep.yaml", "--sort", "loss", "--best", "largest"]) == 0
    assert names(capsys.readouterr().out) == ["sweep-0-001", "sweep-0-1", "sweep-0-01"]
    assert run(["list", "sweep.yaml", "--job", "*-0-1", "--format", "json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (one["metrics"], one["hyperparameters"]) == ({"loss": 0.5}, {"learning-rate": "0.1", "epochs": "3"})
    assert run(["list", "--sort", "los"]) == 2
    assert "did you mean 'loss'?" in capsys.readouterr().err
    assert run(["list", "--limit", "1"]) == 0
    told = capsys.readouterr()
    assert (len(names(told.out)), told.err) == (1, "and 2 older jobs: --limit shows more\n")


def test_a_job_whose_manifest_is_gone_is_listed_while_the_project_is_there(
    sweep: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sweep.yaml").write_text(json.dumps({**SWEEP, "matrix": {"rate": [0.1]}}))
    sweep.advance(1_000)
    capsys.readouterr()
    assert run(["list"]) == 0
    assert sorted(names(capsys.readouterr().out)) == ["sweep-0-001", "sweep-0-01", "sweep-0-1"]


def ending(name: str, **metrics: float) -> Ending:
    return Ending(name, name, "Completed", "Completed", metrics=metrics)


@pytest.mark.parametrize(
    ("metric", "best", "order"),
    [
        ("val_loss", "by-name", "abc"),
        ("accuracy", "by-name", "bac"),
        ("accuracy", "smallest", "abc"),
        ("val_loss", "largest", "bac"),
    ],
)
def test_of_a_loss_the_smallest_is_best_and_who_has_none_comes_last(metric: str, best: str, order: str) -> None:
    jobs = [
        ending("c"),
        ending("b", **{metric: 2.0}),
        ending("a", **{metric: 1.0}),
        ending("n", **{metric: float("nan")}),
    ]
    assert "".join(one.name for one in ranked(jobs, metric, best)).replace("n", "") == order
    assert {one.name for one in ranked(jobs, metric, best)[2:]} == {"c", "n"}


def test_a_metric_that_nobody_has_is_reported_with_those_that_there_are() -> None:
    with pytest.raises(NoSuchMetric) as raised:
        ranked([ending("a", loss=1.0)], "accuracy")
    assert raised.value.hint == "there are loss"


def test_equal_values_are_equally_best() -> None:
    jobs = ranked([ending("a", loss=1.0), ending("b", loss=1.0), ending("c", loss=2.0)], "loss")
    assert [line.startswith("best") for line in table_text(jobs, Style(), "loss")] == [False, True, True, False]


# A picture -----------------------------------------------------------------------------------------------------------


def test_a_metric_is_drawn_from_the_logs(sweep: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "sweep.yaml", "--plot", "loss"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "loss, value by value"
    assert [line.split()[0] for line in said[-3:]] == ["a", "b", "c"]
    assert [line.rpartition("  ")[2] for line in said[-3:]] == [
        "1 → 0.5, least 0.5, most 1, 3 values",
        "1 → 0.25, least 0.25, most 1, 3 values",
        "1 → 0.75, least 0.75, most 1, 3 values",
    ]
    assert run(["status", "sweep.yaml", "--plot", "other"]) == 2
    assert "there are loss, other" in capsys.readouterr().err


@pytest.mark.parametrize(("form", "begin"), [(".png", b"\x89PNG"), (".html", b"<!doctype html>")])
def test_a_picture_goes_into_a_file(form: str, begin: bytes, sweep: Aws, tmp_path: Path) -> None:
    path = tmp_path / f"loss{form}"
    assert form in FORMS
    assert run(["status", "sweep.yaml", "--plot", "loss", "--out", str(path)]) == 0
    assert path.read_bytes().startswith(begin)


def test_a_picture_in_a_form_that_there_is_not_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "sweep.yaml", "--plot", "loss", "--out", "loss.bmp"]) == 2
    assert "use a name that ends in .png, .svg, .pdf, .html" in capsys.readouterr().err


def test_without_matplotlib_it_is_said_how_to_get_it(
    sweep: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    assert run(["status", "sweep.yaml", "--plot", "loss", "--out", "loss.png"]) == 2
    assert "sagespec[plot]" in capsys.readouterr().err


def test_a_chart_has_a_letter_a_line_and_its_bounds() -> None:
    assert list(chart([[0.0, 1.0, 2.0], [2.0, 1.0], []], 5, 3)) == [
        "2 │bb  a",
        "  │  +a",
        "0 │aa",
        "  └─────",
        "   1   3",
    ]
    assert list(chart([[7.0]], 4, 1)) == ["7 │a", "  └────", "   1"]


# Logs ----------------------------------------------------------------------------------------------------------------


def test_logs_begin_at_the_last_lines_or_at_a_time(sweep: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    def lines(*options: str) -> list[str]:
        assert run(["logs", "sweep.yaml", "--job", "sweep-0-1", *options]) == 0
        return capsys.readouterr().out.splitlines()

    assert lines() == ["epoch 0: loss=1.0", "epoch 1: loss=0.9", "epoch 2: loss=0.5"]
    assert lines("--tail", "1") == ["epoch 2: loss=0.5"]
    start = min(job.created for job in sweep.jobs.jobs.values())
    zone = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(start + 2)) + "Z"
    assert lines("--since", zone)[-1:] == ["epoch 2: loss=0.5"]
    assert lines("--since", zone)[0] != "epoch 0: loss=1.0"
    sweep.advance(1_000)
    assert lines("--follow", "--tail", "1") == ["epoch 2: loss=0.5"]
    assert lines("--since", "2100-01-01") == []
    assert run(["logs", "sweep.yaml", "--since", "yesterday"]) == 2


def test_a_time_is_so_long_ago_or_a_date() -> None:
    assert abs(moment("90s") - (time.time() - 90)) < 60
    assert moment("2026-11-28T22:00:00Z") == 1_795_903_200
    for word in ("soon", "10", "1w"):
        with pytest.raises(ValueError, match="30s, 10m, 2h or 1d"):
            moment(word)


# Stop ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("meant", [["sweep.yaml"], ["."], ["--job", "sweep-0-1", "."]])
def test_stop_of_several_jobs_or_of_a_folder_asks(
    meant: list[str], sweep: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["stop", *meant]) == 2
    assert "- stop the training job sweep-0-1-" in capsys.readouterr().err
    assert not sweep.jobs.done("StopTrainingJob")


def test_stop_of_one_job_does_not_ask_and_wait_says_how_it_ended(
    sweep: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep.jobs.clock.scale, sweep.jobs.stop_seconds = 1.0, 0.1
    assert run(["stop", "sweep.yaml", "--job", "sweep-0-1", "--wait"]) == 0
    (stopped,) = {effect.job_name for effect in sweep.jobs.done("StopTrainingJob")}
    assert f"{stopped} is Stopped" in capsys.readouterr().err
