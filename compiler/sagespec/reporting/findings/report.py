"""What one run has found, as every format shows it: each finding once, and no secret whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from sagespec.base.diagnostic import Diagnostic, Severity, has_errors, limited, more, shortened
from sagespec.base.redact import redacted, secret_in

if TYPE_CHECKING:
    from sagespec.pipeline.results import Result, ResultSummary

LONGEST = 600
"""Characters of a message or a hint."""
_LONG_VALUE = r"('[^']{60})[^']*([^']{20}')"


class Report:
    """What one run finds, as it finds it: `found` or `by_file` takes the results in, once, and then the counts hold.

    Of results only what distinguishes one finding from another is kept.
    """

    def __init__(self, results: Iterable[Result | ResultSummary]) -> None:
        self.manifests = 0
        """How many jobs have been looked at."""
        self.errors = 0
        self.warnings = 0
        self.notes = 0
        self.fixable = 0
        """Findings that `--fix` can put right."""
        self.files: set[str] = set()
        self._results = results
        self._seen: set[tuple[object, ...]] = set()
        self._shown: dict[str, Counter[Severity]] = {}

    def found(self) -> Iterator[Diagnostic]:
        """Each finding once, although the jobs of one matrix, and manifests under the same defaults, share some.

        Of a file with more than `MOST` the others are given as a number, after its last job; why the rest of a file
        could not be read is always reported.
        """
        for name, results in groupby(self._results, lambda result: result.manifest):
            before, left = self._shown.get(name, Counter()), []
            for result in results:
                kept, lines = shortened(self._new(result), {} if result.ends else before)
                if kept:
                    before.update(found.severity for found in kept)
                    self._shown[name] = before
                left += lines
                yield from kept
            yield from more(left)

    def by_file(self) -> Mapping[str, Sequence[Diagnostic]]:
        """Every file that was looked at, and what was found because of it, shortened in the same way."""
        files: dict[str, dict[Diagnostic, None]] = {}
        ends: dict[str, list[Diagnostic]] = {}
        for result in self._results:
            of_file = files.setdefault(result.manifest, {})
            if result.ends:
                ends[result.manifest] = limited(result.diagnostics)
            else:
                of_file.update(dict.fromkeys(result.diagnostics))
            self._new(result)
        return {name: [*limited(list(of_file)), *ends.get(name, ())] for name, of_file in files.items()}

    def _new(self, result: Result | ResultSummary) -> list[Diagnostic]:
        """Counts a result; what has not been found before comes back."""
        if result.is_right or has_errors(result.diagnostics):
            self.manifests += 1
            self.files.add(result.manifest)
        new = []
        for found in result.diagnostics:
            same = identity(found)
            if same not in self._seen:
                self._seen.add(same)
                new.append(found)
                self.errors += found.stands_for * (found.severity is Severity.ERROR)
                self.warnings += found.stands_for * (found.severity is Severity.WARNING)
                self.notes += found.stands_for * (found.severity is Severity.NOTE)
                self.fixable += bool(found.fix)
        return new


_OF_THE_RUN = frozenset({"unknown-environment"})
"""Findings about the command's options: the same for every manifest. So are notes: one is enough."""


def identity(found: Diagnostic) -> tuple[object, ...]:
    """What makes a finding equal to another, without the texts that it stands in."""
    if found.rule in _OF_THE_RUN or found.severity is Severity.NOTE:
        return found.rule, found.message, found.hint
    related = tuple((other.place.source.name, other.place.span, other.message) for other in found.related)
    return (
        found.path,
        found.span,
        found.rule,
        found.message,
        found.hint,
        found.field,
        found.fix,
        found.stands_for,
        related,
    )


def safe(diagnostic: Diagnostic) -> Diagnostic:
    """A finding without secrets, and of a length that can be read: secrets are masked in its texts, and an edit that
    would write one is left out."""
    name = str(diagnostic.field[-1]) if diagnostic.field else ""
    reveals = any(
        secret_in(edit.text.strip("\"'"), name) or redacted(edit.text) != edit.text for edit in diagnostic.fix
    )
    message, hint = _safe_text(diagnostic.message), _safe_text(diagnostic.hint)
    field = tuple(step if isinstance(step, int) else _safe_text(step) for step in diagnostic.field)
    return diagnostic._replace(message=message, hint=hint, field=field, fix=() if reveals else diagnostic.fix)


@lru_cache(maxsize=1_024)
def _safe_text(text: str) -> str:
    text = redacted(text[:5_000])
    return text if len(text) <= LONGEST else re.sub(_LONG_VALUE, r"\1…\2", text)[:LONGEST]


def further(diagnostic: Diagnostic) -> list[str]:
    """The lines below a finding's message: its cure, and the other places that it speaks of."""
    lines = [f"help: {diagnostic.hint}"] if diagnostic.hint else []
    for other in diagnostic.related:
        lines.append(f"note: {other.message}: {other.place.source.name}:{other.place.span.line}")
    return lines


def visible(text: str) -> str:
    """Text that cannot steer a terminal, its line ends kept: what has no picture is shown as �."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
