"""The CreateTrainingJob request, member for member what the SageMaker Python SDK sends for the same arguments.

SDK 1.16.3 is the measure of legacy mode, SDK 2.257.7 that of script mode. Debugger and profiler are set only when
asked for: the SDK asks for them by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from json.encoder import encode_basestring_ascii
from math import isfinite
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.lazy import lazy
from sagespec.building.archive import ArchiveError
from sagespec.building.draft import (
    BodyMaker,
    Draft,
    DraftInputs,
    Incomplete,
    below,
    code_upload,
    data_upload,
    default_bucket,
    merged,
    needed,
    present,
    provenance,
    role_arn,
    wrapped,
)
from sagespec.building.request import FIRST, JOB, Call, Request, Upload
from sagespec.catalog import PLAIN, Framework, image_instance_type
from sagespec.kinds.api_names import to_api
from sagespec.kinds.training_job.launch import launch
from sagespec.kinds.training_job.lifecycle import LIVE
from sagespec.kinds.training_job.members import HOLDERS
from sagespec.kinds.training_job.model import Channel, Job, Mode
from sagespec.kinds.training_job.model.distribution import Distribution
from sagespec.kinds.training_job.shared.choice import Choice, choice_of
from sagespec.reading.part import Unknown
from sagespec.reading.render import Manifest

CODE_CHANNEL_PATH = "/opt/ml/input/data/code/sourcedir.tar.gz"
LOCAL_MODEL_DIR = "/opt/ml/shared/model"
"""Where SDK 2's local mode keeps what a script would write to S3."""


def draft(job: Job, manifest: Manifest, inputs: DraftInputs) -> Draft:
    """What would be sent for a job. Of a partial job, as much of it as its fields say; nothing is raised."""
    choice = choice_of(job, inputs.facts, local=inputs.site.local)
    sources = _Sources(job, choice, inputs)
    body = _Body(job, choice, manifest, inputs, sources)
    members = merged(body.members(), job.members().get("request", {}))
    known = job.members()
    role, retries = known.get("role"), known.get("on_failure")
    environment = manifest.environment or ""
    request = Request(
        kind="TrainingJob",
        manifest=manifest.document.source.name,
        name=known.get("name", ""),
        calls=(Call("CreateTrainingJob", "TrainingJobName", members, live=LIVE, scope=environment),),
        tags={**known.get("tags", {}), **dict(provenance(inputs))},
        site=inputs.site,
        uploads=tuple(sources.uploads),
        project=str(manifest.settings.get("project", "default")),
        environment=environment,
        on_change=known.get("on_change", "refuse"),
        retry="infrastructure" if retries is None else retries.members().get("retry", "infrastructure"),
        max_attempts=3 if retries is None else retries.members().get("max_attempts", 3),
        role_by_name=role is not None and not role.startswith("arn:"),
    )
    asked = () if inputs.site.local else tuple(needed(job, inputs, _default_bucket_by(job)))
    channels = ("InputDataConfig",) if sources.data or known.get("enable_network_isolation") else ()
    named = ("HyperParameters", *channels)
    return Draft(request, tuple(sources.unusable), tuple(body.incomplete), frozenset(body.unknown), asked, named)


def _default_bucket_by(job: Job) -> str | None:
    """The field that would name another bucket than the default one; None where one is named, or may be."""
    known = job.members()
    return "output_path" if "output_path" in known and known["output_path"] is None else None


