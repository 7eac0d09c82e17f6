"""Which service has the jobs that are meant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.cli.codes import Ended, WrongUsage
from sagespec.cli.commands import Rendering
from sagespec.cli.runs import accepted, compiler_of
from sagespec.cli.terminal import print_notice, print_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from sagespec.building.draft import Trained
    from sagespec.building.request import Destination, Request
    from sagespec.cli.commands.deploying import ApplyArguments, Deciding
    from sagespec.deploying.following.looking import FollowedJob, Meant
    from sagespec.deploying.planning.jobs.planner import PlanOptions
    from sagespec.deploying.planning.pruning import Gone
    from sagespec.deploying.pool import ServicePool
    from sagespec.deploying.services import EndpointService, Service
    from sagespec.deploying.services.local import LocalService
    from sagespec.deploying.services.local.serving.service import LocalEndpoints
    from sagespec.kinds.lifecycle import Nature
    from sagespec.pipeline import Compiler

_prints_waits = False


def account_of_credentials(region: str) -> str:
    """The account whose credentials these are. Asked by a worker, so that Ctrl-C is obeyed at once.

    Args:
        region: where to ask; the environment's where it is empty.
    """
    from sagespec.deploying.services.sagemaker.service import SageMaker
    from sagespec.deploying.side_by_side import each

    print_waits()
    return each(lambda service: service.account(), [SageMaker(region)])[0]


def print_waits() -> None:
    """From now on, what is waited for is printed before ten seconds have passed."""
    global _prints_waits
    if not _prints_waits:
        from sagespec.deploying.following.waits import waiting, watch

        _prints_waits = True
        watch(waiting, print_status)


def trained_in(pool: ServicePool) -> Callable[[str, str, Request], Trained]:
    """Finds the training jobs whose models are served."""
    from sagespec.deploying.trained import trained_by

    return lambda name, project, of: trained_by(pool.service, name, project, of)


def archive_in(pool: ServicePool) -> Callable[[str, Request], str]:
    """Says what the contents of models' archives are known by."""
    from sagespec.deploying.trained import archive_at

    return lambda uri, of: archive_at(pool.service, uri, of)


def not_asked(name: str, _project: str, _of: Request) -> Trained:
    """What is said of such a job where the service is not asked."""
    from sagespec.building.draft import Trained
    from sagespec.deploying.trained import OFFLINE

    return Trained(waits_for=OFFLINE.format(name=name))


def plan_options(given: Deciding) -> PlanOptions:
    from sagespec.deploying.planning.jobs.planner import PlanOptions

    return PlanOptions(given.rerun, given.replace, given.prune, given.adopt)


def check_prune(options: PlanOptions, requests: Sequence[Request], given: Rendering) -> None:
    """Raises:
    WrongUsage: `--prune` is asked for, and nobody has said whose the jobs are, or not all manifests are looked at.
    """
    if options.prune and given.job:
        raise WrongUsage("--prune must see all jobs, and --job leaves some out", "leave one of them out")
    from sagespec.deploying.planning.ownership import NAME_THE_PROJECT, may_stop

    unnamed = next((request for request in requests if not may_stop(request)), None)
    if options.prune and unnamed is not None:
        message = f"--prune stops nothing without a project: {unnamed.manifest} has none"
        raise WrongUsage(message, NAME_THE_PROJECT)


def check_stop(requests: Sequence[Request]) -> None:
    """Raises:
    WrongUsage: jobs are to be stopped by their manifests, and nobody has said whose they are.
    """
    from sagespec.deploying.planning.ownership import NAME_THE_PROJECT, may_stop

    unnamed = next((request for request in requests if not may_stop(request)), None)
    if unnamed is not None:
        message = f"the jobs of {unnamed.manifest} may also belong to another repository: it has no project"
        raise WrongUsage(message, f"give the job's name (sagespec status shows it), or {NAME_THE_PROJECT}")


