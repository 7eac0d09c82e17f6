"""What a TensorFlow version decides: branches made of the catalogue, so that a new release is data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations

from sagespec.catalog import Facts, Release
from sagespec.checking.condition import EXPRESSION, FALSE, GIVEN, NULL, TRUE, Json, choice, inside, one_of, when
from sagespec.checking.row import Row, branch
from sagespec.kinds.training_job.model import LEGACY_FIELDS
from sagespec.reporting.schema.refusals import STRATEGIES, enabled


@cache
def releases(facts: Facts) -> list[Release]:
    """Every version that can be written, the newest first; a short one stands before the long ones."""
    names: list[str] = []
    for short in reversed(list(facts.aliases)):
        names += [short, *(full for full in reversed(list(facts.releases)) if full.startswith(f"{short}."))]
    return [release for name in names if (release := facts.release(name)) is not None]


def by_version(facts: Facts) -> list[Json]:
    """Branches for a manifest that names a version, and brings no image: with one, the version decides nothing."""
    versions = [release.version for release in releases(facts)]
    message = f'SageMaker has no image of this version; the newest is "{versions[0]}", `sagespec versions` lists all'
    known = {"properties": {"framework_version": {**one_of(versions, or_expression=True), "errorMessage": message}}}
    named = {
        **when({"framework_version": {"type": "string", **GIVEN}}),
        "not": when({"image_uri": {"not": NULL}}),
    }
    branches = [branch for about in _ABOUT_RELEASES for branch in _branches(facts, about)]
    return [{"if": named, "then": {"allOf": [known, *branches]}}]


def _branches(facts: Facts, about: Callable[[Facts, Release], list[Json]]) -> Iterator[Json]:
    """One if/then for all versions of which the same is true."""
    groups: dict[str, list[str]] = {}
    for release in releases(facts):
        groups.setdefault(json.dumps(about(facts, release)), []).append(release.version)
    for then, versions in groups.items():
        if json.loads(then):
            yield {"if": when({"framework_version": one_of(versions)}), "then": {"allOf": json.loads(then)}}


def _pythons(facts: Facts, release: Release) -> list[Json]:
    names = list(release.pythons)
    offer = choice(names, f"this TensorFlow version has images for {', '.join(names)} only")
    return [{"properties": {"py_version": {"anyOf": [*offer["anyOf"], NULL]}}}]


def _regions(facts: Facts, release: Release) -> list[Json]:
    has = [name for name in facts.regions if any(name in image.registries for image in release.images.values())]
    message = "no image of this TensorFlow version is kept in this region"
    return [{"properties": {"region": {**one_of(has, or_expression=True), "errorMessage": message}}}]


_PYTHON_3: Json = when({"py_version": {"type": "string", "pattern": "^py3"}})


def _modes(facts: Facts, release: Release) -> list[Json]:
    refusals = []
    if not release.legacy_mode:
        message = "{} is for legacy mode, which this TensorFlow version does not have"
        refusals += [Row((name,), message.format(name)) for name in LEGACY_FIELDS]
        refusals.append(Row(("script_mode",), "this TensorFlow version has no legacy mode", value=FALSE))
    elif not release.script_mode:
        refusals += [
            Row(("script_mode",), "this TensorFlow version has no script mode", value=TRUE),
            Row(("enable_network_isolation",), "the legacy container fetches its code from S3", value=TRUE),
            Row(
                ("entry_point",),
                "legacy mode imports the entry point, so it is a Python source file",
                value={"type": "string", "pattern": rf"^(?!.*{EXPRESSION})(?!.*\.py$)"},
            ),
        ]
    else:
        message = "{} is for legacy mode, which has no image for Python 3"
        refusals += [Row((name,), message.format(name), when=_PYTHON_3["properties"]) for name in LEGACY_FIELDS]
    return [branch(refusal) for refusal in refusals]


def _instances(facts: Facts, release: Release) -> list[Json]:
    families = dict.fromkeys(instance.family for instance in facts.instances.values() if instance.arch != "x86_64")
    exact = "|".join([*families, *([] if release.p2_instances else ["p2"])])
    shape = {
        # No Inferentia, Trainium or Graviton, whether we know the type or not.
        "pattern": rf"^(?!ml\.(inf|trn|[a-z]+[0-9]+[a-z]*g|({exact})\.))",
        "errorMessage": "this TensorFlow version has no image for this instance type",
    }
    groups = {"items": {"properties": {"instance_type": shape}}}
    return [{"properties": {"instance_type": shape, "instance_groups": groups}}]


def _strategies(facts: Facts, release: Release) -> list[Json]:
    because = "this TensorFlow version does not have this strategy"
    missing = [name for name in STRATEGIES[:-1] if name not in release.strategies]
    return _in_script_mode(release, [Row(_place(name), because, value=when({"enabled": TRUE})) for name in missing])


def _exclusive(facts: Facts, release: Release) -> list[Json]:
    pairs = [pair for pair in combinations(STRATEGIES, 2) if pair != ("mpi", "smdistributed.modelparallel")]
    refusals = []
    for one, other in pairs:
        because = f"{one} is enabled too, and the two exclude each other"
        refusals.append(Row(_place(other), because, when={"distribution": enabled(one)}, value=when({"enabled": TRUE})))
    return _in_script_mode(release, refusals)


def _in_script_mode(release: Release, refusals: list[Row]) -> list[Json]:
    """Legacy mode passes over all strategies, with a warning."""
    made = [branch(refusal) for refusal in refusals]
    if not release.legacy_mode or not made:
        return made
    return [{"if": _PYTHON_3, "then": {"allOf": made}}] if release.script_mode else []


def _compiler(facts: Facts, release: Release) -> list[Json]:
    refusal = Row(("compiler_config",), "this TensorFlow version has no training compiler")
    return [] if release.training_compiler else [branch(refusal)]


def _place(strategy: str) -> tuple[str, ...]:
    return ("distribution", *strategy.split("."))


_KINDS_OF_HYPERPARAMETERS = {
    "int": ("number", "a number"),
    "bool": ("boolean", "true or false"),
    "dict": ("object", "a map"),
}


def _hyperparameters(facts: Facts, release: Release) -> list[Json]:
    """What the legacy container itself reads. The rest is the script's, and of script mode everything is."""
    if not release.legacy_mode:
        return []
    known = {name: kind for other in releases(facts) for name, kind in other.legacy_hyperparameters.items()}
    shapes: Json = {}
    for name, kind in known.items():
        if name in release.legacy_hyperparameters:
            of_json, words = _KINDS_OF_HYPERPARAMETERS[kind]
            message = f"the legacy container takes {words} for {name}"
            shapes[name] = {"type": [of_json, "string", "null"], "pattern": EXPRESSION, "errorMessage": message}
        else:  # it only warns, as the rule does
            message = f"the legacy container of this TensorFlow version does not read {name}"
            shapes[name] = {"deprecationMessage": message}
    twice = Row(
        ("hyperparameters", "save_checkpoints_steps"),
        "save_checkpoints_secs and save_checkpoints_steps exclude each other; make one of them null",
        when={"hyperparameters": inside("save_checkpoints_secs", so=GIVEN)},
    )
    then = {"allOf": [{"properties": {"hyperparameters": {"properties": shapes}}}, branch(twice)]}
    if not release.script_mode:
        return [then]
    return [{"if": {"anyOf": [when({name: GIVEN}) for name in LEGACY_FIELDS]}, "then": then}]


_ABOUT_RELEASES: tuple[Callable[[Facts, Release], list[Json]], ...] = (
    _pythons,
    _regions,
    _modes,
    _instances,
    _strategies,
    _exclusive,
    _compiler,
    _hyperparameters,
)
"""Each tells what must be true of a manifest that names a release; a new release is a row of the catalogue."""
