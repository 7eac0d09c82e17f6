"""What AWS says when something goes wrong, in our exceptions: its own words, and what to do about them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from sagespec.deploying.following.waits import waiting
from sagespec.deploying.services import InProgress, NameTaken, NoSuchJob, ServiceError
from sagespec.deploying.services.sagemaker.answers import (
    MissingMembers,
    UnreadableAnswer,
    WebPage,
    is_page,
    page_in,
    quotable,
    read,
)

AGAIN = "run it again: nothing is done twice"
_SIGN_IN = f"sign in again (for instance `aws sso login`), then {AGAIN}"
_WHO = "`aws sts get-caller-identity` shows who runs this; a profile or AWS_* variables choose another"
_THROTTLED = f"other callers use up the account's rate; {AGAIN}"
_CLOCK = "this machine's clock is wrong: set it (`timedatectl` shows whether it is kept right)"
_ELSEWHERE = "the bucket lies in another region than the job, which SageMaker refuses"
_PROXY = (
    "a proxy or a sign-in page answers instead of AWS: HTTPS_PROXY, NO_PROXY and AWS_ENDPOINT_URL say where calls go"
)
_SLOW = (
    "check the network, and whether a firewall or proxy lets AWS through; "
    f"AWS_MAX_ATTEMPTS says how often it is tried; {AGAIN}"
)
_KEY = "the KMS key cannot be used: enable it, or give another key or none"
_SEE_WHAT_IS_SENT = "the service's message says which member it is about; `sagespec compile` shows what is sent"

HINTS: dict[str, str] = {
    "ResourceLimitExceeded": "raise that quota (Service Quotas, Amazon SageMaker), use another instance type, or wait "
    "until other jobs have ended",
    "ThrottlingException": _THROTTLED,
    "Throttling": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "SlowDown": _THROTTLED,
    "ExpiredToken": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
    "RequestExpired": "the credentials or this machine's clock are out of date",
    "UnrecognizedClientException": _WHO,
    "InvalidClientTokenId": _WHO,
    "InvalidAccessKeyId": _WHO,
    "SignatureDoesNotMatch": "the secret key does not belong to the key id, or this machine's clock is wrong",
    "InvalidSignatureException": "the secret key does not belong to the key id, or this machine's clock is wrong",
    "OptInRequired": "the account has no access to this region",
    "NoSuchBucket": "make the bucket, or leave output_path and code_location out: the default bucket is made by itself",
    "NoSuchEntity": "there is no such role in the account of the credentials: give the ARN of an execution role",
    "RequestTimeTooSkewed": _CLOCK,
    "301": _ELSEWHERE,
    "MovedPermanently": _ELSEWHERE,
    "PermanentRedirect": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "IllegalLocationConstraintException": _ELSEWHERE,
    "KMS.Disabled": _KEY,
    "KMS.DisabledException": _KEY,
    "KMS.NotFoundException": _KEY,
    "KMS.InvalidStateException": _KEY,
    "KMS.KMSInvalidStateException": _KEY,
    "ValidationException": _SEE_WHAT_IS_SENT,
    "ValidationError": _SEE_WHAT_IS_SENT,
    "InvalidParameterValue": _SEE_WHAT_IS_SENT,
    "RequestTimeout": _SLOW,
    "BadDigest": "the file was changed while it was sent; run it again",
    "InternalFailure": f"the service has a problem; {AGAIN}",
    "InternalServerError": f"the service has a problem; {AGAIN}",
    "InternalError": f"the service has a problem; {AGAIN}",
    "ServiceUnavailable": f"the service has a problem; {AGAIN}",
    "SerializationException": "a number or a text stands where the API wants the other",
    "NoCredentialsError": "give credentials: AWS_PROFILE, `aws sso login`, or AWS_ACCESS_KEY_ID and its secret",
    "PartialCredentialsError": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together",
    "ProfileNotFound": "`aws configure list-profiles` lists the profiles; AWS_PROFILE chooses one",
    "NoRegionError": "give region in the manifest or the defaults, or AWS_REGION",
    "CredentialRetrievalError": "run the profile's credential_process by hand: it must end well and print JSON with "
    "Version, AccessKeyId and SecretAccessKey",
    "ProxyConnectionError": "is HTTPS_PROXY right, and does the proxy run? NO_PROXY names what goes past it",
    "SSLError": "who answers is not trusted by this machine: AWS_CA_BUNDLE names the certificates of a proxy",
    "ReadTimeoutError": _SLOW,
    "ConnectTimeoutError": _SLOW,
    "ConnectionClosedError": _SLOW,
    "HTTPClientError": _SLOW,
    "InvalidRegionError": "give region as AWS writes it: us-west-2",
    "EndpointConnectionError": "is there a network, and is the region's name right? AWS_ENDPOINT_URL is honoured",
    "ParamValidationError": "a newer botocore may know the member: pip install --upgrade boto3",
    "TokenRetrievalError": _SIGN_IN,
    "UnauthorizedSSOTokenError": _SIGN_IN,
    "SSOTokenLoadError": _SIGN_IN,
}
"""What to do, by the code of the service's answer or the name of botocore's exception."""

_WORDS: Sequence[tuple[str, str]] = (
    (
        r"No S3 objects found under|does not exist under S3",
        "there is no data there: look at the channel's place, its region, and whether the execution role may list it",
    ),
    (
        r"[Cc]ross-account pass role",
        "the role belongs to another account than the credentials: give a role of the credentials' account, or "
        "credentials of the role's",
    ),
    (r"Invalid endpoint", "AWS_ENDPOINT_URL (or endpoint_url in the profile) must be an address such as https://…"),
    (r"iam:PassRole", "the caller needs iam:PassRole on the execution role (docs/permissions.md)"),
    (
        r"[Cc]ould not assume role",
        "the role's trust policy must name sagemaker.amazonaws.com; a new role takes a minute",
    ),
    (
        r"list objects under S3 URL|s3:ListBucket",
        "the execution role needs s3:ListBucket and s3:GetObject on the input",
    ),
    (r"OutputDataConfig S3 bucket", "the execution role needs s3:PutObject on output_path"),
    (
        r"Cannot update in-progress endpoint",
        "another change of the endpoint is on its way: apply again when it is over (sagespec status shows it)",
    ),
    (
        r"must be deregistered as scalable targets",
        "an autoscaler owns the variant: deregister the scalable target (aws application-autoscaling "
        "deregister-scalable-target), apply, and register it again",
    ),
    (r"[Aa]ccess denied for repository", "the execution role needs ecr:BatchGetImage, or the image is not there"),
    (r"KMS|kms:[A-Z]", "the caller and the role need the key's permissions (docs/permissions.md)"),
)
"""What to do, by what the message says: validation and access errors have one code for many causes."""

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden"})
_NOT_FOUND_CODES = frozenset({"ResourceNotFound", "ResourceNotFoundException", "NoSuchEntity", "NoSuchKey"})
_NOT_FOUND_WORDS = re.compile(r"^(Requested resource not found|Could not find )")
_TAKEN_WORDS = re.compile(r"^Cannot create already existing ")
_BUSY_WORDS = re.compile(r"^Cannot update in-progress endpoint")
_LOOKS = re.compile(r"((Describe|Delete)(Endpoint|EndpointConfig|Model)|ListTags)$")
"""Operations on endpoints that name one thing alone, which is then what was not found."""
_NOT_ALLOWED = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z*]+)")


_PAUSES = (0.1, 0.5, 2.0)
"""Seconds before half an answer is asked for again."""


class CutShort(ServiceError):
    """An answer without the members that it must have: botocore turns half an answer into an empty one."""


class NotAws(ServiceError):
    """What came back is not an answer of AWS at all."""


def code_of(error: Exception) -> str:
    """The service's error code; for an error on the way there, the exception's name."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else type(error).__name__


