"""Finds a job's metrics in its log, as CloudWatch does."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from typing import Any


class Metrics:
    """The last value of each metric so far."""

    def __init__(self, definitions: Iterable[Mapping[str, str]]) -> None:
        self.patterns: list[tuple[str, re.Pattern[str]]] = []
        for definition in definitions:
            # The service's expressions are Java's; one that Python does not know finds nothing here.
            with contextlib.suppress(re.error):
                self.patterns.append((definition["Name"], re.compile(definition["Regex"])))
        self.last: dict[str, dict[str, Any]] = {}

    def notice(self, line: str, time: float) -> None:
        """Looks at one line; the first group of an expression is the value."""
        for name, pattern in self.patterns:
            for found in pattern.finditer(line):
                with contextlib.suppress(ValueError, TypeError, IndexError):
                    self.last[name] = {"MetricName": name, "Value": float(found[1]), "Timestamp": time}
