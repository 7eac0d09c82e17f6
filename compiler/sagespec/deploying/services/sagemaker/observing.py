"""Which training jobs exist, and what each does now.

Observing costs one Search page a hundred jobs of a project, one page of the newest jobs, which Search may not know
yet, and one Describe for each request that neither knows. None of them is trusted with the lock: that is the name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sagespec.building.request import Request
from sagespec.building.tags import NAME, PROJECT, attempt_of, observed_by, tags_in
from sagespec.deploying.following.waits import waiting
from sagespec.deploying.planning.observed import ObservedJob
from sagespec.deploying.planning.ownership import manifest_name_of
from sagespec.deploying.services import (
    NoSuchJob,
    ServiceError,
)
from sagespec.deploying.services.live import live_of
from sagespec.deploying.services.sagemaker.faults import cause_of, is_denied
from sagespec.deploying.services.sagemaker.searching import ELEMENTS, JobLists, any_of, equals, searchable
from sagespec.deploying.side_by_side import each, side_by_side

PROPAGATION_SECONDS = 300.0
"""How long after a job's creation a policy on its tags may still deny access to it.

Source: https://github.com/aws/sagemaker-python-sdk/pull/4600
"""
RECENT_SECONDS = 900.0
"""Jobs younger than this are looked for in the list of the newest: Search lags behind."""
LOOKED_AT = 100
"""How many jobs that are too young for Search have their tags read. Of more than these, those that have the very name
of a request, which holds its digest, are believed to be its own: they are kept, and never stopped for it."""
FEW = 8
"""So many jobs are looked at one by one; the statuses of more are read from the list."""
WARM_SECONDS = 2 * 3600.0
"""How long after it was changed last a job may hold a warm pool: it is kept for an hour at most, and this clock and
that of the service may differ."""
POLL_SECONDS = 5.0
_JOB = ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "SecondaryStatus", "CreationTime")
_UNSEARCHABLE = frozenset({"ProfilerRuleConfigurations", "RemoteDebugConfig"})
"""Members that Search's record of a training job does not have."""


class TagsHidden(ServiceError):
    """A job is there, and its tags may not be read."""

    def __init__(self, message: str, hint: str, body: Mapping[str, Any]) -> None:
        super().__init__(message, hint)
        self.body = body


