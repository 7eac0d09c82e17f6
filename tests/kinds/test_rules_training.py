"""What the pages of the rules about versions, code, hyperparameters and distribution cannot show."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from conftest import SCRIPT, SMALLEST, Judge, alone
from sagespec.base.diagnostic import Diagnostic
from sagespec.base.source import Source
from sagespec.catalog import Facts, frameworks
from sagespec.catalog.tables import table
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs

LEGACY = {"framework_version": "1.10", "training_steps": 10, "evaluation_steps": 1}
GROUPS: dict[str, Any] = {
    "instance_type": None,
    "instance_count": None,
    "instance_groups": [
        {"instance_group_name": "data", "instance_type": "ml.c5.4xlarge", "instance_count": 1},
        {"instance_group_name": "gpus", "instance_type": "ml.g5.xlarge", "instance_count": 2},
    ],
}
ECR = "123456789012.dkr.ecr.us-west-2.amazonaws.com"


def found(judge: Judge, over: Mapping[str, Any], **how: bool) -> dict[str, Diagnostic]:
    """What is said of the smallest manifest with some fields laid over it, by rule."""
    diagnostics = judge(over, **how).diagnostics
    by_rule = {diagnostic.rule: diagnostic for diagnostic in diagnostics}
    assert len(by_rule) == len(diagnostics), "a rule spoke twice"
    return by_rule


# Data


def test_data_may_have_the_address_of_s3_in_every_partition(judge: Judge) -> None:
    suffixes = table("regions")["partitions"].values()
    channels = {f"c{number}": f"https://bucket.s3.region-1.{suffix}/key" for number, suffix in enumerate(suffixes)}
    assert "data-not-in-s3" not in {each.rule for each in judge({"channels": channels}).diagnostics}
    assert "data-not-in-s3" in found(judge, {"channels": {"train": "https://bucket.example.com/key"}})


# Versions and images


def job_options(knowledge: Facts) -> Iterator[dict[str, Any]]:
    """Every release and alias with Pythons that it has and has not, in every mode and in regions with gaps."""
    pythons = [None, "py2", "py3", "py37", "py310", "py312"]
    regions = ["us-west-2", "us-iso-east-1", "il-central-1", "xx-nowhere-1"]
    versions = [*frameworks.of_name("tensorflow").versions(), "1.3", "2.15"]
    for version, python, script_mode in itertools.product(versions, pythons, [None, True, False]):
        for region in regions if python in (None, "py2", "py312") and script_mode is None else regions[:1]:
            steps = {"training_steps": 10, "evaluation_steps": 1} if python == "py2" else {}
            yield {
                "framework_version": version,
                "py_version": python,
                "script_mode": script_mode,
                "region": region,
                **steps,
            }


def test_whatever_version_python_mode_and_region_are_asked_for_there_is_an_image_or_an_error(
    code: Path, knowledge: Facts
) -> None:
    run = Compiler(Options(Inputs()), knowledge)
    requests = refusals = 0
    for options in job_options(knowledge):
        fields = {**SMALLEST, **{name: value for name, value in options.items() if value is not None}}
        result = alone(run, Source("mnist.yaml", json.dumps(fields), code))
        if result.request is None:
            refusals += 1
            assert [diagnostic for diagnostic in result.diagnostics if diagnostic.severity == "error"], options
        else:
            requests += 1
            image = result.request.body()["AlgorithmSpecification"]["TrainingImage"]
            assert f":{options['framework_version']}-cpu-{options['py_version'] or 'py'}" in image
    assert requests > 200
    assert refusals > 200


@pytest.mark.parametrize(
    "instance_type", ["ml.trn1.2xlarge", "ml.inf2.xlarge", "ml.c7g.xlarge", "ml.p6e-gb200.36xlarge", "ml.m6gd.large"]
)
def test_no_tensorflow_image_runs_on_trainium_inferentia_or_arm(judge: Judge, instance_type: str) -> None:
    assert "instance-without-image" in found(judge, {"instance_type": instance_type})


def test_an_instance_that_no_image_runs_on_is_found_in_every_group(judge: Judge) -> None:
    groups = [
        {"instance_group_name": name, "instance_type": kind, "instance_count": 1}
        for name, kind in (("a", "ml.g5.xlarge"), ("b", "ml.trn1.2xlarge"))
    ]
    diagnostic = found(judge, {**GROUPS, "instance_groups": groups})["instance-without-image"]
    assert diagnostic.field == ("instance_groups", 1, "instance_type")


def test_an_image_of_ones_own_may_run_anywhere(judge: Judge) -> None:
    over = {"framework_version": None, "image_uri": f"{ECR}/mine:3", "instance_type": "ml.trn1.2xlarge"}
    assert found(judge, over) == {}


@pytest.mark.parametrize(
    ("version", "python", "hint"),
    [
        ("2.13", "py3", 'write py_version: py310, or framework_version: "2.1.3", which has py3'),
        ("2.0", "py2", 'write py_version: py36, or framework_version: "2.0.2", which has py2'),
        ("1.10", "py3", 'write py_version: py2, or framework_version: "1.11.0", which has py3'),
        ("2.19", "py313", "write py_version: py312"),
    ],
)
def test_a_wrong_python_is_cured_by_another_python_or_the_nearest_version(
    judge: Judge, version: str, python: str, hint: str
) -> None:
    over = {"framework_version": version, "py_version": python}
    assert found(judge, over)["unsupported-python"].hint == hint


@pytest.mark.parametrize(
    ("python", "version"), [(None, "2.21"), ("py37", "2.5"), ("py38", "2.7"), ("py2", "1.14"), ("py313", "2.21")]
)
def test_a_missing_version_is_cured_by_the_newest_that_has_the_python(
    judge: Judge, python: str | None, version: str
) -> None:
    diagnostic = found(judge, {"framework_version": None, "py_version": python})["missing-framework-version"]
    assert f'framework_version: "{version}"' in diagnostic.hint


def test_a_region_that_does_not_exist_is_cured_by_its_near_miss(judge: Judge) -> None:
    assert found(judge, {"region": "us-wset-2"})["region-without-image"].hint == "did you mean us-west-2?"


@pytest.mark.parametrize(
    "image",
    [
        f"{ECR}/a/b@sha256:{64 * 'a'}",
        "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com/x:1",
        "123456789012.dkr-ecr.us-west-2.on.aws/x",
    ],
)
def test_every_form_of_an_ecr_address_is_known(judge: Judge, image: str) -> None:
    assert found(judge, {"framework_version": None, "image_uri": image}) == {}


def test_a_private_registry_in_the_vpc_may_hold_the_image(judge: Judge) -> None:
    over = {
        "framework_version": None,
        "image_uri": "registry.example.com/trainer:3",
        "training_repository_access_mode": "Vpc",
        "subnets": ["subnet-0a1b2c3d"],
        "security_group_ids": ["sg-0a1b2c3d"],
    }
    assert found(judge, over) == {}


@pytest.mark.parametrize(
    ("tag", "instance_type", "fits"),
    [
        ("2.19.0-gpu-py312-cu125-ubuntu22.04", "ml.g5.xlarge", True),
        ("2.19.0-gpu-py312-cu125-ubuntu22.04", "ml.m5.xlarge", False),
        ("2.19.0-cpu-py312", "ml.m5.xlarge", True),
        ("2.19.0-cpu-py312", "ml.g5.xlarge", False),
        ("cuda-experiments", "ml.m5.xlarge", True),
        ("cpu-and-gpu", "ml.g5.xlarge", True),
    ],
)
def test_an_image_that_names_its_processor_must_fit_the_instance(
    judge: Judge, tag: str, instance_type: str, fits: bool
) -> None:
    over = {"framework_version": None, "image_uri": f"{ECR}/trainer:{tag}", "instance_type": instance_type}
    assert set(found(judge, over)) == (set() if fits else {"image-for-other-processor"})


def test_a_legacy_image_may_run_the_way_sdk_2_runs_it(judge: Judge) -> None:
    over = {
        "framework_version": None,
        "image_uri": "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow:1.10-cpu-py2",
        "model_dir": False,
        "hyperparameters": {"training_steps": 10, "evaluation_steps": 1, "checkpoint_path": "s3://bucket/checkpoints"},
    }
    assert found(judge, over) == {}


# Legacy mode


@pytest.mark.parametrize(
    ("name", "value", "has", "lacks"),
    [
        ("eval_metrics", {"loss": "mean"}, "1.5", "1.6"),
        ("eval_delay_secs", 120, "1.4.1", "1.12"),
        ("continuous_eval_throttle_secs", 60, "1.5.0", "1.11"),
        ("min_eval_frequency", 1000, "1.4", "1.10.0"),
        ("delay_workers_by_global_step", True, "1.5", "1.7"),
        ("train_steps_per_iteration", 100, "1.4", "1.9"),
        ("start_delay_secs", 120, "1.6", "1.5"),
        ("throttle_secs", 60, "1.12", "1.4"),
    ],
)
def test_a_hyperparameter_of_legacy_mode_is_known_to_some_versions(
    judge: Judge, name: str, value: Any, has: str, lacks: str
) -> None:
    def said(version: str) -> set[str]:
        return set(found(judge, {**LEGACY, "framework_version": version, "hyperparameters": {name: value}}))

    assert (said(has), said(lacks)) == (set(), {"hyperparameter-of-other-version"})


@pytest.mark.parametrize(
    "name",
    ["save_summary_steps", "save_checkpoints_secs", "keep_checkpoint_max", "keep_checkpoint_every_n_hours"],
)
def test_a_hyperparameter_of_every_version_takes_a_number_or_null_and_no_text(judge: Judge, name: str) -> None:
    def said(value: Any) -> set[str]:
        return set(found(judge, {**LEGACY, "hyperparameters": {name: value}}))

    assert [said(value) for value in (10, 0.5, None)] == [set()] * 3
    assert [said(value) for value in ("10", True, [10])] == [{"legacy-hyperparameter-of-wrong-type"}] * 3


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("save_checkpoint_secs", "save_checkpoints_secs"),
        ("save-checkpoints-secs", "save_checkpoints_secs"),
        ("keep_checkpoints_max", "keep_checkpoint_max"),
        ("Log_step_count_steps", "log_step_count_steps"),
        ("eval_metric", None),
        ("throttle", None),
        ("checkpoint_steps", None),
    ],
)
def test_only_a_certain_slip_is_taken_for_a_misspelt_hyperparameter(judge: Judge, name: str, meant: str | None) -> None:
    said = found(judge, {**LEGACY, "hyperparameters": {name: 10}})
    assert {rule: diagnostic.hint for rule, diagnostic in said.items()} == (
        {"misspelt-legacy-hyperparameter": f"write {meant}"} if meant else {}
    )


def test_hyperparameters_of_the_legacy_container_are_the_scripts_own_in_script_mode(judge: Judge) -> None:
    given = {"save_checkpoints_secs": "60", "save_checkpoints_steps": 5, "eval_metrics": "auc", "training_steps": 10}
    assert found(judge, {"hyperparameters": given}) == {}


def test_null_steps_are_an_answer_and_a_wrong_number_hides_no_missing_one(judge: Judge) -> None:
    text = """\
