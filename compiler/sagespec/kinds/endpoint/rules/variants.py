"""Several variants, and those in the shadow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from sagespec.base.diagnostic import Finding
from sagespec.catalog import NoProcessor, family_of, is_graviton
from sagespec.catalog.serving import processor_of
from sagespec.checking.condition import EXPRESSION, GIVEN, LIST, NULL, REPEATED, Json, inside, when
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, WARNING, rule
from sagespec.checking.subject import Written, field, item
from sagespec.kinds.endpoint.context import EndpointContext

VARIANTS = ("production_variants", "shadow_production_variants")


@rule(ERROR, on=item(*VARIANTS), source=API + "ProductionVariant.html")
def variant_without_capacity(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """A variant runs on instances, or without any (serverless); what it does not say, the endpoint's fields say.

    Bad:
        initial_instance_count: null
        production_variants:
          - {variant_name: blue, initial_instance_count: 2}
          - {variant_name: green}

    Good:
        production_variants:
          - {variant_name: blue, initial_instance_count: 2}
          - {variant_name: green}
    """
    variant, endpoint = found.value, context.endpoint
    if variant.serverless_config is not None or endpoint.serverless_inference_config is not None or endpoint.is_local:
        return
    names = ("instance_type", "initial_instance_count")
    missing = [name for name in names if getattr(variant, name) is None and getattr(endpoint, name) is None]
    if missing:
        message = f"'{variant.variant_name}' has no {' and no '.join(missing)}"
        yield Finding(found.path, message, f"add {' and '.join(missing)}, here or to the endpoint")


@rule(
    ERROR,
    on=field("production_variants"),
    source=API + "ProductionVariant.html",
    rows=(Row(("production_variants",), "two variants have one name", value=REPEATED),),
)
def duplicate_variant(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """Each variant has a name of its own.

    Bad:
        production_variants: [{variant_name: blue}, {variant_name: blue, instance_type: ml.m5.large}]

    Good:
        production_variants: [{variant_name: blue}, {variant_name: green, instance_type: ml.m5.large}]
    """
    seen = set()
    shadows = context.endpoint.shadow_production_variants or []
    places = [((*found.path, index), variant) for index, variant in enumerate(found.value)]
    places += [(("shadow_production_variants", index), variant) for index, variant in enumerate(shadows)]
    for path, variant in places:
        if variant.variant_name in seen:
            yield Finding((*path, "variant_name"), f"there are two variants '{variant.variant_name}'", "rename one")
        seen.add(variant.variant_name)


@rule(
    ERROR,
    on=field("shadow_production_variants"),
    source=API + "CreateEndpointConfig.html",
    rows=(
        Row(
            ("shadow_production_variants",),
            "a shadow variant belongs to one variant, and there are several",
            when={"production_variants": {"minItems": 2, **LIST}},
        ),
    ),
)
def shadow_of_several(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """A shadow variant copies the requests of one variant: there may be no other.

    Bad:
        production_variants: [{variant_name: blue}, {variant_name: green}]
        shadow_production_variants: [{variant_name: next}]

    Good:
        production_variants: [{variant_name: blue}]
        shadow_production_variants: [{variant_name: next}]
    """
    count = len(context.endpoint.production_variants or [None])
    if count > 1:
        message = f"a shadow variant belongs to one variant, and there are {count}"
        yield Finding(found.path, message, "leave one production variant, or the shadow out", at_key=True)


@rule(
    ERROR,
    on=field(*VARIANTS),
    source=GUIDE + "serverless-endpoints.html",
    rows=(
        Row(
            ("production_variants",),
            "a serverless endpoint cannot have several variants",
            value={"minItems": 2, "contains": inside("serverless_config", so=GIVEN), **LIST},
        ),
    ),
)
def several_serverless_variants(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """A serverless endpoint has one variant, and no shadow.

    Bad:
        production_variants:
          - {variant_name: blue, serverless_config: {memory_size_in_mb: 2048}}
          - {variant_name: green}

    Good:
        production_variants: [{variant_name: blue, serverless_config: {memory_size_in_mb: 2048}}]
    """
    endpoint = context.endpoint
    own = [*(endpoint.production_variants or ()), *(endpoint.shadow_production_variants or ())]
    serverless = endpoint.serverless_inference_config or any(variant.serverless_config for variant in own)
    several = len(own) > 1 or found.name == "shadow_production_variants"
    if serverless and several and (found.name == VARIANTS[0] or endpoint.production_variants is None):
        hint = "serve on instances, or with one variant"
        yield Finding(found.path, "a serverless endpoint cannot have several variants", hint, at_key=True)


def _on(pattern: str) -> Json:
    """A condition: a variant that serves the manifest's model, on such a type."""
    return {"type": "object", "not": {"required": ["model_name"]}, **when({"instance_type": {"pattern": pattern}})}


