"""Asks the rules: once for each instance of its subject, and of many manifests once for what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from sys import intern
from typing import Any, TypeAlias

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Guesses
from sagespec.checking.context import INPUTS, Context
from sagespec.checking.rule import Question, Rule, RuleSet
from sagespec.checking.watching import WRITTEN
from sagespec.reading.part import Unknown

Answers: TypeAlias = "tuple[tuple[Rule, Finding], ...]"
"""What some rules have found."""
ValueOf: TypeAlias = Callable[[str], object]
"""By a word of `Watch`, what two manifests must agree in to be equal to one that reads it."""

MOST = 1_024
"""So many answers of each question are kept at most."""
TRIALS = 48
"""After so many manifests it shows whether a question is often asked about equal values."""


class Memory:
    """What a question was answered, by all that any of its answers has been made of."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.is_idle = False
        """It depends on what differs in nearly every manifest: nothing is remembered."""
        self._reads: tuple[str, ...] = ()
        self._answers: dict[tuple[object, ...], Answers] = {}
        self._asked = 0
        self._known = 0

    def known(self, value_of: ValueOf) -> Answers | None:
        """What was answered where all of this was equal."""
        self._asked += 1
        answers = self._answers.get(tuple(map(value_of, self._reads)))
        if answers is not None:
            self._known += 1
        return answers

    def learn(self, value_of: ValueOf, watched: Context) -> Answers:
        """Asks, and takes note of what is read for the answer."""
        assert watched.watch is not None
        read = watched.watch.read = set()
        answers = asked(self.question, watched)
        reads = self._reads if read.issubset(self._reads) else tuple(sorted(read.union(self._reads)))
        if reads is not self._reads or len(self._answers) >= MOST:
            self._reads = reads
            self._answers.clear()
        self._answers[tuple(map(value_of, reads))] = answers
        return answers

    @property
    def is_in_vain(self) -> bool:
        """It was asked often enough, and the answer is hardly ever known; or after a longer time, not in most cases."""
        asked, known = self._asked, self._known
        return asked >= TRIALS and (8 * known < asked or (asked >= 4 * TRIALS and 2 * known < asked))


class Verdicts:
    """What has been said in one run. A rule decides by nothing but what it is shown, and it is noted what of that it
    reads: where this is equal in two manifests, so is the answer."""

    def __init__(self) -> None:
        self._memories: dict[object, list[list[Memory]]] = {}
        """Those of each subject: one, or where its rules together depend on too much, rule by rule."""

    def of(
        self, context: Context, rules: RuleSet, data: Mapping[str, Any], *, whole: bool = True
    ) -> list[tuple[Rule, Finding]]:
        """What the rules find.

        A rule that needs a value that is wrong says nothing of that instance: the value has been complained of already.

        Args:
            data: what the manifest's model was made of.
            whole: no value of it is wrong.
        """
        questions = rules.questions(context.written)
        if not whole:
            return [answer for question in questions for answer in asked(question, context)]
        key = (rules, context.facts)
        memories = self._memories.get(key)
        if memories is None:
            memories = self._memories[key] = [[Memory(question)] for question in rules.subjects.values()]
        return _remembered([memories[question.number] for question in questions], context, data)


def _remembered(
    memories: Iterable[list[Memory]], context: Context, data: Mapping[str, Any]
) -> list[tuple[Rule, Finding]]:
    value_of, watched = _values(context, data).get, None
    found: list[tuple[Rule, Finding]] = []
    for of_subject in memories:
        in_vain = False
        for memory in of_subject:
            if memory.is_idle:
                found += asked(memory.question, context)
                continue
            answers = memory.known(value_of)
            if answers is None:
                watched = watched or context.watched()
                answers = memory.learn(value_of, watched)
                in_vain = in_vain or memory.is_in_vain
            found += answers
        if in_vain:
            of_subject[:] = _divided(of_subject)
    if watched is not None:
        _share(watched, context)
    return found


def _values(context: Context, data: Mapping[str, Any]) -> dict[str, object]:
    """What two manifests must agree in to be equal, by the words of `Watch`."""
    values: dict[str, object] = {name: intern(repr(value)) for name, value in data.items()}
    values[WRITTEN] = context.written
    for name in INPUTS:
        values[f"@{name}"] = getattr(context, name)
    return values


def _divided(memories: Iterable[Memory]) -> Iterator[Memory]:
    """Where several rules are asked in vain, each by itself from now on; those that were by themselves remember
    nothing, and neighbours of these are asked together: about the same instances."""
    single: list[Memory] = []
    for memory in memories:
        rules = memory.question.rules
        if not memory.is_in_vain or memory.is_idle:
            single.append(memory)
        elif rules[1:]:
            single += [Memory(memory.question._replace(rules=(each,))) for each in rules]
        else:
            single.append(_idle(memory.question))
    for is_idle, group in groupby(single, key=lambda memory: memory.is_idle):
        neighbours = list(group)
        if is_idle:
            rules = tuple(rule for memory in neighbours for rule in memory.question.rules)
            yield _idle(neighbours[0].question._replace(rules=rules))
        else:
            yield from neighbours


def _idle(question: Question) -> Memory:
    memory = Memory(question)
    memory.is_idle = True
    return memory


def _share(watched: Context, context: Context) -> None:
    """What the run wants to know of a manifest, as far as a rule has asked for it."""
    for name in watched.shared:
        value = watched.watch and watched.watch.known(watched, name)
        if value is not None:
            vars(context)[name] = value


def asked(question: Question, context: Context) -> Answers:
    """The answers of some rules about one subject."""
    vars(context)["guess"] = Guesses()  # as many for each question, whatever was asked before
    try:
        instances: Sequence[Any] = question.instances(context)
    except Unknown:
        return ()
    found: list[tuple[Rule, Finding]] = []
    for rule, check in question.rules:
        for instance in instances:
            try:
                answer = check(instance, context)
                if answer is None:
                    continue
                for one in (answer,) if isinstance(answer, Finding) else answer:
                    found.append((rule, one))  # what is said before a value is missed counts
            except Unknown:
                continue
    return tuple(found) if found else ()
