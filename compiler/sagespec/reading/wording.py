"""What the model has against a value → a diagnostic in the author's words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Edit, Severity, cut
from sagespec.base.named import NamedTuple
from sagespec.base.redact import masked, secret_in
from sagespec.base.source import Path
from sagespec.reading.constraints import Described
from sagespec.reading.core import ErrorDetails
from sagespec.reading.meant.names import (
    in_other_unit,
    kind_with,
    letters,
    meant_field,
    meant_field_at,
    names_at,
    nearest,
    other_name,
    part_at,
)
from sagespec.reading.part import Part
from sagespec.reading.render import Manifest
from sagespec.reading.shape import bare, described, expected, field_at, fields_of, shape_of_part
from sagespec.reading.validation import is_given, judged


class BindingComplaint(NamedTuple):
    """One thing that a model has against a manifest's data."""

    manifest: Manifest
    model: type[Part]
    data: Mapping[str, Any]
    """The manifest's data with lone values under their names."""
    path: Path
    detail: ErrorDetails
    belongs_to: str = ""
    """Of an unknown field: the field above under which it stands without being indented."""

    @property
    def value(self) -> Any:
        return self.detail["input"]

    @property
    def of_key(self) -> bool:
        """Whether it is about the name in a map rather than about its value."""
        return self.detail["loc"][-1:] == ("[key]",)

    @property
    def subject(self) -> str:
        return f"the name {shown(self.value)} in {dotted(self.path[:-1])}" if self.of_key else dotted(self.path)

    @property
    def inside(self) -> str:
        """Where a field is, unless it is the manifest's own."""
        return f" in {dotted(self.path[:-1])}" if len(self.path) > 1 else ""

    @property
    def hint(self) -> str:
        """What its field says should be written."""
        found = field_at(self.model, self.path)
        return found.field.hint if found and found.exact else ""

    @property
    def form(self) -> str:
        """What its field says that names or strings in it must be."""
        found = field_at(self.model, self.path)
        return found.field.form if found else ""

    @property
    def described(self) -> Described:
        """What its type says for people."""
        found = field_at(self.model, self.path)
        return described(found.shape) if found else Described()

    @property
    def choices(self) -> dict[str, Any]:
        """As they are written → the values that are allowed, where these can be listed."""
        found = field_at(self.model, self.path)
        values = expected(found.shape) if found else ()
        return {value if isinstance(value, str) else json.dumps(value): value for value in values}

    def accepts(self, value: Any) -> bool:
        """Whether the model has nothing to say of this value in the same place. What stands beside it in a map or a
        list need not be looked at for that."""
        path, name = self.path, str(self.path[0])
        field = _replaced(self.data[name], path[1:], value)
        if len(path) > 1 and isinstance(field, list):
            field, path = [field[int(path[1])]], (name, 0, *path[2:])
        elif len(path) > 1 and bare(fields_of(self.model)[name])["type"] == "dict":
            field = {path[1]: field[path[1]]}
        _, wrong = judged(shape_of_part(self.model), {name: field})
        return path not in wrong

    def certainly(self, text: str, value: Any) -> tuple[Edit, ...]:
        """The edit that writes `text`, if a literal stands there and the model accepts the value that it is."""
        if not self.manifest.written(self.path) or not self.accepts(value):
            return ()
        return (Edit(self.manifest.where(self.path).span, text),)

    def says(
        self, rule: str, message: str, hint: str = "", *, at_key: bool = False, fix: Iterable[Edit] = ()
    ) -> Diagnostic:
        place = self.manifest.where(self.path, at_key=at_key)
        return Diagnostic(place, Severity.ERROR, rule, message, hint, self.path, tuple(fix))


def _replaced(data: Any, path: Path, value: Any) -> Any:
    """A copy of the data with another value at `path`."""
    if not path:
        return value
    copy = data.copy()
    copy[path[0]] = _replaced(data[path[0]], path[1:], value)
    return copy


def diagnosed(complaint: BindingComplaint) -> Diagnostic:
    return _WORDINGS.get(complaint.detail["type"], _other)(complaint)


# Names of fields --------------------------------------------------------------------------------------------------


