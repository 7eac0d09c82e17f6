"""A rule: what is wrong, how bad it is, what it is about, and the function that finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from types import ModuleType, SimpleNamespace
from typing import Any, TypeAlias

from sagespec.base.diagnostic import Finding, Severity
from sagespec.base.named import NamedTuple
from sagespec.checking.page import ERROR, NOTE, WARNING, Page
from sagespec.checking.row import Row, Rows, judged_by
from sagespec.checking.subject import S, Subject, Written, field

Findings: TypeAlias = "Iterable[Finding] | Finding | None"
"""What a rule's function gives: one finding, several (it is a generator), or nothing."""


Check: TypeAlias = Callable[[Any, Any], Findings]


class Rule(NamedTuple):
    """One mistake that can be found in a manifest of some kind."""

    page: Page
    on: Subject[Any, Any]
    check: Check
    """(instance of the subject, context) → findings."""
    rows: Rows = ()
    """What an editor's schema can say of it."""

    @property
    def name(self) -> str:
        return self.page.name

    @property
    def severity(self) -> Severity:
        return self.page.severity


def rule(
    severity: Severity, *, on: Subject[S, Any], source: str, rows: Rows = ()
) -> Callable[[Callable[[S, Any], Findings]], Rule]:
    """Makes a rule of a function; its name is the function's, and its page the docstring."""

    def made(check: Callable[[S, Any], Findings]) -> Rule:
        page = Page(check.__name__.replace("_", "-"), severity, source, check.__doc__ or "")
        return Rule(page, on, check, rows)

    return made


def refusal(
    name: str,
    severity: Severity,
    *rows: Row,
    source: str,
    page: str,
    on: Callable[..., Subject[Written, Any]] = field,
) -> Rule:
    """Makes a rule of rows of data. Where several apply to one field, the first is said.

    Args:
        on: makes the subject of the names of the rows' fields.
    """
    subject = on(*dict.fromkeys(row.field[0] for row in rows))
    return Rule(Page(name, severity, source, page), subject, judged_by(rows), rows)


class Question(NamedTuple):
    """The rules about one subject."""

    instances: Callable[[Any], Sequence[Any]]
    """The instances of the subject in a manifest."""
    shared: bool
    """They are `Shared` objects."""
    rules: tuple[tuple[Rule, Check], ...]


class RuleSet:
    """The rules of one kind, found by what they are about."""

    def __init__(self, families: Iterable[ModuleType | SimpleNamespace]) -> None:
        found = [each for family in families for each in vars(family).values() if isinstance(each, Rule)]
        self.by_name: dict[str, Rule] = {rule.name: rule for rule in found}
        """In the order of the families and of their files."""
        self.subjects: dict[Subject[Any, Any], Question] = {}
        """What to ask of each subject."""
        for rule in self.by_name.values():
            known = self.subjects.setdefault(rule.on, Question(rule.on.of, rule.on.shared, ()))
            self.subjects[rule.on] = known._replace(rules=(*known.rules, (rule, rule.check)))
        self._every = tuple(self.subjects.values())
        self._always = [number for number, on in enumerate(self.subjects) if not on.words]
        self._by_word: dict[str, list[int]] = {}
        for number, on in enumerate(self.subjects):
            for word in on.words:
                self._by_word.setdefault(word, []).append(number)
        self.questions = lru_cache(maxsize=1_024)(self._questions)
        """What to ask of a manifest in which this is written (`Context.written`)."""

    def _questions(self, written: frozenset[str]) -> tuple[Question, ...]:
        asked = set(self._always).union(*[self._by_word.get(word, ()) for word in written])
        return tuple([self._every[number] for number in sorted(asked)])


__all__ = ["ERROR", "NOTE", "WARNING", "Findings", "Rule", "RuleSet", "refusal", "rule"]

API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_"
GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
SDK1 = "sagemaker 1.16.3, "
SDK2 = "sagemaker 2.257.7, "
SDK_DOC = "https://sagemaker.readthedocs.io/en/stable/frameworks/tensorflow/using_tf.html"
LEGACY_DOC = "https://github.com/aws/sagemaker-python-sdk/blob/v1.16.3/src/sagemaker/tensorflow/README.rst"
TOOLKIT = "https://github.com/aws/sagemaker-training-toolkit"
