"""The three requests of an endpoint, member for member what the SageMaker Python SDKs send for the same arguments.

SDK 2.257.7 is the measure of TensorFlow Serving endpoints, SDK 1.16.3 that of Python-based ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.building.archive import ArchiveError
from sagespec.building.draft import (
    BodyMaker,
    Draft,
    DraftInputs,
    Incomplete,
    Trained,
    account_of,
    below,
    code_upload,
    default_bucket,
    merged,
    needed,
    present,
    provenance,
    role_arn,
)
from sagespec.building.local_model import RepackedFile, is_local, local_upload
from sagespec.building.model_archive import RepackedModel, model_upload
from sagespec.building.request import Call, Destination, Naming, Request, Serving, Upload, name_of
from sagespec.building.tags import ARTIFACT
from sagespec.catalog.serving import serving_image
from sagespec.kinds.api_names import to_api
from sagespec.kinds.endpoint.inherited import code_of, with_job
from sagespec.kinds.endpoint.lifecycle import LIVE
from sagespec.kinds.endpoint.members import SECTIONS, VARIANT
from sagespec.kinds.endpoint.model import Endpoint, ModelDataSource, ProductionVariant, RoutingConfig
from sagespec.reading.part import Unknown
from sagespec.reading.render import Manifest

MODEL, CONFIG, ENDPOINT = "CreateModel", "CreateEndpointConfig", "CreateEndpoint"
CHANGE = "UpdateEndpoint"
VARIANTS = ("ProductionVariants", "ShadowProductionVariants")
LEVELS = {10: "debug", 20: "info", 30: "warn", 40: "error", 50: "crit"}
"""Python's logging levels, as TensorFlow Serving's nginx calls them. Source: sagemaker 2.257.7, tensorflow/model.py."""
CAPTURED = {"REQUEST": "Input", "RESPONSE": "Output"}


def draft(endpoint: Endpoint, manifest: Manifest, inputs: DraftInputs) -> Draft:
    """What would be sent for an endpoint. Of a partial one, as much of it as its fields say; nothing is raised."""
    environment = manifest.environment or ""
    project = str(manifest.settings.get("project", "default"))
    trained = _trained(endpoint, manifest, inputs)
    if trained.job_name:
        endpoint = with_job(endpoint, trained)
        inputs = inputs._replace(site=_at_home(inputs.site, endpoint))
    known = endpoint.members()
    etag = "" if trained.job_name else _etag(endpoint, manifest, inputs)
    bodies = _Bodies(endpoint, inputs, trained, etag)
    asked_for = known.get("request", {})
    overrides = {operation: asked_for.get(section, {}) for section, operation in SECTIONS.items()}
    templates = {operation: _overridden(bodies.members(operation), overrides[operation]) for operation in MEMBERS}
    named = {"EndpointConfigName": name_of(CONFIG)}
    changing = (Call(CHANGE, "EndpointName", {**named, **overrides[CHANGE]}, Naming.STABLE),)
    role = known.get("role")
    request = Request(
        kind="Endpoint",
        manifest=manifest.document.source.name,
        name=known.get("name", ""),
        calls=(
            Call(MODEL, "ModelName", templates[MODEL], scope="\n".join(filter(None, (environment, etag)))),
            Call(CONFIG, "EndpointConfigName", templates[CONFIG], live=LIVE, scope=environment),
            Call(ENDPOINT, "EndpointName", templates[ENDPOINT], Naming.STABLE),
        ),
        tags={**known.get("tags", {}), **dict(provenance(inputs)), **({ARTIFACT: etag} if etag else {})},
        site=inputs.site,
        uploads=bodies.uploads,
        project=project,
        environment=environment,
        on_change=known.get("on_change", "update"),
        serving=Serving(
            keep_previous=known.get("keep_previous", 1),
            scaling=known.get("scaling", "manifest"),
            training_job=known.get("training_job") or "",
            model_of=trained.job_name,
            kms_key=known.get("model_kms_key") or "",
            waits_for=trained.waits_for,
            changing=changing if overrides[CHANGE] else (),
        ),
        role_by_name=role is not None and not role.startswith("arn:"),
    )
    asked = () if inputs.site.local else tuple(needed(endpoint, inputs, bodies.bucket_by))
    if trained.waits_for:  # nothing of it is sent before that has come
        image, incomplete = _foreseen(endpoint, inputs, trained)
        request = request._replace(uploads=(), serving=request.serving._replace(image=image))
        return Draft(request, incomplete=() if inputs.site.local else incomplete)
    if known.get("training_job") and not trained.job_name:
        asked = (*asked, _not_known(known["training_job"], inputs.site))
    return Draft(request, tuple(bodies.unusable), tuple(bodies.incomplete), frozenset(bodies.unknown), asked)


def _overridden(body: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """`request:` over a body. Its variants take the place of those that the fields make: one of a name that is there
    goes on from it, and all serve the manifest's model where they name none."""
    result = merged(body, override)
    for member in VARIANTS:
        given = override.get(member)
        if isinstance(given, list) and all(isinstance(variant, Mapping) for variant in given):
            made = {variant["VariantName"]: variant for variant in body.get(member, ())}
            bare = {"ModelName": name_of(MODEL)}
            result[member] = [merged(made.get(str(one.get("VariantName")), bare), one) for one in given]
    return result


