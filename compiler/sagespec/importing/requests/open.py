"""A request of which some values are not known → a manifest with expressions in their places.

Reading a request means compiling what was read and comparing; so stand-ins take the places of what is not known while
that is done, and expressions the places of the stand-ins afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sagespec.building import api_check as api
from sagespec.building.tags import tags_in
from sagespec.catalog import Facts
from sagespec.importing.draft import ManifestDraft, job_name, literal
from sagespec.importing.following.library import Start
from sagespec.importing.following.values import ABSENT, Default, Either, RestOfArguments, Uploaded, text_of
from sagespec.importing.programs.placeholders import Placeholders
from sagespec.importing.requests.deployed import from_endpoint
from sagespec.importing.requests.describe import from_description
from sagespec.importing.requests.forms import templated
from sagespec.reading.syntax.writer import Path
from sagespec.scripts.values.constants import Mixed, UnknownValue, is_certain

NUMBERS = frozenset(
    {
        *("InstanceCount", "VolumeSizeInGB", "MaxRuntimeInSeconds", "MaxWaitTimeInSeconds", "MaximumRetryAttempts"),
        *("KeepAlivePeriodInSeconds", "Seed", "MaxPendingTimeInSeconds", "ProfilingIntervalInMilliseconds"),
    }
)
"""Members that are numbers."""
LOCATIONS = ("Uri", "S3OutputPath")
"""Ends of the names of members that are S3 locations."""
STRUCTURES = re.compile(
    r"(Config|Configurations|Specification|Condition|Strategy|Source|Parameters|Tags|Environment|Subnets|SecurityGroupIds|Definitions|Groups|Names|Options)$"
)
OF_MAPS = frozenset(
    {
        *("InputDataConfig", "DebugRuleConfigurations", "ProfilerRuleConfigurations", "Tags", "MetricDefinitions"),
        *("InstanceGroups", "CollectionConfigurations"),
    }
)
"""Members that are lists of maps."""
NEEDED: Mapping[str, Mapping[str, str]] = {
    "AlgorithmSpecification": {"TrainingImage": "image_uri"},
    "ResourceConfig": {"InstanceType": "instance_type", "InstanceCount": "instance_count"},
    "OutputDataConfig": {"S3OutputPath": "output_path"},
}
"""What a request must have: member → its members, and what to call what is not known of them."""
_USUAL_VOLUME = 30
"""GiB, which a manifest asks for by itself: where nothing is known of the resources, nothing is said of it."""
_TOKEN = re.compile(r"zq(\d+)zq")
_ROLE = "arn:aws:iam::000000000000:role/"
"""What makes a role of an account that nobody has, out of a stand-in."""
_ADDED = "s3://zqx"
"""What makes a location out of a text that does not begin with one."""
_ARCHIVE = f"{_ADDED}/zqx/"
"""What makes an object's location of it."""
_INSTANCE = "ml.{}.zqzq"
"""What makes an instance type out of a stand-in."""
_COUNTED = range(11, 31)
"""Numbers that may stand in for others: no member's bounds exclude them."""


def request_of(start: Start, facts: Facts, where: str) -> ManifestDraft:
    """The manifest of a request that a program sends.

    Raises:
        Unreadable: this is not a request for a training job.
    """
    body = templated(dict(start.fit)) if start.is_template else start.fit
    draft = opened(body, facts, left=start.left)
    remarks = tuple(dict.fromkeys((*draft.remarks, *start.conditions, *start.concerns)))
    return replace(draft, remarks=remarks, where=where)


def opened(
    body: Mapping[Any, Any], facts: Facts, left: tuple[str, ...] = (), tags: Mapping[str, str] | None = None
) -> ManifestDraft:
    """The manifest of a request.

    Args:
        body: a CreateTrainingJob request; values that are not known are `Unknown` or `Mixed`.
        left: how arguments are written that belong to no member.

    Raises:
        Unreadable: this is not a request for a training job.
    """
    stand_ins = _StandIns(repr(body))
    plain = stand_ins.put(body)
    stand_ins.remarks += [f"no member for the argument {text}" for text in left]
    if not {"TrainingJobStatus", "TrainingJobArn"} & set(plain):
        _without_unknown(plain, stand_ins.remarks)
    draft = from_description(plain, facts, tags)
    return stand_ins.take_out(draft)


def endpoint_of_requests(start: Start, facts: Facts, where: str) -> ManifestDraft:
    """The manifest of an endpoint whose three requests a program sends.

    Raises:
        UnreadableProgram: it serves in a way for which a manifest has no words.
    """
    stand_ins = _StandIns(repr(start.fit))
    model, config, endpoint = stand_ins.put_endpoint(start.fit)
    image = str(model.get("PrimaryContainer", {}).get("Image", ""))
    region = re.search(r"[.]ecr[.]([a-z0-9-]+)[.]", image)
    endpoint["EndpointArn"] = f"arn:aws:sagemaker:{region[1] if region else ''}:"
    draft = stand_ins.take_out(from_endpoint(endpoint, config, model, tags_in(endpoint.get("Tags") or ()), facts))
    remarks = tuple(dict.fromkeys((*draft.remarks, *start.conditions, *start.concerns)))
    return replace(draft, remarks=remarks, where=where)


