"""Subnets and security groups."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import GIVEN, NULL, inside
from sagespec.checking.context import Context
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, WARNING, refusal, rule
from sagespec.checking.subject import Written, field, item

_IN_REQUEST = {
    "subnets": [("VpcConfig", "Subnets"), ("create_model", "VpcConfig", "Subnets")],
    "security_group_ids": [("VpcConfig", "SecurityGroupIds"), ("create_model", "VpcConfig", "SecurityGroupIds")],
}
"""Where `request:` gives a value in the field's stead, of whatever kind."""
PREFIXES = {"subnets": "subnet-", "security_group_ids": "sg-"}


incomplete_vpc_config = refusal(
    "incomplete-vpc-config",
    ERROR,
    *(
        Row(
            (name,),
            f"{name} without {other}: a VPC needs both",
            f"add {other}: [{PREFIXES[other]}…]",
            when={other: NULL},
            unless={"request": {"anyOf": [inside(*steps, so=GIVEN) for steps in _IN_REQUEST[other]]}},
        )
        for name, other in (("subnets", "security_group_ids"), ("security_group_ids", "subnets"))
    ),
    source=API + "VpcConfig.html",
    page="""
    Subnets and security groups belong together.

    SageMaker takes both or neither.

    Bad:
        subnets: [subnet-0a1b2c3d]

    Good:
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """,
)


swapped_network_ids = refusal(
    "swapped-network-ids",
    ERROR,
    Row(
        ("subnets",), "a security group belongs under security_group_ids", "subnets begin with subnet-", form="^(?!sg-)"
    ),
    Row(
        ("security_group_ids",), "a subnet belongs under subnets", "security groups begin with sg-", form="^(?!subnet-)"
    ),
    on=item,
    source=API + "VpcConfig.html",
    page="""
    A security group stands among the subnets, or the other way round.

    Bad:
        subnets: [sg-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]

    Good:
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """,
)


@rule(WARNING, on=field("subnets", "security_group_ids"), source=API + "VpcConfig.html")
def repeated_network_id(ids: Written, context: Context) -> Iterator[Finding]:
    """A subnet or security group is listed twice.

    Bad:
        subnets: [subnet-0a1b2c3d, subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]

    Good:
        subnets: [subnet-0a1b2c3d, subnet-4e5f6a7b]
        security_group_ids: [sg-0a1b2c3d]
    """
    for index, value in enumerate(ids.value):
        if value in ids.value[:index]:
            yield Finding((*ids.path, index), f"'{value}' is listed twice", "leave the second one out")
