"""Every rule fires on its page's Bad example and on nothing in its Good one."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

import sagespec.kinds.rules
from conftest import REPOSITORY, SMALLEST, Judge, smallest_of, suits
from sagespec.catalog import Facts
from sagespec.checking.row import rows_of
from sagespec.checking.rule import NOTE, Rule
from sagespec.cli import run
from sagespec.kinds import KINDS, kind_named
from sagespec.kinds.explained import explained
from sagespec.kinds.renamed_rules import RENAMED_RULES
from sagespec.kinds.rules import SHARED
from sagespec.kinds.training_job.model import Channel
from sagespec.reporting.findings.diagnostics import text
from sagespec.reporting.findings.report import Report
from sagespec.reporting.terminal.style import Style

PRINTED = {kind: REPOSITORY / "tests" / "golden" / "rules" / package for kind, package in KINDS.items()}
PRINTED["TrainingJob"] = PRINTED["TrainingJob"].parent
ALL = [(kind, rule) for kind in KINDS for rule in kind_named(kind).rules.by_name.values()]
OF_SHARED = {each.name for family in SHARED for each in vars(family).values() if isinstance(each, Rule)}


WITH_ITS_KIND = {("Endpoint", "code-outside-project")}
"""Rules whose examples are not used here; what they say of the kind is tested with that."""
WITH_EXAMPLES = [
    (kind, rule)
    for kind, rule in ALL
    if rule.page.example("Bad") and suits(kind, rule.page) and (kind, rule.name) not in WITH_ITS_KIND
]
NOTES = {rule.name for _, rule in ALL if rule.severity is NOTE}
"""What is noted of old versions, which many examples are about."""
MADE_BY_THE_RUN = {
    "misspelt-training-job",
    "unservable-training-script",
    "missing-region",
    "missing-account",
    "unknown-training-job",
}
"""Rules that no manifest alone can break: they depend on what the run knows."""


@cache
def parts(example: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(example))


def laid_over(kind: str, example: str) -> list[dict[str, Any]]:
    """The examples of a block (`---` separates them), each laid over the smallest manifest; null takes a field out."""
    manifests = []
    for over in parts(example):
        manifests.append(
            {
                key: value
                for key, value in {**smallest_of(kind), **over}.items()
                if value is not None or key in ALLOWED_NULL
            }
        )
    return manifests


ALLOWED_NULL = {"training_steps", "evaluation_steps", "framework"}
"""Fields for which null means something else than leaving them out."""


def rules_named(judge: Judge, manifest: dict[str, Any]) -> set[str]:
    result = judge(yaml.safe_dump(manifest, sort_keys=False))
    return {diagnostic.rule for diagnostic in result.diagnostics}


def write_script(kind: str, rule: Rule, title: str, code: Path) -> None:
    """Puts the page's script in the place of the one that suits any manifest, and beside it what it may ask for."""
    if kind == "Endpoint":
        for folder in ("serving", "libs"):
            (code / folder).mkdir()
            (code / folder / "requirements.txt").write_text("numpy\n")
        for folder in (code, code / "serving"):
            (folder / "inference.py").write_text(rule.page.script(title) or HANDLER)
        write_models(code)
    elif rule.page.script(title):
        (code / "train.py").write_text(rule.page.script(title))
        (code / "train_helpers.py").write_text("")
        if "setup.py" in rule.page.example(title):
            (code / "setup.py").write_text("print('hello')\n")
        if "requirements.txt" in rule.page.example(title):
            (code / "requirements.txt").write_text("tensorflow==2.12\n")
    else:
        for name, end in {"windows.sh": "\r\n", "linux.sh": "\n"}.items():
            if name in rule.page.example(title):
                (code / name).write_bytes(f"#!/bin/sh{end}python train.py{end}".encode())


