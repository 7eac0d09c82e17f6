"""JSON that every reader takes: no NaN or Infinity, and nothing that a CI system takes for a command of its own."""

from __future__ import annotations

import json
import math
from typing import Any


def json_text(data: Any, indent: int | None = 2) -> str:
    """A document; a number that JSON does not have is null.

    GitHub's runner and Azure's agent obey `##[…]` and `##vso[…]` wherever they stand in a line of output.
    """
    return json.dumps(_finite(data), indent=indent, allow_nan=False).replace("##", r"#\u0023")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
