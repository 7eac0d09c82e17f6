"""TensorFlow Serving's REST API, over models that can be run.

Source: https://www.tensorflow.org/tfx/serving/api_rest;
https://github.com/tensorflow/serving (model_servers/http_rest_api_handler.cc)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from .tensors import (
    Info,
    Refused,
    Tensor,
    classifications,
    columns,
    is_b64,
    kind_of,
    outputs_text,
    predictions,
    regressions,
    rows,
    shown,
    tensor_of,
)
from .web import Response, WebRequest

DEFAULT_SIGNATURE = "serving_default"
ASKS = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+))?:(classify|regress|predict)", re.IGNORECASE)
LOOKS = re.compile(r"/v1/models(?:/([^/:]+))?(?:/versions/(\d+))?(?:/(metadata))?", re.IGNORECASE)
STATUS = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}
"""Word of a status code → status of the answer; 500 for the others.

Source: https://github.com/tensorflow/serving (model_servers/http_server.cc)
"""
PARSE_ERRORS = {
    "Extra data": "The document root must not be followed by other values.",
    "Expecting property name": "Missing a name for object member.",
    "Illegal trailing comma before end of object": "Missing a name for object member.",
    "Expecting ':'": "Missing a colon after a name of object member.",
    "Unterminated string": "Missing a closing quotation mark in string.",
    "Invalid control character": "Invalid encoding in string.",
    "Invalid \\": "Invalid escape character in string.",
}
"""How Python's complaint begins → what rapidjson, which TensorFlow Serving reads JSON with, says of it.

Source: https://github.com/Tencent/rapidjson (error/en.h)
"""


class Signature(NamedTuple):
    """One way to ask a model."""

    inputs: Mapping[str, Info]
    outputs: Mapping[str, Info]
    method: str
    """`tensorflow/serving/predict`, `…/classify` or `…/regress`."""


Example = Mapping[str, Sequence[Any]]
"""Feature → its values: numbers, whole numbers, or bytes."""


class Servable(Protocol):
    """A version of a model that is loaded."""

    @property
    def signatures(self) -> Mapping[str, Signature]: ...

    def run(self, signature: Signature, inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Asks the model.

        Raises:
            Refused: the model cannot take the inputs.
        """
        ...

    def examples(self, examples: Sequence[Example], context: Example) -> Tensor:
        """Examples as the graph reads them: serialised `tf.train.Example`s."""
        ...


class RestAnswers:
    """Name → number of the version → model."""

    def __init__(self, models: Mapping[str, Mapping[int, Servable]]) -> None:
        self.models = models

    def respond(self, request: WebRequest) -> Response:
        path = request.path.partition("?")[0]
        if not path.lower().startswith("/v1/"):
            return Response(404)
        try:
            return Response(200, self._answer(request.method, path, request.body).encode())
        except Refused as error:
            text = json.dumps({"error": error.message}, indent=4, ensure_ascii=False)
            return Response(STATUS.get(error.code, 500), text.encode("utf-8", "replace"))

    def _answer(self, method: str, path: str, body: bytes) -> str:
        asks, looks = ASKS.fullmatch(path), LOOKS.fullmatch(path)
        if method == "POST" and asks:
            name, version, verb = asks.groups()
            return METHODS[verb.lower()](self._servable(name, version), parsed(body))
        if method == "GET" and looks:
            name, version, metadata = looks.groups()
            if name is None:
                raise Refused("Missing model name in request.")
            return self._metadata(name, version) if metadata else self._status(name, version)
        raise Refused(f"Malformed request: {method} {path}")

    def _servable(self, name: str, version: str | None) -> Servable:
        versions = self.models.get(name, {})
        number = max(versions, default=0) if version is None else int(version)
        if number not in versions:
            which = f"Latest({name})" if version is None else f"Specific({name}, {number})"
            raise Refused(f"Servable not found for request: {which}", "NOT_FOUND")
        return versions[number]

    def _status(self, name: str, version: str | None) -> str:
        versions = sorted(self.models.get(name, ()), reverse=True)
        if version is not None:
            versions = [number for number in versions if number == int(version)]
        if not versions:
            what = "any versions" if version is None else f"version {int(version)}"
            raise Refused(f"Could not find {what} of model {name}", "NOT_FOUND")
        fine = {"error_code": "OK", "error_message": ""}
        states = [{"version": str(number), "state": "AVAILABLE", "status": fine} for number in versions]
        return json.dumps({"model_version_status": states}, indent=1) + "\n"

    def _metadata(self, name: str, version: str | None) -> str:
        servable = self._servable(name, version)
        number = max(self.models[name]) if version is None else int(version)
        signatures = {
            key: {
                "inputs": {each: _tensor_info(info) for each, info in signature.inputs.items()},
                "outputs": {each: _tensor_info(info) for each, info in signature.outputs.items()},
                "method_name": signature.method,
            }
            for key, signature in servable.signatures.items()
        }
        metadata = {
            "model_spec": {"name": name, "signature_name": "", "version": str(number)},
            "metadata": {"signature_def": {"signature_def": signatures}},
        }
        return json.dumps(metadata, indent=1) + "\n"


def _tensor_info(info: Info) -> dict[str, Any]:
    dims = [{"size": str(size), "name": ""} for size in info.shape or ()]
    shape = {"dim": dims, "unknown_rank": info.shape is None}
    return {"dtype": f"DT_{info.dtype.upper()}", "tensor_shape": shape, "name": info.tensor}


