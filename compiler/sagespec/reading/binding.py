"""Document → Job: the model's complaints, in the author's words and places."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from pydantic_core import ErrorDetails, SchemaValidator, ValidationError

from sagespec.base.diagnostic import MOST, Diagnostic, Edit, Severity
from sagespec.base.redact import masked, secret_in
from sagespec.base.source import Path
from sagespec.kinds.training_job.model import RENAMED, Job
from sagespec.kinds.training_job.model.compiled import SCHEMA
from sagespec.kinds.training_job.model.forms import one_channel_is_training
from sagespec.reading.render import Manifest

Shape: TypeAlias = "dict[str, Any]"
"""A piece of the model in the form of pydantic's core. Source: pydantic_core.core_schema."""

_JOB = SchemaValidator(SCHEMA)


class Bound(NamedTuple):
    """A job, and what the model had to say. With errors the job is partial: reading a wrong field raises `Unknown`."""

    manifest: Manifest
    job: Job
    diagnostics: tuple[Diagnostic, ...]

    @property
    def whole(self) -> bool:
        """Every field of the job is known."""
        return not self.diagnostics and not self.manifest.unknown


def bind(manifest: Manifest) -> Bound:
    """A manifest's data as a typed job."""
    details: list[ErrorDetails] = []
    data = _with_named_channels(manifest.data)
    try:
        job = _JOB.validate_python(data)
        if not manifest.unknown:
            return Bound(manifest, job, ())
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
    wrong = {_written(data, detail["loc"]): detail for detail in reversed(details)}
    known = {path: detail for path, detail in wrong.items() if not _depends(path, manifest.unknown)}
    told, counts = _first_of_each_kind(known)
    meant = {(*path[:-1], name) for path, detail in told.items() if (name := _meant(path, detail)) is not None}
    meant = {path for path in meant if not _given(manifest.data, path)}
    job = _partial(SCHEMA, data, frozenset(wrong) | manifest.unknown | meant)
    complaints = (found._replace(stands_for=counts[path]) for path, found in _complaints(manifest, told))
    return Bound(manifest, job, tuple(complaints))


def _first_of_each_kind(wrong: Mapping[Path, ErrorDetails]) -> tuple[Mapping[Path, ErrorDetails], Mapping[Path, int]]:
    """(the first `MOST` complaints of each type, how many each stands for): the last one counts the others, too."""
    kinds: dict[str, list[Path]] = {}
    for path, detail in wrong.items():
        kinds.setdefault(detail["type"], []).append(path)
    counts = {path: 1 for paths in kinds.values() for path in paths[:MOST]}
    counts |= {paths[MOST - 1]: len(paths) - MOST + 1 for paths in kinds.values() if len(paths) > MOST}
    return {path: detail for path, detail in wrong.items() if path in counts}, counts


