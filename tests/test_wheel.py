"""The installed tool works outside the repository: schemas and templates travel in the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from conftest import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(REPOSITORY)]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_holds_schemas_templates_facts_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "sagespec/py.typed",
        "sagespec/schemas/training-job.schema.json",
        "sagespec/schemas/create-training-job.schema.json",
        "sagespec/templates/init/script/train.yaml.j2",
        "sagespec/catalog/releases.json",
    } <= names
    assert not [name for name in names if name.startswith(("tests", "specs"))]


def test_the_installed_tool_validates_compiles_and_starts_a_project(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python, tool = environment / "bin" / "python", environment / "bin" / "sagespec"
    world = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYTHON", "SAGESPEC_"))}

    def run(*command: object) -> str:
        arguments = [str(word) for word in command]
        return subprocess.run(arguments, cwd=tmp_path, env=world, check=True, capture_output=True, text=True).stdout

    run(python, "-m", "pip", "install", "--quiet", wheel)
    run(tool, "init", "job", "--template", "keras")
    run(tool, "validate", "--strict", "job")
    assert '"TrainingJobName": "job-' in run(tool, "compile", "job/train.yaml")
    assert run(tool, "versions").count("\n") > 40
    assert "sagespec 0." in run(tool, "--version")
