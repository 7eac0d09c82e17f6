"""Whatever a file holds or is: diagnostics, exit code 1, soon; never a traceback, never a steered terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import REPOSITORY, SCRIPT, SMALLEST
from fakes.appliers import start
from sagespec.base.diagnostic import Severity
from sagespec.base.source import Source, Span
from sagespec.catalog import facts
from sagespec.kinds.explained import explained
from sagespec.pipeline import Compiler, Options
from sagespec.reading.fixes import fixed
from sagespec.reading.render import Inputs
from sagespec.reporting.findings.diagnostics import FORMATS
from sagespec.reporting.findings.report import Report, safe
from sagespec.reporting.terminal.style import Style

SECONDS = 300
"""Ends what hangs, however busy the machine is. How much work a text makes is counted, in test_bounded.py."""

BASE = "".join(f"{name}: {json.dumps(value)}\n" for name, value in SMALLEST.items())
"""The smallest manifest as YAML; what is hostile is written after it."""


def sagespec(*arguments: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONWARNINGS": "error", "PYTHONUTF8": "1", **environ}
    return subprocess.run(
        [sys.executable, "-m", "sagespec", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        env=environment,
    )


def test_modules_of_the_project_are_not_run(tmp_path: Path) -> None:
    for name in ("yaml", "difflib", "json", "pydantic_core", "jsonschema"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run')")
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "job.yaml").write_text(BASE)
    done = sagespec("validate", "job.yaml", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"1 manifest, nothing to say\n")


def forked(*arguments: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """The same in a process that need not import anything first."""
    said, result = folder / ".said", folder / ".result"
    process = start([*arguments], {**os.environ, "PYTHONUTF8": "1"}, said, result, folder)
    process.join(SECONDS)
    process.kill()
    process.join()
    return subprocess.CompletedProcess(arguments, process.exitcode or 0, result.read_bytes(), said.read_bytes())


def rules_of(ended: subprocess.CompletedProcess[bytes]) -> list[str]:
    """The rules that a run with `--format json` has named; it has refused the manifest, and nothing has crashed."""
    assert ended.stderr == b""
    assert ended.returncode == 1
    return [found["rule"] for found in json.loads(ended.stdout)["diagnostics"]]


def bomb(merged: bool = False) -> str:
    first = "a0: &a0 {x: 1, y: 1}\n" if merged else "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    lines = [first]
    for level in range(1, 12):
        inside = ", ".join([f"*a{level - 1}"] * 9)
        value = f"{{k{level}: *a{level - 1}, l{level}: *a{level - 1}, <<: [{inside}]}}" if merged else f"[{inside}]"
        lines.append(f"a{level}: &a{level} {value}\n")
    return "".join(lines)


TEXTS: dict[str, tuple[str | bytes, str]] = {
    "an alias bomb": (BASE + bomb(), "too-many-values"),
    "an alias bomb of merge keys": (BASE + bomb(merged=True), "too-many-values"),
    "an alias that holds itself": (BASE + "hyperparameters: &a {a: *a}\n", "nested-too-deep"),
    "a merge key of itself": (BASE + "hyperparameters: &a {<<: *a}\n", "nested-too-deep"),
    "10,000 nested lists": (BASE + "tags: " + "[" * 10_000 + "]" * 10_000, "nested-too-deep"),
    "10,000 nested maps that never end": (BASE + "tags: " + "{a: " * 10_000, "nested-too-deep"),
    "10,000 nested blocks": (BASE + "tags:\n" + "".join(" " * n + "a:\n" for n in range(1, 1_000)), "nested-too-deep"),
    "a megabyte in one line": (BASE + "entry_point: " + "x" * 990_000, "duplicate-key"),
    "a megabyte in quotes": (BASE + 'tags: {a: "' + "x" * 990_000 + '"}', "impossible-tag"),
    "a megabyte of secrets": (BASE + "tags: {a: " + "api_key" * 140_000 + "}", "impossible-tag"),
    "a megabyte as the name of a field": (BASE + "x" * 990_000 + ": 1", "invalid-yaml"),
    "a file that is too large": (BASE + "# " + "x" * 1_100_000, "file-too-large"),
    "bytes that are not UTF-8": (BASE.encode() + b"tags: {a: \xff\xfe}\n", "not-utf8"),
    "a text in UTF-16": (BASE.encode("utf-16"), "not-utf8"),
    "a NUL": (BASE + "tags: {a: x\0}\n", "invalid-yaml"),
    "a second byte order mark": ("\ufeff\ufeff" + BASE, "invalid-yaml"),
    "an object of Python": (BASE + "tags: !!python/object/apply:os.system [ls]\n", "yaml-tag"),
    "a binary": (BASE + "tags: {a: !!binary aGVsbG8=}\n", "yaml-tag"),
    "a merge of a scalar": (BASE + "tags: {<<: 1}\n", "merge-not-a-map"),
    "an integer of a million digits": (BASE + "volume_size: " + "9" * 900_000, "number-too-long"),
    "an integer of 400 digits": (BASE + "max_run: " + "9" * 400, "out-of-range"),
    "a float beyond all floats": (BASE + "hyperparameters: {a: 1e999}\n", "number-too-large"),
    "a number that is none": (BASE + "hyperparameters: {a: .nan}\n", "number-not-finite"),
    "a lone surrogate": (BASE + 'tags: {a: "\\ud800"}\n', "invalid-yaml"),
    "a loop in a template": (
        BASE + 'tags: {a: "{{ [1] * 1000000000 }}"}\n',
        "bad-expression",
    ),
    "a power in a template": (BASE + 'tags: {a: "{{ 9 ** 9 ** 9 }}"}\n', "bad-expression"),
    "a rounding in a template": (BASE + "tags: {a: \"{{ 1.5 | round(999999999, 'floor') }}\"}\n", "bad-expression"),
    "a replacement in a template": (
        BASE + "tags: {a: \"{{ 'aaaaaaaaaa'" + " | replace('a', 'aaaaaaaaaa')" * 20 + ' }}"}\n',
        "bad-expression",
    ),
    "a way out of the sandbox": (
        BASE + "tags: {a: \"{{ ''.__class__.__mro__[1].__subclasses__() }}\"}\n",
        "bad-expression",
    ),
    "a call in a template": (BASE + "tags: {a: \"{{ 'x'.format(1) }}\"}\n", "bad-expression"),
    "parentheses without end in a template": (BASE + 'tags: {a: "{{ ' + "(" * 1_500 + '"}\n', "bad-expression"),
    "10,000 templates": (
        BASE + "hyperparameters: {a: [" + ", ".join(f'"{{{{ {n} }}}}"' for n in range(10_000)) + "]}\n",
        "bad-expression",
    ),
    "a variable that speaks of itself": (BASE + 'tags: {a: "{{ vars.a }}"}\n', "bad-expression"),
    "a matrix of a billion jobs": (
        BASE + "matrix: {" + ", ".join(f"{x}: {list(range(10))}" for x in "abcdefghi") + "}\n",
        "bad-matrix",
    ),
    "a regular expression that never ends": (
        BASE + f'metric_definitions: [{{name: a, regex: "{"(a+)+" * 60}$"}}]\n',
        "",
    ),
    "20,000 allowances": (BASE + "# sagespec: allow ambiguous-scalar\n" * 20_000 + "volume_size: 0\n", "out-of-range"),
    "5,000 findings": (
        BASE + "".join(f"# sagespec: allow no-rule\nx{n}: 1\n" for n in range(5_000)),
        "unknown-field",
    ),
    "an alias bomb of texts": (
        BASE + 'environment:\n  s: &s "' + "x" * 100_000 + '"\n' + "".join(f"  h{n}: *s\n" for n in range(50_000)),
        "too-many-values",
    ),
    "50,000 unknown fields": (BASE + "".join(f"x{n}: 1\n" for n in range(50_000)), "more-errors"),
    "50,000 duplicate keys": (BASE + "max_run: 1\n" * 50_000, "more-errors"),
    "50,000 numbers for texts": (
        BASE + "environment:\n" + "".join(f"  H{n}: 1\n" for n in range(50_000)),
        "more-errors",
    ),
    "30,000 wrong channels": (
        BASE + "channels:\n" + "".join(f"  c{n}: {{s3_dat: x}}\n" for n in range(30_000)),
        "more-errors",
    ),
    "50,000 documents": ("a: 1\n---\n" * 50_000, "too-many-documents"),
    "a thousand large jobs": (
        BASE + f"matrix: {{a: {list(range(1_000))}}}\nhyperparameters: {{a: {'x' * 100_000}}}\n",
        "bad-matrix",
    ),
    "a name that a pattern cannot end with": (BASE.replace('"mnist"', '"' + "a-" * 5_000 + '!"'), "out-of-range"),
}


@pytest.mark.parametrize(("text", "rule"), TEXTS.values(), ids=TEXTS)
def test_a_hostile_text_is_refused(text: str | bytes, rule: str, code: Path) -> None:
    (code / "m.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    ended = forked("validate", "--format", "json", "m.yaml", folder=code)
    if rule:
        assert rule in rules_of(ended)
    assert (ended.returncode in (0, 1), b"Traceback" in ended.stderr) == (True, False)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _nowhere(path: Path) -> None:
    path.symlink_to("no-such-file")


FILES: dict[str, Callable[[Path], None]] = {
    "nothing": lambda path: None,
    "a pipe that nobody writes to": _pipe,
    "a link to itself": _loop,
    "a link to nothing": _nowhere,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("made", FILES.values(), ids=FILES)
def test_what_is_not_a_file_is_refused(made: Callable[[Path], None], tmp_path: Path) -> None:
    made(tmp_path / "m.yaml")
    assert rules_of(forked("validate", "--format", "json", "m.yaml", folder=tmp_path)) == ["unreadable-file"]


@pytest.mark.parametrize("made", FILES.values(), ids=FILES)
def test_a_folder_with_it_is_still_read_and_it_is_not_passed_over_in_silence(
    made: Callable[[Path], None], code: Path
) -> None:
    made(code / "m.yaml")
    passed_over = ["passed-over"] * os.path.lexists(code / "m.yaml")
    (code / "name.yaml").mkdir()
    (code / "bad.yaml").write_text(BASE + "volume_size: 0\n")
    assert rules_of(forked("validate", "--format", "json", ".", folder=code)) == ["out-of-range", *passed_over]


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/full", "a\0b", "x" * 5_000])
def test_a_path_that_is_not_a_file_is_refused(path: str, tmp_path: Path) -> None:
    results = list(Compiler().run([path]))
    assert [found.rule for result in results for found in result.diagnostics] == ["unreadable-file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(BASE)
    (tmp_path / "m.yaml").chmod(0)
    assert rules_of(sagespec("validate", "--format", "json", "m.yaml", folder=tmp_path)) == ["unreadable-file"]


def test_a_link_that_leaves_the_source_folder_is_refused(code: Path) -> None:
    (code / "src").mkdir()
    (code / "src" / "train.py").write_text(SCRIPT)
    (code / "src" / "passwords").symlink_to("/etc/passwd")
    (code / "m.yaml").write_text(BASE + "source_dir: src\n")
    ended = sagespec("compile", "m.yaml", folder=code)
    assert ended.returncode == 1
    assert ended.stdout == b""
    assert b"passwords" in ended.stderr
    assert b"root:" not in ended.stderr


STEERING = "\x1b]0;owned\x07\x1b[31m\u202e\u2066\u200b\u0085\r"


@pytest.mark.parametrize("written", FORMATS)
def test_no_output_steers_a_terminal(written: str, code: Path) -> None:
    name = "a\x1b[31m\nb\u202e.yaml"
    escaped = json.dumps(STEERING)
    (code / name).write_text(
        BASE + f'tags: {{a\u202e: 1, "b": {escaped}, {escaped}: 2}}\nregionn: {escaped}\ninput_mode: {escaped}\n'
    )
    ended = sagespec("validate", "--format", written, name, folder=code)
    assert ended.returncode == 1
    shown = (ended.stdout + ended.stderr).decode()
    assert [char for char in shown if not char.isprintable() and char != "\n"] == []
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("written", FORMATS)
def test_a_terminal_without_unicode_is_not_a_reason_to_stop(written: str, code: Path) -> None:
    (code / "m.yaml").write_text(BASE + 'input_mode: "チーム…"\nvolume_size: 0\n', encoding="utf-8")
    ended = sagespec("validate", "--format", written, "m.yaml", folder=code, PYTHONIOENCODING="ascii")
    assert ended.returncode == 1
    assert b"input_mode cannot be" in ended.stdout
    assert b"Traceback" not in ended.stderr


def test_a_file_name_that_is_not_text_is_not_a_reason_to_stop(code: Path) -> None:
    path = os.fsdecode(b"b\xff.yaml")
    (code / path).write_text(BASE + "volume_size: 0\n")
    assert rules_of(sagespec("validate", "--format", "json", path, folder=code)) == ["out-of-range"]
    assert b"b\xef\xbf\xbd.yaml:10:14: error" in sagespec("validate", path, folder=code).stdout


def test_standard_input_without_end_is_refused(code: Path) -> None:
    with Path("/dev/zero").open("rb") as endless:
        command = [sys.executable, "-m", "sagespec", "validate", "--format", "json", "-"]
        ended = subprocess.run(command, stdin=endless, capture_output=True, timeout=SECONDS)
    assert rules_of(ended) == ["file-too-large"]


# Any text at all ------------------------------------------------------------------------------------------------------

SPECS = sorted((REPOSITORY / "specs").rglob("*.yaml"))
KNOWLEDGE = facts()
CASES = REPOSITORY / "tests" / "cases"


def hold(text: str, folder: Path = CASES, environment: str | None = None) -> None:
    """What must be true of every text."""
    source = Source("m.yaml", text, folder)
    options = Options(Inputs(environment, environ={"AWS_REGION": "us-west-2"}))
    results = list(Compiler(options, KNOWLEDGE).source(source))
    for diagnostic in (found for result in results for found in result.diagnostics):
        assert diagnostic.rule in explained(), diagnostic
        assert in_range(diagnostic.place.source, diagnostic.span), diagnostic
        for edit in diagnostic.fix:
            assert in_range(diagnostic.place.source, edit.span), diagnostic
        for other in diagnostic.related:
            assert in_range(other.place.source, other.place.span), diagnostic
        assert 0 < len(safe(diagnostic).message) <= 600
    for result in results:
        refused = any(found.severity is Severity.ERROR for found in result.diagnostics)
        assert not (refused and result.request), result
    found = list(Report(results).found())
    shown = {name: "\n".join(view(Report(results), Style())) for name, view in FORMATS.items()}
    assert len(json.loads(shown["json"])["diagnostics"]) == len(found)
    assert len(json.loads(shown["sarif"])["runs"][0]["results"]) == len(found)
    assert len(shown["github"].splitlines()) == len(found)
    ElementTree.fromstring(shown["junit"].encode())
    fixed(source, found)


def in_range(source: Source, span: Span) -> bool:
    ordered = (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
    inside = span.end_line <= len(source.lines) and span.end_column <= len(source.line(span.end_line)) + 2
    return ordered and inside and span.column <= len(source.line(span.line)) + 1


QUIET = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@given(st.text())
@QUIET
def test_any_text_is_judged(text: str) -> None:
    hold(text)
    hold(BASE + text)


PIECES = [
    *("\n", " ", "\t", ":", "- ", "&a ", "*a", "<<: ", "{", "}", "[", "]", '"', "'", "|", "> ", "#", "{{", "}}"),
    *("---\n", "!!str ", "\u2028", "\x85", "\r", "\ufeff", "é", "\U0001f600", "null", "0", "-1", "1e9", "yes"),
    *("{{ vars.x }}", "{{ matrix.x }}", "matrix: {x: [1, 2]}\n", "# sagespec: allow x\n"),
]


@st.composite
def cut_up(draw: st.DrawFn) -> tuple[str, Path]:
    """A manifest of specs/ after a few deletions, insertions, replacements and repetitions; and its folder."""
    path = draw(st.sampled_from(SPECS))
    text = path.read_text()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        piece = draw(st.sampled_from(["", text[start:end] * 2, *PIECES]) | st.text(max_size=5))
        text = text[:start] + piece + text[end:]
    return text, path.parent


@given(cut_up())
@QUIET
def test_any_cutting_up_of_a_manifest_is_judged(manifest: tuple[str, Path]) -> None:
    hold(*manifest)


STRANGE: list[Any] = [
    *(None, True, False, 0, -1, 1, 1.5, 10**30, 1e300, "", "x", "2.19", "s3://b/x", "s3://", "local", "ml.p3.16xlarge"),
    *("{{ name }}", "{{ vars.x }}", "\u202e", "a" * 5_000, [], {}, [None], [[]], [{}], {"": None}, {"a": {"b": []}}),
    *({"enabled": True}, {"s3_data": 1}, {"enabled": "yes"}),
]


def places_of(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places_of(value, (*path, key))


FIELDS = sorted(json.loads((REPOSITORY / "schemas" / "training-job.schema.json").read_text())["properties"])


@st.composite
def with_strange_values(draw: st.DrawFn) -> tuple[str, Path]:
    """A manifest in which a few values are of another type, and a few fields are added; and its folder."""
    path = draw(st.sampled_from(SPECS))
    data = next(yaml.safe_load_all(path.read_text()))
    strange = st.sampled_from(STRANGE).map(deepcopy)
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=3)):
        data[name] = draw(strange)
    for _ in range(draw(st.integers(0, 3))):
        steps = draw(st.sampled_from(sorted(places_of(data), key=str)))
        owner = data
        for step in steps[:-1]:
            owner = owner[step]
        if steps:
            owner[steps[-1]] = draw(strange)
    text = json.dumps(data) if draw(st.booleans()) else str(yaml.safe_dump(data, allow_unicode=True))
    return text, path.parent


@given(with_strange_values())
@QUIET
def test_any_value_in_any_field_is_judged(manifest: tuple[str, Path]) -> None:
    hold(*manifest)


@st.composite
def strange_defaults(draw: st.DrawFn) -> str:
    names = ["vars", "environments", "project", "prices", "tags", "channels", "name", "matrix", "kind", "max_job_cost"]
    strange = st.sampled_from(STRANGE).map(deepcopy)
    data = {"apiVersion": "sagespec/v1", "kind": "Defaults"}
    data |= {name: draw(strange) for name in draw(st.lists(st.sampled_from(names + FIELDS), max_size=4))}
    if draw(st.booleans()):
        data["environments"] = {"prod": draw(strange), "dev": {name: draw(strange) for name in names[:3]}}
    return str(yaml.safe_dump(data, allow_unicode=True))


@given(strange_defaults())
@QUIET
def test_any_value_in_defaults_is_judged(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".git").mkdir()
        (Path(folder) / "sagespec.yaml").write_text(text, encoding="utf-8")
        hold(BASE + 'tags: {a: "{{ vars.x }}"}\n', Path(folder))
        hold(BASE, Path(folder), "prod")
