"""What `--fix` writes: the cure, and nothing else."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import SMALLEST
from sagespec.base.diagnostic import Diagnostic, Edit, Severity
from sagespec.base.source import Place, Source, Span
from sagespec.catalog import Facts, facts
from sagespec.cli import run
from sagespec.kinds.training_job.model import RENAMED
from sagespec.pipeline import Compiler, Options
from sagespec.reading.fixes import fixed
from sagespec.reading.render import Inputs
from sagespec.reading.syntax.reader import read

BASE = "".join(f"{name}: {json.dumps(value)}\n" for name, value in SMALLEST.items())
KNOWLEDGE = facts()


def without(*names: str) -> str:
    return "".join(line for line in BASE.splitlines(keepends=True) if line.partition(":")[0] not in names)


def found_in(text: str, folder: Path = Path(), knowledge: Facts = KNOWLEDGE) -> list[Diagnostic]:
    results = Compiler(Options(Inputs(), build=False), knowledge).source(Source("m.yaml", text, folder))
    return [found for result in results for found in result.diagnostics]


def cured(text: str, folder: Path) -> str:
    return fixed(Source("m.yaml", text, folder), found_in(text, folder)).text


def data(text: str) -> list[Any]:
    return [document.data for document in read(Source("m.yaml", text))]


CURES = {
    "a version that is a number": ("framework_version: 2.10", 'framework_version: "2.10"'),
    "a version with a v": ("framework_version: v2.19", 'framework_version: "2.19"'),
    "a version of pip": ("framework_version: '==2.19.0'", 'framework_version: "2.19.0"'),
    "a Python that is a number": ("py_version: 3.12", "py_version: py312"),
    "a Python in words": ('py_version: "python3.12"', "py_version: py312"),
    "a tag that is a number": ("tags: {cost-center: 0042, team: 42}", 'tags: {cost-center: "0042", team: "42"}'),
    "an environment value that is a number": ("environment: {A: 1, B: 1.50}", 'environment: {A: "1", B: "1.50"}'),
    "an environment value that is a boolean": ("environment: {A: True}", 'environment: {A: "True"}'),
    "yes in a boolean field": ("use_spot_instances: yes\nmax_wait: 90000", "use_spot_instances: true\nmax_wait: 90000"),
    "Off in a boolean field": ("enable_network_isolation: Off", "enable_network_isolation: false"),
    "a boolean in quotes": ('enable_network_isolation: "false"', "enable_network_isolation: false"),
    "a number in quotes": ("volume_size: '40'", "volume_size: 40"),
    "a whole number with a point": ("volume_size: 40.0", "volume_size: 40"),
    "a whole number with an exponent": ("max_run: 3.6e3", "max_run: 3600"),
    "the case of a value": ("input_mode: fastfile", "input_mode: FastFile"),
    "the case of a value in quotes": ("on_change: 'Replace'", "on_change: replace"),
    "the case of a value that looks empty": (
        "channels: {a: {s3_data: s3://b/c, compression: gzip, input_mode: Pipe}}",
        "channels: {a: {s3_data: s3://b/c, compression: Gzip, input_mode: Pipe}}",
    ),
    "a number among values": (
        'profiler_config: {profiling_interval_in_milliseconds: "500"}',
        "profiler_config: {profiling_interval_in_milliseconds: 500}",
    ),
    "a text that others misread": (
        "hyperparameters: {shuffle: yes, start: 012}",
        'hyperparameters: {shuffle: "yes", start: "012"}',
    ),
    "a lone channel": (
        "channels: {s3_data: s3://b/c, input_mode: file}",
        "channels: {s3_data: s3://b/c, input_mode: File}",
    ),
    "a renamed field": ("train_max_run: 60", "max_run: 60"),
}


@pytest.mark.parametrize(("bad", "good"), CURES.values(), ids=CURES)
def test_a_certain_mistake_is_cured(bad: str, good: str, code: Path) -> None:
    base = without(*(line.partition(":")[0] for line in bad.splitlines()))
    text = f"{base}{bad} # why\n"
    assert cured(text, code) == f"{base}{good} # why\n"


@pytest.mark.parametrize(("old", "new"), RENAMED.items(), ids=RENAMED)
def test_every_renamed_field_gets_its_new_name(old: str, new: str, code: Path) -> None:
    value = BASE.splitlines()[list(SMALLEST).index(new)].partition(": ")[2] if new in SMALLEST else "1"
    text = f"{without(new)}{old}: {value}\n"
    assert cured(text, code) == f"{without(new)}{new}: {value}\n"


LEFT = {
    "a misspelt field": "volum_size: 40",
    "a misspelt value": "input_mode: Piep",
    "one of two names for a field": "max_run: 60\ntrain_max_run: 60",
    "two old names for one field": "image: a\nimage_name: b",
    "a value that an expression makes": "volume_size: \"{{ '40' }}\"",
    "a number that is not a version": "framework_version: 2",
    "a number that is not Python": "py_version: 12",
    "half a number": "volume_size: 40.5",
    "a number in a boolean field with no meaning": "use_spot_instances: 2",
    "a list in quotes": "dependencies: lib",
    "a block of text": "volume_size: |\n  40",
    "an instance type without ml.": "instance_type: m5.xlarge",
    "a key given twice": "volume_size: 1\nvolume_size: 2",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_is_not_certain_is_left(text: str, code: Path) -> None:
    names = [line.partition(":")[0] for line in text.splitlines()]
    text = without(*names) + text + "\n"
    assert [found.severity for found in found_in(text, code)], "nothing is wrong with it"
    assert cured(text, code) == text


LAYOUTS = {
    "comments and blank lines": "# a\n\nvolume_size:   40.0   # b\n\n# c\n",
    "no line end at the end": "volume_size: 40.0",
    "lines that end as on Windows": "volume_size: 40.0\r\ntags: {a: 1}\r\n",
    "a long flow": "tags: {\n  a: 1,   # one\n  b: 2 }\n",
    "wide characters before": "tags: {チーム: ビ, é: 1, \U0001f600: 2}\n",
    "an anchor": "tags: {a: &x 1, b: *x}\n",
    "a tag": "tags: {a: !!str 1, b: 2}\n",
    "a merge": "environment: &e {A: 1}\ntags: {<<: *e}\n",
    "unusual line ends": "tags: {a: 'x\u2028y', b: 1}\n",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_layout_stays_as_it_is(text: str, code: Path) -> None:
    before = (BASE.replace("\n", "\r\n") if "\r" in text else BASE) + text
    after = cured(before, code)
    for old, new in (("40.0", "40"), (": 1", ': "1"'), (": 2 ", ': "2" '), (": 2}", ': "2"}'), ("&x 1", '&x "1"')):
        before = before.replace(old, new)
    before = before.replace('instance_count: "1"', "instance_count: 1")
    assert after == before


def test_an_alias_is_fixed_where_all_its_uses_want_it(code: Path) -> None:
    both = BASE + "environment: {A: &x 1}\ntags: {a: *x}\n"
    assert cured(both, code) == both.replace("&x 1", '&x "1"')
    one = BASE + "hyperparameters: {batch: &x 1}\ntags: {a: *x}\n"
    assert cured(one, code) == one, "the hyperparameter would become a string"


def test_a_document_that_cannot_be_read_keeps_the_others_from_nothing(code: Path) -> None:
    text = BASE + "volume_size: 40.0\n---\n" + BASE.replace("mnist", "b") + "tags: {\n"
    assert cured(text, code) == text.replace("40.0", "40")


def test_documents_of_one_file_are_fixed_each(code: Path) -> None:
    text = BASE + "volume_size: 40.0\n---\n" + BASE.replace("mnist", "b") + "max_run: '60'\n"
    assert cured(text, code) == text.replace("40.0", "40").replace("'60'", "60")


def edited(*edits: tuple[int, int, str]) -> str:
    source = Source("m.yaml", "a: 1234\n")
    place = Place(source)
    found = [
        Diagnostic(place, Severity.ERROR, "r", str(start), field=("a",), fix=(Edit(Span(1, start, 1, end), text),))
        for start, end, text in edits
    ]
    return fixed(source, found).text


def test_of_cures_that_overlap_the_first_is_applied() -> None:
    assert edited((4, 6, "9"), (5, 8, "7")) == "a: 934\n"
    assert edited((4, 5, "9"), (5, 6, "8")) == "a: 9834\n", "neighbours do not overlap"
    assert edited((4, 8, "9"), (4, 8, "9")) == "a: 9\n", "the same cure twice is one"


def test_a_cure_that_would_break_the_text_is_left_out() -> None:
    assert edited((4, 8, "{")) == "a: 1234\n"
    assert edited((4, 8, "1\nb: 2")) == "a: 1234\n", "there would be another key"


# The property ---------------------------------------------------------------------------------------------------------

MISTAKES = [bad.splitlines()[0] for bad, _ in CURES.values()]
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@given(st.lists(st.sampled_from(MISTAKES), min_size=1, max_size=6, unique_by=lambda line: line.partition(":")[0]))
@QUIET
def test_fixing_removes_what_it_cures_and_changes_nothing_else(mistakes: list[str]) -> None:
    names = {line.partition(":")[0] for line in mistakes}
    text = without(*names, *(RENAMED.get(name, name) for name in names)) + "\n".join(mistakes)
    before = found_in(text)
    made = fixed(Source("m.yaml", text), before)
    after = found_in(made.text)
    assert made.cured, "each of these mistakes can be cured"
    fields = {(found.rule, found.field) for found in made.cured}
    assert not fields & {(found.rule, found.field) for found in after if found.rule != "ambiguous-scalar"}
    assert fixed(Source("m.yaml", made.text), after).text == made.text, "a second time changes nothing"
    touched = {found.field[0] for found in made.cured if found.field}
    ((old,), (new,)) = data(text), data(made.text)
    kept = {key: value for key, value in old.items() if key not in touched}
    assert {key: value for key, value in new.items() if key in kept} == kept
    assert set(new) == {RENAMED.get(key, key) if key in touched else key for key in old}


@given(st.text(alphabet="ab\r\n\x85\u2028é\U0001f600"), st.data())
def test_every_character_has_one_line_and_column(text: str, data: st.DataObject) -> None:
    source = Source("m.yaml", text)
    index = data.draw(st.integers(0, len(text)))
    line, column = source.position(index)
    assert source.line(line)[: column - 1] == text[source.index(line, 1) : source.index(line, column)]
    if text[index - 1 : index + 1] != "\r\n":  # the second half of a line end has no place of its own
        assert source.index(line, column) == index


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def here(code: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(code)
    (code / ".git").mkdir()
    return code


def test_a_file_is_fixed_and_what_is_left_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "m.yaml").write_text(BASE + "volume_size: 40.0\ninput_mode: Piep\n")
    assert run(["validate", "--fix", "m.yaml"]) == 1
    captured = capsys.readouterr()
    assert (here / "m.yaml").read_text() == BASE + "volume_size: 40\ninput_mode: Piep\n"
    assert "m.yaml:11:13: error: input_mode cannot be 'Piep'" in captured.out
    assert "volume_size" not in captured.out
    assert "fixed m.yaml:10:14: 40.0 → 40 [wrong-type]\n1 mistake fixed\n" in captured.err
    assert sorted(path.name for path in here.iterdir()) == [".git", "m.yaml", "train.py"]


def test_a_file_with_nothing_to_fix_is_not_written(here: Path) -> None:
    path = here / "m.yaml"
    path.write_text(BASE)
    os.utime(path, (1, 1))
    assert run(["validate", "--fix", "m.yaml"]) == 0
    assert path.stat().st_mtime == 1


def test_permissions_byte_order_mark_and_line_ends_are_kept(here: Path) -> None:
    path = here / "m.yaml"
    text = (BASE + "volume_size: 40.0").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    path.chmod(0o640)
    assert run(["validate", "--fix", "m.yaml"]) == 0
    assert path.read_bytes() == b"\xef\xbb\xbf" + text.replace("40.0", "40").encode()
    assert path.stat().st_mode & 0o777 == 0o640


def test_defaults_above_are_fixed_where_the_finding_stands_in_them(here: Path) -> None:
    (here / "jobs").mkdir()
    (here / "jobs" / "m.yaml").write_text(BASE.replace("train.py", "../train.py"))
    defaults = "apiVersion: sagespec/v1\nkind: Defaults\nvolume_size: '40'\n"
    environments = "environments: {dev: {train_max_run: 60}}\n"
    (here / "sagespec.yaml").write_text(defaults + environments)
    run(["validate", "--fix", "--env", "dev", "jobs"])
    assert (here / "sagespec.yaml").read_text() == defaults.replace("'40'", "40") + environments.replace("train_", "")


def test_a_file_that_was_not_given_is_not_touched(here: Path) -> None:
    bad = BASE + "volume_size: 40.0\n"
    for name in ("m.yaml", "other.yaml"):
        (here / name).write_text(bad)
    run(["validate", "--fix", "m.yaml"])
    assert (here / "other.yaml").read_text() == bad


def test_a_link_is_not_written_through(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = BASE + "volume_size: 40.0\n"
    (here / "real.txt").write_text(bad)
    (here / "m.yaml").symlink_to("real.txt")
    assert run(["validate", "--fix", "m.yaml"]) == 1
    assert (here / "real.txt").read_text() == bad
    assert (here / "m.yaml").is_symlink()
    assert "m.yaml is a link; fix the file that it points to" in capsys.readouterr().err


def test_standard_input_is_printed_with_its_cures(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = ("\ufeff" + BASE + "volume_size: 40.0\ninput_mode: Piep\n").replace("\n", "\r\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))
    assert run(["validate", "--fix", "-"]) == 1
    sys.stdout.flush()
    assert sys.stdout.buffer.getvalue().decode() == text.replace("40.0", "40")  # type: ignore[attr-defined]
    assert b"<stdin>:11:13: error: input_mode cannot be 'Piep'" in capfdbinary.readouterr().err


def test_standard_input_goes_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "--fix", "-", "m.yaml"]) == 2
    assert "alone" in capsys.readouterr().err


def test_one_cure_may_bring_another_to_light(here: Path) -> None:
    (here / "m.yaml").write_text(without("framework_version") + "image: x\nimage_uri: y\ntrain_max_run: 6e1\n")
    run(["validate", "--fix", "m.yaml"])
    assert (here / "m.yaml").read_text().endswith("image: x\nimage_uri: y\nmax_run: 60\n")
