"""The instance types that are written in manifests of every kind."""

from __future__ import annotations

from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Facts
from sagespec.catalog.near import SIZE
from sagespec.checking.condition import EXPRESSION
from sagespec.checking.context import Context
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, rule
from sagespec.checking.subject import Subject, Written

VARIANTS = ("production_variants", "shadow_production_variants")
"""Fields of an endpoint whose items have an instance type of their own."""


def types_in(*lists: str) -> Subject[Written, Context]:
    """Each instance type that is written: the manifest's own, and those of the items of these lists."""

    def written(context: Context) -> list[Written]:
        model: Any = context.model
        found = [Written(("instance_type",), model.instance_type, model)]
        for name in lists:
            given = getattr(model, name) if name in model.fields else None
            for index, owner in enumerate(given or ()):
                found.append(Written((name, index, "instance_type"), owner.instance_type, owner))
        return [written for written in found if written.value]

    return Subject(written, ["instance_type", *lists])


def _misspelt(facts: Facts) -> tuple[Row, ...]:
    families = "|".join(dict.fromkeys(name.rpartition(".")[0].removeprefix("ml.") for name in facts.instances))
    pattern = rf"^ml\.({families})\.(?!{SIZE}$)(?!.*{EXPRESSION})[^.]*$"
    message = "this is not a size that instances have: they are called large, xlarge, 2xlarge …"
    return (Row(("instance_type",), message, value={"type": "string", "pattern": pattern}),)


@rule(ERROR, on=types_in("instance_groups", *VARIANTS), source=API + "ResourceConfig.html", rows=_misspelt)
def misspelt_instance_type(instance_type: Written, context: Context) -> Finding | None:
    """Instances of all families come in the same sizes, such as `large`, `xlarge` and `2xlarge`.

    Bad:
        instance_type: ml.m5.xlrage

    Good:
        instance_type: ml.m5.xlarge
    """
    name = instance_type.value
    if context.facts.is_misspelt_instance(name):
        meant = context.facts.near_instance(name)
        hint = f"did you mean {meant}?" if meant else ""
        return Finding(instance_type.path, f"'{name.rpartition('.')[2]}' is not a size that instances have", hint)
    return None
