"""The server that stands in for TensorFlow Serving's container: its answers, without any process.

The answers are those of AWS's own tests of the container, which run the real TensorFlow Serving on x / 2 + 3.
Source: https://github.com/aws/sagemaker-tensorflow-serving-container (test/integration/local/test_container.py)
"""

from __future__ import annotations

import json
import math
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sagespec.building.saved_models import FoundModel, models_among, why_none
from sagespec.deploying.services.local.serving.server.backend import Backend, attributes_of
from sagespec.deploying.services.local.serving.server.front import Front, from_csv, from_json
from sagespec.deploying.services.local.serving.server.handlers import LoadedHandlers
from sagespec.deploying.services.local.serving.server.rest import RestAnswers
from sagespec.deploying.services.local.serving.server.tensors import (
    Refused,
    Tensor,
    decimal,
    outputs_text,
    predictions,
    tensor_of,
)
from sagespec.deploying.services.local.serving.server.web import Response, WebRequest
from serving.endpoints import HalfPlus, served

JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"
MODELS = {"half_plus_three": {123: HalfPlus(), 124: HalfPlus()}, "half_plus_two": {1: HalfPlus(n=2)}}


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    with served(RestAnswers(MODELS).respond) as port:
        yield Backend(port, "half_plus_three")


def ask(front: Front, body: str, content_type: str = JSON, **headers: str) -> Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return front.respond(WebRequest("POST", "/invocations", {"Content-Type": content_type, **named}, body.encode()))


def choosing(attributes: str) -> dict[str, str]:
    return {"X_Amzn_SageMaker_Custom_Attributes": attributes}


TWO = [[3.5, 4.0, 5.5], [3.5, 4.0, 5.5]]
ANSWERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "instances": ('{"instances": [1.0, 2.0, 5.0]}', JSON, {"predictions": [3.5, 4.0, 5.5]}),
    "two instances": ('{"instances": [[1.0, 2.0, 5.0], [1.0, 2.0, 5.0]]}', JSON, {"predictions": TWO}),
    "json lines called json": ("[1.0, 2.0, 5.0]\n[1.0, 2.0, 5.0]", JSON, {"predictions": TWO}),
    "json lines": ("[1.0, 2.0, 5.0]\n[1.0, 2.0, 5.0]", LINES, {"predictions": TWO}),
    "jsons": ("[1.0, 2.0, 5.0]\n[1.0, 2.0, 5.0]", "application/jsons", {"predictions": TWO}),
    "lines of objects": ('{"x": [1.0, 2.0, 5.0]}\n{"x": [1.0, 2.0, 5.0]}', JSON, {"predictions": TWO}),
    "a list": ("[1.0, 2.0, 5.0]", JSON, {"predictions": [[3.5, 4.0, 5.5]]}),
    "a list of lists": ("[[1.0, 2.0, 5.0], [1.0, 2.0, 5.0]]", JSON, {"predictions": TWO}),
    "one number of csv": ("1.0", CSV, {"predictions": [3.5]}),
    "zero in csv": ("0.0", CSV, {"predictions": [3.0]}),
    "a line of csv": ("0.0,2.0,5.0", CSV, {"predictions": [[3.0, 4.0, 5.5]]}),
    "two lines of csv": ("1.0,2.0,5.0\n1.0,2.0,5.0", CSV, {"predictions": TWO}),
    "three numbers of csv": ("1.0\n2.0\n5.0", CSV, {"predictions": [3.5, 4.0, 5.5]}),
}


