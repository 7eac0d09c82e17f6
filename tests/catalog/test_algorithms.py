"""AWS's own algorithms, in jobs that give them no script, and the registries of AWS's images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import SMALLEST
from sagespec.base.source import Source
from sagespec.catalog import Facts, tables
from sagespec.importing import code_of, from_source
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs

HOST = "dkr.ecr.us-west-2.amazonaws.com"
XGBOOST = f"246618743249.{HOST}/sagemaker-xgboost"
CHANNELS = {"train": {"s3_data": "s3://bucket/train", "content_type": "text/csv"}}


def messages(folder: Path, knowledge: Facts, image: str, hyperparameters: object, **more: object) -> list[str]:
    fields = {"image_uri": image, "hyperparameters": hyperparameters, "channels": CHANNELS, **more}
    left_out = dict.fromkeys(("entry_point", "framework_version", "py_version"))
    job = {key: value for key, value in {**SMALLEST, **left_out, **fields}.items() if value is not None}
    source = Source("job.yaml", json.dumps(job), folder)
    (result, *_) = Compiler(Options(Inputs(), build=False), knowledge).source(source)
    return [f"{one.rule}: {one.message}" for one in result.diagnostics]


UNKNOWN, REFUSED = "hyperparameter-unknown-to-algorithm", "hyperparameter-refused-by-algorithm"


@pytest.mark.parametrize(
    ("image", "hyperparameters", "message"),
    [
        (f"{XGBOOST}:1.7-1", {"silent": 0}, f"{UNKNOWN}: XGBoost has no hyperparameter silent"),
        (f"{XGBOOST}:0.90-1", {"num_parallel_tree": 2}, f"{UNKNOWN}: XGBoost has no hyperparameter num_parallel_tree"),
        (
            f"{XGBOOST}:1.7-1",
            {"max_depth": 3.5},
            f"{REFUSED}: XGBoost: max_depth is a whole number of 0 or more, not 3.5",
        ),
        (
            f"{XGBOOST}:1.7-1",
            {"save_model_on_termination": True},
            f"{REFUSED}: XGBoost: save_model_on_termination is true or false, not True",
        ),
        (f"{XGBOOST}:1.7-1", {"eta": "fast"}, f"{REFUSED}: XGBoost: eta is a number from 0 to 1, not fast"),
        (
            f"174872318107.{HOST}/linear-learner:1",
            {"predictor_type": "multiclass_classifier"},
            "required-hyperparameter-missing: Linear Learner needs the hyperparameter num_classes when predictor_type "
            "is multiclass_classifier",
        ),
        (
            f"174872318107.{HOST}/kmeans:1",
            {"k": 1, "feature_dim": 0},
            f"{REFUSED}: K-Means: feature_dim is a whole number of 1 or more, not 0",
        ),
    ],
)
def test_a_hyperparameter_that_stops_the_algorithm_is_an_error(
    image: str, hyperparameters: dict[str, object], message: str, tmp_path: Path, knowledge: Facts
) -> None:
    given = {"num_round": 10} | hyperparameters if "xgboost" in image else hyperparameters
    assert messages(tmp_path, knowledge, image, given) == [message]


@pytest.mark.parametrize(
    ("image", "hyperparameters"),
    [
        (f"{XGBOOST}:0.90-2", {"num_round": "10", "silent": 0, "learning_rate": 0.3, "reg_alpha": 1}),
        (f"{XGBOOST}:1.7-1", {"num_round": 10, "_kfold": 5, "_tuning_objective_metric": "validation:auc"}),
        (f"{XGBOOST}:9.9-9", {"num_round": 10, "objective": "multi:softmax", "num_class": "3"}),
        (f"174872318107.{HOST}/linear-learner:1", {"predictor_type": "regressor", "use_bias": True, "wd": "auto"}),
        (f"174872318107.{HOST}/kmeans:1", {"k": 10, "feature_dim": 784, "_num_gpus": 1}),
        (f"123456789012.{HOST}/linear-learner:1", {"my": "own"}),
    ],
)
def test_what_an_algorithm_takes_is_not_spoken_of(
    image: str, hyperparameters: dict[str, object], tmp_path: Path, knowledge: Facts
) -> None:
    assert messages(tmp_path, knowledge, image, hyperparameters) == []


@pytest.mark.parametrize(
    "more",
    [
        {"container_entry_point": ["python3", "own.py"]},
        {"environment": {"SAGEMAKER_PROGRAM": "own.py"}},
        {"hyperparameters": {"sagemaker_program": "own.py"}},
    ],
)
def test_an_image_that_is_given_another_program_is_not_held_to_its_algorithm(
    more: dict[str, Any], tmp_path: Path, knowledge: Facts
) -> None:
    job = {"hyperparameters": {"mine": 1}} | more
    rules = {line.partition(":")[0] for line in messages(tmp_path, knowledge, f"{XGBOOST}:1.7-1", **job)}
    assert rules & {UNKNOWN, "required-hyperparameter-missing", "channel-missing-for-algorithm"} == set()


@pytest.mark.parametrize(
    ("repository", "region", "account"),
    [
        ("linear-learner", "eu-west-1", "438346466558"),
        ("sagemaker-xgboost", "us-east-1", "683313688378"),
        ("pytorch-training", "me-south-1", "217643126080"),
        ("tensorflow-training", "cn-north-1", "727897471807"),
    ],
)
def test_each_region_has_the_registry_that_the_sdk_takes(
    repository: str, region: str, account: str, knowledge: Facts
) -> None:
    assert account in knowledge.registries(repository)[region]


def test_an_image_of_a_framework_is_held_to_the_registry_of_its_region_too(tmp_path: Path, knowledge: Facts) -> None:
    image = "763104351884.dkr.ecr.me-south-1.amazonaws.com/pytorch-training:2.3.0-cpu-py311"
    assert "account-of-other-region: AWS keeps pytorch-training of me-south-1 in account 217643126080, not " + (
        "763104351884"
    ) in messages(tmp_path, knowledge, image, {}, region="me-south-1")


def test_every_algorithm_has_a_registry_and_a_source() -> None:
    for repository, row in tables.table("algorithms")["algorithms"].items():
        assert repository in tables.table("registries")["repositories"]
        assert row["source"].startswith("https://")


def test_an_algorithm_that_a_program_asks_the_sdk_for_comes_in_as_its_image(knowledge: Facts) -> None:
    program = """
from sagemaker import image_uris
from sagemaker.estimator import Estimator
image = image_uris.retrieve("linear-learner", "eu-west-1")
Estimator(image, "arn:aws:iam::123456789012:role/R", 1, "ml.m5.xlarge", hyperparameters={"k": 1}).fit("s3://b/x")
"""
    (draft,) = from_source(code_of(program, "a.py"), knowledge).drafts
    assert draft.data["image_uri"] == "438346466558.dkr.ecr.eu-west-1.amazonaws.com/linear-learner:1"
    assert (draft.data["name"], draft.data["region"]) == ("linear-learner", "eu-west-1")
