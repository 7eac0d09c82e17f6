"""Requests as JSON: what CreateTrainingJob takes."""

from __future__ import annotations

import json

from sagespec.base.diagnostic import told
from sagespec.pipeline import Result
from sagespec.reporting.diagnostics import as_data


def as_line(result: Result) -> str:
    """One line of `compile --jsonl`."""
    if result.request is not None:
        return json.dumps({"manifest": result.manifest, "name": result.name, "request": result.request.body()})
    return json.dumps(
        {"manifest": result.manifest, "diagnostics": [as_data(found) for found in told(result.diagnostics)]}
    )
