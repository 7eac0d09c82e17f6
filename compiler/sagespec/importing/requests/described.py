"""What the fields of a manifest say of a training job that exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from sagespec.building.draft import account_of, default_bucket
from sagespec.building.request import Destination
from sagespec.building.tags import NAME
from sagespec.catalog import Facts
from sagespec.importing.draft import job_name
from sagespec.importing.requests.images import ImageChoice, choice_of
from sagespec.importing.requests.members import Body, at, decoded, is_default, without_defaults
from sagespec.kinds.training_job.draft import CODE_CHANNEL_PATH, joined, plain
from sagespec.kinds.training_job.members import MEMBERS
from sagespec.kinds.training_job.model import Job

COPIED = (
    "role",
    "container_entry_point",
    "container_arguments",
    "instance_type",
    "instance_count",
    "volume_size",
    "volume_kms_key",
    "max_run",
    "use_spot_instances",
    "max_wait",
    "keep_alive_period_in_seconds",
    "max_retry_attempts",
    "training_plan",
    "input_mode",
    "output_kms_key",
    "checkpoint_s3_uri",
    "checkpoint_local_path",
    "environment",
    "subnets",
    "security_group_ids",
    "encrypt_inter_container_traffic",
    "enable_network_isolation",
    "training_repository_access_mode",
    "enable_remote_debug",
    "enable_infra_check",
    "enable_session_tag_chaining",
)
"""Fields that hold just what their member holds."""
STRUCTURES = (
    "instance_groups",
    "instance_placement_config",
    "metric_definitions",
    "debugger_hook_config",
    "rules",
    "profiler_rules",
    "tensorboard_output_config",
    "experiment_config",
    "mlflow_config",
)
"""Fields that hold their member's members in snake_case."""
CHANNEL = {
    "ContentType": "content_type",
    "CompressionType": "compression",
    "RecordWrapperType": "record_wrapping",
    "InputMode": "input_mode",
    "DataSource.S3DataSource.S3Uri": "s3_data",
    "DataSource.S3DataSource.S3DataType": "s3_data_type",
    "DataSource.S3DataSource.S3DataDistributionType": "distribution",
    "DataSource.S3DataSource.InstanceGroupNames": "instance_groups",
    "DataSource.S3DataSource.AttributeNames": "attribute_names",
    "DataSource.FileSystemDataSource.FileSystemId": "file_system_id",
    "DataSource.FileSystemDataSource.FileSystemType": "file_system_type",
    "DataSource.FileSystemDataSource.DirectoryPath": "directory_path",
    "DataSource.FileSystemDataSource.FileSystemAccessMode": "file_system_access_mode",
    "ShuffleConfig.Seed": "shuffle_config.seed",
}
STRATEGIES = {
    "sagemaker_distribution_instance_groups": "instance_groups",
    "sagemaker_parameter_server_enabled": "parameter_server.enabled",
    "sagemaker_mpi_enabled": "mpi.enabled",
    "sagemaker_mpi_num_of_processes_per_host": "mpi.processes_per_host",
    "sagemaker_mpi_custom_mpi_options": "mpi.custom_mpi_options",
    "sagemaker_multi_worker_mirrored_strategy_enabled": "multi_worker_mirrored_strategy.enabled",
    "sagemaker_torch_distributed_enabled": "torch_distributed.enabled",
    "sagemaker_pytorch_ddp_enabled": "pytorchddp.enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled": "pytorchxla.enabled",
    "sagemaker_distributed_dataparallel_enabled": "smdistributed.dataparallel.enabled",
    "sagemaker_distributed_dataparallel_custom_mpi_options": "smdistributed.dataparallel.custom_mpi_options",
    "mp_parameters": "smdistributed.modelparallel.parameters",
}
"""Hyperparameters that the SDK makes of `distribution`."""
MADE = frozenset(
    {
        *STRATEGIES,
        "sagemaker_submit_directory",
        "sagemaker_program",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "sagemaker_region",
        "sagemaker_requirements",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_instance_type",
        "sagemaker_training_compiler_enabled",
        "sagemaker_training_compiler_debug_mode",
    }
)
"""Hyperparameters that nobody writes into a manifest."""
ALONE = frozenset({"sagemaker_torch_distributed_enabled", "sagemaker_pytorch_ddp_enabled"})
"""Of these, the ones that few frameworks' estimators send."""
OF_A_FRAMEWORK = frozenset({*STRATEGIES, "model_dir", "sagemaker_training_compiler_enabled"})
"""Hyperparameters that no estimator without a framework sends."""
_REGISTRY = re.compile(r"[0-9]+\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.")
DEFAULT_FRAMEWORK = "tensorflow"
_STAMP = re.compile(r"-\d{4}(?:-\d{2}){5}-\d{3}$")
"""What the SDK puts behind a base name: the moment, to the millisecond."""


