"""Jobs of this machine, as somebody meets them who does not say --local everywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sagespec.cli import run

MANIFEST = """
apiVersion: sagespec/v1
kind: TrainingJob
name: slow
framework_version: "2.19"
entry_point: train.py
role: arn:aws:iam::123456789012:role/SageMakerRole
region: us-west-2
instance_type: ml.m5.xlarge
instance_count: 1
model_dir: false
metric_definitions: [{name: loss, regex: "loss=([0-9.]+)"}]
"""
SCRIPT = """
import os

for step in range(3):
    print(f"loss={1 / (step + 1)}")
open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w").write("model")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a job, and nobody's credentials."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "slow.yaml").write_text(MANIFEST)
    (tmp_path / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nproject: vision\n")
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


def test_the_jobs_of_a_manifest_are_found_on_this_machine(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["logs", "slow.yaml"]) == 3  # there is no job anywhere, and nobody may ask SageMaker
    assert run(["apply", "--local", "--yes", "--wait", "slow.yaml"]) == 0
    capsys.readouterr()
    assert run(["logs", "slow.yaml"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == ["loss=1.0", "loss=0.5", "loss=0.3333333333333333"]
    assert said.err.startswith("slow.yaml: using its jobs on this machine, because SageMaker cannot be asked: ")
    assert run(["status", "slow.yaml", "--plot", "loss"]) == 0
    assert "1 → 0.333333, least 0.333333, most 1, 3 values" in capsys.readouterr().out
    assert run(["metrics", "slow.yaml"]) == 0
    assert run(["list", "--local"]) == 0
    assert "Completed" in capsys.readouterr().out
    capsys.readouterr()
    assert run(["stop", "slow.yaml"]) == 3  # what is to be stopped is not guessed
    assert "slow.yaml has jobs on this machine, too: add --local" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("script", "starts"),
    [
        ("import mxnet\n", False),
        ("import mxnet as mx\nimport os\n", False),
        ("from mxnet.gluon import nn\n", False),
        ("try:\n    import mxnet\nexcept ImportError:\n    mxnet = None\n", True),
        ("def train():\n    import mxnet\n", True),
    ],
)
def test_a_job_whose_framework_this_python_lacks_is_not_started(
    script: str, starts: bool, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "train.py").write_text(script + SCRIPT)
    code = run(["apply", "--local", "--yes", "--allow", "module-not-in-image", "--wait", "slow.yaml"])
    said = capsys.readouterr().err
    why = "the script imports MXNet, which this Python does not have; add --provision, which installs it separately"
    assert (f"! refuse  slow  {why}" in said) == (not starts)
    assert (code, any((project / ".sagespec" / "local").glob("slow-*"))) == ((0, True) if starts else (3, False)), said


def test_a_plan_for_this_machine_says_what_cannot_run_here(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of what is still open (--provision, --executor) as a remark; and nothing is kept for it."""
    (project / "train.py").write_text("import mxnet\n" + SCRIPT)
    (project / "other.yaml").write_text(MANIFEST.replace("slow", "other").replace("train.py", "other.py"))
    (project / "other.py").write_text(SCRIPT)
    assert run(["plan", "--local", "--allow", "module-not-in-image", "slow.yaml", "other.yaml"]) == 0
    said = capsys.readouterr().out
    assert "Plan: 2 to create." in said
    assert said.count("the script imports MXNet, which this Python does not have; add --provision") == 1
    assert not (project / ".sagespec").exists()


def test_a_saved_plan_is_not_carried_out_by_a_machine_that_cannot(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "train.py").write_text("import mxnet\n" + SCRIPT)
    allowed = ["--allow", "module-not-in-image"]
    assert run(["plan", "--local", *allowed, "slow.yaml", "--out", "slow.plan.json"]) == 0
    assert run(["apply", "--yes", "slow.plan.json"]) == 3
    assert "slow: planned create (new), now refuse: the script imports MXNet" in capsys.readouterr().err
