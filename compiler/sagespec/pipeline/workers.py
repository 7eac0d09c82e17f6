"""Processes that each do a part of a run's files.

A worker does its files as if they were alone. What a file has to do with others is settled by whom it works for: where
one of its jobs has what an earlier one has, the file is done once more, knowing that.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, BinaryIO, Generic, NoReturn, TypeVar

from sagespec.base.named import NamedTuple
from sagespec.checking.allowances import Allowance
from sagespec.checking.claims import Claims, Holder, Key
from sagespec.pipeline.compiler import Compiler, FoundFile
from sagespec.pipeline.results import Result

if TYPE_CHECKING:
    from sagespec.building.pricing import Totals

T = TypeVar("T")

AT_ONCE = 32
"""So many files at most a worker does before it hands over what came of them: neighbours often share a script, which is
studied once by each worker that meets it."""


class Crashed(Exception):
    """A worker failed: it has met a bug of ours, or was killed."""


class FileOutcome(NamedTuple, Generic[T]):
    """What came of one file."""

    made: Sequence[T]
    holders: Mapping[Key, Holder]
    """What its jobs have to themselves."""
    totals: Totals | None
    """What they may cost."""


class Batch(NamedTuple, Generic[T]):
    """What a worker hands over."""

    done: Sequence[FileOutcome[T]]
    allowances: Sequence[tuple[Allowance, bool]]
    """Those of files that several manifests share, and whether they have silenced something."""
    crash: str = ""
    """Why there is no more."""


def work(compiler: Compiler, files: Sequence[FoundFile], view: Callable[[Result], T], count: int) -> Iterator[T]:
    """What `view` makes of each result of some files, in their order.

    Raises:
        Crashed: a process has failed.
    """
    workers = _started(compiler, files, view, count)
    if not workers:
        for found in files:
            yield from map(view, compiler.each(found))
        return
    try:
        size = _size(files, count)
        for number, start in enumerate(range(0, len(files), size)):
            batch: Batch[T] = workers[number % count].next()
            compiler.allowances.take(batch.allowances)
            for found, done in zip(files[start:], batch.done, strict=False):
                yield from _settled(compiler, found, done, view)
            if batch.crash:
                raise Crashed(f"a worker failed\n\n{batch.crash}")
    finally:
        for worker in workers:
            worker.end()


class _Worker(NamedTuple):
    process: int
    out: BinaryIO

    def next(self) -> Batch[T]:
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


def _started(compiler: Compiler, files: Sequence[FoundFile], view: Callable[[Result], T], count: int) -> list[_Worker]:
    """None where the system has no more processes."""
    # An interrupt that came between a fork and what the child does about it would make a second parent of that child.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
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
    except OSError:
        for worker in workers:
            worker.end()
        return []
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return workers


def _share(files: Sequence[FoundFile], number: int, count: int) -> Iterator[Sequence[FoundFile]]:
    """Every `count`th batch of files."""
    size = _size(files, count)
    return (files[start : start + size] for start in range(number * size, len(files), count * size))


def _size(files: Sequence[FoundFile], count: int) -> int:
    """Of a batch: as large as may be while all workers have equally many."""
    rounds = ceil(len(files) / (count * AT_ONCE))
    return ceil(len(files) / (count * rounds))


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
    done: list[FileOutcome[T]] = []
    try:
        for found in files:
            compiler.claims, compiler.drafts.totals = Claims(), None
            made = [view(result) for result in compiler.each(found)]
            done.append(FileOutcome(made, compiler.claims.holders, compiler.drafts.totals))
    except Exception:
        import traceback

        return Batch(done, (), traceback.format_exc())
    return Batch(done, compiler.allowances.open())


def _settled(compiler: Compiler, found: FoundFile, done: FileOutcome[T], view: Callable[[Result], T]) -> Iterator[T]:
    held = compiler.claims.holders
    if not held.keys().isdisjoint(done.holders):
        yield from map(view, compiler.each(found))
        return
    held.update(done.holders)
    if done.totals is not None:
        compiler.drafts.take(done.totals)
    yield from done.made
