"""Diagnostics as text (for people) and as JSON, SARIF, GitHub commands and JUnit (for programs)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagespec.diagnostic import Diagnostic, Severity
from sagespec.show.style import Style

WIDTH = 160
"""Columns of a source line that are shown; a longer one is cut around the finding."""


@dataclass(frozen=True)
class Report:
    """What one run has found."""

    diagnostics: Sequence[Diagnostic]
    manifests: int

    @property
    def errors(self) -> int:
        return sum(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)

    @property
    def warnings(self) -> int:
        return len(self.diagnostics) - self.errors


def text(report: Report, style: Style) -> Iterator[str]:
    """Each finding with its source line and a caret, for a terminal."""
    for diagnostic in report.diagnostics:
        yield from block(diagnostic, style)
        yield ""


def block(diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    span = diagnostic.span
    colour = style.red if diagnostic.severity is Severity.ERROR else style.yellow
    where = f"{diagnostic.path}:{span.line}:{span.column}"
    severity = colour(diagnostic.severity.value)
    yield f"{style.bold(where)}: {severity}: {printable(diagnostic.message)} {style.dim(f'[{diagnostic.rule}]')}"
    line = diagnostic.place.source.line(span.line)
    gutter = " " * len(str(span.line))
    if line.strip():
        last = span.end_column if span.end_line == span.line else len(line) + 1
        start = max(0, span.column - 1 - WIDTH // 2) if len(line) > WIDTH else 0
        piece = line[start : start + WIDTH]
        before = _cells(piece[: span.column - 1 - start])
        marked = max(1, _cells(line[span.column - 1 : min(last - 1, start + WIDTH)]))
        yield style.dim(f" {gutter} |")
        yield f" {style.dim(f'{span.line} |')} {printable(piece)}"
        yield f" {style.dim(f'{gutter} |')} {' ' * before}{colour('^' * marked)}"
    if diagnostic.hint:
        yield f" {gutter} {style.dim('=')} {style.bold('help')}: {printable(diagnostic.hint)}"


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control characters are shown as their names' pictures or as �."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c == "\t" else "�" for c in text)


def _cells(text: str) -> int:
    """Columns of a terminal that a text takes: wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def summary(report: Report) -> str:
    """One line: what was looked at and what was found."""
    manifests = counted(report.manifests, "manifest")
    if not report.diagnostics:
        return f"{manifests}, nothing to say"
    found = [counted(report.errors, "error")] if report.errors else []
    found += [counted(report.warnings, "warning")] if report.warnings else []
    return f"{manifests}, {', '.join(found)}"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def as_data(diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic of JSON format 1."""
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
    }


def as_json(report: Report, style: Style) -> Iterator[str]:
    counts: Mapping[str, int] = {
        "manifests": report.manifests,
        "errors": report.errors,
        "warnings": report.warnings,
    }
    data = {"version": 1, "diagnostics": [as_data(found) for found in report.diagnostics], "summary": counts}
    yield json.dumps(data, indent=2)


FORMATS: Mapping[str, Callable[[Report, Style], Iterable[str]]] = {"text": text, "json": as_json}
