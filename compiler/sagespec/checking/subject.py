"""What a rule is about: declared once, and handed to the rule's function as an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from sagespec.base.source import Path
from sagespec.checking.context import Context

C = TypeVar("C", bound=Context)
S = TypeVar("S")


class Subject(Generic[S, C]):
    """What rules are asked about: once for each instance that a manifest has, and not at all where it has none."""

    __slots__ = ("of", "words")

    def __init__(self, of: Callable[[C], Iterable[S]], words: Iterable[str] = ()) -> None:
        """
        Args:
            of: the instances in one manifest; raises `Unknown` where a wrong value hides them.
            words: where none of these is written (`Context.written`), there is certainly no instance. Empty: what is
                written does not tell.
        """
        self.of = of
        self.words = frozenset(words)


class Written(NamedTuple):
    """A value that the author wrote (null is none)."""

    path: Path
    value: Any
    owner: Any
    """What the value is a member of."""

    @property
    def name(self) -> Any:
        """The last step of the path: the field, the key in a map, or the index in a list."""
        return self.path[-1]


@cache
def field(*names: str) -> Subject[Written, Context]:
    """Each of these fields that has a value."""
    paths: dict[str, Path] = {name: (name,) for name in names}

    def written(context: Context) -> list[Written]:
        model, known = context.model, context.model.members()
        there = ((path, known[name]) for name, path in paths.items() if name in model.fields_set)
        return [Written(path, value, model) for path, value in there if value is not None]

    return Subject(written, names)


@cache
def item(*names: str) -> Subject[Written, Context]:
    """Each item of these fields, which are lists or maps; a map's items may be null."""
    fields = field(*names)

    def items(context: Context) -> list[Written]:
        return [
            Written((*found.path, key), value, found.value)
            for found in fields.of(context)
            for key, value in (found.value.items() if isinstance(found.value, dict) else enumerate(found.value))
        ]

    return Subject(items, names)
