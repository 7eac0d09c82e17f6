"""Comments `# sagespec: allow RULE`: what they silence, and which of them silence nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from sagespec.base.diagnostic import MOST, Diagnostic, Severity, in_order
from sagespec.base.named import NamedTuple
from sagespec.base.source import Place, Source
from sagespec.checking.page import Page
from sagespec.reading.syntax.reader import comments

_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_ALLOW = rf"(?:^|(?<=\s))#\s*sagespec:\s*allow\s+(?P<rules>{_NAME}(?:(?:\s*,\s*|\s+){_NAME})*)"

Comments: TypeAlias = Callable[[Source], Iterable[tuple[int, str]]]
"""Where each comment of a text begins, and what it says, in the language that the text is written in."""


class Glossary(NamedTuple):
    """What findings can be called."""

    pages: Callable[[], Mapping[str, Page]]
    """Name → page. Asked for only when something must be said of a name: it takes time to import."""
    suggestion: Callable[[str], str]
    """What to say to someone who has typed a name that is not one."""
    current: Callable[[str], str]
    """What a name of any time is called today."""


class Allowance(NamedTuple):
    """One rule's name in a comment `# sagespec: allow RULE, RULE`."""

    place: Place
    rule: str
    """As it is called today."""
    next_line: int
    """The next line that is more than a comment: with its own line, what the allowance is about."""


class Allowances:
    """The allowances of one run: each silences the warnings and notes of its rule on its line and the next."""

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary
        self._by_line: dict[tuple[Source, int, str], list[Allowance]] = {}
        self._used: dict[Allowance, bool] = {}
        self._read: set[str] = set()

    def read(self, source: Source, comments: Comments = comments) -> None:
        """Takes note of a text's comments, once."""
        if "sagespec:" not in source.text or source.name in self._read:
            return
        self._read.add(source.name)
        for allowance in self._allowances(source, comments):
            self._used.setdefault(allowance, False)
            for line in (allowance.place.span.line, allowance.next_line):
                self._by_line.setdefault((source, line, allowance.rule), []).append(allowance)

    def kept(self, diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """What no comment silences. An error cannot be silenced so: it needs `--allow`."""
        if not self._by_line:
            return in_order(diagnostics)
        return in_order(diagnostic for diagnostic in diagnostics if not self._silenced(diagnostic))

    def _silenced(self, diagnostic: Diagnostic) -> bool:
        if diagnostic.severity is Severity.ERROR:
            return False
        found = self._by_line.get((diagnostic.place.source, diagnostic.span.line, diagnostic.rule), ())
        self._used.update(dict.fromkeys(found, True))
        return bool(found)

    def unused(self, source: Source | None = None) -> tuple[Diagnostic, ...]:
        """A warning for each allowance (of one source) that has silenced nothing; they are forgotten then."""
        if not self._used:
            return ()
        about = [allowance for allowance in self._used if source is None or allowance.place.source == source]
        left = [allowance for allowance in about if not self._used.pop(allowance)]
        found = [self._unused(allowance) for allowance in left[:MOST]]
        if len(left) > MOST:
            found[-1] = found[-1]._replace(stands_for=len(left) - MOST + 1)
        return in_order(found)

    def open(self) -> tuple[tuple[Allowance, bool], ...]:
        """Each that may still silence something, and whether it has."""
        return tuple(self._used.items())

    def take(self, others: Iterable[tuple[Allowance, bool]]) -> None:
        """Those that were read, and used, elsewhere in the same run."""
        for allowance, used in others:
            self._used[allowance] = used or self._used.get(allowance, False)

    def _allowances(self, source: Source, comments: Comments) -> Iterator[Allowance]:
        following = _next_lines(source)
        for start, text in comments(source):
            found = re.search(_ALLOW, text)
            if found is None:
                continue
            for name in re.finditer(_NAME, found["rules"]):
                at = start + found.start("rules") + name.start()
                span = source.span(at, at + len(name[0]))
                rule = self._glossary.current(name[0])
                yield Allowance(Place(source, span), rule, following[span.line - 1])

    def _unused(self, allowance: Allowance) -> Diagnostic:
        name, rule = allowance.rule, "unused-allowance"
        page = self._glossary.pages().get(name)
        if page is None:
            rule, message, hint = "unknown-allowance", f"there is no rule '{name}'", self._glossary.suggestion(name)
        elif page.severity is Severity.ERROR:
            message = f"'{name}' is an error, and a comment silences warnings only"
            hint = f"cure it; where that cannot be, run with --allow {name}"
        else:
            message, hint = f"this allowance of '{name}' silences nothing on its line or the next", "leave it out"
        return Diagnostic(allowance.place, Severity.WARNING, rule, message, hint)


def _next_lines(source: Source) -> list[int]:
    """For each line, the number of the next one that is more than a comment."""
    following = [0] * len(source.lines)
    after = len(source.lines) + 1
    for number in range(len(source.lines), 0, -1):
        following[number - 1] = after
        if not source.lines[number - 1].lstrip().startswith("#"):
            after = number
    return following
