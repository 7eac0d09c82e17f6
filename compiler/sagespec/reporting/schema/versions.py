"""What a framework's version decides: branches made of the catalogue, so that a new release is data.

A manifest that names no framework is taken for TensorFlow's, as the compiler takes it; Defaults that give another one
are not seen here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations

from sagespec.catalog import PLAIN, Facts, Framework, Release
from sagespec.checking.condition import (
    EXPRESSION,
    FALSE,
    GIVEN,
    LIST,
    NULL,
    SEVERAL,
    TRUE,
    Json,
    choice,
    inside,
    one_of,
    when,
)
from sagespec.checking.row import Row, branch
from sagespec.kinds.training_job.model import LEGACY_FIELDS
from sagespec.kinds.training_job.model.distribution import STRATEGIES, TOGETHER
from sagespec.kinds.training_job.rules.code.packing import OUTSIDE
from sagespec.reporting.schema.refusals import enabled

DEFAULT = "tensorflow"
"""What a manifest means that names no framework."""
VERSION_FIELDS = ("framework_version", "transformers_version", "pytorch_version", "tensorflow_version")
_OWN_IMAGE: Json = when({"image_uri": {"not": NULL}})


@cache
def frameworks(facts: Facts) -> list[Framework]:
    return [framework for name in facts.frameworks if (framework := facts.framework(name)) is not None]


@cache
def releases(framework: Framework) -> list[Release]:
    """Every version that can be written, the newest first; a short one stands before the long ones."""
    full, aliases = list(framework.releases)[::-1], list(framework.aliases)[::-1]
    names: list[str] = []
    for short in aliases:
        names += [short, *(name for name in full if _lies_under(name, short))]
    names += [name for name in full if name not in names]
    return [release for name in names if (release := framework.release(name)) is not None]


def _lies_under(full: str, short: str) -> bool:
    """Whether a full version is one of those that a short one is short for: 2.0.1 of 2.0."""
    return full.partition("+")[0].startswith(f"{short.partition('+')[0]}.") and full.partition("+")[2].startswith(
        short.partition("+")[2]
    )


def by_version(facts: Facts) -> list[Json]:
    """Branches for a manifest that names a version, and brings no image: with one, the version decides nothing."""
    return [made for framework in frameworks(facts) for made in _of_framework(facts, framework)]


def _of_framework(facts: Facts, framework: Framework) -> Iterator[Json]:
    named = {framework.version_field: {"type": "string", **GIVEN}}
    branches = [made for about in _ABOUT_RELEASES for made in _branches(facts, framework, about)]
    yield {
        "if": {**_is(framework, named), "not": _OWN_IMAGE},
        "then": {"allOf": [*_known_versions(framework), *branches]},
    }
    if framework.name == DEFAULT:  # where it is not named, only a version says that the manifest is about it
        stated = {"anyOf": [when({"framework": {"const": DEFAULT}}), {**_is(framework, named), "not": _OWN_IMAGE}]}
    else:
        stated = _is(framework)
    own = {framework.version_field, *framework.bases.values()}
    message = f"{{}} has no effect with {framework.title}'s estimator"
    rows = [Row((name,), message.format(name)) for name in VERSION_FIELDS if name not in own]
    if not framework.passes_model_dir:
        rows.append(Row(("model_dir",), message.format("model_dir"), value={"allOf": [GIVEN, {"not": FALSE}]}))
    if framework.instances is not None:
        rows.append(Row(("instance_groups",), f"{framework.title} trains on one instance"))
        several = {"type": "integer", "exclusiveMinimum": framework.instances}
        rows.append(Row(("instance_count",), f"{framework.title} trains on one instance", value=several))
    if framework.python is not None:
        only = choice([framework.python], f"{framework.title} knows py_version: {framework.python} only")
        yield {"if": stated, "then": {"properties": {"py_version": {"anyOf": [*only["anyOf"], NULL]}}}}
    yield {"if": stated, "then": {"allOf": [branch(row) for row in (*rows, *_of_strategies(framework))]}}
    if framework.strategies.get("smdistributed.dataparallel", {}).get("needs_library"):
        yield {"if": _is(framework), "then": branch(_large_instances(facts))}


def _large_instances(facts: Facts) -> Row:
    several = facts.listed("dataparallel_instance_types")
    return Row(
        ("instance_type",),
        f"smdistributed.dataparallel runs on {', '.join(several)} only",
        when={"distribution": enabled("smdistributed.dataparallel")},
        value={**GIVEN, "type": "string", "allOf": [{"not": one_of(several)}]},
    )


def _is(framework: Framework, more: Json | None = None) -> Json:
    """A condition: the manifest is about this framework, and these members are written."""
    name = {"framework": {"const": framework.name}}
    if framework.name != DEFAULT:
        return when({**name, **(more or {})})
    return {**when(more or {}), "properties": {**name, **(more or {})}}  # left out it is this one


def _of_strategies(framework: Framework) -> Iterator[Row]:
    """What the strategies and the compiler ask of a framework's manifest, whatever its version."""
    if "torch_distributed" in framework.strategies:
        yield Row(
            ("entry_point",),
            "torchrun starts Python files only",
            when={"distribution": enabled("torch_distributed")},
            value={"type": "string", "pattern": rf"^(?!.*{EXPRESSION})(?!.*\.py$)"},
        )
    tops = dict.fromkeys(name.partition(".")[0] for name in STRATEGIES)
    for name in tops if not framework.strategies_only else ():
        if name != "torch_distributed":
            yield Row(
                ("distribution", name),
                "on Trainium torch_distributed stands alone",
                when={"instance_type": {"type": "string", "pattern": r"^ml\.trn"}},
            )
    if any(variant.field == "compiler_config" for variant in framework.variants):
        yield Row(
            ("image_uri",),
            "the training compiler needs an image of its own; leave one of them out",
            when={"compiler_config": GIVEN},
        )


