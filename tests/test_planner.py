"""The decision table: what is done about a job, by what exists."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from sagespec.building.request import Call, Request, Site
from sagespec.deploying.planner import DECISIONS, TERMINAL, Action, Seen, Wish, decide, decide_all
from sagespec.kinds.training_job.lifecycle import LIVE

SITE = Site("us-west-2", "123456789012")


def request(name: str = "mnist", steps: int = 1, tags: dict[str, str] | None = None, **more: Any) -> Request:
    live = more.pop("live", {})
    template = {"HyperParameters": {"steps": str(steps)}, **live}
    call = Call("CreateTrainingJob", "TrainingJobName", template, live=LIVE)
    return Request("TrainingJob", "mnist.yaml", name, (call,), tags or {}, SITE, **more)


def seen(of: Request, status: str = "InProgress", attempt: int = 1, created: float = 0, **more: Any) -> Seen:
    fields = {"tags": of.all_tags(attempt), "live": of.live(), "project": of.project, **more}
    return Seen(of.job_name(attempt), of.name, status, digest=of.digest, attempt=attempt, created=created, **fields)


WANTED, OTHER = request(), request(steps=2)
INFRASTRUCTURE = "InternalServerError: We encountered an internal error. Please try again."
THEIRS = "AlgorithmError: ExecuteUserScriptError: ExitCode 1"


def test_every_status_of_the_service_is_decided() -> None:
    """SageMaker may add a status; the table must not fall through."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert set(DECISIONS) - {None} == set(model.shape_for("TrainingJobStatus").enum)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("InProgress", Action.KEEP),
        ("Stopping", Action.WAIT),
        ("Completed", Action.KEEP),
        ("Stopped", Action.KEEP),
        ("Deleting", Action.WAIT),
        ("SomethingNew", Action.WAIT),
    ],
)
def test_the_same_request(status: str, action: Action) -> None:
    assert decide(WANTED, [seen(WANTED, status)]).action is action


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("InProgress", Action.REFUSE),
        ("Stopping", Action.WAIT),
        ("Completed", Action.CREATE),
        ("Stopped", Action.CREATE),
        ("Failed", Action.CREATE),
        ("Deleting", Action.CREATE),
        ("SomethingNew", Action.WAIT),
    ],
)
def test_another_request(status: str, action: Action) -> None:
    assert decide(WANTED, [seen(OTHER, status)]).action is action


def test_nothing_there_is_created() -> None:
    change = decide(WANTED, [])
    assert (change.action, change.attempt, change.job_name) == (Action.CREATE, 1, WANTED.job_name())


@pytest.mark.parametrize(
    ("on_change", "action"), [("refuse", Action.REFUSE), ("replace", Action.REPLACE), ("keep", Action.CREATE)]
)
def test_on_change_says_what_a_running_job_of_another_request_meets(on_change: str, action: Action) -> None:
    assert decide(request(on_change=on_change), [seen(OTHER)]).action is action


def test_replace_may_be_asked_for() -> None:
    assert decide(WANTED, [seen(OTHER)], Wish(replace=True)).action is Action.REPLACE


@pytest.mark.parametrize(
    ("retry", "reason", "attempt", "action"),
    [
        ("infrastructure", INFRASTRUCTURE, 1, Action.CREATE),
        ("infrastructure", INFRASTRUCTURE, 2, Action.CREATE),
        ("infrastructure", INFRASTRUCTURE, 3, Action.KEEP),
        ("infrastructure", THEIRS, 1, Action.KEEP),
        ("always", THEIRS, 1, Action.CREATE),
        ("always", THEIRS, 3, Action.KEEP),
        ("never", INFRASTRUCTURE, 1, Action.KEEP),
    ],
)
def test_on_failure_says_what_is_tried_again(retry: str, reason: str, attempt: int, action: Action) -> None:
    wanted = request(retry=retry)
    change = decide(wanted, [seen(wanted, "Failed", attempt, failure=reason)])
    assert change.action is action
    if action is Action.CREATE:
        assert change.job_name == f"{wanted.job_name()}-r{attempt + 1}"
    assert reason in change.reason


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_rerun_makes_the_next_attempt_of_what_has_ended(status: str) -> None:
    change = decide(WANTED, [seen(WANTED, status)], Wish(rerun=True))
    assert (change.action, change.attempt) == (Action.CREATE, 2)


