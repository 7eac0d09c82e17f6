"""`validate` and `compile`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from sagespec.cli.arguments.table import CompileArguments, ValidateArguments
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.runs import NO_MANIFEST, accepted, compiler_of, is_refused
from sagespec.cli.terminal import complain, heard, say, tell
from sagespec.reporting.style import style_of

if TYPE_CHECKING:
    from sagespec.pipeline import Compiler, Result


def validate(given: ValidateArguments) -> Code:
    from sagespec.reporting.diagnostics import FORMATS, summary
    from sagespec.reporting.report import Report

    def compiler() -> Compiler:
        return compiler_of(given, build=False)

    results = iter(heard(repaired(compiler, given.paths) if given.fix else compiler().run(given.paths)))
    first = next(results, None)
    if first is None:
        complain("there is no manifest here", NO_MANIFEST)
        return Code.WRONG_USAGE
    report = Report(chain([first], results))
    stream = sys.stderr if given.fix and "-" in given.paths else sys.stdout
    for line in FORMATS[given.format](report, style_of(stream)):
        stream.write(line + "\n")
    if given.format == "text":
        tell(summary(report))
    return Code.WRONG_MANIFEST if report.errors or (given.strict and report.warnings) else Code.FINE


def compile_(given: CompileArguments) -> int:
    from sagespec.reporting.export import fitting, line_of, needed, text_of, write_all

    results = fitting(compiler_of(given, build=True, local=given.local).run(given.paths), given.target)
    if given.jsonl:
        refused = False
        for result in results:
            refused = refused or is_refused(result)
            if result.name is not None or is_refused(result):
                say(line_of(result, given.target))
        return Code.WRONG_MANIFEST if refused else Code.FINE
    requests, code = accepted(results)
    if code:
        return code
    if given.out is None and len(requests) != 1:
        complain(f"these paths hold {len(requests)} jobs", "give one manifest, or --jsonl, or --out DIR")
        return Code.WRONG_USAGE
    if given.out is not None:
        for written in write_all(requests, given.target, given.out):
            say(str(written))
    else:
        say(text_of(requests[0], given.target).removesuffix("\n"))
    if given.target != "sagemaker":
        for line in needed(requests, given.out):
            tell(f"first: {line}")
    return Code.FINE


def repaired(make: Callable[[], Compiler], paths: Sequence[str]) -> Iterable[Result]:
    """What is left after `--fix`; what was cured is told."""
    from sagespec.reading.fixes import repair, repair_text
    from sagespec.reporting.diagnostics import counted, cure_line

    if "-" in paths and len(paths) > 1:
        raise WrongUsage("--fix takes standard input alone, or files")
    if paths == ["-"]:
        made = repair_text(make, sys.stdin.buffer)
        sys.stdout.flush()
        sys.stdout.buffer.write(made.content)
    else:
        made = repair(make, paths)
    for finding in made.cured:
        tell(cure_line(finding))
    for reason in made.refused:
        complain(reason)
    if made.cured:
        tell(f"{counted(len(made.cured), 'mistake')} fixed")
    return made.results
