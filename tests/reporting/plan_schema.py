"""The committed schema of plans, held against what the program prints: by jsonschema, with every member declared."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft7Validator

from conftest import REPOSITORY

SCHEMA: dict[str, Any] = json.loads((REPOSITORY / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))


def _closed(value: Any) -> Any:
    """The schema, refusing members that it does not name: readers pass over them, the program may not print them."""
    if isinstance(value, list):
        return [_closed(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _closed(item) for key, item in value.items()}
    return made | {"additionalProperties": False} if isinstance(value.get("properties"), dict) else made


def check_plan(text: str) -> dict[str, Any]:
    """What a program has printed, as data.

    Raises:
        jsonschema.ValidationError: it is not what the schema says.
    """
    data: dict[str, Any] = json.loads(text)
    Draft7Validator.check_schema(SCHEMA)
    Draft7Validator(_closed(SCHEMA)).validate(data)
    return data
