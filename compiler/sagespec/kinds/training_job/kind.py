"""`kind: TrainingJob` as a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sagespec.kinds.kind import Kind
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
    from sagespec.kinds.training_job.draft import draft

    return draft(job, manifest, inputs)


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
)
