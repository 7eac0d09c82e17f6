"""apply: carries out a plan that was agreed to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sagespec.base.files import unwritable
from sagespec.cli.arguments.table import ApplyArguments
from sagespec.cli.codes import Code, Ended, WrongUsage
from sagespec.cli.commands.following import Followed, follow
from sagespec.cli.runs import accepted, compiler_of
from sagespec.cli.services import account_of_credentials, check_prune, evidence_of, plan_options, service_pool
from sagespec.cli.terminal import agreed, complain, is_quiet, say, tell
from sagespec.deploying.applier import still_planned
from sagespec.deploying.following.ledger import Ledger
from sagespec.deploying.following.looking import Job
from sagespec.deploying.planning.plan import FINISHING, Action, nature_of
from sagespec.deploying.planning.planfile import PlanFileError, from_text, is_plan_file, unlike
from sagespec.deploying.planning.pruning import only
from sagespec.kinds.lifecycle import Nature
from sagespec.reporting.plans.outputs import write_outputs
from sagespec.reporting.plans.plan import outcome_text, outcomes_json, plan_text
from sagespec.reporting.terminal.progress import progress_on
from sagespec.reporting.terminal.style import Style, style_of

if TYPE_CHECKING:
    from sagespec.building.targets import Request
    from sagespec.deploying.applier import Outcome
    from sagespec.deploying.planning.planner import Plan, PlanOptions
    from sagespec.deploying.planning.pruning import Gone
    from sagespec.deploying.pool import ServicePool


def apply(given: ApplyArguments) -> int:
    why = unwritable(given.outputs)
    if why:
        raise WrongUsage(f"--outputs {given.outputs}: {why}")
    asked = asked_for(given)
    report = Report(given)
    try:
        code = carried_out(given, asked, report)
    except KeyboardInterrupt:
        complain("interrupted", "run it again: nothing is done twice")
        code = int(Code.INTERRUPTED)
    except BaseException:
        report.hand_on()
        raise
    return code if report.hand_on() or code else Code.SERVICE_FAILED


class Asked(NamedTuple):
    """What is to be applied."""

    requests: Sequence[Request]
    options: PlanOptions
    gone: Gone
    """What is known of manifests that are not there."""
    saved: Plan | None = None


def asked_for(given: ApplyArguments) -> Asked:
    """What is to be applied: requests, what is wished beside them, and the plan if one was saved.

    Raises:
        WrongUsage: `--prune` without a project.
        Ended: a manifest or a plan is wrong.
    """
    if any(map(is_plan_file, given.paths)):
        saved, options = saved_plan(given)
        gone = only({change.job_name for change in saved.changes if change.request is None})
        return Asked([change.request for change in saved.changes if change.request is not None], options, gone, saved)
    compiler = compiler_of(given, build=True, local=given.local, ask_account=account_of_credentials)
    requests, code = accepted(compiler.run(given.paths))
    if code:
        raise Ended(code)
    options = plan_options(given)
    check_prune(options, requests)
    return Asked(requests, options, evidence_of(compiler))


def carried_out(given: ApplyArguments, asked: Asked, report: Report) -> int:
    """Plans, asks, does and follows; `report` has what was done, however this ends."""
    pool, style = service_pool(given), style_of(sys.stderr)
    made = pool.plan(asked.requests, asked.options, asked.gone)
    if asked.saved is not None:
        made = what_is_left(asked.saved, made)
    for line in plan_text(made, style):
        tell(line, always=not given.yes)
    if made.pending and not given.yes:
        if not agreed("Apply this plan?"):
            return Code.WRONG_USAGE
        made = what_is_left(made, pool.plan(asked.requests, asked.options, asked.gone))  # thinking takes time
    report.begin(made)
    for outcome in outcomes_of(made, pool, asked.options, style):
        report.ledger.note(outcome)
    followed = report.follow(pool) if given.wait else None
    if followed is not None and not followed.interrupted:
        followed = settled(report, pool, asked.options, style, followed)
    if followed is not None and followed.interrupted:
        return Code.INTERRUPTED
    if not report.ledger.all_done:
        return Code.SERVICE_FAILED
    if followed is not None and followed.code:
        return followed.code
    return Code.JOB_FAILED if report.ledger.unfulfilled else Code.FINE


def settled(report: Report, pool: ServicePool, options: PlanOptions, style: Style, followed: Followed) -> Followed:
    """What is left to do once endpoints serve: their counts, and what nothing uses any more, as the plan has said."""
    served = [entry.change.request for entry in report.ledger.done() if entry.ending is not None]
    standing = [each for each in served if each is not None and nature_of(each) is Nature.STAYS]
    for _ in range(2):  # counts first; what is removed needs an endpoint that serves
        made = pool.plan(standing, replace(options, prune=False, rerun=False, replace=False))
        left = [change for change in made.changes if change.action in FINISHING]
        if not left:
            break
        for outcome in outcomes_of(replace(made, changes=tuple(left)), pool, options, style):
            report.ledger.add(outcome)
        if all(change.action is not Action.SCALE for change in left):
            break
        again = report.follow(pool)
        followed = again if again is not None else followed
    return followed


class Report:
    """What this apply has done so far, and where that is wanted. It is handed on once, on every way out."""

    def __init__(self, given: ApplyArguments) -> None:
        self.given = given
        self.ledger = Ledger()

    def begin(self, plan: Plan) -> None:
        self.ledger = Ledger(plan.changes)

    def follow(self, pool: ServicePool) -> Followed | None:
        """Follows what now runs or has ended as it was wanted."""
        entries, asked = {}, {}
        for entry in self.ledger.done():
            change = entry.outcome.change
            job = Job(change.job_name, pool.service_of(change))
            entries[job] = entry
            if change.request is not None and change.nature is Nature.STAYS:
                asked[job] = change.request.content_name
        if not entries:
            return None
        out = sys.stderr if self.given.format == "json" else sys.stdout
        followed = Followed(list(entries), asked=asked)
        try:
            follow(followed, out)
        finally:
            for job, ending in followed.endings.items():
                entries[job].ending = ending
        return followed

    def hand_on(self) -> bool:
        """Writes the outputs, and the outcome where it is wanted as JSON; whether all could be written. What could not
        is told."""
        entries = self.ledger.entries
        if self.given.format == "json":
            say(outcomes_json(entries))
        problems = write_outputs(entries, self.given.outputs, os.environ)
        for problem in problems:
            complain(problem, "what was done is not lost: sagespec status PATH… shows it")
        return not problems


def saved_plan(given: ApplyArguments) -> tuple[Plan, PlanOptions]:
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
    return saved.plan, saved.options


def what_is_left(then: Plan, now: Plan) -> Plan:
    """What a plan that was shown or saved still has to do, as things are now.

    Raises:
        Ended: it does not hold any more; that is told.
    """
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


def outcomes_of(plan: Plan, pool: ServicePool, options: PlanOptions, style: Style) -> Iterator[Outcome]:
    with open(os.devnull, "w") as nobody, progress_on(nobody if is_quiet() else sys.stderr) as progress:  # noqa: PTH123
        for outcome in pool.apply(plan, options, progress):
            for line in outcome_text(outcome, style):
                tell(line, always=not outcome.done or outcome.change.unfulfilled)
            yield outcome
