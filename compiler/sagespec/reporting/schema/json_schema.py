"""The vocabulary in which the schemas are written: conditions, choices and expressions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

EXPRESSION = r"\{\{"
"""Found in every string that holds an expression. It may become anything, so it is welcome everywhere."""
BUCKET = "s3://[A-Za-z0-9._:-]{1,255}(/|$)"
"""Begins a location in S3 whose bucket can exist."""
NULL: Json = {"type": "null"}
TRUE: Json = {"const": True}
FALSE: Json = {"const": False}
LIST: Json = {"type": "array"}
GIVEN: Json = {"not": {"anyOf": [NULL, {"type": "string", "pattern": EXPRESSION}]}}
"""A value that is known, and is not null."""


def when(members: Json) -> Json:
    """A condition: these members are written, and are so."""
    return {"required": list(members), "properties": members}


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
