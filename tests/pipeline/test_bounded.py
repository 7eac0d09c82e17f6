"""Whatever a file holds, the work that it makes is in proportion to its length: counted, not timed."""

from __future__ import annotations

import difflib
import json
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from conftest import SCRIPT, SMALLEST
from sagespec.base import diagnostic
from sagespec.base.diagnostic import MOST, Diagnostic, Edit, Severity, limited, shortened
from sagespec.base.source import Place, Source, Span
from sagespec.building import api_check
from sagespec.catalog import facts
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading import expression, fixes, render
from sagespec.reporting.findings import report as reporting
from sagespec.reporting.findings.diagnostics import FORMATS
from sagespec.reporting.findings.report import Report
from sagespec.reporting.terminal.style import Style

BASE = "".join(f"{name}: {json.dumps(value)}\n" for name, value in SMALLEST.items())
KNOWLEDGE = facts()
FEW, MANY = 1_000, 2_000


def judged(text: str, folder: Path) -> list[Result]:
    options = Options(render.Inputs(environ={"AWS_REGION": "us-west-2"}), build=False)
    return list(Compiler(options, KNOWLEDGE).source(Source("m.yaml", text, folder)))


def lines(form: str, number: int, above: str = "") -> str:
    return BASE + above + "".join(form.format(n=n) for n in range(number))


FLOODS: dict[str, Callable[[int], str]] = {
    "unknown fields": lambda number: lines("instance_typ_{n}: 1\n", number),
    "duplicate keys": lambda number: lines("max_run: {n}\n", number + 1),
    "texts like numbers": lambda number: lines("  h{n}: yes\n", number, "hyperparameters:\n"),
    "variables of a wrong type": lambda number: lines("  H{n}: 1\n", number, "environment:\n"),
    "names of variables": lambda number: lines("  0{n}: x\n", number, "environment:\n"),
    "channels with unknown fields": lambda number: lines("  c{n}: {{s3_dat: x}}\n", number, "channels:\n"),
    "members of the request": lambda number: lines("  TrainingJobNam{n}: x\n", number, "request:\n"),
    "hyperparameters of the request": lambda number: lines(
        "    h{n}: 1\n", number, "request:\n  HyperParameters:\n    sagemaker_program: x\n"
    ),
    "tags": lambda number: lines("  t{n}: x\n", number, "tags:\n"),
    "keys that are lists": lambda number: lines("  ? [a]\n  : {n}\n", number, "hyperparameters:\n"),
    "YAML tags": lambda number: lines("  h{n}: !x 1\n", number, "hyperparameters:\n"),
    "allowances of no rule": lambda number: lines("# sagespec: allow no-rule-{n}\n", number),
    "allowances in one comment": lambda number: BASE + "# sagespec: allow " + "no-rule, " * number + "no-rule\n",
    "instance types": lambda number: lines(
        "- {{instance_group_name: a{n}, instance_type: ml.m5.xlargee, instance_count: 1}}\n",
        number,
        "instance_groups:\n",
    ),
}


