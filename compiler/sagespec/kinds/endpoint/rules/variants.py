"""Several variants, and those in the shadow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from sagespec.base.diagnostic import Finding
from sagespec.catalog import NoProcessor, family_of, is_graviton
from sagespec.catalog.serving import processor_of
from sagespec.checking.condition import EXPRESSION, GIVEN, LIST, NULL, REPEATED, TRUE, Json, inside, when
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, WARNING, rule
from sagespec.checking.subject import Written, field, item
from sagespec.kinds.endpoint.context import EndpointContext
from sagespec.kinds.endpoint.members import VARIANT
from sagespec.kinds.rules.instances import VARIANTS, types_in


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
    on=field(*VARIANTS),
    source=API + "ProductionVariant.html",
    rows=(Row(("production_variants",), "two variants have one name", value=REPEATED),),
)
def duplicate_variant(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """Each variant has a name of its own. Without `production_variants`, there is one that is called AllTraffic.

    Bad:
        production_variants: [{variant_name: blue}, {variant_name: blue, instance_type: ml.m5.large}]

    Good:
        production_variants: [{variant_name: blue}, {variant_name: green, instance_type: ml.m5.large}]
    """
    seen = set[str]()
    if found.name == VARIANTS[1]:
        others = context.endpoint.production_variants
        seen = {VARIANT} if others is None else {other.variant_name for other in others}
    for index, variant in enumerate(found.value):
        if variant.variant_name in seen:
            path = (*found.path, index, "variant_name")
            yield Finding(path, f"there are two variants '{variant.variant_name}'", "rename one")
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


OF_INSTANCES = (
    *("instance_type", "initial_instance_count", "volume_size_in_gb", "model_data_download_timeout_in_seconds"),
    *("container_startup_health_check_timeout_in_seconds", "routing_config", "managed_instance_scaling"),
    "inference_ami_version",
)
"""Fields of a variant that only one with instances can have."""
OF_ENDPOINTS_WITH_INSTANCES = (
    *("subnets", "security_group_ids", "data_capture_config", "async_inference_config", "explainer_config"),
)


@rule(
    ERROR,
    on=field(*VARIANTS),
    source=GUIDE + "serverless-endpoints.html",
    rows=(
        *(
            Row(
                ("production_variants",),
                f"a serverless variant takes no {name}",
                value={"contains": {"type": "object", **when({"serverless_config": GIVEN, name: GIVEN})}, **LIST},
            )
            for name in OF_INSTANCES
        ),
        *(
            Row(
                (name,),
                f"an endpoint with a serverless variant takes no {name}",
                when={"production_variants": {"contains": inside("serverless_config", so=GIVEN), **LIST}},
            )
            for name in OF_ENDPOINTS_WITH_INSTANCES
        ),
        Row(
            ("enable_network_isolation",),
            "an endpoint with a serverless variant takes no enable_network_isolation",
            when={"production_variants": {"contains": inside("serverless_config", so=GIVEN), **LIST}},
            value=TRUE,
        ),
    ),
)
def serverless_variant_conflict(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """A variant without instances has nothing that belongs to instances, and nor has its endpoint.

    There is no GPU, VPC, network isolation, data capture, asynchronous inference, explanation or volume.

    Bad:
        production_variants:
          - {variant_name: blue, serverless_config: {memory_size_in_mb: 2048}, volume_size_in_gb: 30}

    Good:
        production_variants: [{variant_name: blue, serverless_config: {memory_size_in_mb: 2048}}]
    """
    serverless = [index for index, variant in enumerate(found.value) if variant.serverless_config is not None]
    for index in serverless:
        for name in OF_INSTANCES:
            if getattr(found.value[index], name) is not None:
                message, hint = f"a serverless variant takes no {name}", f"leave {name} out, or serverless_config"
                yield Finding((*found.path, index, name), message, hint, at_key=True)
    if serverless and context.endpoint.serverless_inference_config is None:
        for name in (*OF_ENDPOINTS_WITH_INSTANCES, "enable_network_isolation"):
            if getattr(context.endpoint, name):
                hint = f"leave {name} out, or serve on instances"
                yield Finding((name,), f"an endpoint with a serverless variant takes no {name}", hint, at_key=True)


_LOCAL: Json = {"enum": ["local", "local_gpu"]}


@rule(
    ERROR,
    on=types_in(*VARIANTS),
    source="the manifest language, sagespec/v1",
    rows=(
        Row(
            ("production_variants",),
            "a variant alone cannot be on this machine",
            unless={"instance_type": _LOCAL},
            value={"contains": inside("instance_type", so=_LOCAL), **LIST},
        ),
    ),
)
def local_variant(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """An endpoint is on this machine, or in SageMaker; one of its variants alone cannot be here.

    Bad:
        production_variants: [{variant_name: blue, instance_type: local, initial_instance_count: 1}]

    Good:
        production_variants: [{variant_name: blue, instance_type: ml.m5.large, initial_instance_count: 1}]
    """
    if found.path[1:] and found.value in ("local", "local_gpu") and not context.local:
        hint = f"write instance_type: {found.value} for the endpoint, or run apply --local"
        yield Finding(found.path, "a variant alone cannot be on this machine", hint)


@rule(WARNING, on=field("production_variants"), source=API + "ProductionVariant.html")
def variants_without_requests(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """A variant gets its weight's share of the requests: where all weigh nothing, none gets any.

    Bad:
        production_variants: [{variant_name: blue, initial_variant_weight: 0}]

    Good:
        production_variants: [{variant_name: blue}, {variant_name: green, initial_variant_weight: 0}]
    """
    if not any(variant.initial_variant_weight for variant in found.value):
        hint = "give one of them an initial_variant_weight, or leave it out: it is 1 then"
        yield Finding(found.path, "no variant gets any requests: all weigh 0", hint, at_key=True)


@rule(ERROR, on=item(*VARIANTS), source=API + "ProductionVariantManagedInstanceScaling.html")
def scaling_out_of_order(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """The fewest instances of a variant are not more than the most.

    Bad:
        production_variants:
          - {variant_name: blue, managed_instance_scaling: {min_instance_count: 4, max_instance_count: 2}}

    Good:
        production_variants:
          - {variant_name: blue, managed_instance_scaling: {min_instance_count: 2, max_instance_count: 4}}
    """
    given = found.value.managed_instance_scaling
    if given is None or given.min_instance_count is None or given.max_instance_count is None:
        return
    if given.min_instance_count > given.max_instance_count:
        fewest, most = given.min_instance_count, given.max_instance_count
        path = (*found.path, "managed_instance_scaling", "min_instance_count")
        yield Finding(
            path, f"min_instance_count {fewest} is more than max_instance_count {most}", f"write {most} or less"
        )


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
