"""What apply hands on to the next step: a JSON file, and GitHub's own files where CI has set them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sagespec.base.files import write_whole
from sagespec.deploying.following.ledger import Entry
from sagespec.reporting.jsontext import json_text
from sagespec.reporting.plans.data import outcome_data
from sagespec.reporting.plans.markdown import endings_markdown
from sagespec.reporting.plans.status import ending_data

KEYS = ("job_name", "action", "status", "artifact", "billable_seconds", "spot_saving", "log", "failure_reason")
"""What GitHub's next step can use of a lone job; `jobs` holds all of every job, as JSON."""
BRIEF = ("name", "job_name", "action", "done", "status", "artifact")
"""What is left of a job in `jobs` where all of every job would be too much."""
LONGEST_OUTPUT = 400_000
"""Characters of GITHUB_OUTPUT: GitHub allows a job's outputs 1 MB, counted in UTF-16.

Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax (jobs.<job_id>.outputs)
"""
LONGEST_SUMMARY = 900_000
"""Bytes of a step's summary, of which GitHub shows nothing above 1 MiB."""


def write_outputs(entries: Sequence[Entry], file: Path | None, environ: Mapping[str, str]) -> list[str]:
    """Writes every output that is wanted, as far as each can be written.

    Args:
        file: `--outputs`; it is written whole or not at all.
        environ: with GITHUB_OUTPUT and GITHUB_STEP_SUMMARY where CI has set them.

    Returns:
        What could not be written, and why.

    Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    jobs = rows(entries)
    endings = [entry.ending for entry in entries if entry.ending is not None]
    output, summary = environ.get("GITHUB_OUTPUT"), environ.get("GITHUB_STEP_SUMMARY")
    wanted: list[tuple[Path, Callable[[Path], None]]] = []
    if file is not None:
        wanted.append((file, lambda path: _write(path, json_text({"version": 1, "jobs": jobs}) + "\n")))
    if output:
        wanted.append((Path(output), lambda path: _append(path, github_lines(jobs))))
    if summary and endings:
        wanted.append((Path(summary), lambda path: _append(path, [endings_markdown(endings, LONGEST_SUMMARY)])))
    return [problem for path, write in wanted if (problem := _problem(path, write))]


def _problem(path: Path, write: Callable[[Path], None]) -> str:
    try:
        write(path)
    except OSError as error:
        return f"{path} could not be written: {error.strerror or error}"
    return ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)


def _append(path: Path, lines: Iterable[str]) -> None:
    with path.open("a", encoding="utf-8") as out:
        out.writelines(lines)


def rows(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """One map a job: what was done, and how the job ended if it was followed."""
    kept = ("manifest", "name", "job_name", "action", "reason", "done", "error")
    found = []
    for entry in entries:
        done = {name: value for name, value in outcome_data(entry.outcome).items() if name in kept}
        ended = ending_data(entry.ending) if entry.ending is not None else {}
        found.append({**done, **ended, "name": entry.change.name})
    return found


def github_lines(jobs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Lines of GITHUB_OUTPUT: a lone job's own values, and all of them as JSON, as much as GitHub takes."""
    if len(jobs) == 1:
        for key in KEYS:
            yield from _line(key, jobs[0].get(key))
        yield from _line("metrics", json_text(jobs[0].get("metrics", {}), None))
    yield from _line("jobs", _bounded(jobs))


def _bounded(jobs: Sequence[Mapping[str, Any]]) -> str:
    """All of every job; if that is too much the chief members of every job; if that is, of as many as there is room."""
    whole = json_text(jobs, None)
    if len(whole) <= LONGEST_OUTPUT:
        return whole
    brief = [{name: job.get(name) for name in BRIEF} for job in jobs]
    room, length = LONGEST_OUTPUT - 2, 0
    for number, job in enumerate(brief):
        length += len(json_text(job, None)) + 2
        if length > room:
            return json_text(brief[:number], None)
    return json_text(brief, None)


def _line(key: str, value: Any) -> Iterator[str]:
    text = "" if value is None else str(value)
    if "\n" not in text and "\r" not in text:
        yield f"{key}={text}\n"
        return
    mark = f"sagespec-{uuid.uuid4()}"  # nobody's text can end the value before its end
    yield f"{key}<<{mark}\n{text}\n{mark}\n"
