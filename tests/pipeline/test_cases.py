"""Whole diagnostics, as printed: drop a manifest into cases/ and `make accept` writes what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import REPOSITORY
from sagespec.catalog import Facts
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs
from sagespec.reporting.findings.diagnostics import Report, text
from sagespec.reporting.terminal.style import Style

CASES = sorted((REPOSITORY / "tests" / "cases").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_what_is_said_of_a_manifest(
    case: Path, knowledge: Facts, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(case.parent)
    report = Report(Compiler(Options(Inputs(), build=False), knowledge).run([case.name]))
    golden(case.with_suffix(".out"), "".join(f"{line}\n" for line in text(report, Style())))
