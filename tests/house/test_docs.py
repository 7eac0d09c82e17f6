"""Documentation runs: the examples of the README do what they show."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import REPOSITORY
from sagespec.cli import run
from sagespec.kinds import KINDS, kind_named
from sagespec.kinds.explained import explained
from sagespec.reading.shape import shape_of_part
from sagespec.reading.validation import judged

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
CUT = "…"
"""The last line of an output that is not shown whole."""


def run_again(block: str, capsys: pytest.CaptureFixture[str]) -> str:
    """A console block with what its commands print now."""
    result = []
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        program, *arguments = shlex.split(command.partition("  #")[0])
        if program == "make":
            assert re.search(rf"^{arguments[0]}:", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M)
        if program == "sagespec":
            run(arguments)
            printed = capsys.readouterr().out.rstrip("\n").split("\n")
            shown = [*printed[: len(shown) - 1], CUT] if shown[-1:] == [CUT] else printed
        result += [f"$ {command}", *shown]
    return "".join(f"{line}\n" for line in result)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_print_what_they_show(
    page: Path,
    code: Path,
    golden: Callable[[Path, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A block whose first line is a file name is that file; commands of console blocks are run beside it. The README
    begins with an empty folder; other pages take its training script, and the one of the fixture, for granted."""
    folder = code / "empty" if page.name == "README.md" else code
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)

    def again(found: re.Match[str]) -> str:
        language, text = found["language"], found["text"]
        name = re.match(r"# (\S+\.(?:ya?ml|py))\n", text)
        if language in ("yaml", "python") and name:
            (folder / name[1]).write_text(text, encoding="utf-8")
        return f"```{language}\n{run_again(text, capsys) if language == 'console' else text}```"

    golden(page, BLOCK.sub(again, page.read_text(encoding="utf-8")))


def test_generated_pages_are_fresh() -> None:
    command = [sys.executable, REPOSITORY / "docs" / "generate.py", "--check"]
    found = subprocess.run(command, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")


def test_every_known_rule_is_answered_by_something_that_exists() -> None:
    coverage = json.loads((REPOSITORY / "docs" / "rule-coverage.json").read_text(encoding="utf-8"))
    for known, entry in coverage.items():
        if entry["by"] == "rule":
            assert entry["names"], known
            assert set(entry["names"]) <= set(explained()), known
        elif entry["by"] == "none":
            assert entry["why"], known


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_field_is_documented_with_a_value_that_it_may_have(kind: str) -> None:
    model = kind_named(kind).model
    examples = documentation().examples(kind)
    assert set(model.fields) == set(examples)
    for name, text in examples.items():
        _, wrong = judged(shape_of_part(model), {name: json.loads(text)})
        assert [path for path in wrong if path[:1] == (name,)] == [], (name, text)


def documentation() -> Any:
    spec = importlib.util.spec_from_file_location("generate", REPOSITORY / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_finding_stands_in_one_topic_of_the_page_of_rules() -> None:
    names = [page.name for _, _, pages in documentation().topics() for page in pages]
    assert sorted(names) == sorted(explained())


def site_hooks() -> Any:
    spec = importlib.util.spec_from_file_location("site_hooks", REPOSITORY / "docs" / "site_hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_site_has_every_page_once() -> None:
    config = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))

    def pages(nav: Any) -> list[str]:
        return [nav] if isinstance(nav, str) else [page for one in nav for each in one.values() for page in pages(each)]

    there = {path.name for path in (REPOSITORY / "docs").glob("*.md")} | set(site_hooks().OUTSIDE.values())
    assert sorted(pages(config["nav"])) == sorted(there)
    assert config["theme"]["font"] is False, "fonts would be fetched from elsewhere"


@pytest.mark.parametrize(
    ("folder", "text", "expected"),
    [
        ("", "[fields](docs/fields.md#tags), [it](CONTRIBUTING.md)", "[fields](fields.md#tags), [it](contributing.md)"),
        ("docs", "[all](../README.md) and [here](#prices)", "[all](index.md) and [here](#prices)"),
        ("specs", "[iris](iris/iris.yaml)", "iris"),
        ("docs", "[no](nowhere.txt) [web](https://example.com)", "[no](nowhere.txt) [web](https://example.com)"),
        ("docs", "```\n[a](../README.md)\n```\n", "```\n[a](../README.md)\n```\n"),
    ],
)
def test_links_lead_to_the_pages_of_the_site(folder: str, text: str, expected: str) -> None:
    assert site_hooks().linked(text, folder) == expected


@pytest.mark.parametrize("page", [*PAGES, REPOSITORY / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    targets = re.findall(r"\]\(([^)\s:#]+)(?:#[^)]*)?\)", text)
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.slow
def test_the_site_is_built_without_a_broken_link_and_loads_nothing_from_elsewhere() -> None:
    ended = subprocess.run(["make", "--silent", "site"], cwd=REPOSITORY, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["build/site/index.html"]), ended.stderr
    for page in (REPOSITORY / "build" / "site").rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"?(https?:[^\s\">]+)", page.read_text("utf-8")
        )
        assert loaded == [], page


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no Chromium")
def test_the_site_can_be_searched_from_a_folder(tmp_path: Path) -> None:
    subprocess.run(["make", "--silent", "site"], cwd=REPOSITORY, capture_output=True, check=True)
    address = (REPOSITORY / "build" / "site" / "index.html").as_uri() + "?q=max_wait"
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--dump-dom"]
    browser = ["chromium", *options, "--virtual-time-budget=15000", address]
    shown = subprocess.run(browser, capture_output=True, text=True, timeout=120, check=True).stdout
    assert re.search(r'md-search-result__meta">[0-9]+ matching documents<', shown)
