"""How a command ends."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Exit codes: a closed list, documented in the README and in docs/command-line.md."""

    FINE = 0
    WRONG_MANIFEST = 1
    WRONG_USAGE = 2
    SERVICE_FAILED = 3
    JOB_FAILED = 4
    CHANGES_PENDING = 5
    INTERRUPTED = 130


class WrongUsage(Exception):
    """A command that cannot be carried out as it was given.

    Args:
        command: whose help says more: `apply`, `local clean`, nothing for the program itself; None where whoever raises
            this does not know what was called.
        hint: what to write instead; what the command's own help is, is said in any case.
    """

    def __init__(self, message: str, hint: str = "", *, command: str | None = None) -> None:
        super().__init__(message)
        self.command, self._hint = command, hint

    @property
    def hint(self) -> str:
        """What to write instead, and which help says the rest."""
        own = f"sagespec {self.command} --help" if self.command else "sagespec --help"
        return f"{self._hint} ({own})" if self._hint else f"{own} says what there is"


class Ended(Exception):
    """Nothing is left to do or to say."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
