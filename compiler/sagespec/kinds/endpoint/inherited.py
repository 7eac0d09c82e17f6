"""What an endpoint takes from the training job whose model it serves, as SDK 2's `Estimator.deploy` does.

Source: sagemaker 2.257.7, tensorflow/estimator.py (create_model) and estimator.py (deploy, model_data); 1.16.3's
tensorflow/estimator.py for Python-based endpoints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sagespec.building.draft import Trained, present
from sagespec.kinds.endpoint.model import Endpoint, ModelDataSource, S3DataSource

REPOSITORIES = ("tensorflow-training", "sagemaker-tensorflow", "sagemaker-tensorflow-scriptmode")
"""AWS's own training images of TensorFlow; another image serves what it has trained."""
_IMAGE = re.compile(r"/(?P<repository>[a-z0-9-]+):(?P<version>\d+\.\d+(?:\.\d+)?)-")
LOG_LEVEL = 20
"""What an estimator's own default is, and so an endpoint's of its model."""


def with_job(endpoint: Endpoint, trained: Trained) -> Endpoint:
    """The endpoint with what it does not say itself. Of a partial one, no field that is wrong is filled in."""
    known, body = endpoint.members(), trained.body
    unknown = set(Endpoint.fields) - set(known)
    found = {**_server(known, body), **_model(body), **_network(known, body)}
    found |= present(role=body.get("RoleArn"), container_log_level=_log_level(body))
    missing = {name: value for name, value in found.items() if name in known and known[name] is None}
    if "enable_network_isolation" in known and "enable_network_isolation" not in endpoint.fields_set:
        missing["enable_network_isolation"] = bool(body.get("EnableNetworkIsolation"))
    return Endpoint.partial({**known, **missing}, unknown)


def code_of(trained: Trained) -> dict[str, str]:
    """The training code, which serves too where a Python-based endpoint names none: variables of the container."""
    given = trained.body.get("HyperParameters", {})
    return present(
        SAGEMAKER_PROGRAM=_decoded(given.get("sagemaker_program")),
        SAGEMAKER_SUBMIT_DIRECTORY=_decoded(given.get("sagemaker_submit_directory")),
        SAGEMAKER_REQUIREMENTS=_decoded(given.get("sagemaker_requirements")) or "",
    )


def _server(known: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, str]:
    """The version that it was trained with, or the image itself where that is not AWS's."""
    image = str(body.get("AlgorithmSpecification", {}).get("TrainingImage", ""))
    if not image or known.get("image_uri") or known.get("framework_version"):
        return {}
    named = _IMAGE.search(image)
    if named is not None and named["repository"] in REPOSITORIES:
        return {"framework_version": named["version"]}
    return {"image_uri": image}


def _model(body: Mapping[str, Any]) -> dict[str, Any]:
    place = body.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    if place is None:
        return {}
    if body.get("OutputDataConfig", {}).get("CompressionType") != "NONE":
        return {"model_data": place}
    source = S3DataSource.partial({"s3_uri": f"{place.rstrip('/')}/"}, set())
    return {"model_data": ModelDataSource.partial({"s3_data_source": source}, set())}


def _network(known: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    network = body.get("VpcConfig", {})
    if known.get("subnets") or known.get("security_group_ids") or not network:
        return {}
    return {"subnets": network.get("Subnets"), "security_group_ids": network.get("SecurityGroupIds")}


def _log_level(body: Mapping[str, Any]) -> int:
    said = _decoded(body.get("HyperParameters", {}).get("sagemaker_container_log_level"))
    return int(said) if str(said).isdecimal() else LOG_LEVEL


def _decoded(value: str | None) -> Any:
    """A hyperparameter, which is JSON in the request."""
    try:
        return None if value is None else json.loads(value)
    except ValueError:
        return value