def write_models(folder: Path) -> None:
    """What `model_data` of a page may name."""
    for name in ("keras-model/model.keras", "exported-model/1/saved_model.pb"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("")
    with tarfile.open(folder / "linked-model.tar.gz", "w:gz") as file:
        file.add(folder / "exported-model", ".")
        link = tarfile.TarInfo("latest")
        link.type, link.linkname = tarfile.SYMTYPE, "1"
        file.addfile(link)


HANDLER = "def handler(data, context):\n    pass\n\n\ndef input_fn(data, content_type):\n    pass\n"
"""Serves with both servers."""


EACH = pytest.mark.parametrize(
    ("kind", "rule"), WITH_EXAMPLES, ids=[f"{kind}-{rule.name}" for kind, rule in WITH_EXAMPLES]
)


@EACH
def test_a_rule_fires_on_its_bad_example_and_what_is_printed_reads_well(
    kind: str, rule: Rule, judge: Judge, code: Path, golden: Callable[[Path, str], None]
) -> None:
    """One file a rule, so that a change of wording is reviewed as prose."""
    write_script(kind, rule, "Bad", code)
    results = [
        judge(yaml.safe_dump(manifest, sort_keys=False)) for manifest in laid_over(kind, rule.page.example("Bad"))
    ]
    assert all(rule.name in {found.rule for found in each.diagnostics} for each in results)
    others = NOTES - {rule.name}
    results = [
        each._replace(diagnostics=tuple(found for found in each.diagnostics if found.rule not in others))
        for each in results
    ]
    printed = ["".join(f"{line}\n" for line in text(Report([result]), Style())) for result in results]
    golden(PRINTED[kind] / f"{rule.name}.txt", "---\n".join(printed).replace(f"{code}/", ""))


def test_every_printed_example_is_that_of_a_rule() -> None:
    for kind, folder in PRINTED.items():
        named = {rule.name for of, rule in WITH_EXAMPLES if of == kind}
        assert {path.stem for path in folder.glob("*.txt")} == named


@EACH
def test_nothing_is_said_of_a_good_example(kind: str, rule: Rule, judge: Judge, code: Path) -> None:
    write_script(kind, rule, "Good", code)
    for manifest in laid_over(kind, rule.page.example("Good")):
        assert rules_named(judge, manifest) - (NOTES - {rule.name}) == set()


def test_what_rules_are_about_are_fields() -> None:
    """A word that is none would keep a rule silent for ever."""
    fields = {kind: set(kind_named(kind).model.fields) for kind in KINDS}
    fields["TrainingJob"] |= {f"channels.{member}" for member in Channel.fields}
    every = set().union(*fields.values())
    words = {rule.name: rule.on.words - (every if rule.name in OF_SHARED else fields[kind]) for kind, rule in ALL}
    assert {name: wrong for name, wrong in words.items() if wrong} == {}


def test_the_conditions_of_rows_are_about_fields(knowledge: Facts) -> None:
    """A name that is none would be a field that nobody writes."""
    fields = set().union(*(kind_named(kind).model.fields for kind in KINDS), Channel.fields)
    for _, rule in ALL:
        for row in rows_of(rule.rows, knowledge):
            named = {*row.when, *row.unless, *row.outside, *(name for members in row.any_of for name in members)}
            assert named <= fields, rule.name


def test_every_rule_has_a_page_with_both_examples_and_a_source() -> None:
    for _, rule in ALL:
        assert rule.page.summary.endswith(".")
        assert rule.page.source
        if rule.name not in MADE_BY_THE_RUN:
            assert rule.page.example("Bad"), f"{rule.name} has no Bad example"
            assert rule.page.example("Good"), f"{rule.name} has no Good example"


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_of_rules_is_listed(kind: str) -> None:
    """A family that was written and not listed would never run."""
    package = import_module(f"sagespec.kinds.{KINDS[kind]}.rules")
    files = {
        ".".join((holder.__name__, *path.relative_to(folder).with_suffix("").parts))
        for holder in (package, sagespec.kinds.rules)
        for folder in [Path(str(holder.__file__)).parent]
        for path in folder.rglob("*.py")
        if "@rule(" in path.read_text(encoding="utf-8")
    }
    assert files == {family.__name__ for family in package.FAMILIES}
    assert set(SHARED) <= set(package.FAMILIES)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_said_of_the_smallest_manifest(kind: str, judge: Judge) -> None:
    assert judge(yaml.safe_dump(smallest_of(kind))).diagnostics == ()


def test_two_kinds_share_a_rule_or_have_rules_of_two_names() -> None:
    """A name has one page."""
    pages: dict[str, object] = {}
    for _, rule in ALL:
        assert pages.setdefault(rule.name, rule.page) is rule.page


# Names


@pytest.mark.parametrize("old", RENAMED_RULES)
def test_an_old_name_is_none_of_today_s_and_leads_to_one(old: str) -> None:
    assert old not in explained()
    assert RENAMED_RULES[old] in explained()


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
