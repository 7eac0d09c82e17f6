"""What is written and contradicts something else that is written: one row a contradiction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as member

from sagespec.catalog import Facts
from sagespec.kinds.training_job.model import LEGACY_FIELDS, Job
from sagespec.reporting.schema.json_schema import EXPRESSION, FALSE, GIVEN, LIST, NULL, TRUE, Json, one_of, when

_POSITIVE: Json = {"type": "integer", "minimum": 1}


@dataclass(frozen=True)
class Refusal:
    """A field that may not stand where others are written so."""

    field: tuple[str, ...]
    because: str
    """What an editor shows at the field."""
    when: Json = member(default_factory=dict)
    """Other members, and what they must be for the field to be refused."""
    value: Json = member(default_factory=lambda: GIVEN)
    """What the field itself must be."""


def refused(refusal: Refusal) -> Json:
    """The schema that points at the refused field's key."""
    *owners, name = refusal.field
    condition, then = {name: refusal.value}, {"properties": {name: False}, "errorMessage": refusal.because}
    for owner in reversed(owners):
        condition, then = {owner: when(condition)}, {"properties": {owner: then}}
    conditions = [when(members) for members in (refusal.when, condition) if members]
    return {"if": {"allOf": conditions} if conditions[1:] else conditions[0], "then": then}


OLD_NAMES: Json = {old: {"doNotSuggest": True} for old in Job.renamed}
"""Known, so that they are refused once: by `renamed`, with the new name."""


def renamed() -> list[Json]:
    """Refuses each name of SDK 1 at its key, and says the new one."""
    return [
        {"properties": {old: False}, "errorMessage": f"'{old}' is the name that SDK 1 used for '{new}'; write {new}"}
        for old, new in Job.renamed.items()
    ]


_SPOT: Json = {"use_spot_instances": TRUE}
_LOCAL: Json = {"instance_type": {"enum": ["local", "local_gpu"]}}
_GROUPS: Json = {"instance_groups": LIST}
_ENTRY: Json = {"entry_point": GIVEN}

_PREFERENCES: Json = {
    "request": {
        "type": "object",
        **when(
            {
                "ResourceConfig": {
                    "type": "object",
                    **when({"InstancePreferences": {"contains": {"type": "object"}, **LIST}}),
                }
            }
        ),
    }
}

REFUSALS = (
    Refusal(("max_wait",), "max_wait is only for spot jobs", {"use_spot_instances": FALSE}),
    Refusal(("use_spot_instances",), "a spot job needs max_wait", {"max_wait": NULL}, TRUE),
    Refusal(("keep_alive_period_in_seconds",), "spot instances cannot be kept alive", _SPOT, _POSITIVE),
    Refusal(("keep_alive_period_in_seconds",), "instance groups cannot be kept alive", _GROUPS, _POSITIVE),
    *(
        Refusal(("instance_groups",), f"instance_groups and {name} exclude each other", {name: GIVEN}, LIST)
        for name in ("instance_type", "instance_count")
    ),
    Refusal(
        ("instance_count",),
        "several instances cannot share the GPUs of one machine",
        {"instance_type": {"const": "local_gpu"}},
        {"type": "integer", "minimum": 2},
    ),
    Refusal(
        ("checkpoint_local_path",),
        "checkpoint_local_path without checkpoint_s3_uri keeps nothing",
        {"checkpoint_s3_uri": NULL},
    ),
    Refusal(("subnets",), "subnets need security_group_ids", {"security_group_ids": NULL}),
    Refusal(("security_group_ids",), "security_group_ids need subnets", {"subnets": NULL}),
    Refusal(
        ("training_repository_credentials_provider_arn",),
        "credentials are used only with training_repository_access_mode: Vpc",
        {"training_repository_access_mode": {"const": "Platform"}},
    ),
    Refusal(
        ("channels", "code"),
        "with network isolation the training code comes as the channel 'code'",
        {"enable_network_isolation": TRUE, **_ENTRY},
    ),
    Refusal(
        ("output_kms_key",),
        "a directory bucket takes no key",
        {"output_path": {"type": "string", "pattern": "^s3://[^/]*--x-s3(/|$)"}},
    ),
    *(
        Refusal(("disable_profiler",), f"the profiler is switched off, but there is {name}", {name: used}, TRUE)
        for name, used in (
            ("profiler_rules", {"minItems": 1, **LIST}),
            ("profiler_config", {"type": "object", **when({"disable_profiler": FALSE})}),
        )
    ),
    Refusal(
        ("dependencies",),
        "an archive in S3 is used as it is: pack them into it",
        {"source_dir": {"type": "string", "pattern": "^s3://"}},
        {"minItems": 1, **LIST},
    ),
    *(
        Refusal((name,), f"{name} and InstancePreferences exclude each other", _PREFERENCES)
        for name in ("instance_type", "instance_groups", "instance_placement_config")
    ),
    Refusal(("use_spot_instances",), "InstancePreferences take no spot instances", _PREFERENCES, TRUE),
    Refusal(("distribution", "instance_groups"), "the strategies run on one group", value={"minItems": 2, **LIST}),
    Refusal(("request", "TrainingJobName"), "the job's name stands under name", value={}),
    Refusal(("request", "Tags"), "the job's tags stand under tags", value={}),
    Refusal(("instance_groups",), "the training compiler takes no instance groups", {"compiler_config": GIVEN}),
    *(
        Refusal((name,), f"{name} is for legacy mode, and script_mode is true", {"script_mode": TRUE, **_ENTRY})
        for name in LEGACY_FIELDS
    ),
)
"""Of a manifest, whatever its version."""

