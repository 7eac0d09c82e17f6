"""SageMaker's training jobs: names, statuses, tags and time, as the service shows them. Knows nothing of our client.

Sources: botocore's service model; the API reference; what other tools' sources say that they have met (the AWS
controllers for Kubernetes, the Terraform provider, the SageMaker SDK).
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fakes.endpoints import Endpoints
from fakes.model import ACCOUNT, MODEL, Clock, Effect, Refused, listed, page, validate

TERMINAL = ("Completed", "Failed", "Stopped")
SEARCHED = frozenset(MODEL.shape_for("TrainingJob").members)
DESCRIBED = frozenset(MODEL.shape_for("DescribeTrainingJobResponse").members)
LIMIT = 100


def not_found() -> Refused:
    return Refused("ValidationException", "Requested resource not found.")


@dataclass(frozen=True)
class Fate:
    """How a job will go, if nobody stops it."""

    status: str = "Completed"
    seconds: float = 60.0
    """From the start of the training to its end; the way there takes ten seconds."""
    failure: str = ""
    secondary: str = ""
    metrics: tuple[tuple[str, float], ...] = ()
    """The last value of each, which the service keeps."""


@dataclass
class Job:
    request: dict[str, Any]
    arn: str
    created: float
    fate: Fate
    tags: list[tuple[float, dict[str, str]]] = field(default_factory=list)
    """Every state of the tags, with the moment from which it held."""
    stopped: float | None = None
    deleted: float | None = None
    members: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.request["TrainingJobName"])

    def tags_at(self, moment: float) -> dict[str, str]:
        return next((tags for since, tags in reversed(self.tags) if since <= moment), {})

    def transitions(self, stop_seconds: float) -> list[tuple[float, str, str]]:
        """(moment, status, secondary status), the last one first decided by the job's fate, then by a stop."""
        end = self.created + 10 + self.fate.seconds
        steps = [
            (self.created, "InProgress", "Starting"),
            (self.created + 4, "InProgress", "Downloading"),
            (self.created + 10, "InProgress", "Training"),
            (end - min(2, self.fate.seconds / 2), "InProgress", "Uploading"),
            (end, self.fate.status, self.fate.secondary or self.fate.status),
        ]
        if self.stopped is not None:
            steps = [step for step in steps if step[0] < self.stopped]
            steps.append((self.stopped, "Stopping", "Stopping"))
            steps.append((self.stopped + stop_seconds, "Stopped", "Stopped"))
        return steps


