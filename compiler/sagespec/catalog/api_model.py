"""The shape of a CreateTrainingJob request: every member with its type, limits, pattern and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sagespec.catalog.tables import table

Shape = Mapping[str, Any]


class Member(NamedTuple):
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


def root() -> Shape:
    """The request's own shape."""
    model = table("api")
    return shape(model["root"])


def shape(name: str) -> Shape:
    found: Shape = table("api")["shapes"][name]
    return found


def read_only(structure: str) -> frozenset[str]:
    """Members of a structure that only answers may hold."""
    return frozenset(table("limits")["create_training_job"]["read_only"]["members"].get(structure, ()))


@cache
def api_members() -> Mapping[str, Member]:
    """Path → member, in the model's order, parents before their children."""
    return MappingProxyType({member.path: member for member in _below("", table("api")["root"])})


def _below(path: str, name: str) -> Iterator[Member]:
    own = shape(name)
    unset = read_only(name)
    for child, child_name in own.get("members", {}).items():
        yield from _member(f"{path}.{child}" if path else child, child_name, child in own["required"], child in unset)
    for end, child_name in (("[]", own.get("member")), ("{key}", own.get("key")), ("{value}", own.get("value"))):
        if child_name:
            yield from _member(path + end, child_name, required=False, unset=False)


def _member(path: str, name: str, required: bool, unset: bool) -> Iterator[Member]:
    own = shape(name)
    yield Member(
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
    yield from _below(path, name)
