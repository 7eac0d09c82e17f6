"""Annotations → what pydantic's core validates by. pydantic itself does the same in 50 times as long.

The witness that both say the same of any data is in tests/reading/test_model.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from sagespec.base.named import NamedTuple
from sagespec.base.source import Path
from sagespec.reading.constraints import Described, Lone, Shape
from sagespec.reading.core import PydanticKnownError
from sagespec.reading.part import Field, Part

_PLAIN = {str: "str", int: "int", float: "float", bool: "bool", Any: "any"}


def shape_of(annotation: Any) -> Shape:
    """The shape of a type: a scalar, a list, a map, a choice, one of several, or a part."""
    if annotation is Any or type(annotation) is type:  # a class; to look for others in a map takes its time
        return {"type": _PLAIN[annotation]} if annotation in _PLAIN else shape_of_part(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        shape = shape_of(arguments[0])
        for constraint in annotation.__metadata__:
            shape = constraint.around(shape)
        return shape
    if origin is Literal:
        return _choice(arguments)
    if origin in (Union, UnionType):
        return _one_of(arguments)
    if origin is list:
        return {"type": "list", "items_schema": shape_of(arguments[0])}
    return {"type": "dict", "keys_schema": shape_of(arguments[0]), "values_schema": shape_of(arguments[1])}


def shape_of_part(part: type[Part]) -> Shape:
    """The shape of a part: it makes an instance. The same object for the same part."""
    if part not in _parts:
        _parts[part] = _shape_of_part(part)
    return _parts[part]


_parts: dict[type[Part], Shape] = {}


def _shape_of_part(part: type[Part]) -> Shape:
    fields = {
        name: {"type": "model-field", "schema": _with_default(field, shape_of(field.annotation))}
        for name, field in part.fields.items()
    }
    return {
        "type": "function-after",
        "function": {"type": "no-info", "function": part.made},
        "schema": {"type": "model-fields", "model_name": part.__name__, "fields": fields},
        "metadata": {"part": part, "lone": dict(_lone_values(fields))},
    }


def _lone_values(fields: Mapping[str, Shape]) -> Iterator[tuple[str, Lone]]:
    for name, shape in fields.items():
        while shape["type"] in _AROUND:
            constraint = shape.get("metadata", {}).get("before")
            if isinstance(constraint, Lone):
                yield name, constraint
            shape = shape["schema"]


def _with_default(field: Field, shape: Shape) -> Shape:
    if field.required:
        return shape
    if field.default in ({}, []):  # copying it would take longer than making another
        return {"type": "default", "schema": shape, "default_factory": type(field.default)}
    return {"type": "default", "schema": shape, "default": field.default}


def _one_of(annotations: tuple[Any, ...]) -> Shape:
    choices = [shape_of(annotation) for annotation in annotations if annotation is not NoneType]
    shape = choices[0] if len(choices) == 1 else {"type": "union", "mode": "left_to_right", "choices": choices}
    return {"type": "nullable", "schema": shape} if NoneType in annotations else shape


def _choice(values: tuple[Any, ...]) -> Shape:
    shape = {"type": "literal", "expected": list(values)}
    if values != (False,):
        return shape
    return {"type": "function-before", "function": {"type": "no-info", "function": _false}, "schema": shape}


def _false(value: Any) -> Any:
    """`Literal[False]` alone would take 0 for false."""
    if value is not False:
        raise PydanticKnownError("literal_error", {"expected": "False"})
    return value


# Walking ----------------------------------------------------------------------------------------------------------

_AROUND = ("model-field", "default", "nullable", "function-before")
_INSIDE = ("schema", "keys_schema", "values_schema", "items_schema")


def fields_of(part: type[Part]) -> Mapping[str, Shape]:
    """Field → its shape."""
    fields: Mapping[str, Shape] = shape_of_part(part)["schema"]["fields"]
    return fields


def lone_values(part: type[Part]) -> Mapping[str, Lone]:
    """Field → how a lone value of it is called, of those that may have one."""
    lone: Mapping[str, Lone] = shape_of_part(part)["metadata"]["lone"]
    return lone


def bare(shape: Shape) -> Shape:
    """What a value must be when it is written and not null."""
    while shape["type"] in _AROUND:
        shape = shape["schema"]
    return shape


def inner_shapes(shape: Shape) -> Iterator[Shape]:
    """A shape and what it is made of; of a part no more than that it is one."""
    yield shape
    if "part" not in shape.get("metadata", ()):
        for inner in (*(shape[key] for key in _INSIDE if key in shape), *shape.get("choices", ())):
            yield from inner_shapes(inner)


def part_in(shape: Shape) -> type[Part] | None:
    """The part that a value is, or that its items are."""
    return next(_metadata(shape, "part"), None)


def described(shape: Shape) -> Described:
    """What its type says for people."""
    return next(_metadata(shape, "described"), _NOTHING_SAID)


_NOTHING_SAID = Described()


def expected(shape: Shape) -> list[Any]:
    """The values that are allowed, where these can be listed."""
    return [value for inner in inner_shapes(shape) for value in inner.get("expected", ())]


def _metadata(shape: Shape, key: str) -> Iterator[Any]:
    return (inner["metadata"][key] for inner in inner_shapes(shape) if key in inner.get("metadata", ()))


class FoundField(NamedTuple):
    """The field that a path of the data leads to."""

    field: Field
    shape: Shape
    exact: bool
    """It is the field's own value, not something in it."""


def field_at(model: type[Part], path: Path) -> FoundField | None:
    """The last field on a path of the data; the names in a map and list indices are passed through."""
    owner: type[Part] | None = model
    found = None
    named = False
    for position, step in enumerate(path, 1):
        if named:  # a channel or a tag may be called as a field is
            named = False
        elif isinstance(step, str) and owner is not None and step in owner.fields:
            shape = fields_of(owner)[step]
            found = FoundField(owner.fields[step], shape, position == len(path))
            owner, named = part_in(shape), bare(shape)["type"] == "dict"
    return found
