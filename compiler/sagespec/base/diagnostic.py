"""What we tell the author: findings (at a path) and diagnostics (at a place)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from sagespec.base.source import Path, Place, Span


class Severity(str, Enum):
    """ERROR: the service would refuse it, or it would do something else than was asked.
    WARNING: it would run and probably disappoint."""

    ERROR = "error"
    WARNING = "warning"


class Edit(NamedTuple):
    """Replace the text of `span` by `text`."""

    span: Span
    text: str


class Related(NamedTuple):
    """Another place that a finding speaks of, and what is there."""

    place: Place
    message: str


class Finding(NamedTuple):
    """What a rule has seen, at a path of the job. The document turns the path into a place."""

    path: Path
    message: str
    hint: str = ""
    at_key: bool = False
    """Point at the key rather than at the value."""
    place: Place | None = None
    """Where it really stands, when that is not in the manifest (a script)."""


class Diagnostic(NamedTuple):
    """One finding, placed in its file. Equal diagnostics are one diagnostic."""

    place: Place
    severity: Severity
    rule: str
    """The rule's name, which is also what an allowance says."""
    message: str
    """What is wrong, with the values that make it so."""
    hint: str = ""
    """What to write instead."""
    field: Path = ()
    fix: tuple[Edit, ...] = ()
    """Edits of the place's source that certainly cure it."""
    related: tuple[Related, ...] = ()
    """Other places that have to do with it."""

    @property
    def path(self) -> str:
        return self.place.source.name

    @property
    def span(self) -> Span:
        return self.place.span


class Rejected(Exception):
    """A stage found errors. Carries every diagnostic of the stages so far, warnings included."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = in_order(diagnostics)
        super().__init__("; ".join(f"{d.path}:{d.span.line}: {d.message}" for d in self.diagnostics))


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each once, in file order."""
    return tuple(
        sorted(
            dict.fromkeys(diagnostics),
            key=lambda d: (d.path, d.span.line, d.span.column, d.severity.value, d.rule, d.message),
        )
    )


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(d.severity is Severity.ERROR for d in diagnostics)
