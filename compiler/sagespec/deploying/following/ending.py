"""What a training job leaves behind: its outcome, model, metrics and time, and what to do where it failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sagespec.base.redact import redacted
from sagespec.deploying.planning.observed import TERMINAL, Capacity, Observed, ObservedEndpoint
from sagespec.deploying.triage import FailureVerdict, triage, why_endpoint

LOG_GROUP, ENDPOINT_LOGS = "/aws/sagemaker/TrainingJobs", "/aws/sagemaker/Endpoints"
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
    verdict: FailureVerdict | None = None
    """What a failure is; None for a job that completed or goes on."""
    failure: str = ""
    """FailureReason, without secrets."""
    artifact: str | None = None
    """Where the model lies; None where there is none."""
    promised: str | None = None
    """Where the service says that the model lies."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The last value of each."""
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    """What the script was given, without secrets, and without what is the container's own."""
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
    rehearsal: Mapping[str, Any] | None = None
    """What a rehearsal of interruptions has shown (`verdict`, `text`, `runs` …)."""

    @property
    def succeeded(self) -> bool:
        """A job that a time limit or somebody has stopped has not."""
        return self.status == "Completed"

    @property
    def passed(self) -> bool:
        """Whether all is well: it has succeeded, and a rehearsal has come to pass, and did not begin again."""
        return self.succeeded and (self.rehearsal or {}).get("verdict") not in ("began again", "not interrupted")

    @property
    def over(self) -> bool:
        """Whether the job has ended."""
        return self.status in TERMINAL

    @property
    def lost(self) -> bool:
        """Whether the service says where the model lies, and it does not lie there."""
        return self.succeeded and self.promised is not None and self.artifact is None


@dataclass(frozen=True)
class EndpointEnding(Ending):
    """An endpoint as it is reported: it has no end, but a state that stays."""

    config: str = ""
    """The configuration that it serves with."""
    pending: str = ""
    """The configuration that is being deployed."""
    asked: str = ""
    """The configuration that was asked for."""
    capacities: tuple[Capacity, ...] = ()
    settled: bool = False
    """Whether it changes no more by itself."""

    @property
    def succeeded(self) -> bool:
        """Whether it serves what was asked for, with as many instances as it should."""
        return self.settled and self.status == "InService" and self.config == self.asked

    @property
    def over(self) -> bool:
        return self.settled


def endpoint_ending_of(seen: ObservedEndpoint, tail: Sequence[str] = (), asked: str = "") -> EndpointEnding:
    """What can be said about an endpoint.

    Args:
        tail: the end of its log.
        asked: the configuration that was asked for, where it is known; otherwise its tags say it.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
    """
    found = EndpointEnding(
        job_name=seen.job_name,
        name=seen.name,
        status=seen.status,
        secondary=seen.secondary,
        digest=seen.digest,
        failure=redacted(seen.failure),
        created=seen.body.get("CreationTime"),
        instances=sum(capacity.current or 0 for capacity in seen.capacities),
        log=_log(seen, ENDPOINT_LOGS, seen.arn),
        tail=tuple(redacted(line) for line in tail[-TAIL:]),
        config=seen.config,
        pending=seen.pending,
        asked=asked or seen.asked,
        capacities=seen.capacities,
        settled=seen.ended,
    )
    return (
        found
        if found.succeeded or not found.over
        else replace(found, verdict=why_endpoint(seen.failure, here=seen.here))
    )


def ending_of(seen: Observed, artifact: str | None = None, tail: Sequence[str] = (), asked: str = "") -> Ending:
    """What can be said about a job, or an endpoint.

    Args:
        artifact: what `Service.artifact` says.
        tail: the end of its log.
        asked: the configuration that an endpoint was asked for, where it is known.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
    """
    if isinstance(seen, ObservedEndpoint):
        return endpoint_ending_of(seen, tail, asked)
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
        verdict=triage(seen.status, seen.secondary, seen.failure, here=seen.here),
        rehearsal=body.get("Rehearsal"),
        failure=redacted(seen.failure),
        artifact=artifact,
        promised=promised_by(seen),
        metrics={metric["MetricName"]: float(metric["Value"]) for metric in body.get("FinalMetricDataList") or ()},
        hyperparameters=_given(body.get("HyperParameters") or {}),
        created=body.get("CreationTime"),
        started=body.get("TrainingStartTime"),
        ended=body.get("TrainingEndTime"),
        training_seconds=trained,
        billable_seconds=None if billable is None else billable * instances,
        instances=instances,
        spot_saving=_saving(billable, trained) if body.get("EnableManagedSpotTraining") else None,
        log=_log(seen, LOG_GROUP, body.get("TrainingJobArn", "")),
        tail=tuple(redacted(line) for line in tail[-TAIL:]),
    )


def promised_by(seen: Observed) -> str | None:
    """Where the service says that the model lies, or will."""
    promised: str | None = seen.body.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    return promised


def _given(hyperparameters: Mapping[str, str]) -> dict[str, str]:
    """The author's own hyperparameters; a text as it is, everything else as JSON."""
    own = {name: text for name, text in hyperparameters.items() if not name.startswith("sagemaker_")}
    return {name: redacted(text[1:-1] if _is_plain_text(text) else text) for name, text in own.items()}


def _is_plain_text(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == '"' and "\\" not in text


def _saving(billable: int | None, trained: int | None) -> float | None:
    return 1 - billable / trained if trained and billable is not None else None


def _instances(body: Mapping[str, Any]) -> int:
    resources = body.get("ResourceConfig", {})
    groups = resources.get("InstanceGroups") or [resources]
    return max(1, sum(group.get("InstanceCount") or 0 for group in groups))


def _log(seen: Observed, group: str, arn: str) -> str:
    """The log group's streams, as CloudWatch's own tools take them; of a local job, the command that shows it."""
    region = (arn.split(":") + [""] * 4)[3]
    if region in ("", "local"):
        return f"sagespec logs {seen.job_name}"
    return f"{group}/{seen.job_name}/ ({region})"
