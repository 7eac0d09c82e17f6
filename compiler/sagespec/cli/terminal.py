"""Results to standard output, everything else to standard error, as loud as one wants it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from sagespec.reporting.terminal.style import style_of

if TYPE_CHECKING:
    from sagespec.pipeline.results import Result, ResultSummary


ResultT = TypeVar("ResultT", bound="Result | ResultSummary")


class Verbosity(Enum):
    QUIET = 0
    USUAL = 1
    VERBOSE = 2


_verbosity = Verbosity.USUAL


def set_verbosity(level: Verbosity) -> None:
    """Sets how much is told beside results, for this run."""
    global _verbosity
    _verbosity = level


def is_quiet() -> bool:
    return _verbosity is Verbosity.QUIET


def say(text: str) -> None:
    """A result."""
    sys.stdout.write(text + "\n")


def tell(text: str, *, always: bool = False) -> None:
    """Progress, or a remark; what goes wrong, and what is asked, is told however quiet one wants it."""
    if always or not is_quiet():
        sys.stderr.write(text + "\n")


def complain(message: str, hint: str = "") -> None:
    from sagespec.reporting.findings.diagnostics import printable

    style = style_of(sys.stderr)
    first, *more = message.splitlines() or [""]
    tell(f"{style.red('error')}: {printable(first)}", always=True)
    for line in more:
        tell(f"  {printable(line)}", always=True)
    if hint:
        tell(f" {style.dim('=')} {style.bold('help')}: {printable(hint)}", always=True)


def remark(message: str, hint: str = "") -> None:
    """Something that could not be had, and that nothing depends on."""
    from sagespec.reporting.findings.diagnostics import printable

    tell(printable(f"{message}; {hint}" if hint else message), always=True)


def agreed(question: str) -> bool:
    """Asks; without anyone to ask, nothing is done."""
    if not sys.stdin.isatty():
        complain("this asks first, and nobody is there to answer", "add --yes")
        return False
    tell(f"{question} [y/N] ", always=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def heard(results: Iterable[ResultT]) -> Iterator[ResultT]:
    """The results; with --verbose, what was read for each."""
    for result in results:
        if _verbosity is Verbosity.VERBOSE and result.files:
            tell(f"{result.name}: {', then '.join(result.files)}")
        yield result
