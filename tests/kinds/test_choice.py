"""What jobs choose from the catalogue is worked out once for all that choose alike, and judged by nothing else."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import SMALLEST
from fakes.judging import judged
from sagespec.base.diagnostic import Finding
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.checking.check import findings_of
from sagespec.checking.rule import NOTE, RuleSet, rule
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules import RULES
from sagespec.kinds.training_job.shared.choice import Choice, ImageFields
from sagespec.kinds.training_job.subjects import CHOICE
from sagespec.pipeline import Compiler, Options

OUTDATED = {"framework_version": "2.14"}


def context_of(facts: Facts, folder: Path, **over: Any) -> JobContext:
    """The smallest job, with some fields of its own, as rules are shown it."""
    (made,), _ = judged(facts, folder, over)
    return made


def choice(facts: Facts, folder: Path, **over: Any) -> Choice:
    return context_of(facts, folder, **over).choice


@pytest.mark.parametrize(
    "over",
    [
        {"name": "other", "region": "eu-west-1", "role": "arn:aws:iam::123456789012:role/Other"},
        {"instance_type": "ml.g5.xlarge", "instance_count": 4, "volume_size": 100},
        {"instance_type": None, "instance_groups": [{"instance_group_name": "a", "instance_type": "ml.c5.large"}]},
        {"entry_point": "other.py", "hyperparameters": {"epochs": 3}},
    ],
)
def test_jobs_that_differ_in_other_fields_choose_the_same(over: dict[str, Any], knowledge: Facts, code: Path) -> None:
    if "instance_groups" in over:
        over["instance_groups"][0]["instance_count"] = 1
    assert choice(knowledge, code, **over) is choice(knowledge, code)


@pytest.mark.parametrize(
    "over",
    [
        {"framework_version": "2.19"},
        {"framework": "pytorch", "framework_version": "2.6"},
        {"py_version": "py312"},
        {"script_mode": True},
        {"image_uri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/trainer:3"},
        {"request": {"AlgorithmSpecification": {"TrainingImage": "image"}}},
        {"entry_point": None},
        {"model_dir": "s3://bucket/models"},
        {"training_steps": 100},
        {"distribution": {"parameter_server": {"enabled": True}}},
        {"instance_type": "local"},
    ],
)
def test_a_field_that_decides_makes_another_choice(over: dict[str, Any], knowledge: Facts, code: Path) -> None:
    assert choice(knowledge, code, **over) is not choice(knowledge, code)


def test_a_family_with_images_of_its_own_decides(knowledge: Facts, code: Path) -> None:
    torch = {"framework": "pytorch", "framework_version": "1.11"}
    plain, trainium = (
        choice(knowledge, code, **torch, instance_type=name) for name in ("ml.c5.large", "ml.trn1.32xlarge")
    )
    assert (plain.variant, trainium.variant and trainium.variant.name) == (None, "neuron")


def test_a_wrong_value_hides_what_depends_on_it_and_nothing_else(knowledge: Facts, code: Path) -> None:
    wrong = choice(knowledge, code, py_version=3.1, **OUTDATED)
    assert wrong.release == choice(knowledge, code, **OUTDATED).release
    found = list(
        Compiler(Options(build=False), knowledge).source(
            Source("job.yaml", json.dumps({**SMALLEST, **OUTDATED, "py_version": 3.1}), code)
        )
    )
    assert {each.rule for each in found[0].diagnostics} >= {"wrong-type", "image-out-of-patch"}


def test_rules_about_a_choice_see_nothing_else() -> None:
    rules = [rule for rule in RULES.by_name.values() if rule.on is CHOICE]
    assert len(rules) > 10
    assert {tuple(inspect.signature(rule.check).parameters) for rule in rules} == {("choice", "_")}


def test_they_are_asked_once_and_say_it_of_each_job(knowledge: Facts, code: Path) -> None:
    asked = list[Choice]()

    @rule(NOTE, on=CHOICE, source="a test")
    def something(choice: Choice, _: None) -> Finding:
        """It is always there."""
        asked.append(choice)
        return Finding(("framework_version",), "is what it is")

    rules = RuleSet([SimpleNamespace(something=something)])
    contexts = [context_of(knowledge, code, volume_size=size) for size in (40, 50)]
    contexts[0].choice.said = None  # what all rules have said of it
    said = [findings_of(rules, context) for context in contexts]
    contexts[0].choice.said = None
    assert asked == [contexts[0].choice]
    assert said[0] == said[1] == [(something, Finding(("framework_version",), "is what it is"))]


def test_every_field_that_a_framework_names_is_among_those_that_are_read(knowledge: Facts) -> None:
    for name in knowledge.frameworks:
        framework = knowledge.framework(name)
        assert framework is not None
        named = {framework.version_field, *framework.bases.values()}
        named |= {variant.field for variant in framework.variants if variant.field is not None}
        assert named <= set(ImageFields._fields), name
