"""What every piece of a manifest has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from functools import cache
from typing import Any, ClassVar, NoReturn, TypeVar, get_origin, overload

T = TypeVar("T")
P = TypeVar("P", bound="Part")
_new, _set = object.__new__, object.__setattr__


class Unknown(Exception):
    """A field was asked for whose value is wrong, so nothing can be said that depends on it."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class Field:
    """One field of a part, as its class declares it."""

    __slots__ = ("annotation", "default", "doc", "form", "hint", "required")

    annotation: Any
    """Its type, with constraints."""

    def __init__(self, doc: str, default: Any, required: bool, hint: str, form: str) -> None:
        self.doc = doc
        """What it means, for people."""
        self.default = default
        self.required = required
        self.hint = hint
        """What to write, where people know the value in another form."""
        self.form = form
        """What the names in it, or the strings of a list, must be: said where their type has no title."""


@overload
def field(doc: str, *, hint: str = "", form: str = "") -> Any: ...
@overload
def field(doc: str, default: T, *, hint: str = "", form: str = "") -> T: ...
def field(doc: str, default: Any = ..., *, hint: str = "", form: str = "") -> Any:
    """Declares a field of a part; without a default it is required."""
    return Field(doc, default, default is ..., hint, form)


class Part:
    """A strict, closed, frozen piece of a manifest.

    A subclass declares fields by annotations, as a dataclass does: `seed: int = field("Seed of the shuffle.")`. It has
    those of its bases, too. `sagespec.reading.shape` makes of them what pydantic's core validates by. Annotations are
    values here, not texts: a file with parts does without `from __future__ import annotations`.

    An instance may be partial: a field whose value was wrong is then left out, and reading it raises `Unknown`.
    """

    __slots__ = ("__dict__", "fields_set")

    fields_set: set[str]
    """The fields that the author wrote, `null` ones included."""
    fields: ClassVar[Mapping[str, Field]] = {}
    """Every field by its name, in the order of the declarations, those of bases first."""
    renamed: ClassVar[Mapping[str, str]] = {}
    """Names that fields have elsewhere → their names here."""
    renaming: ClassVar[str] = "'{old}' is called '{new}' here"
    """What is said of such a name."""
    other_names: ClassVar[str] = ""
    """Lines `field (what to write): names`: what people call fields elsewhere, in small letters without marks."""
    other_kind: ClassVar[Callable[[str], str | None]] = staticmethod(lambda field: None)
    """A field's name → the other kind of manifests that has it, of a kind's own model."""

    def __init_subclass__(cls) -> None:
        own = {}
        for name, annotation in cls.__annotations__.items():
            origin: Any = get_origin(annotation)
            if ClassVar not in (annotation, origin):
                own[name] = declared = vars(cls)[name]
                declared.annotation = annotation
                delattr(cls, name)  # an instance without a value must not find the declaration
        cls.fields = {**cls.fields, **own}

    def __init__(self) -> None:
        """All defaults; other instances come from `sagespec.reading.binding`."""
        self._fill(self._defaults(), set())

    @classmethod
    def made(cls: type[P], parts: tuple[dict[str, Any], Any, set[str]]) -> P:
        """The instance of what pydantic's core has validated: its values, nothing, and the fields that were given."""
        part = _new(cls)
        _set(part, "__dict__", parts[0])
        _set(part, "fields_set", parts[2])
        return part

    @classmethod
    def partial(cls: type[P], values: Mapping[str, Any], unknown: set[str]) -> P:
        """What is known of a part: a field that is `unknown` has no value, not even its default."""
        known = {name: value for name, value in cls._defaults().items() if name not in unknown} | dict(values)
        part = _new(cls if len(known) == len(cls.fields) else _lacking(cls))  # type: ignore[arg-type]  # of hash()
        part._fill(known, set(values))
        return part

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        known = {name: field.default for name, field in cls.fields.items() if not field.required}
        return {name: value.copy() if isinstance(value, dict | list) else value for name, value in known.items()}

    def _fill(self, values: dict[str, Any], given: set[str]) -> None:
        _set(self, "__dict__", values)
        _set(self, "fields_set", given)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Of a part without lists and maps: one that can be hashed is not a default that must be copied."""
        return hash(tuple(self.__dict__.values()))

    def members(self) -> Mapping[str, Any]:
        """Field → value, of those that are known."""
        return self.__dict__

    def touched(self) -> Set[str]:
        """The fields that the author wrote, and those whose value is wrong: the others have their defaults."""
        known = self.members()
        if len(known) == len(self.fields):
            return self.fields_set
        return self.fields_set | (self.fields.keys() - known.keys())

    def given(self, *names: str) -> list[str]:
        """Those of `names` that the author gave a value (`null` is none)."""
        return [name for name in names if getattr(self, name) is not None and name in self.fields_set]


@cache
def _lacking(part: type[Any]) -> type[Any]:
    """The class of instances that lack a field. The others do without `__getattr__`: it makes Python slow to find what
    is there, too."""
    return type(part.__name__, (part,), {"__getattr__": _unknown})


def _unknown(part: Part, name: str) -> NoReturn:
    if name in part.fields:
        raise Unknown(name)
    raise AttributeError(f"{type(part).__name__} has no {name}")
