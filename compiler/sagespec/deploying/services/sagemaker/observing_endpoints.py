"""Which endpoints exist, what each does now, and what else there is of its manifest.

An endpoint's own calls say what it does; its tags whose it is; the lists of configurations and models what else there
is of its manifest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sagespec.building.request import Request
from sagespec.building.tags import ARTIFACT, DIGEST, PROJECT, observed_by, owner_of
from sagespec.deploying.following.waits import waiting
from sagespec.deploying.planning.observed import Capacity, ObservedEndpoint, Revision
from sagespec.deploying.planning.ownership import manifest_name_of
from sagespec.deploying.services import (
    NoSuchJob,
    ServiceError,
    one_by_one,
)
from sagespec.deploying.services.sagemaker.faults import cause_of, is_denied
from sagespec.deploying.services.sagemaker.wire import Wire
from sagespec.deploying.side_by_side import each

_ENDPOINT = ("EndpointName", "EndpointArn", "EndpointStatus", "CreationTime")


class EndpointObserver(Wire):
    """The endpoints of one account in one region, looked at. Safe to share between threads once made."""

    def __init__(self, region: str = "", *, session: Any = None, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(region, session=session, sleep=sleep)
        self._tags: dict[str, dict[str, str]] = {}
        """By ARN. Who changes an endpoint's tags forgets them here."""

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
            filters = [{"Name": f"Tags.{PROJECT}", "Operator": "Equals", "Value": project}]
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
            return self._observed_endpoint(body, {}, tags_hidden=True)
        bare = self._observed_endpoint(body, tags)
        revisions = self._revisions(bare)
        return self._observed_endpoint(
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
        return self._observed_endpoint(body, tags or {}, tags_hidden=tags is None)

    def _describe(self, name: str) -> dict[str, Any]:
        return self._call("describe_endpoint", name, _ENDPOINT, EndpointName=name)

    def _observed_endpoint(self, body: Mapping[str, Any], tags: Mapping[str, str], **more: Any) -> ObservedEndpoint:
        pending, modified = body.get("PendingDeploymentSummary", {}), body.get("LastModifiedTime")
        stages = [
            one["Status"] for each in pending.get("ProductionVariants", ()) for one in each.get("VariantStatus", ())
        ]
        return ObservedEndpoint(
            job_name=body["EndpointName"],
            status=body["EndpointStatus"],
            secondary=", ".join(dict.fromkeys(stages)),
            created=body["CreationTime"].timestamp(),
            failure=body.get("FailureReason", ""),
            arn=body["EndpointArn"],
            modified=modified.timestamp() if modified is not None else 0.0,
            body=body,
            config=body.get("EndpointConfigName", ""),
            pending=pending.get("EndpointConfigName", ""),
            capacities=tuple(map(_capacity, body.get("ProductionVariants", ()))),
            **observed_by(tags),
            **more,
        )

    def _tags_of(self, arn: str) -> dict[str, str] | None:
        """The tags of a thing but those that AWS sets itself; None where nobody lets us read them."""
        if arn not in self._tags:
            try:
                self._tags[arn] = self._tags_at(arn)
            except ServiceError as error:
                if not is_denied(cause_of(error)):
                    raise
                return None
        return self._tags[arn]

    def _tags_of_one(self, arn: str) -> dict[str, str]:
        """The tags of one of those that were listed; none of what has gone since."""
        try:
            return self._tags_of(arn) or {}
        except NoSuchJob:
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
    return owner == owner_of(tags) and name == f"{seen.name}-{tags.get(DIGEST, '')[:10]}"
