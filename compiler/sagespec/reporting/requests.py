"""Requests as JSON: what the API takes."""

from __future__ import annotations

import json

from sagespec.base.diagnostic import told
from sagespec.pipeline import Result
from sagespec.reporting.findings.diagnostics import as_data


def as_line(result: Result) -> str:
    """One line of `compile --jsonl`."""
    if result.request is not None:
        several = len(result.request.calls) > 1
        sent = {"requests" if several else "request": result.request.sent()}
        return json.dumps({"manifest": result.manifest, "name": result.name, **sent})
    return json.dumps(
        {"manifest": result.manifest, "diagnostics": [as_data(found) for found in told(result.diagnostics)]}
    )
