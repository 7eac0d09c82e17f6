"""apply: carries out a plan that was agreed to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.cli.arguments.table import ApplyArguments
from sagespec.cli.codes import Code, Ended, WrongUsage
from sagespec.cli.commands.following import Followed, follow
from sagespec.cli.runs import accepted, compiler_of
from sagespec.cli.services import account_of_credentials, wish_of, world_of
from sagespec.cli.terminal import agreed, complain, is_quiet, say, tell
from sagespec.reporting.style import Style, style_of

if TYPE_CHECKING:
    from sagespec.building.targets import Request
    from sagespec.deploying.applier import Outcome
    from sagespec.deploying.planner import Change, Plan, Wish
    from sagespec.deploying.world import World


def apply(given: ApplyArguments) -> int:
    from sagespec.reporting.outputs import unwritable

    why = unwritable(given.outputs)
    if why:
        raise WrongUsage(f"--outputs {given.outputs}: {why}")
    requests, wish, saved = asked_for(given)
    report = Report(given)
    try:
        code = carried_out(given, requests, wish, saved, report)
    except KeyboardInterrupt:
        complain("interrupted", "run it again: nothing is done twice")
        code = int(Code.INTERRUPTED)
    except BaseException:
        report.hand_on()
        raise
    return code if report.hand_on() or code else Code.SERVICE_FAILED


def asked_for(given: ApplyArguments) -> tuple[list[Request], Wish, Plan | None]:
    """What is to be applied: requests, what is wished beside them, and the plan if one was saved.

    Raises:
        Ended: a manifest or a plan is wrong.
    """
    from sagespec.deploying.planfile import is_plan_file

    if any(map(is_plan_file, given.paths)):
        saved, wish = saved_plan(given)
        return [change.request for change in saved.changes if change.request is not None], wish, saved
    compiler = compiler_of(given, build=True, local=given.local, ask_account=account_of_credentials)
    requests, code = accepted(compiler.run(given.paths))
    if code:
        raise Ended(code)
    return requests, wish_of(given), None


def carried_out(
    given: ApplyArguments, requests: Sequence[Request], wish: Wish, saved: Plan | None, report: Report
) -> int:
    """Plans, asks, does and follows; `report` has what was done, however this ends."""
    from sagespec.reporting.plan import plan_text

    world, style = world_of(given), style_of(sys.stderr)
    made = world.plan(requests, wish)
    if saved is not None and not holds(saved.changes, made.changes):
        return Code.SERVICE_FAILED
    for line in plan_text(made, style):
        tell(line, always=not given.yes)
    if made.pending and not given.yes:
        if not agreed("Apply this plan?"):
            return Code.WRONG_USAGE
        shown, made = made, world.plan(requests, wish)  # thinking takes time
        if not holds(shown.changes, made.changes):
            return Code.SERVICE_FAILED
    report.begin(made)
    for outcome in outcomes_of(made, world, wish, style):
        report.ledger.note(outcome)
    followed = report.follow(world) if given.wait else None
    if followed is not None and followed.interrupted:
        return Code.INTERRUPTED
    if not report.ledger.all_done:
        return Code.SERVICE_FAILED
    return Code.FINE if followed is None else followed.code


class Report:
    """What this apply has done so far, and where that is wanted. It is handed on once, on every way out."""

    def __init__(self, given: ApplyArguments) -> None:
        from sagespec.deploying.ledger import Ledger

        self.given = given
        self.ledger = Ledger()

    def begin(self, plan: Plan) -> None:
        from sagespec.deploying.ledger import Ledger

        self.ledger = Ledger(plan.changes)

    def follow(self, world: World) -> Followed | None:
        """Follows what now runs or has ended as it was wanted."""
        from sagespec.deploying.looking import Job
        from sagespec.deploying.planner import Action

        entries = {}
        for entry in self.ledger.done():
            change = entry.outcome.change
            if change.action is not Action.STOP:
                entries[Job(change.job_name, world.service_of(change))] = entry
        if not entries:
            return None
        out = sys.stderr if self.given.format == "json" else sys.stdout
        followed = Followed(list(entries))
        try:
            follow(followed, out)
        finally:
            for job, ending in followed.endings.items():
                entries[job].ending = ending
        return followed

    def hand_on(self) -> bool:
        """Writes the outputs, and the outcome where it is wanted as JSON; whether all could be written. What could not
        is told."""
        from sagespec.reporting.outputs import write_outputs
        from sagespec.reporting.plan import outcomes_json

        entries = self.ledger.entries
        if self.given.format == "json":
            say(outcomes_json(entries))
        problems = write_outputs(entries, self.given.outputs, os.environ)
        for problem in problems:
            complain(problem, "what was done is not lost: sagespec status PATH… shows it")
        return not problems


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


def holds(then: Sequence[Change], now: Sequence[Change]) -> bool:
    """Whether a plan can still be carried out as it was shown; if not, says what has changed."""
    from sagespec.deploying.applier import changed

    differences = changed(then, now)
    if differences:
        refuse(differences)
    return not differences


def refuse(differences: Iterable[str], hint: str = "look at a new plan: sagespec plan PATH…") -> None:
    complain("this is not what the plan was made for; nothing was done", hint)
    for difference in differences:
        tell(f"  {difference}", always=True)


def outcomes_of(plan: Plan, world: World, wish: Wish, style: Style) -> Iterator[Outcome]:
    from sagespec.reporting.plan import outcome_text
    from sagespec.reporting.progress import progress_on

    with open(os.devnull, "w") as nobody, progress_on(nobody if is_quiet() else sys.stderr) as progress:  # noqa: PTH123
        for outcome in world.apply(plan, wish, progress):
            for line in outcome_text(outcome, style):
                tell(line, always=not outcome.done)
            yield outcome