class DescribedJob:
    """Reads one description, group of fields by group."""

    def __init__(self, body: Body, facts: Facts, tags: Mapping[str, str]) -> None:
        self.body = body
        self.facts = facts
        self.tags = tags
        self.name: str = body["TrainingJobName"]
        self.sent: Mapping[str, str] = body.get("HyperParameters", {})
        self.given = {name: decoded(text) for name, text in self.sent.items()}
        self.image: str = body["AlgorithmSpecification"].get("TrainingImage", "")
        self.region = self._region()
        self.output: str = body["OutputDataConfig"]["S3OutputPath"]

    def _region(self) -> str | None:
        arn = self.body.get("TrainingJobArn", "").split(":")
        image = _REGISTRY.match(self.image)
        made = arn[3] if len(arn) > 3 else self.given.get("sagemaker_region")
        return str(made) if made else image["region"] if image else None

    def fields(self) -> dict[str, Any]:
        found = {
            **self.identity(),
            **self.framework(),
            **self.code(),
            **self.copied(),
            **self.data(),
            **self.output_and_profiler(),
            "hyperparameters": self.hyperparameters(),
            "distribution": self.distribution(),
            "compiler_config": self.compiler(),
        }
        return {name: value for name, value in found.items() if _is_worth_saying(name, value)}

    def identity(self) -> dict[str, Any]:
        own = {key: value for key, value in self.tags.items() if not key.startswith(("sagespec:", "aws:"))}
        name = self.tags.get(NAME) or job_name(_STAMP.sub("", self.name))
        return {"name": name, "tags": own, "region": self.region}

    def framework(self) -> dict[str, Any]:
        """The framework and its versions, where the image is the one that they name; otherwise the image."""
        named = self.named if self.is_program else None
        if named is None:
            return {"image_uri": self.image or None, **self._whose()}
        framework, version, python = named.framework, named.version, named.python
        own, _, base = version.partition("+")
        under = {field: base.removeprefix(name) for name, field in framework.bases.items() if base.startswith(name)}
        name = {} if framework.name == DEFAULT_FRAMEWORK else {"framework": framework.name}
        taken = {} if framework.python is not None else {"py_version": python}
        return {**name, framework.version_field: own, **under, **taken}

    def _whose(self) -> dict[str, str]:
        """The framework whose estimator sends the hyperparameters beside an image of one's own; none where any may."""
        if not self.is_program or not (self.is_legacy or OF_A_FRAMEWORK & set(self.given)):
            return {}
        named = (self.facts.framework(name) for name in (DEFAULT_FRAMEWORK, *self.facts.frameworks))
        for framework in (each for each in named if each is not None):
            alone = {how["hyperparameter"] for how in framework.alone.values()}
            if ALONE & set(self.given) <= alone:
                return {"framework": framework.name}
        return {}

    @cached_property
    def named(self) -> ImageChoice | None:
        """Whose image the job runs; None for any that is not AWS's."""
        resources = self.body["ResourceConfig"]
        groups = resources.get("InstanceGroups") or [resources]
        types = [group["InstanceType"] for group in groups if "InstanceType" in group]
        parallel = {"sagemaker_distributed_dataparallel_enabled", "mp_parameters"} & set(self.given)
        return choice_of(self.image, self.facts, self.region or "", types, smdistributed=bool(parallel))

    @property
    def is_program(self) -> bool:
        """The container runs a script of the author's."""
        return "sagemaker_program" in self.given

    @property
    def is_legacy(self) -> bool:
        """As the image says it; of an image of one's own, as the hyperparameters look."""
        looks = {"checkpoint_path", "training_steps"} <= set(self.given) and "model_dir" not in self.given
        return looks and (self.named is None or self.named.mode == "legacy")

    @property
    def passes_model_dir(self) -> bool:
        """Whether a `model_dir` is the estimator's, and not the author's own."""
        name = self.framework().get("framework", None if self.named is None else self.named.framework.name)
        framework = None if name is None else self.facts.framework(name)
        return framework is not None and framework.passes_model_dir

    def code(self) -> dict[str, Any]:
        if not self.is_program:
            return {}
        given = self.given
        source = given.get("sagemaker_submit_directory")
        if source == CODE_CHANNEL_PATH:
            source = next((at(one, _S3_URI) for one in self.channels if one["ChannelName"] == "code"), source)
        model = given.get("model_dir", False) if self.passes_model_dir else None
        mpi = given.get("sagemaker_mpi_enabled") is True
        usual = "/opt/ml/model" if mpi else joined(self.output, self.name, "model")
        found = {
            "entry_point": given["sagemaker_program"],
            "source_dir": source,
            "container_log_level": given.get("sagemaker_container_log_level"),
        }
        if not self.is_legacy:
            return found | {"model_dir": None if model == usual else model}
        checkpoints = given["checkpoint_path"]
        return found | {
            "training_steps": given["training_steps"],
            "evaluation_steps": given.get("evaluation_steps"),
            "requirements_file": given.get("sagemaker_requirements") or None,
            "checkpoint_path": (
                None if checkpoints == f"{self.output.rstrip('/')}/{self.name}/checkpoints" else checkpoints
            ),
        }

    @property
    def channels(self) -> list[Body]:
        return self.body.get("InputDataConfig") or []

    def data(self) -> dict[str, Any]:
        isolated = self.given.get("sagemaker_submit_directory") == CODE_CHANNEL_PATH
        own = [one for one in self.channels if not (isolated and one["ChannelName"] == "code")]
        return {"channels": {one["ChannelName"]: channel(one) for one in own}}

    def copied(self) -> dict[str, Any]:
        plain_ones = {name: at(self.body, MEMBERS[name][0]) for name in COPIED}
        structures = {name: snake(at(self.body, MEMBERS[name][0])) for name in STRUCTURES}
        auth = at(self.body, "AlgorithmSpecification.TrainingImageConfig.TrainingRepositoryAuthConfig") or {}
        return {
            **plain_ones,
            **structures,
            "training_repository_credentials_provider_arn": auth.get("TrainingRepositoryCredentialsProviderArn"),
        }

    def output_and_profiler(self) -> dict[str, Any]:
        site = Destination(self.region or "", account_of(self.body["RoleArn"], None))
        profiler = without_defaults(self.body.get("ProfilerConfig") or {}, ("ProfilerConfig",))
        off = profiler.get("DisableProfiler", False)
        return {
            "output_path": None if self.output == f"s3://{default_bucket(site)}/" else self.output,
            "disable_output_compression": at(self.body, "OutputDataConfig.CompressionType") == "NONE",
            "enable_sagemaker_metrics": self.metrics(),
            "disable_profiler": True if off else None,
            # Without a place for profiles it is what the service shows of every job.
            "profiler_config": snake(profiler) if not off and "S3OutputPath" in profiler else None,
        }

    def metrics(self) -> bool | None:
        """Said only where it is not what the version makes of it."""
        wanted = bool(at(self.body, "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries"))
        named = self.named if self.is_program else None
        release = None if named is None else named.framework.without_image(named.version)
        usual = release is not None and release.training_metrics and not self.is_legacy
        return None if wanted == usual else wanted

    def hyperparameters(self) -> dict[str, Any]:
        if not self.is_program:
            return {name: value if plain(value) == self.sent[name] else self.sent[name] for name, value in self._own()}
        return dict(self._own())

    def _own(self) -> Iterator[tuple[str, Any]]:
        made: set[str] = set()
        if self.is_program:
            fields = ("training_steps", "evaluation_steps", "checkpoint_path") if self.is_legacy else ()
            made = {*MADE, *fields, *(("model_dir",) if self.passes_model_dir and not self.is_legacy else ())}
        for name, value in self.given.items():
            if name not in made:
                yield name, value

    def distribution(self) -> dict[str, Any]:
        if not self.is_program or self.is_legacy:
            return {}
        found: dict[str, Any] = {}
        for name, path in STRATEGIES.items():
            if name in self.given and self.given[name] != "":
                _put(found, path, self.given[name])
        if "mp_parameters" in self.given:
            # The SDK always says that the other library is off.
            found["smdistributed"] = {"modelparallel": {"enabled": True, "parameters": self.given["mp_parameters"]}}
            if not {"sagemaker_mpi_enabled", "sagemaker_torch_distributed_enabled"} & set(self.given):
                found["torch_distributed"] = {"enabled": False}  # what starts the library is switched off
        return found

    def compiler(self) -> dict[str, Any] | None:
        if not self.is_program or "sagemaker_training_compiler_enabled" not in self.given:
            return None
        return {
            "enabled": self.given["sagemaker_training_compiler_enabled"],
            "debug": self.given.get("sagemaker_training_compiler_debug_mode", False),
        }


