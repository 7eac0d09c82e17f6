"""SageMaker through boto3, behind the service interface.

Observing costs one Search page a hundred jobs of a project, one page of the newest jobs, which Search may not know
yet, and one Describe for each request that neither knows. None of them is trusted with the lock: that is the name.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sagespec import __version__
from sagespec.building.targets import Request, Upload
from sagespec.deploying.observed import Seen
from sagespec.deploying.ownership import manifest_name_of
from sagespec.deploying.services import Cursor, LogLine, NameTaken, NoSuchJob, Progress, ServiceError, Stored
from sagespec.deploying.services.live import changes, live_of
from sagespec.deploying.services.sagemaker.faults import AGAIN, CutShort, call, cause_of, is_denied, service_error
from sagespec.deploying.services.sagemaker.logs import read_logs, read_tail
from sagespec.deploying.services.sagemaker.s3 import Store
from sagespec.deploying.side_by_side import each

CREATES_PER_SECOND = 1.0
"""The default quota `Rate of CreateTrainingJob requests`; SAGESPEC_CREATES_PER_SECOND tells of a higher one."""
PROPAGATION_SECONDS = 300.0
"""How long after a job's creation a policy on its tags may still deny access to it.

Source: https://github.com/aws/sagemaker-python-sdk/pull/4600
"""
RECENT_SECONDS = 900.0
"""Jobs younger than this are looked for in the list of the newest: Search lags behind."""
RECENT_PAGES = 5
PAGE = 100
NAMES_PER_SEARCH = 20
"""A search expression holds at most twenty filters."""
DESCRIBERS = 4
"""Describes at a time."""
PAGE_IS_WORTH = 20
"""Jobs that have not ended, from which on a page of the list is read for their states."""
WARM_SECONDS = 4 * 3600.0
"""How long after its end a job may hold a warm pool: an hour at a time, and it can be asked for again."""
POLL_SECONDS = 5.0

_JOB = ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "SecondaryStatus", "CreationTime")
_OVER = re.compile(r"training job is in status (Stopping|Stopped|Failed|Completed|Deleting)")
_UNSEARCHABLE = frozenset({"ProfilerRuleConfigurations", "RemoteDebugConfig"})
"""Members that Search's record of a training job does not have."""


class TagsHidden(ServiceError):
    """A job is there, and its tags may not be read."""

    def __init__(self, message: str, hint: str, body: Mapping[str, Any]) -> None:
        super().__init__(message, hint)
        self.body = body


