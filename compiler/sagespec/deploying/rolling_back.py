"""Going back: an endpoint serves again what it served before, without any manifest being changed."""

from __future__ import annotations

from dataclasses import dataclass

from sagespec.building.request import Destination, Request
from sagespec.building.tags import ARTIFACT, DIGEST, PREVIOUS, SINCE
from sagespec.deploying.planning.endpoints.planner import previous_revisions
from sagespec.deploying.planning.observed import ObservedEndpoint, Revision, moment
from sagespec.deploying.planning.ownership import is_named_as_tagged, whose
from sagespec.deploying.services import EndpointService, NoSuchJob, ServiceError


@dataclass(frozen=True)
class WayBack:
    """What an endpoint would serve with again."""

    seen: ObservedEndpoint
    to: Revision


def way_back(service: EndpointService, name: str, site: Destination) -> WayBack:
    """What an endpoint served with before.

    Raises:
        ServiceError: there is nothing to go back to, or it takes no change now. NoSuchJob: there is no such endpoint.
    """
    asking = Request("Endpoint", name, name, (), {}, site)
    seen = next((each for each in service.observe([asking]) if each.job_name == name), None)
    if seen is None:
        hint = "sagespec list --local shows what there is" if site.local else "check the name and the region"
        raise NoSuchJob(f"there is no endpoint '{name}' ({service.name})", hint)
    if not is_named_as_tagged(seen):
        raise ServiceError(f"{name} was not made by sagespec: {whose(seen)}", "what it served before is not known")
    if seen.rolled_back:
        message = f"{name} serves with {seen.config} already: the update to {seen.asked} was rolled back"
        raise ServiceError(message, f"why: {' '.join(seen.failure.split())}")
    if seen.status not in ("InService", "UpdateRollbackFailed"):
        raise ServiceError(f"{name} is {seen.status}, and accepts no update", "sagespec status shows what it does")
    behind = previous_revisions(seen, seen.config)
    if not behind:
        message = f"there is nothing to go back to: no other configuration of {name} is left"
        raise ServiceError(message, "revert the manifest in git and apply it: that makes the configuration again")
    return WayBack(seen, behind[0])


def go_back(service: EndpointService, way: WayBack) -> None:
    """Asks an endpoint for what it served with before, with the instances that it has.

    Raises:
        ServiceError: the service failed or refused, or the endpoint is another one now.
    """
    now = service.describe(way.seen.job_name)
    if (now.config, now.status) != (way.seen.config, way.seen.status):
        raise ServiceError(f"{now.job_name} was changed meanwhile: it is {now.status} with {now.config}", "look again")
    mark = {DIGEST: way.to.digest, PREVIOUS: now.config, SINCE: moment(now.modified)}
    mark |= {ARTIFACT: way.to.artifact} if way.to.artifact else {}
    service.tag(now.job_name, mark, ())
    service.deploy(now.job_name, way.to.config, {"RetainAllVariantProperties": True})
