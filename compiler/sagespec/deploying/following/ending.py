"""What a training job leaves behind: its outcome, model, metrics and time, and what to do where it failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sagespec.base.redact import redacted
from sagespec.deploying.planning.observed import TERMINAL, Observed
from sagespec.deploying.triage import Verdict, triage

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
TAIL = 20
"""Lines of a log's end that are kept."""


@dataclass(frozen=True)
class Ending:
    """A job as it is reported. Before it has ended, it is what can be said so far."""

    job_name: str
    name: str
    """The manifest's; empty for a job that is not ours."""
    status: str
    secondary: str
    digest: str = ""
    attempt: int = 1
    verdict: Verdict | None = None
    """What a failure is; None for a job that completed or goes on."""
    failure: str = ""
    """FailureReason, without secrets."""
    artifact: str | None = None
    """Where the model lies; None where there is none."""
    promised: str | None = None
    """Where the service says that the model lies."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The last value of each."""
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    training_seconds: int | None = None
    billable_seconds: int | None = None
    """Over all instances."""
    instances: int = 1
    spot_saving: float | None = None
    """Of a spot job: the part of its time that was not billed, 0 to 1."""
    log: str = ""
    """Where its log lies."""
    tail: tuple[str, ...] = ()
    """The last lines of its log, without secrets."""

    @property
    def succeeded(self) -> bool:
        """A job that a time limit or somebody has stopped has not."""
        return self.status == "Completed"

    @property
    def over(self) -> bool:
        """Whether the job has ended."""
        return self.status in TERMINAL

    @property
    def lost(self) -> bool:
        """Whether the service says where the model lies, and it does not lie there."""
        return self.succeeded and self.promised is not None and self.artifact is None


def ending_of(seen: Observed, artifact: str | None = None, tail: Sequence[str] = ()) -> Ending:
    """What can be said about a job.

    Args:
        artifact: what `Service.artifact` says.
        tail: the end of its log.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
    """
    body = seen.body
    instances = _instances(body)
    billable, trained = body.get("BillableTimeInSeconds"), body.get("TrainingTimeInSeconds")
    return Ending(
        job_name=seen.job_name,
        name=seen.name,
        status=seen.status,
        secondary=seen.secondary,
        digest=seen.digest,
        attempt=seen.attempt,
        verdict=triage(seen.status, seen.secondary, seen.failure),
        failure=redacted(seen.failure),
        artifact=artifact,
        promised=promised_by(seen),
        metrics={metric["MetricName"]: float(metric["Value"]) for metric in body.get("FinalMetricDataList") or ()},
        created=body.get("CreationTime"),
        started=body.get("TrainingStartTime"),
        ended=body.get("TrainingEndTime"),
        training_seconds=trained,
        billable_seconds=None if billable is None else billable * instances,
        instances=instances,
        spot_saving=_saving(billable, trained) if body.get("EnableManagedSpotTraining") else None,
        log=_log(seen),
        tail=tuple(redacted(line) for line in tail[-TAIL:]),
    )


def promised_by(seen: Observed) -> str | None:
    """Where the service says that the model lies, or will."""
    promised: str | None = seen.body.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    return promised


def _saving(billable: int | None, trained: int | None) -> float | None:
    return 1 - billable / trained if trained and billable is not None else None


def _instances(body: Mapping[str, Any]) -> int:
    resources = body.get("ResourceConfig", {})
    groups = resources.get("InstanceGroups") or [resources]
    return max(1, sum(group.get("InstanceCount") or 0 for group in groups))


def _log(seen: Observed) -> str:
    """The log group's streams, as CloudWatch's own tools take them; of a local job, the command that shows it."""
    region = (seen.body.get("TrainingJobArn", "").split(":") + [""] * 4)[3]
    if region in ("", "local"):
        return f"sagespec logs {seen.job_name}"
    return f"{LOG_GROUP}/{seen.job_name}/ ({region})"
