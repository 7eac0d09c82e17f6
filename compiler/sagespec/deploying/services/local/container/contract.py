"""What the container gives the script: arguments and `SM_*` variables, from the three files in input/config.

The measure is AWS's `sagemaker-training` toolkit, which every TensorFlow image runs: the same folder gives the same
variables and the same arguments.
Source: https://github.com/aws/sagemaker-training-toolkit (environment.py, mapping.py, params.py, entry_point.py)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagespec.deploying.services.local.folder import HostFolder, read_json

PREFIX = "sagemaker_"
OWN = frozenset(
    {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "sagemaker_s3_output",
        "default_user_module_name",
        "_tuning_objective_metric",
    }
)
"""Hyperparameters that the toolkit keeps to itself; others with its prefix are the framework's."""

DISTRIBUTIONS = (
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled",
)
DISTRIBUTION_GROUPS = "sagemaker_distribution_instance_groups"
INFO = 20
GROUP = "homogeneousCluster"
"""The one instance group of a job that has no groups."""
TENSORFLOW_MODULE = "sagemaker_tensorflow_container.training:main"
"""SAGEMAKER_TRAINING_MODULE of the TensorFlow images."""


def decoded(hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """Hyperparameters as the script means them; what is not JSON stays text."""
    return {key: _decoded(text) for key, text in hyperparameters.items()}


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError):
        return text


def arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """`--key value`, sorted by key; the values as Python prints them."""
    result = []
    for key in sorted(hyperparameters):
        result += [("" if not key else f"-{key}" if len(key) == 1 else f"--{key}"), _argument(hyperparameters[key])]
    return result


def _argument(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return "" if value is None else str(value)


def as_text(value: Any) -> str:
    """A variable's value: text as it is, nothing as nothing, all else as compact JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return as_json(value)


def as_json(value: Any) -> str:
    """JSON as the toolkit writes it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True)
class ScriptInvocation:
    """How a script is called."""

    environ: Mapping[str, str]
    """The toolkit's variables."""
    arguments: Sequence[str]
    entry_point: str


def invocation_of(
    folder: HostFolder, environ: Mapping[str, str], visible: HostFolder | None = None
) -> ScriptInvocation:
    """How the script of this host is called, and with which variables.

    Args:
        visible: the folder as the script sees it, where that is another place (/opt/ml).
        environ: the request's Environment; some of it steers the toolkit (`SAGEMAKER_PROGRAM`, `TRAINING_JOB_NAME`).
    """
    resources: dict[str, Any] = read_json(folder.config / "resourceconfig.json")
    channels: dict[str, Any] = read_json(folder.config / "inputdataconfig.json")
    given = decoded(read_json(folder.config / "hyperparameters.json"))
    visible = visible or folder
    own = {key: value for key, value in given.items() if key in OWN or key.startswith(PREFIX)}
    ours = {key: value for key, value in given.items() if key not in own}
    framework = {key: value for key, value in own.items() if key not in OWN}
    paths = {name: str(visible.data / name) for name in channels}
    args = arguments(ours)
    cluster = _cluster(resources, framework)
    values = {
        **_folders(visible),
        **_program(own, environ, visible),
        **cluster,
        "input_data_config": channels,
        "log_level": own.get("sagemaker_container_log_level", INFO),
    }
    whole = {
        **values,
        **_distribution(resources, cluster, environ),
        "additional_framework_parameters": framework,
        "channel_input_dirs": paths,
        "hyperparameters": ours,
    }
    values |= {
        "channels": sorted(channels),
        "framework_params": framework,
        "hps": ours,
        "training_env": whole,
        "user_args": args,
        **{f"channel_{name}": path for name, path in paths.items()},
        **{f"hp_{key}": value for key, value in ours.items()},
    }
    variables = {f"SM_{key.upper()}": as_text(value) for key, value in values.items()}
    variables |= {
        "CURRENT_HOST": resources["current_host"],
        "SAGEMAKER_JOB_NAME": str(own.get("sagemaker_job_name", "")),
        "SAGEMAKER_REGION": str(own.get("sagemaker_region") or ""),
    }
    return ScriptInvocation(variables, args, str(values["user_entry_point"]))


