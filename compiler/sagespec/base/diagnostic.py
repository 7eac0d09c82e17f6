"""What the author is shown: findings (at a path) and diagnostics (at a place)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain, islice

from sagespec.base.named import NamedTuple
from sagespec.base.source import Path, Place, Span

MOST = 100
"""Findings of one file that are shown; the others are counted."""
MORE = f"the first {MOST} of a file are shown: fix these, and check again"


class Severity(str, Enum):
    """ERROR: the service would refuse it, or it would do something else than was asked.
    WARNING: it would run and probably disappoint.
    NOTE: it is right, and there is something to know; it fails nothing, `--strict` included."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


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
    """Where it really stands, when that is not in the manifest: what must change is the script."""
    related: Place | None = None
    """The place in a script that it speaks of, when what must change is the manifest."""


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
    stands_for: int = 1
    """How many findings it stands for: itself, and those that are not shown."""

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
    """Each once, in file order; what a document is comes before what it lacks."""
    found = tuple(diagnostics)
    if len(found) < 2:
        return found

    def order(found: Diagnostic) -> tuple[str | int | bool, ...]:
        source, (line, column, _, _) = found.place
        last = found.field != ("apiVersion",)
        return source.name, line, column, last, found.severity, found.rule, found.message

    return tuple(sorted(dict.fromkeys(found), key=order))


def bounded(diagnostics: Iterable[Diagnostic]) -> Iterable[Diagnostic]:
    """Of each rule's errors the first `MOST`, the last of which stands for the others, too.

    All of the warnings: any one of them may be silenced by a comment.
    """
    rest = iter(diagnostics)
    first = list(islice(rest, MOST))
    return first if len(first) < MOST else _bounded(chain(first, rest))


def _bounded(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    counts: Counter[str] = Counter()
    last: dict[str, Diagnostic] = {}
    for found in diagnostics:
        if found.severity is Severity.ERROR:
            counts[found.rule] += 1
            if counts[found.rule] >= MOST:
                last.setdefault(found.rule, found)
                continue
        yield found
    for rule, found in last.items():
        yield found._replace(stands_for=counts[rule] - MOST + 1)


ShownCounts = Mapping[Severity, int]
"""How many findings of a file have been shown."""


def shortened(
    diagnostics: Sequence[Diagnostic], before: ShownCounts | None = None
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """(what is shown in full, the lines that say how many more there are): together with what was shown of the file
    before, `MOST` at most; errors come first, so that no number of others hides one."""
    before = before or {}
    errors = [found for found in diagnostics if found.severity is Severity.ERROR]
    others = [found for found in diagnostics if found.severity is not Severity.ERROR]
    kept = errors[: MOST - before.get(Severity.ERROR, 0)]
    kept += others[: max(0, MOST - sum(before.values()) - len(kept))]
    if len(kept) == len(diagnostics) and all(found.stands_for == 1 for found in kept):
        return list(diagnostics), []
    names = set(map(id, kept))
    left = [found._replace(stands_for=found.stands_for - (id(found) in names)) for found in diagnostics]
    return [found._replace(stands_for=1) for found in diagnostics if id(found) in names], list(more(left))


def limited(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What is shown of one job: its findings, and lines that stand for those beyond the limit."""
    kept, lines = shortened(diagnostics)
    return [*kept, *lines]


def more(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """One line for each severity in place of findings that are not shown; it stands at the first of them."""
    first: dict[Severity, Diagnostic] = {}
    counts: Counter[Severity] = Counter()
    for found in diagnostics:
        if found.stands_for:
            first.setdefault(found.severity, found)
            counts[found.severity] += found.stands_for
    for severity, found in first.items():
        noun = severity.value + ("" if counts[severity] == 1 else "s")
        message = f"and {counts[severity]:,} more {noun}"
        rule = "more-errors" if severity is Severity.ERROR else "more-warnings"
        yield Diagnostic(found.place, severity, rule, message, MORE, stands_for=counts[severity])


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(d.severity is Severity.ERROR for d in diagnostics)


def cut(text: str, most: int = 60) -> str:
    """A text as a message may quote it: of a long one the beginning."""
    return text if len(text) <= most else text[: most - 3] + "..."
