"""`ModelTrainer` of SDK 3, in the words of SDK 2's estimators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sagespec.importing.following.library import Start
from sagespec.importing.following.values import Default, Library, Made, text_of

PARTS: Mapping[str, Mapping[str, str]] = {
    "source_code": {"entry_script": "entry_point", "source_dir": "source_dir"},
    "compute": {
        "instance_type": "instance_type",
        "instance_count": "instance_count",
        "volume_size_in_gb": "volume_size",
        "volume_kms_key_id": "volume_kms_key",
        "keep_alive_period_in_seconds": "keep_alive_period_in_seconds",
        "enable_managed_spot_training": "use_spot_instances",
        "instance_groups": "instance_groups",
        "training_plan_arn": "training_plan",
    },
    "networking": {
        "subnets": "subnets",
        "security_group_ids": "security_group_ids",
        "enable_network_isolation": "enable_network_isolation",
        "enable_inter_container_traffic_encryption": "encrypt_inter_container_traffic",
    },
    "stopping_condition": {"max_runtime_in_seconds": "max_run", "max_wait_time_in_seconds": "max_wait"},
    "output_data_config": {"s3_output_path": "output_path", "kms_key_id": "output_kms_key"},
    "remote_debug_config": {"enable_remote_debug": "enable_remote_debug"},
    "retry_strategy": {"maximum_retry_attempts": "max_retry_attempts"},
    "infra_check_config": {"enable_infra_check": "enable_infra_check"},
    "session_chaining_config": {"enable_session_tag_chaining": "enable_session_tag_chaining"},
    "checkpoint_config": {"s3_uri": "checkpoint_s3_uri", "local_path": "checkpoint_local_path"},
    "training_image_config": {"training_repository_access_mode": "training_repository_access_mode"},
    "training_repository_auth_config": {
        "training_repository_credentials_provider_arn": "training_repository_credentials_provider_arn"
    },
}
"""Argument → members of its value → fields."""
PLAIN: Mapping[str, str] = {
    "role": "role",
    "base_job_name": "base_job_name",
    "training_image": "image_uri",
    "training_input_mode": "input_mode",
    "environment": "environment",
    "hyperparameters": "hyperparameters",
    "tensorboard_output_config": "tensorboard_output_config",
    "sagemaker_session": "sagemaker_session",
}
DEFAULTS: Mapping[str, Any] = {"instance_type": "ml.m5.xlarge", "instance_count": 1, "max_run": 3600}
"""What SDK 3 takes where nothing is said. Source: sagemaker 3, `ModelTrainer` (Compute, StoppingCondition)."""
CHANNEL = {
    "s3_uri": "s3_data",
    "s3_data_type": "s3_data_type",
    "s3_data_distribution_type": "distribution",
    "attribute_names": "attribute_names",
    "instance_group_names": "instance_groups",
    "file_system_id": "file_system_id",
    "file_system_type": "file_system_type",
    "directory_path": "directory_path",
    "file_system_access_mode": "file_system_access_mode",
}
OF_CHANNEL = {
    "content_type": "content_type",
    "compression_type": "compression",
    "record_wrapper_type": "record_wrapping",
    "input_mode": "input_mode",
    "shuffle_config": "shuffle_config",
}


def estimator_of(start: Start) -> Start:
    """The same job, as an estimator that names an image starts it."""
    trainer = start.made
    assert trainer is not None
    given: dict[str, Any] = {}
    left: list[str] = [*start.left]
    concerns: list[str] = [*start.concerns]
    for name, value in trainer.given.items():
        if value is None or name in ("training_mode", "input_data_config", "local_container_root"):
            continue
        if name in PLAIN:
            given[PLAIN[name]] = value
        elif name in PARTS and isinstance(value, Made | dict):
            _part(name, value.given if isinstance(value, Made) else value, given, concerns)
        elif name == "distributed" and isinstance(value, Made):
            _distributed(value, given, concerns)
        elif name == "tags" and isinstance(value, list):
            given["tags"] = [_named(tag, "Key", "Value") for tag in value]
        elif name == "metric_definitions" and isinstance(value, list):
            given["metric_definitions"] = [_named(metric, "Name", "Regex") for metric in value]
        else:
            left.append(f"{name}={text_of(value)}")
    mode = trainer.given.get("training_mode")
    if isinstance(mode, Library) and mode.name == "LOCAL_CONTAINER":
        given["instance_type"] = "local"
    for name, value in DEFAULTS.items():
        if "instance_groups" not in given or not name.startswith("instance_"):
            given.setdefault(name, value)
    fit: dict[str, Any] = {}
    inputs = start.fit.get("input_data_config") or trainer.given.get("input_data_config")
    if inputs is not None:
        fit["inputs"] = _channels(inputs, given.get("input_mode"), concerns)
    made = replace(trainer, given=given)
    return replace(start, made=made, fit=fit, left=tuple(left), concerns=tuple(concerns))


def _part(name: str, members: Mapping[Any, Any], given: dict[str, Any], concerns: list[str]) -> None:
    for member, value in members.items():
        field = PARTS[name].get(member)
        if value is None or (member == "requirements" and value == "requirements.txt"):  # the container's own way
            continue
        if field is not None:
            given[field] = value
        elif member in PARTS and isinstance(value, Made | dict):
            _part(member, value.given if isinstance(value, Made) else value, given, concerns)
        elif member == "compression_type" and value in ("GZIP", "NONE"):
            given["disable_output_compression"] = value == "NONE"
        else:
            concerns.append(f"no field for {name}: {member} = {text_of(value)}")


def _distributed(value: Made, given: dict[str, Any], concerns: list[str]) -> None:
    strategy = (
        {"Torchrun": "torch_distributed", "MPI": "mpi"}[value.class_name]
        if value.class_name in ("Torchrun", "MPI")
        else ""
    )
    if not strategy:
        concerns.append(f"no field for distributed = {text_of(value)}")
        return
    options: dict[str, Any] = {"enabled": True}
    for name, item in value.given.items():
        if strategy == "mpi" and name == "process_count_per_node":
            options["processes_per_host"] = item
        elif strategy == "mpi" and name == "mpi_additional_options" and _are_texts(item):
            options["custom_mpi_options"] = " ".join(item)
        elif item is not None:
            concerns.append(f"no field for distributed: {name} = {text_of(item)}")
    given["distribution"] = {strategy: options}


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _named(value: Any, *names: str) -> Any:
    """A value of the API in the API's own names, where it has just these."""
    members = value.given if isinstance(value, Made) else value
    if isinstance(members, dict) and {str(key).lower() for key in members} == {name.lower() for name in names}:
        lower = {str(key).lower(): item for key, item in members.items()}
        return {name: lower[name.lower()] for name in names}
    return value