apiVersion: sagespec/v1
kind: TrainingJob
name: mnist
framework_version: "1.10"
entry_point: train.py
role: arn:aws:iam::123456789012:role/SageMakerRole
region: us-west-2
instance_type: ml.m5.xlarge
instance_count: 1
training_steps: %s
"""
    answers = [{d.rule for d in judge(text % value).diagnostics} for value in ("null\nevaluation_steps: null", "many")]
    assert answers[0] == set()
    assert "missing-evaluation-steps" in answers[1]
    assert "missing-training-steps" not in answers[1]


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({}, "TensorFlow 2.21 knows script mode only"),
        ({"framework_version": "1.12", "py_version": "py3"}, "py3 means script mode"),
        ({"framework_version": "1.12", "py_version": "py2", "script_mode": True}, "script_mode is true"),
    ],
)
def test_a_legacy_field_in_script_mode_is_reported_why_it_is_script_mode(
    judge: Judge, over: dict[str, Any], why: str
) -> None:
    said = found(judge, {**over, "training_steps": 10})
    assert said["legacy-field-in-script-mode"].message == f"training_steps is for legacy mode, and {why}"


# Code


def packed(code: Path, *names: str) -> None:
    for name in names:
        path = code / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text({"train.py": SCRIPT, "setup.py": "import setuptools\nsetuptools.setup()\n"}.get(path.name, ""))


def test_the_entry_point_may_lie_anywhere_on_this_machine_when_it_is_packed_alone(judge: Judge, code: Path) -> None:
    packed(code, "scripts/train.py")
    over = [{"entry_point": "scripts/train.py"}, {"entry_point": str(code / "train.py")}]
    assert [found(judge, each) for each in over] == [{}, {}]


@pytest.mark.parametrize(
    ("entry_point", "source_dir", "rule", "hint"),
    [
        ("code/task.py", "code", "entry-point-not-found", "write entry_point: task.py (it is relative to source_dir)"),
        ("train.py", "code", "entry-point-not-found", "entry_point is relative to source_dir"),
        ("task.py", None, "entry-point-not-found", "add source_dir: code, and write entry_point: task.py"),
        ("../train.py", "code", "entry-point-outside-source-dir", "write a path relative to source_dir"),
        ("lib/../../train.py", "code", "entry-point-outside-source-dir", "write a path relative to source_dir"),
        ("/train.py", "code", "entry-point-outside-source-dir", "write a path relative to source_dir"),
        ("lib", "code", "entry-point-not-found", "entry_point is relative to source_dir"),
        ("train.py", "train.py", "source-dir-not-found", "source_dir is relative to the manifest's folder"),
        ("train.py", "cdoe", "source-dir-not-found", "source_dir is relative to the manifest's folder"),
        (
            "train.py",
            "https://example.com/code.tar.gz",
            "source-dir-not-an-archive",
            "name a folder beside the manifest, or s3://bucket/….tar.gz",
        ),
        (
            "x" * 5000,
            None,
            "entry-point-not-found",
            "entry_point is relative to the manifest's folder, or to source_dir where there is one",
        ),
        (
            "train\x00.py",
            None,
            "entry-point-not-found",
            "entry_point is relative to the manifest's folder, or to source_dir where there is one",
        ),
    ],
)
def test_code_that_is_not_there_is_found_once_before_anything_is_packed(
    judge: Judge, code: Path, entry_point: str, source_dir: str | None, rule: str, hint: str
) -> None:
    packed(code, "code/task.py", "code/lib/x.py")
    over = {"entry_point": entry_point, "source_dir": source_dir}
    assert {name: said.hint for name, said in found(judge, over).items()} == {rule: hint}
    assert list(found(judge, over, build=False)) == [rule]


def test_dependencies_are_looked_for_one_by_one(judge: Judge, code: Path) -> None:
    packed(code, "libs/common/a.py", "tool.py")
    said = judge({"dependencies": ["libs/common/", "tool.py", "libs/comon", "s3://bucket/other.py"]}).diagnostics
    assert [(each.rule, each.field) for each in said] == [
        ("dependency-not-found", ("dependencies", 2)),
        ("dependency-not-found", ("dependencies", 3)),
    ]


def test_two_spellings_of_one_dependency_do_not_collide(judge: Judge, code: Path) -> None:
    packed(code, "libs/common/a.py", "common/a.py")
    assert found(judge, {"dependencies": ["libs/common", "libs/common/"]}) == {}
    assert set(found(judge, {"dependencies": ["libs/common", "common"]})) == {"duplicate-dependency-name"}


def test_requirements_must_lie_in_the_source_folder(judge: Judge, code: Path) -> None:
    packed(code, "code/train.py", "code/requirements.txt", "requirements.txt")

    def said(requirements: str) -> set[str]:
        return set(found(judge, {**LEGACY, "source_dir": "code", "requirements_file": requirements}))

    assert said("requirements.txt") == set()
    assert said("needs.txt") == {"missing-requirements-file"}
    assert said("../requirements.txt") == {"requirements-file-outside-source-dir"}
    assert said(str(code / "requirements.txt")) == {"requirements-file-outside-source-dir"}


@pytest.mark.parametrize(
    ("files", "over", "rules"),
    [
        (["requirements.txt", "run.sh"], {"entry_point": "run.sh"}, {"requirements-of-shell-script"}),
        (["requirements.txt"], {}, set()),
        (["setup.py", "trainer/task.py"], {"entry_point": "trainer/task.py"}, {"nested-entry-point-of-package"}),
        (["trainer/task.py"], {"entry_point": "trainer/task.py"}, set()),
        (["setup.py"], {"entry_point": "./train.py"}, set()),
        (
            ["requirements.txt"],
            {"framework_version": "1.11", "py_version": "py3"},
            {"requirements-without-setup"},
        ),
        (["requirements.txt", "setup.py"], {"framework_version": "1.11", "py_version": "py3"}, set()),
    ],
)
def test_what_lies_at_the_root_decides_how_the_container_prepares_and_runs(
    judge: Judge, code: Path, files: list[str], over: dict[str, Any], rules: set[str]
) -> None:
    packed(code, *files)
    assert set(found(judge, {"source_dir": ".", **over})) == rules


@pytest.mark.parametrize(("over", "rules"), [({}, set()), ({"volume_size": "big"}, {"wrong-type"})])
def test_an_entry_point_that_is_packed_alone_is_not_a_module_of_a_package(
    judge: Judge, code: Path, over: dict[str, Any], rules: set[str]
) -> None:
    """Whatever lies beside it, the container runs it by its last name."""
    packed(code, "setup.py", "trainer/task.py")
    alone = {"entry_point": "trainer/task.py", "dependencies": ["setup.py"], **over}
    result = judge(alone)
    assert {found.rule for found in result.diagnostics} == rules
    if result.request is not None:
        assert result.request.body()["HyperParameters"]["sagemaker_program"] == '"task.py"'


# Hyperparameters

DISTRIBUTIONS: list[dict[str, Any]] = [
    {},
    {"model_dir": False},
    {"distribution": {"parameter_server": {"enabled": False}}},
    {"distribution": {"mpi": {"enabled": True, "processes_per_host": 2}}},
    {"distribution": {"mpi": {"enabled": True}}},
    {"distribution": {"multi_worker_mirrored_strategy": {"enabled": True}}},
    {"framework_version": "2.11", "instance_type": "ml.g5.2xlarge", "compiler_config": {}},
    {
        "framework_version": "2.11",
        "instance_type": "ml.p4d.24xlarge",
        "distribution": {"smdistributed": {"dataparallel": {"enabled": True}}},
    },
    {
        "framework_version": "2.6",
        "instance_type": "ml.p4d.24xlarge",
        "distribution": {
            "mpi": {"enabled": True},
            "smdistributed": {"modelparallel": {"enabled": True, "parameters": {"partitions": 2}}},
        },
    },
    {**GROUPS, "distribution": {"mpi": {"enabled": True}, "instance_groups": ["gpus"]}},
    LEGACY,
    {"framework_version": None, "entry_point": None, "image_uri": f"{ECR}/trainer:3"},
]


@pytest.mark.parametrize("over", DISTRIBUTIONS, ids=str)
def test_the_names_that_would_be_overwritten_are_those_of_the_request(judge: Judge, over: dict[str, Any]) -> None:
    """The rules and the request each know the names that are made by themselves; they must not drift apart."""
    request = judge(over).request
    assert request is not None
    made = request.body().get("HyperParameters", {})
    said = judge({**over, "hyperparameters": dict.fromkeys(made, 1)}).diagnostics
    assert {d.field[1] for d in said if d.rule == "overwritten-hyperparameter"} == set(made)
    assert not [d for d in said if d.rule == "reserved-hyperparameter"]


def test_a_hundred_hyperparameters_are_counted_with_those_that_are_added(judge: Judge) -> None:
    def said(count: int, **over: Any) -> set[str]:
        return set(found(judge, {**over, "hyperparameters": {f"p{number}": 0 for number in range(count)}}))

    assert (said(94), said(95)) == (set(), {"too-many-hyperparameters"})
    assert (said(95, model_dir=False), said(96, model_dir=False)) == (set(), {"too-many-hyperparameters"})
    assert (said(90, **LEGACY), said(91, **LEGACY)) == (set(), {"too-many-hyperparameters"})


def test_a_value_is_measured_as_it_is_sent(judge: Judge) -> None:
    def said(value: str, **over: Any) -> set[str]:
        return set(found(judge, {**over, "hyperparameters": {"text": value}}))

    own = {"framework_version": None, "entry_point": None, "image_uri": f"{ECR}/trainer:3"}
    assert (said("x" * 2498), said("x" * 2499)) == (set(), {"long-hyperparameter"})  # and two quotes
    assert said("é" * 417) == {"long-hyperparameter"}  # six characters each, in JSON
    assert (said("x" * 2500, **own), said("x" * 2501, **own)) == (set(), {"long-hyperparameter"})


def test_a_line_break_reaches_only_an_image_with_a_program_of_its_own(judge: Judge) -> None:
    own = {"framework_version": None, "entry_point": None, "image_uri": f"{ECR}/trainer:3"}
    given = {"hyperparameters": {"text": "two\nlines"}}
    assert set(found(judge, {**own, **given})) == {"hyperparameter-of-several-lines"}
    assert set(found(judge, {**given, "framework_version": "2.4"})) == set()


def test_a_line_break_ends_the_command_where_a_shell_reads_it(judge: Judge) -> None:
    assert set(found(judge, {"hyperparameters": {"text": "two\nlines"}})) == {"value-breaks-command-line"}


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        ([64, 32], set()),
        ([[1, 2.5], []], set()),
        ([True], {"nested-hyperparameter"}),
        (["a"], {"nested-hyperparameter"}),
        ({"a": 1}, {"nested-hyperparameter"}),
        (None, {"null-hyperparameter"}),
        ("--verbose", {"hyperparameter-like-option"}),
        ("-v", {"hyperparameter-like-option"}),
        ("-0.5", set()),
        ("-1e-3", set()),
        ("-", set()),
        ("- a sentence", set()),
        (False, set()),
        ("", set()),
    ],
)
def test_a_value_that_the_script_would_not_get_as_it_is(judge: Judge, value: Any, rules: set[str]) -> None:
    assert set(found(judge, {"hyperparameters": {"value": value}})) == rules
    assert found(judge, {**LEGACY, "hyperparameters": {"value": value}}) == {}


def test_a_nested_secret_is_not_printed(judge: Judge) -> None:
    secret = "AKIA" + "IOSFODNN7EXAMPLQ"
    said = judge({"hyperparameters": {"login": {"id": secret}}}).diagnostics
    assert "nested-hyperparameter" in {each.rule for each in said}
    assert not [each for each in said if secret in each.message + each.hint]


# Distribution


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"partitions": 0}, "partitions"),
        ({"partitions": True}, "partitions"),
        ({"partitions": 2, "microbatches": "4"}, "microbatches"),
        ({"partitions": 2, "pipeline": "fast"}, "pipeline"),
        ({"partitions": 2, "optimize": "cost"}, "optimize"),
        ({"partitions": 2, "placement_strategy": "random"}, "placement_strategy"),
        ({"partitions": 2, "ddp": "yes"}, "ddp"),
        ({"partitions": 2, "memory_weight": 2}, "memory_weight"),
        ({"partitions": 2, "auto_partition": False}, "auto_partition"),
        ({"partitions": 2, "default_partition": 2}, "default_partition"),
        ({"partitions": 2, "horovod": True, "ddp": True}, "horovod"),
        ({"partitions": 2, "ddp_port": 8080}, "ddp_port"),
        ({"partitions": 2, "partition_file": 7}, "partition_file"),
    ],
)
def test_a_parameter_that_the_model_parallel_library_refuses_is_named(
    judge: Judge, parameters: dict[str, Any], name: str
) -> None:
    over = {
        "framework_version": "2.6",
        "instance_type": "ml.p4d.24xlarge",
        "distribution": {
            "mpi": {"enabled": True, "processes_per_host": 8},
            "smdistributed": {"modelparallel": {"enabled": True, "parameters": parameters}},
        },
    }
    said = found(judge, over)
    assert set(said) == {"bad-modelparallel-parameter"}
    assert said["bad-modelparallel-parameter"].field[-1] == name


@pytest.mark.parametrize(
    ("distribution", "rules"),
    [
        ({"mpi": {"enabled": True}}, {"distribution-of-several-groups"}),
        ({"mpi": {"enabled": True}, "instance_groups": ["gpus"]}, set()),
        ({"mpi": {"enabled": True}, "instance_groups": ["data", "gpus"]}, {"distribution-of-several-groups"}),
        ({"mpi": {"enabled": True}, "instance_groups": ["gpu"]}, {"distribution-of-unknown-group"}),
        *(
            ({"multi_worker_mirrored_strategy": {"enabled": True}, **groups}, {"distribution-group-without-strategy"})
            for groups in ({}, {"instance_groups": ["gpus"]}, {"instance_groups": ["data", "gpus"]})
        ),
    ],
)
def test_a_distribution_names_one_group_of_a_heterogeneous_cluster(
    judge: Judge, distribution: dict[str, Any], rules: set[str]
) -> None:
    assert set(found(judge, {**GROUPS, "distribution": distribution})) == rules


@pytest.mark.parametrize(
    ("version", "strategy", "known"),
    [
        ("2.8", "multi_worker_mirrored_strategy", False),
        ("2.9", "multi_worker_mirrored_strategy", True),
        ("2.19", "multi_worker_mirrored_strategy", True),
        ("1.14", "parameter_server", True),
        ("2.3.0", "smdistributed.dataparallel", False),
        ("2.3.1", "smdistributed.dataparallel", True),
        ("2.12", "smdistributed.dataparallel", False),
    ],
)
def test_a_strategy_is_known_to_some_versions(judge: Judge, version: str, strategy: str, known: bool) -> None:
    outer, _, inner = strategy.partition(".")
    over = {
        "framework_version": version,
        "instance_type": "ml.p4d.24xlarge",
        "instance_count": 2,
        "distribution": {outer: {inner: {"enabled": True}} if inner else {"enabled": True}},
    }
    assert ("strategy-without-support" in found(judge, over)) is not known


def test_a_strategy_cares_only_for_the_group_that_it_runs_on(judge: Judge) -> None:
    over = {
        "framework_version": "2.11",
        "instance_type": None,
        "instance_count": None,
        "instance_groups": [
            {"instance_group_name": name, "instance_type": kind, "instance_count": 1}
            for name, kind in (("data", "ml.c5.4xlarge"), ("gpus", "ml.p4d.24xlarge"))
        ],
    }

    def said(group: str) -> set[str]:
        distribution = {"smdistributed": {"dataparallel": {"enabled": True}}, "instance_groups": [group]}
        return set(found(judge, {**over, "distribution": distribution}))

    assert (said("gpus"), said("data")) == (set(), {"dataparallel-on-other-instance"})


@pytest.mark.parametrize(
    "distribution",
    [
        {"multi_worker_mirrored_strategy": {"enabled": True}, "smdistributed": {"dataparallel": {"enabled": False}}},
        {"smdistributed": {"dataparallel": {"enabled": True}, "modelparallel": {"enabled": False}}},
    ],
)
def test_a_strategy_that_is_switched_off_is_refused_where_the_sdk_refuses_it(
    judge: Judge, distribution: dict[str, Any]
) -> None:
    over = {"framework_version": "2.11", "instance_type": "ml.p4d.24xlarge", "distribution": distribution}
    assert set(found(judge, over)) == {"disabled-strategy-beside-other"}


def test_one_group_is_the_group_of_the_distribution(judge: Judge) -> None:
    one = {**GROUPS, "instance_groups": GROUPS["instance_groups"][1:]}
    assert found(judge, {**one, "distribution": {"mpi": {"enabled": True}}}) == {}
    assert found(judge, {**one, "distribution": {}}) == {}
    strategies = ["parameter_server", "multi_worker_mirrored_strategy"]
    said = [set(found(judge, {**one, "distribution": {name: {"enabled": True}}})) for name in strategies]
    assert said == [{"distribution-group-without-strategy"}] * 2


def test_the_example_of_the_documentation_is_flawless(judge: Judge, code: Path) -> None:
    packed(code, "code/train.py")
    over = {
        **SMALLEST,
        "py_version": "py312",
        "source_dir": "code",
        "instance_type": "ml.g5.xlarge",
        "hyperparameters": {"batch-size": 512, "epochs": 10, "learning-rate": 0.001},
        "channels": {
            "train": "s3://my-bucket/mnist/train",
            "test": {
                "s3_data": "s3://my-bucket/mnist/test",
                "content_type": "application/tfrecord",
                "input_mode": "FastFile",
            },
        },
        "output_path": "s3://my-bucket/artifacts",
        "use_spot_instances": True,
        "max_run": 3600,
        "max_wait": 7200,
        "checkpoint_s3_uri": "s3://my-bucket/checkpoints/mnist",
        "tags": {"team": "vision"},
    }
    assert found(judge, over) == {}
