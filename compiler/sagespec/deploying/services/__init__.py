"""The interface that plan and apply see. SageMaker stands behind it, or this machine (`local/`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sagespec.base.errors import SagespecError
from sagespec.building.targets import Request, Upload
from sagespec.deploying.planning.observed import ObservedJob


class ServiceError(SagespecError):
    """The service failed or refused. Says what it said, and what to do."""

    passing = False
    """Whether it is known to pass with time."""


class BadSetting(ServiceError):
    """What the user has set for the service (in the environment, for instance) is no value that it can have."""


class NameTaken(ServiceError):
    """A training job of that name exists already."""


class NoSuchJob(ServiceError):
    """There is no training job of that name."""


@dataclass(frozen=True)
class LogLine:
    """One line of one host's log."""

    host: str
    time: float
    """Seconds since 1970, UTC."""
    text: str


@dataclass(frozen=True)
class Cursor:
    """How far each host's log has been read; opaque to everyone but the service."""

    positions: Mapping[str, Any]
    reads: int = 0
    """How often; a service may look for hosts that are new now and then only."""

    @property
    def anew(self) -> Cursor:
        """The same place, for a read that leaves nothing out."""
        return Cursor(self.positions)


START = Cursor({})


@dataclass(frozen=True)
class Stored:
    """A file that a job has saved."""

    name: str
    """Below the place that was asked for, with `/` between its parts."""
    size: int
    """Bytes."""
    modified: float
    """Seconds since 1970, UTC."""


Progress = Callable[[str, int, int], None]
"""Called with (what is being done, how much of it is done, how much there is)."""


def one_by_one(
    describe: Callable[[str], ObservedJob], job_names: Sequence[str]
) -> dict[str, ObservedJob | ServiceError]:
    """The states of jobs, for a service that has no quicker way than to look at each."""
    found: dict[str, ObservedJob | ServiceError] = {}
    for job_name in job_names:
        try:
            found[job_name] = describe(job_name)
        except ServiceError as error:
            found[job_name] = error
    return found


class Service(Protocol):
    """What plan and apply need of the outside world."""

    @property
    def name(self) -> str:
        """What people call it: `SageMaker us-west-2`, `this machine`."""
        ...

    def observe(self, requests: Sequence[Request], *, projects: bool = False) -> Iterable[ObservedJob]:
        """Every attempt of these requests' names; with `projects`, every job of their projects."""
        ...

    def describe(self, job_name: str) -> ObservedJob:
        """One job, as it is now.

        Raises:
            NoSuchJob: there is none of that name.
        """
        ...

    def states(self, job_names: Sequence[str]) -> Mapping[str, ObservedJob | ServiceError]:
        """What each of many jobs does now, or why that could not be seen. Tags and reasons of failures may be missing:
        `describe` has them."""
        ...

    def check_role(self, role_arn: str) -> None:
        """Makes sure of an execution role, as far as one may ask.

        Raises:
            ServiceError: there is no such role, or SageMaker may not take it on.
        """
        ...

    def account(self) -> str:
        """Whose the credentials are."""
        ...

    def upload(self, upload: Upload, progress: Progress, kms_key: str | None = None) -> bool:
        """Brings something local to where the request says it lies; False where it was there already.

        Args:
            kms_key: what it is encrypted with there; None for what the store does by itself.
        """
        ...

    def create(self, request: Request, attempt: int) -> None:
        """Creates the training job.

        Raises:
            NameTaken: a job of that name exists; the caller looks whether it is ours.
        """
        ...

    def stop(self, job_name: str) -> None:
        """Asks a job to end; a job that has ended is left as it is."""
        ...

    def tag(self, job_name: str, add: Mapping[str, str], remove: Sequence[str]) -> None:
        """Adds and removes tags."""
        ...

    def update(self, job_name: str, members: Mapping[str, Any]) -> None:
        """Changes what UpdateTrainingJob can change."""
        ...

    def logs(self, job_name: str, cursor: Cursor) -> tuple[Iterator[LogLine], Cursor]:
        """The lines after `cursor`, and where they end."""
        ...

    def tail(self, job_name: str, count: int) -> Sequence[LogLine]:
        """The last lines of a job's log, over all hosts."""
        ...

    def artifact(self, job_name: str, body: Mapping[str, Any] | None = None) -> str | None:
        """Where the job's model lies, if it does; `body` is its description, where somebody has it."""
        ...

    def summaries(self, job_name: str) -> Mapping[str, str]:
        """Where a job saves checkpoints and summaries while it runs: a short name → URI."""
        ...

    def objects(self, uri: str) -> Iterable[Stored]:
        """What lies below a URI of `summaries`."""
        ...

    def fetch(self, uri: str, path: Path) -> None:
        """Brings one of those to a file, whole or not at all.

        Raises:
            ServiceError: it is not there, or could not be read or written.
        """
        ...
