"""Endpoints against a service with SageMaker's manners: slow, busy, rolled back, and never asking what is in use."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import SCRIPT, SMALLEST
from fakes.endpoints import PING, Deployment
from fakes.fixtures import Aws
from fakes.model import Refused
from fakes.serving import LONG, Serving
from reporting.plan_schema import check_plan
from sagespec.cli import run
from sagespec.deploying.planning.plan import Action
from sagespec.deploying.rolling_back import go_back, way_back
from sagespec.deploying.services import InProgress, NoSuchJob, ServiceError
from sagespec.deploying.services.sagemaker.endpoints import SageMakerEndpoints
from sagespec.deploying.services.sagemaker.service import SageMaker

pytestmark = pytest.mark.usefixtures("hurry")


@pytest.fixture
def serving(aws: Aws, tmp_path: Path) -> Serving:
    aws.make_role()
    world = Serving(aws, tmp_path)
    world.model("one")
    return world


def operations(serving: Serving) -> Counter[str]:
    return Counter(effect.operation for effect in serving.aws.effects)


def broken(models: list[dict[str, Any]]) -> Deployment:
    """What the models of a variant called `bad` come to."""
    bad = any(model["PrimaryContainer"]["Environment"].get("VARIANT") == "bad" for model in models)
    return Deployment("Failed", PING) if bad else Deployment()


# A creation, an update, nothing to do


def test_an_endpoint_is_created_updated_and_then_kept(serving: Serving) -> None:
    assert serving.applied() is Action.CREATE
    first = serving.seen()
    assert (first.status, first.succeeded, first.config) == ("InService", True, first.asked)
    assert serving.applied() is Action.KEEP
    serving.model("two")
    assert serving.applied() is Action.UPDATE
    assert serving.seen().config != first.config
    assert serving.applied() is Action.KEEP
    assert operations(serving) == {
        "CreateModel": 2,
        "CreateEndpointConfig": 2,
        "CreateEndpoint": 1,
        "AddTags": 1,
        "UpdateEndpoint": 1,
    }


def test_what_is_there_already_is_used_again(serving: Serving) -> None:
    serving.applied()
    serving.model("two")
    serving.applied()
    serving.model("one")  # reverted in git
    assert serving.applied() is Action.UPDATE
    assert operations(serving)["CreateModel"] == 2


def test_a_model_of_somebody_else_under_our_name_is_never_used_unseen(serving: Serving) -> None:
    (request,) = serving.compiled()[0]
    body = {key: value for key, value in request.bodies()["CreateModel"].items() if key != "Tags"}
    serving.aws.client("sagemaker").create_model(**body)
    (outcome,) = serving.apply()
    assert outcome.error is not None
    assert "it is not used" in outcome.error.message
    assert operations(serving) == {"CreateModel": 1}


def test_a_new_configuration_that_is_not_seen_yet_is_waited_for(serving: Serving) -> None:
    serving.endpoints.lag = 10.0
    assert serving.applied() is Action.CREATE
    serving.model("two")
    assert serving.applied() is Action.UPDATE
    assert serving.seen().succeeded


def test_counts_change_live_and_a_new_configuration_is_not_made_for_them(serving: Serving) -> None:
    serving.applied()
    serving.model("one", initial_instance_count=3)
    assert serving.applied() is Action.SCALE
    assert serving.seen().capacities[0].current == 3
    assert serving.applied() is Action.KEEP
    assert operations(serving)["CreateEndpointConfig"] == 1


def test_an_autoscaler_keeps_its_counts_through_an_update(serving: Serving) -> None:
    serving.model("one", scaling="external")
    serving.applied()
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 7}]
    serving.service().scale("mnist", wanted)
    serving.aws.advance(LONG)
    assert serving.applied() is Action.KEEP
    serving.model("two", scaling="external")
    assert serving.applied() is Action.UPDATE
    assert serving.seen().capacities[0].current == 7


def test_a_deployment_policy_goes_with_the_update(serving: Serving) -> None:
    policy = {
        "blue_green_update_policy": {
            "traffic_routing_configuration": {
                "type": "CANARY",
                "wait_interval_in_seconds": 300,
                "canary_size": {"type": "CAPACITY_PERCENT", "value": 20},
            }
        },
        "auto_rollback_configuration": {"alarms": [{"alarm_name": "mnist-5xx"}]},
    }
    serving.model("one", deployment_config=policy)
    serving.applied()
    serving.model("two", deployment_config=policy)
    serving.applied()
    sent = [call.parameters for call in serving.aws.calls if call.operation == "UpdateEndpoint"][-1]
    canary = sent["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert canary["CanarySize"] == {"Type": "CAPACITY_PERCENT", "Value": 20}
    assert sent["DeploymentConfig"]["AutoRollbackConfiguration"] == {"Alarms": [{"AlarmName": "mnist-5xx"}]}


# What goes wrong


def test_a_rolled_back_update_is_reported_and_left_until_something_changes(serving: Serving) -> None:
    serving.endpoints.fate = broken
    serving.applied()
    good = serving.seen().config
    serving.model("bad")
    assert serving.applied() is Action.UPDATE
    seen = serving.seen()
    assert (seen.status, seen.config, seen.succeeded, seen.rolled_back) == ("InService", good, False, True)
    (outcome,) = serving.apply()
    assert (outcome.change.action, outcome.change.unfulfilled) == (Action.KEEP, True)
    assert operations(serving)["UpdateEndpoint"] == 1
    assert serving.applied(rerun=True) is Action.UPDATE
    serving.model("two")
    assert serving.applied() is Action.UPDATE
    assert serving.seen().succeeded
    # what never served is not what one would go back to
    assert set(serving.endpoints.configs) >= {good, serving.seen().config}


def test_a_failed_endpoint_is_deleted_only_where_somebody_says_so(serving: Serving) -> None:
    serving.endpoints.fate = broken
    serving.model("bad")
    serving.applied()
    assert serving.seen().status == "Failed"
    (outcome,) = serving.apply()
    assert outcome.change.unfulfilled
    serving.model("two")
    (outcome,) = serving.apply()
    assert outcome.change.action is Action.REFUSE
    (outcome,) = serving.apply(replace=True)
    assert (outcome.error, outcome.change.action) == (None, Action.REPLACE)
    serving.aws.advance(LONG)
    assert serving.seen().succeeded


def test_a_mix_of_two_configurations_is_reported_and_updated_again_when_asked(serving: Serving) -> None:
    serving.applied()
    serving.endpoints.fate = lambda models: Deployment("UpdateRollbackFailed", PING)
    serving.model("two")
    serving.applied()
    (outcome,) = serving.apply()
    assert outcome.change.unfulfilled
    serving.endpoints.fate = broken
    assert serving.applied(rerun=True) is Action.UPDATE
    assert serving.seen().succeeded


@pytest.mark.parametrize("change", ["create", "update"])
def test_what_is_in_progress_for_another_state_is_waited_for(serving: Serving, change: str) -> None:
    if change == "update":
        serving.applied()
        serving.model("between")
    serving.apply()
    serving.model("two")
    plan = serving.plan()
    assert [each.action for each in plan.changes] == [Action.WAIT]
    assert serving.applied() is Action.UPDATE
    assert serving.seen().succeeded


def test_a_change_of_somebody_else_is_not_repeated_blindly(serving: Serving) -> None:
    serving.applied()
    serving.model("two")
    plan = serving.plan()
    serving.endpoints.system_update("mnist")
    outcome = next(iter(serving_applier(serving).apply(plan)))
    assert outcome.error is not None
    assert "accepts no other" in outcome.error.message
    assert operations(serving)["AddTags"] == 0  # it was not asked for anything
    serving.aws.advance(LONG)
    assert serving.applied() is Action.UPDATE


def serving_applier(serving: Serving) -> Any:
    from sagespec.deploying.applying.endpoints import EndpointApplier

    return EndpointApplier(serving.service(), sleep=serving.aws.advance)


@pytest.mark.parametrize("fault", ["cut-after", "500-after", "throttle", "short", "half"])
@pytest.mark.parametrize("operation", ["CreateModel", "CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint"])
def test_an_answer_that_is_lost_changes_nothing(serving: Serving, operation: str, fault: str) -> None:
    if operation == "UpdateEndpoint":
        serving.applied()
        serving.model("two")
    serving.aws.fail_next(operation, fault)
    serving.applied()
    assert serving.seen().succeeded
    done = operations(serving)
    assert done["CreateEndpoint"] == 1
    assert done["UpdateEndpoint"] == (operation == "UpdateEndpoint")


def test_a_quota_that_both_fleets_do_not_fit_is_reported_and_nothing_is_lost(serving: Serving) -> None:
    serving.applied()
    serving.endpoints.quota = 1
    serving.model("two")
    (outcome,) = serving.apply()
    assert outcome.error is not None
    assert "ResourceLimitExceeded" in outcome.error.message
    assert "quota" in outcome.error.hint
    assert serving.endpoints["mnist"]["EndpointStatus"] == "InService"
    serving.endpoints.quota = None
    assert serving.applied() is Action.UPDATE


def test_an_endpoint_of_another_project_is_not_touched(serving: Serving) -> None:
    serving.applied()
    (serving.folder / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nproject: other\n")
    serving.model("two")
    (outcome,) = serving.apply(adopt=True, replace=True)
    assert outcome.change.action is Action.REFUSE
    assert "project 'vision'" in outcome.change.reason
    assert operations(serving)["UpdateEndpoint"] == 0


def test_an_endpoint_that_nobody_owns_can_be_taken_over(serving: Serving) -> None:
    client = serving.aws.client("sagemaker")
    variant = {"VariantName": "AllTraffic", "ModelName": "theirs", "InstanceType": "ml.m5.xlarge"}
    client.create_model(ModelName="theirs", ExecutionRoleArn="arn:aws:iam::123456789012:role/SageMakerRole")
    client.create_endpoint_config(
        EndpointConfigName="theirs", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    client.create_endpoint(EndpointName="mnist", EndpointConfigName="theirs")
    serving.aws.advance(LONG)
    assert serving.plan().changes[0].action is Action.REFUSE
    assert serving.applied(adopt=True) is Action.ADOPT
    assert serving.applied() is Action.UPDATE
    assert serving.seen().succeeded
    assert "theirs" in serving.endpoints.models  # it is not ours to remove


# What is left over


def test_old_configurations_are_removed_and_the_one_before_is_kept(serving: Serving) -> None:
    configs = []
    for variant in ("one", "two", "three"):
        serving.model(variant)
        serving.applied()
        configs.append(serving.seen().config)
    assert set(serving.endpoints.configs) == set(configs)
    assert serving.applied() is Action.CLEAN
    assert set(serving.endpoints.configs) == set(configs[1:])
    assert len(serving.endpoints.models) == 2
    assert serving.applied() is Action.KEEP
    in_use = [e.detail for e in serving.aws.effects if e.operation in ("DeleteEndpointConfig", "DeleteModel")]
    assert in_use == [False, False]


def test_a_configuration_that_another_endpoint_uses_is_left(serving: Serving) -> None:
    serving.applied()
    config = serving.seen().config
    serving.aws.client("sagemaker").create_endpoint(EndpointName="theirs", EndpointConfigName=config)
    for variant in ("two", "three"):
        serving.model(variant)
        serving.applied()
    (outcome,) = serving.apply()
    assert outcome.change.action is Action.CLEAN
    assert outcome.notes == (f"{config} is kept: the endpoint theirs uses it",)
    assert config in serving.endpoints.configs


def test_a_model_that_another_configuration_names_is_left(serving: Serving) -> None:
    serving.applied()
    first = serving.seen()
    (model,) = first.revisions[0].models
    variant = {"VariantName": "A", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    serving.aws.client("sagemaker").create_endpoint_config(EndpointConfigName="theirs", ProductionVariants=[variant])
    for name in ("two", "three"):
        serving.model(name)
        serving.applied()
    serving.applied()
    assert first.config not in serving.endpoints.configs
    assert model in serving.endpoints.models


def test_prune_deletes_an_endpoint_whose_manifest_is_gone_and_all_that_was_its(serving: Serving) -> None:
    serving.applied()
    (serving.folder / "mnist.yaml").unlink()
    serving.model("one", "other")
    assert [change.action for change in serving.plan().changes] == [Action.CREATE]
    _, pruned = serving.plan(prune=True).changes
    assert (pruned.action, pruned.job_name) == (Action.DELETE, "mnist")
    outcomes = serving.apply(prune=True)
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert "mnist" not in serving.endpoints.endpoints
    assert {name.rpartition("-")[0] for name in (*serving.endpoints.configs, *serving.endpoints.models)} == {"other"}


def test_prune_deletes_the_last_endpoint_of_a_project_too(fast: Serving) -> None:
    """No manifest of an endpoint is left, and a training job even has its name."""
    assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 0
    (fast.folder / "mnist.yaml").unlink()
    (fast.folder / "train.py").write_text(SCRIPT)
    (fast.folder / "train.yaml").write_text(yaml.safe_dump({**SMALLEST, "name": "mnist"}))
    assert run(["apply", str(fast.folder), "--yes"]) == 0
    assert list(fast.endpoints.endpoints) == ["mnist"]
    assert run(["apply", str(fast.folder), "--yes", "--prune"]) == 0
    assert fast.endpoints.endpoints == {}
    assert fast.aws.jobs.of("mnist")


def test_prune_waits_for_what_cannot_be_deleted_yet(serving: Serving) -> None:
    serving.model("one", "other")
    serving.apply()
    (serving.folder / "mnist.yaml").unlink()
    outcomes = serving.apply(prune=True)
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert list(serving.endpoints.endpoints) == ["other"]


def test_prune_deletes_nothing_where_a_manifest_could_not_be_read(serving: Serving) -> None:
    serving.model("one", "other")
    serving.apply()
    serving.aws.advance(LONG)
    (serving.folder / "mnist.yaml").write_text("apiVersion: sagespec/v1\nkind: Endpoint\nname: [\n")
    assert run(["apply", str(serving.folder), "--prune", "--yes"]) == 1
    assert set(serving.endpoints.endpoints) == {"mnist", "other"}


# Going back


def test_rollback_serves_again_what_was_served_before(serving: Serving) -> None:
    serving.applied()
    first = serving.seen().config
    serving.model("two")
    serving.applied()
    second = serving.seen().config
    way = way_back(serving.service(), "mnist", serving.site())
    assert (way.seen.config, way.to.config) == (second, first)
    go_back(serving.service(), way)
    serving.aws.advance(LONG)
    assert serving.seen().config == first
    assert way_back(serving.service(), "mnist", serving.site()).to.config == second
    assert serving.plan().changes[0].action is Action.UPDATE  # the manifest asks for the second one still
    serving.model("one")
    assert serving.applied() is Action.KEEP


def test_rollback_says_what_stands_against_it(serving: Serving) -> None:
    with pytest.raises(NoSuchJob, match="no endpoint 'mnist'"):
        way_back(serving.service(), "mnist", serving.site())
    serving.apply()
    with pytest.raises(ServiceError, match="is Creating, and accepts no update"):
        way_back(serving.service(), "mnist", serving.site())
    serving.aws.advance(LONG)
    with pytest.raises(ServiceError, match="nothing to go back to"):
        way_back(serving.service(), "mnist", serving.site())


# The command line


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch, serving: Serving) -> Serving:
    """Time runs by itself, and nobody waits for it."""
    monkeypatch.setattr(SageMakerEndpoints, "poll_seconds", 0.01)
    monkeypatch.setattr(SageMaker, "poll_seconds", 0.01)
    serving.aws.jobs.clock.scale = 2000.0
    return serving


def test_apply_wait_follows_to_the_end_and_its_code_tells(fast: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    fast.endpoints.fate = broken
    folder = str(fast.folder)
    assert run(["apply", folder, "--yes", "--wait"]) == 0
    assert run(["plan", folder, "--detailed-exitcode"]) == 0
    fast.model("bad")
    assert run(["plan", folder, "--detailed-exitcode"]) == 5
    assert run(["apply", folder, "--yes", "--wait"]) == 4
    assert "did not pass the ping health check" in capsys.readouterr().err
    assert run(["plan", folder, "--detailed-exitcode"]) == 4
    assert run(["apply", folder, "--yes"]) == 4


def test_apply_wait_removes_what_nothing_uses_any_more(fast: Serving) -> None:
    for variant in ("one", "two", "three"):
        fast.model(variant)
        assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 0
    assert len(fast.endpoints.configs) == len(fast.endpoints.models) == 2
    assert run(["plan", str(fast.folder), "--detailed-exitcode"]) == 0


def test_a_saved_plan_is_what_is_done(fast: Serving, tmp_path: Path) -> None:
    folder, file = str(fast.folder), str(tmp_path / "week.plan")
    assert run(["plan", folder, "--out", file]) == 0
    assert run(["apply", file, "--yes", "--wait"]) == 0
    assert run(["apply", file, "--yes"]) == 0  # it has come true
    fast.model("two")
    assert run(["plan", folder, "--out", file]) == 0
    fast.model("three")
    assert run(["apply", folder, "--yes", "--wait"]) == 0
    assert run(["apply", file, "--yes"]) == 3
    assert len([effect for effect in fast.aws.effects if effect.operation == "UpdateEndpoint"]) == 1


def test_outputs_and_json_tell_of_an_endpoint(
    fast: Serving, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = tmp_path / "out.json"
    arguments = ["apply", str(fast.folder), "--yes", "--wait", "--outputs", str(outputs), "--format", "json"]
    assert run(arguments) == 0
    (told,) = check_plan(capsys.readouterr().out)["jobs"]
    assert (told["kind"], told["action"], told["ending"]["serves"]) == ("Endpoint", "create", True)
    (written,) = json.loads(outputs.read_text())["jobs"]
    assert (written["job_name"], written["status"], written["config"]) == (
        "mnist",
        "InService",
        told["ending"]["config"],
    )


def test_status_stop_and_rollback_know_endpoints(fast: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    for variant in ("one", "two"):
        fast.model(variant)
        assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 0
    assert run(["rollback", "mnist", "--region", "us-west-2"]) == 2  # nobody is there to agree
    assert run(["rollback", "mnist", "--region", "us-west-2", "--yes", "--wait"]) == 0
    capsys.readouterr()
    for name in ("mnist", str(fast.folder / "mnist.yaml")):
        assert run(["status", name, "--region", "us-west-2", "--format", "json"]) == 0
        (told,) = json.loads(capsys.readouterr().out)["jobs"]
        assert (told["job_name"], told["serves"]) == ("mnist", True)
    assert run(["stop", "mnist", "--region", "us-west-2"]) == 2
    assert "mnist" in fast.endpoints.endpoints
    assert run(["stop", "mnist", "--region", "us-west-2", "--yes"]) == 0
    fast.aws.advance(LONG)
    assert run(["status", "mnist", "--region", "us-west-2"]) == 3


def test_the_log_of_an_endpoint_is_printed(fast: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 0
    logs = fast.aws.client("logs")
    group, stream = "/aws/sagemaker/Endpoints/mnist", "AllTraffic/i-0123456789"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [{"timestamp": 1_795_000_000_000, "message": "no SavedModel bundles found!"}]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    capsys.readouterr()
    assert run(["logs", "mnist", "--region", "us-west-2"]) == 0
    assert capsys.readouterr().out == "AllTraffic/i-0123456789 | no SavedModel bundles found!\n"


# A model of a training job


def with_job(fast: Serving, **over: Any) -> None:
    fast.write(training_job="train", model_data=None, framework_version=None, role=None, **over)
    (fast.folder / "train.py").write_text(SCRIPT)
    (fast.folder / "train.yaml").write_text(yaml.safe_dump({**SMALLEST, "name": "train", "framework_version": "2.19"}))


def test_a_job_and_its_endpoint_are_applied_in_order(fast: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    with_job(fast)
    folder = str(fast.folder)
    assert run(["plan", folder]) == 0
    assert "wait    mnist (endpoint)  waits for train-" in capsys.readouterr().out
    assert run(["apply", folder, "--yes", "--wait"]) == 0
    (job,) = fast.aws.jobs.of("train")
    (model,) = fast.endpoints.models.values()
    described = fast.aws.jobs[job]
    assert model.request["PrimaryContainer"]["ModelDataUrl"] == described["ModelArtifacts"]["S3ModelArtifacts"]
    assert model.request["ExecutionRoleArn"] == described["RoleArn"]
    assert model.request["PrimaryContainer"]["Image"].endswith("tensorflow-inference:2.19-cpu")
    assert run(["plan", folder, "--detailed-exitcode"]) == 0


def test_without_wait_an_endpoint_says_for_what_it_waits(fast: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    with_job(fast)
    assert run(["apply", str(fast.folder), "--yes"]) == 0
    assert "waits for train-" in capsys.readouterr().err
    assert fast.endpoints.endpoints == {}


def test_a_saved_plan_says_that_it_serves_nothing_that_waits(
    fast: Serving, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_job(fast)
    saved = str(tmp_path / "saved.plan")
    assert run(["plan", str(fast.folder), "--out", saved]) == 0
    assert run(["apply", saved, "--yes", "--wait"]) == 4
    assert "mnist: a saved plan does not include what waits for a job" in capsys.readouterr().err
    assert (len(fast.aws.jobs.of("train")), fast.endpoints.endpoints) == (1, {})


def test_a_version_that_trains_and_has_no_server_is_reported_before_it_trains(
    fast: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    with_job(fast)
    job = {**SMALLEST, "name": "train", "framework_version": "2.6.2", "py_version": "py38"}
    (fast.folder / "train.yaml").write_text(yaml.safe_dump(job))
    assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 1
    assert "there is no TensorFlow Serving image of TensorFlow 2.6.2" in capsys.readouterr().err
    assert run(["plan", str(fast.folder), "--offline"]) == 1
    assert fast.aws.effects == []


def test_an_endpoint_is_not_made_of_a_job_that_failed(fast: Serving) -> None:
    from fakes.jobs import Fate

    with_job(fast)
    fast.aws.jobs.fate = lambda request: Fate("Failed", 5, "AlgorithmError: ExitCode 1")
    assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 4
    assert fast.endpoints.endpoints == {}


def test_an_endpoint_takes_from_its_job_what_it_does_not_say(fast: Serving) -> None:
    with_job(fast)
    network = {"subnets": ["subnet-1"], "security_group_ids": ["sg-1"], "enable_network_isolation": True}
    job = {**SMALLEST, "name": "train", **network, "framework_version": "2.16.2", "container_log_level": 10}
    (fast.folder / "train.yaml").write_text(yaml.safe_dump(job))
    assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 0
    (model,) = fast.endpoints.models.values()
    assert model.request["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert model.request["EnableNetworkIsolation"] is True
    assert model.request["PrimaryContainer"]["Environment"] == {"SAGEMAKER_TFS_NGINX_LOGLEVEL": "debug"}
    assert model.request["PrimaryContainer"]["Image"].endswith(
        "tensorflow-inference:2.16.1-cpu"
    )  # the patch that serves


def put_model(serving: Serving, content: bytes, key: str = "mnist/model.tar.gz") -> None:
    s3 = serving.aws.client("s3")
    if "bucket" not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="bucket", Key=key, Body=content)


def test_another_archive_under_the_same_key_is_a_change(fast: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    """The service itself never notices one."""
    put_model(fast, b"one")
    folder = str(fast.folder)
    assert run(["apply", folder, "--yes", "--wait"]) == 0
    assert run(["plan", folder, "--detailed-exitcode"]) == 0
    put_model(fast, b"two")
    capsys.readouterr()
    assert run(["plan", folder]) == 0
    assert "model_data" in capsys.readouterr().out
    assert run(["apply", folder, "--yes", "--wait"]) == 0
    assert operations(fast)["UpdateEndpoint"] == 1
    assert run(["plan", folder, "--detailed-exitcode"]) == 0


def test_who_may_not_look_at_the_archive_sees_no_change(fast: Serving) -> None:
    put_model(fast, b"one")
    assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 0
    fast.aws.client("s3").delete_object(Bucket="bucket", Key="mnist/model.tar.gz")
    assert run(["plan", str(fast.folder), "--detailed-exitcode"]) == 0


def test_an_archive_that_changed_after_the_plan_is_not_served(fast: Serving, tmp_path: Path) -> None:
    put_model(fast, b"one")
    plan = tmp_path / "plan.json"
    assert run(["plan", str(fast.folder), "--out", str(plan)]) == 0
    put_model(fast, b"two")
    assert run(["apply", str(plan), "--yes"]) == 3
    assert operations(fast) == {}


def test_rollback_goes_back_to_the_archive_of_then(fast: Serving) -> None:
    put_model(fast, b"one")
    assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 0
    first = fast.endpoints.endpoints["mnist"].tags["sagespec:artifact"]
    put_model(fast, b"two")
    assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 0
    assert run(["rollback", "mnist", "--region", "us-west-2", "--yes", "--wait"]) == 0
    assert fast.endpoints.endpoints["mnist"].tags["sagespec:artifact"] == first


def test_what_the_manifest_says_of_updates_goes_with_the_update(serving: Serving) -> None:
    serving.applied()
    serving.model("two", request={"update_endpoint": {"RetainDeploymentConfig": True}})
    assert serving.applied() is Action.UPDATE
    (sent,) = [call.parameters for call in serving.aws.calls if call.operation == "UpdateEndpoint"]
    assert sent["RetainDeploymentConfig"] is True


def test_a_model_that_is_only_named_is_never_removed(serving: Serving) -> None:
    client = serving.aws.client("sagemaker")
    client.create_model(ModelName="theirs", PrimaryContainer={"Image": "image"})
    variants = [{"variant_name": "a"}, {"variant_name": "b", "model_name": "theirs"}]
    for variant in ("one", "two", "three"):
        serving.model(variant, production_variants=variants, keep_previous=0)
        serving.applied()
    serving.applied()
    assert "theirs" in serving.endpoints.models
    assert operations(serving)["DeleteModel"] == 2


def test_compile_says_that_only_the_service_knows_the_model(
    serving: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    path = serving.write(training_job="train", model_data=None)
    assert run(["compile", str(path)]) == 1
    assert "[unknown-training-job]" in capsys.readouterr().err
    assert run(["validate", str(path)]) == 0
    assert run(["plan", str(path), "--offline"]) == 0


# The test service itself


def test_the_test_service_has_the_manners_that_are_reported_of_the_real_one(serving: Serving) -> None:
    client = serving.aws.client("sagemaker")
    error = client.exceptions.ClientError
    with pytest.raises(error, match=r'ValidationException.*Could not find endpoint "arn'):
        client.describe_endpoint(EndpointName="mnist")
    serving.apply()
    for call in (
        lambda: client.delete_endpoint(EndpointName="mnist"),
        lambda: client.update_endpoint(EndpointName="mnist", EndpointConfigName=serving.seen().config),
    ):
        with pytest.raises(error, match='Cannot update in-progress endpoint "arn:aws:sagemaker'):
            call()
    serving.aws.advance(LONG)
    with pytest.raises(error, match="Cannot create already existing endpoint"):
        client.create_endpoint(EndpointName="mnist", EndpointConfigName=serving.seen().config)
    client.delete_endpoint_config(EndpointConfigName=serving.seen().config)  # in use, and yet
    assert client.describe_endpoint(EndpointName="mnist")["EndpointStatus"] == "InService"
    assert serving.aws.effects[-1].detail is True


def test_the_judge_would_see_a_configuration_in_use_that_is_deleted(serving: Serving) -> None:
    serving.applied()
    serving.endpoints.refusal = Refused("ThrottlingException", "Rate exceeded")
    serving.service().stop("mnist")
    with pytest.raises(InProgress):
        serving.service().scale("mnist", [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}])
    serving.service().stop("mnist")  # it is on its way out already


def test_what_goes_while_it_is_looked_at_is_gone(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the answer to DescribeEndpoint and that to ListTags."""
    serving.applied()
    described = serving.service()._describe("mnist")
    serving.service().stop("mnist")
    serving.aws.advance(LONG)
    service = serving.service()
    monkeypatch.setattr(service, "_describe", lambda name: described)
    with pytest.raises(NoSuchJob):
        service.describe("mnist")
    assert list(service.observe(serving.compiled()[0])) == []


def test_a_variant_that_an_autoscaler_owns_is_told_from_the_refusal(serving: Serving) -> None:
    serving.applied()
    serving.endpoints.scalable = {("mnist", "AllTraffic")}
    serving.model("one", instance_type="ml.m5.large")
    (outcome,) = serving.apply()
    assert outcome.error is not None
    assert "deregister the scalable target" in outcome.error.hint
    serving.model("two")  # another model alone is allowed
    assert serving.applied() is Action.UPDATE


def test_instances_are_never_taken_away_by_an_update(serving: Serving) -> None:
    serving.applied()
    serverless = {"memory_size_in_mb": 2048}
    serving.model("one", instance_type=None, initial_instance_count=None, serverless_inference_config=serverless)
    (outcome,) = serving.apply()
    assert outcome.change.action is Action.REFUSE
    assert "another name" in outcome.change.reason
    assert operations(serving)["CreateEndpointConfig"] == 1


def test_a_model_in_the_shadow_is_in_use(serving: Serving) -> None:
    serving.model("one", shadow_production_variants=[{"variant_name": "next"}])
    assert serving.applied() is Action.CREATE
    assert serving.seen().succeeded
    assert serving.endpoints["mnist"]["ShadowProductionVariants"][0]["VariantName"] == "next"
    assert serving.applied() is Action.KEEP


def test_variants_that_come_and_change_are_told_by_their_names(serving: Serving) -> None:
    serving.applied()
    first = {"variant_name": "AllTraffic", "initial_variant_weight": 0.9}
    serving.model("one", production_variants=[first, {"variant_name": "canary", "initial_variant_weight": 0.1}])
    (change,) = serving.plan().changes
    assert [(one.field, one.before, one.after) for one in change.differences] == [
        ("production_variants.AllTraffic.initial_variant_weight", 1.0, 0.9),
        ("production_variants.canary", None, "there"),
    ]
    assert serving.applied() is Action.UPDATE
    serving.model("one", production_variants=[first, {"variant_name": "canary", "initial_instance_count": 2}])
    (change,) = serving.plan().changes
    assert change.action is Action.SCALE
    assert [(one.field, one.before, one.after) for one in change.differences] == [
        ("production_variants.canary.initial_instance_count", 1, 2),
        ("production_variants.canary.initial_variant_weight", 0.1, 1),
    ]


def test_a_model_that_several_configurations_name_goes_with_the_last(serving: Serving) -> None:
    for kind in ("ml.m5.xlarge", "ml.m5.large", "ml.m5.2xlarge"):
        serving.model("one", instance_type=kind)
        serving.applied()
    (serving.folder / "mnist.yaml").unlink()
    serving.model("other", "other")
    deleted = next(outcome for outcome in serving.apply(prune=True) if outcome.change.action is Action.DELETE)
    assert deleted.notes == ()
    assert operations(serving)["DeleteModel"] == 1


