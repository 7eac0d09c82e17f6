"""Endpoints: the three requests, held against the recorded answers of the SDK and against botocore's own model."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

import sagespec
from conftest import ENDPOINT, REPOSITORY, SCRIPT, SMALLEST
from kinds.endpoints import CAPTURE, HANDLER, bodies, compiled, names_of, pointed_at, variant, with_code
from oracle.comparing import ORACLE, differences
from sagespec.kinds.endpoint.members import SECTIONS
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs
from sagespec.reporting.export import fitted, text_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_code(tmp_path)


# What the SDK sends


@pytest.fixture(scope="module")
def deployments() -> list[dict[str, Any]]:
    """Those of SDK 2, and those of SDK 1."""
    files = [ORACLE / name for name in ("deployments.jsonl.gz", "deployments_1.jsonl.gz")]
    return [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]


@pytest.fixture(scope="module")
def outcomes(
    deployments: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Mapping[str, Any] | None, list[str]]]:
    """Sample → (requests, what was said of it): all compiled in one run."""
    folder = tmp_path_factory.mktemp("deployments")
    for name in ("code", "libs"):
        shutil.copytree(ORACLE / name, folder / name)
    for place in (folder, folder / "code"):
        (place / "inference.py").write_text(HANDLER)
    paths = [folder / f"{sample['id']}.yaml" for sample in deployments]
    for path, sample in zip(paths, deployments, strict=True):
        path.write_text(json.dumps({**sample["manifest"], "name": sample["id"].replace("_", "-")}), encoding="utf-8")
    return {
        Path(result.manifest).stem: (
            result.request.bodies() if result.request else None,
            [f"{each.rule}: {each.message}" for each in result.diagnostics],
        )
        for result in sagespec.compile(paths)
    }


UPLOADED = re.compile(r"/(?:[^/]+|sagespec/(?:code|models)/[0-9a-f]{64})/(?:model|sourcedir)\.tar\.gz$")
"""Where a repacked model or a source archive lies: the SDK's place for it, and ours."""


def comparable(sent: Mapping[str, Any], sample: Mapping[str, Any]) -> dict[str, Any]:
    """The requests without names, without our own tags, and without empty lists of tags, which the SDK sends.

    Of what is uploaded the bucket and the prefix count; so they do of the answers of asynchronous endpoints. SDK 1 tags
    the configuration only, so its tags are left out.
    """
    manifest, tagged = sample["manifest"], sample.get("sdk") != "v1"
    kept = json.loads(json.dumps(sent))
    for request in kept.values():
        for name in ("ModelName", "EndpointConfigName", "EndpointName"):
            request.pop(name, None)
        tags = [tag for tag in request.pop("Tags", []) if not tag["Key"].startswith("sagespec:")]
        request.update({"Tags": tags} if tags and tagged else {})
    container = kept["CreateModel"]["PrimaryContainer"]
    environment = container.setdefault("Environment", {})
    python_based = manifest["endpoint_type"] == "python"
    where = (environment, "SAGEMAKER_SUBMIT_DIRECTORY") if python_based else (container, "ModelDataUrl")
    in_s3 = python_based and manifest.get("source_dir", "").startswith("s3://")
    if "entry_point" in manifest and where[1] in where[0] and not in_s3:
        where[0][where[1]] = UPLOADED.sub("/UPLOADED", where[0][where[1]])
    for made in kept["CreateEndpointConfig"]["ProductionVariants"]:
        made.pop("ModelName")
    output = kept["CreateEndpointConfig"].get("AsyncInferenceConfig", {}).get("OutputConfig", {})
    for name, value in output.items():
        if name in ("S3OutputPath", "S3FailurePath"):
            output[name] = re.sub(r"(async-endpoint-\w+)/.*", r"\1/", value)
    return dict(kept)


def test_what_the_sdk_sends_for_a_deployment_is_sent_member_for_member(
    deployments: list[dict[str, Any]], outcomes: Mapping[str, tuple[Mapping[str, Any] | None, list[str]]]
) -> None:
    accepted = [sample for sample in deployments if "requests" in sample]
    assert len(accepted) > 500
    wrong = {}
    for sample in accepted:
        sent, said = outcomes[sample["id"]]
        want = comparable(sample["requests"], sample)
        found = said if sent is None else list(differences(want, comparable(sent, sample)))
        wrong.update({sample["id"]: found} if found else {})
    assert not wrong, json.dumps(wrong, indent=1)


def test_what_the_sdk_refuses_is_refused(
    deployments: list[dict[str, Any]], outcomes: Mapping[str, tuple[Mapping[str, Any] | None, list[str]]]
) -> None:
    refused = [sample for sample in deployments if "error" in sample]
    assert len(refused) > 40
    assert {sample["id"]: sample["error"] for sample in refused if outcomes[sample["id"]][0] is not None} == {}


