"""What a schema cannot say about a job: one family a file, one function a rule."""

from __future__ import annotations

from collections.abc import Mapping

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

RENAMED: Mapping[str, str] = {
    "compiler-outside-documentation": "version-without-compiler",
    "compiler-with-old-version": "version-without-compiler",
    "code-channel-taken": "reserved-channel-name",
    "dependencies-of-one-name": "duplicate-dependency-name",
    "entry-point-outside-project": "code-outside-project",
    "encryption-between-one-instance": "encryption-on-one-instance",
    "fast-file-of-a-list": "manifest-file-in-fast-file-mode",
    "half-a-vpc": "incomplete-vpc-config",
    "hyperparameter-nobody-reads": "unused-hyperparameter",
    "idle-strategy-beside-other": "disabled-strategy-beside-other",
    "imported-module-left-behind": "imported-module-not-packed",
    "instances-that-share-nothing": "duplicate-work-on-instances",
    "isolated-from-model-dir": "model-dir-without-network",
    "isolated-from-packages": "packages-without-network",
    "merge-of-no-map": "merge-not-a-map",
    "model-not-kept": "model-not-saved",
    "needed-after-all": "incomplete-request",
    "own-name-or-tags": "reserved-request-member",
    "preferences-with-half-counts": "incomplete-preference-counts",
    "remote-debug-in-isolation": "remote-debug-without-network",
    "rules-without-tensors": "rules-without-debugger-hook",
    "unread-channel": "unused-channel",
}
"""Old name of a rule → its name today; allowances and `explain` take both."""

__all__ = ["FAMILIES", "RENAMED", "RULES"]