class _Sources:
    """The code and the local channels of a job, as far as its fields say where they lie."""

    def __init__(self, job: Job, choice: Choice, inputs: DraftInputs) -> None:
        self.job = job
        self.choice = choice
        self.inputs = inputs
        self.uploads: list[Upload] = []
        self.unusable: list[Finding] = []
        self.code: Upload | None = None
        self.data: dict[str, Upload] = {}
        self._collect(self._code)
        for name, channel in job.members().get("channels", {}).items():
            path = channel.members().get("path")
            if path is not None:
                self._collect(partial(self._channel, name, path))

    def _collect(self, one: Callable[[], None]) -> None:
        try:
            one()
        except Unknown:
            pass  # a field that says where is wrong, which has been said
        except ArchiveError as error:
            self.unusable.append(Finding(error.field, error.message, error.hint))

    def _code(self) -> None:
        job = self.job
        mode, entry_point = self.choice.mode, job.entry_point
        if mode is Mode.IMAGE or entry_point is None or (job.source_dir or "").startswith("s3://"):
            return
        contents = self.inputs.packing.code(self.inputs.folder, entry_point, job.source_dir, tuple(job.dependencies))
        self.code = code_upload(contents, self._prefix, len(self.uploads))
        self.uploads.append(self.code)

    def _channel(self, name: str, location: str) -> None:
        path = self.inputs.folder / location.removeprefix("file://")
        dataset = self.inputs.packing.data(path, ("channels", name, "path"))
        self.data[name] = data_upload(path, dataset, self._prefix, len(self.uploads))
        self.uploads.append(self.data[name])

    @property
    def _prefix(self) -> str:
        job = self.job
        if job.code_location is not None:
            return below(job.code_location, as_sdk_1=self.choice.mode is Mode.LEGACY)
        output = job.output_path
        return f"s3://{output.removeprefix('s3://').partition('/')[0] if output else default_bucket(self.inputs.site)}"


