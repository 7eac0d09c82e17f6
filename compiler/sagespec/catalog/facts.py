"""What rules and targets ask: versions, images, instances, regions, limits, and today's date."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timezone
from functools import cache, lru_cache
from types import MappingProxyType

from sagespec.base.named import NamedTuple
from sagespec.catalog import algorithms as of_algorithms
from sagespec.catalog import frameworks as of_frameworks
from sagespec.catalog import near as nearest
from sagespec.catalog.added import AddedVersion
from sagespec.catalog.algorithms import Algorithm
from sagespec.catalog.frameworks import Framework
from sagespec.catalog.tables import table
from sagespec.catalog.views import Instance, Limit, Region, family_of


class Facts(NamedTuple):
    """The catalogue as of a day. Nobody else reads a clock."""

    today: date
    added: tuple[AddedVersion, ...] = ()
    """Versions that a project has beside the catalogue's."""

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The names of all frameworks; each is read when it is asked for."""
        return of_frameworks.names()

    def framework(self, name: str) -> Framework | None:
        """The framework of that name; None where there is none."""
        try:
            return of_frameworks.with_versions(name, self.added)
        except LookupError:
            return None

    def algorithm(self, repository: str, tag: str) -> Algorithm | None:
        """AWS's own algorithm in a repository, in the version of the tag; None where the repository holds none."""
        return of_algorithms.algorithm(repository, tag)

    def algorithm_image(self, name: str, region: str) -> str | None:
        """The image of an algorithm that has one version only, by the SDK's name for it; None where there is none."""
        return of_algorithms.algorithm_image(name, region)

    def registries(self, repository: str) -> Mapping[str, tuple[str, ...]]:
        """Region → the accounts in which AWS keeps a repository of training images; nothing for other repositories."""
        return of_algorithms.registries(repository)

    def registry_sets(self) -> Iterator[tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]]:
        """(repositories, their registries) for those that AWS keeps in the same accounts."""
        return of_algorithms.registry_sets()

    @property
    def instances(self) -> Mapping[str, Instance]:
        return _instances()

    @property
    def regions(self) -> Mapping[str, Region]:
        return _regions()

    @property
    def limits(self) -> Mapping[str, Limit]:
        """What the API documents without saying it in its model, for example `max_run_seconds`."""
        return _limits("limits")

    @property
    def quotas(self) -> Mapping[str, Limit]:
        """What a new account may use; more can be asked for."""
        return _limits("quotas")

    def listed(self, name: str) -> tuple[str, ...]:
        """A documented list of names, for example `regions_without_debugger`. KeyError: there is no such list."""
        return tuple(table("limits")["lists"][name]["value"])

    def fetched_on(self, name: str) -> date:
        """The day that a fetched table (`instances`, `images` …) is of. KeyError: it is kept by hand."""
        return date.fromisoformat(table(name)["_date"])

    def options_of(self, dataclass: str, version: str) -> frozenset[str] | None:
        """The options that a library's dataclass (`transformers.TrainingArguments`) brings to a script.

        None where the version of the library, or the class, is not known.
        """
        known = table("libraries")
        versions = known["versions"].get(dataclass.partition(".")[0], [])
        if version not in versions or dataclass not in known:
            return None
        at, base = versions.index(version), known["bases"].get(dataclass)
        own = (
            name
            for name, (since, until) in known[dataclass].items()
            if versions.index(since) <= at and (until is None or at <= versions.index(until))
        )
        return frozenset(own) | ((self.options_of(base, version) if base else None) or frozenset())

    def instance(self, name: str) -> Instance | None:
        return _instance(name)

    def region(self, name: str) -> Region | None:
        return _regions().get(name)

    def near_framework(self, text: str) -> str | None:
        return nearest.near(text, self.frameworks)

    def near_instance(self, text: str) -> str | None:
        name = text if text.startswith("ml.") else f"ml.{text}"
        return nearest.near_instance(name, table("instances")["instances"])

    def is_misspelt_instance(self, name: str) -> bool:
        """A type of a known family, with a size that no instance has: it is not a new type."""
        return _instance(name) is None and nearest.size_of(name) is None and name.rpartition(".")[0] in _families()

    def near_region(self, text: str) -> str | None:
        return nearest.near(text, table("regions")["regions"])


def facts(today: date | None = None) -> Facts:
    """The catalogue as of `today`; when none is given, as of the day of SOURCE_DATE_EPOCH, or the clock's.

    Source: https://reproducible-builds.org/specs/source-date-epoch/ (seconds since 1970, UTC)
    """
    return Facts(today or _today())


def _today() -> date:
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(given), timezone.utc).date() if given.isdigit() else date.today()


def image_instance_type(instance_types: Sequence[str]) -> str:
    """Which of a job's instance types decides its one image: the first with GPUs, else the first.

    Source: https://github.com/aws/sagemaker-python-sdk/blob/v2.257.6/src/sagemaker/estimator.py (_get_instance_type)
    """
    first, *others = instance_types
    return next((name for name in instance_types if family_of(name)[:1] in ("g", "p")), first) if others else first


@cache
def _families() -> frozenset[str]:
    """`ml.m5` …"""
    return frozenset(name.rpartition(".")[0] for name in table("instances")["instances"])


@cache
def _instances() -> Mapping[str, Instance]:
    return MappingProxyType({name: Instance(name, **row) for name, row in table("instances")["instances"].items()})


@lru_cache(maxsize=1_000)
def _instance(name: str) -> Instance | None:
    """One instance type; most runs ask for a few of them."""
    row = table("instances")["instances"].get(name)
    return None if row is None else Instance(name, **row)


@cache
def _regions() -> Mapping[str, Region]:
    known = table("regions")
    return MappingProxyType(
        {name: Region(name, partition, known["partitions"][partition]) for name, partition in known["regions"].items()}
    )


@cache
def _limits(kind: str) -> Mapping[str, Limit]:
    return MappingProxyType({name: Limit(**row) for name, row in table("limits")[kind].items()})
