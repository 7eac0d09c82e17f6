"""Things as the service shows them: training jobs, which run, and endpoints, which stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from sagespec.base.named import NamedTuple
from sagespec.building.tags import PREVIOUS, SINCE
from sagespec.kinds.endpoint.lifecycle import LIFECYCLE as ENDPOINTS
from sagespec.kinds.lifecycle import Lifecycle
from sagespec.kinds.training_job.lifecycle import LIFECYCLE as JOBS

TERMINAL = JOBS.settled


@dataclass(frozen=True)
class Observed:
    """What every thing in the service has."""

    lifecycle: ClassVar[Lifecycle]

    job_name: str
    """What the service calls it."""
    name: str
    """The manifest's name, from our tag."""
    status: str
    """TrainingJobStatus, EndpointStatus."""
    secondary: str = ""
    """More about the status: SecondaryStatus of a job, the stage of an endpoint's deployment."""
    digest: str = ""
    """From our tag; empty for what is not ours. Of an endpoint, that of the configuration which was asked for last."""
    attempt: int = 1
    created: float = 0.0
    """Seconds since 1970, UTC."""
    failure: str = ""
    """FailureReason, in the service's words."""
    tags: Mapping[str, str] = field(default_factory=dict)
    project: str = ""
    environment: str = ""
    """From our tag; empty for what is of no environment, and for what is from before there was such a tag."""
    arn: str = ""
    """Names the account and the region as well."""
    tags_hidden: bool = False
    """Whether nobody lets us read its tags, so that whose it is cannot be known."""
    live: Mapping[str, Any] = field(default_factory=dict)
    """The members that can change after creation, as they are now."""
    body: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The whole description."""

    @property
    def here(self) -> bool:
        """Whether it is of this machine, and not of SageMaker."""
        arn: str = self.arn or self.body.get("TrainingJobArn", "")
        return arn.split(":")[3:4] == ["local"]

    @property
    def ended(self) -> bool:
        """Whether it changes no more by itself."""
        raise NotImplementedError

    @property
    def succeeded(self) -> bool:
        """Whether it has come to what was asked for."""
        raise NotImplementedError


@dataclass(frozen=True)
class ObservedJob(Observed):
    """A training job as the service shows it."""

    lifecycle = JOBS

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL

    @property
    def succeeded(self) -> bool:
        """A job that a time limit or somebody has stopped has not."""
        return self.status == "Completed"


class Capacity(NamedTuple):
    """How much of one variant of an endpoint there is, and how much there is to be."""

    variant: str
    desired: int | None = None
    """Instances that there are to be; None for a serverless variant."""
    current: int | None = None
    weight: float = 1.0
    """Its share of the requests that there is to be."""
    serverless: Mapping[str, int] = {}
    """`MaxConcurrency` and `ProvisionedConcurrency` that there are to be; empty for a variant with instances."""

    @property
    def there(self) -> bool:
        """Whether there is as much as there is to be."""
        return self.current == self.desired


class Revision(NamedTuple):
    """A configuration of a manifest's endpoint that exists, whether or not the endpoint uses it."""

    config: str
    """Its name; empty for models that no configuration names."""
    digest: str = ""
    """From our tag."""
    models: tuple[str, ...] = ()
    """The names of the models that it names."""
    created: float = 0.0
    """Seconds since 1970, UTC."""
    artifact: str = ""
    """What the content of its model's archive was known by, from our tag."""


def moment(seconds: float) -> str:
    """A time as a tag has it."""
    return f"{seconds:.3f}"


@dataclass(frozen=True)
class ObservedEndpoint(Observed):
    """An endpoint as the service shows it, with what of its manifest exists beside it."""

    lifecycle = ENDPOINTS

    config: str = ""
    """The configuration that it serves with: this, and not the status, says whether an update has come true."""
    pending: str = ""
    """The configuration that is being deployed."""
    capacities: tuple[Capacity, ...] = ()
    revisions: tuple[Revision, ...] = ()
    """The manifest's own configurations, oldest first."""
    spare: tuple[Revision, ...] = ()
    """The manifest's own models that none of its configurations names."""
    modified: float = 0.0
    """When it was changed last, in seconds since 1970; tags do not count."""
    model_body: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """DescribeModel of what it serves, where somebody has looked."""
    config_body: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """DescribeEndpointConfig of what it serves with, where somebody has looked."""

    @property
    def asynchronous(self) -> bool:
        """Whether it takes no requests but such as lie in S3."""
        return "AsyncInferenceConfig" in self.body

    @property
    def serverless(self) -> bool:
        return any(capacity.serverless for capacity in self.capacities)

    @property
    def asked(self) -> str:
        """The configuration that was asked for last, by our tag; what it serves with where there is no such tag."""
        return f"{self.name}-{self.digest[:10]}" if self.digest else self.config

    def as_previous(self) -> ObservedEndpoint:
        """The endpoint as it is once another configuration follows the one that it serves with."""
        return replace(self, tags={**self.tags, PREVIOUS: self.config})

    def without_failure(self) -> ObservedEndpoint:
        """The endpoint as if nothing had failed."""
        return replace(self, failure="")

    @property
    def rolled_back(self) -> bool:
        """Whether the update that was asked for was tried, and it serves with what it served with before.

        A failed update shows in no other way than in this: the status is InService, the configuration is the old one,
        and there is a reason. A reason alone proves nothing, and may be older than what was asked for.
        """
        tried = self.tags.get(SINCE) != moment(self.modified)
        return self.status == "InService" and self.config != self.asked and bool(self.failure) and tried

    @property
    def ended(self) -> bool:
        """Whether it changes no more by itself: its status is one that stays, and the instances are there."""
        is_there = all(capacity.there for capacity in self.capacities)
        return self.status in ENDPOINTS.settled and (self.status != "InService" or is_there)

    @property
    def succeeded(self) -> bool:
        """Whether it serves what was asked for, with as many instances as it should."""
        return self.ended and self.status == "InService" and self.config == self.asked
