"""A rule is asked once about manifests that agree in all that it reads: which never changes what is said of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import REPOSITORY, SMALLEST, Judge
from sagespec.base.diagnostic import Finding, Severity
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.checking import verdicts
from sagespec.checking.check import Checked
from sagespec.checking.context import Context
from sagespec.checking.rule import Rule, RuleSet, rule
from sagespec.checking.subject import Written, field, item
from sagespec.checking.verdicts import Verdicts, asked
from sagespec.kinds import kind_named
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs
from test_rules import EACH, WITH_EXAMPLES, laid_over, write_script

OTHER = "a-name-of-another-job-that-is-as-long-as-it-may-be"[:48]
DOCUMENTS = [
    path
    for folder in ("specs", "tests/cases", "tests/editor", "tests/scripts")
    for path in sorted((REPOSITORY / folder).rglob("*.yaml"))
    if "node_modules" not in path.parts
]


class Afresh(Verdicts):
    """Asks every rule about every manifest."""

    def of(
        self, context: Context, rules: RuleSet, data: Mapping[str, Any], *, whole: bool = True
    ) -> list[tuple[Rule, Finding]]:
        return [answer for question in rules.questions(context.written) for answer in asked(question, context)]


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


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_manifests_that_are_judged_one_after_another_get_the_findings_of_each_alone(
    seed: int, code: Path, knowledge: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All examples of all pages, in whatever order, and whether or not it seems worth while to remember an answer."""
    examples = [
        manifest
        for kind, rule in WITH_EXAMPLES
        for title in ("Bad", "Good")
        for manifest in laid_over(kind, rule.page.example(title))
    ]
    Random(seed).shuffle(examples)
    sources = [Source(f"{number}.yaml", json.dumps(manifest), code) for number, manifest in enumerate(examples)]
    afresh = run_of(knowledge, Afresh())
    alone = [found(list(afresh.source(source))) for source in sources]
    monkeypatch.setattr(verdicts, "MOST", 8)
    for trials in (1, 3, 100_000):
        monkeypatch.setattr(verdicts, "TRIALS", trials)
        run = run_of(knowledge, Verdicts())
        for source, expected in zip(sources, alone, strict=True):
            assert found(list(run.source(source))) == expected, trials


ASKED: list[str] = []


@rule(Severity.WARNING, on=field("name"), source="")
def named(written: Written, context: Context) -> Finding:
    """Is about the name."""
    ASKED.append("named")
    return Finding(written.path, f"named {written.value}")


@rule(Severity.WARNING, on=item("tags"), source="")
def tagged(written: Written, context: Context) -> Iterator[Finding]:
    """Looks at the hours for one of the tags."""
    ASKED.append(f"tagged {written.name}")
    yield Finding(written.path, written.name)
    if written.name == "b":
        yield Finding(written.path, str(context.model.max_run))


@rule(Severity.WARNING, on=field("max_run"), source="")
def limited(written: Written, context: Context) -> Finding:
    """Looks at all members."""
    ASKED.append("limited")
    return Finding(written.path, str(sorted(context.model.members())[:1]))


@rule(Severity.WARNING, on=field("instance_type"), source="")
def far(written: Written, context: Context) -> Finding | None:
    """Looks at the region where there is no account, and at whether a limit is written."""
    ASKED.append("far")
    limit = "max_run" in context.written
    return Finding(written.path, f"{context.region} {limit}") if context.account is None else None


RULES = RuleSet([SimpleNamespace(named=named, tagged=tagged, limited=limited, far=far)])


@pytest.fixture
def ask(judge: Judge, knowledge: Facts) -> Callable[..., tuple[list[tuple[str, str]], list[str]]]:
    """(what is said of a job, which rules were asked about it), all by one run."""
    verdicts = Verdicts()

    def asked_about(**fields: Any) -> tuple[list[tuple[str, str]], list[str]]:
        checked = judge({**SMALLEST, **fields}, build=False).checked
        assert isinstance(checked, Checked)
        context = run_of(knowledge, verdicts).context(checked.job, checked.manifest, kind_named("TrainingJob"))
        ASKED.clear()
        said = [(rule.name, found.message) for rule, found in verdicts.of(context, RULES, checked.manifest.data)]
        return said, [*ASKED]

    return asked_about


TAGS = {"a": "x", "b": "y"}


def test_a_rule_is_asked_again_where_something_differs_that_it_has_read(
    ask: Callable[..., tuple[list[tuple[str, str]], list[str]]],
) -> None:
    limits = [("tagged", "a"), ("tagged", "b"), ("tagged", "60"), ("limited", "['account_id']")]
    assert ask(name="one", tags=TAGS, max_run=60) == (
        [("named", "named one"), *limits],
        ["named", "tagged a", "tagged b", "limited", "far"],
    )
    assert ask(name="two", tags=TAGS, max_run=60) == ([("named", "named two"), *limits], ["named", "limited"])
    assert ask(name="two", tags=TAGS, max_run=60, volume_size=40)[1] == ["limited"]
    said, asked = ask(name="two", tags=TAGS, max_run=61)
    assert ("tagged", "61") in said
    assert asked == ["tagged a", "tagged b", "limited", "far"]


def test_where_it_runs_and_what_is_written_count_for_a_rule_that_looks_at_it(
    ask: Callable[..., tuple[list[tuple[str, str]], list[str]]],
) -> None:
    there = {"role": "Role"}  # without an account
    assert ask(**there) == ([("named", "named mnist"), ("far", "us-west-2 False")], ["named", "far"])
    assert ask(**there)[1] == []
    assert ask(**there, region="us-east-1") == ([("named", "named mnist"), ("far", "us-east-1 False")], ["far"])
    assert ask(**there, max_run=60)[1] == ["limited", "far"]
    assert ask() == ([("named", "named mnist")], ["far"])
    assert ask(region="us-east-1")[1] == ["far"]  # which looks at the region in some cases
    assert ask(region="us-east-1", volume_size=40)[1] == []
