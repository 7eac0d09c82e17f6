"""The images that serve TensorFlow models: which versions have a server, and where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sagespec.catalog.api_model import api_members
from sagespec.catalog.facts import facts
from sagespec.catalog.tables import table
from sagespec.catalog.views import NoProcessor, NoRegion, NoVersion, family_of, is_graviton

Server = Literal["tensorflow-serving", "python"]
SERVERS: Mapping[Server, str] = {"tensorflow-serving": "TensorFlow Serving", "python": "the Python-based server"}
"""What each is called in a sentence."""


def serving_image(server: Server, version: str, region: str, instance_type: str | None) -> str:
    """The URI of AWS's own serving image, as the SDK spells it.

    Args:
        server: `python` takes the images of SDK 1.16.3's Python-based endpoints.
        version: a full version or an alias; the tag carries it as written.
        instance_type: `ml.…`; None for a serverless endpoint, which runs on CPUs.

    Raises:
        NoVersion, NoRegion, NoProcessor: LookupErrors; the first part that cannot be had.

    Source: sagemaker 2.257.7, image_uris.py (retrieve) and tensorflow/model.py; sagemaker 1.16.3, fw_utils.py.
    """
    return _python_image(version, region, instance_type) if server == "python" else _tfs(version, region, instance_type)


def served(server: Server, version: str, instance_type: str | None = None) -> bool:
    """Whether a version has an image of a server: for x86, or for the instance type's own processor (2.9.1 is for
    Graviton only)."""
    rows = [_of_python() if server == "python" else _of_tensorflow_serving()]
    if server == "tensorflow-serving" and is_graviton(family_of(instance_type or "")):
        rows.append(table("serving")["inference_graviton"])
    return any(_full(each, _mapped(version)) is not None for each in rows)


def servers_of(version: str) -> str:
    """`TensorFlow Serving and the Python-based server`: what serves a version on x86; empty where nothing does."""
    return " and ".join(title for server, title in SERVERS.items() if served(server, version))


def served_versions(server: Server) -> tuple[str, ...]:
    """The versions that have an image of a server, shortest names first."""
    rows = _of_python() if server == "python" else _of_tensorflow_serving()
    return (*rows["aliases"], *rows["versions"])


def hosting_types() -> tuple[str, ...]:
    """The instance types of endpoints.

    Source: botocore's service model, CreateEndpointConfig.
    """
    return api_members("CreateEndpointConfig")["ProductionVariants[].InstanceType"].enum


def served_on_graviton() -> tuple[str, ...]:
    """The versions that have an image of TensorFlow Serving for Graviton, shortest names first."""
    rows = table("serving")["inference_graviton"]
    return (*rows["aliases"], *rows["versions"])


def served_by_another() -> tuple[str, ...]:
    """The versions that TensorFlow Serving's image of another patch serves."""
    return tuple(table("serving")["mapped"])


def regions_of(version: str) -> frozenset[str]:
    """The regions that keep a version's images of TensorFlow Serving for x86; none of a version that has none."""
    known = table("serving")
    full = _full(known["inference"], _mapped(version))
    return frozenset(() if full is None else known["registries"][known["inference"]["versions"][full]["registry"]])


def processor_of(instance_type: str | None) -> Literal["cpu", "gpu"]:
    """Raises NoProcessor: there are no images for Inferentia and Trainium."""
    family = family_of(instance_type or "")
    if family.startswith(("inf", "trn")):
        raise NoProcessor(instance_type or "", ("cpu", "gpu"))
    return "gpu" if family[:1] in ("g", "p") else "cpu"


def _tfs(version: str, region: str, instance_type: str | None) -> str:
    known, family, version = table("serving"), family_of(instance_type or ""), _mapped(version)
    arm = is_graviton(family)
    rows = known["inference_graviton" if arm else "inference"]
    full = _full(rows, version)
    if full is None:
        raise NoVersion(version, tuple(rows["aliases"]))
    kind = processor_of(instance_type)
    if family == "p2" and _number(full) >= _number(known["without_p2_from"]):
        raise NoProcessor(instance_type or "", ("cpu", "gpu"))
    row = rows["versions"][full]
    account = known["registries"][row["registry"]].get(region)
    if account is None:
        raise NoRegion(region, tuple(known["registries"][row["registry"]]))
    tag = f"{version}-cpu-{row['py']}-{row['os']}-sagemaker" if arm else f"{version}-{kind}"
    python = f"-{row['py']}" if "py" in row and not arm else ""
    return f"{account}.dkr.ecr.{region}.{_suffix(region)}/{row['repository']}:{tag}{python}"


def _python_image(version: str, region: str, instance_type: str | None) -> str:
    accounts = table("serving")["python"]["accounts"]
    if _full(_of_python(), version) is None:
        raise NoVersion(version, served_versions("python"))
    account = accounts.get(region, accounts["default"])
    return f"{account}.dkr.ecr.{region}.amazonaws.com/sagemaker-tensorflow:{version}-{processor_of(instance_type)}-py2"


def _of_python() -> Mapping[str, Any]:
    versions = table("serving")["python"]["versions"]
    return {"versions": dict.fromkeys(versions), "aliases": {full.rpartition(".")[0]: full for full in versions}}


def _of_tensorflow_serving() -> Mapping[str, Any]:
    """Up to 1.10, SDK 2 names the images of the Python-based server, to which it gives no script."""
    rows = table("serving")["inference"]
    versions = {full: row for full, row in rows["versions"].items() if row["repository"] != "sagemaker-tensorflow"}
    return {"versions": versions, "aliases": {name: full for name, full in rows["aliases"].items() if full in versions}}


def _full(rows: Mapping[str, Any], version: str) -> str | None:
    full = rows["aliases"].get(version, version)
    return full if full in rows["versions"] else None


def _mapped(version: str) -> str:
    mapped: str = table("serving")["mapped"].get(version, version)
    return mapped


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _suffix(region: str) -> str:
    place = facts().region(region)
    return place.dns_suffix if place is not None else "amazonaws.com"