# What is sent, beyond what the samples have

PYTHON = {"framework_version": "1.12", "endpoint_type": "python", "entry_point": "train.py", "source_dir": "serving"}
GOLDEN: dict[str, dict[str, Any]] = {
    "smallest": {},
    "gpu-with-settings": {
        "instance_type": "ml.g5.xlarge",
        "initial_instance_count": 2,
        "container_log_level": 20,
        "env": {"SAGEMAKER_TFS_ENABLE_BATCHING": "true"},
        "model_data_download_timeout": 600,
        "container_startup_health_check_timeout": 900,
        "routing_config": {"routing_strategy": "least_outstanding_requests"},
        "tags": {"team": "vision", "n": 7},
    },
    "repacked": {"entry_point": "inference.py", "source_dir": "serving", "model_kms_key": "alias/models"},
    "repacked-with-code-in-s3": {"entry_point": "inference.py", "source_dir": "s3://bucket/code.tar.gz"},
    "graviton": {"framework_version": "2.16", "instance_type": "ml.c7g.large"},
    "own-image": {"framework_version": None, "image_uri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/serving:1"},
    "in-china": {"region": "cn-north-1", "role": "arn:aws-cn:iam::123456789012:role/SageMakerRole"},
    "isolated-in-a-vpc": {
        "subnets": ["subnet-0a1b2c3d"],
        "security_group_ids": ["sg-0a1b2c3d"],
        "enable_network_isolation": True,
        "kms_key": "11111111-2222-3333-4444-555555555555",
        "volume_size": 30,
    },
    "unpacked-model": {"model_data": {"s3_data_source": {"s3_uri": "s3://bucket/mnist/model/"}}},
    "serverless": {
        "instance_type": None,
        "initial_instance_count": None,
        "serverless_inference_config": {"memory_size_in_mb": 4096, "provisioned_concurrency": 2},
    },
    "asynchronous": {
        "async_inference_config": {
            "max_concurrent_invocations_per_instance": 4,
            "notification_config": {"error_topic": "arn:aws:sns:us-west-2:123456789012:errors"},
        }
    },
    "captured": {"data_capture_config": {**CAPTURE, "capture_options": ["REQUEST"], "sampling_percentage": 10}},
    "explained": {"explainer_config": {"shap_config": {"shap_baseline_config": {"shap_baseline": "1,2,3"}}}},
    "python-based": {**PYTHON, "model_server_workers": 2, "requirements_file": "", "env": {"A": "1"}},
    "python-based-with-code-in-s3": {**PYTHON, "source_dir": "s3://bucket/sourcedir.tar.gz"},
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_requests_of_an_endpoint_are_reviewed_as_text(
    name: str, folder: Path, golden: Callable[[Path, str], None]
) -> None:
    printed = json.dumps(bodies(compiled(folder, GOLDEN[name])), indent=2) + "\n"
    golden(REPOSITORY / "tests" / "golden" / "endpoints" / f"{name}.json", printed)


@pytest.fixture(scope="module")
def api() -> Any:
    return botocore.session.Session().get_service_model("sagemaker")


@pytest.mark.parametrize("name", GOLDEN)
def test_botocore_finds_nothing_wrong_with_the_requests(name: str, folder: Path, api: Any) -> None:
    for operation, body in bodies(compiled(folder, GOLDEN[name])).items():
        report = ParamValidator().validate(body, api.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()


# Names


def test_another_model_needs_another_model_and_configuration_but_the_endpoint_keeps_its_name(folder: Path) -> None:
    before, after = names_of(compiled(folder, {})), names_of(compiled(folder, {"env": {"A": "1"}}))
    assert before[2] == after[2] == "mnist"
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_other_instances_need_another_configuration_of_the_same_model(folder: Path) -> None:
    before, after = names_of(compiled(folder, {})), names_of(compiled(folder, {"instance_type": "ml.c5.xlarge"}))
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_tags_name_nothing(folder: Path) -> None:
    assert names_of(compiled(folder, {})) == names_of(compiled(folder, {"tags": {"team": "vision"}}))


def test_other_code_is_another_model_at_another_key(folder: Path) -> None:
    code = {"entry_point": "inference.py", "source_dir": "serving"}
    before = compiled(folder, code)
    (folder / "serving" / "inference.py").write_text(HANDLER + "\n")
    after = compiled(folder, code)
    places = [bodies(each)["CreateModel"]["PrimaryContainer"]["ModelDataUrl"] for each in (before, after)]
    assert places[0] != places[1]
    assert names_of(before)[0] != names_of(after)[0]


def test_the_calls_name_each_other_s_things(folder: Path) -> None:
    result = compiled(folder, {})
    model, config, _ = names_of(result)
    assert variant(result)["ModelName"] == model
    assert bodies(result)["CreateEndpoint"]["EndpointConfigName"] == config


@pytest.mark.parametrize("name", ["a", "a" * 48])
def test_names_are_as_long_as_the_api_takes_them(name: str, folder: Path) -> None:
    assert all(len(each) <= 63 for each in names_of(compiled(folder, {"name": name})))


def test_two_environments_have_models_and_configurations_of_their_own(folder: Path) -> None:
    (folder / "sagespec.yaml").write_text("kind: Defaults\nenvironments: {test: {}, prod: {}}\n")
    (folder / "mnist.yaml").write_text(yaml.safe_dump(ENDPOINT))
    names = []
    for environment in ("test", "prod"):
        compiler = Compiler(Options(Inputs(environment=environment)))
        [result] = compiler.run([str(folder / "mnist.yaml")])
        names.append(names_of(result))
        tags = {tag["Key"]: tag["Value"] for tag in bodies(result)["CreateModel"]["Tags"]}
        assert tags["sagespec:environment"] == environment
    assert names[0][:2] != names[1][:2]


# The sections of `request:`


def test_the_sections_of_request_reach_every_call(folder: Path) -> None:
    over = {
        "create_model": {"PrimaryContainer": {"ContainerHostname": "server"}},
        "create_endpoint_config": {"ExecutionRoleArn": "arn:aws:iam::123456789012:role/Other"},
        "create_endpoint": {"DeploymentConfig": {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}},
        "update_endpoint": {"RetainDeploymentConfig": True},
    }
    result = compiled(folder, {"request": over})
    sent = bodies(result)
    assert set(over) == set(SECTIONS)
    assert result.request is not None
    [change] = result.request.serving.changing
    assert (change.operation, change.template["RetainDeploymentConfig"]) == ("UpdateEndpoint", True)
    container = sent["CreateModel"]["PrimaryContainer"]
    assert (container["ContainerHostname"], container["ModelDataUrl"]) == ("server", ENDPOINT["model_data"])
    assert sent["CreateEndpointConfig"]["ExecutionRoleArn"].endswith("/Other")
    assert sent["CreateEndpoint"]["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"] == [
        {"AlarmName": "errors"}
    ]


@pytest.mark.parametrize(
    ("section", "members", "line"),
    [
        ("create_model", {"PrimaryContainer": {"Mode": "Many"}}, "Mode: Many"),
        ("create_model", {"Unknown": 1}, "Unknown: 1"),
        ("create_endpoint_config", {"DataCaptureConfig": {"EnableCapture": "maybe"}}, "EnableCapture: maybe"),
        ("create_endpoint", {"DeploymentConfig": {"AutoRollback": 1}}, "AutoRollback: 1"),
        ("create_endpoint_config", {"ProductionVariants": [{"VariantName": "a", "EnableSSM": 1}]}, "EnableSSM: 1"),
        ("create_endpoint_config", {"ShadowProductionVariants": [{"VariantName": 7}]}, "- VariantName: 7"),
        ("update_endpoint", {"RetainAll": True}, "RetainAll: true"),
    ],
)
def test_what_the_api_refuses_is_reported_at_the_line_of_the_override(
    section: str, members: dict[str, Any], line: str, folder: Path
) -> None:
    refused = [
        found
        for found in compiled(folder, {"request": {section: members}}).diagnostics
        if found.rule == "refused-by-api"
    ]
    assert line in [pointed_at(found) for found in refused]


def test_an_unknown_section_of_request_is_refused(folder: Path) -> None:
    [found] = compiled(folder, {"request": {"create_modell": {}}}).diagnostics
    assert "create_modell" in pointed_at(found)


def test_what_the_api_refuses_of_a_field_is_reported_at_the_field(folder: Path) -> None:
    topics = {"notification_config": {"success_topic": "answers"}}
    [found] = compiled(folder, {"async_inference_config": {"output_path": "s3://bucket/a", **topics}}).diagnostics
    assert (found.rule, pointed_at(found)) == ("refused-by-api", "async_inference_config:")


# Variants


def test_a_variant_says_what_the_endpoint_s_own_fields_do_not(folder: Path) -> None:
    variants = [
        {"variant_name": "blue", "initial_variant_weight": 0.9},
        {
            "variant_name": "green",
            "instance_type": "ml.c6i.large",
            "model_name": "other-model",
            "volume_size_in_gb": 20,
        },
    ]
    sent = bodies(compiled(folder, {"production_variants": variants, "volume_size": 10}))
    own = sent["CreateModel"]["ModelName"]
    assert sent["CreateEndpointConfig"]["ProductionVariants"] == [
        {
            "VariantName": "blue",
            "InstanceType": "ml.m5.xlarge",
            "InitialInstanceCount": 1,
            "VolumeSizeInGB": 10,
            "ModelName": own,
            "InitialVariantWeight": 0.9,
        },
        {
            "VariantName": "green",
            "InstanceType": "ml.c6i.large",
            "InitialInstanceCount": 1,
            "VolumeSizeInGB": 20,
            "ModelName": "other-model",
            "InitialVariantWeight": 1,
        },
    ]


def test_a_serverless_variant_takes_nothing_of_instances(folder: Path) -> None:
    given = [{"variant_name": "a", "serverless_config": {"memory_size_in_mb": 1024}}]
    sent = bodies(compiled(folder, {"production_variants": given}))
    assert sent["CreateEndpointConfig"]["ProductionVariants"] == [
        {
            "VariantName": "a",
            "ModelName": sent["CreateModel"]["ModelName"],
            "InitialVariantWeight": 1,
            "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5},
        }
    ]


def test_a_shadow_variant_and_its_image_are_of_the_same_model(folder: Path) -> None:
    shadow = [{"variant_name": "shadow", "initial_variant_weight": 0.5}]
    sent = bodies(compiled(folder, {"shadow_production_variants": shadow}))
    [made] = sent["CreateEndpointConfig"]["ShadowProductionVariants"]
    assert (made["ModelName"], made["InstanceType"]) == (sent["CreateModel"]["ModelName"], "ml.m5.xlarge")


def test_variants_of_request_go_on_from_those_of_their_names(folder: Path) -> None:
    """And serve the manifest's model, as its name is known to nobody before."""
    given = [
        {"VariantName": "AllTraffic", "EnableSSMAccess": True},
        {"VariantName": "b", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2},
    ]
    sent = bodies(compiled(folder, {"request": {"create_endpoint_config": {"ProductionVariants": given}}}))
    first, second = sent["CreateEndpointConfig"]["ProductionVariants"]
    assert (first["InstanceType"], first["EnableSSMAccess"]) == ("ml.m5.xlarge", True)
    assert second == {**given[1], "ModelName": sent["CreateModel"]["ModelName"]}


# A model of a training job, without the service


def test_compile_takes_the_model_that_the_manifest_of_the_job_promises(folder: Path) -> None:
    """Beside the endpoint's manifest, or under the given paths; what the endpoint does not say is the job's."""
    jobs = folder / "jobs"
    jobs.mkdir()
    job = {**SMALLEST, "name": "train", "output_path": "s3://models/here/", "framework_version": "2.16.2"}
    (jobs / "train.py").write_text(SCRIPT)
    (jobs / "train.yaml").write_text(yaml.safe_dump(job))
    over = {"training_job": "train", "model_data": None, "framework_version": None, "role": None}
    path = folder / "mnist.yaml"
    path.write_text(yaml.safe_dump({name: value for name, value in {**ENDPOINT, **over}.items() if value is not None}))
    [job_result, result] = Compiler().run([str(jobs), str(path)])
    assert result.request is not None
    assert job_result.request is not None
    model = result.request.bodies()["CreateModel"]
    name = job_result.request.job_name()
    assert model["PrimaryContainer"]["ModelDataUrl"] == f"s3://models/here/{name}/output/model.tar.gz"
    assert model["PrimaryContainer"]["Image"].endswith("tensorflow-inference:2.16.1-cpu")
    assert model["ExecutionRoleArn"] == SMALLEST["role"]
    (folder / "train.py").write_text(SCRIPT)
    (folder / "beside.yaml").write_text(yaml.safe_dump(job))
    [alone] = Compiler().run([str(path)])
    assert alone.request == result.request


# Other tools


def test_the_aws_command_line_makes_the_three_calls_in_their_order(folder: Path) -> None:
    result = compiled(folder, {})
    same = fitted(result, "aws-cli")
    assert same.request is not None
    script = text_of(same.request, "aws-cli")
    command = re.compile(r"^aws sagemaker (\S+) --region us-west-2 [^\n]*<<'END_OF_REQUEST'\n(.*?)^END", re.M | re.S)
    commands = command.findall(script)
    assert [name for name, _ in commands] == ["create-model", "create-endpoint-config", "create-endpoint"]
    assert [json.loads(body) for _, body in commands] == list(bodies(result).values())


@pytest.mark.parametrize("target", ["ack", "step-functions"])
def test_a_target_for_training_jobs_refuses_an_endpoint_at_its_kind(target: str, folder: Path) -> None:
    refused = fitted(compiled(folder, {}), target)
    assert refused.request is None
    [found] = refused.diagnostics
    assert (found.rule, pointed_at(found)) == ("not-in-target", "kind: Endpoint")
    assert "aws-cli" in found.hint


def test_a_model_that_is_packed_anew_is_for_apply_only(folder: Path) -> None:
    refused = fitted(compiled(folder, {"entry_point": "inference.py"}), "aws-cli")
    [found] = refused.diagnostics
    assert (found.rule, pointed_at(found)) == ("not-in-target", "entry_point: inference.py")
