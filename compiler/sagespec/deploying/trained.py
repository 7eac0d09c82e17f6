"""Which model an endpoint serves: that of the newest completed job of a TrainingJob manifest, or an archive in S3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from sagespec.building.draft import Trained
from sagespec.building.request import Call, Destination, Request
from sagespec.deploying.planning.observed import Observed
from sagespec.deploying.planning.ownership import is_own
from sagespec.deploying.services import EndpointService, Service
from sagespec.kinds.lifecycle import Nature

OFFLINE = "which job of '{name}' has completed is for the service to say, which was not asked"


def trained_by(service_at: Callable[[Destination], Service], name: str, project: str, of: Request) -> Trained:
    """The newest completed job of a manifest, as its tags and its name say; or what there is of it until then.

    Args:
        of: the endpoint's request, whose environment and place are the job's too.

    Raises:
        ServiceError: the service failed or refused.
    """
    service = service_at(of.site)
    asked = anything_of(of._replace(name=name, project=project))
    own = sorted((job for job in service.observe([asked]) if is_own(asked, job)), key=lambda job: job.created)
    completed = [job for job in own if job.status == "Completed"]
    if completed:
        newest = service.describe(completed[-1].job_name)
        return Trained(newest.job_name, newest.body)
    return Trained(waits_for=_none_of(name, own))


def archive_at(service_at: Callable[..., Service], uri: str, of: Request) -> str:
    """What the content of a model's archive is known by.

    Raises:
        ServiceError: the service failed.
    """
    return cast(EndpointService, service_at(of.site, Nature.STAYS)).archive_at(uri, of.name)


def anything_of(of: Request) -> Request:
    """What any training job of a request's name, project and environment is asked for by."""
    anything = Call("CreateTrainingJob", "TrainingJobName", {}, scope=of.environment)
    return Request("TrainingJob", of.manifest, of.name, (anything,), {}, of.site, (), of.project, of.environment)


def _none_of(name: str, own: Sequence[Observed]) -> str:
    if not own:
        return f"no training job of '{name}' exists yet, whose model it would serve"
    return f"no training job of '{name}' has completed yet ({own[-1].job_name} is {own[-1].status})"
