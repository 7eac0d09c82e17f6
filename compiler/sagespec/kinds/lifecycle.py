"""What becomes of a kind's things in the service after their creation, as data; `deploying` acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sagespec.base.named import NamedTuple


class Nature(str, Enum):
    """How a thing goes on, and so how another content of its manifest comes true. A closed set."""

    RUNS = "runs"
    """It ends by itself, and is never changed: another content is another one (a training job)."""
    STAYS = "stays"
    """It is there until somebody deletes it: another content changes it in place (an endpoint)."""


class Lifecycle(NamedTuple):
    """What the service does with a kind's things, and what is done about them."""

    kind: str
    """What stands under `kind:`."""
    nature: Nature
    noun: str
    """What people call one of them: `training job`."""
    decisions: Mapping[str | None, tuple[str, str]]
    """Status (None: there is none) → what is done about one that is as the manifest asks, and about another. The words
    are those of the nature's planner. A status that is missing here is shown, and waited on."""
    settled: frozenset[str]
    """Statuses that nothing leaves by itself."""
