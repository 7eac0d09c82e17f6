"""The decision table: what is done about a job, by what exists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import botocore.session
import pytest

from sagespec.building.request import Call, Destination, Request
from sagespec.deploying.planning.jobs.planner import (
    DECISIONS,
    Action,
    PlanOptions,
    decide,
    decide_all,
)
from sagespec.deploying.planning.jobs.reruns import RERUN
from sagespec.deploying.planning.observed import TERMINAL, ObservedJob
from sagespec.deploying.planning.pruning import PruneVerdict
from sagespec.kinds.training_job.lifecycle import LIVE

SITE = Destination("us-west-2", "123456789012")


def request(name: str = "mnist", steps: int = 1, tags: dict[str, str] | None = None, **more: Any) -> Request:
    live = more.pop("live", {})
    template = {"HyperParameters": {"steps": str(steps)}, **live}
    call = Call("CreateTrainingJob", "TrainingJobName", template, live=LIVE, scope=more.get("environment", ""))
    more = {"project": "vision", **more}
    return Request("TrainingJob", "mnist.yaml", name, (call,), tags or {}, SITE, **more)


def seen(of: Request, status: str = "InProgress", attempt: int = 1, created: float = 0, **more: Any) -> ObservedJob:
    owner = {"project": of.project, "environment": of.environment}
    fields = {"tags": of.all_tags(attempt), "live": of.live(), **owner, **more}
    return ObservedJob(
        of.job_name(attempt), of.name, status, digest=of.digest, attempt=attempt, created=created, **fields
    )


def is_gone(job: ObservedJob) -> tuple[PruneVerdict, str]:
    return PruneVerdict.GONE, "its manifest is gone"


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
    assert decide(WANTED, [seen(OTHER)], PlanOptions(replace=True)).action is Action.REPLACE


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
    change = decide(WANTED, [seen(WANTED, status)], PlanOptions(rerun=True))
    assert (change.action, change.attempt) == (Action.CREATE, 2)


def test_rerun_leaves_a_running_job_alone() -> None:
    assert decide(WANTED, [seen(WANTED)], PlanOptions(rerun=True)).action is Action.KEEP


def test_a_time_limit_is_reported_as_one() -> None:
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


def test_another_commit_or_attempt_is_not_another_tag() -> None:
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
    changes = decide_all([WANTED], jobs, PlanOptions(prune=True), is_gone).changes
    assert [(change.name, change.action) for change in changes] == [("mnist", Action.KEEP), ("gone", Action.STOP)]


def test_equal_requests_have_equal_digests_whatever_their_order_name_and_tags() -> None:
    one = request("a", tags={"t": "1"}).with_template({"A": {"x": "1", "y": "2"}, "B": []})
    two = request("b").with_template({"B": [], "A": {"y": "2", "x": "1"}})
    assert one.digest == two.digest
    assert one.digest != one.with_template({"A": {"x": "1", "y": "3"}, "B": []}).digest


# Whose a job is -----------------------------------------------------------------------------------------------------


def test_a_job_that_was_copied_with_our_tags_does_not_count() -> None:
    copy = replace(seen(WANTED, "Failed"), job_name="somebodys-copy")
    change = decide(WANTED, [copy])
    assert (change.action, change.attempt) == (Action.CREATE, 1)
    assert change.notes == (
        "somebodys-copy (Failed) has sagespec's tags, but not the name that goes with them: it does not count, and is "
        "left alone",
    )


def of_project(name: str) -> dict[str, Any]:
    return {"project": name, "tags": {**WANTED.all_tags(), "sagespec:project": name}}


BARE: dict[str, Any] = {"tags": {}, "project": "", "name": "", "digest": ""}


@pytest.mark.parametrize(
    ("owner", "action", "advice"),
    [
        (BARE, Action.REFUSE, "--adopt takes it over"),
        (
            {"project": "default", "tags": {**WANTED.all_tags(), "sagespec:project": "default"}},
            Action.REFUSE,
            "--adopt",
        ),
        (
            {"project": "other", "tags": {**WANTED.all_tags(), "sagespec:project": "other"}},
            Action.REFUSE,
            "another name",
        ),
        ({"tags": {}, "project": "", "tags_hidden": True}, Action.REFUSE, "sagemaker:ListTags"),
    ],
    ids=["no tags", "no project yet", "another project", "tags that nobody may read"],
)
def test_a_job_under_our_name_that_is_not_ours_is_shown_in_the_plan(
    owner: dict[str, Any], action: Action, advice: str
) -> None:
    body = {"TrainingJobName": WANTED.job_name(), "TrainingJobStatus": "Completed", **WANTED.template}
    taken = replace(seen(WANTED, "Completed"), **owner, body=body)
    change = decide(WANTED, [taken])
    assert change.action is action
    assert advice in change.reason
    adopted = decide(WANTED, [taken], PlanOptions(adopt=True)).action
    assert adopted is (Action.ADOPT if advice.startswith("--adopt") else Action.REFUSE)


def test_a_job_under_our_name_that_asks_for_something_else_cannot_be_adopted() -> None:
    body = {"TrainingJobName": WANTED.job_name(), "TrainingJobStatus": "Completed", "HyperParameters": {"steps": "9"}}
    taken = replace(seen(WANTED, "Completed"), **BARE, body=body)
    assert decide(WANTED, [taken], PlanOptions(adopt=True)).action is Action.REFUSE


def test_environments_are_owners_of_their_own() -> None:
    dev, prod = request(environment="dev"), request(environment="prod")
    assert len({dev.digest, prod.digest, WANTED.digest}) == 3
    running = [seen(dev), seen(WANTED)]
    assert decide(prod, running, PlanOptions(replace=True)).action is Action.CREATE
    changes = decide_all([request("x", environment="prod")], running, PlanOptions(prune=True), is_gone).changes
    assert [change.action for change in changes] == [Action.CREATE]


def test_a_job_from_before_environments_is_left_alone_and_spoken_of() -> None:
    change = decide(request(environment="prod"), [seen(WANTED)])
    (note,) = change.notes
    assert note.startswith(f"{WANTED.job_name()} runs too, but its tags say name 'mnist', project 'vision' and no env")


@pytest.mark.parametrize("options", [PlanOptions(replace=True), PlanOptions(prune=True)], ids=["replace", "prune"])
def test_nothing_is_stopped_in_a_project_that_nobody_has_named(options: PlanOptions) -> None:
    wanted, other, gone = (request(name, steps, project="default") for name, steps in (("a", 1), ("a", 2), ("b", 1)))
    plan = decide_all([wanted], [seen(other), seen(gone)], options, is_gone)
    assert [change.stops for change in plan.changes] == [()]
    assert plan.changes[0].action is Action.REFUSE
    assert any("write project: NAME in sagespec.yaml" in said for said in (plan.changes[0].reason, *plan.notes))


# What runs beside ----------------------------------------------------------------------------------------------------


def test_an_older_digest_that_runs_beside_the_wanted_one_is_reported_and_is_not_as_wanted() -> None:
    change = decide(WANTED, [seen(WANTED, created=2), seen(OTHER, created=1)])
    assert (change.action, [job.job_name for job in change.beside]) == (Action.KEEP, [OTHER.job_name()])
    assert not change.as_wanted
    assert f"{OTHER.job_name()} runs beside it" in change.reason


def test_replace_stops_the_older_one_and_keeps_the_wanted_one() -> None:
    change = decide(WANTED, [seen(WANTED, created=2), seen(OTHER, created=1)], PlanOptions(replace=True))
    assert (change.action, change.job_name) == (Action.STOP, WANTED.job_name())
    assert [job.job_name for job in change.stops] == [OTHER.job_name()]


def test_replace_stops_all_that_run_and_not_the_newest_alone() -> None:
    third = request(steps=3)
    change = decide(WANTED, [seen(OTHER, created=1), seen(third, created=2)], PlanOptions(replace=True))
    assert change.action is Action.REPLACE
    assert [job.job_name for job in change.stops] == [OTHER.job_name(), third.job_name()]


def test_back_to_work_that_is_done_stops_what_runs_and_promises_no_new_run() -> None:
    jobs = [seen(WANTED, "Completed", created=1), seen(OTHER, created=2)]
    change = decide(WANTED, jobs, PlanOptions(replace=True))
    assert (change.action, change.job_name) == (Action.STOP, WANTED.job_name())
    assert "has completed already" in change.reason


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_nothing_is_stopped_for_work_that_would_not_be_started(status: str) -> None:
    jobs = [seen(WANTED, status, created=1, failure=THEIRS), seen(OTHER, created=2)]
    change = decide(WANTED, jobs, PlanOptions(replace=True))
    assert (change.action, change.stops) == (Action.REFUSE, ())
    assert decide(WANTED, jobs, PlanOptions(replace=True, rerun=True)).action is Action.REPLACE


def test_replace_where_jobs_are_kept_beside_each_other_stops_the_old_and_creates_the_new() -> None:
    wanted = request(on_change="keep")
    assert decide(wanted, [seen(OTHER)]).action is Action.CREATE
    change = decide(wanted, [seen(OTHER)], PlanOptions(replace=True))
    assert (change.action, change.job_name) == (Action.REPLACE, wanted.job_name())
    assert decide(wanted, [seen(OTHER), seen(wanted)]).as_wanted


def test_a_job_whose_tags_are_hidden_is_not_a_reason_to_start_another() -> None:
    hidden = replace(seen(OTHER), **BARE, tags_hidden=True)
    change = decide(WANTED, [hidden])
    assert (change.action, "cannot be read" in change.reason) == (Action.REFUSE, True)
    assert decide(WANTED, [hidden], PlanOptions(replace=True)).action is Action.REFUSE


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_what_did_not_complete_and_is_left_so_is_not_as_wanted(status: str) -> None:
    change = decide(WANTED, [seen(WANTED, status, failure=THEIRS)])
    assert (change.action, change.unfulfilled, change.as_wanted) == (Action.KEEP, True, False)


def test_a_warm_pool_that_nobody_asks_for_any_more_is_ended() -> None:
    before = request(live={"ResourceConfig": {"KeepAlivePeriodInSeconds": 600}})
    after = before.with_template({"HyperParameters": {"steps": "1"}, "ResourceConfig": {}})
    assert before.digest == after.digest
    pool = {"ResourceConfig": {"KeepAlivePeriodInSeconds": 600}, "WarmPoolStatus": {"Status": "Available"}}
    change = decide(after, [seen(before, "Completed", live={}, body=pool)])
    assert (change.action, dict(change.live)) == (Action.UPDATE, {"KeepAlivePeriodInSeconds": 0})
    ended = {**pool, "WarmPoolStatus": {"Status": "Terminated"}}
    assert decide(after, [seen(before, "Completed", live={}, body=ended)]).action is Action.KEEP


def test_an_attempt_that_has_no_name_is_refused_in_the_plan() -> None:
    long = request("m" * 48, retry="always", max_attempts=200)
    change = decide(long, [seen(long, "Failed", 99, failure=THEIRS)])
    assert (change.action, "longer than 63 characters" in change.reason) == (Action.REFUSE, True)
    assert decide(long, [seen(long, "Failed", 98, failure=THEIRS)]).action is Action.CREATE


# Reruns --------------------------------------------------------------------------------------------------------------


def rerun(changes: Any, done: int) -> list[ObservedJob]:
    """The jobs that the first `done` changes have started, ended again."""
    return [
        seen(
            change.request,
            "Completed",
            change.attempt,
            tags={**change.request.all_tags(change.attempt), RERUN: change.rerun},
        )
        for change in changes[:done]
    ]


@pytest.mark.parametrize("done", [1, 2])
def test_a_rerun_that_was_interrupted_starts_what_is_left_and_nothing_twice(done: int) -> None:
    """Also where what it had started has ended before it is repeated."""
    requests = [request(name) for name in "abc"]
    jobs = [seen(each, "Completed") for each in requests]
    first = decide_all(requests, jobs, PlanOptions(rerun=True)).changes
    assert [change.attempt for change in first] == [2, 2, 2]
    again = decide_all(requests, jobs + rerun(first, done), PlanOptions(rerun=True)).changes
    assert [change.action is Action.CREATE for change in again] == [number >= done for number in range(3)]
    assert {change.rerun for change in again if change.rerun} == {first[0].rerun}


def test_a_rerun_that_was_finished_can_be_asked_for_again() -> None:
    requests = [request(name) for name in "abc"]
    jobs = [seen(each, "Completed") for each in requests]
    jobs += rerun(decide_all(requests, jobs, PlanOptions(rerun=True)).changes, 3)
    assert [change.attempt for change in decide_all(requests, jobs, PlanOptions(rerun=True)).changes] == [3, 3, 3]


def test_a_rerun_uses_up_no_attempts() -> None:
    jobs = [seen(WANTED, "Failed", attempt, failure=INFRASTRUCTURE) for attempt in (1, 2, 3)]
    assert decide(WANTED, jobs).action is Action.KEEP
    fourth = seen(WANTED, "Failed", 4, failure=INFRASTRUCTURE, tags={**WANTED.all_tags(4), RERUN: "x"})
    change = decide(WANTED, [*jobs, fourth])
    assert (change.action, change.attempt) == (Action.CREATE, 5)
    assert decide(WANTED, [seen(WANTED, "Failed", 3, failure=INFRASTRUCTURE)]).action is Action.KEEP


# Checkpoints of another state of the manifest -------------------------------------------------------------------------


def keeping(steps: int, place: str) -> Request:
    """A request that keeps checkpoints."""
    made = request(steps=steps)
    return made.with_template({**made.template, "CheckpointConfig": {"S3Uri": place}})


def job_of(of: Request, status: str = "Completed") -> ObservedJob:
    return seen(of, status, body={"CheckpointConfig": dict(of.template["CheckpointConfig"])})


def test_a_changed_manifest_over_old_checkpoints_is_reported() -> None:
    old, new = keeping(2, "s3://bucket/checkpoints/mnist/"), keeping(1, "s3://bucket/checkpoints/mnist")
    (note,) = decide(new, [job_of(old)]).notes
    assert note.startswith(f"it begins with the checkpoints of {old.job_name(1)} (Completed)")
    assert "s3://bucket/checkpoints/mnist;" in note


def test_a_retry_and_another_folder_go_on_from_nobody_elses_checkpoints() -> None:
    old, new = keeping(2, "s3://bucket/checkpoints/one"), keeping(1, "s3://bucket/checkpoints/two")
    assert decide(new, [job_of(old)]).notes == ()
    assert decide(new, [replace(job_of(new, "Failed"), failure=INFRASTRUCTURE)]).notes == ()
    assert decide(old, [job_of(old)]).notes == ()
