"""Looks at training jobs that exist: those that names and manifests mean, and each as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sagespec.building.request import Request
from sagespec.deploying.following.ending import TAIL, Ending, ending_of, promised_by
from sagespec.deploying.planning.deciding import cannot_be_carried_out
from sagespec.deploying.planning.observed import Observed
from sagespec.deploying.planning.ownership import is_own
from sagespec.deploying.pool import ServicePool
from sagespec.deploying.services import Service, ServiceError
from sagespec.deploying.side_by_side import each
from sagespec.kinds import kind_named
from sagespec.kinds.lifecycle import Nature


@dataclass(frozen=True)
class FollowedJob:
    """A training job, and the service that has it."""

    name: str
    service: Service


@dataclass
class Meant:
    """What somebody means by names and manifests."""

    jobs: list[FollowedJob] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Manifests without a job, in words."""


def jobs_of_requests(pool: ServicePool, requests: Sequence[Request]) -> Meant:
    """The newest job of each manifest, and every older one that has not ended: it may have been changed since.

    Raises:
        ServiceError: a service failed or refused, or the credentials are of another account than the manifests.
    """
    pool.insist_on_account(requests)
    meant = Meant()
    by_service: dict[int, tuple[Service, list[Request]]] = {}
    for request in requests:
        if cannot_be_carried_out(request):
            meant.missing.append(f"'{request.name}' exists nowhere: {cannot_be_carried_out(request)}")
            continue
        service = pool.of(request)
        by_service.setdefault(id(service), (service, []))[1].append(request)
    parts = list(by_service.values())
    seen = each(lambda part: list(part[0].observe(part[1])), parts)
    for (service, wanted), found in zip(parts, seen, strict=True):
        for request in wanted:
            names = _names(request, found)
            meant.jobs += [FollowedJob(name, service) for name in names]
            if not names:
                noun = kind_named(request.kind).lifecycle.noun
                meant.missing.append(f"no {noun} of '{request.name}' exists on {service.name}")
    return meant


def _names(request: Request, found: Sequence[Observed]) -> list[str]:
    own = [job for job in found if is_own(request, job)]
    own.sort(key=lambda job: (job.created, job.attempt))
    return [job.job_name for job in own if not job.ended or job is own[-1]]


@dataclass(frozen=True)
class State:
    """A job as it is, and what could not be seen of it."""

    ending: Ending
    troubles: tuple[ServiceError, ...] = ()


def state_of(job: FollowedJob) -> State:
    """A job as it is; with the end of its log, where that may say why it failed.

    Raises:
        ServiceError: the job itself cannot be seen.
    """
    seen = job.service.describe(job.name)
    troubles: list[ServiceError] = []
    artifact, tail = promised_by(seen) if seen.ended else None, []
    try:
        if seen.ended:
            artifact = job.service.artifact(job.name, seen.body)
    except ServiceError as trouble:
        troubles.append(trouble)
    try:
        if seen.status == "Failed" or (seen.lifecycle.nature is Nature.STAYS and seen.ended and not seen.succeeded):
            tail = [line.text for line in job.service.tail(job.name, TAIL)]
    except ServiceError as trouble:
        troubles.append(trouble)
    return State(ending_of(seen, artifact, tail), tuple(troubles))
