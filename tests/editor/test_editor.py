"""What editors show: the committed schemas under yaml-language-server and check-jsonschema, beside the validator."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from conftest import REPOSITORY
from editor.server import LanguageServer
from sagespec.base.diagnostic import Severity
from sagespec.pipeline import Compiler, Options

HERE = REPOSITORY / "tests" / "editor"
BAD = sorted((HERE / "bad").glob("*.yaml"))
GOOD = sorted((HERE / "good").glob("*.yaml"))
SPECS = sorted((REPOSITORY / "specs").rglob("*.yaml"))
SCHEMAS = REPOSITORY / "schemas"
HEAD = f"# yaml-language-server: $schema={SCHEMAS / 'training-job.schema.json'}\n"

_MARK = re.compile(r"# (error|warning): (.+)$")


def marks(path: Path, kind: str | None = None) -> dict[int, str]:
    """Line → what its comment says an editor shows there."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    found = {number: mark for number, line in lines if (mark := _MARK.search(line))}
    return {number: mark[2] for number, mark in found.items() if kind in (None, mark[1])}


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    """The real yaml-language-server, installed once from the lock file."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        unavailable("node and npm are not installed")
    program = HERE / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    with (HERE / "package.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # tests may run in several processes, and one installs
        if not program.exists():
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
            done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
            if done.returncode:
                unavailable(f"npm ci failed: {done.stderr.strip()[-300:]}")
    # Without schemaStore: false the server would look for schemas on the network.
    server = LanguageServer(["node", str(program), "--stdio"], HERE, {"yaml": {"schemaStore": {"enable": False}}})
    yield server
    server.close()


def unavailable(reason: str) -> NoReturn:
    """CI has everything: there, a test that does not run has failed."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_the_language_server_shows_each_mistake_at_its_line(path: Path, server: LanguageServer) -> None:
    expected = marks(path)
    shown: dict[int, str] = {}
    for line, message in server.problems(f"bad/{path.name}", path.read_text(encoding="utf-8")):
        shown[line] = f"{shown.get(line, '')}{message}\n"
    assert shown.keys() == expected.keys(), shown
    for line, text in expected.items():
        assert text in shown[line]


@pytest.mark.parametrize("path", [path for path in BAD if "defaults" not in path.stem], ids=lambda path: path.stem)
def test_the_validator_refuses_the_same_lines(path: Path) -> None:
    results = Compiler(Options(build=False)).run([str(path)])
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    errors = {diagnostic.place.span.line for diagnostic in found if diagnostic.severity is Severity.ERROR}
    warnings = {diagnostic.place.span.line for diagnostic in found if diagnostic.severity is Severity.WARNING}
    assert errors == marks(path, "error").keys(), found
    assert marks(path, "warning").keys() <= warnings


