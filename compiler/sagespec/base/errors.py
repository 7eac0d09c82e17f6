"""What every error of ours says: what is wrong, and what to do."""

from __future__ import annotations


class SagespecError(Exception):
    """Something that the user or the service did, in words for people."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        """What to write or to do instead."""
        super().__init__(message)
