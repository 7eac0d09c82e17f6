"""What a manifest asks for, held against what its endpoint serves: explains a decision, never makes one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.building.request import Request
from sagespec.building.tags import ARTIFACT
from sagespec.deploying.planning.differ import BOOKKEEPING, Difference, Effect, leaves, safe
from sagespec.deploying.planning.observed import ObservedEndpoint
from sagespec.kinds import kind_named

Path = tuple[str, ...]

SHOWN_ANYHOW: Mapping[str, tuple[Any, ...]] = {
    "EnableNetworkIsolation": (False,),
    "PrimaryContainer.Mode": ("SingleModel",),
    "PrimaryContainer.ModelDataSource": (),
    "KmsKeyId": ("",),
}
"""Member → values that the service shows although nobody asked for them; none given: any.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModel.html and
API_DescribeEndpointConfig.html
"""
_LIVE = frozenset({"InitialInstanceCount", "InitialVariantWeight", "MaxConcurrency", "ProvisionedConcurrency"})
VARIANTS = ("ProductionVariants", "ShadowProductionVariants")
_NAMES = frozenset({"ModelName", "EndpointConfigName"})


def endpoint_differences(request: Request, seen: ObservedEndpoint) -> tuple[Difference, ...]:
    """What would be otherwise if the manifest came true, by field."""
    found = [*_of_counts(request, seen), *_of_archive(request, seen)]
    if seen.config != request.content_name:
        bodies = {"CreateModel": seen.model_body, "CreateEndpointConfig": seen.config_body}
        for call in request.calls:
            if bodies.get(call.operation):
                found += _of_body(request, call.operation, call.template, bodies[call.operation])
    return (*sorted(found, key=lambda one: one.field), *_of_tags(request, seen))


def _of_body(
    request: Request, operation: str, template: Mapping[str, Any], body: Mapping[str, Any]
) -> Iterator[Difference]:
    members = set(template) | {name.partition(".")[0] for name in SHOWN_ANYHOW}
    wanted = dict(leaves(template))
    present = dict(leaves({name: value for name, value in body.items() if name in members}))
    there, asked = _variants_in(present), _variants_in(wanted)
    for kind, name in sorted(there ^ asked):
        member, field = ".".join((operation, kind, name)), f"{_field(request, operation, (kind, name))}.{name}"
        before, after = ("there", None) if (kind, name) in there else (None, "there")
        yield Difference(field, member, before, after, Effect.DEPLOYMENT)
    for path in dict.fromkeys((*present, *wanted)):
        if path[:2] in there ^ asked:
            continue
        before, after = present.get(path), wanted.get(path)
        if before == after or _NAMES & set(path) or path[-1] in _LIVE:
            continue
        if path not in wanted and _is_shown_anyhow(path, before):
            continue
        member = ".".join((operation, *path))
        yield Difference(
            _field(request, operation, path), member, safe(before, path[-1]), safe(after, path[-1]), Effect.DEPLOYMENT
        )


def _variants_in(found: Mapping[Path, Any]) -> set[tuple[str, str]]:
    """(list of variants, name) of the variants in the leaves of a configuration."""
    return {(path[0], path[1]) for path in found if path[0] in VARIANTS and len(path) > 2}


def _of_counts(request: Request, seen: ObservedEndpoint) -> Iterator[Difference]:
    if request.serving.scaling == "external":
        return
    template = next(call.template for call in request.calls if "ProductionVariants" in call.template)
    there = {capacity.variant: capacity for capacity in seen.capacities}
    for variant in template["ProductionVariants"]:
        capacity = there.get(variant["VariantName"])
        if capacity is None:
            continue
        pairs = (
            ("InitialInstanceCount", capacity.desired, variant.get("InitialInstanceCount")),
            ("InitialVariantWeight", capacity.weight, variant.get("InitialVariantWeight")),
        )
        for member, before, after in pairs:
            if before is not None and after is not None and not math.isclose(before, after, rel_tol=1e-6):
                path = ("ProductionVariants", variant["VariantName"], member)
                field = _field(request, "CreateEndpointConfig", path)
                if len(template["ProductionVariants"]) > 1:
                    word = "initial_instance_count" if "Count" in member else "initial_variant_weight"
                    field = f"production_variants.{variant['VariantName']}.{word}"
                yield Difference(field, ".".join(path), before, after, Effect.LIVE_UPDATE)


def _of_archive(request: Request, seen: ObservedEndpoint) -> Iterator[Difference]:
    """Another archive under the same key: the service itself never says so."""
    before, after = seen.tags.get(ARTIFACT), request.tags.get(ARTIFACT)
    if after and before != after:
        member = "CreateModel.PrimaryContainer.ModelDataUrl"
        shown = f"another archive (ETag {before})" if before else "an archive that was not looked at"
        yield Difference("model_data", f"{member} (its ETag)", shown, f"ETag {after}", Effect.DEPLOYMENT)


def _of_tags(request: Request, seen: ObservedEndpoint) -> Iterator[Difference]:
    add, remove = request.tag_changes(seen.tags, 1)
    for key in sorted({*add, *remove} - BOOKKEEPING):
        yield Difference(f"tags.{key}", f"Tags.{key}", seen.tags.get(key), add.get(key), Effect.TAGS)


def _is_shown_anyhow(path: Path, value: Any) -> bool:
    for member, values in SHOWN_ANYHOW.items():
        pattern = tuple(member.split("."))
        if path[: len(pattern)] == pattern and (not values or value in values):
            return True
    return False


def _field(request: Request, operation: str, path: Path) -> str:
    """What a manifest calls a member."""
    variant = path[0] in VARIANTS
    inner = (path[0], *path[2:]) if variant else path
    field = kind_named(request.kind).field_of(operation, inner)
    if field is None:
        section = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()
        return f"request.{section}.{'.'.join(path)}"
    return f"env.{path[-1]}" if field == "env" else field
