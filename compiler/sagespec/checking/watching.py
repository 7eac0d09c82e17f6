"""Notes what is read of a manifest while it is judged: what a rule has not read cannot have decided its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from functools import cache
from typing import Any, TypeVar

from sagespec.reading.part import Part

P = TypeVar("P", bound=Part)
T = TypeVar("T")

WRITTEN = "@written"
"""Stands for all that is written; `@region` and their like for what else there is."""


class Watch:
    """What has been read of one manifest: names of fields, and what a context calls `inputs`, behind an `@`."""

    def __init__(self) -> None:
        self.read: set[str] = set()
        self._worked_out: dict[tuple[int, str], tuple[Any, set[str]]] = {}

    def lazy(self, owner: object, name: str, work: Callable[[Any], T]) -> T:
        """What is worked out once, and is read with all that it was made of whenever it is asked for."""
        key = (id(owner), name)
        if key not in self._worked_out:
            outer, self.read = self.read, set()
            try:
                self._worked_out[key] = work(owner), self.read
            finally:
                outer |= self.read
                self.read = outer
        value, read = self._worked_out[key]
        self.read |= read
        return value  # type: ignore[no-any-return]

    def known(self, owner: object, name: str) -> Any:
        """What has been worked out; None where it was not asked for."""
        return self._worked_out.get((id(owner), name), (None,))[0]


def watched(part: P, watch: Watch) -> P:
    """The same part, of which it is noted what is read."""
    made: Any = object.__new__(_watched(type(part)))  # type: ignore[arg-type]
    object.__setattr__(made, "own", part)
    object.__setattr__(made, "watch", watch)
    return made  # type: ignore[no-any-return]


class _Noting:
    """Goes before a part's own class. The instance itself holds no values, so that each is asked for here."""

    __slots__ = ()
    own: Part
    watch: Watch

    @property
    def fields_set(self) -> Set[str]:
        return WrittenNames(self.own.fields_set, self.watch)

    def __getattr__(self, name: str) -> Any:
        self.watch.read.add(name)
        return getattr(self.own, name)

    def members(self) -> Mapping[str, Any]:
        return _Members(self.own.members(), self.watch)


@cache
def _watched(part: type[Part]) -> type[Part]:
    return type(part.__name__, (_Noting, part), {"__slots__": ("own", "watch")})


class WrittenNames(Set[str]):
    """Names of what is written: who asks for one has read whether that field is written."""

    def __init__(self, names: Set[str], watch: Watch) -> None:
        self._names = names
        self._watch = watch

    def __contains__(self, name: object) -> bool:
        self._watch.read.add(str(name).partition(".")[0])
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        self._watch.read.add(WRITTEN)
        return iter(self._names)

    def __len__(self) -> int:
        self._watch.read.add(WRITTEN)
        return len(self._names)


class _Members(Mapping[str, Any]):
    def __init__(self, members: Mapping[str, Any], watch: Watch) -> None:
        self._members = members
        self._watch = watch

    def __getitem__(self, name: str) -> Any:
        self._watch.read.add(name)
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        self._watch.read.update(self._members)
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


class Input:
    """An attribute of a context of which it is noted that it is read."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        instance.watch.read.add(f"@{self.name}")
        return vars(instance)[self.name]

    def __set__(self, instance: Any, value: Any) -> None:
        vars(instance)[self.name] = value
