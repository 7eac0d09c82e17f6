"""What the endpoint runs on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Instance, NoProcessor, NoVersion, near_instance
from sagespec.catalog.serving import hosting_types
from sagespec.checking.condition import EXPRESSION, GIVEN, TRUE
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, SDK2, WARNING, refusal, rule
from sagespec.checking.subject import Subject, Written, field
from sagespec.kinds.endpoint.context import ENDPOINT, EndpointContext
from sagespec.kinds.endpoint.model import Endpoint
from sagespec.kinds.endpoint.rules.server import image_lacking
from sagespec.kinds.rules.instances import VARIANTS, types_in


def also_of_variants(top: str, own: str) -> Subject[Written, EndpointContext]:
    """A field of the endpoint, and what its variants say in the place of it."""

    def written(context: EndpointContext) -> list[Written]:
        endpoint = context.endpoint
        found = [Written((top,), getattr(endpoint, top), endpoint)]
        for name in VARIANTS:
            for index, variant in enumerate(getattr(endpoint, name) or ()):
                found.append(Written((name, index, own), getattr(variant, own), variant))
        return [each for each in found if each.value is not None]

    return Subject(written, [top, *VARIANTS])


SERVERLESS = {"serverless_inference_config": GIVEN}


@rule(ERROR, on=ENDPOINT, source=SDK2 + "model.py, deploy")
def endpoint_without_capacity(endpoint: Endpoint, context: EndpointContext) -> Iterator[Finding]:
    """An endpoint runs on instances, or without any (serverless).

    Bad:
        initial_instance_count: null

    Good:
        initial_instance_count: 2
    """
    if endpoint.serverless_inference_config is not None or endpoint.is_local or endpoint.production_variants:
        return
    missing = [name for name in ("instance_type", "initial_instance_count") if getattr(endpoint, name) is None]
    if missing:
        message = f"{' and '.join(missing)} {'are' if missing[1:] else 'is'} missing"
        hint = f"add {' and '.join(missing)}"
        if missing[1:]:
            hint += ", or serverless_inference_config: {memory_size_in_mb: 2048}"
        yield Finding((missing[0],), message, hint)


serverless_conflict = refusal(
    "serverless-conflict",
    ERROR,
    *(
        Row(
            (name,),
            f"a serverless endpoint takes no {name}",
            f"leave {name} out, or serve on instances",
            when=SERVERLESS,
        )
        for name in (
            *("instance_type", "initial_instance_count", "volume_size", "model_data_download_timeout"),
            *("container_startup_health_check_timeout", "routing_config", "inference_ami_version", "subnets"),
            *("security_group_ids", "data_capture_config", "async_inference_config", "explainer_config"),
        )
    ),
    Row(
        ("enable_network_isolation",),
        "a serverless endpoint cannot be isolated",
        "leave enable_network_isolation out, or serve on instances",
        when=SERVERLESS,
        value=TRUE,
    ),
    source=GUIDE + "serverless-endpoints.html",
    page="""
    A serverless endpoint has no instances, and much that belongs to instances it cannot have.

    There is no GPU, VPC, network isolation, data capture, asynchronous inference, explanation or volume.

    Bad:
        serverless_inference_config: {memory_size_in_mb: 2048}
        volume_size: 30

    Good:
        instance_type: null
        initial_instance_count: null
        serverless_inference_config: {memory_size_in_mb: 2048}
    """,
)


@rule(
    ERROR,
    on=also_of_variants("serverless_inference_config", "serverless_config"),
    source=API + "ProductionVariantServerlessConfig.html",
    rows=(
        Row(
            ("serverless_inference_config", "memory_size_in_mb"),
            "serverless memory comes in steps of 1024 MB",
            value={"type": "integer", "not": {"multipleOf": 1024}},
        ),
    ),
)
def serverless_size(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """Serverless memory comes in steps of 1,024 MB, and no more can be kept ready than may run.

    Bad:
        instance_type: null
        initial_instance_count: null
        serverless_inference_config: {memory_size_in_mb: 3000}

    Good:
        instance_type: null
        initial_instance_count: null
        serverless_inference_config: {memory_size_in_mb: 3072}
    """
    given = config.value
    if given.memory_size_in_mb % 1024:
        size = min(6, given.memory_size_in_mb // 1024 + 1) * 1024
        message = f"memory_size_in_mb is {given.memory_size_in_mb}, which is not a multiple of 1024"
        yield Finding((*config.path, "memory_size_in_mb"), message, f"write {size}")
    if given.provisioned_concurrency is not None and given.provisioned_concurrency > given.max_concurrency:
        ready, most = given.provisioned_concurrency, given.max_concurrency
        message = f"provisioned_concurrency {ready} is more than max_concurrency {most}"
        yield Finding((*config.path, "provisioned_concurrency"), message, f"write {given.max_concurrency} or less")


STRATEGIES = ("RANDOM", "LEAST_OUTSTANDING_REQUESTS")


_ANY_CASE = "|".join("".join(f"[{c}{c.lower()}]" if c.isalpha() else c for c in name) for name in STRATEGIES)


@rule(
    ERROR,
    on=also_of_variants("routing_config", "routing_config"),
    source=SDK2 + "utils.py, _resolve_routing_config",
    rows=(
        Row(
            ("routing_config", "routing_strategy"),
            f"a routing strategy is {' or '.join(STRATEGIES)}",
            value={"type": "string", "pattern": f"^(?!({_ANY_CASE})$)(?!.*{EXPRESSION})"},
        ),
    ),
)
def unknown_routing_strategy(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """Requests go to an instance by chance, or to the one with the fewest open requests.

    Bad:
        routing_config: {routing_strategy: ROUND_ROBIN}

    Good:
        routing_config: {routing_strategy: LEAST_OUTSTANDING_REQUESTS}
    """
    given = config.value.routing_strategy
    if given.upper() not in STRATEGIES:
        hint = "write RANDOM or LEAST_OUTSTANDING_REQUESTS"
        yield Finding((*config.path, "routing_strategy"), f"there is no routing strategy '{given}'", hint)


@rule(WARNING, on=types_in(*VARIANTS), source=API + "ProductionVariant.html")
def unknown_hosting_type(instance_type: Written, context: EndpointContext) -> Iterator[Finding]:
    """Endpoints have instance types of their own: `ml.t2` and Graviton, but not `ml.t3`, `ml.c5n` or `ml.p3dn`.

    SageMaker refuses a type that it does not have. It may be newer than this program's list, so this is a warning.

    Bad:
        instance_type: ml.t3.medium

    Good:
        instance_type: ml.t2.medium
    """
    name = instance_type.value
    known = hosting_types()
    lacks = instance_type.path == context.endpoint.first_type_at and image_lacking(context)
    if isinstance(lacks, NoProcessor | NoVersion):  # the rule that says so names another type
        return
    if name.startswith("ml.") and name not in known and not context.facts.is_misspelt_instance(name):
        meant = near_instance(name, known)
        trains = context.facts.instance(name) is not None
        message = f"'{name}' trains, but is not among the instance types of endpoints"
        message = message if trains else f"'{name}' is not among the instance types of endpoints"
        hint = f"did you mean {meant}?" if meant else "take another type, or silence this if it is newer"
        yield Finding(instance_type.path, message, hint)


@rule(WARNING, on=also_of_variants("volume_size", "volume_size_in_gb"), source=GUIDE + "host-instance-storage.html")
def volume_on_local_storage(size: Written, context: EndpointContext) -> Iterator[Finding]:
    """Instances with local NVMe storage have just that: `volume_size` is not for them.

    Bad:
        instance_type: ml.g5.xlarge
        volume_size: 100

    Good:
        instance_type: ml.g5.xlarge
    """
    own = size.path[1:]
    types = [size.owner.instance_type or context.endpoint.instance_type] if own else _without_volume(context.endpoint)
    instance = _of_local_storage(types, context)
    if instance is not None:
        message = f"{size.name} has no effect: {instance.name} has {instance.nvme_gb} GB of its own"
        yield Finding(size.path, message, f"leave {size.name} out, or take a type without local storage", at_key=True)


def _without_volume(endpoint: Endpoint) -> list[str | None]:
    """The types of instances whose volumes the endpoint's own field is about."""
    variants = [*(endpoint.production_variants or ()), *(endpoint.shadow_production_variants or ())]
    sizes = [variant.volume_size_in_gb for variant in variants]
    if not endpoint.production_variants:
        sizes.insert(0, None)
    return [name for name, size in zip(endpoint.types, sizes, strict=True) if size is None]


