"""What an editor's schema says of a kind beyond its model and the rows of its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sagespec.base.named import NamedTuple
from sagespec.catalog import Facts
from sagespec.checking.condition import Json
from sagespec.checking.row import Row
from sagespec.kinds.kind import Kind
from sagespec.reporting.schema.refusals import REFUSALS, of_hardware
from sagespec.reporting.schema.regions import OF_ENDPOINTS, OF_JOBS, by_region
from sagespec.reporting.schema.servers import by_server
from sagespec.reporting.schema.shapes import JobShapes, Shapes, values_of_any, values_of_endpoints, values_of_jobs
from sagespec.reporting.schema.versions import by_version


class Beyond(NamedTuple):
    """What makes that of the catalogue."""

    shapes: type[Shapes] = Shapes
    values: Callable[[Facts], Mapping[str, Json]] = values_of_any
    """Field → values to complete."""
    rows: Callable[[Facts], Iterable[Row]] = lambda facts: ()
    """Contradictions that do not belong to one rule alone."""
    branches: Callable[[Facts], Iterable[Json]] = lambda facts: ()
    """What versions and regions decide."""
    maps: Mapping[str, str] = {}
    """Field that is a map of parts → the definition of such a part."""


def beyond(kind: Kind) -> Beyond:
    return _OF.get(kind.name, Beyond())


_OF = {
    "TrainingJob": Beyond(
        JobShapes,
        values_of_jobs,
        lambda facts: (*REFUSALS, *of_hardware(facts)),
        lambda facts: (*by_version(facts), *by_region(facts, OF_JOBS)),
        {"channels": "channel"},
    ),
    "Endpoint": Beyond(
        values=values_of_endpoints, branches=lambda facts: (*by_server(facts), *by_region(facts, OF_ENDPOINTS))
    ),
}
"""Kinds of which versions, hardware and regions decide more; any other needs no line here."""