class SageMaker:
    """The training jobs of one account in one region. Safe to share between threads once made."""

    poll_seconds = POLL_SECONDS
    """How often it is polite to look at a running job."""
    late_logs = True
    """CloudWatch shows a job's last lines some seconds after its end."""

    def __init__(
        self,
        region: str = "",
        *,
        session: Any = None,
        creates_per_second: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Configured as boto3 always is: profiles, `AWS_*`, `AWS_ENDPOINT_URL*`. Nothing is called before it is needed.

        Args:
            region: empty for what the environment or the profile says.
            session: a boto3 session, for those who have one.
            creates_per_second: how fast jobs are created at most.
            clock, sleep, now: time in seconds, for tests; `now` counts from 1970.
        """
        self._region = region
        self._session = session
        rate = creates_per_second or float(os.environ.get("SAGESPEC_CREATES_PER_SECOND") or CREATES_PER_SECOND)
        self._pause = 1.0 / rate
        self._clock, self._sleep, self._now = clock, sleep, now
        self._next_create = 0.0
        self._pace = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._arns: dict[str, str] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._fresh: dict[str, float] = {}
        self._listed: dict[str, tuple[str, str]] = {}
        """What the list of jobs said of each when it was read last: status and secondary status."""

    @property
    def region(self) -> str:
        return self._region or str(self._client("sagemaker").meta.region_name)

    @property
    def name(self) -> str:
        return f"SageMaker {self.region}"

    # What exists ------------------------------------------------------------------------------------------------------

    def observe(self, requests: Sequence[Request], *, projects: bool = False) -> Iterable[Seen]:
        """Every attempt of these requests' names; with `projects`, every job of their projects.

        Raises:
            ServiceError: the service failed or refused.
        """
        found: dict[str, Seen] = {}
        by_project: dict[str, list[Request]] = {}
        for request in requests:
            by_project.setdefault(request.project, []).append(request)
        for project, wanted in by_project.items():
            names = [] if projects else sorted({request.name for request in wanted})
            found |= {seen.job_name: seen for seen in self._search(project, names)}
        found |= {seen.job_name: seen for seen in self._recent(requests, found)}
        found |= {seen.job_name: seen for seen in self._as_they_are(found.values())}
        known = {(seen.project, seen.environment, seen.name, seen.digest) for seen in found.values()}
        unknown = [request for request in requests if _identity(request) not in known]
        with ThreadPoolExecutor(DESCRIBERS) as pool:
            for seen in pool.map(self._attempts, unknown):
                found |= {job.job_name: job for job in seen}
        return self._with_live(found, requests)

    def describe(self, job_name: str) -> Seen:
        """One job, as it is now.

        A job that was created a moment ago, by us or by another applier, may be hidden from us until its tags have
        reached the policies that look at them; so it is waited for.

        Raises:
            NoSuchJob: there is none of that name.
        """
        deadline = self._fresh.get(job_name, float("-inf")) + PROPAGATION_SECONDS
        while True:
            try:
                return self._seen(self._describe(job_name))
            except ServiceError as error:
                if not is_denied(cause_of(error)) or self._clock() >= deadline:
                    raise
                self._sleep(POLL_SECONDS)

    def _describe(self, job_name: str) -> dict[str, Any]:
        return self._call("describe_training_job", job_name, _JOB, TrainingJobName=job_name)

    def _search(self, project: str, names: Sequence[str]) -> Iterator[Seen]:
        """The jobs of a project, or those of a few of its names, as far as Search knows them."""
        expression: dict[str, Any] = {"Filters": [_tag_is("sagespec:project", project)]}
        if 0 < len(names) <= NAMES_PER_SEARCH:
            either = [_tag_is("sagespec:name", name) for name in names]
            expression["SubExpressions"] = [{"Filters": either, "Operator": "Or"}]
        # Oldest first, so that jobs which are created meanwhile do not move the pages.
        order = {"SortBy": "CreationTime", "SortOrder": "Ascending"}
        for answer in self._pages("search", ("Results",), Resource="TrainingJob", SearchExpression=expression, **order):
            for result in answer["Results"]:
                record = result.get("TrainingJob", {})
                if any(member not in record for member in _JOB if member != "SecondaryStatus"):
                    raise CutShort("Search: a record was cut short", AGAIN)
                tags = {tag["Key"]: tag["Value"] for tag in record.get("Tags", ())}
                self._remember(record, tags)
                yield self._seen(record)

    def _recent(self, requests: Sequence[Request], found: Mapping[str, Seen]) -> Iterator[Seen]:
        """Jobs of these names that are too young for Search.

        The list is not filtered: the service filters after it has cut the pages, so a filter only hides where they end.
        """
        self._listed = {}
        names = {request.name for request in requests}
        since = self._now() - RECENT_SECONDS
        running = [seen for seen in found.values() if not seen.ended]
        most = RECENT_PAGES
        if len(running) >= PAGE_IS_WORTH:  # a page tells the states of many; each of a few is asked for itself
            since = min(since, *(seen.created for seen in running))
            most += len(running) // PAGE_IS_WORTH
        order = {"SortBy": "CreationTime", "SortOrder": "Descending"}
        for number, answer in enumerate(self._pages("list_training_jobs", ("TrainingJobSummaries",), **order), 1):
            summaries = answer["TrainingJobSummaries"]
            for summary in summaries:
                job_name = summary["TrainingJobName"]
                self._listed[job_name] = summary["TrainingJobStatus"], summary.get("SecondaryStatus", "")
                if job_name not in found and manifest_name_of(job_name) in names:
                    seen = self._look(job_name)
                    if seen is not None:
                        yield seen
            if number == most or any(_seconds(summary["CreationTime"]) < since for summary in summaries):
                return

    def _as_they_are(self, found: Iterable[Seen]) -> Iterator[Seen]:
        """Search tells what was: those jobs that have not ended, or that may hold a warm pool, as they are now."""
        stale = [seen for seen in found if "Tags" in seen.body and self._may_have_changed(seen)]
        for now in each(self._look, [seen.job_name for seen in stale], DESCRIBERS):
            if now is not None:
                yield now

    def _may_have_changed(self, seen: Seen) -> bool:
        if seen.ended:
            keeps = seen.body.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds")
            return bool(keeps) and _seconds(seen.body["LastModifiedTime"]) > self._now() - WARM_SECONDS
        listed = self._listed.get(seen.job_name)
        return listed is None or listed[0] != seen.status or (listed[1] or seen.secondary) != seen.secondary

    def _attempts(self, request: Request) -> list[Seen]:
        """The attempts of a request that neither Search nor the list knows; what they are called is known."""
        attempts: list[Seen] = []
        while seen := self._look(request.job_name(len(attempts) + 1)):
            attempts.append(seen)
        return attempts

    def _look(self, job_name: str) -> Seen | None:
        """A job that may be there. A policy on tags denies what is not there as well; the name decides in the end."""
        try:
            return self.describe(job_name)
        except NoSuchJob:
            return None
        except TagsHidden as hidden:
            return self._seen(hidden.body, hidden=True)
        except ServiceError as error:
            if is_denied(cause_of(error)):
                return None
            raise

    def _with_live(self, found: Mapping[str, Seen], requests: Sequence[Request]) -> list[Seen]:
        """Each request's newest attempt with its live members as the request words them."""
        result = dict(found)
        newest: dict[tuple[str, str, str, str], Seen] = {}
        for seen in sorted(found.values(), key=lambda seen: seen.attempt):
            newest[seen.project, seen.environment, seen.name, seen.digest] = seen
        for request in requests:
            last, wanted = newest.get(_identity(request)), request.live()
            if last is None or not wanted:
                continue
            body = last.body
            if not last.ended and "Tags" in body and _UNSEARCHABLE & set(wanted):  # only Search's records hold tags
                body = self._describe(last.job_name)
            result[last.job_name] = self._seen(body, live_of(body, wanted))
        return list(result.values())

    def _seen(self, body: Mapping[str, Any], live: Mapping[str, Any] | None = None, *, hidden: bool = False) -> Seen:
        job_name = body["TrainingJobName"]
        tags = {} if hidden else self._tags_of(body)
        attempt = tags.get("sagespec:attempt", "1")
        return Seen(
            job_name=job_name,
            name=tags.get("sagespec:name", ""),
            status=body["TrainingJobStatus"],
            secondary=body.get("SecondaryStatus", ""),
            digest=tags.get("sagespec:digest", ""),
            attempt=int(attempt) if attempt.isdecimal() else 1,
            created=_seconds(body["CreationTime"]),
            failure=body.get("FailureReason", ""),
            tags=tags,
            project=tags.get("sagespec:project", ""),
            environment=tags.get("sagespec:environment", ""),
            arn=body["TrainingJobArn"],
            tags_hidden=hidden,
            live={} if live is None else live,
            body=body,
        )

    def _tags_of(self, body: Mapping[str, Any]) -> dict[str, str]:
        """Describe shows no tags; they are asked for once, and those that AWS sets itself are nobody's drift."""
        job_name = body["TrainingJobName"]
        if job_name not in self._tags:
            tags: dict[str, str] = {}
            try:
                for answer in self._pages("list_tags", ("Tags",), ResourceArn=body["TrainingJobArn"]):
                    tags |= {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
            except ServiceError as error:
                if not is_denied(cause_of(error)):
                    raise
                raise TagsHidden(error.message, error.hint, body) from error.__cause__
            self._remember(body, tags)
        return self._tags[job_name]

    def _remember(self, body: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        self._arns[body["TrainingJobName"]] = body["TrainingJobArn"]
        self._tags[body["TrainingJobName"]] = {key: value for key, value in tags.items() if not key.startswith("aws:")}

    # What is done -----------------------------------------------------------------------------------------------------

    def upload(self, upload: Upload, progress: Progress, kms_key: str | None = None) -> bool:
        """Brings an archive or a folder to S3, whole or not at all; False where it was there already.

        Raises:
            ServiceError: S3 refused, or the files were changed meanwhile.
        """
        return Store(self._client("s3"), self.region, kms_key=kms_key).upload(upload, progress)

    def create(self, request: Request, attempt: int) -> None:
        """Creates the training job, not faster than the account may.

        Raises:
            NameTaken: a job of that name exists: another applier's, or ours, whose answer was lost on the way.
        """
        job_name = request.job_name(attempt)
        with self._pace:
            wait = self._next_create - self._clock()
            if wait > 0:
                self._sleep(wait)
            self._next_create = self._clock() + self._pause
        self._tags.pop(job_name, None)
        try:
            answer = self._call("create_training_job", job_name, ("TrainingJobArn",), **request.body(attempt))
        except NameTaken:
            self._fresh[job_name] = self._clock()
            raise
        self._fresh[job_name] = self._clock()
        self._arns[job_name] = answer["TrainingJobArn"]

    def stop(self, job_name: str) -> None:
        """Asks a job to end; a job that has ended, or is about to, is left as it is.

        Raises:
            NoSuchJob: there is none of that name.
        """
        try:
            self._call("stop_training_job", job_name, TrainingJobName=job_name)
        except ServiceError as error:
            if not _OVER.search(error.message):
                raise

    def tag(self, job_name: str, add: Mapping[str, str], remove: Sequence[str]) -> None:
        """Removes and adds tags, in this order: a job holds fifty at most."""
        arn = self._arns.get(job_name) or self._describe(job_name)["TrainingJobArn"]
        self._tags.pop(job_name, None)
        if remove:
            self._call("delete_tags", job_name, ResourceArn=arn, TagKeys=list(remove))
        if add:
            tags = [{"Key": key, "Value": value} for key, value in add.items()]
            self._call("add_tags", job_name, ("Tags",), ResourceArn=arn, Tags=tags)

    def update(self, job_name: str, members: Mapping[str, Any]) -> None:
        """Changes those of the members that differ from what the job has.

        Raises:
            ServiceError: the job's state does not allow it any more.
        """
        body = changes(self._describe(job_name), members)
        if body:
            self._call("update_training_job", job_name, ("TrainingJobArn",), TrainingJobName=job_name, **body)

    # What it leaves behind --------------------------------------------------------------------------------------------

    def logs(self, job_name: str, cursor: Cursor) -> tuple[Iterator[LogLine], Cursor]:
        """The lines of all hosts after `cursor`, in the order of time, and where they end.

        The lines are fetched as they are read; the cursor is right once they all were.
        """
        return read_logs(self._client("logs"), job_name, cursor)

    def tail(self, job_name: str, count: int) -> list[LogLine]:
        """The last lines over all hosts."""
        return read_tail(self._client("logs"), job_name, count)

    def artifact(self, job_name: str) -> str | None:
        """Where the job's model lies, if it does.

        Raises:
            ServiceError: S3 does not let us look.
        """
        uri = self._describe(job_name).get("ModelArtifacts", {}).get("S3ModelArtifacts")
        return uri if uri and Store(self._client("s3"), self.region).exists(uri) else None

    def summaries(self, job_name: str) -> dict[str, str]:
        """Where a job saves checkpoints and summaries while it runs: a short name → URI."""
        return summaries_of(self._describe(job_name))

    def objects(self, uri: str) -> Iterator[Stored]:
        """What lies below a URI of `summaries`."""
        return Store(self._client("s3"), self.region).objects(uri)

    def fetch(self, uri: str, path: Path) -> None:
        """Brings an object to a file.

        Raises:
            ServiceError: it is not there, or did not arrive whole.
        """
        Store(self._client("s3"), self.region).fetch(uri, path)

    def account(self) -> str:
        """The account that the credentials belong to."""
        return str(self._call("get_caller_identity", "", ("Account",), client="sts")["Account"])

    def check_role(self, role_arn: str) -> None:
        """Asks IAM for an execution role; who may not ask learns nothing, and is not stopped.

        Raises:
            ServiceError: there is no such role, or SageMaker may not take it on.
        """
        role = role_arn.rpartition("/")[2]
        try:
            answer = self._call("get_role", role, ("Role",), client="iam", RoleName=role)
        except NoSuchJob as error:
            raise ServiceError(error.message, "give the ARN of an execution role that exists") from error
        except ServiceError as error:
            if is_denied(cause_of(error)):
                return
            raise
        if "sagemaker.amazonaws.com" not in str(
            answer["Role"].get("AssumeRolePolicyDocument", "sagemaker.amazonaws.com")
        ):
            raise ServiceError(
                f"SageMaker may not take on {role_arn}", "its trust policy must name sagemaker.amazonaws.com"
            )

    # The wire ---------------------------------------------------------------------------------------------------------

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError

            config = Config(
                retries={"mode": "adaptive", "total_max_attempts": 10},
                connect_timeout=10,
                read_timeout=60,
                max_pool_connections=20,
                user_agent_extra=f"sagespec/{__version__}",
            )
            try:
                if self._session is None:
                    import boto3

                    self._session = boto3.Session(region_name=self._region or None)
                self._clients[service] = self._session.client(service, region_name=self._region or None, config=config)
            except (BotoCoreError, ValueError) as error:
                raise service_error(error, "AWS cannot be called") from error
        return self._clients[service]

    def _call(
        self, method: str, about: str, required: Sequence[str] = (), *, client: str = "sagemaker", **parameters: Any
    ) -> dict[str, Any]:
        doing = f"{''.join(word.title() for word in method.split('_'))} {about}".strip()
        return call(getattr(self._client(client), method), doing, required, **parameters)

    def _pages(self, method: str, required: Sequence[str], **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page, empty ones too: a page may be empty and yet not be the last.

        A token that has expired between two pages starts the reading again; who reads must not mind repetitions.
        """
        restarts = 0
        size: dict[str, Any] = {"MaxResults": PAGE}
        token: dict[str, Any] = {}
        while True:
            try:
                answer = self._call(method, "", required, **parameters, **size, **token)
            except ServiceError as error:
                if (
                    not token
                    or restarts == 3
                    or not re.search(r"(?i)token", error.message)
                    or "Expired" in error.message
                ):
                    raise
                restarts, token = restarts + 1, {}
                continue
            yield answer
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}


def summaries_of(body: Mapping[str, Any]) -> dict[str, str]:
    """Where a job saves checkpoints and summaries, by its description. Each place once.

    Source of the TensorBoard output's folder: the SageMaker SDK (latest_job_tensorboard_artifacts_path).
    """
    given = body.get("HyperParameters", {})
    board = body.get("TensorBoardOutputConfig", {}).get("S3OutputPath")
    found = {
        "tensorboard": f"{board.rstrip('/')}/{body['TrainingJobName']}/tensorboard-output" if board else None,
        "checkpoints": body.get("CheckpointConfig", {}).get("S3Uri"),
        "checkpoint_path": given.get("checkpoint_path", "").strip('"'),
        "model_dir": given.get("model_dir", "").strip('"'),
    }
    places: dict[str, str] = {}
    for name, uri in found.items():
        if uri and uri.startswith("s3://") and uri.rstrip("/") not in places.values():
            places[name] = uri.rstrip("/")
    return places


def _identity(request: Request) -> tuple[str, str, str, str]:
    """The digest alone does not tell two jobs apart: their names are no part of it."""
    return request.project, request.environment, request.name, request.digest


def _tag_is(key: str, value: str) -> dict[str, str]:
    return {"Name": f"Tags.{key}", "Operator": "Equals", "Value": value}


def _seconds(moment: Any) -> float:
    return float(moment.timestamp())
