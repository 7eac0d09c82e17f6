"""The hyperparameters that a request gets by itself, each with the field that decides it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sagespec.kinds.training_job.model import Job, Mode

_OF_THE_PROGRAM = {
    "sagemaker_submit_directory": "source_dir",
    "sagemaker_program": "entry_point",
    "sagemaker_container_log_level": "container_log_level",
    "sagemaker_job_name": "name",
    "sagemaker_region": "region",
}
_OF_LEGACY_MODE = {
    "checkpoint_path": "checkpoint_path",
    "training_steps": "training_steps",
    "evaluation_steps": "evaluation_steps",
    "sagemaker_requirements": "requirements_file",
    "sagemaker_enable_cloudwatch_metrics": "enable_sagemaker_metrics",
}
_OF_THE_COMPILER = ("sagemaker_training_compiler_enabled", "sagemaker_training_compiler_debug_mode")


def generated(job: Job, mode: Mode, enabled: Collection[str]) -> dict[str, str]:
    """Hyperparameter → field.

    Args:
        enabled: the distribution strategies that are switched on.
    """
    if mode is Mode.IMAGE:
        return {}
    names = dict(_OF_THE_PROGRAM)
    if mode is Mode.LEGACY:
        names |= _OF_LEGACY_MODE
    else:
        names |= dict.fromkeys(_of_distribution(job, enabled), "distribution")
        if job.model_dir is not False:
            names["model_dir"] = "model_dir"
    if job.compiler_config is not None:
        names |= dict.fromkeys(_OF_THE_COMPILER, "compiler_config")
    return names


def _of_distribution(job: Job, enabled: Collection[str]) -> Iterator[str]:
    given = job.distribution
    if given is None:
        return
    if given.instance_groups is not None:
        yield "sagemaker_distribution_instance_groups"
    if given.parameter_server is not None:
        yield "sagemaker_parameter_server_enabled"
    if given.mpi is not None:
        yield from ("sagemaker_mpi_enabled", "sagemaker_mpi_custom_mpi_options")
        if given.mpi.processes_per_host is not None:
            yield "sagemaker_mpi_num_of_processes_per_host"
    if given.multi_worker_mirrored_strategy is not None:
        yield "sagemaker_multi_worker_mirrored_strategy_enabled"
    if given.smdistributed is not None:
        yield from ("sagemaker_distributed_dataparallel_enabled", "sagemaker_instance_type")
    if "smdistributed.dataparallel" in enabled:
        yield "sagemaker_distributed_dataparallel_custom_mpi_options"
    if "smdistributed.modelparallel" in enabled:
        yield "mp_parameters"
