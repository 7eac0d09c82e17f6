"""Model and catalogue → `schemas/`: what an editor checks, completes and explains while a manifest is typed.

A manifest may leave anything to a Defaults document, which an editor does not see. So a schema refuses what is written
and wrong, or contradicts something else that is written, and never what is only missing.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

from sagespec.catalog import Facts, Instance, NoProcessor, Release, processor
from sagespec.model import LEGACY_FIELDS, RENAMED, Job

Json: TypeAlias = dict[str, Any]

IDENTITY = ("apiVersion", "kind", "name")
"""Fields that a manifest writes itself; all others may come from a Defaults document."""

_DRAFT = "http://json-schema.org/draft-07/schema#"
_MODEL = Path(__file__).resolve().parent / "model"


def write_schemas(folder: Path) -> list[Path]:
    """Writes every schema into `folder`, which is made where it is missing. Returns the files' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _files().items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in _files()]


def stale(folder: Path) -> list[str]:
    """Names of the schema files in `folder` that are missing, or differ from what would be written."""
    return [
        name
        for name, text in _files().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


@cache
def _files() -> Mapping[str, str]:
    facts = Facts(date.min)  # nothing in a schema depends on the day
    made = {
        "training-job.schema.json": training_job_schema(facts),
        "defaults.schema.json": defaults_schema(facts),
    }
    return {name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in made.items()}


def training_job_schema(facts: Facts) -> Json:
    """The schema of a manifest, in draft 7: the newest that all editors know."""
    shapes = _Shapes(facts)
    return {
        "$schema": _DRAFT,
        "title": "sagespec",
        "description": "A SageMaker training job.",
        "type": "object",
        "required": list(IDENTITY),
        "properties": {**_head("TrainingJob"), **shapes.job(), "matrix": _MATRIX, **_OLD_NAMES},
        "additionalProperties": False,
        "allOf": [*_renamed(), *_by_version(facts), *map(_refused, (*_REFUSALS, *_of_hardware(facts)))],
        "definitions": {
            "channel": shapes.channel() | {"allOf": [_refused(refusal) for refusal in _OF_CHANNELS]},
            **shapes.known,
        },
    }


def defaults_schema(facts: Facts) -> Json:
    """The schema of a Defaults document. A manifest may replace half of a contradiction, so nothing is said of any."""
    shapes = _Shapes(facts)
    fields = {**shapes.job(), "matrix": _MATRIX, **_SETTINGS}
    environment = {
        "type": "object",
        "description": "What holds when --env (or SAGESPEC_ENV) gives this name.",
        "properties": {name: {"$ref": f"#/properties/{name}"} for name in fields} | _OLD_NAMES,
        "additionalProperties": False,
        "allOf": _renamed(),
    }
    environments = {
        "type": "object",
        "description": "By name: what lies over the other defaults when --env (or SAGESPEC_ENV) says so.",
        "additionalProperties": environment,
    }
    return {
        "$schema": _DRAFT,
        "title": "sagespec",
        "description": "What the manifests in this folder and below leave out.",
        "type": "object",
        "required": ["kind"],
        "properties": {**_head("Defaults"), **fields, "environments": environments, **_OLD_NAMES},
        "additionalProperties": False,
        "allOf": _renamed(),
        "definitions": {"channel": shapes.channel(), **shapes.known},
    }


def _head(kind: str) -> Json:
    texts = _descriptions()["Job"]
    values = {"apiVersion": Job.model_json_schema()["properties"]["apiVersion"]["const"], "kind": kind}
    return {
        name: {"const": value, "description": texts[name], "errorMessage": f"{name} must be {value}"}
        for name, value in values.items()
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
    "project": {"type": "string", "description": "Project that the jobs belong to; also a tag of theirs."},
    "vars": {"type": ["object", "null"], "description": "Values of {{ vars.NAME }}; --set NAME=VALUE replaces one."},
    "prices": {
        "type": "string",
        "description": "A price file: region and type → USD per hour, with its date.",
    },
    "max_job_cost": {"type": "number", "minimum": 0, "description": "USD that one job may cost at most."},
}


# Shapes: the model's own schema, made fit for documents that hold expressions

_EXPRESSION = r"\{\{"
"""Found in every string that holds an expression. It may become anything, so it is welcome everywhere."""
_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
}
_NULL: Json = {"type": "null"}
_LIMITS = ("minimum", "maximum", "minItems", "maxItems", "maxProperties")

