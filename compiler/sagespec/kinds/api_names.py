"""Parts in the API's own names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sagespec.reading.part import Part


def to_api(part: Part) -> dict[str, Any]:
    """A part in the API's own names, without what was left out: snake_case becomes CamelCase."""
    return {api_name(name): _value(value) for name, value in part.members().items() if value is not None}


def api_name(name: str) -> str:
    special = {"s3": "S3", "gb": "GB", "mb": "MB", "uri": "Uri"}
    return "".join(special.get(word, word.capitalize()) for word in name.split("_"))


def from_api(value: Any) -> Any:
    """A value of the API in a manifest's own names, to its innermost members: CamelCase becomes snake_case."""
    if isinstance(value, list):
        return [from_api(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower(): from_api(item) for name, item in value.items()}


def _value(value: Any) -> Any:
    if isinstance(value, Part):
        return to_api(value)
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
