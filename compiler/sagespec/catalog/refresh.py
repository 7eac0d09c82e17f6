"""Rewrites the fetched parts of the catalogue, or checks them: python -m sagespec.catalog.refresh [--check].

The parts come from installed packages, botocore (API model, regions, instance types) and moto (their hardware); from
sagemaker-core or the SageMaker SDK before version 3 (images): installed, or the wheel that --sdk names, or else the one
of the package index; from the wheels of transformers (its options), when an image has a version that is not known yet;
and from Python (Unicode). A check compares with the versions that the files name, so that it says tomorrow what it
said today; a source that it cannot read is a failure, and --offline leaves out those that are fetched, and says so.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from sagespec.base.files import data_folder, write_whole
from sagespec.catalog import tables
from sagespec.catalog.api_model import TABLES, schema_name
from sagespec.catalog.api_schema import request_schema
from sagespec.catalog.images_of import NoTables, Tables
from sagespec.catalog.java_regex import ranges
from sagespec.catalog.library_options import with_versions
from sagespec.catalog.wheels import NoWheel

COMMAND = "python -m sagespec.catalog.refresh"
UNICODE = "14.0.0"
"""Of Python 3.11."""
KEPT = ("type", "min", "max", "pattern", "enum", "required", "members", "member", "key", "value")
"""What the API model keeps of a shape; its documentation is left out."""

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source says today."""

    source: str
    content: Content


class Unavailable(Exception):
    """The source is not on this machine, so the part can only be checked by its hash."""


def api(table: str) -> Fetched:
    """The shapes that the requests of a table's operations are made of."""
    model = _service_model()
    operations = [operation for operation, name in TABLES.items() if name == table]
    roots = {operation: model["operations"][operation]["input"]["shape"] for operation in operations}
    found: dict[str, None] = {}
    for root in roots.values():
        _reachable(model["shapes"], root, found)
    shapes = {name: _compact(model["shapes"][name]) for name in found}
    return Fetched(_version("botocore"), {"roots": roots, "shapes": shapes})


def regions() -> Fetched:
    """The regions that SageMaker is in, and the DNS suffixes of their partitions."""
    partitions = _loader().load_data("endpoints")["partitions"]
    found = {
        region: partition["partition"]
        for partition in partitions
        for region in partition["services"].get("api.sagemaker", {}).get("endpoints", {})
        if region in partition["regions"]
    }
    suffixes = {partition["partition"]: partition["dnsSuffix"] for partition in partitions}
    return Fetched(_version("botocore"), {"partitions": suffixes, "regions": dict(sorted(found.items()))})


def instances() -> Fetched:
    """The training instance types with their hardware: EC2's own description, else the table kept by hand."""
    names = _service_model()["shapes"]["TrainingInstanceType"]["enum"]
    by_hand = tables.table("hardware")["instances"]
    described = _ec2_types()
    found = {name: _hardware(name, described, by_hand) for name in names}
    return Fetched(
        f"{_version('botocore')}, {_version('moto')}, hardware.json",
        {"instances": {name: row for name, row in found.items() if row is not None}},
    )


def unicode_categories() -> Fetched:
    """The code points of the general categories that the API's patterns name, in one version of Unicode.

    Raises:
        NotComparable: this Python has another version. Which one the service has, nobody tells.
    """
    if unicodedata.unidata_version != UNICODE:
        raise NotComparable(f"this Python has Unicode {unicodedata.unidata_version}, not {UNICODE}")
    points: dict[str, list[int]] = {"L": [], "N": [], "Z": []}
    for point in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(point))[0]
        if category in points:
            points[category].append(point)
    return Fetched(f"unicodedata {UNICODE}", {"categories": {name: ranges(found) for name, found in points.items()}})


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


