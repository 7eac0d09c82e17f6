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
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, TypeAlias

from sagespec.catalog import Facts, Instance, Release
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
        "allOf": [
            *_renamed(),
            *_by_version(facts),
            *map(_refused, (*_REFUSALS, *_of_hardware(facts))),
            _of_local_runs(),
        ],
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
_BUCKET = "s3://[A-Za-z0-9._:-]{1,255}(/|$)"
_ALWAYS = (
    (("source_dir", "model_dir"), rf"^(?!s3://)|^{_BUCKET}", "no bucket can have this name"),
    (
        ("output_path", "code_location", "checkpoint_path", "checkpoint_s3_uri"),
        f"^{_BUCKET}",
        "no bucket can have this name",
    ),
    (
        ("model_dir",),
        r"^(?!\s*([Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]|[Nn][Oo][Nn][Ee])\s*$)",
        "this would be a folder of that name; write model_dir: false, without quotes",
    ),
    (("volume_kms_key",), r"^(?!alias/)(?!.*:alias/)", "a volume's key is named by its id or ARN, not by an alias"),
    (("s3_data",), rf"^({_BUCKET}|https://[^/])", "data in S3 begin with s3://<bucket>; local data stand under path"),
    (("source_dir",), r"^(?!.*://)|^s3://.*\.(tar\.gz|tgz)$", "code that is elsewhere is an archive: s3://….tar.gz"),
    (("entry_point",), "^(?!.*://)", "the entry point is a file, not an address; an archive in S3 is a source_dir"),
    (("directory_path",), "^/", "directory_path begins with a slash"),
    (("subnets",), "^(?!sg-)", "a security group belongs under security_group_ids"),
    (("security_group_ids",), "^(?!subnet-)", "a subnet belongs under subnets"),
)
"""What the rules ask of strings, beyond their types: fields, a pattern, and what to say."""


_NAMES = {
    "hyperparameters": (
        rf"^(?!.*{_EXPRESSION})[^\n\r\x85\u2028\u2029]*$",
        "a hyperparameter's name is one line, and no expression",
    ),
    "tags": (
        rf"^(?!.*{_EXPRESSION})(?!([Aa][Ww][Ss]|[Ss][Aa][Gg][Ee][Ss][Pp][Ee][Cc]):)[\s\S]{{1,128}}$",
        "a tag's name has 1 to 128 characters, and aws: and sagespec: are reserved",
    ),
}
"""What the names of a map must be, where the model does not say it."""


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
        location = {"minLength": 1, "pattern": rf"^(?!.*://)|^{_BUCKET}|^https://[^/]|^file://|{_EXPRESSION}"}
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
        null = [_NULL] if len(options) < len(node.get("anyOf", [node])) else []
        *choices, shape = [self.option(name, option, in_list) for option in options]
        if choices:  # `false`, or something else
            # null is a value here, not a type: yaml-language-server would add it to the types that it expects.
            shape = {"anyOf": [shape, {"enum": [False, *([None] if null else [])]}]}
        elif null and "anyOf" in shape and "type" not in shape:
            shape["anyOf"] += null
        elif null:
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
            names = _NAMES.get(name, (rf"^(?!.*{_EXPRESSION})", "an expression may stand in a value, not in a name"))
            about = {"pattern": pattern} if pattern else {"pattern": names[0], "errorMessage": names[1]}
            inside["propertyNames"] = {**node.get("propertyNames", {}), **about}
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
        more = [{"pattern": pattern, "errorMessage": because} for names, pattern, because in _ALWAYS if name in names]
        limits |= {"allOf": more} if more else {}
        shape: Json = {
            "type": "string",
            "errorMessage": _TYPE_HINTS.get(name, f"{message}, in quotes if it is a number"),
        }
        if limits:
            shape |= {"if": {"pattern": _EXPRESSION}, "else": {**limits, "errorMessage": message}}
        if name in self.known and limits:
            # Side by side: the value fits either, and what is shown when it fits none is about its form.
            kind, words = shape.pop("type"), shape["errorMessage"]
            return {"type": kind, "errorMessage": words, "anyOf": [shape, {"$ref": f"#/definitions/{name}"}]}
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
    return {
        name: {"type": "string", "enum": list(values), "enumDescriptions": list(values.values())}
        for name, values in known.items()
    }


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
_FALSE: Json = {"const": False}
_LIST: Json = {"type": "array"}
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
    when = [_when(members) for members in (refusal.when, condition) if members]
    return {"if": {"allOf": when} if when[1:] else when[0], "then": then}


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
_GROUPS: Json = {"instance_groups": _LIST}
_ENTRY: Json = {"entry_point": _GIVEN}

