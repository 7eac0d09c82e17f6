"""A training job as the service shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TERMINAL = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True)
class ObservedJob:
    """A training job as the service shows it."""

    job_name: str
    name: str
    """The manifest's name, from our tag."""
    status: str
    """TrainingJobStatus."""
    secondary: str = ""
    """SecondaryStatus."""
    digest: str = ""
    """From our tag; empty for a job that is not ours."""
    attempt: int = 1
    created: float = 0.0
    """Seconds since 1970, UTC."""
    failure: str = ""
    """FailureReason, in the service's words."""
    tags: Mapping[str, str] = field(default_factory=dict)
    project: str = ""
    environment: str = ""
    """From our tag; empty for a job of no environment, and for one from before there was such a tag."""
    arn: str = ""
    """Names the account and the region as well."""
    tags_hidden: bool = False
    """Whether nobody lets us read its tags, so that whose it is cannot be known."""
    live: Mapping[str, Any] = field(default_factory=dict)
    """The members that can change after creation, as they are now."""
    body: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The whole description."""

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL
