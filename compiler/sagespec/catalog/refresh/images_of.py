"""Rewrites the SDK's tables of training images: one file for each framework, and the registries of all."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sagespec.catalog import tables
from sagespec.catalog.refresh.wheels import NoWheel, fetch_wheel

FOLDERS = {"sagemaker-core": "sagemaker/core/image_uri_config", "sagemaker": "sagemaker/image_uri_config"}
"""Published package → where its tables lie. That of SDK 3 comes first: it has every image of SDK 2, and newer ones."""
PARTS = ("{version}", "{processor}", "{python}")
"""What a tag is made of, unless the table says otherwise; the first may be a prefix of the table's own."""

Content = dict[str, Any]


class NoTables(Exception):
    """The SDK's tables are not on this machine."""


class Tables:
    """The tables of one published package: of a wheel or a folder, or else of an installed one, or else of the wheel
    that the package index has.

    Args:
        version: of the wheel to fetch; the newest for None.
        offline: nothing is fetched.

    Raises:
        NoTables: there are none.
    """

    def __init__(self, place: Path | None, version: str | None = None, *, offline: bool = False) -> None:
        found = _installed() if place is None else _given(place)
        if found is None and offline:
            raise NoTables("neither sagemaker-core nor sagemaker 2 is installed, and nothing is fetched with --offline")
        self.source, self.files = found or _fetched(version)

    def images(self, framework: str) -> Content:
        """What `images/<framework>.json` holds.

        Raises:
            NoTables: the package has not all of the framework's tables.
        """
        row = tables.table(f"frameworks/{framework}")
        made = _Images(row)
        found: Content = {}
        for variant, names in row["tables"].items():
            for name in [names] if isinstance(names, str) else names:
                start = f"{variant}_" if variant else ""
                aliases, versions = made.table(self.table(name))
                found.setdefault(f"{start}aliases", {}).update(aliases)
                found.setdefault(f"{start}versions", {}).update(versions)
        return {"registries": made.named(made.registries), "tags": made.named(made.tags), **found}

    def registries(self, names: Iterable[str]) -> Content:
        """What `registries.json` holds: the accounts, region by region, of every repository in these tables.

        Raises:
            NoTables: the package has not all of them.
        """
        found: dict[str, dict[str, set[str]]] = {}
        for name in names:
            for row in _rows(self.table(name)["versions"]):
                of_regions = found.setdefault(row["repository"], {})
                for region, account in row["registries"].items():
                    of_regions.setdefault(region, set()).add(account)
        sets: dict[str, str] = {}
        repositories = {}
        for repository, of_regions in sorted(found.items()):
            text = json.dumps({region: sorted(accounts) for region, accounts in sorted(of_regions.items())})
            repositories[repository] = sets.setdefault(text, f"set{len(sets) + 1}")
        return {"sets": {name: json.loads(text) for text, name in sets.items()}, "repositories": repositories}

    def table(self, name: str) -> Content:
        text = self.files.get(f"{name}.json")
        if text is None:
            raise NoTables(f"{self.source} has no {name}.json")
        content: Content = json.loads(text)
        return content if "versions" in content else content["training"]


class _Images:
    """Turns tables into rows; equal sets of registries and of tags are written once."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row = row
        self.registries: dict[str, str] = {}
        self.tags: dict[str, str] = {}

    def named(self, sets: Mapping[str, str]) -> Content:
        return {name: json.loads(text) for text, name in sets.items()}

    def table(self, table: Content) -> tuple[Content, Content]:
        """(aliases, versions) of one table. Where a version has several bases, a row is called version+base."""
        aliases: Content = {}
        versions: Content = {}
        for version, row in table["versions"].items():
            bases = {name: inner for name, inner in row.items() if name.startswith(tuple(self.row.get("bases", {})))}
            for base, inner in (bases or {"": row}).items():
                versions[_key(version, base)] = dict(self.images(inner, table))
            for short, full in row.get("version_aliases", {}).items():
                for alias in (name for name, target in table["version_aliases"].items() if target == version):
                    aliases[_key(alias, short)] = _key(version, full)
        moving = () if "latest" in self.row else ("latest",)
        given = {name: target for name, target in table.get("version_aliases", {}).items() if name not in moving}
        return aliases or given, versions

    def images(self, row: Content, table: Content) -> Iterator[tuple[str, list[str]]]:
        """Python → [repository, set of registries, set of tags]."""
        pythons = row.get("py_versions") or [name for name in row if name.startswith("py") and name[2:].isdigit()]
        for python in pythons or [self.row["python"]]:
            own = row[python] if isinstance(row.get(python), dict) else row
            registries = json.dumps(dict(sorted(own["registries"].items())))
            tags = json.dumps(dict(self.of_processors(own, table, named=bool(pythons))))
            yield (
                python,
                [
                    own["repository"],
                    self.registries.setdefault(registries, f"set{len(self.registries) + 1}"),
                    self.tags.setdefault(tags, f"tag{len(self.tags) + 1}"),
                ],
            )

    def of_processors(self, row: Content, table: Content, *, named: bool) -> Iterator[tuple[str, str]]:
        """Processor → how the tag of its image is made. A table without processors has one image for all."""
        processors = table.get("processors") or row.get("processors")
        for processor in processors or ("cpu", "gpu"):
            parts = [row.get("tag_prefix") or self.row.get("tag_prefix", PARTS[0])]
            if processors and row.get("processor_in_tag", True):
                parts.append("neuron" if "sdk_versions" in row else processor)
            if named:
                parts.append(PARTS[2])
            if "sdk_versions" in row:
                parts.append(max(row["sdk_versions"]))
            # A table of Trainium images may call its one container by another processor.
            builds = row.get("container_version") or self.row.get("container_version", {})
            build = builds.get(processor) or next(iter(builds.values()), "")
            yield processor, "-".join([*parts, *([build] if build else [])])


def _rows(content: Content) -> Iterator[Content]:
    """The rows, at any depth, that say where an image lies."""
    if "repository" in content:
        yield content
    for inner in content.values():
        if isinstance(inner, dict):
            yield from _rows(inner)


def _key(version: str, base: str) -> str:
    return f"{version}+{base}" if base else version


def _installed() -> tuple[str, Mapping[str, str]] | None:
    for package, folder in FOLDERS.items():
        try:
            found = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            continue
        place = Path(str(found.locate_file(folder)))
        if place.is_dir():
            return f"{package} {found.version}", _read(place)
    return None


def _fetched(version: str | None) -> tuple[str, Mapping[str, str]]:
    with TemporaryDirectory() as folder:
        try:
            return _given(fetch_wheel(next(iter(FOLDERS)), version, Path(folder)))
        except NoWheel as missing:
            raise NoTables(str(missing)) from None


def _given(place: Path) -> tuple[str, Mapping[str, str]]:
    if place.is_dir():
        return f"tables in {place.name}", _read(place)
    with zipfile.ZipFile(place) as wheel:
        names = [name for name in wheel.namelist() if name.startswith(tuple(FOLDERS.values()))]
        if not names:
            raise NoTables(f"{place} has no image tables; a wheel of sagemaker-core has them")
        package, version = place.name.split("-")[:2]
        files = {name.rpartition("/")[2]: wheel.read(name).decode() for name in names}
        return f"{package.replace('_', '-')} {version}", files


def _read(folder: Path) -> Mapping[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
