"""Which type a path of the data leads to."""

from __future__ import annotations

from sagespec.base.source import Path
from sagespec.reading.constraints import Shape
from sagespec.reading.part import Part
from sagespec.reading.shape import bare, fields_of, shape_of_part


def shape_at(model: type[Part], path: Path) -> Shape | None:
    """The shape of what may stand at a path; None where the model knows nothing of it."""
    shape: Shape | None = shape_of_part(model)
    for step in path:
        shape = None if shape is None else _step(shape, step)
    return shape


def _step(shape: Shape, step: str | int) -> Shape | None:
    inner = bare(shape)
    part = part_of(inner)
    if part is not None:
        return fields_of(part).get(str(step))
    items: Shape | None = inner.get({"dict": "values_schema", "list": "items_schema"}.get(inner["type"], ""))
    if items is not None:
        return items
    choices = (_step(choice, step) for choice in inner.get("choices", ()))
    return next((choice for choice in choices if choice is not None), None)


def part_of(shape: Shape) -> type[Part] | None:
    """The part that a value is itself; None of lists and maps of parts."""
    inner = bare(shape)
    part: type[Part] | None = inner.get("metadata", {}).get("part")
    if part is None and inner["type"] == "union":
        return next((found for choice in inner["choices"] if (found := part_of(choice)) is not None), None)
    return part
