"""Where a field's value was written, what it is, and where it lands in the request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.base.redact import redacted
from sagespec.base.source import Path
from sagespec.kinds import KINDS, kind_named
from sagespec.reading.render import Manifest
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


def origin(manifest: Manifest, field: str) -> Iterator[str]:
    """What `sagespec explain FILE FIELD` prints."""
    stated = manifest.data.get("kind")
    kind = kind_named(stated if stated in KINDS else "TrainingJob")
    path = path_of(field, manifest.data)
    name = str(path[0]) if path else ""
    value: Any = manifest.data
    for step in path:
        value = _item(value, step)
    written = len(manifest.origin(path)[1]) > 0 and value is not None
    if written:
        place = manifest.where(path)
        yield f"value    {printable(redacted(f'{field}: {json.dumps(value, ensure_ascii=False)}').partition(': ')[2])}"
        where = f"{place.source.name}:{place.span.line}:{place.span.column}"
        yield f"written  {where}  {printable(redacted(place.source.line(place.span.line).strip()))}"
    elif name in kind.model.fields:
        default = kind.model.fields[name].default
        shown = "nothing" if default is None or not isinstance(default, str | int | bool) else json.dumps(default)
        yield f"value    {shown}  (left out: the default)"
    else:
        yield f"value    nothing: '{field}' is no field and is not written"
        return
    if name in kind.elsewhere:
        yield f"lands    {kind.elsewhere[name]}"
    elif name == "hyperparameters" and len(path) > 1:
        yield f"lands    HyperParameters.{path[1]}"
    elif name == "environment" and len(path) > 1:
        yield f"lands    Environment.{path[1]}"
    else:
        yield f"lands    {', '.join(kind.members.get(name, ['nowhere']))}"
