"""Tells all that does not meet the request's schema, where `api_fits` only says whether something does not.

It reads exactly the keywords that `api_schema` writes, as a general validator does: this one needs no other library, of
which each takes longer to import than a manifest to judge. jsonschema is the witness in tests/test_api.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.catalog.api_fits import Schema, for_ascii, maker, utf16_length

Path = tuple[str | int, ...]


class Misfit(NamedTuple):
    """One keyword of the schema that a value does not meet."""

    path: Path
    """Where the value is."""
    keyword: str
    limit: Any
    """What the schema has under the keyword; of `required`, the one name that is missing."""
    value: Any
    node: Schema
    """The part of the schema that has the keyword."""


class Misfits:
    """All misfits of values, told in the schema's order."""

    def __init__(self, schema: Schema) -> None:
        self._schema, self._make = schema, maker(schema)

    def of(self, value: Any) -> Iterator[Misfit]:
        return self._in(self._schema, value, ())

    def _in(self, node: Schema, value: Any, path: Path) -> Iterator[Misfit]:
        if "$ref" in node:
            node = self._schema["$defs"][node["$ref"].rpartition("/")[2]]
        for keyword, limit in node.items():
            if keyword in MEETS:
                if not MEETS[keyword](value, limit):
                    yield Misfit(path, keyword, limit, value, node)
            elif keyword in INSIDE:
                yield from INSIDE[keyword](self, node, value, path)

    def _required(self, node: Schema, value: Any, path: Path) -> Iterator[Misfit]:
        missing = [name for name in node["required"] if name not in value] if isinstance(value, dict) else []
        yield from (Misfit(path, "required", name, value, node) for name in missing)

    def _if(self, node: Schema, value: Any, path: Path) -> Iterator[Misfit]:
        (instead,) = node["if"]["not"]["required"]
        if isinstance(value, dict) and instead not in value:
            yield from self._in(node["then"], value, path)

    def _properties(self, node: Schema, value: Any, path: Path) -> Iterator[Misfit]:
        for name, inner in node["properties"].items() if isinstance(value, dict) else ():
            if name in value:
                yield from self._in(inner, value[name], (*path, name))

    # Of a list or a map no more entries are judged than it may have, and only those that do not fit: of one with more,
    # its size is told.

    def _items(self, node: Schema, value: Any, path: Path) -> Iterator[Misfit]:
        items = value[: node.get("maxItems")] if isinstance(value, list) else []
        fits = self._make(node["items"])
        for index, item in enumerate(items):
            if not fits(item):
                yield from self._in(node["items"], item, (*path, index))

    def _names(self, node: Schema, value: Any, path: Path) -> Iterator[Misfit]:
        fits = self._make(node["propertyNames"])
        for name in _entries(node, value):
            if not fits(name):
                yield from self._in(node["propertyNames"], name, (*path, str(name)))

    def _additional(self, node: Schema, value: Any, path: Path) -> Iterator[Misfit]:
        if node["additionalProperties"] is False:
            if isinstance(value, dict) and not value.keys() <= node["properties"].keys():
                yield Misfit(path, "additionalProperties", False, value, node)
            return
        fits = self._make(node["additionalProperties"])
        for name in _entries(node, value):
            if not fits(value[name]):
                yield from self._in(node["additionalProperties"], value[name], (*path, name))


def _entries(node: Schema, value: Any) -> Iterator[Any]:
    return islice(value, node.get("maxProperties")) if isinstance(value, dict) else iter(())


def _text(meets: Callable[[str, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, limit: not isinstance(value, str) or meets(value, limit)


def _number(meets: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, limit: isinstance(value, bool) or not isinstance(value, int | float) or meets(value, limit)


TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


def _is_of_type(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (not isinstance(value, bool) or name == "boolean")


MEETS: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": _is_of_type,
    "not": lambda _value, _limit: False,  # it stands for all that there is
    "enum": lambda value, values: value in values,
    "pattern": _text(lambda text, regex: re.search(for_ascii(regex) if text.isascii() else regex, text) is not None),
    "minLength": _text(lambda text, least: utf16_length(text) >= least),
    "maxLength": _text(lambda text, most: utf16_length(text) <= most),
    "minItems": lambda value, least: not isinstance(value, list) or len(value) >= least,
    "maxItems": lambda value, most: not isinstance(value, list) or len(value) <= most,
    "minProperties": lambda value, least: not isinstance(value, dict) or len(value) >= least,
    "maxProperties": lambda value, most: not isinstance(value, dict) or len(value) <= most,
    "minimum": _number(lambda number, least: not number < least),  # NaN is neither
    "maximum": _number(lambda number, most: not number > most),
}
"""Keyword → (value, what stands under it) → whether it is met; what is about one type, values of others meet."""

INSIDE: Mapping[str, Callable[[Misfits, Schema, Any, Path], Iterator[Misfit]]] = {
    "required": Misfits._required,
    "if": Misfits._if,
    "properties": Misfits._properties,
    "items": Misfits._items,
    "propertyNames": Misfits._names,
    "additionalProperties": Misfits._additional,
}
"""Keyword → what does not meet it in a value: of each of its parts."""
