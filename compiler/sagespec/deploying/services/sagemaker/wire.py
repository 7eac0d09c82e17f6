"""AWS through boto3: clients, settings, calls and pages; and what training jobs and endpoints need alike."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sagespec import __version__
from sagespec.building.request import Upload
from sagespec.building.tags import tag_list, tags_in
from sagespec.deploying.services import BadSetting, NoSuchJob, Progress, ServiceError, Stored
from sagespec.deploying.services.sagemaker.answers import quotable
from sagespec.deploying.services.sagemaker.faults import HINTS, call, cause_of, is_denied, service_error, tokens
from sagespec.deploying.services.sagemaker.runtime import ANSWER_SECONDS, RUNTIME
from sagespec.deploying.services.sagemaker.s3 import ObjectStore

PAGE = 100
ATTEMPTS = 6
"""How often botocore sends a call; AWS_MAX_ATTEMPTS, or `max_attempts` in the profile, says it otherwise."""
CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
"""How long an answer may take to begin; SAGESPEC_READ_TIMEOUT says it otherwise."""
PATIENCE = {RUNTIME: ANSWER_SECONDS}
"""Service → how long it may take, where that is another time."""


class Wire:
    """One account in one region. Safe to share between threads once made."""

    def __init__(self, region: str = "", *, session: Any = None, sleep: Callable[[float], None] = time.sleep) -> None:
        """Configured as boto3 always is: profiles, `AWS_*`, `AWS_ENDPOINT_URL*`.

        Nothing is called before it is needed.

        Args:
            region: empty for what the environment or the profile says.
            session: a boto3 session, for those who have one.
            sleep: takes seconds, for tests.
        """
        self._region = region or os.environ.get("AWS_REGION", "")  # which boto3 alone does not read
        self._session = session
        setting("SAGESPEC_READ_TIMEOUT", READ_SECONDS)  # a wrong one is reported before anything is asked
        self._sleep = sleep
        self._lock = threading.RLock()
        self.calls = 0
        """How many calls were made so far; those that botocore repeats count once."""
        self._clients: dict[str, Any] = {}

    @property
    def region(self) -> str:
        return self._region or str(self._client("sagemaker").meta.region_name)

    @property
    def name(self) -> str:
        return f"SageMaker {self.region}"

    # What lies in S3 --------------------------------------------------------------------------------------------------

    def upload(self, upload: Upload, progress: Progress, kms_key: str | None = None) -> bool:
        """Brings an archive or a folder to S3, whole or not at all; False where it was there already.

        Raises:
            ServiceError: S3 refused, or the files were changed meanwhile.
        """
        return ObjectStore(self._client("s3"), self.region, kms_key=kms_key).upload(upload, progress)

    def objects(self, uri: str) -> Iterator[Stored]:
        """What lies below a URI of `summaries`."""
        return ObjectStore(self._client("s3"), self.region).objects(uri)

    def fetch(self, uri: str, path: Path) -> None:
        """Brings an object to a file.

        Raises:
            ServiceError: it is not there, or did not arrive completely.
        """
        ObjectStore(self._client("s3"), self.region).fetch(uri, path)

    # Whose it is ------------------------------------------------------------------------------------------------------

    def account(self) -> str:
        """The account that the credentials belong to."""
        return str(self._call("get_caller_identity", "", ("Account",), client="sts")["Account"])

    def check_role(self, role_arn: str) -> None:
        """Asks IAM for an execution role; who may not ask learns nothing, and is not stopped.

        Raises:
            ServiceError: there is no such role, or SageMaker may not take it on.
        """
        role = role_arn.rpartition("/")[2]
        try:
            answer = self._call("get_role", role, ("Role",), client="iam", RoleName=role)
        except NoSuchJob as error:
            raise ServiceError(error.message, "give the ARN of an execution role that exists") from error
        except ServiceError as error:
            if is_denied(cause_of(error)):
                return
            raise
        if "sagemaker.amazonaws.com" not in str(
            answer["Role"].get("AssumeRolePolicyDocument", "sagemaker.amazonaws.com")
        ):
            raise ServiceError(
                f"SageMaker may not assume {role_arn}", "its trust policy must name sagemaker.amazonaws.com"
            )

    # Calls ------------------------------------------------------------------------------------------------------------

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def _made(self, service: str) -> Any:
        from botocore.exceptions import BotoCoreError

        try:
            session = self._aws()
            patience = setting("SAGESPEC_READ_TIMEOUT", PATIENCE.get(service, READ_SECONDS))
            config = self._config(session, patience)
            client = session.client(service, region_name=self._region or None, config=config)
        except (BotoCoreError, ValueError) as error:
            raise service_error(error, "AWS cannot be called") from error
        client.meta.events.register("before-call", self._count)
        return client

    def _count(self, **_: Any) -> None:
        with self._lock:
            self.calls += 1

    def _aws(self) -> Any:
        """The session. Credentials are fetched once, here, where their errors can be distinguished from the rest."""
        if self._session is None:
            import boto3
            from botocore.exceptions import BotoCoreError

            session = boto3.Session(region_name=self._region or None)
            try:
                session.get_credentials()
            except (BotoCoreError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                hint = HINTS.get(type(error).__name__, HINTS["CredentialRetrievalError"])
                raise ServiceError(f"there are no credentials: {quotable(str(error))}", hint) from error
            self._session = session
        return self._session

    def _config(self, session: Any, patience: float) -> Any:
        """What the environment, the profile, or whoever made the session says goes before what we find fit."""
        from botocore.config import Config

        configured = session._session.get_config_variable
        retries: dict[str, Any] = {} if os.environ.get("AWS_RETRY_MODE") else {"mode": "adaptive"}
        if configured("max_attempts") is None:
            retries["total_max_attempts"] = ATTEMPTS
        ours = Config(
            retries=retries,
            connect_timeout=min(CONNECT_SECONDS, patience),
            read_timeout=patience,
            max_pool_connections=20,
            user_agent_extra=f"sagespec/{__version__}",
        )
        theirs = session._session.get_default_client_config()
        return ours if theirs is None else ours.merge(theirs)

    def _call(
        self, method: str, about: str, required: Sequence[str] = (), *, client: str = "sagemaker", **parameters: Any
    ) -> dict[str, Any]:
        doing = f"{''.join(word.title() for word in method.split('_'))} {about}".strip()
        return call(getattr(self._client(client), method), doing, required, **parameters)

    def _pages(self, method: str, required: Sequence[str], **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page, empty ones too: a page may be empty and yet not be the last.

        A token that has expired between two pages starts the reading again; who reads must not mind repetitions.
        """
        restarts = 0
        size: dict[str, Any] = {"MaxResults": PAGE}
        token: dict[str, Any] = {}
        new = tokens(method)
        while True:
            try:
                answer = self._call(method, "", required, **parameters, **size, **token)
            except ServiceError as error:
                if (
                    not token
                    or restarts == 3
                    or not re.search(r"(?i)token", error.message)
                    or "Expired" in error.message
                ):
                    raise
                restarts, token, new = restarts + 1, {}, tokens(method)
                continue
            yield answer
            if not answer.get("NextToken"):
                return
            token = {"NextToken": new(answer["NextToken"])}

    def _tags_at(self, arn: str) -> dict[str, str]:
        """The tags of a thing, but those that AWS sets itself: they are nobody's drift."""
        tags: dict[str, str] = {}
        for answer in self._pages("list_tags", ("Tags",), ResourceArn=arn):
            tags |= tags_in(answer["Tags"])
        return {key: value for key, value in tags.items() if not key.startswith("aws:")}

    def _retag(self, about: str, arn: str, add: Mapping[str, str], remove: Sequence[str]) -> None:
        """Removes and adds tags, in this order: a thing holds fifty at most."""
        if remove:
            self._call("delete_tags", about, ResourceArn=arn, TagKeys=list(remove))
        if add:
            self._call("add_tags", about, ("Tags",), ResourceArn=arn, Tags=tag_list(add))


def setting(name: str, default: float) -> float:
    """A number of the environment.

    Raises:
        BadSetting: it is not a number above zero.
    """
    given = os.environ.get(name, "").strip()
    try:
        value = float(given or default)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        wrong = f"{name} is '{quotable(given)}', which is not a number above 0"
        raise BadSetting(wrong, f"for instance {name}={default:g}")
    return value
