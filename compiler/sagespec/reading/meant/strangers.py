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
_NOT_IMPORTED = frozenset({"a resource of Kubernetes", "an environment of conda"})
_PROGRAM = re.compile(r"^[ \t]*(?:import|from)[ \t]+\w|^[ \t]*(?:[\w.]+ *= *)?[\w.]+\(", re.MULTILINE)


def diagnosed(document: Document, fields: Set[str]) -> Diagnostic | None:
    """What to say of a document that another tool reads; nothing of one that is meant for us.

    Args:
        fields: those of all kinds of manifests.
    """
    data, name = document.data, document.source.name
    what = _what(data, name)
    if not what and isinstance(data, Mapping) and data and _is_foreign(data, fields):
        message = f"this has {'hardly a' if data.keys() & fields else 'no'} field of a manifest"
        hint = "a manifest begins with apiVersion: sagespec/v1 and kind: TrainingJob; sagespec init writes one"
        return Diagnostic(document.where(()), Severity.ERROR, "not-a-manifest", message, hint)
    if not what:
        return None
    if what in _NOT_IMPORTED:
        hint = "a manifest begins with apiVersion: sagespec/v1; its fields stand at the top"
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
    words = set(map(letters, fields))
    return 2 * sum(letters(key) in words for key in own) < len(own)


def _what(data: Any, name: str) -> str:
    if isinstance(data, str):
        return "a program" if name.endswith((".py", ".ipynb")) or _PROGRAM.search(data) else ""
    if not isinstance(data, Mapping):
        return ""
    group = str(data.get("apiVersion", ""))
    if "services.k8s.aws/" in group:
        return "a resource of Kubernetes (ACK)"
    if data.keys() & {"metadata", "spec"} and "kind" in data and "sagespec" not in group:
        return "a resource of Kubernetes"
    if group or "kind" in data:
        return ""
    if isinstance(data.get("dependencies"), list) and data.keys() <= _CONDA:
        return "an environment of conda"
    if len(_API & data.keys()) > 1:
        return "a request or a description of SageMaker's API"
    if "StartAt" in data and "States" in data:
        return "a state machine of Step Functions"
    return ""
