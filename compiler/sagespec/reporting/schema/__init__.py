"""Model and catalogue → `schemas/`: what an editor checks, completes and explains while a manifest is typed.

A manifest may leave anything to a Defaults document, which an editor does not see. So a schema refuses what is written
and wrong, or contradicts something else that is written, and never what is only missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from sagespec.catalog import Facts
from sagespec.checking.condition import Json
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.rules import RULES
from sagespec.reporting.schema.model import model_schema
from sagespec.reporting.schema.refusals import OLD_NAMES, REFUSALS, of_each, of_hardware, of_manifest, renamed, rows
from sagespec.reporting.schema.shapes import Shapes
from sagespec.reporting.schema.versions import by_version

IDENTITY = ("apiVersion", "kind", "name")
"""Fields that a manifest writes itself; all others may come from a Defaults document."""

_DRAFT = "http://json-schema.org/draft-07/schema#"


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
    contradictions = [*rows(RULES, facts), *REFUSALS, *of_hardware(facts)]
    shapes = Shapes(facts, contradictions)
    return {
        "$schema": _DRAFT,
        "title": "sagespec",
        "description": "A SageMaker training job.",
        "type": "object",
        "required": list(IDENTITY),
        "properties": {**_head("TrainingJob"), **shapes.job(), "matrix": _MATRIX, **OLD_NAMES},
        "additionalProperties": False,
        "allOf": [
            *renamed(),
            *by_version(facts),
            *of_manifest(contradictions),
        ],
        "definitions": {
            "channel": shapes.channel() | {"allOf": of_each(contradictions, "channels")},
            **shapes.known,
        },
    }


def defaults_schema(facts: Facts) -> Json:
    """The schema of a Defaults document. A manifest may replace half of a contradiction, so nothing is said of any."""
    shapes = Shapes(facts, rows(RULES, facts))
    fields = {**shapes.job(), "matrix": _MATRIX, **_SETTINGS}
    environment = {
        "type": "object",
        "description": "What holds when --env (or SAGESPEC_ENV) gives this name.",
        "properties": {name: {"$ref": f"#/properties/{name}"} for name in fields} | OLD_NAMES,
        "additionalProperties": False,
        "allOf": renamed(),
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
        "properties": {**_head("Defaults"), **fields, "environments": environments, **OLD_NAMES},
        "additionalProperties": False,
        "allOf": renamed(),
        "definitions": {"channel": shapes.channel(), **shapes.known},
    }


def _head(kind: str) -> Json:
    fields = model_schema(Job)["properties"]
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