_S3_URI = "DataSource.S3DataSource.S3Uri"


def channel(member: Body) -> Any:
    """A channel as a manifest has it: its location alone where that says everything."""
    found: dict[str, Any] = {}
    for path, name in CHANNEL.items():
        value = at(member, path)
        if value is not None and not is_default(("InputDataConfig", "*", *path.split(".")), value):
            _put(found, name, value)
    if found.get("s3_data_type") == "S3Prefix":
        del found["s3_data_type"]
    if found.get("file_system_access_mode") == "ro":
        del found["file_system_access_mode"]
    return found["s3_data"] if set(found) == {"s3_data"} else found


def snake(value: Any) -> Any:
    """A member in a manifest's spelling; the keys of maps, whose names end in Parameters, are the author's own."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower(): item if name.endswith("Parameters") else snake(item)
        for name, item in value.items()
        if item != []
    }


def _is_worth_saying(name: str, value: Any) -> bool:
    if name in ("training_steps", "evaluation_steps"):  # null has a meaning
        return True
    if name in ("environment", "metric_definitions") and value is not None:  # sent empty, where written so
        return True
    return value is not None and value != {} and value != Job.fields[name].default


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    """Writes a value at a dotted path."""
    *steps, last = path.split(".")
    for step in steps:
        data = data.setdefault(step, {})
    data[last] = value
