"""The arguments of an estimator and of its `fit` → the fields of a manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from sagespec.catalog import Facts, Framework
from sagespec.importing.draft import Draft, job_name, literal
from sagespec.importing.scope import Made, region_of
from sagespec.kinds.training_job.model import LEGACY_FIELDS, Job
from sagespec.reading.yamltext import Path
from sagespec.scripts.evaluator import Mixed, Unknown, is_certain

WITHOUT_FIELD = frozenset({"sagemaker_session", "enable_cloudwatch_metrics", "wait", "logs", "run_tensorboard_locally"})
"""Arguments that say something to the SDK and nothing to the job."""
NUMBERS = frozenset(
    {
        "container_log_level",
        "evaluation_steps",
        "instance_count",
        "keep_alive_period_in_seconds",
        "max_retry_attempts",
        "max_run",
        "max_wait",
        "training_steps",
        "volume_size",
    }
)
"""Fields whose values, given from outside, are numbers."""
PARTS: Mapping[str, Mapping[str, str]] = {
    "TensorBoardOutputConfig": {"container_local_output_path": "local_path"},
    "DebuggerHookConfig": {
        "container_local_output_path": "local_path",
        "collection_configs": "collection_configurations",
    },
    "CollectionConfig": {"name": "collection_name", "parameters": "collection_parameters"},
    "TrainingInput": {},
    "s3_input": {},
    "FileSystemInput": {},
    "ShuffleConfig": {},
    "InstanceGroup": {},
    "TrainingCompilerConfig": {},
}
"""Classes that are a field's value; those of their arguments that a manifest calls otherwise."""
DEFAULT = "tensorflow"
"""The framework of a manifest that names none."""
SDK1 = frozenset(name for name in Job.renamed if name.startswith("train_")) | {"image_name", "distributions"}


def draft_of(estimator: Made, fit: Mapping[str, Any], facts: Facts, taken: set[str]) -> Draft:
    """The manifest of one job.

    Args:
        fit: the arguments of `fit`; empty where it is never called.
        taken: names of the jobs before; this one's is added.
    """
    return _Reader(facts).draft(estimator, fit, taken)


