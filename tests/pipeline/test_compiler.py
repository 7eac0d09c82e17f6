"""Which files are manifests, what is read once, and what one run may say."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import SCRIPT, SMALLEST
from sagespec.base.repository import commit_of
from sagespec.building.draft import account_of
from sagespec.catalog import Facts
from sagespec.pipeline import Compiler, Options
from sagespec.reading.discovery import Survey
from sagespec.reading.render import Inputs


def manifest(name: str = "mnist", **over: object) -> str:
    return json.dumps({**SMALLEST, "name": name, **over})


def compiler(knowledge: Facts, **options: object) -> Compiler:
    return Compiler(Options(**options), knowledge)  # type: ignore[arg-type]


@pytest.fixture
def folder(code: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(code)
    return code


def test_a_folder_is_searched_for_manifests_and_other_yaml_is_passed_over(folder: Path, knowledge: Facts) -> None:
    for path, text in {
        "b.yaml": manifest("b"),
        "a/a.yml": manifest("a"),
        "a/compose.yaml": "services: {web: {image: nginx}}\n",
        "a/broken.yaml": "services: [\n",
        "a/sagespec.yaml": "apiVersion: sagespec/v1\nkind: Defaults\ntags: {team: x}\n",
        ".git/config.yaml": manifest("hidden"),
        "node_modules/x/m.yaml": manifest("dependency"),
        "venv/m.yaml": manifest("environment"),
        "venv/pyvenv.cfg": "",
        "notes.txt": manifest("text"),
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "a" / "train.py").write_text(SCRIPT)
    results = list(compiler(knowledge).run(["."]))
    assert [(result.manifest, result.name, result.diagnostics) for result in results] == [
        ("b.yaml", "b", ()),
        ("a/a.yml", "a", ()),
        ("a/sagespec.yaml", None, ()),
    ]


def test_a_file_that_is_named_is_judged_whatever_it_holds(folder: Path, knowledge: Facts) -> None:
    (folder / "compose.yaml").write_text("services: {}\n")
    (folder / "empty.yaml").write_text("# nothing\n")
    rules = [
        {found.rule for found in result.diagnostics}
        for result in compiler(knowledge).run(["compose.yaml", "empty.yaml", "missing.yaml"])
    ]
    assert rules == [{"not-a-manifest"}, {"empty-manifest"}, {"unreadable-file"}]


def test_standard_input_is_a_manifest(folder: Path, knowledge: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(manifest().encode())))
    (result,) = compiler(knowledge).run(["-"])
    assert (result.manifest, result.name) == ("<stdin>", "mnist")
    assert result.request is not None
    (again,) = compiler(knowledge).run(["-"])  # as apply --wait does once a job has completed that an endpoint serves
    assert again.request == result.request


def test_the_order_of_a_folder_does_not_depend_on_the_file_system(folder: Path) -> None:
    for name in ("c.yaml", "a.yaml", "b.yaml"):
        (folder / name).write_text("")
    assert [Path(name).name for name, why in Survey().files(".") if not why] == ["a.yaml", "b.yaml", "c.yaml"]


def test_many_manifests_of_one_folder_share_one_archive_and_one_reading_of_defaults(
    folder: Path, knowledge: Facts
) -> None:
    (folder / "code").mkdir()
    (folder / "code" / "train.py").write_text(SCRIPT)
    for number in range(30):
        (folder / f"m{number}.yaml").write_text(manifest(f"job-{number}", source_dir="code"))
    run = compiler(knowledge)
    results = list(run.run(["."]))
    assert len(results) == 30
    assert {result.diagnostics for result in results} == {()}
    assert run.packing.archives.builds == 1


def test_two_jobs_of_one_file_may_not_share_a_name(folder: Path, knowledge: Facts) -> None:
    (folder / "two.yaml").write_text(f"{manifest()}\n---\n{manifest()}\n")
    first, second = compiler(knowledge).run(["two.yaml"])
    assert first.request is not None
    assert [found.rule for found in second.diagnostics] == ["duplicate-name"]


def test_two_files_that_share_a_name_are_warned_about(folder: Path, knowledge: Facts) -> None:
    for name in ("one.yaml", "two.yaml"):
        (folder / name).write_text(manifest())
    first, second = compiler(knowledge).run(["one.yaml", "two.yaml"])
    assert first.diagnostics == ()
    assert [found.rule for found in second.diagnostics] == ["name-in-two-files"]
    assert second.request is not None


@pytest.mark.parametrize(
    "environ", [{"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "x"}, {"AWS_DEFAULT_REGION": "eu-west-1"}]
)
def test_the_region_may_come_from_the_environment(environ: dict[str, str], folder: Path, knowledge: Facts) -> None:
    fields = {key: value for key, value in SMALLEST.items() if key != "region"}
    (folder / "m.yaml").write_text(json.dumps(fields))
    (result,) = compiler(knowledge, inputs=Inputs(environ=environ)).run(["m.yaml"])
    assert result.request is not None
    assert result.request.site.region == "eu-west-1"


def test_validate_does_without_region_and_account_and_compile_says_what_is_missing(
    folder: Path, knowledge: Facts
) -> None:
    fields = {key: value for key, value in SMALLEST.items() if key != "region"} | {"role": "Train"}
    (folder / "m.yaml").write_text(json.dumps(fields))
    (result,) = compiler(knowledge, build=False).run(["m.yaml"])
    assert [(found.rule, found.severity.value) for found in result.diagnostics] == [("missing-account", "warning")]
    (result,) = compiler(knowledge).run(["m.yaml"])
    assert [found.rule for found in result.diagnostics] == ["missing-region", "missing-account"]


@pytest.mark.parametrize(
    ("role", "account_id", "account"),
    [
        ("arn:aws:iam::123456789012:role/x", "999999999999", "123456789012"),
        ("Train", "999999999999", "999999999999"),
        ("Train", None, None),
        (None, None, None),
    ],
)
def test_the_account_is_the_roles_or_the_one_given(
    role: str | None, account_id: str | None, account: str | None
) -> None:
    assert account_of(role, account_id) == account


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    run = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return run.stdout.strip()


def test_the_commit_is_what_git_says_it_is(tmp_path: Path) -> None:
    assert commit_of(tmp_path) is None
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    assert commit_of(repository) is None
    git(repository, "commit", "-q", "--allow-empty", "-m", "x")
    head = git(repository, "rev-parse", "HEAD")
    (repository / "deeper").mkdir()
    assert commit_of(repository / "deeper") == head
    git(repository, "pack-refs", "--all")
    assert commit_of(repository) == head
    git(repository, "worktree", "add", "-q", "../worktree", "-b", "other")
    assert commit_of(tmp_path / "worktree") == head
    git(repository, "checkout", "-q", "--detach")
    assert commit_of(repository) == head


def test_nothing_that_the_author_did_reaches_the_caller_as_an_exception(folder: Path, knowledge: Facts) -> None:
    (folder / "m.yaml").write_text(manifest(source_dir="nowhere", entry_point="missing.py", channels={"a": "no/such"}))
    (result,) = compiler(knowledge).run(["m.yaml"])
    assert result.request is None
    assert result.diagnostics
