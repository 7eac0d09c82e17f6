"""plan: what apply would do."""

from __future__ import annotations

import sys

from sagespec.cli.arguments.table import PlanArguments
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.runs import accepted, compiler_of
from sagespec.cli.services import account_of_credentials, wish_of, world_of
from sagespec.cli.terminal import say, tell
from sagespec.reporting.style import style_of


def plan(given: PlanArguments) -> int:
    from sagespec.base.files import write_whole
    from sagespec.deploying.planfile import to_text
    from sagespec.deploying.planner import decide_all
    from sagespec.reporting.markdown import plan_markdown
    from sagespec.reporting.outputs import unwritable
    from sagespec.reporting.plan import plan_json, plan_text

    why = unwritable(given.out)
    if why:
        raise WrongUsage(f"--out {given.out}: {why}")
    ask = None if given.offline or given.local else account_of_credentials
    requests, code = accepted(compiler_of(given, build=True, local=given.local, ask_account=ask).run(given.paths))
    if code:
        return code
    wish = wish_of(given)
    made = decide_all(requests, (), wish) if given.offline else world_of().plan(requests, wish)
    if given.out is not None:
        try:
            given.out.parent.mkdir(parents=True, exist_ok=True)
            write_whole(given.out, to_text(made, wish))
        except OSError as error:
            raise WrongUsage(f"--out {given.out} could not be written: {error.strerror or error}") from None
        tell(f"saved; to do exactly this: sagespec apply {given.out}")
    if given.format == "json":
        say(plan_json(made))
    elif given.format == "markdown":
        say(plan_markdown(made).rstrip("\n"))
    else:
        for line in plan_text(made, style_of(sys.stdout)):
            say(line)
    return Code.CHANGES_PENDING if given.detailed_exitcode and made.pending else Code.FINE
