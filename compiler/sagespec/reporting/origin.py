"""Where a field's value was written, what it is, and where it lands in the request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sagespec.base.redact import disclosed, redacted
from sagespec.base.source import Path
from sagespec.kinds import KINDS, Kind, kind_named, kind_of
from sagespec.reading.meant.names import meant_field_at
from sagespec.reading.render import Manifest
from sagespec.reading.shape import expected, fields_of
from sagespec.reporting.findings.diagnostics import printable


def path_of(field: str, data: Any) -> Path:
    """A field as people write it (`channels.train.s3_data`, `rules[0]`) as a path; keys may hold dots themselves."""
    path: list[str | int] = []
    while field:
        index = re.match(r"\[(\d+)\]\.?", field)
        if index and isinstance(data, list):
            step: str | int = int(index[1])
            field = field[index.end() :]
        else:
            keys = data if isinstance(data, Mapping) else {}
            fitting = [key for key in keys if field == key or field.startswith((f"{key}.", f"{key}["))]
            step = max(fitting, key=len, default=re.split(r"[.\[]", field, maxsplit=1)[0])
            field = field[len(step) :].removeprefix(".")
        path.append(step)
        data = _item(data, step)
    return tuple(path)


def _item(data: Any, step: str | int) -> Any:
    if isinstance(data, Mapping):
        return data.get(step)
    return data[step] if isinstance(data, list) and isinstance(step, int) and step < len(data) else None


def origins(manifests: Sequence[Manifest], field: str) -> Iterator[str]:
    """What `sagespec explain FILE FIELD` prints: for the jobs of a matrix, what is equal once."""
    jobs: dict[tuple[str, ...], list[str]] = {}
    for manifest in manifests:
        jobs.setdefault(tuple(origin(manifest, field)), []).append(str(manifest.data.get("name", "?")))
    for number, (lines, names) in enumerate(jobs.items()):
        if number:
            yield ""
        if len(manifests) > 1:
            yield f"jobs     {_listed(names)}" if len(jobs) > 1 else f"jobs     all {len(names)}"
        yield from lines


def overview(manifests: Sequence[Manifest]) -> Iterator[str]:
    """What `sagespec explain FILE` prints: every field that is written, its value, and where that stands."""
    rows: dict[str, tuple[dict[str, None], str]] = {}
    for manifest in manifests:
        for name, value in manifest.data.items():
            if name in ("apiVersion", "kind") or not manifest.origin((name,))[1]:
                continue
            place = manifest.where((name,))
            shown = json.dumps(disclosed(value, name), ensure_ascii=False)
            values, _ = rows.setdefault(name, ({}, f"{place.source.name}:{place.span.line}"))
            values[shown] = None
    if len(manifests) > 1:
        yield f"jobs  {_listed([str(manifest.data.get('name', '?')) for manifest in manifests])}"
    width = max(map(len, rows), default=0)
    for name, (values, where) in sorted(rows.items(), key=lambda row: _order(manifests[0], row[0])):
        yield printable(f"{name:<{width}}  {_listed(list(values), WIDEST)}  ({where})")


def _order(manifest: Manifest, name: str) -> int:
    """Where a field stands in the documentation; unknown ones last."""
    known = list(_kind_of(manifest).model.fields)
    return known.index(name) if name in known else len(known)


def _kind_of(manifest: Manifest) -> Kind:
    return kind_of(manifest.data) or kind_named(next(iter(KINDS)))


def _listed(texts: Sequence[str], widest: int = 200) -> str:
    """The texts in one line, as many as there is room for."""
    kept = list(texts)
    while len(kept) > 1 and len(", ".join(kept)) > widest:
        kept.pop()
    line = ", ".join(kept)
    line = line if len(line) <= widest else f"{line[: widest - 1]}…"
    return line + (f" and {len(texts) - len(kept)} more" if len(kept) < len(texts) else "")


WIDEST = 80
"""Characters of a value in the overview."""


def field_page(name: str) -> Iterator[str]:
    """What `sagespec explain FIELD` prints: what the field means, in every kind that has it."""
    for kind in map(kind_named, KINDS):
        field = kind.model.fields.get(name)
        if field is None:
            continue
        yield f"{name} (field of {kind.name})"
        yield ""
        yield field.doc
        choices = expected(fields_of(kind.model)[name])
        if choices:
            yield f"One of: {', '.join(value if isinstance(value, str) else json.dumps(value) for value in choices)}."
        shown = None if field.required or field.default in (None, {}, []) else json.dumps(field.default, default=str)
        yield f"Default: {shown}." if shown else "It must be given." if field.required else "It may be left out."
        yield f"Lands: {kind.elsewhere.get(name) or ', '.join(kind.members.get(name, ['nowhere']))}."
        yield ""


def field_meant(name: str) -> str:
    """What to say to someone who has typed a name that no field has; nothing where nobody knows."""
    found = (meant_field_at(kind_named(kind).model, (name,)) for kind in KINDS)
    meant = next(filter(None, found), None)
    return f"did you mean '{meant}'?" if meant else ""


def is_known(manifest: Manifest, field: str) -> bool:
    """Whether a field is one of the kind's, or is written all the same."""
    path = path_of(field, manifest.data)
    return bool(path) and (path[0] in _kind_of(manifest).model.fields or len(manifest.origin(path)[1]) > 0)


def origin(manifest: Manifest, field: str) -> Iterator[str]:
    """The same for one job."""
    kind = _kind_of(manifest)
    path = path_of(field, manifest.data)
    name = str(path[0]) if path else ""
    value: Any = manifest.data
    for step in path:
        value = _item(value, step)
    written = len(manifest.origin(path)[1]) > 0 and value is not None
    if written:
        place = manifest.where(path)
        yield f"value    {printable(json.dumps(disclosed(value, str(path[-1])), ensure_ascii=False))}"
        where = f"{place.source.name}:{place.span.line}:{place.span.column}"
        yield f"written  {where}  {printable(redacted(place.source.line(place.span.line).strip()))}"
    elif name in kind.model.fields:
        default = kind.model.fields[name].default
        shown = "nothing" if default is None or not isinstance(default, str | int | bool) else json.dumps(default)
        yield f"value    {shown}  (left out: the default)"
    else:
        yield f"value    nothing: '{field}' is not a field, and is not written"
        return
    if name in kind.elsewhere:
        yield f"lands    {kind.elsewhere[name]}"
    elif name == "hyperparameters" and len(path) > 1:
        yield f"lands    HyperParameters.{path[1]}"
    elif name == "environment" and len(path) > 1:
        yield f"lands    Environment.{path[1]}"
    else:
        yield f"lands    {', '.join(kind.members.get(name, ['nowhere']))}"
