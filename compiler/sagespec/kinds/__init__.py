"""The kinds of manifests. Each is imported when the first manifest of it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from sagespec.kinds.kind import Kind
from sagespec.reading.render import Vocabulary

KINDS = {"TrainingJob": "training_job", "Endpoint": "endpoint"}
"""`kind:` → the package whose module `kind` has it, as `KIND`."""


@cache
def kind_named(name: str) -> Kind:
    """KeyError: there is no such kind."""
    kind: Kind = import_module(f"sagespec.kinds.{KINDS[name]}.kind").KIND
    return kind


def kind_of(data: object) -> Kind | None:
    """The kind of a manifest; None where it states one that there is not. One that states none is of the kind that has
    most of its fields."""
    written = data if isinstance(data, Mapping) else {}
    stated = written.get("kind")
    if isinstance(stated, str):
        return kind_named(stated) if stated in KINDS else None
    return kind_named(max(KINDS, key=lambda name: sum(_has(field)(name) for field in written)))


@cache
def vocabulary_of(name: str) -> Vocabulary:
    """What a kind's manifests take from a Defaults document. KeyError: there is no such kind."""
    own = frozenset(kind_named(name).model.fields)
    return Vocabulary(name, lambda key: key in KINDS or (key not in own and any(map(_has(key), _others(name)))))


def other_kind_with(field: str, name: str) -> str | None:
    """The kind whose manifests have a field that those of the kind of this name do not have."""
    return None if _has(field)(name) else next(filter(_has(field), _others(name)), None)


def _others(name: str) -> list[str]:
    return [other for other in KINDS if other != name]


def _has(field: str) -> Callable[[str], bool]:
    return lambda kind: field in kind_named(kind).model.fields


__all__ = ["KINDS", "Kind", "kind_named", "kind_of", "other_kind_with", "vocabulary_of"]
