"""Every rule fires on its page's Bad example and on nothing in its Good one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import sagespec.kinds.training_job.rules
from conftest import REPOSITORY, SMALLEST, Judge
from sagespec.checking.rule import Rule
from sagespec.cli import run
from sagespec.kinds.explained import explained
from sagespec.kinds.training_job.model import Channel, Job
from sagespec.kinds.training_job.rules import RENAMED, RULES
from sagespec.reporting.findings.diagnostics import text
from sagespec.reporting.findings.report import Report
from sagespec.reporting.terminal.style import Style

WITH_EXAMPLES = [rule for rule in RULES.by_name.values() if rule.page.example("Bad")]
PRINTED = REPOSITORY / "tests" / "golden" / "rules"
MADE_BY_THE_RUN = {"missing-region", "missing-account"}
"""Rules that no manifest alone can break: they depend on what the run knows."""


def laid_over(example: str) -> list[dict[str, Any]]:
    """The examples of a block (`---` separates them), each laid over the smallest manifest; null takes a field out."""
    manifests = []
    for over in yaml.safe_load_all(example):
        manifests.append(
            {key: value for key, value in {**SMALLEST, **over}.items() if value is not None or key in ALLOWED_NULL}
        )
    return manifests


ALLOWED_NULL = {"training_steps", "evaluation_steps", "framework"}
"""Fields for which null means something else than leaving them out."""


def rules_named(judge: Judge, manifest: dict[str, Any]) -> set[str]:
    result = judge(yaml.safe_dump(manifest, sort_keys=False))
    return {diagnostic.rule for diagnostic in result.diagnostics}


def write_script(rule: Rule, title: str, code: Path) -> None:
    """Puts the page's script in the place of the one that suits any manifest, and a module beside it."""
    if rule.page.script(title):
        (code / "train.py").write_text(rule.page.script(title))
        (code / "train_helpers.py").write_text("")


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_a_rule_fires_on_its_bad_example(rule: Rule, judge: Judge, code: Path) -> None:
    write_script(rule, "Bad", code)
    for manifest in laid_over(rule.page.example("Bad")):
        assert rule.name in rules_named(judge, manifest)


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_what_is_printed_of_a_bad_example_reads_well(
    rule: Rule, judge: Judge, code: Path, golden: Callable[[Path, str], None]
) -> None:
    """One file a rule, so that a change of wording is reviewed as prose."""
    write_script(rule, "Bad", code)
    results = [judge(yaml.safe_dump(manifest, sort_keys=False)) for manifest in laid_over(rule.page.example("Bad"))]
    printed = ["".join(f"{line}\n" for line in text(Report([result]), Style())) for result in results]
    golden(PRINTED / f"{rule.name}.txt", "---\n".join(printed).replace(f"{code}/", ""))


def test_every_printed_example_is_that_of_a_rule() -> None:
    assert {path.stem for path in PRINTED.glob("*.txt")} == {rule.name for rule in WITH_EXAMPLES}


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_nothing_is_said_of_a_good_example(rule: Rule, judge: Judge, code: Path) -> None:
    write_script(rule, "Good", code)
    for manifest in laid_over(rule.page.example("Good")):
        assert rules_named(judge, manifest) == set()


def test_what_rules_are_about_are_fields() -> None:
    """A word that is none would keep a rule silent for ever."""
    fields = {*Job.fields, *(f"channels.{member}" for member in Channel.fields)}
    words = {rule.name: rule.on.words - fields for rule in RULES.by_name.values()}
    assert {name: wrong for name, wrong in words.items() if wrong} == {}


def test_every_rule_has_a_page_with_both_examples_and_a_source() -> None:
    for rule in RULES.by_name.values():
        assert rule.page.summary.endswith(".")
        assert rule.page.source
        if rule.name not in MADE_BY_THE_RUN:
            assert rule.page.example("Bad"), f"{rule.name} has no Bad example"
            assert rule.page.example("Good"), f"{rule.name} has no Good example"


def test_every_family_of_rules_is_listed() -> None:
    """A family that was written and not listed would never run."""
    folder = Path(sagespec.kinds.training_job.rules.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert files == {family.__name__.rpartition(".")[2] for family in sagespec.kinds.training_job.rules.FAMILIES}


def test_nothing_is_said_of_the_smallest_manifest(judge: Judge) -> None:
    assert judge({}).diagnostics == ()


# Names


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_name_is_none_of_today_s_and_leads_to_one(old: str) -> None:
    assert old not in explained()
    assert RENAMED[old] in explained()


def test_old_names_keep_working(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In comments, with --allow and with explain."""
    manifest = code / "mnist.yaml"
    fields = {**SMALLEST, "encrypt_inter_container_traffic": True}
    text = yaml.safe_dump(fields, sort_keys=False)
    manifest.write_text(text)
    assert run(["validate", "--strict", str(manifest)]) == 1
    manifest.write_text(
        text.replace("traffic: true", "traffic: true # sagespec: allow encryption-between-one-instance")
    )
    assert run(["validate", "--strict", str(manifest)]) == 0
    manifest.write_text(yaml.safe_dump({**SMALLEST, "subnets": ["subnet-0a1b2c3d"]}))
    assert run(["validate", "--allow", "half-a-vpc", str(manifest)]) == 0
    capsys.readouterr()
    assert run(["explain", "half-a-vpc"]) == 0
    assert capsys.readouterr().out.startswith("incomplete-vpc-config (error)")