_PREFERENCES: Json = {
    "request": {
        "type": "object",
        **_when(
            {
                "ResourceConfig": {
                    "type": "object",
                    **_when({"InstancePreferences": {"contains": {"type": "object"}, **_LIST}}),
                }
            }
        ),
    }
}

_REFUSALS = (
    _Refusal(("max_wait",), "max_wait is only for spot jobs", {"use_spot_instances": _FALSE}),
    _Refusal(("use_spot_instances",), "a spot job needs max_wait", {"max_wait": {"type": "null"}}, _TRUE),
    _Refusal(("keep_alive_period_in_seconds",), "spot instances cannot be kept alive", _SPOT, _POSITIVE),
    _Refusal(("keep_alive_period_in_seconds",), "instance groups cannot be kept alive", _GROUPS, _POSITIVE),
    *(
        _Refusal(("instance_groups",), f"instance_groups and {name} exclude each other", {name: _GIVEN}, _LIST)
        for name in ("instance_type", "instance_count")
    ),
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
    _Refusal(
        ("output_kms_key",),
        "a directory bucket takes no key",
        {"output_path": {"type": "string", "pattern": "^s3://[^/]*--x-s3(/|$)"}},
    ),
    *(
        _Refusal(("disable_profiler",), f"the profiler is switched off, but there is {name}", {name: used}, _TRUE)
        for name, used in (
            ("profiler_rules", {"minItems": 1, **_LIST}),
            ("profiler_config", {"type": "object", **_when({"disable_profiler": _FALSE})}),
        )
    ),
    _Refusal(
        ("dependencies",),
        "an archive in S3 is used as it is: pack them into it",
        {"source_dir": {"type": "string", "pattern": "^s3://"}},
        {"minItems": 1, **_LIST},
    ),
    *(
        _Refusal((name,), f"{name} and InstancePreferences exclude each other", _PREFERENCES)
        for name in ("instance_type", "instance_groups", "instance_placement_config")
    ),
    _Refusal(("use_spot_instances",), "InstancePreferences take no spot instances", _PREFERENCES, _TRUE),
    _Refusal(("distribution", "instance_groups"), "the strategies run on one group", value={"minItems": 2, **_LIST}),
    _Refusal(("request", "TrainingJobName"), "the job's name stands under name", value={}),
    _Refusal(("request", "Tags"), "the job's tags stand under tags", value={}),
    _Refusal(("instance_groups",), "the training compiler takes no instance groups", {"compiler_config": _GIVEN}),
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
        {"type": "string", "pattern": "^/+$"},
    ),
)
"""Of one channel."""


_STRATEGIES = (
    "parameter_server",
    "mpi",
    "multi_worker_mirrored_strategy",
    "smdistributed.dataparallel",
    "smdistributed.modelparallel",
)


def _enabled(strategy: str) -> Json:
    """A `distribution` in which a strategy is switched on."""
    condition: Json = _when({"enabled": _TRUE})
    for owner in reversed(strategy.split(".")):
        condition = {"type": "object", **_when({owner: condition})}
    return condition


