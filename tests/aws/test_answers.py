"""What AWS answers is data: redacted where it enters, escaped where it leaves, never trusted to be whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conftest import SMALLEST, Wanted
from fakes.fixtures import REGION, Aws
from fakes.jobs import Fate
from fakes.neighbour import Answer, answered, logs_of, neighbour_that, page
from sagespec.cli import run
from sagespec.deploying.following.ending import ending_of
from sagespec.deploying.services import START
from sagespec.deploying.services.sagemaker.faults import NotAws, is_denied, is_not_found, service_error
from sagespec.deploying.services.sagemaker.service import SageMaker
from sagespec.deploying.triage import FailureKind, triage
from sagespec.reporting.findings.diagnostics import printable
from sagespec.reporting.jsontext import json_text
from sagespec.reporting.plans.status import status_json

pytestmark = pytest.mark.usefixtures("hurry")

SECRET = "hunter2hunter2"
KEY = "AKIAIOSFODNN7EXAMPLE"
REASON = f"AlgorithmError: password={SECRET} with {KEY}\n::set-output name=status::Completed"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hurry: None) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", REGION)
    (tmp_path / "train.py").write_text('if __name__ == "__main__":\n    print("x")\n')
    (tmp_path / "mnist.yaml").write_text(json.dumps({**SMALLEST, "model_dir": False}, indent=1))
    return tmp_path


def run_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(list(arguments))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


# Answers that are none -----------------------------------------------------------------------------------------------

NO_JOB = {"TrainingJobName": "x"}


def first(member: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """The answer with something done to the first record of a list."""

    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, member: [change(one) for one in answer[member][:1]] + answer[member][1:]}

    return twist


def in_job(**over: Any) -> Callable[[dict[str, Any]], Any]:
    return first("Results", lambda one: {"TrainingJob": {**one["TrainingJob"], **over}})


TWISTS: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "a list": ("Search", lambda answer: []),
    "a text": ("Search", lambda answer: "x"),
    "a list of nothing": ("Search", lambda answer: {"Results": [None]}),
    "results that are a text": ("Search", lambda answer: {"Results": "x"}),
    "a record without its job": ("Search", lambda answer: {"Results": [{}]}),
    "a record without its members": ("Search", lambda answer: {"Results": [{"TrainingJob": NO_JOB}]}),
    "a moment that is none": ("Search", in_job(CreationTime="yesterday")),
    "a moment that no calendar has": ("Search", in_job(CreationTime=1e30)),
    "a name that is a number": ("Search", in_job(TrainingJobName=5)),
    "a tag without its value": ("Search", in_job(Tags=[{"Key": "sagespec:project"}])),
    "half of it": ("Search", lambda answer: json.dumps(answer).encode()[:-40]),
    "no text at all": ("Search", lambda answer: b"\xff\xfe\x00"),
    "a summary without its members": ("ListTrainingJobs", first("TrainingJobSummaries", lambda one: NO_JOB)),
    "a summary that is null": ("ListTrainingJobs", first("TrainingJobSummaries", lambda one: None)),
    "a description without a status": (
        "DescribeTrainingJob",
        lambda answer: {name: value for name, value in answer.items() if name != "TrainingJobStatus"},
    ),
    "a reason that is a list": ("DescribeTrainingJob", lambda answer: {**answer, "FailureReason": ["x"]}),
    "tags that are null": ("ListTags", lambda answer: {"Tags": [None]}),
}


@pytest.mark.parametrize("name", TWISTS)
def test_an_answer_that_is_not_what_the_api_says_is_the_services_fault(
    name: str, aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", "mnist.yaml", "--yes"]) == 0
    capsys.readouterr()
    operation, aws.service.twists[operation] = TWISTS[name][0], TWISTS[name][1]
    if operation in ("DescribeTrainingJob", "ListTags", "ListTrainingJobs"):
        aws.jobs.search_lag = 600
    if operation in ("DescribeTrainingJob", "ListTags"):
        aws.jobs.list_lag = 600
    code, _, err = run_command(capsys, "plan", "mnist.yaml")
    assert (code, err.count("help: ")) == (3, 1), err
    assert f"error: {operation}" in err
    assert "what came back is not what the API describes" in err or "the answer was cut short" in err


@pytest.mark.parametrize("operation", ["Search", "ListTrainingJobs"])
def test_pages_that_come_round_again_have_an_end(operation: str, aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    service.create(wanted(), 1)
    aws.service.twists[operation] = lambda answer: {**answer, "NextToken": "page-0"}
    with pytest.raises(NotAws, match="the pages repeat"):
        service.observe([wanted()])
    assert aws.service.count(operation) == 2


@pytest.mark.parametrize("status", [200, 302, 403, 404, 502])
@pytest.mark.parametrize("command", ["plan", "stop", "status", "logs"])
def test_the_page_of_a_proxy_is_reported_as_one(
    status: int, command: str, aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is neither "there is no such job" nor "denied", and a stop that it answers is not a stop."""
    assert run(["apply", "mnist.yaml", "--yes"]) == 0
    capsys.readouterr()
    aws.service.page = status, "<html><head><title>Please sign in</title></head></html>"
    what = "mnist.yaml" if command == "plan" else aws.jobs.of("mnist")[0]
    code, _, err = run_command(capsys, command, what)
    assert code == 3
    if status != 502:  # a gateway's own trouble, which botocore tells by its status
        assert "a web page came instead of AWS's answer" in err
        assert "HTTPS_PROXY" in err


