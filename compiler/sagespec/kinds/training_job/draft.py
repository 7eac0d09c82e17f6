"""The CreateTrainingJob request, member for member what the SageMaker Python SDK sends for the same arguments.

SDK 1.16.3 is the measure of legacy mode, SDK 2.257.7 that of script mode. Debugger and profiler are set only when
asked for: the SDK asks for them by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sagespec.building.request import FIRST, JOB, Request, Site, Upload
from sagespec.catalog import Facts, image_instance_type
from sagespec.checking.check import Checked
from sagespec.kinds.api_names import to_api
from sagespec.kinds.training_job.model import Channel, Job, Mode

CODE_CHANNEL_PATH = "/opt/ml/input/data/code/sourcedir.tar.gz"
LOCAL_MODEL_DIR = "/opt/ml/shared/model"
"""Where SDK 2's local mode keeps what a script would write to S3."""


def build(
    checked: Checked,
    facts: Facts,
    site: Site,
    code: Upload | None,
    data: Mapping[str, Upload],
    commit: str | None = None,
    manifest_name: str = "",
) -> Request:
    """The request of a checked job.

    Args:
        code: the source archive; None where the code lies in S3 already, or in the image.
        data: uploads of the channels that are local, by channel name.
    """
    job = checked.job
    body = _Body(checked, facts, site, code, data)
    settings = checked.manifest.settings
    tags = dict(job.tags)
    if manifest_name:
        tags["sagespec:manifest"] = tag_value(manifest_name)
    if commit:
        tags["sagespec:commit"] = commit
    return Request(
        manifest=checked.manifest.document.source.name,
        name=job.name,
        template=merged(body.members(), job.request),
        tags=tags,
        site=site,
        uploads=(*((code,) if code else ()), *data.values()),
        project=str(settings.get("project", "default")),
        on_change=job.on_change,
        retry=job.on_failure.retry,
        max_attempts=job.on_failure.max_attempts,
        role_by_name=job.role is not None and not job.role.startswith("arn:"),
    )


