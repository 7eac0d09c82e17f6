"""An endpoint's folder: where everything lies in it.

<root>/endpoints/.configs/<config>.json      models and configurations, as they were asked for
<root>/endpoints/<name>/
  endpoint.json  tags.json  scaled.json      what was asked for, and changed later
  asked  current                             the revision that was asked for last, and the one that answers requests
  deleting                                   exists once someone has asked for its end
  revisions/<config>.<x>/
    model                                    what the container sees as /opt/ml/model
    options.json  server.json                how this machine serves it, and its server's configuration
    status.json  supervisor.json  processes.json  stop
    AllTraffic.log  supervisor.log
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagespec.deploying.services.local.folder import LocalStore, read_json, write_json

VARIANT = "AllTraffic"


@dataclass(frozen=True)
class RevisionFolder:
    """One deployment of a configuration, with the processes that serve it."""

    path: Path

    @property
    def config(self) -> str:
        return self.path.name.rpartition(".")[0]

    @property
    def endpoint(self) -> EndpointFolder:
        return EndpointFolder(self.path.parent.parent)

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def options(self) -> Path:
        return self.path / "options.json"

    @property
    def server(self) -> Path:
        """The configuration of the programs that serve."""
        return self.path / "server.json"

    @property
    def status(self) -> Path:
        return self.path / "status.json"

    @property
    def supervisor(self) -> Path:
        return self.path / "supervisor.json"

    @property
    def processes(self) -> Path:
        return self.path / "processes.json"

    @property
    def stop(self) -> Path:
        return self.path / "stop"

    @property
    def log(self) -> Path:
        return self.path / f"{VARIANT}.log"

    @property
    def port_file(self) -> Path:
        """The port at which it answers, once it does."""
        return self.path / "port"

    @property
    def rest_port_file(self) -> Path:
        """The model server's own."""
        return self.path / "rest-port"

    def bodies(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """(CreateModel, CreateEndpointConfig) as they were asked for."""
        return self.endpoint.configs.bodies(self.config)

    def state(self) -> dict[str, Any]:
        """What `write_status` has written.

        Raises:
            OSError: it is not there, or somebody has damaged it.
        """
        found: dict[str, Any] | None = read_json(self.status)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "there is no such file", str(self.status))
        return found

    def write_status(self, status: str, stage: str = "", **more: Any) -> None:
        before = read_json(self.status, {"created": time.time()})
        write_json(self.status, {**before, "modified": time.time(), "status": status, "stage": stage, **more})


@dataclass(frozen=True)
class Configs:
    """The models and configurations that were asked for, whether or not something serves them."""

    path: Path

    def of(self, config: str) -> Path:
        return self.path / f"{config}.json"

    def bodies(self, config: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Raises:
        FileNotFoundError: there is none of that name.
        """
        found = read_json(self.of(config))
        if found is None:
            raise FileNotFoundError(config)
        return found["model"], found["config"]

    def all(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for path in sorted(self.path.glob("*.json")):
            found = read_json(path)
            if found is not None:
                yield path.stem, found


@dataclass(frozen=True)
class EndpointFolder:
    """An endpoint with its revisions."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def arn(self) -> str:
        return f"arn:aws:sagemaker:local:000000000000:endpoint/{self.name}"

    @property
    def configs(self) -> Configs:
        return Configs(self.path.parent / ".configs")

    @property
    def store(self) -> LocalStore:
        """What it shares with the training jobs of the project."""
        return LocalStore(self.path.parent.parent)

    @property
    def body(self) -> Path:
        """What CreateEndpoint was called with, and when."""
        return self.path / "endpoint.json"

    def made(self) -> dict[str, Any]:
        """The content of `body`.

        Raises:
            FileNotFoundError: the endpoint has gone.
        """
        found: dict[str, Any] | None = read_json(self.body)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "there is no such file", str(self.body))
        return found

    @property
    def tags(self) -> Path:
        return self.path / "tags.json"

    @property
    def scaled(self) -> Path:
        return self.path / "scaled.json"

    @property
    def deleting(self) -> Path:
        return self.path / "deleting"

    @property
    def lock(self) -> Path:
        return self.path / ".lock"

    @property
    def asked(self) -> RevisionFolder | None:
        """The revision that was asked for last."""
        return self._named("asked")

    @property
    def current(self) -> RevisionFolder | None:
        """The revision that answers requests."""
        return self._named("current")

    def point(self, what: str, revision: RevisionFolder) -> None:
        """Makes a revision the one that was asked for, or the one that answers."""
        write_json(self.path / what, revision.path.name)

    def _named(self, what: str) -> RevisionFolder | None:
        name = read_json(self.path / what)
        return None if name is None else RevisionFolder(self.path / "revisions" / name)

    def revisions(self) -> list[RevisionFolder]:
        """Oldest first."""
        found = [RevisionFolder(path) for path in self.path.glob("revisions/[!.]*")]
        return sorted(found, key=lambda one: (read_json(one.status, {}).get("created", 0.0), one.path.name))


def variant_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one variant that a configuration of ours has."""
    variant: Mapping[str, Any] = config["ProductionVariants"][0]
    return variant


def container_of(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """The environment of a model's container."""
    container: Mapping[str, Any] = model["PrimaryContainer"]
    return container


def settings_of(container: Mapping[str, Any]) -> Mapping[str, str]:
    """A container's environment."""
    settings: Mapping[str, str] = container.get("Environment", {})
    return settings
