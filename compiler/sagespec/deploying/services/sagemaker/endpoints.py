"""SageMaker's endpoints through boto3, behind the service interface.

A configuration's and a model's name holds the digest of its content: the name is the lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sagespec.building.model_archive import model_place
from sagespec.building.request import Naming, Request
from sagespec.building.tags import ARTIFACT, DIGEST, OWNER, PROJECT, owner_of, tags_in
from sagespec.deploying.following.waits import waiting
from sagespec.deploying.planning.observed import Revision
from sagespec.deploying.services import (
    Answer,
    Cursor,
    InProgress,
    LogLine,
    NameTaken,
    NoSuchJob,
    ServiceError,
)
from sagespec.deploying.services.sagemaker.logs import of_endpoint, read_logs, read_tail
from sagespec.deploying.services.sagemaker.observing_endpoints import EndpointObserver
from sagespec.deploying.services.sagemaker.runtime import RUNTIME, invoke
from sagespec.deploying.services.sagemaker.s3 import ObjectStore
from sagespec.deploying.services.sagemaker.usage import Usage

POLL_SECONDS = 10.0
"""An endpoint takes minutes to come; the SDK looks every 30 s."""
LAG_SECONDS = 120.0
"""How long a configuration that was made a moment ago may not be found.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html (DynamoDB, eventually
consistent reads)
"""
LAG_PAUSE = 3.0

_NOT_YET = re.compile(r"Could not find endpoint configuration")


class SageMakerEndpoints(EndpointObserver):
    """The endpoints of one account in one region. Safe to share between threads once made."""

    poll_seconds = POLL_SECONDS
    """How often it is polite to look at an endpoint that changes."""
    calls_a_minute = 600
    endless_logs = True
    """An endpoint writes its log for as long as it stands."""

    def prepare(self, request: Request) -> None:
        """Makes the model and the configuration of a request; what is there already with our digest is left.

        Raises:
            NameTaken: something else has one of the names.
            ServiceError: the model's archive is not the one that the plan is about.
        """
        self._check_archive(request)
        bodies = request.bodies()
        for call in request.named_calls:
            if call.naming is Naming.CONTENT:
                self._make(request, call.operation, bodies[call.operation])

    def archive_at(self, uri: str, job_name: str) -> str:
        """What the content of a model's archive is known by: its ETag. Where it cannot be seen, what it was known by
        when the endpoint was asked to serve it.

        Raises:
            ServiceError: S3 or SageMaker failed.
        """
        return self._etag(uri) or self._served_archive(uri, job_name)

    def _etag(self, uri: str) -> str:
        return ObjectStore(self._client("s3"), self.region).etag(uri)

    def _served_archive(self, uri: str, job_name: str) -> str:
        try:
            body = self._describe(job_name)
        except NoSuchJob:
            return ""
        container = self._content(self._observed_endpoint(body, {})).get("model_body", {}).get("PrimaryContainer", {})
        served = model_place(container) == uri
        return (self._tags_of(body["EndpointArn"]) or {}).get(ARTIFACT, "") if served else ""

    def _check_archive(self, request: Request) -> None:
        """Raises:
        ServiceError: there is another archive than the one that the plan is about.
        """
        planned = request.tags.get(ARTIFACT)
        if planned is None or request.uploads:
            return
        uri = model_place(request.template["PrimaryContainer"])
        if self._etag(uri) not in ("", planned):
            raise ServiceError(f"{uri} was changed since the plan was made", "look at a new plan: sagespec plan PATH…")

    def _make(self, request: Request, operation: str, body: Mapping[str, Any]) -> None:
        thing = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation.removeprefix("Create")).lower()
        name = request.name_made_by(operation)
        try:
            self._call(f"create_{thing}", name, **body)
        except NameTaken as taken:
            member = operation.removeprefix("Create")
            found = self._call(f"describe_{thing}", name, **{f"{member}Name": name})
            tags = self._tags_of(found[f"{member}Arn"]) or {}
            wanted = tags_in(body["Tags"])
            if any(tags.get(key) != wanted.get(key) for key in (*OWNER, DIGEST)):
                whose = f"project '{tags[PROJECT]}'" if PROJECT in tags else "no project by its tags"
                message = f"{name} exists already, and does not belong to this manifest ({whose}): it is not used"
                raise NameTaken(message, "give the manifest another name, or delete what has this one") from taken

    def create(self, request: Request, attempt: int) -> None:
        """Creates the endpoint, with the configuration that is there.

        Raises:
            NameTaken: an endpoint of that name exists: another applier's, or ours, whose answer was lost on the way.
        """
        body = request.bodies(attempt)[request.calls[-1].operation]
        self._patiently("create_endpoint", request.name, **body)

    def deploy(self, job_name: str, config: str, members: Mapping[str, Any]) -> None:
        """Changes an endpoint to another configuration.

        Raises:
            InProgress: another change is on its way.
        """
        self._patiently("update_endpoint", job_name, EndpointName=job_name, EndpointConfigName=config, **members)

    def _patiently(self, method: str, about: str, **body: Any) -> None:
        """A call that names a configuration which may not be seen yet."""
        config, waited = body["EndpointConfigName"], 0.0
        while True:
            try:
                self._call(method, about, ("EndpointArn",), **body)
                return
            except ServiceError as error:
                if waited >= LAG_SECONDS or not _NOT_YET.search(error.message):
                    raise
            with waiting(f"{config} to be seen: it was made a moment ago"):
                self._sleep(LAG_PAUSE)
            waited += LAG_PAUSE

    def scale(self, job_name: str, wanted: Sequence[Mapping[str, Any]]) -> None:
        """Changes counts and weights of an endpoint that serves.

        Raises:
            InProgress: another change is on its way.
        """
        self._call(
            "update_endpoint_weights_and_capacities",
            job_name,
            ("EndpointArn",),
            EndpointName=job_name,
            DesiredWeightsAndCapacities=[dict(one) for one in wanted],
        )

    def stop(self, job_name: str) -> None:
        """Deletes an endpoint, whose configurations and models stay.

        Raises:
            NoSuchJob: there is none of that name.
            InProgress: it is being changed; only when that is over can it be deleted.
        """
        try:
            self._call("delete_endpoint", job_name, EndpointName=job_name)
        except InProgress:
            if self._describe(job_name)["EndpointStatus"] != "Deleting":  # the answer to our own call may have got lost
                raise

    def update(self, job_name: str, members: Mapping[str, Any]) -> None:
        raise ServiceError(f"{job_name} is an endpoint: it is deployed or scaled")

    def tag(self, job_name: str, add: Mapping[str, str], remove: Sequence[str]) -> None:
        """Removes and adds tags of an endpoint."""
        arn = self._describe(job_name)["EndpointArn"]
        self._tags.pop(arn, None)
        self._retag(job_name, arn, add, remove)

    def discard(self, revision: Revision) -> str:
        """Removes a configuration, if no endpoint uses it, and those of its models that nothing else names.

        Returns:
            Why it was left, in words; empty where it is gone.
        """
        usage = Usage(self)
        owner = self._owner("endpoint_config", revision.config) if revision.config else None
        user = usage.endpoint_with(revision.config, revision.created) if revision.config else ""
        if user:
            return f"{revision.config} is kept: the endpoint {user} uses it"
        if revision.config:
            self._delete("endpoint_config", EndpointConfigName=revision.config)
        for model in revision.models:
            if owner is not None and self._owner("model", model) != owner:
                continue  # a model that was there already, and was only named
            user = usage.user_of_model(model)
            if user:
                return f"the model {model} is kept: {user} uses it"
            self._delete("model", ModelName=model)
        return ""

    def _owner(self, thing: str, name: str) -> tuple[str, ...]:
        """Whose a configuration or a model is, by its tags; nobody's where it is not there any more."""
        word = "".join(part.title() for part in thing.split("_"))
        try:
            found = self._call(f"describe_{thing}", name, (f"{word}Arn",), **{f"{word}Name": name})
            tags = self._tags_of(found[f"{word}Arn"]) or {}
        except NoSuchJob:
            return ()
        return owner_of(tags)

    def _delete(self, thing: str, **name: str) -> None:
        try:
            self._call(f"delete_{thing}", next(iter(name.values())), **name)
        except NoSuchJob:  # somebody else was faster, or the answer to our own call got lost
            return

    def invoke(
        self, job_name: str, payload: bytes, content_type: str, accept: str = "", attributes: str = ""
    ) -> Answer:
        """Sends a request to an endpoint.

        Args:
            attributes: custom attributes, for the container.

        Raises:
            ModelError: the model refused the request; with its words.
            ServiceError: it does not answer.
        """
        optional = {"Accept": accept, "CustomAttributes": attributes}
        given = {key: value for key, value in optional.items() if value}
        return invoke(self._client(RUNTIME), job_name, Body=payload, ContentType=content_type, **given)

    # What it says -----------------------------------------------------------------------------------------------------

    def logs(self, job_name: str, cursor: Cursor) -> tuple[Iterator[LogLine], Cursor]:
        """The lines of all instances after `cursor`, in the order of time, and where they end."""
        return read_logs(self._client("logs"), of_endpoint(job_name), cursor)

    def tail(self, job_name: str, count: int) -> list[LogLine]:
        """The last lines over all instances."""
        return read_tail(self._client("logs"), of_endpoint(job_name), count)

    def artifact(self, job_name: str, body: Mapping[str, Any] | None = None) -> str | None:
        """An endpoint makes no model."""
        return None

    def summaries(self, job_name: str) -> dict[str, str]:
        """An endpoint saves no summaries."""
        return {}