def _of_hardware(facts: Facts) -> Iterator[_Refusal]:
    """What an instance type decides."""
    nvme = _one_of(name for name, instance in facts.instances.items() if instance.has_local_storage)
    yield _Refusal(("volume_kms_key",), "this type has local storage, which takes no key", {"instance_type": nvme})
    several = facts.listed("dataparallel_instance_types")
    yield _Refusal(
        ("instance_type",),
        f"smdistributed.dataparallel runs on {', '.join(several)} only",
        {"distribution": _enabled("smdistributed.dataparallel")},
        {**_GIVEN, "type": "string", "allOf": [{"not": _one_of(several)}]},
    )
    families = facts.listed("training_compiler_families")
    yield _Refusal(
        ("instance_type",),
        f"the training compiler runs on {', '.join(families)} only",
        {"compiler_config": _GIVEN},
        {"type": "string", "pattern": rf"^(?!ml\.({'|'.join(families)})\.|local_gpu$)(?!.*{_EXPRESSION})"},
    )
    for strategy in _STRATEGIES:
        if strategy.startswith(("smdistributed", "multi_worker")):
            yield _Refusal(
                ("compiler_config",), f"the training compiler excludes {strategy}", {"distribution": _enabled(strategy)}
            )


def _of_local_runs() -> Json:
    """What this machine cannot do for any channel."""
    refusals = (
        _Refusal(("file_system_id",), "this machine cannot mount a file system of AWS"),
        _Refusal(("input_mode",), "this machine has no Pipe mode", value={"const": "Pipe"}),
    )
    channels = {"additionalProperties": {"allOf": [_refused(refusal) for refusal in refusals]}}
    return {"if": _when(_LOCAL), "then": {"properties": {"channels": channels}}}


# Versions: what the catalogue says of each release


