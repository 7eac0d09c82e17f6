"""Which service has the jobs that are meant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.cli.arguments.table import ApplyArguments, Deciding, Rendering
from sagespec.cli.codes import Ended
from sagespec.cli.runs import accepted, compiler_of

if TYPE_CHECKING:
    from sagespec.building.targets import Site
    from sagespec.deploying.planner import Wish
    from sagespec.deploying.services import Service
    from sagespec.deploying.services.local import LocalService
    from sagespec.deploying.world import World


def account_of_credentials() -> str:
    from sagespec.deploying.services.sagemaker.service import SageMaker

    return SageMaker().account()


def wish_of(given: Deciding) -> Wish:
    from sagespec.deploying.planner import Wish

    return Wish(given.rerun, given.replace, given.prune)


def world_of(given: ApplyArguments | None = None) -> World:
    """SageMaker in each region, and this machine."""
    from sagespec.deploying.world import World

    def make(site: Site) -> Service:
        if site.local:
            from sagespec.deploying.services.local import LocalService

            root = project_folder() / "local"
            if given is None:
                return LocalService(root)
            return LocalService(root, executor=given.executor, provision=given.provision, interrupt=given.interrupt)
        from sagespec.deploying.services.sagemaker.service import SageMaker

        return SageMaker(site.region)

    return World(make)


def local_service() -> LocalService:
    from sagespec.deploying.services.local import LocalService

    return LocalService(project_folder() / "local")


def project_folder() -> Path:
    """Where local jobs and mirrors are kept: below the project that one stands in."""
    from sagespec.base.repository import repository_of

    return (repository_of(Path.cwd()) or Path.cwd()) / ".sagespec"


def jobs_of(names: Iterable[str], given: Rendering, *, local: bool = False) -> Iterator[tuple[str, Service]]:
    """The training jobs that names or manifests mean, each with the service that has it."""
    from sagespec.building.targets import Site

    world = world_of()
    for name in names:
        if Path(name).exists() or name.endswith((".yaml", ".yml")):
            yield from newest_of(name, world, given, local=local)
        else:
            here = local or (project_folder() / "local" / name / "request.json").exists()
            yield name, world.service(Site(os.environ.get("AWS_REGION", ""), None, here))


def newest_of(path: str, world: World, given: Rendering, *, local: bool) -> Iterator[tuple[str, Service]]:
    from sagespec.deploying.services import NoSuchJob

    requests, code = accepted(compiler_of(given, build=True, local=local).run([path]))
    if code:
        raise Ended(code)
    for request in requests:
        service = world.service(request.site)
        seen = sorted(service.observe([request]), key=lambda job: (job.created, job.attempt))
        if not seen:
            raise NoSuchJob(
                f"no training job of '{request.name}' exists on {service.name}", "sagespec apply creates it"
            )
        yield seen[-1].job_name, service
