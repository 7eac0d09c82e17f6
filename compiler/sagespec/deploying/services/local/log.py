"""A host's log: how a process's output becomes lines, and how the lines are read again."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from io import FileIO
from pathlib import Path

STAMP = "%Y-%m-%dT%H:%M:%S.%f"
STAMP_LENGTH = len("2026-01-31T12:34:56.789")
"""Milliseconds are enough."""
LONGEST = 1 << 20
"""Bytes of one line; what follows is the next line."""
KEPT_LINES = 60


@dataclass
class Log:
    """A host's log: one line of text after the time that it came in, UTF-8."""

    path: Path
    notice: Callable[[str, float], None] | None = None
    """Called with each line of the script."""
    may_lose_lines: bool = False
    """Of a server, which goes on where the disk is full."""

    def write(self, lines: Sequence[str]) -> None:
        now = self._append(lines)
        if self.notice is not None:
            for line in lines:
                self.notice(line, now)

    def note(self, text: str) -> None:
        """Lines of ours."""
        self._append([f"sagespec: {line}" for line in text.splitlines()])

    def _append(self, lines: Sequence[str]) -> float:
        now = time.time()
        stamp = datetime.fromtimestamp(now, timezone.utc).strftime(STAMP)[:STAMP_LENGTH]
        begin = f"{stamp}Z "
        data = f"{begin}{f'{chr(10)}{begin}'.join(lines)}\n".encode("utf-8", "replace")
        try:
            with self.path.open("ab", buffering=0) as file:
                _write_whole(file, data)
        except OSError:
            if not self.may_lose_lines:
                raise
        return now


def _write_whole(file: FileIO, data: bytes) -> None:
    """All or nothing: no half line stays where the disk is full."""
    start = file.seek(0, os.SEEK_END)
    try:
        while data:
            data = data[file.write(data) :]
    except OSError:
        file.truncate(start)
        raise


@dataclass
class Stream:
    """The output of one process on its way into a log."""

    log: Log
    reword: Callable[[str], str] | None = None
    """How a line is written down."""
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    """Its last lines."""
    _rest: bytes = b""

    def feed(self, data: bytes) -> None:
        """Takes output as it comes, in pieces of any size."""
        *lines, rest = (self._rest + data).split(b"\n")
        while len(rest) >= LONGEST:
            lines.append(rest[:LONGEST])
            rest = rest[LONGEST:]
        self._rest = rest
        texts = b"\n".join(lines).decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\r").split("\n")
        if self.reword is not None:
            texts = [self.reword(text) for text in texts]
        if lines:
            self.tail.extend(texts)
            self.log.write(texts)

    def close(self) -> None:
        """A last line without an end is a line."""
        if self._rest:
            self.feed(b"\n")


_NAMES_AN_ERROR = re.compile(r"\b\w*(Error|Exception)\b|\bKeyboardInterrupt\b")
_IS_RAISED = re.compile(r"(\[[\d,]+\]<\w+>:? ?)?[\w.]*(Error|Exception)\b")
"""The line of a traceback that says what was raised, also as mpirun passes it on."""
LAST_LINES = 10


def last_words(tail: Sequence[str], room: int) -> str:
    """What a program said of its failure, in at most `room` characters: whole lines around the last error raised.

    Nothing from before the first line that names an error, as with the toolkit; without one, the last lines.
    """
    lines = [line.rstrip() for line in tail if line.strip()]
    named = [number for number, line in enumerate(lines) if _NAMES_AN_ERROR.search(line)]
    raised = [number for number in named if _IS_RAISED.match(lines[number])]
    first = named[0] if named else max(0, len(lines) - LAST_LINES)
    start = raised[-1] if raised else max(0, len(lines) - 1)
    end = start + 1
    while end < len(lines) and len("\n".join(lines[start : end + 1])) <= room:
        end += 1
    while start > first and len("\n".join(lines[start - 1 : end])) <= room:
        start -= 1
    return "\n".join(lines[start:end])[: max(0, room)]


def end_of_lines(path: Path) -> int:
    """Where the last whole line of a file ends, in bytes."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - (1 << 16))
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0


def lines_of(path: Path, start: int, end: int) -> Iterator[tuple[float, str]]:
    """The lines between two ends of lines, each with its time in seconds since 1970, UTC."""
    with path.open("rb") as file:
        file.seek(start)
        stamp, moment = b"", 0.0
        for line in file:
            if start >= end:
                return
            start += len(line)
            if not line.startswith(stamp) or not stamp:  # many lines come at once
                stamp = line[:STAMP_LENGTH]
                with contextlib.suppress(ValueError):  # half a line, of a disk that was full
                    moment = datetime.strptime(stamp.decode(), STAMP).replace(tzinfo=timezone.utc).timestamp()
            yield moment, line[STAMP_LENGTH + 2 :].decode("utf-8", "replace").removesuffix("\n")