def _known_versions(framework: Framework) -> Iterator[Json]:
    """The versions that there are: the framework's own, and what may stand under each."""
    found: dict[str, list[str]] = {}
    for release in releases(framework):
        own, _, base = release.version.partition("+")
        found.setdefault(own, []).append(base)
    for variant in framework.variants:
        for version in framework.versions(variant.name):
            own, _, base = version.partition("+")
            found.setdefault(own, []).append(base)
    newest = next(iter(found))
    message = f'SageMaker has no image of this version; the newest is "{newest}", `sagespec versions` lists all'
    shape = {**one_of(found, or_expression=True), "errorMessage": message}
    yield {"properties": {framework.version_field: shape}}
    for own, under in found.items() if framework.bases else ():
        then: Json = {}
        for name, field in framework.bases.items():
            fitting = [base.removeprefix(name) for base in under if base.startswith(name)]
            words = " or ".join(fitting) or "another framework"
            shape = {"errorMessage": f"{framework.title} {own} goes with {words}"}
            then[field] = (
                {"anyOf": [{**one_of(fitting, or_expression=True), **shape}, NULL]} if fitting else NULL | shape
            )
        yield {"if": when({framework.version_field: one_of([own])}), "then": {"properties": then}}


def _branches(
    facts: Facts, framework: Framework, about: Callable[[Facts, Framework, Release], list[Json]]
) -> Iterator[Json]:
    """One if/then for all versions of which the same is true."""
    groups: dict[str, dict[str, None]] = {}
    by_version: dict[str, str] = {}
    for release in releases(framework):
        own = release.version.partition("+")[0]
        made = json.dumps(about(facts, framework, release))
        if by_version.setdefault(own, made) != made:
            by_version[own] = "[]"  # what stands under it decides too: that is left to the rules
    for own, made in by_version.items():
        groups.setdefault(made, {})[own] = None
    for then, versions in groups.items():
        if json.loads(then):
            yield {"if": when({framework.version_field: one_of(versions)}), "then": {"allOf": json.loads(then)}}


def _this(framework: Framework) -> str:
    return f"this {framework.title} version"


def _pythons(facts: Facts, framework: Framework, release: Release) -> list[Json]:
    if framework.python is not None:
        return []  # of every version
    names = dict.fromkeys(python for each in _with_variants(framework, release) for python in each.pythons)
    offer = choice(list(names), f"{_this(framework)} has images for {', '.join(names)} only")
    return [{"properties": {"py_version": {"anyOf": [*offer["anyOf"], NULL]}}}]


def _with_variants(framework: Framework, release: Release) -> list[Release]:
    """The version in its plain images, and in those that other fields ask for."""
    others = [framework.release(release.version, variant.name) for variant in framework.variants]
    return [release, *(each for each in others if each is not None)]


def _regions(facts: Facts, framework: Framework, release: Release) -> list[Json]:
    images = [image for each in _with_variants(framework, release) for image in each.images.values()]
    has = [name for name in facts.regions if any(name in image.registries for image in images)]
    message = f"no image of {_this(framework)} is kept in this region"
    return [{"properties": {"region": {**one_of(has, or_expression=True), "errorMessage": message}}}]


_PYTHON_3: Json = when({"py_version": {"type": "string", "pattern": "^py3"}})


