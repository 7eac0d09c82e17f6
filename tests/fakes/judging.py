"""Jobs of one run, as rules are shown them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conftest import SMALLEST
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.kinds.training_job.context import JobContext
from sagespec.pipeline import Compiler, Options


def judged(facts: Facts, folder: Path, *jobs: dict[str, Any]) -> tuple[list[JobContext], list[set[str]]]:
    """The contexts of some jobs of one run, and what is found in each."""
    compiler = Compiler(Options(build=False), facts)
    made = list[JobContext]()

    def context(*about: Any) -> JobContext:
        made.append(Compiler.context(compiler, *about))  # type: ignore[arg-type]
        return made[-1]

    compiler.context = context  # type: ignore[method-assign]
    sources = [
        Source(f"{n}.yaml", json.dumps({**SMALLEST, "name": f"job-{n}", **job}), folder) for n, job in enumerate(jobs)
    ]
    found = [result for source in sources for result in compiler.source(source)]
    return made, [{each.rule for each in result.diagnostics} for result in found]
