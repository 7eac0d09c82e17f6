"""Runs the rules over a bound job → Checked: nothing after this can be the author's fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from sagespec.base.diagnostic import (
    MOST,
    Diagnostic,
    Finding,
    Rejected,
    Related,
    Severity,
    bounded,
    has_errors,
    in_order,
)
from sagespec.base.source import Place, Source
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.rules import RULES, Case, Rule, asked
from sagespec.reading.binding import Bound
from sagespec.reading.document import comments
from sagespec.reading.part import Unknown
from sagespec.reading.render import Manifest

_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_ALLOW = rf"(?:^|(?<=\s))#\s*sagespec:\s*allow\s+(?P<rules>{_NAME}(?:(?:\s*,\s*|\s+){_NAME})*)"


Comments: TypeAlias = Callable[[Source], Iterable[tuple[int, str]]]
"""Where each comment of a text begins, and what it says, in the language that the text is written in."""


class Checked(NamedTuple):
    """A job with no errors, and the warnings that travel on."""

    manifest: Manifest
    job: Job
    warnings: tuple[Diagnostic, ...] = ()
    silenced: tuple[str, ...] = ()
    """Errors that `--allow` has silenced: with one of these, no request may be possible after all."""


def check(bound: Bound, case: Case, allowed: Collection[str] = ()) -> Checked:
    """Judges a job by every rule.

    Args:
        allowed: names of rules that say nothing, not even errors (`--allow`).

    Raises:
        Rejected: with everything that is wrong, the model's complaints included.
    """
    manifest = bound.manifest
    wrong = {diagnostic.place for diagnostic in bound.diagnostics}
    # `use_spot_instances: yes` is one mistake: that it is no boolean says more than that it looks like one.
    problems = [found for found in manifest.problems if found.rule != "ambiguous-scalar" or found.place not in wrong]
    found = [*problems, *bound.diagnostics, *bounded(_judge(bound, case))]
    diagnostics = in_order(diagnostic for diagnostic in found if diagnostic.rule not in allowed)
    if has_errors(diagnostics):
        raise Rejected(diagnostics)
    silenced = dict.fromkeys(each.rule for each in found if each.severity is Severity.ERROR)
    return Checked(manifest, bound.job, diagnostics, tuple(silenced))


def _judge(bound: Bound, case: Case) -> Iterator[Diagnostic]:
    for rule in asked(case.written) if bound.whole else RULES.values():
        try:
            for finding in rule.check(case):
                yield placed(bound.manifest, rule, finding)
        except Unknown:  # it asked for a field whose value is wrong, which has been said already
            continue


def placed(manifest: Manifest, rule: Rule, finding: Finding) -> Diagnostic:
    """A finding at the place where its value was written."""
    written = manifest.where(finding.path, at_key=finding.at_key)
    related = () if finding.place is None else (Related(written, "what the manifest says of it"),)
    place = finding.place or written
    return Diagnostic(place, rule.severity, rule.name, finding.message, finding.hint, finding.path, related=related)


class Allowance(NamedTuple):
    """One rule's name in a comment `# sagespec: allow RULE, RULE`."""

    place: Place
    rule: str
    next_line: int
    """The next line that is more than a comment: with its own line, what the allowance is about."""


class Allowances:
    """The allowances of one run: each silences the warnings of its rule on its line and the next."""

    def __init__(self) -> None:
        self._by_line: dict[tuple[Source, int, str], list[Allowance]] = {}
        self._used: dict[Allowance, bool] = {}
        self._read: set[str] = set()

    def read(self, source: Source, comments: Comments = comments) -> None:
        """Takes note of a text's comments, once."""
        if "sagespec:" not in source.text or source.name in self._read:
            return
        self._read.add(source.name)
        for allowance in _allowances(source, comments):
            self._used[allowance] = False
            for line in (allowance.place.span.line, allowance.next_line):
                self._by_line.setdefault((source, line, allowance.rule), []).append(allowance)

    def kept(self, diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """What no comment silences. An error cannot be silenced so: it needs `--allow`."""
        return in_order(diagnostic for diagnostic in diagnostics if not self._silenced(diagnostic))

    def _silenced(self, diagnostic: Diagnostic) -> bool:
        if diagnostic.severity is Severity.ERROR:
            return False
        found = self._by_line.get((diagnostic.place.source, diagnostic.span.line, diagnostic.rule), ())
        self._used.update(dict.fromkeys(found, True))
        return bool(found)

    def unused(self, source: Source | None = None) -> tuple[Diagnostic, ...]:
        """A warning for each allowance (of one source) that has silenced nothing; they are forgotten then."""
        asked = [allowance for allowance in self._used if source is None or allowance.place.source == source]
        left = [allowance for allowance in asked if not self._used.pop(allowance)]
        told = [_unused(allowance) for allowance in left[:MOST]]
        if len(left) > MOST:
            told[-1] = told[-1]._replace(stands_for=len(left) - MOST + 1)
        return in_order(told)


def _allowances(source: Source, comments: Comments) -> Iterator[Allowance]:
    following = _next_lines(source)
    for start, text in comments(source):
        found = re.search(_ALLOW, text)
        if found is None:
            continue
        for name in re.finditer(_NAME, found["rules"]):
            at = start + found.start("rules") + name.start()
            span = source.span(at, at + len(name[0]))
            yield Allowance(Place(source, span), name[0], following[span.line - 1])


def _next_lines(source: Source) -> list[int]:
    """For each line, the number of the next one that is more than a comment."""
    following = [0] * len(source.lines)
    after = len(source.lines) + 1
    for number in range(len(source.lines), 0, -1):
        following[number - 1] = after
        if not source.lines[number - 1].lstrip().startswith("#"):
            after = number
    return following


def _unused(allowance: Allowance) -> Diagnostic:
    from sagespec.checking.pages import EXPLAINED, suggestion

    name, rule = allowance.rule, "unused-allowance"
    if name not in EXPLAINED:
        rule, message, hint = "unknown-allowance", f"there is no rule '{name}'", suggestion(name)
    elif EXPLAINED[name].severity is Severity.ERROR:
        message = f"'{name}' is an error, and a comment silences warnings only"
        hint = f"cure it; where that cannot be, run with --allow {name}"
    else:
        message, hint = f"this allowance of '{name}' silences nothing on its line or the next", "leave it out"
    return Diagnostic(allowance.place, Severity.WARNING, rule, message, hint)
