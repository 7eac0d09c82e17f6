"""What one run has found, as every format shows it: each finding once, and no secret whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sagespec.diagnostic import Diagnostic, Severity, has_errors
from sagespec.redact import redacted, secret_in

if TYPE_CHECKING:
    from sagespec.compiler import Result

LONGEST = 600
"""Characters of a message or a hint."""
_LONG_VALUE = r"('[^']{60})[^']*([^']{20}')"


class Report(NamedTuple):
    """What one run has found."""

    diagnostics: Sequence[Diagnostic]
    manifests: int
    """How many jobs were looked at."""
    files: Mapping[str, Sequence[Diagnostic]] = MappingProxyType({})
    """Every file that was looked at, and what was found because of it."""

    @property
    def errors(self) -> int:
        return sum(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)

    @property
    def warnings(self) -> int:
        return len(self.diagnostics) - self.errors


def report_of(results: Iterable[Result]) -> Report:
    """The jobs of one matrix, and manifests under the same defaults, share findings: each is kept once."""
    files: dict[str, dict[Diagnostic, None]] = {}
    manifests = 0
    for result in results:
        files.setdefault(result.manifest, {}).update(dict.fromkeys(result.diagnostics))
        manifests += result.checked is not None or has_errors(result.diagnostics)
    found = dict.fromkeys(diagnostic for of_file in files.values() for diagnostic in of_file)
    return Report(list(found), manifests, {name: list(of_file) for name, of_file in files.items()})


def safe(diagnostic: Diagnostic) -> Diagnostic:
    """A finding without secrets, and of a length that can be read: secrets are masked in its texts, and an edit that
    would write one is left out."""
    name = str(diagnostic.field[-1]) if diagnostic.field else ""
    tells = any(secret_in(edit.text.strip("\"'"), name) or redacted(edit.text) != edit.text for edit in diagnostic.fix)
    message, hint = _told(diagnostic.message), _told(diagnostic.hint)
    field = tuple(step if isinstance(step, int) else _told(step) for step in diagnostic.field)
    return diagnostic._replace(message=message, hint=hint, field=field, fix=() if tells else diagnostic.fix)


def _told(text: str) -> str:
    text = redacted(text[:5_000])
    return text if len(text) <= LONGEST else re.sub(_LONG_VALUE, r"\1…\2", text)[:LONGEST]


def visible(text: str) -> str:
    """Text that cannot steer a terminal, its line ends kept: what has no picture is shown as �."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
