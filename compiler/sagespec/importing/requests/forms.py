"""The forms in which tools keep a training job: where in a file it stands, and how it is spelled there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.building.targets.ack import SPEC as ACK
from sagespec.building.targets.ack import name_of as ack_name
from sagespec.catalog import api_members
from sagespec.scripts.values.constants import Mixed, UnknownValue


class FoundForm(NamedTuple):
    """A training job in a file."""

    body: Mapping[Any, Any]
    """The request, or the description, in the API's names; what the tool would put in is `Unknown`."""
    where: str
    """Its place in the file, for people; nothing where it is the whole."""
    remarks: tuple[str, ...] = ()
    region: str | None = None


Step = tuple[str | int, ...]


def jobs_in(data: Any, path: Step = ()) -> Iterator[FoundForm | str]:
    """Every training job in a file's data; a text says what was seen and cannot be taken."""
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from jobs_in(item, (*path, index))
        return
    if isinstance(data, str):
        if "createTrainingJob" in data and data.lstrip().startswith("{"):  # a state machine in a template
            try:
                yield from jobs_in(json.loads(data), path)
            except ValueError:
                yield f"{_place(path)}: this state machine is not JSON"
        return
    if not isinstance(data, Mapping):
        return
    for form in _FORMS:
        found = form(data, path)
        if found is not None:
            yield found
            return
    for key, item in data.items():
        if key in ("TrainingJobDefinition", "TrainingJobDefinitions"):
            yield f"{_place((*path, key))}: a hyperparameter tuning job was seen and not taken"
        else:
            yield from jobs_in(item, (*path, key))


def _place(path: Step) -> str:
    return ".".join(map(str, path))


# Forms ---------------------------------------------------------------------------------------------------------------


def _state(data: Mapping[Any, Any], path: Step) -> FoundForm | None:
    """A task of Step Functions."""
    resource = data.get("Resource")
    known = isinstance(resource, str) and re.search(r"(?:sagemaker|aws-sdk:sagemaker):createTrainingJob", resource)
    if not known:
        return None
    given = data.get("Parameters", data.get("Arguments"))
    if not isinstance(given, Mapping):
        return FoundForm({}, _place(path), (f"the state's arguments are {given!r}",))
    return FoundForm(_dynamic(given), _place(path))


def _controller(data: Mapping[Any, Any], path: Step) -> FoundForm | None:
    """A resource of the AWS controllers for Kubernetes, or of the operator before them."""
    version, spec = str(data.get("apiVersion", "")), data.get("spec")
    if data.get("kind") != "TrainingJob" or not version.startswith("sagemaker.") or not isinstance(spec, Mapping):
        return None
    annotations = (data.get("metadata") or {}).get("annotations") or {}
    region = annotations.get("services.k8s.aws/region") or spec.get("region")
    if version.startswith("sagemaker.aws.amazon.com"):
        body, unknown = _of_operator(spec)
        body.setdefault("TrainingJobName", (data.get("metadata") or {}).get("name", "job"))
    else:
        body, unknown = _spelled(spec, ACK, _ACK_NAMES, "spec")
    remarks = tuple(f"no member for {name}" for name in unknown)
    return FoundForm(_dynamic(body), _place(path), remarks, region if isinstance(region, str) else None)


def _pipeline_step(data: Mapping[Any, Any], path: Step) -> FoundForm | None:
    """A step of a pipeline's definition."""
    given = data.get("Arguments")
    if data.get("Type") != "Training" or not isinstance(given, Mapping):
        return None
    body = _dynamic(_references(given))
    if "TrainingJobName" not in body and isinstance(data.get("Name"), str):
        body["TrainingJobName"] = data["Name"]
    return FoundForm(body, _place(path))


def _terraform(data: Mapping[Any, Any], path: Step) -> FoundForm | None:
    """A resource in Terraform's plan or state, as JSON."""
    values = data.get("values", data.get("instances"))
    if data.get("type") != "aws_sagemaker_training_job":
        return None
    if isinstance(values, list):
        values = values[0].get("attributes") if values and isinstance(values[0], Mapping) else None
    if not isinstance(values, Mapping):
        return None
    body, remarks = of_terraform(values)
    return FoundForm(body, str(data.get("address", _place(path))), remarks)


def _operator_config(data: Mapping[Any, Any], path: Step) -> FoundForm | None:
    """The config of Airflow's operator."""
    inner = data.get("Training")
    if isinstance(inner, Mapping) and "AlgorithmSpecification" in inner:
        return FoundForm(_templates(inner), _place((*path, "Training")))
    return None


