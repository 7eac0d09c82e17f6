"""What `validate` and `compile` do, whoever has read their words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.runs import NO_MANIFEST, accepted, compiler_of, is_refused
from sagespec.cli.terminal import complain, heard, say, tell
from sagespec.reporting.style import style_of

if TYPE_CHECKING:
    from pathlib import Path

    from sagespec.pipeline import Compiler, Result


def validate(
    paths: Sequence[str],
    format_: str = "text",
    *,
    fix: bool = False,
    strict: bool = False,
    allow: Sequence[str] | None = None,
    env: str | None = None,
    set_: Sequence[str] | None = None,
) -> Code:
    from sagespec.reporting.diagnostics import FORMATS, summary
    from sagespec.reporting.report import Report

    def compiler() -> Compiler:
        return compiler_of(env, set_, allow, build=False)

    results = iter(heard(repaired(compiler, paths) if fix else compiler().run(paths)))
    first = next(results, None)
    if first is None:
        complain("there is no manifest here", NO_MANIFEST)
        return Code.WRONG_USAGE
    report = Report(chain([first], results))
    stream = sys.stderr if fix and "-" in paths else sys.stdout
    for line in FORMATS[format_](report, style_of(stream)):
        stream.write(line + "\n")
    if format_ == "text":
        tell(summary(report))
    return Code.WRONG_MANIFEST if report.errors or (strict and report.warnings) else Code.FINE


def compile_(
    paths: Sequence[str],
    *,
    out: Path | None = None,
    jsonl: bool = False,
    target: str = "sagemaker",
    local: bool = False,
    allow: Sequence[str] | None = None,
    env: str | None = None,
    set_: Sequence[str] | None = None,
) -> int:
    from sagespec.reporting.export import fitting, line_of, needed, text_of, write_all

    results = fitting(compiler_of(env, set_, allow, build=True, local=local).run(paths), target)
    if jsonl:
        refused = False
        for result in results:
            refused = refused or is_refused(result)
            if result.name is not None or is_refused(result):
                say(line_of(result, target))
        return Code.WRONG_MANIFEST if refused else Code.FINE
    requests, code = accepted(results)
    if code:
        return code
    if out is None and len(requests) != 1:
        complain(f"these paths hold {len(requests)} jobs", "give one manifest, or --jsonl, or --out DIR")
        return Code.WRONG_USAGE
    if out is not None:
        for written in write_all(requests, target, out):
            say(str(written))
    else:
        say(text_of(requests[0], target).removesuffix("\n"))
    if target != "sagemaker":
        for line in needed(requests, out):
            tell(f"first: {line}")
    return Code.FINE


def repaired(make: Callable[[], Compiler], paths: Sequence[str]) -> Iterable[Result]:
    """What is left after `--fix`; what was cured is told."""
    from sagespec.base.diagnostic import MOST
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
    for finding in made.cured[:MOST]:
        tell(cure_line(finding))
    if len(made.cured) > MOST:
        tell(f"and {len(made.cured) - MOST:,} more")
    for reason in made.refused:
        complain(reason)
    if made.cured:
        tell(f"{counted(len(made.cured), 'mistake')} fixed")
    return made.results
