"""Holds a request against the service's own model of it, offline and before it costs money."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from sagespec.base.files import data_folder
from sagespec.base.named import NamedTuple
from sagespec.catalog import ApiMember, Guesses, api_members, near
from sagespec.catalog.api_fits import Fits, Make, Schema, compiled, maker, utf16_length
from sagespec.catalog.api_model import TRAINING, schema_name

Path = tuple[str | int, ...]

SHOWN = 60
"""Characters of a value that a message shows."""

_MISSING = " is missing"

FEW = 10
"""So many values of an enumeration are listed; of longer ones, the nearest."""


class ApiComplaint(NamedTuple):
    """One thing that the service would refuse."""

    path: Path
    """Where in the request, in the API's names; of a missing member, where its parent is."""
    message: str
    kind: str
    """type, required, unknown, read-only, enum, pattern, length, size or range. Enumerations age: a value that
    is not in one may have been born after our model."""

    @property
    def about(self) -> Path:
        """The member that it is about; a missing one included."""
        return (*self.path, self.message.removesuffix(_MISSING)) if self.kind == "required" else self.path

    @property
    def sentence(self) -> str:
        """What is wrong, and with which member."""
        if self.kind == "unknown":  # the message names it
            return self.message
        member = ".".join(map(str, self.about))
        return f"{member}{_MISSING}" if self.kind == "required" else f"{member} {self.message}".lstrip()


def check(request_body: Mapping[str, object], operation: str = TRAINING) -> Iterator[ApiComplaint]:
    """All that the model forbids in the request.

    Values are what JSON has: dict, list, str, int, float, bool, None. Texts are measured as the service does it, in
    UTF-16 units, and a float is not an integer even where it is a whole number.

    Source: the operation in botocore's service model, and what its older versions required.
    """
    # Nearly every request is right, and jsonschema takes twenty times as long to find that out.
    if not _fits(operation)(request_body):
        for error in _validator(operation).iter_errors(request_body):
            yield from _complaints(error)


def member(path: str | Sequence[str | int], operation: str = TRAINING) -> ApiMember | None:
    """What the API knows about a path of the request, such as `ResourceConfig.InstanceType` or
    `("Tags", 0, "Key")`; None when it has no such member. Keys of a map all exist."""
    found: ApiMember | None = None
    for step in _steps(path):
        found = _child(found, step, operation)
        if found is None:
            return None
    return found


def _steps(path: str | Sequence[str | int]) -> Sequence[str | int]:
    return path.split(".") if isinstance(path, str) else path


def _child(parent: ApiMember | None, step: str | int, operation: str) -> ApiMember | None:
    members = api_members(operation)
    if parent is None:
        return members.get(str(step))
    ends = {"structure": f".{step}", "list": "[]", "map": "{value}"}
    return members.get(parent.path + ends[parent.type]) if parent.type in ends else None


def _complaints(error: Any) -> Iterator[ApiComplaint]:
    """One error of the validator, in words for people."""
    path: Path = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        path = (*path, str(error.instance))
    for kind, place, message in WORDS[error.validator](error, path):
        yield ApiComplaint(place, message, kind)


Said = Iterator[tuple[str, Path, str]]


def _type(error: Any, path: Path) -> Said:
    if error.instance is None:
        yield "type", path, f"is null; leave it out, or give {TYPES[error.validator_value]}"
    else:
        yield "type", path, f"{_shown(error.instance)} is not {TYPES[error.validator_value]}"


def _required(error: Any, path: Path) -> Said:
    yield "required", path, f"{error.message}{_MISSING}"


def _unknown(error: Any, path: Path) -> Said:
    known = error.schema["properties"]
    where = path[-1] if path and isinstance(path[-1], str) else _name(path, error.schema)
    guess = Guesses()
    for name in error.instance:
        if name not in known:
            meant = guess(str(name), known)
            hint = f"; did you mean {meant}?" if meant else ""
            yield "unknown", (*path, str(name)), f"{_shown(name)} is not a member of {where}{hint}"


def _name(path: Path, schema: Mapping[str, Any]) -> str:
    """What holds the members at `path`: the request, or the list that its item is in."""
    return str(path[-2]) if path else schema["title"].split(" ")[-2]  # "Body of a SageMaker CreateModel request"


def _read_only(_error: Any, path: Path) -> Said:
    yield "read-only", path, f"{path[-1]} is set by the service; leave it out"


def _enum(error: Any, path: Path) -> Said:
    values = error.validator_value
    if not isinstance(error.instance, str):
        return  # its type is complained about
    if len(values) <= FEW:
        yield "enum", path, f"{_shown(error.instance)} is not {' or '.join(values)}"
        return
    meant = near(error.instance, values)
    hint = f"; did you mean {meant}?" if meant else ""
    yield "enum", path, f"{_shown(error.instance)} is not among the {len(values)} values that we know{hint}"