def _of_local_storage(types: Sequence[str | None], context: EndpointContext) -> Instance | None:
    """The first of some types, if all of them have local storage."""
    found = [context.facts.instance(name or "") for name in types]
    return found[0] if found and all(each is not None and each.has_local_storage for each in found) else None


@rule(WARNING, on=field("kms_key"), source=API + "CreateEndpointConfig.html")
def endpoint_key_on_local_storage(key: Written, context: EndpointContext) -> Iterator[Finding]:
    """A key encrypts volumes; local NVMe storage is encrypted by the hardware, with keys of its own.

    Bad:
        instance_type: ml.g5.xlarge
        kms_key: 11111111-2222-3333-4444-555555555555

    Good:
        instance_type: ml.m5.xlarge
        kms_key: 11111111-2222-3333-4444-555555555555
    """
    instance = _of_local_storage(context.endpoint.types, context)
    if instance is not None:
        message = f"kms_key does not encrypt the local storage of {instance.name}"
        yield Finding(key.path, message, "leave kms_key out, or take a type without local storage", at_key=True)


@rule(
    WARNING,
    on=also_of_variants("serverless_inference_config", "serverless_config"),
    source=GUIDE + "serverless-endpoints.html",
)
def serverless_in_china(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """Serverless endpoints are not offered in China.

    Bad:
        instance_type: null
        initial_instance_count: null
        region: cn-north-1
        role: arn:aws-cn:iam::123456789012:role/SageMakerRole
        serverless_inference_config: {memory_size_in_mb: 2048}

    Good:
        instance_type: null
        initial_instance_count: null
        serverless_inference_config: {memory_size_in_mb: 2048}
    """
    if (context.region or "").startswith("cn-"):
        yield Finding(config.path, f"{context.region} has no serverless endpoints", "serve on instances", at_key=True)
