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
    """Sets how much is printed beside results, for this run."""
    global _verbosity
    _verbosity = level


def is_quiet() -> bool:
    return _verbosity is Verbosity.QUIET


def print_result(text: str) -> None:
    """A line of the result, to standard output."""
    sys.stdout.write(text + "\n")


def print_status(text: str, *, always: bool = False) -> None:
    """A line beside the result, to standard error: progress, for example.

    Args:
        always: it is printed however quiet one wants it, as errors and questions are.
    """
    if always or not is_quiet():
        sys.stderr.write(text + "\n")


def print_error(message: str, hint: str = "") -> None:
    """What went wrong, and what to do about it."""
    from sagespec.reporting.findings.diagnostics import printable

    style = style_of(sys.stderr)
    first, *more = message.splitlines() or [""]
    print_status(f"{style.red('error')}: {printable(first)}", always=True)
    for line in more:
        print_status(f"  {printable(line)}", always=True)
    if hint:
        print_status(f" {style.dim('=')} {style.bold('help')}: {printable(hint)}", always=True)


def print_notice(message: str, hint: str = "") -> None:
    """Something that could not be had, and that nothing depends on."""
    from sagespec.reporting.findings.diagnostics import printable

    print_status(printable(f"{message}; {hint}" if hint else message), always=True)


def confirm(question: str) -> bool:
    """Asks; without anyone to ask, nothing is done."""
    if not sys.stdin.isatty():
        print_error("this needs a confirmation, and nobody is there to answer", "add --yes")
        return False
    print_status(f"{question} [y/N] ", always=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def print_files_read(results: Iterable[ResultT]) -> Iterator[ResultT]:
    """Passes the results on; with --verbose, prints which files were read for each."""
    for result in results:
        if _verbosity is Verbosity.VERBOSE and result.files:
            print_status(f"{result.name}: {', then '.join(result.files)}")
        yield result
