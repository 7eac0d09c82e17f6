"""Work goes side by side, waits are told and end, and calls are few. Calls are counted, not timed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import SMALLEST, Wanted
from fakes.fixtures import REGION, Aws, clean, session_of
from fakes.jobs import Fate
from fakes.neighbour import logs_of, neighbour_that
from sagespec.building.request import Request
from sagespec.deploying.applying.applier import Applier
from sagespec.deploying.following.follow import PATIENCE, follow
from sagespec.deploying.following.waits import Waits, waiting
from sagespec.deploying.planning.jobs.planner import Action, PlanOptions, decide_all
from sagespec.deploying.pool import ServicePool
from sagespec.deploying.services import ServiceError
from sagespec.deploying.services.sagemaker.service import CALLS_A_MINUTE, SageMaker
from sagespec.deploying.side_by_side import Once, each, side_by_side


def named(request: Request, count: int, name: str = "job") -> list[Request]:
    return [request._replace(name=f"{name}-{number:04}") for number in range(count)]


# The pool ------------------------------------------------------------------------------------------------------------


def test_items_are_done_side_by_side_and_never_more_than_so_many() -> None:
    at_work, most, together, lock = [0], [0], threading.Barrier(4, timeout=60), threading.Lock()

    def do(number: int) -> int:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        together.wait()
        with lock:
            at_work[0] -= 1
        return number * number

    assert each(do, range(12), workers=4) == [number * number for number in range(12)]
    assert most == [4]


def test_one_items_trouble_is_its_own_and_what_hangs_holds_nobody() -> None:
    never = threading.Event()

    def do(number: int) -> int:
        if number == 0:
            never.wait()
        if number == 1:
            raise ServiceError("one")
        return number

    found = side_by_side(do, range(5), workers=3)
    ends = {done.number: done.error or done.made for done in (next(found) for _ in range(4))}
    assert {number: str(end) for number, end in ends.items()} == {1: "one", 2: "2", 3: "3", 4: "4"}
    found.close()


def test_after_an_error_nothing_more_is_begun() -> None:
    begun, noticed = list[int](), threading.Event()

    def do(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ServiceError("no")
        noticed.wait(10)

    with pytest.raises(ServiceError):
        each(do, range(100), workers=1)
    noticed.set()
    time.sleep(0.05)
    assert begun in ([0], [0, 1])


def test_what_two_need_is_done_once_and_tried_again_after_a_failure() -> None:
    once, done = Once(), list[str]()

    def fail() -> None:
        done.append("tried")
        raise ServiceError("no")

    with pytest.raises(ServiceError):
        once("x", fail)
    each(lambda _: once("x", lambda: done.append("done")), range(8))
    assert done == ["tried", "done"]


# Waits are told ------------------------------------------------------------------------------------------------------


def test_a_wait_is_reported_before_ten_seconds_and_again_now_and_then() -> None:
    now = [0.0]
    waits = Waits(lambda: now[0])
    said: dict[float, str] = {}
    with waits("the answer to Search"), waits("the answer to ListTags x"):
        for second in range(60):
            now[0] = float(second)
            line = waits.overdue()
            if line:
                said[now[0]] = line
    assert said == {
        8.0: "waiting for the answer to Search (8 s), and for 1 more",
        38.0: "waiting for the answer to Search (38 s), and for 1 more",
    }
    assert waits.overdue() == ""


def test_every_wait_that_is_new_is_reported_although_another_was_told_lately() -> None:
    now = [0.0]
    waits = Waits(lambda: now[0])
    for what in ("one", "two"):
        with waits(what):
            now[0] += 8
            assert waits.overdue() == f"waiting for {what} (8 s)"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text('if __name__ == "__main__":\n    print("x")\n')
    (tmp_path / "sagespec.yaml").write_text('{"apiVersion": "sagespec/v1", "kind": "Defaults", "project": "p"}')
    (tmp_path / "mnist.yaml").write_text(json.dumps({**SMALLEST, "model_dir": False}, indent=1))
    return tmp_path


def begun(aws: Aws, folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sagespec", *words],
        cwd=folder,
        env={**clean(os.environ), **aws.environment, "AWS_REGION": REGION, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def is_ready(process: subprocess.Popen[str]) -> bool:
    """Whether Python catches Ctrl-C in it; where that cannot be seen, it is taken for granted."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return True
    (caught,) = re.findall(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)
    return bool(int(caught, 16) & 1 << (signal.SIGINT - 1))


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def test_a_service_that_never_answers_is_told_of_and_given_up(
    aws: Aws, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As often as AWS_MAX_ATTEMPTS says, each as long as the time-out says; meanwhile it says what it waits for."""
    aws.fail_next("Search", *["hang"] * 3)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    monkeypatch.setenv("SAGESPEC_READ_TIMEOUT", "0.5")
    begin, said, answered = time.monotonic(), list[str](), threading.Event()
    monkeypatch.setattr(waiting, "_clock", lambda: begin + 100 * (time.monotonic() - begin))

    def listen() -> None:
        while not answered.wait(0.01):
            said.append(waiting.overdue())

    listener = threading.Thread(target=listen)
    listener.start()
    with pytest.raises(ServiceError, match="Search: ") as failed:
        SageMaker(REGION, session=session_of()).observe([wanted()])
    answered.set()
    listener.join()
    assert (aws.service.count("Search"), bool(failed.value.hint)) == (2, True)
    assert any(line.startswith(f"waiting for what SageMaker {REGION} says exists (") for line in said)


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("Search", ["plan", "mnist.yaml"]),
        ("DescribeTrainingJob", ["plan", "mnist.yaml"]),
        ("CreateTrainingJob", ["apply", "mnist.yaml", "--yes", "--outputs", "o.json"]),
        ("DescribeTrainingJob", ["status", "x"]),
        ("DescribeTrainingJob", ["attach", "x"]),
        ("StopTrainingJob", ["stop", "mnist.yaml"]),
    ],
)
def test_ctrl_c_is_obeyed_at_once_whatever_is_waited_for(
    operation: str, words: list[str], aws: Aws, project: Path, wanted: Wanted
) -> None:
    if words[0] == "stop":
        assert aws.sagespec("apply", "mnist.yaml", "--yes", cwd=project).returncode == 0
    if words[-1] == "x":  # a refusal of the service would not hang
        aws.jobs.answer("CreateTrainingJob", {**wanted().body(1), "TrainingJobName": "x"})
    before = aws.service.count(operation)
    aws.fail_next(operation, *["hang"] * 20)
    # Who waited for the answer's time to be up would be killed here long before, and would not have ended with 130.
    with begun(aws, project, *words, SAGESPEC_READ_TIMEOUT="3600") as running:
        until(lambda: running.poll() is not None or (aws.service.count(operation) > before and is_ready(running)))
        assert running.poll() is None, running.communicate()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    if words[0] == "apply":
        (job,) = json.loads((project / "o.json").read_text())["jobs"]
        assert (job["name"], job["done"], "was ended before" in job["error"]) == ("mnist", False, True)
        assert job["job_name"].startswith("mnist-")


# Calls are few -------------------------------------------------------------------------------------------------------


def test_a_thousand_unchanged_jobs_cost_few_calls(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    requests = named(wanted(), 1000)
    aws.hold(*requests)
    aws.advance(86_400)
    before = len(aws.calls)
    plan = decide_all(requests, SageMaker(REGION, session=session_of()).observe(requests))
    assert plan.pending == ()
    assert len(aws.calls) - before <= 30


def test_a_thousand_jobs_that_were_created_just_now_cost_a_few_hundred_calls(
    aws: Aws, service: SageMaker, wanted: Wanted
) -> None:
    requests = named(wanted(), 1000)
    aws.hold(*requests)
    aws.jobs.search_lag = 600
    before = len(aws.calls)
    plan = decide_all(requests, SageMaker(REGION, session=session_of()).observe(requests))
    assert plan.pending == ()
    assert len(aws.calls) - before <= 300


def test_those_of_many_young_jobs_that_need_more_than_a_name_are_looked_at(
    aws: Aws, service: SageMaker, wanted: Wanted
) -> None:
    """A failure has a reason, and another digest is not what its name promises."""
    requests = named(wanted(), 150)
    aws.jobs.fate = lambda body: (
        Fate("Failed", 1, "CapacityError: none") if body["TrainingJobName"].startswith("job-0149") else Fate()
    )
    aws.hold(requests[149])
    aws.advance(30)
    aws.hold(*requests[:149])
    aws.jobs.search_lag = 600
    plan = decide_all(requests, SageMaker(REGION, session=session_of()).observe(requests))
    assert [(change.name, change.action, change.attempt) for change in plan.pending] == [("job-0149", Action.CREATE, 2)]


@pytest.mark.parametrize("count", [20, 21, 450])
def test_manifests_beside_many_old_jobs_of_other_names_cost_what_they_are(
    count: int, aws: Aws, service: SageMaker, wanted: Wanted
) -> None:
    request = wanted()
    requests = named(request, count)
    aws.hold(*named(request, 600, "other"), *requests)
    aws.advance(86_400)
    assert len(list(SageMaker(REGION, session=session_of()).observe(requests))) == count
    assert aws.service.count("Search") == {20: 1, 21: 1, 450: 5}[count]


def test_a_job_of_another_project_under_one_of_many_names_is_not_ours(
    aws: Aws, service: SageMaker, wanted: Wanted
) -> None:
    requests = named(wanted(), 30)
    service.create(requests[0]._replace(project="theirs"), 1)
    aws.advance(86_400)
    assert [seen.project for seen in service.observe(requests) if seen.project == "default"] == []


def test_waiting_for_two_hundred_jobs_costs_at_most_six_hundred_calls_a_minute(
    aws: Aws, service: SageMaker, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a log of each that grows, and all of them ending at the same time."""
    requests = named(wanted(), 200)
    aws.jobs.fate = lambda body: Fate(seconds=90)
    aws.hold(*requests)
    names = [request.job_name() for request in requests]
    lines = {name: ["begin"] for name in names}
    with neighbour_that(logs_of(lines)) as logs:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", logs.url)
        follower = SageMaker(REGION, session=session_of())
        calls: list[int] = []

        def sleep(seconds: float) -> None:
            calls.append(len(aws.calls) + logs.calls.total())
            aws.advance(seconds)
            for name in names:
                lines[name].append(f"line {len(lines[name])}")

        begin = len(aws.calls)
        ended = {news.job_name: news.seen.status for news in follow(follower, names, sleep=sleep) if news.seen}
        total = len(aws.calls) + logs.calls.total() - begin
    assert set(ended) == set(names)
    assert set(ended.values()) == {"Completed"}
    minute = round(60 / follower.poll_seconds)
    marks = [begin, *calls, begin + total]
    each_minute = [marks[min(i + minute, len(marks) - 1)] - marks[i] for i in range(len(marks) - 1)]
    assert max(each_minute) <= CALLS_A_MINUTE, each_minute


def test_statuses_of_many_come_from_the_list_and_of_old_ones_from_search(
    aws: Aws, service: SageMaker, wanted: Wanted
) -> None:
    old = named(wanted(), 10, "old")
    aws.hold(*old)
    aws.advance(86_400)
    aws.hold(*named(wanted(), 900, "other"))
    before = len(aws.calls)
    names = [request.job_name() for request in old]
    states = SageMaker(REGION, session=session_of()).states(names)
    assert {getattr(states[name], "status", None) for name in names} == {"Completed"}
    assert len(aws.calls) - before <= 7
    assert aws.service.count("DescribeTrainingJob") == 0


# Following -----------------------------------------------------------------------------------------------------------


def test_one_job_that_cannot_be_seen_does_not_end_the_following_of_the_others(
    aws: Aws, service: SageMaker, wanted: Wanted
) -> None:
    first, second = wanted(name="first"), wanted(name="second")
    for request in (first, second):
        service.create(request, 1)
    answer = aws.jobs.answer

    def hidden(operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("TrainingJobName") == first.job_name() or operation == "ListTrainingJobs":
            from fakes.jobs import Refused

            raise Refused("ValidationException", "this one is odd")
        return answer(operation, given)

    aws.jobs.answer = hidden  # type: ignore[method-assign]
    follower, looks = SageMaker(REGION, session=session_of()), [0]

    def sleep(seconds: float) -> None:
        looks[0] += 1
        aws.advance(20)

    news = list(follow(follower, [first.job_name(), second.job_name()], sleep=sleep))
    assert [item.job_name for item in news if item.lost] == [first.job_name()]
    assert [item.seen.status for item in news if item.seen][-1] == "Completed"
    assert sum(item.trouble is not None for item in news) == 2, "told once, and when it is given up"
    assert looks[0] < PATIENCE + 5


def test_a_job_that_may_not_be_described_is_followed_by_the_list(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    """Otherwise this is 301 seconds of silence, and a training without an end."""
    request = wanted()
    service.create(request, 1)
    aws.fail_next("DescribeTrainingJob", *["denied"] * 500)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        aws.advance(20)

    follower = SageMaker(REGION, session=session_of(), sleep=sleep)
    news = list(follow(follower, [request.job_name()], sleep=sleep))
    assert [item.seen.status for item in news if item.seen][-1] == "Completed"
    assert sum(slept) < 60


def test_a_new_job_that_is_still_denied_is_told_of_while_it_is_waited_for(
    aws: Aws, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, now, said = wanted(), [0.0], list[str]()
    monkeypatch.setattr(waiting, "_clock", lambda: now[0])

    def sleep(seconds: float) -> None:
        now[0] += seconds
        said.append(waiting.overdue())

    aws.fail_next("CreateTrainingJob", "cut-after")  # the next try finds the name taken, and looks whose it is
    aws.fail_next("DescribeTrainingJob", *["denied"] * 5)
    aws.jobs.search_lag = aws.jobs.list_lag = 600
    service = SageMaker(REGION, session=session_of(), creates_per_second=1e9, sleep=sleep)
    (outcome,) = Applier(service, sleep=sleep).apply(decide_all([request], ()))
    assert (outcome.job_name, outcome.done) == (request.job_name(), True)
    waited = f"waiting for access to {request.job_name()}, denied so far: it takes up to 5 minutes to see a new job's"
    assert [line for line in said if line.startswith(waited)]


# Changes -------------------------------------------------------------------------------------------------------------


def test_six_replacements_stop_side_by_side(aws: Aws, wanted: Wanted) -> None:
    """Each stop takes five seconds of the service's time: all six are asked for before the first one has ended."""
    service = SageMaker(REGION, session=session_of(), creates_per_second=1e9)
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}}]}
    aws.client("iam").create_role(RoleName="SageMakerRole", AssumeRolePolicyDocument=json.dumps(trust))
    before, after = named(wanted(max_run=60), 6), named(wanted(max_run=120), 6)
    before = [request._replace(project="p") for request in before]
    after = [request._replace(project="p") for request in after]
    for request in before:
        service.create(request, 1)
    aws.jobs.stop_seconds = 3.0
    stopped = threading.Event()

    def sleep(seconds: float) -> None:
        if len(aws.jobs.done("StopTrainingJob")) == 6:
            stopped.set()
        assert stopped.wait(10), "the others are not asked to stop before the first one has ended"
        aws.advance(1.0)

    options = PlanOptions(replace=True)
    plan = decide_all(after, service.observe(after), options)
    outcomes = list(Applier(service, sleep=sleep).apply(plan, options))
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    assert len(aws.jobs.done("CreateTrainingJob")) == 12