@pytest.mark.parametrize("path", [*GOOD, *SPECS], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_language_server_says_nothing_of_a_good_document(path: Path, server: LanguageServer) -> None:
    name = os.path.relpath(path, HERE)
    assert server.problems(name, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [path for path in GOOD if "defaults" not in path.stem], ids=lambda path: path.stem)
def test_the_validator_accepts_the_good_ones(path: Path) -> None:
    results = Compiler(Options(build=False)).run([str(path)])
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    assert [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR] == []


def test_ten_mistakes_are_shown_at_once() -> None:
    assert len(marks(HERE / "bad" / "ten-mistakes.yaml", "error")) >= 10


def check_jsonschema(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which(
        "check-jsonschema", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    if program is None:
        unavailable("check-jsonschema is not installed")
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)


def test_check_jsonschema_accepts_the_schemas_themselves() -> None:
    names = ("training-job.schema.json", "endpoint.schema.json", "defaults.schema.json")
    done = check_jsonschema("--check-metaschema", *(str(SCHEMAS / name) for name in names))
    assert (done.returncode, done.stdout) == (0, "ok -- validation done\n")


def schema_of(path: Path) -> Path:
    """The schema that a document's modeline names."""
    named = re.search(r"\$schema=(\S+)", path.read_text(encoding="utf-8"))
    assert named, f"{path} has no modeline"
    return (path.parent / named[1]).resolve()


def test_check_jsonschema_accepts_good_documents_and_refuses_each_bad_one() -> None:
    for schema in (SCHEMAS / f"{name}.schema.json" for name in ("training-job", "endpoint", "defaults")):
        good = [str(path) for path in [*GOOD, *SPECS] if schema_of(path) == schema]
        bad = [str(path) for path in BAD if schema_of(path) == schema]
        done = check_jsonschema("--schemafile", str(schema), *good, *bad)
        assert {line.partition("::")[0].strip() for line in done.stdout.splitlines() if "::" in line} == {*bad}
        assert done.returncode == 1


def test_keys_are_completed_in_an_empty_manifest_and_inside_a_channel(server: LanguageServer) -> None:
    fields = server.completions("keys.yaml", f"{HEAD}|")
    assert {"name", "framework_version", "instance_type", "channels", "matrix"} <= fields.keys()
    assert not {"train_instance_type", "image_name"} & fields.keys(), "names of SDK 1 are not offered"
    members = server.completions("channel.yaml", f"{HEAD}channels:\n  train:\n    |")
    assert {"s3_data", "path", "content_type", "input_mode"} <= members.keys()
    assert "instance_type" not in members


def test_tensorflow_versions_are_completed_in_quotes(server: LanguageServer) -> None:
    versions = server.completions("versions.yaml", f"{HEAD}framework_version: |")
    assert versions['"2.19"'] == '"2.19"'
    assert versions['"1.10"'] == '"1.10"'
    assert versions["1.12.0"] == "1.12.0"


def test_the_pythons_of_the_version_are_completed(server: LanguageServer) -> None:
    text = HEAD + 'framework_version: "{}"\npy_version: |'
    assert server.completions("a.yaml", text.format("2.19")).keys() - {"null"} == {"py312"}
    assert server.completions("b.yaml", text.format("1.15.5")).keys() - {"null"} == {"py3", "py36", "py37", "py312"}


def test_instance_types_and_choices_are_completed(server: LanguageServer) -> None:
    assert {"ml.g5.xlarge", "local"} <= server.completions("types.yaml", f"{HEAD}instance_type: |").keys()
    assert server.completions("modes.yaml", f"{HEAD}input_mode: |").keys() == {"File", "Pipe", "FastFile"}


def test_hovering_shows_the_field_s_description(server: LanguageServer) -> None:
    assert "How many instances." in server.hover("count.yaml", f"{HEAD}instance_|count: 1\n")
    assert "Gzip objects are unpacked" in server.hover(
        "gzip.yaml", f"{HEAD}channels:\n  train:\n    s3_data: s3://bucket/train\n    comp|ression: Gzip\n"
    )


def test_hovering_over_an_instance_type_shows_its_hardware(server: LanguageServer) -> None:
    shown = server.hover("hardware.yaml", f"{HEAD}instance_type: ml.g5.xl|arge\n")
    assert "`ml.g5.xlarge`: 4 vCPU, 16 GiB, 1 × A10G" in shown


def test_the_lock_file_names_no_registry() -> None:
    """So that npm asks the registry that is configured where it runs."""
    assert '"resolved"' not in (HERE / "package-lock.json").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced examples of docs/editors.md."""
    text = (REPOSITORY / "docs" / "editors.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_documented_settings_find_the_schema_of_each_kind(server: LanguageServer, tmp_path: Path) -> None:
    [documented] = [json.loads(block) for block in blocks("json") if "yaml.schemas" in block]
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    settings = {"yaml": {"schemas": documented["yaml.schemas"], "schemaStore": {"enable": False}}}
    editor = LanguageServer(server.command, tmp_path, settings)
    try:
        job = editor.problems("jobs/mnist.yaml", "apiVersion: sagespec/v1\nkind: TrainingJob\nname: mnist\nbanana: 1\n")
        defaults = editor.problems("jobs/sagespec.yaml", "kind: Defaults\nproject: vision\nbanana: 1\n")
        text = "apiVersion: sagespec/v1\nkind: Endpoint\nname: mnist\nbanana: 1\n"
        endpoint = editor.problems("endpoints/mnist.yaml", text)
    finally:
        editor.close()
    assert endpoint == [(4, "Property banana is not allowed.")]
    assert job == [(4, "Property banana is not allowed.")]
    assert defaults == [(3, "Property banana is not allowed.")]


def test_the_documented_catalogue_has_the_form_of_schemastore() -> None:
    [catalogue] = [json.loads(block) for block in blocks("json") if "fileMatch" in block]
    assert [Path(entry["url"]).name for entry in catalogue["schemas"]] == [
        "training-job.schema.json",
        "endpoint.schema.json",
        "defaults.schema.json",
    ]
    for entry in catalogue["schemas"]:
        assert entry.keys() == {"name", "description", "fileMatch", "url"}