@pytest.mark.parametrize(("body", "content_type", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_what_the_container_answers_is_answered(
    backend: Backend, body: str, content_type: str, answer: dict[str, Any]
) -> None:
    found = ask(Front(backend), body, content_type)
    assert (found.status, json.loads(found.body)) == (200, answer)


@pytest.mark.parametrize(("accept", "kind"), [(LINES, LINES), ("application/json, application/jsonlines", JSON)])
def test_an_answer_that_is_asked_for_as_json_lines_is_one_line_with_the_blanks_of_the_container(
    backend: Backend, accept: str, kind: str
) -> None:
    found = ask(Front(backend), '{"instances": [1.0, 2.0, 5.0]}', Accept=accept)
    assert (found.body, found.content_type) == (b'{    "predictions": [3.5, 4.0, 5.5    ]}', kind)


def test_custom_attributes_choose_model_version_and_method(backend: Backend) -> None:
    body = '{"instances": [1.0]}'
    other = ask(Front(backend), body, **choosing("tfs-model-name=half_plus_two"))
    assert json.loads(other.body) == {"predictions": [2.5]}
    old = ask(Front(backend), body, **choosing("tfs-model-name=half_plus_three,tfs-model-version=123"))
    assert json.loads(old.body) == {"predictions": [3.5]}
    examples = '{"signature_name": "tensorflow/serving/regress", "examples": [{"x": 1.0}, {"x": 2.0}]}'
    regressed = ask(Front(backend), examples, **choosing("tfs-method=regress,other=thing"))
    assert json.loads(regressed.body) == {"results": [3.5, 4.0]}
    examples = examples.replace("regress", "classify")
    classified = ask(Front(backend), examples, **choosing("tfs-method=classify"))
    assert classified.body.decode() == (
        '{\n    "results": [[["low", 3.5], ["high", 3.5]], [["low", 4.0], ["high", 4.0]]\n    ]\n}'
    )
    assert attributes_of("tfs-model-name=a, tfs-method=b,nothing") == {"tfs-model-name": "a", "tfs-method": "b"}


WRONG = {
    "a text for a number": (
        '{"instances": ["]["]}',
        "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
        'JSON Value: "][" Type: String is not of expected type: float',
    ),
    "an input that is not there": (
        '{"junk": "data"}',
        "Failed to process element: 0 key: junk of 'instances' list. Error: INVALID_ARGUMENT: "
        "JSON object: does not have named input: junk",
    ),
    "rows of two lengths": (
        '{"instances": [[1.0], [1.0, 2.0]]}',
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
        "Expecting tensor size: 1 but got: 2",
    ),
    "a list inside of which one is longer": (
        '{"inputs": [[1.0], [1.0, 2.0]]}',
        "Encountered list at unexpected size: 2 at level: 1 expected size: 1",
    ),
    "no JSON": ("whatever", "JSON Parse error: Invalid value. at offset: 14"),
    "half an object": (
        '{"instances": [1.0',
        "JSON Parse error: Missing a comma or ] after an array element. at offset: 18",
    ),
    "half an object's end": (
        '{"instances": [1.0]',
        "JSON Parse error: Missing a comma or } after an object member. at offset: 19",
    ),
    "a bracket in a text": (
        '{"instances": "[", "a": "}" 1',
        "JSON Parse error: Missing a comma or } after an object member. at offset: 28",
    ),
    "two documents": (
        '{"instances": [1]} {}',
        "JSON Parse error: The document root must not be followed by other values. at offset: 19",
    ),
    "no name": ('{"instances": [1], 2}', "JSON Parse error: Missing a name for object member. at offset: 19"),
    "no colon": (
        '{"instances":[], "a" 1}',
        "JSON Parse error: Missing a colon after a name of object member. at offset: 21",
    ),
    "half a text": (
        '{"instances": ["a}',
        "JSON Parse error: Missing a closing quotation mark in string. at offset: 15",
    ),
    "neither instances nor inputs": ('{"examples": [1]}', "Missing 'inputs' or 'instances' key"),
    "no instances": ('{"instances": []}', "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"),
    "a signature that is not there": (
        '{"signature_name": "other", "instances": [1]}',
        'Serving signature name: "other" not found in signature def',
    ),
    "a number that a float has not": (
        '{"instances": [16777217]}',
        "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
        "Cannot convert JSON value: 16777217 to float without loss of precision.",
    ),
}


@pytest.mark.parametrize(("body", "message"), WRONG.values(), ids=WRONG)
def test_what_tensorflow_serving_refuses_is_refused_in_its_words(backend: Backend, body: str, message: str) -> None:
    found = ask(Front(backend), body)
    assert (found.status, json.loads(found.body)) == (400, {"error": message})


def test_a_request_that_no_default_handler_understands_is_415(backend: Backend) -> None:
    found = ask(Front(backend), "x", "text/plain")
    assert (found.status, found.body) == (415, b'{"error": "Unsupported Media Type: text/plain"}')
    assert ask(Front(backend), "{}", "application/json; charset=utf-8").status == 415  # the container compares whole
    unnamed = Front(backend).respond(WebRequest("POST", "/invocations", {}, b"x"))
    assert json.loads(unnamed.body) == {"error": "Unsupported Media Type: Unknown"}


def test_ping_asks_for_the_default_model_and_with_handlers_for_nothing(backend: Backend) -> None:
    ping = WebRequest("GET", "/ping", {})
    assert Front(backend).respond(ping).status == 200
    lost = backend._replace(default_model="nobody")
    assert Front(lost).respond(ping).status == 502
    assert Front(lost, LoadedHandlers(lambda data, context: ("", ""))).respond(ping).status == 200
    gone = Front(Backend(1, "half_plus_three")).respond(ping)
    assert gone.status == 502
    assert b"the model server does not answer" in gone.body


def test_rest_paths_of_tensorflow_serving_are_there(backend: Backend) -> None:
    def get(path: str) -> tuple[int, Any]:
        found = Front(backend).respond(WebRequest("GET", path, {}))
        return found.status, json.loads(found.body)

    fine = {"error_code": "OK", "error_message": ""}
    states = [{"version": version, "state": "AVAILABLE", "status": fine} for version in ("124", "123")]
    assert get("/v1/models/half_plus_three") == (200, {"model_version_status": states})
    assert get("/tfs/v1/models/half_plus_three/versions/123") == (200, {"model_version_status": states[1:]})
    assert get("/v1/models/nobody") == (404, {"error": "Could not find any versions of model nobody"})
    status, told = get("/v1/models/half_plus_three/metadata")
    assert status == 200
    assert told["model_spec"] == {"name": "half_plus_three", "signature_name": "", "version": "124"}
    signature = told["metadata"]["signature_def"]["signature_def"]["serving_default"]
    dims = {"dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}], "unknown_rank": False}
    assert signature["inputs"]["x"] == {"dtype": "DT_FLOAT", "tensor_shape": dims, "name": "x:0"}
    asked = Front(backend).respond(
        WebRequest("POST", "/v1/models/half_plus_three/versions/124:predict", {}, b'{"inputs": [[1], [2]]}')
    )
    assert json.loads(asked.body) == {"outputs": [[3.5], [4.0]]}
    other = Front(backend).respond(WebRequest("POST", "/v1/models/nobody:predict", {}, b"{}"))
    assert (other.status, json.loads(other.body)) == (404, {"error": "Servable not found for request: Latest(nobody)"})
    assert get("/v1/models/half_plus_three:predict")[0] == 400
    assert get("/elsewhere") == (404, {"error": "Not Found"})


def test_outputs_called_bytes_are_base64_and_several_outputs_are_objects() -> None:
    outputs = {"y": Tensor("float", [2], [0.1, 1e9]), "raw_bytes": Tensor("string", [2], [b"\xff", b"a"])}
    rows = json.loads(predictions(outputs))["predictions"]
    assert rows == [{"raw_bytes": {"b64": "/w=="}, "y": 0.1}, {"raw_bytes": {"b64": "YQ=="}, "y": 1e9}]
    assert json.loads(outputs_text(outputs)) == {
        "outputs": {"y": [0.1, 1e9], "raw_bytes": [{"b64": "/w=="}, {"b64": "YQ=="}]}
    }
    assert json.loads(predictions({"y": Tensor("float", [0, 3], [])})) == {"predictions": []}
    assert json.loads(outputs_text({"y": Tensor("int64", [], [7])})) == {"outputs": 7}
    with pytest.raises(Refused, match="inconsistent batch size"):
        predictions({"a": Tensor("float", [1], [1.0]), "b": Tensor("float", [2], [1.0, 2.0])})


def test_base64_is_bytes_where_the_signature_wants_a_string() -> None:
    assert tensor_of([{"b64": "/w=="}, "é"], "string") == Tensor("string", [2], [b"\xff", "é".encode()])
    with pytest.raises(Refused, match="not of expected type: float"):
        tensor_of({"b64": "/w=="}, "float")
    with pytest.raises(Refused, match="Unable to base64 decode"):
        tensor_of({"b64": "?"}, "string")


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (3.5, "float", "3.5"),
        (1.0, "float", "1.0"),
        (0.10000000149011612, "float", "0.1"),
        (0.032554265111684799, "float", "0.0325542651"),
        (9e6, "float", "9e+06"),
        (0.1, "double", "0.1"),
        (1 / 3, "double", "0.33333333333333331"),
        (math.nan, "float", "NaN"),
        (-math.inf, "float", "-Infinity"),
    ],
)
def test_numbers_have_the_digits_that_tensorflow_serving_writes(value: float, dtype: str, text: str) -> None:
    assert decimal(value, dtype) == text


def test_csv_without_numbers_or_quotes_is_cut_at_its_first_comma_as_the_container_does() -> None:
    assert from_csv('"a","b"\n"c","d"') == '{"instances":[["a","b"],["c","d"]]}'
    assert from_csv("a,b,c") == '{"instances":[["a","b,c"]]}'
    assert from_csv("a") == '{"instances":["a"]}'
    assert from_json(' {"a": 1} ') == '{"instances":[ {"a": 1} ]}'
    assert from_json('{"a": 1}{"a": 2}') == '{"instances":{"a": 1}{"a": 2}}'


# What the container finds


def test_models_lie_in_folders_called_by_numbers_at_any_depth() -> None:
    names = ["./1/saved_model.pb", "a/0002/saved_model.pb", "a/10/saved_model.pb", "export/Servo/17/saved_model.pb"]
    assert models_among([*names, "saved_model.pb", "x/latest/saved_model.pb", "a/3/other.pb"]) == [
        FoundModel("model", "", ("1",)),
        FoundModel("a", "a", ("0002", "10")),
        FoundModel("Servo", "export/Servo", ("17",)),
    ]


def test_what_is_not_a_model_is_named() -> None:
    assert why_none(["saved_model.pb"]) == "saved_model.pb does not lie in a folder that is called by a number"
    assert why_none(["m/model.keras"]) == "it holds m/model.keras, which is not a SavedModel"
    assert why_none([]) == "it holds no saved_model.pb"


# Handlers

PAIR = """\
import json, helper


def input_handler(data, context):
    return json.dumps({"instances": [float(cell) for cell in data.read().decode().split(",")]})


def output_handler(response, context):
    if response.status_code != 200:
        raise ValueError(response.content.decode())
    return response.content, helper.KIND or context.accept_header
"""


def handlers(folder: Path, text: str) -> LoadedHandlers:
    (folder / "inference.py").write_text(text)
    return LoadedHandlers.of(folder)


def test_handlers_come_before_and_after_the_model(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "helper.py").write_text("KIND = 'text/x-own'\n")
    front = Front(backend, handlers(tmp_path, PAIR))
    found = ask(front, "1,2", "text/anything")
    assert (found.status, json.loads(found.body), found.content_type) == (
        200,
        {"predictions": [3.5, 4.0]},
        "text/x-own",
    )
    wrong = ask(front, "one", "text/anything")
    assert (wrong.status, json.loads(wrong.body)) == (500, {"error": "could not convert string to float: 'one'"})


def test_a_handler_that_wants_grpc_is_reported_that_there_is_none(backend: Backend, tmp_path: Path) -> None:
    text = "def handler(data, context):\n    return context.channel.unary_unary('/tensorflow'), None\n"
    found = ask(Front(backend, handlers(tmp_path, text)), "{}")
    assert json.loads(found.body) == {"error": "there is no gRPC on this machine: ask the model at context.rest_uri"}


# HTTP


def test_requests_come_whole_over_a_real_connection_also_in_pieces(backend: Backend) -> None:
    def echo(request: WebRequest) -> Response:
        return Response(200, request.body, "text/plain")

    with served(echo) as port:
        url = f"http://127.0.0.1:{port}/"
        big = bytes(range(256)) * 4096
        assert urllib.request.urlopen(urllib.request.Request(url, big), timeout=60).read() == big
        pieces = urllib.request.Request(url, iter([b"one ", b"two"]), {"Transfer-Encoding": "chunked"})
        assert urllib.request.urlopen(pieces, timeout=60).read() == b"one two"
        odd = urllib.request.Request(url, b"x", {"Content-Length": "many"})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(odd, timeout=60)
