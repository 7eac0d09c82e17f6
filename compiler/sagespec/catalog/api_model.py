"""The shape of each operation's request: every member with its type, limits, pattern and values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.catalog.tables import table

Shape = Mapping[str, Any]

TABLES: Mapping[str, str] = {
    "CreateTrainingJob": "api",
    "CreateModel": "hosting_api",
    "CreateEndpointConfig": "hosting_api",
    "CreateEndpoint": "hosting_api",
    "UpdateEndpoint": "hosting_api",
}
"""Operation → the table that holds the shapes of its request."""
TRAINING = "CreateTrainingJob"


def schema_name(operation: str) -> str:
    """The file of a request's schema: `create-training-job.schema.json`."""
    return "-".join(re.findall("[A-Z][a-z]+", operation)).lower() + ".schema.json"


class ApiMember(NamedTuple):
    """One member of the request, or a list's item, or a map's key or value."""

    path: str
    """`InputDataConfig[].ChannelName`; items end in `[]`, a map's keys and values in `{key}` and `{value}`."""
    shape: str
    """The name of its shape in the service model."""
    type: str
    """string, integer, long, boolean, structure, list or map."""
    required: bool
    """Within its parent."""
    read_only: bool
    """The service sets it; a request may not."""
    min: int | None = None
    """Least value, or least length or number of entries."""
    max: int | None = None
    pattern: str | None = None
    """As the service has it: Java's syntax, matched against the whole text."""
    enum: tuple[str, ...] = ()


def root(operation: str) -> str:
    """The name of the request's own shape."""
    name: str = table(TABLES[operation])["roots"][operation]
    return name


def shape(name: str, operation: str = TRAINING) -> Shape:
    found: Shape = table(TABLES[operation])["shapes"][name]
    return found


def read_only(structure: str) -> frozenset[str]:
    """Members of a structure that only answers may hold."""
    return frozenset(table("limits")["create_training_job"]["read_only"]["members"].get(structure, ()))


@cache
def api_members(operation: str = TRAINING) -> Mapping[str, ApiMember]:
    """Path → member, in the model's order, parents before their children."""
    return MappingProxyType({member.path: member for member in _below("", root(operation), operation)})


def _below(path: str, name: str, operation: str) -> Iterator[ApiMember]:
    own = shape(name, operation)
    unset = read_only(name)
    for child, child_name in own.get("members", {}).items():
        inner = f"{path}.{child}" if path else child
        yield from _member(inner, child_name, operation, required=child in own["required"], unset=child in unset)
    for end, child_name in (("[]", own.get("member")), ("{key}", own.get("key")), ("{value}", own.get("value"))):
        if child_name:
            yield from _member(path + end, child_name, operation, required=False, unset=False)


def _member(path: str, name: str, operation: str, *, required: bool, unset: bool) -> Iterator[ApiMember]:
    own = shape(name, operation)
    yield ApiMember(
        path=path,
        shape=name,
        type=own["type"],
        required=required,
        read_only=unset,
        min=own.get("min"),
        max=own.get("max"),
        pattern=own.get("pattern"),
        enum=tuple(own.get("enum", ())),
    )
    yield from _below(path, name, operation)
