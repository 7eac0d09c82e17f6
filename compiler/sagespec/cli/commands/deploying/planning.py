"""plan: what apply would do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sagespec.base.files import unwritable, write_whole
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands.deploying import PlanArguments
from sagespec.cli.runs import accepted, compiler_of
from sagespec.cli.services import (
    account_of_credentials,
    archive_in,
    check_prune,
    evidence_of,
    not_asked,
    plan_options,
    service_pool,
    trained_in,
)
from sagespec.cli.terminal import print_result, print_status
from sagespec.deploying.planning.deciding import plan_unseen
from sagespec.reporting.plans.plan import plan_text
from sagespec.reporting.terminal.style import style_of

if TYPE_CHECKING:
    from pathlib import Path

    from sagespec.deploying.planning.jobs.planner import Plan, PlanOptions


def plan(given: PlanArguments) -> int:
    why = unwritable(given.out)
    if why:
        raise WrongUsage(f"--out {given.out}: {why}")
    ask = None if given.offline or given.local else account_of_credentials
    pool = None if given.offline else service_pool()
    trained = not_asked if pool is None else trained_in(pool)
    archives = None if pool is None else archive_in(pool)
    compiler = compiler_of(given, build=True, local=given.local, ask_account=ask, trained=trained, archive_at=archives)
    requests, code = accepted(compiler.run(given.paths), given)
    if code:
        return code
    options = plan_options(given)
    check_prune(options, requests, given)
    if pool is None:
        made = plan_unseen(requests, options)
    else:
        made = pool.naming_files(pool.plan(requests, options, evidence_of(compiler)))
    if given.out is not None:
        save(made, options, given.out)
    if given.format == "json":
        from sagespec.reporting.plans.data import plan_json  # few plans are read by programs

        print_result(plan_json(made))
    elif given.format == "markdown":
        from sagespec.reporting.plans.markdown import plan_markdown  # few plans are a comment of a pull request

        print_result(plan_markdown(made).rstrip("\n"))
    else:
        for line in plan_text(made, style_of(sys.stdout)):
            print_result(line)
    return detailed(made) if given.detailed_exitcode else Code.FINE


def save(plan: Plan, options: PlanOptions, file: Path) -> None:
    from sagespec.deploying.planning.planfile import to_text  # few plans are saved

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, to_text(plan, options))
    except OSError as error:
        raise WrongUsage(f"--out {file} could not be written: {error.strerror or error}") from None
    print_status(f"saved; to do exactly this: sagespec apply {file}")


def detailed(plan: Plan) -> Code:
    """Changes first: what is pending may be the cure of what has failed."""
    if plan.pending or any(change.beside for change in plan.changes):
        return Code.CHANGES_PENDING
    return Code.JOB_FAILED if any(change.unfulfilled for change in plan.changes) else Code.FINE
