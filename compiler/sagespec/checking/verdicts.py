"""Asks the rules: once for each instance of its subject, and of many manifests once for what they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sagespec.base.diagnostic import Finding
from sagespec.base.named import NamedTuple
from sagespec.checking.context import Context
from sagespec.checking.rule import Question, Rule, RuleSet
from sagespec.reading.part import Unknown

OWN = frozenset({"name"})
"""Fields in which manifests differ that are equal otherwise."""
MOST = 4_096
"""So many verdicts are kept at most: some megabytes."""


Answer: TypeAlias = tuple[tuple[int, int, int], Rule, Finding]
"""What a rule has found, after the numbers of subject, instance and rule."""


class Verdict(NamedTuple):
    """What is said of all manifests that differ in their own fields alone."""

    found: Sequence[Answer]
    open: Sequence[Question]
    """What depends on those fields."""
    learned: Mapping[str, Any]
    """What was worked out on the way (`Context.shared`)."""


class Verdicts:
    """What has been said in one run. A rule decides by nothing but what it is shown, so equal manifests get equal
    verdicts; and one that is judged as if its name were wrong tells which rules depend on the name."""

    def __init__(self) -> None:
        self._kept: dict[object, Verdict] = {}

    def of(self, context: Context, rules: RuleSet, data: Mapping[str, Any]) -> list[tuple[Rule, Finding]]:
        """What the rules find.

        A rule that needs a value that is wrong says nothing of that instance: the value has been complained of already.

        Args:
            data: what the manifest's model was made of.
        """
        common = repr({name: value for name, value in data.items() if name not in OWN})
        where = (context.folder, context.region, context.account, context.local, context.facts)
        key = (rules, where, context.written, common)
        verdict = self._kept.get(key)
        if verdict is None:
            if len(self._kept) >= MOST:
                self._kept.clear()
            verdict = self._kept[key] = self._verdict(context, rules)
        vars(context).update(verdict.learned)
        found = list(verdict.found)
        if verdict.open:
            found = sorted([*found, *asked(verdict.open, context)], key=lambda answer: answer[0])
        return [(rule, finding) for _, rule, finding in found]

    @staticmethod
    def _verdict(context: Context, rules: RuleSet) -> Verdict:
        veiled, left = context.without(OWN), list[Question]()
        found = asked(rules.questions(context.written), veiled, left)
        known = vars(veiled)
        return Verdict(found, left, {name: known[name] for name in context.shared if name in known})


def asked(questions: Sequence[Question], context: Context, left: list[Question] | None = None) -> list[Answer]:
    """The answers. A question that depends on a value that is not known is `left`, if somebody minds."""
    found: list[Answer] = []
    for question in questions:
        number, instances_in, at, rules = question
        try:
            instances = instances_in(context)
        except Unknown:
            if left is not None:
                left.append(question)
            continue
        for index, instance in enumerate(instances) if at is None else ((at, instances[at]),):
            unclear = []
            for each in rules:
                position, rule, check = each
                said: list[Finding] = []
                try:
                    answer = check(instance, context)
                    if answer is None:
                        continue
                    for one in (answer,) if isinstance(answer, Finding) else answer:
                        said.append(one)  # what is said before a value is missed counts, unless it is asked again
                except Unknown:
                    if left is not None:
                        unclear.append(each)
                        continue
                found += [((number, index, position), rule, one) for one in said]
            if unclear and left is not None:
                left.append(Question(number, instances_in, index, tuple(unclear)))
    return found
