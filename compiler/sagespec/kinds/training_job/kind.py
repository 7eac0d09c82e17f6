"""`kind: TrainingJob` as a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from sagespec.kinds.kind import ROLE, Kind, Snippet
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.lifecycle import LIFECYCLE
from sagespec.kinds.training_job.members import ELSEWHERE, MEMBERS, field_of
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.rules import RULES

if TYPE_CHECKING:
    from sagespec.building.cost import Bill
    from sagespec.building.draft import Draft, DraftInputs
    from sagespec.building.request import Request
    from sagespec.catalog import Facts
    from sagespec.reading.render import Manifest


def _draft(job: Job, manifest: Manifest, inputs: DraftInputs) -> Draft:
    return _drafting()(job, manifest, inputs)


@cache  # an import takes its time even where it finds what is there
def _drafting() -> Callable[[Job, Manifest, DraftInputs], Draft]:
    from sagespec.kinds.training_job.draft import draft

    return draft


def _bill(request: Request, facts: Facts, attempt: int = 1) -> Bill:
    from sagespec.kinds.training_job.cost import bill

    return bill(request, facts, attempt)


def _field_of(_operation: str, member: Sequence[str | int]) -> str | None:
    return field_of(member)


KIND = Kind(
    name="TrainingJob",
    model=Job,
    context=JobContext,
    rules=RULES,
    members=MEMBERS,
    elsewhere=ELSEWHERE,
    field_of=_field_of,
    overrides={"CreateTrainingJob": ("request",)},
    role_member=("RoleArn",),
    draft=_draft,
    lifecycle=LIFECYCLE,
    bill=_bill,
    snippet=Snippet(
        "A training job that runs a script on one instance.",
        {
            "apiVersion": "sagespec/v1",
            "kind": "TrainingJob",
            "name": "${1:mnist}",
            "framework_version": "${2:2.21}",
            "entry_point": "${3:train.py}",
            "role": ROLE,
            "region": "${4:us-west-2}",
            "instance_type": "${5:ml.m5.xlarge}",
            "instance_count": 1,
            "channels": {"train": "${6:s3://bucket/train}"},
            "output_path": "${7:s3://bucket/models}",
        },
    ),
    called="job training estimator modeltrainer experiment run task tfjob pytorchjob xgboostjob",
)
