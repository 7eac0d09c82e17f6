"""Model and catalogue → `schemas/`: what an editor checks, completes and explains while a manifest is typed.

A manifest may leave anything to a Defaults document, which an editor does not see. So the schema refuses what is
written and wrong, or contradicts something else that is written, and never what is only missing.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from sagespec.catalog import Facts, Instance, NoProcessor, Release, processor
from sagespec.model import LEGACY_FIELDS, RENAMED, Job

Json: TypeAlias = dict[str, Any]

EXPRESSION = r"\{\{"
"""Found in every string that holds an expression: it may become anything."""
REPAIR = "sagespec schema --out schemas"
IDENTITY = ("apiVersion", "kind", "name")
"""Fields that a manifest writes itself; all others may come from a Defaults document."""

_MODEL = Path(__file__).resolve().parent / "model"
_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a string (in quotes, where it looks like a number or a truth value)",
    "array": "a list",
    "object": "a map",
}
_LIMITS = ("minimum", "maximum", "minItems", "maxItems", "maxProperties", "minLength")
_AN_EXPRESSION: Json = {"type": "string", "pattern": EXPRESSION}
_GIVEN: Json = {"not": {"anyOf": [{"type": "null"}, _AN_EXPRESSION]}}
"""A value that is known and is not null."""


def write_schemas(folder: Path) -> list[Path]:
    """Writes every schema into `folder`, which is made where it is missing; the files' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _files().items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in _files()]


