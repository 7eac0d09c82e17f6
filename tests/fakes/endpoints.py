"""Endpoints, their configurations and models, with the manners of the service. Knows nothing of our client.

Sources: botocore's service model and its documentation; what users of the Terraform provider, of the AWS operator for
Kubernetes and of the SageMaker SDK report of the service's words (reference/deploy.md, section 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fakes.model import ACCOUNT, MODEL, Clock, Effect, Refused, listed, page, validate

IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
PING = (
    "The primary container for production variant AllTraffic did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint."
)


@dataclass(frozen=True)
class Deployment:
    """How it will go to serve with a configuration."""

    status: str = "InService"
    """`Failed` for one that cannot serve; `UpdateRollbackFailed` for an update that cannot even be taken back."""
    failure: str = ""
    seconds: float | None = None
    """How long it takes; None for what the service takes as a rule."""


@dataclass
class Thing:
    """A model or a configuration."""

    request: dict[str, Any]
    arn: str
    created: float
    tags: dict[str, str]


@dataclass
class Standing:
    """An endpoint."""

    name: str
    arn: str
    created: float
    tags: dict[str, str]
    config: str
    status: str
    modified: float
    before: str = ""
    """What it was before what is in progress, or was last."""
    variants: list[dict[str, Any]] = field(default_factory=list)
    """Summaries of its variants, of the configuration that it serves with."""
    failure: str = ""
    pending: str = ""
    until: float = 0.0
    """When what is in progress is over."""
    then: Callable[[], None] | None = None
    """What becomes of it then."""
    deployment: Mapping[str, Any] | None = None


class Endpoints:
    """The endpoints of one account in one region.

    Attributes:
        fate: decides how a deployment goes, by the bodies of the models of its configuration.
        lag: seconds for which a new configuration is not seen by CreateEndpoint, UpdateEndpoint and Describe.
        seconds: how long each change takes.
        quota: instances that there may be at a time.
    """

    def __init__(self, clock: Clock, effects: list[Effect], region: str) -> None:
        self.clock, self.effects, self.region = clock, effects, region
        self.models: dict[str, Thing] = {}
        self.configs: dict[str, Thing] = {}
        self.endpoints: dict[str, Standing] = {}
        self.fate: Callable[[list[dict[str, Any]]], Deployment] = lambda models: Deployment()
        self.lag = 0.0
        self.search_lag = 0.0
        self.seconds = {"create": 120.0, "update": 180.0, "scale": 30.0, "delete": 20.0}
        self.transforms: list[dict[str, Any]] = []
        """Running transform jobs: `TransformJobName` and `ModelName` of each."""
        self.quota: int | None = None
        self.refusal: Refused | None = None
        """What every CreateEndpoint and UpdateEndpoint is refused with."""
        self.scalable: set[tuple[str, str]] = set()
        """(endpoint, variant): what is registered with Application Auto Scaling."""
        self.on_effect: Callable[[str, str], None] = lambda operation, name: None

    # For tests --------------------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._DescribeEndpoint({"EndpointName": name})

    def used_configs(self) -> set[str]:
        """The configurations that something needs: those that are served with, or are being deployed."""
        standing = [self._settled(each) for each in list(self.endpoints.values())]
        alive = [each for each in standing if each is not None]
        return {each.config for each in alive} | {each.pending for each in alive if each.pending}

    def used_models(self) -> set[str]:
        """The models that the configurations in use name."""
        return {
            variant["ModelName"]
            for name in self.used_configs()
            if name in self.configs
            for variant in _variants(self.configs[name].request)
        }

    def system_update(self, name: str, seconds: float = 60.0) -> None:
        """AWS patches an endpoint."""
        self._begin(self.endpoints[name], "SystemUpdating", seconds, lambda: None)

    def stop_serving(self, name: str, failure: str = "No instance is healthy.") -> None:
        self.endpoints[name].status, self.endpoints[name].failure = "OutOfService", failure

    # Models and configurations ----------------------------------------------------------------------------------------

    def _CreateModel(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"ModelArn": self._made(self.models, "model", given, "ModelName")}

    def _CreateEndpointConfig(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        for variant in _variants(given):
            if variant["ModelName"] not in self.models:
                raise _could_not_find("model", self._arn("model", variant["ModelName"]))
        return {"EndpointConfigArn": self._made(self.configs, "endpoint-config", given, "EndpointConfigName")}

    def _made(self, things: dict[str, Thing], kind: str, given: dict[str, Any], member: str) -> str:
        name, arn = given[member], self._arn(kind, given[member])
        if name in things:
            words = {"model": "model", "endpoint-config": "endpoint configuration"}[kind]
            raise Refused("ValidationException", f'Cannot create already existing {words} "{arn}".')
        request = {key: value for key, value in given.items() if key != "Tags"}
        things[name] = Thing(request, arn, self.clock(), _tags(given))
        self._happened({"model": "CreateModel"}.get(kind, "CreateEndpointConfig"), name, _tags(given))
        return arn

    def _DescribeModel(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        thing = self._found(self.models, "model", given["ModelName"])
        return {
            "EnableNetworkIsolation": False,
            **thing.request,
            "ModelArn": thing.arn,
            "CreationTime": thing.created,
        }

    def _DescribeEndpointConfig(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        thing = self._visible(given["EndpointConfigName"])
        return {**thing.request, "EndpointConfigArn": thing.arn, "CreationTime": thing.created}

    def _DeleteModel(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """It is not looked whether something uses it."""
        self._found(self.models, "model", given["ModelName"])
        self._happened("DeleteModel", given["ModelName"], given["ModelName"] in self.used_models())
        del self.models[given["ModelName"]]
        return {}

    def _DeleteEndpointConfig(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """It is not looked whether something uses it."""
        name = given["EndpointConfigName"]
        self._found(self.configs, "endpoint configuration", name)
        self._happened("DeleteEndpointConfig", name, name in self.used_configs())
        del self.configs[name]
        return {}

    def _visible(self, name: str) -> Thing:
        thing = self._found(self.configs, "endpoint configuration", name)
        if self.clock() < thing.created + self.lag:
            raise _could_not_find("endpoint configuration", thing.arn)
        return thing

    def _found(self, things: dict[str, Thing], words: str, name: str) -> Thing:
        if name not in things:
            kind = {"endpoint configuration": "endpoint-config"}.get(words, words)
            raise _could_not_find(words, self._arn(kind, name))
        return things[name]

    # Endpoints --------------------------------------------------------------------------------------------------------

    def _CreateEndpoint(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name, arn = given["EndpointName"], self._arn("endpoint", given["EndpointName"])
        if self._standing(name) is not None:
            raise Refused("ValidationException", f'Cannot create already existing endpoint "{arn}".')
        config = self._visible(given["EndpointConfigName"])
        self._allowed(config.request, ())
        now = self.clock()
        made = Standing(name, arn, now, _tags(given), given["EndpointConfigName"], "Creating", now)
        made.deployment = given.get("DeploymentConfig")
        made.variants = [_summary(variant, 0) for variant in config.request["ProductionVariants"]]
        self.endpoints[name] = made
        fate = self._fate(config)

        def done() -> None:
            made.status = "InService" if fate.status == "InService" else "Failed"
            made.failure = fate.failure or ("" if made.status == "InService" else PING)
            if made.status == "InService":
                made.variants = [_summary(variant) for variant in config.request["ProductionVariants"]]

        self._begin(made, "Creating", fate.seconds or self.seconds["create"], done)
        self._happened("CreateEndpoint", name, given["EndpointConfigName"])
        return {"EndpointArn": arn}

    def _UpdateEndpoint(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        standing = self._changeable(given["EndpointName"])
        config = self._visible(given["EndpointConfigName"])
        self._convertible(standing, config)
        self._allowed(config.request, standing.variants)
        fate = self._fate(config)
        kept = {each["VariantName"]: each for each in standing.variants}
        retained = given.get("RetainAllVariantProperties", False)
        variants = [_summary(variant) for variant in config.request["ProductionVariants"]]
        for variant in variants if retained else ():
            old = kept.get(variant["VariantName"], {})
            for member in ("CurrentInstanceCount", "DesiredInstanceCount", "CurrentWeight", "DesiredWeight"):
                if member in old and member in variant:
                    variant[member] = old[member]
        standing.pending = given["EndpointConfigName"]
        standing.deployment = given.get("DeploymentConfig") or standing.deployment

        def done() -> None:
            standing.pending = ""
            standing.status = "UpdateRollbackFailed" if fate.status == "UpdateRollbackFailed" else "InService"
            standing.failure = fate.failure or ("" if fate.status == "InService" else PING)
            if fate.status == "InService":
                standing.config, standing.variants = given["EndpointConfigName"], variants

        self._begin(standing, "Updating", fate.seconds or self.seconds["update"], done)
        self._happened("UpdateEndpoint", standing.name, given["EndpointConfigName"])
        return {"EndpointArn": standing.arn}

    def _UpdateEndpointWeightsAndCapacities(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        standing = self._changeable(given["EndpointName"])
        by_name = {each["VariantName"]: each for each in standing.variants}
        for wanted in given["DesiredWeightsAndCapacities"]:
            if wanted["VariantName"] not in by_name:
                raise Refused("ValidationException", f"Could not find variant {wanted['VariantName']}")
            variant = by_name[wanted["VariantName"]]
            if "DesiredInstanceCount" in wanted:
                variant["DesiredInstanceCount"] = wanted["DesiredInstanceCount"]
            if "DesiredWeight" in wanted:
                variant["DesiredWeight"] = wanted["DesiredWeight"]
            if "ServerlessUpdateConfig" in wanted:
                variant["DesiredServerlessConfig"] |= wanted["ServerlessUpdateConfig"]

        def done() -> None:
            for variant in standing.variants:
                for member in ("InstanceCount", "Weight", "ServerlessConfig"):
                    if f"Desired{member}" in variant:
                        variant[f"Current{member}"] = variant[f"Desired{member}"]

        self._begin(standing, "Updating", self.seconds["scale"], done)
        self._happened("UpdateEndpointWeightsAndCapacities", standing.name, given["DesiredWeightsAndCapacities"])
        return {"EndpointArn": standing.arn}

    def _DeleteEndpoint(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        standing = self._of(given["EndpointName"])
        if standing.status in IN_PROGRESS:
            raise Refused("ValidationException", f'Cannot update in-progress endpoint "{standing.arn}".')
        self._begin(standing, "Deleting", self.seconds["delete"], lambda: self._gone(standing))
        self._happened("DeleteEndpoint", standing.name)
        return {}

    def _DescribeEndpoint(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        standing = self._of(given["EndpointName"])
        record: dict[str, Any] = {
            "EndpointName": standing.name,
            "EndpointArn": standing.arn,
            "EndpointConfigName": standing.config,
            "EndpointStatus": standing.status,
            "CreationTime": standing.created,
            "LastModifiedTime": standing.modified,
        }
        if standing.status != "Failed" and standing.variants:
            record["ProductionVariants"] = standing.variants
            shadows = (
                self.configs[standing.config].request.get("ShadowProductionVariants")
                if standing.config in self.configs
                else None
            )
            if shadows:
                record["ShadowProductionVariants"] = [_summary(shadow) for shadow in shadows]
        if standing.failure:
            record["FailureReason"] = standing.failure
        if standing.pending:
            record["PendingDeploymentSummary"] = {"EndpointConfigName": standing.pending}
        if standing.deployment:
            record["LastDeploymentConfig"] = standing.deployment
        config = self.configs.get(standing.config)
        if config is not None and "AsyncInferenceConfig" in config.request:
            record["AsyncInferenceConfig"] = config.request["AsyncInferenceConfig"]
        return record

    # Lists, search and tags -------------------------------------------------------------------------------------------

    def _ListModels(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        found = [
            {"ModelName": name, "ModelArn": thing.arn, "CreationTime": thing.created}
            for name, thing in self.models.items()
            if given.get("NameContains", "") in name
        ]
        some, token = page(found, given, 10)
        return {"Models": list(some), **token}

    def _ListEndpointConfigs(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        found = [
            {"EndpointConfigName": name, "EndpointConfigArn": thing.arn, "CreationTime": thing.created}
            for name, thing in self.configs.items()
            if given.get("NameContains", "") in name
        ]
        some, token = page(found, given, 10)
        return {"EndpointConfigs": list(some), **token}

    def _ListEndpoints(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        found = [
            {
                "EndpointName": each.name,
                "EndpointArn": each.arn,
                "CreationTime": each.created,
                "LastModifiedTime": each.modified,
                "EndpointStatus": each.status,
            }
            for each in self._all()
            if given.get("NameContains", "") in each.name
        ]
        some, token = page(found, given, 10)
        return {"Endpoints": list(some), **token}

    def _ListTransformJobs(self, _given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        now = self.clock()
        found = [
            {
                "TransformJobName": job["TransformJobName"],
                "TransformJobArn": self._arn("transform-job", job["TransformJobName"]),
                "CreationTime": now,
                "TransformJobStatus": "InProgress",
            }
            for job in self.transforms
        ]
        return {"TransformJobSummaries": found}

    def _DescribeTransformJob(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        job = next(job for job in self.transforms if job["TransformJobName"] == given["TransformJobName"])
        place = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/x"}}
        return {
            **job,
            "TransformJobArn": self._arn("transform-job", job["TransformJobName"]),
            "TransformJobStatus": "InProgress",
            "TransformInput": {"DataSource": place},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            "CreationTime": self.clock(),
        }

    def records(self) -> Iterator[dict[str, Any]]:
        """What Search knows of endpoints: those that are not too young for it, with their tags."""
        for each in self._all():
            if each.created <= self.clock() - self.search_lag:
                shown = self._DescribeEndpoint({"EndpointName": each.name})
                searched = MODEL.shape_for("Endpoint").members
                yield {key: value for key, value in shown.items() if key in searched} | {"Tags": listed(each.tags)}

    def tags_of(self, arn: str) -> dict[str, str] | None:
        """The tags of what an ARN names, to be changed; None for what is none of ours."""
        kind, _, name = arn.rpartition(":")[2].partition("/")
        if kind == "endpoint":
            return self._of(name).tags
        if kind == "endpoint-config":
            return self._found(self.configs, "endpoint configuration", name).tags
        return self._found(self.models, "model", name).tags if kind == "model" else None

    # ------------------------------------------------------------------------------------------------------------------

    def _all(self) -> list[Standing]:
        settled = [self._settled(each) for each in list(self.endpoints.values())]
        return [each for each in settled if each is not None]

    def _settled(self, standing: Standing) -> Standing | None:
        """An endpoint as it is now; None where it is gone."""
        if standing.then is not None and self.clock() >= standing.until:
            then, standing.then = standing.then, None
            standing.status, standing.modified = "InService", standing.until
            then()
        return self.endpoints.get(standing.name)

    def _standing(self, name: str) -> Standing | None:
        return self._settled(self.endpoints[name]) if name in self.endpoints else None

    def _of(self, name: str) -> Standing:
        standing = self._standing(name)
        if standing is None:
            raise _could_not_find("endpoint", self._arn("endpoint", name))
        return standing

    def _changeable(self, name: str) -> Standing:
        standing = self._of(name)
        if standing.status in IN_PROGRESS:
            raise Refused("ValidationException", f'Cannot update in-progress endpoint "{standing.arn}".')
        if standing.status == "Failed":
            raise Refused("ValidationException", f'Cannot update endpoint "{standing.arn}" in status Failed.')
        return standing

    def _convertible(self, standing: Standing, config: Thing) -> None:
        """What an update cannot do: change a variant that an autoscaler owns, or take the instances away.

        Source: https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling.html, serverless-endpoints.html
        """
        old = self.configs[standing.config].request["ProductionVariants"] if standing.config in self.configs else []
        new = {variant["VariantName"]: variant for variant in config.request["ProductionVariants"]}
        for variant in old:
            name = variant["VariantName"]
            same = name in new and new[name].get("InstanceType") == variant.get("InstanceType")
            if (standing.name, name) in self.scalable and not same:
                raise Refused(
                    "ValidationException",
                    f'The variant(s) "[{name}]" must be deregistered as scalable targets with AWS Application Auto '
                    "Scaling before they can be removed or have their instance type updated.",
                )
        if any("InstanceType" in v for v in old) and any("ServerlessConfig" in v for v in new.values()):
            raise Refused("ValidationException", "Cannot update an endpoint with instances to a serverless endpoint.")

    def _begin(self, standing: Standing, status: str, seconds: float, then: Callable[[], None]) -> None:
        standing.before = standing.status
        standing.status, standing.until, standing.then = status, self.clock() + seconds, then
        standing.modified = self.clock()

    def _gone(self, standing: Standing) -> None:
        self.endpoints.pop(standing.name, None)

    def _fate(self, config: Thing) -> Deployment:
        names = [variant["ModelName"] for variant in config.request["ProductionVariants"]]
        return self.fate([self.models[name].request for name in names if name in self.models])

    def _allowed(self, config: Mapping[str, Any], present: object) -> None:
        if self.refusal is not None:
            raise self.refusal
        wanted = sum(variant.get("InitialInstanceCount", 0) for variant in config["ProductionVariants"])
        there = sum(v.get("DesiredInstanceCount", 0) for each in self._all() for v in each.variants)
        if self.quota is not None and there + wanted > self.quota:
            raise Refused(
                "ResourceLimitExceeded",
                f"The account-level service limit 'ml.m5.xlarge for endpoint usage' is {self.quota} Instances, with "
                f"current utilization of {there} Instances and a request delta of {wanted} Instances.",
            )

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{self.region}:{ACCOUNT}:{kind}/{name}"

    def _happened(self, operation: str, name: str, detail: Any = None) -> None:
        self.effects.append(Effect(self.clock(), operation, name, detail))
        self.on_effect(operation, name)

    def answers(self, operation: str) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
        """What carries out an operation; None for one that is no matter of endpoints."""
        method = getattr(self, f"_{operation}", None)
        if method is None:
            return None

        def answer(parameters: dict[str, Any]) -> dict[str, Any]:
            found: dict[str, Any] = method(parameters)
            shape = MODEL.operation_model(operation).output_shape
            if shape is not None:  # our own answers are judged as a client's requests are
                validate(shape, found)
            return found

        return answer


def _summary(variant: Mapping[str, Any], current: int | None = None) -> dict[str, Any]:
    """A variant of an endpoint as DescribeEndpoint shows it."""
    weight = float(variant.get("InitialVariantWeight", 1))
    shown: dict[str, Any] = {
        "VariantName": variant["VariantName"],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
    }
    if "ServerlessConfig" in variant:
        own = dict(variant["ServerlessConfig"])
        return {**shown, "CurrentServerlessConfig": own, "DesiredServerlessConfig": dict(own)}
    count = variant.get("InitialInstanceCount", 1)
    return {**shown, "CurrentInstanceCount": count if current is None else current, "DesiredInstanceCount": count}


def _variants(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*config["ProductionVariants"], *config.get("ShadowProductionVariants", ())]


def _tags(given: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in given.get("Tags", ())}


def _could_not_find(words: str, arn: str) -> Refused:
    return Refused("ValidationException", f'Could not find {words} "{arn}".')