@pytest.mark.parametrize("answer", [page(200), page(302), page(403)], ids=["200", "302", "403"])
@pytest.mark.parametrize("service_name", ["STS", "IAM"])
def test_the_page_of_a_proxy_instead_of_sts_or_iam_is_reported_as_one(
    answer: Answer,
    service_name: str,
    aws: Aws,
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manifest = {**SMALLEST, "model_dir": False, "role": "SageMakerRole", "account_id": "123456789012"}
    if service_name == "STS":
        del manifest["account_id"]
    (project / "mnist.yaml").write_text(json.dumps(manifest))
    with neighbour_that(lambda operation, given: answer) as proxy:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service_name}", proxy.url)
        code, _, err = run_command(capsys, "apply", "mnist.yaml", "--yes")
    assert code == 3
    assert "a web page came instead of AWS's answer ('Sign in')" in err
    assert "HTTPS_PROXY" in err


def test_a_bare_status_of_somebody_on_the_way_says_nothing_about_a_job() -> None:
    for status in ("403", "404"):
        error = ClientError({"Error": {"Code": status, "Message": "Forbidden"}}, "DescribeTrainingJob")
        assert not is_denied(error)
        assert not is_not_found(error)
    assert is_denied(ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject"))
    assert is_not_found(ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject"))


def test_a_log_event_without_a_message_is_an_empty_line(service: SageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(operation: str, given: dict[str, Any]) -> Answer:
        if operation == "DescribeLogStreams":
            return answered({"logStreams": [{"logStreamName": "x/algo-1-1"}]})
        events = [] if "nextToken" in given else [{"timestamp": 5}, {"timestamp": 6, "message": "y\n"}]
        return answered({"events": events, "nextForwardToken": "f/1"})

    with neighbour_that(answer) as logs:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", logs.url)
        assert [line.text for line in service.logs("x", START)[0]] == ["", "y"]


def test_a_log_whose_tokens_never_stay_has_an_end(service: SageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(operation: str, given: dict[str, Any]) -> Answer:
        if operation == "DescribeLogStreams":
            return answered({"logStreams": [{"logStreamName": "x/algo-1-1"}]})
        return answered({"events": [], "nextForwardToken": given.get("nextToken", "f/") + "1"})

    with neighbour_that(answer) as logs:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", logs.url)
        assert list(service.logs("x", START)[0]) == []
        assert logs.calls["GetLogEvents"] == 100


# Words ---------------------------------------------------------------------------------------------------------------


def test_no_secret_of_a_failure_is_shown_whole_by_any_command(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.jobs.fate = lambda request: Fate("Failed", 5, REASON)
    monkeypatch.setattr(SageMaker, "poll_seconds", 0.01)
    monkeypatch.setenv("GITHUB_OUTPUT", str(project / "out"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary"))
    aws.jobs.clock.scale = 1e6
    said = []
    for command in (
        ["apply", "mnist.yaml", "--yes", "--wait", "--outputs", "o.json"],
        ["apply", "mnist.yaml", "--yes", "--wait", "--format", "json"],
        ["plan", "mnist.yaml"],
        ["plan", "mnist.yaml", "--format", "json"],
        ["plan", "mnist.yaml", "--format", "markdown", "--out", "p.plan"],
        ["status", "mnist.yaml"],
        ["status", "mnist.yaml", "--format", "json"],
    ):
        _, out, err = run_command(capsys, *command)
        said += [out, err]
    said += [(project / name).read_text() for name in ("o.json", "out", "summary", "p.plan")]
    assert sum("AlgorithmError" in text for text in said) >= 10
    assert [text for text in said if SECRET in text or KEY in text] == []
    printed = [text for text in said if text != (project / "out").read_text()]  # GitHub reads that by its marks
    lines = [line for text in printed for line in text.splitlines()]
    assert [line for line in lines if line.lstrip().startswith("::")] == []


def test_no_secret_of_a_log_or_an_error_is_shown_whole(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with neighbour_that(logs_of({"x-1e957d6b53": [f"password={SECRET}", "::error::x", "a\x1b[2Jb"]})) as logs:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", logs.url)
        code, out, _ = run_command(capsys, "logs", "x-1e957d6b53")
    assert (code, out) == (0, "password=… (14 characters)\n: :error::x\na�[2Jb\n")
    error = service_error(
        ClientError({"Error": {"Code": "Oops", "Message": f"token {KEY}\n::stop-commands::x"}}, "Search"), "Search"
    )
    assert KEY not in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", ": :error::x"),
        ("  ::error::x", "  : :error::x"),
        ("see a::b", "see a::b"),
        ("x ##[group]y", "x # #[group]y"),
        ("##vso[task.setvariable]x", "# #vso[task.setvariable]x"),
        ("## a heading", "## a heading"),
    ],
)
def test_text_is_not_a_command_of_a_ci_system(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_json_has_no_number_that_json_does_not_know(service: SageMaker, wanted: Wanted) -> None:
    service.create(wanted(), 1)
    seen = service.describe(wanted().job_name())
    metrics = [{"MetricName": "loss", "Value": float("nan")}, {"MetricName": "acc", "Value": float("-inf")}]
    body = {**seen.body, "FinalMetricDataList": metrics}
    from dataclasses import replace

    text = status_json([ending_of(replace(seen, body=body))])

    def refuse(name: str) -> None:
        raise AssertionError(name)

    (job,) = json.loads(text, parse_constant=refuse)["jobs"]
    assert job["metrics"] == {"loss": None, "acc": None}
    assert json.loads(json_text({"x": "##[error]"})) == {"x": "##[error]"}
    assert "##" not in json_text({"x": "##[error]"})


# What to do next -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        (
            "ValidationException",
            'No S3 objects found under S3 URL "s3://b/x" given in input data source. Please ensure that the bucket '
            'exists in the selected region (us-west-2), that objects exist under that S3 prefix, and that the role "r" '
            'has "s3:ListBucket" permissions on bucket "b".',
            "there is no data there",
        ),
        ("NoSuchEntity", "The role with name x cannot be found.", "there is no such role"),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time", "clock"),
        ("301", "Moved Permanently", "another region"),
        ("KMS.DisabledException", "arn:aws:kms:… is disabled.", "the KMS key cannot be used"),
        ("ValidationException", "1 validation error detected: Value '' at 'x'", "sagespec compile"),
        ("ValidationException", "Cross-account pass role is not allowed.", "another account than the credentials"),
        ("AccessDeniedException", "Cross-account pass role is not allowed.", "another account than the credentials"),
    ],
)
def test_every_refusal_has_a_next_step(code: str, message: str, hint: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "CreateTrainingJob")
    assert hint in service_error(error, "CreateTrainingJob x").hint


@pytest.mark.parametrize(
    ("settings", "words", "hint"),
    [
        ({"AWS_ENDPOINT_URL_SAGEMAKER": "nowhere"}, "Invalid endpoint", "AWS_ENDPOINT_URL"),
        ({"HTTPS_PROXY": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_SAGEMAKER": ""}, "proxy", "HTTPS_PROXY"),
        ({"AWS_ENDPOINT_URL_SAGEMAKER": "http://127.0.0.1:9"}, "Could not connect", "is there a network"),
    ],
)
def test_trouble_on_the_way_has_a_next_step(
    settings: dict[str, str],
    words: str,
    hint: str,
    aws: Aws,
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    code, _, err = run_command(capsys, "status", "x")
    assert (code, words in err, hint in err) == (3, True, True), err


@pytest.mark.parametrize("program", ["/nonexistent/program", "echo {{", "false", "echo {}"])
def test_a_credential_process_that_fails_has_a_next_step(
    program: str, aws: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "config").write_text(f"[default]\ncredential_process = {program}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(project / "config"))
    code, _, err = run_command(capsys, "status", "x")
    assert (code, "run the profile's credential_process by hand" in err) == (3, True), err


@pytest.mark.parametrize("value", ["abc", "0", "-1", "nan", "inf"])
@pytest.mark.parametrize("name", ["SAGESPEC_CREATES_PER_SECOND", "SAGESPEC_READ_TIMEOUT"])
def test_a_setting_that_is_not_a_number_is_wrong_usage(
    name: str, value: str, aws: Aws, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    code, _, err = run_command(capsys, "plan", "mnist.yaml")
    assert (code, f"{name} is '{value}', which is not a number above 0" in err) == (2, True), err


def test_data_that_are_not_there_are_no_matter_of_permissions() -> None:
    reason = 'ClientError: No S3 objects found under S3 URL "s3://b/x" … that the role has "s3:ListBucket" permissions'
    verdict = triage("Failed", "Failed", reason)
    assert verdict is not None
    assert verdict.kind is FailureKind.DATA
