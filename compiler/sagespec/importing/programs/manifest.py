"""The arguments of an estimator and of its `fit` → the fields of a manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sagespec.catalog import Facts, Framework
from sagespec.importing.draft import FilledArgument, ManifestDraft, job_name, literal
from sagespec.importing.following.library import Start
from sagespec.importing.following.values import Default, ImageUri, Made, Uploaded, region_of, text_of
from sagespec.importing.programs.placeholders import Placeholders
from sagespec.importing.programs.rules import collections_of, rules_of
from sagespec.importing.programs.trainer import estimator_of
from sagespec.kinds.training_job.model import LEGACY_FIELDS, Job
from sagespec.reading.syntax.writer import Path
from sagespec.scripts.values.constants import Mixed, UnknownValue

WITHOUT_FIELD = frozenset(
    {
        *("sagemaker_session", "enable_cloudwatch_metrics", "wait", "logs", "run_tensorboard_locally"),
        *("max_parallel_jobs", "model_channel_name", "dry_run"),
    }
)
"""Arguments that say something to the SDK and nothing to the job."""
MAPS = frozenset(
    {
        *("hyperparameters", "environment", "tags", "distribution", "compiler_config", "debugger_hook_config"),
        *("profiler_config", "tensorboard_output_config", "experiment_config", "instance_placement_config"),
    }
)
LISTS = frozenset(
    {
        *("metric_definitions", "subnets", "security_group_ids", "dependencies", "rules", "instance_groups"),
        *("container_entry_point", "container_arguments"),
    }
)
"""Fields that hold a map or a list: an expression cannot stand for the whole."""
CODE = ("entry_point", "source_dir")
DEFAULT = "tensorflow"
"""The framework of a manifest that names none."""
SDK1 = frozenset(name for name in Job.renamed if name.startswith("train_")) | {"image_name", "distributions"}
MODEL_CONTENT = "application/x-sagemaker-model"


def draft_of(start: Start, facts: Facts, where: str) -> ManifestDraft:
    """The manifest of one job, by the name that its program gives it.

    Args:
        where: the place of its start in the source, for people.
    """
    if start.made is not None and start.made.class_name == "ModelTrainer":
        start = estimator_of(start)
    return _ValueReader(facts, start, where).draft()


class _ValueReader(Placeholders):
    """Turns one job's values into a manifest's data, and notes what is not certain."""

    def __init__(self, facts: Facts, start: Start, where: str) -> None:
        super().__init__()
        assert start.made is not None
        self.facts = facts
        self.start = start
        self.estimator = start.made
        self.where = where
        self.framework = self._framework()
        self.region = region_of(self.estimator.given.get("sagemaker_session"))

    def _framework(self) -> Framework | None:
        """The framework whose estimator it is; None for one that only names an image."""
        named = (self.facts.framework(name) for name in self.facts.frameworks)
        return next((each for each in named if each is not None and each.estimator == self.estimator.class_name), None)

    def draft(self) -> ManifestDraft:
        fit = self.start.fit
        given = {Job.renamed.get(name, name): value for name, value in self.estimator.given.items()}
        old = {Job.renamed.get(name, name): name for name in self.estimator.given}
        data: dict[str, Any] = {"name": self.name(given)}
        if self.framework is not None and self.framework.name != DEFAULT:
            data["framework"] = self.framework.name
        if self.estimator.class_name == "ModelTrainer" and "torch_distributed" in (given.get("distribution") or ()):
            data["framework"] = "pytorch"  # whose launcher it is
        given |= self.image(given)
        for name, value in given.items():
            if name != "name":
                self.argument(old.get(name, name), name, value, data, given)
        if fit.get("inputs") is not None:
            self.channels_of("fit(inputs=…)", fit["inputs"], data)
        self.model_channel(given, data)
        self.rules(given, data)
        if fit.get("experiment_config") is not None:
            self.argument("fit(experiment_config=…)", "experiment_config", fit["experiment_config"], data, given)
        for name in fit:
            if name not in ("inputs", "job_name", "experiment_config"):
                self.arguments.append(FilledArgument(f"fit({name}=…)", "not taken", "it has no effect on the job"))
        for text in (*self.estimator.left, *self.start.left):
            self.refuse(text, f"no field for the argument {text}")
        self.container_arguments(given, data)
        if self.region is not None:
            data["region"] = self.region
        self.complete(data, is_old=bool(SDK1 & set(self.estimator.given)))
        for text in (*self.start.conditions, *self.start.concerns):
            self.remarks.append(text)
        remarks = tuple(dict.fromkeys(self.remarks))
        return ManifestDraft(data, self.notes, remarks, self.comments, tuple(self.arguments), self.where)

    # One argument

    def argument(self, written: str, name: str, value: Any, data: dict[str, Any], given: Mapping[str, Any]) -> None:
        if name in WITHOUT_FIELD:
            self.arguments.append(FilledArgument(written, "not taken", "it has no effect on the job"))
            return
        if name in ("model_uri", "rules") or name in self.of_container:
            return
        if name == "git_config" and isinstance(value, dict):
            repository = ", ".join(
                f"{key} {text_of(item)}" for key, item in value.items() if key in ("repo", "branch", "commit")
            )
            self.refuse(written, f"the code is in git ({repository}): check it out beside the manifest")
        elif name not in Job.fields or self.is_passed_over(name):
            self.refuse(written, f"no field for {name} = {text_of(value)}")
        elif name == "output_path" and _is_local(value):
            self.refuse(written, f"output_path = {text_of(value)}: a local run keeps its output under .sagespec/local")
        elif (name in MAPS and not _is_map(value)) or (name in LISTS and not isinstance(value, list | None)):
            self.refuse(written, f"{name} is left out: it was {text_of(value)}")
        elif isinstance(value, dict | list) and name not in MAPS | LISTS:
            self.take(written, name, self.open(value, (name,)), data)
        elif value is not None or name in ("training_steps", "evaluation_steps"):
            self.take(written, name, self.field(name, value), data)

    def is_passed_over(self, name: str) -> bool:
        """Whether an argument is another framework's, which the SDK's estimators swallow."""
        framework = self.framework
        own = () if framework is None else (framework.version_field, *framework.bases.values())
        versions = ("framework_version", "transformers_version", "pytorch_version", "tensorflow_version")
        passes = framework is not None and framework.passes_model_dir
        legacy = framework is not None and framework.has_legacy_mode
        return (
            (name in versions and name not in own)
            or (name == "model_dir" and not passes)
            or (name in LEGACY_FIELDS and not legacy)
        )

    def field(self, name: str, value: Any) -> Any:
        if name.endswith("_version") and isinstance(value, float):
            value = str(value)
        if name == "tags" and isinstance(value, list):
            value = {tag["Key"]: tag["Value"] for tag in value}
        if name in ("metric_definitions", "experiment_config"):
            value = _snake(value)
        if name == "profiler_config" and isinstance(value, Made):
            profile = value.given.pop("framework_profile_params", None)
            if profile is not None:
                self.remarks.append(f"profiler_config: framework_profile_params = {text_of(profile)} is not taken")
        return self.data(value, (name,))

    @property
    def of_container(self) -> Mapping[str, str]:
        return {} if self.framework is None else self.framework.container_arguments

    def container_arguments(self, given: Mapping[str, Any], data: dict[str, Any]) -> None:
        """Arguments that the container gets as hyperparameters; those that are false or 0 are not sent."""
        for name, hyperparameter in self.of_container.items():
            if given.get(name):
                value = self.data(given[name], ("hyperparameters", hyperparameter))
                data.setdefault("hyperparameters", {})[hyperparameter] = value
                self.arguments.append(FilledArgument(name, "changed", f"hyperparameters.{hyperparameter}"))

    # Its name

    def name(self, given: Mapping[str, Any]) -> str:
        """The part of the job's name that is certain; the time in it is the digest's work here."""
        for written, value in (
            ("fit(job_name=…)", self.start.fit.get("job_name")),
            ("base_job_name", given.get("name")),
        ):
            if isinstance(value, str) and value:
                self.arguments.append(FilledArgument(written, "taken", "name"))
                return job_name(value)
            if isinstance(value, Default) and isinstance(value.default, str):
                self.comments["name",] = f"was: {value.source}"
                return job_name(value.default)
            if value is not None:
                self.comments["name",] = f"was: {text_of(value)}"
                self.arguments.append(FilledArgument(written, "changed", f"name; was: {text_of(value)}"))
                constant = [part for part in value.parts if isinstance(part, str)] if isinstance(value, Mixed) else []
                text = "-".join(constant).strip("-_/. ")
                if re.search(r"[a-zA-Z0-9]", text):
                    return job_name(text)
        return job_name(self.default_name(given.get("entry_point"), given.get("image_uri")))

    def default_name(self, entry: Any, image: Any) -> str:
        """As the script is called, else the framework or the image."""
        if isinstance(entry, str) and entry:
            return re.sub(r"\.py$", "", entry.rpartition("/")[2])
        if self.framework is not None:
            return self.estimator.class_name.lower()
        if isinstance(image, ImageUri):
            return str(image.given["framework"])
        end = image.parts[-1] if isinstance(image, Mixed) else image
        named = (
            re.search(r"/([^/:@]+)([:@][^/]*)?$", f"/{end}" if end is image else end) if isinstance(end, str) else None
        )
        return named[1] if named is not None else "job"

    # Images

    def image(self, given: dict[str, Any]) -> dict[str, Any]:
        """What stands for an image that the SDK is asked for by framework and version."""
        image = given.get("image_uri")
        if not isinstance(image, ImageUri):
            return {}
        region = image.given.get("region")
        if isinstance(region, str) and self.region is None:
            self.region = region
        asked = self.facts.framework(str(image.given.get("framework")))
        version, python = image.given.get("version"), image.given.get("py_version")
        if asked is None and version in (None, "1") and isinstance(region, str):
            own_algorithm = self.facts.algorithm_image(str(image.given["framework"]), region)
            return {} if own_algorithm is None else self.as_image(own_algorithm, image)
        if asked is None or not isinstance(version, str):
            return {}
        if self.framework is asked and isinstance(python or "", str):
            del given["image_uri"]
            own = {} if python is None or asked.python is not None else {"py_version": python}
            self.arguments.append(FilledArgument("image_uri", "changed", f"{asked.version_field}; was: {image.source}"))
            return {asked.version_field: version, **own}
        kind = image.given.get("instance_type", given.get("instance_type", "ml.m5.xlarge"))
        release = asked.release(version)
        pythons = () if release is None else release.pythons
        python = python if isinstance(python, str) else asked.python or (pythons[0] if len(pythons) == 1 else None)
        if not (isinstance(region, str) and isinstance(kind, str) and python):
            return {}
        try:
            made = asked.image_uri(version, python, region, kind)
        except LookupError:
            return {}
        return self.as_image(made, image)

    def as_image(self, address: str, image: ImageUri) -> dict[str, Any]:
        self.comments["image_uri",] = f"was: {image.source}"
        return {"image_uri": address}

    # Channels

    def channels_of(self, written: str, value: Any, data: dict[str, Any]) -> None:
        if isinstance(value, dict):
            channels = self.mapping(value, ("channels",))  # what is not certain of its keys is reported
            for name in channels:
                channels[name] = self.channel(value[name], ("channels", name))
            self.take(written, "channels", channels, data)
        elif isinstance(value, list):
            self.refuse(written, f"channels are left out: they were {text_of(value)}")
        else:
            self.take(written, "channels", self.channel(value, ("channels",)), data)

    def channel(self, value: Any, path: Path) -> Any:
        self.forget(path)
        local = _uploaded(value)
        if local is not None:
            self.comments[path] = "uploaded by apply" if isinstance(value, Uploaded) else f"was: {text_of(value)}"
            return {"path": local}
        if isinstance(value, Made) and value.class_name in ("TrainingInput", "s3_input"):
            local = _uploaded(value.given.get("s3_data"))
            if _is_local(value.given.get("s3_data")) and isinstance(value.given["s3_data"], str):
                local = literal(value.given["s3_data"].removeprefix("file://"))
            if local is not None:
                rest = {name: item for name, item in value.given.items() if name != "s3_data" and item is not None}
                return {"path": local, **self.data(rest, path)}
        if isinstance(value, str) and "://" not in value and not value.startswith("file:"):
            return {"path": literal(value)}
        return self.data(value, path)

    def forget(self, path: Path) -> None:
        for notes in (self.notes, self.comments):
            for each in [each for each in notes if each[: len(path)] == path]:
                del notes[each]

    def model_channel(self, given: Mapping[str, Any], data: dict[str, Any]) -> None:
        """`model_uri` is a channel, as the SDK makes it."""
        uri, name = given.get("model_uri"), given.get("model_channel_name", "model")
        if uri is None:
            return
        if not isinstance(name, str) or not isinstance(data.get("channels", {}), dict) or _is_one(data.get("channels")):
            self.refuse("model_uri", f"model_uri = {text_of(uri)} is a channel of its own")
            return
        path = ("channels", name)
        where = self.channel(uri, path)
        about = {"content_type": MODEL_CONTENT, "input_mode": "File", "distribution": "FullyReplicated"}
        if isinstance(where, str):
            where = {"s3_data": where}
            for notes in (self.notes, self.comments):
                if path in notes:
                    notes[(*path, "s3_data")] = notes.pop(path)
        data.setdefault("channels", {})[name] = where | about
        self.arguments.append(FilledArgument("model_uri", "changed", f"channels.{name}"))

    def rules(self, given: Mapping[str, Any], data: dict[str, Any]) -> None:
        if given.get("rules") is None:
            return
        if not isinstance(given["rules"], list):
            self.refuse("rules", f"rules are left out: they were {text_of(given['rules'])}")
            return
        found, why = rules_of(given["rules"], self.region)
        for text in why:
            self.refuse("rules", text)
        for name, rules in found.items():
            if rules:
                data[name] = self.data(rules, (name,))
                self.arguments.append(FilledArgument("rules", "changed", name))
        wanted = collections_of(given["rules"])
        hook = data.get("debugger_hook_config", {})
        if wanted and isinstance(hook, dict):
            have = hook.setdefault("collection_configurations", [])
            names = {one.get("collection_name") for one in have}
            have += [one for one in wanted if one["collection_name"] not in names]
            data["debugger_hook_config"] = hook

    # What is missing

    def complete(self, data: dict[str, Any], *, is_old: bool) -> None:
        """What the SDK filled in by itself, and what it was not given."""
        framework = self.framework
        local = data.get("instance_type") in ("local", "local_gpu")
        if framework is not None and framework.instances is not None and "instance_groups" not in data:
            data.setdefault("instance_count", framework.instances)
        needed = ["entry_point"] if framework is not None or "source_dir" in data else []
        needed += [] if "instance_groups" in data else ["instance_type", "instance_count"]
        needed += [] if local else ["role"]
        needed += [] if "image_uri" in data else ["image_uri" if framework is None else framework.version_field]
        for name in needed:
            if name not in data:
                data[name] = self.expression(UnknownValue(name, ""), name)
                self.notes[(name,)] = "was not given"
        version = data.get("framework_version")
        release = framework.release(version) if framework is not None and isinstance(version, str) else None
        legacy = any(name in data for name in LEGACY_FIELDS)
        if is_old and "py_version" not in data and not legacy and release is not None and "py2" in release.pythons:
            data["py_version"] = "py2"  # what SDK 1 took


def _uploaded(value: Any) -> str | None:
    """The local path that is uploaded, where a value is the S3 location of it or of something in it."""
    if isinstance(value, Uploaded):
        return str(literal(value.path))
    if isinstance(value, Mixed) and isinstance(value.parts[0], Uploaded):
        rest = "".join(part for part in value.parts[1:] if isinstance(part, str))
        if len(value.parts) == 1 or (all(isinstance(part, str) for part in value.parts[1:]) and rest.startswith("/")):
            return str(literal(value.parts[0].path.rstrip("/") + rest.rstrip("/")))
    return None


def _is_map(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_is_tag, value))
    return isinstance(value, dict | Made | bool | None)


def _is_tag(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"Key", "Value"} and isinstance(value["Key"], str)


def _is_one(channels: Any) -> bool:
    return isinstance(channels, dict) and ("s3_data" in channels or "path" in channels or "file_system_id" in channels)


def _is_local(value: Any) -> bool:
    first = value.parts[0] if isinstance(value, Mixed) else value
    return isinstance(first, str) and first.startswith("file://")


def _snake(value: Any) -> Any:
    """Maps with the API's member names, as the SDK takes them, with a manifest's."""
    if isinstance(value, list):
        return [_snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() if isinstance(name, str) else name: item
        for name, item in value.items()
    }
