"""apply: carries out a plan that was agreed to."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.base.files import unwritable
from sagespec.base.named import NamedTuple
from sagespec.cli.codes import Code, Ended, WrongUsage
from sagespec.cli.commands.deploying import ApplyArguments
from sagespec.cli.commands.deploying.following import Followed, follow, follow_as_they_begin
from sagespec.cli.runs import accepted, compiler_of
from sagespec.cli.services import (
    account_of_credentials,
    archive_in,
    check_prune,
    evidence_of,
    plan_options,
    service_pool,
    trained_in,
)
from sagespec.cli.terminal import confirm, is_quiet, print_error, print_result, print_status
from sagespec.deploying.applying.saved import still_planned
from sagespec.deploying.applying.slots import Slots
from sagespec.deploying.following.ledger import Entry, Ledger
from sagespec.deploying.following.looking import FollowedJob
from sagespec.deploying.planning.plan import FINISHING, Action, nature_of
from sagespec.deploying.planning.planfile import PlanFileError, from_text, is_plan_file, unlike
from sagespec.deploying.planning.pruning import only
from sagespec.kinds.lifecycle import Nature
from sagespec.reporting.plans.data import outcomes_json
from sagespec.reporting.plans.outputs import write_outputs
from sagespec.reporting.plans.plan import outcome_text, plan_text
from sagespec.reporting.terminal.progress import progress_on
from sagespec.reporting.terminal.style import Style, style_of

if TYPE_CHECKING:
    from sagespec.building.request import Request
    from sagespec.deploying.applying.applier import Outcome
    from sagespec.deploying.planning.jobs.planner import Change, Plan, PlanOptions
    from sagespec.deploying.planning.pruning import Gone
    from sagespec.deploying.pool import ServicePool
    from sagespec.pipeline import Compiler


def apply(given: ApplyArguments) -> int:
    why = unwritable(given.outputs)
    if why:
        raise WrongUsage(f"--outputs {given.outputs}: {why}")
    pool = service_pool(given)
    inputs = inputs_of(given, pool)
    report = ApplyReport(given)
    try:
        code = carried_out(given, inputs, report, pool)
    except KeyboardInterrupt:
        print_error("interrupted", "run it again: nothing is done twice")
        code = int(Code.INTERRUPTED)
    except BaseException:
        report.hand_on()
        raise
    return code if report.hand_on() or code else Code.SERVICE_FAILED


class ApplyInputs(NamedTuple):
    """What is to be applied."""

    requests: Sequence[Request]
    options: PlanOptions
    gone: Gone
    """What is known of manifests that are not there."""
    saved: Plan | None = None
    again: Callable[[], Sequence[Request]] | None = None
    """Compiles the manifests once more, when jobs have completed whose models are to be served."""


def inputs_of(given: ApplyArguments, pool: ServicePool) -> ApplyInputs:
    """What is to be applied: requests, the options, and the plan if one was saved.

    Raises:
        WrongUsage: `--prune` without a project.
        Ended: a manifest or a plan is wrong.
    """
    if any(map(is_plan_file, given.paths)):
        saved, options = saved_plan(given)
        gone = only({change.job_name for change in saved.changes if change.request is None})
        return ApplyInputs(
            [change.request for change in saved.changes if change.request is not None], options, gone, saved
        )
    requests, compiler = compiled(given, pool)
    options = plan_options(given)
    check_prune(options, requests, given)
    return ApplyInputs(requests, options, evidence_of(compiler), again=lambda: compiled(given, pool)[0])


def compiled(given: ApplyArguments, pool: ServicePool) -> tuple[Sequence[Request], Compiler]:
    """The requests of the manifests, as they and the service are now.

    Raises:
        Ended: a manifest is wrong.
    """
    compiler = compiler_of(
        given,
        build=True,
        local=given.local,
        ask_account=account_of_credentials,
        trained=trained_in(pool),
        archive_at=archive_in(pool),
    )
    requests, code = accepted(compiler.run(given.paths), given)
    if code:
        raise Ended(code)
    return requests, compiler


def carried_out(given: ApplyArguments, inputs: ApplyInputs, report: ApplyReport, pool: ServicePool) -> int:
    """Plans, asks, does and follows; `report` has what was done, however this ends."""
    style = style_of(sys.stderr)
    made = pool.plan(inputs.requests, inputs.options, inputs.gone)
    if inputs.saved is not None:
        made = what_is_left(inputs.saved, made)
    for line in plan_text(pool.naming_files(made), style):
        print_status(line, always=not given.yes)
    check_rehearsal(given, made)
    if made.pending and not given.yes:
        if not confirm("Apply this plan?"):
            return Code.WRONG_USAGE
        made = what_is_left(made, pool.plan(inputs.requests, inputs.options, inputs.gone))  # thinking takes time
    report.begin(made)
    seen: Code | None = None
    if given.max_parallel:
        seen = report.follow_as_they_begin(pool, made, inputs.options, style)
    else:
        for outcome in outcomes_of(made, pool, inputs.options, style):
            report.ledger.note(outcome)
    code = waited(report, inputs, pool, style, seen) if given.wait or given.interrupt else Code.FINE
    if code is Code.INTERRUPTED:
        return code
    if not report.ledger.all_done:
        return Code.SERVICE_FAILED
    if code:
        return code
    if given.wait and any(is_waiting(entry.outcome.change) for entry in report.ledger.entries):
        return Code.JOB_FAILED
    return Code.JOB_FAILED if report.ledger.unfulfilled else Code.FINE


def is_waiting(change: Change) -> bool:
    """Whether an endpoint waits for a training job."""
    return change.request is not None and bool(change.request.serving.waits_for) and change.action is Action.WAIT


def serve_what_was_trained(report: ApplyReport, inputs: ApplyInputs, pool: ServicePool, style: Style) -> bool:
    """Endpoints that waited for jobs which have completed since: they are planned again, as the plan has said, and the
    new plan is shown and done. Whether anything was."""
    waiting = {change.name: entry for entry in report.ledger.entries if is_waiting(change := entry.outcome.change)}
    if waiting and inputs.again is None:
        print_error(
            f"{', '.join(waiting)}: a saved plan does not include what waits for a job",
            "sagespec apply PATH… serves it",
        )
    if not waiting or inputs.again is None:
        return False
    before = {request.name: request.digest for request in inputs.requests if nature_of(request) is Nature.RUNS}
    now = inputs.again()
    if before != {request.name: request.digest for request in now if nature_of(request) is Nature.RUNS}:
        print_error("the manifests were changed while their jobs ran; nothing is served yet", "run apply again")
        return False
    ready = [each for each in now if nature_of(each) is Nature.STAYS and each.name in waiting]
    made = pool.plan(ready, inputs.options._replace(prune=False))
    for line in plan_text(made, style):
        print_status(line)
    for outcome in outcomes_of(made, pool, inputs.options, style):
        waiting[outcome.change.name].done = outcome
    return any(not is_waiting(change) for change in made.changes)


def waited(report: ApplyReport, inputs: ApplyInputs, pool: ServicePool, style: Style, seen: Code | None = None) -> Code:
    """Follows what was done to its end, serves what was trained, and finishes what can only be done then; the worst of
    what was seen.

    Args:
        seen: what was seen of what was done, where that has been followed already.
    """
    codes = [report.follow(pool) if seen is None else seen]
    if codes[-1] is not Code.INTERRUPTED and serve_what_was_trained(report, inputs, pool, style):
        codes.append(report.follow(pool, Nature.STAYS))
    if codes[-1] is not Code.INTERRUPTED and finished(report, pool, inputs.options, style):
        codes.append(report.follow(pool, Nature.STAYS))
    return Code.INTERRUPTED if Code.INTERRUPTED in codes else min((code for code in codes if code), default=Code.FINE)


def finished(report: ApplyReport, pool: ServicePool, options: PlanOptions, style: Style) -> bool:
    """Does what is left to do once endpoints serve: their counts and tags, and the removal of what nothing uses any
    more, as the plan has said. Whether there is something new to follow."""
    changes = (entry.outcome.change for entry in report.ledger.done() if entry.ending is not None)
    standing = [change.request for change in changes if change.request is not None and change.nature is Nature.STAYS]
    if not standing:
        return False
    made = pool.plan(standing, options._replace(prune=False, rerun=False, replace=False))
    left = [change for change in made.changes if change.action in FINISHING]
    for outcome in outcomes_of(made._replace(changes=tuple(left)), pool, options, style):
        report.ledger.add(outcome)
    return any(change.action is Action.SCALE for change in left)


def check_rehearsal(given: ApplyArguments, plan: Plan) -> None:
    """Raises:
    WrongUsage: a rehearsal is asked for, and a job would not run.
    """
    idle = [change.job_name for change in plan.changes if change.request is not None and change not in plan.pending]
    if given.interrupt and idle:
        raise WrongUsage(f"{', '.join(idle)} would not run, so nothing would be rehearsed", "--rerun runs it again")


class ApplyReport:
    """What this apply has done so far, and where that is wanted. It is handed on once, on every way out."""

    def __init__(self, given: ApplyArguments) -> None:
        self.given = given
        self.ledger = Ledger()

    def begin(self, plan: Plan) -> None:
        self.ledger = Ledger(plan.changes)

    def follow(self, pool: ServicePool, only: Nature | None = None) -> Code:
        """Follows what now runs or has ended as it was wanted."""
        entries, asked = {}, {}
        for entry in self.ledger.done():
            change = entry.outcome.change
            if only is not None and change.nature is not only:
                continue
            job = FollowedJob(change.job_name, pool.service_of(change))
            entries[job] = entry
            if change.request is not None and change.nature is Nature.STAYS:
                asked[job] = change.request.content_name
        if not entries:
            return Code.FINE
        out = sys.stderr if self.given.format == "json" else sys.stdout
        followed = Followed(list(entries), asked=asked)
        try:
            follow(followed, out)
        finally:
            for job, ending in followed.endings.items():
                entries[job].ending = ending
        return followed.code

    def follow_as_they_begin(self, pool: ServicePool, plan: Plan, options: PlanOptions, style: Style) -> Code:
        """Carries out a plan, no more than so many of its jobs at a time, and follows each from its beginning.

        Raises:
            KeyboardInterrupt: somebody pressed Ctrl-C before everything had begun.
        """
        slots = Slots(self.given.max_parallel)
        entries: dict[FollowedJob, Entry] = {}
        asked: dict[FollowedJob, str] = {}

        def begun(outcome: Outcome, note: Callable[[str], None]) -> FollowedJob | None:
            entry = self.ledger.note(outcome)
            for line in outcome_text(outcome, style):
                if not is_quiet() or not outcome.done or outcome.change.unfulfilled:
                    note(line)
            if not outcome.followable:
                return None
            job = FollowedJob(outcome.change.job_name, pool.service_of(outcome.change))
            entries[job] = entry
            if outcome.change.request is not None and outcome.change.nature is Nature.STAYS:
                asked[job] = outcome.change.request.content_name
            return job

        followed = Followed([], asked=asked)
        out = sys.stderr if self.given.format == "json" else sys.stdout
        try:
            follow_as_they_begin(followed, lambda progress: pool.apply(plan, options, progress, slots), begun, out)
        finally:
            slots.close()
            for job, ending in followed.endings.items():
                entries[job].ending = ending
        return followed.code

    def hand_on(self) -> bool:
        """Writes the outputs, and the outcome where it is wanted as JSON; whether all could be written. What could not
        is reported."""
        entries = self.ledger.entries
        if self.given.format == "json":
            print_result(outcomes_json(entries))
        problems = write_outputs(entries, self.given.outputs, os.environ)
        for problem in problems:
            print_error(problem, "what was done is not lost: sagespec status PATH… shows it")
        return not problems


def saved_plan(given: ApplyArguments) -> tuple[Plan, PlanOptions]:
    """The one plan that was saved, if its files are still as they were.

    Raises:
        WrongUsage: something is given beside it that it says itself.
        Ended: it cannot be read, or its files have changed; that is reported.
    """
    path, *others = given.paths
    repeated = [*others, *given.decided_by_a_plan]
    if repeated:
        raise WrongUsage(f"a saved plan decides this already: {', '.join(repeated)}", f"sagespec apply {path}")
    try:
        saved = from_text(Path(path).read_text(encoding="utf-8"), path)
    except (PlanFileError, OSError, UnicodeDecodeError) as error:
        print_error(getattr(error, "message", f"{path} cannot be read: {error}"), getattr(error, "hint", ""))
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
        Ended: it does not hold any more; that is reported.
    """
    left, differences = still_planned(then.changes, now.changes)
    if then.account != now.account:
        differences.insert(0, f"it was made for account {then.account}, and the credentials are for {now.account}")
    if differences:
        refuse(differences)
        raise Ended(Code.SERVICE_FAILED)
    return now._replace(changes=tuple(left))


def refuse(differences: Iterable[str], hint: str = "look at a new plan: sagespec plan PATH…") -> None:
    print_error("things have changed since the plan was made; nothing was done", hint)
    for difference in differences:
        print_status(f"  {difference}", always=True)


def outcomes_of(plan: Plan, pool: ServicePool, options: PlanOptions, style: Style) -> Iterator[Outcome]:
    with open(os.devnull, "w") as nobody, progress_on(nobody if is_quiet() else sys.stderr) as progress:  # noqa: PTH123
        for outcome in pool.apply(plan, options, progress):
            for line in outcome_text(outcome, style):
                print_status(line, always=not outcome.done or outcome.change.unfulfilled)
            yield outcome
