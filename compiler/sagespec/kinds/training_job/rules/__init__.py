"""What a schema cannot say about a job: one family a file, one function a rule."""

from __future__ import annotations

from functools import lru_cache

from sagespec.checking.rule import Rule
from sagespec.kinds.training_job.case import Case
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

RULES: dict[str, Rule] = {
    found.name: found for family in FAMILIES for found in vars(family).values() if isinstance(found, Rule)
}
"""Every rule by its name, in the order of the families and of their files."""


@lru_cache(maxsize=1_024)
def asked(written: frozenset[str]) -> tuple[Rule, ...]:
    """The rules that may have something to say of a job in which this is written (`Case.written`)."""
    return tuple(found for found in RULES.values() if not found.given or not found.given.isdisjoint(written))


__all__ = ["FAMILIES", "RULES", "Case", "Rule", "asked"]
