"""What the manifests that were read say of a job that none of them describes."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from sagespec.deploying.observed import Seen


class Verdict(Enum):
    """Whether a job's manifest is gone. Absence of evidence is no evidence of absence."""

    GONE = "gone"
    UNCERTAIN = "uncertain"
    """It lies under the paths that were given, and something there was not read."""
    ELSEWHERE = "elsewhere"
    """It does not lie under the paths that were given, or nobody knows where."""


Gone = Callable[[Seen], tuple[Verdict, str]]
"""A running job → (verdict, why)."""


def nothing_is_known(job: Seen) -> tuple[Verdict, str]:
    """What is said where nobody has read any manifests."""
    return Verdict.UNCERTAIN, "which manifests there are was not looked at"
