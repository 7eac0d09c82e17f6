"""plan: what apply would do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sagespec.cli.arguments.table import PlanArguments
from sagespec.cli.codes import Code
from sagespec.cli.runs import accepted, compiler_of
from sagespec.cli.services import account_of_credentials, check_prune, evidence_of, wish_of, world_of
from sagespec.cli.terminal import say, tell
from sagespec.reporting.style import style_of

if TYPE_CHECKING:
    from sagespec.deploying.planner import Plan


def plan(given: PlanArguments) -> int:
    from sagespec.base.files import write_whole
    from sagespec.deploying.planfile import to_text
    from sagespec.deploying.planner import decide_all
    from sagespec.reporting.markdown import plan_markdown
    from sagespec.reporting.plan import plan_json, plan_text

    compiler = compiler_of(
        given, build=True, local=given.local, ask_account=None if given.offline else account_of_credentials
    )
    requests, code = accepted(compiler.run(given.paths))
    if code:
        return code
    wish = wish_of(given)
    check_prune(wish, requests)
    made = decide_all(requests, (), wish) if given.offline else world_of().plan(requests, wish, evidence_of(compiler))
    if given.out is not None:
        write_whole(given.out, to_text(made, wish))
        tell(f"saved; to do exactly this: sagespec apply {given.out}")
    if given.format == "json":
        say(plan_json(made))
    elif given.format == "markdown":
        say(plan_markdown(made).rstrip("\n"))
    else:
        for line in plan_text(made, style_of(sys.stdout)):
            say(line)
    return detailed(made) if given.detailed_exitcode else Code.FINE


def detailed(plan: Plan) -> Code:
    """Changes first: what is pending may be the cure of what has failed."""
    if plan.pending or any(change.beside for change in plan.changes):
        return Code.CHANGES_PENDING
    return Code.JOB_FAILED if any(change.unfulfilled for change in plan.changes) else Code.FINE
