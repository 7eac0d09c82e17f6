"""The policies of docs/permissions.md are what the commands need: no action is missing, none is there in vain."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY, Judge
from fakes.fixtures import BUCKET, REGION, Aws, session_of
from fakes.serving import LONG, Serving
from sagespec.building.request import Request
from sagespec.deploying.applying.applier import Applier
from sagespec.deploying.asking import ask
from sagespec.deploying.following.follow import follow
from sagespec.deploying.planning.changed_files import ChangedFiles
from sagespec.deploying.planning.jobs.planner import PlanOptions, decide_all
from sagespec.deploying.planning.pruning import PruneVerdict
from sagespec.deploying.pool import ServicePool
from sagespec.deploying.services import ServiceError
from sagespec.deploying.services.sagemaker.endpoints import SageMakerEndpoints
from sagespec.deploying.services.sagemaker.s3 import ObjectStore
from sagespec.deploying.services.sagemaker.service import SageMaker

IAM: dict[str, tuple[str, ...]] = {
    "CreateTrainingJob": ("sagemaker:CreateTrainingJob", "sagemaker:AddTags", "iam:PassRole"),
    "CreateModel": ("sagemaker:CreateModel", "sagemaker:AddTags", "iam:PassRole"),
    "CreateEndpointConfig": ("sagemaker:CreateEndpointConfig", "sagemaker:AddTags"),
    "CreateEndpoint": ("sagemaker:CreateEndpoint", "sagemaker:AddTags"),
    "InvokeEndpoint": ("sagemaker:InvokeEndpoint",),
    "HeadObject": ("s3:GetObject",),
    "PutObject": ("s3:PutObject",),
    "CreateMultipartUpload": ("s3:PutObject",),
    "UploadPart": ("s3:PutObject",),
    "CompleteMultipartUpload": ("s3:PutObject",),
    "ListObjectsV2": ("s3:ListBucket",),
    "GetCallerIdentity": (),
}
"""What a call needs where that is not an action of its own name.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""


def policies() -> dict[str, dict[str, Any]]:
    text = (REPOSITORY / "docs" / "permissions.md").read_text(encoding="utf-8")
    return {
        name: json.loads(body)
        for name, body in re.findall(r"<!-- policy: (\w+) -->\n```json\n(.*?)```", text, re.DOTALL)
    }


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allowed(*names: str) -> set[str]:
    return {
        action
        for name in names
        for statement in policies()[name]["Statement"]
        for action in listed(statement["Action"])
    }


class Calls:
    """The service, and the permissions that its calls have needed since the last look."""

    def __init__(self) -> None:
        self.session = session_of()
        self.session.events.register("before-call", self._note)
        self.service = SageMaker(REGION, session=self.session, creates_per_second=1e9)
        self._needed: set[str] = set()

    def _note(self, model: Any, **_: Any) -> None:
        prefix = {"cloudwatch logs": "logs"}.get(
            model.service_model.service_id.lower(), model.service_model.endpoint_prefix
        )
        prefix = prefix.removeprefix("api.")
        self._needed.update(IAM.get(model.name, (f"{prefix}:{model.name}",)))

    def needed(self) -> set[str]:
        needed, self._needed = self._needed, set()
        return needed


@pytest.fixture
def calls(aws: Aws) -> Calls:
    return Calls()


@pytest.fixture
def request_of(judge: Judge, code: Path) -> Iterator[Any]:
    (code / "data").mkdir()
    (code / "data" / "a.csv").write_bytes(b"1,2\n" * 100)

    def made(**over: Any) -> Request:
        request = judge({"model_dir": False, **over}, build=True).request
        assert request is not None
        return request._replace(project="vision")

    return made


def test_plan_needs_what_its_policy_allows(aws: Aws, calls: Calls, request_of: Any) -> None:
    there, new = request_of(name="there", enable_remote_debug=True), request_of(name="new")
    SageMaker(REGION, session=session_of()).create(there, 1)
    aws.jobs.search_lag = 600
    calls.service.account()
    decide_all([there, new], calls.service.observe([there, new], projects=True))
    assert calls.needed() == allowed("plan")


def test_naming_the_files_that_have_changed_needs_what_its_policy_allows(
    aws: Aws, calls: Calls, request_of: Any, code: Path
) -> None:
    before = request_of()
    apply(calls, aws, [before])
    aws.advance(36_000)
    (code / "train.py").write_text((code / "train.py").read_text() + "# changed\n")
    pool = ServicePool(lambda site: calls.service)
    plan = pool.plan([request_of()], PlanOptions())
    calls.needed()
    assert [change.files for change in pool.naming_files(plan).changes] == [ChangedFiles(changed=("train.py",))]
    assert calls.needed() == allowed("code")


def apply(calls: Calls, aws: Aws, requests: Iterable[Request], options: PlanOptions = PlanOptions()) -> None:  # noqa: B008
    requests = list(requests)
    gone = lambda job: (PruneVerdict.GONE, "gone")  # noqa: E731
    plan = decide_all(requests, calls.service.observe(requests, projects=options.prune), options, gone)
    outcomes = list(Applier(calls.service, sleep=aws.advance).apply(plan, options))
    assert [outcome.error for outcome in outcomes if outcome.error] == []


