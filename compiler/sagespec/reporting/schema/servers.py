"""What an endpoint's server and version decide: branches made of the catalogue.

A manifest that names a version names its `endpoint_type` too, if that is not TensorFlow Serving, and its `image_uri`,
if it has one: with an image of its own, the version decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.catalog import Facts
from sagespec.catalog.serving import regions_of, served_on_graviton, served_versions
from sagespec.checking.condition import EXPRESSION, NULL, Json, one_of, when
from sagespec.kinds.endpoint.rules.server import FRACTIONS, NUMBERS, TRUTHS, WORDS

_OWN_IMAGE: Json = when({"image_uri": {"not": NULL}})
_PYTHON: Json = {"endpoint_type": {"const": "python"}}
_ANOTHER: Json = when({"endpoint_type": {"not": {"const": "tensorflow-serving"}}})
"""An endpoint's type is written, and is not TensorFlow Serving, or is not known yet."""


def by_server(facts: Facts) -> Iterator[Json]:
    """Branches for each server."""
    python, serving = served_versions("python"), served_versions("tensorflow-serving")
    graviton = served_on_graviton()
    yield {"if": {**when(_PYTHON), "not": _OWN_IMAGE}, "then": _versions(python, "Python-based")}
    own_types = when({"production_variants": {}})  # of its variants then, which say it themselves
    on_instances = {"if": {"not": own_types}, "then": {"allOf": [*_instances(serving, graviton)]}}
    then = [_versions((*serving, *graviton), "TensorFlow Serving"), on_instances, *_regions(facts)]
    yield {"if": {"not": {"anyOf": [_OWN_IMAGE, _ANOTHER]}}, "then": {"allOf": [*then, _settings()]}}


def _versions(names: tuple[str, ...], server: str) -> Json:
    message = f"there is no {server} image of this version of TensorFlow"
    shape = {**one_of(dict.fromkeys(names), or_expression=True), "errorMessage": message}
    return {"properties": {"framework_version": shape}}


def _instances(serving: tuple[str, ...], graviton: tuple[str, ...]) -> Iterator[Json]:
    """Processors that a version has no image for."""
    arm = "[a-z]+[0-9]+g[a-z]*"
    shape = {"pattern": r"^(?!ml\.(inf|trn))", "errorMessage": "TensorFlow Serving has no image for this instance type"}
    yield {"properties": {"instance_type": shape}}
    only_x86 = [version for version in serving if version not in graviton]
    message = "this version of TensorFlow has no image for Graviton"
    refused = {"instance_type": {"pattern": rf"^(?!ml\.{arm}\.)", "errorMessage": message}}
    yield {"if": when({"framework_version": one_of(only_x86)}), "then": {"properties": refused}}
    only_arm = [version for version in graviton if version not in serving]
    if only_arm:
        refused = {
            "instance_type": {"pattern": rf"^(ml\.{arm}\.|(?!ml\.))", "errorMessage": "this version is for Graviton"}
        }
        yield {"if": when({"framework_version": one_of(only_arm)}), "then": {"properties": refused}}


def _regions(facts: Facts) -> Iterator[Json]:
    """Regions that a version has no image in."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for version in served_versions("tensorflow-serving"):
        groups.setdefault(tuple(name for name in facts.regions if name in regions_of(version)), []).append(version)
    for regions, versions in groups.items():
        message = "no image of this version of TensorFlow is kept in this region"
        shape = {"region": {**one_of(regions, or_expression=True), "errorMessage": message}}
        yield {"if": when({"framework_version": one_of(versions)}), "then": {"properties": shape}}


_NO_NUMBER = r"([Ii][Nn][Ff]([Ii][Nn][Ii][Tt][Yy])?|[Nn][Aa][Nn])\s*$"
"""What Python takes for a number, too."""


def _settings() -> Json:
    """What the container reads when it starts."""
    truth = {
        "pattern": rf"^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$|{EXPRESSION}",
        "errorMessage": 'this setting must be "true" or "false"',
    }
    number = {
        "pattern": rf"^\s*[0-9]+\s*$|[^\x00-\x7f]|{EXPRESSION}",
        "errorMessage": 'this setting must be a number: "2"',
    }
    fraction = {
        "pattern": rf"^\s*[+-]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][+-]?[0-9_]+)?\s*$|^\s*[+-]?{_NO_NUMBER}"
        rf"|[^\x00-\x7f]|{EXPRESSION}",
        "errorMessage": 'this setting must be a number: "0.2"',
    }
    names = {
        **dict.fromkeys(sorted(TRUTHS), truth),
        **dict.fromkeys(sorted(NUMBERS), number),
        **dict.fromkeys(sorted(FRACTIONS), fraction),
        **{name: one_of(["", *words], or_expression=True) for name, words in sorted(WORDS.items())},
    }
    return {"properties": {"env": {"properties": names}}}
