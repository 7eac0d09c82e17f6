"""What this program waits for at the moment, so that nobody sits before a silent screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PATIENCE = 8.0
"""Seconds of a wait after which it is reported: within ten, a look each second included."""
AGAIN = 30.0
"""Seconds until it is reported again."""


@dataclass
class _Wait:
    what: str
    since: float
    reported: bool = False


class Waits:
    """The waits of all threads: what is not reported yet is reported together, the longest wait by name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waits: dict[int, _Wait] = {}
        self._lock = threading.Lock()
        self._last = float("-inf")

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        """While it lasts, `what` is waited for: `the answer to DescribeTrainingJob mnist-0123456789`."""
        wait = _Wait(what, self._clock())
        with self._lock:
            self._waits[id(wait)] = wait
        try:
            yield
        finally:
            with self._lock:
                del self._waits[id(wait)]

    def overdue(self) -> str:
        """The line to print now; empty where nothing new is waited for, and what was reported was reported lately."""
        now = self._clock()
        with self._lock:
            long = sorted((w for w in self._waits.values() if now - w.since >= PATIENCE), key=lambda wait: wait.since)
        if not long or (all(wait.reported for wait in long) and now - self._last < AGAIN):
            return ""
        self._last = now
        for wait in long:
            wait.reported = True
        more = f", and for {len(long) - 1} more" if len(long) > 1 else ""
        return f"waiting for {long[0].what} ({now - long[0].since:.0f} s){more}"


waiting = Waits()
"""Those of this process."""


def watch(waits: Waits, print_line: Callable[[str], None], pause: float = 1.0) -> None:
    """Prints long waits from now on, until the program ends."""

    def look() -> None:
        while True:
            time.sleep(pause)
            line = waits.overdue()
            if line:
                print_line(line)

    threading.Thread(target=look, daemon=True).start()
