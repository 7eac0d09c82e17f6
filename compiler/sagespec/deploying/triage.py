"""What a failure really is (capacity, quota, data, the author's code …), whether a retry helps, and what to do next."""

from __future__ import annotations

import re
from enum import Enum

from sagespec.base.named import NamedTuple


class FailureKind(str, Enum):
    """Whose matter a failure is. A closed set."""

    CAPACITY = "capacity"
    QUOTA = "quota"
    PERMISSION = "permission"
    DATA = "data"
    IMAGE = "image"
    REQUEST = "request"
    CODE = "code"
    MEMORY = "memory"
    DISK = "disk"
    TIME_LIMIT = "time limit"
    SPOT = "spot"
    SERVICE = "service"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


INFRASTRUCTURE = frozenset({FailureKind.CAPACITY, FailureKind.SERVICE, FailureKind.SPOT})
"""Nobody's manifest, data or code is at fault."""


class FailureVerdict(NamedTuple):
    """What kind of failure one is."""

    kind: FailureKind
    retry: bool
    """Whether the same job may well succeed when it is run again."""
    next_step: str
    exit_code: int | None = None
    """Of the training script, where the service says it."""

    @property
    def infrastructure(self) -> bool:
        return self.kind in INFRASTRUCTURE


_ROLE = "give the execution role that permission (docs/permissions.md), then --rerun"
_DISK = "raise volume_size, or choose an instance type with more local storage; FastFile downloads nothing"
_ROUTE = "give the subnets a route to S3 (a gateway endpoint or NAT) and the security groups a way out"
_SCRIPT = "the end of the log shows what the script said; rehearse it with: sagespec apply --local"
_LIMIT = "raise {field}; with checkpoint_s3_uri the next attempt resumes, and --rerun starts it"

_NOT_THE_SCRIPT = frozenset(
    {
        FailureKind.CAPACITY,
        FailureKind.QUOTA,
        FailureKind.SPOT,
        FailureKind.IMAGE,
        FailureKind.DATA,
        FailureKind.SERVICE,
    }
)
"""What an AlgorithmError never is, whatever words the script's own message holds."""

_Row = tuple[str, FailureKind, bool, str]

# The first pattern that is found in a FailureReason decides. Sources: AWS's troubleshooting pages and API reference,
# and the messages that other tools' issues and sources quote (SageMaker SDK, Terraform provider, AWS examples).
_REASONS: tuple[_Row, ...] = (
    # In the words of InternalServerError and yet not transient.
    (
        r"pipe channel timed out",
        FailureKind.DATA,
        False,
        "a Pipe channel needs a reader that keeps reading: use PipeModeDataset, or input_mode: FastFile",
    ),
    (
        r"CapacityError|Insufficient ?Instance ?Capacity|Unable to provision requested ML compute capacity",
        FailureKind.CAPACITY,
        True,
        "apply again later, or choose another instance_type, region or subnets in more zones",
    ),
    (
        r"ResourceLimitExceeded|service limit|service quota",
        FailureKind.QUOTA,
        False,
        "raise that quota (Service Quotas, Amazon SageMaker), or wait until other jobs have ended",
    ),
    (
        r"[Ss]pot (instance|capacity|interrupt)|Interrupted",
        FailureKind.SPOT,
        True,
        "apply again: checkpoints are resumed",
    ),
    (r"[Nn]o space left on|[Ii]nsufficient disk space|ENOSPC", FailureKind.DISK, False, _DISK),
    (r"route to an? S3|S3 VPC endpoint|NAT device", FailureKind.PERMISSION, False, _ROUTE),
    (
        r"CannotPullContainer|[Ii]mage .*(not exist|not found|does not)|Access denied for repository|\bECR\b|"
        r"container image|exec format error|Cannot start the container",
        FailureKind.IMAGE,
        False,
        "is image_uri right and in the job's region, and may the execution role pull it (ecr:BatchGetImage)?",
    ),
    (
        r"Access ?[Dd]enied|[Nn]ot authorized|[Uu]nauthorized|Forbidden|KMS|kms:|[Cc]ould not assume role|\b403\b",
        FailureKind.PERMISSION,
        False,
        _ROLE,
    ),
    (
        r"[Oo]ut ?[Oo]f ?[Mm]emory|OutOfMemory|\bOOM|ResourceExhaustedError|CUDA_ERROR_OUT_OF_MEMORY|MemoryError|"
        r"[Cc]annot allocate memory|(?i:exit ?code:?) ?137\b|(?i:signal) 9\b|SIGKILL",
        FailureKind.MEMORY,
        False,
        "choose an instance_type with more memory, or a smaller batch",
    ),
    (
        r"[Dd]ata download failed|No S3 objects? found|does not exist under S3|[Nn]o such (bucket|key)|NoSuchBucket|"
        r"NoSuchKey|manifest file|[Uu]nable to (mount|access)|mount (failed|error|timed out)|file ?system",
        FailureKind.DATA,
        False,
        "look at the channels: is the data there, in the job's region, and in the form that the channel says?",
    ),
    (
        r"[Aa]rtifact upload failed",
        FailureKind.PERMISSION,
        False,
        "the execution role must be able to write to output_path",
    ),
    (r"^AlgorithmError|ExecuteUserScriptError|(?i:exit ?code)", FailureKind.CODE, False, _SCRIPT),
    (
        r"^InternalServerError|[Ii]nternal (server )?error|^ServiceUnavailable",
        FailureKind.SERVICE,
        True,
        "apply again; if it happens each time, large checkpoints are a known cause",
    ),
    (r"^ClientError", FailureKind.REQUEST, False, "the service's message says which field of the manifest it is about"),
)

