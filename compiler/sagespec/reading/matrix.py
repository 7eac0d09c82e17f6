"""A matrix → the values of each job that it makes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Rejected, Severity
from sagespec.base.source import Path, Place

MAX_JOBS = 1_000
"""Jobs of one matrix."""
MAX_COMBINATIONS = 100_000
"""Combinations of one matrix, excluded ones counted."""
MAX_VARIABLE = 10_000
"""Characters of a value that expressions may speak of, written as JSON: an expression may repeat it many times."""
MAX_COMPARED = 1_000_000
"""Comparisons of combinations with what a matrix excludes."""

Where = Callable[[Path], Place]
"""Where a path of the manifest is written."""
_EXCLUDE, _INCLUDE = "exclude", "include"
"""Members of a matrix that are not one of its lists."""


def combinations(where: Where, matrix: Any) -> Iterator[Mapping[str, Any]]:
    """One map of values a job: every combination of the lists that is not excluded, then what is included.

    Raises:
        Rejected: it is not a matrix, or makes no job, or too many.
    """
    if matrix is None:
        yield {}
        return
    members = matrix if isinstance(matrix, dict) else {}
    axes = {name: values for name, values in members.items() if name not in (_EXCLUDE, _INCLUDE)}
    wrong = next((name for name, values in axes.items() if not isinstance(values, list) or not values), None)
    if wrong is not None or not (axes or members.get(_INCLUDE)):
        path: Path = ("matrix",) if wrong is None else ("matrix", wrong)
        raise _bad_matrix(where, path, "matrix is a map of lists", "matrix: {learning-rate: [0.1, 0.01]}")
    excluded = list(_maps_of(where, members, _EXCLUDE, axes, whole=False))
    included = list(_maps_of(where, members, _INCLUDE, axes, whole=True))
    values_of = [(name, value) for name, values in axes.items() for value in values]
    for name, value in (*values_of, *((_INCLUDE, value) for item in included for value in item.values())):
        if length_of(value) > MAX_VARIABLE:
            raise _bad_matrix(where, ("matrix", name), f"a value has more than {MAX_VARIABLE:,} characters")
    jobs = 0
    for number, values in enumerate(itertools.product(*axes.values()) if axes else ()):
        if number == MAX_COMBINATIONS:
            raise _bad_matrix(where, ("matrix",), f"has more than {MAX_COMBINATIONS:,} combinations")
        if number * len(excluded) > MAX_COMPARED:
            message = "has too many combinations for so long an exclude"
            raise _bad_matrix(where, ("matrix", _EXCLUDE), message)
        combination = dict(zip(axes, values, strict=True))
        if any(all(combination[name] == value for name, value in item.items()) for item in excluded):
            continue
        jobs += 1
        _refuse_jobs(where, jobs + len(included))
        yield combination
    _refuse_jobs(where, jobs + len(included))
    yield from included
    if not jobs and not included:
        message = "exclude leaves no job"
        raise _bad_matrix(where, ("matrix", _EXCLUDE), message, "leave one combination at least")


def _maps_of(
    where: Where, matrix: Mapping[str, Any], member: str, axes: Mapping[str, Any], *, whole: bool
) -> Iterator[Mapping[str, Any]]:
    """The maps of `exclude` or `include`, which have the names of the lists: all of them where they are `whole`."""
    given = matrix.get(member, [])
    names = set(axes)
    for position, item in enumerate(given if isinstance(given, list) else [None]):
        if whole and not names and isinstance(item, dict):
            names = set(item)  # without lists, the first one says which names there are
        if not isinstance(item, dict) or not set(item) <= names or (whole and set(item) != names):
            what = "with a value for each" if whole else "of some"
            message = f"{member} is a list of maps {what} of the matrix's own names"
            place = ("matrix", member, position)
            raise _bad_matrix(where, place, message, f"names: {', '.join(sorted(names)) or 'none'}")
        yield item


def _refuse_jobs(where: Where, jobs: int) -> None:
    if jobs > MAX_JOBS:
        raise _bad_matrix(where, ("matrix",), f"makes more than {MAX_JOBS:,} jobs")


def _bad_matrix(where: Where, path: Path, message: str, hint: str = "") -> Rejected:
    return Rejected([Diagnostic(where(path), Severity.ERROR, "bad-matrix", message, hint)])


def length_of(value: Any) -> int:
    """Characters of a value, written as JSON."""
    return len(value) if isinstance(value, str) else len(json.dumps(value))
