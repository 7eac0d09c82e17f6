"""Members of a request as a description shows them, and which of their values say nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from sagespec.base.source import value_at
from sagespec.catalog import api_members
from sagespec.deploying.planning.differ import REWRITES

Body = Mapping[str, Any]
IDLE = {"sagemaker_requirements": "", "sagemaker_enable_cloudwatch_metrics": False}
"""Values that no container does anything with: some SDKs send them, some do not."""
_DEFAULTS = {
    "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": (False,),
    "ProfilerConfig.DisableProfiler": (False,),
    "ProfilerConfig.ProfilingIntervalInMilliseconds": (500,),
    **{rewrite.member: rewrite.values for rewrite in REWRITES if rewrite.values},
}


def decoded(text: str) -> Any:
    """A hyperparameter as the script gets it: JSON where it is some that JSON can say again, otherwise text."""
    try:
        value = json.loads(text)
        return value if json.loads(json.dumps(value, allow_nan=False)) == value else text
    except (ValueError, RecursionError):
        return text


def without_defaults(value: Any, path: tuple[str, ...]) -> Any:
    """A value without defaults and without what is empty."""
    if isinstance(value, list):
        return [without_defaults(item, (*path, "*")) for item in value]
    if not isinstance(value, Mapping):
        return value
    found = {
        name: without_defaults(item, (*path, name))
        for name, item in value.items()
        if not is_default((*path, name), item)
    }
    return {name: item for name, item in found.items() if item not in (None, {}, [])}


def is_default(path: tuple[str, ...], value: Any) -> bool:
    known = _DEFAULTS.get(".".join(path), ())
    return isinstance(value, str | int | bool) and value in known


def at(value: Any, path: str) -> Any:
    """The member at a dotted path; None where there is none."""
    return value_at(value, path.split("."))


@cache
def top_members(operation: str = "CreateTrainingJob") -> frozenset[str]:
    """The members of a request: a description has more."""
    return frozenset(path for path in api_members(operation) if "." not in path and path[-1] not in "]}")