_TYPE_HINTS = {
    "framework_version": "framework_version must be in quotes: without them YAML reads 1.10 as the number 1.1"
}
_ALWAYS = {
    "volume_kms_key": (r"^(?!alias/)(?!.*:alias/)", "a volume's key is named by its id or ARN, not by an alias"),
    "s3_data": (r"^(s3|https)://[^/]", "data in S3 begin with s3://<bucket>; local data stand under path"),
    "directory_path": (r"^/", "directory_path begins with a slash"),
    "subnets": (r"^(?!sg-)", "a security group belongs under security_group_ids"),
    "security_group_ids": (r"^(?!subnet-)", "a subnet belongs under subnets"),
}
"""What the rules ask of a string, beyond its type: a pattern and what to say."""


class _Shapes:
    """Turns the model's schema, piece by piece, into the editors'."""

    def __init__(self, facts: Facts) -> None:
        model = Job.model_json_schema()
        self.parts: Json = {**model.pop("$defs"), "Job": model}
        self.known = _known_values(facts)

    def job(self) -> Json:
        """Every field that a manifest and a Defaults document share."""
        fields = {name: shape for name, shape in self.properties("Job").items() if name not in ("apiVersion", "kind")}
        about = {key: fields["channels"][key] for key in ("type", "description")}
        by_name = {key: fields["channels"][key] for key in ("propertyNames", "maxProperties")}
        one = [_when({name: {"type": "string"}}) for name in ("s3_data", "path", "file_system_id")]
        channel = {"$ref": "#/definitions/channel"}
        by_name["additionalProperties"] = {"description": self.parts["Channel"]["description"], "allOf": [channel]}
        # A map of channels; or a location or one channel's members, which are the channel `training`.
        fields["channels"] = about | {
            "if": {"anyOf": [{"type": "string"}, *one]},
            "then": channel,
            "else": by_name,
        }
        return fields

    def channel(self) -> Json:
        """One channel: its members, or a string that is a location."""
        members = self.part("Channel", in_list=False)
        del members["description"]  # a channel that stands alone is described by its field
        location = {"minLength": 1, "pattern": rf"^(?!.*://)|^(s3|https)://[^/]|^file://|{_EXPRESSION}"}
        return members | location | {"patternErrorMessage": "a channel is s3://<bucket>/…, a local path, or a map"}

    def properties(self, part: str) -> Json:
        texts = _descriptions()[part]
        return {
            name: self.shape(name, node) | ({"description": texts[name]} if name in texts else {})
            for name, node in self.parts[part]["properties"].items()
        }

    def shape(self, name: str, node: Json, *, in_list: bool = False) -> Json:
        """One value: an expression is welcome, and null where the model takes it."""
        options = [option for option in node.get("anyOf", [node]) if option != _NULL]
        nullable = len(options) < len(node.get("anyOf", [node]))
        *choices, shape = [self.option(name, option, in_list) for option in options]
        if choices:  # `false`, or something else
            shape = {"anyOf": [shape, *(choice["anyOf"][0] for choice in choices)]}
        if nullable and "anyOf" in shape and "type" not in shape:
            shape["anyOf"].append(_NULL)
        elif nullable:
            kinds = shape["type"]
            shape["type"] = [*(kinds if isinstance(kinds, list) else [kinds]), "null"]
        if isinstance(node.get("default"), str | int | bool):
            shape["default"] = node["default"]
        return shape

    def option(self, name: str, node: Json, in_list: bool) -> Json:
        if "$ref" in node:
            part = node["$ref"].removeprefix("#/$defs/")
            return {} if part == "JsonValue" else self.part(part, in_list)
        if "const" in node or "enum" in node:
            return _choice(node.get("enum") or [node["const"]])
        return self.string(name, node) if node["type"] == "string" else self.other(name, node)

    def other(self, name: str, node: Json) -> Json:
        """A number, a truth value, a list or a map."""
        kind = node["type"]
        limits = {key: node[key] for key in _LIMITS if key in node}
        message = f"{name} must be {_title(node) or _WORDS[kind]}"
        inside: Json = {}
        if kind == "array":
            inside["items"] = self.shape(name, node["items"], in_list=True)
        if kind == "object":
            by_pattern = node.get("patternProperties") or {None: node.get("additionalProperties", {})}
            [(pattern, values)] = by_pattern.items()
            names = node.get("propertyNames", {}) | ({"pattern": pattern} if pattern else {})
            inside["propertyNames"] = {**names, "not": {"pattern": _EXPRESSION}}
            inside["additionalProperties"] = self.shape(name, values) if values else {}
        return {"type": [kind, "string"], "pattern": _EXPRESSION, "errorMessage": message, **limits, **inside}

    def part(self, part: str, in_list: bool) -> Json:
        own = self.parts[part]
        return {
            "type": ["object", "string"],
            "pattern": _EXPRESSION,
            "patternErrorMessage": "this must be a map",
            **({"description": own["description"]} if "description" in own else {}),
            # A map is merged with that of the defaults, which may have the rest; an item of a list is not.
            **({"required": own["required"]} if in_list and "required" in own else {}),
            "properties": self.properties(part),
            "additionalProperties": False,
        }

    def string(self, name: str, node: Json) -> Json:
        limits: Json = {key: node[key] for key in ("pattern", "minLength", "maxLength") if key in node}
        message = f"{name} must be {_title(node) or 'a string'}"
        if name in _ALWAYS:
            pattern, because = _ALWAYS[name]
            limits["allOf"] = [{"pattern": pattern, "errorMessage": because}]
        shape: Json = {
            "type": "string",
            "errorMessage": _TYPE_HINTS.get(name, f"{message}, in quotes if it is a number"),
        }
        if limits:
            shape |= {"if": {"pattern": _EXPRESSION}, "else": {**limits, "errorMessage": message}}
        if name in self.known and limits:
            known = {"$ref": f"#/definitions/{name}"}
            return {"anyOf": [shape, known]}
        return shape | ({"examples": node["examples"]} if "examples" in node else {})


