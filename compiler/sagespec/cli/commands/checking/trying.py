"""The command that tries metric definitions on a log."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands.checking import MetricsArguments
from sagespec.cli.runs import compiler_of
from sagespec.cli.services import jobs_of
from sagespec.cli.terminal import print_error, print_files_read, print_result, print_status
from sagespec.deploying.services import START
from sagespec.kinds.lifecycle import Nature
from sagespec.kinds.training_job.metric_trial import tried
from sagespec.reporting.metrics import FORMATS
from sagespec.reporting.terminal.style import style_of


def metrics(given: MetricsArguments) -> Code:
    definitions = list(definitions_of(given))
    trial = tried(definitions, lines_of(given))
    if not definitions:
        print_error(f"{given.manifest} has no metric_definitions", "numbers that could be metrics are listed below")
    print_result(FORMATS[given.format](trial, style_of(sys.stdout)))
    return Code.FINE if definitions and all(tally.useful for tally in trial.tallies) else Code.WRONG_MANIFEST


def definitions_of(given: MetricsArguments) -> Iterator[tuple[str, str]]:
    """(name, pattern) of each metric of the manifest's jobs, each once. Whatever else is wrong with them is reported,
    and does not matter here."""
    from sagespec.base.diagnostic import limited
    from sagespec.reporting.findings.diagnostics import block

    found: dict[tuple[str, str], None] = {}
    for result in print_files_read(compiler_of(given, build=False, every_environment=False).run([given.manifest])):
        about = [each for each in result.diagnostics if result.rendered is None or each.field[:1] == FIELD]
        for diagnostic in limited(about):
            for line in block(diagnostic, style_of(sys.stderr)):
                print_status(line, always=True)
        written = result.rendered.data.get(*FIELD) if result.rendered is not None else None
        for one in written if isinstance(written, list) else ():
            pair = (one.get("name"), one.get("regex")) if isinstance(one, dict) else (None, None)
            if isinstance(pair[0], str) and isinstance(pair[1], str):
                found[pair[0], pair[1]] = None
    return iter(found)


FIELD = ("metric_definitions",)


def lines_of(given: MetricsArguments) -> Iterable[str]:
    """The lines of a file, of standard input, or of the log of a job."""
    if given.log == "-":
        return (line.rstrip("\r\n") for line in sys.stdin)
    if given.log is not None and (Path(given.log).is_file() or re.search(r"[^A-Za-z0-9-]", given.log)):  # no job's name
        try:
            return Path(given.log).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            hint = "give a file, - for standard input, or a job's name"
            raise WrongUsage(f"{given.log} cannot be read: {error.strerror}", hint) from error
    jobs = jobs_of([given.log or given.manifest], given, local=given.local, region=given.region, only=Nature.RUNS)
    return (line.text for job in jobs for line in job.service.logs(job.name, START)[0])