class _Body(BodyMaker):
    """Builds the members of one body; each method is one member."""

    def __init__(self, job: Job, choice: Choice, manifest: Manifest, inputs: DraftInputs, sources: _Sources) -> None:
        super().__init__()
        self.job = job
        self.choice = choice
        self.manifest = manifest
        self.facts = inputs.facts
        self.site = inputs.site
        self.code = sources.code
        self.data = sources.data

    @lazy
    def mode(self) -> Mode:
        return self.choice.mode

    @lazy
    def framework(self) -> Framework | None:
        return self.choice.framework

    @lazy
    def output(self) -> str:
        return self.job.output_path or f"s3://{default_bucket(self.site)}/"

    def members(self) -> dict[str, Any]:
        asked = [OPTIONAL[field] for field in self.job.touched() if field in OPTIONAL]
        made = {}
        for name, make in MEMBERS.items():
            value = self.made((name,), make, self) if name in ALWAYS or name in asked else None
            if value is not None:
                made[name] = value
        return made

    def role(self) -> str | None:
        return role_arn(self.job.role, self.site, self.facts)

    def output_config(self) -> dict[str, Any]:
        job = self.job
        return present(
            S3OutputPath=self.made(("OutputDataConfig", "S3OutputPath"), lambda: self.output),
            KmsKeyId=job.output_kms_key,
            CompressionType="NONE" if job.disable_output_compression else None,
        )

    def stopping(self) -> dict[str, Any]:
        return present(MaxRuntimeInSeconds=self.job.max_run, MaxWaitTimeInSeconds=self.job.max_wait)

    def algorithm(self) -> dict[str, Any]:
        job = self.job
        return present(
            TrainingImage=self.made(("AlgorithmSpecification", "TrainingImage"), self.image),
            TrainingInputMode=self.training_input_mode(),
            MetricDefinitions=self.metric_definitions(),
            EnableSageMakerMetricsTimeSeries=self.metrics(),
            ContainerEntrypoint=job.container_entry_point,
            ContainerArguments=job.container_arguments,
            TrainingImageConfig=self.image_config(),
        )

    def metric_definitions(self) -> list[dict[str, Any]] | None:
        given = self.job.metric_definitions
        return None if given is None else [metric.request() for metric in given]

    def image(self) -> str | None:
        """One image serves all groups."""
        job = self.job
        if job.image_uri is not None:
            return job.image_uri
        if not self.site.region or not job.instance_types():
            self.unknown.add(("AlgorithmSpecification", "TrainingImage"))
            return None
        variant, distribution = self.choice.variant, job.distribution
        try:
            if self.framework is None:
                raise LookupError(f"no framework is called {job.framework_name!r}")
            return self.framework.image_uri(
                self.choice.version or "",
                self.choice.python or "",
                self.site.region,
                image_instance_type(job.instance_types()),
                "legacy" if self.mode is Mode.LEGACY else "script",
                smdistributed=distribution is not None and _is_smdistributed(distribution, self.framework),
                variant=PLAIN if variant is None else variant.name,
            )
        except LookupError as error:
            hint = "give image_uri, or take a version that has one"
            field = "framework" if self.framework is None else self.framework.version_field
            raise Incomplete((field,), f"no training image is known: {error}", hint) from None

    def training_input_mode(self) -> str:
        """A channel given alone speaks for the job, as in SDK 2 `fit(TrainingInput(…))` does."""
        if self.mode is Mode.LEGACY:
            return self.job.input_mode
        alone = self.manifest.lone.get("channels")
        return (self.job.channels[alone].input_mode if alone else None) or self.job.input_mode

    def metrics(self) -> bool | None:
        if self.job.enable_sagemaker_metrics is not None or self.framework is None or self.mode is not Mode.SCRIPT:
            return self.job.enable_sagemaker_metrics
        return True if self.framework.without_image(self.choice.version).training_metrics else None

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

    def environment(self) -> dict[str, str] | None:
        return self.job.environment if self.job.given("environment") else None

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
        if hook is None or hook is False or self.is_without_debugger():
            return None
        return {"S3OutputPath": self.output, "CollectionConfigurations": [], **to_api(hook)}

    def debugger_rules(self) -> list[dict[str, Any]] | None:
        return None if self.is_without_debugger() else [to_api(rule) for rule in self.job.rules or []] or None

    def is_without_debugger(self) -> bool:
        """Whether the estimator takes Debugger's hook and rules out, for a strategy that it does not work with."""
        given, framework = self.job.distribution, self.framework
        strategies = {} if framework is None or given is None else framework.strategies
        return given is not None and any(strategies.get(name, {}).get("without_debugger") for name in given.enabled())

    def profiler(self) -> dict[str, Any] | None:
        config = self.job.profiler_config
        if self.job.disable_profiler or (config is not None and config.disable_profiler):
            return {"DisableProfiler": True}
        if config is None:
            return None
        return {"S3OutputPath": self.output, "DisableProfiler": False, **to_api(config)}

    def hyperparameters(self) -> dict[str, str] | None:
        job = self.job
        encode = plain if self.takes_plain_text() else dumped
        own = {key: encode(value) for key, value in job.hyperparameters.items()}
        if self.mode is Mode.IMAGE:
            return own or None
        generated = {**self.distribution(), **self.compiler(), **self.program()}
        generated |= self.legacy() if self.mode is Mode.LEGACY else self.model_dir()
        return {**own, **{key: dumped(value) for key, value in generated.items()}}

    def takes_plain_text(self) -> bool:
        """A framework's container takes JSON; the SDK's generic Estimator says a text as it is to an image of one's
        own, unless a whole folder of code comes along."""
        return self.mode is Mode.IMAGE or (self.framework is None and self.job.source_dir is None)

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
        """Where the code lies; None where there is none, or it cannot be packed."""
        if self.code is not None:
            return self.code.uri
        source = self.job.source_dir
        return source if source is not None and source.startswith("s3://") else None

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
        if given is False or self.framework is None or not self.framework.passes_model_dir:
            return {}
        mpi = self.job.distribution.mpi if self.job.distribution is not None else None
        if self.site.local:
            default = LOCAL_MODEL_DIR
        elif mpi is not None and mpi.enabled:
            default = "/opt/ml/model"
        else:
            default = joined(self.output, FIRST, "model")
        return {"model_dir": given or default}

    def distribution(self) -> Mapping[str, Any]:
        return {} if self.mode is Mode.LEGACY else launch(self.job, self.framework)

    def compiler(self) -> dict[str, Any]:
        given = self.job.compiler_config
        if given is None:
            return {}
        return {
            "sagemaker_training_compiler_enabled": given.enabled,
            "sagemaker_training_compiler_debug_mode": given.debug,
        }


