"""Model and catalogue → `schemas/`: what an editor checks, completes and explains while a manifest is typed.

A manifest may leave anything to a Defaults document, which an editor does not see. So a schema refuses what is written
and wrong, or contradicts something else that is written, and never what is only missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cache

from sagespec.catalog import Facts
from sagespec.checking.condition import Json
from sagespec.kinds import KINDS, kind_named
from sagespec.kinds.kind import Kind
from sagespec.reading.part import Part
from sagespec.reading.render import MAX_ENVIRONMENTS
from sagespec.reporting.schema.kinds import beyond
from sagespec.reporting.schema.model import model_schema
from sagespec.reporting.schema.plans import plan_schema
from sagespec.reporting.schema.refusals import of_each, of_manifest, old_names, renamed, rows
from sagespec.reporting.schema.shapes import Shapes

IDENTITY = ("apiVersion", "kind", "name")
"""Fields that a manifest writes itself; all others may come from a Defaults document."""

_DRAFT = "http://json-schema.org/draft-07/schema#"


def file_name(kind: str) -> str:
    """Of the schema of a kind's manifests: `training-job.schema.json`."""
    return f"{KINDS[kind].replace('_', '-')}.schema.json"


@cache
def made_schemas() -> Mapping[str, str]:
    """File name → content of each schema."""
    facts = Facts(date.min)  # nothing in a schema depends on the day
    made = {
        **{file_name(name): manifest_schema(kind_named(name), facts) for name in KINDS},
        "defaults.schema.json": defaults_schema(facts),
        "plan.schema.json": plan_schema(),
    }
    return {name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in made.items()}


def manifest_schema(kind: Kind, facts: Facts) -> Json:
    """The schema of a kind's manifests, in draft 7: the newest that all editors know."""
    more = beyond(kind)
    contradictions = [*rows(kind.rules, facts), *more.rows(facts)]
    shapes = more.shapes(kind, contradictions, more.values(facts))
    definitions = shapes.definitions()
    for field, part in more.maps.items():
        definitions[part] |= {"allOf": of_each(contradictions, field)}
    noun = kind.lifecycle.noun
    return {
        "$schema": _DRAFT,
        "title": "sagespec",
        "description": f"A SageMaker {noun}.",
        "defaultSnippets": [{"label": noun, "description": kind.snippet.description, "body": kind.snippet.body}],
        "type": "object",
        "required": list(IDENTITY),
        "properties": {**_head(kind.name, kind.model), **shapes.fields(), "matrix": _MATRIX, **old_names(kind.model)},
        "additionalProperties": False,
        "allOf": [*renamed(kind.model), *more.branches(facts), *of_manifest(contradictions)],
        "definitions": definitions,
    }


def defaults_schema(facts: Facts) -> Json:
    """The schema of a Defaults document. A manifest may replace half of a contradiction, so nothing is said of any.

    What stands at its top is for every kind that has such a field, and is as the first of these has it; a section named
    like a kind is for that one.
    """
    kinds = [kind_named(name) for name in KINDS]
    made = {kind.name: _shapes(kind, facts) for kind in kinds}
    own = {name: shapes.fields() for name, shapes in made.items()}
    first = kinds[0]
    fields, others = dict(own[first.name]), dict[str, Json]()
    for kind in kinds[1:]:
        of_kind = {name: {"$ref": f"#/properties/{kind.name}/properties/{name}"} for name in own[kind.name]}
        others |= {name: there for name, there in of_kind.items() if name not in fields and name not in others}
    own[first.name] = {name: {"$ref": f"#/properties/{name}"} for name in fields}
    sections = {kind.name: _section(f"{kind.lifecycle.noun}s", own[kind.name], kind.model) for kind in kinds}
    fields |= {**others, "matrix": _MATRIX, **sections, **_SETTINGS}
    old, refused = old_names(first.model, others), renamed(first.model, others)
    environment = {
        "type": "object",
        "description": "What holds when --env (or SAGESPEC_ENV) gives this name.",
        "properties": {name: {"$ref": f"#/properties/{name}"} for name in fields} | old,
        "additionalProperties": False,
        "allOf": refused,
    }
    environments = {
        "type": "object",
        "description": "By name: what lies over the other defaults when --env (or SAGESPEC_ENV) says so.",
        "maxProperties": MAX_ENVIRONMENTS,
        "additionalProperties": environment,
    }
    return {
        "$schema": _DRAFT,
        "title": "sagespec",
        "description": "What the manifests in this folder and below leave out.",
        "type": "object",
        "required": ["kind"],
        "properties": {**_head("Defaults", first.model), **fields, "environments": environments, **old},
        "additionalProperties": False,
        "allOf": refused,
        "definitions": {name: part for shapes in made.values() for name, part in shapes.definitions().items()},
    }


def _shapes(kind: Kind, facts: Facts) -> Shapes:
    more = beyond(kind)
    return more.shapes(kind, rows(kind.rules, facts), more.values(facts))


def _section(kinds: str, fields: Json, model: type[Part]) -> Json:
    return {
        "type": ["object", "null"],
        "description": f"Defaults of {kinds} only; they lie over those of every kind.",
        "properties": {**fields, **old_names(model)},
        "additionalProperties": False,
        "allOf": renamed(model),
    }


def _head(kind: str, model: type[Part]) -> Json:
    fields = model_schema(model)["properties"]
    values = {"apiVersion": fields["apiVersion"]["const"], "kind": kind}
    return {
        name: {"const": value, "description": fields[name]["description"], "errorMessage": f"{name} must be {value}"}
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
        },
        "include": {
            "type": "array",
            "description": "More jobs: each a map with a value for every name of the matrix.",
            "items": {"type": "object"},
        },
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
    "max_total_cost": {
        "type": "number",
        "minimum": 0,
        "description": "USD that the training jobs of one run may cost together at most.",
    },
    "framework_versions": {
        "type": "array",
        "description": "Versions of frameworks that AWS has images of and sagespec's table has not yet.",
        "items": {
            "type": "object",
            "properties": {
                "framework": {"type": "string", "description": "tensorflow unless another one is named."},
                **{
                    name: {"type": "string", "description": "In full and in quotes."}
                    for name in ("framework_version", "transformers_version", "pytorch_version", "tensorflow_version")
                },
                "py_version": {"type": "string", "pattern": "^py[23][0-9]{0,2}$", "description": "Its Python: py312."},
            },
            "required": ["py_version"],
            "additionalProperties": False,
        },
    },
}
