"""The installed tool works outside the repository: schemas and templates travel in the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from conftest import PYPROJECT, PYTHONS, REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(out), str(REPOSITORY)]
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
        "sagespec/catalog/data/instances.json",
    } <= names
    assert not [name for name in names if name.startswith(("tests", "specs"))]


@pytest.mark.slow
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


def interpreter(minor: str) -> str:
    """A Python that we promise, if this machine has it: this one, one on PATH, or where pyenv keeps them."""
    kept = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    own = [sys.executable] if f"{sys.version_info[0]}.{sys.version_info[1]}" == minor else []
    for candidate in (*own, f"python{minor}", *map(str, sorted(kept.glob(f"{minor}.*/bin/python")))):
        try:
            if subprocess.run([candidate, "-c", "pass"], capture_output=True).returncode == 0:
                return candidate
        except OSError:
            continue
    pytest.skip(f"there is no Python {minor} here")


def compiled_by(environment: Path, clone: Path) -> str:
    tool = environment / "bin" / "sagespec"
    world = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYTHON", "SAGESPEC_"))}
    command = [tool, "compile", "--jsonl", "specs"]
    run = subprocess.run(command, cwd=clone, env=world, check=True, capture_output=True, text=True)
    assert run.stderr == ""
    return run.stdout


@pytest.mark.slow
@pytest.mark.parametrize("minor", PYTHONS)
@pytest.mark.parametrize("versions", ["highest", "lowest-direct"])
def test_every_python_with_the_newest_and_the_lowest_dependencies_makes_the_same_requests(
    minor: str, versions: str, wheel: Path, tmp_path: Path
) -> None:
    python = interpreter(minor)
    shutil.copytree(REPOSITORY / "specs", tmp_path / "specs")
    (tmp_path / ".git").mkdir()
    environment = tmp_path / "environment"
    uv = [Path(sys.executable).with_name("uv"), "--quiet"]
    subprocess.run([*uv, "venv", "--python", python, environment], check=True)
    install = [
        *uv,
        "pip",
        "install",
        "--python",
        environment,
        "--only-binary",
        ":all:",
        "--resolution",
        versions,
        wheel,
    ]
    found = subprocess.run(install, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert compiled_by(environment, tmp_path) == compiled_by(Path(sys.prefix), tmp_path)


def test_versions_are_one_everywhere() -> None:
    from sagespec import __version__

    assert PYPROJECT["project"]["version"] == __version__
    assert f"\n## {__version__} " in (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_sdist_holds_what_a_packager_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", str(tmp_path), str(REPOSITORY)]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "compiler/sagespec/cli/__init__.py", "schemas/training-job.schema.json"} <= names
    assert "templates/init/script/train.yaml.j2" in names
