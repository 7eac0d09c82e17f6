"""The commands that show many jobs at a glance: list, and status as a table or a picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands import Rendering
from sagespec.cli.commands.deploying import ListArguments, Looking
from sagespec.cli.services import local_endpoints, local_service, requests_of, service_pool
from sagespec.cli.terminal import print_result, print_status
from sagespec.reporting.findings.diagnostics import counted
from sagespec.reporting.plans.listing import NoSuchMetric, ranked, table_text
from sagespec.reporting.plans.status import status_json
from sagespec.reporting.terminal.style import style_of

if TYPE_CHECKING:
    from sagespec.deploying.following.ending import Ending


def list_(given: ListArguments) -> Code:
    endings = here(given) if given.local and not given.paths else of_projects(given)
    show(endings, given, given.limit)
    return Code.FINE


def of_projects(given: ListArguments) -> Sequence[Ending]:
    """What the projects have whose manifests lie here."""
    from sagespec.deploying.following.listing import listed

    all_jobs = Rendering({**given.values, "job": ()})  # a job whose manifest is gone may be meant
    requests = requests_of(given.paths or ["."], all_jobs, local=given.local)
    return listed(service_pool(), requests, given.job)


def here(given: ListArguments) -> Sequence[Ending]:
    """Everything on this machine."""
    from fnmatch import fnmatchcase

    from sagespec.deploying.following.ending import ending_of, promised_by
    from sagespec.deploying.following.listing import newest_first

    found = [*local_service().jobs(), *local_endpoints().endpoints()]
    meant = [one for one in found if not given.job or any(fnmatchcase(one.name, pattern) for pattern in given.job)]
    return newest_first([ending_of(one, promised_by(one) if one.ended else None) for one in meant])


def show(endings: Sequence[Ending], given: Looking, limit: int = 0) -> None:
    """Prints a table of jobs, or the same as JSON.

    Raises:
        WrongUsage: they are to be sorted by a metric that none of them has.
    """
    try:
        ordered = ranked(endings, given.sort, given.best) if given.sort and endings else list(endings)
    except NoSuchMetric as error:
        raise WrongUsage(str(error), error.hint) from error
    shown = ordered[:limit] if limit else ordered
    if given.format == "json":
        print_result(status_json(shown))
    elif shown:
        for line in table_text(shown, style_of(sys.stdout), given.sort or ""):
            print_result(line)
    else:
        print_status("there is no job")
    if len(shown) < len(ordered):
        print_status(
            f"and {counted(len(ordered) - len(shown), 'older job' if not given.sort else 'job')}: --limit shows more"
        )