def stale(folder: Path) -> list[str]:
    """Names of the files in `folder` that differ from what would be written, or are missing."""
    return [
        name
        for name, text in _files().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


@cache
def _files() -> dict[str, str]:
    facts = Facts(date.min)  # nothing here depends on the day
    made = {
        "training-job.schema.json": training_job_schema(facts),
        "defaults.schema.json": defaults_schema(facts),
    }
    return {name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in made.items()}


def training_job_schema(facts: Facts) -> Json:
    """The schema of a manifest, in draft 7, which every editor knows."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "sagespec",
        "description": "A SageMaker training job.",
        "type": "object",
        "required": list(IDENTITY),
        "properties": {**_job(facts), "matrix": _MATRIX, **_old_names()},
        "additionalProperties": False,
        "allOf": [*_renamed(), *_relations(facts)],
    }


def defaults_schema(facts: Facts) -> Json:
    """The schema of a Defaults document. What contradicts here may be replaced in a manifest, so relations are left out."""
    job = _job(facts)
    head = {name: job.pop(name) for name in ("apiVersion", "kind")}
    head["kind"] |= {"const": "Defaults", "errorMessage": "kind must be Defaults"}
    fields = {**job, "matrix": _MATRIX, **_SETTINGS}
    environment = {
        "type": "object",
        "description": "What holds under --env with this name.",
        "properties": {name: {"$ref": f"#/properties/{name}"} for name in fields} | _old_names(),
        "additionalProperties": False,
        "allOf": _renamed(),
    }
    environments = {
        "type": "object",
        "description": "By name: what lies over the other defaults when --env (or SAGESPEC_ENV) says so.",
        "additionalProperties": environment,
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "sagespec",
        "description": "What the manifests in this folder and below leave out.",
        "type": "object",
        "required": ["kind"],
        "properties": {**head, **fields, "environments": environments, **_old_names()},
        "additionalProperties": False,
        "allOf": _renamed(),
    }


_MATRIX: Json = {
    "type": ["object", "null"],
    "description": "One job for each combination of these values; {{ matrix.NAME }} is the value.",
    "properties": {
        "exclude": {
            "type": "array",
            "description": "Combinations that are left out: each a map of some of the matrix's values.",
            "items": {"type": "object"},
        }
    },
    "additionalProperties": {"type": "array", "minItems": 1},
}
_SETTINGS: Json = {
    "project": {"type": "string", "description": "Project that the jobs belong to: a tag, and part of what is theirs."},
    "vars": {"type": "object", "description": "Values for {{ vars.NAME }}; --set NAME=VALUE replaces one."},
    "prices": {"type": "string", "description": "A price file: region, instance type → USD per hour, with its date."},
    "max_job_cost": {"type": "number", "minimum": 0, "description": "USD that one job may cost at most."},
}


# Fields ------------------------------------------------------------------------------------------------------------


def _job(facts: Facts) -> Json:
    """Every field of a manifest: the model's own schema, made fit for documents that are not rendered yet."""
    model = Job.model_json_schema()
    shapes = _Shapes(model["$defs"], _known_values(facts))
    fields = shapes.properties("Job", model["properties"])
    for name in ("apiVersion", "kind"):  # read before anything is rendered
        constant = model["properties"][name]["const"]
        fields[name] = {
            "const": constant,
            "description": fields[name]["description"],
            "errorMessage": f"{name} must be {constant}",
        }
    channel = shapes.shape("channel", {"$ref": "#/$defs/Channel"}) | {"allOf": _of_channel()}
    channel["patternErrorMessage"] = channel["errorMessage"] = "a channel is an S3 URI, a path, or a map"
    fields["channels"] = _channels(fields["channels"], channel)
    return fields


class _Shapes:
    """Turns the model's schema, piece by piece, into the editor's."""

    def __init__(self, parts: Json, known: Mapping[str, Json]) -> None:
        self.parts = parts
        self.known = known

    def properties(self, owner: str, fields: Json) -> Json:
        texts = _descriptions()[owner]
        return {
            name: self.shape(name, field) | ({"description": texts[name]} if name in texts else {})
            for name, field in fields.items()
        }

    def shape(self, name: str, node: Json, *, in_list: bool = False) -> Json:
        """One value. Expressions are welcome, and null where the model takes it."""
        options = [option for option in node.get("anyOf", [node]) if option != {"type": "null"}]
        nullable = options != node.get("anyOf", [node])
        made = [self._option(name, option, in_list) for option in options]
        shape = made[0] if len(made) == 1 else _either(made)
        if nullable:
            shape["type"] = [*_types(shape), "null"]
        if node.get("default") not in (None, {}, []) and not isinstance(node["default"], dict):
            shape["default"] = node["default"]
        return shape

    def _option(self, name: str, node: Json, in_list: bool) -> Json:
        if "$ref" in node:
            part = node["$ref"].removeprefix("#/$defs/")
            return self._part(part, in_list) if part != "JsonValue" else {}
        if "const" in node or "enum" in node:
            return _choice(name, node)
        kind = node["type"]
        if kind == "string":
            return self._string(name, node)
        limits = {key: node[key] for key in _LIMITS if key in node}
        shape = {"type": [kind, "string"], "pattern": EXPRESSION, **limits}
        message = f"{name} must be {node.get('title') if 'minimum' in node and _is_phrase(node) else _KINDS[kind]}"
        if kind in ("array", "object"):  # errorMessage would also hide what is wrong inside
            shape["patternErrorMessage"] = message
        else:
            shape["errorMessage"] = message
        if kind == "array":
            shape["items"] = self.shape(name, node["items"], in_list=True)
        if kind == "object":
            names = dict(node.get("propertyNames", {}))
            values = node.get("additionalProperties", True)
            for pattern, value in node.get("patternProperties", {}).items():
                names["pattern"], values = pattern, value
            shape["propertyNames"] = {**names, "not": {"pattern": EXPRESSION}}
            if isinstance(values, dict):
                shape["additionalProperties"] = self.shape(name, values)
        return shape

    def _part(self, part: str, in_list: bool) -> Json:
        own = self.parts[part]
        return {
            "type": ["object", "string"],
            "pattern": EXPRESSION,
            "patternErrorMessage": "must be a map",
            **({"description": own["description"]} if "description" in own else {}),
            "properties": self.properties(part, own["properties"]),
            # A map is merged with that of the defaults, an item of a list is not.
            **({"required": own["required"]} if in_list and "required" in own else {}),
            "additionalProperties": False,
        }

    def _string(self, name: str, node: Json) -> Json:
        shape: Json = {"type": ["string"]}
        limits = {key: node[key] for key in ("pattern", "minLength", "maxLength") if key in node}
        wanted = node["title"] if _is_phrase(node) else _KINDS["string"]
        message = f"{name} must be {wanted}"
        if name == "framework_version":
            message = 'framework_version must be a version in quotes: without them YAML reads "1.10" as the number 1.1'
        if limits:
            shape |= {"if": {"pattern": EXPRESSION}, "else": {**limits, "errorMessage": message}}
        shape["errorMessage"] = message
        if "pattern" in node and name in self.known:
            return {"type": ["string"], "anyOf": [shape, self.known[name]], "errorMessage": message}
        if "examples" in node:
            shape["examples"] = node["examples"]
        return shape


def _is_phrase(node: Json) -> bool:
    """Whether a title is a type's own words, not the field's name as pydantic spells it."""
    return str(node.get("title", "A"))[0].islower()


def _types(shape: Json) -> list[str]:
    found = shape.get("type", [])
    return list(found) if isinstance(found, list) else [found]


def _choice(name: str, node: Json) -> Json:
    values = node.get("enum", [node.get("const")])
    kind = {str: "string", int: "integer", bool: "boolean"}[type(values[0])]
    # An expression may stand here too; null passes where `type` lets it.
    either = [{"enum": values}, {"type": ["string", "null"], "pattern": EXPRESSION}]
    return {"type": list(dict.fromkeys((kind, "string"))), "anyOf": either}


def _either(shapes: list[Json]) -> Json:
    """`false` or something else."""
    kinds = list(dict.fromkeys(kind for shape in shapes for kind in _types(shape)))
    return {"type": kinds, "anyOf": [*shapes[1:], shapes[0], {"type": "null"}]}


def _channels(shape: Json, channel: Json) -> Json:
    """A map of channels; or a location or one channel's members, which are the channel `training`."""
    one = ("s3_data", "path", "file_system_id")
    plain = {key: value for key, value in shape.items() if key not in ("pattern", "patternErrorMessage")}
    by_name = {key: plain.pop(key) for key in ("propertyNames", "maxProperties", "additionalProperties")}
    located = {"anyOf": [_when({name: {"type": "string"}}) for name in one]}
    return plain | {
        "if": {"type": "object", **located},
        "then": channel,
        "else": {**by_name, "additionalProperties": {**channel, "else": _LOCATION, "if": {"type": "object"}}},
    }


_LOCATION: Json = {"minLength": 1}


@cache
def _descriptions() -> dict[str, dict[str, str]]:
    """Class → field → the string under it. Read from the source, because importing throws these strings away."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(_MODEL.glob("*.py")):
        for owner in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(owner, ast.ClassDef):
                found[owner.name] = dict(_texts(owner.body))
    return found


def _texts(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, text in zip(body, body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            yield field.target.id, " ".join(str(text.value.value).split())


# What the catalogue knows by name -------------------------------------------------------------------------------------


def _known_values(facts: Facts) -> dict[str, Json]:
    """Values to complete, each with a line about it. Others of the right form are welcome: the catalogue ages."""
    regions = {name: f"partition {region.partition}" for name, region in facts.regions.items()}
    local = {"local": "this machine", "local_gpu": "this machine, with its GPUs"}
    types = {name: _hardware(instance) for name, instance in facts.instances.items()}
    versions = {release.version: _about(release) for release in _releases(facts)}
    known = {"instance_type": {**local, **types}, "region": regions, "framework_version": versions}
    return {
        name: {"enum": list(values), "enumDescriptions": list(values.values())} for name, values in known.items()
    }


def _releases(facts: Facts) -> list[Release]:
    """Every version that may be written, the newest release first, its short name before the long ones."""
    full = [release.full_version for release in facts.releases.values()]
    found = [facts.release(name) for name in (*facts.aliases, *facts.releases)]
    return sorted(
        (release for release in found if release is not None),
        key=lambda release: (-_minor_order(full, release), len(release.version.split(".")), -full.index(release.full_version)),
    )


def _minor_order(full: list[str], release: Release) -> int:
    minor = release.full_version.rsplit(".", 1)[0] + "."
    return next(position for position, name in enumerate(full) if name.startswith(minor))


def _hardware(instance: Instance) -> str:
    parts = [f"{instance.vcpus} vCPU", f"{instance.memory_gib:g} GiB"]
    if instance.accelerator_count:
        model = instance.accelerator_model or instance.accelerator
        parts.append(f"{instance.accelerator_count} × {model} ({instance.accelerator_memory_gib:g} GiB)")
    if instance.nvme_gb:
        parts.append(f"{instance.nvme_gb} GB NVMe")
    return ", ".join(parts)


def _about(release: Release) -> str:
    mode = "script mode" if not release.legacy_mode else "legacy mode" if not release.script_mode else "both modes"
    patches = f", patches end {release.patches_end}" if release.patches_end else ""
    return f"{', '.join(release.pythons)}; {mode}{patches}"


# Relations: what is written and contradicts -----------------------------------------------------------------------------


def _old_names() -> Json:
    """SDK 1's names are known, so that they are refused once, by `_renamed`, in words that help."""
    return {old: {"doNotSuggest": True} for old in RENAMED}


def _renamed() -> list[Json]:
    return [
        {"properties": {old: False}, "errorMessage": f"'{old}' is the name that SDK 1 used for '{new}': write {new}"}
        for old, new in RENAMED.items()
    ]


def _relations(facts: Facts) -> list[Json]:
    stated = {
        **_when({"framework_version": _GIVEN}),
        "not": {"required": ["image_uri"], "properties": {"image_uri": {"not": {"type": "null"}}}},
    }
    by_version = [branch for about in _BY_VERSION for branch in _branches(facts, about)]
    return [
        {"if": stated, "then": {"allOf": [_known_version(facts), *by_version]}},
        *({"if": _when(condition), "then": {"properties": then}} for condition, then in _CONTRADICTIONS),
    ]


def _when(members: Json) -> Json:
    """A condition: these members are written, and are like this."""
    return {"required": list(members), "properties": members}


def _absent(*names: str, because: str) -> Json:
    """These members may only be null, or an expression that may become null."""
    return {name: {"type": ["null", "string"], "pattern": EXPRESSION, "errorMessage": because} for name in names}


def _one_of(values: Iterable[str], message: str) -> Json:
    values = list(values)
    pattern = f"^({'|'.join(value.replace('.', '[.]') for value in values)})$|{EXPRESSION}"
    return {"pattern": pattern, "errorMessage": message}


def _known_version(facts: Facts) -> Json:
    versions = [release.version for release in _releases(facts)]
    message = f'SageMaker has no image of this TensorFlow version; the newest is "{versions[0]}"'
    return {"properties": {"framework_version": _one_of(versions, message)}}


def _branches(facts: Facts, about: Callable[[Facts, Release], Json | None]) -> Iterator[Json]:
    """One if/then for each group of versions of which the same is true."""
    groups: dict[str, list[str]] = {}
    for release in _releases(facts):
        then = about(facts, release)
        if then is not None:
            groups.setdefault(json.dumps(then), []).append(release.version)
    for then_text, versions in groups.items():
        pattern = f"^({'|'.join(version.replace('.', '[.]') for version in versions)})$"
        yield {"if": _when({"framework_version": {"pattern": pattern}}), "then": json.loads(then_text)}


def _pythons(facts: Facts, release: Release) -> Json:
    message = f"this TensorFlow version has images for {', '.join(release.pythons)} only"
    return {"properties": {"py_version": {**_one_of(release.pythons, message), "examples": list(release.pythons)}}}


def _regions(facts: Facts, release: Release) -> Json:
    regions = [
        name for name in facts.regions if any(name in image.registries for image in release.images.values())
    ]
    return {"properties": {"region": _one_of(regions, "no image of this TensorFlow version is kept in this region")}}


def _modes(facts: Facts, release: Release) -> Json | None:
    if not release.legacy_mode:
        steps = _absent(*LEGACY_FIELDS, because="this TensorFlow version has no legacy mode: leave it out")
        mode = {"script_mode": {"not": {"const": False}, "description": "This version knows script mode only."}}
        return {"properties": {**steps, **mode}}
    if not release.script_mode:
        return {"properties": {"script_mode": {"not": {"const": True}, "description": "This version knows legacy mode only."}}}
    python3 = _when({"py_version": {"pattern": "^py3"}})
    because = "legacy mode has no image for Python 3: write py_version: py2, or leave it out"
    return {"if": python3, "then": {"properties": _absent(*LEGACY_FIELDS, because=because)}}


def _hardware_of(facts: Facts, release: Release) -> Json:
    families = [*_families_without_image(facts), *([] if release.p2_instances else ["p2"])]
    shape = {
        "pattern": rf"^(?!ml\.({'|'.join(families)})\.)",
        "errorMessage": "this TensorFlow version has no image for this instance type",
    }
    groups = {"items": {"properties": {"instance_type": shape}}}
    return {"properties": {"instance_type": shape, "instance_groups": groups}}


@cache
def _families_without_image(facts: Facts) -> list[str]:
    return list(dict.fromkeys(i.family for i in facts.instances.values() if not _runs(i)))


def _runs(instance: Instance) -> bool:
    try:
        processor(instance.name)
    except NoProcessor:
        return False
    return instance.arch == "x86_64"


_BY_VERSION: tuple[Callable[[Facts, Release], Json | None], ...] = (_pythons, _regions, _modes, _hardware_of)
"""What a version decides: release → what must be true of a manifest that names it."""

_ON: Json = {"const": True}
_SPOT = {"use_spot_instances": _ON}
_CONTRADICTIONS: tuple[tuple[Json, Json], ...] = (
    ({"use_spot_instances": {"const": False}}, _absent("max_wait", because="max_wait is only for spot jobs")),
)
"""(these are written so, then these may not be)."""


def _of_channel() -> list[Json]:
    return []
