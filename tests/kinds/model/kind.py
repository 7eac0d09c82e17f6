"""`kind: Model` as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagespec.kinds.kind import ROLE, Kind, Snippet, field_by

from .context import ModelContext
from .lifecycle import LIFECYCLE
from .members import ELSEWHERE, MEMBERS
from .model import Model
from .rules import RULES

if TYPE_CHECKING:
    from sagespec.building.cost import Bill
    from sagespec.building.draft import Draft, DraftInputs
    from sagespec.building.request import Request
    from sagespec.catalog import Facts
    from sagespec.reading.render import Manifest


def _draft(model: Model, manifest: Manifest, inputs: DraftInputs) -> Draft:
    from .draft import draft

    return draft(model, manifest, inputs)


def _bill(request: Request, facts: Facts, attempt: int = 1) -> Bill:
    from .cost import bill

    return bill(request, facts, attempt)


KIND = Kind(
    name="Model",
    model=Model,
    context=ModelContext,
    rules=RULES,
    members=MEMBERS,
    elsewhere=ELSEWHERE,
    field_of=field_by(MEMBERS),
    overrides={"CreateModel": ("request",)},
    role_member=("ExecutionRoleArn",),
    draft=_draft,
    lifecycle=LIFECYCLE,
    bill=_bill,
    snippet=Snippet(
        "A model of one archive.",
        {
            "apiVersion": "sagespec/v1",
            "kind": "Model",
            "name": "${1:mnist}",
            "role": ROLE,
            "region": "${2:us-west-2}",
            "image_uri": "${3:123456789012.dkr.ecr.us-west-2.amazonaws.com/serve:1}",
            "model_data": "${4:s3://bucket/mnist/model.tar.gz}",
        },
    ),
    called="registeredmodel servable",
)