def test_rerun_leaves_a_running_job_alone() -> None:
    assert decide(WANTED, [seen(WANTED)], Wish(rerun=True)).action is Action.KEEP


def test_a_time_limit_is_told_as_one() -> None:
    change = decide(WANTED, [seen(WANTED, "Stopped", secondary="MaxRuntimeExceeded")])
    assert "time limit" in change.reason


def test_a_manifest_that_was_changed_back_is_not_run_again() -> None:
    """Its work is done already, under the name of the first time."""
    jobs = [seen(WANTED, "Completed", created=1), seen(OTHER, "Completed", created=2)]
    assert decide(WANTED, jobs).action is Action.KEEP


def test_a_running_job_of_another_request_comes_before_work_that_is_done() -> None:
    jobs = [seen(WANTED, "Completed", created=1), seen(OTHER, created=2)]
    assert decide(WANTED, jobs).action is Action.REFUSE


def test_other_tags_are_set_without_a_new_run() -> None:
    assert decide(request(tags={"team": "b"}), [seen(request(tags={"team": "a"}))]).action is Action.TAG


def test_a_tag_that_the_manifest_no_longer_has_goes_and_a_foreign_one_stays() -> None:
    before = request(tags={"team": "a", "gone": "x"})
    tags = {**before.all_tags(), "cost-centre": "set by somebody else"}
    wanted = request(tags={"team": "a"})
    assert decide(wanted, [seen(before, tags=tags)]).action is Action.TAG
    assert wanted.tag_changes(tags, 1) == ({"sagespec:tags": "team"}, ["gone"])
    assert decide(before, [seen(before, tags=tags)]).action is Action.KEEP


def test_another_commit_or_attempt_is_no_other_tag() -> None:
    with_commit = {**WANTED.all_tags(2), "sagespec:commit": "abc"}
    assert decide(WANTED, [seen(WANTED, attempt=2, tags=with_commit)]).action is Action.KEEP


def test_what_can_change_live_is_updated_while_the_job_runs() -> None:
    wanted = request(live={"RemoteDebugConfig": {"EnableRemoteDebug": True}})
    running = seen(wanted, live={})
    assert wanted.digest == WANTED.digest
    assert decide(wanted, [running]).action is Action.UPDATE
    assert decide(wanted, [seen(wanted, "Completed", live={})]).action is Action.KEEP


def test_prune_stops_only_what_runs_without_a_manifest_in_the_same_project() -> None:
    gone, ended, foreign = request("gone"), request("ended"), request("foreign", project="other")
    jobs = [seen(WANTED), seen(gone), seen(ended, "Completed"), seen(foreign)]
    assert [(c.name, c.action) for c in decide_all([WANTED], jobs).changes] == [("mnist", Action.KEEP)]
    changes = decide_all([WANTED], jobs, Wish(prune=True)).changes
    assert [(change.name, change.action) for change in changes] == [("mnist", Action.KEEP), ("gone", Action.STOP)]


def test_equal_requests_have_equal_digests_whatever_their_order_name_and_tags() -> None:
    one = request("a", tags={"t": "1"}).with_template({"A": {"x": "1", "y": "2"}, "B": []})
    two = request("b").with_template({"B": [], "A": {"y": "2", "x": "1"}})
    assert one.digest == two.digest
    assert one.digest != one.with_template({"A": {"x": "1", "y": "3"}, "B": []}).digest
