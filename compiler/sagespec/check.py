"""Runs the rules over a bound job → Checked: nothing after this can be the author's fault."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from sagespec.bind import Bound
from sagespec.diagnostic import Diagnostic, Finding, Rejected, Severity, has_errors, in_order
from sagespec.model import Job
from sagespec.model.types import Unknown
from sagespec.render import Manifest
from sagespec.rules import RULES, Case, Rule
from sagespec.source import Place, Source, Span

_ALLOW = re.compile(r"(?:^|\s)#\s*sagespec:\s*allow\s+(?P<rules>[a-z0-9-]+(?:[\s,]+[a-z0-9-]+)*)")


@dataclass(frozen=True)
class Checked:
    """A job with no errors, and the warnings that travel on."""

    manifest: Manifest
    job: Job
    warnings: tuple[Diagnostic, ...] = ()


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
    found = [*problems, *bound.diagnostics, *_judge(manifest, case)]
    diagnostics = in_order(diagnostic for diagnostic in found if diagnostic.rule not in allowed)
    if has_errors(diagnostics):
        raise Rejected(diagnostics)
    return Checked(manifest, bound.job, diagnostics)


def _judge(manifest: Manifest, case: Case) -> Iterator[Diagnostic]:
    for rule in RULES.values():
        try:
            for finding in rule.check(case):
                yield placed(manifest, rule, finding)
        except Unknown:  # it asked for a field whose value is wrong, which has been said already
            continue


def placed(manifest: Manifest, rule: Rule, finding: Finding) -> Diagnostic:
    """A finding at the place where its value was written."""
    place = finding.place or manifest.where(finding.path, at_key=finding.at_key)
    return Diagnostic(place, rule.severity, rule.name, finding.message, finding.hint, finding.path)


class Allowances:
    """The `# sagespec: allow RULE` comments of one run: each silences warnings of that rule on its line and the next."""

    def __init__(self) -> None:
        self._used: dict[tuple[Source, int, str], bool] = {}
        self._read: set[str] = set()

    def read(self, source: Source) -> None:
        """Takes note of a text's comments, once."""
        if source.name not in self._read:
            self._read.add(source.name)
            self._used.update(dict.fromkeys(_comments(source), False))

    def kept(self, diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """What no comment silences. An error cannot be silenced so: it needs `--allow`."""
        return in_order(diagnostic for diagnostic in diagnostics if not self._silences(diagnostic))

    def _silences(self, diagnostic: Diagnostic) -> bool:
        if diagnostic.severity is Severity.ERROR or not self._used:
            return False
        line = diagnostic.span.line
        keys = ((diagnostic.place.source, number, diagnostic.rule) for number in (line, line - 1))
        key = next((key for key in keys if key in self._used), None)
        if key is None:
            return False
        self._used[key] = True
        return True

    def unused(self, source: Source | None = None) -> tuple[Diagnostic, ...]:
        """A warning for each comment (of one source) that has silenced nothing; they are forgotten then."""
        keys = [key for key in self._used if source is None or key[0] == source]
        return in_order(_unused(*key) for key in keys if not self._used.pop(key))


def _comments(source: Source) -> Iterator[tuple[Source, int, str]]:
    if "sagespec:" not in source.text:
        return
    for number, line in enumerate(source.lines, 1):
        found = _ALLOW.search(line)
        if found:
            for name in re.split(r"[\s,]+", found["rules"]):
                yield source, number, name


def _unused(source: Source, line: int, name: str) -> Diagnostic:
    column = source.line(line).index(name) + 1
    place = Place(source, Span(line, column, line, column + len(name)))
    message = f"this allowance of '{name}' silences nothing on its line or the next"
    return Diagnostic(place, Severity.WARNING, "unused-allowance", message, "leave it out; an error needs --allow")
