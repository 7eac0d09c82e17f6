"""What `init` writes trains on this machine as it is."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

TOOL = Path(sys.executable).with_name("sagespec")


MODELS = {
    **dict.fromkeys(("script", "keras", "distributed"), "saved_model.pb"),
    "pytorch": "model.pt",
    "sklearn": "model.joblib",
    "xgboost": "model.json",
}
"""Template → what its script saves."""


@pytest.mark.slow
@pytest.mark.parametrize("template", MODELS)
def test_a_scaffold_trains_with_the_framework_that_its_manifest_names(template: str, tmp_path: Path) -> None:
    """The others need what this machine has not: pipes, the containers of legacy mode, or models from elsewhere."""
    (tmp_path / ".git").mkdir()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([TOOL, *arguments], cwd=tmp_path, capture_output=True, text=True)

    assert run("init", "job", "--template", template).returncode == 0
    trained = run("apply", "--local", "--provision", "--yes", "--wait", "job/train.yaml")
    assert trained.returncode == 0, trained.stderr + trained.stdout
    (model,) = (tmp_path / ".sagespec" / "local").glob("job-*/output/model.tar.gz")
    with tarfile.open(model) as archive:
        assert any(name.endswith(MODELS[template]) for name in archive.getnames())
    assert "Nothing to do" in run("apply", "--local", "--yes", "job/train.yaml").stderr


@pytest.mark.slow
def test_the_scaffold_of_an_endpoint_trains_serves_and_answers(tmp_path: Path) -> None:
    """The two points of its request lie in the middle of one moon each."""
    (tmp_path / ".git").mkdir()

    def run(*arguments: str) -> str:
        return subprocess.run([TOOL, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    run("init", "job", "--template", "endpoint")
    run("apply", "--local", "--provision", "--yes", "--wait", "job")
    try:
        answer = json.loads(run("invoke", "--local", "job/serve.yaml", "job/request.json"))
    finally:
        run("stop", "--local", "--yes", "job/serve.yaml")
    assert [round(prediction[0]) for prediction in answer["predictions"]] == [0, 1]
