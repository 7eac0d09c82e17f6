"""The commands about training jobs that exist: status, logs, attach, tensorboard, stop."""

from __future__ import annotations

import sys

from sagespec.cli.arguments.table import (
    AttachArguments,
    LogsArguments,
    StatusArguments,
    StopArguments,
    TensorboardArguments,
)
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands.following import log_line, print_news, state_of
from sagespec.cli.services import jobs_of, project_folder
from sagespec.cli.terminal import say, tell
from sagespec.deploying.services import START
from sagespec.deploying.tensorboard import show
from sagespec.reporting.status import status_json, status_text
from sagespec.reporting.style import style_of


def status(given: StatusArguments) -> Code:
    jobs = jobs_of(given.names, given, local=given.local)
    found = [state_of(service, name) for name, service in jobs]
    if given.format == "json":
        say(status_json(found))
    else:
        for line in status_text(found, style_of(sys.stdout)):
            say(line)
    return Code.FINE


def logs(given: LogsArguments) -> Code:
    jobs = list(jobs_of(given.names, given, local=given.local))
    if given.follow:
        print_news(jobs)
        return Code.FINE
    for name, service in jobs:
        lines, _ = service.logs(name, START)
        for line in lines:
            say(log_line(line, name if len(jobs) > 1 else ""))
    return Code.FINE


def attach(given: AttachArguments) -> Code:
    endings = print_news(list(jobs_of(given.names, given, local=given.local)))
    return Code.FINE if all(ending.succeeded for ending in endings) else Code.JOB_FAILED


def tensorboard(given: TensorboardArguments) -> Code:
    jobs = list(jobs_of([given.name], given, local=given.local))
    if len(jobs) > 1:
        raise WrongUsage(f"'{given.name}' has {len(jobs)} jobs", f"name one: {', '.join(name for name, _ in jobs)}")
    job_name, service = jobs[0]
    show(service, job_name, project_folder() / "tensorboard", tell, first_port=given.port)
    return Code.FINE


def stop(given: StopArguments) -> Code:
    for name, service in jobs_of(given.names, given, local=given.local):
        seen = service.describe(name)
        if seen.ended:
            tell(f"{name} has ended already ({seen.status})")
            continue
        service.stop(name)
        tell(f"{name} was asked to stop")
    return Code.FINE