def _body(data: Mapping[Any, Any], path: Step) -> FoundForm | None:
    """A request or a description as it is."""
    names = {str(key).removesuffix(".$") for key in data}
    if "AlgorithmSpecification" in names and names & {"ResourceConfig", "RoleArn", "TrainingJobName"}:
        return FoundForm(_dynamic(data), _place(path))
    return None


_FORMS: tuple[Callable[[Mapping[Any, Any], Step], FoundForm | None], ...] = (
    _state,
    _controller,
    _pipeline_step,
    _terraform,
    _operator_config,
    _body,
)
"""Each says whether this is one of its own."""


# Values that a tool puts in ------------------------------------------------------------------------------------------


def _dynamic(value: Any) -> Any:
    """Step Functions' paths and JSONata, and CloudFormation's functions, become values that are not known."""
    if isinstance(value, list):
        return [_dynamic(item) for item in value]
    if isinstance(value, str):
        return _of_text(value)
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        key, inner = next(iter(value.items()))
        if key in ("Ref", "Fn::GetAtt", "Fn::ImportValue", "Fn::Join", "Fn::Select", "Fn::FindInMap", "Fn::If"):
            return UnknownValue(_word(inner), f"{key} {json.dumps(inner, default=str)}")
        if key == "Fn::Sub":
            return _parts(inner if isinstance(inner, str) else str(inner), r"\$\{([^}]+)\}")
    found: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(key, str) and key.endswith(".$"):
            found[key[:-2]] = _path(item)
        else:
            found[key] = _dynamic(item)
    return found


def _of_text(text: str) -> Any:
    whole = re.fullmatch(r"\{%(.*)%\}", text, re.S)
    if whole:
        return _joined(whole[1].strip())
    return _parts(text, r"\$(?:\{([^}]+)\}|([A-Z][A-Z0-9_]{2,})\b)") if "$" in text else text


_JSONATA = r"""'[^']*'|"[^"]*"|\$[\w.$]*"""


def _joined(source: str) -> Any:
    """JSONata: texts and names that are put together with `&`, or something to be computed."""
    if not re.fullmatch(rf"(?:{_JSONATA})(?:\s*&\s*(?:{_JSONATA}))+", source):
        return UnknownValue(_word(source), source)
    pieces = re.findall(_JSONATA, source)
    return Mixed(
        tuple(piece[1:-1] if piece[0] in "'\"" else UnknownValue(_word(piece), piece) for piece in pieces), source
    )


def _path(text: Any) -> Any:
    """`$.input.name`, or `States.Format('x-{}', $.name)`."""
    if not isinstance(text, str):
        return UnknownValue("value", repr(text))
    found = re.fullmatch(r"States\.Format\(\s*'((?:[^'\\]|\\.)*)'\s*,(.*)\)", text.strip(), re.S)
    if found is None:
        return UnknownValue(_word(text), text)
    texts = found[1].split("{}")
    given = [one.strip() for one in found[2].split(",")]
    if len(texts) != len(given) + 1:
        return UnknownValue(_word(text), text)
    parts: list[str | UnknownValue] = [texts[0]]
    for one, after in zip(given, texts[1:], strict=True):
        parts += [UnknownValue(_word(one), one), after]
    return Mixed(tuple(part for part in parts if part != ""), text)