def test_apply_needs_what_its_policies_allow(aws: Aws, calls: Calls, request_of: Any, code: Path) -> None:
    """A new job with code and data; then tags, a live change, a replacement, a job to prune, and one to take over."""
    trust = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    }
    aws.client("iam").create_role(RoleName="SageMakerRole", AssumeRolePolicyDocument=json.dumps(trust))
    with_data = request_of(channels={"train": {"path": "data"}}, tags={"old": "x"}, enable_remote_debug=True)
    calls.service.account()
    calls.service.check_role("arn:aws:iam::123456789012:role/SageMakerRole")
    apply(calls, aws, [with_data, request_of(name="gone")])
    aws.advance(20)
    apply(calls, aws, [with_data._replace(tags={"new": "y"})])
    off = {**with_data.template, "RemoteDebugConfig": {"EnableRemoteDebug": False}}
    apply(calls, aws, [with_data.with_template(off)])
    apply(calls, aws, [request_of(max_run=60)], PlanOptions(replace=True, prune=True))
    aws.jobs.search_lag = aws.jobs.list_lag = 600  # what another applier has created is met by its name
    apply(calls, aws, [request_of(max_run=60)])
    in_parts = ObjectStore(calls.session.client("s3"), REGION, part=99)
    with pytest.raises(ServiceError, match="EntityTooSmall"):
        in_parts.upload(with_data.uploads[1]._replace(uri=f"s3://{BUCKET}/elsewhere/"), lambda *_: None)
    assert calls.needed() == allowed("plan", "apply")


def test_following_needs_what_its_policies_allow(aws: Aws, calls: Calls, request_of: Any) -> None:
    request = request_of()
    SageMaker(REGION, session=session_of()).create(request, 1)
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.log(f"{request.job_name()}/algo-1-1700000000", (1_700_000_000_000, "epoch 1"))
    list(follow(calls.service, [request.job_name()], sleep=lambda _: aws.advance(10)))
    assert calls.service.artifact(request.job_name()) is None
    assert calls.needed() | allowed("plan") == allowed("plan", "follow")


def test_the_policies_are_ones_that_iam_takes(aws: Aws) -> None:
    iam = aws.client("iam")
    for name, policy in policies().items():
        iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(policy))
    jobs = {"plan", "apply", "follow"}
    assert set(policies()) == jobs | {"code"} | {f"endpoints_{name}" for name in (*jobs, "invoke")}


def test_endpoints_need_what_their_policies_allow(aws: Aws, calls: Calls, tmp_path: Path) -> None:
    """All that a plan reads; then a creation, an update, a live change, a removal, and an endpoint that is pruned."""
    aws.make_role()
    serving = Serving(aws, tmp_path)
    service = SageMakerEndpoints(REGION, session=calls.session, sleep=aws.advance)
    serving.service = lambda: service  # type: ignore[method-assign]
    serving.model("one")
    serving.applied()
    serving.model("one", tags={"a": "b"})
    serving.applied()
    calls.needed()
    serving.model("two")
    serving.plan(prune=True)
    assert calls.needed() == allowed("endpoints_plan")
    for over in ({"variant": "two"}, {"variant": "two", "initial_instance_count": 2}, {"variant": "three"}):
        serving.model(**over)
        serving.applied()
    job = {"TransformJobName": "theirs", "ModelName": "other"}
    aws.jobs.endpoints.transforms = [job]
    serving.applied()
    aws.client("sagemaker").create_model(ModelName="x", ExecutionRoleArn="arn:aws:iam::123456789012:role/SageMakerRole")
    serving.write("other", role="SageMakerRole", account_id="123456789012")
    (tmp_path / "mnist.yaml").unlink()
    assert [outcome.error for outcome in serving.apply(prune=True)] == [None, None]
    assert calls.needed() == allowed("endpoints_plan", "endpoints_apply")
    service.tail("other", 5)
    aws.client("logs").create_log_group(logGroupName="/aws/sagemaker/Endpoints/other")
    aws.client("logs").create_log_stream(logGroupName="/aws/sagemaker/Endpoints/other", logStreamName="A/i-1")
    service.tail("other", 5)
    assert calls.needed() == allowed("endpoints_follow")
    aws.advance(LONG)
    ask(service, "other", b"1,2", "text/csv")
    assert calls.needed() == allowed("endpoints_invoke")


def test_plan_changes_nothing() -> None:
    assert {action.partition(":")[2] for action in allowed("plan")} <= {
        "Search",
        "ListTrainingJobs",
        "DescribeTrainingJob",
        "ListTags",
    }


def test_the_readme_names_the_actions_of_the_policies() -> None:
    table = (REPOSITORY / "README.md").read_text(encoding="utf-8").partition("| for | actions |\n")[2]
    named = [set(re.findall(r"`(\w+:\w+)`", row)) for row in table.split("\n")[1:5]]
    assert named == [set(), allowed("plan"), allowed("apply"), allowed("follow")]
