"""What GitHub runs for this repository is well-formed, and is all that we promise."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import PYTHONS, REPOSITORY

WORKFLOW = REPOSITORY / ".github" / "workflows" / "ci.yml"
CI: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
STEPS = [step for job in CI["jobs"].values() for step in job["steps"]]
MATRIX = CI["jobs"]["test"]["strategy"]["matrix"]


def judged(path: Path) -> int:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", path]
    return subprocess.run(command, capture_output=True).returncode


def test_the_workflow_is_one_that_github_reads() -> None:
    assert judged(WORKFLOW) == 0


@pytest.mark.parametrize(("right", "wrong"), [("runs-on:", "run-on:"), ("contents: read", "contents: reads")])
def test_a_workflow_that_github_does_not_read_is_reported(right: str, wrong: str, tmp_path: Path) -> None:
    (tmp_path / "ci.yml").write_text(WORKFLOW.read_text(encoding="utf-8").replace(right, wrong))
    assert judged(tmp_path / "ci.yml") == 1


def test_the_three_sets_are_tested_with_each_promised_python_weekly_and_for_pull_requests() -> None:
    assert MATRIX == {"command": ["test", "test-newest", "test-oldest"], "python": PYTHONS}
    occasions = CI[True]  # YAML 1.1 reads `on` so
    assert {"pull_request", "schedule"} <= set(occasions)
    assert re.fullmatch(r"\d+ \d+ \* \* \d", occasions["schedule"][0]["cron"])


def test_the_workflow_runs_what_there_is() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.M)
    assert targets
    assert set(MATRIX["command"]) <= set(targets[1].split())
    assert "site" in targets[1].split()
    assert [step["run"] for step in STEPS if "run" in step] == ["make ${{ matrix.command }}", ".ci/run"]
    assert (REPOSITORY / ".ci" / "run").stat().st_mode & 0o111


def test_the_workflow_may_read_only_and_its_actions_are_pinned() -> None:
    assert CI["permissions"] == {"contents": "read"}
    assert not [job for job in CI["jobs"].values() if "permissions" in job]
    uses = [step["uses"] for step in STEPS if "uses" in step]
    assert uses
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+|[\w./-]+@[0-9a-f]{40}", action) for action in uses)
