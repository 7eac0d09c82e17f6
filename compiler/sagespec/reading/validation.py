"""Data → values of a shape, or what pydantic's core says against them, by the paths of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagespec.base.source import Path
from sagespec.reading.constraints import Shape
from sagespec.reading.core import CoreConfig, ErrorDetails, SchemaValidator, ValidationError

_STRICT = CoreConfig(strict=True, extra_fields_behavior="forbid")
_validators: dict[int, SchemaValidator] = {}
"""By the identity of the shape, which lives as long as the program."""


def validated(shape: Shape, value: Any) -> Any:
    """The value as the shape makes it: maps of parts as parts.

    Raises:
        pydantic_core.ValidationError: it does not fit.
    """
    validator = _validators.get(id(shape))
    if validator is None:
        validator = _validators[id(shape)] = SchemaValidator(shape, _STRICT)
    return validator.validate_python(value)


def fits(shape: Shape, value: Any) -> bool:
    try:
        validated(shape, value)
    except ValidationError:
        return False
    return True


def judged(shape: Shape, data: Any) -> tuple[Any, Mapping[Path, ErrorDetails]]:
    """What is made of the data (None where it does not fit), and path → the first that is wrong there."""
    try:
        return validated(shape, data), {}
    except ValidationError as error:
        details = error.errors(include_url=False)
    return None, {path_of(data, detail["loc"]): detail for detail in reversed(details)}


def path_of(data: Any, location: tuple[str | int, ...]) -> Path:
    """pydantic's location as a path of the data: tags of unions and of validators are passed over.

    The last step may be a key that is missing from the data: it stays when its parent is there.
    """
    path: list[str | int] = []
    for position, step in enumerate(location):
        if _has(data, step):
            data = data[step]
        elif position == len(location) - 1 and isinstance(data, dict) and isinstance(step, str) and step.isidentifier():
            pass
        else:
            continue
        path.append(step)
    return tuple(path)


def is_given(data: Any, path: Path) -> bool:
    for step in path:
        if not _has(data, step):
            return False
        data = data[step]
    return True


def _has(data: Any, step: str | int) -> bool:
    if isinstance(data, dict):
        return step in data
    return isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data)