def _missing(complaint: BindingComplaint) -> Diagnostic:
    path, examples = complaint.path, complaint.described.examples or tuple(complaint.choices)
    example = json.dumps(examples[0]) if examples and isinstance(examples[0], str) else next(iter(examples), "")
    hint = f"add {path[-1]}: {example}" if examples else ""
    message = f"'{path[-1]}' is missing{complaint.inside}"
    if path == ("apiVersion",) and not is_given(complaint.data, ("kind",)):  # both are reported here, once
        version, kind = (next(iter(expected(fields_of(complaint.model)[name]))) for name in ("apiVersion", "kind"))
        message = "'apiVersion' and 'kind' are missing"
        hint = f"begin with the lines apiVersion: {version} and kind: {kind}"
    found = complaint.says("missing-field", message, hint)
    return found if len(path) > 1 else found._replace(place=complaint.manifest.document.where(()))


def _unknown_field(complaint: BindingComplaint) -> Diagnostic:
    path, model = complaint.path, complaint.model
    name, new = str(path[-1]), meant_field(model, path, complaint.detail)
    if new is not None and len(path) == 1 and model.renamed.get(name) == new:
        return _renamed(complaint, name, new)
    hint = _cure_of_name(complaint, name, new)
    message = f"there is no field '{cut(name)}'{complaint.inside}"
    same = new is not None and letters(new) == letters(name) and not is_given(complaint.data, (*path[:-1], new))
    fix = (Edit(complaint.manifest.where(path, at_key=True).span, new),) if same and new is not None else ()
    return complaint.says("unknown-field", message, hint, at_key=True, fix=fix)


def _cure_of_name(complaint: BindingComplaint, name: str, new: str | None) -> str:
    """What to write instead of a field that there is not."""
    from sagespec.reading.meant import places

    path, model = complaint.path, complaint.model
    other, kind = other_name(model, path), kind_with(model, path)
    if kind is not None and not (other or new or complaint.belongs_to):
        return f"only kind: {kind} has it; leave it out"
    moved = places.hint(complaint, other)
    if moved:
        return moved
    if other is not None and other.hint:
        return other.hint
    if new is not None and is_given(complaint.data, (*path[:-1], new)):
        return f"'{new}' is given as well; leave '{cut(name)}' out"
    if new is not None:
        return f"did you mean '{new}'? {_in_its_unit(complaint)}".rstrip()
    known = names_at(model, path[:-1])
    if len(path) == 1 and name[:1].isupper() and "request" in known:
        return "a member of the API's request stands under request:"
    return f"known here: {', '.join(sorted(known))}" if len(known) < 15 else ""


def _in_its_unit(complaint: BindingComplaint) -> str:
    """What `4` of `max_run_hours: 4` is as a value of max_run; nothing where no unit is named, or it is the same."""
    counted = in_other_unit(complaint.model, complaint.path)
    if counted is None:
        return ""
    found = field_at(complaint.model, (*complaint.path[:-1], counted[0]))
    about = described(found.shape) if found else Described()
    return about.suggest(f"{complaint.value}{counted[1]}") if about.suggest else ""


def _renamed(complaint: BindingComplaint, name: str, new: str) -> Diagnostic:
    layer, _ = complaint.manifest.origin(complaint.path)
    same = {new, *(old for old, now in complaint.model.renamed.items() if now == new)} - {name}
    taken = next((other for other in layer.data if other in same), None)
    hint = f"'{taken}' is given as well; leave '{name}' out" if taken else f"write {new}: …"
    fix = () if taken else (Edit(complaint.manifest.where(complaint.path, at_key=True).span, new),)
    message = complaint.model.renaming.format(old=name, new=new)
    return complaint.says("renamed-field", message, hint, at_key=True, fix=fix)


# Values -----------------------------------------------------------------------------------------------------------


