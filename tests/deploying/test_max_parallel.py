"""`apply --max-parallel N`: never more than N jobs of a set run, the next begins when one ends, and an apply that was
killed goes on when it is run again. Judged by the service's own log."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from conftest import Wanted
from fakes.appliers import start
from fakes.fixtures import Aws, clean
from fakes.jobs import Jobs
from fakes.memory import Job, Memory
from fakes.project import WatchedProject
from sagespec.building.request import Request
from sagespec.cli import run
from sagespec.cli.commands.deploying.following import Followed, follow_as_they_begin
from sagespec.deploying.applying.applier import Outcome
from sagespec.deploying.applying.slots import Slots
from sagespec.deploying.following.looking import FollowedJob
from sagespec.deploying.planning.observed import TERMINAL
from sagespec.deploying.planning.plan import Action, Change, PlanOptions
from sagespec.deploying.pool import ServicePool
from sagespec.deploying.services import LogLine, Progress, ServiceError

USUAL = PlanOptions()
SIX = ("ada", "bob", "cyd", "dan", "eve", "fay")


Several = Callable[..., list[Request]]


@pytest.fixture
def several(wanted: Wanted) -> Several:
    """Requests that differ in their names."""

    def requests(count: int, project: str = "vision", **over: Any) -> list[Request]:
        made = wanted(**over)
        return [made._replace(name=f"job-{number}", project=project) for number in range(count)]

    return requests


@dataclass
class Finite(Memory):
    """A service whose jobs end after a few looks, and that remembers how many have run at once."""

    looks: int = 3
    most: int = 0
    seen: dict[int, int] = field(default_factory=dict)
    __hash__ = object.__hash__

    def __post_init__(self) -> None:
        self.on_describe = self._looked_at

    def create(self, request: Request, attempt: int) -> None:
        super().create(request, attempt)
        self.most = max(self.most, sum(job.status not in TERMINAL for job in self.jobs.values()))

    def _looked_at(self, job: Job) -> None:
        self.seen[id(job)] = self.seen.get(id(job), 0) + 1
        if self.seen[id(job)] >= self.looks:
            job.status = job.secondary = "Completed"


def applied(service: Memory, requests: list[Request], at_once: int, options: PlanOptions = USUAL) -> list[Outcome]:
    pool = ServicePool(lambda site: service)
    return list(pool.apply(pool.plan(requests, options), options, lambda *_: None, Slots(at_once)))


def created(service: Memory) -> list[str]:
    return [done[1] for done in service.done if done[0] == "create"]


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_no_more_than_so_many_run_and_all_are_created(at_once: int, several: Several) -> None:
    service, requests = Finite(), several(12)
    outcomes = applied(service, requests, at_once)
    assert [outcome.error for outcome in outcomes] == [None] * 12
    assert service.most == at_once
    assert sorted(created(service)) == sorted(request.job_name() for request in requests)


def test_what_runs_already_counts(several: Several) -> None:
    service, requests = Finite(looks=6), several(4)
    for request in requests[:2]:
        service.create(request, 1)
    service.done.clear()
    outcomes = applied(service, requests, 2)
    assert service.most == 2
    assert [outcome.change.action for outcome in outcomes] == [Action.KEEP] * 2 + [Action.CREATE] * 2
    assert created(service) == [request.job_name() for request in requests[2:]]


def test_what_needs_no_place_does_not_wait_for_one(several: Several) -> None:
    """A tag is set although both places are taken for ever, and that is told at once."""
    service, requests = Finite(looks=10_000), several(12)
    service.create(requests[11], 1)
    tagged = [*requests[:11], requests[11]._replace(tags={"team": "vision"})]
    pool = ServicePool(lambda site: service)
    outcomes = pool.apply(pool.plan(tagged, PlanOptions()), PlanOptions(), lambda *_: None, Slots(1))
    assert next(outcomes).change.action is Action.TAG
    outcomes.close()  # type: ignore[attr-defined]
    assert created(service) == [requests[11].job_name()]


def test_what_was_waited_for_is_decided_again(several: Several) -> None:
    """Somebody else has created the job in the meantime, in another state of the manifest: it is not created beside."""
    service, requests = Finite(), several(2)
    (other,) = several(1, max_run=77)
    other = other._replace(name=requests[1].name)
    first = requests[0].job_name()

    def looked_at(job: Job) -> None:
        if job.body["TrainingJobName"] == first and other.job_name() not in service.jobs:
            Memory.create(service, other, 1)
            job.status = job.secondary = "Completed"

    service.on_describe = looked_at
    outcomes = applied(service, requests, 1)
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    assert [outcome.change.name for outcome in failed] == [requests[1].name]
    assert "is out of date" in str(failed[0].error)
    assert requests[1].job_name() not in service.jobs


def test_a_job_that_fails_or_cannot_be_created_gives_its_place_to_the_next(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, requests = Finite(), several(5)
    create = Finite.create

    def refuses_one(self: Finite, request: Request, attempt: int) -> None:
        if request.name == "job-1":
            raise ServiceError("refused")
        create(self, request, attempt)

    monkeypatch.setattr(Finite, "create", refuses_one)
    outcomes = applied(service, requests, 1)
    assert {outcome.change.name for outcome in outcomes if outcome.error} == {"job-1"}
    assert len(service.jobs) == 4
    assert service.most == 1


def test_who_waits_gives_up_where_the_running_jobs_cannot_be_seen(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, requests = Finite(), several(3)
    hidden = ServiceError("denied")
    monkeypatch.setattr(Finite, "states", lambda self, names: dict.fromkeys(names, hidden))
    outcomes = applied(service, requests, 1)
    assert [outcome.done for outcome in outcomes].count(True) == 1
    errors = [str(outcome.error) for outcome in outcomes if outcome.error]
    assert all("whether job-0" in error and "cannot be seen: denied" in error for error in errors)


def test_a_rerun_is_started_once_and_in_its_turn(several: Several) -> None:
    service, requests = Finite(), several(4)
    for request in requests:
        service.create(request, 1)
        service.jobs[request.job_name()].status = "Completed"
    service.done.clear()
    service.most = 0
    outcomes = applied(service, requests, 1, PlanOptions(rerun=True))
    assert [outcome.error for outcome in outcomes] == [None] * 4
    assert sorted(created(service)) == sorted(request.job_name(2) for request in requests)
    assert service.most == 1


def most_at_once(jobs: Jobs) -> int:
    """How many jobs the service has run at a time, by its own log."""
    spans = []
    for job in jobs.jobs.values():
        ends = [moment for moment, status, _ in job.transitions(jobs.stop_seconds) if status in TERMINAL]
        spans.append((job.created, min(ends)))
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)


def test_a_killed_apply_that_is_run_again_goes_on(aws: Aws, tmp_path: Path) -> None:
    """Real processes and a real SIGKILL, between the second creation and the third."""
    project = WatchedProject(aws, tmp_path)
    for name in SIX:
        project.write(name, "one")
    aws.jobs.clock.scale = 200.0
    fates = aws.jobs.fate
    aws.jobs.fate = lambda request: replace(fates(request), seconds=300.0)
    environment = {**clean(os.environ), **aws.environment, "TEST_POLL_SECONDS": "0.1"}
    command = ["apply", str(tmp_path), "--yes", "--wait", "--max-parallel", "2"]
    said = [project.said_folder / f"{number}.txt" for number in range(2)]
    project.said += said
    applier = start(command, environment, said[0])
    while len(aws.jobs.done("CreateTrainingJob")) < 3 and applier.is_alive():
        time.sleep(0.002)
    applier.kill()
    applier.join()
    assert 3 <= len(aws.jobs.jobs) < 6
    applier = start(command, environment, said[1])
    applier.join()
    assert applier.exitcode == 0, said[1].read_text()
    assert sorted(job.name[:3] for job in aws.jobs.jobs.values()) == list(SIX)
    assert most_at_once(aws.jobs) <= 2
    assert list(project.wrongs()) == []


@pytest.mark.parametrize("interrupted", [False, True])
def test_jobs_are_followed_while_others_wait_for_their_turn(
    interrupted: bool, several: Several, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second job begins when the first one's log has been printed, as it would when a place becomes free."""
    service, (one, two) = Finite(looks=3), several(2)
    service.lines = {request.job_name(): [LogLine("algo-1", 0.0, "epoch 1")] for request in (one, two)}
    out = io.StringIO()

    def outcomes(progress: Progress) -> Iterator[Outcome]:
        progress("1 at a time: waiting", 0, 0)
        for request in (one, two):
            service.create(request, 1)
            yield Outcome(Change(Action.CREATE, "new", request))
            said = f"{request.job_name()} algo-1 | epoch 1"
            until(lambda said=said: said in out.getvalue())  # type: ignore[misc]
        if interrupted:
            raise KeyboardInterrupt

    followed = Followed([])
    begun: list[str] = []

    def take(outcome: Outcome, remark: Callable[[str], None]) -> FollowedJob:
        begun.append(outcome.change.job_name)
        return FollowedJob(outcome.change.job_name, service)

    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            follow_as_they_begin(followed, outcomes, take, out)
        assert "sagespec attach" in capsys.readouterr().err
        return
    follow_as_they_begin(followed, outcomes, take, out)
    assert begun == [one.job_name(), two.job_name()]
    assert {job.name: ending.passed for job, ending in followed.endings.items()} == dict.fromkeys(begun, True)
    assert capsys.readouterr().err.count("1 at a time: waiting") == 1


def until(seen: Callable[[], bool]) -> None:
    """Waits for a condition; a minute without it is a failure."""
    for _ in range(60_000):
        if seen():
            return
        time.sleep(0.001)
    raise AssertionError("it was not seen")


def test_max_parallel_needs_wait(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["apply", str(tmp_path), "--max-parallel", "2"]) == 2
    assert "--max-parallel needs --wait" in capsys.readouterr().err
