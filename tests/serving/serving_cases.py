"""Scripts, requests and models that AWS's serving container and this machine's server are both given."""

from __future__ import annotations

from typing import Any

JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"

ECHO = """\
import json

def handler(data, context):
    told = {name: getattr(context, name) for name in context._fields if name not in ("channel", "grpc_port")}
    told["type"] = type(context).__name__
    told["data"] = data.read().decode()
    return json.dumps(told, sort_keys=True), context.accept_header
"""
PAIR = """\
import json

def input_handler(data, context):
    if context.request_content_type == "text/csv":
        return json.dumps({"instances": [[float(cell) for cell in data.read().decode().split(",")]]})
    return data

def output_handler(response, context):
    if response.status_code != 200:
        raise ValueError(response.content.decode())
    return response.content, context.accept_header
"""
ASK = """\
import requests

def handler(data, context):
    answer = requests.post(context.rest_uri, data=data.read())
    return (answer.status_code, answer.headers["Content-Type"], answer.text).__repr__(), "text/plain"
"""
BOTH = (
    PAIR
    + """
def handler(data, context):
    return "handler", "text/plain"
"""
)
ODD_PAIR = """\
import io, json

INPUTS = {
    "text": lambda text: text,
    "bytes": lambda text: text.encode(),
    "file": lambda text: io.BytesIO(text.encode()),
    "pieces": lambda text: (piece.encode() for piece in (text[:5], text[5:])),
    "object": lambda text: json.loads(text),
    "pairs": lambda text: list(json.loads(text).items()),
    "None": lambda text: None,
    "empty": lambda text: "",
    "number": lambda text: 7,
    "error": lambda text: {}["missing"],
}
OUTPUTS = {
    "content": lambda answer, accept: (answer.content, accept),
    "text": lambda answer, accept: (answer.text, "text/plain"),
    "object": lambda answer, accept: (answer.json(), accept),
    "list": lambda answer, accept: [answer.content, accept],
    "no type": lambda answer, accept: (answer.content, None),
    "content alone": lambda answer, accept: answer.content,
    "None alone": lambda answer, accept: None,
    "status": lambda answer, accept: (str(answer.status_code) + answer.headers["Content-Type"], "text/plain"),
    "raise": lambda answer, accept: answer.raise_for_status(),
    "error": lambda answer, accept: 1 / 0,
}

def input_handler(data, context):
    return INPUTS[context.custom_attributes.split(", ")[0]](data.read().decode())

def output_handler(response, context):
    return OUTPUTS[context.custom_attributes.split(", ")[1]](response, context.accept_header)
"""
ODD_HANDLERS = {
    "an object": "class Handler:\n    def __call__(self, data, context):\n        return 'called', 'text/plain'\n\n"
    "handler = Handler()\n",
    "None": "handler = None\n\ndef input_handler(data, context):\n    return data\n",
    "a coroutine": "async def handler(data, context):\n    return 'later', 'text/plain'\n",
    "a generator": "def handler(data, context):\n    yield 'in pieces'\n    yield 'text/plain'\n",
    "too few parameters": "def handler(data):\n    return 'never', 'text/plain'\n",
    "a class": "class handler:\n    def __init__(self, data, context):\n        pass\n",
}
ODD = """\
import io, json, sys
from mine import KIND
from theirs import OTHER

ANSWERS = {
    "text": lambda data: ("é\\n", "text/plain"),
    "text with a charset": lambda data: ("é", "text/plain; charset=latin-1"),
    "bytes": lambda data: (b"\\x00\\xff", "application/octet-stream"),
    "bytearray": lambda data: (bytearray(b"ab"), "application/octet-stream"),
    "nothing": lambda data: (None, None),
    "empty": lambda data: ("", "text/plain"),
    "no type": lambda data: ("{}", None),
    "list": lambda data: (["a", "b"], "text/plain"),
    "dict": lambda data: ({"a": 1}, "application/json"),
    "number": lambda data: (5, "application/json"),
    "float": lambda data: (0.5, "application/json"),
    "tuple": lambda data: ("a", "b", "c"),
    "text alone": lambda data: "ab",
    "longer text alone": lambda data: "abc",
    "None alone": lambda data: None,
    "error": lambda data: 1 / 0,
    "key error": lambda data: {}["missing"],
    "error without a text": lambda data: (_ for _ in ()).throw(ValueError()),
    "unicode error": lambda data: (_ for _ in ()).throw(ValueError("é \\"q\\"")),
    "modules": lambda data: (KIND + OTHER, "text/plain"),
    "line": lambda data: (data.readline(), "text/plain"),
    "lines": lambda data: (repr(list(data)), "text/plain"),
    "piece": lambda data: (data.read(3), "text/plain"),
    "pieces": lambda data: (repr([data.read(2), data.readline(), data.readlines(), data.read()]), "text/plain"),
    "seek": lambda data: (data.seek(0), "text/plain"),
    "wrapped": lambda data: (io.TextIOWrapper(data).read(), "text/plain"),
    "json": lambda data: (json.dumps(json.load(data)), "application/json"),
    "whole": lambda data: (str(len(data.read())), "text/plain"),
    "file": lambda data: (io.BytesIO(b"abc"), "text/plain"),
    "view": lambda data: (memoryview(b"abc"), "text/plain"),
    "empty type": lambda data: ("x", ""),
    "number for a type": lambda data: ("x", 5),
    "type of two lines": lambda data: ("x", "text/plain\\r\\nX-Other: 1"),
    "interrupt": lambda data: (_ for _ in ()).throw(KeyboardInterrupt()),
    "exit": lambda data: sys.exit(3),
}

def handler(data, context):
    return ANSWERS[context.custom_attributes](data)
"""
SCRIPTS: dict[str, dict[str, str]] = {
    "no code": {},
    "echo": {"code/inference.py": ECHO},
    "input and output": {"code/inference.py": PAIR},
    "asks by itself": {"code/inference.py": ASK},
    "all three": {"code/inference.py": BOTH},
    "odd answers": {
        "code/inference.py": ODD,
        "code/mine.py": "KIND = 'mine'\n",
        "code/lib/theirs.py": "OTHER = ' theirs'\n",
        "code/lib/mine.py": "KIND = 'lib'\n",
        "code/requirements.txt": "no-such-package-and-not-asked-for\n",
    },
    "code that is not called inference": {"code/serve.py": ECHO},
    "odd pair": {"code/inference.py": ODD_PAIR},
    **{f"handler is {name}": {"code/inference.py": text} for name, text in ODD_HANDLERS.items()},
}
"""Files beside the models `half_plus_three`, versions 1 and 2, and `half_plus_two`; the former is the default."""

