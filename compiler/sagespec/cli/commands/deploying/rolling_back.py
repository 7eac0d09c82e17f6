"""rollback: endpoints serve again what they served before."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sagespec.building.request import Destination
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands.deploying import RollbackArguments
from sagespec.cli.commands.deploying.following import followed
from sagespec.cli.commands.deploying.jobs import of_each
from sagespec.cli.services import jobs_of
from sagespec.cli.terminal import confirm, print_status
from sagespec.deploying.following.looking import FollowedJob
from sagespec.deploying.rolling_back import WayBack, go_back, way_back
from sagespec.kinds.lifecycle import Nature

if TYPE_CHECKING:
    from sagespec.deploying.services import EndpointService


def rollback(given: RollbackArguments) -> Code:
    jobs = jobs_of(given.names, given, local=given.local, region=given.region, only=Nature.STAYS)
    if not jobs:
        raise WrongUsage("there is no endpoint here", "give an endpoint's name, or its manifest")

    def looked(job: FollowedJob) -> tuple[FollowedJob, WayBack]:
        service = cast("EndpointService", job.service)
        return job, way_back(service, job.name, Destination(getattr(service, "region", ""), None, given.local))

    ways, code = of_each(jobs, looked)
    for job, way in ways:
        print_status(f"~ {job.name}  {way.seen.config} → {way.to.config}", always=True)
    if not ways or (not given.yes and not confirm("Go back?")):
        return code or Code.WRONG_USAGE

    def gone(pair: tuple[FollowedJob, WayBack]) -> FollowedJob:
        go_back(cast("EndpointService", pair[0].service), pair[1])
        return pair[0]

    done, failed = of_each(ways, gone)
    for job in done:
        still = "its manifest still asks for the newer configuration: revert it before the next apply"
        print_status(f"{job.name} was asked to go back; {still}")
    code = max(code, failed)
    return followed(done).code or code if given.wait and done else code
