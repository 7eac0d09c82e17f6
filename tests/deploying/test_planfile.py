"""A plan as a file: it is the plan, it holds only for its files and for the service as it was, and nothing else is
taken for one."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import SCRIPT, SMALLEST
from fakes.memory import Memory
from sagespec.building.cost import Prices
from sagespec.building.request import Call, Destination, Naming, Request, Serving
from sagespec.catalog import Facts
from sagespec.deploying.applying.saved import still_planned
from sagespec.deploying.planning.changed_files import ChangedFiles
from sagespec.deploying.planning.jobs.planner import Action, Change, Plan, PlanOptions
from sagespec.deploying.planning.jobs.reruns import Rerun
from sagespec.deploying.planning.observed import Capacity, ObservedEndpoint, ObservedJob, Revision
from sagespec.deploying.planning.plain import LEFT_OUT
from sagespec.deploying.planning.planfile import PlanFileError, from_text, is_plan_file, to_text, unlike
from sagespec.deploying.planning.pruning import PruneVerdict
from sagespec.deploying.pool import ServicePool
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest with code and local data, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text(SCRIPT)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").write_text("x")
    write(tmp_path)
    return tmp_path


def write(folder: Path, **over: Any) -> None:
    fields = {**SMALLEST, "source_dir": "code", "channels": {"train": {"path": "data"}}, **over}
    (folder / "mnist.yaml").write_text(json.dumps(fields, indent=1))


def requests_of(folder: Path, knowledge: Facts) -> list[Request]:
    results = Compiler(Options(Inputs(environ={})), knowledge).run(["mnist.yaml"])
    return [result.request for result in results if result.request is not None]


@pytest.fixture
def planned(project: Path, knowledge: Facts) -> Callable[[], Plan]:
    memory = Memory()
    return lambda: ServicePool(lambda site: memory).plan(requests_of(project, knowledge), PlanOptions())


# The file ---------------------------------------------------------------------------------------------------------


def test_a_saved_plan_is_the_plan(planned: Callable[[], Plan]) -> None:
    plan = planned()
    text = to_text(plan, PlanOptions(rerun=True))
    saved = from_text(text, "p")
    assert saved.options == PlanOptions(rerun=True, named=Rerun(frozenset(), ""))
    assert saved.plan == plan
    (then,), (now,) = saved.plan.changes, plan.changes
    assert then.request is not None
    assert now.request is not None
    assert (then.action, then.reason, then.request) == (now.action, now.reason, now.request)
    assert then.request.body(2) == now.request.body(2)
    assert to_text(saved.plan, saved.options) == text


def test_what_is_packed_from_a_saved_plan_is_the_same_archive(planned: Callable[[], Plan], tmp_path: Path) -> None:
    plan = planned()
    (change,) = from_text(to_text(plan, PlanOptions()), "p").plan.changes
    assert change.request is not None
    code = next(upload for upload in change.request.uploads if upload.kind == "code")
    with (tmp_path / "packed").open("wb") as out:
        code.content.pack(out)
    assert hashlib.sha256((tmp_path / "packed").read_bytes()).hexdigest() == code.sha256


def test_files_that_are_as_planned_are_not_complained_of(planned: Callable[[], Plan]) -> None:
    saved = from_text(to_text(planned(), PlanOptions()), "p")
    assert list(unlike(saved.plan)) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("code/train.py", SCRIPT.replace("argparse", "argpurse"), "train.py: the code is not what was planned"),
        ("code/train.py", SCRIPT + "#", "train.py: 'train.py' was changed while it was packed"),
        ("code/train.py", None, "train.py"),
        ("data/x", "y", "data: the data is not what was planned"),
        ("data/x", None, "data: 'x'"),
    ],
)
def test_files_that_have_changed_are_named(
    name: str, text: str | None, said: str, planned: Callable[[], Plan], project: Path
) -> None:
    saved = from_text(to_text(planned(), PlanOptions()), "p")
    if text is None:
        (project / name).unlink()
    else:
        (project / name).write_text(text)
    (complaint,) = unlike(saved.plan)
    assert said in complaint


def resealed(content: dict[str, Any]) -> str:
    """As someone would do it who knows how the file is made."""
    content = {key: value for key, value in content.items() if key != "sha256"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return json.dumps({**content, "sha256": hashlib.sha256(canonical.encode()).hexdigest()})


def tampered(text: str) -> dict[str, str]:
    content = json.loads(text)
    job = content["jobs"][0]
    renamed = {**job, "request": {**job["request"], "name": "other"}}
    call = {**job["request"]["calls"][0], "template": {"RoleArn": "x"}}
    other_work = {**job, "request": {**job["request"], "calls": [call]}}
    return {
        "was changed after it was written": text.replace("ml.m5.xlarge", "ml.p5.48xlarge"),
        "is cut short or is not JSON": text[: len(text) // 2],
        "is not a plan": "[]",
        "is a plan of version 9": resealed({**content, "version": 9}),
        "was made by sagespec 9": resealed({**content, "tool": "9"}),
        "was made with other facts": resealed({**content, "catalog": "x"}),
        "is not the name of its request": resealed({**content, "jobs": [renamed]}),
        "is not that of its request": resealed({**content, "jobs": [other_work]}),
        "is not a whole plan": resealed({**content, "jobs": [{"action": "create"}]}),
        "is not a whole plan: 'explode'": resealed({**content, "jobs": [{**job, "action": "explode"}]}),
        "is not a whole": resealed({**content, "options": {"nonsense": 1}}),
    }


def test_a_file_that_is_not_a_plan_of_ours_is_reported_in_words(planned: Callable[[], Plan]) -> None:
    for said, text in tampered(to_text(planned(), PlanOptions())).items():
        with pytest.raises(PlanFileError) as raised:
            from_text(text, "p.plan")
        assert said in raised.value.message.replace("'explode' is not a valid Action", "'explode'"), said
    deep = '{"a":' * 100_000
    with pytest.raises(PlanFileError, match="cut short"):
        from_text(deep, "p.plan")


def test_only_a_plan_is_taken_for_one(planned: Callable[[], Plan], project: Path) -> None:
    (project / "p").write_text(to_text(planned(), PlanOptions()))
    assert is_plan_file(str(project / "p"))
    assert not is_plan_file(str(project / "mnist.yaml"))
    assert not is_plan_file(str(project))
    assert not is_plan_file("-")


def test_every_field_of_a_plan_is_saved(planned: Callable[[], Plan]) -> None:
    """One value of each type has all its fields as they would not be by themselves."""
    (made,) = planned().changes
    assert made.request is not None
    request = made.request._replace(
        environment="prod",
        project="vision",
        on_change="keep",
        retry="always",
        max_attempts=7,
        role_by_name=True,
        tags={"team": "vision", "sagespec:commit": "abc"},
        site=Destination("us-west-2", "123456789012", True),
        calls=(made.request.calls[0]._replace(naming=Naming.STABLE, scope="prod"),),
        prices=Prices("2026-11-01", {"ml.m5.xlarge": 0.23}, {"ml.m5.xlarge": 0.25}),
        serving=Serving(
            2,
            "external",
            "mnist",
            "mnist-0123456789",
            "key",
            "a job",
            "an image",
            (Call("UpdateEndpoint", "EndpointName", {}),),
        ),
    )
    job = ObservedJob(
        "j-0123456789", "j", "Failed", "Failed", "d" * 64, 4, 1.5, "why", {"a": "b"}, "vision", "prod", "arn:x", True,
        {"RemoteDebugConfig": {"EnableRemoteDebug": True}}, {"TrainingJobName": "j"},
    )  # fmt: skip
    change = Change(
        Action.UPDATE, "why", request, 3, job, {"RemoteDebugConfig": {}}, (job,), (job, job), ("note",), "mark",
        Destination("eu-west-1", None), (REVISION,), job, ChangedFiles(("a",), ("b",), ("c",), "why"),
    )  # fmt: skip
    options = PlanOptions(True, True, True, True)
    plan = Plan((change,), "123456789012", ("left alone",), True)
    assert change.files is not None
    parts = (*request.calls, request.site, *request.uploads, request.serving, change.files)
    for value in (plan, change, job, request, *parts):
        assert_nothing_is_as_it_would_be(value)
    saved = from_text(to_text(plan, options), "p")
    assert saved.plan == plan
    assert saved.options == options._replace(named=Rerun(frozenset({request.job_name(2)}), "mark"))
    (back,) = saved.plan.changes
    assert back.request is not None
    for one, other in zip(back.request.uploads, request.uploads, strict=True):
        assert one.content == other.content
    assert back.request.prices == request.prices


REVISION = Revision("m-0123456789", "0123456789" * 6 + "0123", ("m-9876543210",), 1.5, "etag")


def test_every_field_of_an_endpoint_is_saved(planned: Callable[[], Plan]) -> None:
    (made,) = planned().changes
    endpoint = ObservedEndpoint(
        "m", "m", "InService", "Baking", "d" * 64, 4, 1.5, "why", {"a": "b"}, "vision", "prod", "arn:x", True,
        {"a": 1}, {"EndpointName": "m"}, config="m-1", pending="m-2", revisions=(REVISION,), spare=(REVISION,),
        capacities=(Capacity("blue", 2, 1, 0.5, {"MaxConcurrency": 5}),), modified=2.5,
        model_body={"ModelName": "m-1"}, config_body={"EndpointConfigName": "m-1"},
    )  # fmt: skip
    for value in (endpoint, *endpoint.capacities, *endpoint.revisions):
        assert_nothing_is_as_it_would_be(value)
    plan = Plan((made._replace(action=Action.DELETE, seen=endpoint, stops=(endpoint,), removes=(REVISION,)),))
    assert from_text(to_text(plan, PlanOptions()), "p").plan == plan._replace(account="")
    text = to_text(plan, PlanOptions())
    assert "EndpointName" not in text
    assert "EndpointConfigName" not in text


def assert_nothing_is_as_it_would_be(value: Any) -> None:
    """A field that is added to a type must be given a value in the test above."""
    name = type(value).__name__
    if isinstance(value, tuple):
        defaults = getattr(value, "_field_defaults")  # noqa: B009
    else:
        defaults = {field.name: field.default for field in dataclasses.fields(value)}
    for field, default in defaults.items():
        if (name, field) not in LEFT_OUT and default is not dataclasses.MISSING:
            assert getattr(value, field) != default, f"{name}.{field}"


@pytest.mark.parametrize("indent", [None, 4])
def test_a_plan_that_a_tool_has_sorted_is_still_a_plan(
    planned: Callable[[], Plan], project: Path, indent: int | None
) -> None:
    plan = planned()
    text = json.dumps(json.loads(to_text(plan, PlanOptions())), sort_keys=True, indent=indent)
    (project / "p").write_text(text)
    assert is_plan_file(str(project / "p"))
    assert from_text(text, "p").plan == plan


# A changed world --------------------------------------------------------------------------------------------------


def test_a_world_that_has_not_changed_has_no_differences(planned: Callable[[], Plan]) -> None:
    assert still_planned(planned().changes, planned().changes)[1] == []


def test_what_an_earlier_run_has_done_is_not_a_change(project: Path, knowledge: Facts) -> None:
    """Killed halfway, apply FILE is run again."""
    memory, requests = Memory(), requests_of(project, knowledge)
    pool = ServicePool(lambda site: memory)
    then = pool.plan(requests, PlanOptions())
    memory.create(requests[0], 1)
    assert still_planned(then.changes, pool.plan(requests, PlanOptions()).changes)[1] == []


def test_a_job_that_appeared_or_ended_otherwise_is_a_change(project: Path, knowledge: Facts) -> None:
    memory, requests = Memory(), requests_of(project, knowledge)
    pool = ServicePool(lambda site: memory)
    then = pool.plan(requests, PlanOptions())
    write(project, hyperparameters={"epochs": 3})
    memory.create(requests_of(project, knowledge)[0], 1)
    (said,) = still_planned(then.changes, pool.plan(requests, PlanOptions()).changes)[1]
    assert said.startswith("mnist: planned create (new), now refuse: ")


def is_gone(job: ObservedJob) -> tuple[PruneVerdict, str]:
    return PruneVerdict.GONE, "its manifest is gone"


def test_a_job_to_be_stopped_that_has_ended_is_not_a_change_and_a_new_one_is(project: Path, knowledge: Facts) -> None:
    (project / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nproject: vision\n")
    memory, (request,) = Memory(), requests_of(project, knowledge)
    memory.create(request, 1)
    write(project, name="other")
    pool, options = ServicePool(lambda site: memory), PlanOptions(prune=True)
    requests = requests_of(project, knowledge)
    then = pool.plan(requests, options, is_gone)
    assert [change.action for change in then.changes] == [Action.CREATE, Action.STOP]
    memory.jobs[request.job_name()].status = "Completed"
    assert still_planned(then.changes, pool.plan(requests, options, is_gone).changes)[1] == []
    memory.jobs[request.job_name()].status = "InProgress"
    (said,) = still_planned(then.changes[:1], pool.plan(requests, options, is_gone).changes)[1]
    assert said.startswith("mnist: not in the plan, now stop")
