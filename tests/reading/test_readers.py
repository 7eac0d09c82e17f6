"""Whatever reads the YAML, with libyaml or without it, a manifest means the same and our limits are ours."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import pytest
import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner, ScannerError
from yaml.tokens import Token

from conftest import REPOSITORY
from sagespec.base.diagnostic import Rejected
from sagespec.base.source import Source
from sagespec.reading.syntax import reader as installed
from sagespec.reading.syntax.nodes import MAX_DEPTH, MAX_SCALARS, MAX_VALUES
from sagespec.reading.syntax.reader import MAX_DOCUMENTS

STRICT = 70
"""Levels that a parser with a limit of its own allows: a little more than we do."""


class StrictParser(Reader, Scanner, Parser, Composer):
    """Refuses deep flow collections by itself, and reads ahead before anybody sees the first: as libyaml 0.2.6 does."""

    def __init__(self, stream: str) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)

    def fetch_flow_collection_start(self, token: type[Token]) -> None:
        if self.flow_level == STRICT:
            mark = self.get_mark()
            said = f"exceeded maximum nesting depth {mark.index}"
            raise ScannerError(f"while increasing flow level {mark.index}", mark, said, mark)
        super().fetch_flow_collection_start(token)


def reader_with(parser: ModuleType | SimpleNamespace | None, patch: pytest.MonkeyPatch) -> ModuleType:
    """The module that reads documents, made anew where `yaml._yaml` is this (None: it cannot be imported)."""
    patch.setitem(sys.modules, "yaml._yaml", parser)
    spec = importlib.util.spec_from_file_location("a_reader", installed.__file__)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    patch.setitem(sys.modules, "a_reader", made)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(params=["as installed", "without libyaml", "with a limit of its own"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    if request.param == "as installed":
        return installed
    without = request.param == "without libyaml"
    made = reader_with(None if without else SimpleNamespace(CParser=StrictParser), monkeypatch)
    bases = made._Composer.__mro__
    assert (StrictParser in bases) is not without
    assert installed._Parser is yaml.cyaml.CParser if yaml.__with_libyaml__ else True
    return made


def reading_of(reader: ModuleType, text: str) -> tuple[list[object], str]:
    """What the documents hold, and how the reading has ended."""
    found = []
    try:
        for each in reader.read(Source("m.yaml", text)):
            found.append(each.data)
    except Rejected as rejected:
        (diagnostic,) = rejected.diagnostics
        return found, f"{diagnostic.span.line}:{diagnostic.span.column} {diagnostic.rule}: {diagnostic.message}"
    return found, ""


DEEP = f"nested-too-deep: nested deeper than {MAX_DEPTH} levels"
MANY = f"too-many-values: holds more than {MAX_VALUES:,} values"
LONG = f"too-many-values: holds more than {MAX_SCALARS:,} characters, each use of an alias counted"


def bomb(leaf: str, levels: int = 12) -> str:
    first = f"a0: &a0 [{', '.join([leaf] * 9)}]\n"
    return first + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, levels))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("[" * 10_000, f"1:{MAX_DEPTH} {DEEP}"),
        ("[" * 10_000 + "]" * 10_000, f"1:{MAX_DEPTH} {DEEP}"),
        ("{" * 10_000, f"1:{MAX_DEPTH} {DEEP}"),
        ("{a: " * 10_000, f"1:{4 * (MAX_DEPTH - 1) + 1} {DEEP}"),
        ("- " * 10_000, f"1:{2 * MAX_DEPTH - 1} {DEEP}"),
        ("? " * 10_000, f"1:{2 * MAX_DEPTH - 1} {DEEP}"),
        ("[\n" * 10_000, f"{MAX_DEPTH}:1 {DEEP}"),
        ("".join(" " * n + "a:\n" for n in range(1_000)), f"{MAX_DEPTH}:{MAX_DEPTH} {DEEP}"),
        ("a: &a [*a]", f"1:4 {DEEP}"),
        (bomb("1"), f"1:13 {MANY}"),
        (bomb('"' + "x" * 5_000 + '"'), f"1:{10 + 5_004} {LONG}"),
        ("s: &s '" + "x" * 9_999 + "'\n" + "".join(f"h{n}: *s\n" for n in range(200)), f"1:7 {LONG}"),
    ],
    ids=lambda value: value[:8],
)
def test_a_limit_is_ours_and_is_reported_at_its_place(text: str, end: str, reader: ModuleType) -> None:
    assert reading_of(reader, text) == ([], end)


def test_as_deep_as_we_allow_is_read(reader: ModuleType) -> None:
    levels = MAX_DEPTH - 1
    found, end = reading_of(reader, "[" * levels + "]" * levels)
    assert (len(found), end) == (1, "")


def test_a_mistake_behind_too_deep_a_nesting_does_not_hide_it(reader: ModuleType) -> None:
    assert reading_of(reader, "[" * (STRICT - 1) + "@")[1] == f"1:{MAX_DEPTH} {DEEP}"
    assert reading_of(reader, "[" * (MAX_DEPTH - 1) + "@")[1].startswith(f"1:{MAX_DEPTH} invalid-yaml")


def test_a_file_holds_no_more_documents_than_we_allow(reader: ModuleType) -> None:
    text = "---\na: 1\n" * (MAX_DOCUMENTS + 1)
    found, end = reading_of(reader, text)
    assert len(found) == MAX_DOCUMENTS
    assert end == f"{2 * MAX_DOCUMENTS + 2}:1 too-many-documents: holds more than {MAX_DOCUMENTS:,} documents"
    assert reading_of(reader, "---\n" * 2 * MAX_DOCUMENTS)[1] == "", "empty ones are none"


MANIFESTS = sorted([*(REPOSITORY / "specs").rglob("*.yaml"), *(REPOSITORY / "tests" / "cases").rglob("*.yaml")])


def test_manifests_mean_the_same_to_every_reader(reader: ModuleType) -> None:
    for path in MANIFESTS:
        text = path.read_text(encoding="utf-8", errors="replace")
        here, there = reading_of(installed, text), reading_of(reader, text)
        assert here == there, path


@pytest.mark.parametrize(
    "text",
    [
        *("a: \x07", "a:\n\tb: 1", "a: *nobody", "a: 'open", "a: [1, 2", "a: {b: 1", "- a\nb: 1", "a: b: c", "a: @x"),
        *("a: |\n x\n y: [", "a: &x 1\nb: &x 2\nc: *x", "%YAML 9.9\n---\na: 1", "a: !<x", 'a: "\\q"', "a: %x", "}"),
    ],
)
def test_what_is_not_yaml_is_reported_in_our_words_at_the_same_place(text: str, reader: ModuleType) -> None:
    assert reading_of(reader, text) == reading_of(installed, text)
