"""The states of the jobs that are followed: a table that moves on a terminal, and plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from sagespec.planner import Seen
from sagespec.show.status import state_line
from sagespec.show.style import style_of

if TYPE_CHECKING:
    from rich.table import Table

Watch = Callable[[Seen], None]
"""Takes the state of a job whenever it is another one."""


@contextmanager
def board_on(
    stream: IO[str], job_names: Sequence[str], *, now: Callable[[], float] = time.time, width: int | None = None
) -> Iterator[Watch]:
    """Shows states while jobs are followed.

    Args:
        stream: where to; colour and movement only on a terminal.
        now: seconds since 1970.
        width: columns, where the stream does not know.
    """
    style = style_of(stream)
    if not style.coloured:

        def plain(seen: Seen) -> None:
            stream.write(state_line(seen, style) + "\n")
            stream.flush()

        yield plain
        return

    from rich.console import Console
    from rich.live import Live

    states: dict[str, Seen] = {}
    console = Console(file=stream, force_terminal=True, width=width)

    def table() -> Table:
        return _table(job_names, states, now())

    # Log lines are drawn above the table, but only where they go to a terminal, too.
    with Live(
        console=console,
        get_renderable=table,
        refresh_per_second=2,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        redirect_stderr=stream is sys.stderr,
    ):
        yield lambda seen: states.update({seen.job_name: seen})


def _table(job_names: Sequence[str], states: dict[str, Seen], now: float) -> Table:
    from rich.table import Table
    from rich.text import Text

    colours = {"Completed": "green", "Failed": "red", "Stopped": "yellow", "InProgress": "cyan"}
    table = Table.grid(padding=(0, 2))
    for job_name in job_names:
        seen = states.get(job_name)
        if seen is None:
            table.add_row(Text(job_name, "bold"), Text("…"), Text(""))
            continue
        status = Text(seen.secondary or seen.status, colours.get(seen.status, ""))
        table.add_row(Text(job_name, "bold"), status, Text(elapsed(seen, now), "dim"))
    return table


def elapsed(seen: Seen, now: float) -> str:
    """`1:02:03` since the job was created; empty once it has ended."""
    if seen.ended or not seen.created:
        return ""
    seconds = max(0, int(now - seen.created))
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
