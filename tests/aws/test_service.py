"""SageMaker through boto3: what is seen, what is sent, and what is said when it goes wrong. AWS is on loopback."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from conftest import SMALLEST, Wanted
from fakes.fixtures import BUCKET, REGION, Aws, session_of
from fakes.jobs import Clock, Fate
from fakes.server import HARMLESS
from sagespec.building.request import Request, Upload
from sagespec.deploying.following.follow import follow
from sagespec.deploying.planning.jobs.planner import Action, PlanOptions, decide_all
from sagespec.deploying.planning.pruning import PruneVerdict
from sagespec.deploying.services import START, NameTaken, NoSuchJob, ServiceError
from sagespec.deploying.services.sagemaker.faults import HINTS, CutShort, is_not_found, service_error
from sagespec.deploying.services.sagemaker.s3 import ObjectStore
from sagespec.deploying.services.sagemaker.service import SageMaker

CODE = "sagespec/code"


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def sent(aws: Aws, operation: str) -> list[dict[str, Any]]:
    return [call.parameters for call in aws.calls if call.operation == operation]


def failure(code: str, message: str, operation: str = "DescribeTrainingJob") -> Exception:
    from botocore.exceptions import ClientError

    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


# What is seen --------------------------------------------------------------------------------------------------------


def test_a_created_job_is_seen_as_it_was_asked_for(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    request = wanted(tags={"team": "vision"})
    service.create(request, 1)
    (seen,) = service.observe([request])
    assert replace(seen, body={}) == replace(service.describe(request.job_name()), body={})
    assert (seen.job_name, seen.name, seen.project) == (request.job_name(), "mnist", "default")
    assert (seen.status, seen.secondary, seen.digest, seen.attempt) == ("InProgress", "Starting", request.digest, 1)
    assert (dict(seen.tags), seen.failure, seen.live) == (request.all_tags(1), "", {})
    assert seen.created == pytest.approx(aws.service.clock(), abs=1)


def test_every_request_that_is_sent_is_the_compiled_one(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    request = wanted()
    service.create(request, 2)
    assert sent(aws, "CreateTrainingJob") == [request.body(2)]


@pytest.mark.parametrize("cuts_first", [False, True])
def test_all_pages_are_read_empty_ones_too(
    aws: Aws,
    service: SageMaker,
    wanted: Wanted,
    cuts_first: bool,
) -> None:
    """Another project's 250 jobs come first: where pages are cut before they are filtered, two of them are empty."""
    aws.jobs.search_cuts_first = cuts_first
    other = wanted(name="other")._replace(project="other")
    for number in range(250):
        service.create(other._replace(name=f"other{number}"), 1)
        aws.advance(10)
    aws.advance(10_000)
    request = wanted()
    service.create(request, 1)
    aws.advance(10_000)
    assert [seen.job_name for seen in service.observe([request])] == [request.job_name()]
    assert aws.service.count("Search") == (3 if cuts_first else 1)