STARTS = {
    "none of the functions": {"code/inference.py": "def model_fn(folder):\n    return None\n"},
    "one of the pair": {"code/inference.py": "def input_handler(data, context):\n    return data\n"},
    "the other of the pair": {
        "code/inference.py": "def output_handler(response, context):\n    return response, 'a'\n"
    },
    "a missing module": {"code/inference.py": "import nothing_like_it\n"},
    "a script that ends": {"code/inference.py": "raise SystemExit(0)\n"},
    "no Python": {"code/inference.py": "def handler(\n"},
}
"""Code with which the container does not start."""

Asked = tuple[str, str, dict[str, str], str | None]
"""(method, path, headers, body)"""


def _post(body: str, content_type: str | None = JSON, **more: str) -> Asked:
    names = {"accept": "Accept", "attributes": ATTRIBUTES}
    headers = {names[key]: value for key, value in more.items()}
    return "POST", "/invocations", {**({} if content_type is None else {"Content-Type": content_type}), **headers}, body


ONE = '{"instances": [[1.0]]}'
REQUESTS: dict[str, Asked] = {
    "ping": ("GET", "/ping", {}, None),
    "ping by POST": ("POST", "/ping", {}, "x"),
    "get": ("GET", "/invocations", {}, None),
    "put": ("PUT", "/invocations", {"Content-Type": JSON}, ONE),
    "elsewhere": ("GET", "/elsewhere", {}, None),
    "instances": _post(ONE),
    "instances, nothing accepted": _post(ONE, accept=""),
    "instances, anything accepted": _post(ONE, accept="*/*"),
    "instances, json accepted": _post(ONE, accept=JSON),
    "instances, lines accepted": _post(ONE, accept=LINES),
    "instances, csv accepted": _post(ONE, accept=CSV),
    "instances, two accepted": _post(ONE, accept="text/csv, application/json"),
    "instances, two accepted without a blank": _post(ONE, accept="application/json,text/csv"),
    "instances, weighed": _post(ONE, accept="application/json;q=0.9"),
    "inputs": _post('{"inputs": [[1.0], [2.0]]}'),
    "a list": _post("[1.0, 2.0]"),
    "a list of lists": _post("[[1.0, 2.0], [3.0, 4.0]]"),
    "an object": _post('{"x": [1.0]}'),
    "lines": _post("[1.0]\n[2.0]\n", LINES),
    "lines with an empty one": _post("[1.0]\r\n\r\n[2.0]\r\n", LINES),
    "lines of objects": _post('{"x": [1.0]}\n{"x": [2.0]}', LINES),
    "lines on one line": _post('{"x": [1.0]}{"x": [2.0]}', LINES),
    "one line": _post("[1.0]", LINES),
    "jsons": _post("[1.0]\n[2.0]", "application/jsons"),
    "csv": _post("1.0,2.0\n3.0,4.0\n", CSV),
    "csv, one number": _post("1.0", CSV),
    "csv, empty": _post("", CSV),
    "csv, empty line inside": _post("1.0\n\n2.0", CSV),
    "csv, header": _post("a,b\n1,2", CSV),
    "csv, quotes": _post('"a","b"', CSV),
    "csv, minus": _post("-1.5,2e3", CSV),
    "csv, a blank first": _post(" 1.0, 2.0", CSV),
    "csv, line ends of Windows": _post("1.0\r\n2.0\r\n", CSV),
    "csv with a charset": _post("1.0", "text/csv; charset=utf-8"),
    "json with a charset": _post(ONE, "application/json; charset=utf-8"),
    "json in capitals": _post(ONE, "Application/JSON"),
    "npy": _post("x", "application/x-npy"),
    "text": _post("x", "text/plain"),
    "no type": _post(ONE, None),
    "empty": _post(""),
    "no JSON": _post("whatever"),
    "half an object": _post('{"instances": [1.0'),
    "a text for a number": _post('{"instances": ["a"]}'),
    "a name that is not there": _post('{"instances": [{"z": 1.0}]}'),
    "an error of the model": _post('{"instances": [13]}'),
    "another model": _post(ONE, attributes="tfs-model-name=half_plus_two"),
    "an older version": _post(ONE, attributes="tfs-model-name=half_plus_three,tfs-model-version=1"),
    "a model that is not there": _post(ONE, attributes="tfs-model-name=nobody"),
    "a version that is not there": _post(ONE, attributes="tfs-model-version=7"),
    "a version that is not a number": _post(ONE, attributes="tfs-model-version=new"),
    "classify": _post(
        '{"signature_name": "tensorflow/serving/classify", "examples": [{"x": 1.0}]}', attributes="tfs-method=classify"
    ),
    "regress": _post(
        '{"signature_name": "tensorflow/serving/regress", "examples": [{"x": 1.0}]}', attributes="tfs-method=regress"
    ),
    "a method that is not there": _post(ONE, attributes="tfs-method=guess"),
    "attributes with blanks": _post(ONE, attributes="a=b, tfs-model-name=half_plus_two, c"),
    "attributes of somebody else": _post(ONE, attributes="trace=1,tfs-colour=red"),
    "an attribute with two equal signs": _post(ONE, attributes="tfs-model-name=a=b"),
    "an attribute twice": _post(ONE, attributes="tfs-model-name=nobody,tfs-model-name=half_plus_two"),
    "metadata": ("GET", "/tfs/v1/models/half_plus_two", {}, None),
}
ODDITIES: dict[str, Asked] = {
    name: _post('["a", 1]\nbcd\n' if name not in ("json", "whole") else "[1]" * (1 if name == "json" else 500000),
                "text/x", attributes=name)
    for name in (
        "text", "text with a charset", "bytes", "bytearray", "nothing", "empty", "no type", "list", "dict", "number",
        "float", "tuple", "text alone", "longer text alone", "None alone", "error", "key error",
        "error without a text", "unicode error", "modules", "line", "lines", "piece", "pieces", "seek", "wrapped",
        "json", "whole", "file", "view", "empty type", "number for a type", "type of two lines", "interrupt", "exit",
    )
}  # fmt: skip
"""One request for each answer of the script `odd answers`."""


_ASKS = ("text", "bytes", "file", "pieces", "object", "pairs", "None", "empty", "number", "error")
_TELLS = (
    "content", "text", "object", "list", "no type", "content alone", "None alone", "status", "raise", "error"
)  # fmt: skip
PAIRS: dict[str, Asked] = {
    **{f"in: {name}": _post(ONE, accept="text/x", attributes=f"{name}, status") for name in _ASKS},
    **{f"out: {name}": _post(ONE, accept="text/x", attributes=f"text, {name}") for name in _TELLS},
    "out: raise, refused": _post('{"instances": ["a"]}', attributes="text, raise"),
    "out: content, refused": _post('{"instances": ["a"]}', attributes="text, content"),
}
"""One request for each way of the script `odd pair` to ask the model, and to tell what it says."""


def requests_for(script: str) -> dict[str, Asked]:
    odd = {"odd answers": ODDITIES, "odd pair": PAIRS}
    few = {"a request": _post(ONE)} if script.startswith("handler is ") else REQUESTS
    return odd.get(script, few)


LAYOUTS: dict[str, tuple[str, ...]] = {
    "a version at the root": ("1/saved_model.pb", "1/variables/variables.index"),
    "two versions": ("1/saved_model.pb", "2/saved_model.pb"),
    "versions with zeros": ("0001/saved_model.pb", "10/saved_model.pb"),
    "a time for a version": ("export/Servo/1561234567/saved_model.pb",),
    "two models": ("a/1/saved_model.pb", "b/1/saved_model.pb"),
    "nested": ("x/y/z/3/saved_model.pb",),
    "a number in a number": ("2/1/saved_model.pb",),
    "a model at the root and one beside": ("1/saved_model.pb", "a/1/saved_model.pb"),
    "at the root": ("saved_model.pb",),
    "in a folder with a name": ("model/saved_model.pb",),
    "a number and more": ("1a/saved_model.pb",),
    "another file": ("1/saved_model.pbtxt",),
    "nothing": ("readme.txt",),
    "keras": ("model.keras", "model.h5"),
    "a version without a model": ("1/saved_model.pb", "2/variables/variables.index"),
    "a file with a number for a name": ("1/saved_model.pb", "7"),
    "the same name twice": ("x/m/1/saved_model.pb", "y/m/1/saved_model.pb"),
    "a folder whose name begins like a model's": ("1/1/saved_model.pb", "12/1/saved_model.pb"),
    "in code": ("code/1/saved_model.pb", "1/saved_model.pb"),
}
"""Files of a model's archive."""

SETTINGS: dict[str, dict[str, str]] = {
    "none": {},
    "batching": {"SAGEMAKER_TFS_ENABLE_BATCHING": "true"},
    "batching in capitals": {"SAGEMAKER_TFS_ENABLE_BATCHING": "TRUE"},
    "no batching": {"SAGEMAKER_TFS_ENABLE_BATCHING": "false", "SAGEMAKER_TFS_MAX_BATCH_SIZE": "16"},
    "batching, whole": {
        "SAGEMAKER_TFS_ENABLE_BATCHING": "true",
        "SAGEMAKER_TFS_MAX_BATCH_SIZE": "16",
        "SAGEMAKER_TFS_BATCH_TIMEOUT_MICROS": "50000",
        "SAGEMAKER_TFS_NUM_BATCH_THREADS": "4",
        "SAGEMAKER_TFS_MAX_ENQUEUED_BATCHES": "100",
    },
    "threads inside": {"SAGEMAKER_TFS_INTRA_OP_PARALLELISM": "2"},
    "threads between": {"SAGEMAKER_TFS_INTER_OP_PARALLELISM": "3"},
    "threads, zero": {"SAGEMAKER_TFS_INTRA_OP_PARALLELISM": "0", "SAGEMAKER_TFS_INTER_OP_PARALLELISM": "0"},
    "all of it": {
        "SAGEMAKER_TFS_ENABLE_BATCHING": "true",
        "SAGEMAKER_TFS_INTRA_OP_PARALLELISM": "2",
        "SAGEMAKER_TFS_INTER_OP_PARALLELISM": "3",
    },
    "default model": {"SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "half_plus_two"},
    "default model None": {"SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "None"},
    "two servers": {"SAGEMAKER_TFS_INSTANCE_COUNT": "2", "SAGEMAKER_SAFE_PORT_RANGE": "9000-9010"},
    "share of a GPU": {"SAGEMAKER_TFS_FRACTIONAL_GPU_MEM_MARGIN": "0.5"},
    "wait": {"SAGEMAKER_TFS_WAIT_TIME_SECONDS": "60"},
    "ports": {"SAGEMAKER_SAFE_PORT_RANGE": "21000-22000"},
    "port": {"SAGEMAKER_BIND_TO_PORT": "8888"},
    "log level": {"SAGEMAKER_TFS_NGINX_LOGLEVEL": "info"},
    "read timeout": {"SAGEMAKER_NGINX_PROXY_READ_TIMEOUT_SECONDS": "120"},
    "workers": {"SAGEMAKER_GUNICORN_WORKERS": "4"},
    "worker threads": {"SAGEMAKER_GUNICORN_THREADS": "8"},
    "worker class": {"SAGEMAKER_GUNICORN_WORKER_CLASS": "sync"},
    "worker log level": {"SAGEMAKER_GUNICORN_LOGLEVEL": "debug"},
    "worker timeout": {"SAGEMAKER_GUNICORN_TIMEOUT_SECONDS": "90"},
    "multi-model": {"SAGEMAKER_MULTI_MODEL": "true", "SAGEMAKER_SAFE_PORT_RANGE": "21000-22000"},
    "no multi-model": {"SAGEMAKER_MULTI_MODEL": "False"},
    "batching yes": {"SAGEMAKER_TFS_ENABLE_BATCHING": "yes"},
    "multi-model 1": {"SAGEMAKER_MULTI_MODEL": "1"},
    "servers many": {"SAGEMAKER_TFS_INSTANCE_COUNT": "many"},
    "two servers without ports": {"SAGEMAKER_TFS_INSTANCE_COUNT": "2"},
    "two servers with too few ports": {"SAGEMAKER_TFS_INSTANCE_COUNT": "2", "SAGEMAKER_SAFE_PORT_RANGE": "9000-9003"},
    "share half": {"SAGEMAKER_TFS_FRACTIONAL_GPU_MEM_MARGIN": "half"},
    "share with an exponent": {"SAGEMAKER_TFS_FRACTIONAL_GPU_MEM_MARGIN": " 2e-1 "},
    "wait long": {"SAGEMAKER_TFS_WAIT_TIME_SECONDS": "long"},
    "wait 1.5": {"SAGEMAKER_TFS_WAIT_TIME_SECONDS": "1.5"},
    "wait with blanks": {"SAGEMAKER_TFS_WAIT_TIME_SECONDS": " 60 "},
    "worker timeout never": {"SAGEMAKER_GUNICORN_TIMEOUT_SECONDS": "never"},
    "read timeout 60s": {"SAGEMAKER_NGINX_PROXY_READ_TIMEOUT_SECONDS": "60s"},
    "ports in words": {"SAGEMAKER_SAFE_PORT_RANGE": "9000 to 9010"},
    "one port": {"SAGEMAKER_SAFE_PORT_RANGE": "9000"},
}
"""Environments of the container, beside the models `half_plus_three` and `half_plus_two` and a script."""

Record = dict[str, Any]