def _pattern(error: Any, path: Path) -> Said:
    text, own, limits = error.instance, error.schema["$comment"], error.schema
    in_length = text[: limits.get("maxLength")]
    if len(text) < limits.get("minLength", 0) or (text != in_length and re.search(limits["pattern"], in_length)):
        return  # only its length is wrong, and is complained about
    if own in (".*", ".+"):
        yield "pattern", path, f"{_shown(text)} holds a line break, which the service refuses here"
    else:
        yield "pattern", path, f"{_shown(text)} does not match {_cut(own, 120)}"


def _length(error: Any, path: Path) -> Said:
    text, length = error.instance, utf16_length(error.instance)
    unit = "character" if length == len(text) else "UTF-16 unit"
    yield "length", path, f"{_shown(text)} has {length} {unit}{'s' * (length != 1)}; {_bound(error)}"


def _size(error: Any, path: Path) -> Said:
    size = len(error.instance)
    yield "size", path, f"has {size} {'entry' if size == 1 else 'entries'}; {_bound(error)}"


def _range(error: Any, path: Path) -> Said:
    if isinstance(error.instance, int):  # of a float, its type is complained about
        yield "range", path, f"{_shown(error.instance)} is out of range; {_bound(error)}"


WORDS: Mapping[str, Callable[[Any, Path], Said]] = {
    "type": _type,
    "required": _required,
    "additionalProperties": _unknown,
    "not": _read_only,
    "enum": _enum,
    "pattern": _pattern,
    "minLength": _length,
    "maxLength": _length,
    "minItems": _size,
    "maxItems": _size,
    "minProperties": _size,
    "maxProperties": _size,
    "minimum": _range,
    "maximum": _range,
}
"""For every keyword that the schema uses: what it says when it is not met."""

TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def _bound(error: Any) -> str:
    return f"the {'least' if error.validator.startswith('min') else 'most'} is {error.validator_value}"


def _shown(value: object) -> str:
    """A value as people would write it, on one line, cut when it is long."""
    if isinstance(value, str):
        # Cut first, so that a huge text costs nothing.
        return _cut(f"'{_one_line(value[: SHOWN + 1])}'", SHOWN)
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return _cut(json.dumps(value, default=str), SHOWN)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


@cache
def _fits(operation: str) -> Fits:
    return compiled(_schema(operation))


@cache
def _make(operation: str) -> Make:
    return maker(_schema(operation))


@cache
def _schema(operation: str) -> Schema:
    with (data_folder("schemas") / schema_name(operation)).open(encoding="utf-8") as file:
        schema: Schema = json.load(file)
    return schema


def _in_question(value: Any, keyword: str, schema: Schema, make: Make) -> Any:
    """Of a list or a map what has to be judged: no more than it may have, and nothing where all fits."""
    if isinstance(value, list) and keyword == "items":
        items, (fits, _) = value[: schema.get("maxItems")], make(schema[keyword])
        return [] if all(map(fits, items)) else items
    if isinstance(value, dict) and keyword != "items" and "maxProperties" in schema:
        (fits, _), which = make(schema[keyword]), keyword == "additionalProperties"
        return {item[0]: item[1] for item in islice(value.items(), schema["maxProperties"]) if not fits(item[which])}
    return value


@cache
def _validator(operation: str) -> Any:
    """Built once: it takes longer than checking a request."""
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def min_length(_validator: Any, least: int, text: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(text, str) and utf16_length(text) < least:
            yield ValidationError(f"shorter than {least}")

    def max_length(_validator: Any, most: int, text: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(text, str) and utf16_length(text) > most:
            yield ValidationError(f"longer than {most}")

    def required(_validator: Any, names: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
        yield from (ValidationError(name) for name in names if isinstance(value, dict) and name not in value)

    strict = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)
    )

    def of_some(keyword: str) -> Callable[..., Iterator[ValidationError]]:
        """Judges as many entries as a list or a map may have: of one with more, its size is complained about."""
        standard = Draft202012Validator.VALIDATORS[keyword]

        def judged(validator: Any, asked: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
            found = standard(validator, asked, _in_question(value, keyword, schema, _make(operation)), schema)
            yield from found or ()

        return judged

    ours = {"minLength": min_length, "maxLength": max_length, "required": required}
    ours |= {keyword: of_some(keyword) for keyword in ("items", "propertyNames", "additionalProperties")}
    validator = extend(Draft202012Validator, ours, type_checker=strict)  # type: ignore[no-untyped-call]
    return validator(_schema(operation))
