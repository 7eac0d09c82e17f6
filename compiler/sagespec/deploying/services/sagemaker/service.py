"""SageMaker through boto3, behind the service interface.

Observing costs one Search page a hundred jobs of a project, one page of the newest jobs, which Search may not know
yet, and one Describe for each request that neither knows. None of them is trusted with the lock: that is the name.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sagespec.building.request import Request
from sagespec.deploying.following.waits import waiting
from sagespec.deploying.planning.observed import ObservedJob
from sagespec.deploying.planning.ownership import manifest_name_of
from sagespec.deploying.services import (
    Cursor,
    LogLine,
    NameTaken,
    NoSuchJob,
    ServiceError,
)
from sagespec.deploying.services.live import changes, live_of
from sagespec.deploying.services.sagemaker.faults import AGAIN, CutShort, cause_of, is_denied
from sagespec.deploying.services.sagemaker.logs import of_job, read_logs, read_tail
from sagespec.deploying.services.sagemaker.s3 import ObjectStore
from sagespec.deploying.services.sagemaker.wire import PAGE, Wire, setting
from sagespec.deploying.side_by_side import each, side_by_side

CREATES_PER_SECOND = 1.0
"""The default quota `Rate of CreateTrainingJob requests`; SAGESPEC_CREATES_PER_SECOND tells of a higher one."""
PROPAGATION_SECONDS = 300.0
"""How long after a job's creation a policy on its tags may still deny access to it.

Source: https://github.com/aws/sagemaker-python-sdk/pull/4600
"""
RECENT_SECONDS = 900.0
"""Jobs younger than this are looked for in the list of the newest: Search lags behind."""
RECENT_PAGES = 5
"""Pages of the list that are read beside those that the wanted jobs themselves fill."""
ELEMENTS = 20
"""What a search expression holds at most: filters, or expressions of as many filters again."""
LOOKED_AT = 100
"""How many jobs that are too young for Search have their tags read. Of more than these, those that have the very name
of a request, which holds its digest, are believed to be its own: they are kept, and never stopped for it."""
FEW = 8
"""So many jobs are looked at one by one; the statuses of more are read from the list."""
WARM_SECONDS = 2 * 3600.0
"""How long after it was changed last a job may hold a warm pool: it is kept for an hour at most, and this clock and
that of the service may differ."""
POLL_SECONDS = 5.0
CALLS_A_MINUTE = 600
"""What following may cost, however many jobs are followed."""

_JOB = ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "SecondaryStatus", "CreationTime")
_OVER = re.compile(r"training job is in status (Stopping|Stopped|Failed|Completed|Deleting)")
_UNSEARCHABLE = frozenset({"ProfilerRuleConfigurations", "RemoteDebugConfig"})
"""Members that Search's record of a training job does not have."""


class TagsHidden(ServiceError):
    """A job is there, and its tags may not be read."""

    def __init__(self, message: str, hint: str, body: Mapping[str, Any]) -> None:
        super().__init__(message, hint)
        self.body = body


