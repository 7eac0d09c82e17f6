"""The jobs on this machine."""

from __future__ import annotations

import sys

from sagespec.cli.codes import Code
from sagespec.cli.commands.deploying import LocalCleanArguments, LocalListArguments
from sagespec.cli.services import local_service
from sagespec.cli.terminal import confirm, print_result, print_status
from sagespec.deploying.following.looking import FollowedJob, state_of
from sagespec.reporting.findings.diagnostics import counted
from sagespec.reporting.plans.status import state_line, status_json
from sagespec.reporting.terminal.style import style_of


def list_(given: LocalListArguments) -> Code:
    service = local_service()
    found = service.jobs()
    if given.format == "json":
        print_result(status_json([state_of(FollowedJob(seen.job_name, service)).ending for seen in found]))
    else:
        for seen in found:
            print_result(state_line(seen, style_of(sys.stdout)))
    return Code.FINE


def clean(given: LocalCleanArguments) -> Code:
    service = local_service()
    gone = service.cleanable(given.names or None)
    if not gone:
        print_status("there is nothing to delete")
        return Code.FINE
    if not given.yes:
        for job_name in gone:
            print_status(f"- {job_name}", always=True)
        if not confirm(f"Delete {counted(len(gone), 'job')}, with their models and logs?"):
            return Code.WRONG_USAGE
    for job_name in service.clean(gone):
        print_status(f"{job_name} is deleted")
    return Code.FINE
