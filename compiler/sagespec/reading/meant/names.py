"""Fields that there are not → those that their authors meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from sagespec.base.named import NamedTuple
from sagespec.base.source import Path
from sagespec.reading.core import ErrorDetails
from sagespec.reading.part import Part
from sagespec.reading.shape import field_at, part_in


def meant_field(model: type[Part], path: Path, detail: ErrorDetails) -> str | None:
    """The field that an unknown one stands for, as far as can be guessed: it is not missing then, only misspelt."""
    return meant_field_at(model, path) if detail["type"] == "extra_forbidden" else None


def meant_field_at(model: type[Part], path: Path) -> str | None:
    """The field that the name at the end of a path stands for: itself, its name here, or the nearest."""
    name = str(path[-1])
    renamed = model.renamed.get(name) if len(path) == 1 else None
    if renamed:
        return renamed
    other = other_name(model, path)
    if other or kind_with(model, path):
        return other.field if other else None
    counted = in_other_unit(model, path)
    if counted is not None:
        return counted[0]
    return nearest(name, tuple(names_at(model, path[:-1])))


def kind_with(model: type[Part], path: Path) -> str | None:
    """The other kind of manifests that has a field of this very name."""
    return model.other_kind(str(path[-1])) if len(path) == 1 else None


class OtherName(NamedTuple):
    """What people call a field elsewhere."""

    field: str | None
    """None where there is no such field here."""
    hint: str
    """What to write; empty where the field's name says it."""


def other_name(model: type[Part], path: Path) -> OtherName | None:
    part = part_at(model, path[:-1])
    return _other_names(part.other_names).get(letters(str(path[-1]))) if part else None


@lru_cache(maxsize=100)
def _other_names(lines: str) -> Mapping[str, OtherName]:
    known: dict[str, OtherName] = {}
    for line in lines.strip().replace("\n  ", " ").splitlines():
        left, _, names = line.rpartition(": ")
        field, _, hint = left.partition(" ")
        known |= dict.fromkeys(names.split(), OtherName(None if field == "-" else field, hint[1:-1]))
    return known


_UNITS = {
    **dict.fromkeys(("seconds", "secs", "sec"), "s"),
    **dict.fromkeys(("minutes", "mins", "min"), "m"),
    **dict.fromkeys(("hours", "hour", "hrs"), "h"),
    **dict.fromkeys(("days", "day"), "d"),
    **dict.fromkeys(("gigabytes", "gib", "gb"), "g"),
    **dict.fromkeys(("terabytes", "tib", "tb"), "t"),
}
"""How names end that say what they count → the unit as numbers have it."""


def in_other_unit(model: type[Part], path: Path) -> tuple[str, str] | None:
    """(field, unit) of a name that says in what it counts: `max_run_hours` is max_run, in hours."""
    name = letters(str(path[-1]))
    unit = next((word for word in _UNITS if name.endswith(word)), None)
    if unit is None:
        return None
    bare_name = name.removesuffix(unit).removesuffix("in")
    other = other_name(model, (*path[:-1], bare_name))
    same = (field for field in names_at(model, path[:-1]) if letters(field) == bare_name)
    field = next(same, other.field if other else None)
    return None if field is None else (field, _UNITS[unit])


def names_at(model: type[Part], path: Path) -> list[str]:
    """What may stand in the map at `path`."""
    part = part_at(model, path)
    if part is model and not path:
        return [*model.fields, "matrix"]
    return list(part.fields) if part else []


def part_at(model: type[Part], path: Path) -> type[Part] | None:
    found = field_at(model, path) if path else None
    return model if not path else part_in(found.shape) if found else None


@lru_cache(maxsize=10_000)
def nearest(name: str, known: tuple[str, ...]) -> str | None:
    """The name that was probably meant; InstanceType and instance-type are instance_type."""
    from difflib import get_close_matches

    bare_name = letters(name)
    same = next((field for field in known if letters(field) == bare_name), None)
    return same or next(iter(get_close_matches(name[:60], known, 1, 0.7)), None)


@lru_cache(maxsize=1_000)
def letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
