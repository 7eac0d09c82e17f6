"""`sagespec invoke`: what is sent, where, and what is said where there is no answer."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conftest import ENDPOINT
from fakes.fixtures import Aws
from fakes.serving import Serving
from local.endpoints import model, model_server, request, serve, until
from sagespec.cli import run
from sagespec.deploying.asking import LARGEST, LARGEST_SERVERLESS, TooLarge, ask, content_type_of
from sagespec.deploying.planning.observed import ObservedEndpoint
from sagespec.deploying.services import Answer, NoSuchJob, ServiceError
from sagespec.deploying.services.local.serving.service import LocalEndpoints

NAMES = {
    "request.json": "application/json",
    "request.csv": "text/csv",
    "REQUEST.CSV": "text/csv",
    "many.jsonl": "application/jsonlines",
    "many.jsons": "application/jsonlines",
    "picture.jpeg": "image/jpeg",
    "array.npy": "application/x-npy",
    "notes.txt": "text/plain",
    "a.folder/request": "application/json",
    "": "application/json",
}


@pytest.mark.parametrize(("name", "content_type"), NAMES.items(), ids=NAMES)
def test_a_file_s_name_says_what_it_holds(name: str, content_type: str) -> None:
    assert content_type_of(name) == content_type


class OneEndpoint:
    """A service with one endpoint, of some status and configuration."""

    def __init__(self, status: str = "InService", error: str = "", hidden: bool = False, **config: Any) -> None:
        self.error, self.hidden = error, hidden
        self.seen = ObservedEndpoint("mnist", "mnist", status, "", "", 0.0, config_body=config)
        self.asked: list[tuple[Any, ...]] = []

    def describe(self, name: str) -> ObservedEndpoint:
        if self.hidden:
            raise ServiceError("not authorized to perform: sagemaker:DescribeEndpoint")
        if name != "mnist":
            raise NoSuchJob("Could not find endpoint")
        return self.seen

    def invoke(self, *asked: Any) -> Answer:
        self.asked.append(asked)
        if self.error:
            raise ServiceError(self.error)
        return Answer(b"{}", "application/json")


def refusal(service: OneEndpoint, size: int = 1) -> tuple[str, str]:
    with pytest.raises(ServiceError) as refused:
        ask(service, "mnist", bytes(size), "text/csv")  # type: ignore[arg-type]
    return refused.value.message, refused.value.hint


SERVERLESS = {"ProductionVariants": [{"ServerlessConfig": {"MemorySizeInMB": 2048}}]}


def test_a_request_is_as_large_as_the_service_takes_it() -> None:
    fits, whole = OneEndpoint(), OneEndpoint(**SERVERLESS)
    ask(fits, "mnist", bytes(LARGEST), "text/csv", "application/json", "a=b")  # type: ignore[arg-type]
    assert fits.asked == [("mnist", bytes(LARGEST), "text/csv", "application/json", "a=b")]
    ask(whole, "mnist", bytes(LARGEST_SERVERLESS), "text/csv")  # type: ignore[arg-type]
    hint = "send it in parts, or use asynchronous inference or batch transform"
    assert refusal(fits, LARGEST + 1) == (
        "the request has 6,291,457 bytes; an endpoint takes 6,291,456 (6 MB) at most",
        hint,
    )
    assert refusal(whole, LARGEST_SERVERLESS + 1) == (
        "the request has 4,194,305 bytes; a serverless endpoint takes 4,194,304 (4 MB) at most",
        hint,
    )
    assert len(fits.asked) == len(whole.asked) == 1  # what is too large is not sent
    with pytest.raises(TooLarge):
        ask(OneEndpoint(hidden=True), "mnist", bytes(LARGEST + 1), "text/csv")  # type: ignore[arg-type]


def test_why_there_is_no_answer_is_said_by_what_the_endpoint_does() -> None:
    failed = "InvokeEndpoint mnist: Endpoint mnist of account 1 not found."
    assert refusal(OneEndpoint("Creating", failed)) == (
        "mnist is Creating, and answers no requests",
        "sagespec attach mnist follows it",
    )
    assert refusal(OneEndpoint("Failed", failed))[1] == "sagespec status mnist says why"
    assert refusal(OneEndpoint("InService", "the model's words"))[0] == "the model's words"
    assert refusal(OneEndpoint("Updating", "the model's words"))[0] == "the model's words"
    assert refusal(OneEndpoint("InService", "asynchronous", AsyncInferenceConfig={})) == (
        "mnist is asynchronous: it takes requests that lie in S3",
        "aws sagemaker-runtime invoke-endpoint-async --endpoint-name mnist --input-location s3://…",
    )
    assert refusal(OneEndpoint("InService", "the model's words", hidden=True))[0] == "the model's words"


# On this machine ------------------------------------------------------------------------------------------------------

ECHO = """\
def handler(data, context):
    body = data.read()
    if body == b"raw":
        return bytes(range(256)), "application/octet-stream"
    if body == b"fail":
        raise ValueError("no such species")
    told = [context.request_content_type, context.accept_header, context.custom_attributes, body.decode()]
    return " ".join(map(str, told)), "text/plain"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with an endpoint that says what it was asked."""
    (tmp_path / "bin").mkdir()
    model_server(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    service = LocalEndpoints(tmp_path / ".sagespec" / "local")
    assert serve(service, request(model(tmp_path, code={"inference.py": ECHO}))).status == "InService"
    yield tmp_path
    service.stop("mnist")
    with pytest.raises(NoSuchJob):
        until(service, "mnist", lambda _: False)


def test_invoke_asks_an_endpoint_here(
    here: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*arguments: str, code: int = 0) -> tuple[bytes, str]:
        capfdbinary.readouterr()
        assert run(["invoke", *arguments]) == code
        out, err = capfdbinary.readouterr()
        return out, err.decode()

    Path("q.csv").write_text("1,2")
    Path("raw.txt").write_text("raw")
    Path("fail.txt").write_text("fail")
    assert said("--local", "mnist", "q.csv")[0] == b"text/csv application/json None 1,2\n"
    assert said("mnist", "q.csv", "--content-type", "text/x", "--accept", "text/y", "--attributes", "a=b,c")[0] == (
        b"text/x text/y a=b,c 1,2\n"
    )
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[]")))
    assert said("mnist")[0] == b"application/json application/json None []\n"
    assert said("mnist", "raw.txt")[0] == bytes(range(256))
    assert said("mnist", "raw.txt", "--out", "answer.bin") == (b"", "")
    assert Path("answer.bin").read_bytes() == bytes(range(256))
    out, err = said("mnist", "fail.txt", code=3)
    assert out == b""
    assert "Received server error (500) from the model: no such species" in err
    assert "sagespec logs --local mnist says more" in err
    assert "gone.csv cannot be read: No such file or directory" in said("mnist", "gone.csv", code=2)[1]
    assert "is a directory" in said("mnist", "bin", code=2)[1].lower()
    assert "there is no endpoint 'nobody' on this machine" in said("--local", "nobody", "q.csv", code=3)[1]
    Path("big.csv").write_bytes(bytes(LARGEST + 1))
    assert "(6 MB) at most" in said("mnist", "big.csv", code=2)[1]


def test_a_manifest_must_have_one_endpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two.yaml").write_text("---\n".join(json.dumps({**ENDPOINT, "name": name}) + "\n" for name in ("a", "b")))
    Path("q.csv").write_text("1")
    assert run(["invoke", "--local", "two.yaml", "q.csv"]) == 2
    err = capsys.readouterr().err
    assert "two.yaml has 2 endpoints (a, b)" in err
    assert "give the name of one, or a manifest with one" in err


# In SageMaker ---------------------------------------------------------------------------------------------------------


class Runtime(ThreadingHTTPServer):
    """SageMaker's runtime: says what it was asked, or what it is told to say."""

    instead: tuple[int, dict[str, Any]] | None = None


