"""Progress of long work: a moving line on a terminal, and plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from sagespec.deploying.services import Progress
from sagespec.reporting.terminal.style import style_of

MOST_BARS = 8
"""On a terminal: how many pieces of work are shown at a time; work goes side by side."""
QUIET_SECONDS = 10.0
"""Where there is no terminal: how long one piece of work goes on before it is reported again."""


@contextmanager
def progress_on(stream: IO[str]) -> Iterator[Progress]:
    """What apply calls while it works. (What is being done, how much of it is done, how much there is or 0)."""
    if style_of(stream).coloured:
        yield from _on_terminal(stream)
    else:
        yield _plain(stream)


def progress_lines(print_line: Callable[[str], None]) -> Progress:
    """What apply calls while it works beside jobs that are followed: each piece of work gets a line when it begins,
    and when it is finished."""
    printed: set[tuple[str, bool]] = set()
    lock = threading.Lock()

    def progress(what: str, done: int, total: int) -> None:
        finished = 0 < total <= done
        with lock:
            if (what, finished) not in printed:
                printed.add((what, finished))
                print_line(f"{what}{f' {done * 100 // total} %' if total else ''}")

    return progress


def _plain(stream: IO[str]) -> Progress:
    last: dict[str, float] = {}
    lock = threading.Lock()

    def progress(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        finished = 0 < total <= done
        with lock:
            if what not in last or now - last[what] >= QUIET_SECONDS or finished:
                last[what] = now
                stream.write(f"{what}{f' {done * 100 // total} %' if total else ''}\n")
                stream.flush()

    return progress


def _on_terminal(stream: IO[str]) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn())
    with Bars(*columns, console=Console(file=stream), transient=True) as bars:
        tasks: dict[str, TaskID] = {}
        lock = threading.Lock()

        def progress(what: str, done: int, total: int) -> None:
            with lock:
                if what not in tasks:
                    for oldest in list(tasks)[: max(0, len(tasks) - MOST_BARS + 1)]:
                        bars.remove_task(tasks.pop(oldest))
                    tasks[what] = bars.add_task(what, total=total or None)
                bars.update(tasks[what], completed=done, total=total or None)
                if 0 < total <= done:
                    bars.remove_task(tasks.pop(what))

        yield progress
