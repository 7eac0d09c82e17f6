"""Data → the typed model of its kind; where some of it is wrong, what is left of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from sagespec.base.diagnostic import MOST, Diagnostic
from sagespec.base.source import Path
from sagespec.reading.constraints import Shape
from sagespec.reading.core import ErrorDetails
from sagespec.reading.part import Part
from sagespec.reading.render import Manifest
from sagespec.reading.shape import bare, fields_of, lone_values, part_in, shape_of_part
from sagespec.reading.validation import fits, is_given, judged, validated

P = TypeVar("P", bound=Part)


class Bound(Generic[P]):
    """A manifest's data as its kind's model, and what the model had to say.

    With errors the model is partial: reading a wrong field raises `Unknown`.
    """

    __slots__ = ("diagnostics", "manifest", "model")

    def __init__(self, manifest: Manifest, model: P, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        self.manifest = manifest
        self.model = model
        self.diagnostics = diagnostics

    @property
    def whole(self) -> bool:
        """Every field of the model is known."""
        return not self.diagnostics and not self.manifest.unknown


def bind(manifest: Manifest, model: type[P]) -> Bound[P]:
    """A manifest's data as an instance of `model`."""
    manifest, data = _with_names(manifest, model)
    made, wrong = judged(shape_of_part(model), data)
    if not wrong and not manifest.unknown:
        return Bound(manifest, made)
    from sagespec.reading.meant.names import meant_field  # only what is wrong needs these
    from sagespec.reading.wording import BindingComplaint, diagnosed

    known = {path: detail for path, detail in wrong.items() if not _depends(path, manifest.unknown)}
    above = {path[:length] for path in known for length in range(len(path))}
    kept, counts = _first_of_each_kind(
        {path: detail for path, detail in known.items() if detail["type"] != "literal_error" or path not in above}
    )  # of `false` or a map, a map is meant where one is written
    misspelt = {
        (*path[:-1], name) for path, detail in kept.items() if (name := meant_field(model, path, detail)) is not None
    }
    owners: dict[Path, str] = {}
    unknown = frozenset(path for path, detail in kept.items() if detail["type"] == "extra_forbidden")
    if unknown:
        from sagespec.reading.meant import places

        owners = places.unindented(manifest.document, model, unknown)
        inside = ((field,) for path in unknown for field in places.fields_inside(model, path, kept[path]["input"]))
        misspelt.update(inside)
        for path in unknown:
            other = places.other_half(model, data, path)
            misspelt |= {(*path[:-1], "name"), (*path[:-1], other)} if other else set()
        kept = {path: detail for path, detail in kept.items() if path not in places.repeated_paths(owners)}
    misspelt = {path for path in misspelt if not is_given(data, path)}
    if ("apiVersion",) in kept:  # reported with it
        kept = {path: detail for path, detail in kept.items() if path != ("kind",) or detail["type"] != "missing"}
    kept = {path: detail for path, detail in kept.items() if detail["type"] != "missing" or path not in misspelt}
    complaints = (
        diagnosed(BindingComplaint(manifest, model, data, path, detail, owners.get(path, "")))._replace(
            stands_for=counts[path]
        )
        for path, detail in kept.items()
    )
    rest = _partial(model, data, frozenset(wrong) | manifest.unknown | misspelt)
    return Bound(manifest, rest, tuple(complaints))


def _first_of_each_kind(wrong: Mapping[Path, ErrorDetails]) -> tuple[Mapping[Path, ErrorDetails], Mapping[Path, int]]:
    """(the first `MOST` complaints of each type, how many each stands for): the last one counts the others, too."""
    kinds: dict[str, list[Path]] = {}
    for path, detail in wrong.items():
        kinds.setdefault(detail["type"], []).append(path)
    counts = {path: 1 for paths in kinds.values() for path in paths[:MOST]}
    counts |= {paths[MOST - 1]: len(paths) - MOST + 1 for paths in kinds.values() if len(paths) > MOST}
    return {path: detail for path, detail in wrong.items() if path in counts}, counts


def _with_names(manifest: Manifest, model: type[Part]) -> tuple[Manifest, Mapping[str, Any]]:
    """The data with lone values under their names, so that paths lead the same way through data and model."""
    data: Mapping[str, Any] = manifest.data
    for field, lone in lone_values(model).items():
        if field in data and lone.recognise(data[field]):
            data = {**data, field: {lone.name: data[field]}}
            manifest = manifest.named(field, lone.name)
    return manifest, data


def _depends(path: Path, unknown: frozenset[Path]) -> bool:
    """Whether a complaint is about a value that could not be rendered, which has been said already."""
    return any(path[:length] in unknown for length in range(len(path) + 1))


def _partial(model: type[P], data: Mapping[str, Any], wrong: frozenset[Path]) -> P:
    """The part that is left when the wrong values are taken out."""
    values: dict[str, Any] = {}
    missing: set[str] = set()
    below = _by_first_step(wrong)
    for name, field in fields_of(model).items():
        inside = below.get(name, frozenset())
        if not inside:
            if name in data:
                values[name] = validated(field["schema"], data[name])
            continue
        rest = None if () in inside or name not in data else _rest(field, data[name], inside)
        if rest is None:
            missing.add(name)
        else:
            values[name] = rest
    return model.partial(values, missing)


def _by_first_step(paths: Iterable[Path]) -> Mapping[str | int, frozenset[Path]]:
    """What is left of each path behind its first step, by that step."""
    below: dict[str | int, set[Path]] = {}
    for path in paths:
        if path:
            below.setdefault(path[0], set()).add(path[1:])
    return {step: frozenset(rest) for step, rest in below.items()}


def _rest(field: Shape, value: Any, wrong: frozenset[Path]) -> Any:
    """What is left of a nested part, or of a map of parts; None where nothing can be kept."""
    part = part_in(field)
    if part is None or not isinstance(value, dict):
        return None
    whole = bare(field)
    if whole["type"] != "dict":
        return _partial(part, value, wrong)
    if len(value) > whole.get("max_length", len(value)):
        return None
    result = {}
    below = _by_first_step(wrong)
    for key, item in value.items():
        inside = below.get(key, frozenset())
        only_its_name = inside == {()} and fits(whole["values_schema"], item)
        if not inside or only_its_name:
            result[key] = validated(whole["values_schema"], item)
        else:
            result[key] = _partial(part, item if isinstance(item, dict) else {}, inside | _all_of(part, item))
    return result


def _all_of(part: type[Part], value: Any) -> frozenset[Path]:
    """Every field, where a part is not even a map: then none of them is known."""
    return frozenset() if isinstance(value, dict) else frozenset((name,) for name in part.fields)
