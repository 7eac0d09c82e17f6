"""The commands that have to do with jobs: plan, apply, status, logs, …"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sagespec.cli.codes import Code, Ended
from sagespec.cli.program import app
from sagespec.cli.runs import accepted, compiler_of
from sagespec.cli.services import account_of_credentials, jobs_of, local_service, project_folder, world_of
from sagespec.cli.terminal import complain, is_quiet, say, tell
from sagespec.cli.words import (
    Allow,
    Env,
    Executor,
    Local,
    Names,
    OutcomeFormat,
    Paths,
    PlanFormat,
    Prune,
    Replace,
    Rerun,
    Set,
)
from sagespec.reporting.style import Style, style_of

if TYPE_CHECKING:
    from sagespec.deploying.applier import Outcome
    from sagespec.deploying.ending import Ending
    from sagespec.deploying.planner import Change, Plan, Seen, Wish
    from sagespec.deploying.services import Service
    from sagespec.deploying.world import World


@app.command()
def plan(
    paths: Paths,
    format_: Annotated[PlanFormat, typer.Option("--format", help="How the plan is written.")] = PlanFormat.TEXT,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Save the plan, for apply FILE.")] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 5 if changes are pending.")
    ] = False,
    prune: Prune = False,
    rerun: Rerun = False,
    replace: Replace = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no service: as if no job existed yet.")] = False,
    local: Local = False,
    allow: Allow = None,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Show what apply would do, job by job, and why. Changes nothing.

    Exit code: 0 fine, 1 a manifest is wrong, 2 wrong usage, 3 the service failed, 5 changes are pending
    (with --detailed-exitcode).
    """
    from sagespec.base.files import write_whole
    from sagespec.deploying.planfile import to_text
    from sagespec.deploying.planner import Wish, decide_all
    from sagespec.reporting.markdown import plan_markdown
    from sagespec.reporting.plan import plan_json, plan_text

    requests, code = accepted(compiler_of(env, set_, allow, build=True, local=local).run(paths))
    if code:
        return code
    wish = Wish(rerun, replace, prune)
    made = decide_all(requests, (), wish) if offline else world_of().plan(requests, wish)
    if out is not None:
        write_whole(out, to_text(made, wish))
        tell(f"saved; to do exactly this: sagespec apply {out}")
    if format_ is PlanFormat.JSON:
        say(plan_json(made))
    elif format_ is PlanFormat.MARKDOWN:
        say(plan_markdown(made).rstrip("\n"))
    else:
        for line in plan_text(made, style_of(sys.stdout)):
            say(line)
    return Code.CHANGES_PENDING if detailed_exitcode and made.pending else Code.FINE


