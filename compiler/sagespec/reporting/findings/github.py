"""Diagnostics as GitHub workflow commands: annotations in the diff of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.reporting.findings.report import further, safe, visible

_DATA: Mapping[int, str] = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Mapping[int, str] = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
"""What the runner undoes again. Source: actions/toolkit, packages/core/src/command.ts."""
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github_commands(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """A line a finding; columns from 1, the end exclusive, given where the finding lies in one line."""
    for diagnostic in map(safe, diagnostics):
        span = diagnostic.span
        properties: dict[str, object] = {"file": diagnostic.path, "line": span.line, "endLine": span.end_line}
        if span.line == span.end_line:
            properties |= {"col": span.column, "endColumn": span.end_column}
        properties["title"] = diagnostic.rule
        message = "\n".join([diagnostic.message, *further(diagnostic)])
        written = ",".join(f"{name}={visible(str(value)).translate(_PROPERTY)}" for name, value in properties.items())
        yield f"::{_COMMANDS[diagnostic.severity]} {written}::{visible(message).translate(_DATA)}"
