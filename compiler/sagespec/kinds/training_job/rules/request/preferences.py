"""Instance preferences: several instance types, of which SageMaker takes the first that it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import ITEMS, LIST, REPEATED, TRUE, Json, inside, when
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext

PREFERENCES = ("request", "ResourceConfig", "InstancePreferences")


def preferences(context: JobContext) -> list[Mapping[str, Any]]:
    """The override's instance preferences, as far as they have the form."""
    found = context.overridden("ResourceConfig", "InstancePreferences")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


WITH_PREFERENCES = {
    "request": inside("ResourceConfig", "InstancePreferences", so={"contains": {"type": "object"}, **LIST})
}


preferences_with_other_instances = refusal(
    "preferences-with-other-instances",
    ERROR,
    *(
        Row((name,), f"{name} and InstancePreferences exclude each other", "keep one of them", when=WITH_PREFERENCES)
        for name in ("instance_type", "instance_groups", "instance_placement_config")
    ),
    Row(
        ("use_spot_instances",),
        "InstancePreferences do not take spot instances",
        "keep one of them",
        value=TRUE,
        when=WITH_PREFERENCES,
    ),
    on=partial(field, beside="request"),
    source=API + "ResourceConfig.html",
    page="""
    Instance preferences take the place of a type, of groups, of a placement and of spot instances.

    Bad:
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}]

    Good:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}]
    """,
)


@rule(
    ERROR,
    on=field("request"),
    source=API + "InstancePreference.html",
    rows=(Row(PREFERENCES, "an instance type is preferred twice", value=REPEATED),),
)
def repeated_preference(request: Written, context: JobContext) -> Iterator[Finding]:
    """An instance type may be preferred only once.

    Bad:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstanceCount: 1
            InstancePreferences: [{InstanceType: ml.c5.xlarge}, {InstanceType: ml.c5.xlarge}]

    Good:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstanceCount: 1
            InstancePreferences: [{InstanceType: ml.c5.xlarge}, {InstanceType: ml.m5.xlarge}]
    """
    types = [one.get("InstanceType") for one in preferences(context)]
    for index, name in enumerate(types):
        if name is not None and name in types[:index]:
            yield Finding((*PREFERENCES, index, "InstanceType"), f"{name} is preferred twice", "leave one out")


_WITH_COUNT: Json = {"type": "object", **when({"InstanceCount": {"type": "integer"}})}
_WITHOUT_COUNT: Json = {"type": "object", "not": {"required": ["InstanceCount"]}}


@rule(
    ERROR,
    on=field("request"),
    source=API + "InstancePreference.html",
    rows=(
        Row(
            PREFERENCES,
            "give each preference a count, or leave it out of all and give ResourceConfig one",
            value={"contains": _WITH_COUNT, "allOf": [{"contains": _WITHOUT_COUNT}], **LIST},
        ),
    ),
)
def incomplete_preference_counts(request: Written, context: JobContext) -> Finding | None:
    """Either every preference has a count, or the request has one for all.

    Bad:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstancePreferences: [{InstanceType: ml.c5.xlarge, InstanceCount: 1}, {InstanceType: ml.m5.xlarge}]

    Good:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        request:
          ResourceConfig:
            InstanceCount: 1
            InstancePreferences: [{InstanceType: ml.c5.xlarge}, {InstanceType: ml.m5.xlarge}]
    """
    found = preferences(context)
    if not found or context.job.given("instance_type", "instance_groups"):
        return None
    counted = sum(one.get("InstanceCount") is not None for one in found)
    own = context.overridden("ResourceConfig", "InstanceCount")
    for_all = context.job.instance_count is not None or own is not None
    if counted not in (0, len(found)) or (counted > 0) == for_all:
        where = f"{counted} of {len(found)} preferences" + (" and ResourceConfig" if for_all else "")
        return Finding(
            PREFERENCES,
            f"InstanceCount stands in {where}",
            "give each preference a count, or leave it out of all and give ResourceConfig one",
            at_key=True,
        )
    return None


@rule(
    ERROR,
    on=field("request"),
    source=API + "InstancePreference.html",
    rows=(
        Row(
            ("training_plan",),
            "the preferences in request have training plans of their own",
            when={"request": inside(*PREFERENCES[1:], so={"contains": inside("TrainingPlanArns", so=ITEMS), **LIST})},
        ),
    ),
)
def training_plans_in_two_places(request: Written, context: JobContext) -> Iterator[Finding]:
    """A training plan belongs to each preference or to the whole job.

    Bad:
        instance_type: null
        instance_count: null
        image_uri: "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"
        framework_version: null
        training_plan: arn:aws:sagemaker:us-west-2:123456789012:training-plan/large-model
        request:
          ResourceConfig:
            InstancePreferences:
              - InstanceType: ml.c5.xlarge
                InstanceCount: 1
                TrainingPlanArns: ["arn:aws:sagemaker:us-west-2:123456789012:training-plan/small-model"]

    Good:
        training_plan: arn:aws:sagemaker:us-west-2:123456789012:training-plan/large-model
    """
    whole = context.job.training_plan or context.overridden("ResourceConfig", "TrainingPlanArn")
    for index, one in enumerate(preferences(context)):
        if whole and one.get("TrainingPlanArns"):
            yield Finding(
                (*PREFERENCES, index, "TrainingPlanArns"),
                "the job has a training plan of its own",
                "leave training_plan out, or the plans of the preferences",
                at_key=True,
            )
