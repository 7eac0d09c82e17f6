"""What rules and targets ask: versions, images, instances, regions, limits, and today's date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sagespec.catalog import near as nearest
from sagespec.catalog.tables import table
from sagespec.catalog.views import (
    Image,
    Instance,
    Limit,
    Mode,
    NoProcessor,
    NoPython,
    NoRegion,
    NoVersion,
    Processor,
    Region,
    Release,
    family_of,
    is_graviton,
)


class Facts(NamedTuple):
    """The catalogue as of a day. Nobody else reads a clock."""

    today: date

    @property
    def releases(self) -> Mapping[str, Release]:
        """Full version → release, in the order of their publication."""
        return _releases()

    @property
    def aliases(self) -> Mapping[str, str]:
        """Short version → the full version that it stands for."""
        return MappingProxyType(table("images")["aliases"])

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

    @property
    def profiling_intervals_ms(self) -> tuple[int, ...]:
        return tuple(table("limits")["lists"]["profiling_intervals_ms"]["value"])

    def listed(self, name: str) -> tuple[str, ...]:
        """A documented list of names, for example `regions_without_debugger`. KeyError: there is no such list."""
        return tuple(table("limits")["lists"][name]["value"])

    def fetched_on(self, name: str) -> date:
        """The day that a fetched table (`instances`, `images` …) is of. KeyError: it is kept by hand."""
        return date.fromisoformat(table(name)["_date"])

    def release(self, version: str) -> Release | None:
        """The release of a full version or an alias, as written; None where SageMaker has no images of it."""
        return _release(version)

    def instance(self, name: str) -> Instance | None:
        return _instance(name)

    def region(self, name: str) -> Region | None:
        return _regions().get(name)

    def near_version(self, text: str) -> str | None:
        """What `text` may have meant, written as short or as long as it."""
        images = table("images")
        return nearest.near_version(text, [*images["aliases"], *images["versions"]])

    def near_instance(self, text: str) -> str | None:
        return nearest.near(text if text.startswith("ml.") else f"ml.{text}", table("instances")["instances"])

    def near_region(self, text: str) -> str | None:
        return nearest.near(text, table("regions")["regions"])

    def image_uri(
        self,
        version: str,
        py_version: str,
        region: str,
        instance_type: str,
        mode: Mode,
        smdistributed: bool = False,
    ) -> str:
        """The URI of AWS's own training image, as the SDK spells it.

        Args:
            version: a full version or an alias; the tag carries it as written.
            py_version: `py2`, `py3`, `py37` …
            instance_type: `ml.…`, `local` or `local_gpu`.
            mode: `legacy` takes the images of SDK 1's legacy mode, which SDK 2 knows no more.
            smdistributed: whether `distribution` has that key; some tags then differ.

        Raises:
            NoVersion, NoPython, NoRegion, NoProcessor: LookupErrors; the first part that cannot be had, in this order.

        Source: https://github.com/aws/sagemaker-python-sdk/blob/v2.257.6/src/sagemaker/image_uris.py (retrieve);
            https://github.com/aws/sagemaker-python-sdk/blob/v1.16.3/src/sagemaker/fw_utils.py#L48-L100
        """
        image = _image(version, py_version, mode)
        account = image.registries.get(region)
        place = self.region(region)
        if account is None or place is None:
            raise NoRegion(region, tuple(image.registries))
        tag = f"{version}-{processor(instance_type)}-{py_version}"
        if smdistributed or family_of(instance_type) == "p4d":
            suffix = table("releases")["tag_suffixes"].get(tag)
            tag = f"{tag}-{suffix}" if suffix else tag
        return f"{account}.dkr.ecr.{region}.{place.dns_suffix}/{image.repository}:{tag}"


def facts(today: date | None = None) -> Facts:
    """The catalogue as of `today`; as of the clock's day when none is given."""
    return Facts(today or date.today())


def processor(instance_type: str) -> Processor:
    """Which of a version's two images an instance type runs.

    Raises:
        NoProcessor: it runs neither (Trainium, Inferentia, Graviton), or is no instance type at all.
    """
    if instance_type.startswith("local"):
        return "cpu" if instance_type == "local" else "gpu"
    family = family_of(instance_type)
    if not family or family.startswith(("inf", "trn")) or is_graviton(family):
        raise NoProcessor(instance_type, ("cpu", "gpu"))
    return "gpu" if family[0] in "gp" else "cpu"


def image_instance_type(instance_types: Sequence[str]) -> str:
    """Which of a job's instance types decides its one image: the first with GPUs, else the first.

    Source: https://github.com/aws/sagemaker-python-sdk/blob/v2.257.6/src/sagemaker/estimator.py (_get_instance_type)
    """
    return next((name for name in instance_types if family_of(name)[:1] in ("g", "p")), instance_types[0])


def _image(version: str, py_version: str, mode: Mode) -> Image:
    release = _release(version)
    if release is None:
        raise NoVersion(version, tuple(table("images")["aliases"]))
    if mode == "legacy":
        if release.legacy_image is None:
            raise NoVersion(version, _versions_with("legacy_mode"))
        if py_version != "py2":
            raise NoPython(py_version, ("py2",))
        return release.legacy_image
    if not release.script_mode:
        raise NoVersion(version, _versions_with("script_mode"))
    if py_version not in release.images:
        raise NoPython(py_version, release.pythons)
    return release.images[py_version]


def _versions_with(capability: str) -> tuple[str, ...]:
    return tuple(name for name, row in table("releases")["releases"].items() if row[capability])


@lru_cache(maxsize=256)
def _release(version: str) -> Release | None:
    images = table("images")
    full_version = images["aliases"].get(version, version)
    pythons = images["versions"].get(full_version)
    row = table("releases")["releases"].get(".".join(full_version.split(".")[:2]))
    if pythons is None or row is None:
        return None
    found = {python: Image(name, images["registries"][key]) for python, (name, key) in pythons.items()}
    return Release(
        version=version,
        full_version=full_version,
        images=MappingProxyType(found),
        **_capabilities(row, version, found),
    )


def _capabilities(row: Mapping[str, Any], version: str, images: Mapping[str, Image]) -> dict[str, Any]:
    """A row of releases.json, as `Release` has it."""
    releases = table("releases")
    known = dict(row)
    dataparallel = version in known.pop("dataparallel_versions")
    groups = known.pop("legacy_hyperparameters")
    legacy = Image(releases["legacy_repository"]["name"], images["py2"].registries) if row["legacy_mode"] else None
    return known | {
        "legacy_image": legacy,
        "legacy_hyperparameters": MappingProxyType(
            {name: kind for group in groups for name, kind in releases["hyperparameter_groups"][group].items()}
        ),
        "strategies": (*row["strategies"], *(["smdistributed.dataparallel"] if dataparallel else [])),
        "released": _date(row["released"]),
        "patches_end": _date(row["patches_end"]),
    }


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def _releases() -> Mapping[str, Release]:
    found = {version: _release(version) for version in table("images")["versions"]}
    return MappingProxyType({version: release for version, release in found.items() if release})


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