class _Body:
    """Builds the members of one body; each method is one member."""

    def __init__(
        self, checked: Checked, facts: Facts, site: Site, code: Upload | None, data: Mapping[str, Upload]
    ) -> None:
        self.checked = checked
        self.job: Job = checked.job
        self.facts = facts
        self.site = site
        self.code = code
        self.data = data
        self.mode = self.job.mode(facts)
        self.output = self.job.output_path or f"s3://{default_bucket(site)}/"

    def members(self) -> dict[str, Any]:
        job = self.job
        body = {
            "AlgorithmSpecification": self.algorithm(),
            "RoleArn": role_arn(job.role, self.site, self.facts),
            "InputDataConfig": self.channels() or None,
            "OutputDataConfig": present(
                S3OutputPath=self.output,
                KmsKeyId=job.output_kms_key,
                CompressionType="NONE" if job.disable_output_compression else None,
            ),
            "ResourceConfig": self.resources(),
            "StoppingCondition": present(MaxRuntimeInSeconds=job.max_run, MaxWaitTimeInSeconds=job.max_wait),
            "HyperParameters": self.hyperparameters(),
            "Environment": job.environment or None,
            "VpcConfig": self.network(),
            "EnableManagedSpotTraining": job.use_spot_instances or None,
            "EnableNetworkIsolation": job.enable_network_isolation or None,
            "EnableInterContainerTrafficEncryption": job.encrypt_inter_container_traffic or None,
            "CheckpointConfig": self.checkpoints(),
            "RetryStrategy": wrapped("MaximumRetryAttempts", job.max_retry_attempts),
            "DebugHookConfig": self.debugger(),
            "DebugRuleConfigurations": [to_api(rule) for rule in job.rules or []] or None,
            "ProfilerConfig": self.profiler(),
            "ProfilerRuleConfigurations": [to_api(rule) for rule in job.profiler_rules or []] or None,
            "TensorBoardOutputConfig": api_of(job.tensorboard_output_config),
            "ExperimentConfig": api_of(job.experiment_config) or None,
            "RemoteDebugConfig": wrapped("EnableRemoteDebug", job.enable_remote_debug),
            "InfraCheckConfig": wrapped("EnableInfraCheck", job.enable_infra_check),
            "SessionChainingConfig": wrapped("EnableSessionTagChaining", job.enable_session_tag_chaining),
        }
        return present(**body)

    def algorithm(self) -> dict[str, Any]:
        job = self.job
        return present(
            TrainingImage=job.image_uri or self.image(),
            TrainingInputMode=self.training_input_mode(),
            MetricDefinitions=[to_api(metric) for metric in job.metric_definitions or []] or None,
            EnableSageMakerMetricsTimeSeries=self.metrics(),
            ContainerEntrypoint=job.container_entry_point,
            ContainerArguments=job.container_arguments,
            TrainingImageConfig=self.image_config(),
        )

    def image(self) -> str:
        """One image serves all groups."""
        job = self.job
        return self.facts.image_uri(
            job.framework_version or "",
            job.python(self.facts) or "",
            self.site.region,
            image_instance_type(job.instance_types()),
            "legacy" if self.mode is Mode.LEGACY else "script",
            smdistributed=job.distribution is not None and job.distribution.smdistributed is not None,
        )

    def training_input_mode(self) -> str:
        """A channel given alone speaks for the job, as `fit(TrainingInput(…))` does."""
        alone = self.checked.manifest.lone.get("channels")
        return (self.job.channels[alone].input_mode if alone else None) or self.job.input_mode

    def metrics(self) -> bool | None:
        if self.job.enable_sagemaker_metrics is not None or self.job.framework_version is None:
            return self.job.enable_sagemaker_metrics
        release = self.facts.release(self.job.framework_version)
        return True if release is not None and release.training_metrics and self.mode is Mode.SCRIPT else None

    def image_config(self) -> dict[str, Any] | None:
        job = self.job
        if job.training_repository_access_mode is None:
            return None
        arn = job.training_repository_credentials_provider_arn
        return present(
            TrainingRepositoryAccessMode=job.training_repository_access_mode,
            TrainingRepositoryAuthConfig=wrapped("TrainingRepositoryCredentialsProviderArn", arn),
        )

    def channels(self) -> list[dict[str, Any]]:
        result = [self.channel(name, channel) for name, channel in self.job.channels.items()]
        if self.job.enable_network_isolation and self.code_uri() and self.mode is not Mode.IMAGE:
            source = {"S3DataType": "S3Prefix", "S3Uri": self.code_uri(), "S3DataDistributionType": "FullyReplicated"}
            result.append({"ChannelName": "code", "DataSource": {"S3DataSource": source}})
        return result

    def channel(self, name: str, channel: Channel) -> dict[str, Any]:
        return present(
            ChannelName=name,
            DataSource=self.data_source(name, channel),
            ContentType=channel.content_type,
            CompressionType=channel.compression,
            RecordWrapperType=channel.record_wrapping,
            InputMode=channel.input_mode,
            ShuffleConfig=api_of(channel.shuffle_config),
        )

    def data_source(self, name: str, channel: Channel) -> dict[str, Any]:
        if channel.file_system_id is not None:
            source = present(
                FileSystemId=channel.file_system_id,
                FileSystemType=channel.file_system_type,
                DirectoryPath=channel.directory_path,
                FileSystemAccessMode=channel.file_system_access_mode or "ro",
            )
            return {"FileSystemDataSource": source}
        source = present(
            S3DataType=channel.s3_data_type or "S3Prefix",
            S3Uri=self.data[name].uri if name in self.data else channel.s3_data,
            S3DataDistributionType=channel.distribution or "FullyReplicated",
            InstanceGroupNames=channel.instance_groups,
            AttributeNames=channel.attribute_names,
        )
        return {"S3DataSource": source}

    def resources(self) -> dict[str, Any]:
        job = self.job
        return present(
            InstanceType=job.instance_type,
            InstanceCount=job.instance_count,
            InstanceGroups=[to_api(group) for group in job.instance_groups or []] or None,
            VolumeSizeInGB=job.volume_size,
            VolumeKmsKeyId=job.volume_kms_key,
            KeepAlivePeriodInSeconds=job.keep_alive_period_in_seconds,
            TrainingPlanArn=job.training_plan,
            InstancePlacementConfig=api_of(job.instance_placement_config),
        )

    def network(self) -> dict[str, Any] | None:
        if self.job.subnets is None or self.job.security_group_ids is None:
            return None
        return {"Subnets": self.job.subnets, "SecurityGroupIds": self.job.security_group_ids}

    def checkpoints(self) -> dict[str, Any] | None:
        if self.job.checkpoint_s3_uri is None:
            return None
        return present(S3Uri=self.job.checkpoint_s3_uri, LocalPath=self.job.checkpoint_local_path)

    def debugger(self) -> dict[str, Any] | None:
        hook = self.job.debugger_hook_config
        if hook is None or hook is False:
            return None
        return {"S3OutputPath": self.output, "CollectionConfigurations": [], **to_api(hook)}

    def profiler(self) -> dict[str, Any] | None:
        config = self.job.profiler_config
        if self.job.disable_profiler or (config is not None and config.disable_profiler):
            return {"DisableProfiler": True}
        if config is None:
            return None
        return {"S3OutputPath": self.output, "DisableProfiler": False, **to_api(config)}

    def hyperparameters(self) -> dict[str, str] | None:
        job = self.job
        if self.mode is Mode.IMAGE:
            return {key: plain(value) for key, value in job.hyperparameters.items()} or None
        generated = {**self.distribution(), **self.compiler(), **self.program()}
        generated |= self.legacy() if self.mode is Mode.LEGACY else self.model_dir()
        return {key: json.dumps(value) for key, value in {**job.hyperparameters, **generated}.items()}

    def program(self) -> dict[str, Any]:
        job = self.job
        isolated = job.enable_network_isolation
        return {
            "sagemaker_submit_directory": CODE_CHANNEL_PATH if isolated else self.code_uri(),
            "sagemaker_program": self.program_name(),
            "sagemaker_container_log_level": job.container_log_level,
            "sagemaker_job_name": JOB,
            "sagemaker_region": self.site.region,
        }

    def program_name(self) -> str:
        """Beside a source folder the entry point keeps its path; alone it is packed under its own name."""
        entry = self.job.entry_point or ""
        legacy_in_s3 = self.mode is Mode.LEGACY and (self.job.source_dir or "").startswith("s3://")
        return entry.rpartition("/")[2] if self.job.source_dir is None or legacy_in_s3 else entry

    def code_uri(self) -> str | None:
        return self.code.uri if self.code is not None else self.job.source_dir

    def legacy(self) -> dict[str, Any]:
        job = self.job
        return {
            "checkpoint_path": job.checkpoint_path or f"{self.output.rstrip('/')}/{FIRST}/checkpoints",
            "training_steps": job.training_steps,
            "evaluation_steps": job.evaluation_steps,
            "sagemaker_requirements": job.requirements_file or "",
            "sagemaker_enable_cloudwatch_metrics": False,
        }

    def model_dir(self) -> dict[str, Any]:
        given = self.job.model_dir
        if given is False:
            return {}
        mpi = self.job.distribution.mpi if self.job.distribution is not None else None
        if self.site.local:
            default = LOCAL_MODEL_DIR
        elif mpi is not None and mpi.enabled:
            default = "/opt/ml/model"
        else:
            default = joined(self.output, FIRST, "model")
        return {"model_dir": given or default}

    def distribution(self) -> dict[str, Any]:
        given = self.job.distribution
        result: dict[str, Any] = {}
        if given is None or self.mode is Mode.LEGACY:
            return result
        groups = self.job.instance_groups or []
        names = given.instance_groups or [group.instance_group_name for group in groups if len(groups) == 1]
        if names:
            result["sagemaker_distribution_instance_groups"] = names
        if given.parameter_server is not None:
            result["sagemaker_parameter_server_enabled"] = given.parameter_server.enabled
        if given.mpi is not None:
            result["sagemaker_mpi_enabled"] = given.mpi.enabled
            if given.mpi.processes_per_host is not None:
                result["sagemaker_mpi_num_of_processes_per_host"] = given.mpi.processes_per_host
            result["sagemaker_mpi_custom_mpi_options"] = given.mpi.custom_mpi_options or ""
        if given.multi_worker_mirrored_strategy is not None:
            enabled = given.multi_worker_mirrored_strategy.enabled
            result["sagemaker_multi_worker_mirrored_strategy_enabled"] = enabled
        if given.smdistributed is not None:
            result |= self.smdistributed()
        return result

    def smdistributed(self) -> dict[str, Any]:
        given = self.job.distribution.smdistributed if self.job.distribution is not None else None
        if given is None:
            return {}
        parallel, model = given.dataparallel, given.modelparallel
        enabled = parallel is not None and parallel.enabled
        result: dict[str, Any] = {
            "sagemaker_distributed_dataparallel_enabled": enabled,
            "sagemaker_instance_type": self.job.instance_type,
        }
        if parallel is not None and enabled:
            options = parallel.custom_mpi_options or ""
            result["sagemaker_distributed_dataparallel_custom_mpi_options"] = options
        if model is not None and model.enabled and model.parameters:
            result["mp_parameters"] = model.parameters
        return result

    def compiler(self) -> dict[str, Any]:
        given = self.job.compiler_config
        if given is None:
            return {}
        return {
            "sagemaker_training_compiler_enabled": given.enabled,
            "sagemaker_training_compiler_debug_mode": given.debug,
        }