def of_tensorflow(invocation: ScriptInvocation) -> dict[str, str]:
    """What TensorFlow's image adds for every script, whatever the request says.

    Source: https://github.com/aws/sagemaker-tensorflow-training-toolkit (s3_utils.py)
    """
    return {"S3_REGION": invocation.environ["SAGEMAKER_REGION"], "S3_USE_HTTPS": "1", "TF_CPP_MIN_LOG_LEVEL": "1"}


def _folders(folder: HostFolder) -> dict[str, str]:
    return {
        "input_config_dir": str(folder.config),
        "input_dir": str(folder.path / "input"),
        "model_dir": str(folder.model),
        "output_data_dir": str(folder.output_data),
        "output_dir": str(folder.output),
        "output_intermediate_dir": str(folder.output / "intermediate"),
    }


def _program(own: Mapping[str, Any], environ: Mapping[str, str], folder: HostFolder) -> dict[str, Any]:
    program = environ.get("SAGEMAKER_PROGRAM")
    module = str(own.get("sagemaker_program")) if program is None else program
    return {
        "framework_module": environ.get("SAGEMAKER_TRAINING_MODULE"),
        "module_dir": str(own.get("sagemaker_submit_directory", folder.code)),
        "module_name": module.removesuffix(".py"),
        "user_entry_point": program or own.get("sagemaker_program"),
    }


def _cluster(resources: Mapping[str, Any], framework: Mapping[str, Any]) -> dict[str, Any]:
    """The hosts, their groups, and what this one has."""
    groups = {group["instance_group_name"]: group for group in resources["instance_groups"]}
    mine = resources["current_group_name"]
    instance_type = resources["current_instance_type"]
    return {
        "current_host": resources["current_host"],
        "current_instance_group": mine,
        "current_instance_group_hosts": groups[mine]["hosts"],
        "current_instance_type": instance_type,
        "distribution_instance_groups": distribution_groups(resources, framework),
        "hosts": resources["hosts"],
        "instance_groups": list(groups),
        "instance_groups_dict": groups,
        "is_hetero": len(groups) > 1,
        "network_interface_name": resources["network_interface_name"],
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": gpus(),
        "num_neurons": neurons(instance_type),
        "resource_config": resources,
    }


def _distribution(
    resources: Mapping[str, Any], cluster: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, Any]:
    """What only SM_TRAINING_ENV holds."""
    hosts = distribution_hosts(resources, cluster["distribution_instance_groups"])
    master = (hosts or resources["hosts"])[0]
    parallel = environ.get("SM_HP_MP_PARAMETERS")
    return {
        "distribution_hosts": hosts,
        "is_master": resources["current_host"] == master,
        "is_modelparallel_enabled": parallel and parallel != "{}",
        "is_smddpmprun_installed": shutil.which("smddpmprun") is not None,
        "is_smddprun_installed": shutil.which("smddprun") is not None,
        "job_name": environ.get("TRAINING_JOB_NAME"),
        "master_hostname": master,
        "topology": [],
    }


def distribution_groups(resources: Mapping[str, Any], framework: Mapping[str, Any]) -> list[str]:
    """The instance groups that train together with this host's: the job's own choice, else this host's alone."""
    mine = [resources["current_group_name"]] if any(framework.get(key) for key in DISTRIBUTIONS) else []
    chosen: list[str] = framework.get(DISTRIBUTION_GROUPS, mine)
    return chosen


def distribution_hosts(resources: Mapping[str, Any], groups: Sequence[str]) -> list[str]:
    """The hosts of these groups, in their order."""
    return [
        host for group in resources["instance_groups"] if group["instance_group_name"] in groups
        for host in group["hosts"]
    ]  # fmt: skip


def gpus() -> int:
    """GPUs that nvidia-smi lists; 0 where there is none of it."""
    shown = _output(["nvidia-smi", "--list-gpus"])
    return sum(line.startswith("GPU ") for line in shown.splitlines())


def neurons(instance_type: str) -> int:
    """Neuron cores, as the toolkit counts them."""
    if "trn2.48xlarge" in instance_type:
        return 64
    shown = _output(["neuron-ls", "-j"])
    return sum(device.get("nc_count", 0) for device in json.loads(shown)) if shown else 0


def _output(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
