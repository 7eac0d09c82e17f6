"""What every piece of a manifest has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class Unknown(Exception):
    """A field was asked for whose value is wrong, so nothing can be said that depends on it."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class Part:
    """A strict, closed, frozen piece of a manifest.

    A subclass declares fields as a pydantic model does; the text under a field is its description in `schemas/`. What
    pydantic makes of the declarations is worked out beforehand (`model.build`), so that a manifest is
    validated without building models first: that takes longer than all the rest.

    An instance may be partial: a field whose value was wrong is then left out, and reading it raises `Unknown`.
    """

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")  # pydantic-core's

    __pydantic_fields_set__: set[str]
    defaults: ClassVar[Mapping[str, Any]]
    """Field → default, of those that have one."""
    fields: ClassVar[tuple[str, ...]]
    """Every field, in the order of the declarations."""

    def __init_subclass__(cls) -> None:
        declared = cls.__annotations__
        cls.fields = tuple(declared)
        cls.defaults = {name: vars(cls)[name] for name in declared if name in vars(cls)}
        for name in cls.defaults:
            delattr(cls, name)  # an instance without a value must not find the default

    def __init__(self) -> None:
        """All defaults; other instances come from `sagespec.reading.binding`."""
        self._fill(dict(self.defaults), set())

    @classmethod
    def partial(cls, values: Mapping[str, Any], unknown: set[str]) -> Any:
        """What is known of a part: a field that is `unknown` has no value, not even its default."""
        part = cls.__new__(cls)
        defaults = {name: value for name, value in cls.defaults.items() if name not in unknown}
        part._fill({**defaults, **values}, set(values))
        return part

    def _fill(self, values: dict[str, Any], given: set[str]) -> None:
        object.__setattr__(self, "__dict__", values)
        object.__setattr__(self, "__pydantic_fields_set__", given)

    def __getattr__(self, name: str) -> Any:
        if name in type(self).fields:
            raise Unknown(name)
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Of a part without lists and maps: one that can be hashed is no default that must be copied."""
        return hash(tuple(self.__dict__.values()))

    def members(self) -> Mapping[str, Any]:
        """Field → value, of those that are known."""
        return self.__dict__

    @property
    def fields_set(self) -> set[str]:
        """The fields that the author wrote, `null` ones included."""
        return self.__pydantic_fields_set__

    def given(self, *names: str) -> list[str]:
        """Those of `names` that the author gave a value (`null` is none)."""
        return [name for name in names if getattr(self, name) is not None and name in self.fields_set]
