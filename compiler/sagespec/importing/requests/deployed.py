"""An endpoint that exists, as its descriptions show it → a manifest that compiles to the same three requests.

What fields can say is said in fields. The manifest is then compiled, and whatever the endpoint has otherwise goes under
`request:`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.building.request import name_of
from sagespec.building.tags import OURS
from sagespec.catalog import Facts
from sagespec.catalog.serving import serving_image
from sagespec.importing.draft import FilledArgument, ManifestDraft, UnreadableProgram, job_name, literal
from sagespec.importing.requests.compiled import compiled
from sagespec.importing.requests.members import Body, top_members
from sagespec.kinds import kind_named
from sagespec.kinds.api_names import from_api
from sagespec.kinds.endpoint.draft import CONFIG, ENDPOINT, LEVELS, MODEL
from sagespec.kinds.endpoint.members import SECTIONS, VARIANT
from sagespec.kinds.endpoint.model import ProductionVariant

IMAGE = re.compile(
    r"/(?P<repository>tensorflow-inference(?:-graviton)?|sagemaker-tensorflow(?:-serving)?):(?P<version>[0-9.]+)-"
)
"""AWS's own serving images of TensorFlow."""
SHOWN_ANYHOW = {"EnableNetworkIsolation": False, "KmsKeyId": ""}
"""Member → what the service shows where nobody asked for anything."""
NAMES = frozenset({"ModelName", "EndpointConfigName", "EndpointName", "Tags"})
VARIANTS = ("ProductionVariants", "ShadowProductionVariants")
WEIGHT = 1
"""InitialVariantWeight of a variant that says none.
Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html"""
CAPACITY = {
    "InstanceType": "instance_type",
    "InitialInstanceCount": "initial_instance_count",
    "VolumeSizeInGB": "volume_size",
    "ModelDataDownloadTimeoutInSeconds": "model_data_download_timeout",
    "ContainerStartupHealthCheckTimeoutInSeconds": "container_startup_health_check_timeout",
    "InferenceAmiVersion": "inference_ami_version",
}
"""Member of the one variant → the endpoint's own field."""
OF_PYTHON = {
    "SAGEMAKER_PROGRAM": "entry_point",
    "SAGEMAKER_SUBMIT_DIRECTORY": "source_dir",
    "SAGEMAKER_REQUIREMENTS": "requirements_file",
}
NUMBERS_OF_PYTHON = {
    "SAGEMAKER_MODEL_SERVER_WORKERS": "model_server_workers",
    "SAGEMAKER_CONTAINER_LOG_LEVEL": "container_log_level",
}
"""Variable of the Python-based server → field."""


def from_endpoint(endpoint: Body, config: Body, model: Body, tags: Mapping[str, str], facts: Facts) -> ManifestDraft:
    """The manifest of an endpoint.

    Args:
        endpoint, config, model: the answers of DescribeEndpoint, DescribeEndpointConfig and DescribeModel.
        tags: the endpoint's.

    Raises:
        UnreadableProgram: it serves in a way for which a manifest has no words.
    """
    if not model or not config:
        raise UnreadableProgram(
            f"what {endpoint['EndpointName']} serves was deleted: it keeps serving, and nobody knows what"
        )
    containers = [model["PrimaryContainer"]] if "PrimaryContainer" in model else model.get("Containers", [])
    if len(containers) != 1 or containers[0].get("ModelPackageName"):
        raise UnreadableProgram("a manifest describes one container, with an image of its own", "write it by hand")
    reader = _DescribedEndpoint(endpoint, config, model, containers[0], tags)
    data, draft = compiled(kind_named("Endpoint"), literal(reader.fields()), facts)
    made = {call.operation: dict(call.template) for call in draft.request.calls}
    override: dict[str, Any] = {}
    for section, operation in SECTIONS.items():
        if operation in made:
            found = _override(reader.bodies[operation], made[operation])
            override |= {section: literal(found)} if found else {}
    data = {**data, **({"request": override} if override else {})}
    arguments = tuple(_arguments(reader.bodies, override))
    return ManifestDraft(data, remarks=tuple(reader.remarks()), arguments=arguments, kind="Endpoint")


