"""What a failure is told as: the service's words, and then whose matter it is and whether to try again."""

from __future__ import annotations

import botocore.session
import pytest

from sagespec.deploying.triage import INFRASTRUCTURE, FailureKind, triage

INTERNAL = "InternalServerError: We encountered an internal error. Please try again."
ROUTE = (
    "ClientError: Artifact upload failed:Please ensure that the subnet's route table has a route to an S3 VPC endpoint "
    "or a NAT device, and both the security groups and the subnet's network ACL allow outbound traffic to S3"
)
QUOTA = (
    "ResourceLimitExceeded: The account-level service limit 'ml.p3dn.24xlarge for training job usage' is 0 Instances"
)


@pytest.mark.parametrize(
    ("failure", "kind", "retry"),
    [
        (INTERNAL, FailureKind.SERVICE, True),
        ("InternalServerError: Platform Error: SageMaker pipe channel timed out", FailureKind.DATA, False),
        ("CapacityError: Unable to provision requested ML compute capacity. Please retry", FailureKind.CAPACITY, True),
        ("ClientError: failed due to InsufficientInstanceCapacity error", FailureKind.CAPACITY, True),
        (QUOTA, FailureKind.QUOTA, False),
        ("ClientError: Data download failed:Insufficient disk space", FailureKind.DISK, False),
        ("ClientError: Artifact upload failed:Insufficient disk space", FailureKind.DISK, False),
        (ROUTE, FailureKind.PERMISSION, False),
        ("ClientError: Data download failed:Access Denied (403) s3://bucket/x", FailureKind.PERMISSION, False),
        ("ClientError: Data download failed:No S3 objects found under s3://bucket/x", FailureKind.DATA, False),
        ("ClientError: Access denied for repository 123/x in registry", FailureKind.IMAGE, False),
        ("ClientError: Please use another value of some member", FailureKind.REQUEST, False),
        ('AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "x"', FailureKind.CODE, False),
        ("AlgorithmError: , exit code: 137", FailureKind.MEMORY, False),
        ("AlgorithmError: ExitCode 1\nResourceExhaustedError: OOM when allocating tensor", FailureKind.MEMORY, False),
        ("AlgorithmError: OSError: [Errno 28] No space left on device", FailureKind.DISK, False),
        ("something that nobody has seen before", FailureKind.UNKNOWN, False),
        ("", FailureKind.UNKNOWN, False),
    ],
)
def test_a_failure_is_reported_as_what_it_is(failure: str, kind: FailureKind, retry: bool) -> None:
    verdict = triage("Failed", "Failed", failure)
    assert verdict is not None
    assert (verdict.kind, verdict.retry) == (kind, retry)
    assert verdict.next_step


@pytest.mark.parametrize("word", ["CapacityError", "Interrupted", "internal error", "service limit", "image not found"])
def test_a_script_that_speaks_like_the_service_is_still_the_authors_code(word: str) -> None:
    """Running broken code again for three times the price is not a cure."""
    verdict = triage("Failed", "Failed", f"AlgorithmError: ExecuteUserScriptError: ExitCode 1 {word}")
    assert verdict is not None
    assert (verdict.kind, verdict.exit_code, verdict.infrastructure) == (FailureKind.CODE, 1, False)


@pytest.mark.parametrize(
    ("status", "secondary", "kind"),
    [
        ("Stopped", "MaxRuntimeExceeded", FailureKind.TIME_LIMIT),
        ("Stopped", "MaxWaitTimeExceeded", FailureKind.TIME_LIMIT),
        ("Stopped", "Stopped", FailureKind.STOPPED),
        ("Failed", "Interrupted", FailureKind.SPOT),
    ],
)
def test_the_secondary_status_says_what_no_reason_says(status: str, secondary: str, kind: FailureKind) -> None:
    verdict = triage(status, secondary, "")
    assert verdict is not None
    assert verdict.kind is kind


def test_only_failed_and_stopped_jobs_need_a_verdict() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    statuses = set(model.shape_for("TrainingJobStatus").enum)
    assert {status for status in statuses if triage(status) is not None} == {"Failed", "Stopped"}


def test_only_what_nobody_is_to_blame_for_is_tried_again_by_itself() -> None:
    assert {FailureKind.CAPACITY, FailureKind.SERVICE, FailureKind.SPOT} == INFRASTRUCTURE


@pytest.mark.parametrize(
    ("failure", "kind", "step"),
    [
        (
            "ClientError: No space left on the disk that holds /p (while Training)",
            FailureKind.DISK,
            "free some room there",
        ),
        ("AlgorithmError: ExecuteUserScriptError:\nExitCode 1", FailureKind.CODE, "correct it and apply again"),
        (
            "ClientError: Data download failed: there is no file",
            FailureKind.DATA,
            "does the path exist here",
        ),
    ],
)
def test_failure_on_this_machine_is_cured_on_this_machine(failure, kind, step):
    verdict = triage("Failed", "Failed", failure, here=True)
    assert verdict.kind is kind
    assert step in verdict.next_step
    assert "apply --local" not in verdict.next_step
