"""Work side by side: a few items at a time, each with its own end, and Ctrl-C obeyed whatever a worker waits for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Hashable, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

WORKERS = 8
"""How many things are done at a time where nothing else is said: half of botocore's pool of connections."""
_TICK = 0.2
"""Seconds after which a signal is seen at the latest, on systems where a wait hides it."""

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Done(Generic[Item, Made]):
    """What came of one item: what was made of it, or what went wrong."""

    number: int
    """Of the item, from 0."""
    item: Item
    made: Made | None = None
    error: BaseException | None = None

    def get(self) -> Made:
        """What was made; what went wrong is raised."""
        if self.error is not None:
            raise self.error
        return self.made  # type: ignore[return-value]


def side_by_side(
    do: Callable[[Item], Made], items: Iterable[Item], workers: int = WORKERS
) -> Generator[Done[Item, Made], None, None]:
    """Does something with each item, in their order, a few at a time; what came of each comes as it comes.

    The workers are daemons: whoever is interrupted, or closes this, does not wait for a call that hangs. What is under
    way is then finished or dies with the program; nothing else is begun.
    """
    left = queue.SimpleQueue[tuple[int, Item]]()
    arrived = queue.SimpleQueue[Done[Item, Made]]()
    for numbered in enumerate(items):
        left.put(numbered)
    count, over = left.qsize(), threading.Event()

    def work() -> None:
        while not over.is_set():
            try:
                number, item = left.get_nowait()
            except queue.Empty:
                return
            try:
                arrived.put(Done(number, item, do(item)))
            except BaseException as error:  # whoever listens decides
                arrived.put(Done(number, item, error=error))

    for _ in range(min(workers, count)):
        threading.Thread(target=work, daemon=True).start()
    try:
        for _ in range(count):
            yield _next(arrived)
    finally:
        over.set()


def _next(arrived: queue.SimpleQueue[Done[Item, Made]]) -> Done[Item, Made]:
    while True:
        try:
            return arrived.get(timeout=_TICK)
        except queue.Empty:
            continue


def each(do: Callable[[Item], Made], items: Iterable[Item], workers: int = WORKERS) -> list[Made]:
    """What is made of each item, in the order of the items. The first error ends it, and is raised."""
    with closing(side_by_side(do, items, workers)) as found:
        made = {done.number: done.get() for done in found}
    return [made[number] for number in range(len(made))]


class Once:
    """Does what has a name once, however many ask for it at the same time; the others wait, and get what came of it.

    What went wrong is tried again by whoever asks next.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._done: set[Hashable] = set()

    def __call__(self, name: Hashable, do: Callable[[], object]) -> None:
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._done:
                do()
                self._done.add(name)
