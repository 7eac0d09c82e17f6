"""Who uses a configuration or a model: the service does not ask before it deletes one.

A configuration in use that is deleted breaks the next update of its endpoint, and AWS's own patching of it.
Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpointConfig.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any

from sagespec.deploying.services import NoSuchJob
from sagespec.deploying.services.sagemaker.wire import Wire
from sagespec.deploying.side_by_side import each

SLACK = timedelta(hours=1)
"""Clocks of the service may differ by less."""


class Usage:
    """What uses what in one account and region, as it is now."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def endpoint_with(self, config: str, created: float) -> str:
        """An endpoint that serves with a configuration, or is being changed to it; empty where there is none.

        Args:
            created: of the configuration, in seconds since 1970: who uses it was changed since.
        """
        since = datetime.fromtimestamp(created, timezone.utc) - SLACK
        names = self._names("list_endpoints", "Endpoints", "EndpointName", LastModifiedTimeAfter=since)
        for name, body in zip(names, each(self._endpoint, names), strict=True):
            if config in (
                body.get("EndpointConfigName"),
                body.get("PendingDeploymentSummary", {}).get("EndpointConfigName"),
            ):
                return name
        return ""

    def user_of_model(self, model: str) -> str:
        """A configuration or a running transform job that names a model; empty where there is none."""
        for name, body in self._configs.items():
            variants = [*body.get("ProductionVariants", ()), *body.get("ShadowProductionVariants", ())]
            if any(variant.get("ModelName") == model for variant in variants):
                return f"the configuration {name}"
        return next((f"the transform job {name}" for name, used in self._transforms.items() if used == model), "")

    @cached_property
    def _configs(self) -> dict[str, dict[str, Any]]:
        names = self._names("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName")
        return dict(zip(names, each(self._config, names), strict=True))

    @cached_property
    def _transforms(self) -> dict[str, str]:
        names = self._names(
            "list_transform_jobs", "TransformJobSummaries", "TransformJobName", StatusEquals="InProgress"
        )
        bodies = each(lambda name: self._described("describe_transform_job", TransformJobName=name), names)
        return {name: body.get("ModelName", "") for name, body in zip(names, bodies, strict=True)}

    def _names(self, method: str, member: str, name_member: str, **filters: Any) -> list[str]:
        pages = self.wire._pages(method, (member,), **filters)
        return list(dict.fromkeys(one[name_member] for answer in pages for one in answer[member]))

    def _endpoint(self, name: str) -> Mapping[str, Any]:
        return self._described("describe_endpoint", EndpointName=name)

    def _config(self, name: str) -> dict[str, Any]:
        return self._described("describe_endpoint_config", EndpointConfigName=name)

    def _described(self, method: str, **name: str) -> dict[str, Any]:
        """A thing as it is; empty where it has gone since."""
        try:
            return self.wire._call(method, next(iter(name.values())), **name)
        except NoSuchJob:
            return {}
