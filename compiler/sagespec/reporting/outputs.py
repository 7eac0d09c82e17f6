"""What apply hands on to the next step: a JSON file, and GitHub's own files where CI has set them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sagespec.base.files import write_whole
from sagespec.deploying.applier import Outcome
from sagespec.deploying.ending import Ending
from sagespec.reporting.markdown import endings_markdown
from sagespec.reporting.plan import outcome_data
from sagespec.reporting.status import ending_data

KEYS = ("job_name", "action", "status", "artifact", "billable_seconds", "spot_saving", "log", "failure_reason")
"""What GitHub's next step can use of a lone job; `jobs` holds all of every job, as JSON."""


def write_outputs(
    outcomes: Sequence[Outcome], endings: Sequence[Ending], file: Path | None, environ: Mapping[str, str]
) -> None:
    """Writes every output that is wanted.

    Args:
        endings: of the jobs that were followed.
        file: `--outputs`; it is written whole or not at all.
        environ: with GITHUB_OUTPUT and GITHUB_STEP_SUMMARY where CI has set them.

    Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    jobs = rows(outcomes, endings)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps({"version": 1, "jobs": jobs}, indent=2) + "\n")
    if environ.get("GITHUB_OUTPUT"):
        with Path(environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as out:
            out.writelines(github_lines(jobs))
    if environ.get("GITHUB_STEP_SUMMARY") and endings:
        with Path(environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as out:
            out.write(endings_markdown(endings))


def rows(outcomes: Sequence[Outcome], endings: Sequence[Ending]) -> list[dict[str, Any]]:
    """One map a job: what was done, and how the job ended if it was followed."""
    ended = {ending.job_name: ending_data(ending) for ending in endings}
    kept = ("manifest", "name", "job_name", "action", "reason", "done", "error")
    found = []
    for outcome in outcomes:
        done = {name: value for name, value in outcome_data(outcome).items() if name in kept}
        found.append({**done, **ended.get(outcome.job_name, {}), "name": outcome.change.name})
    return found


def github_lines(jobs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Lines of GITHUB_OUTPUT: a lone job's own values, and all of them as JSON."""
    if len(jobs) == 1:
        for key in KEYS:
            yield from _line(key, jobs[0].get(key))
        yield from _line("metrics", json.dumps(jobs[0].get("metrics", {})))
    yield from _line("jobs", json.dumps(jobs))


def _line(key: str, value: Any) -> Iterator[str]:
    text = "" if value is None else str(value)
    if "\n" not in text and "\r" not in text:
        yield f"{key}={text}\n"
        return
    mark = f"sagespec-{uuid.uuid4()}"  # nobody's text can end the value before its end
    yield f"{key}<<{mark}\n{text}\n{mark}\n"
