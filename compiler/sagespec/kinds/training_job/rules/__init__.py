"""What a schema cannot say about a job: one family a file, one function a rule."""

from __future__ import annotations

from collections.abc import Mapping

from sagespec.checking.rule import RuleSet
from sagespec.kinds.training_job.rules import (
    arguments,
    channels,
    code,
    distribution,
    functions,
    hyperparameters,
    identity,
    legacy,
    network,
    observing,
    output,
    request,
    resources,
    script,
    secrets,
    spot,
    versions,
)

FAMILIES = (
    identity,
    versions,
    legacy,
    code,
    hyperparameters,
    secrets,
    resources,
    spot,
    distribution,
    channels,
    output,
    network,
    observing,
    request,
    script,
    arguments,
    functions,
)

RULES = RuleSet(FAMILIES)

RENAMED: Mapping[str, str] = {
    "half-a-vpc": "incomplete-vpc-config",
}
"""Old name of a rule → its name today; allowances and `explain` take both."""

__all__ = ["FAMILIES", "RENAMED", "RULES"]
