"""The jobs on this machine."""

from __future__ import annotations

import sys

from sagespec.cli.arguments.table import LocalCleanArguments, LocalListArguments
from sagespec.cli.codes import Code
from sagespec.cli.commands.following import state_of
from sagespec.cli.services import local_service
from sagespec.cli.terminal import say, tell
from sagespec.reporting.status import state_line, status_json
from sagespec.reporting.style import style_of


def list_(given: LocalListArguments) -> Code:
    service = local_service()
    found = service.jobs()
    if given.format == "json":
        say(status_json([state_of(service, seen.job_name) for seen in found]))
    else:
        for seen in found:
            say(state_line(seen, style_of(sys.stdout)))
    return Code.FINE


def clean(given: LocalCleanArguments) -> Code:
    for job_name in local_service().clean(given.names or None):
        tell(f"{job_name} is deleted")
    return Code.FINE
