"""`NamedTuple`: typing's, made in less than half the time.

A command makes a hundred of them before it does anything. typing compiles each annotation into a reference that nobody
follows; here they stay the texts that they are, which `typing.get_type_hints` reads as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from collections import namedtuple

    class _Maker(type):
        def __new__(cls, name, bases, namespace):
            if not bases:
                return super().__new__(cls, name, bases, namespace)
            fields = namespace.get("__annotations__", {})
            defaults = [namespace[field] for field in fields if field in namespace]
            made = namedtuple(name, fields, defaults=defaults, module=namespace["__module__"])
            made.__annotations__ = fields
            for key, value in namespace.items():
                if key not in fields and key not in _ITS_OWN:
                    setattr(made, key, value)
            return made

    _ITS_OWN = frozenset({"__annotations__", "__module__", "__static_attributes__", "__firstlineno__"})

    class NamedTuple(metaclass=_Maker):
        """A tuple whose items have names: see `typing.NamedTuple`."""


__all__ = ["NamedTuple"]