_SECONDARY = {
    "MaxRuntimeExceeded": FailureVerdict(FailureKind.TIME_LIMIT, False, _LIMIT.format(field="max_run")),
    "MaxWaitTimeExceeded": FailureVerdict(
        FailureKind.TIME_LIMIT, False, _LIMIT.format(field="max_wait (no spot capacity came in time, or too late)")
    ),
    "Interrupted": FailureVerdict(FailureKind.SPOT, True, "apply again: checkpoints are resumed"),
}
"""SecondaryStatus says these surely, whatever the reason."""

_EXIT_CODE = re.compile(r"(?i)exit ?code:? ?(\d{1,3})\b")
_STOPPED = FailureVerdict(FailureKind.STOPPED, False, "--rerun starts it again")
_UNKNOWN = FailureVerdict(FailureKind.UNKNOWN, False, "the end of the log may say more; --rerun tries again")


_HERE = {
    FailureKind.CODE: "the end of the log shows what the script said; correct it and apply again",
    FailureKind.MEMORY: "something ended the script from outside: this machine may have too little memory for it",
    FailureKind.DISK: "free some room there, then --rerun; sagespec local clean deletes jobs that have ended",
    FailureKind.DATA: "look at the channels: does the path exist here, or the S3 data for these credentials?",
    FailureKind.IMAGE: "can docker pull that image here? The executor 'process' needs none",
    FailureKind.REQUEST: "see what it says; sagespec apply --local --help shows how jobs run on this machine",
    FailureKind.SERVICE: "apply again with --rerun; the job's supervisor.log may say more",
    FailureKind.TIME_LIMIT: "raise max_run, then apply again",
}
"""What to do next about a job on this machine."""


def triage(status: str, secondary: str = "", failure: str = "", *, here: bool = False) -> FailureVerdict | None:
    """What became of a job that did not complete; None for one that did, or that has not ended.

    Args:
        status, secondary: TrainingJobStatus and SecondaryStatus.
        failure: FailureReason, in the service's words (at most 1,024 characters of the container's own file).
        here: it is a job of this machine.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
    """
    if status not in ("Failed", "Stopped"):
        return None
    verdict = _verdict(status, secondary, failure)
    return verdict._replace(next_step=_HERE.get(verdict.kind, verdict.next_step)) if here else verdict


