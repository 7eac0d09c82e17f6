"""A job as its supervisor knows it: the folder, the request, how it is run, and its hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sagespec.deploying.services.local.container import contract
from sagespec.deploying.services.local.folder import HostFolder, JobFolder, read_json
from sagespec.deploying.services.local.options import LocalOptions
from sagespec.deploying.services.local.running.cluster import Cluster, cluster_of


@dataclass(frozen=True)
class LocalJob:
    """What does not change while a job runs."""

    folder: JobFolder
    body: Mapping[str, Any]
    options: LocalOptions

    @cached_property
    def cluster(self) -> Cluster:
        return cluster_of(self.body["ResourceConfig"])

    @property
    def hosts(self) -> tuple[str, ...]:
        return self.cluster.hosts

    def host(self, name: str) -> HostFolder:
        return self.folder.host(name)

    def pipes(self, host: str) -> Path:
        """What is streamed to a host; there is no such file where nothing is."""
        return self.folder.path / f".pipes-{host}.json"

    @property
    def algorithm(self) -> Mapping[str, Any]:
        algorithm: Mapping[str, Any] = self.body["AlgorithmSpecification"]
        return algorithm

    @property
    def channels(self) -> Sequence[Mapping[str, Any]]:
        channels: Sequence[Mapping[str, Any]] = self.body.get("InputDataConfig", ())
        return channels

    @property
    def hyperparameters(self) -> Mapping[str, str]:
        """As in the request: JSON texts."""
        hyperparameters: Mapping[str, str] = self.body.get("HyperParameters", {})
        return hyperparameters

    @property
    def service_environment(self) -> dict[str, str]:
        """What the service adds to the request's Environment, whatever that says."""
        region = self.decoded_hyperparameters.get("sagemaker_region")
        named = {"AWS_REGION": str(region)} if region else {}
        return {"TRAINING_JOB_NAME": self.folder.name, "TRAINING_JOB_ARN": self.folder.arn, **named}

    def together(self, host: str) -> list[str]:
        """The hosts that train together with this one, itself among them; none where it trains alone."""
        resources = self.cluster.resource_config(host)
        groups = contract.distribution_groups(resources, self.decoded_hyperparameters)
        return contract.distribution_hosts(resources, groups) if resources["current_group_name"] in groups else []

    @cached_property
    def decoded_hyperparameters(self) -> Mapping[str, Any]:
        """Hyperparameters as the script means them."""
        return contract.decoded(self.hyperparameters)


def read_job(folder: JobFolder) -> LocalJob:
    return LocalJob(folder, folder.body(), LocalOptions(**read_json(folder.options)))