def _trained(endpoint: Endpoint, manifest: Manifest, inputs: DraftInputs) -> Trained:
    """The job whose model is served; nothing where the manifest names the model, or nobody can be asked."""
    name = endpoint.members().get("training_job")
    if name is None or inputs.trained is None:
        return Trained()
    asking = _asking(name, manifest, inputs)
    return inputs.trained(name, asking.project, asking)


def _etag(endpoint: Endpoint, manifest: Manifest, inputs: DraftInputs) -> str:
    """What the content of the model is known by: the service itself never notices another one under the same key.
    Empty where the model does not lie in S3, or nobody can be asked."""
    known = endpoint.members()
    given = known.get("model_data")
    if isinstance(given, ModelDataSource):
        given = given.members().get("s3_data_source")
        given = None if given is None else given.members().get("s3_uri")
    if inputs.archive_at is None or inputs.site.local or not str(given).startswith("s3://"):
        return ""
    return inputs.archive_at(str(given), _asking(known.get("name", ""), manifest, inputs))


def _foreseen(endpoint: Endpoint, inputs: DraftInputs, trained: Trained) -> tuple[str, tuple[Finding, ...]]:
    """(the image, what will be missing) once the job has completed: it is reported before anything is spent on that."""
    if not trained.body:
        return "", ()
    bodies = _Bodies(with_job(endpoint, trained), inputs, trained, "")
    image = bodies.members(MODEL).get("PrimaryContainer", {}).get("Image", "")
    return image, tuple(bodies.incomplete)


def _asking(name: str, manifest: Manifest, inputs: DraftInputs) -> Request:
    """Who asks, as far as it is known before there is a request."""
    project, environment = str(manifest.settings.get("project", "default")), manifest.environment or ""
    source = manifest.document.source.name
    return Request("Endpoint", source, name, (), {}, inputs.site, project=project, environment=environment)


def _at_home(site: Destination, endpoint: Endpoint) -> Destination:
    """The place, with the account of the role that came from the job."""
    return site if site.account else site._replace(account=account_of(endpoint.members().get("role"), None))


def _not_known(name: str, site: Destination) -> tuple[str, Finding]:
    if site.local:
        message, hint = (
            f"which job of '{name}' on this machine is served, only apply looks up",
            "sagespec apply --local",
        )
    else:
        message = (
            f"no manifest without errors describes the training job '{name}' here: only the service knows its model"
        )
        hint = "give the folder where that manifest lies; sagespec plan and apply ask the service"
    return "unknown-training-job", Finding(("training_job",), message, hint)