def parsed(body: bytes) -> dict[str, Any]:
    """The request's object.

    Raises:
        Refused: it is not JSON, or not an object.
    """
    if not body:
        raise Refused("JSON Parse error: The document is empty")
    try:
        value = json.loads(body)
    except json.JSONDecodeError as error:
        raise Refused(f"JSON Parse error: {_parse_error(error)} at offset: {error.pos}") from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise Refused("JSON Parse error: Invalid value. at offset: 0") from None
    if not isinstance(value, dict):
        raise Refused(f"JSON Value: {shown(value)} Is not object")
    return value


def _parse_error(error: json.JSONDecodeError) -> str:
    if error.msg.startswith("Expecting ','"):
        opened = _innermost(error.doc[: error.pos])
        return f"Missing a comma or {'] after an array element' if opened == '[' else '} after an object member'}."
    known = (words for start, words in PARSE_ERRORS.items() if error.msg.startswith(start))
    return next(known, "Invalid value.")


def _innermost(text: str) -> str:
    """The bracket that is open at a text's end, all its strings being whole."""
    opened: list[str] = []
    for bracket in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        if bracket in "[{":
            opened.append(bracket)
        elif bracket in "]}":
            opened.pop()
    return opened[-1] if opened else ""


def _signature(servable: Servable, asked: Mapping[str, Any], method: str = "") -> Signature:
    name = asked.get("signature_name", "")
    if not isinstance(name, str):
        wanted = "not formatted correctly. 'signature_name' key must be a string value."
        raise Refused(f"JSON Value: {shown(asked)} {wanted}")
    signature = servable.signatures.get(name or DEFAULT_SIGNATURE)
    if signature is None:
        raise Refused(f'Serving signature name: "{name or DEFAULT_SIGNATURE}" not found in signature def')
    if method and not signature.method.endswith(f"/{method}"):
        what = "classification" if method == "classify" else "regression"
        wanted = f"tensorflow/serving/{method}. Was: {signature.method}"
        raise Refused(f"Expected {what} signature method_name to be {wanted}")
    return signature


def _predict(servable: Servable, asked: Mapping[str, Any]) -> str:
    signature = _signature(servable, asked)
    if "instances" in asked and "inputs" in asked:
        wanted = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
        raise Refused(f"JSON Value: {shown(asked)} {wanted}")
    if "instances" in asked:
        instances = asked["instances"]
        if not isinstance(instances, list):
            raise Refused(f"JSON Value: {shown(asked)} Excepting 'instances' to be an list/array")
        if not instances:
            raise Refused(f"JSON Value: {shown(asked)} No values in 'instances' array")
        return predictions(servable.run(signature, rows(instances, signature.inputs)))
    if "inputs" in asked:
        return outputs_text(servable.run(signature, columns(asked["inputs"], signature.inputs)))
    raise Refused("Missing 'inputs' or 'instances' key")


def _classify(servable: Servable, asked: Mapping[str, Any]) -> str:
    outputs = _of_examples(servable, asked, "classify")
    return classifications(outputs.get("classes"), outputs.get("scores"))


def _regress(servable: Servable, asked: Mapping[str, Any]) -> str:
    outputs = _of_examples(servable, asked, "regress")
    if "outputs" not in outputs:
        raise Refused("Expected regression signature outputs to contain a 'outputs'")
    return regressions(outputs["outputs"])


def _of_examples(servable: Servable, asked: Mapping[str, Any], method: str) -> Mapping[str, Tensor]:
    given = asked.get("examples")
    if given is None:
        raise Refused(
            f"JSON Value: {shown(asked)} When method is classify, key 'examples' is expected and was not found"
        )
    if not isinstance(given, list):
        raise Refused(f"JSON Value: {shown(asked)} Expecting 'examples' value to be an list/array")
    if not given:
        raise Refused(f"JSON Value: {shown(asked)} 'examples' value is an empty array")
    context = _example(asked["context"]) if "context" in asked else {}
    examples = [_example(each) for each in given]
    signature = _signature(servable, asked, method)
    return servable.run(signature, {next(iter(signature.inputs)): servable.examples(examples, context)})


def _example(given: Any) -> dict[str, list[Any]]:
    if not isinstance(given, dict):
        raise Refused(f"Example must be JSON object but got JSON {kind_of(given)}")
    return {name: _feature(name, value if isinstance(value, list) else [value]) for name, value in given.items()}


def _feature(name: str, given: Sequence[Any]) -> list[Any]:
    """A feature's values, all of one type: truth values count as whole numbers."""
    values: list[Any] = []
    for value in given:
        if value is None or (isinstance(value, (list, dict)) and not is_b64(value)):
            raise Refused(f"Feature: {name} has element with unexpected JSON type: {kind_of(value)}")
        if isinstance(value, (str, dict)):
            values.append(tensor_of(value, "string").values[0])
        else:
            values.append(int(value) if isinstance(value, bool) else value)
    kinds = {type(value) for value in values}
    if len(kinds) > 1:
        names = {bytes: "bytes", float: "float", int: "int64"}
        raise Refused(f"Unexpected element type in feature: {name} expecting type: {names[type(values[0])]}")
    return values


METHODS = {"predict": _predict, "classify": _classify, "regress": _regress}