def test_another_file_of_an_unpacked_model_is_a_change(fast: Serving) -> None:
    prefix = {"s3_data_source": {"s3_uri": "s3://bucket/mnist/model/"}}
    fast.model("one", model_data=prefix)
    folder = str(fast.folder)
    for name in ("1/saved_model.pb", "1/variables/a"):
        put_model(fast, b"one", f"mnist/model/{name}")
    assert run(["apply", folder, "--yes", "--wait"]) == 0
    put_model(fast, b"two", "mnist/model-of-another/1/saved_model.pb")
    assert run(["plan", folder, "--detailed-exitcode"]) == 0
    put_model(fast, b"two", "mnist/model/1/variables/a")
    assert run(["plan", folder, "--detailed-exitcode"]) == 5
    assert run(["apply", folder, "--yes", "--wait"]) == 0
    assert operations(fast)["UpdateEndpoint"] == 1
    assert run(["plan", folder, "--detailed-exitcode"]) == 0


def test_an_archive_at_which_nobody_has_looked_is_reported_as_such(
    fast: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", str(fast.folder), "--yes", "--wait"]) == 0  # there is none yet
    put_model(fast, b"one")
    capsys.readouterr()
    assert run(["plan", str(fast.folder)]) == 0
    assert "model_data: an archive that was not looked at → ETag" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"]])
@pytest.mark.parametrize("role", [SMALLEST["role"], "SageMakerRole"], ids=["account known", "account asked for"])
def test_nothing_is_asked_while_another_manifest_is_wrong(
    command: list[str], role: str, fast: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    with_job(fast)
    fast.write("other", role=role)
    path = fast.folder / "wrong.yaml"
    path.write_text(yaml.safe_dump({**SMALLEST, "name": "wrong", "instance_count": 0}))
    before = len(fast.aws.calls)
    assert run([*command, str(fast.folder)]) == 1
    assert fast.aws.calls[before:] == []
    assert "instance_count" in capsys.readouterr().err
    path.unlink()
    assert run(["plan", str(fast.folder)]) == 0
    assert len(fast.aws.calls) > before