class _Bodies(BodyMaker):
    """Builds the members of the three bodies."""

    def __init__(self, endpoint: Endpoint, inputs: DraftInputs, trained: Trained, etag: str) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.etag = etag
        self.trained = trained
        self.inputs = inputs
        self.site = inputs.site
        self.unusable: list[Finding] = []
        self.bucket_by: str | None = None
        """The field that would name another bucket, where the default one is used."""

    def members(self, operation: str) -> dict[str, Any]:
        return present(**{name: self.made((name,), make, self) for name, make in MEMBERS[operation].items()})

    # Code ------------------------------------------------------------------------------------------------------------

    @cached_property
    def code(self) -> Upload | None:
        """What is uploaded: the source archive of a Python-based endpoint, else the model with its code inside."""
        endpoint = self.endpoint
        if endpoint.entry_point is None:
            return None
        in_s3 = (endpoint.source_dir or "").startswith("s3://")
        if endpoint.server == "python":
            return None if in_s3 else self._collected(self._source_archive)
        return self._collected(self._repacked)

    def _collected(self, make: Callable[[], Upload | None]) -> Upload | None:
        try:
            return make()
        except ArchiveError as error:
            self.unusable.append(Finding(error.field, error.message, error.hint))
            return None

    def _source_archive(self) -> Upload:
        return code_upload(self._contents(), self._prefix, 0)

    def _repacked(self) -> Upload | None:
        """TensorFlow Serving's container takes code only from inside the model's archive."""
        endpoint = self.endpoint
        if not isinstance(endpoint.model_data, str):
            return None
        source = endpoint.source_dir or ""
        contents = None if source.startswith("s3://") else self._contents()
        path = self.local_model
        code = source if contents is None else ""
        if path is None:
            return model_upload(RepackedModel(endpoint.model_data, contents, code, self.etag), self._prefix, 0)
        alone = local_upload(path, contents, self._prefix, 0)
        if path.is_dir() and contents is not None:
            return alone
        return model_upload(RepackedFile(str(path), contents, code), self._prefix, 0)

    def _contents(self) -> Any:
        endpoint = self.endpoint
        asked = (endpoint.entry_point or "", endpoint.source_dir, tuple(endpoint.dependencies))
        return self.inputs.packing.code(self.inputs.folder, *asked)

    @property
    def _prefix(self) -> str:
        given = self.endpoint.code_location or self.bucket("code_location")
        return below(given, as_sdk_1=self.endpoint.server == "python")

    def bucket(self, field: str) -> str:
        """The default bucket, for what `field` would put elsewhere."""
        self.bucket_by = field
        return f"s3://{default_bucket(self.site)}"

    @cached_property
    def local_model(self) -> FilePath | None:
        """The path of a model that lies on this machine."""
        given = self.endpoint.model_data
        return self.inputs.folder / given if isinstance(given, str) and is_local(given) else None

    @cached_property
    def model(self) -> Upload | None:
        """A local model that is uploaded by itself: without code, or beside that of the Python-based server."""
        path = self.local_model
        if path is None or (self.code is not None and self.endpoint.server == "tensorflow-serving"):
            return None
        return self._collected(lambda: local_upload(path, None, self._prefix, 0 if self.code is None else 1))

    @property
    def uploads(self) -> tuple[Upload, ...]:
        try:
            return tuple(upload for upload in (self.code, self.model) if upload is not None)
        except Unknown:
            return ()

    # CreateModel -----------------------------------------------------------------------------------------------------

    def role(self) -> str | None:
        return role_arn(self.endpoint.role, self.site, self.inputs.facts)

    def container(self) -> dict[str, Any]:
        location, source = self.model_data()
        return present(
            Image=self.made(("PrimaryContainer", "Image"), self.image),
            Environment=self.made(("PrimaryContainer", "Environment"), self.environment) or None,
            ModelDataUrl=location,
            ModelDataSource=source,
        )

    def image(self) -> str | None:
        endpoint = self.endpoint
        if endpoint.image_uri is not None:
            return endpoint.image_uri
        serverless = endpoint.serverless_inference_config is not None
        if not self.site.region or endpoint.framework_version is None:
            self.unknown.add(("PrimaryContainer", "Image"))
            return None
        kind = None if serverless else endpoint.first_type
        try:
            return serving_image(endpoint.server, endpoint.framework_version, self.site.region, kind)
        except LookupError as error:
            hint = "give image_uri, or take a version that has one"
            field = "framework_version" if self.trained.body == {} else "training_job"
            raise Incomplete((field,), f"no serving image is known: {error}", hint) from None

    def model_data(self) -> tuple[str | None, dict[str, Any] | None]:
        """(the archive's place, or where the model lies unpacked)"""
        given = self.endpoint.model_data
        if given is None or isinstance(given, str):
            repacked = self.endpoint.server == "tensorflow-serving" and self.code is not None
            upload = self.code if repacked else self.model
            if upload is None and self.local_model is not None:  # why it cannot be uploaded has been said
                self.unknown.add(("PrimaryContainer", "ModelDataUrl"))
                return None, None
            return (given if upload is None else upload.uri), None
        return None, to_api(given)

    def environment(self) -> dict[str, str]:
        endpoint = self.endpoint
        if endpoint.server == "python":
            return {**endpoint.env, **self.python_environment()}
        level = LEVELS.get(endpoint.container_log_level or 0)
        return {**endpoint.env, **({"SAGEMAKER_TFS_NGINX_LOGLEVEL": level} if level else {})}

    def python_environment(self) -> dict[str, str]:
        """Source: sagemaker 1.16.3, tensorflow/model.py and model.py."""
        endpoint = self.endpoint
        level = 20 if endpoint.container_log_level is None else endpoint.container_log_level
        workers = endpoint.model_server_workers
        values = {
            "SAGEMAKER_PROGRAM": (endpoint.entry_point or "").rpartition("/")[2]
            if endpoint.source_dir is None
            else endpoint.entry_point,
            "SAGEMAKER_SUBMIT_DIRECTORY": self.code.uri if self.code is not None else endpoint.source_dir,
            "SAGEMAKER_CONTAINER_LOG_LEVEL": str(level),
            "SAGEMAKER_REGION": self.site.region,
            "SAGEMAKER_ENABLE_CLOUDWATCH_METRICS": "false",
            "SAGEMAKER_MODEL_SERVER_WORKERS": None if workers is None else str(workers),
            "SAGEMAKER_REQUIREMENTS": endpoint.requirements_file,
        }
        code = code_of(self.trained) if endpoint.entry_point is None and self.trained.job_name else {}
        return {**present(**values), **code}

    def network(self) -> dict[str, Any] | None:
        if self.endpoint.subnets is None or self.endpoint.security_group_ids is None:
            return None
        return {"Subnets": self.endpoint.subnets, "SecurityGroupIds": self.endpoint.security_group_ids}

    # CreateEndpointConfig --------------------------------------------------------------------------------------------

    def variants(self) -> list[dict[str, Any]]:
        given = self.endpoint.production_variants
        if given is not None:
            return [self.variant(each) for each in given]
        return [{"VariantName": VARIANT, "ModelName": name_of(MODEL), "InitialVariantWeight": 1, **self.capacity()}]

    def shadows(self) -> list[dict[str, Any]] | None:
        given = self.endpoint.shadow_production_variants
        return None if given is None else [self.variant(each) for each in given]

    def variant(self, given: ProductionVariant) -> dict[str, Any]:
        """A variant of its own; the endpoint's fields say what it does not say."""
        own = {"VariantName": given.variant_name, "ModelName": name_of(MODEL), **to_api(given)}
        if "RoutingConfig" in own:
            own["RoutingConfig"] = _routing(given.routing_config)
        if given.serverless_config is not None:
            return own
        shared = self.capacity()
        if given.instance_type is not None:
            shared.pop("ServerlessConfig", None)
        return {"VariantName": given.variant_name, **shared, **own}

    def capacity(self) -> dict[str, Any]:
        """What the endpoint's own fields say of a variant."""
        endpoint = self.endpoint
        given = endpoint.serverless_inference_config
        if given is not None:
            return {"ServerlessConfig": to_api(given)}
        return present(
            InstanceType=endpoint.instance_type,
            InitialInstanceCount=endpoint.initial_instance_count,
            VolumeSizeInGB=endpoint.volume_size,
            ModelDataDownloadTimeoutInSeconds=endpoint.model_data_download_timeout,
            ContainerStartupHealthCheckTimeoutInSeconds=endpoint.container_startup_health_check_timeout,
            RoutingConfig=_routing(endpoint.routing_config),
            InferenceAmiVersion=endpoint.inference_ami_version,
        )

    def data_capture(self) -> dict[str, Any] | None:
        given = self.endpoint.data_capture_config
        if given is None:
            return None
        return present(
            EnableCapture=given.enable_capture,
            InitialSamplingPercentage=given.sampling_percentage,
            DestinationS3Uri=given.destination_s3_uri
            or f"{self.bucket('data_capture_config')}/model-monitor/data-capture",
            KmsKeyId=given.kms_key_id,
            CaptureOptions=[{"CaptureMode": CAPTURED.get(option, option)} for option in given.capture_options],
            CaptureContentTypeHeader={
                "CsvContentTypes": given.csv_content_types,
                "JsonContentTypes": given.json_content_types,
            },
        )

    def asynchronous(self) -> dict[str, Any] | None:
        given = self.endpoint.async_inference_config
        if given is None:
            return None
        name, topics = self.endpoint.name, given.notification_config
        output = present(
            S3OutputPath=given.output_path or f"{self.bucket('async_inference_config')}/async-endpoint-outputs/{name}",
            S3FailurePath=given.failure_path
            or f"{self.bucket('async_inference_config')}/async-endpoint-failures/{name}",
            KmsKeyId=given.kms_key_id,
            NotificationConfig=None if topics is None else to_api(topics),
        )
        most = given.max_concurrent_invocations_per_instance
        client = None if most is None else {"MaxConcurrentInvocationsPerInstance": most}
        return present(OutputConfig=output, ClientConfig=client)

    # CreateEndpoint --------------------------------------------------------------------------------------------------

    def deployment(self) -> dict[str, Any] | None:
        given = self.endpoint.deployment_config
        return None if given is None else to_api(given)

    def explainer(self) -> dict[str, Any] | None:
        given = self.endpoint.explainer_config
        return None if given is None else {"ClarifyExplainerConfig": to_api(given)}


def _routing(given: RoutingConfig | None) -> dict[str, str] | None:
    return None if given is None else {"RoutingStrategy": given.routing_strategy.upper()}


MEMBERS: Mapping[str, Mapping[str, Callable[[_Bodies], Any]]] = {
    MODEL: {
        "ExecutionRoleArn": _Bodies.role,
        "PrimaryContainer": _Bodies.container,
        "VpcConfig": _Bodies.network,
        "EnableNetworkIsolation": lambda bodies: bodies.endpoint.enable_network_isolation or None,
    },
    CONFIG: {
        "ProductionVariants": _Bodies.variants,
        "ShadowProductionVariants": _Bodies.shadows,
        "DataCaptureConfig": _Bodies.data_capture,
        "AsyncInferenceConfig": _Bodies.asynchronous,
        "ExplainerConfig": _Bodies.explainer,
        "KmsKeyId": lambda bodies: bodies.endpoint.kms_key,
    },
    ENDPOINT: {
        "EndpointConfigName": lambda _bodies: name_of(CONFIG),
        "DeploymentConfig": _Bodies.deployment,
    },
}
"""Operation → every member of its request, in the order in which it is written, and what makes it."""
