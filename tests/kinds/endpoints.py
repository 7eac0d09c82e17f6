"""The smallest endpoint, compiled with other fields, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from conftest import ENDPOINT
from sagespec.base.diagnostic import Diagnostic
from sagespec.pipeline import Compiler, Result

HANDLER = "def handler(data, context):\n    pass\n"
CAPTURE = {"enable_capture": True, "destination_s3_uri": "s3://bucket/capture"}


def with_code(tmp_path: Path) -> Path:
    """The folder, with code of both servers in a folder and beside it."""
    (tmp_path / "serving").mkdir()
    for place in (tmp_path, tmp_path / "serving"):
        (place / "inference.py").write_text(HANDLER)
        (place / "train.py").write_text("def input_fn(data, content_type):\n    return data\n")
    return tmp_path


def compiled(folder: Path, over: Mapping[str, Any], name: str = "mnist.yaml") -> Result:
    """What becomes of the smallest endpoint with some fields laid over it; None takes a field out."""
    fields = {key: value for key, value in {**ENDPOINT, **over}.items() if value is not None}
    (folder / name).write_text(yaml.safe_dump(fields, sort_keys=False))
    return next(iter(Compiler().run([str(folder / name)])))


def bodies(result: Result) -> dict[str, dict[str, Any]]:
    assert result.request is not None, result.diagnostics
    return result.request.bodies()


def variant(result: Result) -> dict[str, Any]:
    [only] = bodies(result)["CreateEndpointConfig"]["ProductionVariants"]
    return dict(only)


def pointed_at(found: Diagnostic) -> str:
    """The line that a finding stands at."""
    return found.place.source.line(found.span.line).strip()


def names_of(result: Result) -> list[str]:
    sent = bodies(result)
    return [
        sent["CreateModel"]["ModelName"],
        sent["CreateEndpointConfig"]["EndpointConfigName"],
        sent["CreateEndpoint"]["EndpointName"],
    ]
