"""The independent witness of the model: what pydantic itself makes of the same annotations."""

from __future__ import annotations

from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pydantic
from pydantic_core import PydanticCustomError

from sagespec.reading.constraints import Before, Described, Limits
from sagespec.reading.part import Part


@cache
def model_of(part: type[Part]) -> type[pydantic.BaseModel]:
    """The pydantic model that a part's declarations describe: one for each part."""
    fields = {
        name: (annotation_of(field.annotation), pydantic.Field(... if field.required else default_of(field.default)))
        for name, field in part.fields.items()
    }
    config = pydantic.ConfigDict(strict=True, extra="forbid")
    model: type[pydantic.BaseModel] = pydantic.create_model(  # type: ignore[call-overload]
        part.__name__, __config__=config, __doc__=part.__doc__, **fields
    )
    return model


def default_of(default: Any) -> Any:
    return model_of(type(default))() if isinstance(default, Part) else default


def annotation_of(annotation: Any) -> Any:
    """The same type in pydantic's own words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner = annotation_of(arguments[0])
        for each in annotation.__metadata__:
            inner = Annotated[inner, constraint_field(each)]  # type: ignore[assignment]
        return inner
    if origin in (Union, UnionType):
        choices = tuple(annotation_of(each) for each in arguments if each is not NoneType)
        one: Any = Union[choices]  # noqa: UP007 - as many as there are
        one = Annotated[one, pydantic.Field(union_mode="left_to_right")] if len(choices) > 1 else one
        return one | None if NoneType in arguments else one
    if annotation == Literal[False]:
        return Annotated[annotation, pydantic.BeforeValidator(_false)]
    if origin in (list, dict):
        return origin[tuple(annotation_of(each) for each in arguments)]
    is_part = isinstance(annotation, type) and issubclass(annotation, Part)
    return model_of(annotation) if is_part else annotation


def constraint_field(constraint: Any) -> Any:
    if isinstance(constraint, Limits):
        return pydantic.Field(**constraint.limits)  # type: ignore[call-overload]
    if isinstance(constraint, Described):
        return pydantic.Field(title=constraint.title or None, examples=list(constraint.examples) or None)
    assert isinstance(constraint, Before)
    return pydantic.BeforeValidator(constraint.function)


def _false(value: Any) -> Any:
    """pydantic takes 0 for false here, which no author means."""
    if value is not False:
        raise PydanticCustomError("literal_error", "Input should be False", {"expected": "False"})
    return value
