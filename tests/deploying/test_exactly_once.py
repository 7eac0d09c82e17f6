"""Exactly once: however apply is disturbed, after it has been run again there is one attempt per digest, every archive
is whole, and nothing else was stopped. Judged by the service's own log, at the moment of every effect."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from moto.moto_api._internal import moto_api_backend

from fakes.appliers import start
from fakes.fixtures import Aws, clean, session_of
from fakes.jobs import Clock
from fakes.project import WatchedProject
from fakes.server import FAULTS, TestService
from sagespec.deploying.planning.jobs.planner import PlanOptions
from sagespec.deploying.services import ServiceError

ROUNDS = int(os.environ.get("SAGESPEC_KILL_ROUNDS", "10"))
NAMES = ("ada", "bob", "cyd")
VARIANTS = ("one", "two", "capacity", "broken")
LONG = 100_000.0
"""Virtual seconds after which every job has ended and every index has caught up."""


class Killed(BaseException):
    """What an applier dies of in the middle of a call."""


def dying(call: int, *, before: bool) -> Any:
    """A session whose user dies at its n-th call, before it is sent or after it was answered."""
    session, left = session_of(), [call]

    def count(**_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    session.events.register("before-send.*" if before else "after-call.*", count)
    return session


names, variants = st.sampled_from(NAMES), st.sampled_from(VARIANTS)
plan_options = st.builds(PlanOptions, replace=st.booleans(), prune=st.booleans())
steps = st.one_of(
    st.tuples(st.just("write"), names, variants),
    st.tuples(st.just("write"), names, variants),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("rename"), names, names),
    st.tuples(st.just("pass"), st.sampled_from([3.0, 30.0, 300.0])),
    st.tuples(st.just("apply"), plan_options, st.just(0.0)),
    st.tuples(st.just("apply"), plan_options, st.sampled_from([0.1, 0.3])),
    st.tuples(st.just("die"), plan_options, st.integers(1, 25), st.booleans()),
    st.tuples(st.just("race"), plan_options),
)


class Schedule:
    """Does one step after the other to a project."""

    def __init__(self, project: WatchedProject, service: TestService) -> None:
        self.project, self.service = project, service

    def do(self, step: tuple[Any, ...]) -> None:
        getattr(self, f"_{step[0]}")(*step[1:])

    def _write(self, name: str, variant: str) -> None:
        self.project.write(name, variant)

    def _delete(self, name: str) -> None:
        self.project.delete(name)

    def _rename(self, old: str, new: str) -> None:
        self.project.rename(old, new)

    def _pass(self, seconds: float) -> None:
        self.service.advance(seconds)

    def _apply(self, options: PlanOptions, faults: float) -> None:
        with self._allowed_to_stop(options):
            self.service.faults = faults
            with contextlib.suppress(ServiceError):  # what it says is told, and the next one goes on
                self.project.apply(options, session_of())

    def _die(self, options: PlanOptions, call: int, before: bool) -> None:
        with self._allowed_to_stop(options):
            try:
                self.project.apply(options, dying(call, before=before))
            except Killed:
                event("died in the middle")

    def _race(self, options: PlanOptions) -> None:
        with self._allowed_to_stop(options):
            racers = [threading.Thread(target=self.project.apply, args=(options, session_of())) for _ in range(2)]
            for racer in racers:
                racer.start()
            for racer in racers:
                racer.join()

    @contextlib.contextmanager
    def _allowed_to_stop(self, options: PlanOptions) -> Iterator[None]:
        self.project.stopping = options.replace or options.prune
        yield
        self.project.stopping, self.service.faults = False, 0.0

    def settle(self) -> None:
        """All is quiet, all that runs comes to its end, and apply is run until it has nothing to do."""
        self.service.jobs.search_lag = self.service.jobs.list_lag = 0.0
        session = session_of()
        for _ in range(4):
            self.service.advance(LONG)
            outcomes = self.project.apply(PlanOptions(), session)
            assert [outcome.error for outcome in outcomes if outcome.error] == []
        self.service.advance(LONG)
        plan, _ = self.project.plan(PlanOptions(), session)
        assert list(plan.pending) == []


@settings(
    max_examples=int(os.environ.get("SAGESPEC_SCHEDULES", "15")),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a failing schedule is short enough to read as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    schedule=st.lists(steps, min_size=4, max_size=14),
    search_lag=st.sampled_from([0.0, 20.0, 1000.0]),
    list_lag=st.sampled_from([0.0, 0.0, 20.0]),
    seed=st.integers(0, 2**16),
)
def test_every_schedule_of_edits_faults_and_deaths_ends_as_wanted(
    neighbours: str,
    hurry: None,
    schedule: list[tuple[Any, ...]],
    search_lag: float,
    list_lag: float,
    seed: int,
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        moto_api_backend.reset()
        service = TestService(Clock())
        service.random, service.kinds = random.Random(seed), tuple(FAULTS)
        service.jobs.search_lag, service.jobs.list_lag = search_lag, list_lag
        here = Aws(service, neighbours)
        for key, value in here.environment.items():
            environment.setenv(key, value)
        environment.setenv("SAGESPEC_READ_TIMEOUT", "1")  # how long an answer that hangs is waited for
        try:
            project = WatchedProject(here, Path(folder))
            project.write("ada", "one")
            run = Schedule(project, service)
            for step in schedule:
                run.do(step)
            if project.variants:
                run.settle()
            assert list(project.wrongs()) == []
        finally:
            service.close()


@pytest.mark.slow
def test_killed_appliers_leave_nothing_that_the_next_one_does_not_finish(aws: Aws, tmp_path: Path) -> None:
    """Real processes, real SIGKILL, at moments that SAGESPEC_SEED draws; SAGESPEC_KILL_ROUNDS says how often."""
    seed = int(os.environ.get("SAGESPEC_SEED", "7"))
    chance, project, deaths = random.Random(seed), WatchedProject(aws, tmp_path), Counter[str]()
    aws.jobs.clock.scale = 20.0  # a job that was asked to stop is gone after a quarter of a second
    aws.service.random = random.Random(seed)
    fates = aws.jobs.fate  # jobs that last: there is something to stop
    aws.jobs.fate = lambda request: replace(fates(request), seconds=2_000.0)
    project.stopping = True
    project.write("ada", "one")
    assert finished(aws, tmp_path) == 0
    project.write("ada", "two")
    deaths.update([killed(project, chance, ["--replace"], ("StopTrainingJob", 1))])
    for number in range(ROUNDS):
        edited(project, chance, number)
        aws.jobs.search_lag = chance.choice([0.0, 5.0, 60.0])
        aws.service.faults = chance.choice([0.0, 0.0, 0.1])
        deaths.update(killed(project, chance, flags(chance), moment(chance)) for _ in range(chance.choice([1, 1, 2])))
        aws.service.faults = 0.0
        assert list(project.wrongs_so_far()) == []
        # 3: a job that runs is not replaced unless one says so; 4: one has failed, and is not tried again
        assert finished(aws, tmp_path) in (0, 3, 4)
        assert list(project.wrongs_so_far()) == []
    aws.jobs.search_lag = 0.0
    for _ in range(4):
        aws.advance(LONG)
        assert finished(aws, tmp_path) in (0, 4)
    assert aws.sagespec("plan", tmp_path, "--detailed-exitcode").returncode in (0, 4)
    assert list(project.wrongs()) == []
    created, stopped = len(aws.jobs.done("CreateTrainingJob")), len(aws.jobs.done("StopTrainingJob"))
    print(f"{ROUNDS} rounds, deaths {dict(deaths)}, {created} created, {stopped} stopped, {len(aws.calls)} calls")
    assert deaths["ended by itself"] < deaths.total()
    assert stopped


def edited(project: WatchedProject, chance: random.Random, number: int) -> None:
    """A few edits: contents that are new, and ones that were there before; at least one manifest stays."""
    for _ in range(chance.randint(1, 4)):
        act = chance.choice(["write", "write", "write", "revert", "delete", "rename"])
        if act == "write":
            project.write(chance.choice(NAMES), f"new{number}")
        elif act == "revert":
            project.write(chance.choice(NAMES), chance.choice(VARIANTS))
        elif act == "delete" and len(project.variants) > 1:
            project.delete(chance.choice(NAMES))
        elif act == "rename":
            project.rename(chance.choice(NAMES), chance.choice(NAMES))


def flags(chance: random.Random) -> list[str]:
    return [flag for flag in ("--replace", "--prune") if chance.random() < 0.7]


def moment(chance: random.Random) -> tuple[str, int]:
    """When to kill: once an operation has been called so many times; at once where none is named."""
    return chance.choice(
        [(name, 1) for name in ("Search", "ListTrainingJobs", "DescribeTrainingJob", "CreateTrainingJob")]
        + [("", 0), ("CreateTrainingJob", 2), ("StopTrainingJob", 1)]
    )


def killed(project: WatchedProject, chance: random.Random, flags: list[str], moment: tuple[str, int]) -> str:
    """Starts one applier, or two at once, and kills them at that moment of theirs or a little later; tells where."""
    aws, (operation, times) = project.aws, moment
    command = ["apply", str(project.folder), "--yes", *flags]
    environment = {**clean(os.environ), **aws.environment, "SAGESPEC_CREATES_PER_SECOND": "20"}
    before, begun = Counter(call.operation for call in aws.calls), len(aws.calls)
    said = [project.said_folder / f"{len(project.said) + number}.txt" for number in range(chance.choice([1, 1, 2]))]
    project.said += said
    appliers = [start(command, environment, path) for path in said]
    while operation and aws.service.count(operation) - before[operation] < times:
        if not any(applier.is_alive() for applier in appliers):
            break
        time.sleep(0.002)
    time.sleep(chance.choice([0.0, 0.0, 0.02, 0.1, 0.4]))
    for applier in appliers:
        applier.kill()
    for applier in appliers:
        applier.join()
    if -signal.SIGKILL not in {applier.exitcode for applier in appliers}:
        return "ended by itself"
    return f"after {aws.calls[-1].operation}" if len(aws.calls) > begun else "before any call"


def finished(aws: Aws, folder: Path) -> int:
    said = folder.parent / "finished.txt"
    applier = start(["apply", str(folder), "--yes"], {**clean(os.environ), **aws.environment}, said)
    applier.join()
    assert "Traceback" not in said.read_text(), said.read_text()
    assert applier.exitcode is not None
    return applier.exitcode


def test_two_appliers_at_once_create_one_job_and_both_succeed(aws: Aws, tmp_path: Path) -> None:
    project = WatchedProject(aws, tmp_path)
    for name in NAMES:
        project.write(name, "one")
    command = [sys.executable, "-m", "sagespec", "apply", str(tmp_path), "--yes"]
    environment = {**clean(os.environ), **aws.environment}
    appliers = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [applier.communicate()[1] for applier in appliers]
    assert [applier.returncode for applier in appliers] == [0, 0], said
    assert sorted(effect.job_name[:3] for effect in aws.jobs.done("CreateTrainingJob")) == list(NAMES)
    assert list(project.wrongs()) == []


def test_the_rules_are_broken_by_a_service_that_forgets_names(aws: Aws, tmp_path: Path) -> None:
    """The judge can find fault: a job that is created again, a stop that nobody asked for, an archive that is cut."""
    project = WatchedProject(aws, tmp_path)
    project.write("ada", "one")
    project.apply(PlanOptions())
    (first,) = aws.jobs.of("ada")
    aws.client("sagemaker").stop_training_job(TrainingJobName=first)
    assert list(project.wrongs()) == [f"{first} was stopped"]
    project.broken.clear()
    del aws.jobs.jobs[first]
    key = next(name for name in aws.objects() if name.endswith("sourcedir.tar.gz"))
    bucket, _, path = key.partition("/")
    project.apply(PlanOptions())
    aws.client("s3").put_object(Bucket=bucket, Key=path, Body=b"half")
    digest = project.requests()[0].digest
    assert list(project.wrongs()) == [
        f"created twice: {[first, first]}",
        f"{('ada', digest)}: attempts [1, 1]",
        f"{key} is not whole",
    ]