_NOT_FILE: Json = {"enum": ["Pipe", "FastFile"]}
_NOT_PIPE: Json = {"enum": ["File", "FastFile"]}
_MOUNTED: Json = {"file_system_id": GIVEN}

OF_CHANNELS = (
    Refusal(("path",), "a channel has one source, and s3_data is one", {"s3_data": GIVEN}),
    Refusal(("file_system_id",), "a channel has one source, and s3_data is one", {"s3_data": GIVEN}),
    Refusal(("file_system_id",), "a channel has one source, and path is one", {"path": GIVEN}),
    Refusal(("target_attribute_name",), "target_attribute_name is for AutoML jobs; tell the script otherwise"),
    *(
        Refusal((name,), f"{name} is for data in S3, not for a file system", _MOUNTED)
        for name in ("s3_data_type", "attribute_names", "instance_groups")
    ),
    Refusal(("distribution",), "a file system cannot be sharded", _MOUNTED, {"const": "ShardedByS3Key"}),
    Refusal(("input_mode",), "a file system is mounted in File mode only", _MOUNTED, _NOT_FILE),
    Refusal(("compression",), "only Pipe mode unpacks Gzip", {"input_mode": _NOT_PIPE}, {"const": "Gzip"}),
    Refusal(("record_wrapping",), "only Pipe mode wraps records", {"input_mode": _NOT_PIPE}, {"const": "RecordIO"}),
    Refusal(
        ("s3_data_type",),
        "an augmented manifest is read in Pipe mode only",
        {"input_mode": _NOT_PIPE},
        {"const": "AugmentedManifestFile"},
    ),
    Refusal(
        ("s3_data_type",),
        "FastFile mode shows the objects under a prefix, not those of a manifest",
        {"input_mode": {"const": "FastFile"}},
        {"const": "ManifestFile"},
    ),
    Refusal(
        ("attribute_names",),
        "attribute_names are for s3_data_type: AugmentedManifestFile",
        {"s3_data_type": {"enum": ["S3Prefix", "ManifestFile"]}},
        {"type": "array", "minItems": 1},
    ),
    Refusal(
        ("directory_path",),
        "a folder of FSx for Lustre begins with the mount name: /<mount name>/…",
        {"file_system_type": {"const": "FSxLustre"}},
        {"type": "string", "pattern": "^/+$"},
    ),
)
"""Of one channel."""


STRATEGIES = (
    "parameter_server",
    "mpi",
    "multi_worker_mirrored_strategy",
    "smdistributed.dataparallel",
    "smdistributed.modelparallel",
)


def enabled(strategy: str) -> Json:
    """A `distribution` in which a strategy is switched on."""
    condition: Json = when({"enabled": TRUE})
    for owner in reversed(strategy.split(".")):
        condition = {"type": "object", **when({owner: condition})}
    return condition


def of_hardware(facts: Facts) -> Iterator[Refusal]:
    """What an instance type decides."""
    nvme = one_of(name for name, instance in facts.instances.items() if instance.has_local_storage)
    yield Refusal(("volume_kms_key",), "this type has local storage, which takes no key", {"instance_type": nvme})
    several = facts.listed("dataparallel_instance_types")
    yield Refusal(
        ("instance_type",),
        f"smdistributed.dataparallel runs on {', '.join(several)} only",
        {"distribution": enabled("smdistributed.dataparallel")},
        {**GIVEN, "type": "string", "allOf": [{"not": one_of(several)}]},
    )
    families = facts.listed("training_compiler_families")
    yield Refusal(
        ("instance_type",),
        f"the training compiler runs on {', '.join(families)} only",
        {"compiler_config": GIVEN},
        {"type": "string", "pattern": rf"^(?!ml\.({'|'.join(families)})\.|local_gpu$)(?!.*{EXPRESSION})"},
    )
    for strategy in STRATEGIES:
        if strategy.startswith(("smdistributed", "multi_worker")):
            yield Refusal(
                ("compiler_config",), f"the training compiler excludes {strategy}", {"distribution": enabled(strategy)}
            )


def of_local_runs() -> Json:
    """What this machine cannot do for any channel."""
    refusals = (
        Refusal(("file_system_id",), "this machine cannot mount a file system of AWS"),
        Refusal(("input_mode",), "this machine has no Pipe mode", value={"const": "Pipe"}),
    )
    channels = {"additionalProperties": {"allOf": [refused(refusal) for refusal in refusals]}}
    return {"if": when(_LOCAL), "then": {"properties": {"channels": channels}}}
