"""Files of other tools, given where a manifest is wanted: one finding says what each is, and how it becomes one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Set
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.reading.meant.names import letters
from sagespec.reading.syntax.document import Document

_API = frozenset(
    {"AlgorithmSpecification", "TrainingJobName", "TrainingJobArn", "ResourceConfig", "StoppingCondition", "RoleArn"}
    | {"OutputDataConfig", "InputDataConfig", "HyperParameters", "EnableManagedSpotTraining", "VpcConfig"}
    | {"EndpointConfigName", "ProductionVariants", "ModelName", "PrimaryContainer", "ExecutionRoleArn", "EndpointName"}
)
"""Members of the requests and descriptions of training jobs and endpoints."""
_WHOLE = frozenset({"AlgorithmSpecification", "ProductionVariants", "PrimaryContainer"})
"""What `import` needs to see of a request."""
_ANYBODYS = frozenset({"apiVersion", "kind", "name"})
"""Fields of ours that many tools have."""
_CONDA = frozenset({"name", "channels", "dependencies", "prefix", "variables"})
"""All that an environment.yml has."""
_IMPORTED: Mapping[str, str] = {
    "StartAt States": "a state machine of Step Functions",
    "Type Resource Parameters": "a state of Step Functions",
    "Version Steps": "a definition of a SageMaker pipeline",
}
"""Keys that are all there → what a file is, of those that `import` reads."""
_NOT_IMPORTED: Mapping[str, str] = {
    "AWSTemplateFormatVersion": "a template of CloudFormation",
    "SchemaVersion SageMaker": "the SageMaker SDK's file of defaults",
    "source_code compute": "a configuration of SDK 3's ModelTrainer",
    "compute_environment": "a config of Hugging Face Accelerate",
    "on jobs": "a workflow of GitHub Actions",
    "run resources": "a task of SkyPilot",
    "$schema compute": "a job of Azure Machine Learning",
    "conda_env entry_points": "a project of MLflow",
    "services": "a file of Docker Compose",
}
"""The same of those that `import` does not read."""
_OURS = "a manifest begins with apiVersion: sagespec/v1 and kind: TrainingJob; sagespec init writes one"
_OURS_OF_DEFAULTS = "what all jobs share stands in sagespec.yaml (kind: Defaults): role, region, subnets, tags …"
_GROUP = re.compile(r"[\w-]+(?:\.[\w-]+)+/v\d")
"""`kustomize.config.k8s.io/v1beta1`: a group of Kubernetes with its version."""
_PROGRAM = re.compile(r"^[ \t]*(?:import|from)[ \t]+\w|^[ \t]*(?:[\w.]+ *= *)?[\w.]+\(", re.MULTILINE)


def diagnosed(document: Document, fields: Set[str]) -> Diagnostic | None:
    """What to say of a document that another tool reads; nothing of one that is meant for us.

    Args:
        fields: those of all kinds of manifests.
    """
    data, name = document.data, document.source.name
    what, imported = _what(data, name)
    if not what and isinstance(data, Mapping) and data and _is_foreign(data, fields):
        message = f"this has {'hardly a' if data.keys() & fields else 'no'} field of a manifest"
        return Diagnostic(document.where(()), Severity.ERROR, "not-a-manifest", message, _OURS)
    if not what:
        return None
    if not imported:
        hint = _OURS_OF_DEFAULTS if "defaults" in what else _OURS
        return Diagnostic(document.where(()), Severity.ERROR, "not-a-manifest", f"this is {what}, not a manifest", hint)
    file = "--file -" if name == "-" else shlex.quote(name)
    hint = f"sagespec import {file} makes a manifest of it"
    if isinstance(data, str):
        hint = (
            "sagespec import FILE.py makes a manifest of a program that starts jobs, sagespec init FILE.py of a script"
        )
    elif "API" in what and isinstance(data, Mapping) and not _WHOLE & data.keys():
        hint = "sagespec import makes a manifest of a whole request"
    message = f"this is {what}, not a manifest"
    return Diagnostic(document.where(()), Severity.ERROR, "not-a-manifest", message, hint)


def _is_foreign(data: Mapping[Any, Any], fields: Set[str]) -> bool:
    """Whether most of what it has is none of ours, however it is spelt. Anything may have a name."""
    own = [key for key in map(str, data) if key not in _ANYBODYS]
    if not own:
        return not data.keys() & fields
    if "kind" in data:
        return False
    if not _ANYBODYS & data.keys() and all(isinstance(value, Mapping) for value in data.values()):
        return True  # the sections of some tool's settings
    words = set(map(letters, fields))
    known = sum(letters(key) in words for key in own)
    return 2 * known < len(own) or (2 * known == len(own) and not _ANYBODYS & data.keys())


def _what(data: Any, name: str) -> tuple[str, bool]:
    """(what it is, nothing where nobody knows; whether `import` reads it)"""
    if isinstance(data, str):
        return "a program" if name.endswith((".py", ".ipynb")) or _PROGRAM.search(data) else "", True
    if not isinstance(data, Mapping):
        return "", False
    group = str(data.get("apiVersion", ""))
    if group.startswith("sagemaker.") and data.get("kind") == "TrainingJob":
        return f"a resource of Kubernetes ({'ACK' if 'services.k8s.aws/' in group else 'the old operator'})", True
    is_kubernetes = data.keys() & {"metadata", "spec"} or _GROUP.match(group)
    if is_kubernetes and "kind" in data and "sagespec" not in group:
        return "a resource of Kubernetes", False
    if group or "kind" in data:
        return "", False
    if isinstance(data.get("dependencies"), list) and data.keys() <= _CONDA:
        return "an environment of conda", False
    if len(_API & data.keys()) > 1:
        return "a request or a description of SageMaker's API", True
    if any(isinstance(state, Mapping) and "arn:aws:states:" in str(state.get("Resource")) for state in data.values()):
        return "a state of Step Functions", True
    for table, imported in ((_IMPORTED, True), (_NOT_IMPORTED, False)):
        found = next((what for keys, what in table.items() if data.keys() >= set(keys.split())), "")
        if found:
            return found, imported
    return "", False
