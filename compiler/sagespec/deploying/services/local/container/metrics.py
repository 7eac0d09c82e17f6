"""Finds a job's metrics in its log, as CloudWatch does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sagespec.kinds.training_job.metrics import pattern_of


class Metrics:
    """The last value of each metric so far."""

    def __init__(self, definitions: Iterable[Mapping[str, str]]) -> None:
        # The service's dialect is not documented; an expression that Python does not know finds nothing here.
        tried = (pattern_of(definition["Name"], definition["Regex"]) for definition in definitions)
        self.patterns = [pattern for pattern in tried if pattern is not None]
        self.last: dict[str, dict[str, Any]] = {}

    def notice(self, line: str, time: float) -> None:
        """Looks at one line."""
        for pattern in self.patterns:
            for value in pattern.values(line):
                self.last[pattern.name] = {"MetricName": pattern.name, "Value": value, "Timestamp": time}
