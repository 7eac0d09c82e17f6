"""Jobs that a loop over known values starts → one manifest with a matrix."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

from sagespec.importing.draft import ManifestDraft
from sagespec.importing.following.library import Start

MARK = "\0"


def folded(jobs: Sequence[tuple[Start, ManifestDraft]]) -> list[tuple[ManifestDraft, list[Start]]]:
    """The drafts, those of one loop as one where a matrix says the same; with the starts that each stands for."""
    groups: dict[Any, list[tuple[Start, ManifestDraft]]] = {}
    for number, (start, draft) in enumerate(jobs):
        loops = tuple((loop, name) for loop, name, _ in start.loops)
        made = start.made.node if start.made is not None else None
        groups.setdefault((id(start.node), id(made), loops) if loops else number, []).append((start, draft))
    result: list[tuple[ManifestDraft, list[Start]]] = []
    for group in groups.values():
        one = _one(group) if len(group) > 1 else None
        starts = [start for start, _ in group]
        result += [(one, starts)] if one is not None else [(draft, [start]) for start, draft in group]
    return result


def _one(group: Sequence[tuple[Start, ManifestDraft]]) -> ManifestDraft | None:
    """The manifest that gives each of these jobs; None where there is none."""
    bindings = [{name: value for _, name, value in start.loops} for start, _ in group]
    names = [
        name for name in bindings[0] if all(isinstance(each.get(name), str | int | float | bool) for each in bindings)
    ]
    matrix = {name: list(dict.fromkeys(each[name] for each in bindings)) for name in names}
    matrix = {name: values for name, values in matrix.items() if len(values) > 1}
    combinations = [tuple(each[name] for name in matrix) for each in bindings]
    if not matrix or len(combinations) != prod(map(len, matrix.values())):
        return None
    if set(combinations) != set(product(*matrix.values())):
        return None
    first = group[0][1]
    drafts = [draft for _, draft in group]
    if any(set(draft.notes) != set(first.notes) or len(draft.remarks) != len(first.remarks) for draft in drafts):
        return None
    own = [{name: each[name] for name in matrix} for each in bindings]
    data = _template([{key: value for key, value in draft.data.items() if key != "name"} for draft in drafts], own)
    if data is None or _has_expressions(drafts):
        return None
    name = _template([draft.data["name"] for draft in drafts], own)
    if not isinstance(name, str) or any(f"matrix.{key}" not in name for key in matrix):
        base = drafts[0].data["name"] if len({draft.data["name"] for draft in drafts}) == 1 else _common(drafts)
        name = "-".join([base, *(f"{{{{ matrix.{key} }}}}" for key in matrix)])
    return replace(first, data={"name": name, "matrix": matrix, **data})


def _common(drafts: Sequence[ManifestDraft]) -> str:
    """The words that the names of jobs begin with alike."""
    words = [str(draft.data["name"]).split("-") for draft in drafts]
    same: list[str] = []
    for each in zip(*words, strict=False):
        if len(set(each)) > 1:
            break
        same.append(each[0])
    return "-".join(same) or "job"


def _has_expressions(drafts: Sequence[ManifestDraft]) -> bool:
    """Whether what was uncertain differs from job to job: then each has to be reported by itself."""
    return any(list(draft.notes.values()) != list(drafts[0].notes.values()) for draft in drafts)


def _template(values: Sequence[Any], bindings: Sequence[Mapping[str, Any]]) -> Any:
    """What gives each of these values with the names of its job; None where nothing does."""
    first = values[0]
    if all(type(value) is type(first) and value == first for value in values):
        return first
    if all(isinstance(value, dict) and list(value) == list(first) for value in values):
        made = {key: _template([value[key] for value in values], bindings) for key in first}
        return None if any(made[key] is None and first[key] is not None for key in made) else made
    if all(isinstance(value, list) and len(value) == len(first) for value in values):
        items = [_template([value[index] for value in values], bindings) for index in range(len(first))]
        return None if any(item is None and one is not None for item, one in zip(items, first, strict=True)) else items
    for name in bindings[0]:
        if all(
            type(value) is type(own[name]) and value == own[name] for value, own in zip(values, bindings, strict=True)
        ):
            return f"{{{{ matrix.{name} }}}}"
    return _text_template(values, bindings) if all(isinstance(value, str) for value in values) else None


def _text_template(values: Sequence[str], bindings: Sequence[Mapping[str, Any]]) -> str | None:
    made = set()
    for value, own in zip(values, bindings, strict=True):
        text = value
        for name in sorted(own, key=lambda one: -len(str(own[one]))):
            if str(own[name]) and not isinstance(own[name], bool):
                text = _outside(text, str(own[name]), name)
        made.add(text)
    if len(made) != 1:
        return None
    return re.sub(f"{MARK}(.*?){MARK}", r"{{ matrix.\1 }}", made.pop())


def _outside(text: str, old: str, name: str) -> str:
    """Replaces outside of what is replaced already."""
    parts = re.split(f"({MARK}.*?{MARK})", text)
    return "".join(part if part.startswith(MARK) else part.replace(old, f"{MARK}{name}{MARK}") for part in parts)