class Jobs:
    """The training jobs of one account in one region."""

    def __init__(self, clock: Clock, region: str = "us-west-2") -> None:
        self.clock = clock
        self.region = region
        self.jobs: dict[str, Job] = {}
        self.effects: list[Effect] = []
        self.endpoints = Endpoints(clock, self.effects, region)
        self.fate: Callable[[dict[str, Any]], Fate] = lambda request: Fate()
        """Decides how a job will go, by its request."""
        self.search_lag = 0.0
        self.list_lag = 0.0
        self.search_cuts_first = False
        """Whether Search, too, cuts its pages before it filters, so that pages are empty and not the last."""
        self.stop_seconds = 5.0
        self.creates_per_second: float | None = None
        self.quota: int | None = None
        """Jobs that may run at a time."""
        self.refusal: Refused | None = None
        """What every creation is refused with."""
        self.on_create: Callable[[Job], None] = lambda job: None
        self.on_stop: Callable[[Job], None] = lambda job: None
        self._creates: list[float] = []
        self._lock = threading.RLock()

    # For tests ----------------------------------------------------------------------------------------------------

    def __getitem__(self, job_name: str) -> dict[str, Any]:
        return self._described(self.jobs[job_name])

    def status(self, job_name: str) -> str:
        return str(self[job_name]["TrainingJobStatus"])

    def of(self, name: str) -> list[str]:
        """The jobs of one manifest, in the order of their creation."""
        with self._lock:
            return [job.name for job in self.jobs.values() if job.tags and job.tags[-1][1].get("sagespec:name") == name]

    def done(self, operation: str) -> list[Effect]:
        with self._lock:
            return [effect for effect in self.effects if effect.operation == operation]

    # The operations -----------------------------------------------------------------------------------------------

    def answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """What an operation answers.

        Raises:
            Refused: with the service's code and words.
        """
        method = getattr(self, f"_{operation}", None) or self.endpoints.answers(operation)
        if method is None:
            raise Refused("UnknownOperationException", f"{operation} is not known here")
        validate(MODEL.operation_model(operation).input_shape, parameters)
        with self._lock:
            result: dict[str, Any] = method(parameters)
        return result

    def _CreateTrainingJob(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = given["TrainingJobName"]
        now = self.clock()
        if self.creates_per_second is not None:
            wall = time.monotonic()
            self._creates = [moment for moment in self._creates if wall - moment < 1.0]
            if len(self._creates) >= self.creates_per_second:
                raise Refused("ThrottlingException", "Rate exceeded")
            self._creates.append(wall)
        arn = f"arn:aws:sagemaker:{self.region}:{ACCOUNT}:training-job/{name}"
        if name in self.jobs:
            raise Refused(
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region, "
                f"and a training job with this name already exists ({arn})",
            )
        consistent(given)
        if self.refusal is not None:
            raise self.refusal
        if self.quota is not None and self._running(now) >= self.quota:
            raise Refused("ResourceLimitExceeded", f"The account-level service limit is {self.quota} Instances")
        job = Job(copy.deepcopy(given), arn, now, self.fate(given))
        job.tags.append((now, {tag["Key"]: tag["Value"] for tag in given.get("Tags", ())}))
        job.members = {key: value for key, value in copy.deepcopy(given).items() if key != "Tags"}
        self.jobs[name] = job
        self._happened("CreateTrainingJob", name, dict(job.tags[-1][1]))
        self.on_create(job)
        return {"TrainingJobArn": arn}

    def _running(self, now: float) -> int:
        return sum(self._status(job, now)[1] not in TERMINAL for job in self.jobs.values())

    def _DescribeTrainingJob(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._described(self._job(given["TrainingJobName"]))

    def _StopTrainingJob(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        job = self._job(given["TrainingJobName"])
        status = self._status(job, self.clock())[1]
        if status != "InProgress":
            raise Refused(
                "ValidationException",
                f"The request was rejected because the training job is in status {status}",
            )
        job.stopped = self.clock()
        self.on_stop(job)
        self._happened("StopTrainingJob", job.name)
        return {}

    def _UpdateTrainingJob(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        job = self._job(given["TrainingJobName"])
        _, status, secondary = self._status(job, self.clock())
        keep_alive = given.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds")
        if keep_alive is not None:
            if status != "Completed" or not job.members["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
                raise Refused(
                    "ValidationException",
                    f"The training job {job.name} has no warm pool that is Available or InUse",
                )
            job.members["ResourceConfig"]["KeepAlivePeriodInSeconds"] = keep_alive
        if "RemoteDebugConfig" in given:
            if secondary not in ("Downloading", "Training"):
                raise Refused(
                    "ValidationException",
                    f"RemoteDebugConfig cannot be updated when the training job is in {secondary}",
                )
            job.members["RemoteDebugConfig"] = given["RemoteDebugConfig"]
        rules, config = given.get("ProfilerRuleConfigurations", []), given.get("ProfilerConfig")
        if (rules or config) and status != "InProgress":
            raise Refused("ValidationException", f"Training job {job.name} is in status {status}")
        there = {rule["RuleConfigurationName"] for rule in job.members.get("ProfilerRuleConfigurations", ())}
        if there & {rule["RuleConfigurationName"] for rule in rules}:
            raise Refused("ValidationException", "Rule configuration names must be unique")
        if rules:
            job.members["ProfilerRuleConfigurations"] = [*job.members.get("ProfilerRuleConfigurations", ()), *rules]
        if config:
            job.members["ProfilerConfig"] = {**job.members.get("ProfilerConfig", {}), **config}
        self._happened("UpdateTrainingJob", job.name, given)
        return {"TrainingJobArn": job.arn}

    def _DeleteTrainingJob(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        job = self._job(given["TrainingJobName"])
        status = self._status(job, self.clock())[1]
        if status not in TERMINAL:
            raise Refused("ResourceInUse", f"Training job {job.name} is in status {status}")
        del self.jobs[job.name]
        self._happened("DeleteTrainingJob", job.name)
        return {}

    def _AddTags(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        arn = given["ResourceArn"]
        new = {tag["Key"]: tag["Value"] for tag in given["Tags"]}
        theirs = self.endpoints.tags_of(arn)
        tags = {**(self._by_arn(arn).tags[-1][1] if theirs is None else theirs), **new}
        if len(tags) > 50:
            raise Refused("ValidationException", "The number of tags exceeds the limit of 50")
        if theirs is None:
            self._by_arn(arn).tags.append((self.clock(), tags))
        else:
            theirs |= new
        self._happened("AddTags", arn.rpartition("/")[2], given["Tags"])
        return {"Tags": listed(tags)}

    def _DeleteTags(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        arn = given["ResourceArn"]
        theirs = self.endpoints.tags_of(arn)
        if theirs is None:
            job = self._by_arn(arn)
            job.tags.append((self.clock(), {k: v for k, v in job.tags[-1][1].items() if k not in given["TagKeys"]}))
        for key in given["TagKeys"] if theirs is not None else ():
            theirs.pop(key, None)
        self._happened("DeleteTags", arn.rpartition("/")[2], given["TagKeys"])
        return {}

    def _ListTags(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        theirs = self.endpoints.tags_of(given["ResourceArn"])
        return {"Tags": listed(self._by_arn(given["ResourceArn"]).tags[-1][1] if theirs is None else theirs)}

    def _ListTrainingJobs(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Pages are cut first and filtered afterwards, so that a page may be empty and not be the last."""
        moment = self.clock() - self.list_lag
        order = {"Name": "TrainingJobName", "Status": "TrainingJobStatus"}.get(given.get("SortBy", ""), "CreationTime")
        some, token = page(self._in_order(moment, order, given), given, 10)
        members = MODEL.shape_for("TrainingJobSummary").members
        kept = [
            {key: value for key, value in self._record(job, moment).items() if key in members}
            for job, record in some
            if given.get("NameContains", "") in record["TrainingJobName"]
            and given.get("StatusEquals", record["TrainingJobStatus"]) == record["TrainingJobStatus"]
            and given.get("CreationTimeAfter", 0) <= record["CreationTime"]
        ]
        return {"TrainingJobSummaries": kept, **token}

    def _Search(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """An index that lags: it knows jobs, statuses and tags as they were a while ago."""
        matches = matching(given.get("SearchExpression", {}))
        if given["Resource"] == "Endpoint":
            records = self.endpoints.records()
            indexed = ((one, {f"Tags.{tag['Key']}": tag["Value"] for tag in one["Tags"]}) for one in records)
            found = [record for record, tags in indexed if matches({**record, **tags})]
            some, token = page(found, given, LIMIT)
            return {"Results": [{"Endpoint": record} for record in some], **token}
        if given["Resource"] != "TrainingJob":
            raise Refused("ValidationException", f"{given['Resource']} is not searched here")
        moment = self.clock() - self.search_lag
        found = self._in_order(moment, given.get("SortBy", "LastModifiedTime"), given)
        if not self.search_cuts_first:
            found = [(job, record) for job, record in found if matches(record)]
        some, token = page(found, given, LIMIT)
        return {
            "Results": [{"TrainingJob": self._searched(job, moment)} for job, record in some if matches(record)],
            **token,
        }

    def _in_order(self, moment: float, by: str, given: Mapping[str, Any]) -> list[tuple[Job, dict[str, Any]]]:
        """The jobs that were there at a moment, each with what it is sorted and filtered by."""
        found = [(job, self._indexed(job, moment)) for job in self.jobs.values() if job.created <= moment]
        found.sort(key=lambda each: each[1][by], reverse=given.get("SortOrder", "Descending") == "Descending")
        return found

    def _indexed(self, job: Job, moment: float) -> dict[str, Any]:
        since, status, secondary = self._status(job, moment)
        return {
            "TrainingJobName": job.name,
            "TrainingJobArn": job.arn,
            "TrainingJobStatus": status,
            "SecondaryStatus": secondary,
            "CreationTime": job.created,
            "LastModifiedTime": max(since, job.tags[-1][0] if job.tags[-1][0] <= moment else since),
            **{f"Tags.{key}": value for key, value in job.tags_at(moment).items()},
        }

    def _searched(self, job: Job, moment: float) -> dict[str, Any]:
        record = {key: value for key, value in self._record(job, moment).items() if key in SEARCHED}
        return {**record, "Tags": listed(job.tags_at(moment))}

    # ------------------------------------------------------------------------------------------------------------------

    def _job(self, name: str) -> Job:
        if name not in self.jobs:
            raise not_found()
        return self.jobs[name]

    def _by_arn(self, arn: str) -> Job:
        return self._job(arn.rpartition("/")[2])

    def _happened(self, operation: str, job_name: str, detail: Any = None) -> None:
        self.effects.append(Effect(self.clock(), operation, job_name, detail))

    def _status(self, job: Job, moment: float) -> tuple[float, str, str]:
        return max((step for step in job.transitions(self.stop_seconds) if step[0] <= moment), key=lambda step: step[0])

    def _described(self, job: Job) -> dict[str, Any]:
        return {key: value for key, value in self._record(job, self.clock()).items() if key in DESCRIBED}

    def _record(self, job: Job, moment: float) -> dict[str, Any]:
        """Everything that can be said about a job, the service's own defaults included."""
        since, status, _ = self._status(job, moment)
        steps = [step for step in job.transitions(self.stop_seconds) if step[0] <= moment]
        record = with_defaults(job.members)
        record |= {
            **{key: value for key, value in self._indexed(job, moment).items() if not key.startswith("Tags.")},
            "ModelArtifacts": {"S3ModelArtifacts": artifact_of(job)},
            "SecondaryStatusTransitions": [
                {"Status": name, "StartTime": start, **({"EndTime": end[0]} if end else {})}
                for (start, _, name), end in zip(steps, [*steps[1:], None], strict=True)
            ],
        }
        if status == "Failed":
            record["FailureReason"] = job.fate.failure or "AlgorithmError: ExitCode 1"
        if job.fate.metrics and status in TERMINAL:
            kept = [{"MetricName": name, "Value": value, "Timestamp": since} for name, value in job.fate.metrics]
            record["FinalMetricDataList"] = kept
        if status in TERMINAL:
            seconds = max(0, int(since - job.created - 10))
            record |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds, "TrainingEndTime": since}
        if record["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
            record["WarmPoolStatus"] = {"Status": "Available" if status == "Completed" else "InUse"}
        return record


def artifact_of(job: Job) -> str:
    return f"{job.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job.name}/output/model.tar.gz"


def with_defaults(members: Mapping[str, Any]) -> dict[str, Any]:
    """What Describe shows beyond what was sent."""
    record = copy.deepcopy(dict(members))
    for flag in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"):
        record.setdefault(flag, False)
    record["OutputDataConfig"] = {"KmsKeyId": "", "CompressionType": "GZIP", **record["OutputDataConfig"]}
    record["InputDataConfig"] = [
        {"CompressionType": "None", "RecordWrapperType": "None", **channel}
        for channel in record.get("InputDataConfig", [])
    ]
    record.setdefault("StoppingCondition", {}).setdefault("MaxRuntimeInSeconds", 86400)
    record["AlgorithmSpecification"].setdefault("EnableSageMakerMetricsTimeSeries", False)
    record["ResourceConfig"].setdefault("VolumeSizeInGB", 30)
    profiler = {"DisableProfiler": False, "ProfilingIntervalInMilliseconds": 500}
    record["ProfilerConfig"] = {**profiler, **record.get("ProfilerConfig", {})}
    record["ProfilingStatus"] = "Disabled" if record["ProfilerConfig"]["DisableProfiler"] else "Enabled"
    return record


def consistent(given: Mapping[str, Any]) -> None:
    """A few of the checks across members."""
    limits = given.get("StoppingCondition", {})
    longest, wait = limits.get("MaxRuntimeInSeconds", 86400), limits.get("MaxWaitTimeInSeconds")
    if given.get("EnableManagedSpotTraining") and (wait is None or wait < longest):
        raise Refused(
            "ValidationException",
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
        )
    if wait is not None and not given.get("EnableManagedSpotTraining"):
        raise Refused("ValidationException", "MaxWaitTimeInSeconds is only for managed spot training")
    keys = [tag["Key"] for tag in given.get("Tags", ())]
    if len(keys) != len(set(keys)):
        raise Refused("ValidationException", "Tag keys must be unique per resource")
    for member in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
        if member not in given:
            raise Refused("ValidationException", f"{member} is required")


Matches = Callable[[Mapping[str, Any]], bool]

OPERATORS: Mapping[str, Callable[[Any, str], bool]] = {
    "Equals": lambda shown, wanted: shown == wanted,
    "NotEquals": lambda shown, wanted: shown != wanted,
    "Exists": lambda shown, _: shown is not None,
    "NotExists": lambda shown, _: shown is None,
    "Contains": lambda shown, wanted: shown is not None and wanted in shown,
    "In": lambda shown, wanted: shown in wanted.split(","),
}


def matching(expression: Mapping[str, Any]) -> Matches:
    """Whether a record is searched for."""
    filters = expression.get("Filters", ())
    if len(filters) > 20:
        raise Refused("ValidationException", "A list of filters holds at most 20")
    each = [*map(_matching_one, filters), *map(matching, expression.get("SubExpressions", ()))]
    together = any if expression.get("Operator", "And") == "Or" else all
    return lambda record: together(matches(record) for matches in each)


def _matching_one(one: Mapping[str, str]) -> Matches:
    name, operator, wanted = one["Name"], one.get("Operator", "Equals"), one.get("Value", "")
    holds = OPERATORS.get(operator)
    if holds is None:
        raise Refused("ValidationException", f"Operator {operator} is not supported for {name}")

    def matches(record: Mapping[str, Any]) -> bool:
        assert name in record or name.startswith("Tags."), f"{name} is not searched for here"
        return holds(record.get(name), wanted)

    return matches