class _DescribedEndpoint:
    """Reads the descriptions, group of fields by group."""

    def __init__(self, endpoint: Body, config: Body, model: Body, container: Body, tags: Mapping[str, str]) -> None:
        self.endpoint, self.config, self.model, self.container = endpoint, config, model, container
        self.tags = {key: value for key, value in tags.items() if not key.startswith((OURS, "aws:"))}
        self.region = str(endpoint["EndpointArn"]).split(":")[3]
        self.variants = [self._own(variant) for variant in config["ProductionVariants"]]
        self.bodies: dict[str, dict[str, Any]] = {
            MODEL: {**_of(MODEL, model), "PrimaryContainer": dict(container)},
            CONFIG: _of(CONFIG, config),
            ENDPOINT: {},
        }
        self.bodies[MODEL].pop("Containers", None)
        for member in VARIANTS:
            if config.get(member):
                self.bodies[CONFIG][member] = [self._own(variant) for variant in config[member]]
        if endpoint.get("LastDeploymentConfig"):
            self.bodies[ENDPOINT]["DeploymentConfig"] = endpoint["LastDeploymentConfig"]

    def _own(self, variant: Body) -> dict[str, Any]:
        """A variant; one of the described model names what the manifest makes."""
        served = variant.get("ModelName") == self.model.get("ModelName")
        return {"InitialVariantWeight": WEIGHT, **variant, **({"ModelName": name_of(MODEL)} if served else {})}

    def fields(self) -> dict[str, Any]:
        network = self.model.get("VpcConfig", {})
        found = {
            "name": job_name(self.endpoint["EndpointName"]),
            "tags": self.tags,
            "region": self.region,
            "role": self.model.get("ExecutionRoleArn"),
            "subnets": network.get("Subnets"),
            "security_group_ids": network.get("SecurityGroupIds"),
            "enable_network_isolation": self.model.get("EnableNetworkIsolation"),
            "kms_key": self.config.get("KmsKeyId") or None,
            **self.image(),
            **self.environment(),
            **self.served(),
            **self.capacity(),
            **self.requests(),
            "deployment_config": from_api(self.endpoint.get("LastDeploymentConfig")),
        }
        return {name: value for name, value in found.items() if value not in (None, "", {}, [], False)}

    # The model

    def image(self) -> dict[str, Any]:
        image = str(self.container.get("Image", ""))
        named = IMAGE.search(image)
        if named is None:
            return {"image_uri": image}
        server = "python" if named["repository"] == "sagemaker-tensorflow" else "tensorflow-serving"
        kind = self.variants[0].get("InstanceType")
        try:
            same = serving_image(server, named["version"], self.region, kind) == image  # type: ignore[arg-type]
        except LookupError:
            same = False
        both = named["version"].startswith(("1.11", "1.12"))
        return {
            **({"framework_version": named["version"]} if same else {"image_uri": image}),
            **({"endpoint_type": server} if both or (server == "python" and not same) else {}),
        }

    def environment(self) -> dict[str, Any]:
        given = dict(self.container.get("Environment", {}))
        if "sagemaker-tensorflow:" in str(self.container.get("Image")):
            fields: dict[str, Any] = {field: given.pop(name, None) for name, field in OF_PYTHON.items()}
            for name, field in NUMBERS_OF_PYTHON.items():
                text = str(given.pop(name, ""))
                fields[field] = int(text) if text.isdecimal() else None
            for name in ("SAGEMAKER_REGION", "SAGEMAKER_ENABLE_CLOUDWATCH_METRICS"):
                given.pop(name, None)
            return {**fields, "env": given}
        level = next((n for n, word in LEVELS.items() if given.get("SAGEMAKER_TFS_NGINX_LOGLEVEL") == word), None)
        if level is not None:
            del given["SAGEMAKER_TFS_NGINX_LOGLEVEL"]
        return {"env": given, "container_log_level": level}

    def served(self) -> dict[str, Any]:
        url, source = self.container.get("ModelDataUrl"), self.container.get("ModelDataSource")
        if url is not None:
            self.bodies[MODEL]["PrimaryContainer"].pop("ModelDataSource", None)  # the same, in other words
            return {"model_data": url}
        return {"model_data": from_api(source)} if source else {}

    # The configuration

    def capacity(self) -> dict[str, Any]:
        first, shadows = self.variants[0], self.config.get("ShadowProductionVariants")
        alone = (
            len(self.variants) == 1 and first["VariantName"] == VARIANT and first.get("InitialVariantWeight", 1) == 1
        )
        found: dict[str, Any] = {}
        if shadows:
            found["shadow_production_variants"] = [_variant(self._own(shadow)) for shadow in shadows]
        if not alone:
            return {**found, "production_variants": [_variant(variant) for variant in self.variants]}
        found |= {field: first[member] for member, field in CAPACITY.items() if member in first}
        found["serverless_inference_config"] = from_api(first.get("ServerlessConfig"))
        found["routing_config"] = from_api(first.get("RoutingConfig"))
        return found

    def requests(self) -> dict[str, Any]:
        """What is kept of requests and answers, where answers go, and what explains them."""
        found: dict[str, Any] = {}
        capture = self.config.get("DataCaptureConfig")
        if capture:
            header = capture.get("CaptureContentTypeHeader", {})
            found["data_capture_config"] = _present(
                enable_capture=capture.get("EnableCapture"),
                sampling_percentage=capture.get("InitialSamplingPercentage"),
                destination_s3_uri=capture.get("DestinationS3Uri"),
                kms_key_id=capture.get("KmsKeyId"),
                capture_options=[option["CaptureMode"] for option in capture.get("CaptureOptions", ())],
                csv_content_types=header.get("CsvContentTypes"),
                json_content_types=header.get("JsonContentTypes"),
            )
        answers = self.config.get("AsyncInferenceConfig")
        if answers:
            output = answers.get("OutputConfig", {})
            found["async_inference_config"] = _present(
                output_path=output.get("S3OutputPath"),
                failure_path=output.get("S3FailurePath"),
                kms_key_id=output.get("KmsKeyId"),
                notification_config=from_api(output.get("NotificationConfig")),
                max_concurrent_invocations_per_instance=answers.get("ClientConfig", {}).get(
                    "MaxConcurrentInvocationsPerInstance"
                ),
            )
        explainer = self.config.get("ExplainerConfig", {}).get("ClarifyExplainerConfig")
        return {**found, "explainer_config": from_api(explainer)}

    # What no manifest can say

    def remarks(self) -> Iterator[str]:
        name = self.endpoint["EndpointName"]
        if job_name(name) != name:
            yield f"the endpoint is called {name}, which is not a name that a manifest can have"
        for variant in self.endpoint.get("ProductionVariants", ()):
            there = variant.get("DesiredInstanceCount")
            described = next((v for v in self.variants if v["VariantName"] == variant["VariantName"]), {})
            if there is not None and there != described.get("InitialInstanceCount"):
                yield f"{variant['VariantName']} has {there} instances now; with an autoscaler, write scaling: external"


