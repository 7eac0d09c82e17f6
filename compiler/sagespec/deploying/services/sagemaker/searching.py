"""Many training jobs at once: SageMaker's Search, and its list of the newest jobs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sagespec.deploying.services.sagemaker.faults import AGAIN, CutShort
from sagespec.deploying.services.sagemaker.wire import PAGE, Wire

RECENT_PAGES = 5
"""Pages of the list that are read beside those that the wanted jobs themselves fill."""
ELEMENTS = 20
"""What a search expression holds at most: filters, or expressions of as many filters again."""


class JobLists(Wire):
    """Reads records of training jobs page by page. Search lags behind; the list shows little of each job."""

    def _found(self, expression: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Search's records, oldest first, so that jobs which are created meanwhile do not move the pages."""
        order = {"SortBy": "CreationTime", "SortOrder": "Ascending"}
        for answer in self._pages("search", ("Results",), Resource="TrainingJob", SearchExpression=expression, **order):
            for number, result in enumerate(answer["Results"]):
                if result.get("TrainingJob") is None:
                    raise CutShort(f"Search: the answer was cut short: Results[{number}] has no TrainingJob", AGAIN)
                yield result["TrainingJob"]

    def _newest(self, wanted: int) -> Iterator[list[dict[str, Any]]]:
        """Pages of the list of the newest jobs, as many as so many jobs fill, and a few more.

        The list is not filtered: the service filters after it has cut the pages, so a filter only hides where they end.
        """
        order = {"SortBy": "CreationTime", "SortOrder": "Descending"}
        pages = self._pages("list_training_jobs", ("TrainingJobSummaries",), **order)
        for _, answer in zip(range(RECENT_PAGES + math.ceil(wanted / PAGE)), pages, strict=False):
            yield answer["TrainingJobSummaries"]


def equals(name: str, value: str) -> dict[str, str]:
    return {"Name": name, "Operator": "Equals", "Value": value}


def any_of(filters: Sequence[dict[str, str]]) -> dict[str, Any]:
    """An expression that any of the filters fulfils."""
    if len(filters) <= ELEMENTS:
        return {"Filters": list(filters), "Operator": "Or"}
    parts = [filters[start : start + ELEMENTS] for start in range(0, len(filters), ELEMENTS)]
    return {"SubExpressions": [any_of(part) for part in parts], "Operator": "Or"}


def searchable(names: Sequence[str]) -> list[Sequence[str]]:
    """Names in pieces that one search can be about."""
    size = ELEMENTS * ELEMENTS
    return [names[start : start + size] for start in range(0, len(names), size)]
