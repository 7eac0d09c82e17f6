"""A job's code, and its hyperparameters as they are passed, are judged once for all jobs that have the same."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from fakes.judging import judged
from sagespec.catalog import Facts
from sagespec.kinds.training_job.rules import RULES
from sagespec.kinds.training_job.shared.passed import as_passed

IDLE = "def main():\n    print('training')\n"


@pytest.mark.parametrize(
    "other",
    [
        {"region": "eu-west-1"},
        {"hyperparameters": {"a": 1}},
        {"volume_size": 100},
        {"script_mode": True},
        {"model_dir": "s3://bucket/models"},
    ],
)
def test_jobs_that_differ_in_other_fields_have_the_same_code(
    other: dict[str, Any], knowledge: Facts, code: Path
) -> None:
    (one, two), _ = judged(knowledge, code, {}, other)
    assert one.code is two.code


@pytest.mark.parametrize(
    "other",
    [
        {"entry_point": "other.py"},
        {"source_dir": "."},
        {"dependencies": ["train.py"]},
        {"framework_version": "2.19"},
        {"environment": {"TF_USE_LEGACY_KERAS": "1"}},
    ],
)
def test_a_field_that_decides_makes_other_code(other: dict[str, Any], knowledge: Facts, code: Path) -> None:
    (one, two), _ = judged(knowledge, code, {}, other)
    assert one.code is not two.code


def test_rules_about_what_is_shared_see_nothing_else() -> None:
    rules = [rule for rule in RULES.by_name.values() if rule.on.shared]
    assert len(rules) > 50
    assert {tuple(inspect.signature(rule.check).parameters)[1] for rule in rules} == {"_"}


def test_what_is_found_in_shared_code_is_said_of_each_job(knowledge: Facts, code: Path) -> None:
    (code / "train.py").write_text(IDLE)
    (one, two), found = judged(knowledge, code, {}, {"volume_size": 100})
    assert one.code is two.code
    assert all("script-runs-nothing" in each for each in found)


def test_a_script_that_has_changed_is_judged_anew(knowledge: Facts, code: Path) -> None:
    (code / "train.py").write_text(IDLE)
    _, before = judged(knowledge, code, {})
    (code / "train.py").write_text(f"{IDLE}main()\n")
    _, after = judged(knowledge, code, {})
    assert ["script-runs-nothing" in each for each in (*before, *after)] == [True, False]


def test_what_a_shared_script_allows_is_allowed_to_each_job(knowledge: Facts, code: Path) -> None:
    (code / "train.py").write_text(
        "import os\n"
        "import keras\n"
        "def input_fn(data, content_type):\n"
        "    return data\n"
        "model = keras.Sequential([keras.layers.Dense(1)])\n"
        "model.fit([[1.0]], [[1.0]], epochs=3)  # sagespec: allow training-without-main-guard\n"
        'model.export(os.environ["SM_MODEL_DIR"])\n'
    )
    jobs = [{"model_dir": False, "volume_size": size} for size in (50, 60)]
    _, found = judged(knowledge, code, *jobs)
    assert not {"training-without-main-guard", "unused-allowance"} & {*found[0], *found[1]}
    (code / "train.py").write_text((code / "train.py").read_text().replace("  # sagespec", "  # another"))
    _, found = judged(knowledge, code, *jobs)
    assert all("training-without-main-guard" in each for each in found)


def test_values_that_python_takes_for_equal_are_passed_each_as_it_is() -> None:
    values = [1, True, 1.0, "1", 0.0, -0.0, "", None]
    assert [as_passed("a", value, "").text for value in values] == ["1", "True", "1.0", "1", "0.0", "-0.0", "", ""]
    assert [type(as_passed("a", value, "").value) for value in values] == [type(value) for value in values]
    assert as_passed("a", 1, "") is as_passed("a", 1, "")
    assert as_passed("a", [1], "").value == [1]
