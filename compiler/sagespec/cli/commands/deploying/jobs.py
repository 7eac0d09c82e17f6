"""The commands about training jobs that exist: status, logs, attach, tensorboard, stop.

Each does all the jobs that are meant: one that cannot be seen, or is not there, is reported and does not end the
others.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands.deploying import (
    AttachArguments,
    LogsArguments,
    StatusArguments,
    StopArguments,
    TensorboardArguments,
)
from sagespec.cli.commands.deploying.following import followed, log_line
from sagespec.cli.commands.deploying.listing import show as show_table
from sagespec.cli.services import jobs_of, project_folder
from sagespec.cli.terminal import confirm, print_error, print_notice, print_result, print_status
from sagespec.deploying.applying.applier import until_ended
from sagespec.deploying.following.looking import state_of
from sagespec.deploying.following.tensorboard import show
from sagespec.deploying.services import START, ServiceError
from sagespec.deploying.side_by_side import side_by_side
from sagespec.kinds.lifecycle import Nature
from sagespec.reporting.plans.status import status_json, status_text
from sagespec.reporting.terminal.style import style_of

if TYPE_CHECKING:
    from sagespec.deploying.following.looking import FollowedJob
    from sagespec.deploying.planning.observed import Observed
    from sagespec.deploying.services import LogLine

Item = TypeVar("Item")
Made = TypeVar("Made")


def status(given: StatusArguments) -> Code:
    if given.plot:
        from sagespec.cli.commands.deploying.plotting import plot

        return plot(given)
    found, code = of_each(jobs_of(given.names, given, local=given.local, region=given.region), state_of)
    for state in found:
        for trouble in state.troubles:
            print_notice(f"{state.ending.job_name}: {trouble.message}", trouble.hint)
    endings = [state.ending for state in found]
    if given.sort:
        show_table(endings, given)
    elif given.format == "json":
        print_result(status_json(endings))
    else:
        for line in status_text(endings, style_of(sys.stdout)):
            print_result(line)
    return code


def logs(given: LogsArguments) -> Code:
    jobs = jobs_of(given.names, given, local=given.local, region=given.region)
    since = given.since or 0.0
    code = Code.FINE
    if given.follow:
        if given.tail:
            since = max(since, *(start_of_tail(job, given.tail) for job in jobs), 0.0)
        endless = [job for job in jobs if getattr(job.service, "logs_go_on", False)]
        running = [job for job in jobs if job not in endless]
        if running:
            code = followed(running, since).code
        if endless and code is not Code.INTERRUPTED:
            code = follow_endless(endless, since)
        return Code.FINE if code is Code.JOB_FAILED else code
    for job in jobs:
        code = max(code, print_log(job, job.name if len(jobs) > 1 else "", since, given.tail))
    return code


def start_of_tail(job: FollowedJob, count: int) -> float:
    """When the last lines of a log begin; 0 where it has none, or cannot be read yet."""
    try:
        return min((line.time for line in job.service.tail(job.name, count)), default=0.0)
    except ServiceError:
        return 0.0


def follow_endless(jobs: Sequence[FollowedJob], since: float) -> Code:
    """Prints logs that have no end, as they come, until Ctrl-C."""
    cursors = dict.fromkeys(jobs, replace(START, since=since))
    try:
        while True:
            for job, cursor in cursors.items():
                lines, cursors[job] = job.service.logs(job.name, cursor)
                for line in lines:
                    print_result(log_line(line, job.name if len(jobs) > 1 else ""))
            sys.stdout.flush()
            time.sleep(min(getattr(job.service, "poll_seconds", 1.0) for job in jobs))
    except KeyboardInterrupt:
        return Code.INTERRUPTED


def print_log(job: FollowedJob, prefix: str, since: float = 0.0, tail: int = 0) -> Code:
    """A job's log, from a time on, or its last lines; the lines come while they are printed."""
    empty = True
    try:
        for line in lines_of(job, since, tail):
            print_result(log_line(line, prefix))
            empty = False
        if empty and since and job.service.tail(job.name, 1):
            print_status(f"{job.name} has written nothing since then")
        elif empty:  # nothing was said of whether there is such a job
            print_status(f"{job.name} has no log yet ({job.service.describe(job.name).status})")
    except ServiceError as error:
        print_error(error.message, error.hint)
        return Code.SERVICE_FAILED
    return Code.FINE


