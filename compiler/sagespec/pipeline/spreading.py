"""Spreads the files of a run over processes: what comes of it is what one process would give, in the same order.

A worker does its files as if they were alone. What a file has to do with others is settled here: where one of its jobs
has what an earlier one has, the file is done once more, knowing that.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Generic, NamedTuple, NoReturn, TypeVar

from sagespec.checking.allowances import Allowance
from sagespec.checking.claims import Claims, Holder, Key
from sagespec.pipeline.compiler import STDIN, Compiler, FoundFile
from sagespec.pipeline.results import Result

if TYPE_CHECKING:
    from sagespec.building.pricing import Totals

T = TypeVar("T")

FIRST = 32
"""Files that are done before others help: what they have in common is known then, and is not worked out twice."""
WORTH_IT = 32
"""So many more files at least repay the start of a process."""
AT_ONCE = 8
"""Files that a worker does before it hands over what came of them."""
MOST = 8
"""Workers: more would wait for the file system, and for the one that prints."""


class Crashed(Exception):
    """A worker failed: it has met a bug of ours, or was killed."""


class Done(NamedTuple, Generic[T]):
    """What came of one file."""

    made: Sequence[T]
    holders: Mapping[Key, Holder]
    """What its jobs have to themselves."""
    totals: Totals | None
    """What they may cost."""


class Batch(NamedTuple, Generic[T]):
    """What a worker hands over."""

    done: Sequence[Done[T]]
    allowances: Sequence[tuple[Allowance, bool]]
    """Those of files that several manifests share, and whether they have silenced something."""
    crash: str = ""
    """Why there is no more."""


def spread(compiler: Compiler, paths: Sequence[str], view: Callable[[Result], T]) -> Iterator[T]:
    """What `view` makes of each result of `compiler.run(paths)`; from a number of files on by several processes.

    Args:
        view: makes something small that can be pickled; it may be called in another process.

    Raises:
        Crashed: a process has failed.
    """
    files = compiler.files_of(paths)
    for found in islice(files, FIRST):
        yield from map(view, compiler.each(found))
    rest = list(files)
    workers = _started(compiler, rest, view) if len(rest) >= WORTH_IT and STDIN not in paths else []
    if workers:
        yield from _gathered(compiler, rest, view, workers)
    else:
        for found in rest:
            yield from map(view, compiler.each(found))
    yield from map(view, compiler.together())


def processors() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Worker(NamedTuple):
    process: int
    out: BinaryIO

    def next(self) -> Batch[T]:
        import pickle

        try:
            batch: Batch[T] = pickle.load(self.out)  # noqa: S301 - a process of ours has written it
        except EOFError:
            _, status = os.waitpid(self.process, 0)
            raise Crashed(f"a worker ended before its work ({os.waitstatus_to_exitcode(status)})") from None
        return batch

    def end(self) -> None:
        self.out.close()
        try:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        except (ProcessLookupError, ChildProcessError):  # it has been waited for
            pass


def _started(compiler: Compiler, files: Sequence[FoundFile], view: Callable[[Result], T]) -> list[_Worker]:
    """A worker for each processor; none where one process is all there can be."""
    count = min(processors(), MOST, len(files) // AT_ONCE)
    if count < 2 or not hasattr(os, "fork") or threading.active_count() > 1:
        return []
    gc.freeze()  # nobody looks through what was there before, so that processes go on sharing it
    workers: list[_Worker] = []
    try:
        for number in range(count):
            read, write = os.pipe()
            process = os.fork()
            if not process:
                _work(compiler, _share(files, number, count), view, write, [read, *(each.out for each in workers)])
            os.close(write)
            workers.append(_Worker(process, os.fdopen(read, "rb")))
    except OSError:  # the system has no more processes, or no more files
        for worker in workers:
            worker.end()
        return []
    return workers


def _share(files: Sequence[FoundFile], number: int, count: int) -> Iterator[Sequence[FoundFile]]:
    """Every `count`th batch of files."""
    return (files[start : start + AT_ONCE] for start in range(number * AT_ONCE, len(files), count * AT_ONCE))


def _work(
    compiler: Compiler,
    batches: Iterator[Sequence[FoundFile]],
    view: Callable[[Result], T],
    write: int,
    others: Sequence[int | BinaryIO],
) -> NoReturn:
    """The whole life of a worker. Nothing of the process that it was forked from may go on in it.

    Args:
        others: what is not its own, so that it ends when nobody reads what it writes.
    """
    try:
        import pickle

        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
        for other in others:
            os.close(other if isinstance(other, int) else other.fileno())
        with os.fdopen(write, "wb") as out:
            for files in batches:
                out.write(pickle.dumps(_batch(compiler, files, view)))
                out.flush()
    finally:
        os._exit(0 if sys.exc_info()[0] is None else 1)


def _batch(compiler: Compiler, files: Sequence[FoundFile], view: Callable[[Result], T]) -> Batch[T]:
    done: list[Done[T]] = []
    try:
        for found in files:
            compiler.claims, compiler.drafts.totals = Claims(), None
            made = [view(result) for result in compiler.each(found)]
            done.append(Done(made, compiler.claims.holders, compiler.drafts.totals))
    except Exception:
        import traceback

        return Batch(done, (), traceback.format_exc())
    return Batch(done, compiler.allowances.open())


def _gathered(
    compiler: Compiler, files: Sequence[FoundFile], view: Callable[[Result], T], workers: Sequence[_Worker]
) -> Iterator[T]:
    """What the workers hand over, in the order of the files."""
    try:
        for number, start in enumerate(range(0, len(files), AT_ONCE)):
            batch: Batch[T] = workers[number % len(workers)].next()
            compiler.allowances.take(batch.allowances)
            for found, done in zip(files[start:], batch.done, strict=False):
                yield from _settled(compiler, found, done, view)
            if batch.crash:
                raise Crashed(f"a worker failed\n\n{batch.crash}")
    finally:
        for worker in workers:
            worker.end()


def _settled(compiler: Compiler, found: FoundFile, done: Done[T], view: Callable[[Result], T]) -> Iterator[T]:
    held = compiler.claims.holders
    if not held.keys().isdisjoint(done.holders):
        yield from map(view, compiler.each(found))
        return
    held.update(done.holders)
    if done.totals is not None:
        compiler.drafts.take(done.totals)
    yield from done.made
