"""Makes one function of the request's schema: whether a value meets it, much faster than a general validator does."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

Schema = dict[str, Any]
Fits = Callable[[Any], bool]
Known: TypeAlias = "set[str] | frozenset[str]"
Test: TypeAlias = "tuple[Fits, Known]"
"""Whether a value fits, and texts that are known to: a text that is among them need not be asked about."""
Make = Callable[[Schema], Test]


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
    body, _ = _structure(schema, maker(schema))
    if "if" not in schema:
        return body
    instead, required = schema["if"]["not"]["required"][0], frozenset(schema["then"]["required"])
    return lambda value: body(value) and (instead in value or required <= value.keys())


def maker(schema: Schema) -> Make:
    """Makes tests of the schema's parts. It reads exactly the keywords that `api_schema` writes, and no others."""

    @cache
    def named(name: str) -> Test:
        return make(schema["$defs"][name])

    def make(node: Schema) -> Test:
        if "$ref" in node:
            return named(node["$ref"].rpartition("/")[2])
        if "not" in node:
            return _NOTHING
        return TESTS[node["type"]](node, make)

    return make


def utf16_length(text: str) -> int:
    """Length as the service counts it: a character beyond U+FFFF is two."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def _not_a_text(fits: Fits) -> Test:
    return fits, frozenset()


_NOTHING = _not_a_text(lambda _value: False)


def _string(node: Schema, _make: Make) -> Test:
    least, most = node.get("minLength", 0), node.get("maxLength", math.inf)
    enum, pattern = frozenset(node.get("enum", ())), node.get("pattern", "")
    in_ascii = for_ascii(pattern)
    known: set[str] = set()

    def fits(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if value in known:
            return True
        if not least <= utf16_length(value) <= most or (enum and value not in enum):
            return False
        if _pattern(in_ascii if value.isascii() else pattern).search(value) is None:
            return False
        if len(value) <= SHORT and len(known) < REMEMBERED:
            known.add(value)
        return True

    return fits, known


_pattern = cache(re.compile)
"""The schemas have a few hundred, of which a run needs some."""


@cache
def for_ascii(pattern: str) -> str:
    """A pattern that judges ASCII texts as `pattern` does, without letters of other scripts in its sets: to compile
    hundreds of those takes milliseconds."""
    return _BEYOND_ASCII.sub("", pattern) if len(pattern) > LONG else pattern


def _integer(node: Schema, _make: Make) -> Test:
    least, most = node["minimum"], node["maximum"]
    return _not_a_text(lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most)


def _number(node: Schema, _make: Make) -> Test:
    least, most = node.get("minimum", -math.inf), node.get("maximum", math.inf)
    return _not_a_text(
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    )


def _boolean(_node: Schema, _make: Make) -> Test:
    return _not_a_text(lambda value: isinstance(value, bool))


def _array(node: Schema, make: Make) -> Test:
    least, most, (item, _) = node.get("minItems", 0), node.get("maxItems", math.inf), make(node["items"])
    return _not_a_text(lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(item, value)))


def _object(node: Schema, make: Make) -> Test:
    return _structure(node, make) if "properties" in node else _map(node, make)


class _Members(dict[str, "tuple[Fits, Known, bool]"]):
    """The tests of a structure's members, and whether it must have them. Each is made when it is first needed: most of
    them never are."""

    def __init__(self, node: Schema, make: Make) -> None:
        self._members = node["properties"]
        self.required = frozenset(node.get("required", ()))
        self._make = make

    def __missing__(self, name: str) -> tuple[Fits, Known, bool]:
        if name not in self._members:
            return *_NOTHING, False
        self[name] = made = (*self._make(self._members[name]), name in self.required)
        return made


def _structure(node: Schema, make: Make) -> Test:
    members = _Members(node, make)
    least = len(members.required)

    def fits(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        found = 0
        for name, inner in value.items():
            test, known, is_required = members[name]
            if not (isinstance(inner, str) and inner in known) and not test(inner):
                return False
            found += is_required
        return found == least

    return _not_a_text(fits)


def _map(node: Schema, make: Make) -> Test:
    least, most = node.get("minProperties", 0), node.get("maxProperties", math.inf)
    (key, known_keys), (item, known) = make(node["propertyNames"]), make(node["additionalProperties"])

    def fits(value: Any) -> bool:
        if not isinstance(value, dict) or not least <= len(value) <= most:
            return False
        if not known_keys.issuperset(value) and not all(map(key, value)):
            return False
        for inner in value.values():
            if not (isinstance(inner, str) and inner in known) and not item(inner):
                return False
        return True

    return _not_a_text(fits)


TESTS: dict[str, Callable[[Schema, Make], Test]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}
