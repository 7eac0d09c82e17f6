"""Which service has the jobs that are meant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.cli.arguments.table import ApplyArguments, Deciding, Rendering
from sagespec.cli.codes import Ended, WrongUsage
from sagespec.cli.runs import accepted, compiler_of

if TYPE_CHECKING:
    from sagespec.building.request import Request, Site
    from sagespec.deploying.observed import Seen
    from sagespec.deploying.planner import Wish
    from sagespec.deploying.pruning import Gone
    from sagespec.deploying.services import Service
    from sagespec.deploying.services.local import LocalService
    from sagespec.deploying.world import World
    from sagespec.pipeline import Compiler


def account_of_credentials() -> str:
    from sagespec.deploying.services.sagemaker.service import SageMaker

    return SageMaker().account()


def wish_of(given: Deciding) -> Wish:
    from sagespec.deploying.planner import Wish

    return Wish(given.rerun, given.replace, given.prune, given.adopt)


def check_prune(wish: Wish, requests: Sequence[Request]) -> None:
    """Raises:
    WrongUsage: `--prune` is asked for, and nobody has said whose the jobs are.
    """
    from sagespec.deploying.ownership import may_stop
    from sagespec.deploying.planner import NAME_THE_PROJECT

    unnamed = next((request for request in requests if not may_stop(request)), None)
    if wish.prune and unnamed is not None:
        message = f"--prune stops nothing without a project: {unnamed.manifest} has none"
        raise WrongUsage(message, NAME_THE_PROJECT)


def evidence_of(compiler: Compiler) -> Gone:
    """What a run of the compiler says of manifests that it has not met."""
    from sagespec.deploying.pruning import Evidence

    return Evidence(compiler.survey, compiler.project_of)


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


def jobs_of(
    names: Iterable[str], given: Rendering, *, local: bool = False, running: bool = False
) -> Iterator[tuple[str, Service]]:
    """The training jobs that names or manifests mean, each with the service that has it.

    Args:
        running: of a manifest, all that have not ended are meant, and not the newest alone.
    """
    from sagespec.building.request import Site

    world = world_of()
    for name in names:
        if Path(name).exists() or name.endswith((".yaml", ".yml")):
            yield from (running_of if running else newest_of)(name, world, given, local=local)
        else:
            here = local or (project_folder() / "local" / name / "request.json").exists()
            yield name, world.service(Site(os.environ.get("AWS_REGION", ""), None, here))


def newest_of(path: str, world: World, given: Rendering, *, local: bool) -> Iterator[tuple[str, Service]]:
    for request in requests_of(path, given, local=local):
        service, own = own_jobs(request, world)
        yield own[-1].job_name, service


def running_of(path: str, world: World, given: Rendering, *, local: bool) -> Iterator[tuple[str, Service]]:
    """Every job of a manifest that has not ended, whatever state of the manifest it was created for; the newest one
    where all have.

    Raises:
        ServiceError: nobody has said whose the jobs are.
    """
    from sagespec.deploying.ownership import may_stop
    from sagespec.deploying.planner import NAME_THE_PROJECT
    from sagespec.deploying.services import ServiceError

    for request in requests_of(path, given, local=local):
        service, own = own_jobs(request, world)
        running = [job for job in own if not job.ended]
        if running and not may_stop(request):
            names = " ".join(job.job_name for job in running)
            message = f"'{request.name}' may be another repository's as well: it has no project"
            raise ServiceError(message, f"sagespec stop {names}, or {NAME_THE_PROJECT}")
        for job in running or own[-1:]:
            yield job.job_name, service


def requests_of(path: str, given: Rendering, *, local: bool) -> list[Request]:
    requests, code = accepted(
        compiler_of(given, build=True, local=local, ask_account=account_of_credentials).run([path])
    )
    if code:
        raise Ended(code)
    return requests


def own_jobs(request: Request, world: World) -> tuple[Service, list[Seen]]:
    """The jobs of a request, whatever they were asked for, oldest first, and the service that has them.

    Raises:
        NoSuchJob: there is none.
        ServiceError: the credentials are of another account.
    """
    from sagespec.deploying.ownership import is_own
    from sagespec.deploying.services import NoSuchJob

    world.insist_on_account([request])
    service = world.service(request.site)
    own = [job for job in service.observe([request]) if is_own(request, job)]
    if not own:
        raise NoSuchJob(f"no training job of '{request.name}' exists on {service.name}", "sagespec apply creates it")
    return service, sorted(own, key=lambda job: (job.created, job.attempt))
