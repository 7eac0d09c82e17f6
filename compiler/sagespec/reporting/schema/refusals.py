"""What is written and contradicts something else that is written: one row a contradiction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from sagespec.base.diagnostic import Severity
from sagespec.catalog import Facts
from sagespec.checking.condition import EXPRESSION, GIVEN, LIST, TRUE, Json, inside, when
from sagespec.checking.row import Row, branch, rows_of
from sagespec.checking.rule import RuleSet
from sagespec.kinds.training_job.model.distribution import STRATEGIES
from sagespec.reading.part import Part


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


def old_names(model: type[Part], but: Collection[str] = ()) -> Json:
    """Known, so that they are refused once: by `renamed`, with the new name."""
    return {old: {"doNotSuggest": True} for old in model.renamed if old not in but}


def renamed(model: type[Part], but: Collection[str] = ()) -> list[Json]:
    """Refuses each old name at its key, and says the new one.

    Args:
        but: names that mean something else here.
    """
    return [
        {"properties": {old: False}, "errorMessage": f"{model.renaming.format(old=old, new=new)}; write {new}"}
        for old, new in model.renamed.items()
        if old not in but
    ]


REFUSALS = (
    Row(("distribution", "instance_groups"), "the strategies run on one group", value={"minItems": 2, **LIST}),
    Row(("instance_groups",), "the training compiler takes no instance groups", when={"compiler_config": GIVEN}),
)
"""Of a manifest, whatever its version."""


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
