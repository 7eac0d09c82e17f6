"""Asks the rules about a bound manifest → Checked: nothing after this can be the author's fault."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

from sagespec.base.diagnostic import Diagnostic, Finding, Rejected, Related, Severity, bounded, has_errors
from sagespec.base.named import NamedTuple
from sagespec.checking.context import Context
from sagespec.checking.rule import Question, Rule, RuleSet
from sagespec.reading.binding import Bound
from sagespec.reading.part import Unknown
from sagespec.reading.render import Manifest

Said: TypeAlias = tuple[Rule, Finding]


class Checked(NamedTuple):
    """A manifest with no errors, and the warnings that travel on."""

    manifest: Manifest
    job: Any
    """The manifest, typed."""
    warnings: tuple[Diagnostic, ...] = ()
    silenced: tuple[str, ...] = ()
    """Errors that `--allow` has silenced: with one of these, no request may be possible after all."""


def check(bound: Bound[Any], context: Context, rules: RuleSet, allowed: Collection[str] = ()) -> Checked:
    """Judges a manifest by the rules of its kind.

    Args:
        allowed: names of rules that say nothing, not even errors (`--allow`).

    Raises:
        Rejected: with everything that is wrong, the model's complaints included.
    """
    manifest = bound.manifest
    wrong = {diagnostic.place for diagnostic in bound.diagnostics}
    # `use_spot_instances: yes` is one mistake: that it is not a boolean says more than that it looks like one.
    problems = [found for found in manifest.problems if found.rule != "ambiguous-scalar" or found.place not in wrong]
    judgements = (placed(manifest, *said) for said in findings_of(rules, context))
    found = [*problems, *bound.diagnostics, *bounded(judgements)]
    kept = tuple(diagnostic for diagnostic in found if diagnostic.rule not in allowed) if allowed else tuple(found)
    if has_errors(kept):
        raise Rejected(kept)
    silenced = dict.fromkeys(each.rule for each in found if each.severity is Severity.ERROR) if allowed else ()
    return Checked(manifest, bound.model, kept, tuple(silenced))


def findings_of(rules: RuleSet, context: Context) -> list[Said]:
    """What the rules find. One that needs a value that is wrong says nothing of that instance: the value has been
    complained of already."""
    found: list[Said] = []
    known = vars(context)
    for question in rules.questions(context.written):
        known.pop("guess", None)  # as many for each question, whatever was asked before
        try:
            instances: Sequence[Any] = question.instances(context)
        except Unknown:
            continue
        if not question.shared:
            _ask(question, instances, context, found)
            continue
        for shared in instances:
            if shared.said is None:
                shared.said = []
                _ask(question, (shared,), None, shared.said)
            found += shared.said
    return found


def _ask(question: Question, instances: Sequence[Any], context: Context | None, found: list[Said]) -> None:
    """Adds what the rules find in these instances."""
    for rule, check in question.rules if instances else ():
        for instance in instances:
            try:
                answer = check(instance, context)
                if answer is None:
                    continue
                for one in (answer,) if isinstance(answer, Finding) else answer:
                    found.append((rule, one))  # what is said before a value is missed counts
            except Unknown:
                continue


def placed(manifest: Manifest, rule: Rule, finding: Finding) -> Diagnostic:
    """A finding at the place where its cure is: where its value was written, or in a script."""
    written = manifest.where(finding.path, at_key=finding.at_key)
    place = finding.place or written
    related: tuple[Related, ...] = ()
    if finding.place is not None:
        related = (Related(written, "what the manifest says of it"),)
    elif finding.related is not None:
        related = (Related(finding.related, "what the script says of it"),)
    return Diagnostic(place, rule.severity, rule.name, finding.message, finding.hint, finding.path, related=related)
