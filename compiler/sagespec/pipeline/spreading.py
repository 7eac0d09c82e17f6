"""Spreads the files of a run over processes: what comes of it is what one process would give, in the same order."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sagespec.pipeline.compiler import STDIN, Compiler
from sagespec.pipeline.results import Result

T = TypeVar("T")

FIRST = 8
"""Files that are done before others help: what they have in common is known then, and is not worked out twice."""
WORTH_IT = 32
"""So many more files at least repay the start of processes."""
MOST = 8
"""Processes: more would wait for the file system, and for the one that prints."""


def spread(compiler: Compiler, paths: Sequence[str], view: Callable[[Result], T]) -> Iterator[T]:
    """What `view` makes of each result of `compiler.run(paths)`; from a number of files on by several processes.

    What the compiler has noted of its files (`Compiler.survey`) is not whole then.

    Args:
        view: makes something small that can be pickled; it may be called in another process.

    Raises:
        Crashed: a process has failed.
    """
    files = compiler.files_of(paths)
    for found in islice(files, FIRST):
        yield from map(view, compiler.each(found))
    rest = list(files)
    count = processes() if len(rest) >= WORTH_IT and STDIN not in paths else 1
    if count > 1:
        from sagespec.pipeline.workers import work  # few runs have so many files

        yield from work(compiler, rest, view, count)
    else:
        for found in rest:
            yield from map(view, compiler.each(found))
    yield from map(view, compiler.together())


def processes() -> int:
    """How many may work at once: one for each processor that is there for us."""
    threads = sys.modules.get("threading")
    if not hasattr(os, "fork") or (threads is not None and threads.active_count() > 1):
        return 1  # a thread holds locks that nobody would give back in a fork
    return min(MOST, processors())


def processors() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
