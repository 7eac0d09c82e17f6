"""Files of other tools, given where a manifest is wanted: one finding says what each is, and how it becomes one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Set
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.reading.syntax.document import Document

_API = frozenset(
    {"AlgorithmSpecification", "TrainingJobName", "TrainingJobArn", "ResourceConfig", "StoppingCondition", "RoleArn"}
    | {"OutputDataConfig", "InputDataConfig", "HyperParameters", "EnableManagedSpotTraining", "VpcConfig"}
    | {"EndpointConfigName", "ProductionVariants", "ModelName", "PrimaryContainer", "ExecutionRoleArn", "EndpointName"}
)
"""Members of the requests and descriptions of training jobs and endpoints."""
_WHOLE = frozenset({"AlgorithmSpecification", "ProductionVariants", "PrimaryContainer"})
"""What `import` needs to see of a request."""
_PROGRAM = re.compile(r"^[ \t]*(?:import|from)[ \t]+\w|^[ \t]*(?:[\w.]+ *= *)?[\w.]+\(", re.MULTILINE)


def diagnosed(document: Document, fields: Set[str]) -> Diagnostic | None:
    """What to say of a document that another tool reads; nothing of one that is meant for us.

    Args:
        fields: those of all kinds of manifests.
    """
    data, name = document.data, document.source.name
    what = _what(data, name)
    if not what and isinstance(data, Mapping) and data and not data.keys() & fields:
        message = "this has no field of a manifest"
        hint = "a manifest begins with apiVersion: sagespec/v1 and kind: TrainingJob; sagespec init writes one"
        return Diagnostic(document.where(()), Severity.ERROR, "not-a-manifest", message, hint)
    if not what:
        return None
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


def _what(data: Any, name: str) -> str:
    if isinstance(data, str):
        return "a program" if name.endswith((".py", ".ipynb")) or _PROGRAM.search(data) else ""
    if not isinstance(data, Mapping):
        return ""
    group = str(data.get("apiVersion", ""))
    if "services.k8s.aws/" in group:
        return "a resource of Kubernetes (ACK)"
    if group or "kind" in data:
        return ""
    if len(_API & data.keys()) > 1:
        return "a request or a description of SageMaker's API"
    if "StartAt" in data and "States" in data:
        return "a state machine of Step Functions"
    return ""
