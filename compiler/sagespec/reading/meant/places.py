"""Fields that stand one level too high or too low: under `spec:`, under the API's ResourceConfig, or unindented.

It is imported when there is an unknown field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sagespec.base.source import Path
from sagespec.reading.meant.names import OtherName, meant_field_at, names_at, nearest, other_name, part_at
from sagespec.reading.part import Part
from sagespec.reading.render import SETTINGS
from sagespec.reading.shape import bare, expected, fields_of, part_in
from sagespec.reading.syntax.document import Document

if TYPE_CHECKING:
    from sagespec.reading.wording import BindingComplaint

_DATA = frozenset(
    ["train", "training", "test", "testing", "validation", "validate", "val", "valid", "eval", "evaluation", "dev"]
)
"""What people call channels."""
_SOURCES = frozenset({"s3_data", "path", "file_system_id"})
"""What a channel reads, by its fields."""


def hint(complaint: BindingComplaint, other: OtherName | None) -> str:
    """Where the values of an unknown field of the manifest stand; nothing where that is not known."""
    if len(complaint.path) != 1:
        return _pair(complaint)
    name, value, model = str(complaint.path[0]), complaint.value, complaint.model
    owner = complaint.belongs_to
    if owner:
        return f"indent it, and what follows, if it belongs to '{owner}' above"
    setting = _setting(complaint, other)
    if setting:
        return f"did you mean '{setting}'?"
    if other is not None and other.hint:
        return ""
    if _is_channel(model, name, value):
        return f"data stands under channels: {{{name}: s3://…}}"
    inner = list(fields_inside(model, complaint.path, value))
    if inner:
        what = "these stand" if len(inner) > 1 else "this stands"
        return f"{what} at the top of the manifest: {', '.join(inner)}"
    if other is not None and other.field == "environment" and _is_map_of_maps(value):
        found = other_name(model, ("environments",))
        return found.hint if found else ""
    if isinstance(value, str) and value.startswith("s3://") and other is None and "channels" in model.fields:
        near = meant_field_at(model, complaint.path)
        return "" if near else f"data stands under channels: {{{name[:40]}: s3://…}}"
    if isinstance(value, Mapping) and value and other is None and "hyperparameters" in model.fields:
        near = meant_field_at(model, complaint.path)
        if near is None or not _is_map(model, near):
            first = str(next(iter(value)))[:40]
            return f"if these are for the script, they stand under hyperparameters: {{{first}: …}}"
    is_scalar = isinstance(value, str | int | float)
    if is_scalar and other is None and "hyperparameters" in model.fields and name[:1].islower():
        near = meant_field_at(model, complaint.path)
        return "" if near else f"if it is for the script, it stands under hyperparameters: {{{name[:40]}: …}}"
    return ""


def _setting(complaint: BindingComplaint, other: OtherName | None) -> str:
    """In a Defaults document: what stands there only, or the section of the kind, as it is called."""
    layer, _ = complaint.manifest.origin(complaint.path)
    data, name = layer.document.data, str(complaint.path[0])
    if not isinstance(data, dict) or data.get("kind") != "Defaults":
        return ""
    said = other.hint.partition(" ")[0] if other is not None else ""  # "vars stand in a Defaults document"
    if said in SETTINGS:
        return said
    if other is not None and other.field == "environment" and _is_map_of_maps(complaint.value):
        return "environments"
    sections = map(str, expected(fields_of(complaint.model)["kind"]))
    names = (*SETTINGS, *sections)
    return (
        nearest(name.removesuffix("s"), names) or "" if meant_field_at(complaint.model, complaint.path) is None else ""
    )


def _pair(complaint: BindingComplaint) -> str:
    other = other_half(complaint.model, complaint.data, complaint.path)
    return f"write {{name: {complaint.path[-1]}, {other}: …}}" if other else ""


def other_half(model: type[Part], data: Any, path: Path) -> str:
    """Of `loss` in `- loss: "loss=(.*)"`: what items of the list have beside their name, `regex`. Nothing where they
    have more."""
    part = part_at(model, path[:-1])
    needed = {name for name, field in part.fields.items() if field.required} if part is not None else set()
    for step in path[:-1]:
        data = data[step]
    if "name" not in needed or len(needed) != 2 or len(data) != 1 or not isinstance(data[path[-1]], str):
        return ""
    return min(needed - {"name"})


def fields_inside(model: type[Part], path: Path, value: Any) -> Iterator[str]:
    """The fields of the manifest that an unknown field's map holds, nearly all of whose names are such: those of the
    API's structures, of `spec:`, of the section of some tool's settings."""
    if not isinstance(value, Mapping) or len(path) != 1 or not value:
        return
    meaning = other_name(model, path)
    is_request = all(str(name)[:1].isupper() for name in value)  # the Parameters of a state, the Arguments of a step
    if meaning is not None and meaning.field and _is_map(model, meaning.field) and not is_request:
        return
    found = [_fields_of_one(model, str(name), inner) for name, inner in value.items()]
    strange, known = found.count(None), sum(map(bool, found))
    if known > 2 * strange:
        yield from dict.fromkeys(field for fields in found for field in fields or ())


def _fields_of_one(model: type[Part], name: str, value: Any) -> list[str] | None:
    """What one name in such a map stands for: a field, those in a structure of the API's, none of what is no field
    at all (a namespace of Kubernetes); None where that is unknown."""
    other, field = other_name(model, (name,)), meant_field_at(model, (name,))
    if name not in model.fields and (inside := list(fields_inside(model, (name,), value))):
        return inside
    if field is not None:
        return [field]
    return [] if other is not None else None


def _is_map(model: type[Part], field: str) -> bool:
    return field in model.fields and bare(fields_of(model)[field])["type"] in ("dict", "model", "model-fields")


def _is_channel(model: type[Part], name: str, value: Any) -> bool:
    if "channels" not in model.fields:
        return False
    channel = part_in(fields_of(model)["channels"])
    if isinstance(value, Mapping) and channel is not None:
        meanings = {meant_field_at(channel, (str(key),)) for key in value}
        return None not in meanings and not meanings.isdisjoint(_SOURCES)
    return name.lower() in _DATA and isinstance(value, str)


def _is_map_of_maps(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(isinstance(one, Mapping | None) for one in value.values())


def unindented(document: Document, model: type[Part], unknown: frozenset[Path]) -> dict[Path, str]:
    """Unknown fields that follow a map without a value → that map: lines that are not indented."""
    known = set(names_at(model, ()))
    found: dict[Path, str] = {}
    owner = ""
    for name, value in document.data.items() if isinstance(document.data, dict) else ():
        if value is None and name in known and name in model.fields:
            owner = name if _is_map(model, name) else ""
        elif (name,) in unknown and owner:
            found[name,] = owner
        else:
            owner = ""
    return found


def repeated_paths(owners: Mapping[Path, str]) -> set[Path]:
    """What needs no report beside the first line that is not indented: the map without a value, and further lines."""
    firsts = {owner: path for path, owner in reversed(list(owners.items()))}
    return {(owner,) for owner in firsts} | {path for path in owners if path not in firsts.values()}