def _by_version(facts: Facts) -> list[Json]:
    """Branches for a manifest that names a version, and brings no image."""
    versions = [release.version for release in _releases(facts)]
    message = f'SageMaker has no image of this version; the newest is "{versions[0]}", `sagespec versions` lists all'
    known = {"properties": {"framework_version": {**_one_of(versions, or_expression=True), "errorMessage": message}}}
    named = {
        **_when({"framework_version": {"type": "string", **_GIVEN}}),
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
    if or_expression:
        return {"pattern": f"^({either})$|{_EXPRESSION}"}
    return {"type": "string", "pattern": f"^({either})$"}


def _pythons(facts: Facts, release: Release) -> list[Json]:
    names = list(release.pythons)
    choice = _choice(names, f"this TensorFlow version has images for {', '.join(names)} only")
    return [{"properties": {"py_version": choice | {"anyOf": [*choice["anyOf"], _NULL]}}}]


def _regions(facts: Facts, release: Release) -> list[Json]:
    has = [name for name in facts.regions if any(name in image.registries for image in release.images.values())]
    message = "no image of this TensorFlow version is kept in this region"
    return [{"properties": {"region": {**_one_of(has, or_expression=True), "errorMessage": message}}}]


_PYTHON_3: Json = _when({"py_version": {"type": "string", "pattern": "^py3"}})


def _modes(facts: Facts, release: Release) -> list[Json]:
    refusals = []
    if not release.legacy_mode:
        message = "{} is for legacy mode, which this TensorFlow version does not have"
        refusals += [_Refusal((name,), message.format(name)) for name in LEGACY_FIELDS]
        refusals.append(_Refusal(("script_mode",), "this TensorFlow version has no legacy mode", value=_FALSE))
    elif not release.script_mode:
        refusals += [
            _Refusal(("script_mode",), "this TensorFlow version has no script mode", value=_TRUE),
            _Refusal(("enable_network_isolation",), "the legacy container fetches its code from S3", value=_TRUE),
            _Refusal(
                ("entry_point",),
                "legacy mode imports the entry point, so it is a Python source file",
                value={"type": "string", "pattern": rf"^(?!.*{_EXPRESSION})(?!.*\.py$)"},
            ),
        ]
    else:
        message = "{} is for legacy mode, which has no image for Python 3"
        refusals += [_Refusal((name,), message.format(name), _PYTHON_3["properties"]) for name in LEGACY_FIELDS]
    return [_refused(refusal) for refusal in refusals]


def _instances(facts: Facts, release: Release) -> list[Json]:
    families = dict.fromkeys(instance.family for instance in facts.instances.values() if instance.arch != "x86_64")
    exact = "|".join([*families, *([] if release.p2_instances else ["p2"])])
    shape = {
        # No Inferentia, Trainium or Graviton, whether we know the type or not.
        "pattern": rf"^(?!ml\.(inf|trn|[a-z]+[0-9]+[a-z]*g|({exact})\.))",
        "errorMessage": "this TensorFlow version has no image for this instance type",
    }
    groups = {"items": {"properties": {"instance_type": shape}}}
    return [{"properties": {"instance_type": shape, "instance_groups": groups}}]


def _strategies(facts: Facts, release: Release) -> list[Json]:
    because = "this TensorFlow version does not have this strategy"
    missing = [name for name in _STRATEGIES[:-1] if name not in release.strategies]
    return _in_script_mode(
        release, [_Refusal(_place(name), because, value=_when({"enabled": _TRUE})) for name in missing]
    )


def _exclusive(facts: Facts, release: Release) -> list[Json]:
    pairs = [pair for pair in combinations(_STRATEGIES, 2) if pair != ("mpi", "smdistributed.modelparallel")]
    refusals = []
    for one, other in pairs:
        because = f"{one} is enabled too, and the two exclude each other"
        refusals.append(_Refusal(_place(other), because, {"distribution": _enabled(one)}, _when({"enabled": _TRUE})))
    return _in_script_mode(release, refusals)


def _in_script_mode(release: Release, refusals: list[_Refusal]) -> list[Json]:
    """Legacy mode passes over all strategies, with a warning."""
    refused = [_refused(refusal) for refusal in refusals]
    if not release.legacy_mode or not refused:
        return refused
    return [{"if": _PYTHON_3, "then": {"allOf": refused}}] if release.script_mode else []


def _compiler(facts: Facts, release: Release) -> list[Json]:
    refusal = _Refusal(("compiler_config",), "this TensorFlow version has no training compiler")
    return [] if release.training_compiler else [_refused(refusal)]


def _place(strategy: str) -> tuple[str, ...]:
    return ("distribution", *strategy.split("."))


_KINDS_OF_HYPERPARAMETERS = {
    "int": ("number", "a number"),
    "bool": ("boolean", "true or false"),
    "dict": ("object", "a map"),
}


def _hyperparameters(facts: Facts, release: Release) -> list[Json]:
    """What the legacy container itself reads. The rest is the script's, and of script mode everything is."""
    if not release.legacy_mode:
        return []
    known = {name: kind for other in _releases(facts) for name, kind in other.legacy_hyperparameters.items()}
    shapes: Json = {}
    for name, kind in known.items():
        if name in release.legacy_hyperparameters:
            of_json, words = _KINDS_OF_HYPERPARAMETERS[kind]
            message = f"the legacy container takes {words} for {name}"
            shapes[name] = {"type": [of_json, "string", "null"], "pattern": _EXPRESSION, "errorMessage": message}
        else:  # it only warns, as the rule does
            message = f"the legacy container of this TensorFlow version does not read {name}"
            shapes[name] = {"deprecationMessage": message}
    twice = _Refusal(
        ("hyperparameters", "save_checkpoints_steps"),
        "save_checkpoints_secs and save_checkpoints_steps exclude each other; make one of them null",
        {"hyperparameters": {"type": "object", **_when({"save_checkpoints_secs": _GIVEN})}},
    )
    then = {"allOf": [{"properties": {"hyperparameters": {"properties": shapes}}}, _refused(twice)]}
    if not release.script_mode:
        return [then]
    return [{"if": {"anyOf": [_when({name: _GIVEN}) for name in LEGACY_FIELDS]}, "then": then}]


_ABOUT_RELEASES: tuple[Callable[[Facts, Release], list[Json]], ...] = (
    _pythons,
    _regions,
    _modes,
    _instances,
    _strategies,
    _exclusive,
    _compiler,
    _hyperparameters,
)
"""Each tells what must be true of a manifest that names a release; a new release is a row of the catalogue."""