def _wrong_type(complaint: BindingComplaint) -> Diagnostic:
    kind, value, path = complaint.detail["type"], complaint.value, complaint.path
    written, about = complaint.manifest.written(path), complaint.described
    message = f"{dotted(path)} must be {_TYPES.get(kind, 'something else')}, not {shown(value, written, path)}"
    correction = _correction(kind, value, written, about)
    if correction is None:
        hint = _as_shape(complaint, kind) or complaint.hint or _SHAPES.get(kind) or ""
        hint = hint or (about.suggest(value) if about.suggest else "")
        scalar = isinstance(value, int | float) and kind == "string_type"
        return complaint.says("wrong-type", message, hint or (_for_example(about) if scalar else ""))
    text, intended = correction
    if not complaint.accepts(intended):
        return complaint.says("wrong-type", message, _for_example(about))
    printable = "" if _disclosed(path, text) != text else text  # a secret is not repeated
    hint = f"write {printable}".strip()
    if kind == "string_type" and text[:1] == '"':
        hint = f"put it in quotes: {printable}".rstrip(": ")
        if printable and not isinstance(value, bool) and str(value) != written:
            hint += f"; without quotes YAML reads the number {value}"
        elif about.caution:
            hint += f"; {about.caution}"
    elif written.strip("\"'") == text:
        hint = f"write it without quotes: {text}"
    return complaint.says("wrong-type", message, hint, fix=complaint.certainly(text, intended))


def _as_shape(complaint: BindingComplaint, kind: str) -> str:
    """The same, written as the map or the list that is wanted; nothing where it holds a secret, or is no such thing."""
    from sagespec.reading.meant import values

    part, path = part_at(complaint.model, complaint.path), complaint.path
    made = ""
    if complaint.value == "None":
        return "leave it out, or write null: None is Python's"
    if kind == "model_type" and part is not None:
        return _as_part(part, complaint.value, str(path[-1]))
    if kind == "dict_type":
        made = values.as_map(complaint.value)
    elif kind == "list_type":
        needed = [name for name, field in part.fields.items() if field.required] if part is not None else []
        made = values.as_list(complaint.value, needed)
    if not made or _disclosed(path, made) != made:
        return ""
    return f"write {path[-1]}: {made}" if isinstance(path[-1], str) else f"write {made}"


def _as_part(part: type[Part], value: Any, name: str) -> str:
    """The map that stands for a lone value: a switch, one of several switches, or what such a map must have."""
    if "enabled" in part.fields and isinstance(value, bool):
        return f"write {name}: {{enabled: {json.dumps(value)}}}"
    meaning = meant_field_at(part, (value,)) if isinstance(value, str) else None
    inner = part_at(part, (meaning,)) if meaning is not None else None
    if inner is not None and "enabled" in inner.fields:
        return f"write {name}: {{{meaning}: {{enabled: true}}}}"
    needed = [field for field, about in part.fields.items() if about.required]
    return f"write a map: {{{', '.join(f'{field}: …' for field in needed)}}}" if needed else ""


def _correction(kind: str, value: Any, written: str, about: Described) -> tuple[str, Any] | None:
    """What to write instead of a value of the wrong type, and the value that this is; None where nobody can know."""
    if kind == "string_type" and isinstance(value, int | float):
        text = written or json.dumps(value)
        if about.correct is None:
            return f'"{text}"', text
        corrected = about.correct(text)
        return None if corrected is None else (_as_yaml(corrected), corrected)
    if kind == "bool_type" and isinstance(value, str | int):
        intended = _TRUTHS.get(str(value).lower())
        return None if intended is None else (json.dumps(intended), intended)
    if kind.startswith("int") and isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value, re.ASCII):
        return str(int(value)), int(value)
    if kind.startswith("int") and isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value)), int(value)
    return None


def _wrong_value(complaint: BindingComplaint) -> Diagnostic:
    value, choices, path = complaint.value, complaint.choices, complaint.path
    message = f"{dotted(path)} cannot be {shown(value, path=path)}"
    if complaint.hint:
        return complaint.says("wrong-value", message, complaint.hint)
    listed = f"write one of {', '.join(choices)}" if len(choices) > 1 else f"write {next(iter(choices))}"
    near = nearest(str(value)[:100], tuple(choices))
    hint = f"did you mean {near}? Otherwise {listed}" if near and len(choices) > 1 else listed
    same = near is not None and isinstance(value, str) and near.lower() == value.lower()
    fix = complaint.certainly(near, choices[near]) if near is not None and same else ()
    return complaint.says("wrong-value", message, hint, fix=fix)


