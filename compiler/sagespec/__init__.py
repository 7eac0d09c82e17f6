"""sagespec: SageMaker training jobs as YAML manifests, checked, compiled, planned and applied.

The four verbs of the command line, as functions:

    import sagespec

    for result in sagespec.compile(["jobs/"]):
        print(result.name, result.request.body() if result.request else result.diagnostics)
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # without typing: the program imports this before it has told the garbage collector to wait
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sagespec.building.request import Request
    from sagespec.deploying.applying.applier import Outcome
    from sagespec.deploying.planning.jobs.planner import Plan, PlanOptions
    from sagespec.deploying.planning.pruning import Gone
    from sagespec.deploying.pool import ServicePool
    from sagespec.deploying.services import EndpointService, Service
    from sagespec.pipeline import Options, Result

__version__ = "0.1.0"
__all__ = ["apply", "compile", "plan", "validate"]


def validate(
    paths: Iterable[str | os.PathLike[str]],
    *,
    env: str | None = None,
    variables: Mapping[str, str] | None = None,
    allow: Sequence[str] = (),
) -> Iterator[Result]:
    """Judges every manifest under `paths` (files, folders). One result a job; its `diagnostics` say what is wrong.

    Args:
        env: which of the defaults' environments holds.
        variables: what `{{ vars.… }}` gives, over the defaults' own.
        allow: rules that say nothing, not even errors.

    Nothing is raised for what an author did, and no network is used.
    """
    return _run(paths, env, variables, allow, build=False)


def compile(
    paths: Iterable[str | os.PathLike[str]],
    *,
    env: str | None = None,
    variables: Mapping[str, str] | None = None,
    allow: Sequence[str] = (),
    local: bool = False,
    account: str | None = None,
) -> Iterator[Result]:
    """As `validate`, and a `request` for each job that is right; `request.body()` is what CreateTrainingJob takes.

    Args:
        local: requests for this machine instead of SageMaker.
        account: the account of default buckets and of roles without an ARN, where no manifest says it.
    """
    return _run(paths, env, variables, allow, build=True, local=local, account=account)


def plan(
    requests: Sequence[Request],
    service: Service,
    options: PlanOptions | None = None,
    gone: Gone | None = None,
    endpoints: EndpointService | None = None,
) -> Plan:
    """What would be done about `requests`, given what `service` has. Reads, and changes nothing.

    Args:
        endpoints: has the endpoints, where `requests` asks for some.
        gone: what is known of a running job that none of the requests describes; without it `PlanOptions(prune=True)`
            stops none.

    Raises:
        ServiceError: the service failed or refused.
    """
    from sagespec.deploying.planning.jobs.planner import PlanOptions
    from sagespec.deploying.planning.pruning import nothing_is_known

    pool = _pool(service, endpoints)
    return pool.plan(requests, options or PlanOptions(), gone or nothing_is_known)


def apply(
    plan: Plan, service: Service, options: PlanOptions | None = None, endpoints: EndpointService | None = None
) -> Iterator[Outcome]:
    """Does what a plan says; one outcome a job, as they come. A job's failure is in its outcome, and stops no other.

    Args:
        endpoints: has the endpoints, where the plan is about some.
    """
    from sagespec.deploying.applying.applier import nothing
    from sagespec.deploying.planning.jobs.planner import PlanOptions

    return _pool(service, endpoints).apply(plan, options or PlanOptions(), nothing)


def _pool(service: Service, endpoints: EndpointService | None) -> ServicePool:
    from sagespec.deploying.pool import ServicePool

    if endpoints is None:
        return ServicePool(lambda destination: service)
    return ServicePool(lambda destination: service, lambda destination: endpoints)


def _run(
    paths: Iterable[str | os.PathLike[str]],
    env: str | None,
    variables: Mapping[str, str] | None,
    allow: Sequence[str],
    **options: object,
) -> Iterator[Result]:
    from sagespec.pipeline import Compiler, Options
    from sagespec.reading.render import Inputs

    made: Options = Options(Inputs(env, variables or {}, os.environ), allow, **options)  # type: ignore[arg-type]
    return Compiler(made).run(os.fspath(path) for path in paths)
