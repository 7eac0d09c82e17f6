"""Endpoints: what is said of a manifest, of its defaults and of its code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ENDPOINT, SCRIPT, SMALLEST
from kinds.endpoints import CAPTURE, HANDLER, bodies, compiled, names_of, pointed_at, variant, with_code
from sagespec.building.draft import Trained
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_code(tmp_path)


def rules(result: Result) -> list[str]:
    return [found.rule for found in result.diagnostics]


@pytest.mark.parametrize("over", [{}, {"model_data": None, "training_job": "mnist"}], ids=["archive", "training job"])
def test_the_service_is_asked_about_a_model_only_when_the_manifest_has_no_mistakes(
    over: dict[str, Any], folder: Path
) -> None:
    asked: list[str] = []

    def trained(name: str, *_: object) -> Trained:
        asked.append(name)
        return Trained(waits_for="it")

    def archive(uri: str, *_: object) -> str:
        asked.append(uri)
        return ""

    options = Options(Inputs(), trained=trained, archive_at=archive)
    for wrong, times in (({}, 1), ({"instance_type": "m5.large"}, 0), ({"max_run": 3600}, 0)):
        fields = {key: value for key, value in {**ENDPOINT, **over, **wrong}.items() if value is not None}
        (folder / "serve.yaml").write_text(yaml.safe_dump(fields, sort_keys=False))
        (result,) = Compiler(options).run([str(folder / "serve.yaml")])
        assert (len(asked), bool(result.diagnostics)) == (times, bool(wrong)), result.diagnostics
        asked.clear()


WRONG = {**ENDPOINT, "name": "wrong", "instance_type": "m5.large"}


@pytest.mark.parametrize("wrong", [{"a.yaml": WRONG}, {"z.yaml": WRONG}, {}], ids=["before", "behind", "none"])
@pytest.mark.parametrize(
    "fields",
    [
        ENDPOINT,
        {**ENDPOINT, "model_data": None, "training_job": "mnist"},
        {**ENDPOINT, "role": "SageMakerRole"},
        {**SMALLEST, "role": "SageMakerRole"},
        {**ENDPOINT, "model_data": None, "training_job": "trained", "role": None},
    ],
    ids=["archive", "training job", "account of an endpoint", "account of a job", "job beside"],
)
def test_the_service_is_asked_nothing_before_every_manifest_is_right(
    wrong: dict[str, Any], fields: dict[str, Any], folder: Path
) -> None:
    asked: list[object] = []

    def ask(*given: object) -> Any:
        asked.append(given)
        model = {"S3ModelArtifacts": "s3://bucket/model.tar.gz"}
        return Trained("mnist-0123456789", {"RoleArn": ENDPOINT["role"], "ModelArtifacts": model})

    def archive(*given: object) -> str:
        asked.append(given)
        return "etag"

    def account(region: str) -> str:
        asked.append(region)
        return "123456789012"

    job = {**SMALLEST, "name": "trained", "role": "SageMakerRole", "entry_point": "fit.py"}
    (folder / "fit.py").write_text(SCRIPT)
    (folder / "train.py").write_text(SCRIPT)
    for name, one in {"m.yaml": fields, "n.yaml": job, **wrong}.items():
        (folder / name).write_text(yaml.safe_dump({key: value for key, value in one.items() if value is not None}))
    options = Options(Inputs(), ask_account=account, trained=ask, archive_at=archive)
    results = list(Compiler(options).run([str(folder)]))
    names = [Path(result.manifest).name for result in results]
    assert names == sorted({"m.yaml", "n.yaml", *wrong}), "one result a job, in their order"
    if wrong:
        assert (asked, [result.request for result in results if result.is_right]) == ([], [None, None])
    else:
        assert asked
        assert [found for result in results for found in result.diagnostics] == []
        accounts = [None if result.request is None else result.request.site.account for result in results]
        assert accounts == ["123456789012"] * 2


@pytest.mark.parametrize(
    "over",
    [
        {"instance_type": "ml.m5.larg"},
        {"production_variants": [{"variant_name": "a", "initial_instance_count": 1, "instance_type": "ml.m5.larg"}]},
    ],
    ids=["endpoint", "variant"],
)
def test_a_misspelt_size_is_an_error_wherever_an_endpoint_names_a_type(over: dict[str, Any], folder: Path) -> None:
    [found] = compiled(folder, over).diagnostics
    assert (found.rule, found.hint) == ("misspelt-instance-type", "did you mean ml.m5.large?")


IMAGE = "123456789012.dkr.ecr.us-west-2.amazonaws.com/serving:1"
OWN_IMAGE = {"framework_version": None, "image_uri": IMAGE}


@pytest.mark.parametrize("of_variant", [False, True], ids=["the endpoint's", "a variant's"])
@pytest.mark.parametrize(
    ("instance_type", "over", "rule", "hint"),
    [
        ("ml.g5g.xlarge", {"framework_version": "2.19"}, "no-serving-image", "did you mean ml.g5.xlarge?"),
        ("ml.g5g.xlarge", {"framework_version": "2.16"}, "unknown-hosting-type", "did you mean ml.g5.xlarge?"),
        ("ml.g5g.xlarge", OWN_IMAGE, "unknown-hosting-type", "did you mean ml.g5.xlarge?"),
        ("ml.inf9.xlarge", {}, "no-serving-image", "did you mean ml.inf2.xlarge?"),
        ("ml.m6g.xlrage", {"framework_version": "2.19"}, "no-serving-image", "did you mean ml.m6g.xlarge?"),
        (
            *("ml.m6g.large", {"framework_version": "2.19"}, "no-serving-image"),
            "take an x86 instance type, or one of the versions 2.9, 2.12, 2.13, 2.14, 2.16",
        ),
        (
            *("ml.m6g.large", OWN_IMAGE, "graviton-with-own-image"),
            "make sure that the image is built for arm64, or take an x86 type",
        ),
        (
            *("ml.p6e-gb200.36xlarge", OWN_IMAGE, "graviton-with-own-image"),
            "make sure that the image is built for arm64, or take an x86 type",
        ),
    ],
)
def test_a_type_that_cannot_serve_is_reported_once_and_where_it_is_written(
    of_variant: bool, instance_type: str, over: dict[str, Any], rule: str, hint: str, folder: Path
) -> None:
    own = {"instance_type": instance_type, "initial_instance_count": 1}
    variants = {"instance_type": None, "production_variants": [{"variant_name": "blue", **own}]}
    result = compiled(folder, {**(variants if of_variant else own), **over})
    [found] = result.diagnostics
    assert (found.rule, found.hint) == (rule, hint)
    assert pointed_at(found).endswith(f"instance_type: {instance_type}")
    assert instance_type in found.message


@pytest.mark.parametrize(
    ("missing", "hint"),
    [
        (["instance_type"], "add instance_type"),
        (["initial_instance_count"], "add initial_instance_count"),
        (
            ["instance_type", "initial_instance_count"],
            "add instance_type and initial_instance_count, or serverless_inference_config: {memory_size_in_mb: 2048}",
        ),
    ],
)
def test_of_the_capacity_only_what_is_missing_is_asked_for(missing: list[str], hint: str, folder: Path) -> None:
    [found] = compiled(folder, dict.fromkeys(missing)).diagnostics
    assert (found.rule, found.hint) == ("endpoint-without-capacity", hint)


@pytest.mark.parametrize("name", [123, "my_endpoint", "a" * 49, "", None, ["mnist"]])
@pytest.mark.parametrize("smallest", [ENDPOINT, SMALLEST], ids=["endpoint", "training job"])
def test_a_name_that_is_wrong_or_missing_is_reported_once(smallest: dict[str, Any], name: object, folder: Path) -> None:
    (folder / "train.py").write_text(SCRIPT)
    fields = {key: value for key, value in {**smallest, "name": name}.items() if value is not None}
    (folder / "mnist.yaml").write_text(yaml.safe_dump(fields, sort_keys=False))
    [result] = Compiler().run([str(folder / "mnist.yaml")])
    [found] = result.diagnostics
    assert found.field == ("name",)


@pytest.mark.parametrize("smallest", [ENDPOINT, SMALLEST], ids=["endpoint", "training job"])
def test_a_manifest_without_a_kind_is_of_the_one_that_has_its_fields(smallest: dict[str, Any], folder: Path) -> None:
    (folder / "train.py").write_text(SCRIPT)
    (folder / "mnist.yaml").write_text(yaml.safe_dump({**smallest, "kind": None}).replace("kind: null\n", ""))
    [result] = Compiler().run([str(folder / "mnist.yaml")])
    assert [(found.rule, found.hint) for found in result.diagnostics] == [
        ("missing-field", f'add kind: "{smallest["kind"]}"')
    ]


ON_DISK = {"instance_type": "ml.g5.xlarge", "initial_instance_count": 1}


@pytest.mark.parametrize(
    ("over", "variant", "told"),
    [
        ({}, {"serverless_config": {"memory_size_in_mb": 3000}}, [("serverless-size", "memory_size_in_mb: 3000")]),
        ({}, {"routing_config": {"routing_strategy": "X"}}, [("unknown-routing-strategy", "routing_strategy: X")]),
        (
            {"region": "cn-north-1", "role": "arn:aws-cn:iam::123456789012:role/SageMakerRole"},
            {"serverless_config": {}},
            [("serverless-in-china", "serverless_config: {}")],
        ),
        ({}, {**ON_DISK, "volume_size_in_gb": 30}, [("volume-on-local-storage", "volume_size_in_gb: 30")]),
        ({"volume_size": 30}, ON_DISK, [("volume-on-local-storage", "volume_size: 30")]),
        ({"kms_key": "alias/x"}, ON_DISK, [("endpoint-key-on-local-storage", "kms_key: alias/x")]),
        ({**ON_DISK, "volume_size": 30, "kms_key": "alias/x"}, {"instance_type": "ml.m5.xlarge"}, []),
        ({"volume_size": 30}, {**ON_DISK, "volume_size_in_gb": None}, [("volume-on-local-storage", "volume_size: 30")]),
        (
            {"data_capture_config": CAPTURE},
            {"serverless_config": {}},
            [("serverless-variant-conflict", "data_capture_config:")],
        ),
        (
            {},
            {"serverless_config": {}, "initial_instance_count": 2},
            [("serverless-variant-conflict", "initial_instance_count: 2")],
        ),
        ({}, {"instance_type": "local"}, [("local-variant", "instance_type: local")]),
        ({"instance_type": "local"}, {"instance_type": "local"}, []),
    ],
)
def test_what_is_said_of_an_endpoint_is_said_of_a_variant(
    over: dict[str, Any], variant: dict[str, Any], told: list[tuple[str, str]], folder: Path
) -> None:
    result = compiled(folder, {**over, "production_variants": [{"variant_name": "blue", **variant}]})
    assert [(found.rule, pointed_at(found)) for found in result.diagnostics] == told


def test_a_shadow_beside_the_endpoint_s_own_variant_has_another_name(folder: Path) -> None:
    [found] = compiled(folder, {"shadow_production_variants": [{"variant_name": "AllTraffic"}]}).diagnostics
    assert (found.rule, found.message) == ("duplicate-variant", "there are two variants 'AllTraffic'")
    assert compiled(folder, {"shadow_production_variants": [{"variant_name": "next"}]}).diagnostics == ()


@pytest.mark.parametrize(
    "over",
    [
        {"model_data_download_timeout": "10m"},
        {"container_startup_health_check_timeout": "10 min"},
        {"production_variants": [{"variant_name": "blue", "model_data_download_timeout_in_seconds": "600s"}]},
    ],
)
def test_a_time_in_other_units_is_reported_in_seconds(over: dict[str, Any], folder: Path) -> None:
    [found] = compiled(folder, over).diagnostics
    assert found.hint == "write 600: it counts seconds"


# Partial endpoints


def test_a_wrong_value_hides_nothing_about_the_others(folder: Path) -> None:
    result = compiled(
        folder,
        {
            "initial_instance_count": "many",
            "framework_version": "2.7.1",
            "routing_config": {"routing_strategy": "ROUND_ROBIN"},
            "source_dir": "serving",
            "env": {"SAGEMAKER_GUNICORN_WORKERS": "many"},
            "subnets": ["subnet-0a1b2c3d"],
            "request": {"create_model": {"Unknown": 1}},
        },
    )
    assert set(rules(result)) == {
        *("wrong-type", "version-without-server", "unknown-routing-strategy", "code-without-entry-point"),
        *("setting-of-wrong-form", "incomplete-vpc-config", "refused-by-api"),
    }


def test_code_that_is_not_there_is_reported_at_its_field(folder: Path) -> None:
    missing = compiled(folder, {"entry_point": "inference.py", "source_dir": "nowhere"})
    assert [(found.rule, pointed_at(found)) for found in missing.diagnostics] == [
        ("unusable-files", "source_dir: nowhere")
    ]
    missing = compiled(folder, {"entry_point": "inference.py", "source_dir": "serving", "dependencies": ["nothing"]})
    assert [(found.rule, pointed_at(found)) for found in missing.diagnostics] == [("unusable-files", "- nothing")]


def test_a_secret_in_the_environment_of_a_model_is_refused(folder: Path) -> None:
    result = compiled(folder, {"env": {"WANDB_API_KEY": "0123456789abcdef0123456789abcdef01234567"}})
    assert rules(result) == ["secret-in-manifest"]


# Scripts


@pytest.mark.parametrize(
    "text",
    [
        "from helpers import handler\n",
        "from helpers import *\n",
        "handler = make()\n",
        "class Handler: pass\n\n\nhandler = Handler()\n",
        "if True:\n    def handler(data, context):\n        pass\n",
        "globals()['handler'] = print\n",
        "async def handler(data, context):\n    pass\n",
        "def broken(:\n",
    ],
)
def test_nothing_is_said_of_a_script_that_may_have_its_handlers(text: str, folder: Path) -> None:
    (folder / "serving" / "inference.py").write_text(text)
    (folder / "serving" / "helpers.py").write_text(HANDLER)
    assert rules(compiled(folder, {"entry_point": "inference.py", "source_dir": "serving"})) == []


def test_half_a_pair_of_handlers_is_reported_at_the_half_that_is_there(folder: Path) -> None:
    (folder / "inference.py").write_text("import json\n\n\ndef output_handler(response, context):\n    pass\n")
    [found] = compiled(folder, {"entry_point": "inference.py"}).diagnostics
    assert found.message == "the script has output_handler, but no input_handler"
    assert pointed_at(found).startswith("def output_handler")


# Defaults, matrices, expressions


def test_defaults_give_what_both_kinds_have_and_what_is_the_endpoint_s_own(folder: Path) -> None:
    (folder / "sagespec.yaml").write_text(
        "kind: Defaults\n"
        "role: arn:aws:iam::123456789012:role/Shared\n"
        "region: eu-west-1\n"
        "tags: {team: vision}\n"
        "max_run: 3600\n"
        "TrainingJob: {instance_type: ml.p3.2xlarge, output_path: s3://bucket/out}\n"
        "Endpoint: {instance_type: ml.c5.xlarge, initial_instance_count: 3}\n"
    )
    over = dict.fromkeys(("role", "region", "instance_type", "initial_instance_count"))
    result = compiled(folder, over)
    assert rules(result) == []
    assert (variant(result)["InstanceType"], variant(result)["InitialInstanceCount"]) == ("ml.c5.xlarge", 3)
    model = bodies(result)["CreateModel"]
    assert model["ExecutionRoleArn"].endswith("/Shared")
    assert ".eu-west-1." in model["PrimaryContainer"]["Image"]
    assert {"Key": "team", "Value": "vision"} in model["Tags"]


def test_a_misspelt_field_of_the_endpoint_s_defaults_is_reported_there(folder: Path) -> None:
    (folder / "sagespec.yaml").write_text("kind: Defaults\nEndpoint: {initial_instance_cuont: 3}\n")
    [found] = compiled(folder, {}).diagnostics
    assert found.place.source.name.endswith("sagespec.yaml")
    assert "initial_instance_count" in f"{found.message} {found.hint}"


def test_a_matrix_makes_an_endpoint_of_each_combination(folder: Path) -> None:
    fields = {
        **ENDPOINT,
        "name": "mnist-{{ matrix.size }}",
        "instance_type": "ml.m5.{{ matrix.size }}",
        "matrix": {"size": ["large", "xlarge"]},
    }
    (folder / "mnist.yaml").write_text(yaml.safe_dump(fields))
    results = list(Compiler().run([str(folder / "mnist.yaml")]))
    assert [names_of(each)[2] for each in results] == ["mnist-large", "mnist-xlarge"]
    assert [variant(each)["InstanceType"] for each in results] == ["ml.m5.large", "ml.m5.xlarge"]


def test_expressions_are_checked_for_what_they_become(folder: Path) -> None:
    text = {"initial_instance_count": "{{ vars.count }}", "model_data": "s3://{{ vars.bucket }}/model.tar.gz"}
    (folder / "sagespec.yaml").write_text("kind: Defaults\nvars: {count: 4, bucket: models}\n")
    result = compiled(folder, text)
    assert variant(result)["InitialInstanceCount"] == 4
    assert bodies(result)["CreateModel"]["PrimaryContainer"]["ModelDataUrl"] == "s3://models/model.tar.gz"
