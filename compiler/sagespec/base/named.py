"""`NamedTuple`: typing's, made in a third of the time.

A command makes a hundred of them before it does anything. typing compiles each annotation into a reference that nobody
follows, and collections compiles a constructor for each class and makes it methods of its own. Here annotations stay
the texts that they are, which `typing.get_type_hints` reads as well, constructors of equally many fields share their
code, and all classes their methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from collections import _tuplegetter
    from functools import cache
    from types import CodeType, FunctionType

    class _Maker(type):
        def __new__(cls, name, bases, namespace):
            if not bases:
                return super().__new__(cls, name, bases, namespace)
            fields = tuple(namespace.get("__annotations__", ()))
            defaults = {field: namespace[field] for field in fields if field in namespace}
            made = {field: _tuplegetter(number, None) for number, field in enumerate(fields)}
            made |= {"__slots__": (), "__match_args__": fields, "_fields": fields, "_field_defaults": defaults}
            made["__new__"] = _constructor(fields, tuple(defaults.values()))
            return type(name, (_Named,), {**namespace, **made})

    def _constructor(fields, defaults):
        code = _code(len(fields)).replace(co_varnames=("_cls", *fields))
        return FunctionType(code, _GLOBALS, "__new__", defaults)

    @cache
    def _code(count: int) -> CodeType:
        names = "".join(f"_{number}, " for number in range(count))
        return eval(f"lambda _cls, {names}: _new(_cls, ({names}))").__code__  # noqa: S307 - nobody else's text

    _GLOBALS = {"__builtins__": {}, "_new": tuple.__new__}

    class _Named(tuple):
        __slots__ = ()

        @classmethod
        def _make(cls, values):
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"{cls.__name__} has {len(cls._fields)} fields, not {len(made)}")
            return made

        def _replace(self, /, **changes):
            made = tuple.__new__(type(self), map(changes.pop, self._fields, self))
            if changes:
                raise TypeError(f"{type(self).__name__} has no {', '.join(changes)}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            values = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({values})"

        def __getnewargs__(self):
            return tuple(self)

    class NamedTuple(metaclass=_Maker):
        """A tuple whose items have names: see `typing.NamedTuple`."""


__all__ = ["NamedTuple"]
