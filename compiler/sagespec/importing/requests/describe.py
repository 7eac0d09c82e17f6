"""A training job that exists, as DescribeTrainingJob or a CreateTrainingJob body shows it → a manifest.

What fields can say is said in fields. The manifest is then compiled, and whatever the job has otherwise goes under
`request:`, so that compiling it gives the job's own request again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property, lru_cache
from typing import Any, Literal

from sagespec.base.files import Files
from sagespec.base.named import NamedTuple
from sagespec.base.source import Source
from sagespec.building import api_check as api
from sagespec.building.draft import DraftInputs as DraftInputs
from sagespec.building.draft import Packing, account_of, default_bucket
from sagespec.building.request import FIRST, JOB, Destination
from sagespec.catalog import PLAIN, Facts, Framework, api_members, image_instance_type
from sagespec.deploying.planning.differ import REWRITES
from sagespec.importing.draft import FilledArgument, ManifestDraft, UnreadableProgram, job_name, literal
from sagespec.kinds.training_job.draft import CODE_CHANNEL_PATH, draft, joined, plain
from sagespec.kinds.training_job.members import MEMBERS, field_of
from sagespec.kinds.training_job.model import Job
from sagespec.reading.binding import bind
from sagespec.reading.document import read
from sagespec.reading.render import Inputs, Vocabulary, render

Body = Mapping[str, Any]

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
IDLE = {"sagemaker_requirements": "", "sagemaker_enable_cloudwatch_metrics": False}
"""Values that no container does anything with: some SDKs send them, some do not."""

_DEFAULTS = {
    "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": (False,),
    "ProfilerConfig.DisableProfiler": (False,),
    "ProfilerConfig.ProfilingIntervalInMilliseconds": (500,),
    **{rewrite.member: rewrite.values for rewrite in REWRITES if rewrite.values},
}
_REGISTRY = re.compile(r"[0-9]+\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.")
DEFAULT_FRAMEWORK = "tensorflow"
HINT = "give what `aws sagemaker describe-training-job` prints, or a CreateTrainingJob request"
_STAMP = re.compile(r"-\d{4}(?:-\d{2}){5}-\d{3}$")
"""What the SDK puts behind a base name: the moment, to the millisecond."""


def from_description(body: Body, facts: Facts, tags: Mapping[str, str] | None = None) -> ManifestDraft:
    """The manifest of a training job.

    Args:
        body: the answer of DescribeTrainingJob, or the body of CreateTrainingJob.
        tags: the job's, which DescribeTrainingJob does not show.

    Raises:
        Unreadable: this is no training job.
    """
    for complaint in api.check({name: value for name, value in body.items() if name in _members() | {"Tags"}}):
        if complaint.kind in ("type", "required"):
            path = ".".join(map(str, complaint.path))
            raise UnreadableProgram(f"this is no training job: {path} {complaint.message}", HINT)
    if not body["AlgorithmSpecification"].get("TrainingImage"):
        raise UnreadableProgram(
            "the job runs an algorithm by its name, and a manifest names an image",
            "write the manifest with any image_uri, and under request: what AlgorithmSpecification holds",
        )
    shown = {tag["Key"]: tag["Value"] for tag in body.get("Tags", ())} if tags is None else tags
    data = literal(_DescribedJob(body, facts, shown).fields())
    draft, built = _compiled(data, facts)
    override = dict(_override(_known(body), built, ()))
    data = {**draft, **({"request": literal(override)} if override else {})}
    return ManifestDraft(data, arguments=tuple(_arguments(_known(body), data, override)))


def _arguments(wanted: Body, data: Mapping[str, Any], override: Mapping[str, Any]) -> Iterator[FilledArgument]:
    """What has become of each member."""
    for path in _leaves(wanted, ()):
        name = ".".join(map(str, path))
        field = _field(tuple(str(step) for step in path if not isinstance(step, int)))
        if _is_in(path, override):
            yield FilledArgument(name, "changed", "under request:")
        elif field in data:
            yield FilledArgument(name, "taken", str(field))
        else:
            yield FilledArgument(name, "taken", "what a manifest makes by itself")


@lru_cache(maxsize=10_000)
def _field(member: tuple[str, ...]) -> str | None:
    return field_of(member)


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, Mapping | list) and value:
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _leaves(item, (*path, key))
    else:
        yield path


def _is_in(path: tuple[str | int, ...], override: Any) -> bool:
    for step in path:
        if not isinstance(override, Mapping):
            return True
        if step not in override:
            return False
        override = override[step]
    return True


class _Wish(NamedTuple):
    """What a manifest may ask for to get an image of AWS's."""

    framework: Framework
    version: str
    python: str
    mode: Literal["legacy", "script"]
    variant: str


