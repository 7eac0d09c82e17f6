"""What a program changes: each change can be taken back, so that two ways through it can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.importing.following.values import ABSENT, Default, Either, Frame, InstanceOf, Library, Made
from sagespec.scripts.values.constants import UnknownValue

ITEMS = object()
"""The key of a list's whole content."""
Slot = tuple[int, Any]
PERHAPS = "perhaps"
"""The ways end differently: what follows may come, or not."""
LOOP_ENDS = ("break", PERHAPS)


class Way(NamedTuple):
    """One way through a part of a program, and where it has led."""

    ends: str | None
    """How it ends: `return`, `break`, `continue`, `raise`; None: it goes on."""
    after: dict[Slot, Any]


class Heap:
    """Every name, key, item and attribute that a program sets goes through here."""

    def __init__(self) -> None:
        self.births: dict[int, int] = {}
        self.kept: list[Any] = []  # so that no id is given twice
        self.journals: list[tuple[int, dict[Slot, tuple[Any, Any, Any]]]] = []

    def born(self, value: Any) -> None:
        """A dict, list or frame is there from now on."""
        if id(value) not in self.births:
            self.births[id(value)] = len(self.kept)
            self.kept.append(value)

    def set(self, owner: Any, key: Any, value: Any) -> None:
        """A dict's key, or with `ITEMS` a list's whole content; `ABSENT` takes a key out."""
        if self.journals:
            start, journal = self.journals[-1]
            if self.births.get(id(owner), -1) < start:
                journal.setdefault((id(owner), key), (owner, key, _content(owner, key)))
                if id(owner) not in self.births:
                    self.kept.append(owner)
        _put(owner, key, value)

    def ways(self, runs: Sequence[Callable[[], str | None]], frame: Frame, *, source: str) -> str | None:
        """Several ways of which one is taken: what they leave equal is known.

        Returns:
            How all of them end; None where one goes on, `perhaps` where a loop may have ended besides.
        """
        taken: list[Way] = []
        touched: dict[Slot, tuple[Any, Any, Any]] = {}
        for run in runs:
            ends, journal = self.tried(run)
            taken.append(Way(ends, {slot: _content(owner, key) for slot, (owner, key, _) in journal.items()}))
            self.take_back(journal)
            for slot, change in journal.items():
                touched.setdefault(slot, change)
        going = [way for way in taken if way.ends in (None, PERHAPS)]
        alive = [way for way in taken if way.ends != "raise"]
        for slot, (owner, key, before) in touched.items():
            local = owner is frame.names
            values = [way.after.get(slot, before) for way in (going if local and going else alive)]
            if values:
                self.set(owner, key, self.one_of(values, key, source))
        if going:
            return None if not any(way.ends in LOOP_ENDS for way in alive) else PERHAPS
        endings = {str(way.ends) for way in alive}
        return "raise" if not endings else endings.pop() if len(endings) == 1 else PERHAPS

    def tried(self, run: Callable[[], str | None]) -> tuple[str | None, dict[Slot, tuple[Any, Any, Any]]]:
        """A run, and what it has changed."""
        journal: dict[Slot, tuple[Any, Any, Any]] = {}
        self.journals.append((len(self.kept), journal))
        try:
            return run(), journal
        finally:
            self.journals.pop()

    def join(self, journal: dict[Slot, tuple[Any, Any, Any]]) -> None:
        """What a run has changed is a part of what the run around it changes."""
        if self.journals:
            start, outer = self.journals[-1]
            for slot, change in journal.items():
                if self.births.get(id(change[0]), -1) < start:
                    outer.setdefault(slot, change)

    def take_back(self, journal: dict[Slot, tuple[Any, Any, Any]]) -> None:
        for owner, key, before in reversed(list(journal.values())):
            _put(owner, key, before)

    def forget(self, journal: dict[Slot, tuple[Any, Any, Any]], source: str) -> None:
        """What a loop has changed may be anything."""
        for owner, key, before in list(journal.values()):
            if key is ITEMS:
                self.set(owner, ITEMS, [UnknownValue("items", source)])
                continue
            name = key if isinstance(key, str) and key.isidentifier() else "value"
            unknown = UnknownValue(name, name if isinstance(key, str) else source)
            self.set(owner, key, unknown if before is not ABSENT else Either(name, source, (ABSENT, unknown)))

    def one_of(self, values: Sequence[Any], key: Any, source: str) -> Any:
        """What is one of these."""
        first = values[0]
        if all(value is first or _same(value, first) for value in values[1:]):
            return first
        if key is ITEMS:
            return max(values, key=len) if _grown(values) else [UnknownValue("items", source)]
        name = key if isinstance(key, str) and key.isidentifier() else "value"
        flat: list[Any] = []
        for value in values:
            flat += value.ways if isinstance(value, Either) else [value]
        libraries = [value for value in flat if isinstance(value, Library)]
        if libraries and all(value in (None, ABSENT) for value in flat if not isinstance(value, Library)):
            return libraries[0]  # an import that may fail
        if all(isinstance(value, dict) for value in flat):
            return self.merged(flat, source)
        distinct: list[Any] = []
        for value in flat:
            if not any(value is other or _same(value, other) for other in distinct):
                distinct.append(value)
        return distinct[0] if len(distinct) == 1 else Either(name, source, distinct)

    def merged(self, maps: Sequence[dict[Any, Any]], source: str) -> dict[Any, Any]:
        """Maps of which one is meant: key by key."""
        keys = dict.fromkeys(key for each in maps for key in each)
        made = {key: self.one_of([each.get(key, ABSENT) for each in maps], key, source) for key in keys}
        self.born(made)
        return made


def _grown(lists: Sequence[list[Any]]) -> bool:
    """Whether lists differ in nothing but SDK objects at their ends: what happens with one is reported for each."""
    longest = max(lists, key=len)
    shortest = min(lists, key=len)
    extra = longest[len(shortest) :]
    return all(each == longest[: len(each)] for each in lists) and all(
        isinstance(one, Made | InstanceOf) for one in extra
    )


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, bool) != isinstance(other, bool):
        return False
    if isinstance(value, Default) or isinstance(other, Default):
        return value is other
    return bool(value == other)


def _content(owner: Any, key: Any) -> Any:
    return list(owner) if key is ITEMS else owner.get(key, ABSENT)


def _put(owner: Any, key: Any, value: Any) -> None:
    if key is ITEMS:
        owner[:] = value
    elif value is ABSENT:
        owner.pop(key, None)
    else:
        owner[key] = value
