"""The decision table of what stays: what is done about an endpoint, by what exists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import botocore.session
import pytest

from sagespec.building.request import Call, Destination, Naming, Request, Serving, name_of
from sagespec.building.tags import PREVIOUS, SINCE
from sagespec.deploying.planning.endpoints.planner import decide_endpoint, decide_endpoints
from sagespec.deploying.planning.observed import Capacity, ObservedEndpoint, Revision, moment
from sagespec.deploying.planning.plan import Action, PlanOptions
from sagespec.deploying.planning.pruning import PruneVerdict
from sagespec.kinds.endpoint.lifecycle import LIFECYCLE, LIVE

SITE = Destination("us-west-2", "123456789012")
PING = "The primary container for production variant AllTraffic did not pass the ping health check."
CAPACITY = "CapacityError: Unable to provision requested ML compute capacity."


def request(model: str = "one", count: int = 1, weight: float = 1, **more: Any) -> Request:
    serving = more.pop("serving", Serving())
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name_of("CreateModel"),
        "InitialVariantWeight": weight,
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": count,
    }
    calls = (
        Call("CreateModel", "ModelName", {"PrimaryContainer": {"ModelDataUrl": f"s3://b/{model}.tar.gz"}}),
        Call("CreateEndpointConfig", "EndpointConfigName", {"ProductionVariants": [variant]}, live=LIVE),
        Call(
            "CreateEndpoint",
            "EndpointName",
            {"EndpointConfigName": name_of("CreateEndpointConfig")},
            Naming.STABLE,
        ),
    )
    fields = {"project": "vision", "on_change": "update", "serving": serving, **more}
    return Request("Endpoint", "mnist.yaml", "mnist", calls, {}, SITE, **fields)


def seen(of: Request, status: str = "InService", config: Request | None = None, **more: Any) -> ObservedEndpoint:
    """The endpoint, asked for what `of` asks for, serving with what `config` asks for."""
    serves = (config or of).content_name
    more = {"capacities": (Capacity("AllTraffic", 1, 1),), "modified": 100.0, **more}
    tags = {**of.all_tags(), **more.pop("tags", {})}
    fields = {"tags": tags, "project": of.project, "environment": of.environment, "config": serves, **more}
    return ObservedEndpoint("mnist", "mnist", status, digest=of.digest, **fields)


def revision(of: Request, created: float) -> Revision:
    return Revision(of.content_name, of.digest, (of.name_made_by("CreateModel"),), created)


WANTED, OTHER = request(), request("two")


def test_every_status_of_the_service_is_decided() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert set(LIFECYCLE.decisions) - {None} == set(model.shape_for("EndpointStatus").enum)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("Creating", Action.KEEP),
        ("Updating", Action.KEEP),
        ("SystemUpdating", Action.WAIT),
        ("RollingBack", Action.WAIT),
        ("InService", Action.KEEP),
        ("UpdateRollbackFailed", Action.KEEP),
        ("OutOfService", Action.KEEP),
        ("Failed", Action.KEEP),
        ("Deleting", Action.WAIT),
        ("SomethingNew", Action.WAIT),
    ],
)
def test_the_configuration_that_is_asked_for(status: str, action: Action) -> None:
    assert decide_endpoint(WANTED, seen(WANTED, status, failure=PING)).action is action


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("Creating", Action.WAIT),
        ("Updating", Action.WAIT),
        ("SystemUpdating", Action.WAIT),
        ("RollingBack", Action.WAIT),
        ("InService", Action.UPDATE),
        ("UpdateRollbackFailed", Action.REFUSE),
        ("OutOfService", Action.REFUSE),
        ("Failed", Action.REFUSE),
        ("Deleting", Action.WAIT),
        ("SomethingNew", Action.WAIT),
    ],
)
def test_another_configuration(status: str, action: Action) -> None:
    assert decide_endpoint(WANTED, seen(OTHER, status, failure=PING)).action is action


def test_nothing_there_is_created() -> None:
    change = decide_endpoint(WANTED, None)
    assert (change.action, change.job_name) == (Action.CREATE, "mnist")


@pytest.mark.parametrize("status", ["Failed", "OutOfService"])
@pytest.mark.parametrize("there", [WANTED, OTHER])
def test_what_has_failed_is_deleted_and_created_again_only_where_somebody_says_so(there: Request, status: str) -> None:
    broken = seen(there, status, failure=PING)
    change = decide_endpoint(WANTED, broken, PlanOptions(replace=True))
    assert (change.action, change.stops) == (Action.REPLACE, (broken,))


def test_nothing_is_deleted_of_a_project_that_nobody_has_named() -> None:
    wanted = request(project="default")
    change = decide_endpoint(wanted, seen(wanted, "Failed"), PlanOptions(replace=True))
    assert (change.action, change.stops) == (Action.REFUSE, ())
    assert "write project: NAME" in change.reason


def test_an_update_on_its_way_to_what_is_asked_for_is_kept() -> None:
    on_its_way = seen(WANTED, "Updating", config=OTHER, pending=WANTED.content_name)
    assert decide_endpoint(WANTED, on_its_way).action is Action.KEEP
    assert decide_endpoint(OTHER, on_its_way).action is Action.WAIT


def rolled_back(failure: str = PING, since: float = 50.0) -> ObservedEndpoint:
    return seen(WANTED, config=OTHER, failure=failure, tags={SINCE: moment(since)})


def test_a_rolled_back_update_is_reported_and_not_tried_again_unchanged() -> None:
    change = decide_endpoint(WANTED, rolled_back())
    assert (change.action, change.unfulfilled) == (Action.KEEP, True)
    assert PING in change.reason
    assert decide_endpoint(WANTED, rolled_back(), PlanOptions(rerun=True)).action is Action.UPDATE
    assert decide_endpoint(request("three"), rolled_back()).action is Action.UPDATE
    assert decide_endpoint(OTHER, rolled_back()).action is Action.TAG


def test_a_rolled_back_update_is_tried_again_where_nobody_but_the_service_is_at_fault() -> None:
    assert decide_endpoint(WANTED, rolled_back(CAPACITY)).action is Action.UPDATE
    assert decide_endpoint(request(retry="never"), rolled_back(CAPACITY)).action is Action.KEEP


def test_an_update_that_was_asked_for_and_never_began_is_begun() -> None:
    """Killed between the tag and the update: the reason that the endpoint shows is of an earlier change."""
    assert decide_endpoint(WANTED, rolled_back(since=100.0)).action is Action.UPDATE
    assert decide_endpoint(WANTED, rolled_back(failure="")).action is Action.UPDATE


def test_on_change_may_refuse() -> None:
    assert decide_endpoint(request(on_change="refuse"), seen(OTHER)).action is Action.REFUSE


def test_a_mix_of_two_configurations_is_updated_again_where_somebody_says_so() -> None:
    mixed = seen(WANTED, "UpdateRollbackFailed", config=OTHER, failure=PING)
    assert decide_endpoint(WANTED, mixed).unfulfilled
    assert decide_endpoint(WANTED, mixed, PlanOptions(rerun=True)).action is Action.UPDATE


# Counts and weights


def test_counts_and_weights_change_live() -> None:
    change = decide_endpoint(request(count=3), seen(WANTED))
    assert change.action is Action.SCALE
    assert change.live == {"DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]}
    heavy = seen(WANTED, capacities=(Capacity("AllTraffic", 1, 1, 0.5),))
    assert decide_endpoint(WANTED, heavy).live["DesiredWeightsAndCapacities"] == [
        {"VariantName": "AllTraffic", "DesiredWeight": 1.0}
    ]


def test_a_weight_in_single_precision_is_the_same_weight() -> None:
    wanted = request(weight=0.9)
    there = seen(wanted, capacities=(Capacity("AllTraffic", 1, 1, 0.8999999761581421),))
    assert decide_endpoint(wanted, there).action is Action.KEEP


def test_an_autoscaler_may_own_the_counts() -> None:
    wanted = request(count=3, serving=Serving(scaling="external"))
    assert decide_endpoint(wanted, seen(wanted)).action is Action.KEEP
    change = decide_endpoint(wanted, seen(OTHER, capacities=(Capacity("AllTraffic", 7, 7),)))
    assert (change.action, change.live) == (Action.UPDATE, {"RetainAllVariantProperties": True})


def test_an_update_keeps_the_counts_where_they_are_as_wanted() -> None:
    assert decide_endpoint(WANTED, seen(OTHER)).live == {"RetainAllVariantProperties": True}
    assert decide_endpoint(request(count=2), seen(OTHER)).live == {"RetainAllVariantProperties": False}


def test_instances_that_are_not_there_yet_are_not_a_success() -> None:
    growing = seen(WANTED, capacities=(Capacity("AllTraffic", 3, 1),))
    assert (growing.ended, growing.succeeded) == (False, False)
    assert (seen(WANTED).ended, seen(WANTED).succeeded) == (True, True)
    assert (seen(WANTED, config=OTHER).ended, seen(WANTED, config=OTHER).succeeded) == (True, False)


# Whose it is


@pytest.mark.parametrize(
    ("tags", "cure"),
    [
        ({}, "--adopt"),
        ({"sagespec:project": "default", "sagespec:name": "mnist"}, "--adopt"),
        ({"sagespec:project": "other", "sagespec:name": "mnist"}, "another name"),
        ({"sagespec:project": "vision", "sagespec:name": "mnist", "sagespec:environment": "prod"}, "another name"),
    ],
)
def test_an_endpoint_of_somebody_else_is_never_touched(tags: dict[str, str], cure: str) -> None:
    theirs = ObservedEndpoint(
        "mnist",
        tags.get("sagespec:name", ""),
        "InService",
        tags=tags,
        project=tags.get("sagespec:project", ""),
        environment=tags.get("sagespec:environment", ""),
    )
    for options in (PlanOptions(), PlanOptions(replace=True, rerun=True, prune=True)):
        change = decide_endpoint(WANTED, theirs, options)
        assert change.action is Action.REFUSE
        assert cure in change.reason
    adopted = decide_endpoint(WANTED, theirs, PlanOptions(adopt=True)).action
    assert adopted is (Action.ADOPT if cure == "--adopt" else Action.REFUSE)


def test_an_endpoint_whose_tags_are_hidden_may_be_anybodys() -> None:
    hidden = ObservedEndpoint("mnist", "", "InService", tags_hidden=True)
    change = decide_endpoint(WANTED, hidden, PlanOptions(adopt=True))
    assert change.action is Action.REFUSE
    assert "ListTags" in change.reason


# What is left over


def test_what_nothing_uses_is_removed_but_for_what_is_kept_for_going_back() -> None:
    old, older, oldest = (revision(request(name), at) for name, at in (("b", 3.0), ("c", 2.0), ("d", 1.0)))
    there = (oldest, older, old, revision(WANTED, 4.0))
    change = decide_endpoint(WANTED, seen(WANTED, revisions=there))
    assert (change.action, change.removes) == (Action.CLEAN, (oldest, older))
    served = seen(WANTED, revisions=there, tags={PREVIOUS: oldest.config})
    assert decide_endpoint(WANTED, served).removes == (older, old)  # what served is kept, not what was rolled back
    assert decide_endpoint(request(serving=Serving(3)), seen(WANTED, revisions=there)).action is Action.KEEP


def test_what_is_younger_than_the_last_change_is_left_to_whoever_is_about_to_deploy_it() -> None:
    there = (revision(request("b"), 200.0), revision(request("c"), 201.0), revision(WANTED, 4.0))
    assert decide_endpoint(WANTED, seen(WANTED, revisions=there)).action is Action.KEEP


def test_a_plan_to_update_shows_what_is_removed_afterwards() -> None:
    there = (revision(request("b"), 1.0), revision(OTHER, 2.0))
    change = decide_endpoint(WANTED, seen(OTHER, revisions=there))
    assert [one.config for one in change.removes] == [request("b").content_name]


# Without a manifest


def gone(_: object) -> tuple[PruneVerdict, str]:
    return PruneVerdict.GONE, "its manifest, mnist.yaml, is gone"


def unsure(_: object) -> tuple[PruneVerdict, str]:
    return PruneVerdict.UNCERTAIN, "x.yaml was not read"


def test_an_endpoint_without_a_manifest_is_deleted_by_prune_alone() -> None:
    other = WANTED._replace(name="other")
    theirs = seen(WANTED)
    assert [change.action for change in decide_endpoints([other], [theirs]).changes] == [Action.CREATE]
    _, pruned = decide_endpoints([other], [theirs], PlanOptions(prune=True), gone).changes
    assert (pruned.action, pruned.stops, pruned.job_name) == (Action.DELETE, (theirs,), "mnist")
    _, left = decide_endpoints([other], [theirs], PlanOptions(prune=True), unsure).changes
    assert left.action is Action.REFUSE
    for wrong in (replace(theirs, project="x"), replace(theirs, environment="prod"), replace(theirs, digest="")):
        assert len(decide_endpoints([other], [wrong], PlanOptions(prune=True), gone).changes) == 1


def test_what_cannot_be_made_yet_waits_and_says_for_what() -> None:
    wanted = request(serving=Serving(waits_for="mnist-0123456789 is InProgress"))
    change = decide_endpoint(wanted, None)
    assert (change.action, change.reason) == (Action.WAIT, "mnist-0123456789 is InProgress")