class SageMaker(Wire):
    """The training jobs of one account in one region. Safe to share between threads once made."""

    poll_seconds = POLL_SECONDS
    """How often it is polite to look at a running job."""
    calls_a_minute = CALLS_A_MINUTE
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
        super().__init__(region, session=session, sleep=sleep)
        self._pause = 1.0 / (creates_per_second or setting("SAGESPEC_CREATES_PER_SECOND", CREATES_PER_SECOND))
        self._clock, self._now = clock, now
        self._next_create = 0.0
        self._arns: dict[str, str] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._fresh: dict[str, float] = {}
        self._statuses: dict[str, tuple[str, str]] = {}
        """What the list of jobs said of each when it was read last: status and secondary status."""

    # What exists ------------------------------------------------------------------------------------------------------

    def observe(self, requests: Sequence[Request], *, projects: bool = False) -> Iterable[ObservedJob]:
        """Every attempt of these requests' names; with `projects`, every job of their projects.

        Raises:
            ServiceError: the service failed or refused.
        """
        with waiting(f"what {self.name} says exists"):
            found = {seen.job_name: seen for search in self._searches(requests, projects) for seen in search}
            found |= {seen.job_name: seen for seen in self._recent(requests, found)}
            found |= {seen.job_name: seen for seen in self._as_they_are(found.values())}
            known = {(seen.project, seen.environment, seen.name, seen.digest) for seen in found.values()}
            unknown = [request for request in requests if _identity(request) not in known]
            found |= {job.job_name: job for seen in each(self._attempts, unknown) for job in seen}
            return self._with_live(found, requests)

    def states(self, job_names: Sequence[str]) -> dict[str, ObservedJob | ServiceError]:
        """What each job does now. What could not be seen of one job is its own answer.

        The statuses of many are read from the list of the newest, and of older ones from Search, which may be a moment
        behind; they have no tags and no failure reason, which `describe` has.
        """
        wanted = dict.fromkeys(job_names)
        found: dict[str, ObservedJob | ServiceError] = {}
        if len(wanted) > FEW:
            found |= self._listed(wanted)
        for done in side_by_side(self._now_of, [name for name in wanted if name not in found]):
            found[done.item] = done.get()
        denied = [name for name, one in found.items() if isinstance(one, ServiceError) and is_denied(cause_of(one))]
        if denied and len(wanted) <= FEW:  # who may not describe may be allowed to list
            found |= self._listed(denied)
        return found

    def _now_of(self, job_name: str) -> ObservedJob | ServiceError:
        try:
            return self._seen(self._describe(job_name))
        except ServiceError as error:
            error.passing = self._may_pass(error, job_name)
            return error

    def _may_pass(self, error: ServiceError, job_name: str) -> bool:
        """Whether access is denied because policies on tags may not see those of a new job yet."""
        new = self._clock() < self._fresh.get(job_name, float("-inf")) + PROPAGATION_SECONDS
        return new and is_denied(cause_of(error))

    def _listed(self, job_names: Iterable[str]) -> dict[str, ObservedJob]:
        """The jobs of these names that the list of the newest, or else Search, shows."""
        left = set(job_names)
        found: dict[str, ObservedJob] = {}
        try:
            for page in self._newest(len(left)):
                found |= {name: self._brief(one) for one in page if (name := one["TrainingJobName"]) in left}
                if found.keys() == left:
                    return found
            for names in _chunks(sorted(left - found.keys())):
                for record in self._found(_either([_is("TrainingJobName", name) for name in names])):
                    found[record["TrainingJobName"]] = self._brief(record)
        except ServiceError:  # then each is looked at
            pass
        return found

    def _brief(self, record: Mapping[str, Any]) -> ObservedJob:
        """A job without what costs another call."""
        return self._seen(record, tags=self._tags.get(record["TrainingJobName"], {}))

    def describe(self, job_name: str) -> ObservedJob:
        """One job, as it is now.

        A job that was created a moment ago, by us or by another applier, may be hidden from us until its tags have
        reached the policies that look at them; so it is waited for.

        Raises:
            NoSuchJob: there is none of that name.
        """
        try:
            return self._seen(self._describe(job_name))
        except ServiceError as error:
            if not self._may_pass(error, job_name):
                raise
        with waiting(f"access to {job_name}, denied so far: it takes up to 5 minutes to see a new job's tags"):
            while True:
                self._sleep(POLL_SECONDS)
                try:
                    return self._seen(self._describe(job_name))
                except ServiceError as error:
                    if not self._may_pass(error, job_name):
                        raise

    def _describe(self, job_name: str) -> dict[str, Any]:
        return self._call("describe_training_job", job_name, _JOB, TrainingJobName=job_name)

    def _searches(self, requests: Sequence[Request], projects: bool) -> list[list[ObservedJob]]:
        """What Search knows: all jobs of the projects, or those of the requests' names, whatever else there is."""
        by_project: dict[str, set[str]] = {}
        for request in requests:
            by_project.setdefault(request.project, set()).add(request.name)
        searches: list[tuple[str, Sequence[str]]] = []
        for project, names in by_project.items():
            searches += [(project, ())] if projects else [(project, some) for some in _chunks(sorted(names))]
        return each(lambda search: list(self._search(*search)), searches)

    def _search(self, project: str, names: Sequence[str]) -> Iterator[ObservedJob]:
        """The jobs of a project, or those of a few of its names, as far as Search knows them."""
        expression: dict[str, Any] = {"Filters": [_is("Tags.sagespec:project", project)]}
        either = [_is("Tags.sagespec:name", name) for name in names]
        if 0 < len(names) <= ELEMENTS:
            expression["SubExpressions"] = [_either(either)]
        elif names:  # the project cannot be said once more: expressions of expressions are all that is documented
            expression = _either(either)
        for record in self._found(expression):
            tags = {tag["Key"]: tag["Value"] for tag in record.get("Tags", ())}
            self._remember(record, tags)
            if tags.get("sagespec:project") == project:
                yield self._seen(record)

    def _found(self, expression: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Search's records, oldest first, so that jobs which are created meanwhile do not move the pages."""
        order = {"SortBy": "CreationTime", "SortOrder": "Ascending"}
        for answer in self._pages("search", ("Results",), Resource="TrainingJob", SearchExpression=expression, **order):
            for number, result in enumerate(answer["Results"]):
                if result.get("TrainingJob") is None:
                    raise CutShort(f"Search: the answer was cut short: Results[{number}] has no TrainingJob", AGAIN)
                yield result["TrainingJob"]

    def _newest(self, wanted: int) -> Iterator[list[dict[str, Any]]]:
        """Pages of the list of the newest jobs, as many as so many jobs fill, and a few more.

        The list is not filtered: the service filters after it has cut the pages, so a filter only hides where they end.
        """
        order = {"SortBy": "CreationTime", "SortOrder": "Descending"}
        pages = self._pages("list_training_jobs", ("TrainingJobSummaries",), **order)
        for _, answer in zip(range(RECENT_PAGES + math.ceil(wanted / PAGE)), pages, strict=False):
            yield answer["TrainingJobSummaries"]

    def _recent(self, requests: Sequence[Request], found: Mapping[str, ObservedJob]) -> Iterator[ObservedJob]:
        """Jobs of these names that are too young for Search."""
        names = {request.name for request in requests}
        self._statuses = {}
        since = self._now() - RECENT_SECONDS
        young: dict[str, dict[str, Any]] = {}
        for page in self._newest(len(requests)):
            self._note(page)
            for summary in page:
                job_name = summary["TrainingJobName"]
                if job_name not in found and manifest_name_of(job_name) in names:
                    young[job_name] = summary
            if any(_seconds(summary["CreationTime"]) < since for summary in page):
                break
        believed = {} if len(young) <= LOOKED_AT else self._believed(requests, young)
        yield from believed.values()
        for seen in each(self._look, [name for name in young if name not in believed]):
            if seen is not None:
                yield seen

    def _note(self, page: Sequence[Mapping[str, Any]]) -> None:
        said = {one["TrainingJobName"]: (one["TrainingJobStatus"], one.get("SecondaryStatus", "")) for one in page}
        self._statuses |= said

    def _as_they_are(self, found: Iterable[ObservedJob]) -> Iterator[ObservedJob]:
        """Search tells what was: those of its jobs that have not ended, or may hold a warm pool, as they are now."""
        told = [seen for seen in found if "Tags" in seen.body]
        unsure = [seen for seen in told if not seen.ended and seen.job_name not in self._statuses]
        if len(unsure) > FEW:
            oldest = min(seen.created for seen in unsure)
            for page in self._newest(len(unsure)):
                self._note(page)
                if any(_seconds(summary["CreationTime"]) < oldest for summary in page):
                    break
        for now in each(self._look, [seen.job_name for seen in told if self._may_have_changed(seen)]):
            if now is not None:
                yield now

    def _may_have_changed(self, seen: ObservedJob) -> bool:
        if seen.ended:
            keeps = seen.body.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds")
            changed = _seconds(seen.body.get("LastModifiedTime", seen.body["CreationTime"]))
            return bool(keeps) and changed > self._now() - WARM_SECONDS
        status, secondary = self._statuses.get(seen.job_name, ("", ""))
        return status != seen.status or (secondary or seen.secondary) != seen.secondary

    def _believed(self, requests: Sequence[Request], young: Mapping[str, Mapping[str, Any]]) -> dict[str, ObservedJob]:
        """Those of many young jobs that a name and a status tell enough of; a few are looked at all the same."""
        by_first = {request.job_name(): request for request in requests}
        believed: dict[str, ObservedJob] = {}
        for name, summary in list(young.items())[LOOKED_AT:]:
            first, _, attempt = name.partition("-r") if name not in by_first else (name, "", "1")
            request = by_first.get(first)
            told_enough = summary["TrainingJobStatus"] in ("InProgress", "Completed")
            if request is not None and told_enough and attempt.isdecimal() and not request.live():
                believed[name] = self._seen(summary, tags=request.all_tags(int(attempt)))
        return believed

    def _attempts(self, request: Request) -> list[ObservedJob]:
        """The attempts of a request that neither Search nor the list knows; what they are called is known."""
        attempts: list[ObservedJob] = []
        while seen := self._look(request.job_name(len(attempts) + 1)):
            attempts.append(seen)
        return attempts

    def _look(self, job_name: str) -> ObservedJob | None:
        """A job that may be there. A policy on tags denies what is not there as well; the name decides in the end."""
        try:
            return self.describe(job_name)
        except NoSuchJob:
            return None
        except TagsHidden as hidden:
            return replace(self._seen(hidden.body, tags={}), tags_hidden=True)
        except ServiceError as error:
            if is_denied(cause_of(error)):
                return None
            raise

    def _with_live(self, found: Mapping[str, ObservedJob], requests: Sequence[Request]) -> list[ObservedJob]:
        """Each request's newest attempt with its live members as the request words them."""
        result = dict(found)
        newest: dict[tuple[str, str, str, str], ObservedJob] = {}
        for seen in sorted(found.values(), key=lambda seen: seen.attempt):
            newest[seen.project, seen.environment, seen.name, seen.digest] = seen
        changeable = [(newest.get(_identity(request)), wanted) for request in requests if (wanted := request.live())]
        shown = each(lambda one: self._shown(*one), [(last, wanted) for last, wanted in changeable if last is not None])
        return list({**result, **{seen.job_name: seen for seen in shown}}.values())

    def _shown(self, last: ObservedJob, wanted: Mapping[str, Any]) -> ObservedJob:
        """A job with its live members, which Search's record may not have: only those records hold tags."""
        body = last.body
        if not last.ended and "Tags" in body and _UNSEARCHABLE & set(wanted):
            body = self._describe(last.job_name)
        return self._seen(body, live_of(body, wanted))

    def _seen(
        self,
        body: Mapping[str, Any],
        live: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> ObservedJob:
        job_name = body["TrainingJobName"]
        tags = self._tags_of(body) if tags is None else tags
        attempt = tags.get("sagespec:attempt", "1")
        return ObservedJob(
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

    def create(self, request: Request, attempt: int) -> None:
        """Creates the training job, not faster than the account may.

        Raises:
            NameTaken: a job of that name exists: another applier's, or ours, whose answer was lost on the way.
        """
        job_name = request.job_name(attempt)
        with waiting(f"the next creation: {1 / self._pause:g} a second are allowed"):
            self._in_turn()
        self._tags.pop(job_name, None)
        try:
            answer = self._call("create_training_job", job_name, ("TrainingJobArn",), **request.body(attempt))
        except NameTaken:
            self._fresh[job_name] = self._clock()
            raise
        self._fresh[job_name] = self._clock()
        self._arns[job_name] = answer["TrainingJobArn"]

    def _in_turn(self) -> None:
        """Returns when one more job may be created."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next_create)
            self._next_create = turn + self._pause
        if turn > now:
            self._sleep(turn - now)

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
        return read_logs(self._client("logs"), of_job(job_name), cursor)

    def tail(self, job_name: str, count: int) -> list[LogLine]:
        """The last lines over all hosts."""
        return read_tail(self._client("logs"), of_job(job_name), count)

    def artifact(self, job_name: str, body: Mapping[str, Any] | None = None) -> str | None:
        """Where the job's model lies, if it does.

        Args:
            body: its description, where somebody has it.

        Raises:
            ServiceError: S3 does not let us look.
        """
        described = self._describe(job_name) if body is None else body
        uri = described.get("ModelArtifacts", {}).get("S3ModelArtifacts")
        return uri if uri and ObjectStore(self._client("s3"), self.region).exists(uri) else None

    def summaries(self, job_name: str) -> dict[str, str]:
        """Where a job saves checkpoints and summaries while it runs: a short name → URI."""
        return summaries_of(self._describe(job_name))


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


def _is(name: str, value: str) -> dict[str, str]:
    return {"Name": name, "Operator": "Equals", "Value": value}


def _either(filters: Sequence[dict[str, str]]) -> dict[str, Any]:
    """An expression that any of the filters fulfils."""
    if len(filters) <= ELEMENTS:
        return {"Filters": list(filters), "Operator": "Or"}
    parts = [filters[start : start + ELEMENTS] for start in range(0, len(filters), ELEMENTS)]
    return {"SubExpressions": [_either(part) for part in parts], "Operator": "Or"}


def _chunks(names: Sequence[str]) -> list[Sequence[str]]:
    """Names in pieces that one search can be about."""
    size = ELEMENTS * ELEMENTS
    return [names[start : start + size] for start in range(0, len(names), size)]


def _seconds(moment: Any) -> float:
    return float(moment.timestamp())