def _choice(values: list[Any], message: str | None = None) -> Json:
    listed = {"enum": values} | ({"errorMessage": message} if message else {})
    return {"anyOf": [listed, {"type": "string", "pattern": _EXPRESSION}]}


def _title(node: Json) -> str:
    """A type's own words; pydantic's, made of the field's name, are none."""
    title = str(node.get("title", ""))
    return title if title[:1].islower() else ""


@cache
def _descriptions() -> Mapping[str, Mapping[str, str]]:
    """Class → field → the string under it. Read from the source: importing throws these strings away."""
    found = {}
    for path in sorted(_MODEL.glob("*.py")):
        for owner in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(owner, ast.ClassDef):
                found[owner.name] = dict(_texts(owner.body))
    return found


def _texts(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for above, text in pairwise(body):
        match above, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                yield name, " ".join(words.split())


# Values that the catalogue knows


def _known_values(facts: Facts) -> Mapping[str, Json]:
    """Values to complete, each with a line about it. Others of the right form are welcome: the catalogue ages."""
    local = {"local": "this machine", "local_gpu": "this machine and its GPUs"}
    known = {
        "instance_type": {name: _about_instance(instance) for name, instance in facts.instances.items()} | local,
        "region": {name: f"partition {region.partition}" for name, region in facts.regions.items()},
        "framework_version": {release.version: _about_release(release) for release in _releases(facts)},
    }
    return {name: {"enum": list(values), "enumDescriptions": list(values.values())} for name, values in known.items()}


def _about_instance(instance: Instance) -> str:
    parts = [f"{instance.vcpus} vCPU", f"{instance.memory_gib:g} GiB"]
    if instance.accelerator_count:
        name = instance.accelerator_model or instance.accelerator
        parts.append(f"{instance.accelerator_count} × {name} with {instance.accelerator_memory_gib:g} GiB")
    return ", ".join([*parts, *([f"{instance.nvme_gb} GB NVMe"] if instance.nvme_gb else [])])


def _about_release(release: Release) -> str:
    modes = [name for name, has in (("legacy", release.legacy_mode), ("script", release.script_mode)) if has]
    patches = f"; patched until {release.patches_end}" if release.patches_end else ""
    return f"{', '.join(release.pythons)}; {' or '.join(modes)} mode{patches}"


@cache
def _releases(facts: Facts) -> list[Release]:
    """Every version that can be written, the newest first; a short one stands before the long ones."""
    names: list[str] = []
    for short in reversed(list(facts.aliases)):
        names += [short, *(full for full in reversed(list(facts.releases)) if full.startswith(f"{short}."))]
    return [release for name in names if (release := facts.release(name)) is not None]


# Contradictions: two things that are written, and cannot both hold

_GIVEN: Json = {"not": {"anyOf": [{"type": "null"}, {"type": "string", "pattern": _EXPRESSION}]}}
"""A value that is known, and is not null."""
_TRUE: Json = {"const": True}
_POSITIVE: Json = {"type": "integer", "minimum": 1}


@dataclass(frozen=True)
class _Refusal:
    """A field that may not stand where others are written so."""

    field: tuple[str, ...]
    because: str
    when: Json = member(default_factory=dict)
    value: Json = member(default_factory=lambda: _GIVEN)


def _refused(refusal: _Refusal) -> Json:
    """The schema that points at the refused field's key."""
    *owners, name = refusal.field
    condition, then = {name: refusal.value}, {"properties": {name: False}, "errorMessage": refusal.because}
    for owner in reversed(owners):
        condition, then = {owner: _when(condition)}, {"properties": {owner: then}}
    return {"if": _when({**refusal.when, **condition}), "then": then}


def _when(members: Json) -> Json:
    """A condition: these members are written, and are so."""
    return {"required": list(members), "properties": members}


_OLD_NAMES: Json = {old: {"doNotSuggest": True} for old in RENAMED}
"""Known, so that they are refused once: by `_renamed`, with the new name."""


def _renamed() -> list[Json]:
    return [
        {"properties": {old: False}, "errorMessage": f"'{old}' is the name that SDK 1 used for '{new}'; write {new}"}
        for old, new in RENAMED.items()
    ]


_SPOT: Json = {"use_spot_instances": _TRUE}
_LOCAL: Json = {"instance_type": {"enum": ["local", "local_gpu"]}}
_GROUPS: Json = {"instance_groups": {"type": "array"}}
_ENTRY: Json = {"entry_point": _GIVEN}

_REFUSALS = (
    _Refusal(("max_wait",), "max_wait is only for spot jobs", {"use_spot_instances": {"const": False}}),
    _Refusal(("use_spot_instances",), "a spot job needs max_wait", {"max_wait": {"type": "null"}}, _TRUE),
    _Refusal(("keep_alive_period_in_seconds",), "spot instances cannot be kept alive", _SPOT, _POSITIVE),
    _Refusal(("keep_alive_period_in_seconds",), "instance groups cannot be kept alive", _GROUPS, _POSITIVE),
    _Refusal(("instance_type",), "instance_type and instance_groups exclude each other", _GROUPS),
    _Refusal(("instance_count",), "instance_count and instance_groups exclude each other", _GROUPS),
    _Refusal(
        ("instance_count",),
        "several instances cannot share the GPUs of one machine",
        {"instance_type": {"const": "local_gpu"}},
        {"type": "integer", "minimum": 2},
    ),
    _Refusal(
        ("checkpoint_local_path",),
        "checkpoint_local_path without checkpoint_s3_uri keeps nothing",
        {"checkpoint_s3_uri": {"type": "null"}},
    ),
    _Refusal(("subnets",), "subnets need security_group_ids", {"security_group_ids": {"type": "null"}}),
    _Refusal(("security_group_ids",), "security_group_ids need subnets", {"subnets": {"type": "null"}}),
    _Refusal(
        ("training_repository_credentials_provider_arn",),
        "credentials are used only with training_repository_access_mode: Vpc",
        {"training_repository_access_mode": {"const": "Platform"}},
    ),
    _Refusal(
        ("channels", "code"),
        "with network isolation the training code comes as the channel 'code'",
        {"enable_network_isolation": _TRUE, **_ENTRY},
    ),
    *(
        _Refusal((name,), f"{name} is for legacy mode, and script_mode is true", {"script_mode": _TRUE, **_ENTRY})
        for name in LEGACY_FIELDS
    ),
)
"""Of a manifest, whatever its version."""

_NOT_FILE: Json = {"enum": ["Pipe", "FastFile"]}
_NOT_PIPE: Json = {"enum": ["File", "FastFile"]}
_MOUNTED: Json = {"file_system_id": _GIVEN}

_OF_CHANNELS = (
    _Refusal(("path",), "a channel has one source, and s3_data is one", {"s3_data": _GIVEN}),
    _Refusal(("file_system_id",), "a channel has one source, and s3_data is one", {"s3_data": _GIVEN}),
    _Refusal(("file_system_id",), "a channel has one source, and path is one", {"path": _GIVEN}),
    _Refusal(("target_attribute_name",), "target_attribute_name is for AutoML jobs; tell the script otherwise"),
    *(
        _Refusal((name,), f"{name} is for data in S3, not for a file system", _MOUNTED)
        for name in ("s3_data_type", "attribute_names", "instance_groups")
    ),
    _Refusal(("distribution",), "a file system cannot be sharded", _MOUNTED, {"const": "ShardedByS3Key"}),
    _Refusal(("input_mode",), "a file system is mounted in File mode only", _MOUNTED, _NOT_FILE),
    _Refusal(("compression",), "only Pipe mode unpacks Gzip", {"input_mode": _NOT_PIPE}, {"const": "Gzip"}),
    _Refusal(("record_wrapping",), "only Pipe mode wraps records", {"input_mode": _NOT_PIPE}, {"const": "RecordIO"}),
    _Refusal(
        ("s3_data_type",),
        "an augmented manifest is read in Pipe mode only",
        {"input_mode": _NOT_PIPE},
        {"const": "AugmentedManifestFile"},
    ),
    _Refusal(
        ("s3_data_type",),
        "FastFile mode shows the objects under a prefix, not those of a manifest",
        {"input_mode": {"const": "FastFile"}},
        {"const": "ManifestFile"},
    ),
    _Refusal(
        ("attribute_names",),
        "attribute_names are for s3_data_type: AugmentedManifestFile",
        {"s3_data_type": {"enum": ["S3Prefix", "ManifestFile"]}},
        {"type": "array", "minItems": 1},
    ),
    _Refusal(
        ("directory_path",),
        "a folder of FSx for Lustre begins with the mount name: /<mount name>/…",
        {"file_system_type": {"const": "FSxLustre"}},
        {"pattern": "^/+$"},
    ),
)
"""Of one channel."""


def _of_hardware(facts: Facts) -> Iterator[_Refusal]:
    """What an instance type decides."""
    nvme = _one_of(name for name, instance in facts.instances.items() if instance.has_local_storage)
    yield _Refusal(("volume_kms_key",), "this type has local storage, which takes no key", {"instance_type": nvme})


# Versions: what the catalogue says of each release


def _by_version(facts: Facts) -> list[Json]:
    """Branches for a manifest that names a version, and brings no image."""
    versions = [release.version for release in _releases(facts)]
    message = f'SageMaker has no image of this version; the newest is "{versions[0]}", `sagespec versions` lists all'
    known = {"properties": {"framework_version": {**_one_of(versions, or_expression=True), "errorMessage": message}}}
    named = {
        **_when({"framework_version": _GIVEN}),
        "not": _when({"image_uri": {"not": {"type": "null"}}}),
    }
    branches = [branch for about in _ABOUT_RELEASES for branch in _branches(facts, about)]
    return [{"if": named, "then": {"allOf": [known, *branches]}}]


def _branches(facts: Facts, about: Callable[[Facts, Release], list[Json]]) -> Iterator[Json]:
    """One if/then for all versions of which the same is true."""
    groups: dict[str, list[str]] = {}
    for release in _releases(facts):
        groups.setdefault(json.dumps(about(facts, release)), []).append(release.version)
    for then, versions in groups.items():
        if json.loads(then):
            yield {"if": _when({"framework_version": _one_of(versions)}), "then": {"allOf": json.loads(then)}}


def _one_of(values: Iterator[str] | Collection[str], *, or_expression: bool = False) -> Json:
    # A pattern where an enum would do: hovering and completion would take an enum for values on offer.
    either = "|".join(value.replace(".", "[.]") for value in values)
    return {"pattern": f"^({either})$" + (f"|{_EXPRESSION}" if or_expression else "")}


def _pythons(facts: Facts, release: Release) -> list[Json]:
    names = list(release.pythons)
    choice = _choice(names, f"this TensorFlow version has images for {', '.join(names)} only")
    return [{"properties": {"py_version": {"anyOf": [*choice["anyOf"], _NULL]}}}]


def _regions(facts: Facts, release: Release) -> list[Json]:
    has = [name for name in facts.regions if any(name in image.registries for image in release.images.values())]
    message = "no image of this TensorFlow version is kept in this region"
    return [{"properties": {"region": {**_one_of(has, or_expression=True), "errorMessage": message}}}]


def _modes(facts: Facts, release: Release) -> list[Json]:
    refusals = []
    if not release.legacy_mode:
        message = "{} is for legacy mode, which this TensorFlow version does not have"
        refusals += [_Refusal((name,), message.format(name)) for name in LEGACY_FIELDS]
        refusals.append(
            _Refusal(("script_mode",), "this TensorFlow version has no legacy mode", value={"const": False})
        )
    elif not release.script_mode:
        refusals.append(_Refusal(("script_mode",), "this TensorFlow version has no script mode", value=_TRUE))
    else:
        python3 = {"py_version": {"pattern": "^py3"}}
        message = "{} is for legacy mode, which has no image for Python 3"
        refusals += [_Refusal((name,), message.format(name), python3) for name in LEGACY_FIELDS]
    return [_refused(refusal) for refusal in refusals]


def _instances(facts: Facts, release: Release) -> list[Json]:
    without = dict.fromkeys(i.family for i in facts.instances.values() if not _runs(i))
    families = "|".join([*without, *([] if release.p2_instances else ["p2"])])
    message = "this TensorFlow version has no image for this instance type"
    shape = {"pattern": rf"^(?!ml\.({families})\.)", "errorMessage": message}
    groups = {"items": {"properties": {"instance_type": shape}}}
    return [{"properties": {"instance_type": shape, "instance_groups": groups}}]


def _runs(instance: Instance) -> bool:
    try:
        processor(instance.name)
    except NoProcessor:
        return False
    return instance.arch == "x86_64"


_ABOUT_RELEASES: tuple[Callable[[Facts, Release], list[Json]], ...] = (_pythons, _regions, _modes, _instances)
"""Each tells what must be true of a manifest that names a release; a new release is a row of the catalogue."""
