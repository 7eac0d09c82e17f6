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
from sagespec.checking.row import Row
from sagespec.kinds import kind_named
from sagespec.kinds.endpoint.model import Endpoint
from sagespec.kinds.training_job.model import Job
from sagespec.reading.part import Part
from sagespec.reading.render import MAX_ENVIRONMENTS
from sagespec.reporting.schema.model import model_schema
from sagespec.reporting.schema.plans import plan_schema
from sagespec.reporting.schema.refusals import REFUSALS, of_each, of_hardware, of_manifest, old_names, renamed, rows
from sagespec.reporting.schema.regions import OF_ENDPOINTS, OF_JOBS, by_region
from sagespec.reporting.schema.servers import by_server
from sagespec.reporting.schema.shapes import EndpointShapes, JobShapes, Shapes, values_of_endpoints, values_of_jobs
from sagespec.reporting.schema.snippets import SNIPPETS
from sagespec.reporting.schema.versions import by_version

IDENTITY = ("apiVersion", "kind", "name")
"""Fields that a manifest writes itself; all others may come from a Defaults document."""

_DRAFT = "http://json-schema.org/draft-07/schema#"


@cache
def made_schemas() -> Mapping[str, str]:
    """File name → content of each schema."""
    facts = Facts(date.min)  # nothing in a schema depends on the day
    made = {
        "training-job.schema.json": training_job_schema(facts),
        "endpoint.schema.json": endpoint_schema(facts),
        "defaults.schema.json": defaults_schema(facts),
        "plan.schema.json": plan_schema(),
    }
    return {name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in made.items()}


def training_job_schema(facts: Facts) -> Json:
    """The schema of a training job's manifest, in draft 7: the newest that all editors know."""
    contradictions = [*rows(kind_named("TrainingJob").rules, facts), *REFUSALS, *of_hardware(facts)]
    shapes = JobShapes(Job, contradictions, values_of_jobs(facts))
    elsewhere = [*by_version(facts), *by_region(facts, OF_JOBS)]
    made = _manifest("TrainingJob", "A SageMaker training job.", shapes, contradictions, elsewhere)
    made["definitions"]["channel"] |= {"allOf": of_each(contradictions, "channels")}
    return made


def endpoint_schema(facts: Facts) -> Json:
    """The schema of an endpoint's manifest."""
    contradictions = rows(kind_named("Endpoint").rules, facts)
    shapes = EndpointShapes(Endpoint, contradictions, values_of_endpoints(facts))
    elsewhere = [*by_server(facts), *by_region(facts, OF_ENDPOINTS)]
    return _manifest("Endpoint", "A SageMaker endpoint.", shapes, contradictions, elsewhere)


def _manifest(kind: str, description: str, shapes: Shapes, contradictions: list[Row], more: list[Json]) -> Json:
    model = kind_named(kind).model
    return {
        "$schema": _DRAFT,
        "title": "sagespec",
        "description": description,
        "defaultSnippets": SNIPPETS[kind],
        "type": "object",
        "required": list(IDENTITY),
        "properties": {**_head(kind, model), **shapes.fields(), "matrix": _MATRIX, **old_names(model)},
        "additionalProperties": False,
        "allOf": [*renamed(model), *more, *of_manifest(contradictions)],
        "definitions": shapes.definitions(),
    }


def defaults_schema(facts: Facts) -> Json:
    """The schema of a Defaults document. A manifest may replace half of a contradiction, so nothing is said of any.

    What stands at its top is for every kind that has such a field; a section named like a kind is for that one.
    """
    jobs = JobShapes(Job, rows(kind_named("TrainingJob").rules, facts), values_of_jobs(facts))
    endpoints = EndpointShapes(Endpoint, rows(kind_named("Endpoint").rules, facts), values_of_endpoints(facts))
    of_job, of_endpoint = jobs.fields(), endpoints.fields()
    others = {name: {"$ref": f"#/properties/Endpoint/properties/{name}"} for name in of_endpoint if name not in of_job}
    sections = {
        "TrainingJob": _section("training jobs", {name: {"$ref": f"#/properties/{name}"} for name in of_job}, Job),
        "Endpoint": _section("endpoints", of_endpoint, Endpoint),
    }
    fields = {**of_job, **others, "matrix": _MATRIX, **sections, **_SETTINGS}
    old, refused = old_names(Job, others), renamed(Job, others)
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
        "properties": {**_head("Defaults", Job), **fields, "environments": environments, **old},
        "additionalProperties": False,
        "allOf": refused,
        "definitions": {**jobs.definitions(), **endpoints.definitions()},
    }


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
