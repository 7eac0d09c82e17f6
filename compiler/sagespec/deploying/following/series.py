"""What a job's metrics did while it trained: read from its log by its own metric definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sagespec.deploying.following.looking import FollowedJob
from sagespec.deploying.services import START, ServiceError
from sagespec.kinds.training_job.metrics import MetricPattern, pattern_of


@dataclass(frozen=True)
class Point:
    """One value."""

    time: float
    """Seconds since 1970, UTC."""
    value: float


@dataclass
class Series:
    """The values of one metric of one job, in the order of time."""

    job_name: str
    metric: str
    points: list[Point] = field(default_factory=list)
    trouble: ServiceError | None = None
    """Why there may be more than is known."""


def series_of(job: FollowedJob, metric: str) -> Series:
    """A metric of a job, as its log has it; where that has none, the last value that the service keeps.

    Raises:
        ServiceError: the job itself cannot be seen.
    """
    body = job.service.describe(job.name).body
    found = Series(job.name, metric)
    patterns = _patterns(body, metric)
    try:
        for line in job.service.logs(job.name, START)[0] if patterns else ():
            found.points += (Point(line.time, value) for pattern in patterns for value in pattern.values(line.text))
    except ServiceError as error:
        found.trouble = error
    if not found.points:
        found.points = [_point(each) for each in body.get("FinalMetricDataList") or () if each["MetricName"] == metric]
    return found


def _patterns(body: Mapping[str, Any], metric: str) -> list[MetricPattern]:
    definitions = body.get("AlgorithmSpecification", {}).get("MetricDefinitions") or ()
    tried = (pattern_of(each["Name"], each["Regex"]) for each in definitions if each["Name"] == metric)
    return [pattern for pattern in tried if pattern is not None]


def _point(kept: Mapping[str, Any]) -> Point:
    moment = kept.get("Timestamp") or 0.0
    return Point(moment.timestamp() if isinstance(moment, datetime) else float(moment), float(kept["Value"]))


def metrics_of(body: Mapping[str, Any]) -> list[str]:
    """The names of a job's metrics."""
    definitions = body.get("AlgorithmSpecification", {}).get("MetricDefinitions") or ()
    names = [each["Name"] for each in definitions]
    return list(dict.fromkeys([*names, *(each["MetricName"] for each in body.get("FinalMetricDataList") or ())]))
