"""`sagespec invoke`: what is sent, where, and what is said where there is no answer."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import ENDPOINT
from fakes.fixtures import Aws, session_of
from fakes.runtime import Said, refused
from fakes.serving import LONG, Serving
from sagespec.cli import run
from sagespec.deploying.asking import LARGEST, LARGEST_SERVERLESS, Unsendable, ask, content_type_of
from sagespec.deploying.planning.observed import Capacity, ObservedEndpoint
from sagespec.deploying.services import Answer, NoSuchJob, ServiceError
from sagespec.deploying.services.local.serving import service as local_serving
from sagespec.deploying.services.local.serving.service import LocalEndpoints
from sagespec.deploying.services.sagemaker.endpoints import SageMakerEndpoints
from serving.endpoints import model, model_server, request, serve, until

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
    """A service with one endpoint, of some status and description."""

    def __init__(self, status: str = "InService", error: str = "", hidden: bool = False, **seen: Any) -> None:
        self.error, self.hidden = error, hidden
        self.seen = ObservedEndpoint("mnist", "mnist", status, "", "", 0.0, **seen)
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


def refusal(service: OneEndpoint, size: int = 1, *more: str) -> tuple[str, str]:
    with pytest.raises(ServiceError) as refused:
        ask(service, "mnist", bytes(size), "text/csv", *more)  # type: ignore[arg-type]
    return refused.value.message, refused.value.hint


def test_a_request_is_as_large_as_the_service_takes_it() -> None:
    fits, whole = OneEndpoint(), OneEndpoint(capacities=(Capacity("AllTraffic", serverless={"MaxConcurrency": 5}),))
    ask(fits, "mnist", bytes(LARGEST), "text/csv", "application/json", "a=b")  # type: ignore[arg-type]
    assert fits.asked == [("mnist", bytes(LARGEST), "text/csv", "application/json", "a=b")]
    ask(whole, "mnist", bytes(LARGEST_SERVERLESS), "text/csv")  # type: ignore[arg-type]
    hint = "send it in parts, or use asynchronous inference or batch transform"
    assert refusal(fits, LARGEST + 1) == (
        "the request has 6,291,457 bytes; an endpoint accepts at most 6,291,456 (6 MB)",
        hint,
    )
    assert refusal(whole, LARGEST_SERVERLESS + 1) == (
        "the request has 4,194,305 bytes; a serverless endpoint accepts at most 4,194,304 (4 MB)",
        hint,
    )
    assert len(fits.asked) == len(whole.asked) == 1  # what is too large is not sent
    with pytest.raises(Unsendable):
        ask(OneEndpoint(hidden=True), "mnist", bytes(LARGEST + 1), "text/csv")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a\nb: c", "日本", "é", "a\tb"])
def test_a_header_that_the_service_takes_from_nobody_is_not_sent(text: str) -> None:
    service = OneEndpoint()
    assert refusal(service, 1, text)[0] == "the type to accept must be ASCII, on one line"
    assert refusal(service, 1, "", text)[0] == "the custom attributes must be ASCII, on one line"
    most = "the custom attributes can have 1,024 characters at most, not 1,025"
    assert refusal(service, 1, "", "a" * 1025)[0] == most
    assert service.asked == []


def test_why_there_is_no_answer_is_said_by_what_the_endpoint_does() -> None:
    failed = "InvokeEndpoint mnist: Endpoint mnist of account 1 not found."
    assert refusal(OneEndpoint("Creating", failed)) == (
        "mnist is Creating, and answers no requests",
        "sagespec attach mnist follows it",
    )
    assert refusal(OneEndpoint("Failed", failed))[1] == "sagespec status mnist says why"
    assert refusal(OneEndpoint("InService", "the model's words"))[0] == "the model's words"
    assert refusal(OneEndpoint("Updating", "the model's words"))[0] == "the model's words"
    assert refusal(OneEndpoint("InService", "the model's words", hidden=True))[0] == "the model's words"


# On this machine ------------------------------------------------------------------------------------------------------

ECHO = """\
import sys, time

def handler(data, context):
    body = data.read()
    if body == b"slow":
        time.sleep(1)
    if body == b"exit":
        sys.exit(3)
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
    Path("exit.txt").write_text("exit")
    assert (
        "Received server error (502) from the model: the handler has ended its process (exit code 3)"
        in (said("mnist", "exit.txt", code=3)[1])
    )
    Path("slow.txt").write_text("slow")
    with monkeypatch.context() as hurried:
        hurried.setattr(local_serving, "ANSWER_SECONDS", 0.2)
        late = "mnist has not answered within 0.2 s, which is as long as SageMaker waits"
        assert late in said("mnist", "slow.txt", code=3)[1]
    assert "gone.csv cannot be read: No such file or directory" in said("mnist", "gone.csv", code=2)[1]
    assert "is a directory" in said("mnist", "bin", code=2)[1].lower()
    assert "there is no endpoint 'nobody' on this machine" in said("--local", "nobody", "q.csv", code=3)[1]
    Path("big.csv").write_bytes(bytes(LARGEST + 1))
    assert "at most 6,291,456 (6 MB)" in said("mnist", "big.csv", code=2)[1]


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


