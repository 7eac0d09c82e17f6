"""status --plot: what a metric did while jobs trained."""

from __future__ import annotations

import shutil
import sys

from sagespec.base.files import replace_whole, unwritable
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands.deploying import StatusArguments
from sagespec.cli.commands.deploying.jobs import of_each
from sagespec.cli.services import jobs_of
from sagespec.cli.terminal import print_notice, print_result, print_status
from sagespec.deploying.following.looking import FollowedJob
from sagespec.deploying.following.series import Series, metrics_of, series_of
from sagespec.kinds.lifecycle import Nature
from sagespec.reporting.plans.picture import FORMS, chart_text, form_of, picture
from sagespec.reporting.terminal.style import style_of

NEEDS = "pip install 'sagespec[plot]' (in a clone: pip install '.[plot]')"


def plot(given: StatusArguments) -> Code:
    metric = given.plot or ""
    _check(given)
    jobs = jobs_of(given.names, given, local=given.local, region=given.region, only=Nature.RUNS)
    found, code = of_each(jobs, lambda job: series_of(job, metric))
    for series in found:
        if series.trouble is not None:
            print_notice(f"{series.job_name}: {series.trouble.message}", series.trouble.hint)
    drawn = [series for series in found if series.points]
    if not drawn:
        raise WrongUsage(f"no job has a value of '{metric}' yet", _there_are(jobs))
    if given.out is not None:
        return max(code, _written(drawn, metric, given))
    for line in chart_text(drawn, metric, shutil.get_terminal_size((100, 24)).columns, style_of(sys.stdout)):
        print_result(line)
    for series in found:
        if not series.points:
            print_status(f"{series.job_name} has no value of '{metric}' yet")
    return code


def _check(given: StatusArguments) -> None:
    """Raises:
    WrongUsage: the file cannot be written, or not in that form.
    """
    if given.out is None:
        return
    if form_of(given.out) is None:
        raise WrongUsage(
            f"--out {given.out}: there is no such picture format", f"use a name that ends in {', '.join(FORMS)}"
        )
    why = unwritable(given.out)
    if why:
        raise WrongUsage(f"--out {given.out}: {why}")


def _written(drawn: list[Series], metric: str, given: StatusArguments) -> Code:
    assert given.out is not None
    try:
        content = picture(drawn, metric, form_of(given.out) or "")
    except ImportError as error:
        raise WrongUsage("a picture in a file needs matplotlib, which is not installed here", NEEDS) from error
    given.out.parent.mkdir(parents=True, exist_ok=True)
    replace_whole(given.out, content, 0o644)
    print_result(str(given.out))
    return Code.FINE


def _there_are(jobs: list[FollowedJob]) -> str:
    seen, _ = of_each(jobs, lambda job: job.service.describe(job.name))
    names = dict.fromkeys(name for one in seen for name in metrics_of(one.body))
    return f"there are {', '.join(names)}" if names else "metric_definitions say which numbers of the log are metrics"
