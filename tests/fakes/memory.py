"""A service in memory: what plan, apply and follow see, without a wire. Time passes when a test says so."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sagespec.building.request import Request, Upload
from sagespec.deploying.planning.observed import TERMINAL, ObservedJob
from sagespec.deploying.services import (
    Cursor,
    LogLine,
    NameTaken,
    NoSuchJob,
    Progress,
    ServiceError,
    Stored,
    one_by_one,
)

BORN = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def described(body: Mapping[str, Any], status: str = "InProgress", **more: Any) -> dict[str, Any]:
    """A request as DescribeTrainingJob shows it: with the service's own defaults and rewrites.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
    """
    shown = copy.deepcopy({key: value for key, value in body.items() if key != "Tags"})
    shown["OutputDataConfig"] = {"KmsKeyId": "", "CompressionType": "GZIP", **shown.get("OutputDataConfig", {})}
    shown["InputDataConfig"] = [
        {"CompressionType": "None", "RecordWrapperType": "None", **channel}
        for channel in shown.get("InputDataConfig", [])
    ]
    for flag in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"):
        shown.setdefault(flag, False)
    shown["AlgorithmSpecification"].setdefault("EnableSageMakerMetricsTimeSeries", False)
    shown["AlgorithmSpecification"].setdefault("MetricDefinitions", [{"Name": "train:error", "Regex": "error=(.*)"}])
    shown["StoppingCondition"] = {"MaxRuntimeInSeconds": 86_400, **shown.get("StoppingCondition", {})}
    shown["ProfilerConfig"] = {"DisableProfiler": False, **shown.get("ProfilerConfig", {})}
    shown["ProfilingStatus"] = "Enabled"
    region = "us-west-2"
    shown["TrainingJobArn"] = f"arn:aws:sagemaker:{region}:123456789012:training-job/{shown['TrainingJobName']}"
    return {**shown, "TrainingJobStatus": status, "SecondaryStatus": status, "CreationTime": BORN, **more}


@dataclass
class Job:
    body: dict[str, Any]
    tags: dict[str, str]
    status: str = "InProgress"
    secondary: str = "Training"
    failure: str = ""
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Memory:
    """Training jobs, logs and files in dictionaries."""

    name: str = "memory"
    jobs: dict[str, Job] = field(default_factory=dict)
    lines: dict[str, list[LogLine]] = field(default_factory=dict)
    files: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    """URI → content, and when it was written."""
    places: dict[str, str] = field(default_factory=dict)
    """What `summaries` answers."""
    done: list[tuple[Any, ...]] = field(default_factory=list)
    """What was changed, in order."""
    on_describe: Any = None
    """Called with each job that is looked at, so that time can pass."""
    poll_seconds: float = 0.0
    of_account: str = "123456789012"

    def observe(self, requests: Sequence[Request], *, projects: bool = False) -> Iterable[ObservedJob]:
        names = {(request.project, request.name) for request in requests}
        wanted = {project for project, _ in names}
        for job_name in self.jobs:
            seen = self._seen(job_name)
            if (seen.project, seen.name) in names or (projects and seen.project in wanted):
                yield seen

    def describe(self, job_name: str) -> ObservedJob:
        if job_name not in self.jobs:
            raise NoSuchJob(f"there is no {job_name}")
        if self.on_describe is not None:
            self.on_describe(self.jobs[job_name])
        return self._seen(job_name)

    def account(self) -> str:
        return self.of_account

    def check_role(self, role_arn: str) -> None:
        self.done.append(("role", role_arn))

    def states(self, job_names: Sequence[str]) -> dict[str, ObservedJob | ServiceError]:
        return one_by_one(self.describe, job_names)

    def upload(self, upload: Upload, progress: Progress, kms_key: str | None = None) -> bool:
        self.done.append(("upload", upload.uri))
        return True

    def create(self, request: Request, attempt: int) -> None:
        body = request.body(attempt)
        if body["TrainingJobName"] in self.jobs:
            raise NameTaken(f"{body['TrainingJobName']} exists")
        self.done.append(("create", body["TrainingJobName"]))
        self.jobs[body["TrainingJobName"]] = Job(body, request.all_tags(attempt))

    def stop(self, job_name: str) -> None:
        self.done.append(("stop", job_name))
        self.jobs[job_name].status = self.jobs[job_name].secondary = "Stopped"

    def tag(self, job_name: str, add: Mapping[str, str], remove: Sequence[str]) -> None:
        self.done.append(("tag", job_name, dict(add), list(remove)))
        kept = {key: value for key, value in self.jobs[job_name].tags.items() if key not in remove}
        self.jobs[job_name].tags = {**kept, **add}

    def update(self, job_name: str, members: Mapping[str, Any]) -> None:
        self.done.append(("update", job_name, dict(members)))
        self.jobs[job_name].body |= members

    def logs(self, job_name: str, cursor: Cursor) -> tuple[Iterator[LogLine], Cursor]:
        start = cursor.positions.get(job_name, 0)
        lines = self.lines.get(job_name, [])
        return iter(lines[start:]), Cursor({job_name: len(lines)})

    def tail(self, job_name: str, count: int) -> list[LogLine]:
        return self.lines.get(job_name, [])[-count:]

    def artifact(self, job_name: str, body: Mapping[str, Any] | None = None) -> str | None:
        uri = self.jobs[job_name].more.get("ModelArtifacts", {}).get("S3ModelArtifacts")
        return uri if uri in self.files else None

    def summaries(self, job_name: str) -> Mapping[str, str]:
        return self.places

    def objects(self, uri: str) -> Iterable[Stored]:
        for name, (content, modified) in list(self.files.items()):
            if name.startswith(f"{uri}/"):
                yield Stored(name.removeprefix(f"{uri}/"), len(content), modified)

    def fetch(self, uri: str, path: Path) -> None:
        if uri not in self.files:
            raise ServiceError(f"there is no {uri}")
        self.done.append(("fetch", uri))
        path.write_bytes(self.files[uri][0])

    def _seen(self, job_name: str) -> ObservedJob:
        job = self.jobs[job_name]
        ended = {"FailureReason": job.failure} if job.failure else {}
        body = described(job.body, job.status, SecondaryStatus=job.secondary, **ended, **job.more)
        live = {name: job.body[name] for name in ("ProfilerConfig", "RemoteDebugConfig") if name in job.body}
        return ObservedJob(
            job_name=job_name,
            name=job.tags.get("sagespec:name", ""),
            status=job.status,
            secondary=job.secondary,
            digest=job.tags.get("sagespec:digest", ""),
            attempt=int(job.tags.get("sagespec:attempt", "1")),
            created=BORN.timestamp(),
            failure=job.failure,
            tags=dict(job.tags),
            project=job.tags.get("sagespec:project", ""),
            environment=job.tags.get("sagespec:environment", ""),
            live={} if job.status in TERMINAL else live,
            body=body,
        )
