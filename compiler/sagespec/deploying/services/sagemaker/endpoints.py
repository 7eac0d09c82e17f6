"""SageMaker's endpoints through boto3, behind the service interface.

An endpoint's own calls say what it does; its tags whose it is; the lists of configurations and models what else there
is of its manifest. A configuration's and a model's name holds the digest of its content: the name is the lock.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sagespec.building.model_archive import model_place
from sagespec.building.request import ARTIFACT, DIGEST, Naming
from sagespec.building.targets import Request
from sagespec.deploying.following.waits import waiting
from sagespec.deploying.planning.observed import Capacity, ObservedEndpoint, Revision
from sagespec.deploying.planning.ownership import manifest_name_of
from sagespec.deploying.services import (
    Answer,
    Cursor,
    InProgress,
    LogLine,
    NameTaken,
    NoSuchJob,
    ServiceError,
    one_by_one,
)
from sagespec.deploying.services.sagemaker.faults import cause_of, is_denied
from sagespec.deploying.services.sagemaker.logs import of_endpoint, read_logs, read_tail
from sagespec.deploying.services.sagemaker.s3 import ObjectStore
from sagespec.deploying.services.sagemaker.usage import Usage
from sagespec.deploying.services.sagemaker.wire import Wire
from sagespec.deploying.side_by_side import each

POLL_SECONDS = 10.0
"""An endpoint takes minutes to come; the SDK looks every 30 s."""
LAG_SECONDS = 120.0
"""How long a configuration that was made a moment ago may not be found.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html (DynamoDB, eventually
consistent reads)
"""
LAG_PAUSE = 3.0

_NOT_YET = re.compile(r"Could not find endpoint configuration")
_ENDPOINT = ("EndpointName", "EndpointArn", "EndpointStatus", "CreationTime")


class SageMakerEndpoints(Wire):
    """The endpoints of one account in one region. Safe to share between threads once made."""

    poll_seconds = POLL_SECONDS
    """How often it is polite to look at an endpoint that changes."""
    calls_a_minute = 600
    logs_go_on = True
    """An endpoint writes its log for as long as it stands."""

    def __init__(self, region: str = "", *, session: Any = None, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(region, session=session, sleep=sleep)
        self._tags: dict[str, dict[str, str]] = {}
        """By ARN. Who changes an endpoint's tags forgets them here."""

    # What exists ------------------------------------------------------------------------------------------------------

    def observe(self, requests: Sequence[Request], *, projects: bool = False) -> Iterable[ObservedEndpoint]:
        """The endpoints of these requests' names, whoever's they are; with `projects`, all of their projects.

        Raises:
            ServiceError: the service failed or refused.
        """
        self._tags.clear()
        names = dict.fromkeys(request.name for request in requests)
        with waiting(f"what {self.name} says exists"):
            if projects:
                names |= dict.fromkeys(self._found({request.project for request in requests}))
            return [seen for seen in each(self._whole, names) if seen is not None]

    def _found(self, projects: set[str]) -> Iterator[str]:
        """The names of the endpoints of some projects, as far as Search knows them; each is then looked at."""
        for project in sorted(projects):
            filters = [{"Name": "Tags.sagespec:project", "Operator": "Equals", "Value": project}]
            pages = self._pages("search", ("Results",), Resource="Endpoint", SearchExpression={"Filters": filters})
            for answer in pages:
                yield from (result["Endpoint"]["EndpointName"] for result in answer["Results"] if "Endpoint" in result)

    def _whole(self, name: str) -> ObservedEndpoint | None:
        """An endpoint with what of its manifest exists beside it; None where there is no endpoint of that name."""
        try:
            body = self._describe(name)
            tags = self._tags_of(body["EndpointArn"])
        except NoSuchJob:
            return None
        if tags is None:
            return self._seen(body, {}, tags_hidden=True)
        bare = self._seen(body, tags)
        revisions = self._revisions(bare)
        return self._seen(
            body,
            tags,
            revisions=tuple(revisions),
            spare=tuple(self._spare(bare, revisions)),
            **self._content(bare),
        )

    def _content(self, seen: ObservedEndpoint) -> dict[str, Any]:
        """What an endpoint serves: somebody may have deleted it, and it serves on. Of several models, the manifest's
        own, or the first."""
        config = seen.config
        try:
            config_body = self._call("describe_endpoint_config", config, EndpointConfigName=config) if config else {}
            models = _models_of(config_body)
            own = next((model for model in models if manifest_name_of(model) == seen.name), "".join(models[:1]))
            model_body = self._call("describe_model", own, ModelName=own) if own else {}
        except NoSuchJob:
            return {}
        return {"config_body": config_body, "model_body": model_body}

    def _revisions(self, seen: ObservedEndpoint) -> list[Revision]:
        """The manifest's own configurations, oldest first."""
        listed = self._own("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", seen)
        made = each(lambda one: self._revision(one, seen), listed)
        return sorted((one for one in made if one is not None), key=lambda one: (one.created, one.config))

    def _revision(self, summary: Mapping[str, Any], seen: ObservedEndpoint) -> Revision | None:
        tags = self._tags_of_one(summary["EndpointConfigArn"])
        name = summary["EndpointConfigName"]
        if not _is_of(seen, tags, name):
            return None
        try:
            body = self._call("describe_endpoint_config", name, EndpointConfigName=name)
        except NoSuchJob:  # gone since, or not to be seen yet
            body = {}
        created = summary["CreationTime"].timestamp()
        return Revision(name, tags[DIGEST], tuple(_models_of(body)), created, tags.get(ARTIFACT, ""))

    def _spare(self, seen: ObservedEndpoint, revisions: Sequence[Revision]) -> Iterator[Revision]:
        """The manifest's own models that none of its configurations names."""
        named = {model for revision in revisions for model in revision.models}
        for summary in self._own("list_models", "Models", "ModelName", seen):
            name = summary["ModelName"]
            if name not in named and _is_of(seen, self._tags_of_one(summary["ModelArn"]), name):
                yield Revision("", models=(name,), created=summary["CreationTime"].timestamp())

    def _own(self, method: str, member: str, name_member: str, seen: ObservedEndpoint) -> list[dict[str, Any]]:
        """What bears the manifest's name and a digest."""
        if not seen.name:
            return []
        pages = self._pages(method, (member,), NameContains=f"{seen.name}-")
        return [one for answer in pages for one in answer[member] if manifest_name_of(one[name_member]) == seen.name]

    def describe(self, job_name: str) -> ObservedEndpoint:
        """One endpoint, as it is now, with its tags as they are now.

        Raises:
            NoSuchJob: there is none of that name.
        """
        body = self._describe(job_name)
        self._tags.pop(body["EndpointArn"], None)
        return self._looked(body)

    def states(self, job_names: Sequence[str]) -> dict[str, ObservedEndpoint | ServiceError]:
        """What each endpoint does now; its tags as they were seen last."""
        return one_by_one(lambda name: self._looked(self._describe(name)), job_names)

    def _looked(self, body: Mapping[str, Any]) -> ObservedEndpoint:
        tags = self._tags_of(body["EndpointArn"])
        return self._seen(body, tags or {}, tags_hidden=tags is None)

    def _describe(self, name: str) -> dict[str, Any]:
        return self._call("describe_endpoint", name, _ENDPOINT, EndpointName=name)

    def _seen(self, body: Mapping[str, Any], tags: Mapping[str, str], **more: Any) -> ObservedEndpoint:
        pending, modified = body.get("PendingDeploymentSummary", {}), body.get("LastModifiedTime")
        stages = [
            one["Status"] for each in pending.get("ProductionVariants", ()) for one in each.get("VariantStatus", ())
        ]
        return ObservedEndpoint(
            job_name=body["EndpointName"],
            name=tags.get("sagespec:name", ""),
            status=body["EndpointStatus"],
            secondary=", ".join(dict.fromkeys(stages)),
            digest=tags.get(DIGEST, ""),
            created=body["CreationTime"].timestamp(),
            failure=body.get("FailureReason", ""),
            tags=tags,
            project=tags.get("sagespec:project", ""),
            environment=tags.get("sagespec:environment", ""),
            arn=body["EndpointArn"],
            modified=modified.timestamp() if modified is not None else 0.0,
            body=body,
            config=body.get("EndpointConfigName", ""),
            pending=pending.get("EndpointConfigName", ""),
            capacities=tuple(map(_capacity, body.get("ProductionVariants", ()))),
            **more,
        )

    def _tags_of(self, arn: str) -> dict[str, str] | None:
        """The tags of a thing but those that AWS sets itself; None where nobody lets us read them."""
        if arn not in self._tags:
            tags: dict[str, str] = {}
            try:
                for answer in self._pages("list_tags", ("Tags",), ResourceArn=arn):
                    tags |= {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
            except ServiceError as error:
                if not is_denied(cause_of(error)):
                    raise
                return None
            self._tags[arn] = {key: value for key, value in tags.items() if not key.startswith("aws:")}
        return self._tags[arn]

    def _tags_of_one(self, arn: str) -> dict[str, str]:
        """The tags of one of those that were listed; none of what has gone since."""
        try:
            return self._tags_of(arn) or {}
        except NoSuchJob:
            return {}

    # What is done -----------------------------------------------------------------------------------------------------

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
        container = self._content(self._seen(body, {})).get("model_body", {}).get("PrimaryContainer", {})
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
            member = f"{operation.removeprefix('Create')}"
            found = self._call(f"describe_{thing}", name, **{f"{member}Name": name})
            tags = self._tags_of(found[f"{member}Arn"]) or {}
            wanted = {tag["Key"]: tag["Value"] for tag in body["Tags"]}
            ours = ("sagespec:project", "sagespec:environment", "sagespec:name", DIGEST)
            if any(tags.get(key) != wanted.get(key) for key in ours):
                whose = (
                    f"project '{tags['sagespec:project']}'" if "sagespec:project" in tags else "nobody's by its tags"
                )
                message = f"{name} exists already, and is not of this manifest ({whose}): it is not used unseen"
                raise NameTaken(message, "give the manifest another name, or delete what has it") from taken

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
        """Removes and adds tags of an endpoint, in this order: it holds fifty at most."""
        arn = self._describe(job_name)["EndpointArn"]
        self._tags.pop(arn, None)
        if remove:
            self._call("delete_tags", job_name, ResourceArn=arn, TagKeys=list(remove))
        if add:
            tags = [{"Key": key, "Value": value} for key, value in add.items()]
            self._call("add_tags", job_name, ("Tags",), ResourceArn=arn, Tags=tags)

    def discard(self, revision: Revision) -> str:
        """Removes a configuration, if no endpoint uses it, and those of its models that nothing else names.

        Returns:
            Why it was left, in words; empty where it is gone.
        """
        usage = Usage(self)
        owner = self._owner("endpoint_config", revision.config) if revision.config else None
        user = usage.endpoint_with(revision.config, revision.created) if revision.config else ""
        if user:
            return f"{revision.config} is left: the endpoint {user} uses it"
        if revision.config:
            self._delete("endpoint_config", EndpointConfigName=revision.config)
        for model in revision.models:
            if owner is not None and self._owner("model", model) != owner:
                continue  # a model that was there already, and was only named
            user = usage.user_of_model(model)
            if user:
                return f"the model {model} is left: {user} uses it"
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
        return tuple(tags.get(key, "") for key in ("sagespec:project", "sagespec:environment", "sagespec:name"))

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
            ServiceError: it does not answer, or the model refused the request; with its words.
        """
        given = {"Accept": accept, "CustomAttributes": attributes}
        wanted = {key: value for key, value in given.items() if value}
        answer = self._call(
            "invoke_endpoint",
            job_name,
            ("Body",),
            client="sagemaker-runtime",
            EndpointName=job_name,
            Body=payload,
            ContentType=content_type,
            **wanted,
        )
        return Answer(answer["Body"].read(), answer.get("ContentType", ""))

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


def _capacity(variant: Mapping[str, Any]) -> Capacity:
    """A variant of DescribeEndpoint. Source: API_ProductionVariantSummary.html."""
    config = variant.get("DesiredServerlessConfig", {})
    return Capacity(
        variant["VariantName"],
        variant.get("DesiredInstanceCount"),
        variant.get("CurrentInstanceCount"),
        float(variant.get("DesiredWeight", variant.get("CurrentWeight", 1.0))),
        {key: config[key] for key in ("MaxConcurrency", "ProvisionedConcurrency") if key in config},
    )


def _models_of(config: Mapping[str, Any]) -> list[str]:
    variants = [*config.get("ProductionVariants", ()), *config.get("ShadowProductionVariants", ())]
    return list(dict.fromkeys(variant["ModelName"] for variant in variants if variant.get("ModelName")))


def _is_of(seen: ObservedEndpoint, tags: Mapping[str, str], name: str) -> bool:
    """Whether a model or a configuration is of an endpoint's manifest: by its name and by its tags."""
    owner = (seen.project, seen.environment, seen.name)
    theirs = (tags.get("sagespec:project", ""), tags.get("sagespec:environment", ""), tags.get("sagespec:name", ""))
    return owner == theirs and name == f"{seen.name}-{tags.get(DIGEST, '')[:10]}"