def test_a_page_that_has_expired_starts_the_reading_again(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    requests = [wanted()._replace(name=f"job{number}") for number in range(150)]
    for request in requests:
        service.create(request, 1)
    original = aws.service.fault_for
    searches: list[str] = []

    def expire_the_second(operation: str) -> str:
        searches.extend([operation] * (operation == "Search"))
        return "stale-page" if operation == "Search" and len(searches) == 2 else original(operation)

    aws.service.fault_for = expire_the_second  # type: ignore[method-assign]
    assert {seen.name for seen in service.observe(requests)} == {request.name for request in requests}
    assert len(searches) == 4


@pytest.mark.parametrize(("search_lag", "list_lag"), [(0, 0), (600, 0), (600, 600)])
def test_a_job_is_seen_however_far_the_indexes_lag(
    aws: Aws,
    service: SageMaker,
    wanted: Wanted,
    search_lag: float,
    list_lag: float,
) -> None:
    aws.jobs.search_lag, aws.jobs.list_lag = search_lag, list_lag
    request = wanted()
    service.create(request, 1)
    service.create(request, 2)
    seen = SageMaker(REGION, session=session_of()).observe([request])
    assert sorted(job.job_name for job in seen) == [request.job_name(1), request.job_name(2)]


def test_an_older_digest_is_seen_although_search_lags(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    """Otherwise a change that was made a minute after the last apply would run beside its predecessor."""
    old, new = wanted(max_run=3600), wanted(max_run=7200)
    service.create(old, 1)
    aws.jobs.search_lag = 600
    (change,) = decide_all([new], service.observe([new])).changes
    assert (change.action, change.seen and change.seen.job_name) == (Action.REFUSE, old.job_name())


def test_five_hundred_unchanged_jobs_cost_few_calls(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    request = wanted()
    requests = [request._replace(name=f"job-{number:03}") for number in range(500)]
    for each in requests:
        service.create(each, 1)
    before = len(aws.calls)
    plan = decide_all(requests, service.observe(requests))
    recent = len(aws.calls) - before
    aws.advance(86_400)
    before = len(aws.calls)
    assert decide_all(requests, SageMaker(REGION, session=session_of()).observe(requests, projects=True)).pending == ()
    assert (plan.pending, recent, len(aws.calls) - before) == ((), 10, 10)


def test_one_manifest_of_a_large_project_costs_one_search(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    request = wanted()
    for number in range(300):
        service.create(request._replace(name=f"job-{number:03}"), 1)
    aws.advance(86_400)
    one = request._replace(name="job-007")
    assert [seen.job_name for seen in service.observe([one])] == [one.job_name()]
    assert aws.service.count("Search") == 1


def test_jobs_without_a_manifest_are_seen_when_the_project_is_asked_for(
    aws: Aws,
    service: SageMaker,
    wanted: Wanted,
) -> None:
    here, gone = (wanted(name=name)._replace(project="vision") for name in ("mnist", "gone"))
    foreign = wanted(name="foreign")._replace(project="other")
    for request in (here, gone, foreign):
        service.create(request, 1)
    assert {seen.name for seen in service.observe([here])} == {"mnist"}
    assert {seen.name for seen in service.observe([here], projects=True)} == {"mnist", "gone"}
    plan = decide_all(
        [here], service.observe([here], projects=True), PlanOptions(prune=True), lambda job: (PruneVerdict.GONE, "gone")
    )
    assert [(change.action, change.name) for change in plan.pending] == [(Action.STOP, "gone")]


def test_two_manifests_of_one_content_are_two_jobs(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    """Their digests are equal: names are not part of them."""
    first, second = wanted(name="first"), wanted(name="second")
    assert first.digest == second.digest
    aws.jobs.search_lag = aws.jobs.list_lag = 600
    service.create(second, 1)
    assert [seen.name for seen in service.observe([first, second])] == ["second"]


def test_what_the_service_adds_is_not_drift(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    plain = wanted()
    rich = wanted(
        name="rich",
        keep_alive_period_in_seconds=600,
        enable_remote_debug=True,
        profiler_config={"s3_output_path": "s3://bucket/profile"},
        tags={"team": "vision"},
    )
    for request in (plain, rich):
        service.create(request, 1)
    aws.jobs.jobs[plain.job_name()].tags[-1][1]["aws:cloudformation:stack-name"] = "somebody"
    assert decide_all([plain, rich], service.observe([plain, rich])).pending == ()


def test_a_change_of_what_can_change_is_sent_alone(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    before = wanted(enable_remote_debug=True, profiler_config={"s3_output_path": "s3://bucket/profile"})
    after = wanted(enable_remote_debug=False, profiler_config={"s3_output_path": "s3://bucket/profile"})
    assert before.digest == after.digest
    service.create(before, 1)
    aws.advance(20)
    (seen,) = service.observe([after])
    assert seen.live != after.live()
    service.update(seen.job_name, after.live())
    name = {"TrainingJobName": after.job_name()}
    assert sent(aws, "UpdateTrainingJob") == [{**name, "RemoteDebugConfig": {"EnableRemoteDebug": False}}]
    (seen,) = service.observe([after])
    assert seen.live == after.live()


def test_only_new_profiler_rules_are_sent(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    def rule(name: str) -> dict[str, str]:
        return {"RuleConfigurationName": name, "RuleEvaluatorImage": "1.dkr.ecr.us-west-2.amazonaws.com/rules:latest"}

    before = wanted(request={"ProfilerRuleConfigurations": [rule("first")]})
    after = wanted(request={"ProfilerRuleConfigurations": [rule("first"), rule("second")]})
    service.create(before, 1)
    service.update(before.job_name(), after.live())
    assert sent(aws, "UpdateTrainingJob")[0]["ProfilerRuleConfigurations"] == [rule("second")]
    (seen,) = service.observe([after])
    assert seen.live == after.live()


def test_an_update_that_the_state_forbids_says_so(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    request = wanted(enable_remote_debug=True)
    service.create(request.with_template({**request.template, "RemoteDebugConfig": {"EnableRemoteDebug": False}}), 1)
    with pytest.raises(ServiceError, match="cannot be updated when the training job is in Starting"):
        service.update(request.job_name(), request.live())


def test_a_failure_is_seen_with_the_services_words(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    reason = "CapacityError: Unable to provision requested ML compute capacity."
    aws.jobs.fate = lambda request: Fate("Failed", 5, reason)
    request = wanted()
    service.create(request, 1)
    aws.advance(100)
    seen = service.describe(request.job_name())
    assert (seen.status, seen.failure, seen.ended) == ("Failed", reason, True)


# What is done --------------------------------------------------------------------------------------------------------


def test_a_name_is_taken_once(service: SageMaker, wanted: Wanted) -> None:
    service.create(wanted(), 1)
    with pytest.raises(NameTaken, match="must be unique within an AWS account and region"):
        service.create(wanted(), 1)


@pytest.mark.parametrize("fault", HARMLESS)
def test_a_creation_survives(
    aws: Aws,
    service: SageMaker,
    wanted: Wanted,
    fault: str,
    hurry: None,
) -> None:
    """Where the answer was lost after the effect, the name says that the job is there."""
    request = wanted()
    aws.fail_next("CreateTrainingJob", fault)
    try:
        service.create(request, 1)
        lost = False
    except NameTaken:
        lost = True
    assert lost is (fault in ("500-after", "cut-after", "half", "short"))
    assert [effect.job_name for effect in aws.jobs.done("CreateTrainingJob")] == [request.job_name()]


@pytest.mark.parametrize("operation", ["Search", "ListTrainingJobs", "DescribeTrainingJob", "ListTags"])
@pytest.mark.parametrize("fault", ["half", "short"])
def test_half_an_answer_is_not_an_empty_world(
    aws: Aws,
    service: SageMaker,
    wanted: Wanted,
    operation: str,
    fault: str,
    hurry: None,
) -> None:
    request = wanted()
    service.create(request, 1)
    aws.jobs.search_lag = aws.jobs.list_lag = 600 if operation in ("DescribeTrainingJob", "ListTags") else 0
    aws.fail_next(operation, fault)
    assert [seen.job_name for seen in service.observe([request])] == [request.job_name()]
    aws.fail_next(operation, *[fault] * 4)
    with pytest.raises(CutShort, match="the answer was cut short: it has no "):
        list(SageMaker(REGION, session=session_of()).observe([request]))


def test_creations_keep_to_the_rate(aws: Aws, wanted: Wanted) -> None:
    clock, slept = Clock(), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        clock.advance(seconds)

    service = SageMaker(REGION, session=session_of(), creates_per_second=1, clock=clock, sleep=sleep)
    for number in range(3):
        service.create(wanted()._replace(name=f"job{number}"), 1)
    clock.advance(10)
    service.create(wanted()._replace(name="later"), 1)
    assert slept == [1.0, 1.0]


def test_access_that_comes_late_is_waited_for(aws: Aws, wanted: Wanted) -> None:
    """A policy that looks at tags does not know those of a new job at once."""
    clock = Clock()
    service = SageMaker(REGION, session=session_of(), creates_per_second=1e9, clock=clock, sleep=clock.advance)
    request = wanted()
    service.create(request, 1)
    aws.fail_next("DescribeTrainingJob", "denied", "denied", "denied")
    assert service.describe(request.job_name()).digest == request.digest
    clock.advance(400)
    aws.fail_next("DescribeTrainingJob", "denied")
    with pytest.raises(ServiceError, match="AccessDenied"):
        service.describe(request.job_name())


def test_a_policy_on_tags_hides_what_is_not_there(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    aws.fail_next("DescribeTrainingJob", "denied")
    assert list(service.observe([wanted()])) == []


def test_stopping_twice_is_stopping_once(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    request = wanted()
    service.create(request, 1)
    for _ in range(2):
        service.stop(request.job_name())
    aws.advance(60)
    service.stop(request.job_name())
    assert (aws.jobs.status(request.job_name()), len(aws.jobs.done("StopTrainingJob"))) == ("Stopped", 1)
    with pytest.raises(NoSuchJob):
        service.stop("nobody")


def test_tags_are_added_and_removed(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    request = wanted(tags={"team": "vision", "old": "x"})
    service.create(request, 1)
    service.tag(request.job_name(), {"team": "audio", "new": "y"}, ["old"])
    expected = {**request.all_tags(1), "team": "audio", "new": "y"}
    del expected["old"]
    assert service.describe(request.job_name()).tags == expected
    (seen,) = service.observe([request])
    assert seen.tags == expected


# Logs and models -----------------------------------------------------------------------------------------------------


def test_a_job_without_logs_has_no_lines(aws: Aws, service: SageMaker) -> None:
    lines, _ = service.logs("mnist-0123456789", START)
    assert list(lines) == []


def test_the_lines_of_all_hosts_come_in_order_and_once(aws: Aws, service: SageMaker) -> None:
    from datetime import datetime

    start = int(datetime.now().timestamp() * 1000) - 60_000
    aws.log("job/algo-1-1700000000", (start, "one"), (start + 20, "three\n"))
    aws.log("job/algo-2-1700000000", (start + 10, "two"))
    aws.log("job/algo-1-1700000000/ssm", (start, "an agent's"))
    aws.log("job-2/algo-1-1700000000", (start, "another job's"))
    lines, cursor = service.logs("job", START)
    assert [(line.host, round(line.time * 1000) - start, line.text) for line in lines] == [
        ("algo-1", 0, "one"),
        ("algo-2", 10, "two"),
        ("algo-1", 20, "three"),
    ]
    aws.log("job/algo-1-1700000000", (start + 20, "four"))
    lines, cursor = SageMaker(REGION, session=session_of()).logs("job", cursor)
    assert [line.text for line in lines] == ["four"]
    lines, cursor = service.logs("job", cursor)
    assert list(lines) == []
    # A token lives for a day; reading goes on where it was.
    aws.log("job/algo-1-1700000000", (start + 30, "five"))
    for position in cursor.positions.values():
        position["token"] = "expired"
    lines, _ = service.logs("job", cursor)
    assert [line.text for line in lines] == ["five"]


def test_the_last_lines_are_read_although_they_come_after_the_end(
    aws: Aws,
    service: SageMaker,
    wanted: Wanted,
) -> None:
    request = wanted()
    service.create(request, 1)

    def sleep(seconds: float) -> None:
        ended = aws.jobs.status(request.job_name()) != "InProgress"
        if ended:
            aws.log(f"{request.job_name()}/algo-1-1700000000", (int(time.time() * 1000), "Traceback"))
        aws.advance(30)

    news = list(follow(service, [request.job_name()], sleep=sleep))
    assert [(item.lines[0].text if item.lines else item.seen.secondary if item.seen else "") for item in news] == [
        "Starting",
        "Training",
        "Traceback",
        "Completed",
    ]


def test_a_model_is_told_of_only_if_it_is_there(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    request = wanted(output_path="s3://models/mnist")
    service.create(request, 1)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert service.artifact(request.job_name()) is None
    key = f"mnist/{request.job_name()}/output/model.tar.gz"
    s3.put_object(Bucket="models", Key=key, Body=b"model")
    assert service.artifact(request.job_name()) == f"s3://models/{key}"


# Uploads -------------------------------------------------------------------------------------------------------------


def upload_of(request: Request, kind: str) -> Upload:
    return next(upload for upload in request.uploads if upload.kind == kind)


def test_code_is_uploaded_once_and_whole_into_a_bucket_that_is_made(
    aws: Aws,
    service: SageMaker,
    wanted: Wanted,
) -> None:
    upload, said = upload_of(wanted(), "code"), list[tuple[int, int]]()
    assert service.upload(upload, lambda what, done, total: said.append((done, total))) is True
    assert service.upload(upload, quiet) is False
    ((name, content),) = aws.objects().items()
    assert name == f"{BUCKET}/{CODE}/{upload.sha256}/sourcedir.tar.gz"
    assert hashlib.sha256(content).hexdigest() == upload.sha256
    assert said == [(0, len(content)), (len(content), len(content))]


def test_a_damaged_archive_is_put_right(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    upload = upload_of(wanted(), "code")
    service.upload(upload, quiet)
    key = f"{CODE}/{upload.sha256}/sourcedir.tar.gz"
    aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"half")
    assert service.upload(upload, quiet) is True
    assert hashlib.sha256(aws.objects()[f"{BUCKET}/{key}"]).hexdigest() == upload.sha256


def test_only_the_default_bucket_is_made(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    upload = upload_of(wanted(output_path="s3://not-there-yet/models"), "code")
    with pytest.raises(ServiceError, match="NoSuchBucket") as caught:
        service.upload(upload, quiet)
    assert caught.value.hint == HINTS["NoSuchBucket"]
    assert aws.objects() == {}


@pytest.fixture
def data(code: Path, wanted: Wanted) -> Upload:
    """A channel's folder of three files."""
    for name, content in {"a.csv": b"1,2\n", "deep/b.csv": b"", "big.bin": bytes(range(256)) * 40}.items():
        (code / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (code / "data" / name).write_bytes(content)
    return upload_of(wanted(channels={"train": {"path": "data"}}), "data")


def held(aws: Aws, upload: Upload) -> dict[str, bytes]:
    prefix = upload.uri.removeprefix("s3://")
    return {name.removeprefix(prefix): content for name, content in aws.objects().items()}


def test_a_folder_is_uploaded_below_the_hash_of_its_content(
    aws: Aws,
    service: SageMaker,
    data: Upload,
) -> None:
    said: list[tuple[int, int]] = []
    assert service.upload(data, lambda what, done, total: said.append((done, total))) is True
    assert held(aws, data) == {"a.csv": b"1,2\n", "deep/b.csv": b"", "big.bin": bytes(range(256)) * 40}
    assert (said[0], said[-1]) == ((0, data.size), (data.size, data.size))
    assert service.upload(data, quiet) is False


def test_an_upload_that_was_broken_off_sends_only_what_is_missing(
    aws: Aws,
    service: SageMaker,
    data: Upload,
) -> None:
    service.upload(data, quiet)
    s3, prefix = aws.client("s3"), data.uri.removeprefix(f"s3://{BUCKET}/")
    s3.delete_object(Bucket=BUCKET, Key=f"{prefix}deep/b.csv")
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}a.csv", Body=b"9,9\n")
    before = {entry["Key"]: entry["LastModified"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert service.upload(data, quiet) is True
    assert held(aws, data) == {"a.csv": b"1,2\n", "deep/b.csv": b"", "big.bin": bytes(range(256)) * 40}
    after = {entry["Key"]: entry["LastModified"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert after[f"{prefix}big.bin"] == before[f"{prefix}big.bin"]


@pytest.fixture
def large(code: Path, wanted: Wanted) -> Upload:
    """A channel of one file that is larger than four parts of S3's least size."""
    (code / "large.bin").write_bytes(bytes(range(256)) * (21 << 12))
    return upload_of(wanted(channels={"train": {"path": "large.bin"}}), "data")


def store(names: list[str], part: int = 5 << 20) -> ObjectStore:
    """A store that notes its calls."""
    client = session_of().client("s3")
    client.meta.events.register("before-call.s3", lambda model, **_: names.append(model.name))
    return ObjectStore(client, REGION, part)


def test_a_large_file_goes_up_in_parts_and_is_known_again(aws: Aws, large: Upload) -> None:
    names: list[str] = []
    assert store(names).upload(large, quiet) is True
    assert names.count("UploadPart") == 5
    assert "PutObject" not in names
    ((_, content),) = aws.objects().items()
    assert content == large.path.read_bytes()
    assert store(names).upload(large, quiet) is False


def test_parts_that_cannot_become_an_object_are_given_up(aws: Aws, large: Upload) -> None:
    """S3 refuses parts below its least size when they are put together."""
    names: list[str] = []
    with pytest.raises(ServiceError, match="EntityTooSmall"):
        store(names, part=4 << 20).upload(large, quiet)
    assert names[-1] == "AbortMultipartUpload"
    assert aws.objects() == {}


def test_an_upload_survives_trouble_on_the_way(
    aws: Aws,
    service: SageMaker,
    data: Upload,
    hurry: None,
) -> None:
    """Every third answer of S3 is an error that another try gets over."""
    count = itertools.count(1)

    def trouble(request: Any, **_: Any) -> Any:
        if next(count) % 3:
            return None
        return AWSResponse(request.url, 500, {}, BytesRaw(b"<Error><Code>InternalError</Code></Error>"))

    session = session_of()
    session.events.register("before-send.s3", trouble)
    assert SageMaker(REGION, session=session).upload(data, quiet) is True
    assert held(aws, data) == {"a.csv": b"1,2\n", "deep/b.csv": b"", "big.bin": bytes(range(256)) * 40}
    assert next(count) > 8


class BytesRaw:
    """A body as botocore reads it from the wire."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.content


def test_a_folder_that_changes_under_the_upload_is_not_sent(
    aws: Aws,
    service: SageMaker,
    data: Upload,
    code: Path,
) -> None:
    (code / "data" / "a.csv").write_bytes(b"3,4\n")
    with pytest.raises(ServiceError, match="was changed while it was uploaded"):
        service.upload(data, quiet)
    assert aws.objects() == {}


# What is said --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFound", "whatever"),
        ("ValidationException", "Requested resource not found."),
        ("ValidationException", "Could not find training job 'arn:aws:sagemaker:us-west-2:1:training-job/x'."),
    ],
)
def test_not_found_has_three_faces(code: str, message: str) -> None:
    assert is_not_found(failure(code, message))
    assert isinstance(service_error(failure(code, message), "DescribeTrainingJob x"), NoSuchJob)
    assert not is_not_found(failure("ValidationException", "1 validation error detected"))


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("ResourceLimitExceeded", "The account-level service limit 'ml.p5 …' is 0 Instances", "Service Quotas"),
        ("ExpiredTokenException", "The security token included in the request is expired", "sign in again"),
        ("AccessDeniedException", "is not authorized to perform: sagemaker:Search on", "allow sagemaker:Search"),
        ("AccessDeniedException", "is not authorized to perform: iam:PassRole on", "iam:PassRole"),
        ("ValidationException", "Could not assume role arn:aws:iam::1:role/x", "trust policy"),
        ("ThrottlingException", "Rate exceeded", "rate"),
    ],
)
def test_an_error_carries_the_services_words_and_what_to_do(code: str, message: str, hint: str) -> None:
    error = service_error(failure(code, message), "CreateTrainingJob x")
    assert error.message == f"CreateTrainingJob x: {code}: {message}"
    assert hint in error.hint


def test_every_hint_belongs_to_something_that_botocore_or_aws_says() -> None:
    from botocore import exceptions

    assert all(
        hasattr(exceptions, name) for name in HINTS if name.endswith("Error") and not name.startswith("Internal")
    )


def test_expired_credentials_are_told_apart_from_an_empty_world(
    aws: Aws,
    service: SageMaker,
    wanted: Wanted,
) -> None:
    aws.fail_next("Search", "expired")
    with pytest.raises(ServiceError, match="ExpiredTokenException") as caught:
        service.observe([wanted()])
    assert "sign in again" in caught.value.hint


def test_missing_credentials_and_regions_are_explained(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ServiceError) as caught:
        SageMaker(REGION).describe("x")
    assert "AWS_PROFILE" in caught.value.hint
    with pytest.raises(ServiceError) as caught:
        SageMaker().describe("x")
    assert "AWS_REGION" in caught.value.hint
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ServiceError, match="nobody") as caught:
        SageMaker(REGION).describe("x")
    assert "aws configure list-profiles" in caught.value.hint


def test_the_account_is_asked_of_sts_and_the_role_of_iam(aws: Aws, service: SageMaker) -> None:
    assert service.account() == "123456789012"
    iam = aws.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
    for name, principal in (("good", "sagemaker.amazonaws.com"), ("bad", "ec2.amazonaws.com")):
        statement = {**trust["Statement"][0], "Principal": {"Service": principal}}  # type: ignore[dict-item]
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({**trust, "Statement": [statement]}))
    service.check_role("arn:aws:iam::123456789012:role/good")
    with pytest.raises(ServiceError, match="may not assume"):
        service.check_role("arn:aws:iam::123456789012:role/bad")
    with pytest.raises(ServiceError, match="NoSuchEntity"):
        service.check_role("arn:aws:iam::123456789012:role/path/missing")


def test_aws_learns_who_calls(aws: Aws, service: SageMaker, wanted: Wanted) -> None:
    from sagespec import __version__

    service.observe([wanted()])
    assert all(call.user_agent.endswith(f"sagespec/{__version__}") for call in aws.calls)


def test_boto3_is_imported_when_it_is_needed() -> None:
    program = (
        "import sys; from sagespec.deploying.services.sagemaker.service import SageMaker; "
        "SageMaker('us-west-2'); print('botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


# Another client ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_test_service_is_not_shaped_after_our_client(aws: Aws, code: Path) -> None:
    """AWS's own command line creates what we compile, and finds it again."""
    program = shutil.which("aws", path=str(Path(sys.executable).parent))
    assert program, "the development environment has awscli"

    def cli(*arguments: str, refused: bool = False) -> Any:
        ended = subprocess.run(
            [program, "--region", REGION, "--output", "json", "sagemaker", *arguments], capture_output=True, text=True
        )
        assert (ended.returncode != 0) is refused, ended.stderr
        return ended.stderr if refused else json.loads(ended.stdout or "null")

    (code / "mnist.yaml").write_text(json.dumps({**SMALLEST, "tags": {"team": "vision"}}))
    compiled = aws.sagespec("compile", "mnist.yaml", cwd=code)
    (code / "request.json").write_text(compiled.stdout)
    request = json.loads(compiled.stdout)
    name = request["TrainingJobName"]
    created = cli("create-training-job", "--cli-input-json", f"file://{code}/request.json")
    assert created["TrainingJobArn"].endswith(f":training-job/{name}")
    again = cli("create-training-job", "--cli-input-json", f"file://{code}/request.json", refused=True)
    assert "(ResourceInUse)" in again
    described = cli("describe-training-job", "--training-job-name", name)
    assert (described["TrainingJobStatus"], described["HyperParameters"]) == ("InProgress", request["HyperParameters"])
    listed = cli("list-training-jobs", "--name-contains", "mnist")["TrainingJobSummaries"]
    assert [summary["TrainingJobName"] for summary in listed] == [name]
    tag = {"Name": "Tags.sagespec:name", "Operator": "Equals", "Value": "mnist"}
    found = cli("search", "--resource", "TrainingJob", "--search-expression", json.dumps({"Filters": [tag]}))
    assert [result["TrainingJob"]["TrainingJobName"] for result in found["Results"]] == [name]
    tags = cli("list-tags", "--resource-arn", created["TrainingJobArn"])["Tags"]
    assert sorted(tags, key=str) == sorted(request["Tags"], key=str)
    cli("stop-training-job", "--training-job-name", name)
    twice = cli("stop-training-job", "--training-job-name", name, refused=True)
    assert "The request was rejected because the training job is in status Stopping" in twice
    assert "Requested resource not found." in cli(
        "describe-training-job", "--training-job-name", "nobody", refused=True
    )
