"""The hyperparameters that a request gets by itself, each with the field that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sagespec.catalog import Framework
from sagespec.kinds.training_job.launch import launch
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


def generated(job: Job, mode: Mode, framework: Framework | None, *, passes_model_dir: bool) -> Mapping[str, str]:
    """Hyperparameter → field.

    Args:
        passes_model_dir: the script is called with --model_dir.
    """
    if mode is Mode.IMAGE:
        return {}
    launched = () if mode is Mode.LEGACY else tuple(launch(job, framework))
    return _generated(mode, launched, passes_model_dir and mode is Mode.SCRIPT, job.compiler_config is not None)


@lru_cache(maxsize=64)
def _generated(mode: Mode, launched: tuple[str, ...], passes_model_dir: bool, compiles: bool) -> Mapping[str, str]:
    names = dict(_OF_THE_PROGRAM)
    if mode is Mode.LEGACY:
        names |= _OF_LEGACY_MODE
    names |= dict.fromkeys(launched, "distribution")
    if passes_model_dir:
        names["model_dir"] = "model_dir"
    if compiles:
        names |= dict.fromkeys(_OF_THE_COMPILER, "compiler_config")
    return names