def lines_of(job: FollowedJob, since: float, tail: int) -> Iterable[LogLine]:
    if tail:
        return [line for line in job.service.tail(job.name, tail) if line.time >= since]
    return job.service.logs(job.name, replace(START, since=since))[0]


def attach(given: AttachArguments) -> Code:
    return followed(jobs_of(given.names, given, local=given.local, region=given.region)).code


def tensorboard(given: TensorboardArguments) -> Code:
    jobs = jobs_of([given.name], given, local=given.local, region=given.region)
    if len(jobs) > 1:
        raise WrongUsage(f"'{given.name}' has {len(jobs)} jobs", f"name one: {', '.join(job.name for job in jobs)}")
    (job,) = jobs
    show(job.service, job.name, project_folder() / "tensorboard", print_status, first_port=given.port)
    return Code.FINE


def stop(given: StopArguments) -> Code:
    jobs = jobs_of(given.names, given, local=given.local, region=given.region, stopping=True)
    seen, code = of_each(jobs, lambda job: (job, job.service.describe(job.name)))
    standing = [one for _, one in seen if _stays(one) and one.status != "Deleting"]
    running = [one for _, one in seen if not _stays(one) and not one.ended]
    several = len(running) > 1 or (bool(running) and any(Path(name).is_dir() for name in given.names))
    if standing or several:
        for one in running:
            print_status(f"- stop the training job {one.job_name} ({one.secondary or one.status})", always=True)
        for one in standing:
            kept = "its model stays" if one.here else "its configurations and models are kept"
            print_status(f"- delete the endpoint {one.job_name} ({one.status}); {kept}", always=True)
        if not given.yes and not confirm(_question(len(running), len(standing))):
            return Code.WRONG_USAGE
    lines, failed = of_each(seen, lambda pair: _stopped(*pair))
    for line in lines:
        print_status(line)
    waited = wait_for_the_end([job for job, _ in seen]) if given.wait else Code.FINE
    return max(code, failed, waited)


def _question(running: int, standing: int) -> str:
    verb = "Stop and delete" if running and standing else "Stop" if running else "Delete"
    return f"{verb} {'it' if running + standing == 1 else 'them'}?"


def wait_for_the_end(jobs: Sequence[FollowedJob]) -> Code:
    """Waits until each has ended, or is gone, and says how."""

    def ended(job: FollowedJob) -> str:
        seen = until_ended(job.service, job.name)
        return f"{job.name} is gone" if seen is None else f"{job.name} is {seen.status}"

    try:
        lines, code = of_each(jobs, ended)
    except KeyboardInterrupt:
        print_status("\nNo longer waiting; they were asked to end.", always=True)
        return Code.INTERRUPTED
    for line in lines:
        print_status(line)
    return code


def _stopped(job: FollowedJob, seen: Observed) -> str:
    """Stops a job, or deletes an endpoint, as it was seen; what there is to say of it."""
    if not _stays(seen) and seen.ended:
        return f"{job.name} has ended already ({seen.status})"
    job.service.stop(job.name)
    if _stays(seen) and seen.here:
        return f"{job.name} was asked to end"
    if _stays(seen):
        return f"{job.name} was asked to be deleted; it is paid for until it is gone (sagespec status {job.name})"
    return f"{job.name} was asked to stop"


def _stays(seen: Observed) -> bool:
    return seen.lifecycle.nature is Nature.STAYS


def of_each(jobs: Sequence[Item], do: Callable[[Item], Made]) -> tuple[list[Made], Code]:
    """What is made of each job, in order; what goes wrong with one is reported."""
    made: dict[int, Made] = {}
    code = Code.FINE
    for done in side_by_side(do, jobs):
        try:
            made[done.number] = done.get()
        except ServiceError as error:
            print_error(error.message, error.hint)
            code = Code.SERVICE_FAILED
    return [made[number] for number in sorted(made)], code