def message_of(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Message", "")) if isinstance(response, dict) else str(error)


def is_not_found(error: Exception) -> bool:
    """Not-found has several faces: the model's ResourceNotFound, and two wordings of a ValidationException.

    Source: botocore's model of DescribeTrainingJob; the AWS controllers for Kubernetes; moto; the AWS
    operator for Kubernetes, for endpoints.
    """
    if code_of(error) in _NOT_FOUND_CODES or _is_bare(error, "404"):
        return True
    return code_of(error) == "ValidationException" and bool(_NOT_FOUND_WORDS.match(message_of(error)))


def is_denied(error: Exception) -> bool:
    return code_of(error) in DENIED or _is_bare(error, "403")


def _is_bare(error: Exception, status: str) -> bool:
    """Whether a HEAD was answered with nothing but this status, which is all that S3 says of one.

    From any other call a bare status comes from somebody on the way, who knows nothing of jobs.
    """
    return code_of(error) == status and str(getattr(error, "operation_name", "")).startswith("Head")


def hint_of(error: Exception) -> str:
    message = message_of(error)
    if is_not_found(error) and code_of(error) != "NoSuchEntity":
        return "check the name, the region and the account"
    for pattern, hint in _WORDS:
        if re.search(pattern, message):
            return hint
    action = _NOT_ALLOWED.search(message)
    if action:
        return f"allow {action[1]} for the identity that runs sagespec (docs/permissions.md)"
    if is_denied(error):
        return "the identity that runs sagespec lacks a permission (docs/permissions.md)"
    return HINTS.get(code_of(error), "")


def service_error(error: Exception, doing: str) -> ServiceError:
    """What botocore raised, as what plan and apply understand.

    Args:
        doing: what was tried, as people say it: `CreateTrainingJob mnist-0123456789`.
    """
    code, message = code_of(error), message_of(error)
    page = page_in(message)
    if page is not None:
        return NotAws(f"{doing}: {page}", _PROXY)
    kind, operation = ServiceError, doing.partition(" ")[0]
    if (code == "ResourceInUse" and operation == "CreateTrainingJob") or _TAKEN_WORDS.match(message):
        kind = NameTaken
    elif _BUSY_WORDS.match(message):
        kind = InProgress
    elif is_not_found(error) and ("TrainingJob" in operation or _LOOKS.match(operation)):
        kind = NoSuchJob
    text = quotable(message) if not hasattr(error, "response") or not code else f"{code}: {quotable(message)}"
    return kind(f"{doing}: {text}", hint_of(error))


def call(method: Callable[..., Any], doing: str, required: Sequence[str] = (), **parameters: Any) -> dict[str, Any]:
    """One call of a boto3 client; its answer has the members that it must have, each of its type.

    botocore repeats what was throttled or lost on the way. Half an answer is asked for again here: every call of ours
    may be repeated without harm.

    Raises:
        ServiceError: NameTaken and NoSuchJob where it is that; CutShort when half an answer is all there is, and NotAws
            when what comes back is not an answer of AWS.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    wrong: ServiceError | None = None
    for pause in (*_PAUSES, None):
        try:
            with waiting(f"the answer to {doing}"):
                return _read(method, method(**parameters), tuple(required))
        except (ClientError, BotoCoreError) as error:
            raise service_error(error, doing) from error
        except MissingMembers as error:
            wrong = CutShort(f"{doing}: {error}", AGAIN)
        except OSError as error:  # a credential_process, a certificate: what botocore opens for us
            raise ServiceError(f"{doing}: {quotable(str(error))}", _SLOW) from error
        except Exception as error:  # whatever botocore's parsers trip over is not an answer
            wrong = _not_aws(error, doing)
        if pause is not None:
            time.sleep(pause)
    assert wrong is not None
    raise wrong


def _read(method: Callable[..., Any], answer: Any, required: tuple[str, ...]) -> dict[str, Any]:
    client = getattr(method, "__self__", None)
    if client is None:  # a test's own
        return read(None, answer, required)
    model = client.meta.service_model
    if model.metadata["protocol"] != "rest-xml" and is_page(answer):  # an object in S3 may well be a web page
        raise WebPage("a web page came instead of AWS's answer")
    operation = model.operation_model(client.meta.method_to_api_mapping[method.__name__])
    return read(operation.output_shape, answer, required)


def _not_aws(error: Exception, doing: str) -> NotAws:
    """Botocore's own words about an answer that it cannot read are for those who maintain it."""
    if isinstance(error, WebPage):
        return NotAws(f"{doing}: {error}", _PROXY)
    if isinstance(error, UnreadableAnswer):
        return NotAws(f"{doing}: what came back is not what the API describes: {error}", f"{_PROXY}; {AGAIN}")
    text = str(error).replace("\\n", "\n")  # bytes are quoted there
    page = page_in(text[max(0, text.find("<")) :])
    return NotAws(f"{doing}: {page or 'what came back is not what the API describes'}", f"{_PROXY}; {AGAIN}")


def cause_of(error: ServiceError) -> Exception:
    """What botocore raised; the error itself where it did not."""
    return error.__cause__ if isinstance(error.__cause__, Exception) else error


def tokens(doing: str) -> Callable[[str], str]:
    """Takes each page's token on its way to the next call.

    Raises:
        NotAws: a token comes again: the reading would never end.
    """
    known: set[str] = set()

    def new(token: str) -> str:
        if token in known:
            raise NotAws(f"{doing}: the pages repeat and never end", AGAIN)
        known.add(token)
        return token

    return new
