"""apply: carries out a plan that was agreed to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.cli.arguments.table import ApplyArguments
from sagespec.cli.codes import Code, Ended, WrongUsage
from sagespec.cli.commands.following import print_news
from sagespec.cli.runs import accepted, compiler_of
from sagespec.cli.services import account_of_credentials, check_prune, evidence_of, wish_of, world_of
from sagespec.cli.terminal import complain, is_quiet, say, tell
from sagespec.reporting.style import Style, style_of

if TYPE_CHECKING:
    from sagespec.deploying.applier import Outcome
    from sagespec.deploying.planner import Plan, Wish
    from sagespec.deploying.pruning import Gone
    from sagespec.deploying.world import World


def apply(given: ApplyArguments) -> int:
    from sagespec.deploying.applier import in_order
    from sagespec.deploying.planfile import is_plan_file
    from sagespec.deploying.pruning import nothing_is_known
    from sagespec.reporting.outputs import write_outputs
    from sagespec.reporting.plan import outcomes_json, plan_text

    wish, saved = wish_of(given), None
    gone: Gone = nothing_is_known
    if any(map(is_plan_file, given.paths)):
        saved, wish = saved_plan(given)
        requests, gone = [change.request for change in saved.changes if change.request is not None], named_in(saved)
    else:
        compiler = compiler_of(given, build=True, local=given.local, ask_account=account_of_credentials)
        requests, code = accepted(compiler.run(given.paths))
        if code:
            return code
        check_prune(wish, requests)
        gone = evidence_of(compiler)
    world, style = world_of(given), style_of(sys.stderr)
    made = world.plan(requests, wish, gone)
    if saved is not None:
        made = what_is_left(saved, made)
    for line in plan_text(made, style):
        tell(line, always=not given.yes)
    if made.pending and not given.yes:
        if not agreed():
            return Code.WRONG_USAGE
        made = what_is_left(made, world.plan(requests, wish, gone))  # thinking takes time
    outcomes = in_order(outcomes_of(made, world, wish, style), made)
    followed = [outcome.change for outcome in outcomes if outcome.followable]
    jobs = [(change.job_name, world.service_of(change)) for change in followed]
    endings = print_news(jobs) if given.wait and jobs else []
    write_outputs(outcomes, endings, given.outputs, os.environ)
    if given.format == "json":
        say(outcomes_json(outcomes, endings))
    if not all(outcome.done for outcome in outcomes):
        return Code.SERVICE_FAILED
    failed = any(outcome.change.unfulfilled for outcome in outcomes)
    return Code.JOB_FAILED if failed or not all(ending.succeeded for ending in endings) else Code.FINE


def saved_plan(given: ApplyArguments) -> tuple[Plan, Wish]:
    """The one plan that was saved, if its files are still as they were.

    Raises:
        WrongUsage: something is given beside it that it says itself.
        Ended: it cannot be read, or its files have changed; that is told.
    """
    from sagespec.deploying.planfile import PlanFileError, from_text, unlike

    path, *others = given.paths
    if others:
        raise WrongUsage("a saved plan is applied alone", f"sagespec apply {path}")
    if given.said_by_a_plan:
        options = " and ".join(given.said_by_a_plan)
        raise WrongUsage(f"a saved plan cannot be changed by {options}", f"make it with {options}: sagespec plan --out")
    try:
        saved = from_text(Path(path).read_text(encoding="utf-8"), path)
    except (PlanFileError, OSError, UnicodeDecodeError) as error:
        complain(getattr(error, "message", f"{path} cannot be read: {error}"), getattr(error, "hint", ""))
        raise Ended(Code.WRONG_USAGE) from None
    local = [change.job_name for change in saved.plan.changes if change.request and change.request.site.local]
    if given.local and len(local) < len(saved.plan.changes):
        raise WrongUsage("this plan is not for this machine", "sagespec plan --local --out makes one that is")
    changes = list(unlike(saved.plan))
    if changes:
        refuse(changes, "run it in the folder where the plan was made, or make a new one: sagespec plan --out FILE")
        raise Ended(Code.SERVICE_FAILED)
    return saved.plan, saved.wish


def named_in(saved: Plan) -> Gone:
    """The jobs without a manifest that a saved plan stops, and no others."""
    from sagespec.deploying.pruning import only

    return only({change.job_name for change in saved.changes if change.request is None})


def what_is_left(then: Plan, now: Plan) -> Plan:
    """What a plan that was shown or saved still has to do, as things are now.

    Raises:
        Ended: it does not hold any more; that is told.
    """
    from sagespec.deploying.applier import still_planned

    left, differences = still_planned(then.changes, now.changes)
    if then.account != now.account:
        differences.insert(0, f"it was made for account {then.account}, and the credentials are of {now.account}")
    if differences:
        refuse(differences)
        raise Ended(Code.SERVICE_FAILED)
    return replace(now, changes=tuple(left))


def refuse(differences: Iterable[str], hint: str = "look at a new plan: sagespec plan PATH…") -> None:
    complain("this is not what the plan was made for; nothing was done", hint)
    for difference in differences:
        tell(f"  {difference}", always=True)


def agreed() -> bool:
    """Asks; without anyone to ask, nothing is done."""
    if not sys.stdin.isatty():
        complain("apply asks before it changes anything, and nobody is there to answer", "add --yes")
        return False
    tell("Apply this plan? [y/N] ", always=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def outcomes_of(plan: Plan, world: World, wish: Wish, style: Style) -> Iterator[Outcome]:
    from sagespec.reporting.plan import outcome_text
    from sagespec.reporting.progress import progress_on

    with open(os.devnull, "w") as nobody, progress_on(nobody if is_quiet() else sys.stderr) as progress:  # noqa: PTH123
        for outcome in world.apply(plan, wish, progress):
            for line in outcome_text(outcome, style):
                tell(line, always=not outcome.done or outcome.change.unfulfilled)
            yield outcome