class Work(Counter[str]):
    """How often something costly is done, by its name."""

    def watch(self, patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self[name] += 1
            return real(*arguments, **named)

        patch.setattr(owner, name, counted)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    counts = Work()
    counts.watch(monkeypatch, difflib.SequenceMatcher, "set_seq1")  # one comparison of two names
    counts.watch(monkeypatch, difflib, "get_close_matches")
    counts.watch(monkeypatch, reporting, "redacted")
    return counts


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_names_are_compared_and_texts_masked_for_what_is_reported_alone(
    flood: Callable[[int], str], work: Work, code: Path
) -> None:
    counts = []
    for number in (FEW, MANY):
        work.clear()
        reporting._safe_text.cache_clear()
        for _ in FORMATS["json"](Report(judged(flood(number), code)), Style()):
            pass
        counts.append(dict(work))
    few, many = counts
    assert many.get("get_close_matches", 0) <= 6 * MOST
    assert many.get("set_seq1", 0) <= max(1.2 * few.get("set_seq1", 0), 50), "more names, more guesses"
    assert 0 < many["redacted"] <= 12 * (MOST + 2)


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_twice_as_much_is_twice_the_work(flood: Callable[[int], str], code: Path) -> None:
    few, many = (calls_of(lambda number=number: judged(flood(number), code)) for number in (FEW, MANY))
    assert many <= 2.3 * few


def calls_of(run: Callable[[], object]) -> int:
    """How many functions of Python and C a run calls, after one that has warmed what is cached."""
    import cProfile

    profile = cProfile.Profile()
    profile.runcall(run)
    return sum(entry.callcount for entry in profile.getstats())


# What is told --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], list[Result]]:
    """What is found in a manifest with so many unknown fields."""
    folder = tmp_path_factory.mktemp("unknown")
    (folder / "train.py").write_text(SCRIPT)
    return cache(lambda number: judged(lines("xx_{n}: 1\n", number), folder))


@pytest.mark.parametrize("number", [MOST - 1, MOST, MOST + 1, 50_000])
def test_of_many_errors_the_first_are_reported_and_the_others_counted(
    number: int, unknown: Callable[[int], list[Result]]
) -> None:
    report = Report(unknown(number))
    found = list(report.found())
    assert report.errors == number
    assert sum(each.stands_for for each in found) == number
    assert [each.rule for each in found[:MOST]] == ["unknown-field"] * min(number, MOST)
    assert [each.message for each in found[MOST:]] == (
        [f"and {number - MOST:,} more error{'s' * (number > MOST + 1)}"] if number > MOST else []
    )


@pytest.mark.parametrize("written", FORMATS)
def test_every_format_says_how_many_more_there_are(written: str, unknown: Callable[[int], list[Result]]) -> None:
    shown = "\n".join(FORMATS[written](Report(unknown(50_000)), Style()))
    assert "and 49,900 more errors" in shown
    assert len(shown) < 150_000
    if written == "json":
        data = json.loads(shown)
        assert data["summary"] == {"manifests": 1, "errors": 50_000, "warnings": 0, "notes": 0}
        assert sum(found["count"] for found in data["diagnostics"]) == 50_000
    if written == "sarif":
        last = json.loads(shown)["runs"][0]["results"][-1]
        assert (last["ruleId"], last["occurrenceCount"]) == ("more-errors", 49_900)
    if written == "junit":
        (failure,) = ElementTree.fromstring(shown).iter("failure")
        assert failure.get("message") == "50,000 errors"
    if written == "github":
        assert shown.splitlines()[-1].startswith("::error file=m.yaml,line=")


def test_no_number_of_warnings_hides_an_error(code: Path) -> None:
    text = (
        lines("  h{n}: yes\n", 300, "hyperparameters:\n").replace("hyperparameters", "environment") + "volume_size: 0\n"
    )
    report = Report(judged(text, code))
    found = list(report.found())
    assert any(each.rule == "out-of-range" and each.field == ("volume_size",) for each in found)
    assert len([each for each in found if not each.rule.startswith("more-")]) <= MOST
    assert (report.errors, report.warnings) == (
        sum(each.stands_for for each in found if each.severity is Severity.ERROR),
        300,
    )


def test_warnings_that_comments_allow_are_not_counted(code: Path) -> None:
    text = lines('  h{n}: ["yes", yes] # sagespec: allow ambiguous-scalar\n', 90, "hyperparameters:\n")
    report = Report(judged(text, code))
    assert [each.rule for each in report.found() if "allowance" in each.rule or each.rule == "ambiguous-scalar"] == []
    allowed = lines("- yes # sagespec: allow ambiguous-scalar\n", 300, "subnets:\n")
    report = Report(judged(allowed, code))
    assert [each.rule for each in report.found() if "allowance" in each.rule or each.rule == "ambiguous-scalar"] == []


def finding(line: int, severity: Severity = Severity.ERROR, stands_for: int = 1, name: str = "m.yaml") -> Diagnostic:
    place = Place(Source(name, ""), Span(line, 1, line, 2))
    return Diagnostic(place, severity, "wrong-type", f"in line {line}", stands_for=stands_for)


@pytest.mark.parametrize(("errors", "warnings"), list(product([0, 1, 99, 100, 101, 250], repeat=2)))
def test_what_is_reported_and_what_is_counted_are_all(errors: int, warnings: int) -> None:
    found = [finding(2 * n, Severity.WARNING) for n in range(warnings)]
    found = sorted([*found, *(finding(2 * n + 1) for n in range(errors))], key=lambda each: each.span)
    kept, more = shortened(found)
    for severity, number in ((Severity.ERROR, errors), (Severity.WARNING, warnings)):
        assert sum(each.stands_for for each in (*kept, *more) if each.severity is severity) == number
    assert len(kept) == min(MOST, errors + warnings)
    assert kept == sorted(kept, key=lambda each: each.span)
    assert limited(found) == [*kept, *more]


def test_the_documents_of_a_file_share_what_is_reported() -> None:
    results = [Result("m.yaml", tuple(finding(100 * job + n) for n in range(60))) for job in range(4)]
    other = Result("n.yaml", (finding(1, name="n.yaml"),))
    report = Report([*results, other])
    found = list(report.found())
    assert [each.rule for each in found] == ["wrong-type"] * MOST + ["more-errors", "wrong-type"]
    assert found[MOST].stands_for == 140
    assert found[MOST].span.line == 140
    assert report.errors == 241


@pytest.mark.parametrize("written", FORMATS)
def test_why_the_rest_of_a_file_cannot_be_read_is_never_hidden(written: str, code: Path) -> None:
    text = "---\napiVersion: sagespec/v1\n" * 200 + "---\na: [\n"
    report = Report(judged(text, code))
    shown = "\n".join(FORMATS[written](report, Style()))
    assert "this is not YAML" in shown
    assert "more errors" in shown
    assert report.errors > 1_000


def test_a_finding_that_stands_for_others_counts_for_all() -> None:
    found = list(diagnostic.bounded(finding(n) for n in range(5_000)))
    assert len(found) == MOST
    assert sum(each.stands_for for each in found) == 5_000
    warnings = [finding(n, Severity.WARNING) for n in range(5_000)]
    assert list(diagnostic.bounded(warnings)) == warnings, "a comment may silence any of them"


# Matrices and expressions --------------------------------------------------------------------------------------------


def refused(text: str, code: Path) -> list[str]:
    return [found.rule for result in judged(text, code) for found in result.diagnostics]


def test_a_matrix_that_is_too_large_is_refused_before_its_first_job(code: Path) -> None:
    text = BASE.replace('"mnist"', '"m-{{ matrix.a }}"') + f"matrix: {{a: {list(range(1_000))}}}\nhyperparameters:\n"
    assert refused(text + "".join(f"  h{n}: 1\n" for n in range(1_000)), code) == ["bad-matrix"]
    assert refused(text + f"  h: {'x' * 50_000}\n", code) == ["bad-matrix"]
    assert refused(BASE + f"matrix: {{a: {list(range(1_001))}}}\n", code) == ["bad-matrix"]


def test_a_long_exclude_is_compared_no_more_than_a_million_times(code: Path) -> None:
    axes = f"a: {list(range(300))}, b: {list(range(300))}"
    text = BASE + f"matrix: {{{axes}, exclude: [" + "{a: 1}, " * 20_000 + "{a: 1}]}\n"
    assert refused(text, code) == ["bad-matrix"]


def test_a_variable_is_no_longer_than_expressions_can_bear(code: Path) -> None:
    (code / ".git").mkdir()
    (code / "sagespec.yaml").write_text(f"kind: Defaults\nvars: {{a: {'x' * render.MAX_VARIABLE}y}}\n")
    assert refused(BASE + 'tags: {t: "{{ vars.a }}"}\n', code) == ["bad-expression"]
    assert refused(BASE + f'matrix: {{a: ["{"x" * render.MAX_VARIABLE}y"]}}\n', code) == ["bad-matrix"]


def test_a_manifest_is_judged_in_as_many_environments_as_a_project_may_have(code: Path) -> None:
    (code / ".git").mkdir()
    environments = {f"e{number}": {"max_run": 0} for number in range(5_000)}
    defaults = {"apiVersion": "sagespec/v1", "kind": "Defaults", "environments": environments}
    (code / "sagespec.yaml").write_text(json.dumps(defaults))
    [result] = judged(BASE, code)
    alone, _ = judged(json.dumps(defaults), code)  # and that it is not called sagespec.yaml
    for found in (result.diagnostics, alone.diagnostics):
        assert Counter(each.rule for each in found) == {"too-many-environments": 1, "out-of-range": 100}
    [limited] = [each.message for each in result.diagnostics if each.rule == "too-many-environments"]
    assert limited == "5,000 environments are declared here; a project has 100 at most"


def test_what_expressions_make_is_counted_over_all_of_them(
    code: Path, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code / ".git").mkdir()
    (code / "sagespec.yaml").write_text(f"kind: Defaults\nvars: {{a: {'x' * 9_000}}}\n")
    long = "{{ " + " ~ ".join(["vars.a"] * 11) + " }}"
    work.watch(monkeypatch, expression, "_evaluate")
    text = BASE + "hyperparameters:\n" + "".join(f'  h{n}: "{long}"\n' for n in range(999))
    assert refused(text, code) == ["bad-expression"]
    assert work["_evaluate"] <= render.MAX_MADE // 99_000 + 3


def test_an_expression_is_compiled_once_for_all_jobs(work: Work, code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = expression._environment()
    expression._compiled.cache_clear()
    work.watch(monkeypatch, environment, "parse")
    work.watch(monkeypatch, expression, "_evaluate")
    text = BASE.replace('"mnist"', '"m-{{ matrix.a }}"') + f"matrix: {{a: {list(range(50))}}}\n"
    assert len(judged(text + 'hyperparameters: {x: "{{ matrix.a * 2 }}"}\n', code)) == 50
    assert work["_evaluate"] == 100
    assert work["parse"] == 2


def test_a_filter_is_applied_once_however_many_follow_it(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = expression._environment()
    counted = Counter[str]()

    def replace(*arguments: Any) -> str:
        counted["replace"] += 1
        return expression._replace(*arguments)

    monkeypatch.setitem(environment.filters, "replace", replace)
    text = "{{ 'a'" + " | replace('a', 'b')" * 150 + " }}"
    assert expression.evaluate(text, {"vars": {}, "env": {}, "git": {}, "matrix": {}}) == "b"
    assert counted["replace"] == 150


# Fixes -------------------------------------------------------------------------------------------------------------


def test_a_text_is_read_twice_for_any_number_of_fixes(work: Work, monkeypatch: pytest.MonkeyPatch, code: Path) -> None:
    text = lines("- yes\n", 5_000, "subnets:\n")
    source = Source("m.yaml", text, code)
    found = [each for result in judged(text, code) for each in result.diagnostics]
    work.watch(monkeypatch, fixes, "_read")
    made = fixes.fixed(source, found)
    assert len(made.cured) == 5_000
    assert made.text == text.replace("- yes", '- "yes"')
    assert work["_read"] == 2


def test_fixes_that_do_harm_are_looked_for_no_more_often_than_a_text_can_be_read(
    work: Work, monkeypatch: pytest.MonkeyPatch, code: Path
) -> None:
    """Each of these aliases stands for a value in two places, so that its cure would change another one."""
    text = "".join(f"- &a{n} 1\n- *a{n}\n" for n in range(20_000))
    source = Source("m.yaml", text, code)
    places = [
        Place(source, Span(2 * n + 1, 4 + len(str(n)) + 1, 2 * n + 1, 4 + len(str(n)) + 2)) for n in range(20_000)
    ]
    found = [
        Diagnostic(place, Severity.ERROR, "wrong-type", "", field=(2 * n,), fix=(Edit(place.span, '"1"'),))
        for n, place in enumerate(places)
    ]
    work.watch(monkeypatch, fixes, "_read")
    made = fixes.fixed(source, found)
    assert made.cured == ()
    assert work["_read"] <= 1 + max(fixes.FEWEST_TRIES, fixes.MAX_TRIED // len(text))


def test_overlapping_fixes_are_found_as_if_each_were_compared_with_each() -> None:
    taken = [(0, 2), (5, 8), (8, 9), (20, 21)]
    for start, end in product(range(25), repeat=2):
        if start <= end:
            slow = any(not (end <= first or last <= start) for first, last in taken)
            assert fixes._overlaps((start, end), taken) == slow, (start, end)


# The API's model -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [51, 20_000])
def test_of_a_list_that_is_too_long_only_as_many_items_as_it_may_have_are_judged(
    number: int, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jsonschema import Draft202012Validator

    work.watch(monkeypatch, Draft202012Validator, "descend")
    body = {"Tags": [{"Key": "", "Value": "x"}] * number, "HyperParameters": {f"h{n}": 1 for n in range(number)}}
    found = list(api_check.check(body))
    assert [each.message for each in found if each.path == ("Tags",)] == [f"has {number} entries; the most is 50"]
    assert len([each for each in found if each.path[:1] == ("Tags",)]) <= 51
    assert work["descend"] < 1_000


def test_a_name_is_compared_with_a_thousand_others_at_most(work: Work) -> None:
    from sagespec.catalog.near import near

    assert near("mnits", (*(f"number-{n}" for n in range(500)), "mnist")) == "mnist"
    work.clear()
    assert near("mnits", (f"number-{n}" for n in range(10_000))) is None
    assert 0 < work["set_seq1"] <= 1_001, "and once to begin with"


def test_guesses_end() -> None:
    from sagespec.catalog import Guesses

    guess = Guesses()
    guessed: Iterator[str | None] = (guess("mnits", ["mnist"]) for _ in range(MOST + 1))
    assert [*guessed] == ["mnist"] * MOST + [None]
