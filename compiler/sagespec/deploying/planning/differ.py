"""What a manifest asks for, held against what a training job was created with: explains a decision, never makes one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.base.redact import masked, redacted, secret_in
from sagespec.building.request import FIRST, JOB, Member, Request
from sagespec.building.tags import DIGEST, GIVEN
from sagespec.catalog import api_members
from sagespec.kinds.training_job.members import field_of

Path = tuple[str, ...]


class Effect(str, Enum):
    """What a difference takes to come true. A closed set."""

    NEW_RUN = "new run"
    DEPLOYMENT = "new deployment"
    LIVE_UPDATE = "live update"
    TAGS = "tags"
    NOTHING = "nothing"
    """It can no longer come true: the job has ended."""


class Difference(NamedTuple):
    """One value that is wanted otherwise than it is. Secrets are masked."""

    field: str
    """As the manifest calls it: `instance_type`, `hyperparameters.epochs`, `channels.train.s3_data`, `source`."""
    member: str
    """As the API calls it: `ResourceConfig.InstanceType`."""
    before: Any
    """None where there was nothing."""
    after: Any
    """None where nothing is wanted."""
    effect: Effect


class _Rewrite(NamedTuple):
    """A value that the service shows although nobody asked for it."""

    member: str
    """`*` is any channel, group or rule."""
    values: tuple[Any, ...] = ()
    """None given: any value."""


# What DescribeTrainingJob shows beyond what was sent. Sources: the API reference's defaults (API_CreateTrainingJob and
# the pages of its members); the AWS controllers for Kubernetes (generator.yaml and custom_delta.go of training_job);
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
REWRITES = (
    _Rewrite("AlgorithmSpecification.EnableSageMakerMetricsTimeSeries"),
    _Rewrite("AlgorithmSpecification.MetricDefinitions.*"),  # those that a first-party algorithm brings
    _Rewrite("CheckpointConfig.LocalPath", ("/opt/ml/checkpoints", "/opt/ml/checkpoints/")),
    _Rewrite("DebugHookConfig.LocalPath", ("/opt/ml/output/tensors", "/opt/ml/output/tensors/")),
    _Rewrite("EnableInterContainerTrafficEncryption", (False,)),
    _Rewrite("EnableManagedSpotTraining", (False,)),
    _Rewrite("EnableNetworkIsolation", (False,)),
    _Rewrite("InfraCheckConfig.EnableInfraCheck", (False,)),
    _Rewrite("InputDataConfig.*.CompressionType", ("None",)),
    _Rewrite("InputDataConfig.*.DataSource.S3DataSource.S3DataDistributionType", ("FullyReplicated",)),
    _Rewrite("InputDataConfig.*.RecordWrapperType", ("None",)),
    _Rewrite("OutputDataConfig.CompressionType", ("GZIP",)),
    _Rewrite("OutputDataConfig.KmsKeyId", ("",)),
    _Rewrite("ProfilerConfig"),
    _Rewrite("ProfilerRuleConfigurations"),
    _Rewrite("RemoteDebugConfig.EnableRemoteDebug", (False,)),
    _Rewrite("ResourceConfig.InstanceCount", (0,)),  # beside InstanceGroups
    _Rewrite("ResourceConfig.KeepAlivePeriodInSeconds", (0,)),
    _Rewrite("ResourceConfig.SelectedInstanceCount"),
    _Rewrite("ResourceConfig.SelectedInstanceType"),
    _Rewrite("ResourceConfig.VolumeSizeInGB"),
    _Rewrite("SessionChainingConfig.EnableSessionTagChaining", (False,)),
    _Rewrite("StoppingCondition.MaxRuntimeInSeconds", (86_400,)),
    _Rewrite("TensorBoardOutputConfig.LocalPath", ("/opt/ml/output/tensorboard", "/opt/ml/output/tensorboard/")),
)

UNSEARCHABLE = frozenset(
    {"InfraCheckConfig", "MlflowConfig", "ProfilerRuleConfigurations", "RemoteDebugConfig", "ServerlessJobConfig"}
)
"""Members that Search's record of a training job does not have, whatever the job was created with."""

