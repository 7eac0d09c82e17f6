"""Every rule fires on its page's Bad example and on nothing in its Good one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import sagespec.kinds.training_job.rules
from conftest import SMALLEST, Judge
from sagespec.kinds.training_job.case import LEGACY
from sagespec.kinds.training_job.model import Channel, Job
from sagespec.kinds.training_job.rules import RULES, Rule

WITH_EXAMPLES = [rule for rule in RULES.values() if rule.example("Bad")]
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


ALLOWED_NULL = {"training_steps", "evaluation_steps"}
"""Fields for which null means something else than leaving them out."""


def rules_named(judge: Judge, manifest: dict[str, Any]) -> set[str]:
    result = judge(yaml.safe_dump(manifest, sort_keys=False))
    return {diagnostic.rule for diagnostic in result.diagnostics}


def write_script(rule: Rule, title: str, code: Path) -> None:
    """Puts the page's script in the place of the one that suits any manifest, and a module beside it."""
    if rule.script(title):
        (code / "train.py").write_text(rule.script(title))
        (code / "train_helpers.py").write_text("")


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_a_rule_fires_on_its_bad_example(rule: Rule, judge: Judge, code: Path) -> None:
    write_script(rule, "Bad", code)
    for manifest in laid_over(rule.example("Bad")):
        assert rule.name in rules_named(judge, manifest)


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_nothing_is_said_of_a_good_example(rule: Rule, judge: Judge, code: Path) -> None:
    write_script(rule, "Good", code)
    for manifest in laid_over(rule.example("Good")):
        assert rules_named(judge, manifest) == set()


@pytest.mark.parametrize("rule", [rule for rule in WITH_EXAMPLES if rule.given], ids=lambda rule: rule.name)
def test_without_what_it_is_about_a_rule_is_not_asked_and_has_nothing_to_say(
    rule: Rule, judge: Judge, code: Path
) -> None:
    """Each mistake with the rule's own fields taken out; that nothing would be said then, conftest sees to."""
    write_script(rule, "Bad", code)
    for manifest in laid_over(rule.example("Bad")):
        for word in rule.given - {LEGACY}:
            field, _, member = word.partition(".")
            whole = manifest.pop(field, None)
            if member and isinstance(whole, dict):  # channels that are a location alone go, too
                parts = {name: channel for name, channel in whole.items() if isinstance(channel, dict)}
                manifest[field] = {
                    name: {key: value for key, value in channel.items() if key != member}
                    for name, channel in parts.items()
                }
        assert LEGACY in rule.given or rule.name not in rules_named(judge, manifest)


def test_what_rules_are_about_are_fields() -> None:
    fields = {*Job.fields, *(f"channels.{member}" for member in Channel.fields), LEGACY}
    assert {name: rule.given - fields for name, rule in RULES.items() if rule.given - fields} == {}


def test_every_rule_has_a_page_with_both_examples_and_a_source() -> None:
    for rule in RULES.values():
        assert rule.summary.endswith(".")
        assert rule.source
        if rule.name not in MADE_BY_THE_RUN:
            assert rule.example("Bad"), f"{rule.name} has no Bad example"
            assert rule.example("Good"), f"{rule.name} has no Good example"


def test_every_family_of_rules_is_listed() -> None:
    """A family that was written and not listed would never run."""
    folder = Path(sagespec.kinds.training_job.rules.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "case", "rule"}
    assert files == {family.__name__.rpartition(".")[2] for family in sagespec.kinds.training_job.rules.FAMILIES}


def test_nothing_is_said_of_the_smallest_manifest(judge: Judge) -> None:
    assert judge({}).diagnostics == ()
