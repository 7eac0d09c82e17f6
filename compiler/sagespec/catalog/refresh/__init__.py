"""Rewrites the fetched parts of the catalogue, or checks them: python -m sagespec.catalog.refresh [--check].

The parts come from installed packages, botocore (API model, regions, instance types) and moto (their hardware); from
sagemaker-core or the SageMaker SDK before version 3 (images): installed, or the wheel that --sdk names, or else the one
of the package index; from the wheels of transformers (its options), when an image has a version that is not known yet;
and from Python (Unicode). A check compares with the versions that the files name, so that it says tomorrow what it
said today; a source that it cannot read is a failure, and --offline leaves out those that are fetched, and says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from sagespec.base.files import data_folder, write_whole
from sagespec.catalog import tables
from sagespec.catalog.api_model import TABLES, schema_name
from sagespec.catalog.refresh.api_schema import request_schema
from sagespec.catalog.refresh.images_of import NoTables, Tables
from sagespec.catalog.refresh.library_options import with_versions
from sagespec.catalog.refresh.packages import (
    Content,
    Fetched,
    NotComparable,
    Unavailable,
    api,
    instances,
    regions,
    unicode_categories,
)
from sagespec.catalog.refresh.wheels import NoWheel


def images(framework: str, sdk: Callable[[], Tables]) -> Fetched:
    """The SDK's tables of one framework's training images."""
    return _of_sdk(sdk, lambda found: found.images(framework))


def registries(sdk: Callable[[], Tables]) -> Fetched:
    """The accounts, region by region, that have the training images of the frameworks and of AWS's own algorithms."""
    return _of_sdk(sdk, lambda found: found.registries(image_tables()))


def image_tables() -> list[str]:
    """The SDK's tables of all training images that the catalogue speaks of."""
    of_frameworks = [tables.table(f"frameworks/{name}")["tables"].values() for name in tables.frameworks()]
    named = [row["table"] for row in tables.table("algorithms")["algorithms"].values()]
    every = [
        *(each for names in of_frameworks for made in names for each in ([made] if isinstance(made, str) else made)),
        *named,
    ]
    return sorted(set(every))


def _of_sdk(sdk: Callable[[], Tables], read: Callable[[Tables], Content]) -> Fetched:
    try:
        found = sdk()
        return Fetched(found.source, read(found))
    except NoTables as missing:
        raise Unavailable(str(missing)) from None


def libraries(offline: bool) -> Fetched:
    """The options that transformers' dataclasses have, in the versions that the images hold."""
    held = tables.table("images/huggingface")["versions"]
    versions = list(dict.fromkeys(version.partition("+")[0] for version in held))
    known = _read(tables.FOLDER / "libraries.json") or {}
    body = {key: value for key, value in known.items() if not key.startswith("_")}
    missing_here = [version for version in versions if version not in body.get("versions", {}).get("transformers", [])]
    if offline and missing_here:
        raise NotComparable(f"transformers {', '.join(missing_here)} would have to be fetched")
    try:
        return Fetched("transformers, the wheel of each version", with_versions(body, "transformers", versions))
    except NoWheel as missing:
        raise Unavailable(str(missing)) from None


@dataclass(frozen=True, slots=True)
class CataloguePart:
    """One fetched data file."""

    name: str
    fetch: Callable[[], Fetched]

    @property
    def path(self) -> Path:
        return tables.FOLDER / f"{self.name}.json"

    def write(self) -> str:
        """Brings the file up to date; source and date stay when the content does."""
        fetched = self.fetch()
        old = _read(self.path)
        if old is not None and old.get("_sha256") == _hash(old) == _hash(fetched.content):
            return f"{self.path.name}: as it was"
        head = {"_source": fetched.source, "_date": date.today().isoformat(), "_sha256": _hash(fetched.content)}
        write_whole(self.path, _text(head | fetched.content))
        tables.table.cache_clear()
        return f"{self.path.name}: written from {fetched.source}"

    def stale(self) -> str | None:
        """What is wrong with the file, if anything: that its source cannot be read, too.

        Raises:
            NotComparable: nothing is wrong with the file by itself, and it is not held against its source.
        """
        old = _read(self.path)
        if old is None:
            return "is missing, or no JSON"
        if old.get("_sha256") != _hash(old):
            return "was edited by hand: its content and its _sha256 differ"
        try:
            fetched = self.fetch()
        except NotComparable:
            raise
        except Unavailable as missing:
            return f"could not be compared: {missing}"
        if _hash(fetched.content) != old["_sha256"]:
            return f"is of {old['_source']}, and {fetched.source} says otherwise"
        return None


