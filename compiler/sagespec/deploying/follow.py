"""Follows jobs until they end: statuses and log lines as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sagespec.deploying.observed import Seen
from sagespec.deploying.services import START, Cursor, LogLine, Service


@dataclass(frozen=True)
class News:
    """Something new about one job: its state, or a line of its log."""

    job_name: str
    seen: Seen | None = None
    line: LogLine | None = None


def follow(
    service: Service,
    job_names: Sequence[str],
    *,
    logs: bool = True,
    poll: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[News]:
    """News of each job until all have ended; the last news of a job is its final state, after its last line.

    Args:
        poll: seconds between two looks; by default what the service finds polite.
    """
    if poll is None:
        poll = getattr(service, "poll_seconds", 1.0)
    late = logs and getattr(service, "late_logs", False)
    closing: set[str] = set()
    cursors: dict[str, Cursor] = dict.fromkeys(job_names, START)
    states: dict[str, tuple[str, str]] = {}
    running = list(job_names)
    while running:
        for job_name in list(running):
            seen = service.describe(job_name)  # before the log, so that the log is complete once the job has ended
            if logs:
                lines, cursors[job_name] = service.logs(job_name, cursors[job_name])
                yield from (News(job_name, line=line) for line in lines)
            if late and seen.ended and job_name not in closing:
                closing.add(job_name)  # its last lines, which say why it failed, may still be on their way
                continue
            if states.get(job_name) != (seen.status, seen.secondary):
                states[job_name] = (seen.status, seen.secondary)
                yield News(job_name, seen=seen)
            if seen.ended:
                running.remove(job_name)
        if running:
            sleep(poll)
