"""`kind: Endpoint` as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagespec.kinds.endpoint.context import EndpointContext
from sagespec.kinds.endpoint.lifecycle import LIFECYCLE
from sagespec.kinds.endpoint.members import ELSEWHERE, MEMBERS, SECTIONS
from sagespec.kinds.endpoint.model import Endpoint
from sagespec.kinds.endpoint.rules import RULES
from sagespec.kinds.kind import ROLE, Kind, Snippet, field_by

if TYPE_CHECKING:
    from sagespec.building.cost import Bill
    from sagespec.building.draft import Draft, DraftInputs
    from sagespec.building.request import Request
    from sagespec.catalog import Facts
    from sagespec.reading.render import Manifest


def _draft(endpoint: Endpoint, manifest: Manifest, inputs: DraftInputs) -> Draft:
    from sagespec.kinds.endpoint.draft import draft

    return draft(endpoint, manifest, inputs)


def _bill(request: Request, facts: Facts, attempt: int = 1) -> Bill:
    from sagespec.kinds.endpoint.cost import bill

    return bill(request, facts, attempt)


KIND = Kind(
    name="Endpoint",
    model=Endpoint,
    context=EndpointContext,
    rules=RULES,
    members=MEMBERS,
    elsewhere=ELSEWHERE,
    field_of=field_by(MEMBERS),
    overrides={operation: ("request", section) for section, operation in SECTIONS.items()},
    role_member=("create_model", "ExecutionRoleArn"),
    draft=_draft,
    lifecycle=LIFECYCLE,
    bill=_bill,
    snippet=Snippet(
        "An endpoint that serves a model from S3.",
        {
            "apiVersion": "sagespec/v1",
            "kind": "Endpoint",
            "name": "${1:mnist}",
            "framework_version": "${2:2.19}",
            "model_data": "${3:s3://bucket/mnist/model.tar.gz}",
            "role": ROLE,
            "region": "${4:us-west-2}",
            "instance_type": "${5:ml.m5.xlarge}",
            "initial_instance_count": 1,
        },
    ),
    serves="training_job",
    called="model deployment inferenceservice inference endpointconfig service serving",
)
