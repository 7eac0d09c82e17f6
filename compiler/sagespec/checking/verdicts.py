"""Asks the rules: once for each instance of its subject, and of many manifests once for what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
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

MOST = 256
"""So many answers of each question are kept at most."""
TRIALS = 48
"""After so many manifests it shows whether a question is often asked about equal values."""


class Memory:
    """What a question was answered, by all that any of its answers has been made of."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.parts: list[Memory] | None = None
        """Rule by rule, where the rules together depend on too much."""
        self.idle = False
        """Its rule depends on what differs in nearly every manifest."""
        self._reads: tuple[str, ...] = ()
        self._answers: dict[tuple[object, ...], Answers] = {}
        self._asked = 0
        self._known = 0

    def known(self, value_of: ValueOf) -> Answers | None:
        """What was answered where all of this was equal."""
        self._asked += 1
        answers = self._answers.get(tuple(map(value_of, self._reads)))
        self._known += answers is not None
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
        if self._asked == TRIALS and 2 * self._known < TRIALS:
            self._give_up()
        return answers

    def _give_up(self) -> None:
        self._answers.clear()
        if self.question.rules[1:]:
            self.parts = [Memory(self.question._replace(rules=(each,))) for each in self.question.rules]
        else:
            self.idle = True


class Verdicts:
    """What has been said in one run. A rule decides by nothing but what it is shown, and it is noted what of that it
    reads: where this is equal in two manifests, so is the answer."""

    def __init__(self) -> None:
        self._memories: dict[object, list[Memory]] = {}

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
            memories = self._memories[key] = [Memory(question) for question in rules.subjects.values()]
        return _Asking(context, data).all(memories[question.number] for question in questions)


class _Asking:
    """One manifest that is judged."""

    def __init__(self, context: Context, data: Mapping[str, Any]) -> None:
        values: dict[str, object] = {name: repr(value) for name, value in data.items()}
        values[WRITTEN] = context.written
        for name in INPUTS:
            values[f"@{name}"] = getattr(context, name)
        self._value_of = values.get
        self._context = context
        self._watched: Context | None = None

    def all(self, memories: Iterable[Memory]) -> list[tuple[Rule, Finding]]:
        found: list[tuple[Rule, Finding]] = []
        for memory in memories:
            found += self._answers(memory)
        if self._watched is not None:
            self._share(self._watched)
        return found

    def _answers(self, memory: Memory) -> Answers:
        if memory.parts is not None:
            said = [self._answers(part) for part in memory.parts]
            if any(part.idle for part in memory.parts):
                memory.parts = list(_joined(memory.parts))
            return tuple(answer for answers in said for answer in answers)
        if memory.idle:
            return asked(memory.question, self._context)
        answers = memory.known(self._value_of)
        if answers is None:
            self._watched = self._watched or self._context.watched()
            answers = memory.learn(self._value_of, self._watched)
        return answers

    def _share(self, watched: Context) -> None:
        for name in watched.shared:
            value = watched.watch and watched.watch.known(watched, name)
            if value is not None:
                vars(self._context)[name] = value


def _joined(parts: Iterable[Memory]) -> Iterable[Memory]:
    """Neighbours that remember nothing as one: so they are asked about the same instances."""
    for idle, group in groupby(parts, key=lambda part: part.idle):
        same = list(group)
        if not idle or not same[1:]:
            yield from same
            continue
        joined = Memory(same[0].question._replace(rules=tuple(rule for part in same for rule in part.question.rules)))
        joined.idle = True
        yield joined


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
