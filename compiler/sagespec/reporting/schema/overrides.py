"""What may stand under `request`: the members of the API's own requests, by the names and types that they have there.

Only names and types are refused. A value that is not among those that the API's model lists may be a new one, and of a
job on this machine nobody asks the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagespec.base.source import Path
from sagespec.catalog.api_model import ApiMember, api_members
from sagespec.checking.condition import EXPRESSION, Json

_TYPES = {
    "structure": ("object", "a mapping"),
    "map": ("object", "a mapping"),
    "list": ("array", "a list"),
    "string": ("string", "a string"),
    "integer": ("integer", "a whole number"),
    "long": ("integer", "a whole number"),
    "float": ("number", "a number"),
    "double": ("number", "a number"),
    "boolean": ("boolean", "true or false"),
}
"""The API's types in JSON Schema's words, and in those of a sentence."""


def request_members(overrides: Mapping[str, Path]) -> Json:
    """The shape of `request`.

    Args:
        overrides: operation → where in a manifest its members are overridden, `("request",)` or a section of it.
    """
    sections = {
        path[1]: {"type": ["object", "string"], **_members(operation)}
        for operation, path in overrides.items()
        if path[1:]
    }
    whole = [_members(operation) for operation, path in overrides.items() if not path[1:]]
    return {"properties": sections, "additionalProperties": False} if sections else whole[0]


def _members(operation: str) -> Json:
    """The members of an operation's request, none of them required: the manifest's fields make the rest."""
    children: dict[str, list[ApiMember]] = {}
    for member in api_members(operation).values():
        children.setdefault(_owner(member.path), []).append(member)
    return _structure("", children)


def _owner(path: str) -> str:
    """`A.B` of `A.B.C`; `A` of `A[]`, `A{key}` and `A{value}`."""
    for end in ("[]", "{key}", "{value}"):
        if path.endswith(end):
            return path.removesuffix(end)
    return path.rpartition(".")[0]


def _structure(path: str, children: Mapping[str, list[ApiMember]]) -> Json:
    members = {member.path.rpartition(".")[2]: _member(member, children) for member in children.get(path, ())}
    return {"properties": members, "additionalProperties": False}


def _member(member: ApiMember, children: Mapping[str, list[ApiMember]]) -> Json:
    """One member; null takes it out of the request."""
    name = member.path.rpartition(".")[2]
    if member.read_only:
        return {"not": {}, "doNotSuggest": True, "errorMessage": f"{name} is set by SageMaker; leave it out"}
    inner = {each.path.removeprefix(member.path): each for each in children.get(member.path, ())}
    kind, words = _TYPES[member.type]
    shape: Json = {"type": list(dict.fromkeys([kind, "string", "null"])), "errorMessage": f"{name} must be {words}"}
    if kind != "string":
        shape["pattern"] = EXPRESSION
    if member.type == "structure":
        return shape | _structure(member.path, children)
    if member.type == "list":
        return shape | {"items": _member(inner["[]"], children)}
    if member.type == "map":
        return shape | {"additionalProperties": _member(inner["{value}"], children)}
    return _offering(shape, member)


def _offering(shape: Json, member: ApiMember) -> Json:
    """Editors complete the values that the API's model lists; others are welcome."""
    if member.type == "boolean":
        return shape
    values: list[Any] = list(member.enum)
    return {"anyOf": [shape, {"enum": values}]} if values else shape
