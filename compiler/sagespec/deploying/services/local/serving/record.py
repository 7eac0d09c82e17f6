"""What an endpoint's folder says of it, as SageMaker would say it; and the end of servers that nobody answers for."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from sagespec.base.redact import redacted
from sagespec.building.tags import DIGEST, NAME, observed_by, tags_in
from sagespec.deploying.planning.observed import Capacity, ObservedEndpoint, Revision
from sagespec.deploying.services.local.folder import read_json
from sagespec.deploying.services.local.log import Log
from sagespec.deploying.services.local.running import alive
from sagespec.deploying.services.local.serving.executors import executor_of
from sagespec.deploying.services.local.serving.folder import VARIANT, EndpointFolder, RevisionFolder, variant_of

ENDED = ("Failed", "Stopped")
GONE = "InternalServerError: the endpoint's supervisor ended without a message (killed, or this machine restarted)"
SHUT_DOWN = "InternalServerError: this machine went down, or the endpoint's supervisor was ended"


def settled(revision: RevisionFolder) -> dict[str, Any]:
    """The status; that of a revision whose supervisor is gone is written down as what it is."""
    status = revision.state()
    if status["status"] in ENDED or alive.is_alive(read_json(revision.supervisor)):
        return status
    # It may have ended between the two looks, having said how.
    status = revision.state()
    return status if status["status"] in ENDED else _given_up(revision)


def _given_up(revision: RevisionFolder) -> dict[str, Any]:
    alive.end(read_json(revision.processes, []), str(revision.path))
    executor_of(revision).clean_up()
    with contextlib.suppress(OSError):
        revision.write_status("Failed", failure=GONE)
        Log(revision.log).note(GONE)
    return {**revision.state(), "status": "Failed", "failure": GONE}


def observed(endpoint: EndpointFolder) -> ObservedEndpoint:
    """The endpoint, as it is now.

    Raises:
        FileNotFoundError: it has gone meanwhile.
    """
    asked = endpoint.asked
    if asked is None:
        raise FileNotFoundError(endpoint.path)
    status = _status(endpoint, asked)
    shown = endpoint.current or asked
    model, config = shown.bodies()
    tags = tags_of(endpoint)
    created = endpoint.made()["created"]
    return ObservedEndpoint(
        job_name=endpoint.name,
        status=status["status"],
        secondary=status.get("stage") or "",
        created=created,
        failure=redacted(status.get("failure") or ""),
        arn=endpoint.arn,
        body=_description(endpoint, status, shown),
        config=shown.config,
        pending=asked.config if status["status"] in ("Creating", "Updating") else "",
        capacities=(capacity_of(endpoint, config),),
        revisions=tuple(revisions_of(endpoint)),
        modified=status["modified"],
        model_body=model,
        **observed_by(tags, endpoint.name),
        config_body=config,
    )


def _status(endpoint: EndpointFolder, asked: RevisionFolder) -> dict[str, Any]:
    """The endpoint's, out of those of the revision that was asked for and the one that answers."""
    current, wanted = endpoint.current, settled(asked)
    serving = wanted if current is None or current == asked else settled(current)
    if endpoint.current != current:  # between the two looks it has begun to serve
        return _status(endpoint, asked)
    serving = {**serving, "modified": max(serving["modified"], wanted["modified"])}
    if current is None and serving["status"] == "InService":  # its server answers, and is not yet the endpoint's
        serving["status"] = "Creating"
    if endpoint.deleting.exists():
        return {**serving, "status": "Deleting"}
    if current is not None and current != asked:
        if wanted["status"] not in ENDED and serving["status"] == "InService":
            return {**serving, "status": "Updating", "stage": wanted.get("stage", "")}
        return {
            **_lost(serving),
            **({"failure": wanted.get("failure", "")} if serving["status"] == "InService" else {}),
        }
    return _lost(serving)


def _lost(status: Mapping[str, Any]) -> dict[str, Any]:
    """A revision that has stopped without being asked has failed."""
    return {**status, "status": "Failed", "failure": SHUT_DOWN} if status["status"] == "Stopped" else dict(status)


def tags_of(endpoint: EndpointFolder) -> dict[str, str]:
    given = tags_in(endpoint.made()["body"].get("Tags", ()))
    tags: dict[str, str] = read_json(endpoint.tags, given)
    return tags


def capacity_of(endpoint: EndpointFolder, config: Mapping[str, Any]) -> Capacity:
    """What was asked for: this machine is as many instances as one likes."""
    variant = {**variant_of(config), **read_json(endpoint.scaled, {})}
    serverless = variant.get("ServerlessConfig")
    sizes = ("MaxConcurrency", "ProvisionedConcurrency")
    if serverless is not None:
        known = {key: serverless[key] for key in sizes if key in serverless}
        return Capacity(VARIANT, weight=variant.get("InitialVariantWeight", 1.0), serverless=known)
    count = variant.get("InitialInstanceCount", 1)
    return Capacity(VARIANT, count, count, variant.get("InitialVariantWeight", 1.0))


def revisions_of(endpoint: EndpointFolder) -> list[Revision]:
    """The configurations of the endpoint's manifest, oldest first."""
    made = []
    for name, kept in endpoint.configs.all():
        tags = tags_in(kept["config"].get("Tags", ()))
        if tags.get(NAME) == endpoint.name:
            made.append(Revision(name, tags.get(DIGEST, ""), (kept["model"]["ModelName"],), kept["created"]))
    return sorted(made, key=lambda one: (one.created, one.config))


def _description(endpoint: EndpointFolder, status: Mapping[str, Any], shown: RevisionFolder) -> dict[str, Any]:
    """The members of DescribeEndpoint's answer that a local endpoint has, and its `Url`."""
    known = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": shown.config,
        "EndpointStatus": status["status"],
        "FailureReason": redacted(status.get("failure") or "") or None,
        "CreationTime": datetime.fromtimestamp(endpoint.made()["created"], timezone.utc),
        "LastModifiedTime": datetime.fromtimestamp(status["modified"], timezone.utc),
        "Url": status.get("url") if status["status"] in ("InService", "Updating") else None,
    }
    return {key: value for key, value in known.items() if value is not None}