def _variant(body: Body) -> dict[str, Any]:
    """What a variant's fields can say; the rest goes under `request:`."""
    own = {name: value for name, value in from_api(dict(body)).items() if name in ProductionVariant.fields}
    if own.get("model_name") == name_of(MODEL):
        del own["model_name"]
    return own


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _of(operation: str, body: Body) -> dict[str, Any]:
    """The members of a description that a request has."""
    own = top_members(operation) - NAMES
    return {
        name: value
        for name, value in body.items()
        if name in own and value not in (None, {}, []) and SHOWN_ANYHOW.get(name) != value
    }


def _override(wanted: Body, made: Body) -> dict[str, Any]:
    """What `request:` says, so that what is made comes to what is wanted."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys((*wanted, *made)):
        want, have = wanted.get(name), made.get(name)
        if want == have or name == "EndpointConfigName":
            continue
        if isinstance(want, Mapping) and isinstance(have, Mapping):
            found |= {name: inner} if (inner := _override(want, have)) else {}
        elif name in VARIANTS and isinstance(want, list):
            found[name] = [{key: item for key, item in one.items() if item != name_of(MODEL)} for one in want]
        else:
            found[name] = want
    return found


def _arguments(bodies: Mapping[str, Body], override: Mapping[str, Any]) -> Iterator[FilledArgument]:
    """What has become of each member."""
    for section, operation in SECTIONS.items():
        for name in bodies.get(operation, ()):
            changed = name in override.get(section, {})
            how = f"under request.{section}" if changed else "its field"
            yield FilledArgument(f"{operation}.{name}", "changed" if changed else "taken", how)