@pytest.fixture
def there(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serving:
    """A folder with the endpoint `mnist`, which is in service; its model says what it was asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    serving = Serving(aws, tmp_path)
    serving.write()
    serving.apply()
    aws.advance(LONG)
    Path("q.csv").write_text("1,2")
    return serving


def stderr_lines(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 3) -> list[str]:
    """What `invoke` says on standard error, line by line."""
    capsys.readouterr()
    assert run(["invoke", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    return [line for line in err.splitlines() if not line.startswith("waiting for")]


def test_invoke_of_the_command_line_asks_an_endpoint_in_sagemaker(aws: Aws, there: Serving, tmp_path: Path) -> None:
    """In processes of their own: what is sent is what the file or the pipe holds, and so is what comes back."""
    holds = {"q.npy": bytes(range(256)), "q.tfrecord": b"\x05\0\r\n", "q.jsonl": b"[1.0]\n[2.0]\n"}
    for name, content in holds.items():
        (tmp_path / name).write_bytes(content)

    def invoke(*arguments: str, data: bytes = b"", endpoint: str = "mnist.yaml") -> bytes:
        command = [sys.executable, "-m", "sagespec", "invoke", endpoint, *arguments]
        environ = {**os.environ, "AWS_REGION": "us-west-2"}
        ended = subprocess.run(command, input=data, capture_output=True, env=environ, cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, b"")
        return ended.stdout

    aws.service.runtime.model = lambda asked: Said(200, asked.body[::-1], asked.headers["Accept"] or "text/csv")
    assert invoke("q.npy", "--accept", "application/x-npy") == bytes(range(256))[::-1]
    assert invoke("q.tfrecord", "--attributes", "tfs-method=predict", endpoint="mnist") == b"\n\r\0\x05\n"
    assert invoke("q.jsonl", "--out", "made/answer.bin") == b""
    assert (tmp_path / "made" / "answer.bin").read_bytes() == b"\n]0.2[\n]0.1["
    assert invoke("--content-type", "image/png", "--accept", "text/plain", data=b"\0ab") == b"ba\0\n"
    names = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")
    assert [(one.name, *map(one.headers.get, names)) for one in aws.service.runtime.asked] == [
        ("mnist", "application/x-npy", "application/x-npy", None),
        ("mnist", "application/x-tfrecord", None, "tfs-method=predict"),
        ("mnist", "application/jsonlines", None, None),
        ("mnist", "image/png", "text/plain", None),
    ]


def test_an_empty_answer_is_written_as_it_is(
    aws: Aws, there: Serving, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    aws.service.runtime.model = lambda asked: Said(200, b"")
    assert run(["invoke", "mnist", "q.csv"]) == 0
    assert capfdbinary.readouterr().out == b""


LOG = " = help: `sagespec logs mnist` says more (CloudWatch, /aws/sagemaker/Endpoints/mnist)"
MODEL_ERRORS = {
    "JSON": (Said(415, b'{"error": "Unsupported Media Type"}'), "client error (415)", ": Unsupported Media Type"),
    "text": (Said(500, b"division by zero"), "server error (500)", ": division by zero"),
    "nothing": (Said(500, b""), "server error (500)", ""),
    "long": (Said(400, b"x" * 3000), "client error (400)", ": " + "x" * 3000),
    "longer": (Said(400, b"x" * 5000), "client error (400)", ": " + "x" * 4000 + "…"),
    "a page": (Said(502, b"<html>\nBad Gateway</html>"), "server error (502)", ": <html>\n  Bad Gateway</html>"),
    "a secret": (Said(500, b"key AKIAIOSFODNN7EXAMPLE"), "server error (500)", ": key AKIA… (20 characters)"),
}  # fmt: skip


@pytest.mark.parametrize(("said", "whose", "words"), MODEL_ERRORS.values(), ids=MODEL_ERRORS)
def test_what_the_model_answers_with_an_error_is_reported_with_its_words(
    said: Said, whose: str, words: str, aws: Aws, there: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.service.runtime.model = lambda asked: said
    assert stderr_lines(capsys, "mnist.yaml", "q.csv") == [
        *f"error: Received {whose} from the model{words}".split("\n"),
        LOG,
    ]


_TROUBLE = "the service has a problem; send it again"
_FULL = "the endpoint takes no more requests at a time; send it again later, or give it more capacity"
_DENIED = "allow sagemaker:InvokeEndpoint for the identity that runs sagespec (docs/permissions.md)"
REFUSALS = {
    "ThrottlingException": (6, _FULL),
    "ModelNotReadyException": (1, "the model is still being loaded; send it again in a minute"),
    "InternalFailure": (6, _TROUBLE),
    "ServiceUnavailable": (6, _TROUBLE),
    "InternalDependencyException": (1, _TROUBLE),
    "AccessDeniedException": (1, _DENIED),
}
"""Code → how often it is asked, and what is advised."""


@pytest.mark.parametrize(("code", "expected"), REFUSALS.items(), ids=REFUSALS)
@pytest.mark.usefixtures("hurry")
def test_a_refusal_of_the_service_is_reported_with_what_to_do(
    code: str,
    expected: tuple[int, str],
    aws: Aws,
    there: Serving,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")  # the other paces itself by the clock
    message = "User: me is not authorized to perform: sagemaker:InvokeEndpoint" if code.startswith("Access") else "No."
    aws.service.runtime.instead.extend([refused(code, message)] * 10)
    tries, hint = expected
    assert stderr_lines(capsys, "mnist", "q.csv") == [
        f"error: InvokeEndpoint mnist: {code}: {message}",
        f" = help: {hint}",
    ]
    assert len(aws.service.runtime.asked) == tries


def test_an_endpoint_that_answers_nobody_is_told_by_what_it_does(
    aws: Aws, there: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stderr_lines(capsys, "nobody", "q.csv") == [
        "error: InvokeEndpoint nobody: ValidationError: Endpoint nobody of account 123456789012 not found.",
        " = help: check the name, the region and the account",
    ]
    assert there.endpoints["mnist"]["EndpointStatus"] == "InService"
    there.endpoints.stop_serving("mnist")
    assert stderr_lines(capsys, "mnist", "q.csv")[0] == "error: mnist is OutOfService, and answers no requests"
    there.write("late")
    there.write("slow", async_inference_config={"output_path": "s3://bucket/out"})
    there.apply()
    assert stderr_lines(capsys, "late", "q.csv") == [
        "error: late is Creating, and answers no requests",
        " = help: sagespec attach late follows it",
    ]
    aws.advance(LONG)
    assert stderr_lines(capsys, "slow", "q.csv") == [
        "error: slow is asynchronous: it takes requests that are stored in S3",
        " = help: aws sagemaker-runtime invoke-endpoint-async --endpoint-name slow --input-location s3://…",
    ]


def test_a_serverless_endpoint_s_limit_is_that_of_serverless_endpoints(
    aws: Aws, there: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    capacity = {"instance_type": None, "initial_instance_count": None}
    there.write("less", **capacity, serverless_inference_config={"memory_size_in_mb": 2048, "max_concurrency": 5})
    there.apply()
    aws.advance(LONG)
    Path("big.npy").write_bytes(bytes(LARGEST_SERVERLESS + 1))
    (refusal, _) = stderr_lines(capsys, "less", "big.npy", code=2)
    assert refusal.endswith("a serverless endpoint accepts at most 4,194,304 (4 MB)")
    assert aws.service.runtime.asked == []


def test_an_answer_that_is_cut_short_is_reported(aws: Aws, there: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    aws.service.runtime.model = lambda asked: Said(200, b"abc", length=10)
    assert stderr_lines(capsys, "mnist", "q.csv") == [
        "error: InvokeEndpoint mnist: the answer was cut short",
        " = help: send it again",
    ]


def test_a_model_may_think_for_as_long_as_sagemaker_lets_it(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 seconds: whoever gives up before that asks again, and again, while it still thinks about the first."""

    def patience(service: str) -> float:
        return float(SageMakerEndpoints("us-west-2", session=session_of())._client(service).meta.config.read_timeout)

    assert patience("sagemaker-runtime") > 60
    assert patience("sagemaker") == 30
    monkeypatch.setenv("SAGESPEC_READ_TIMEOUT", "5")
    assert patience("sagemaker-runtime") == 5


def test_an_answer_that_cannot_be_kept_is_reported_before_anything_is_asked(
    aws: Aws, there: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    for out, why in ((".", ". is a folder"), ("file/a", "file is not a folder")):
        assert stderr_lines(capsys, "mnist", "q.csv", "--out", out, code=2)[0] == f"error: --out {out}: {why}"
    assert stderr_lines(capsys, "mnist", "q.csv", "--attributes", "a\nb: c", code=2)[0] == (
        "error: the custom attributes must be ASCII, on one line"
    )
    assert aws.service.runtime.asked == []