@app.command()
def apply(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...|PLANFILE", help="Manifests, folders, -, or one file that plan --out has saved."
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the jobs until they end.")] = False,
    outputs: Annotated[
        Path | None,
        typer.Option("--outputs", metavar="FILE", help="Write what became of each job, as JSON, for the next step."),
    ] = None,
    format_: Annotated[
        OutcomeFormat, typer.Option("--format", help="How the outcome is written.")
    ] = OutcomeFormat.TEXT,
    prune: Prune = False,
    rerun: Rerun = False,
    replace: Replace = False,
    provision: Annotated[
        bool, typer.Option("--provision", help="Local runs: install the manifest's TensorFlow version first.")
    ] = False,
    executor: Annotated[
        Executor, typer.Option("--executor", help="Local runs: this machine's Python, or the request's image.")
    ] = Executor.PROCESS,
    interrupt: Annotated[
        int, typer.Option("--interrupt", min=0, metavar="N", help="Local runs: a spot rehearsal with N interruptions.")
    ] = 0,
    local: Local = False,
    allow: Allow = None,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Bring training jobs to what the manifests say. Safe to run again at any time.

    With --wait, the exit code follows the trainings. In GitHub Actions the results are also set as outputs of the
    step, and its summary shows them.

    Exit code: 0 fine, 1 a manifest is wrong, 2 wrong usage, 3 the service failed or refused, or the plan does not
    hold any more, 4 a job that was waited for did not complete.
    """
    from sagespec.deploying.planfile import is_plan_file
    from sagespec.deploying.planner import Action, Wish
    from sagespec.reporting.outputs import write_outputs
    from sagespec.reporting.plan import outcomes_json, plan_text

    wish, saved = Wish(rerun, replace, prune), None
    if any(map(is_plan_file, paths)):
        if len(paths) > 1 or rerun or replace or prune or local:
            complain("a saved plan says all of this itself", f"sagespec apply {paths[0]}")
            return Code.WRONG_USAGE
        saved, wish = saved_plan(paths[0])
        requests = [change.request for change in saved.changes if change.request is not None]
    else:
        compiler = compiler_of(env, set_, allow, build=True, local=local, ask_account=account_of_credentials)
        requests, code = accepted(compiler.run(paths))
        if code:
            return code
    world, style = world_of(executor.value, provision=provision, interrupt=interrupt), style_of(sys.stderr)
    made = world.plan(requests, wish)
    if saved is not None and not holds(saved.changes, made.changes):
        return Code.SERVICE_FAILED
    for line in plan_text(made, style):
        tell(line, always=not yes)
    if made.pending and not yes:
        if not agreed():
            return Code.WRONG_USAGE
        shown, made = made, world.plan(requests, wish)  # thinking takes time
        if not holds(shown.changes, made.changes):
            return Code.SERVICE_FAILED
    outcomes = list(outcomes_of(made, world, wish, style))
    followed = [outcome.change for outcome in outcomes if outcome.done and outcome.change.action is not Action.STOP]
    jobs = [(change.job_name, world.service_of(change)) for change in followed]
    endings = print_news(jobs) if wait and jobs else []
    write_outputs(outcomes, endings, outputs, os.environ)
    if format_ is OutcomeFormat.JSON:
        say(outcomes_json(outcomes, endings))
    if not all(outcome.done for outcome in outcomes):
        return Code.SERVICE_FAILED
    return Code.FINE if all(ending.succeeded for ending in endings) else Code.JOB_FAILED


@app.command()
def status(
    names: Names,
    format_: Annotated[OutcomeFormat, typer.Option("--format", help="How states are written.")] = OutcomeFormat.TEXT,
    local: Local = False,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Show the state of jobs: times, cost, model, and for a failure what it is and what to do."""
    from sagespec.reporting.status import status_json, status_text

    jobs = jobs_of(names, local=local, env=env, set_=set_)
    found = [state_of(service, name) for name, service in jobs]
    if format_ is OutcomeFormat.JSON:
        say(status_json(found))
    else:
        for line in status_text(found, style_of(sys.stdout)):
            say(line)
    return Code.FINE


@app.command()
def logs(
    names: Names,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the jobs end.")] = False,
    local: Local = False,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Print the logs of jobs."""
    from sagespec.deploying.services import START

    jobs = list(jobs_of(names, local=local, env=env, set_=set_))
    if follow:
        print_news(jobs)
        return Code.FINE
    for name, service in jobs:
        lines, _ = service.logs(name, START)
        for line in lines:
            say(log_line(line, name if len(jobs) > 1 else ""))
    return Code.FINE


@app.command()
def attach(names: Names, local: Local = False, env: Env = None, set_: Set = None) -> int:
    """Follow jobs until they end, whoever has started them. Ctrl-C stops following, not the jobs.

    Exit code: 0 completed, 3 the service failed, 4 a job did not complete.
    """
    endings = print_news(list(jobs_of(names, local=local, env=env, set_=set_)))
    return Code.FINE if all(ending.succeeded for ending in endings) else Code.JOB_FAILED


@app.command()
def tensorboard(
    name: Annotated[str, typer.Argument(metavar="NAME-or-PATH", help="A job's name, or a manifest with one job.")],
    port: Annotated[int, typer.Option("--port", min=1, max=65_000, help="The first port that is tried.")] = 6006,
    local: Local = False,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Run TensorBoard on what a job has saved so far, and go on fetching while the job runs. Ctrl-C ends it."""
    from sagespec.deploying.tensorboard import show

    jobs = list(jobs_of([name], local=local, env=env, set_=set_))
    if len(jobs) > 1:
        complain(f"'{name}' has {len(jobs)} jobs", f"name one: {', '.join(job_name for job_name, _ in jobs)}")
        return Code.WRONG_USAGE
    job_name, service = jobs[0]
    show(service, job_name, project_folder() / "tensorboard", tell, first_port=port)
    return Code.FINE


@app.command()
def stop(names: Names, local: Local = False, env: Env = None, set_: Set = None) -> int:
    """Ask jobs to end; what they have saved is kept."""
    for name, service in jobs_of(names, local=local, env=env, set_=set_):
        seen = service.describe(name)
        if seen.ended:
            tell(f"{name} has ended already ({seen.status})")
            continue
        service.stop(name)
        tell(f"{name} was asked to stop")
    return Code.FINE


local_jobs = typer.Typer(name="local", help="The jobs on this machine.", no_args_is_help=True, rich_markup_mode=None)


app.add_typer(local_jobs)


@local_jobs.command(name="list")
def local_list(
    format_: Annotated[OutcomeFormat, typer.Option("--format", help="How states are written.")] = OutcomeFormat.TEXT,
) -> int:
    """List the jobs on this machine, oldest first."""
    from sagespec.reporting.status import state_line, status_json

    service = local_service()
    found = service.jobs()
    if format_ is OutcomeFormat.JSON:
        say(status_json([state_of(service, seen.job_name) for seen in found]))
    else:
        for seen in found:
            say(state_line(seen, style_of(sys.stdout)))
    return Code.FINE


@local_jobs.command(name="clean")
def local_clean(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB...]", help="All that have ended, or these.")
    ] = None,
) -> int:
    """Delete jobs on this machine that have ended, with their models and logs."""
    for job_name in local_service().clean(names or None):
        tell(f"{job_name} is deleted")
    return Code.FINE


