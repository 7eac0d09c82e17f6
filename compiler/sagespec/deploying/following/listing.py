"""The training jobs and endpoints of projects, as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from sagespec.building.request import Request
from sagespec.deploying.following.ending import Ending, ending_of, promised_by
from sagespec.deploying.planning.deciding import cannot_be_carried_out
from sagespec.deploying.planning.observed import Observed
from sagespec.deploying.planning.ownership import is_own, may_stop
from sagespec.deploying.pool import ServicePool
from sagespec.deploying.services import Service
from sagespec.deploying.side_by_side import each


def listed(pool: ServicePool, requests: Sequence[Request], only: Sequence[str] = ()) -> list[Ending]:
    """Everything of the requests' projects and environments, newest first; of a project that nobody has named, what
    belongs to the requests.

    Args:
        only: patterns, one of which the manifest's name must fit.

    Raises:
        ServiceError: a service failed or refused, or the credentials are of another account.
    """
    pool.insist_on_account(requests)
    by_service: dict[int, tuple[Service, list[Request]]] = {}
    for request in requests:
        if cannot_be_carried_out(request):
            continue
        service = pool.of(request)
        by_service.setdefault(id(service), (service, []))[1].append(request)

    def found(part: tuple[Service, list[Request]]) -> list[Ending]:
        service, mine = part
        seen = [one for one in service.observe(mine, projects=any(map(may_stop, mine))) if _belongs(one, mine)]
        meant = [one for one in seen if not only or any(fnmatchcase(one.name, pattern) for pattern in only)]
        return each(lambda one: _ending(service, one), meant)

    endings = [ending for part in each(found, by_service.values()) for ending in part]
    return newest_first(endings)


def newest_first(endings: Sequence[Ending]) -> list[Ending]:
    return sorted(endings, key=lambda one: (one.created is not None, one.created, one.job_name), reverse=True)


def _belongs(one: Observed, requests: Sequence[Request]) -> bool:
    of_project = any(
        may_stop(request) and (one.project, one.environment) == (request.project, request.environment)
        for request in requests
    )
    return of_project or any(is_own(request, one) for request in requests)


def _ending(service: Service, one: Observed) -> Ending:
    """What can be said of one. A list's short record does not say how a job has ended, so such a job is looked at."""
    is_short = one.ended and "AlgorithmSpecification" not in one.body and "TrainingJobName" in one.body
    seen = service.describe(one.job_name) if is_short else one
    return ending_of(seen, promised_by(seen) if seen.ended else None)