@cache
def _wishes(facts: Facts, repository: str) -> tuple[_Wish, ...]:
    """All that a manifest may ask for to get an image of a repository."""
    return tuple(_asked(facts, repository))


def _asked(facts: Facts, repository: str) -> Iterator[_Wish]:
    for name in facts.frameworks:
        framework = facts.framework(name)
        for variant in () if framework is None else (PLAIN, *(each.name for each in framework.variants)):
            for version in framework.versions(variant) if framework is not None else ():
                release = framework.release(version, variant) if framework is not None else None
                if framework is None or release is None:
                    continue
                for python, image in release.images.items() if release.script_mode else ():
                    if image.repository == repository:
                        yield _Wish(framework, version, python, "script", variant)
                if release.legacy_image is not None and release.legacy_image.repository == repository:
                    yield _Wish(framework, version, "py2", "legacy", variant)


class _DescribedJob:
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
        name = self.tags.get("sagespec:name") or job_name(_STAMP.sub("", self.name))
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
    def named(self) -> _Wish | None:
        """Whose image the job runs; None for any that is not AWS's."""
        repository, _, _ = self.image.rpartition("/")[2].partition(":")
        resources = self.body["ResourceConfig"]
        groups = resources.get("InstanceGroups") or [resources]
        types = [group["InstanceType"] for group in groups if "InstanceType" in group]
        parallel = {"sagemaker_distributed_dataparallel_enabled", "mp_parameters"} & set(self.given)
        for wish in _wishes(self.facts, repository) if types else ():
            try:
                made = wish.framework.image_uri(
                    wish.version,
                    wish.python,
                    self.region or "",
                    image_instance_type(types),
                    wish.mode,
                    smdistributed=bool(parallel),
                    variant=wish.variant,
                )
            except LookupError:
                continue
            if made == self.image:
                return wish
        return None

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
            source = next((_at(one, _S3_URI) for one in self.channels if one["ChannelName"] == "code"), source)
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
        plain_ones = {name: _at(self.body, MEMBERS[name][0]) for name in COPIED}
        structures = {name: snake(_at(self.body, MEMBERS[name][0])) for name in STRUCTURES}
        auth = _at(self.body, "AlgorithmSpecification.TrainingImageConfig.TrainingRepositoryAuthConfig") or {}
        return {
            **plain_ones,
            **structures,
            "training_repository_credentials_provider_arn": auth.get("TrainingRepositoryCredentialsProviderArn"),
        }

    def output_and_profiler(self) -> dict[str, Any]:
        site = Destination(self.region or "", account_of(self.body["RoleArn"], None))
        profiler = _plain(self.body.get("ProfilerConfig") or {}, ("ProfilerConfig",))
        off = profiler.get("DisableProfiler", False)
        return {
            "output_path": None if self.output == f"s3://{default_bucket(site)}/" else self.output,
            "disable_output_compression": _at(self.body, "OutputDataConfig.CompressionType") == "NONE",
            "enable_sagemaker_metrics": self.metrics(),
            "disable_profiler": True if off else None,
            # Without a place for profiles it is what the service shows of every job.
            "profiler_config": snake(profiler) if not off and "S3OutputPath" in profiler else None,
        }

    def metrics(self) -> bool | None:
        """Said only where it is not what the version makes of it."""
        wanted = bool(_at(self.body, "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries"))
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
        value = _at(member, path)
        if value is not None and not _is_default(("InputDataConfig", "*", *path.split(".")), value):
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