def _modes(facts: Facts, framework: Framework, release: Release) -> list[Json]:
    refusals = []
    if not release.legacy_mode:
        if "py2" not in release.pythons:
            refusals.append(_NESTED)
        message = f"{{}} is for legacy mode, which {_this(framework)} does not have"
        refusals += [Row((name,), message.format(name)) for name in LEGACY_FIELDS]
        refusals.append(Row(("script_mode",), f"{_this(framework)} has no legacy mode", value=FALSE))
    elif not release.script_mode:
        refusals += [
            Row(("script_mode",), f"{_this(framework)} has no script mode", value=TRUE),
            Row(("enable_network_isolation",), "the legacy container fetches its code from S3", value=TRUE),
            Row(
                ("entry_point",),
                "legacy mode imports the entry point, so it is a Python source file",
                value={"type": "string", "pattern": rf"^(?!.*{EXPRESSION})(?!.*\.py$)"},
            ),
            Row(
                ("requirements_file",),
                "the requirements are packed with source_dir, so they must lie in it",
                when={"source_dir": GIVEN},
                value={"type": "string", "pattern": OUTSIDE},
            ),
        ]
    else:
        message = "{} is for legacy mode, which has no image for Python 3"
        refusals += [Row((name,), message.format(name), when=_PYTHON_3["properties"]) for name in LEGACY_FIELDS]
    return [branch(refusal) for refusal in refusals]


_NESTED = Row(
    ("entry_point",),
    "beside a setup.py the container runs the entry point as a module, so it cannot lie in a folder",
    when={"source_dir": GIVEN, "dependencies": {"contains": {"type": "string", "pattern": r"^setup\.py$"}, **LIST}},
    value={"type": "string", "pattern": r"^[A-Za-z_][^/{]*/[^/{]+\.py$"},
)
_NOT_FOR = {"cpu": "(?![gp][0-9])", "gpu": "(?=[gp][0-9])"}
"""What an instance type of another kind of processor does not look like, behind `ml.`."""


def _instances(facts: Facts, framework: Framework, release: Release) -> list[Json]:
    kinds = {kind for image in release.images.values() for kind in image.tags}
    neuron = {
        family
        for variant in framework.variants
        for family in variant.families
        if framework.release(release.version, variant.name) is not None
    }
    families = dict.fromkeys(instance.family for instance in facts.instances.values() if instance.arch != "x86_64")
    exact = "|".join([*families, *([] if release.p2_instances else ["p2"])])
    never = "|".join(
        [family for family in ("inf", "trn") if family not in neuron] + [f"[a-z]+[0-9]+[a-z]*g|({exact})\\."]
    )
    only = _NOT_FOR[next(iter(kinds))] if len(kinds) == 1 and not neuron else ""
    shape = {
        # No Inferentia, Trainium or Graviton, whether we know the type or not.
        "pattern": rf"^(?!ml\.({never}))(local|.*{EXPRESSION}|ml\.{only}|[^m]|m[^l])",
        "errorMessage": f"{_this(framework)} has no image for this instance type",
    }
    if not only:
        shape["pattern"] = rf"^(?!ml\.({never}))"
    groups = {"items": {"properties": {"instance_type": shape}}}
    return [{"properties": {"instance_type": shape, **({"instance_groups": groups} if not only else {})}}]


def _strategies(facts: Facts, framework: Framework, release: Release) -> list[Json]:
    because = f"{_this(framework)} does not have this strategy"
    full = framework.aliases.get(release.version, release.version)
    if full != release.version and set(framework.releases[full].strategies) - set(release.strategies):
        because += "; written in full it may"
    missing = [name for name in STRATEGIES[:-1] if name not in release.strategies]
    return _in_script_mode(release, [Row(_place(name), because, value=when({"enabled": TRUE})) for name in missing])


def _exclusive(facts: Facts, framework: Framework, release: Release) -> list[Json]:
    known = [name for name in STRATEGIES if name in framework.strategies]
    refusals = []
    for one, other in combinations(known, 2):
        if {one, other} in TOGETHER:
            continue
        because = f"{one} is enabled too, and the two exclude each other"
        refusals.append(Row(_place(other), because, when={"distribution": enabled(one)}, value=when({"enabled": TRUE})))
    return _in_script_mode(release, refusals)


_MIRRORED = "multi_worker_mirrored_strategy"