_ARM, _GPU = r"ml\.[a-z]+[0-9]+[a-z]*g[a-z]*\.", r"ml\.[gp][0-9]"
_PROCESSORS = (f"^{_ARM}", f"^(?!{_ARM}){_GPU}", rf"^(?!{_ARM}|{_GPU}|ml\.(inf|trn)|.*{EXPRESSION})ml\.")


@rule(
    ERROR,
    on=field(*VARIANTS),
    source=API + "ContainerDefinition.html",
    rows=tuple(
        Row(
            ("production_variants",),
            "one model has one image, and these instance types need several: give one of them a model_name",
            when={"framework_version": GIVEN},
            unless={"image_uri": {"not": NULL}},
            value={
                "items": {"anyOf": [_on(pattern) for pattern in _PROCESSORS]},
                "allOf": [{"contains": _on(pattern)} for pattern in pair],
                **LIST,
            },
        )
        for pair in combinations(_PROCESSORS, 2)
    ),
)
def variants_of_several_images(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """A model has one image: variants that serve it run on processors of one kind.

    The image is the one for the first variant's instance type; on others it is slow, or does not start.

    Bad:
        production_variants:
          - {variant_name: blue, instance_type: ml.m5.xlarge}
          - {variant_name: green, instance_type: ml.g5.xlarge}

    Good:
        production_variants:
          - {variant_name: blue, instance_type: ml.m5.xlarge}
          - {variant_name: green, instance_type: ml.c6i.xlarge}
    """
    endpoint = context.endpoint
    first = _processor(endpoint.first_type)
    if endpoint.image_uri is not None or first is None:
        return
    for index, variant in enumerate(found.value):
        other = _processor(variant.instance_type)
        if variant.model_name is None and other not in (None, first):
            message = f"{variant.instance_type} needs another image than {endpoint.first_type}: {other}, not {first}"
            hint = "give it a model of its own (model_name), or a type of the same processor"
            yield Finding((*found.path, index, "instance_type"), message, hint)


def _processor(instance_type: str | None) -> str | None:
    """What images an instance type runs; None where that is not known."""
    if instance_type is None or not instance_type.startswith("ml."):
        return None
    try:
        return "arm64" if is_graviton(family_of(instance_type)) else processor_of(instance_type)
    except NoProcessor:
        return None


@rule(WARNING, on=field("production_variants"), source=API + "ProductionVariant.html")
def model_of_no_variant(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """Where every variant names another model, the manifest's own is made, and serves nobody.

    Bad:
        production_variants: [{variant_name: blue, model_name: theirs}]

    Good:
        production_variants: [{variant_name: blue}, {variant_name: green, model_name: theirs}]
    """
    shadows = context.endpoint.shadow_production_variants or []
    if all(variant.model_name is not None for variant in (*found.value, *shadows)):
        hint = "leave model_name of one variant out: it serves the manifest's model then"
        yield Finding(found.path, "no variant serves the manifest's own model", hint, at_key=True)
