"""apply: carries out a plan that was agreed to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.cli.arguments.table import ApplyArguments
from sagespec.cli.codes import Code, Ended, WrongUsage
from sagespec.cli.commands.following import print_news
from sagespec.cli.runs import accepted, compiler_of
from sagespec.cli.services import account_of_credentials, wish_of, world_of
from sagespec.cli.terminal import complain, is_quiet, say, tell
from sagespec.deploying.applier import changed
from sagespec.deploying.planfile import PlanFileError, from_text, is_plan_file, unlike
from sagespec.deploying.planner import Action
from sagespec.reporting.outputs import write_outputs
from sagespec.reporting.plan import outcome_text, outcomes_json, plan_text
from sagespec.reporting.progress import progress_on
from sagespec.reporting.style import Style, style_of

if TYPE_CHECKING:
    from sagespec.deploying.applier import Outcome
    from sagespec.deploying.planner import Change, Plan, Wish
    from sagespec.deploying.world import World


def apply(given: ApplyArguments) -> int:
    wish, saved = wish_of(given), None
    if any(map(is_plan_file, given.paths)):
        saved, wish = saved_plan(given)
        requests = [change.request for change in saved.changes if change.request is not None]
    else:
        compiler = compiler_of(given, build=True, local=given.local, ask_account=account_of_credentials)
        requests, code = accepted(compiler.run(given.paths))
        if code:
            return code
    world, style = world_of(given), style_of(sys.stderr)
    made = world.plan(requests, wish)
    if saved is not None and not holds(saved.changes, made.changes):
        return Code.SERVICE_FAILED
    for line in plan_text(made, style):
        tell(line, always=not given.yes)
    if made.pending and not given.yes:
        if not agreed():
            return Code.WRONG_USAGE
        shown, made = made, world.plan(requests, wish)  # thinking takes time
        if not holds(shown.changes, made.changes):
            return Code.SERVICE_FAILED
    outcomes = list(outcomes_of(made, world, wish, style))
    followed = [outcome.change for outcome in outcomes if outcome.done and outcome.change.action is not Action.STOP]
    jobs = [(change.job_name, world.service_of(change)) for change in followed]
    endings = print_news(jobs) if given.wait and jobs else []
    write_outputs(outcomes, endings, given.outputs, os.environ)
    if given.format == "json":
        say(outcomes_json(outcomes, endings))
    if not all(outcome.done for outcome in outcomes):
        return Code.SERVICE_FAILED
    return Code.FINE if all(ending.succeeded for ending in endings) else Code.JOB_FAILED


def saved_plan(given: ApplyArguments) -> tuple[Plan, Wish]:
    """The one plan that was saved, if its files are still as they were.

    Raises:
        WrongUsage: something is given beside it that it says itself.
        Ended: it cannot be read, or its files have changed; that is told.
    """
    path, *others = given.paths
    said_twice = [*others, *given.said_by_a_plan]
    if said_twice:
        raise WrongUsage(f"a saved plan says all of this itself: {', '.join(said_twice)}", f"sagespec apply {path}")
    try:
        saved = from_text(Path(path).read_text(encoding="utf-8"), path)
    except (PlanFileError, OSError, UnicodeDecodeError) as error:
        complain(getattr(error, "message", f"{path} cannot be read: {error}"), getattr(error, "hint", ""))
        raise Ended(Code.WRONG_USAGE) from None
    if given.local and not all(change.request is None or change.request.site.local for change in saved.plan.changes):
        raise WrongUsage("this plan is not for this machine", "sagespec plan --local --out makes one that is")
    changes = list(unlike(saved.plan))
    if changes:
        refuse(changes, "run it in the folder where the plan was made, or make a new one: sagespec plan --out FILE")
        raise Ended(Code.SERVICE_FAILED)
    return saved.plan, saved.wish


def holds(then: Sequence[Change], now: Sequence[Change]) -> bool:
    """Whether a plan can still be carried out as it was shown; if not, says what has changed."""
    differences = changed(then, now)
    if differences:
        refuse(differences)
    return not differences


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
    with open(os.devnull, "w") as nobody, progress_on(nobody if is_quiet() else sys.stderr) as progress:  # noqa: PTH123
        for outcome in world.apply(plan, wish, progress):
            for line in outcome_text(outcome, style):
                tell(line, always=not outcome.done)
            yield outcome
