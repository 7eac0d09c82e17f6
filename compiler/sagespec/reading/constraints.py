"""What an annotation says of a value beyond its type: `Annotated[str, Limits(max_length=64), Described("a name")]`.

Each constraint lays itself around a shape, in the order in which the annotation names them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Shape: TypeAlias = "dict[str, Any]"
"""What a value must be, in the form of pydantic's core. Source: pydantic_core.core_schema."""


class Limits:
    """Bounds of a number (inclusive), of the length of a string (in characters), list or map, and a string's pattern.

    The pattern is searched for, so it needs its own ^ and $; its dialect is that of Rust's regex.
    """

    def __init__(
        self,
        *,
        ge: int | None = None,
        le: int | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        pattern: str | None = None,
    ) -> None:
        limits = {"ge": ge, "le": le, "min_length": min_length, "max_length": max_length, "pattern": pattern}
        self.limits = {name: limit for name, limit in limits.items() if limit is not None}

    def around(self, shape: Shape) -> Shape:
        return {**shape, **self.limits}


class Described:
    """What people are shown of a type."""

    def __init__(
        self,
        title: str = "",
        *examples: Any,
        correct: Callable[[str], str | None] | None = None,
        suggest: Callable[[Any], str] | None = None,
        caution: str = "",
    ) -> None:
        self.title = title
        """Says what a value must be, after "must be": `an S3 URI`."""
        self.examples = examples
        self.correct = correct
        """A text that is written instead → the string that it certainly means; None where nobody can know."""
        self.suggest = suggest
        """A wrong value → what may be written instead, as a hint; empty where nothing can be said."""
        self.caution = caution
        """Why a string of this type must be in quotes."""

    def around(self, shape: Shape) -> Shape:
        return {**shape, "metadata": {"described": self}}


class Before:
    """A function that reads another form of a value: it is called with what is written, before the type is judged."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def around(self, shape: Shape) -> Shape:
        return {
            "type": "function-before",
            "function": {"type": "no-info", "function": self.function},
            "schema": shape,
            "metadata": {"before": self},
        }


class Lone(Before):
    """One value in place of a map of such values: it is the one of this name.

    Args:
        name: its key in the map.
        recognise: whether a value that is written is such a value, and not a map of them.
    """

    def __init__(self, name: str, recognise: Callable[[Any], bool]) -> None:
        super().__init__(lambda value: {name: value} if recognise(value) else value)
        self.name = name
        self.recognise = recognise
