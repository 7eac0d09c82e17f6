"""What a metric definition catches in a line of a log: one reading, for rules, local jobs, trials and pictures."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import cache, lru_cache

from sagespec.base.named import NamedTuple

NUMBER = r"(?i:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?(?:nan|inf(?:inity)?))"
"""What is a number in a log. Python's own reading takes `1_000` as well, which no log means."""


class Caught(NamedTuple):
    """What a definition has caught once."""

    text: str
    """What its first group has matched."""
    value: float | None
    """As a number; None where the text is none."""
    whole: str
    """The number that stands there in the line: `1.5e-05` where the group has matched `1.5` of it."""
    start: int
    """Where the text begins in the line, from 0."""

    @property
    def cut(self) -> bool:
        """Whether the group has matched a part of a number only."""
        return self.value is not None and self.whole != self.text


class MetricPattern(NamedTuple):
    """A metric definition that can be searched for."""

    name: str
    pattern: re.Pattern[str]

    def caught(self, line: str) -> Iterator[Caught]:
        """Everything that the pattern finds in a line; nothing where it has no group."""
        if not self.pattern.groups:
            return
        number = _number()
        for found in self.pattern.finditer(line):
            text = found[1]
            if text is None:
                continue
            is_number = number.fullmatch(text.strip())
            whole = number.match(line, found.start(1))
            more = whole is not None and whole.end() > found.end(1)
            yield Caught(text, float(text) if is_number else None, whole[0] if more and whole else text, found.start(1))

    def values(self, line: str) -> Iterator[float]:
        """The numbers that the pattern finds in a line."""
        return (each.value for each in self.caught(line) if each.value is not None)


@cache
def _number() -> re.Pattern[str]:
    """Compiled when it is needed: most runs read no log."""
    return re.compile(NUMBER)


def pattern_of(name: str, regex: str) -> MetricPattern | None:
    """A definition as Python reads it; None where that cannot."""
    compiled = compiled_pattern(regex)
    return MetricPattern(name, compiled) if isinstance(compiled, re.Pattern) else None


BROKEN_ANYWHERE = ("unterminated", "unbalanced", "nothing to repeat", "bad character range", "missing )")
"""What is wrong in every dialect: the service's own is not documented, and takes things that Python does not."""


@lru_cache(maxsize=1_000)
def compiled_pattern(regex: str) -> re.Pattern[str] | str | None:
    """The pattern, or what is certainly wrong with it; None when it may be fine in another dialect."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", regex))
        except re.error as error:
            return str(error) if error.msg.startswith(BROKEN_ANYWHERE) else None
        except (OverflowError, RecursionError):
            return None


class Peculiar(NamedTuple):
    """Syntax that not every dialect of regular expressions reads in the same way."""

    syntax: str
    """A pattern that finds it."""
    says: str
    instead: str


_CLASS = r"\\p\{|\\P\{|\\h|&&"
PECULIAR = (
    Peculiar(r"\(\?P[<=>]", "(?P…) is Python's alone", "write a plain group: ( … )"),
    Peculiar(r"\(\?\(\w+\)", "(?(1)…) is unknown to many dialects", "write two definitions"),
    Peculiar(r"\\Z", r"\Z is the end of the line to some, and before its last break to others", "write $"),
    Peculiar(r"\(\?>|[*+?}]\+", "possessive quantifiers and (?>…) are unknown to many dialects", "write + or *"),
    Peculiar(_CLASS, r"\p{…}, \h and && are unknown to Python", "list the characters: [0-9.eE+-]"),
    Peculiar(r"\\Q", r"\Q…\E is unknown to Python", "put a backslash before each special character"),
)
"""Source: https://docs.python.org/3/library/re.html#regular-expression-syntax against
https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html and https://github.com/google/re2/wiki/Syntax.
"""


@lru_cache(maxsize=256)
def peculiar(regex: str) -> tuple[Peculiar, ...]:
    """What in a pattern another dialect may read otherwise: the service's is not documented."""
    bare = re.sub(r"\\\\", "", regex)
    return tuple(each for each in PECULIAR if re.search(each.syntax, bare))
