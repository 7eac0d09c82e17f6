"""Diagnostics as text (for people) and as JSON, SARIF, GitHub commands and JUnit (for programs)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.base.redact import redacted
from sagespec.reporting.findings.report import Report, safe
from sagespec.reporting.terminal.style import Style

WIDTH = 160
"""Characters of a source line that are shown; a longer one is cut around the finding."""
AROUND = 4_000
"""Characters on both sides of a finding in which secrets are looked for: a line may be a megabyte."""


def text(report: Report, style: Style) -> Iterator[str]:
    """Each finding with its source line and a caret, for a terminal."""
    for diagnostic in report.found():
        yield "\n".join([*block(diagnostic, style), ""])


def block(diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    """One finding: where and what, its line, and the cure."""
    diagnostic = safe(diagnostic)
    span = diagnostic.span
    colours = {Severity.ERROR: style.red, Severity.WARNING: style.yellow, Severity.NOTE: style.bold}
    colour = colours[diagnostic.severity]
    where = printable(f"{diagnostic.path}:{span.line}:{span.column}")
    severity = colour(diagnostic.severity.value)
    yield f"{style.bold(where)}: {severity}: {printable(diagnostic.message)} {style.dim(f'[{diagnostic.rule}]')}"
    gutter = " " * len(str(span.line))
    excerpt, indent, marked = _excerpt(diagnostic)
    if excerpt.strip():
        yield style.dim(f" {gutter} |")
        yield f" {style.dim(f'{span.line} |')} {printable(excerpt)}"
        yield f" {style.dim(f'{gutter} |')} {' ' * indent}{colour('^' * marked)}"
    if diagnostic.hint:
        yield f" {gutter} {style.dim('=')} {style.bold('help')}: {printable(diagnostic.hint)}"
    for other in diagnostic.related:
        where = f"{other.place.source.name}:{other.place.span.line}"
        yield f" {gutter} {style.dim('=')} {style.bold('note')}: {printable(f'{other.message}: {where}')}"


def _excerpt(diagnostic: Diagnostic) -> tuple[str, int, int]:
    """The piece of the source line that is shown; how many cells stand before the finding, and how many are marked.

    A line of another width after its secrets are masked keeps its marks in place, because they are counted on what
    is shown.
    """
    span = diagnostic.span
    line = diagnostic.place.source.line(span.line)
    first = span.column - 1
    last = max(first, span.end_column - 1 if span.end_line == span.line else len(line))
    near = max(0, first - AROUND)
    line, first, last = line[near : first + AROUND], first - near, last - near
    before, after = first, last
    masked = redacted(line)
    if masked != line:
        before = len(redacted(line[:first]))
        after = max(before, len(redacted(line[:last])))
        line = masked
    start = max(0, min(before - WIDTH // 2, len(line) - WIDTH))
    shown = line[start : start + WIDTH]
    lead, tail = "…" if start or near else "", "…" if start + WIDTH < len(line) else ""
    marked = _cells(shown[before - start : after - start])
    return f"{lead}{shown}{tail}", len(lead) + _cells(shown[: before - start]), max(1, marked)


def cure_line(diagnostic: Diagnostic) -> str:
    """What `--fix` has done about a finding."""
    shown = safe(diagnostic)
    where = f"fixed {diagnostic.path}:{diagnostic.span.line}:{diagnostic.span.column}"
    line = diagnostic.place.source.line(diagnostic.span.line)
    changes = ", ".join(
        f"{line[edit.span.column - 1 : edit.span.end_column - 1]} → {edit.text}"
        for edit in shown.fix
        if edit.span.line == diagnostic.span.line == edit.span.end_line
    )
    return printable(f"{where}: {changes or shown.message} [{diagnostic.rule}]")


def printable(text: str) -> str:
    """Text that cannot steer a terminal or a CI system: control characters are shown as �, and what a line of output
    would be taken for a command by (`::error::`, `##[group]`) is parted.

    Source: actions/runner, src/Runner.Common/ActionCommand.cs: `::` after blanks, and `##[` anywhere in a line.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " if c == "\t" else "�" for c in text)
    if "::" in text or "##" in text:
        text = re.sub(r"^(\s*):(?=:)|#(?=#(?:vso|teamcity)?\[)", r"\g<0> ", text)
    return text


def _cells(text: str) -> int:
    """Columns of a terminal that a text takes: wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def summary(report: Report) -> str:
    """One line: what has been looked at and what was found."""
    manifests = counted(report.manifests, "manifest")
    if report.manifests > len(report.files) > 0:  # of a matrix, or behind ---
        manifests = f"{counted(report.manifests, 'job')} in {counted(len(report.files), 'manifest')}"
    counts = {"error": report.errors, "warning": report.warnings, "note": report.notes}
    found = [counted(number, noun) for noun, number in counts.items() if number]
    if not found:
        return f"{manifests}, nothing to say"
    cure = f"; {report.fixable:,} fixable with --fix" if report.fixable else ""
    return f"{manifests}, {', '.join(found)}{cure}"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def as_data(diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic of JSON format 1."""
    diagnostic = safe(diagnostic)
    span = diagnostic.span
    return {
        "rule": diagnostic.rule,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "path": diagnostic.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "field": list(diagnostic.field),
        "fix": [
            {
                "line": edit.span.line,
                "column": edit.span.column,
                "end_line": edit.span.end_line,
                "end_column": edit.span.end_column,
                "text": edit.text,
            }
            for edit in diagnostic.fix
        ]
        or None,
        "related": [
            {
                "message": other.message,
                "path": other.place.source.name,
                "line": other.place.span.line,
                "column": other.place.span.column,
                "end_line": other.place.span.end_line,
                "end_column": other.place.span.end_column,
            }
            for other in diagnostic.related
        ],
        "count": diagnostic.stands_for,
    }


def as_json(report: Report, style: Style) -> Iterator[str]:
    diagnostics = [as_data(found) for found in report.found()]
    counts: Mapping[str, int] = {
        "manifests": report.manifests,
        "errors": report.errors,
        "warnings": report.warnings,
        "notes": report.notes,
    }
    data = {"version": 1, "diagnostics": diagnostics, "summary": counts}
    yield json.dumps(data, indent=2)


def as_sarif(report: Report, style: Style) -> Iterator[str]:
    from sagespec.reporting.findings.sarif import sarif_log

    yield json.dumps(sarif_log(list(report.found())), indent=2)


def as_github(report: Report, style: Style) -> Iterator[str]:
    from sagespec.reporting.findings.github import github_commands

    return github_commands(report.found())


def as_junit(report: Report, style: Style) -> Iterator[str]:
    from sagespec.reporting.findings.junit import junit_suites

    yield junit_suites(report.by_file())


FORMATS: Mapping[str, Callable[[Report, Style], Iterable[str]]] = {
    "text": text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
    "junit": as_junit,
}
"""What `validate --format` can be."""

__all__ = ["FORMATS", "Report", "as_data", "block", "counted", "cure_line", "printable", "summary", "text"]
