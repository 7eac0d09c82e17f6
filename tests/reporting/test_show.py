"""Findings in every format, their pages, allowances and secrets: what people and programs see."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator

from conftest import REPOSITORY, SMALLEST, Judge
from sagespec.base.diagnostic import Diagnostic, Edit, Related, Severity
from sagespec.base.redact import redacted
from sagespec.base.source import Place, Source, Span
from sagespec.catalog import Facts
from sagespec.checking.page import Page
from sagespec.checking.pages import PAGES
from sagespec.cli import run
from sagespec.kinds.explained import explained
from sagespec.kinds.training_job.rules import RULES
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs
from sagespec.reporting.findings.diagnostics import FORMATS, block
from sagespec.reporting.findings.report import Report
from sagespec.reporting.terminal.style import Style

BASE = "".join(f"{name}: {json.dumps(value)}\n" for name, value in SMALLEST.items())
SCHEMA = json.loads((REPOSITORY / "tests" / "reporting" / "sarif" / "sarif-2.1.0-rtm.5.json").read_text())


def judged(text: str, folder: Path, knowledge: Facts, *, build: bool = False) -> list[Result]:
    source = Source("jobs/m.yaml", text, folder)
    return list(Compiler(Options(Inputs(), build=build), knowledge).source(source))


def shown(results: list[Result], form: str) -> str:
    return "\n".join(FORMATS[form](Report(results), Style()))


def diagnostic(message: str = "wrong", text: str = "a: 1\n", **fields: Any) -> Diagnostic:
    place = Place(Source(fields.pop("name", "m.yaml"), text), fields.pop("span", Span(1, 4, 1, 5)))
    return Diagnostic(place, fields.pop("severity", Severity.ERROR), "wrong-type", message, **fields)


def lines(found: Diagnostic) -> list[str]:
    return list(block(found, Style()))


# Text -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "span", "line", "marks"),
    [
        ("a: 1", Span(1, 4, 1, 5), "a: 1", "   ^"),
        ("a:\t12", Span(1, 4, 1, 6), "a: 12", "   ^^"),
        ("チーム: 1", Span(1, 6, 1, 7), "チーム: 1", "        ^"),
        ("e\u0301: 1", Span(1, 5, 1, 6), "e\u0301: 1", "   ^"),
        ("a: チ", Span(1, 4, 1, 5), "a: チ", "   ^^"),
        ("a:", Span(1, 3, 1, 3), "a:", "  ^"),
        ("a: 'x\n  y'", Span(1, 4, 2, 5), "a: 'x", "   ^^"),
        ("a: \x1b[31m", Span(1, 4, 1, 5), "a: �[31m", "   ^"),
    ],
)
def test_the_caret_stands_under_the_finding(text: str, span: Span, line: str, marks: str) -> None:
    assert lines(diagnostic(text=text, span=span))[1:] == ["   |", f" 1 | {line}", f"   | {marks}"]


def test_a_long_line_is_cut_around_the_finding() -> None:
    text = "a: [" + "x, " * 1_000 + "BAD" + ", y" * 1_000 + "]"
    column = text.index("BAD") + 1
    _, _, line, marks = lines(diagnostic(text=text, span=Span(1, column, 1, column + 3)))
    assert len(line) < 180
    assert line[marks.index("^") : marks.index("^") + 3] == "BAD"
    assert marks.count("^") == 3
    assert line.startswith(" 1 | …")
    assert line.endswith("…")


def test_a_name_of_a_file_cannot_break_the_line() -> None:
    (first, *_) = lines(diagnostic(name="a\nb\x1b[0m.yaml"))
    assert first == "a�b�[0m.yaml:1:4: error: wrong [wrong-type]"


def test_colour_is_only_there_where_it_is_asked_for() -> None:
    assert "\x1b" not in "".join(block(diagnostic(), Style(False)))
    assert "\x1b" in "".join(block(diagnostic(), Style(True)))


def test_findings_that_several_jobs_share_are_shown_once(code: Path, knowledge: Facts) -> None:
    text = BASE.replace('"mnist"', '"mnist-{{ matrix.n }}"') + "matrix: {n: [1, 2, 3]}\nvolume_size: 0\n"
    results = judged(text, code, knowledge)
    assert len(results) == 3
    report = Report(results)
    assert [found.rule for found in report.found()] == ["out-of-range"]
    assert (report.manifests, report.errors) == (3, 1)


def test_one_line_of_a_script_that_is_wrong_for_two_jobs_is_told_of_both(code: Path, knowledge: Facts) -> None:
    (code / "train.py").write_text('import os\n\nprint(os.environ["SM_CHANNEL_TRAIN"], os.environ["SM_MODEL_DIR"])\n')
    results = judged(BASE + "---\n" + BASE.replace('"mnist"', "other"), code, knowledge)
    found = [each for each in Report(results).found() if each.rule == "channel-not-given"]
    assert [each.related[0].place.source.name for each in found] == [str(code / "train.py")] * 2
    assert [each.place.span.line for each in found] == [1, 1 + BASE.count("\n") + 1]


@pytest.mark.parametrize(
    "name", ["credential", "CREDENTIAL", "credent\u0131al", "credent\u0130al", "to\u212aen", "pa\u017fsword"]
)
def test_a_secret_is_masked_whatever_letters_its_name_is_written_in(name: str) -> None:
    """To a pattern without case, some letters are others."""
    assert "5vIw9X6np9xNXyyf3zAL" not in redacted(f"{name}=5vIw9X6np9xNXyyf3zAL")


# JSON, SARIF, GitHub, JUnit -------------------------------------------------------------------------------------------

MIXED = BASE.replace('"2.21"', "2.21") + "volume_size: 1\nvolume_size: 2\ninput_mode: pipe\nuse_spot_instances: yes\n"


def test_json_gives_every_finding_with_its_fix(code: Path, knowledge: Facts) -> None:
    data = json.loads(shown(judged(MIXED, code, knowledge), "json"))
    assert data["version"] == 1
    assert data["summary"] == {"manifests": 1, "errors": 4, "warnings": 0, "notes": 0}
    assert data["diagnostics"][0] == {
        "rule": "wrong-type",
        "severity": "error",
        "message": "framework_version must be a string, not 2.21",
        "hint": 'put it in quotes: "2.21"; without quotes it is a number, and 1.10 would become 1.1',
        "path": "jobs/m.yaml",
        "line": 4,
        "column": 20,
        "end_line": 4,
        "end_column": 24,
        "field": ["framework_version"],
        "fix": [{"line": 4, "column": 20, "end_line": 4, "end_column": 24, "text": '"2.21"'}],
        "related": [],
        "count": 1,
    }


def test_the_schema_of_sarif_is_the_one_that_the_readme_names() -> None:
    folder = REPOSITORY / "tests" / "reporting" / "sarif"
    digest = hashlib.sha256((folder / "sarif-2.1.0-rtm.5.json").read_bytes()).hexdigest()
    assert digest in (folder / "README.md").read_text()


def sarif(diagnostics: list[Diagnostic]) -> dict[str, Any]:
    log = json.loads(
        "\n".join(
            FORMATS["sarif"](
                Report(Result(f"{number}.yaml", (one,)) for number, one in enumerate(diagnostics)), Style()
            )
        )
    )
    Draft4Validator(SCHEMA, format_checker=Draft4Validator.FORMAT_CHECKER).validate(log)
    (only,) = log["runs"]
    assert isinstance(only, dict)
    return only


def test_sarif_fits_the_standards_schema_for_everything_that_can_be_found(knowledge: Facts) -> None:
    cases = sorted((REPOSITORY / "tests" / "cases").glob("*.yaml"))
    for case in cases:
        found = list(Report(judged(case.read_text(), case.parent, knowledge)).found())
        assert len(sarif(list(found))["results"]) == len(found)
    everything = [Diagnostic(Place(Source("m.yaml", "a")), Severity.ERROR, name, "x") for name in explained()]
    assert [rule["id"] for rule in sarif(everything)["tool"]["driver"]["rules"]] == list(explained())


def test_sarif_points_at_uris_only() -> None:
    driver = sarif([diagnostic()._replace(rule=name) for name in explained()])["tool"]["driver"]
    uris = [rule["helpUri"] for rule in driver["rules"] if "helpUri" in rule]
    assert [uri for uri in uris if not re.fullmatch(r"https://[^\s;,]+", uri)] == []


def test_fingerprints_of_sarif_stay_when_lines_move() -> None:
    def prints(text: str, lines: list[int]) -> list[str]:
        source = Source("m.yaml", text, Path())
        found = [Diagnostic(Place(source, Span(n, 1, n, 2)), Severity.ERROR, "wrong-type", "x") for n in lines]
        return [result["partialFingerprints"]["sagespec/v1"] for result in sarif(found)["results"]]

    before, after = prints("a: 1\na: 1\nb: 2\n", [1, 2, 3]), prints("\n\na: 1\na: 1\nb: 2\n", [3, 4, 5])
    assert before == after
    assert len(set(before)) == 3


def test_sarif_counts_characters_and_says_so() -> None:
    found = diagnostic(text="é\U0001f600: 1", span=Span(1, 5, 1, 6))
    only = sarif([found])
    assert only["columnKind"] == "unicodeCodePoints"
    region = only["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 5, "endLine": 1, "endColumn": 6}


def test_sarif_carries_fixes_help_and_related_places() -> None:
    other = Place(Source("train.py", "x"), Span(1, 1, 1, 2))
    found = diagnostic(hint="so", fix=(Edit(Span(1, 4, 1, 5), '"1"'),), related=(Related(other, "here too"),))
    only = sarif([found])
    (result,) = only["results"]
    (rule,) = only["tool"]["driver"]["rules"]
    assert rule["id"] == result["ruleId"] == "wrong-type"
    assert rule["help"]["text"].startswith(PAGES["wrong-type"].summary)
    assert result["message"] == {"text": "wrong\nhelp: so"}
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 1, "startColumn": 4, "endLine": 1, "endColumn": 5},
            "insertedContent": {"text": '"1"'},
        }
    ]
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"] == {"uri": "train.py"}


def test_both_places_of_a_duplicate_key_are_given(code: Path, knowledge: Facts) -> None:
    found = list(Report(judged(MIXED, code, knowledge)).found())
    (twice,) = (each for each in found if each.rule == "duplicate-key")
    assert (twice.span.line, [other.place.span.line for other in twice.related]) == (11, [10])


@pytest.mark.parametrize(
    ("name", "uri"),
    [("jobs/m.yaml", "jobs/m.yaml"), ("a b#é.yaml", "a%20b%23%C3%A9.yaml"), ("/x/m.yaml", "file:///x/m.yaml")],
)
def test_sarif_names_files_by_uris(name: str, uri: str) -> None:
    (result,) = sarif([diagnostic(name=name)])["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_github_commands_are_escaped_so_that_nothing_breaks_out() -> None:
    found = diagnostic("100% a\nb: ::error::c", name="a,b:c.yaml", hint="d\r\ne")
    (line,) = FORMATS["github"](Report([Result(found.path, (found,))]), Style())
    assert line == (
        "::error file=a%2Cb%3Ac.yaml,line=1,endLine=1,col=4,endColumn=5,title=wrong-type"
        "::100%25 a%0Ab: ::error::c%0Ahelp: d�%0Ae"
    )


def test_github_gives_columns_only_within_one_line() -> None:
    found = diagnostic(span=Span(1, 4, 2, 1), severity=Severity.WARNING)
    (line,) = FORMATS["github"](Report([Result(found.path, (found,))]), Style())
    assert line == "::warning file=m.yaml,line=1,endLine=2,title=wrong-type::wrong"


def test_junit_has_a_case_for_every_file(code: Path, knowledge: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(code)
    Path("bad.yaml").write_text(BASE + 'volume_size: 0\nname: "x"\n')
    Path("good.yaml").write_text(BASE.replace("mnist", "good"))
    Path("warned.yaml").write_text(BASE.replace("mnist", "warned") + "hyperparameters: {shuffle: yes}\n")
    results = list(Compiler(Options(Inputs(), build=False), knowledge).run(["bad.yaml", "good.yaml", "warned.yaml"]))
    root = ElementTree.fromstring(shown(results, "junit"))
    assert root.tag == "testsuites"
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "0")
    found = {case.get("name"): [child.tag for child in case] for case in suite}
    assert found == {"bad.yaml": ["failure"], "good.yaml": [], "warned.yaml": ["system-out"]}
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "2 errors"
    assert "bad.yaml:10:14: error: volume_size is 0" in (failure.text or "")


def test_junit_holds_whatever_a_message_holds() -> None:
    found = diagnostic("<&>\"']]>\x00\x1b\ud800\uffff", name='a"<&\n.yaml')
    root = ElementTree.fromstring("\n".join(FORMATS["junit"](Report([Result(found.path, (found,))]), Style())))
    (case,) = root.iter("testcase")
    assert case.get("name") == 'a"<&\n.yaml'
    assert case[0].get("message") == "<&>\"']]>����"


# Pages ----------------------------------------------------------------------------------------------------------------

MAKERS = {
    "Diagnostic",
    "_error",
    "_rejected",
    "_diagnostic",
    "problem",
    "rejected",
    "_said",
    "_placed",
    "_about_script",
    "Claim",
    "Finding",
    "says",
}


NO_NAMES = {"utf-8-sig", "tensorflow-serving"}
"""Words with hyphens that are not names of findings."""


def names_in(path: Path) -> Iterator[str]:
    """The names that a file gives to findings: every name in a function that makes one."""
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef) and any(makes_finding(node) for node in ast.walk(function)):
            for node in ast.walk(function):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in NO_NAMES:
                    yield from re.findall(r"\A[a-z0-9]+(?:-[a-z0-9]+)+\Z", node.value)


def makes_finding(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and (getattr(node.func, "id", "") or getattr(node.func, "attr", "")) in MAKERS


def test_everything_that_a_finding_is_called_has_a_page() -> None:
    files = (REPOSITORY / "compiler" / "sagespec").rglob("*.py")
    used = {name for path in files for name in names_in(path)}
    assert used <= set(explained())
    assert set(PAGES) <= used, "a page that nothing leads to"
    assert not set(PAGES) & set(RULES.by_name)


NOT_SHOWN_BY_A_TEXT = {
    *("unreadable-file", "not-utf8", "file-too-large", "number-too-long"),
    *("not-read-as-a-manifest", "passed-over", "defaults-not-read"),
    *("too-many-documents", "too-many-environments", "more-errors", "more-warnings"),
    *(
        "unknown-environment",
        "misspelt-training-job",
        "unservable-training-script",
        "unusable-prices",
        "job-costs-too-much",
        "jobs-cost-too-much",
        "unknown-price",
        "name-in-two-files",
        "checkpoints-in-two-files",
        "incomplete-request",
        "missing-region",
        "missing-account",
        "unknown-training-job",
        "not-in-target",
    ),
}
"""What only bytes, files, options, too many digits or too many of anything bring about."""


def as_manifest(example: str) -> str:
    """An example takes the place of the same fields of the smallest manifest, unless it is a whole text."""
    names = set(re.findall(r"^\"?(\w+)\"?:", example, re.MULTILINE))
    if not names:
        return example
    kept = [line for line in BASE.splitlines(keepends=True) if line.partition(":")[0] not in names]
    return "".join(kept) + example


@pytest.mark.parametrize("page", [page for page in PAGES.values() if page.name not in NOT_SHOWN_BY_A_TEXT], ids=str)
def test_a_page_shows_its_mistake_and_its_cure(page: Page, code: Path, knowledge: Facts) -> None:
    bad = judged(as_manifest(page.example("Bad")), code, knowledge, build=True)
    assert {found.rule for result in bad for found in result.diagnostics} == {page.name}
    assert {found.severity for result in bad for found in result.diagnostics} == {page.severity}
    good = judged(as_manifest(page.example("Good")), code, knowledge, build=True)
    assert [found for result in good for found in result.diagnostics] == []


@pytest.mark.parametrize("page", PAGES.values(), ids=str)
def test_a_page_is_complete(page: Page) -> None:
    assert page.summary.endswith(".")
    assert page.source
    assert bool(page.example("Bad")) == bool(page.example("Good")) == (page.name not in NOT_SHOWN_BY_A_TEXT)


@pytest.mark.parametrize("name", explained())
def test_every_page_can_be_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", name]) == 0
    assert capsys.readouterr().out.startswith(
        f"{name} ({explained()[name].severity.value})\n\n{explained()[name].summary}"
    )


def test_every_page_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(explained())


def test_an_unknown_name_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "duplicate-keys"]) == 2
    assert "did you mean 'duplicate-key'?" in capsys.readouterr().err


# Allowances -----------------------------------------------------------------------------------------------------------

SPOT = BASE + "max_wait: 172800\nmodel_dir: false\n"
RULE = "spot-without-checkpoints"


def rules_found(text: str, code: Path, knowledge: Facts) -> list[str]:
    return [found.rule for result in judged(text, code, knowledge) for found in result.diagnostics]


@pytest.mark.parametrize(
    "lines_",
    [
        "use_spot_instances: true # sagespec: allow spot-without-checkpoints",
        "use_spot_instances: true   #sagespec:allow   spot-without-checkpoints",
        "# sagespec: allow spot-without-checkpoints\nuse_spot_instances: true",
        "# sagespec: allow spot-without-checkpoints (the job takes minutes)\nuse_spot_instances: true",
        "# sagespec: allow spot-without-checkpoints\n# the job takes minutes\nuse_spot_instances: true",
        "use_spot_instances: true # it is short # sagespec: allow spot-without-checkpoints",
    ],
)
def test_an_allowance_silences_a_warning_on_its_line_or_the_next(lines_: str, code: Path, knowledge: Facts) -> None:
    assert rules_found(SPOT + lines_ + "\n", code, knowledge) == []


@pytest.mark.parametrize("between", [", ", " ", ",", "  ,  "])
def test_an_allowance_may_name_several_rules(between: str, code: Path, knowledge: Facts) -> None:
    comment = f"# sagespec: allow {RULE}{between}ambiguous-scalar"
    text = SPOT + f"{comment}\nuse_spot_instances: true\nhyperparameters: {{shuffle: yes}} {comment}\n"
    assert rules_found(text, code, knowledge) == ["unused-allowance", "unused-allowance"]


@pytest.mark.parametrize(
    "lines_",
    [
        'environment: {a: "# sagespec: allow spot-without-checkpoints"}\nuse_spot_instances: true',
        "environment:\n  a: 'x\n    # sagespec: allow spot-without-checkpoints'\nuse_spot_instances: true",
        "environment:\n  a: |\n    # sagespec: allow spot-without-checkpoints\nuse_spot_instances: true",
        "environment: {a: x#sagespec:allow spot-without-checkpoints}\nuse_spot_instances: true",
    ],
)
def test_what_is_not_a_comment_allows_nothing(lines_: str, code: Path, knowledge: Facts) -> None:
    found = rules_found(SPOT + lines_ + "\n", code, knowledge)
    assert RULE in found
    assert "unused-allowance" not in found


def test_a_comment_behind_the_head_of_a_block_is_one(code: Path, knowledge: Facts) -> None:
    text = BASE + "tags:\n  a: >- # sagespec: allow spot-without-checkpoints\n    x\n"
    assert rules_found(text, code, knowledge) == ["unused-allowance"]


def test_an_allowance_that_silences_nothing_is_a_warning_at_its_name(code: Path, knowledge: Facts) -> None:
    (result,) = judged(BASE + f"volume_size: 31 # sagespec: allow {RULE}\n", code, knowledge)[1:]
    (found,) = result.diagnostics
    assert (found.rule, found.span) == ("unused-allowance", Span(10, 35, 10, 35 + len(RULE)))


def test_an_error_is_not_silenced_by_a_comment(code: Path, knowledge: Facts) -> None:
    results = judged(BASE + "volume_size: 0 # sagespec: allow out-of-range\n", code, knowledge)
    found = [each for result in results for each in result.diagnostics]
    assert [each.rule for each in found] == ["out-of-range", "unused-allowance"]
    assert found[1].hint == "cure it; where that cannot be, run with --allow out-of-range"


def test_an_allowance_of_no_rule_is_answered_with_the_nearest(code: Path, knowledge: Facts) -> None:
    (result,) = judged(BASE + "volume_size: 31 # sagespec: allow spot-without-checkpoint\n", code, knowledge)[1:]
    (found,) = result.diagnostics
    assert (found.rule, found.message) == ("unknown-allowance", "there is no rule 'spot-without-checkpoint'")
    assert found.hint == "did you mean 'spot-without-checkpoints'?"


def test_an_allowance_in_defaults_holds_there(code: Path, knowledge: Facts) -> None:
    defaults = "apiVersion: sagespec/v1\nkind: Defaults\nmax_wait: 172800\nmodel_dir: false\n"
    spot = "use_spot_instances: true"
    (code / ".git").mkdir()
    (code / "sagespec.yaml").write_text(f"{defaults}{spot} # sagespec: allow {RULE}\n")
    assert rules_found(BASE, code, knowledge) == []
    (code / "sagespec.yaml").write_text(f"{defaults}{spot}\n")
    assert rules_found(BASE, code, knowledge) == [RULE]


@pytest.mark.parametrize("name", ["out-of-range", "duplicate-key", "spot-without-max-wait"])
def test_an_option_allows_anything_that_has_a_page(name: str, code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "out-of-range": "volume_size: 0\n",
        "duplicate-key": "region: us-west-2\n",
        "spot-without-max-wait": "use_spot_instances: true\ncheckpoint_s3_uri: s3://b/c\n",
    }
    monkeypatch.chdir(code)
    Path("m.yaml").write_text(BASE + texts[name])
    assert run(["validate", "m.yaml"]) == 1
    assert run(["validate", "--allow", name, "m.yaml"]) == 0


def test_what_is_wrong_with_defaults_is_said_at_its_place(code: Path, knowledge: Facts) -> None:
    (code / ".git").mkdir()
    head = "apiVersion: sagespec/v1\nkind: Defaults\n"
    (code / "sagespec.yaml").write_text(head + "vars: [1]\nenvironments: {dev: 1}\nvolume_size: 1\nvolume_size: 2\n")
    found = [each for result in judged(BASE, code, knowledge) for each in result.diagnostics]
    assert {each.place.source.folder for each in found} == {code}
    assert [(each.span.line, each.rule, each.message) for each in found] == [
        (3, "wrong-type", "vars must be a map"),
        (4, "wrong-type", "environments.dev must be a map"),
        (6, "duplicate-key", "'volume_size' is given twice, first in line 5"),
    ]


def test_a_broken_variable_is_one_finding_however_often_it_is_used(code: Path, knowledge: Facts) -> None:
    (code / ".git").mkdir()
    (code / "sagespec.yaml").write_text('kind: Defaults\nvars: {bucket: "{{ env.NO_SUCH }}"}\n')
    text = BASE + 'output_path: "s3://{{ vars.bucket }}/a"\ncode_location: "s3://{{ vars.bucket }}/b"\n'
    assert rules_found(text, code, knowledge) == ["bad-expression"]


# Secrets --------------------------------------------------------------------------------------------------------------

KEY = "AKIA" + "IOSFODNN7EXAMPL2"
SECRETS = {
    "in a value of the right type": f"environment: {{AWS_ACCESS_KEY_ID: {KEY}}}\n",
    "on the line of another mistake": f"environment: {{AWS_ACCESS_KEY_ID: {KEY}, B: 1}}\n",
    "as the value of an enumeration": f"input_mode: {KEY}\n",
    "as the value of a pattern": f"output_path: {KEY}\n",
    "as the name of a field": f"{KEY}: 1\n",
    "in an expression": f"tags: {{a: \"{{{{ '{KEY}' + 1 }}}}\"}}\n",
    "as a boolean": f"use_spot_instances: {KEY}\n",
    "as a key given twice": f"tags: {{{KEY}: x, {KEY}: y}}\n",
    "where YAML ends": f"tags: {{a: {KEY}\n",
    "in an allowance's line": f"volume_size: 31 # sagespec: allow {RULE} {KEY}\n",
    "in an argument of a rule": f"image_uri: {KEY}/x\n",
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_never_shown_whole(text: str, form: str, code: Path, knowledge: Facts) -> None:
    results = judged(BASE + text, code, knowledge)
    assert any(result.diagnostics for result in results)
    assert KEY not in shown(results, form)


@pytest.mark.parametrize("form", FORMATS)
def test_a_password_that_is_a_number_is_not_shown(form: str, code: Path, knowledge: Facts) -> None:
    results = judged(BASE + "environment: {DB_PASSWORD: 8274619, X: 1}\n", code, knowledge)
    assert "8274619" not in shown(results, form)


def test_the_caret_stands_right_behind_a_masked_secret(code: Path, knowledge: Facts) -> None:
    results = judged(BASE + f"environment: {{AWS_ACCESS_KEY_ID: {KEY}, BAD: 12}}\n", code, knowledge)
    found = next(each for result in results for each in result.diagnostics if each.field[-1:] == ("BAD",))
    line, marks = lines(found)[2:4]
    assert line[marks.index("^") : marks.rindex("^") + 1] == "12"


# The command ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "github"])
def test_machine_output_names_paths_as_they_were_given(
    form: str, code: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(code.parent)
    (code / "m.yaml").write_text(BASE + "volume_size: 0\n")
    assert run(["validate", "--format", form, f"{code.name}/m.yaml"]) == 1
    captured = capsys.readouterr()
    assert f"{code.name}/m.yaml" in captured.out
    assert str(code.parent) not in captured.out
    assert captured.err == ""


def test_warnings_are_errors_when_asked(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(code)
    Path("m.yaml").write_text(BASE + "hyperparameters: {shuffle: yes}\n")
    assert run(["validate", "m.yaml"]) == 0
    assert run(["validate", "--strict", "m.yaml"]) == 1


def test_a_good_example_of_the_smallest_manifest_is_silent(judge: Judge) -> None:
    assert judge(yaml.safe_dump(SMALLEST)).diagnostics == ()


SECRET = "Zk93hs82hQw1LmPz0aYt4TgB"


def test_a_manifest_is_explained_without_an_environment_that_nobody_has_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    defaults = {"apiVersion": "sagespec/v1", "kind": "Defaults", "region": "us-west-2"}
    defaults |= {"environments": {"prod": {"region": "eu-west-1"}}}
    (tmp_path / "sagespec.yaml").write_text(json.dumps(defaults))
    job = {"apiVersion": "sagespec/v1", "kind": "TrainingJob", "name": "a", "hyperparameters": {"api_key": SECRET}}
    (tmp_path / "a.yaml").write_text(json.dumps(job))
    assert run(["explain", str(tmp_path / "a.yaml")]) == 0
    said = capsys.readouterr().out
    assert '"us-west-2"' in said
    assert SECRET not in said
    assert run(["explain", str(tmp_path / "a.yaml"), "region", "--env", "prod"]) == 0
    assert '"eu-west-1"' in capsys.readouterr().out


def test_a_field_is_explained_in_every_kind_that_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "volume_size"]) == 0
    said = capsys.readouterr().out
    assert "volume_size (field of TrainingJob)" in said
    assert "volume_size (field of Endpoint)" in said
    assert "Lands: ResourceConfig.VolumeSizeInGB." in said


def test_the_jobs_of_a_matrix_are_explained_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = {"apiVersion": "sagespec/v1", "kind": "TrainingJob", "name": "a-{{ matrix.x }}", "max_run": 60}
    job |= {"matrix": {"x": [0.1, "B c"]}, "hyperparameters": {"x": "{{ matrix.x }}"}}
    (tmp_path / "a.yaml").write_text(json.dumps(job))
    assert run(["explain", str(tmp_path / "a.yaml"), "max_run"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "jobs     all 2"
    assert run(["explain", str(tmp_path / "a.yaml"), "hyperparameters.x"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith(("jobs", "value"))] == [
        "jobs     a-0-1",
        "value    0.1",
        "jobs     a-B-c",
        'value    "B c"',
    ]