class _Reader:
    """Turns one job's values into a manifest's data, and notes what is not certain."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.notes: dict[Path, str] = {}
        self.remarks: list[str] = []
        self.variables: dict[str, str] = {}

    def draft(self, estimator: Made, fit: Mapping[str, Any], taken: set[str]) -> Draft:
        given = {Job.renamed.get(name, name): value for name, value in estimator.given.items()}
        data: dict[str, Any] = {"name": self.name(given, fit, taken)}
        framework = self.framework(estimator)
        if framework is not None and framework.name != DEFAULT:
            data["framework"] = framework.name
        for name, value in given.items():
            if name in WITHOUT_FIELD or name == "name":
                continue
            if name not in Job.fields or _is_passed_over(name, framework):
                self.remarks.append(f"no field for {name} = {_source(value)}")
            elif value is not None or name in ("training_steps", "evaluation_steps"):
                data[name] = self.field(name, value)
        if fit.get("inputs") is not None:
            data["channels"] = self.channels(fit["inputs"])
        if fit.get("experiment_config") is not None:
            data["experiment_config"] = self.field("experiment_config", fit["experiment_config"])
        for text in (*estimator.left, *fit.get("*", ())):
            self.remarks.append(f"no field for the argument {text}")
        region = region_of(estimator.given.get("sagemaker_session"))
        if region is not None:
            data["region"] = region
        self.complete(data, framework, is_old=bool(SDK1 & set(estimator.given)))
        return Draft(data, self.notes, tuple(self.remarks))

    def framework(self, estimator: Made) -> Framework | None:
        """The framework whose estimator it is; None for one that only names an image."""
        named = (self.facts.framework(name) for name in self.facts.frameworks)
        return next((each for each in named if each is not None and each.estimator == estimator.class_name), None)

    def name(self, given: Mapping[str, Any], fit: Mapping[str, Any], taken: set[str]) -> str:
        candidates = (fit.get("job_name"), given.get("name"), given.get("entry_point"))
        text = next((one for one in candidates if isinstance(one, str) and one), "job")
        name = first = job_name(re.sub(r"\.py$", "", text.rpartition("/")[2]))
        number = 1
        while name in taken:
            number += 1
            name = f"{first[:44]}-{number}"
        taken.add(name)
        return name

    def complete(self, data: dict[str, Any], framework: Framework | None, *, is_old: bool) -> None:
        """What the SDK filled in by itself, and what it was not given."""
        local = data.get("instance_type") in ("local", "local_gpu")
        if framework is not None and framework.instances is not None and "instance_groups" not in data:
            data.setdefault("instance_count", framework.instances)
        needed = ["entry_point"] if framework is not None or "source_dir" in data else []
        needed += [] if "instance_groups" in data else ["instance_type", "instance_count"]
        needed += [] if local else ["role"]
        needed += [] if "image_uri" in data else ["image_uri" if framework is None else framework.version_field]
        for name in needed:
            if name not in data:
                data[name] = self.placeholder(Unknown(name, ""), name)
                self.notes[(name,)] = "was not given"
        version = data.get("framework_version")
        release = framework.release(version) if framework is not None and isinstance(version, str) else None
        legacy = any(name in data for name in LEGACY_FIELDS)
        if is_old and "py_version" not in data and not legacy and release is not None and "py2" in release.pythons:
            data["py_version"] = "py2"  # what SDK 1 took

    def field(self, name: str, value: Any) -> Any:
        if name.endswith("_version") and isinstance(value, float):
            value = str(value)
        if name == "tags" and isinstance(value, list) and all(map(_is_tag, value)):
            value = {tag["Key"]: tag["Value"] for tag in value}
        if name in ("metric_definitions", "experiment_config"):
            value = _snake(value)
        return self.data(value, (name,))

    def channels(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {str(name): self.channel(item, ("channels", str(name))) for name, item in value.items()}
        return self.channel(value, ("channels",))

    def channel(self, value: Any, path: Path) -> Any:
        if isinstance(value, Made) and value.class_name == "upload_data" and is_certain(value.given.get("path")):
            return {"path": value.given["path"]}  # apply uploads it
        return self.data(value, path)

    def data(self, value: Any, path: Path) -> Any:
        """A value as data; where it is not certain, an expression, and a note of what it was."""
        if isinstance(value, dict):
            return {str(key): self.data(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [self.data(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, Mixed):
            self.notes[path] = f"was: {value.source}"
            parts = (self.placeholder(part, "") if isinstance(part, Unknown) else literal(part) for part in value.parts)
            return "".join(parts)
        if isinstance(value, Made) and value.class_name in PARTS and not value.left:
            names = PARTS[value.class_name]
            given = {names.get(name, name): item for name, item in value.given.items() if item is not None}
            return self.data(given, path)
        if isinstance(value, str | int | bool | None) or (isinstance(value, float) and isfinite(value)):
            return literal(value)
        source = _source(value)
        self.notes[path] = f"was: {source}"
        says_little = not isinstance(value, Unknown) or source.endswith(")")  # the name of a function
        name = str(path[-1]) if says_little and isinstance(path[-1], str) else getattr(value, "name", "value")
        return self.placeholder(Unknown(name, source), str(path[-1]))

    def placeholder(self, value: Unknown, name: str) -> str:
        """An expression that has no value until somebody gives it one."""
        base = variable = re.sub(r"\W", "_", value.name)
        number = 1
        while self.variables.setdefault(variable, value.source) != value.source:
            number += 1
            variable = f"{base}_{number}"
        return f"{{{{ vars.{variable}{' | int' if name in NUMBERS else ''} }}}}"


def _is_passed_over(name: str, framework: Framework | None) -> bool:
    """Whether an argument is another framework's, which the SDK's estimators swallow."""
    own = () if framework is None else (framework.version_field, *framework.bases.values())
    versions = ("framework_version", "transformers_version", "pytorch_version", "tensorflow_version")
    passes = framework is not None and framework.passes_model_dir
    return (name in versions and name not in own) or (name == "model_dir" and not passes)


def _source(value: Any) -> str:
    if isinstance(value, Unknown | Mixed | Made):
        return value.source
    return repr(value) if is_certain(value) else "an object"


def _is_tag(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"Key", "Value"} and isinstance(value["Key"], str)


def _snake(value: Any) -> Any:
    """Maps with the API's member names, as the SDK takes them, with a manifest's."""
    if isinstance(value, list):
        return [_snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name)).lower(): item for name, item in value.items()}
