"""What a schema cannot say about a job: one family a file, one function a rule."""

from __future__ import annotations

from sagespec.checking.rule import RuleSet
from sagespec.kinds.rules import SHARED
from sagespec.kinds.training_job.rules import (
    algorithms,
    arguments,
    channels,
    code,
    command_line,
    functions,
    hyperparameters,
    identity,
    image,
    image_uri,
    legacy,
    model_folder,
    network,
    observing,
    output,
    request,
    resources,
    script,
    spot,
    versions,
)
from sagespec.kinds.training_job.rules.distribution import (
    instance_groups,
    parameter_server,
    smdistributed,
    strategies,
    training_compiler,
)

FAMILIES = (
    *SHARED,
    identity,
    versions,
    image_uri,
    algorithms,
    legacy,
    code,
    hyperparameters,
    resources,
    spot,
    strategies,
    parameter_server,
    smdistributed,
    instance_groups,
    training_compiler,
    channels,
    output,
    network,
    observing,
    request,
    script,
    arguments,
    command_line,
    image,
    model_folder,
    functions,
)

RULES = RuleSet(FAMILIES)

__all__ = ["FAMILIES", "RULES"]
