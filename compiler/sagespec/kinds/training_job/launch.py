"""The hyperparameters that tell a container how several processes train together: what the SDK's estimators send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.catalog import Framework
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.model.distribution import DataParallel, Distribution, PyTorchDdp

_SWITCHES = {
    "pytorchxla": "sagemaker_pytorch_xla_multi_worker_enabled",
    "parameter_server": "sagemaker_parameter_server_enabled",
    "multi_worker_mirrored_strategy": "sagemaker_multi_worker_mirrored_strategy_enabled",
}
"""Strategies of which the container gets to know only whether they are on."""


def launch(job: Job, framework: Framework | None) -> Mapping[str, Any]:
    """The distribution's hyperparameters, not yet encoded.

    Source: https://github.com/aws/sagemaker-python-sdk/blob/v2.257.6/src/sagemaker/estimator.py
        (_distribution_configuration), and the estimators of the frameworks
    """
    given = job.distribution
    if given is None or framework is None or not framework.strategies:
        return {}
    alone = next((name for name in framework.alone if getattr(given, name) is not None), None)
    if alone is None or not getattr(given, alone).enabled:
        return dict(_common(job, given, framework))
    how = framework.alone[alone]
    beside = "beside" in how and getattr(given, how["beside"]) is not None
    own = {how["hyperparameter"]: True}
    instance_type = {} if job.instance_type is None else {"sagemaker_instance_type": job.instance_type}
    return {**(dict(_common(job, given, framework)) if beside else {}), **own, **instance_type}


def _common(job: Job, given: Distribution, framework: Framework) -> Iterator[tuple[str, Any]]:
    if framework.strategies_only:
        yield from _switches(given, framework.strategies)
        yield from _mpi(given, framework)
        return
    groups = job.instance_groups or []
    names = given.instance_groups or [group.instance_group_name for group in groups if len(groups) == 1]
    if names:
        yield "sagemaker_distribution_instance_groups", names
    yield from _switches(given, _SWITCHES)
    yield from _mpi(given, framework)
    yield from _smdistributed(job, given, framework)


def _switches(given: Distribution, names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, hyperparameter in _SWITCHES.items():
        strategy = getattr(given, name)
        if name in names and strategy is not None:
            yield hyperparameter, strategy.enabled


def _mpi(given: Distribution, framework: Framework) -> Iterator[tuple[str, Any]]:
    mpi = given.mpi
    if mpi is None:
        return
    yield "sagemaker_mpi_enabled", mpi.enabled
    if mpi.processes_per_host is not None:
        yield "sagemaker_mpi_num_of_processes_per_host", mpi.processes_per_host
    elif framework.strategies.get("mpi", {}).get("options_with_processes"):
        return
    yield "sagemaker_mpi_custom_mpi_options", mpi.custom_mpi_options or ""


def _smdistributed(job: Job, given: Distribution, framework: Framework) -> Iterator[tuple[str, Any]]:
    smdistributed, ddp = given.smdistributed, given.pytorchddp
    parallel: DataParallel | PyTorchDdp | None = smdistributed.dataparallel if smdistributed is not None else None
    model = smdistributed.modelparallel if smdistributed is not None else None
    if ddp is not None and "as" in framework.strategies.get("pytorchddp", {}):
        parallel = ddp
    if smdistributed is None and parallel is None:
        return
    yield "sagemaker_distributed_dataparallel_enabled", parallel is not None and parallel.enabled
    yield "sagemaker_instance_type", job.instance_type
    if parallel is not None and parallel.enabled:
        yield "sagemaker_distributed_dataparallel_custom_mpi_options", parallel.custom_mpi_options or ""
    if model is not None and model.enabled and model.parameters:
        yield "mp_parameters", model.parameters
