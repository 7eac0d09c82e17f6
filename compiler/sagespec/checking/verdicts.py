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

Item: TypeAlias = "tuple[str, str] | None"
"""Name and value of an item of a map; None where a question is about none."""
_ALL: list[Item] = [None]

MOST = 2_048
"""So many answers of each question are kept at most."""
TRIALS = 48
"""After so many manifests it shows whether a question is often asked about equal values."""
ITEMS = 8
"""So many items of a map there are in a manifest, about."""


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

    def known(self, value_of: ValueOf, item: Item) -> Answers | None:
        """What was answered where all of this was equal."""
        self._asked += 1
        answers = self._answers.get((item, *map(value_of, self._reads)))
        if answers is not None:
            self._known += 1
        return answers

    def learn(self, value_of: ValueOf, item: Item, watched: Context) -> Answers:
        """Asks, and takes note of what is read for the answer."""
        assert watched.watch is not None
        read = watched.watch.read = set()
        answers = asked(self.question, watched, item)
        reads = self._reads if read.issubset(self._reads) else tuple(sorted(read.union(self._reads)))
        if reads is not self._reads or len(self._answers) >= MOST:
            self._reads = reads
            self._answers.clear()
        self._answers[(item, *map(value_of, reads))] = answers
        return answers

    @property
    def is_in_vain(self) -> bool:
        """It was asked often enough, and the answer is hardly ever known; or after a longer time, not in most cases."""
        asked, known, trials = self._asked, self._known, TRIALS * (ITEMS if self.question.on.items else 1)
        return asked >= trials and (8 * known < asked or (asked >= 4 * trials and 2 * known < asked))


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
    values, watched = _Values(context, data), None
    value_of = values.of
    found: list[tuple[Rule, Finding]] = []
    for of_subject in memories:
        in_vain = False
        for memory in of_subject:
            if memory.is_idle:
                found += asked(memory.question, context)
                continue
            field = memory.question.on.items
            for item in values.items_of(field) if field else _ALL:
                answers = memory.known(value_of, item)
                if answers is None:
                    watched = watched or context.watched()
                    answers = memory.learn(value_of, item, watched)
                    in_vain = in_vain or memory.is_in_vain
                found += answers
        if in_vain:
            of_subject[:] = _divided(of_subject)
    if watched is not None:
        _share(watched, context)
    return found


class _Values:
    """What manifests must agree in to be equal, of one of them."""

    def __init__(self, context: Context, data: Mapping[str, Any]) -> None:
        values: dict[str, object] = {name: intern(repr(value)) for name, value in data.items()}
        values[WRITTEN] = context.written
        for name, word in INPUTS.items():
            values[word] = getattr(context, name)
        self.of = values.get
        """By the words of `Watch`."""
        self._data = data
        self._items: dict[str, list[Item]] = {}

    def items_of(self, field: str) -> list[Item]:
        if field not in self._items:
            self._items[field] = [(name, intern(repr(value))) for name, value in self._data[field].items()]
        return self._items[field]


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


def asked(question: Question, context: Context, item: Item = None) -> Answers:
    """The answers of some rules about one subject, or about one item of the map that it is about."""
    vars(context)["guess"] = Guesses()  # as many for each question, whatever was asked before
    try:
        on = question.on
        instances: Sequence[Any]
        instances = on.of(context) if item is None or on.of_item is None else on.of_item(context, item[0])
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
