"""What is written and contradicts something else that is written: one row a contradiction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sagespec.base.diagnostic import Severity
from sagespec.catalog import Facts
from sagespec.checking.condition import EXPRESSION, FALSE, GIVEN, ITEMS, LIST, NULL, TRUE, Json, inside, when
from sagespec.checking.row import Row, branch, rows_of
from sagespec.checking.rule import RuleSet
from sagespec.kinds.training_job.model import Job


def rows(rules: RuleSet, facts: Facts) -> list[Row]:
    """What the rules say as data, and are sure of. A warning may be wrong, and an editor shows errors only."""
    errors = (rule for rule in rules.by_name.values() if rule.severity is Severity.ERROR)
    return [row for rule in errors for row in rows_of(rule.rows, facts)]


def of_manifest(rows: Iterable[Row]) -> list[Json]:
    """Branches for the whole document."""
    branches = [branch(row) for row in rows if not row.each and not row.form]
    for row in rows:
        if row.each and row.outside:
            each = {"properties": {row.each: {"additionalProperties": branch(row)}}}
            branches.append({"if": when(row.outside), "then": each})
    return branches


def of_each(rows: Iterable[Row], field: str) -> list[Json]:
    """Branches for each part in a map of parts, such as each channel."""
    return [branch(row) for row in rows if row.each == field and not row.outside and not row.form]


OLD_NAMES: Json = {old: {"doNotSuggest": True} for old in Job.renamed}
"""Known, so that they are refused once: by `renamed`, with the new name."""


def renamed() -> list[Json]:
    """Refuses each name of SDK 1 at its key, and says the new one."""
    return [
        {"properties": {old: False}, "errorMessage": f"'{old}' is the name that SDK 1 used for '{new}'; write {new}"}
        for old, new in Job.renamed.items()
    ]


_PREFERENCES: Json = {
    "request": inside("ResourceConfig", "InstancePreferences", so={"contains": {"type": "object"}, **LIST})
}

REFUSALS = (
    *(
        Row(("instance_groups",), f"instance_groups and {name} exclude each other", when={name: GIVEN}, value=LIST)
        for name in ("instance_type", "instance_count")
    ),
    Row(
        ("instance_count",),
        "several instances cannot share the GPUs of one machine",
        when={"instance_type": {"const": "local_gpu"}},
        value={"type": "integer", "minimum": 2},
    ),
    Row(("subnets",), "subnets need security_group_ids", when={"security_group_ids": NULL}),
    Row(("security_group_ids",), "security_group_ids need subnets", when={"subnets": NULL}),
    Row(
        ("training_repository_credentials_provider_arn",),
        "credentials are used only with training_repository_access_mode: Vpc",
        when={"training_repository_access_mode": {"const": "Platform"}},
    ),
    Row(
        ("output_kms_key",),
        "a directory bucket takes no key",
        when={"output_path": {"type": "string", "pattern": "^s3://[^/]*--x-s3(/|$)"}},
    ),
    *(
        Row(("disable_profiler",), f"the profiler is switched off, but there is {name}", when={name: used}, value=TRUE)
        for name, used in (
            ("profiler_rules", ITEMS),
            ("profiler_config", inside("disable_profiler", so=FALSE)),
        )
    ),
    Row(
        ("dependencies",),
        "an archive in S3 is used as it is: pack them into it",
        when={"source_dir": {"type": "string", "pattern": "^s3://"}},
        value=ITEMS,
    ),
    *(
        Row((name,), f"{name} and InstancePreferences exclude each other", when=_PREFERENCES)
        for name in ("instance_type", "instance_groups", "instance_placement_config")
    ),
    Row(("use_spot_instances",), "InstancePreferences take no spot instances", when=_PREFERENCES, value=TRUE),
    Row(("distribution", "instance_groups"), "the strategies run on one group", value={"minItems": 2, **LIST}),
    Row(("request", "TrainingJobName"), "the job's name stands under name", value={}),
    Row(("request", "Tags"), "the job's tags stand under tags", value={}),
    Row(("instance_groups",), "the training compiler takes no instance groups", when={"compiler_config": GIVEN}),
)
"""Of a manifest, whatever its version."""


STRATEGIES = (
    "parameter_server",
    "mpi",
    "multi_worker_mirrored_strategy",
    "pytorchddp",
    "torch_distributed",
    "pytorchxla",
    "smdistributed.dataparallel",
    "smdistributed.modelparallel",
)
TOGETHER = (
    {"mpi", "smdistributed.modelparallel"},
    {"torch_distributed", "smdistributed.modelparallel"},
    {"torch_distributed", "smdistributed.dataparallel"},
)
"""Strategies that may stand beside each other."""


def enabled(strategy: str) -> Json:
    """A `distribution` in which a strategy is switched on."""
    return inside(*strategy.split("."), "enabled", so=TRUE)


def of_hardware(facts: Facts) -> Iterator[Row]:
    """What an instance type decides."""
    families = facts.listed("training_compiler_families")
    yield Row(
        ("instance_type",),
        f"the training compiler runs on {', '.join(families)} only",
        when={"compiler_config": GIVEN},
        value={"type": "string", "pattern": rf"^(?!ml\.({'|'.join(families)})\.|local_gpu$)(?!.*{EXPRESSION})"},
    )
    for strategy in STRATEGIES:
        if strategy.startswith(("smdistributed", "multi_worker")):
            yield Row(
                ("compiler_config",),
                f"the training compiler excludes {strategy}",
                when={"distribution": enabled(strategy)},
            )
