"""What a rule is about: declared once, and handed to the rule's function as an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Generic, TypeVar

from sagespec.base.named import NamedTuple
from sagespec.base.source import Path
from sagespec.checking.context import Context

C = TypeVar("C", bound=Context)
S = TypeVar("S")


class Subject(Generic[S, C]):
    """What rules are asked about: once for each instance that a manifest has, and not at all where it has none."""

    __slots__ = ("of", "shared", "words")

    def __init__(self, of: Callable[[C], Sequence[S]], words: Iterable[str] = (), *, shared: bool = False) -> None:
        """
        Args:
            of: the instances in one manifest; raises `Unknown` where a wrong value hides them. Asked only where one
                of `words` is written.
            words: where none of these is written (`Context.written`), there is certainly no instance. Empty: what is
                written does not tell.
            shared: its instances are `Shared` objects.
        """
        self.of = of
        self.shared = shared
        self.words = frozenset(words)


class Shared:
    """What many manifests may have in common, as one object: rules about it see it alone, and are asked about it once.

    No two subjects have one such object.
    """

    __slots__ = ("said",)

    def __init__(self) -> None:
        self.said: Any = None
        """What rules have found in it; None before they were asked."""


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
def field(*names: str, beside: str = "") -> Subject[Written, Context]:
    """Each of these fields that has a value; with `beside`, only where that field is written, too."""
    paths: list[tuple[str, Path]] = [(name, (name,)) for name in names]
    first, path_of_first = paths[0]

    def one(context: Context) -> tuple[Written, ...]:
        model = context.model
        value = model.members()[first]
        return () if value is None else (Written(path_of_first, value, model),)

    def several(context: Context) -> list[Written]:
        model, written = context.model, context.written
        known = model.members()
        return [
            Written(path, value, model)
            for name, path in paths
            if name in written and (value := known[name]) is not None
        ]

    return Subject(several if names[1:] else one, [beside] if beside else names)


@cache
def item(*names: str) -> Subject[Written, Context]:
    """Each item of these fields, which are lists or maps; a map's items may be null."""
    fields = field(*names)

    def items(context: Context) -> list[Written]:
        return [
            Written((path[0], key), value, whole)
            for path, whole, _ in fields.of(context)
            for key, value in (whole.items() if isinstance(whole, dict) else enumerate(whole))
        ]

    return Subject(items, names)
