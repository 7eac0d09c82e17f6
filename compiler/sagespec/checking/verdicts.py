"""Asks the rules: once for each instance of its subject, and of many manifests once for what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Guesses
from sagespec.checking.context import INPUTS, Context
from sagespec.checking.rule import Question, Rule, RuleSet
from sagespec.reading.part import Unknown

Answers: TypeAlias = "tuple[tuple[Rule, Finding], ...]"
"""What the rules about one subject have found."""

MOST = 256
"""So many answers of each question are kept at most."""
TRIALS = 32
"""After so many manifests it shows whether a question is often asked about equal values."""


class Memory:
    """What a question was answered, by all that any of its answers has been made of."""

    __slots__ = ("answers", "asked", "found", "reads")

    def __init__(self) -> None:
        self.reads: tuple[str, ...] = ()
        """Fields and inputs, in the words of `Watch`."""
        self.answers: dict[tuple[object, ...], Answers] = {}
        self.asked = 0
        self.found = 0
        """How often the answer was known."""

    @property
    def pays(self) -> bool:
        return self.asked < TRIALS or 3 * self.found > self.asked

    def keep(self, read: set[str], value_of: Callable[[str], object], answers: Answers) -> None:
        reads = tuple(sorted(read.union(self.reads)))
        if reads != self.reads or len(self.answers) >= MOST:
            self.reads = reads
            self.answers.clear()
        self.answers[tuple(map(value_of, reads))] = answers


class Verdicts:
    """What has been said in one run. A rule decides by nothing but what it is shown, and it is noted what of that it
    reads: where this is equal in two manifests, so is the answer."""

    def __init__(self) -> None:
        self._memories: dict[tuple[int, Any], list[Memory]] = {}

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
        value_of = _values(context, data).get
        memories = self._memories.setdefault((id(rules), context.facts), [Memory() for _ in rules.subjects])
        found: list[tuple[Rule, Finding]] = []
        watched: Context | None = None
        for question in questions:
            memory = memories[question.number]
            memory.asked += 1
            answers: Answers | None
            if not memory.pays:
                answers = asked(question, context)
            elif (answers := memory.answers.get(tuple(map(value_of, memory.reads)))) is not None:
                memory.found += 1
            else:
                watched = watched or context.watched()
                answers = _learned(memory, question, watched, value_of)
            found += answers
        if watched is not None:
            _share(context, watched)
        return found


def _values(context: Context, data: Mapping[str, Any]) -> dict[str, object]:
    """What two manifests must agree in to be equal, by the words of `Watch`."""
    values: dict[str, object] = {name: repr(value) for name, value in data.items()}
    for name in INPUTS:
        values[f"@{name}"] = getattr(context, name)
    return values


def _learned(memory: Memory, question: Question, watched: Context, value_of: Callable[[str], object]) -> Answers:
    watch = watched.watch
    assert watch is not None
    watch.read = set()
    answers = asked(question, watched)
    memory.keep(watch.read, value_of, answers)
    return answers


def _share(context: Context, watched: Context) -> None:
    for name in context.shared:
        value = watched.watch and watched.watch.known(watched, name)
        if value is not None:
            vars(context)[name] = value


def asked(question: Question, context: Context) -> Answers:
    """The answers of all rules about one subject."""
    found: list[tuple[Rule, Finding]] = []
    vars(context)["guess"] = Guesses()  # of each question as many, whatever was asked before
    try:
        instances: Sequence[Any] = question.instances(context)
    except Unknown:
        return ()
    for instance in instances:
        for rule, check in question.rules:
            try:
                answer = check(instance, context)
                if answer is None:
                    continue
                for one in (answer,) if isinstance(answer, Finding) else answer:
                    found.append((rule, one))  # what is said before a value is missed counts
            except Unknown:
                continue
    return tuple(found)