class NotComparable(Unavailable):
    """The file is not held against its source, on purpose."""


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 fresh or written, 1 something is stale or has no source, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Refresh the catalogue's fetched files.")
    parser.add_argument("--check", action="store_true", help="write nothing; say what is stale")
    parser.add_argument("--sdk", type=Path, metavar="PATH", help="a wheel of sagemaker-core or of the SDK 2")
    parser.add_argument("--offline", action="store_true", help="with --check: leave out what would have to be fetched")
    given = parser.parse_args(arguments)
    if given.sdk and not given.sdk.exists():
        parser.error(f"there is no file {given.sdk}")
    if not given.check:
        sys.stdout.writelines(f"{line}\n" for line in refresh(given.sdk))
        return 0
    found = check(given.sdk, offline=given.offline)
    sys.stdout.writelines(f"{line}\n" for line in found.left_out)
    sys.stderr.writelines(f"{line}\n" for line in found.stale)
    if found.stale:
        sys.stderr.write(f"To repair it, run: {COMMAND}\n")
    return 1 if found.stale else 0


def _service_model() -> Content:
    model: Content = _loader().load_service_model("sagemaker", "service-2")
    return model


def _loader() -> Any:
    from botocore.loaders import Loader

    return Loader()


def _version(package: str) -> str:
    return f"{package} {metadata.version(package)}"


def _reachable(shapes: Content, name: str, found: dict[str, None]) -> dict[str, None]:
    """The names of a shape and of all shapes below it, parents first."""
    if name not in found:
        found[name] = None
        own = shapes[name]
        below = [own[key] for key in ("key", "value", "member") if key in own]
        for child in (*own.get("members", {}).values(), *below):
            _reachable(shapes, child["shape"], found)
    return found


def _compact(shape: Content) -> Content:
    compact = {key: shape[key] for key in KEPT if key in shape}
    for key in ("member", "key", "value"):
        if key in compact:
            compact[key] = compact[key]["shape"]
    if "members" in compact:
        compact["members"] = {name: member["shape"] for name, member in compact["members"].items()}
        compact.setdefault("required", [])
    return compact


def _ec2_types() -> Content:
    try:
        folder = metadata.distribution("moto").locate_file("moto/ec2/resources/instance_types.json.gz")
    except metadata.PackageNotFoundError:
        raise Unavailable("moto is not installed") from None
    with gzip.open(str(folder)) as file:
        described: Content = json.load(file)
    return described


def _hardware(name: str, described: Content, by_hand: Content) -> Content | None:
    """None where neither table has the type: of a type that is not known, rules only warn until somebody adds it."""
    if name in by_hand:
        return {key: value for key, value in by_hand[name].items() if key != "source"}
    own = described.get(name.removeprefix("ml."))
    if own is None:
        missing = f"moto does not describe {name}: left out until it is in {tables.FOLDER / 'hardware.json'}"
        sys.stderr.write(f"{missing}\n")
        return None
    kind, model, count, memory_mib = _accelerator(own)
    return {
        "vcpus": own["VCpuInfo"]["DefaultVCpus"],
        "memory_gib": own["MemoryInfo"]["SizeInMiB"] / 1024,
        "accelerator": kind,
        "accelerator_model": model,
        "accelerator_count": count,
        "accelerator_memory_gib": round(memory_mib / 1024, 1),
        "nvme_gb": own.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0),
        "efa": own["NetworkInfo"].get("EfaSupported", False),
        "burstable": own["BurstablePerformanceSupported"],
        "arch": "arm64" if "arm64" in own["ProcessorInfo"]["SupportedArchitectures"] else "x86_64",
        "retired": False,
    }


def _accelerator(own: Content) -> tuple[str, str | None, int, int]:
    """Kind, model, count, and MiB of each."""
    for kind, info, devices in (("gpu", "GpuInfo", "Gpus"), ("neuron", "NeuronInfo", "NeuronDevices")):
        if info in own:
            device = own[info][devices][0]
            return kind, device["Name"], device["Count"], device["MemoryInfo"]["SizeInMiB"]
    return "cpu", None, 0, 0


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


if __name__ == "__main__":
    sys.exit(main())