def _without_unknown(body: dict[str, Any], remarks: list[str]) -> None:
    """Takes out what the API has no member for."""
    for violation in list(api.check(body)):
        if violation.kind != "unknown":
            continue
        *steps, last = violation.path
        owner: Any = body
        for step in steps:
            owner = owner[step]
        remarks.append(f"no member {'.'.join(map(str, violation.path))} = {_short(owner.pop(last))}")


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


class _StandIns(Placeholders):
    """What stands for the values of one request that are not known."""

    def __init__(self, written: str) -> None:
        super().__init__()
        self.numbers = [number for number in _COUNTED if str(number) not in written]
        self.values: list[Any] = []
        self.counted: dict[int, Any] = {}
        self.body: Mapping[Any, Any] = {}

    def put(self, body: Mapping[Any, Any]) -> dict[str, Any]:
        self.body = body
        name = body.get("TrainingJobName", ABSENT)
        own = self._map({key: value for key, value in body.items() if key != "TrainingJobName"}, ())
        plain = {key: value for key, value in own.items() if value not in ({}, []) or key == "Environment"}
        plain["TrainingJobName"] = self._name(name)
        for member, inner in NEEDED.items():
            own = plain.setdefault(member, {"VolumeSizeInGB": _USUAL_VOLUME} if member == "ResourceConfig" else {})
            groups = isinstance(own, dict) and own.get("InstanceGroups")
            for part, what in inner.items() if isinstance(own, dict) and not groups else ():
                if part not in own and "AlgorithmName" not in own:
                    own[part] = self._stand_in(part, UnknownValue(what, ""))
        plain["AlgorithmSpecification"].setdefault("TrainingInputMode", "File")
        plain.setdefault("StoppingCondition", {})
        if "RoleArn" not in plain:
            plain["RoleArn"] = self._stand_in("RoleArn", UnknownValue("role", ""))
        return plain

    def put_endpoint(self, bodies: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The requests, and what they must have."""
        self.body = {}
        for operation, body in bodies.items():
            plain = self._map({key: value for key, value in body.items() if key != "EndpointName"}, ())
            if operation == "CreateModel" and "ExecutionRoleArn" not in plain:
                plain["ExecutionRoleArn"] = self._stand_in("RoleArn", UnknownValue("role", ""))
            if operation == "CreateEndpoint":
                plain["EndpointName"] = self._name(body.get("EndpointName", ABSENT))
                plain["LastDeploymentConfig"] = plain.get("DeploymentConfig")
            yield plain

    def _name(self, value: Any) -> str:
        if isinstance(value, str):
            return value if re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", value) else job_name(value)
        if value is not ABSENT and value is not None:
            self.comments["name",] = f"was: {text_of(value)}"
        if isinstance(value, Default) and isinstance(value.default, str):
            return job_name(value.default)
        parts = [part for part in value.parts if isinstance(part, str)] if isinstance(value, Mixed) else []
        return job_name("-".join(parts)) if re.search("[a-zA-Z0-9]", "".join(parts)) else self._by_image()

    def _by_image(self) -> str:
        """The job's name where it has none that is known: the image's."""
        image = self.body.get("AlgorithmSpecification")
        uri = image.get("TrainingImage") if isinstance(image, Mapping) else None
        return job_name(uri.rpartition("/")[2].partition(":")[0]) if isinstance(uri, str) else "job"

    def _map(self, value: Mapping[Any, Any], path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, item in value.items():
            here = ".".join(map(str, (*path, key)))
            if isinstance(key, RestOfArguments):
                self.remarks.append(
                    f"{'.'.join(map(str, path)) or 'the request'}: what else `{key.source}` brings is not known"
                )
            elif isinstance(item, Either) and ABSENT in item.ways:
                self.remarks.append(f"{here} is left out: it is {text_of(item)} ({item.source})")
            elif isinstance(item, UnknownValue | Mixed) and self._is_structure(str(key), path):
                self.remarks.append(f"{here} is left out: it was {text_of(item)}")
            else:
                made = self._value(item, (*path, str(key)))
                if made is not None:
                    found[str(key)] = made
        return found

    def _is_structure(self, key: str, path: Path) -> bool:
        own_keys = {"HyperParameters", "Environment"} & set(map(str, path)) or str(path[-1:]).endswith("Parameters',)")
        return not own_keys and (STRUCTURES.search(key) is not None or key.startswith(("Enable", "Disable")))

    def _value(self, value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            return self._map(value, path)
        if isinstance(value, list):
            items = []
            for index, item in enumerate(value):
                if isinstance(item, RestOfArguments):
                    self.remarks.append(f"{'.'.join(map(str, path))}: what else `{item.source}` brings is not known")
                elif path[-1] in OF_MAPS and not isinstance(item, Mapping):
                    self.remarks.append(f"{'.'.join(map(str, path))}.{index} is left out: it was {text_of(item)}")
                elif (made := self._value(item, (*path, index))) is not None:
                    items.append(made)
            return items
        if is_certain(value):
            of_text = "HyperParameters" in path or "Environment" in path
            return str(value) if of_text and isinstance(value, int | float) and value is not None else value
        return self._stand_in(str(path[-1]), value)

    def _stand_in(self, member: str, value: Any) -> Any:
        if member in NUMBERS and not isinstance(value, Mixed):
            if not self.numbers:
                self.remarks.append(f"{member} is left out: it was {text_of(value)}")
                return None
            number = self.numbers.pop()
            self.counted[number] = value
            return number
        parts = value.parts if isinstance(value, Mixed) else (value,)
        text = ""
        for part in parts:
            if isinstance(part, str):
                text += part
            else:
                self.values.append(part)
                text += f"zq{len(self.values) - 1}zq"
        if member.endswith("RoleArn") and not text.startswith("arn:"):
            return _ROLE + text
        if member == "InstanceType" and _TOKEN.fullmatch(text):
            return _INSTANCE.format(text)
        if text.startswith(("s3://", "https://")):
            return text
        return f"{_ARCHIVE if member == 'ModelDataUrl' else _ADDED if member.endswith(LOCATIONS) else ''}{text}"

    def take_out(self, draft: ManifestDraft) -> ManifestDraft:
        """The draft with expressions for stand-ins."""
        data = self._out(self._with_uploads(draft.data), ())
        name = self.comments.pop(("name",), None)
        comments = {**draft.comments, **self.comments}
        if name is not None:
            comments["name",] = name
        return replace(
            draft,
            data=data,
            notes={**draft.notes, **self.notes},
            comments=comments,
            remarks=(*draft.remarks, *dict.fromkeys(self.remarks)),
        )

    def _with_uploads(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Channels that the program uploads are local paths, which apply uploads."""
        channels = data.get("channels")
        if not isinstance(channels, Mapping):
            return data
        return {**data, "channels": {name: self._local(name, one) for name, one in channels.items()}}

    def _local(self, name: str, channel: Any) -> Any:
        location = channel.get("s3_data") if isinstance(channel, Mapping) else channel
        found = re.fullmatch(rf"{_ADDED}zq(\d+)zq(/.*)?", location) if isinstance(location, str) else None
        value = self.values[int(found[1])] if found is not None else None
        if found is None or not isinstance(value, Uploaded):
            return channel
        self.comments["channels", name] = "uploaded by apply"
        rest = {key: item for key, item in channel.items() if key != "s3_data"} if isinstance(channel, Mapping) else {}
        return {"path": literal(value.path.rstrip("/") + (found[2] or "").rstrip("/")), **rest}

    def _out(self, value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            return {key: self._out(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._out(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, int) and not isinstance(value, bool) and value in self.counted:
            return self._expression(self.counted[value], path, number=True)
        if not isinstance(value, str) or not _TOKEN.search(value):
            return value
        text = value.removeprefix(_ARCHIVE).removeprefix(_ADDED)
        text = re.sub(_INSTANCE.replace(".", "[.]").format(r"(zq\d+zq)"), r"\1", text).removeprefix(_ROLE)
        sources = [self._source(self.values[int(number)]) for number in _TOKEN.findall(text)]
        asks = any(not isinstance(self.values[int(number)], Default) for number in _TOKEN.findall(text))
        (self.notes if asks else self.comments)[path] = (
            f"was: {', '.join(sources)}" if any(sources) else "was not given"
        )
        return _TOKEN.sub(lambda found: self.expression(self._named(self.values[int(found[1])], path), ""), text)

    def _source(self, value: Any) -> str:
        return (
            ""
            if isinstance(value, UnknownValue) and not isinstance(value, Either) and not value.source
            else text_of(value)
        )

    def _named(self, value: Any, path: Path) -> UnknownValue:
        if isinstance(value, Default):
            return value
        source = text_of(value)
        own = value.name if isinstance(value, UnknownValue) else "value"
        last = next((str(step) for step in reversed(path) if isinstance(step, str)), "value")
        return UnknownValue(last if source.endswith(")") or isinstance(value, Either) else own, source)

    def _expression(self, value: Any, path: Path, *, number: bool) -> str:
        named = self._named(value, path)
        source = self._source(value)
        notes = self.comments if isinstance(value, Default) else self.notes
        notes[path] = f"was: {source}" if source else "was not given"
        return self.expression(named, "instance_count" if number else "")
