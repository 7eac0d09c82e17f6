"""What a job's folder says of the job, as SageMaker would say it; and the end of jobs that nobody answers for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from sagespec.base.redact import redacted
from sagespec.base.source import value_at
from sagespec.building.tags import attempt_of, observed_by, tags_in
from sagespec.deploying.planning.observed import TERMINAL, ObservedJob
from sagespec.deploying.services.local.folder import JobFolder, moved, read_json, write_json
from sagespec.deploying.services.local.job import read_job
from sagespec.deploying.services.local.log import Log
from sagespec.deploying.services.local.running import alive
from sagespec.kinds.training_job.lifecycle import LIVE


def observed(job: JobFolder) -> ObservedJob:
    """The job, as it is now."""
    status, body, tags = settled(job), job.body(), tags_of(job)
    stopping = status["status"] == "InProgress" and job.stop.exists()
    return ObservedJob(
        job_name=job.name,
        status="Stopping" if stopping else status["status"],
        secondary="Stopping" if stopping else status["secondary"],
        attempt=attempt_of(tags),
        created=status["created"],
        failure=redacted(status["failure"] or ""),
        live=live_of(job),
        body=_description(job, body, status),
        **observed_by(tags, job.name),
    )


def tags_of(job: JobFolder) -> dict[str, str]:
    given = tags_in(job.body().get("Tags", ()))
    tags: dict[str, str] = read_json(job.changes, {}).get("tags", given)
    return tags


def live_of(job: JobFolder) -> dict[str, Any]:
    live: dict[str, Any] = read_json(job.changes, {}).get("live", live_members(job.body()))
    return live


def change(job: JobFolder, **changes: Any) -> None:
    """Notes other tags, or other live members, than the request has."""
    write_json(job.changes, {**read_json(job.changes, {}), **changes})


def live_members(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that can change, as `Request.live` names them."""
    live = {}
    for path in LIVE:
        value = value_at(members, path)
        value = members.get(path[-1]) if value is None else value
        if value is not None:
            live[path[-1]] = value
    return live


def artifact(job: JobFolder) -> str | None:
    """The path of the job's model, if it has one: an archive, or a folder where compression was turned off."""
    found = (path for path in (job.artifact, job.artifact.with_name("model")) if path.exists())
    return next(map(str, found), None)


def settled(job: JobFolder) -> dict[str, Any]:
    """The status; that of a job whose supervisor is gone is written down as what it is."""
    status: dict[str, Any] = read_json(job.status)
    if status["status"] in TERMINAL or alive.is_alive(read_json(job.supervisor)):
        return status
    # It may have ended between the two looks, having said how.
    status = read_json(job.status)
    if status["status"] in TERMINAL:
        return status
    return fail_orphan(job, "the job's supervisor ended without a message (killed, or this machine restarted)")


def fail_orphan(job: JobFolder, why: str) -> dict[str, Any]:
    """Marks a job without supervisor as failed, in its status and log if the disk lets us, and ends what it left."""
    reason = f"InternalServerError: {why}"
    ended = alive.end(read_json(job.processes, []), str(job.path))
    if read_job(job).options.executor == "docker":
        from sagespec.deploying.services.local.running import docker

        docker.Containers(read_job(job)).clean_up()
    changes = {"status": "Failed", "failure": reason, "ended": time.time()}
    status = moved(read_json(job.status), "Failed", "Training job failed", **changes)
    left = f"; {len(ended)} processes that it had left behind were ended" if ended else ""
    with contextlib.suppress(OSError):
        job.write_status(status)
        Log(job.log("algo-1")).note(f"{reason}{left}")
    return status


def _description(job: JobFolder, body: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    """The members of DescribeTrainingJob's answer that a local job has, and `Rehearsal` where there was one."""
    model = artifact(job) if status["status"] in TERMINAL else None
    seconds = _seconds(status)
    known = {
        **{key: value for key, value in body.items() if key != "Tags"},
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": status["status"],
        "SecondaryStatus": status["secondary"],
        "FailureReason": redacted(status["failure"] or "") or None,
        "CreationTime": _time(status["created"]),
        "LastModifiedTime": _time(status["modified"]),
        "TrainingStartTime": _time(status["started"]),
        "TrainingEndTime": _time(status["ended"]) if status["started"] else None,
        "TrainingTimeInSeconds": seconds,
        "BillableTimeInSeconds": seconds,
        "ModelArtifacts": {"S3ModelArtifacts": model} if model else None,
        "FinalMetricDataList": [{**one, "Timestamp": _time(one["Timestamp"])} for one in status["metrics"]] or None,
        "SecondaryStatusTransitions": [_transition(one) for one in status["transitions"]],
        "Rehearsal": status["rehearsal"],
    }
    return {key: value for key, value in known.items() if value is not None}


def _transition(one: Mapping[str, Any]) -> dict[str, Any]:
    ended = {"EndTime": _time(one["end"])} if one["end"] else {}
    return {"Status": one["status"], "StartTime": _time(one["start"]), **ended, "StatusMessage": one["message"]}


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def _seconds(status: Mapping[str, Any]) -> int | None:
    """How long a job that has ended trained; None for one that has not, or never began."""
    if status["started"] is None or status["ended"] is None:
        return None
    seconds: float = status["ended"] - status["started"]
    return round(seconds)
