"""The task state of AWS Step Functions that creates the training job and waits for its end.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.building.request import Request

Path = tuple[str | int, ...]


def task(request: Request) -> dict[str, Any]:
    """A state to put under `States`; `End` is for its owner to replace by `Next`."""
    body = request.body()
    partition = body["RoleArn"].split(":")[1]
    return {
        "Type": "Task",
        "QueryLanguage": "JSONPath",
        "Resource": f"arn:{partition}:states:::sagemaker:createTrainingJob.sync",
        "Parameters": body,
        "End": True,
    }


def refused(body: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """(path, what is wrong) of every key that Step Functions would take for an expression of its own."""
    yield from _dynamic(body, ())


def _dynamic(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _dynamic(item, (*path, index))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key.endswith(".$"):
                yield (*path, key), "ends in '.$', so Step Functions would take its value for a path of the input"
            else:
                yield from _dynamic(item, (*path, key))
