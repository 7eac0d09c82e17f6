"""What a schema cannot say about a job: one family a file, one function a rule."""

from __future__ import annotations

from sagespec.rules import (
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
from sagespec.rules.case import Case
from sagespec.rules.rule import Rule

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

RULES: dict[str, Rule] = {
    found.name: found for family in FAMILIES for found in vars(family).values() if isinstance(found, Rule)
}
"""Every rule by its name, in the order of the families and of their files."""

__all__ = ["FAMILIES", "RULES", "Case", "Rule"]