def saved_plan(path: str) -> tuple[Plan, Wish]:
    """A plan that was saved, if its files are still as they were."""
    from sagespec.deploying.planfile import PlanFileError, from_text, unlike

    try:
        saved = from_text(Path(path).read_text(encoding="utf-8"), path)
    except (PlanFileError, OSError, UnicodeDecodeError) as error:
        complain(getattr(error, "message", f"{path} cannot be read: {error}"), getattr(error, "hint", ""))
        raise Ended(Code.WRONG_USAGE) from None
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
                tell(line, always=not outcome.done)
            yield outcome


def print_news(jobs: Sequence[tuple[str, Service]]) -> list[Ending]:
    """Follows jobs: logs to standard output, states to standard error. How they have ended comes back."""
    from collections import defaultdict, deque

    from sagespec.deploying.ending import TAIL
    from sagespec.deploying.world import follow_all
    from sagespec.reporting.board import board_on
    from sagespec.reporting.status import ended_text, state_line

    style, services = style_of(sys.stderr), dict(jobs)
    tails: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=TAIL))
    endings = {}
    try:
        with board_on(sys.stderr, sys.stdout, list(services)) as board:
            for news in follow_all(jobs):
                if news.line is not None:
                    tails[news.job_name].append(news.line.text)
                    board.line(log_line(news.line, news.job_name if len(services) > 1 else ""))
                elif news.seen is not None:
                    board.state(news.seen)
                    if news.seen.ended:
                        tail = list(tails[news.job_name])
                        endings[news.job_name] = ending(services[news.job_name], news.seen, tail)
    except KeyboardInterrupt:
        tell(f"\nNo longer following; the jobs go on. To follow again: sagespec attach {' '.join(services)}")
        raise Ended(Code.INTERRUPTED) from None
    for found in endings.values():
        tell(state_line(found, style), always=not found.succeeded)
        for line in ended_text(found, style):
            tell(line, always=not found.succeeded)
    return list(endings.values())


def state_of(service: Service, job_name: str) -> Ending:
    """A job as it is; with the end of its log, where that may say why it failed."""
    from sagespec.deploying.ending import TAIL

    seen = service.describe(job_name)
    lines = service.tail(job_name, TAIL) if seen.status == "Failed" else ()
    return ending(service, seen, [line.text for line in lines])


def ending(service: Service, seen: Seen, tail: Sequence[str] = ()) -> Ending:
    """What a job leaves behind, its model looked for where the service says that it lies."""
    from sagespec.deploying.ending import ending_of
    from sagespec.deploying.services import ServiceError

    try:
        artifact = service.artifact(seen.job_name) if seen.ended else None
    except ServiceError as error:
        complain(f"whether the model is there could not be seen: {error.message}", error.hint)
        artifact = ending_of(seen).promised
    return ending_of(seen, artifact, tail)


def log_line(line: Any, job_name: str) -> str:
    from sagespec.reporting.diagnostics import printable

    prefix = f"{job_name} {line.host} | " if job_name else f"{line.host} | " if line.host != "algo-1" else ""
    return prefix + printable(line.text)
