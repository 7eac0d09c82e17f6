"""Makes one function of the request's schema: whether a value meets it, much faster than a general validator tells."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

Schema = dict[str, Any]
Fits = Callable[[Any], bool]
Make = Callable[[Schema], Fits]


REMEMBERED = 256
"""So many texts that fit are remembered by each test: the jobs of one run share most of theirs."""
SHORT = 256
"""Characters of the longest text that is remembered."""

LONG = 1_000
"""Characters of a pattern that is worth shortening: its sets name the letters of all scripts."""
_BEYOND = r"(?:\\u(?!00[0-7])[0-9a-f]{4}|\\U[0-9a-f]{8}|[^\x00-\x7f])"
_BEYOND_ASCII = re.compile(rf"(?<!-){_BEYOND}(?:-{_BEYOND})?")


def compiled(schema: Schema) -> Fits:
    """The schema as a function."""
    make = maker(schema)
    body = _structure(schema, make)
    if "if" not in schema:
        return body
    instead, required = schema["if"]["not"]["required"][0], frozenset(schema["then"]["required"])
    return lambda value: body(value) and (instead in value or required <= value.keys())


def maker(schema: Schema) -> Make:
    """Makes functions of the schema's parts. It reads exactly the keywords that `api_schema` writes, and no others."""

    @cache
    def named(name: str) -> Fits:
        return make(schema["$defs"][name])

    def make(node: Schema) -> Fits:
        if "$ref" in node:
            return named(node["$ref"].rpartition("/")[2])
        if "not" in node:
            return lambda _value: False
        return TESTS[node["type"]](node, make)

    return make


def utf16_length(text: str) -> int:
    """Length as the service counts it: a character beyond U+FFFF is two."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def _string(node: Schema, _make: Make) -> Fits:
    least, most = node.get("minLength", 0), node.get("maxLength", math.inf)
    enum, pattern = frozenset(node.get("enum", ())), node.get("pattern", "")
    in_ascii = for_ascii(pattern)
    known: set[str] = set()

    def fits(value: str) -> bool:
        if not least <= utf16_length(value) <= most or (enum and value not in enum):
            return False
        if re.search(in_ascii if value.isascii() else pattern, value) is None:
            return False
        if len(value) <= SHORT and len(known) < REMEMBERED:
            known.add(value)
        return True

    return lambda value: isinstance(value, str) and (value in known or fits(value))


@cache
def for_ascii(pattern: str) -> str:
    """A pattern that judges ASCII texts as `pattern` does, without letters of other scripts in its sets: to compile
    hundreds of those takes milliseconds."""
    return _BEYOND_ASCII.sub("", pattern) if len(pattern) > LONG else pattern


def _integer(node: Schema, _make: Make) -> Fits:
    least, most = node["minimum"], node["maximum"]
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _number(node: Schema, _make: Make) -> Fits:
    least, most = node.get("minimum", -math.inf), node.get("maximum", math.inf)
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _boolean(_node: Schema, _make: Make) -> Fits:
    return lambda value: isinstance(value, bool)


def _array(node: Schema, make: Make) -> Fits:
    least, most, item = node.get("minItems", 0), node.get("maxItems", math.inf), make(node["items"])
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(item, value))


def _object(node: Schema, make: Make) -> Fits:
    return _structure(node, make) if "properties" in node else _map(node, make)


def _structure(node: Schema, make: Make) -> Fits:
    required, members = frozenset(node.get("required", ())), node["properties"]
    made: dict[str, Fits] = {}

    def fits(value: Any) -> bool:
        if not isinstance(value, dict) or not required <= value.keys():
            return False
        for name, inner in value.items():
            test = made.get(name)
            if test is None:
                if name not in members:
                    return False
                test = made[name] = make(members[name])  # when it is first needed: most members never are
            if not test(inner):
                return False
        return True

    return fits


def _map(node: Schema, make: Make) -> Fits:
    least, most = node.get("minProperties", 0), node.get("maxProperties", math.inf)
    key, item = make(node["propertyNames"]), make(node["additionalProperties"])
    return lambda value: (
        isinstance(value, dict)
        and least <= len(value) <= most
        and all(map(key, value))
        and all(map(item, value.values()))
    )


TESTS: dict[str, Callable[[Schema, Make], Fits]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}