def _with_named_channels(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data with a lone channel under its name, so that paths lead the same way through data and job."""
    if "channels" not in data:
        return data
    return {**data, "channels": one_channel_is_training(data["channels"])}


def _meant(path: Path, detail: ErrorDetails) -> str | None:
    """The field that an unknown one stands for, as far as can be told: it is not missing then, only misspelt."""
    if detail["type"] != "extra_forbidden":
        return None
    name = str(path[-1])
    renamed = RENAMED.get(name) if len(path) == 1 else None
    return renamed or _nearest(name, tuple(_fields_at(path[:-1])))


@lru_cache(maxsize=10_000)
def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    """The name that was probably meant; InstanceType and instance-type are instance_type."""
    from difflib import get_close_matches

    letters = _letters(name)
    same = next((field for field in known if _letters(field) == letters), None)
    return same or next(iter(get_close_matches(name[:60], known, 1, 0.7)), None)


@lru_cache(maxsize=1_000)
def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _given(data: Any, path: Path) -> bool:
    for step in path:
        if not _has(data, step):
            return False
        data = data[step]
    return True


def _has(data: Any, step: str | int) -> bool:
    if isinstance(data, dict):
        return step in data
    return isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data)


def _depends(path: Path, unknown: frozenset[Path]) -> bool:
    """Whether a complaint is about a value that could not be rendered, which has been said already."""
    return any(path[:length] in unknown for length in range(len(path) + 1))


def _partial(model: Shape, data: Mapping[str, Any], wrong: frozenset[Path]) -> Any:
    """The part that is left when the wrong values are taken out."""
    values: dict[str, Any] = {}
    missing: set[str] = set()
    below = _by_first_step(wrong)
    for name, field in _fields(model).items():
        inside = below.get(name, frozenset())
        if not inside:
            if name in data:
                values[name] = _validated(field["schema"], data[name])
            continue
        rest = None if () in inside or name not in data else _rest(field, data[name], inside)
        if rest is None:
            missing.add(name)
        else:
            values[name] = rest
    return model["cls"].partial(values, missing)


def _by_first_step(paths: Iterable[Path]) -> Mapping[str | int, frozenset[Path]]:
    """What is left of each path behind its first step, by that step."""
    below: dict[str | int, set[Path]] = {}
    for path in paths:
        if path:
            below.setdefault(path[0], set()).add(path[1:])
    return {step: frozenset(rest) for step, rest in below.items()}


def _rest(field: Shape, value: Any, wrong: frozenset[Path]) -> Any:
    """What is left of a nested part, or of a map of parts; None where nothing can be kept."""
    part = _part_in(field)
    if part is None or not isinstance(value, dict):
        return None
    whole = _bare(field)
    if whole["type"] != "dict":
        return _partial(part, value, wrong)
    if len(value) > whole.get("max_length", len(value)):
        return None
    result = {}
    below = _by_first_step(wrong)
    for key, item in value.items():
        inside = below.get(key, frozenset())
        only_its_name = inside == {()} and _fits(whole["values_schema"], item)
        if not inside or only_its_name:
            result[key] = _validated(whole["values_schema"], item)
        else:
            result[key] = _partial(part, item if isinstance(item, dict) else {}, inside | _all_of(part, item))
    return result


_AROUND = ("model-field", "default", "nullable", "function-before")
_INSIDE = ("schema", "keys_schema", "values_schema", "items_schema")


def _bare(shape: Shape) -> Shape:
    """What a value must be when it is written and not null."""
    while shape["type"] in _AROUND:
        shape = shape["schema"]
    return shape


def _shapes(shape: Shape) -> Iterator[Shape]:
    """A shape and what it is made of; of a part no more than that it is one."""
    yield shape
    if shape["type"] != "model":
        for inner in (*(shape[key] for key in _INSIDE if key in shape), *shape.get("choices", ())):
            yield from _shapes(inner)


def _part_in(field: Shape) -> Shape | None:
    """The part that a field is, or that its items are."""
    return next((shape for shape in _shapes(field) if shape["type"] == "model"), None)


def _fields(model: Shape) -> Mapping[str, Shape]:
    fields: Mapping[str, Shape] = model["schema"]["fields"]
    return fields


_validators: dict[int, SchemaValidator] = {}
"""By the identity of the shape, which lives as long as the program."""


def _validated(shape: Shape, value: Any) -> Any:
    if id(shape) not in _validators:
        _validators[id(shape)] = SchemaValidator(shape, SCHEMA["config"])
    return _validators[id(shape)].validate_python(value)


def _fits(shape: Shape, value: Any) -> bool:
    try:
        _validated(shape, value)
    except ValidationError:
        return False
    return True


def _all_of(part: Shape, value: Any) -> frozenset[Path]:
    """Every field, where a part is not even a map: then none of them is known."""
    return frozenset() if isinstance(value, dict) else frozenset((name,) for name in _fields(part))


def _written(data: Any, loc: tuple[str | int, ...]) -> Path:
    """pydantic's location as a path of the data: tags of unions and of validators are passed over.

    The last step may be a key that is missing from the data: it stays when its parent is there.
    """
    path: list[str | int] = []
    for position, step in enumerate(loc):
        if _has(data, step):
            data = data[step]
        elif position == len(loc) - 1 and isinstance(data, dict) and isinstance(step, str) and step.isidentifier():
            pass
        else:
            continue
        path.append(step)
    return tuple(path)


def _complaints(manifest: Manifest, wrong: Mapping[Path, ErrorDetails]) -> Iterator[tuple[Path, Diagnostic]]:
    for path, detail in wrong.items():
        complain = _COMPLAINTS.get(detail["type"], _other)
        yield path, complain(manifest, path, detail)


def _diagnostic(
    manifest: Manifest,
    path: Path,
    rule: str,
    message: str,
    hint: str = "",
    *,
    at_key: bool = False,
    fix: Iterable[Edit] = (),
) -> Diagnostic:
    place = manifest.where(path, at_key=at_key)
    return Diagnostic(place, Severity.ERROR, rule, message, hint, path, tuple(fix))


def _missing(manifest: Manifest, path: Path, detail: ErrorDetails) -> Diagnostic:
    where = f" in {dotted(path[:-1])}" if len(path) > 1 else ""
    return _diagnostic(manifest, path, "missing-field", f"'{path[-1]}' is missing{where}", _example(path))


def _unknown_field(manifest: Manifest, path: Path, detail: ErrorDetails) -> Diagnostic:
    name, new = str(path[-1]), _meant(path, detail)
    if new is not None and len(path) == 1 and RENAMED.get(name) == new:
        layer, _ = manifest.origin(path)
        same = {new, *(old for old, now in RENAMED.items() if now == new)} - {name}
        taken = next((other for other in layer.data if other in same), None)
        hint = f"'{taken}' is given as well; leave '{name}' out" if taken else f"write {new}: …"
        span = manifest.where(path, at_key=True).span
        fix = () if taken else (Edit(span, new),)
        message = f"'{name}' is the name that SDK 1 used for '{new}'"
        return _diagnostic(manifest, path, "renamed-field", message, hint, at_key=True, fix=fix)
    known = _fields_at(path[:-1])
    where = f" in {dotted(path[:-1])}" if len(path) > 1 else ""
    hint = f"known here: {', '.join(sorted(known))}" if len(known) < 15 else ""
    if len(path) == 1 and name[:1].isupper():
        hint = "a member of the API's request stands under request:"
    if new is not None:
        hint = f"did you mean '{new}'?"
    return _diagnostic(manifest, path, "unknown-field", f"there is no field '{cut(name)}'{where}", hint, at_key=True)


def _wrong_type(manifest: Manifest, path: Path, detail: ErrorDetails) -> Diagnostic:
    kind, value, written = detail["type"], detail["input"], manifest.written(path)
    wanted = _TYPES.get(kind, "something else")
    message = f"{dotted(path)} must be {wanted}, not {shown(value, written, path)}"
    cure = _cure_of_type(kind, value, written, path)
    if cure is None:
        hint = _MAPS.get(path) or _SHAPES.get(kind) or _seconds(path, value)
        return _diagnostic(manifest, path, "wrong-type", message, hint)
    text, meant = cure
    if not _accepted(manifest, path, meant):
        return _diagnostic(manifest, path, "wrong-type", message, _for_example(path))
    told = "" if _told(path, text) != text else text  # a secret is not repeated
    hint = f"write {told}".strip()
    if kind == "string_type" and text[:1] == '"':
        hint = f"put it in quotes: {told}".rstrip(": ")
        if told and not isinstance(value, bool) and str(value) != written:
            hint += f"; without quotes YAML reads the number {value}"
        elif path == ("framework_version",):
            hint += "; without quotes it is a number, and 1.10 would become 1.1"
    elif written.strip("\"'") == text:
        hint = f"write it without quotes: {text}"
    return _diagnostic(manifest, path, "wrong-type", message, hint, fix=_certain(manifest, path, text, meant))


def _cure_of_type(kind: str, value: Any, written: str, path: Path) -> tuple[str, Any] | None:
    """What to write instead of a value of the wrong type, and the value that this is; None where nobody can know."""
    if kind == "string_type" and isinstance(value, int | float):
        text = written or json.dumps(value)
        return _python(text) if path == ("py_version",) else (f'"{text}"', text)
    if kind == "bool_type" and isinstance(value, str | int):
        meant = _TRUTHS.get(str(value).lower())
        return None if meant is None else (json.dumps(meant), meant)
    if kind.startswith("int") and isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value, re.ASCII):
        return str(int(value)), int(value)
    if kind.startswith("int") and isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value)), int(value)
    return None


def _seconds(path: Path, value: Any) -> str:
    """A length of time in words, where seconds are wanted."""
    units = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
    found = re.fullmatch(r"([0-9]{1,6}) ?(s|m|h|d)[a-z]*", str(value), re.ASCII)
    if found is None or path[-1:] not in (("max_run",), ("max_wait",), ("keep_alive_period_in_seconds",)):
        return ""
    return f"write {int(found[1]) * units[found[2]]}: it counts seconds"


def _python(text: str) -> tuple[str, Any] | None:
    """3.10 is py310."""
    found = re.fullmatch(r"(?:[Pp]y(?:thon)?[-_ ]?)?3\.?([0-9]{1,2})(?:\.[0-9]+)?", text, re.ASCII)
    return (f"py3{found[1]}", f"py3{found[1]}") if found else None


def _certain(manifest: Manifest, path: Path, text: str, meant: Any) -> tuple[Edit, ...]:
    """The edit that writes `text` at `path`, if a literal stands there and the model accepts what is meant."""
    if not manifest.written(path) or not _accepted(manifest, path, meant):
        return ()
    return (Edit(manifest.where(path).span, text),)


def _accepted(manifest: Manifest, path: Path, value: Any) -> bool:
    """Whether the model has nothing to say of `value` at `path`; what stands beside it in a map or a list need not be
    looked at for that."""
    name = str(path[0])
    field = _replaced(_with_named_channels(manifest.data)[name], path[1:], value)
    if len(path) > 1 and isinstance(field, list):
        field, path = [field[int(path[1])]], (name, 0, *path[2:])
    elif len(path) > 1 and _bare(_fields(SCHEMA)[name])["type"] == "dict":
        field = {path[1]: field[path[1]]}
    data = {name: field}
    try:
        _JOB.validate_python(data)
    except ValidationError as error:
        return all(_written(data, detail["loc"]) != path for detail in error.errors(include_url=False))
    return True


def _replaced(data: Any, path: Path, value: Any) -> Any:
    """A copy of the data with another value at `path`."""
    if not path:
        return value
    copy = data.copy()
    copy[path[0]] = _replaced(data[path[0]], path[1:], value)
    return copy


def _wrong_value(manifest: Manifest, path: Path, detail: ErrorDetails) -> Diagnostic:
    literals = {item if isinstance(item, str) else json.dumps(item): item for item in _literals(path)}
    value, expected = detail["input"], list(literals)
    message = f"{dotted(path)} cannot be {shown(value, path=path)}"
    if path in _FALSE_OR:
        return _diagnostic(manifest, path, "wrong-value", message, _FALSE_OR[path])
    choices = f"write one of {', '.join(expected)}" if len(expected) > 1 else f"write {expected[0]}"
    near = _nearest(str(value)[:100], tuple(expected))
    hint = f"did you mean {near}? Otherwise {choices}" if near and len(expected) > 1 else choices
    same = near is not None and isinstance(value, str) and near.lower() == value.lower()
    fix = _certain(manifest, path, near, literals[near]) if near is not None and same else ()
    return _diagnostic(manifest, path, "wrong-value", message, hint, fix=fix)


def _limits(wording: str) -> Callable[[Manifest, Path, ErrorDetails], Diagnostic]:
    def complain(manifest: Manifest, path: Path, detail: ErrorDetails) -> Diagnostic:
        context, value = detail.get("ctx", {}), detail["input"]
        limit = next(iter(context[key] for key in ("ge", "le", "max_length", "min_length") if key in context), "")
        given = context.get("actual_length")
        amount = f"has {given:,}" if isinstance(given, int) else f"is {shown(value, path=path)}"
        what = f"the name {shown(value)} in {dotted(path[:-1])}" if _of_key(detail) else dotted(path)
        message = f"{what} {amount}; {wording.format(f'{limit:,}' if isinstance(limit, int) else limit)}"
        return _diagnostic(manifest, path, "out-of-range", message, at_key=_of_key(detail))

    return complain


def _empty(manifest: Manifest, path: Path, detail: ErrorDetails) -> Diagnostic:
    what = f"a name in {dotted(path[:-1])}" if _of_key(detail) else dotted(path)
    hint = "give it one" if _of_key(detail) else "give it a value, or leave it out"
    return _diagnostic(manifest, path, "out-of-range", f"{what} is empty", hint, at_key=_of_key(detail))


def _of_key(detail: ErrorDetails) -> bool:
    """Whether a complaint is about the key of a map rather than about its value."""
    return detail["loc"][-1:] == ("[key]",)


def _mismatch(manifest: Manifest, path: Path, detail: ErrorDetails) -> Diagnostic:
    value, at_key = str(detail["input"]), _of_key(detail)
    title = "" if at_key else _described(path)[0]
    what = f"the name {shown(value)} in {dotted(path[:-1])}" if at_key else dotted(path)
    form = title or _FORMS.get(path[:-1]) or _FORMS.get(path[-1:]) or "of the form " + detail["ctx"]["pattern"]
    message = f"{what} must be {form}" + ("" if at_key else f", not {shown(value, path=path)}")
    cure = None if at_key else _cure_of_form(path, value)
    if cure is not None:
        text, meant = cure
        fix = _certain(manifest, path, text, meant)
        return _diagnostic(manifest, path, "wrong-form", message, f"write {text}", fix=fix)
    hint = _form_hint(path, value) or ("" if at_key else _for_example(path))
    return _diagnostic(manifest, path, "wrong-form", message, hint, at_key=at_key)


def _cure_of_form(path: Path, value: str) -> tuple[str, Any] | None:
    if path == ("framework_version",):
        found = re.fullmatch(r"(?:[vV]|==?|tensorflow[-= ]*)?\s*([0-9]+\.[0-9]+(?:\.[0-9]+)?)\s*", value, re.ASCII)
        return (f'"{found[1]}"', found[1]) if found else None
    return _python(value) if path == ("py_version",) else None


_FORMS: dict[Path, str] = {
    ("channels",): "letters, digits and . _ - only",
    ("environment",): "letters, digits and _ only, beginning with no digit",
    ("subnets",): "the id of a subnet, such as subnet-0123abcd",
    ("security_group_ids",): "the id of a security group, such as sg-0123abcd",
    ("training_plan",): "the ARN of a training plan",
    ("training_repository_credentials_provider_arn",): "the ARN of a Lambda function",
    ("file_system_id",): "the id of a file system, such as fs-0123abcd",
}
"""What the keys of a map, the items of a list, and fields whose type has no title must be."""


def _for_example(path: Path) -> str:
    _, examples = _described(path)
    return f"for example {_written_as(examples[0])}" if examples else ""


def _written_as(value: Any) -> str:
    """A value as YAML needs it: a text that looks like a number in quotes."""
    return f'"{value}"' if isinstance(value, str) and re.fullmatch(r"[0-9.]+", value) else str(value)


def _form_hint(path: Path, value: str) -> str:
    if path == ("name",):
        cured = "-".join(
            part for part in "".join(c if c.isascii() and c.isalnum() else "-" for c in value).split("-") if part
        )
        return f"write {cured}" if cured else ""
    if path and path[-1] == "instance_type" and not value.startswith("ml."):
        return f"write ml.{value}" if value.count(".") == 1 else "an instance type looks like ml.m5.xlarge"
    return ""


def _other(manifest: Manifest, path: Path, detail: ErrorDetails) -> Diagnostic:
    reason = detail["msg"][:1].lower() + detail["msg"][1:]
    message = f"{dotted(path)}: {reason}, not {shown(detail['input'], path=path)}"
    return _diagnostic(manifest, path, "wrong-value", message)


_TYPES = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a map",
    "list_type": "a list",
    "model_type": "a map",
    "invalid-json-value": "a JSON value",
}

_SHAPES = {
    "list_type": "write a list: [ … ], or a line '- …' for each item",
    "dict_type": "write a map: lines 'name: value', or { … }",
    "model_type": "write a map: lines 'name: value', or { … }",
}
"""How to write what is wanted, where the value itself gives no hint."""

_MAPS: dict[Path, str] = {
    ("distribution",): "write a map, for example {parameter_server: {enabled: true}}",
    ("on_failure",): "write a map, for example {retry: always, max_attempts: 3}",
    ("tags",): "write a map, for example {team: vision}",
    ("metric_definitions",): 'write a list, for example [{name: loss, regex: "loss=([0-9.]+)"}]',
}
"""The same for fields that people know in another form."""

_FALSE_OR: dict[Path, str] = {
    ("model_dir",): "write false, an S3 URI or a path",
    ("debugger_hook_config",): "write false, or a map, for example {s3_output_path: s3://bucket/prefix}",
}
"""Fields that are false or something else than a boolean."""

_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "y", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "0"), False),
}

_COMPLAINTS: dict[str, Callable[[Manifest, Path, ErrorDetails], Diagnostic]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_field,
    **dict.fromkeys(_TYPES, _wrong_type),
    "literal_error": _wrong_value,
    "string_pattern_mismatch": _mismatch,
    "greater_than_equal": _limits("the least is {}"),
    "less_than_equal": _limits("the most is {}"),
    "string_too_long": lambda m, p, d: _limits("the most is {} characters")(m, p, _with_length(d)),
    "string_too_short": _empty,
    "too_long": _limits("the most is {}"),
    "too_short": _empty,
}


def _with_length(detail: ErrorDetails) -> ErrorDetails:
    context = {**detail["ctx"], "actual_length": len(detail["input"])}
    return {**detail, "ctx": context}


def _field_at(path: Path) -> Shape | None:
    """The model's field that a path of the data leads to; the names in a map and list indices are passed through."""
    owner: Shape | None = SCHEMA
    field: Shape | None = None
    named = False
    for step in path:
        if named:  # a channel or a tag may be called as a field is
            named = False
        elif isinstance(step, str) and owner is not None and step in _fields(owner):
            field = _fields(owner)[step]
            owner, named = _part_in(field), _bare(field)["type"] == "dict"
    return field


def _fields_at(path: Path) -> list[str]:
    field = _field_at(path)
    if field is None:
        return [*Job.fields, "matrix"]
    part = _part_in(field)
    return list(_fields(part)) if part else []


def _literals(path: Path) -> list[Any]:
    field = _field_at(path)
    return [value for shape in _shapes(field) for value in shape.get("expected", ())] if field else []


def _described(path: Path) -> tuple[str, list[Any]]:
    """Title and examples of the type at `path`, as its annotation gives them."""
    field = _field_at(path)
    told = (shape.get("metadata", {}) for shape in (_shapes(field) if field else ()))
    found: Shape = next((about for about in told if "title" in about), {})
    return found.get("title", ""), list(found.get("examples", ()))


def _example(path: Path) -> str:
    _, examples = _described(path)
    return (
        f"add {path[-1]}: {json.dumps(examples[0]) if isinstance(examples[0], str) else examples[0]}"
        if examples
        else ""
    )


def dotted(path: Path) -> str:
    """A path as people write it: channels.train.s3_data, instance_groups[0]."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return cut(text) or "the manifest"


_ESCAPES = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t"})


def shown(value: Any, written: str = "", path: Path = ()) -> str:
    """A value as a message shows it, cut to a length that can be read; a secret is masked."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f"'{cut(_told(path, value)).translate(_ESCAPES)}'"
    return cut(_told(path, written or str(value)))


def _told(path: Path, text: str) -> str:
    """What may be said of a value: under a name such as `environment.API_KEY` any text may be a secret."""
    bare = text.strip("\"'")
    return masked(bare) if secret_in(bare[:5_000], str(path[-1]) if path else "") else text


def cut(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
