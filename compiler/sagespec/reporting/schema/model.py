"""A model in the words of JSON Schema, as pydantic would say it; with the descriptions of its fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagespec.checking.condition import NULL, Json
from sagespec.reading.constraints import Shape
from sagespec.reading.part import Field, Part
from sagespec.reading.shape import described, fields_of, inner_shapes, part_in

_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "list": "array", "dict": "object"}
_LIMITS = {
    "ge": {"": "minimum"},
    "le": {"": "maximum"},
    "pattern": {"": "pattern"},
    "max_length": {"string": "maxLength", "array": "maxItems", "object": "maxProperties"},
    "min_length": {"string": "minLength", "array": "minItems", "object": "minProperties"},
}
"""Limit → JSON Schema's word for it, by the type that it limits."""


def model_schema(model: type[Part]) -> Json:
    """The JSON Schema of a model; the parts that it holds stand under `$defs`, in the order of their names.

    Raises:
        ValueError: two of them have one name.
    """
    found = dict.fromkeys(_parts_in(model))
    parts = {part.__name__: part for part in found}
    if len(parts) < len(found):
        raise ValueError(f"two parts of {model.__name__} have one name")
    return {"$defs": {name: _of_part(parts[name]) for name in sorted(parts)}, **_of_part(model)}


def _parts_in(part: type[Part]) -> Iterator[type[Part]]:
    for shape in fields_of(part).values():
        for inner in inner_shapes(shape):
            held = part_in(inner) if "part" in inner.get("metadata", ()) else None
            if held is not None:
                yield held
                yield from _parts_in(held)


def _of_part(part: type[Part]) -> Json:
    shapes = fields_of(part)
    required = [name for name, field in part.fields.items() if field.required]
    return {
        **({"description": " ".join(part.__doc__.split())} if part.__doc__ else {}),
        "type": "object",
        "properties": {name: _of_field(field, shapes[name]) for name, field in part.fields.items()},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _of_field(field: Field, shape: Shape) -> Json:
    default = {} if field.required else {"default": _plain(field.default)}
    return {**_of(shape), **default, "description": field.doc}


def _plain(value: Any) -> Any:
    return {name: _plain(item) for name, item in value.members().items()} if isinstance(value, Part) else value


def _of(shape: Shape) -> Json:
    """The JSON Schema of one value."""
    kind = shape["type"]
    if kind in ("model-field", "default", "function-before"):
        return _of(shape["schema"])
    if kind == "function-after":
        return {"$ref": f"#/$defs/{shape['metadata']['part'].__name__}"}
    if kind == "nullable":
        inner = _of(shape["schema"])
        return {"anyOf": [*inner.get("anyOf", [inner]), NULL]}
    if kind == "union":
        return {"anyOf": [_of(choice) for choice in shape["choices"]]}
    if kind == "literal":
        return _of_choice(shape["expected"])
    if kind == "any":
        return {}
    return {**_of_type(shape, _TYPES[kind]), **_described(shape)}


def _of_choice(values: list[Any]) -> Json:
    allowed = {"const": values[0]} if len(values) == 1 else {"enum": values}
    return {**allowed, "type": _TYPES[type(values[0]).__name__]}


def _of_type(shape: Shape, kind: str) -> Json:
    """A scalar, a list or a map, with its limits."""
    words = {limit: by_type.get(kind) or by_type[""] for limit, by_type in _LIMITS.items() if limit in shape}
    limited = {word: shape[limit] for limit, word in words.items()}
    if kind == "array":
        return {"type": kind, "items": _of(shape["items_schema"]), **limited}
    if kind == "object":
        return {"type": kind, **_of_items(shape), **limited}
    return {"type": kind, **limited}


def _of_items(shape: Shape) -> Json:
    """The names and values of a map. Its own title says what it is, so its values have none."""
    names = {key: limit for key, limit in _of(shape["keys_schema"]).items() if key not in ("type", "title", "examples")}
    values = {key: value for key, value in _of(shape["values_schema"]).items() if key != "title"} or True
    pattern = names.pop("pattern", None)
    by_name = {"additionalProperties": values} if pattern is None else {"patternProperties": {pattern: values}}
    return {**by_name, **({"propertyNames": names} if names else {})}


def _described(shape: Shape) -> Json:
    about = described({"type": shape["type"], "metadata": shape.get("metadata", {})})
    texts = {"title": about.title, "examples": list(about.examples)}
    return {key: value for key, value in texts.items() if value}
