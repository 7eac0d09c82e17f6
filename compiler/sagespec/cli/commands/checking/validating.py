"""validate: everything that is wrong with manifests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from sagespec.base.diagnostic import MOST
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands.checking import ValidateArguments
from sagespec.cli.runs import compiler_of, nothing_here
from sagespec.cli.terminal import print_error, print_files_read, print_status
from sagespec.reporting.findings.diagnostics import FORMATS, counted, cure_line, summary
from sagespec.reporting.findings.report import Report
from sagespec.reporting.terminal.style import style_of

if TYPE_CHECKING:
    from sagespec.pipeline import Compiler
    from sagespec.pipeline.results import ResultSummary


def validate(given: ValidateArguments) -> Code:
    results = print_files_read(repaired(given) if given.fix else judged(given))
    first = next(results, None)
    if first is None:
        return nothing_here(given)
    report = Report(chain([first], results))
    stream = sys.stderr if given.fix and "-" in given.paths else sys.stdout
    for line in FORMATS[given.format](report, style_of(stream)):
        stream.write(line + "\n")
    if given.job and not report.manifests and not report.errors:  # nothing but defaults was looked at
        return nothing_here(given)
    if given.format == "text":
        print_status(summary(report))
    return Code.WRONG_MANIFEST if report.errors or (given.strict and report.warnings) else Code.FINE


def judged(given: ValidateArguments) -> Iterator[ResultSummary]:
    from sagespec.pipeline.results import Result
    from sagespec.pipeline.spreading import spread

    return spread(compiler_of(given, build=False), given.paths, Result.summary)


def repaired(given: ValidateArguments) -> Iterator[ResultSummary]:
    """What is left after `--fix`; what was fixed is reported."""
    from sagespec.reading.fixes import repair, repair_text  # few runs fix anything

    def make() -> Compiler:
        return compiler_of(given, build=False)

    paths = given.paths
    if "-" in paths and len(paths) > 1:
        raise WrongUsage("--fix takes standard input alone, or files")
    if paths == ["-"]:
        made = repair_text(make, sys.stdin.buffer)
        sys.stdout.flush()
        sys.stdout.buffer.write(made.content)
    else:
        made = repair(make, paths)
    for finding in made.cured[:MOST]:
        print_status(cure_line(finding))
    if len(made.cured) > MOST:
        print_status(f"and {len(made.cured) - MOST:,} more")
    for reason in made.refused:
        print_error(reason)
    if made.cured:
        print_status(f"{counted(len(made.cured), 'mistake')} fixed")
    yield from (result.summary() for result in made.results)
