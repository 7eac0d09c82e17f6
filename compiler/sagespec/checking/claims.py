"""What no two jobs of a run may both have: a name, and a place for checkpoints. The first job of each keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.base.named import NamedTuple
from sagespec.base.source import Place

Key: TypeAlias = "tuple[str | None, ...]"
"""First the kind of the job whose name it is, or `checkpoints`; then all that distinguishes one from the other."""


class Holder(NamedTuple):
    """Who has it: what the others are shown."""

    job: str
    file: str
    line: int


class Claim(NamedTuple):
    """What one job takes for itself."""

    key: Key
    """Equal for jobs that exclude each other."""
    job: str
    field: str
    place: Place
    rules: tuple[str, str]
    """Within a file, and between files."""
    message: Callable[[Holder], str]
    hint: str
    is_shared: bool = False
    """Jobs of one name have it together."""


class Claims:
    """Those of one run, in the order of its jobs."""

    def __init__(self, before: Callable[[Key], Holder | None] = lambda key: None) -> None:
        """
        Args:
            before: who has it of jobs that come before those of this run.
        """
        self.holders: dict[Key, Holder] = {}
        """The first of this run."""
        self._before = before

    def holder(self, claim: Claim) -> Holder | None:
        """Who has it already; otherwise it is this job's from now on."""
        here = Holder(claim.job, claim.place.source.name, claim.place.span.line)
        own = self.holders.setdefault(claim.key, here)
        found = self._before(claim.key) or (None if own is here else own)
        return None if found is not None and claim.is_shared and found.job == claim.job else found


def conflict(claim: Claim, holder: Holder, *, between_files: Severity) -> Diagnostic:
    """What there is to say of a job that takes what another one has."""
    same_file = holder.file == claim.place.source.name
    severity, rule = (Severity.ERROR, claim.rules[0]) if same_file else (between_files, claim.rules[1])
    return Diagnostic(claim.place, severity, rule, claim.message(holder), claim.hint, (claim.field,))
