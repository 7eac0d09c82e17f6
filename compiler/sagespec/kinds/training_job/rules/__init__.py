"""What a schema cannot say about a job: one family a file, one function a rule."""

from __future__ import annotations

from sagespec.checking.rule import RuleSet
from sagespec.kinds.rules import SHARED
from sagespec.kinds.training_job.rules import environment, hyperparameters, identity, network, observing, output
from sagespec.kinds.training_job.rules.channels import file_systems, modes, sharing, sources
from sagespec.kinds.training_job.rules.code import entry_point, packing
from sagespec.kinds.training_job.rules.distribution import (
    instance_groups,
    parameter_server,
    smdistributed,
    strategies,
    training_compiler,
)
from sagespec.kinds.training_job.rules.framework import algorithms, image_uri, images, versions
from sagespec.kinds.training_job.rules.legacy import fields, functions, values
from sagespec.kinds.training_job.rules.legacy import hyperparameters as legacy_hyperparameters
from sagespec.kinds.training_job.rules.request import members, preferences, serverless
from sagespec.kinds.training_job.rules.resources import instances, spot, storage
from sagespec.kinds.training_job.rules.script import (
    arguments,
    command_line,
    distributed,
    image,
    inputs,
    keras,
    model_folder,
    pipes,
    results,
    starting,
)

FAMILIES = (
    *SHARED,
    identity,
    versions,
    images,
    image_uri,
    algorithms,
    fields,
    entry_point,
    packing,
    hyperparameters,
    legacy_hyperparameters,
    instances,
    storage,
    spot,
    environment,
    strategies,
    parameter_server,
    smdistributed,
    instance_groups,
    training_compiler,
    sources,
    file_systems,
    modes,
    sharing,
    output,
    network,
    observing,
    members,
    preferences,
    serverless,
    starting,
    inputs,
    pipes,
    results,
    distributed,
    arguments,
    command_line,
    image,
    keras,
    model_folder,
    functions,
    values,
)

RULES = RuleSet(FAMILIES)

__all__ = ["FAMILIES", "RULES"]
