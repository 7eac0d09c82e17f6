"""YAML text becomes JSON's data, every value has its place, and nothing hostile gets through."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagespec.base.diagnostic import Rejected
from sagespec.base.source import Source, Span
from sagespec.reading.syntax.document import Document
from sagespec.reading.syntax.nodes import MAX_DEPTH
from sagespec.reading.syntax.reader import decode, read


def documents(text: str | bytes) -> list[Document]:
    raw = text if isinstance(text, bytes) else text.encode()
    return list(read(decode(raw, "m.yaml", Path())))


def data(text: str) -> object:
    return documents(text)[0].data


def refused(text: str | bytes) -> str:
    with pytest.raises(Rejected) as rejected:
        documents(text)
    (diagnostic,) = rejected.value.diagnostics
    return f"{diagnostic.span.line}:{diagnostic.span.column} {diagnostic.rule}"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("-0", 0),
        ("1.10", 1.1),
        ("1e-3", 0.001),
        ("2E5", 200000.0),
        ("012", "012"),
        ("1:30", "1:30"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("+1", "+1"),
        (".5", ".5"),
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ('"1.10"', "1.10"),
        ("'true'", "true"),
        ("2020-01-01", "2020-01-01"),
        ("!!str 1", "1"),
    ],
)
def test_a_scalar_is_what_json_would_make_of_it(written: str, value: object) -> None:
    found = data(f"a: {written}")
    assert found == {"a": value}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(value)


@pytest.mark.parametrize("written", ["yes", "No", "ON", "012", "1:30", "0x1F", "1_000", "+1", ".5", "1."])
def test_a_scalar_that_others_misread_is_warned_about_with_a_fix(written: str) -> None:
    (problem,) = documents(f"a: {written}")[0].problems
    assert problem.rule == "ambiguous-scalar"
    assert problem.span == Span(1, 4, 1, 4 + len(written))
    assert [edit.text for edit in problem.fix] == [f'"{written}"']


@pytest.mark.parametrize("written", ["142577830533.dkr.ecr.us-west-2.amazonaws.com/x:1.0.5", "no-op", "1:30pm", ".5x"])
def test_a_text_that_only_begins_like_a_number_is_a_text(written: str) -> None:
    (document,) = documents(f"a: {written}")
    assert document.data == {"a": written}
    assert document.problems == ()


@pytest.mark.parametrize("written", [".nan", ".inf", "-.Inf"])
def test_a_number_that_json_has_not_is_an_error(written: str) -> None:
    assert [problem.rule for problem in documents(f"a: {written}")[0].problems] == ["number-not-finite"]


def test_every_value_has_its_place() -> None:
    (document,) = documents("a: 1\nüñ: {b: [x, 'y z']}\nc:\n  d: |\n    text\n")
    assert document.where(("a",)).span == Span(1, 4, 1, 5)
    assert document.where(("a",), at_key=True).span == Span(1, 1, 1, 2)
    assert document.where(("üñ", "b", 1)).span == Span(2, 13, 2, 18)
    assert document.where(("c",)).span == Span(3, 1, 3, 2), "a block is shown by its key"
    assert document.where(("c", "d")).span == Span(4, 6, 4, 7), "a block scalar by its first character"
    assert document.where(("c", "missing", "deeper")).span == Span(3, 1, 3, 2), "a missing value by its parent"
    assert document.where(("nothing",)).span == Span(1, 1, 1, 2)


def test_a_scalar_is_given_back_as_typed() -> None:
    (document,) = documents("a: 1.10\nb: 'x'\n")
    assert document.written(("a",)) == "1.10"
    assert document.written(("b",)) == "'x'"
    assert document.written(("c",)) == ""


def test_merge_keys_bring_in_what_is_not_given_and_keep_their_places() -> None:
    (document,) = documents("base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\nx: {<<: [*base, *other], a: 0}\n")
    assert document.data == {"base": {"a": 1, "b": 2}, "other": {"b": 3, "c": 4}, "x": {"a": 0, "b": 2, "c": 4}}
    assert document.where(("x", "c")).span.line == 2


def test_empty_documents_are_passed_over() -> None:
    assert documents("") == []
    assert [document.data for document in documents("---\n---\na: 1\n---\n# nothing\n")] == [{"a": 1}]


def test_json_is_read_as_json_with_characters_of_two_escapes() -> None:
    value = {"note": "a 🙂 and \\ud83d", "list": [1, 2.5, True, None]}
    (document,) = documents(json.dumps(value))
    assert document.data == value
    assert documents("a: '\\ud83d\\ude42'")[0].data == {"a": "\\ud83d\\ude42"}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert documents(b"\xef\xbb\xbfa: 1")[0].data == {"a": 1}


BOMB = "a0: &a0 [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"a: 1\nb: \xff", "2:4 not-utf8"),
        (b"a: 1\nb: \x00", "2:4 invalid-yaml"),
        ("a: \x07", "1:4 invalid-yaml"),
        ("a:\n\tb: 1", "2:1 invalid-yaml"),
        ("a: *nobody", "1:4 invalid-yaml"),
        ("a: 'open", "1:4 invalid-yaml"),
        ("[" * 10_000, f"1:{MAX_DEPTH} nested-too-deep"),
        ("- " * 10_000, f"1:{2 * MAX_DEPTH - 1} nested-too-deep"),
        ("{a: " * 10_000, f"1:{4 * (MAX_DEPTH - 1) + 1} nested-too-deep"),
        ("a: &a [*a]", "1:4 nested-too-deep"),
        (BOMB, "1:12 too-many-values"),
        ("a: " + "x" * 1_000_001, "1:1 file-too-large"),
        (b"\xff" * 5_000_000, "1:1 file-too-large"),
    ],
)
def test_hostile_text_is_refused_at_its_place(text: str | bytes, found: str) -> None:
    assert refused(text) == found


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("a: !!python/object/apply:os.system [ls]", ["yaml-tag"]),
        ("a: !custom x", ["yaml-tag"]),
        ("a: 1\na: 2", ["duplicate-key"]),
        ("{[1]: 2}", ["key-not-a-string"]),
        ("<<: 1", ["merge-not-a-map"]),
        ("a: " + "9" * 5_000, ["number-too-long"]),
        ("a: 1e999", ["number-too-large"]),
    ],
)
def test_what_json_has_not_is_an_error(text: str, rules: list[str]) -> None:
    assert [problem.rule for problem in documents(text)[0].problems] == rules


def test_an_alias_bomb_is_refused_within_two_seconds() -> None:
    started = time.process_time()
    refused(BOMB)
    assert time.process_time() - started < 2


@given(st.text())
@settings(max_examples=300)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Rejected):
        for document in read(Source("m.yaml", text)):
            assert document.where(("a", 0, "b")).span.line >= 1
