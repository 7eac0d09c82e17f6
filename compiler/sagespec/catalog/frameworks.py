"""A framework is a row of data: what its estimator and images can do, version by version, and where the images lie."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache, cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.catalog import near as nearest
from sagespec.catalog.added import AddedVersion, numbers, with_added
from sagespec.catalog.tables import FOLDER, frameworks, table
from sagespec.catalog.views import (
    Image,
    Mode,
    NoProcessor,
    NoPython,
    NoRegion,
    NoVersion,
    Processor,
    Release,
    family_of,
    is_graviton,
)

PLAIN = ""
"""The variant of images that a job takes unless something in it asks for another."""
_ALWAYS = ""
"""In `since`: true of every version, and where none is named."""


class Variant(NamedTuple):
    """Images that a framework has beside the plain ones, and when a job takes them."""

    name: str
    title: str
    """How a sentence goes on: `for Trainium`."""
    families: tuple[str, ...]
    """Families of instance types (as they begin) that need it."""
    field: str | None
    """A field that needs it."""
    strategies: tuple[str, ...]
    """Distribution strategies that need it when they are all written."""
    builds: Mapping[str, Mapping[str, str]]
    """Version (as it begins) → family (as it begins) → the end of the tag; an empty key is any other."""


class Framework:
    """One framework. What is asked of it is worked out once; its tables are read when they are needed."""

    def __init__(self, name: str, added: tuple[AddedVersion, ...] = ()) -> None:
        self.name = name
        self.added = added
        """Versions that a project has beside the catalogue's."""
        self.row: Mapping[str, Any] = table(f"frameworks/{name}")

    # What its estimator is like

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return str(self.row["title"])

    @property
    def estimator(self) -> str:
        """The class of the SDK that starts its jobs."""
        return str(self.row["estimator"])

    @property
    def version_field(self) -> str:
        """The field of a manifest that names its version."""
        return str(self.row["version"])

    @property
    def bases(self) -> Mapping[str, str]:
        """Framework under it → the field that names that one's version."""
        bases: Mapping[str, str] = self.row.get("bases", {})
        return bases

    @property
    def python(self) -> str | None:
        """The Python that the estimator takes for granted."""
        return self.row.get("only_python")

    @property
    def version_always(self) -> bool:
        """The estimator wants a version beside an image too."""
        return bool(self.row.get("version_always"))

    @property
    def instances(self) -> int | None:
        """How many instances it trains on at most; None where nothing limits them."""
        return self.row.get("instances")

    @property
    def refused_instances(self) -> tuple[str, ...]:
        """Instance types that the estimator refuses whatever the image."""
        return tuple(self.row.get("refused_instances", ()))

    @property
    def training_module(self) -> str | None:
        """What its images give the toolkit to start; None where that is the framework's under it."""
        return self.row.get("training_module")

    @property
    def wheel(self) -> Mapping[str, Any]:
        """The packages that a local run installs."""
        wheel: Mapping[str, Any] = self.row["wheel"]
        return wheel

    @property
    def repositories(self) -> frozenset[str]:
        """Where its images lie."""
        versions = (rows for key, rows in self.images.items() if key.endswith("versions"))
        found = {image[0] for rows in versions for pythons in rows.values() for image in pythons.values()}
        return frozenset(found | ({self.row["legacy_repository"]} if self.has_legacy_mode else set()))

    @property
    def passes_model_dir(self) -> bool:
        """The estimator passes --model_dir to the script."""
        return bool(self.row.get("passes_model_dir"))

    @property
    def container_arguments(self) -> Mapping[str, str]:
        """Arguments of the estimator that its container gets as hyperparameters → what those are called."""
        return MappingProxyType(self.row.get("container_arguments", {}))

    @property
    def strategies(self) -> Mapping[str, Mapping[str, Any]]:
        """Distribution strategy → what it asks of the version."""
        strategies: Mapping[str, Mapping[str, Any]] = self.row["strategies"]
        return strategies

    @property
    def strategies_only(self) -> bool:
        """The estimator sends nothing of a distribution but its own strategies."""
        return bool(self.row.get("strategies_only"))

    @property
    def alone(self) -> Mapping[str, Mapping[str, str]]:
        """Strategies that are sent alone: the hyperparameter that starts them, and what may stand beside them."""
        alone: Mapping[str, Mapping[str, str]] = self.row.get("alone", {})
        return alone

    @cached_property
    def has_legacy_mode(self) -> bool:
        return any(row.get("legacy_mode") for row in self.row["since"].values())

    @cached_property
    def has_training_compiler(self) -> bool:
        """Whether any version has it, so that an image of one's own may."""
        return any(row.get("training_compiler") for row in self.row["since"].values())

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        return tuple(
            Variant(
                name,
                row["title"],
                tuple(row.get("families", ())),
                row.get("field"),
                tuple(row.get("strategies", ())),
                row.get("builds", {}),
            )
            for name, row in self.row.get("variants", {}).items()
        )

    @cached_property
    def variant_families(self) -> tuple[str, ...]:
        """Families of instance types (as they begin) that need images of their own."""
        return tuple(family for variant in self.variants for family in variant.families)

    def withdrawn(self, version: str) -> str | None:
        """Why the SDK refuses a version, where it gives a reason."""
        reasons: Mapping[str, str] = self.row.get("withdrawn", {})
        return reasons.get(version.partition("-")[0])

    def runs_no_script(self, version: str) -> bool:
        """The image of a version holds an algorithm only."""
        return version in self.row.get("without_script", ())

    # Its versions

    @cached_property
    def images(self) -> Mapping[str, Any]:
        known = table(f"images/{self.name}")
        return with_added(known, self.added) if self.added else known

    @property
    def fetched_on(self) -> date:
        return date.fromisoformat(self.images["_date"])

    @property
    def aliases(self) -> Mapping[str, str]:
        """Short version → the full version that it stands for."""
        return MappingProxyType(self.images["aliases"])

    @cached_property
    def releases(self) -> Mapping[str, Release]:
        """Full version → release, in the order of the table."""
        return self.releases_of(PLAIN)

    @lru_cache(maxsize=8)  # noqa: B019 - there is one object a framework
    def releases_of(self, variant: str) -> Mapping[str, Release]:
        found = {version: self.release(version, variant) for version in self.images[_key(variant, "versions")]}
        return MappingProxyType({version: release for version, release in found.items() if release})

    def newest_patched(self, today: date) -> Release | None:
        """The newest release whose images AWS still patches; None where none is known to be."""
        ends = ((version, self._support(version, version)[1]) for version in reversed(self.images["versions"]))
        return next((self.release(version) for version, end in ends if end is not None and end >= today), None)

    def versions(self, variant: str = PLAIN) -> tuple[str, ...]:
        """Every version that can be written: short ones first."""
        return (*self.images[_key(variant, "aliases")], *self.images[_key(variant, "versions")])

    def near_version(self, text: str, variant: str = PLAIN) -> str | None:
        """What `text` may have meant, written as short or as long as it."""
        return nearest.near_version(text, self.versions(variant))

    @lru_cache(maxsize=256)  # noqa: B019
    def release(self, version: str, variant: str = PLAIN) -> Release | None:
        """The release of a full version or an alias, as written; None where SageMaker has no images of it.

        Args:
            version: where the framework lies over another, with that: `4.28.1+pytorch2.0.0`.
        """
        full_version = self.images[_key(variant, "aliases")].get(version, version)
        pythons = self.images[_key(variant, "versions")].get(full_version)
        if pythons is None:
            return None
        sets, tags = self.images["registries"], self.images["tags"]
        found = {python: Image(name, sets[where], tags[tag]) for python, (name, where, tag) in pythons.items()}
        return self._release(version, full_version, found)

    @lru_cache(maxsize=256)  # noqa: B019
    def without_image(self, version: str | None) -> Release:
        """What is true of a version whatever image it is in; of any version, for None."""
        return self._release(version or "", version or "", {})

    def _release(self, version: str, full_version: str, images: dict[str, Image]) -> Release:
        known = self._capabilities(version)
        groups = known.pop("legacy_hyperparameters", ())
        read = {name: kind for group in groups for name, kind in self.row["hyperparameter_groups"][group].items()}
        legacy = images.get("py2") if known.get("legacy_mode") else None
        strategies = dict(self._strategies(version))
        released, patches_end = self._support(version, full_version)
        return Release(
            framework=self.name,
            name=self.display_name(version),
            version=version,
            full_version=full_version,
            images=MappingProxyType(images),
            strategies=tuple(strategies),
            idle=tuple(name for name, is_idle in strategies.items() if is_idle),
            released=released,
            patches_end=patches_end,
            legacy_image=legacy._replace(repository=self.row["legacy_repository"]) if legacy else None,
            legacy_hyperparameters=MappingProxyType(read),
            **known,
        )

    def display_name(self, version: str) -> str:
        """`PyTorch 2.1`, `Hugging Face 4.28 with PyTorch 2.0`; the name alone of no version."""
        own, base = split(version)
        said = f"{self.title} {own}".rstrip()
        name = next((name for name in self.bases if base.startswith(name)), None)
        if name is None:
            return said
        return f"{said} with {of_name(name).title} {base.removeprefix(name)}"

    def _capabilities(self, version: str) -> dict[str, Any]:
        """The rows of `since`, each over the ones before it."""
        known: dict[str, Any] = self._capabilities_of_base(version)
        for since, row in self.row["since"].items():
            if since == _ALWAYS or (version and numbers(version) >= numbers(since)):
                known.update(row)
        return known

    def _capabilities_of_base(self, version: str) -> dict[str, Any]:
        """What its images have from those that they are made of."""
        under = self.base_of(version)
        if under is None:
            return {}
        release = under.without_image(split(version)[1].removeprefix(under.name))
        return {fact: getattr(release, fact) for fact in self.row.get("of_base", ())}

    def _support(self, version: str, full_version: str) -> tuple[date | None, date | None]:
        rows: Mapping[str, Sequence[str]] = self.row["support"]
        own = split(full_version)[0]
        short = ".".join(own.split(".")[:2])
        released, patches_end = rows.get(own) or rows.get(short) or (None, None)
        return _date(released), _date(patches_end)

    # Its library

    @lru_cache(maxsize=1_024)  # noqa: B019
    def dropped(self, dotted: str, version: str) -> tuple[str, str, str] | None:
        """The part of a dotted name that a version of the library lacks, the version that dropped it, and what to write
        instead; None where it lacks nothing that is known."""
        module, dot, rest = dotted.partition(".")
        while dot:
            name, dot, rest = rest.partition(".")
            for since, instead in _dropped(self.name).get(module, {}).get(name, ()):
                if numbers(version) >= numbers(since):
                    return f"{module}.{name}", since, instead.format(name=name)
            module = f"{module}.{name}"
        return None

    # Its distribution strategies

    def _strategies(self, version: str) -> Iterator[tuple[str, bool]]:
        """The strategies of a version on any processor, and whether the container knows nothing of it."""
        for name in self.strategies:
            idle = self.idle(name, version)
            if idle or any(self.has(name, version, processor) for processor in ("cpu", "gpu", "trn")):
                yield name, idle

    def has(self, strategy: str, version: str, processor: str) -> bool:
        """Whether the SDK takes a strategy for a version as written, on a kind of processor."""
        wanted = self.strategies.get(strategy)
        if wanted is None:
            return False
        own, base = split(version)
        if wanted.get("base"):
            under = self.base_of(version)
            return under is not None and under.has(strategy, base.removeprefix(under.name), processor)
        if "as" in wanted:
            return self.has(wanted["as"], version, processor)
        if "of" in wanted:
            own = base.removeprefix(wanted["of"]) if base.startswith(wanted["of"]) else ""
        return _holds(wanted, own, processor)

    def idle(self, strategy: str, version: str) -> bool:
        """Whether the SDK sends a strategy that the container does nothing with."""
        wanted = self.strategies.get(strategy)
        if wanted is None:
            return False
        under = self.base_of(version)
        if wanted.get("base") and under is not None:
            return strategy not in under.strategies or under.idle(strategy, split(version)[1].removeprefix(under.name))
        if "bases" in wanted and under is not None:
            return under.name not in wanted["bases"]
        return bool(wanted.get("idle"))

    def versions_with(self, strategy: str, processor: str = "gpu") -> list[str]:
        """The versions, as they may be written, that have a strategy; short ones where they have it."""
        shorts = [name for name in self.aliases if self.has(strategy, name, processor)]
        return shorts or [name for name in self.versions() if self.has(strategy, name, processor)]

    def base_of(self, version: str) -> Framework | None:
        """The framework under it."""
        base = split(version)[1]
        return next((of_name(name) for name in self.bases if base.startswith(name)), None)

    # Its images

    @lru_cache(maxsize=1_024)  # noqa: B019
    def image_uri(
        self,
        version: str,
        py_version: str,
        region: str,
        instance_type: str,
        mode: Mode = "script",
        smdistributed: bool = False,
        variant: str = PLAIN,
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
        image = self._image(version, py_version, mode, variant)
        account, regions = image.registries.get(region), table("regions")
        if account is None or region not in regions["regions"]:
            raise NoRegion(region, tuple(image.registries))
        kind = processor(instance_type)
        if kind not in image.tags:
            raise NoProcessor(instance_type, tuple(image.tags))
        own, base = split(version)
        numbered = re.sub("^[a-z]+", "", base)
        tag = image.tags[kind].replace("{processor}", kind).format(version=own, base=numbered, python=py_version)
        family = family_of(instance_type)
        ends = [build(each, own, family) for each in self.variants if each.name == variant]
        if smdistributed or family == "p4d":
            ends.append(self.row.get("tag_suffixes", {}).get(tag))
        tag = "-".join([tag, *(end for end in ends if end)])
        host = f"{account}.dkr.ecr.{region}.{regions['partitions'][regions['regions'][region]]}"
        return f"{host}/{image.repository}:{tag}"

    def _image(self, version: str, py_version: str, mode: Mode, variant: str) -> Image:
        release = self.release(version, variant)
        if release is None:
            raise NoVersion(version, self.versions(variant))
        if mode == "legacy":
            if release.legacy_image is None:
                raise NoVersion(version, self._versions_with("legacy_mode"))
            if py_version != "py2":
                raise NoPython(py_version, ("py2",))
            return release.legacy_image
        if not release.script_mode:
            raise NoVersion(version, self._versions_with("script_mode"))
        if py_version not in release.images:
            raise NoPython(py_version, release.pythons)
        return release.images[py_version]

    def _versions_with(self, capability: str) -> tuple[str, ...]:
        shorts = ((name, self.release(name)) for name in self.aliases)
        return tuple(name for name, release in shorts if release is not None and getattr(release, capability))


@lru_cache(maxsize=64)
def of_name(name: str) -> Framework:
    """The framework of that name. Raises LookupError: there is none."""
    if not (FOLDER / "frameworks" / f"{name}.json").is_file():
        raise LookupError(name)
    return Framework(name)


@lru_cache(maxsize=64)
def with_versions(name: str, added: tuple[AddedVersion, ...]) -> Framework:
    """The framework of that name, with a project's own versions. Raises LookupError: there is none."""
    own = tuple(each for each in added if each.framework == name)
    return Framework(of_name(name).name, own) if own else of_name(name)


def of_image(image: str) -> tuple[Framework, str] | None:
    """The framework and the version that an image of AWS's holds, by its address; None for any other image.

    The version is what the tag says, with the one under it: `4.28.1+pytorch2.0.0`.
    """
    path, _, tag = image.rpartition(":")
    repository = path.rpartition("/")[2]
    framework = next((each for each in map(of_name, frameworks()) if repository in each.repositories), None)
    found = re.match(r"(?P<first>[0-9][0-9.]*(?:-[0-9]+(?=-|$))?)(?:-transformers(?P<own>[0-9.]+))?", tag)
    if framework is None or found is None:
        return None
    if found["own"] is None:
        return framework, found["first"]
    base = next((name for name in framework.bases if name in repository), "")
    return framework, f"{found['own']}+{base}{found['first']}"


def names() -> tuple[str, ...]:
    """The names of all frameworks."""
    return frameworks()


def processor(instance_type: str) -> Processor:
    """Which of a version's images an instance type runs.

    Raises:
        NoProcessor: it runs none (Graviton), or is not an instance type at all.
    """
    if instance_type.startswith("local"):
        return "cpu" if instance_type == "local" else "gpu"
    family = family_of(instance_type)
    if not family or is_graviton(family):
        raise NoProcessor(instance_type, ("cpu", "gpu"))
    if family.startswith("trn"):
        return "trn"
    if family.startswith("inf"):
        return "inf"
    return "gpu" if family[0] in "gp" else "cpu"


def build(variant: Variant, version: str, family: str) -> str:
    """The end of the tag that a variant's version has on a family of instances."""
    by_family = _beginning(variant.builds, version) or {}
    return _beginning(by_family, family) or ""


def _beginning(rows: Mapping[str, Any], text: str) -> Any:
    return next((row for start, row in rows.items() if start and text.startswith(start)), rows.get(""))


def split(version: str) -> tuple[str, str]:
    """A framework's own version, and the one under it (`pytorch2.0.0`, or nothing)."""
    own, _, base = version.partition("+")
    return own, base


def _holds(wanted: Mapping[str, Any], version: str, processor: str) -> bool:
    """Whether a version is one that a strategy works with."""
    if "on" in wanted:
        return processor in wanted["on"] and _holds(wanted["on"][processor], version, processor)
    limits = [key for key in ("from", "until", "versions") if key in wanted]
    if not limits:
        return True
    if not version:
        return False
    if version in wanted.get("versions", ()):
        return True
    if "from" not in wanted:
        return False
    here = numbers(version)
    until = numbers(wanted["until"]) if "until" in wanted else None
    return here >= numbers(wanted["from"]) and (until is None or here[: len(until)] <= until)


def _key(variant: str, name: str) -> str:
    return f"{variant}_{name}" if variant else name


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def _dropped(framework: str) -> Mapping[str, Mapping[str, list[tuple[str, str]]]]:
    """Module → name → (the first version without it, what to write instead)."""
    found: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for row in table("apis").get(framework, ()):
        for name in row["names"].split():
            found.setdefault(row["module"], {}).setdefault(name, []).append((row["since"], row["instead"]))
    return found
