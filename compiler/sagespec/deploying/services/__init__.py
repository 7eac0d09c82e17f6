"""The interface that plan and apply see. SageMaker stands behind it, or this machine (`local/`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sagespec.base.errors import SagespecError
from sagespec.base.named import NamedTuple

if TYPE_CHECKING:  # the supervisor of a local job lives below this package, and is to start at once
    from sagespec.building.request import Request, Upload
    from sagespec.deploying.planning.observed import Observed, ObservedEndpoint, Revision


LONGEST_ERROR = 4_000
"""Characters of a model's error that are shown: TensorFlow's name the whole graph."""


class ServiceError(SagespecError):
    """The service failed or refused. Says what it said, and what to do."""

    passing = False
    """Whether it is known to pass with time."""


class BadSetting(ServiceError):
    """What the user has set for the service (in the environment, for instance) is not a value that it can have."""


class NameTaken(ServiceError):
    """Something of that name exists already."""


class NoSuchJob(ServiceError):
    """There is no training job, or no endpoint, of that name."""


class InProgress(ServiceError):
    """An endpoint is being changed, by us or by somebody else, and takes no other change until that is over."""


class ModelError(ServiceError):
    """The model, or the container around it, has answered a request with an error."""

    def __init__(self, status: int, answer: str, hint: str) -> None:
        """
        Args:
            answer: what it was, without secrets; of JSON with an `error`, only that is shown.
        """
        with suppress(ValueError, TypeError, KeyError):
            answer = str(json.loads(answer)["error"])
        words = answer.strip()
        shown = words if len(words) <= LONGEST_ERROR else f"{words[:LONGEST_ERROR]}…"
        side = "client" if status < 500 else "server"
        super().__init__(f"Received {side} error ({status}) from the model" + (f": {shown}" if shown else ""), hint)


class LogLine(NamedTuple):
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
    since: float = 0.0
    """Nothing from before this time is read: seconds since 1970, UTC."""

    @property
    def restarted(self) -> Cursor:
        """The same place, for a read that leaves nothing out."""
        return replace(self, reads=0)

    def at(self, positions: Mapping[str, Any], reads: int = 0) -> Cursor:
        """The place after one more read."""
        return replace(self, positions=positions, reads=reads)


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


Thing = TypeVar("Thing", bound="Observed")


def one_by_one(describe: Callable[[str], Thing], job_names: Sequence[str]) -> dict[str, Thing | ServiceError]:
    """The states of jobs, for a service that has no quicker way than to look at each."""
    found: dict[str, Thing | ServiceError] = {}
    for job_name in job_names:
        try:
            found[job_name] = describe(job_name)
        except ServiceError as error:
            found[job_name] = error
    return found


class Service(Protocol):
    """What plan and apply need of the outside world: the things of one kind in one place.

    The methods that take a `job_name` take the name of an endpoint where it is endpoints that the service has.
    """

    @property
    def name(self) -> str:
        """What people call it: `SageMaker us-west-2`, `this machine`."""
        ...

    def observe(self, requests: Sequence[Request], *, projects: bool = False) -> Iterable[Observed]:
        """Every attempt of these requests' names; with `projects`, every job of their projects."""
        ...

    def describe(self, job_name: str) -> Observed:
        """One job, as it is now.

        Raises:
            NoSuchJob: there is none of that name.
        """
        ...

    def states(self, job_names: Sequence[str]) -> Mapping[str, Observed | ServiceError]:
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


class Foreseen(NamedTuple):
    """What a service can say of a request before anything is done. One that can has `foreseen(request)`."""

    refusal: str = ""
    """Why it will not carry it out, whatever exists; empty where it will."""
    notes: tuple[str, ...] = ()
    """What will not be as people may expect."""


class Answer(NamedTuple):
    """What an endpoint answers to a request."""

    body: bytes
    content_type: str


class EndpointService(Service, Protocol):
    """Endpoints: what stays, and is changed in place.

    `create` makes the endpoint alone, with the configuration that `prepare` has made; `stop` deletes it, and nothing
    else. `update` is not called: `deploy` and `scale` are what can be done to an endpoint.
    """

    def observe(self, requests: Sequence[Request], *, projects: bool = False) -> Iterable[ObservedEndpoint]:
        """The endpoints of these requests' names, whoever's they are; with `projects`, all of their projects."""
        ...

    def describe(self, job_name: str) -> ObservedEndpoint:
        """One endpoint, as it is now.

        Raises:
            NoSuchJob: there is none of that name.
        """
        ...

    def states(self, job_names: Sequence[str]) -> Mapping[str, ObservedEndpoint | ServiceError]:
        """What each endpoint does now, or why that could not be seen."""
        ...

    def archive_at(self, uri: str, job_name: str) -> str:
        """What the content of a model's archive is known by. Where it cannot be seen, what it was known by when the
        endpoint was asked to serve it: that nobody may look is not a change. Empty where nothing is known."""
        ...

    def prepare(self, request: Request) -> None:
        """Makes the model and the configuration of a request; what is there already with our digest is left.

        Raises:
            NameTaken: something else has one of the names; nothing is ever used unseen.
        """
        ...

    def deploy(self, job_name: str, config: str, members: Mapping[str, Any]) -> None:
        """Changes an endpoint to another configuration, beside which the old one serves until it is there.

        Args:
            members: of UpdateEndpoint, beside the two names.

        Raises:
            InProgress: another change is on its way.
        """
        ...

    def scale(self, job_name: str, wanted: Sequence[Mapping[str, Any]]) -> None:
        """Changes counts and weights of an endpoint that serves.

        Args:
            wanted: `DesiredWeightsAndCapacities` of UpdateEndpointWeightsAndCapacities.

        Raises:
            InProgress: another change is on its way.
        """
        ...

    def discard(self, revision: Revision) -> str:
        """Removes a configuration, if no endpoint uses it, and those of its models that nothing else names.

        Returns:
            Why it was left, in words; empty where it is gone.
        """
        ...

    def invoke(
        self, job_name: str, payload: bytes, content_type: str, accept: str = "", attributes: str = ""
    ) -> Answer:
        """Sends a request to an endpoint.

        Args:
            attributes: custom attributes, for the container.

        Raises:
            ModelError: the model refused the request; with its words.
            ServiceError: it does not answer.
        """
        ...