def test_a_job_in_an_unknown_status_holds_nobody_else(aws: Aws, wanted: Wanted) -> None:
    service = SageMaker(REGION, session=session_of(), creates_per_second=1e9)
    stuck, other = wanted(name="stuck"), wanted(name="zz")
    service.create(stuck, 1)
    aws.jobs.jobs[stuck.job_name()].fate = Fate("Paused", 1)
    aws.advance(60)
    plan = decide_all([stuck, other], service.observe([stuck, other]))
    assert [change.action for change in plan.changes] == [Action.WAIT, Action.CREATE]
    outcome = next(Applier(service, sleep=lambda _: time.sleep(0.01)).apply(plan))
    assert (outcome.job_name, outcome.done) == (other.job_name(), True)


def test_regions_are_looked_at_side_by_side(aws: Aws, wanted: Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each region's Search waits for the others'."""
    requests = [
        wanted(name=f"job{number}", region=f"us-{way}-{number}") for way in ("west", "east") for number in (1, 2)
    ]
    together = threading.Barrier(4, timeout=60)

    def make(site: Any) -> Any:
        service = SageMaker(site.region, session=session_of())
        observe = service.observe

        def meet(mine: Any, **more: Any) -> Any:
            together.wait()
            return observe(mine, **more)

        monkeypatch.setattr(service, "observe", meet)
        return service

    assert len(ServicePool(make).plan(requests, PlanOptions()).changes) == 4
