"""What one apply has done so far, in the order of its plan: what is reported on every way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sagespec.deploying.applying.applier import Outcome
from sagespec.deploying.following.ending import Ending
from sagespec.deploying.planning.jobs.planner import Change
from sagespec.deploying.services import ServiceError

UNKNOWN = ServiceError(
    "apply was ended before this was known to be done",
    "run it again: what was done is found, and nothing is done twice",
)


@dataclass
class Entry:
    """One change of the plan, and what became of it."""

    change: Change
    done: Outcome | None = None
    """None where apply was ended before."""
    ending: Ending | None = None
    """How the job has ended, or what was seen of it last; None where it was not followed."""

    @property
    def outcome(self) -> Outcome:
        return self.done if self.done is not None else Outcome(self.change, UNKNOWN)


@dataclass
class Ledger:
    """Every change of a plan."""

    changes: Sequence[Change] = ()
    entries: list[Entry] = field(init=False)

    def __post_init__(self) -> None:
        self.entries = [Entry(change) for change in self.changes]
        self._by_subject = {_subject(entry.change): entry for entry in self.entries}

    def note(self, outcome: Outcome) -> Entry:
        """Takes what became of a change, and returns its entry; the job may be another one than was planned."""
        entry = self._by_subject.get(_subject(outcome.change))
        if entry is None:
            entry = Entry(outcome.change)
            self.entries.append(entry)
        entry.done = outcome
        return entry

    def add(self, outcome: Outcome) -> None:
        """Takes what became of something that was left to do after a change that is in the ledger."""
        entry = self._by_subject.get(_subject(outcome.change))
        if entry is None or entry.done is None:
            self.note(outcome)
        elif outcome.error is not None:
            entry.done = outcome
        else:
            entry.done = replace(entry.done, notes=(*entry.done.notes, *outcome.notes))

    def done(self) -> Iterator[Entry]:
        """What there is a job of: kept, changed or created."""
        return (entry for entry in self.entries if entry.done is not None and entry.done.followable)

    @property
    def all_done(self) -> bool:
        return all(entry.done is not None and entry.done.done for entry in self.entries)

    @property
    def unfulfilled(self) -> bool:
        """Whether a job is left as it is although it did not complete."""
        return any(entry.outcome.change.unfulfilled for entry in self.entries)


def _subject(change: Change) -> tuple[object, ...]:
    """What a change is about, whatever is done about it."""
    if change.request is not None:
        request = change.request
        return request.kind, request.site, request.project, request.environment, request.name
    return ("stop", change.nature, change.site, change.job_name)
