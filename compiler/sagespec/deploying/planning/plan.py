"""A plan: what is to be done about each job, and why."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple
from sagespec.building.request import Destination, Request
from sagespec.kinds import kind_named
from sagespec.kinds.lifecycle import Nature

if TYPE_CHECKING:  # a plan that nobody was asked for needs none of them
    from sagespec.deploying.planning.changed_files import ChangedFiles
    from sagespec.deploying.planning.differ import Difference
    from sagespec.deploying.planning.jobs.reruns import Rerun
    from sagespec.deploying.planning.observed import Observed, Revision


class Action(str, Enum):
    """What apply does with one job. A closed set."""

    CREATE = "create"
    REPLACE = "replace"
    """Stop what runs for another state of the manifest, wait, create."""
    WAIT = "wait"
    """The job is on its way out; decide again when it has ended."""
    KEEP = "keep"
    TAG = "tag"
    UPDATE = "update"
    """Change what a running job lets one change; deploy another configuration to an endpoint."""
    ADOPT = "adopt"
    """Give our tags to a job that is what the manifest asks for."""
    REFUSE = "refuse"
    STOP = "stop"
    """The job runs, and its manifest is gone, or asks for another one, which is there already."""
    SCALE = "scale"
    """Change counts and weights of an endpoint that serves."""
    CLEAN = "clean"
    """Remove configurations and models of an endpoint that nothing uses any more."""
    DELETE = "delete"
    """The endpoint is there, and its manifest is gone."""

    @property
    def symbol(self) -> str:
        return _SYMBOLS[self]


_SYMBOLS = {
    Action.CREATE: "+",
    Action.REPLACE: "±",
    Action.WAIT: "…",
    Action.KEEP: "=",
    Action.TAG: "~",
    Action.UPDATE: "~",
    Action.ADOPT: "~",
    Action.REFUSE: "!",
    Action.STOP: "-",
    Action.SCALE: "~",
    Action.CLEAN: "-",
    Action.DELETE: "-",
}

NOTHING_TO_DO = frozenset({Action.KEEP})
FINISHING = frozenset({Action.SCALE, Action.TAG, Action.CLEAN})
"""What is left to do about an endpoint once it serves what it was asked for."""


def nature_of(request: Request) -> Nature:
    """How what a request asks for goes on."""
    return kind_named(request.kind).lifecycle.nature


class PlanOptions(NamedTuple):
    """What the user said beside the manifests."""

    rerun: bool = False
    replace: bool = False
    prune: bool = False
    adopt: bool = False
    """Take over jobs under our names that are nobody's."""
    named: Rerun | None = None
    """What is run again; None for all that has ended."""


class _Change(NamedTuple):
    action: Action
    reason: str
    request: Request | None = None
    """None when a job without a manifest is stopped."""
    attempt: int = 1
    seen: Observed | None = None
    """What the decision rests on: apply looks again and refuses a changed world."""
    live: Mapping[str, Any] = {}
    """The members that an update changes."""
    stops: tuple[Observed, ...] = ()
    """The jobs that are stopped for it. Nothing else ever is."""
    beside: tuple[Observed, ...] = ()
    """Older jobs of the manifest that still run, and that it does not ask for."""
    notes: tuple[str, ...] = ()
    """What else there is under the manifest's name."""
    rerun: str = ""
    """What marks the attempts that one `--rerun` asks for."""
    at: Destination | None = None
    """Where a job without a manifest is."""
    removes: tuple[Revision, ...] = ()
    """Configurations and models that are removed once the endpoint serves what it is asked for."""
    last: Observed | None = None
    """Where the manifest asks for something new: the newest job that it has asked for before."""
    files: ChangedFiles | None = None
    """Which files of the source archive differ from those of `before`, where that was looked at."""


class Change(_Change):
    """What is to be done about one job, and why."""

    @property
    def before(self) -> Observed | None:
        """What is there now, or was there last."""
        return self.seen or self.last

    @lazy
    def differences(self) -> tuple[Difference, ...]:
        """What the manifest asks for, held against what it has asked for before."""
        request, before = self.request, self.before
        if request is None or before is None or not before.body or request.serving.waits_for:
            return ()
        from sagespec.deploying.planning.differ import differences
        from sagespec.deploying.planning.endpoints.differ import endpoint_differences
        from sagespec.deploying.planning.observed import ObservedEndpoint

        if isinstance(before, ObservedEndpoint):
            return endpoint_differences(request, before)
        ours = before.digest == request.digest
        return differences(request, before.body, before.tags, before.live if ours else None)

    @property
    def name(self) -> str:
        return self.request.name if self.request is not None else self.seen.name if self.seen is not None else ""

    @property
    def job_name(self) -> str:
        """The training job that the change is about: the one that will be there after it."""
        if self.request is not None and self.action in (Action.CREATE, Action.REPLACE):
            return self.request.job_name(self.attempt)
        return self.seen.job_name if self.seen is not None else ""

    @property
    def nature(self) -> Nature:
        """Of the thing that the change is about."""
        if self.request is not None:
            return nature_of(self.request)
        return self.seen.lifecycle.nature if self.seen is not None else Nature.RUNS

    @property
    def site(self) -> Destination | None:
        """Where it happens. A job's name alone says nothing: another region may have a job of that name."""
        return self.request.site if self.request is not None else self.at

    @property
    def unfulfilled(self) -> bool:
        """Whether the job is left as it is although it did not complete, or the endpoint although it does not serve
        what was asked for."""
        seen = self.seen
        return self.action is Action.KEEP and seen is not None and seen.ended and not seen.succeeded

    @property
    def as_wanted(self) -> bool:
        return self.action in NOTHING_TO_DO and not self.beside and not self.unfulfilled


class Plan(NamedTuple):
    """Every change, in the order of the manifests."""

    changes: tuple[Change, ...]
    account: str = ""
    """Whose credentials it was made with; empty where nobody was asked."""
    notes: tuple[str, ...] = ()
    """What is left alone, and why."""
    offline: bool = False
    """No service was asked what exists."""

    @property
    def pending(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.action not in NOTHING_TO_DO)