def _together(facts: Facts, framework: Framework, release: Release) -> list[Json]:
    """What stands beside an enabled strategy, and may not."""
    refusals = []
    if "torch_distributed" not in release.strategies:  # which starts the second generation of the library
        refused = facts.listed("smdistributed_refused_instance_types")
        message = f"modelparallel does not run on {', '.join(refused)}"
        with_library = {"distribution": enabled("smdistributed.modelparallel")}
        refusals.append(Row(("instance_type",), message, when=with_library, value=one_of(refused)))
    for other in ("parameter_server", "smdistributed"):
        off = {"not": {"anyOf": [when({"enabled": TRUE}), *_switched_on(other)]}, "type": "object"}
        message = f"{other} is refused beside {_MIRRORED}, although it is switched off"
        refusals.append(Row(("distribution", other), message, when={"distribution": enabled(_MIRRORED)}, value=off))
    beside = [name for name in STRATEGIES if name != "parameter_server"]  # that one switches the hook off
    distributed = {"anyOf": [enabled(name) for name in beside]}
    refusals.append(
        Row(
            ("debugger_hook_config",),
            "Debugger does not support checkpoint_s3_uri together with a distribution",
            when={"checkpoint_s3_uri": GIVEN, "instance_count": SEVERAL, "distribution": distributed},
            value={"allOf": [GIVEN, {"not": FALSE}]},
        )
    )
    return _in_script_mode(release, refusals)


def _switched_on(owner: str) -> list[Json]:
    """The conditions that one of a strategy's libraries is switched on."""
    inner = [name.partition(".")[2] for name in STRATEGIES if name.startswith(f"{owner}.")]
    return [inside(name, "enabled", so=TRUE) for name in inner]


def _in_script_mode(release: Release, refusals: list[Row]) -> list[Json]:
    """Legacy mode passes over all strategies, with a warning."""
    made = [branch(refusal) for refusal in refusals]
    if not release.legacy_mode or not made:
        return made
    return [{"if": _PYTHON_3, "then": {"allOf": made}}] if release.script_mode else []


def _compiler(facts: Facts, framework: Framework, release: Release) -> list[Json]:
    refusal = Row(("compiler_config",), f"{_this(framework)} has no training compiler")
    variant = next((each.name for each in framework.variants if each.field == "compiler_config"), PLAIN)
    has = release.training_compiler if variant == PLAIN else framework.release(release.version, variant) is not None
    return [] if has else [branch(refusal)]


def _place(strategy: str) -> tuple[str, ...]:
    return ("distribution", *strategy.split("."))


_KINDS_OF_HYPERPARAMETERS = {
    "int": ("number", "a number"),
    "bool": ("boolean", "true or false"),
    "dict": ("object", "a map"),
}


def _hyperparameters(facts: Facts, framework: Framework, release: Release) -> list[Json]:
    """What the legacy container itself reads. The rest is the script's, and of script mode everything is."""
    if not release.legacy_mode:
        return []
    known = {name: kind for other in releases(framework) for name, kind in other.legacy_hyperparameters.items()}
    shapes: Json = {}
    for name, kind in known.items():
        if name in release.legacy_hyperparameters:
            of_json, words = _KINDS_OF_HYPERPARAMETERS[kind]
            message = f"the legacy container takes {words} for {name}"
            shapes[name] = {"type": [of_json, "string", "null"], "pattern": EXPRESSION, "errorMessage": message}
        else:  # it only warns, as the rule does
            message = f"the legacy container of {_this(framework)} does not read {name}"
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


_CHANGED = rf"^(?!.*{EXPRESSION})" + r"""[\s\S]*[ \t\n'"\\;&|<>()`*?]"""
"""A name that arrives as another one, or as several."""
_HARMFUL = rf"^(?!.*{EXPRESSION})" + r"""[^'"\\$]*([;&|<>()`\n]|'[^'"\\]*$)"""
"""What certainly ends or breaks a command line in which it is not quoted: an operator that stands in no quotes, or a
quote that nothing closes."""


def _command_line(facts: Facts, framework: Framework, release: Release) -> list[Json]:
    """What the container's shell would take for its own."""
    if not all(each.shell for each in _with_variants(framework, release)):
        return []
    value = {"if": {"type": "string"}, "then": {"not": {"pattern": _HARMFUL}}}
    message = "the container's shell reads this value, unquoted: put it into a file of source_dir or into environment"
    shape = {"additionalProperties": {**value, "errorMessage": message}}
    message = "the container's shell reads this name, unquoted: name the file with letters, digits, - and _"
    entry = {"not": {"type": "string", "pattern": _CHANGED}, "errorMessage": message}
    return [{"properties": {"hyperparameters": shape, "entry_point": entry}}]


_ABOUT_RELEASES: tuple[Callable[[Facts, Framework, Release], list[Json]], ...] = (
    _pythons,
    _regions,
    _modes,
    _instances,
    _strategies,
    _exclusive,
    _together,
    _compiler,
    _hyperparameters,
    _command_line,
)
"""Each says what must be true of a manifest that names a release; a new release is a row of the catalogue."""