class _Asked(BaseHTTPRequestHandler):
    server: Runtime

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        names = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")
        status, answer = (
            200,
            {"path": self.path, "body": body.decode(), **{one: self.headers.get(one) for one in names}},
        )
        if self.server.instead is not None:
            status, answer = self.server.instead
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("x-amzn-ErrorType", answer.get("__type", ""))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing is written to the test's output."""


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    server = Runtime(("127.0.0.1", 0), _Asked)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_invoke_asks_an_endpoint_in_sagemaker(
    aws: Aws, runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Serving(aws, tmp_path).write()
    Path("q.csv").write_text("1,2")
    assert run(["invoke", "mnist.yaml", "q.csv", "--attributes", "tfs-method=predict"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": "/endpoints/mnist/invocations",
        "body": "1,2",
        "Content-Type": "text/csv",
        "Accept": None,
        "X-Amzn-SageMaker-Custom-Attributes": "tfs-method=predict",
    }


def test_what_the_model_answers_with_an_error_is_told_with_its_words(
    aws: Aws, runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    serving = Serving(aws, tmp_path)
    serving.write()
    serving.apply()
    aws.advance(3600)
    Path("q.csv").write_text("1,2")
    message = 'Received client error (400) from primary with message "{"error": "no such input"}".'
    runtime.instead = (424, {"__type": "ModelError", "Message": message, "OriginalStatusCode": 400})
    assert run(["invoke", "mnist.yaml", "q.csv"]) == 3
    assert "no such input" in capsys.readouterr().err
    runtime.instead = (400, {"__type": "ValidationError", "Message": "Endpoint other of account 1 not found."})
    assert run(["invoke", "other", "q.csv", "--region", "us-west-2"]) == 3
    assert "Endpoint other of account 1 not found" in capsys.readouterr().err
