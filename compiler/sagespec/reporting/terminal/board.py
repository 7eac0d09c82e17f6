"""The states of the jobs that are followed: a table that moves on a terminal, and plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING

from sagespec.deploying.planning.observed import Observed
from sagespec.reporting.plans.status import state_line
from sagespec.reporting.terminal.style import style_of

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Board:
    """Where the news of jobs go."""

    state: Callable[[Observed], None]
    """Takes the state of a job whenever it is another one."""
    line: Callable[[str], None]
    """Takes a line of a log."""
    notice: Callable[[str], None]
    """Takes a line for whoever watches, which stands above the states."""


@contextmanager
def board_on(
    stream: IO[str],
    out: IO[str],
    job_names: Sequence[str],
    *,
    now: Callable[[], float] = time.time,
    width: int | None = None,
) -> Iterator[Board]:
    """Shows news while jobs are followed.

    Args:
        stream: where states go; colour and movement only on a terminal.
        out: where log lines go.
        now: seconds since 1970.
        width: columns, where the stream does not know.
    """
    plain = _plain_board(stream, out)
    if not style_of(stream).coloured:
        yield plain
        return

    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    states: dict[str, Observed] = {}
    console = Console(file=stream, force_terminal=True, width=width)

    def line_above(text: str) -> None:
        """Whole, however long it is: the terminal wraps it, and it can be copied as one."""
        console.print(Text(text), soft_wrap=True)

    def table() -> Table:
        return _table(job_names, states, now())

    line = line_above if out.isatty() else plain.line
    with Live(console=console, get_renderable=table, refresh_per_second=2, transient=True, redirect_stdout=False):
        above = partial(console.print, soft_wrap=True)
        yield Board(lambda seen: states.update({seen.job_name: seen}), line, lambda text: above(Text.from_ansi(text)))


def _plain_board(stream: IO[str], out: IO[str]) -> Board:
    """A line for each piece of news."""
    style = style_of(stream)

    def notice(text: str) -> None:
        out.flush()
        stream.write(text + "\n")
        stream.flush()

    def line(text: str) -> None:
        out.write(text + "\n")

    return Board(lambda seen: notice(state_line(seen, style)), line, notice)


def _table(job_names: Sequence[str], states: dict[str, Observed], now: float) -> Table:
    from rich.table import Table
    from rich.text import Text

    colours = {"Completed": "green", "Failed": "red", "Stopped": "yellow", "InProgress": "cyan", "InService": "green"}
    table = Table.grid(padding=(0, 2))
    for job_name in job_names:
        seen = states.get(job_name)
        if seen is None:
            table.add_row(Text(job_name, "bold"), Text("…"), Text(""))
            continue
        status = Text(seen.secondary or seen.status, colours.get(seen.status, ""))
        table.add_row(Text(job_name, "bold"), status, Text(elapsed(seen, now), "dim"))
    return table


def elapsed(seen: Observed, now: float) -> str:
    """`1:02:03` since the job was created; empty once it has ended."""
    if seen.ended or not seen.created:
        return ""
    seconds = max(0, int(now - seen.created))
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
