"""Processes that do a run's files together: the one that prints, and workers that it starts.

A file is done as if it were alone, whoever does it. What it has to do with others is settled when its turn to be
printed comes: where one of its jobs has what an earlier one has, the file is done once more, knowing that.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from select import select
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from sagespec.base.named import NamedTuple
from sagespec.checking.allowances import Allowance
from sagespec.checking.claims import Claims, Holder, Key
from sagespec.pipeline.compiler import Compiler, FoundFile
from sagespec.pipeline.results import Result

if TYPE_CHECKING:
    from sagespec.building.pricing import Totals

T = TypeVar("T")

AT_ONCE = 128
"""Files of a batch at most: neighbours often share a script, which is studied by each process that meets it."""
AT_LEAST = 8
"""Files of a batch: the last ones are small, so that all processes end at about the same time."""
MOST = 4_000
"""Batches: so many numbers go into the pipe of any system."""
_NUMBER = 4
"""Bytes of a number in a pipe."""
_AHEAD = 1 << 20
"""Bytes that a worker may be ahead of who prints them, where a pipe can be made so large."""


class Crashed(Exception):
    """A process has met a bug of ours."""


class FileOutcome(NamedTuple, Generic[T]):
    """What came of one file."""

    made: Sequence[T]
    holders: Mapping[Key, Holder]
    """What its jobs have to themselves."""
    totals: Totals | None
    """What they may cost."""


class Batch(NamedTuple, Generic[T]):
    """What came of some neighbouring files."""

    done: Sequence[FileOutcome[T]]
    allowances: Sequence[tuple[Allowance, bool]]
    """Those of files that several manifests share, and whether they have silenced something."""
    crash: str = ""
    """Why there is no more."""


def work(compiler: Compiler, files: Sequence[FoundFile], view: Callable[[Result], T], count: int) -> Iterator[T]:
    """What `view` makes of each result of some files, in their order.

    Args:
        count: of processes, this one included. Where the system has no more, it does everything.

    Raises:
        Crashed: a process has failed.
    """
    share = _Share(compiler, files, view, count)
    workers = _Workers(share, count - 1)
    made: dict[int, Batch[T]] = {}
    try:
        for number, batch in enumerate(share.batches):
            while number not in made:
                own = share.next()
                if own is None and not workers.at_work:
                    own = number  # whoever took it was killed
                if own is not None:
                    made[own] = share.made(own)
                made.update(workers.received(wait=own is None))
            done, allowances, crash = made.pop(number)
            compiler.allowances.take(allowances)
            for found, outcome in zip(batch, done, strict=False):
                yield from _settled(compiler, found, outcome, view)
            if crash:
                raise Crashed(f"a process failed\n\n{crash}")
    finally:
        workers.end()
        share.close()


class _Share(Generic[T]):
    """What several processes have to do: each takes the next batch that nobody has begun when it is free."""

    def __init__(self, compiler: Compiler, files: Sequence[FoundFile], view: Callable[[Result], T], count: int) -> None:
        self.compiler = compiler
        self.view = view
        self.batches = [*_batches(files, count)]
        self._rest, write = os.pipe()
        os.write(write, b"".join(number.to_bytes(_NUMBER, "big") for number in range(len(self.batches))))
        os.close(write)

    def next(self) -> int | None:
        """The number of a batch that is the asking process's alone; None when there are no more."""
        number = os.read(self._rest, _NUMBER)
        return int.from_bytes(number, "big") if number else None

    def made(self, number: int) -> Batch[T]:
        """What comes of a batch: the claims and the prices of each of its files stand alone."""
        compiler, done = self.compiler, list[FileOutcome[T]]()
        kept = compiler.claims, compiler.drafts.totals
        try:
            for found in self.batches[number]:
                compiler.claims, compiler.drafts.totals = Claims(), None
                made = [self.view(result) for result in compiler.each(found)]
                done.append(FileOutcome(made, compiler.claims.holders, compiler.drafts.totals))
        except Exception:
            import traceback

            return Batch(done, (), traceback.format_exc())
        finally:
            compiler.claims, compiler.drafts.totals = kept
        return Batch(done, compiler.allowances.open())

    def close(self) -> None:
        os.close(self._rest)


def _batches(files: Sequence[FoundFile], count: int) -> Iterator[Sequence[FoundFile]]:
    most = max(AT_ONCE, len(files) // MOST + 1)
    start = 0
    while start < len(files):
        size = min(most, max(AT_LEAST, (len(files) - start) // (2 * count)))
        yield files[start : start + size]
        start += size


class _Workers(Generic[T]):
    """The processes that help."""

    def __init__(self, share: _Share[T], count: int) -> None:
        self.at_work: dict[int, int] = {}
        """What is read of each → its process."""
        # An interrupt between a fork and what the child does about it would make a second parent of that child.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        gc.freeze()  # nobody looks through what was there before, so that processes go on sharing it
        try:
            for _ in range(count):
                self._start(share)
        except OSError:  # the system has no more processes
            pass
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _start(self, share: _Share[T]) -> None:
        read, write = os.pipe()
        try:
            process = os.fork()
        except OSError:
            os.close(read)
            raise
        else:
            if not process:
                _help(share, write, [read, *self.at_work])
            self.at_work[read] = process
        finally:
            os.close(write)

    def received(self, *, wait: bool) -> Iterator[tuple[int, Batch[T]]]:
        """(its number, a batch) of those that are there.

        Args:
            wait: for the next one that comes.
        """
        ready, _, _ = select([*self.at_work], [], [], None if wait else 0)
        for out in ready:
            size = _read(out, _NUMBER)
            made = _read(out, int.from_bytes(size, "big"))
            if made:
                yield pickle.loads(made)  # noqa: S301 - a process of ours has written it
                continue
            os.close(out)
            os.waitpid(self.at_work.pop(out), 0)

    def end(self) -> None:
        for out, process in self.at_work.items():
            os.close(out)
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _read(pipe: int, size: int) -> bytes:
    """So many bytes; none where their writer has ended."""
    read = bytearray()
    while len(read) < size and (piece := os.read(pipe, size - len(read))):
        read += piece
    return bytes(read) if len(read) == size else b""


def _help(share: _Share[T], write: int, others: Sequence[int]) -> NoReturn:
    """The whole life of a worker. Nothing of the process that it was forked from may go on in it.

    Args:
        others: what is not its own, so that it ends when nobody reads what it writes.
    """
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
        for other in others:
            os.close(other)
        _widen(write)
        with os.fdopen(write, "wb") as out:
            while (number := share.next()) is not None:
                made = pickle.dumps((number, share.made(number)))
                out.write(len(made).to_bytes(_NUMBER, "big") + made)
                out.flush()
    finally:
        os._exit(0 if sys.exc_info()[0] is None else 1)


def _widen(pipe: int) -> None:
    """Lets a worker go on while who prints is at work itself."""
    import fcntl

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # a system may allow less
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _AHEAD)


def _settled(compiler: Compiler, found: FoundFile, done: FileOutcome[T], view: Callable[[Result], T]) -> Iterator[T]:
    held = compiler.claims.holders
    if not held.keys().isdisjoint(done.holders):
        yield from map(view, compiler.each(found))
        return
    held.update(done.holders)
    if done.totals is not None:
        compiler.drafts.take(done.totals)
    yield from done.made