def _templates(value: Any) -> Any:
    """Airflow's `{{ ds }}`."""
    if isinstance(value, list):
        return [_templates(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _templates(item) for key, item in value.items()}
    return _parts(value, r"\{\{(.*?)\}\}") if isinstance(value, str) and "{{" in value else value


def templated(value: Any) -> Any:
    """The config of an operator that a program gives: texts with `{{ ds }}` are filled in when it runs."""
    return _templates(value)


def _references(value: Any) -> Any:
    """A pipeline's `{"Get": "Parameters.x"}` and `Std:Join`."""
    if isinstance(value, list):
        return [_references(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"Get"}:
        return UnknownValue(_word(value["Get"]), str(value["Get"]))
    if set(value) == {"Std:Join"}:
        parts: list[str | UnknownValue] = []
        for item in value["Std:Join"].get("Values", ()):
            made = _references(item)
            parts += [str(value["Std:Join"].get("On", ""))] if parts else []
            parts.append(made if isinstance(made, str | UnknownValue) else str(made))
        return Mixed(tuple(part for part in parts if part != ""), json.dumps(value))
    return {key: _references(item) for key, item in value.items()}


def _parts(text: str, pattern: str) -> Any:
    """A text with names in it."""
    parts: list[str | UnknownValue] = []
    end = 0
    for found in re.finditer(pattern, text):
        name = next(group for group in found.groups() if group is not None).strip()
        parts += [text[end : found.start()], UnknownValue(_word(name), name)]
        end = found.end()
    whole = [part for part in (*parts, text[end:]) if part != ""]
    return whole[0] if len(whole) == 1 else Mixed(tuple(whole), text)


def _word(text: Any) -> str:
    """The last name in an expression."""
    found = re.findall(r"[A-Za-z_]\w*", str(text))
    return found[-1] if found else "value"


# Spellings -----------------------------------------------------------------------------------------------------------


def _spelled(
    value: Mapping[Any, Any], known: Mapping[str, Any], names: Callable[[str], str], path: str
) -> tuple[dict[str, Any], list[str]]:
    """A map in another spelling of the API's names, with the API's; and what has none."""
    own = {names(member): member for member in known}
    found: dict[str, Any] = {}
    unknown: list[str] = []
    for key, item in value.items():
        if key not in own:
            unknown.append(f"{path}.{key} = {json.dumps(item, default=str)[:60]}")
            continue
        inner = known[own[key]]
        if inner is None:
            found[own[key]] = item
        elif isinstance(item, Mapping):
            found[own[key]], more = _spelled(item, inner, names, f"{path}.{key}")
            unknown += more
        elif isinstance(item, list):
            made = [_spelled(each, inner, names, f"{path}.{key}") for each in item if isinstance(each, Mapping)]
            found[own[key]] = [each for each, _ in made]
            unknown += [one for _, more in made for one in more]
    return found, unknown


_ACK_NAMES = ack_name


def _members() -> Mapping[str, Any]:
    """The members of a request, nested."""
    tree: dict[str, Any] = {}
    for path, member in api_members().items():
        if "{" in path:
            continue
        steps = [step for step in path.replace("[]", "").split(".") if step]
        here = tree
        for step in steps[:-1]:
            here = here.setdefault(step, {}) if isinstance(here.get(step, {}), dict) else {}
        if member.type in ("structure", "list") and (member.type == "structure" or f"{path}[]" in api_members()):
            inner = api_members().get(f"{path}[]", member)
            here.setdefault(steps[-1], {} if inner.type == "structure" else None)
        else:
            here.setdefault(steps[-1], None)
    return tree


def lower_camel(name: str) -> str:
    return name[0].lower() + name[1:]


def snake(name: str) -> str:
    """As Terraform spells it: `VolumeSizeInGB` → `volume_size_in_gb`."""
    words = re.findall(r"[A-Z0-9]+(?![a-z])|[A-Z][a-z0-9]*", name.replace("SageMaker", "Sagemaker"))
    return "_".join(word.lower() for word in words).replace("s_3", "s3")


def _of_operator(spec: Mapping[Any, Any]) -> tuple[dict[str, Any], list[str]]:
    """The first operator's spec: lists of {name, value} for maps."""
    flat = {key: _mapped(item) for key, item in spec.items() if key not in ("region", "sageMakerEndpoint")}
    return _spelled(flat, _members(), lower_camel, "spec")


def _mapped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _mapped(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    pairs = value and all(isinstance(one, Mapping) and set(one) == {"name", "value"} for one in value)
    return {one["name"]: one["value"] for one in value} if pairs else [_mapped(item) for item in value]


def of_terraform(values: Mapping[Any, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A resource's arguments; blocks are lists there of which the API has one."""
    own = {key: item for key, item in values.items() if key not in _OF_TERRAFORM}
    tags = values.get("tags")
    body, unknown = _spelled(_unlisted(own, _members()), _members(), snake, "aws_sagemaker_training_job")
    if isinstance(tags, Mapping):
        body["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return body, tuple(f"no member for {name}" for name in unknown)


_OF_TERRAFORM = frozenset(
    {"arn", "id", "tags", "tags_all", "timeouts", "count", "for_each", "depends_on", "lifecycle", "provider", "region"}
)


def _unlisted(value: Mapping[Any, Any], known: Mapping[str, Any]) -> dict[Any, Any]:
    names = {snake(member): member for member in known}
    found: dict[Any, Any] = {}
    lists = {path.removesuffix("[]").rpartition(".")[2] for path in api_members() if path.endswith("[]")}
    for key, item in value.items():
        inner = known.get(names.get(key, ""))
        if item is None or item == []:
            continue
        if isinstance(inner, Mapping) and isinstance(item, list) and names[key] not in lists and len(item) == 1:
            item = item[0]
        if isinstance(inner, Mapping) and isinstance(item, Mapping):
            item = _unlisted(item, inner)
        elif isinstance(inner, Mapping) and isinstance(item, list):
            item = [_unlisted(each, inner) if isinstance(each, Mapping) else each for each in item]
        found[key] = item
    return found