def evidence_of(compiler: Compiler) -> Gone:
    """What a run of the compiler says of manifests that it has not met."""
    from sagespec.deploying.planning.pruning import Evidence

    return Evidence(compiler.survey, compiler.project_of)


def service_pool(given: ApplyArguments | None = None) -> ServicePool:
    """SageMaker in each region, and this machine."""
    from sagespec.deploying.pool import ServicePool

    print_waits()

    def make(site: Destination) -> Service:
        if site.local:
            check_platform()
            from sagespec.deploying.services.local import LocalService

            root = project_folder() / "local"
            if given is None:
                return LocalService(root, decided=False)
            return LocalService(root, executor=given.executor, provision=given.provision, interrupt=given.interrupt)
        from sagespec.deploying.services.sagemaker.service import SageMaker

        return SageMaker(site.region)

    def make_staying(site: Destination) -> EndpointService:
        if site.local:
            return local_endpoints(given)
        from sagespec.deploying.services.sagemaker.endpoints import SageMakerEndpoints

        return SageMakerEndpoints(site.region)

    return ServicePool(make, make_staying)


def check_platform() -> None:
    """Raises:
    WrongUsage: nothing can run on this system: jobs and servers are processes of their own, which only POSIX has.
    """
    if not hasattr(os, "fork"):
        raise WrongUsage(
            "jobs and endpoints do not run on this machine: that needs Linux or macOS", "on Windows, use WSL"
        )


def local_service() -> LocalService:
    check_platform()
    from sagespec.deploying.services.local import LocalService

    return LocalService(project_folder() / "local")


def local_endpoints(given: ApplyArguments | None = None) -> LocalEndpoints:
    check_platform()
    from sagespec.deploying.services.local.serving.service import LocalEndpoints

    root = project_folder() / "local"
    if given is None:
        return LocalEndpoints(root, decided=False)
    return LocalEndpoints(root, given.executor, given.provision)


def is_local(name: str) -> bool:
    """Whether this machine has a training job or an endpoint of that name."""
    root = project_folder() / "local"
    return any((root / path).exists() for path in (f"{name}/request.json", f"endpoints/{name}/endpoint.json"))


def project_folder() -> Path:
    """Where local jobs and mirrors are kept: below the project that one stands in."""
    from sagespec.base.repository import repository_of

    return (repository_of(Path.cwd()) or Path.cwd()) / ".sagespec"


def jobs_of(
    names: Iterable[str],
    given: Rendering,
    *,
    local: bool = False,
    region: str | None = None,
    stopping: bool = False,
    only: Nature | None = None,
) -> list[FollowedJob]:
    """The training jobs and endpoints that names or manifests mean, each once; manifests without one are reported.

    Args:
        region: of the jobs that are given by name; the environment's where None.
        stopping: they are to be stopped, so that it must be known whose they are.
        only: those of one nature, where a command is about them alone.

    Raises:
        Ended: a manifest is wrong.
        NoSuchJob: none of the manifests has a job, and nothing else is meant.
    """
    from sagespec.deploying.following.looking import Meant
    from sagespec.deploying.services import NoSuchJob

    pool = service_pool()
    names = tuple(names)
    meant = Meant()
    for name in names:
        if Path(name).exists() or name.endswith((".yaml", ".yml")):
            found = jobs_described(pool, name, given, local=local, stopping=stopping, only=only)
            meant.jobs += found.jobs
            meant.missing += found.missing
        else:
            meant.jobs.append(job_called(pool, name, local=local, region=region, only=only, alone=not names[1:]))
    if meant.missing and not meant.jobs:
        raise NoSuchJob("; ".join(meant.missing), "sagespec apply creates it")
    for line in meant.missing:
        print_status(line)
    return list(dict.fromkeys(meant.jobs))


