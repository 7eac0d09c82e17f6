"""Manifests that differ in their names alone are judged once: which never changes what is said of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import REPOSITORY, SMALLEST, Judge
from sagespec.base.diagnostic import Finding, Severity
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.checking.check import Checked
from sagespec.checking.context import Context
from sagespec.checking.rule import Rule, RuleSet, rule
from sagespec.checking.subject import Written, field, item
from sagespec.checking.verdicts import Verdicts, asked
from sagespec.kinds import kind_named
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs
from test_rules import EACH, laid_over, write_script

OTHER = "a-name-of-another-job-that-is-as-long-as-it-may-be"[:48]
DOCUMENTS = [
    path
    for folder in ("specs", "tests/cases", "tests/editor", "tests/scripts")
    for path in sorted((REPOSITORY / folder).rglob("*.yaml"))
    if "node_modules" not in path.parts
]


class Afresh(Verdicts):
    """Asks every rule about every manifest."""

    def of(self, context: Context, rules: RuleSet, data: Mapping[str, Any]) -> list[tuple[Rule, Finding]]:
        return [(rule, finding) for _, rule, finding in asked(rules.questions(context.written), context)]


def run_of(knowledge: Facts, verdicts: Verdicts) -> Compiler:
    run = Compiler(Options(Inputs(environ={}), build=False), knowledge)
    run.verdicts = verdicts
    return run


def found(results: list[Result]) -> list[Any]:
    return [(result.name, result.diagnostics) for result in results]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_document_that_is_judged_again_gets_the_same_findings(path: Path, knowledge: Facts) -> None:
    runs = run_of(knowledge, Verdicts()), run_of(knowledge, Afresh())
    kept, afresh = ([found(list(run.file(str(path), explicit=True))) for _ in range(2)] for run in runs)
    assert kept == afresh


@pytest.mark.parametrize("title", ["Bad", "Good"])
@EACH
def test_an_example_that_was_judged_under_another_name_gets_its_own_findings(
    kind: str, rule: Rule, title: str, code: Path, knowledge: Facts
) -> None:
    write_script(kind, rule, title, code)
    for manifest in laid_over(kind, rule.page.example(title)):
        sources = [
            Source(f"{name}.yaml", json.dumps({**manifest, "name": name}, indent=1), code)
            for name in (OTHER, manifest["name"])
        ]
        run, afresh = run_of(knowledge, Verdicts()), run_of(knowledge, Afresh())
        assert [found(list(run.source(each))) for each in sources] == [
            found(list(afresh.source(each))) for each in sources
        ]


ASKED: list[str] = []


@rule(Severity.WARNING, on=field("name"), source="")
def named(written: Written, context: Context) -> Finding:
    """Is about the name."""
    ASKED.append("named")
    return Finding(written.path, f"named {written.value}")


@rule(Severity.WARNING, on=item("tags"), source="")
def tagged(written: Written, context: Context) -> Iterator[Finding]:
    """Looks at the name for one of the tags."""
    ASKED.append(f"tagged {written.name}")
    yield Finding(written.path, written.name)
    if written.name == "b":
        yield Finding(written.path, context.model.name)


@rule(Severity.WARNING, on=field("max_run"), source="")
def limited(written: Written, context: Context) -> Finding:
    """Looks at all members."""
    return Finding(written.path, str(sorted(context.model.members())[:1]))


def test_rules_that_depend_on_the_name_are_asked_of_each_manifest_and_the_others_once(
    judge: Judge, knowledge: Facts
) -> None:
    rules = RuleSet([SimpleNamespace(named=named, tagged=tagged, limited=limited)])
    verdicts, said = Verdicts(), []
    ASKED.clear()
    for name in ("one", "two"):
        fields = {**SMALLEST, "name": name, "tags": {"a": "x", "b": "y", "c": "z"}, "max_run": 60}
        checked = judge(fields).checked
        assert isinstance(checked, Checked)
        context = run_of(knowledge, verdicts).context(checked.job, checked.manifest, kind_named("TrainingJob"))
        said.append([(rule.name, found.message) for rule, found in verdicts.of(context, rules, checked.manifest.data)])
    of_any = [("tagged", "a"), ("tagged", "b")]
    assert said == [
        [("named", f"named {name}"), *of_any, ("tagged", name), ("tagged", "c"), ("limited", "['account_id']")]
        for name in ("one", "two")
    ]
    assert ASKED == ["tagged a", "tagged b", "tagged c", "named", "tagged b", "named", "tagged b"]
