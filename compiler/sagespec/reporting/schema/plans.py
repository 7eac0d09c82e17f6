"""What `plan --format json` and `apply --format json` print, for the programs that read it: docs/json.md has the words.

A program is to pass over members that it does not know: within a version some are added, and none is taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from sagespec.checking.condition import Json
from sagespec.deploying.planning.differ import Effect
from sagespec.deploying.planning.plan import Action
from sagespec.kinds import KINDS

_DRAFT = "http://json-schema.org/draft-07/schema#"
_TEXT, _COUNT, _NUMBER, _TRUTH = ({"type": name} for name in ("string", "integer", "number", "boolean"))
_TEXTS: Json = {"type": "array", "items": _TEXT}
_HOURS: Json = {"type": "object", "additionalProperties": _NUMBER}


def plan_schema() -> Json:
    """The schema of a plan, and of what became of one."""
    head = {
        "version": {"const": 1},
        "account": _or_null(_TEXT),
        "accounts": _TEXTS,
        "environments": _TEXTS,
        "regions": _TEXTS,
        "offline": _TRUTH,
        "total": _map(jobs=_COUNT, usd=_or_null(_NUMBER), without_price=_COUNT, instance_hours=_HOURS),
        "notes": _TEXTS,
        "jobs": _list("job"),
    }
    return {
        "$schema": _DRAFT,
        "title": "sagespec plan",
        "description": "What plan --format json prints; apply --format json prints version and jobs of it.",
        "type": "object",
        "required": ["version", "jobs"],
        "properties": head,
        "definitions": _definitions(),
    }


def _definitions() -> Mapping[str, Json]:
    done = {
        "done": _TRUTH,
        "error": _or_null(_TEXT),
        "hint": _or_null(_TEXT),
        "left": _TEXTS,
        "ending": _or_null({"type": "object"}),
    }
    job = _map(
        manifest=_or_null(_TEXT),
        name=_TEXT,
        job_name=_TEXT,
        action=_one_of(Action),
        kind={"enum": [*KINDS, None]},
        reason=_TEXT,
        status=_or_null(_TEXT),
        attempt={"type": "integer", "minimum": 1},
        environment=_or_null(_TEXT),
        region=_or_null(_TEXT),
        account=_or_null(_TEXT),
        stops=_TEXTS,
        beside=_TEXTS,
        removes=_TEXTS,
        notes=_TEXTS,
        digest=_or_null(_TEXT),
        differences=_list("difference"),
        files=_or_null({"$ref": "#/definitions/files"}),
        bill=_or_null({"$ref": "#/definitions/bill"}),
        uploads=_list("upload"),
    )
    return {
        "job": {**job, "properties": {**job["properties"], **done}},
        "difference": _map(field=_or_null(_TEXT), member=_TEXT, before={}, after={}, **{"class": _one_of(Effect)}),
        "files": _map(added=_TEXTS, removed=_TEXTS, changed=_TEXTS, unknown=_or_null(_TEXT)),
        "bill": _map(
            attempts=_COUNT,
            attempts_by=_or_null(_TEXT),
            instance_hours=_HOURS,
            accelerator_hours=_HOURS,
            volume_gb_hours=_NUMBER,
            usd=_or_null(_NUMBER),
            prices_of=_or_null(_TEXT),
            unpriced=_TEXTS,
            items=_list("item"),
        ),
        "item": _map(what=_TEXT, kind=_TEXT, count=_NUMBER, seconds=_NUMBER, limit=_or_null(_TEXT)),
        "upload": _map(
            kind={"enum": ["code", "data", "model"]},
            path=_TEXT,
            uri=_TEXT,
            sha256=_TEXT,
            bytes=_COUNT,
            files=_COUNT,
            largest={"type": "array", "items": _map(name=_TEXT, bytes=_COUNT)},
            ignored={"type": "array", "items": _map(name=_TEXT, rule=_TEXT)},
        ),
    }


def _map(**members: Json) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


def _list(definition: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/definitions/{definition}"}}


def _or_null(shape: Json) -> Json:
    return {"anyOf": [shape, {"type": "null"}]}


def _one_of(values: type[Enum]) -> Json:
    return {"enum": [one.value for one in values]}