def _wrong_form(complaint: BindingComplaint) -> Diagnostic:
    value, at_key, path = str(complaint.value), complaint.of_key, complaint.path
    about = Described() if at_key else complaint.described
    form = about.title or complaint.form or "of the form " + complaint.detail["ctx"]["pattern"]
    message = f"{complaint.subject} must be {form}" + ("" if at_key else f", not {shown(value, path=path)}")
    corrected = about.correct(value) if about.correct else None
    if corrected is not None:
        text = _as_yaml(corrected)
        return complaint.says("wrong-form", message, f"write {text}", fix=complaint.certainly(text, corrected))
    hint = (about.suggest(value) if about.suggest else "") or _as_expression(value) or _for_example(about)
    return complaint.says("wrong-form", message, hint, at_key=at_key)


def _as_expression(value: str) -> str:
    from sagespec.reading.meant import values

    return values.as_expression(value) if "$" in value else ""


def _limits(wording: str) -> Callable[[BindingComplaint], Diagnostic]:
    def diagnosed(complaint: BindingComplaint) -> Diagnostic:
        context, value = complaint.detail.get("ctx", {}), complaint.value
        limit = next(context[key] for key in ("ge", "le", "max_length", "min_length") if key in context)
        length = len(value) if isinstance(value, str) else context.get("actual_length")
        amount = f"has {length:,}" if isinstance(length, int) else f"is {shown(value, path=complaint.path)}"
        message = f"{complaint.subject} {amount}; {wording.format(f'{limit:,}')}"
        return complaint.says("out-of-range", message, at_key=complaint.of_key)

    return diagnosed


def _too_short(complaint: BindingComplaint) -> Diagnostic:
    if complaint.of_key:
        message = f"a name in {dotted(complaint.path[:-1])} is empty"
        return complaint.says("out-of-range", message, "give it one", at_key=True)
    if len(complaint.value):
        return _limits("the least is {}")(complaint)
    return complaint.says("out-of-range", f"{dotted(complaint.path)} is empty", "give it a value, or leave it out")


def _other(complaint: BindingComplaint) -> Diagnostic:
    reason = complaint.detail["msg"][:1].lower() + complaint.detail["msg"][1:]
    message = f"{dotted(complaint.path)}: {reason}, not {shown(complaint.value, path=complaint.path)}"
    return complaint.says("wrong-value", message)


_TYPES = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a map",
    "list_type": "a list",
    "model_type": "a map",
}

_SHAPES = {
    "list_type": "write a list: [ … ], or a line '- …' for each item",
    "dict_type": "write a map: lines 'name: value', or { … }",
    "model_type": "write a map: lines 'name: value', or { … }",
}
"""How to write what is wanted, where the value itself gives no hint."""

_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "y", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "0"), False),
}

_WORDINGS: Mapping[str, Callable[[BindingComplaint], Diagnostic]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_field,
    **dict.fromkeys(_TYPES, _wrong_type),
    "literal_error": _wrong_value,
    "string_pattern_mismatch": _wrong_form,
    "greater_than_equal": _limits("the least is {}"),
    "less_than_equal": _limits("the most is {}"),
    "string_too_long": _limits("the most is {} characters"),
    "string_too_short": _too_short,
    "too_long": _limits("the most is {}"),
    "too_short": _too_short,
}
"""pydantic's name of what is wrong → its wording."""


# Texts ------------------------------------------------------------------------------------------------------------


def _for_example(about: Described) -> str:
    return f"for example {_as_yaml(about.examples[0])}" if about.examples else ""


def _as_yaml(value: Any) -> str:
    """A value as YAML needs it: a text that looks like a number in quotes."""
    return f'"{value}"' if isinstance(value, str) and re.fullmatch(r"[0-9.]+", value) else str(value)


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
        return f"'{cut(_disclosed(path, value)).translate(_ESCAPES)}'"
    return cut(_disclosed(path, written or str(value)))


def _disclosed(path: Path, text: str) -> str:
    """What may be said of a value: under a name such as `environment.API_KEY` any text may be a secret."""
    bare = text.strip("\"'")
    return masked(bare) if secret_in(bare[:5_000], str(path[-1]) if path else "") else text