_KEYS = ("ChannelName", "InstanceGroupName", "RuleConfigurationName", "CollectionName", "VariantName", "Name")
"""What distinguishes the items of a list; their order means nothing then."""

_FIELDS = {
    "AlgorithmSpecification.TrainingImage": "image_uri",
    "OutputDataConfig.S3OutputPath": "output_path",
    "HyperParameters.sagemaker_submit_directory": "source",
}
"""Members that several fields set: what to call them."""

_CHANNEL_FIELDS = {
    "CompressionType": "compression",
    "S3Uri": "s3_data",
    "S3DataDistributionType": "distribution",
    "InstanceGroupNames": "instance_groups",
    "RecordWrapperType": "record_wrapping",
}

BOOKKEEPING = frozenset({DIGEST, GIVEN})
"""They follow from the rest, and nobody has asked for them."""

_CONTENT = re.compile(r"/sagespec/(code|data)/(?P<sha>[0-9a-f]{64})/")
_NAME = "<job>"


def differences(
    request: Request, job: Mapping[str, Any], tags: Mapping[str, str], live: Mapping[str, Any] | None = None
) -> tuple[Difference, ...]:
    """What would be otherwise if the manifest came true, by field.

    Args:
        job: as DescribeTrainingJob or Search shows it.
        tags: the job's.
        live: the members that can still change, as they are now, when the job is one of this very request: all
            else is as it was asked for then, whatever the service makes of it. None: it is another request's job.
    """
    ended = job.get("TrainingJobStatus") in ("Completed", "Failed", "Stopped")
    found = _of_body(request, job) if live is None else _of_live(request, live, ended=ended)
    return (*sorted(found, key=lambda one: one.field), *_of_tags(request, tags))


def _of_body(request: Request, job: Mapping[str, Any]) -> Iterator[Difference]:
    wanted = dict(leaves(_anonymous(request.template, (FIRST, JOB))))
    job_name = str(job.get("TrainingJobName", ""))
    names = tuple(filter(None, (job_name, re.sub(r"-r\d+$", "", job_name))))
    hidden = UNSEARCHABLE if "Tags" in job else frozenset()
    members = {name: value for name, value in job.items() if name in _members() and name not in hidden}
    present = dict(leaves(_anonymous(members, names)))
    for path in dict.fromkeys((*present, *wanted)):
        before, after = present.get(path), wanted.get(path)
        if path[0] in hidden or before == after or (path not in wanted and _is_rewritten(path, before, wanted)):
            continue
        if not _is_part(path, present, wanted):
            yield _difference(
                path, before, after, Effect.LIVE_UPDATE if _is_live(path, request.calls[0].live) else Effect.NEW_RUN
            )


def _of_live(request: Request, live: Mapping[str, Any], *, ended: bool) -> Iterator[Difference]:
    wanted = request.live()
    effect = Effect.NOTHING if ended else Effect.LIVE_UPDATE
    for member in request.calls[0].live:
        name = member[-1]
        if wanted.get(name) is not None and wanted.get(name) != live.get(name) and (live or not ended):
            after, before = dict(leaves(wanted[name], member)), dict(leaves(live.get(name), member))
            for path in dict.fromkeys((*before, *after)):
                if before.get(path) != after.get(path):
                    yield _difference(path, before.get(path), after.get(path), effect)


def _of_tags(request: Request, tags: Mapping[str, str]) -> Iterator[Difference]:
    add, remove = request.tag_changes(tags, 1)
    for key in sorted({*add, *remove} - BOOKKEEPING):
        yield _difference(("Tags", key), tags.get(key), add.get(key), Effect.TAGS)