def default_bucket(site: Site) -> str:
    return f"sagemaker-{site.region}-{site.account}"


def role_arn(role: str | None, site: Site, facts: Facts) -> str | None:
    """A bare name (or path and name) is a role of the same account, in the partition that the region belongs to."""
    if role is None or role.startswith("arn:"):
        return role
    region = facts.region(site.region)
    partition = region.partition if region is not None else "aws"
    return f"arn:{partition}:iam::{site.account}:role/{role.removeprefix('role/')}"


def joined(*parts: str) -> str:
    """An S3 URI of parts, without doubled slashes: sagemaker 2.257.7, s3_utils.s3_path_join."""
    scheme, _, rest = "/".join(part.strip("/") for part in parts).partition("://")
    return f"{scheme}://{re.sub('/+', '/', rest)}"


def merged(body: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """`request:` over the body: maps merge, anything else replaces, null takes out."""
    result = dict(body)
    for key, value in override.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def plain(value: Any) -> str:
    """A hyperparameter for an image of one's own: text as it is, as the SDK's generic Estimator sends it."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def wrapped(name: str, value: Any) -> dict[str, Any] | None:
    return None if value is None else {name: value}


def api_of(part: Any) -> dict[str, Any] | None:
    return None if part is None else to_api(part)


def tag_value(text: str) -> str:
    """Text as a tag's value may be: its end where it is too long, and `_` for what is not allowed."""
    allowed = "".join(c if c.isalnum() or c in " _.:/=+-@" else "_" for c in text)
    return allowed[-256:]
