"""The conditions under which rows of data refuse a field: JSON Schema's words, for schemas and for the rules alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sagespec.reading.part import Part

Json: TypeAlias = dict[str, Any]

EXPRESSION = r"\{\{"
"""Found in every string that holds an expression. It may become anything, so it is welcome everywhere."""
BUCKET = "s3://[A-Za-z0-9._:-]{1,255}(/|$)"
"""Begins a location in S3 whose bucket can exist."""
NULL: Json = {"type": "null"}
TRUE: Json = {"const": True}
FALSE: Json = {"const": False}
LIST: Json = {"type": "array"}
ITEMS: Json = {"minItems": 1, **LIST}
"""A list that is not empty."""
REPEATED: Json = {"not": {"uniqueItems": True}, **LIST}
"""A list in which an item stands twice, letter by letter."""
POSITIVE: Json = {"type": "integer", "minimum": 1}
SEVERAL: Json = {"type": "integer", "minimum": 2}
REMOTE: Json = {"type": "string", "pattern": "^ml[.]"}
"""An instance type of SageMaker: not this machine, of which less is asked, and no expression."""
GIVEN: Json = {"not": {"anyOf": [NULL, {"type": "string", "pattern": EXPRESSION}]}}
"""A value that is known, and is not null."""


def when(members: Json) -> Json:
    """A condition: these members are written, and are so."""
    return {"required": list(members), "properties": members}


def inside(*steps: str, so: Json) -> Json:
    """A condition: a map (or part) in which the value that these steps lead to is `so`."""
    condition = so
    for step in reversed(steps):
        condition = {"type": "object", **when({step: condition})}
    return condition


SECONDS = (
    *(60, 120, 180, 300, 600, 900, 1_200, 1_500, 1_800, 2_100, 2_400, 2_700, 3_000, 3_300),
    *(3_600 * hours for hours in range(1, 25)),
    *(86_400 * days for days in (1.5, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28)),
)
"""Durations that people write."""


def below(one: str, other: str, edges: Iterable[float] = SECONDS, *, or_equal: bool = False) -> tuple[Json, ...]:
    """Members of which one set holds where a number is smaller than another and an edge lies between them, or is the
    larger one: no word of JSON Schema compares two members. Of two round numbers one set always holds."""
    return tuple(
        {one: {"type": "integer", "maximum": edge - (not or_equal)}, other: {"type": "integer", "minimum": edge}}
        for edge in map(int, edges)
    )


def some_value(condition: Json) -> Json:
    """A condition: a map of which some value is so."""
    return {"type": "object", "not": {"additionalProperties": {"not": condition}}}


def one_of(values: Iterable[str], *, or_expression: bool = False) -> Json:
    """A string that is one of these. A pattern, because editors would take an enum for values on offer."""
    either = "|".join(value.replace(".", "[.]") for value in values)
    if or_expression:
        return {"pattern": f"^({either})$|{EXPRESSION}"}
    return {"type": "string", "pattern": f"^({either})$"}


def choice(values: list[Any], message: str | None = None) -> Json:
    """One of these values, which editors offer, or an expression."""
    listed = {"enum": values} | ({"errorMessage": message} if message else {})
    return {"anyOf": [listed, {"type": "string", "pattern": EXPRESSION}]}


Test: TypeAlias = Callable[[Any], bool]


def test(condition: Json) -> Test:
    """A condition as a function of a manifest's value; made once, asked often.

    A part has all its members, the defaults of those that the author left out included: so `FALSE` holds for a flag
    that nobody wrote. A schema, which does not see the defaults, asks that it is written.

    The function raises `Unknown` where it depends on a member of a part whose value is wrong.
    """
    if condition is GIVEN:  # a rule sees values, in which no expression is left
        return lambda value: value is not None
    tests = [_WORDS[word](wanted) for word, wanted in condition.items()]
    return together(tests)


def together(tests: Sequence[Callable[[Any], bool]]) -> Test:
    """Whether all tests hold; one or two, as most are, without a loop."""
    if not tests:
        return lambda value: True
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)
    return lambda value: all(each(value) for each in tests)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict, Part),
}


def _type(name: str) -> Test:
    types, flags = _TYPES[name], name == "boolean"
    return lambda value: isinstance(value, types) and (flags or not isinstance(value, bool))


def _const(wanted: Any) -> Test:
    kind = type(wanted)
    return lambda value: type(value) is kind and bool(value == wanted)


def _any_of(tests: Iterable[Test]) -> Test:
    each = tuple(tests)
    return lambda value: any(one(value) for one in each)


def _pattern(pattern: str) -> Test:
    search = re.compile(pattern).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _minimum(least: float) -> Test:
    is_number = _type("number")
    return lambda value: not is_number(value) or value >= least


def _maximum(most: float) -> Test:
    is_number = _type("number")
    return lambda value: not is_number(value) or value <= most


def _min_items(least: int) -> Test:
    return lambda value: not isinstance(value, list) or len(value) >= least


def _are_unique(items: list[Any]) -> bool:
    return all(item not in items[:number] for number, item in enumerate(items))


def _contains(condition: Json) -> Test:
    inner = test(condition)
    return lambda value: not isinstance(value, list) or any(map(inner, value))


def _not(condition: Json) -> Test:
    inner = test(condition)
    return lambda value: not inner(value)


def _all_of(conditions: Iterable[Json]) -> Test:
    tests = tuple(map(test, conditions))
    return lambda value: all(each(value) for each in tests)


def _items(condition: Json) -> Test:
    inner = test(condition)
    return lambda value: not isinstance(value, list) or all(map(inner, value))


def _values(condition: Json) -> Test:
    inner = test(condition)
    return lambda value: not isinstance(value, dict) or all(map(inner, value.values()))


def _required(names: Iterable[str]) -> Test:
    wanted = frozenset(names)
    return lambda value: not isinstance(value, dict) or wanted <= value.keys()


def _properties(members: Json) -> Test:
    tests = {name: test(condition) for name, condition in members.items()}

    def hold(value: Any) -> bool:
        if isinstance(value, Part):
            return all(each(getattr(value, name)) for name, each in tests.items())
        return not isinstance(value, dict) or all(each(value[name]) for name, each in tests.items() if name in value)

    return hold


_WORDS: Mapping[str, Callable[[Any], Test]] = {
    "type": _type,
    "const": _const,
    "enum": lambda values: _any_of(map(_const, values)),
    "pattern": _pattern,
    "minimum": _minimum,
    "maximum": _maximum,
    "multipleOf": lambda step: lambda value: not isinstance(value, int) or value % step == 0,
    "minItems": _min_items,
    "minProperties": lambda least: lambda value: not isinstance(value, dict) or len(value) >= least,
    "uniqueItems": lambda wanted: lambda value: not isinstance(value, list) or _are_unique(value) == wanted,
    "contains": _contains,
    "items": _items,
    "additionalProperties": _values,
    "not": _not,
    "anyOf": lambda conditions: _any_of(map(test, conditions)),
    "allOf": _all_of,
    "required": _required,
    "properties": _properties,
}
"""What each word of JSON Schema says of a value; as there, it says nothing of values of other types."""
