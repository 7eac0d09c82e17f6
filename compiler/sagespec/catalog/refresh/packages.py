"""What installed packages say: botocore (the API's model, regions, instance types), moto (their hardware), Python."""

from __future__ import annotations

import gzip
import json
import sys
import unicodedata
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from sagespec.catalog import tables
from sagespec.catalog.api_model import TABLES
from sagespec.catalog.refresh.java_regex import ranges

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


class NotComparable(Unavailable):
    """The file is not held against its source, on purpose."""


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
        NotComparable: this Python has another version. Which one the service has is not published.
    """
    if unicodedata.unidata_version != UNICODE:
        raise NotComparable(f"this Python has Unicode {unicodedata.unidata_version}, not {UNICODE}")
    points: dict[str, list[int]] = {"L": [], "N": [], "Z": []}
    for point in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(point))[0]
        if category in points:
            points[category].append(point)
    return Fetched(f"unicodedata {UNICODE}", {"categories": {name: ranges(found) for name, found in points.items()}})


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
