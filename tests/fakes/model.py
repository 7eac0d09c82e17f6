"""What every part of the test service is made of: the API's model, time, effects, refusals, pages."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

MODEL = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
ACCOUNT = "123456789012"


class Refused(Exception):
    """An answer with an error code."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class Clock:
    """Time that a test moves on; with a scale it also runs by itself, so many times faster than the wall's."""

    def __init__(self, scale: float = 0.0) -> None:
        self.scale = scale
        self._start, self._began, self._added = time.time(), time.monotonic(), 0.0

    def __call__(self) -> float:
        return self._start + self._added + self.scale * (time.monotonic() - self._began)

    def advance(self, seconds: float) -> None:
        self._added += seconds


@dataclass(frozen=True)
class Effect:
    """Something that became different, and when."""

    time: float
    operation: str
    job_name: str
    detail: Any = None


def validate(shape: Shape, given: dict[str, Any]) -> None:
    """The service's own look at a request: unknown and missing members, types, then all constraints at once."""
    report = ParamValidator().validate(given, shape)
    errors = [error for error in report._errors if error[0] != "invalid type" or "timestamp" not in str(error)]
    if errors:
        raise Refused("SerializationException", report.generate_report())
    complaints = list(constraints(shape, given, ""))
    if complaints:
        count = f"{len(complaints)} validation error{'s' if len(complaints) > 1 else ''} detected: "
        raise Refused("ValidationException", count + "; ".join(complaints))


def constraints(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in value:
                yield from constraints(member, value[name], f"{path}.{name[0].lower()}{name[1:]}".lstrip("."))
        return
    size = value if shape.type_name in ("integer", "long") else len(value) if hasattr(value, "__len__") else None
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    unit = "value" if shape.type_name in ("integer", "long") else "length"
    failed = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must"
    if size is not None and low is not None and size < low:
        yield f"{failed} have {unit} greater than or equal to {low}"
    if size is not None and high is not None and size > high:
        yield f"{failed} have {unit} less than or equal to {high}"
    if shape.type_name == "string":
        pattern = shape.metadata.get("pattern", "")
        if pattern and r"\p{" not in pattern and not re.fullmatch(pattern, value, re.ASCII):
            yield f"{failed} satisfy regular expression pattern: {pattern}"
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{failed} satisfy enum value set: [{', '.join(shape.enum)}]"
    elif shape.type_name == "list":
        for number, item in enumerate(value, 1):
            yield from constraints(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from constraints(shape.key, key, f"{path}.key")
            yield from constraints(shape.value, item, f"{path}.{key}.member")


def listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def page(items: Sequence[Any], given: Mapping[str, Any], default: int) -> tuple[Sequence[Any], dict[str, str]]:
    token = given.get("NextToken", "page-0")
    if not re.fullmatch(r"page-\d+", token):
        raise Refused("ValidationException", "Invalid pagination token")
    start, size = int(token.removeprefix("page-")), given.get("MaxResults", default)
    end = start + size
    return items[start:end], {"NextToken": f"page-{end}"} if end < len(items) else {}