def decoded(text: str) -> Any:
    """A hyperparameter as the script gets it: JSON where it is some that JSON can say again, otherwise text."""
    try:
        value = json.loads(text)
        return value if json.loads(json.dumps(value, allow_nan=False)) == value else text
    except (ValueError, RecursionError):
        return text


def _is_worth_saying(name: str, value: Any) -> bool:
    if name in ("training_steps", "evaluation_steps"):  # null has a meaning
        return True
    return value is not None and value != {} and value != Job.fields[name].default


# What fields cannot say ----------------------------------------------------------------------------------------------


def _compiled(data: dict[str, Any], facts: Facts) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that a manifest can hold, and what they compile to, without defaults and tags."""
    while True:
        (document,) = read(Source("<import>", ManifestDraft(data).text))
        (manifest,) = render(document, (), Inputs(), Vocabulary("TrainingJob"))
        bound = bind(manifest, Job)
        wrong = {str(found.field[0]) for found in bound.diagnostics if found.field}
        if not wrong & set(data):
            break
        data = {name: value for name, value in data.items() if name not in wrong}
    site = Destination(data.get("region") or "", account_of(data.get("role"), None))
    inputs = DraftInputs(facts, site, manifest.document.source.folder, Packing(Files()))
    made = draft(bound.model, bound.manifest, inputs)
    return data, _known(made.request.template)


def _known(body: Body) -> dict[str, Any]:
    """The members of a request, without those that the service shows of every job and those that a manifest makes."""
    own = {name: body[name] for name in body if name in _members() - {"TrainingJobName", "Tags", "ProfilerConfig"}}
    profiler = body.get("ProfilerConfig") or {}
    if profiler.get("DisableProfiler") or "S3OutputPath" in profiler:
        own["ProfilerConfig"] = profiler
    result: dict[str, Any] = _plain(own, ())
    if "HyperParameters" in result:
        result["HyperParameters"] = _without_names(result["HyperParameters"], body.get("TrainingJobName"))
    return result


@cache
def _members() -> frozenset[str]:
    """The members of a request: a description has more."""
    return frozenset(path for path in api_members() if "." not in path and path[-1] not in "]}")


def _without_names(given: Mapping[str, str], name: str | None) -> dict[str, str]:
    """Hyperparameters with the job's name taken out of those that the compiler puts it into."""
    result = {}
    for key, text in given.items():
        if key in IDLE and decoded(text) == IDLE[key]:
            continue
        if key in ("sagemaker_job_name", "model_dir", "checkpoint_path"):
            for own in filter(None, (name, FIRST)):
                text = text.replace(own, JOB)
        result[key] = text
    return result


def _plain(value: Any, path: tuple[str, ...]) -> Any:
    """A value without defaults and without what is empty."""
    if isinstance(value, list):
        return [_plain(item, (*path, "*")) for item in value]
    if not isinstance(value, Mapping):
        return value
    found = {name: _plain(item, (*path, name)) for name, item in value.items() if not _is_default((*path, name), item)}
    return {name: item for name, item in found.items() if item not in (None, {}, [])}


def _is_default(path: tuple[str, ...], value: Any) -> bool:
    known = _DEFAULTS.get(".".join(path), ())
    return isinstance(value, str | int | bool) and value in known


def _override(wanted: Body, built: Body, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """What `request:` must say so that `built` becomes `wanted`: null takes a member out."""
    for name in (*wanted, *(name for name in built if name not in wanted)):
        want, have = wanted.get(name), built.get(name)
        if want == have or (path == ("HyperParameters",) and _same(want, have)):
            continue
        if isinstance(want, Mapping) and isinstance(have, Mapping):
            inner = dict(_override(want, have, (*path, name)))
            if inner:
                yield name, inner
        else:
            yield name, want


def _same(want: str | None, have: str | None) -> bool:
    """Whether a script gets the same of two hyperparameters, however their JSON is spaced."""
    return want is not None and have is not None and decoded(want) == decoded(have)


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    *steps, last = path.split(".")
    for step in steps:
        data = data.setdefault(step, {})
    data[last] = value
