"""SageMaker's training jobs through boto3, behind the service interface."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sagespec.building.request import Request
from sagespec.deploying.following.waits import waiting
from sagespec.deploying.services import (
    Cursor,
    LogLine,
    NameTaken,
    ServiceError,
)
from sagespec.deploying.services.live import changes
from sagespec.deploying.services.sagemaker.logs import of_job, read_logs, read_tail
from sagespec.deploying.services.sagemaker.observing import POLL_SECONDS, JobObserver
from sagespec.deploying.services.sagemaker.s3 import ObjectStore
from sagespec.deploying.services.sagemaker.wire import setting

CREATES_PER_SECOND = 1.0
"""The default quota `Rate of CreateTrainingJob requests`; SAGESPEC_CREATES_PER_SECOND gives a higher one."""
CALLS_A_MINUTE = 600
"""What following may cost, however many jobs are followed."""
_OVER = re.compile(r"training job is in status (Stopping|Stopped|Failed|Completed|Deleting)")


class SageMaker(JobObserver):
    """The training jobs of one account in one region. Safe to share between threads once made."""

    poll_seconds = POLL_SECONDS
    """How often it is polite to look at a running job."""
    calls_a_minute = CALLS_A_MINUTE
    late_logs = True
    """CloudWatch shows a job's last lines some seconds after its end."""

    def __init__(
        self,
        region: str = "",
        *,
        session: Any = None,
        creates_per_second: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """As `JobObserver`.

        Args:
            creates_per_second: how fast jobs are created at most.
        """
        super().__init__(region, session=session, clock=clock, sleep=sleep, now=now)
        self._pause = 1.0 / (creates_per_second or setting("SAGESPEC_CREATES_PER_SECOND", CREATES_PER_SECOND))
        self._next_create = 0.0

    def create(self, request: Request, attempt: int) -> None:
        """Creates the training job, not faster than the account may.

        Raises:
            NameTaken: a job of that name exists: another applier's, or ours, whose answer was lost on the way.
        """
        job_name = request.job_name(attempt)
        with waiting(f"the next creation: {1 / self._pause:g} a second are allowed"):
            self._in_turn()
        self._tags.pop(job_name, None)
        try:
            answer = self._call("create_training_job", job_name, ("TrainingJobArn",), **request.body(attempt))
        except NameTaken:
            self._fresh[job_name] = self._clock()
            raise
        self._fresh[job_name] = self._clock()
        self._arns[job_name] = answer["TrainingJobArn"]

    def _in_turn(self) -> None:
        """Returns when one more job may be created."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next_create)
            self._next_create = turn + self._pause
        if turn > now:
            self._sleep(turn - now)

    def stop(self, job_name: str) -> None:
        """Asks a job to end; a job that has ended, or is about to, is left as it is.

        Raises:
            NoSuchJob: there is none of that name.
        """
        try:
            self._call("stop_training_job", job_name, TrainingJobName=job_name)
        except ServiceError as error:
            if not _OVER.search(error.message):
                raise

    def tag(self, job_name: str, add: Mapping[str, str], remove: Sequence[str]) -> None:
        """Removes and adds tags."""
        arn = self._arns.get(job_name) or self._describe(job_name)["TrainingJobArn"]
        self._tags.pop(job_name, None)
        self._retag(job_name, arn, add, remove)

    def update(self, job_name: str, members: Mapping[str, Any]) -> None:
        """Changes those of the members that differ from what the job has.

        Raises:
            ServiceError: the job's state does not allow it any more.
        """
        body = changes(self._describe(job_name), members)
        if body:
            self._call("update_training_job", job_name, ("TrainingJobArn",), TrainingJobName=job_name, **body)

    # What it leaves behind --------------------------------------------------------------------------------------------

    def logs(self, job_name: str, cursor: Cursor) -> tuple[Iterator[LogLine], Cursor]:
        """The lines of all hosts after `cursor`, in the order of time, and where they end.

        The lines are fetched as they are read; the cursor is right once they all were.
        """
        return read_logs(self._client("logs"), of_job(job_name), cursor)

    def tail(self, job_name: str, count: int) -> list[LogLine]:
        """The last lines over all hosts."""
        return read_tail(self._client("logs"), of_job(job_name), count)

    def artifact(self, job_name: str, body: Mapping[str, Any] | None = None) -> str | None:
        """Where the job's model lies, if it does.

        Args:
            body: its description, where somebody has it.

        Raises:
            ServiceError: S3 does not let us look.
        """
        described = self._describe(job_name) if body is None else body
        uri = described.get("ModelArtifacts", {}).get("S3ModelArtifacts")
        return uri if uri and ObjectStore(self._client("s3"), self.region).exists(uri) else None

    def summaries(self, job_name: str) -> dict[str, str]:
        """Where a job saves checkpoints and summaries while it runs: a short name → URI."""
        return summaries_of(self._describe(job_name))


def summaries_of(body: Mapping[str, Any]) -> dict[str, str]:
    """Where a job saves checkpoints and summaries, by its description. Each place once.

    Source of the TensorBoard output's folder: the SageMaker SDK (latest_job_tensorboard_artifacts_path).
    """
    given = body.get("HyperParameters", {})
    board = body.get("TensorBoardOutputConfig", {}).get("S3OutputPath")
    found = {
        "tensorboard": f"{board.rstrip('/')}/{body['TrainingJobName']}/tensorboard-output" if board else None,
        "checkpoints": body.get("CheckpointConfig", {}).get("S3Uri"),
        "checkpoint_path": given.get("checkpoint_path", "").strip('"'),
        "model_dir": given.get("model_dir", "").strip('"'),
    }
    places: dict[str, str] = {}
    for name, uri in found.items():
        if uri and uri.startswith("s3://") and uri.rstrip("/") not in places.values():
            places[name] = uri.rstrip("/")
    return places
