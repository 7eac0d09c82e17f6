"""SageMaker's runtime, which passes requests on to endpoints, and its errors in the words of who asks."""

from __future__ import annotations

import re
from typing import Any

from sagespec.base.redact import redacted
from sagespec.deploying.following.waits import waiting
from sagespec.deploying.services import Answer, ModelError, ServiceError
from sagespec.deploying.services.sagemaker.faults import CutShort, call, cause_of, code_of

RUNTIME = "sagemaker-runtime"
ANSWER_SECONDS = 70.0
"""How long an answer may take: a model has 60 s, and it is the service that says so when they are over.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""
_AGAIN = "send it again"
_TROUBLE = f"the service has a problem; {_AGAIN}"
HINTS = {
    "ModelNotReadyException": f"the model is still being loaded; {_AGAIN} in a minute",
    "ThrottlingException": f"the endpoint takes no more requests at a time; {_AGAIN} later, or give it more capacity",
    "InternalFailure": _TROUBLE,
    "ServiceUnavailable": _TROUBLE,
    "InternalDependencyException": _TROUBLE,
    "ValidationError": "",
    "ReadTimeoutError": "there was no answer in time: is the network up? The model may have been asked several times",
}
"""Code of an error → what to do, where that is not what is done about other calls."""
_NOT_FOUND = re.compile(r"Endpoint \S+ of account \d+ not found")


def invoke(client: Any, name: str, **request: Any) -> Answer:
    """What an endpoint answers.

    Args:
        client: boto3's, of the runtime.
        request: the members of InvokeEndpoint, but for the name.

    Raises:
        ModelError: the model refused the request; with its words.
        ServiceError: it does not answer.
    """
    from botocore.exceptions import BotoCoreError

    doing = f"InvokeEndpoint {name}"
    try:
        answer = call(client.invoke_endpoint, doing, ("Body",), EndpointName=name, **request)
    except ServiceError as error:
        raise _explained(error, name) from cause_of(error)
    try:
        with waiting(f"the answer to {doing}"):
            return Answer(answer["Body"].read(), answer.get("ContentType", ""))
    except BotoCoreError as error:
        raise CutShort(f"{doing}: the answer was cut short", _AGAIN) from error


def _explained(error: ServiceError, name: str) -> ServiceError:
    cause = cause_of(error)
    code, response = code_of(cause), getattr(cause, "response", {})
    if code == "ModelError" and "OriginalStatusCode" in response:
        log = f"`sagespec logs {name}` says more (CloudWatch, /aws/sagemaker/Endpoints/{name})"
        text = response.get("OriginalMessage", response["Error"].get("Message", ""))
        return ModelError(int(response["OriginalStatusCode"]), redacted(str(text)), log)
    if _NOT_FOUND.search(error.message):
        return ServiceError(error.message, "check the name, the region and the account")
    return ServiceError(error.message, HINTS.get(code, error.hint))
