"""The forms in which other tools take a request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.building.request import Request
from sagespec.building.targets import ack, aws_cli, eventbridge, step_functions
from sagespec.reading.syntax.writer import yaml_text


class Target(NamedTuple):
    """A form of a request."""

    suffix: str
    """Of its files."""
    data: Callable[[Request], Any]
    """What a program takes."""
    text: Callable[[Any], str]
    """The same as a file holds it."""
    refused: Callable[[Mapping[str, Any]], Iterator[tuple[tuple[str | int, ...], str]]]
    """(path, what is wrong) of each member of a body that has no such form."""
    operations: frozenset[str] | None = None
    """The calls that have such a form; None: all."""
    creates: bool = True
    """It creates what the request asks for, and so needs its uploads; otherwise it is only about that."""

    def takes(self, request: Request) -> bool:
        """Whether each call of a request has such a form."""
        return self.operations is None or all(call.operation in self.operations for call in request.calls)


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _nothing(body: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    return iter(())


_JOBS = frozenset({"CreateTrainingJob"})

TARGETS: Mapping[str, Target] = {
    "sagemaker": Target(".json", Request.sent, _json, _nothing),
    "ack": Target(".yaml", ack.resource, yaml_text, ack.refused, _JOBS),
    "step-functions": Target(".json", step_functions.task, _json, step_functions.refused, _JOBS),
    "eventbridge": Target(".json", eventbridge.template, _json, _nothing, _JOBS, creates=False),
    "aws-cli": Target(".sh", aws_cli.script, str, _nothing),
}

__all__ = ["TARGETS", "Target"]
