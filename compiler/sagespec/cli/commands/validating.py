"""validate: everything that is wrong with manifests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from sagespec.base.diagnostic import MOST
from sagespec.cli.arguments.table import ValidateArguments
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.runs import compiler_of, nothing_here
from sagespec.cli.terminal import complain, heard, tell
from sagespec.reporting.findings.diagnostics import FORMATS, counted, cure_line, summary
from sagespec.reporting.findings.report import Report
from sagespec.reporting.terminal.style import style_of

if TYPE_CHECKING:
    from sagespec.pipeline import Compiler, Result


def validate(given: ValidateArguments) -> Code:
    def compiler() -> Compiler:
        return compiler_of(given, build=False)

    results = iter(heard(repaired(compiler, given.paths) if given.fix else compiler().run(given.paths)))
    first = next(results, None)
    if first is None:
        return nothing_here(given)
    report = Report(chain([first], results))
    stream = sys.stderr if given.fix and "-" in given.paths else sys.stdout
    for line in FORMATS[given.format](report, style_of(stream)):
        stream.write(line + "\n")
    if given.format == "text":
        tell(summary(report))
    return Code.WRONG_MANIFEST if report.errors or (given.strict and report.warnings) else Code.FINE


def repaired(make: Callable[[], Compiler], paths: Sequence[str]) -> Iterable[Result]:
    """What is left after `--fix`; what was cured is told."""
    from sagespec.reading.fixes import repair, repair_text  # few runs fix anything

    if "-" in paths and len(paths) > 1:
        raise WrongUsage("--fix takes standard input alone, or files")
    if paths == ["-"]:
        made = repair_text(make, sys.stdin.buffer)
        sys.stdout.flush()
        sys.stdout.buffer.write(made.content)
    else:
        made = repair(make, paths)
    for finding in made.cured[:MOST]:
        tell(cure_line(finding))
    if len(made.cured) > MOST:
        tell(f"and {len(made.cured) - MOST:,} more")
    for reason in made.refused:
        complain(reason)
    if made.cured:
        tell(f"{counted(len(made.cured), 'mistake')} fixed")
    return made.results
