"""The extension for VS Code: what its package holds, and what its manifest promises."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from sagespec.lsp.workspace import Settings

HERE = REPOSITORY / "editors" / "vscode"
PACKAGE: dict[str, Any] = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((HERE / "src").glob("*.ts")))


def test_every_command_is_there_and_none_is_missing() -> None:
    declared = {each["command"] for each in PACKAGE["contributes"]["commands"]}
    registered = {f"sagespec.{name}" for name in re.findall(r'\bcommand\("(\w+)"', SOURCES)}
    assert declared == registered


def test_every_setting_is_one_that_the_extension_or_the_server_reads() -> None:
    declared = {name.removeprefix("sagespec.") for name in PACKAGE["contributes"]["configuration"]["properties"]}
    of_server = {
        "".join([word.capitalize() if n else word for n, word in enumerate(name.split("_"))])
        for name in Settings._fields
    }
    assert declared == {*of_server, "path", "trace.server"}


def test_a_folder_that_is_not_trusted_decides_nothing_of_what_is_started() -> None:
    trust = PACKAGE["capabilities"]["untrustedWorkspaces"]
    assert trust["supported"] == "limited"
    assert "sagespec.path" in trust["restrictedConfigurations"]


def test_nothing_is_sent_anywhere() -> None:
    assert not re.search(r"telemetry|fetch\(|https?\.(request|get)|XMLHttp|appinsights", SOURCES, re.IGNORECASE)
    assert set(PACKAGE["dependencies"]) == {"vscode-languageclient"}


def test_versions_are_exact_and_the_lock_file_names_no_registry() -> None:
    assert all(version[0].isdigit() for version in (PACKAGE["dependencies"] | PACKAGE["devDependencies"]).values())
    assert '"resolved"' not in (HERE / "package-lock.json").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_package_holds_the_extension_and_the_wheel_and_nothing_else(tmp_path: Path) -> None:
    """Built as the documentation says; its own tests pass before."""
    repository = tmp_path / "repository"
    kept = ("compiler", "schemas", "templates", "pyproject.toml", "README.md", "LICENSE", "editors")
    ignored = shutil.ignore_patterns("node_modules", "build", "dist", "__pycache__", "bundled", "*.vsix")
    for name in kept:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, repository / name, ignore=ignored)
        else:
            shutil.copy(source, repository / name)
    folder = repository / "editors" / "vscode"
    environ = {**os.environ, "PYTHON": sys.executable}
    for words in (["ci", "--no-audit", "--no-fund"], ["test"], ["run", "package"]):
        done = subprocess.run(["npm", *words], cwd=folder, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(folder / "sagespec.vsix") as package:
        names = {name.casefold(): name for name in package.namelist()}
        held = sorted(name.removeprefix("extension/") for name in names if name.startswith("extension/"))
        wheels = [name for name in held if name.endswith(".whl")]
        assert held == sorted(["license.txt", "package.json", "readme.md", "dist/extension.js", *wheels])
        assert len(wheels) == 1
        wheel = tmp_path / "sagespec.whl"
        wheel.write_bytes(package.read(names[f"extension/{wheels[0]}"]))
        assert json.loads(package.read("extension/package.json"))["main"] == "./dist/extension.js"
    with zipfile.ZipFile(wheel) as built:
        assert "sagespec/lsp/server.py" in built.namelist()
