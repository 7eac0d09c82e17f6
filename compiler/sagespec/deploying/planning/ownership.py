"""Whose a training job is. It is a request's own if its name is `<name>-<digest>[-rN]` and its tags say the same.

Either alone proves nothing: tags are copied with a job, and a name can be anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sagespec.building.request import Destination, Request
from sagespec.building.tags import OURS
from sagespec.kinds.lifecycle import Nature

if TYPE_CHECKING:
    from sagespec.deploying.planning.observed import Observed

UNNAMED = "default"
"""The project of those who have written none. Many repositories share it, so that nothing is stopped in it."""

NAME_THE_PROJECT = "write project: NAME in sagespec.yaml: it says whose the jobs are"

_NAME = re.compile(r"(?P<name>.+)-(?P<digest>[0-9a-f]{10})(?:-r(?P<attempt>[1-9][0-9]*))?")


def manifest_name_of(job_name: str) -> str:
    """The manifest's name that a job's name would come from; empty for a name that none of ours has."""
    parts = _NAME.fullmatch(job_name)
    return parts["name"] if parts else ""


def is_named_as_tagged(job: Observed) -> bool:
    """Whether a job's name is the one that a job of its tags has. The name of what stays holds no digest."""
    if job.lifecycle.nature is Nature.STAYS:
        return job.job_name == job.name and bool(job.digest)
    parts = _NAME.fullmatch(job.job_name)
    return (
        parts is not None
        and parts["name"] == job.name
        and job.digest.startswith(parts["digest"])
        and int(parts["attempt"] or 1) == job.attempt
    )


def is_tagged_for(request: Request, job: Observed) -> bool:
    """Whether a job's tags say that it is one of a request's."""
    return (job.project, job.environment, job.name) == (request.project, request.environment, request.name)


def is_own(request: Request, job: Observed) -> bool:
    """Whether a job is one of a request's, whatever it was asked for: by its name and by its tags."""
    return is_tagged_for(request, job) and is_named_as_tagged(job)


def may_stop(request: Request) -> bool:
    """Whether somebody has said whose the request's jobs are. On this machine, the folder that they lie in says it."""
    return request.site.local or request.project != UNNAMED


def stop_command(names: Iterable[str], site: Destination | None) -> str:
    """What stops jobs by their names, from anywhere."""
    region = f" --region {site.region}" if site is not None and site.region and not site.local else ""
    return f"sagespec stop {' '.join(names)}{region}"


def whose(job: Observed) -> str:
    """Whose a job is that is not ours, in words that follow on its name."""
    if job.tags_hidden:
        return "its tags cannot be read, so it may belong to anybody (allow sagemaker:ListTags)"
    if not any(key.startswith(OURS) for key in job.tags):
        return "it has no tags of sagespec"
    environment = f" and environment '{job.environment}'" if job.environment else " and no environment"
    return f"its tags say name '{job.name}', project '{job.project}'{environment}"


def can_be_adopted(request: Request, job: Observed) -> bool:
    """Whether a job under our very name is what the request asks for, and nobody else's: our tags would make it ours.

    Nobody's is a job without tags of ours, and one from the time when no project or no environment was written.
    """
    tagged = any(key.startswith(OURS) for key in job.tags)
    unclaimed = not tagged or (
        job.name == request.name
        and job.project in (request.project, UNNAMED)
        and job.environment in (request.environment, "")
    )
    if job.tags_hidden or not unclaimed:
        return False
    from sagespec.deploying.planning.differ import Effect, differences  # few jobs of our names are nobody's

    return not any(one.effect is Effect.NEW_RUN for one in differences(request, job.body, job.tags))