def _is_smdistributed(distribution: Distribution, framework: Framework) -> bool:
    """Whether the SDK finds that key in the distribution, where the estimator may have put it."""
    ddp = distribution.pytorchddp is not None and "as" in framework.strategies.get("pytorchddp", {})
    return ddp or distribution.smdistributed is not None


def joined(*parts: str) -> str:
    """An S3 URI of parts, without doubled slashes: sagemaker 2.257.7, s3_utils.s3_path_join."""
    scheme, _, rest = "/".join([part.strip("/") for part in parts]).partition("://")
    return f"{scheme}://{re.sub('/+', '/', rest) if '//' in rest else rest}"


def dumped(value: Any) -> str:
    """`json.dumps`, which takes its time to find out that it was given no list and no map."""
    return ENCODED.get(type(value), json.dumps)(value)


ENCODED: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring_ascii,
    int: int.__repr__,
    float: lambda value: float.__repr__(value) if isfinite(value) else json.dumps(value),
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}


def plain(value: Any) -> str:
    """A hyperparameter for an image of one's own: text as it is, as the SDK's generic Estimator sends it."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def api_of(part: Any) -> dict[str, Any] | None:
    return None if part is None else to_api(part)


MEMBERS: Mapping[str, Callable[[_Body], Any]] = {
    "AlgorithmSpecification": _Body.algorithm,
    "RoleArn": _Body.role,
    "InputDataConfig": lambda body: body.channels() or None,
    "OutputDataConfig": _Body.output_config,
    "ResourceConfig": _Body.resources,
    "StoppingCondition": _Body.stopping,
    "HyperParameters": _Body.hyperparameters,
    "Environment": _Body.environment,
    "VpcConfig": _Body.network,
    "EnableManagedSpotTraining": lambda body: body.job.use_spot_instances or None,
    "EnableNetworkIsolation": lambda body: body.job.enable_network_isolation or None,
    "EnableInterContainerTrafficEncryption": lambda body: body.job.encrypt_inter_container_traffic or None,
    "CheckpointConfig": _Body.checkpoints,
    "RetryStrategy": lambda body: wrapped("MaximumRetryAttempts", body.job.max_retry_attempts),
    "DebugHookConfig": _Body.debugger,
    "DebugRuleConfigurations": _Body.debugger_rules,
    "ProfilerConfig": _Body.profiler,
    "ProfilerRuleConfigurations": lambda body: [to_api(rule) for rule in body.job.profiler_rules or []] or None,
    "TensorBoardOutputConfig": lambda body: api_of(body.job.tensorboard_output_config),
    "ExperimentConfig": lambda body: api_of(body.job.experiment_config) or None,
    "MlflowConfig": lambda body: api_of(body.job.mlflow_config),
    "RemoteDebugConfig": lambda body: wrapped("EnableRemoteDebug", body.job.enable_remote_debug),
    "InfraCheckConfig": lambda body: wrapped("EnableInfraCheck", body.job.enable_infra_check),
    "SessionChainingConfig": lambda body: wrapped("EnableSessionTagChaining", body.job.enable_session_tag_chaining),
}
"""Every member of the request, in the order in which it is written, and what makes it."""

ALWAYS = frozenset(
    {
        "AlgorithmSpecification",
        "RoleArn",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "HyperParameters",
    }
)
"""Members that may be there whatever is written."""

OPTIONAL = {field: holder for field, holder in HOLDERS.items() if holder not in ALWAYS}
"""Field → the member that it sets, of those that nothing else brings."""
