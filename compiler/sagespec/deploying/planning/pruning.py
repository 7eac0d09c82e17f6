"""Whether a job's manifest is gone. Absence of evidence is not evidence of absence.

It is gone only if the path in the job's tag lies under the paths that were given, and the file there was read whole
(and describes no such job), or does not exist. If anything under these paths was not read, nothing is gone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sagespec.base.named import NamedTuple
from sagespec.building.tags import LONGEST_VALUE, MANIFEST, tag_value
from sagespec.reading.discovery import Survey

if TYPE_CHECKING:
    from sagespec.deploying.planning.observed import Observed

_STDIN = tag_value("<stdin>")


class PruneVerdict(Enum):
    """What the manifests that were read say of a job that none of them describes."""

    GONE = "gone"
    UNCERTAIN = "uncertain"
    """It lies under the paths that were given, and something there was not read."""
    ELSEWHERE = "elsewhere"
    """It does not lie under the paths that were given, or nobody knows where."""


Gone: TypeAlias = "Callable[[Observed], tuple[PruneVerdict, str]]"
"""A running job → (verdict, why)."""


def nothing_is_known(job: Observed) -> tuple[PruneVerdict, str]:
    """What is said where nobody has read any manifests."""
    return PruneVerdict.UNCERTAIN, "nobody has looked which manifests there are"


class _SearchRoot(NamedTuple):
    """One of the paths that were given."""

    path: str
    is_folder: bool
    project: str
    """The folder that the paths in tags are relative to."""

    @property
    def tag(self) -> str:
        """The path as tags have it; empty for the project's folder itself."""
        inner = os.path.relpath(self.path, self.project)
        return "" if inner == "." else tag_value(inner.replace(os.sep, "/"))

    def holds(self, tag: str) -> bool:
        return (not self.tag or tag.startswith(f"{self.tag}/")) if self.is_folder else tag == self.tag


class Evidence:
    """What one run has read, held against the path in a job's tag."""

    def __init__(self, survey: Survey, project_of: Callable[[Path], Path | None]) -> None:
        """
        Args:
            project_of: the folder that the names of manifests in a folder are relative to; None where there is none.
        """
        self.survey = survey
        self.roots = list(_roots(survey, project_of))
        self._known: dict[tuple[str, int], frozenset[str]] = {}

    def __call__(self, job: Observed) -> tuple[PruneVerdict, str]:
        tag = job.tags.get(MANIFEST, "")
        root = next((root for root in self.roots if root.holds(tag)), None)
        if root is None or not tag or len(tag) >= LONGEST_VALUE or tag.rpartition("/")[2] == _STDIN:
            return PruneVerdict.ELSEWHERE, "its manifest is not under the given paths"
        for name, why in self.survey.unread.items():
            return PruneVerdict.UNCERTAIN, f"{os.path.relpath(name)} was not read ({why})"
        if tag in self._tags(root, self.survey.manifests):
            return PruneVerdict.GONE, f"{tag} no longer describes it"
        if tag in self._tags(root, self.survey.others):
            return PruneVerdict.UNCERTAIN, f"{tag} is there, and describes no job at all"
        if os.path.lexists(Path(root.project, tag)):
            return PruneVerdict.UNCERTAIN, f"{tag} is there, and was not read"
        return PruneVerdict.GONE, f"its manifest, {tag}, is gone"

    def _tags(self, root: _SearchRoot, names: list[str]) -> frozenset[str]:
        key = (root.project, id(names))
        if key not in self._known:
            files = map(self.survey.real, names)
            inner = (os.path.relpath(file, root.project).replace(os.sep, "/") for file in files)
            self._known[key] = frozenset(map(tag_value, inner))
        return self._known[key]


def _roots(survey: Survey, project_of: Callable[[Path], Path | None]) -> Iterator[_SearchRoot]:
    for path in survey.roots:
        is_folder = Path(path).is_dir()
        project = project_of(Path(path) if is_folder else Path(path).parent)
        if project is not None:
            yield _SearchRoot(path, is_folder, os.path.realpath(project))


def only(names: Collection[str]) -> Gone:
    """What a saved plan says: the jobs that it names are gone, and no others.

    Jobs of one name in two regions are distinguished by whoever compares the plans.
    """

    def gone(job: Observed) -> tuple[PruneVerdict, str]:
        if job.job_name in names:
            return PruneVerdict.GONE, "the plan stops it"
        return PruneVerdict.ELSEWHERE, "the plan does not name it"

    return gone
