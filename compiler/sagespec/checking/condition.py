"""The conditions under which rows of data refuse a field: JSON Schema's words, for schemas and for the rules alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from sagespec.reading.part import Part

Json: TypeAlias = dict[str, Any]

EXPRESSION = r"\{\{"
"""Found in every string that holds an expression. It may become anything, so it is welcome everywhere."""
BUCKET = "s3://[A-Za-z0-9._:-]{1,255}(/|$)"
"""Begins a location in S3 whose bucket can exist."""
NULL: Json = {"type": "null"}
TRUE: Json = {"const": True}
FALSE: Json = {"const": False}
LIST: Json = {"type": "array"}
ITEMS: Json = {"minItems": 1, **LIST}
"""A list that is not empty."""
POSITIVE: Json = {"type": "integer", "minimum": 1}
GIVEN: Json = {"not": {"anyOf": [NULL, {"type": "string", "pattern": EXPRESSION}]}}
"""A value that is known, and is not null."""


def when(members: Json) -> Json:
    """A condition: these members are written, and are so."""
    return {"required": list(members), "properties": members}


def inside(*steps: str, so: Json) -> Json:
    """A condition: a map (or part) in which the value that these steps lead to is `so`."""
    condition = so
    for step in reversed(steps):
        condition = {"type": "object", **when({step: condition})}
    return condition


def one_of(values: Iterable[str], *, or_expression: bool = False) -> Json:
    """A string that is one of these. A pattern, because editors would take an enum for values on offer."""
    either = "|".join(value.replace(".", "[.]") for value in values)
    if or_expression:
        return {"pattern": f"^({either})$|{EXPRESSION}"}
    return {"type": "string", "pattern": f"^({either})$"}


def choice(values: list[Any], message: str | None = None) -> Json:
    """One of these values, which editors offer, or an expression."""
    listed = {"enum": values} | ({"errorMessage": message} if message else {})
    return {"anyOf": [listed, {"type": "string", "pattern": EXPRESSION}]}


def holds(condition: Json, value: Any) -> bool:
    """Whether a condition holds for a value of a manifest.

    A part has all its members, the defaults of those that the author left out included: so `FALSE` holds for a flag
    that nobody wrote. A schema, which does not see the defaults, asks that it is written.

    Raises:
        Unknown: it depends on a member of a part whose value is wrong.
    """
    return all(_KEYWORDS[word](wanted, value) for word, wanted in condition.items())


_TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict, Part),
}


def _is_type(name: str, value: Any) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _same(wanted: Any, value: Any) -> bool:
    return type(wanted) is type(value) and bool(wanted == value)


def _required(names: list[str], value: Any) -> bool:
    return not isinstance(value, dict) or all(name in value for name in names)


def _properties(members: Json, value: Any) -> bool:
    if isinstance(value, Part):
        return all(holds(condition, getattr(value, name)) for name, condition in members.items())
    there = members.keys() & value.keys() if isinstance(value, dict) else ()
    return all(holds(members[name], value[name]) for name in there)


_KEYWORDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": _is_type,
    "const": _same,
    "enum": lambda values, value: any(_same(one, value) for one in values),
    "pattern": lambda pattern, value: not isinstance(value, str) or re.search(pattern, value) is not None,
    "minimum": lambda least, value: not _is_type("number", value) or value >= least,
    "minItems": lambda least, value: not isinstance(value, list) or len(value) >= least,
    "contains": lambda condition, value: not isinstance(value, list) or any(holds(condition, one) for one in value),
    "not": lambda condition, value: not holds(condition, value),
    "anyOf": lambda conditions, value: any(holds(condition, value) for condition in conditions),
    "allOf": lambda conditions, value: all(holds(condition, value) for condition in conditions),
    "required": _required,
    "properties": _properties,
}
"""What each word of JSON Schema says of a value; as there, it says nothing of values of other types."""
