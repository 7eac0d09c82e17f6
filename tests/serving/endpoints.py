"""Endpoints on this machine without TensorFlow: a `tensorflow_model_server` of our own, and how to follow it."""

from __future__ import annotations

import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sagespec.building.request import Call, Destination, Naming, Request, Upload, name_of
from sagespec.deploying.planning.observed import ObservedEndpoint
from sagespec.deploying.services.local.serving.server.rest import Example, Signature
from sagespec.deploying.services.local.serving.server.tensors import Info, Refused, Tensor
from sagespec.deploying.services.local.serving.server.web import Respond, server_of
from sagespec.deploying.services.local.serving.service import LocalEndpoints

IMAGE = "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-inference:2.19-cpu"
PATIENCE = 60.0
INSTALLED = 600.0
"""Seconds in which a TensorFlow is downloaded and unpacked, and its server started, on a busy machine."""

MODEL_SERVER = """\
#!{python}
import re, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from serving.endpoints import HalfPlus
from sagespec.deploying.services.local.serving.server.rest import RestAnswers
from sagespec.deploying.services.local.serving.server.web import server_of
words = dict(word[2:].split("=", 1) for word in sys.argv[1:])
text = Path(words["model_config_file"]).read_text()
models = {{}}
for name, base, versions in re.findall(r"name: '(.*?)'\\s*base_path: '(.*?)'.*?specific: {{(.*?)}}", text, re.DOTALL):
    for version in map(int, re.findall(r"\\d+", versions)):
        models.setdefault(name, {{}})[version] = HalfPlus(Path(base), version)
port = int(words["rest_api_port"])
server = server_of(RestAnswers(models).respond, port)
print("model server at", server.server_address[1], "with", *sys.argv[5:], flush=True)
server.serve_forever(0.02)
"""
"""Reads the configuration that the container writes for the real one, and speaks its REST API."""


@contextmanager
def served(respond: Respond) -> Iterator[int]:
    """Answers requests on a port of the loopback address."""
    server = server_of(respond)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class HalfPlus:
    """The model of AWS's own tests of its container: x / 2 + n. The file `saved_model.pb` holds n."""

    def __init__(self, base: Path | None = None, version: int = 1, n: float = 3.0) -> None:
        if base is not None:
            n = float((base / str(version) / "saved_model.pb").read_text())
        self.n = n
        x, y = {"x": Info("x:0", "float", [-1, 1])}, {"y": Info("y:0", "float", [-1, 1])}
        examples = {"inputs": Info("tf_example:0", "string", None)}
        self.signatures = {
            "serving_default": Signature(x, y, "tensorflow/serving/predict"),
            "tensorflow/serving/regress": Signature(examples, {"outputs": y["y"]}, "tensorflow/serving/regress"),
            "tensorflow/serving/classify": Signature(
                examples, {"scores": y["y"], "classes": examples["inputs"]}, "tensorflow/serving/classify"
            ),
            "both": Signature(x, {**y, "x_bytes": examples["inputs"]}, "tensorflow/serving/predict"),
        }

    def run(self, signature: Signature, inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        [tensor] = inputs.values()
        values = [float(value) / 2 + self.n for value in tensor.values]
        if 13.0 in [float(value) for value in tensor.values]:
            raise Refused("13 is bad luck", "INTERNAL")
        made = Tensor("float", tensor.shape, values)
        if "scores" in signature.outputs:
            rows = [value for value in values for _ in range(2)]
            labels = [label for _ in values for label in (b"low", b"high")]
            return {
                "scores": Tensor("float", [len(values), 2], rows),
                "classes": Tensor("string", [len(values), 2], labels),
            }
        names = list(signature.outputs)
        if "x_bytes" in names:
            raw = [str(value).encode() for value in tensor.values]
            return {"y": made, "x_bytes": Tensor("string", tensor.shape, raw)}
        return {names[0]: made}

    def examples(self, examples: Sequence[Example], context: Example) -> Tensor:
        whole = [{**context, **example} for example in examples]
        return Tensor("string", [len(whole)], [str(example["x"][0]).encode() for example in whole])


def model_server(folder: Path) -> Path:
    """Puts the program into a folder, which is then to be on PATH."""
    program = folder / "tensorflow_model_server"
    program.write_text(MODEL_SERVER.format(python=sys.executable, tests=str(Path(__file__).resolve().parents[1])))
    program.chmod(0o755)
    return program


def model(folder: Path, n: float = 3, place: str = "1", code: Mapping[str, str] | None = None) -> Path:
    """A model's archive."""
    whole = folder / f"model-{n}"
    files = {f"{place}/saved_model.pb": str(n), **{f"code/{name}": text for name, text in (code or {}).items()}}
    for name, text in files.items():
        (whole / name).parent.mkdir(parents=True, exist_ok=True)
        (whole / name).write_text(text)
    archive = folder / f"model-{n}.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(whole, ".")
    return archive


ISOLATED: Mapping[bool, Mapping[str, bool]] = {False: {}, True: {"EnableNetworkIsolation": True}}


def request(
    model_data: str | Path,
    *,
    name: str = "mnist",
    uploads: tuple[Upload, ...] = (),
    model: Any = None,
    isolated: bool = False,
    **environment: str,
) -> Request:
    """What a manifest of an endpoint compiles to."""
    container = {"Image": IMAGE, "ModelDataUrl": str(model_data), "Environment": environment, **(model or {})}
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name_of("CreateModel"),
        "InstanceType": "ml.c5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1,
    }
    return Request(
        kind="Endpoint",
        manifest="mnist.yaml",
        name=name,
        calls=(
            Call("CreateModel", "ModelName", {"PrimaryContainer": container, **ISOLATED[isolated]}),
            Call("CreateEndpointConfig", "EndpointConfigName", {"ProductionVariants": [variant]}),
            Call(
                "CreateEndpoint", "EndpointName", {"EndpointConfigName": name_of("CreateEndpointConfig")}, Naming.STABLE
            ),
        ),
        tags={},
        site=Destination("", "000000000000", True),
        uploads=uploads,
        project="tests",
    )


def config_of(asked: Request) -> str:
    return str(asked.bodies()["CreateEndpointConfig"]["EndpointConfigName"])


def start(service: LocalEndpoints, asked: Request) -> None:
    for upload in asked.uploads:
        service.upload(upload, lambda *_: None)
    service.prepare(asked)
    service.create(asked, 1)


def until(
    service: LocalEndpoints,
    name: str,
    fits: Callable[[ObservedEndpoint], bool] = lambda seen: seen.ended,
    patience: float = PATIENCE,
) -> ObservedEndpoint:
    """The endpoint once it is as wanted."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        seen = service.describe(name)
        if fits(seen):
            return seen
        time.sleep(0.02)
    raise AssertionError(f"{seen}: {[line.text for line in service.tail(name, 30)]}")


def serve(service: LocalEndpoints, asked: Request) -> ObservedEndpoint:
    start(service, asked)
    return until(service, asked.name)
