"""States of jobs, and how they ended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sagespec.planner import Seen
from sagespec.show.diagnostics import printable
from sagespec.show.style import Style


def _colour(seen: Seen, style: Style) -> str:
    colours = {"Completed": style.green, "Failed": style.red, "Stopped": style.yellow, "InProgress": style.cyan}
    return colours.get(seen.status, style.bold)(seen.status)


def state_line(seen: Seen, style: Style) -> str:
    secondary = f" ({seen.secondary})" if seen.secondary and seen.secondary != seen.status else ""
    return f"{style.bold(seen.job_name)}  {_colour(seen, style)}{secondary}"


def ended_text(seen: Seen, artifact: str | None, style: Style) -> Iterator[str]:
    """What a job that has ended leaves behind."""
    if seen.failure:
        for line in printable(seen.failure.replace("\n", "\0")).replace("�", "\n").splitlines():
            yield f"  {line}"
    if artifact:
        yield f"  model: {artifact}"


def status_text(found: Sequence[Seen], style: Style) -> Iterator[str]:
    for seen in found:
        yield state_line(seen, style)
        yield from ended_text(seen, None, style)


def status_json(found: Sequence[Seen]) -> str:
    jobs = [
        {
            "job_name": seen.job_name,
            "name": seen.name,
            "status": seen.status,
            "secondary_status": seen.secondary,
            "attempt": seen.attempt,
            "digest": seen.digest,
            "failure_reason": seen.failure or None,
        }
        for seen in found
    ]
    return json.dumps({"version": 1, "jobs": jobs}, indent=2)
