"""How a command ends."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Exit codes: closed, and documented in DESIGN section 8 and in the README."""

    FINE = 0
    WRONG_MANIFEST = 1
    WRONG_USAGE = 2
    SERVICE_FAILED = 3
    JOB_FAILED = 4
    CHANGES_PENDING = 5
    INTERRUPTED = 130


class WrongUsage(Exception):
    """A command that cannot be carried out as it was given."""


class Ended(Exception):
    """Nothing is left to do or to say."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
