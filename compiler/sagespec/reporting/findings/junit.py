"""Diagnostics as JUnit XML: what CI servers show as tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.reporting.findings.report import further, safe, visible


def junit_suites(files: Mapping[str, Sequence[Diagnostic]]) -> str:
    """One suite with a test case a file: its errors are the failure, the rest the output."""
    failed = sum(any(_is_error(found) for found in of_file) for of_file in files.values())
    counts = f'tests="{len(files)}" failures="{failed}" errors="0"'
    cases = "".join(_case(name, [safe(found) for found in of_file]) for name, of_file in files.items())
    suites = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<testsuites name="sagespec" {counts}>\n'
        f'<testsuite name="sagespec validate" {counts} skipped="0">\n{cases}</testsuite>\n'
        "</testsuites>"
    )
    return suites.encode("ascii", "xmlcharrefreplace").decode()  # the same bytes in every encoding of a terminal


def _case(name: str, diagnostics: Iterable[Diagnostic]) -> str:
    found = list(diagnostics)
    errors = [diagnostic for diagnostic in found if _is_error(diagnostic)]
    others = [diagnostic for diagnostic in found if not _is_error(diagnostic)]
    inside = ""
    if errors:
        message = errors[0].message if len(errors) == 1 else f"{sum(found.stands_for for found in errors):,} errors"
        kind = errors[0].rule if len(errors) == 1 else "errors"
        inside += f"<failure message={_attribute(message)} type={_attribute(kind)}>{_text(errors)}</failure>\n"
    if others:
        inside += f"<system-out>{_text(others)}</system-out>\n"
    head = f"<testcase classname={_attribute('sagespec')} name={_attribute(name)}"
    return f"{head}>\n{inside}</testcase>\n" if inside else f"{head}/>\n"


def _text(diagnostics: Iterable[Diagnostic]) -> str:
    return escape(visible("\n".join(_line(diagnostic) for diagnostic in diagnostics)))


def _line(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    line = f"{diagnostic.path}:{span.line}:{span.column}: {diagnostic.severity.value}: {diagnostic.message}"
    return "\n    ".join([f"{line} [{diagnostic.rule}]", *further(diagnostic)])


def _attribute(text: str) -> str:
    return quoteattr(visible(text))


def _is_error(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR
