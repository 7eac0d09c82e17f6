"""AWS's own Python-based server of TensorFlow 1, less the container: its programs in front of a model server of ours.

    python tests/serving/python_container.py SOURCE PYTHON LIBRARIES [FILE]

writes down how they answer, in tests/serving/recorded/python_container.json or in FILE. SOURCE is a folder with
`container_support` (https://github.com/aws/sagemaker-containers, branch r1.0, src) and `tf_container`
(https://github.com/aws/sagemaker-tensorflow-training-toolkit, branch r1.0, src); PYTHON is one of Python 2.7 with
TensorFlow 1.10 and tensorflow-serving-api; LIBRARIES a folder with Flask below 1, gunicorn below 20 and six. The model
server, which speaks gRPC, asks the servable of this machine's server: what is compared is what lies before and behind.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sagespec.deploying.services.local.running.scripts import STAND_INS
from serving.python_cases import MAKE_MODELS, MODELS, REQUESTS, SCRIPTS, Asked

RECORDED = Path(__file__).resolve().parent / "recorded" / "python_container.json"
GRPC = """\
import sys, time
import tensorflow as tf  # before grpc, which it does not get on with otherwise
from concurrent import futures
import grpc
sys.path.insert(0, {stand_ins!r})
from legacy_servable import Servable
from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

servable = Servable(tf, {model!r}, 1500000000)


class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    def Predict(self, request, context):
        return servable.predict(request)

    def Classify(self, request, context):
        return servable.classify(request)

    def GetModelMetadata(self, request, context):
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        known = get_model_metadata_pb2.SignatureDefMap()
        for name in servable.signatures:
            known.signature_def[name].CopyFrom(servable.signatures[name])
        answer.metadata["signature_def"].Pack(known)
        return answer


server = grpc.server(futures.ThreadPoolExecutor(2))
prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Service(), server)
server.add_insecure_port("127.0.0.1:{port}")
server.start()
while True:
    time.sleep(60)
"""
APP = """\
import importlib
import tensorflow
import container_support as cs
from container_support.environment import ContainerEnvironment, HostingEnvironment
from container_support.serving import Server

HostingEnvironment.__init__.__func__.__defaults__ = ({base!r},)
ContainerEnvironment.load_framework = staticmethod(lambda: importlib.import_module("tf_container"))
app = Server.from_env().app
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def ask(port: int, asked: Asked) -> dict[str, Any]:
    """The status, the content type, and what was said; of a page of the web framework's own, that it is one."""
    method, path, headers, body = asked
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body if method == "POST" else None, headers)
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    kind = str(answer.headers["Content-Type"])
    if answer.status in (404, 405):
        return {"status": answer.status}
    if answer.status == 500:
        return {"status": 500, "body": ""}  # what the framework says where the container's own handler fails is its own
    try:
        return {"status": answer.status, "type": kind, "json": json.loads(data)}
    except ValueError:
        shown = data.decode("ascii") if data.isascii() else sorted(base64.b16encode(data).decode())
        return {"status": answer.status, "type": kind, "body": shown}


@contextlib.contextmanager
def server(python: str, folder: Path, model: str, script: str, **environ: str) -> Iterator[int]:
    """The port of this machine's server, with a script, in front of a model that lies in a folder of the scripts'."""
    base = folder / f"{model}-{script}-here"
    (base / "code").mkdir(parents=True)
    (base / "code" / "serve_it.py").write_text(SCRIPTS[script])
    port, place = free_port(), folder / model / "export" / "Servo" / "1500000000"
    told = {"model": str(place), "version": 1500000000, "runs": "", "code": str(base / "code"), "port": port}
    (base / "server.json").write_text(json.dumps({**told, "port_file": str(base / "port")}))
    known = {"SAGEMAKER_PROGRAM": "serve_it.py", "LEGACY_VERSION": "1.10", "TF_CPP_MIN_LOG_LEVEL": "2", **environ}
    command = [python, str(STAND_INS / "legacy_server.py"), str(base / "server.json")]
    with running(command, known, port, base):
        yield port


def make_models(python: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / "make_models.py"
    program.write_text(MAKE_MODELS)
    subprocess.run([python, str(program), str(folder)], check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"})


@contextlib.contextmanager
def running(command: list[str], environ: Mapping[str, str], port: int, folder: Path) -> Iterator[None]:
    """A program, once its port is open."""
    with (folder / f"{port}.log").open("w") as log:
        environ = {**os.environ, **environ, "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=folder)
    try:
        while not _is_open(port):
            if process.poll() is not None:
                raise RuntimeError((folder / f"{port}.log").read_text())
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def _is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def answers(port: int) -> dict[str, Any]:
    return {name: ask(port, asked) for name, asked in REQUESTS.items()}


def main(source: str, python: str, libraries: str, file: str = str(RECORDED)) -> None:
    record: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_models(python, folder)
        for model in MODELS:
            place = folder / model / "export" / "Servo" / "1500000000"
            grpc = folder / f"{model}.py"
            first = free_port()
            grpc.write_text(GRPC.format(stand_ins=str(STAND_INS), model=str(place), port=first))
            paths = {"PYTHONPATH": os.pathsep.join([libraries, source]), "TF_CPP_MIN_LOG_LEVEL": "2"}
            with running([python, str(grpc)], paths, first, folder):
                for script, text in SCRIPTS.items():
                    base = folder / f"{model}-{script}"
                    (base / "code").mkdir(parents=True)
                    (base / "code" / "serve_it.py").write_text(text)
                    (base / "app_side.py").write_text(APP.format(base=str(base)))
                    told = {
                        "SAGEMAKER_PROGRAM": "serve_it.py",
                        "SAGEMAKER_REGION": "us-west-2",
                        "SAGEMAKER_SAFE_PORT_RANGE": f"{first}-{first + 9}",
                        "AWS_REGION": "us-west-2",
                        "PYTHONPATH": os.pathsep.join([str(base), libraries, source]),
                    }
                    port = free_port()
                    command = [python, "-m", "gunicorn.app.wsgiapp", "-b", f"127.0.0.1:{port}", "app_side:app"]
                    with running(command, told, port, base):
                        while ask(port, REQUESTS["ping"])["status"] != 200:
                            time.sleep(0.1)
                        record.setdefault(model, {})[script] = answers(port)
    Path(file).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