def _channels(inputs: Any, mode: Any, concerns: list[str]) -> Any:
    """The channels, as `fit` takes them; of a mere location SDK 3 says itself that it is in File mode."""
    if not isinstance(inputs, list):
        return inputs
    found: dict[str, Any] = {}
    for one in inputs:
        members = one.given if isinstance(one, Made) else one
        if not isinstance(members, dict):
            concerns.append(f"a channel is not known: {text_of(one)}")
            continue
        name = members.get("channel_name")
        name = name.default if isinstance(name, Default) else name
        if not isinstance(name, str):
            concerns.append(f"a channel's name is not known: {text_of(one)}")
            continue
        located = isinstance(members.get("data_source"), str) and mode not in (None, "File")
        found[name] = _channel({"input_mode": "File", **members} if located else members, concerns)
    return found


def _channel(members: Mapping[str, Any], concerns: list[str]) -> Any:
    source = members.get("data_source")
    own = source.given if isinstance(source, Made) else source
    if isinstance(own, dict) and ("s3_data_source" in own or "file_system_data_source" in own):
        inner = own.get("s3_data_source") or own.get("file_system_data_source")
        own = inner.given if isinstance(inner, Made) else inner
    channel: dict[str, Any] = {}
    if isinstance(own, dict):
        for name, value in own.items():
            if name in CHANNEL:
                channel[CHANNEL[name]] = value
            elif value is not None:
                concerns.append(f"no field for a channel's {name} = {text_of(value)}")
    for name, value in members.items():
        if name in OF_CHANNEL and value is not None:
            channel[OF_CHANNEL[name]] = value
        elif name not in ("channel_name", "data_source") and value is not None:
            concerns.append(f"no field for a channel's {name} = {text_of(value)}")
    if isinstance(own, dict):
        return Made("TrainingInput", channel, (), None, "")  # type: ignore[arg-type]
    return Made("TrainingInput", {"s3_data": own, **channel}, (), None, "") if channel else own  # type: ignore[arg-type]
