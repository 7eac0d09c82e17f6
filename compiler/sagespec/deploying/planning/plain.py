"""Values ⇄ plain data, by the types of their fields: what is added to a type one day is saved without another word."""

from __future__ import annotations

import dataclasses
import os
import types
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from sagespec.building.archive import Contents
from sagespec.building.cost import Prices
from sagespec.building.dataset import Dataset
from sagespec.building.local_model import ArchiveFile, RepackedFile
from sagespec.building.model_archive import RepackedModel
from sagespec.deploying.planning.changed_files import ChangedFiles
from sagespec.deploying.planning.differ import Difference
from sagespec.deploying.planning.jobs.reruns import Rerun
from sagespec.deploying.planning.observed import Observed, ObservedEndpoint, ObservedJob, Revision

_OF_ANY = {
    cls.__name__: cls
    for cls in (Contents, Dataset, RepackedModel, RepackedFile, ArchiveFile, ObservedEndpoint, ObservedJob)
}
"""What says its own type, in a field that takes others too."""
_LAZY = {cls.__name__: cls for cls in (ChangedFiles, Contents, Difference, Observed, Prices, Rerun, Revision)}
"""Types of fields that their modules import for type checkers alone."""
_TYPE = "$type"
_NEEDED = object()
"""The default of a field that must be given."""
LEFT_OUT = frozenset(
    {
        ("ObservedJob", "body"),
        ("ObservedEndpoint", "body"),
        ("ObservedEndpoint", "model_body"),
        ("ObservedEndpoint", "config_body"),
    }
)
"""Fields that are not saved: the service's whole answers, which are looked at again."""


def to_plain(value: Any) -> Any:
    """A value as JSON has it. Fields that are as they would be without being given are left out."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return _relative(value)
    cls: Any = type(value)
    if _defaults_of(cls) is not None:
        name = cls.__name__
        kind = {_TYPE: name} if name in _OF_ANY else {}
        return kind | {field: to_plain(item) for field, item in _given(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: Any, data: Any) -> Any:
    """The value of a type that plain data stand for.

    Raises:
        TypeError, ValueError, KeyError: they stand for none.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return _revived(data)
    if isinstance(kind, type) and isinstance(data, dict) and _TYPE in data:
        return _of_kind(kind, _revived(data))
    if origin in (Union, types.UnionType):
        return None if data is None else from_plain(next(one for one in arguments if one is not type(None)), data)
    if origin is tuple:
        items = _checked(list, data)
        if arguments[-1] is not Ellipsis and len(arguments) != len(items):
            raise ValueError(f"{len(items)} items where there are {len(arguments)}")
        each = [arguments[0]] * len(items) if arguments[-1] is Ellipsis else arguments
        return tuple(from_plain(one, item) for one, item in zip(each, items, strict=True))
    if origin in (Mapping, dict):
        return {key: from_plain(arguments[1], item) for key, item in _checked(dict, data).items()}
    if origin in (Sequence, list):
        return [from_plain(arguments[0], item) for item in _checked(list, data)]
    if origin is frozenset:
        return frozenset(from_plain(arguments[0], item) for item in _checked(list, data))
    if _defaults_of(kind) is not None:
        return _made(kind, _checked(dict, data))
    if issubclass(kind, Path | Enum):
        return kind(data)
    return float(_checked((int, float), data)) if kind is float else _checked(kind, data)


def _given(value: Any) -> Iterator[tuple[str, Any]]:
    """(field, value), but for those that are as they would be without being given."""
    cls: Any = type(value)
    for field, default in (_defaults_of(cls) or {}).items():
        item = getattr(value, field)
        if (cls.__name__, field) not in LEFT_OUT and not (default is not _NEEDED and default == item):
            yield field, item


@cache
def _defaults_of(kind: Any) -> Mapping[str, Any] | None:
    """Field → what it is without being given, of a dataclass or a named tuple; None of another type."""
    if dataclasses.is_dataclass(kind):
        return {field.name: _default_of(field) for field in dataclasses.fields(kind)}
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_field_defaults"):
        return {name: kind._field_defaults.get(name, _NEEDED) for name in getattr(kind, "_fields")}  # noqa: B009
    return None


def _default_of(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _NEEDED if field.default is dataclasses.MISSING else field.default


def _made(kind: Any, data: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    given = {name: value for name, value in data.items() if name != _TYPE}
    if unknown := sorted(set(given) - set(hints)):
        raise ValueError(f"{kind.__name__} has no {', '.join(unknown)}")
    return kind(**{name: from_plain(hints[name], value) for name, value in given.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, localns=_LAZY)


def _revived(data: Any) -> Any:
    if isinstance(data, dict) and _TYPE in data:
        return _made(_OF_ANY[data[_TYPE]], data)
    return data


def _of_kind(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} where {kind.__name__} is wanted")
    return value


def _checked(kind: Any, data: Any) -> Any:
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise TypeError(f"{data!r} where {kind} is wanted")
    return data


def _relative(path: Path) -> str:
    """Relative to the working directory where it lies below it."""
    here = Path.cwd()
    whole = Path(os.path.normpath(here / path))
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else whole.as_posix()