def parts(sdk: Path | None = None, *, recorded: bool = False, offline: bool = False) -> tuple[CataloguePart, ...]:
    """In the order in which they need one another.

    Args:
        recorded: image tables that are fetched are of the version that the files name; otherwise the newest.
        offline: nothing is fetched.
    """

    read: list[Tables | NoTables] = []

    def tables_of_sdk() -> Tables:
        """The tables, looked for once."""
        if not read:
            try:
                read.append(Tables(sdk, _recorded_version() if recorded else None, offline=offline))
            except NoTables as missing:
                read.append(missing)
        if isinstance(read[0], Tables):
            return read[0]
        if sdk is not None:
            raise SystemExit(str(read[0]))
        raise NotComparable(str(read[0])) if offline else read[0]

    return (
        *(CataloguePart(name, partial(api, name)) for name in dict.fromkeys(TABLES.values())),
        CataloguePart("regions", regions),
        CataloguePart("instances", instances),
        *(CataloguePart(f"images/{name}", partial(images, name, tables_of_sdk)) for name in tables.frameworks()),
        CataloguePart("registries", partial(registries, tables_of_sdk)),
        CataloguePart("libraries", partial(libraries, offline)),
        CataloguePart("unicode", unicode_categories),
    )


def _recorded_version() -> str | None:
    """The version of sagemaker-core that the image tables are of; None where that is not known."""
    source = str((_read(tables.FOLDER / "images" / "tensorflow.json") or {}).get("_source", ""))
    package, _, version = source.partition(" ")
    return version if package == "sagemaker-core" else None


def schema_path(operation: str) -> Path:
    return data_folder("schemas") / schema_name(operation)


def schema_text(operation: str) -> str:
    """The schema of an operation's request, as its file has it."""
    return _text(request_schema(operation))


def refresh(sdk: Path | None) -> Iterator[str]:
    """Rewrites what has a source here, and says what happened."""
    for part in parts(sdk):
        try:
            yield part.write()
        except Unavailable as missing:
            yield f"{part.path.name}: left alone, {missing}"
    for operation in TABLES:
        write_whole(schema_path(operation), schema_text(operation))
        yield f"{schema_name(operation)}: written"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check has found."""

    stale: list[str]
    """One sentence a file."""
    left_out: list[str]
    """What was not compared, and why."""


def check(sdk: Path | None, *, offline: bool = False) -> Verified:
    """Holds every fetched file against its source."""
    found = Verified([], [f"{tables.FOLDER / 'frameworks'} was not compared: it is kept by hand, with its sources"])
    for part in parts(sdk, recorded=True, offline=offline):
        try:
            problem = part.stale()
        except NotComparable as reason:
            found.left_out.append(f"{part.path} was not compared: {reason}")
            continue
        if problem:
            found.stale.append(f"{part.path} {problem}")
    for operation in TABLES:
        path = schema_path(operation)
        if not path.is_file() or path.read_text(encoding="utf-8") != schema_text(operation):
            found.stale.append(f"{path} is not what the API model gives")
    return found


def _read(path: Path) -> Content | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _hash(content: Content) -> str:
    """Of what is below the head, so that neither date nor layout counts."""
    body = {key: value for key, value in content.items() if not key.startswith("_")}
    return hashlib.sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()


def _text(content: Content) -> str:
    """JSON with one line for each entry of the second level, so that a diff shows what changed."""
    return "{\n" + ",\n".join(_entry(key, value) for key, value in content.items()) + "\n}\n"


def _entry(key: str, value: Any) -> str:
    if not isinstance(value, dict):
        return f" {json.dumps(key)}: {json.dumps(value)}"
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(inner)}" for name, inner in value.items())
    return f" {json.dumps(key)}: {{\n{lines}\n }}"