def jobs_described(
    pool: ServicePool, path: str, given: Rendering, *, local: bool, stopping: bool, only: Nature | None
) -> Meant:
    """The jobs of some manifests: those on this machine, where SageMaker has none or cannot be asked."""
    from sagespec.deploying.following.looking import Meant, jobs_of_requests
    from sagespec.deploying.planning.plan import nature_of
    from sagespec.deploying.services import ServiceError

    requests = [each for each in requests_of(path, given, local=local) if only in (None, nature_of(each))]
    if stopping:
        check_stop(requests)
    nearby = [] if local else jobs_here(pool, path, given, only)
    try:
        meant = jobs_of_requests(pool, requests)
    except ServiceError as error:
        if not nearby:
            raise
        if stopping:
            raise ServiceError(error.message, f"{path} has jobs on this machine, too: add --local") from error
        print_notice(f"{path}: using its jobs on this machine, because SageMaker cannot be asked: {error.message}")
        return Meant(nearby)
    if nearby and not meant.jobs:
        print_notice(f"{path}: using its jobs on this machine; SageMaker has none")
        return Meant(nearby)
    return meant


def job_called(
    pool: ServicePool, name: str, *, local: bool, region: str | None, only: Nature | None, alone: bool
) -> FollowedJob:
    """What has that name, and the service that has it.

    Raises:
        NoSuchJob: nothing has it, and nothing else is meant; of several, the others are shown, and the error comes
            when this one is looked at.
    """
    from sagespec.building.request import Destination
    from sagespec.deploying.following.looking import FollowedJob
    from sagespec.deploying.services import NoSuchJob

    here = local or is_local(name)
    site = Destination("" if here else region or os.environ.get("AWS_REGION", ""), None, here)
    try:
        service = pool.service(site, only) if only is not None else service_with(pool, name, site)
    except NoSuchJob:
        if alone:
            raise
        service = pool.service(site)
    return FollowedJob(name, service)


def jobs_here(pool: ServicePool, path: str, given: Rendering, only: Nature | None) -> list[FollowedJob]:
    """The jobs of some manifests that this machine has: nobody need say --local where there are no others."""
    from sagespec.deploying.following.looking import jobs_of_requests
    from sagespec.deploying.planning.plan import nature_of

    if not (hasattr(os, "fork") and (project_folder() / "local").is_dir()):
        return []
    requests = requests_of(path, given, local=True)
    return jobs_of_requests(pool, [each for each in requests if only in (None, nature_of(each))]).jobs


def service_with(pool: ServicePool, name: str, site: Destination) -> Service:
    """Who has what is called so: a name of ours that holds a digest is a job's, and others are looked for.

    Where that cannot be seen, whoever would have a job: what is then done with it says the rest.

    Raises:
        NoSuchJob: nobody has it.
    """
    from sagespec.deploying.planning.ownership import manifest_name_of
    from sagespec.deploying.services import NoSuchJob, ServiceError
    from sagespec.kinds.lifecycle import Nature

    jobs = pool.service(site)
    if manifest_name_of(name):
        return jobs
    try:
        jobs.describe(name)
    except NoSuchJob:
        endpoints = pool.service(site, Nature.STAYS)
        try:
            endpoints.describe(name)
        except NoSuchJob:
            message = f"there is neither a training job nor an endpoint '{name}' ({endpoints.name})"
            words = "sagespec list --local" if site.local else "sagespec list PATH…"
            raise NoSuchJob(message, f"{words} shows what there is") from None
        except ServiceError:
            return jobs
        return endpoints
    except ServiceError:
        pass
    return jobs


def requests_of(path: str | Sequence[str], given: Rendering, *, local: bool) -> list[Request]:
    ask = None if local else account_of_credentials
    compiler = compiler_of(given, build=True, local=local, ask_account=ask, trained=not_asked)
    requests, code = accepted(compiler.run([path] if isinstance(path, str) else path), given)
    if code:
        raise Ended(code)
    return requests
