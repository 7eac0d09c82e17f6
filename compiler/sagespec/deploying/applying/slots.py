"""How many training jobs of one apply run at a time: the next begins when one has ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from sagespec.deploying.services import NoSuchJob, Progress, Service, ServiceError

PATIENCE = 8
"""Looks in a row at which a job could not be seen, after which whoever waits for its end gives up."""

POLL_SECONDS = 0.5
"""The pause where the places are taken by jobs that are just being created."""

Key = tuple[int, str]


class Slots:
    """Places for running jobs, given out in the order in which they are asked for. Shared between threads.

    Nothing of it is kept: who begins again counts the jobs that run then.
    """

    def __init__(self, limit: int, sleep: Callable[[float], None] = time.sleep) -> None:
        self.limit = limit
        self.sleep = sleep
        self._running: dict[Key, tuple[Service, str]] = {}
        self._failures: dict[Key, int] = {}
        self._reserved = 0
        self._tickets, self._turn = count(), 0
        self._changed = threading.Condition()
        self._closed = False

    def began(self, service: Service, job_name: str) -> None:
        """A job has a place until it has ended."""
        with self._changed:
            self._running[id(service), job_name] = (service, job_name)

    def close(self) -> None:
        """Nobody gets a place any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @contextmanager
    def place(self, progress: Progress) -> Iterator[bool]:
        """A place, as soon as there is one, for a job that begins inside. Whether it was waited for.

        Raises:
            ServiceError: it cannot be seen whether the jobs that run have ended.
        """
        with self._in_line() as was_first:
            waited = self._wait(progress) or not was_first
        try:
            yield waited
        finally:
            with self._changed:
                self._reserved -= 1

    @contextmanager
    def held(self) -> Iterator[None]:
        """A place beside the limit, for a job that takes that of others which end inside."""
        with self._changed:
            self._reserved += 1
        try:
            yield
        finally:
            with self._changed:
                self._reserved -= 1

    @contextmanager
    def _in_line(self) -> Iterator[bool]:
        with self._changed:
            mine = next(self._tickets)
            was_first = self._turn == mine
            self._changed.wait_for(lambda: self._closed or self._turn == mine)
        try:
            yield was_first
        finally:
            with self._changed:
                self._turn += 1
                self._changed.notify_all()

    def _wait(self, progress: Progress) -> bool:
        """Returns with a place; whether it took a second look."""
        if self._reserve():
            return False
        while True:
            self._look()
            if self._reserve():
                return True
            with self._changed:
                running = list(self._running.values())
            if running:
                progress(f"{self.limit} at a time: the next begins when one has ended", 0, 0)
            self.sleep(max((getattr(service, "poll_seconds", 1.0) for service, _ in running), default=POLL_SECONDS))

    def _reserve(self) -> bool:
        with self._changed:
            if self._closed:
                raise ServiceError("apply has ended before this could begin", "run apply again: it goes on")
            is_free = len(self._running) + self._reserved < self.limit
            self._reserved += is_free
        return is_free

    def _look(self) -> None:
        """Forgets the jobs that have ended."""
        by_service: dict[int, tuple[Service, list[str]]] = {}
        with self._changed:
            running = list(self._running.values())
        for service, name in running:
            by_service.setdefault(id(service), (service, []))[1].append(name)
        for number, (service, names) in by_service.items():
            for name, seen in service.states(names).items():
                key = (number, name)
                if isinstance(seen, ServiceError) and not isinstance(seen, NoSuchJob):
                    self._failures[key] = self._failures.get(key, 0) + (not seen.passing)
                    if self._failures[key] >= PATIENCE:
                        raise ServiceError(f"whether {name} has ended cannot be seen: {seen.message}", seen.hint)
                    continue
                self._failures.pop(key, None)
                if isinstance(seen, NoSuchJob) or seen.ended:
                    with self._changed:
                        self._running.pop(key, None)
