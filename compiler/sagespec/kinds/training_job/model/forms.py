"""What a value may also be written as: read before its type is judged."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticCustomError


def only_false(value: Any) -> Any:
    """`Literal[False]` alone would take 0 for false."""
    if value is not False:
        raise PydanticCustomError("literal_error", "Input should be False", {"expected": "False"})
    return value


def from_location(value: Any) -> Any:
    """A channel: `s3://…` alone is its location; any other string is a local path."""
    if isinstance(value, str):
        return {"s3_data" if "://" in value and not value.startswith("file://") else "path": value}
    return value


def one_channel_is_training(value: Any) -> Any:
    """A location, or one channel's members, given where a map of channels stands: the channel `training`."""
    if isinstance(value, str):
        return {"training": value}
    if isinstance(value, dict) and any(
        isinstance(value.get(key), str) for key in ("s3_data", "path", "file_system_id")
    ):
        return {"training": value}
    return value