class JobObserver(JobLists):
    """The training jobs of one account in one region, looked at. Safe to share between threads once made."""

    def __init__(
        self,
        region: str = "",
        *,
        session: Any = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Configured as boto3 always is: profiles, `AWS_*`, `AWS_ENDPOINT_URL*`. Nothing is called before it is needed.

        Args:
            region: empty for what the environment or the profile says.
            session: a boto3 session, for those who have one.
            clock, sleep, now: time in seconds, for tests; `now` counts from 1970.
        """
        super().__init__(region, session=session, sleep=sleep)
        self._clock, self._now = clock, now
        self._arns: dict[str, str] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._fresh: dict[str, float] = {}
        """When a job was created, by `clock`."""
        self._statuses: dict[str, tuple[str, str]] = {}
        """What the list of jobs said of each when it was read last: status and secondary status."""

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

    def describe(self, job_name: str) -> ObservedJob:
        """One job, as it is now.

        A job that was created a moment ago, by us or by another applier, may be hidden from us until its tags have
        reached the policies that look at them; so it is waited for.

        Raises:
            NoSuchJob: there is none of that name.
        """
        try:
            return self._observed_job(self._describe(job_name))
        except ServiceError as error:
            if not self._may_pass(error, job_name):
                raise
        with waiting(f"access to {job_name}, denied so far: it takes up to 5 minutes to see a new job's tags"):
            while True:
                self._sleep(POLL_SECONDS)
                try:
                    return self._observed_job(self._describe(job_name))
                except ServiceError as error:
                    if not self._may_pass(error, job_name):
                        raise

    def _searches(self, requests: Sequence[Request], projects: bool) -> list[list[ObservedJob]]:
        """What Search knows: all jobs of the projects, or those of the requests' names, whatever else there is."""
        by_project: dict[str, set[str]] = {}
        for request in requests:
            by_project.setdefault(request.project, set()).add(request.name)
        searches: list[tuple[str, Sequence[str]]] = []
        for project, names in by_project.items():
            searches += [(project, ())] if projects else [(project, some) for some in searchable(sorted(names))]
        return each(lambda search: list(self._search(*search)), searches)

    def _search(self, project: str, names: Sequence[str]) -> Iterator[ObservedJob]:
        """The jobs of a project, or those of a few of its names, as far as Search knows them."""
        expression: dict[str, Any] = {"Filters": [equals(f"Tags.{PROJECT}", project)]}
        either = [equals(f"Tags.{NAME}", name) for name in names]
        if 0 < len(names) <= ELEMENTS:
            expression["SubExpressions"] = [any_of(either)]
        elif names:  # the project cannot be said once more: expressions of expressions are all that is documented
            expression = any_of(either)
        for record in self._found(expression):
            tags = tags_in(record.get("Tags", ()))
            self._remember(record, tags)
            if tags.get(PROJECT) == project:
                yield self._observed_job(record)

    def _now_of(self, job_name: str) -> ObservedJob | ServiceError:
        try:
            return self._observed_job(self._describe(job_name))
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
            for names in searchable(sorted(left - found.keys())):
                for record in self._found(any_of([equals("TrainingJobName", name) for name in names])):
                    found[record["TrainingJobName"]] = self._brief(record)
        except ServiceError:  # then each is looked at
            pass
        return found

    def _brief(self, record: Mapping[str, Any]) -> ObservedJob:
        """A job without what costs another call."""
        return self._observed_job(record, tags=self._tags.get(record["TrainingJobName"], {}))

    def _describe(self, job_name: str) -> dict[str, Any]:
        return self._call("describe_training_job", job_name, _JOB, TrainingJobName=job_name)

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
        statuses = {one["TrainingJobName"]: (one["TrainingJobStatus"], one.get("SecondaryStatus", "")) for one in page}
        self._statuses |= statuses

    def _as_they_are(self, found: Iterable[ObservedJob]) -> Iterator[ObservedJob]:
        """Search shows what was: those of its jobs that have not ended, or may hold a warm pool, as they are now."""
        quotable = [seen for seen in found if "Tags" in seen.body]
        unsure = [seen for seen in quotable if not seen.ended and seen.job_name not in self._statuses]
        if len(unsure) > FEW:
            oldest = min(seen.created for seen in unsure)
            for page in self._newest(len(unsure)):
                self._note(page)
                if any(_seconds(summary["CreationTime"]) < oldest for summary in page):
                    break
        for now in each(self._look, [seen.job_name for seen in quotable if self._may_have_changed(seen)]):
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
                believed[name] = self._observed_job(summary, tags=request.all_tags(int(attempt)))
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
            return replace(self._observed_job(hidden.body, tags={}), tags_hidden=True)
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
        return self._observed_job(body, live_of(body, wanted))

    def _observed_job(
        self,
        body: Mapping[str, Any],
        live: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> ObservedJob:
        job_name = body["TrainingJobName"]
        tags = self._tags_of(body) if tags is None else tags
        return ObservedJob(
            job_name=job_name,
            status=body["TrainingJobStatus"],
            secondary=body.get("SecondaryStatus", ""),
            attempt=attempt_of(tags),
            created=_seconds(body["CreationTime"]),
            failure=body.get("FailureReason", ""),
            arn=body["TrainingJobArn"],
            live={} if live is None else live,
            body=body,
            **observed_by(tags),
        )

    def _tags_of(self, body: Mapping[str, Any]) -> dict[str, str]:
        """Describe shows no tags; they are asked for once, and those that AWS sets itself are nobody's drift."""
        job_name = body["TrainingJobName"]
        if job_name not in self._tags:
            try:
                tags = self._tags_at(body["TrainingJobArn"])
            except ServiceError as error:
                if not is_denied(cause_of(error)):
                    raise
                raise TagsHidden(error.message, error.hint, body) from error.__cause__
            self._remember(body, tags)
        return self._tags[job_name]

    def _remember(self, body: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        self._arns[body["TrainingJobName"]] = body["TrainingJobArn"]
        self._tags[body["TrainingJobName"]] = {key: value for key, value in tags.items() if not key.startswith("aws:")}


def _identity(request: Request) -> tuple[str, str, str, str]:
    """The digest alone does not tell two jobs apart: their names are not part of it."""
    return request.project, request.environment, request.name, request.digest


def _seconds(moment: Any) -> float:
    return float(moment.timestamp())