@cache
def _members() -> frozenset[str]:
    """The members of a request: a description has more."""
    return frozenset(path.partition(".")[0] for path in api_members() if path[-1] not in "]}") - {
        "TrainingJobName",
        "Tags",
    }


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every single value with its path; items that have a name go by it."""
    key = next((key for key in _KEYS if _all_have(value, key)), None)
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from leaves(item, (*path, str(name)))
    elif key is not None:
        for item in value:
            rest = {name: part for name, part in item.items() if name != key}
            yield from leaves(rest or item[key], (*path, str(item[key])))
    elif value is not None and value != []:
        yield path, value


def _all_have(value: Any, key: str) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) and key in item for item in value)


def _anonymous(value: Any, names: tuple[str, ...]) -> Any:
    """Without the job's own name, which differs from attempt to attempt."""
    if isinstance(value, str):
        for name in names:
            value = value.replace(name, _NAME)
        return value
    if isinstance(value, list):
        return [_anonymous(item, names) for item in value]
    if isinstance(value, Mapping):
        return {key: _anonymous(item, names) for key, item in value.items()}
    return value


def _is_rewritten(path: Path, value: Any, wanted: Mapping[Path, Any]) -> bool:
    """Whether the service shows a value of its own accord, where nothing was asked for."""
    for rewrite in REWRITES:
        pattern = tuple(rewrite.member.split("."))
        if len(path) >= len(pattern) and all(want in ("*", step) for want, step in zip(pattern, path, strict=False)):
            if rewrite.values:
                return value in rewrite.values
            # Where some were asked for, the others were asked for once, too.
            parent = pattern[: pattern.index("*")] if "*" in pattern else pattern
            return not any(other[: len(parent)] == parent for other in wanted)
    return False


def _is_part(path: Path, before: Mapping[Path, Any], after: Mapping[Path, Any]) -> bool:
    """Whether a value belongs to a channel that is new or gone as a whole, and is not the one that stands for it."""
    if path[0] != "InputDataConfig" or path[-1] in ("S3Uri", "FileSystemId"):
        return False
    channel = path[:2]
    return any(all(other[:2] != channel for other in side) for side in (before, after))


def _is_live(path: Path, live: Sequence[Member]) -> bool:
    return any(path[: len(member)] == member for member in live)


def _difference(path: Path, before: Any, after: Any, effect: Effect) -> Difference:
    field, member = _field(path), ".".join(path)
    found = [_CONTENT.search(value) if isinstance(value, str) else None for value in (before, after)]
    if all(found):
        before, after = (match["sha"] for match in found if match)
        return Difference(field.removesuffix(".s3_data"), member, before, after, effect)
    if path[0] == "HyperParameters":
        before, after = _decoded(before), _decoded(after)
    return Difference(field, member, safe(before, path[-1]), safe(after, path[-1]), effect)


def _field(path: Path) -> str:
    """What a manifest calls a member."""
    member = ".".join(path)
    if member in _FIELDS:
        return _FIELDS[member]
    if path[0] == "Tags":
        return f"tags.{path[1]}"
    if path[0] == "InputDataConfig":
        inner = [name for name in path[2:] if name not in ("DataSource", "S3DataSource", "FileSystemDataSource")]
        return ".".join(["channels", path[1], *(_CHANNEL_FIELDS.get(name, _snake(name)) for name in inner)])
    field = field_of(path)
    if field is None:
        return f"request.{member}"
    if field in ("hyperparameters", "environment"):
        return f"{field}.{path[-1]}"
    depth = next(length for length in range(len(path), 0, -1) if field_of(path[:length]) == field)
    while depth > 1 and field_of(path[: depth - 1]) == field:
        depth -= 1
    return ".".join([field, *map(_snake, path[depth:])])


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _decoded(value: Any) -> Any:
    """A hyperparameter as its author wrote it."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def safe(value: Any, name: str) -> Any:
    """A value as it may be shown."""
    if isinstance(value, str):
        return masked(value) if secret_in(value, name) else redacted(value)
    if isinstance(value, (Mapping, list)):
        text = json.dumps(value, ensure_ascii=False, default=str)
        return value if redacted(text) == text else redacted(text)
    return value
