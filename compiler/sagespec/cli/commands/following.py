"""Jobs that are looked at while they run, and what is left of them when they have ended."""

from __future__ import annotations

import sys
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sagespec.cli.codes import Code, Ended
from sagespec.cli.terminal import complain, tell
from sagespec.deploying.ending import TAIL, ending_of
from sagespec.deploying.services import ServiceError
from sagespec.deploying.world import follow_all
from sagespec.reporting.board import board_on
from sagespec.reporting.diagnostics import printable
from sagespec.reporting.status import ended_text, state_line
from sagespec.reporting.style import style_of

if TYPE_CHECKING:
    from sagespec.deploying.ending import Ending
    from sagespec.deploying.planner import Seen
    from sagespec.deploying.services import Service


def print_news(jobs: Sequence[tuple[str, Service]]) -> list[Ending]:
    """Follows jobs: logs to standard output, states to standard error. How they have ended comes back."""
    style, services = style_of(sys.stderr), dict(jobs)
    tails: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=TAIL))
    endings = {}
    try:
        with board_on(sys.stderr, sys.stdout, list(services)) as board:
            for news in follow_all(jobs):
                if news.line is not None:
                    tails[news.job_name].append(news.line.text)
                    board.line(log_line(news.line, news.job_name if len(services) > 1 else ""))
                elif news.seen is not None:
                    board.state(news.seen)
                    if news.seen.ended:
                        tail = list(tails[news.job_name])
                        endings[news.job_name] = ending(services[news.job_name], news.seen, tail)
    except KeyboardInterrupt:
        tell(f"\nNo longer following; the jobs go on. To follow again: sagespec attach {' '.join(services)}")
        raise Ended(Code.INTERRUPTED) from None
    for found in endings.values():
        tell(state_line(found, style), always=not found.succeeded)
        for line in ended_text(found, style):
            tell(line, always=not found.succeeded)
    return list(endings.values())


def state_of(service: Service, job_name: str) -> Ending:
    """A job as it is; with the end of its log, where that may say why it failed."""
    seen = service.describe(job_name)
    lines = service.tail(job_name, TAIL) if seen.status == "Failed" else ()
    return ending(service, seen, [line.text for line in lines])


def ending(service: Service, seen: Seen, tail: Sequence[str] = ()) -> Ending:
    """What a job leaves behind, its model looked for where the service says that it lies."""
    try:
        artifact = service.artifact(seen.job_name) if seen.ended else None
    except ServiceError as error:
        complain(f"whether the model is there could not be seen: {error.message}", error.hint)
        artifact = ending_of(seen).promised
    return ending_of(seen, artifact, tail)


def log_line(line: Any, job_name: str) -> str:
    prefix = f"{job_name} {line.host} | " if job_name else f"{line.host} | " if line.host != "algo-1" else ""
    return prefix + printable(line.text)