def _verdict(status: str, secondary: str, failure: str) -> FailureVerdict:
    if secondary in _SECONDARY:
        return _SECONDARY[secondary]
    if status == "Stopped":
        return _STOPPED
    found = _EXIT_CODE.search(failure)
    exit_code = int(found[1]) if found else None
    theirs = failure.startswith("AlgorithmError")
    for pattern, kind, retry, next_step in _REASONS:
        if not (theirs and kind in _NOT_THE_SCRIPT) and re.search(pattern, failure):
            return FailureVerdict(kind, retry, next_step, exit_code)
    return _UNKNOWN


_ENDPOINT_REASONS: tuple[_Row, ...] = (
    (
        r"did not pass the ping health check|health check",
        FailureKind.CODE,
        False,
        "the log says why the container does not answer (sagespec logs): most often the model's archive holds no "
        "<number>/saved_model.pb, or inference.py fails",
    ),
    (
        r"[Aa]larm",
        FailureKind.CODE,
        False,
        "the alarm that took the update back says what got worse (CloudWatch)",
    ),
    (
        r"[Mm]odel data|[Mm]odel artifact|ModelDataUrl",
        FailureKind.DATA,
        False,
        "is the model's archive there, and in the region?",
    ),
)
"""What is said of endpoints alone. Sources: the developer guide on troubleshooting deployments; users' reports."""


_LOG = "the endpoint's log may say more: sagespec logs"
_ENDPOINT_STEPS = {
    FailureKind.CAPACITY: "apply again later, or choose another instance_type, region or subnets in more zones",
    FailureKind.QUOTA: "raise that quota (Service Quotas, Amazon SageMaker, … for endpoint usage), or delete another "
    "endpoint: an update needs both fleets at a time",
    FailureKind.PERMISSION: "give the execution role that permission (docs/permissions.md); a VPC, a route to S3",
    FailureKind.DATA: "is the model's archive there, in the endpoint's region, and a .tar.gz without links?",
    FailureKind.IMAGE: "is image_uri right, in the region and for the instance type's processor, and may the "
    "execution role pull it (ecr:BatchGetImage)?",
    FailureKind.MEMORY: "choose an instance_type with more memory, or fewer SAGEMAKER_GUNICORN_WORKERS",
    FailureKind.DISK: "raise volume_size: it holds the archive and what is unpacked of it",
    FailureKind.CODE: "the log shows what the server and inference.py said: sagespec logs; try it with: sagespec apply "
    "--local",
    FailureKind.REQUEST: "the service's message says which field of the manifest it is about",
    FailureKind.SERVICE: "apply again",
}
"""What to do next about an endpoint: what helps a training job (channels, checkpoints) is none of its matter."""
_ENDPOINT_HERE = {
    FailureKind.MEMORY: "something ended the server from outside: this machine may have too little memory for it",
    FailureKind.DISK: "free some room there, then apply again",
    FailureKind.DATA: "does the model lie there, as the server wants it (docs/endpoints.md)?",
    FailureKind.IMAGE: "can docker pull that image here? The executor 'process' needs none",
    FailureKind.CODE: "the log shows what the server and the script said: sagespec logs; correct it and apply again",
    FailureKind.REQUEST: "see what it says, correct it and apply again",
    FailureKind.SERVICE: "apply again; supervisor.log in the endpoint's folder may say more",
    FailureKind.UNKNOWN: _LOG,
}
"""… of this machine."""


def why_endpoint(failure: str, *, here: bool = False) -> FailureVerdict:
    """What a FailureReason of an endpoint is.

    Args:
        here: it is an endpoint of this machine.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
    """
    ours = ((pattern, kind, retry, _ENDPOINT_STEPS.get(kind, _LOG)) for pattern, kind, retry, _ in _REASONS)
    for pattern, kind, retry, next_step in (*_ENDPOINT_REASONS, *ours):
        if re.search(pattern, failure):
            return FailureVerdict(kind, retry, _ENDPOINT_HERE.get(kind, next_step) if here else next_step)
    return FailureVerdict(FailureKind.UNKNOWN, False, _LOG)
