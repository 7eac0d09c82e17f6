"""The command line: words in, exit code out. What a command prints is a view of what the library returned."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from enum import Enum, IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sagespec.show.style import Style, style_of

if TYPE_CHECKING:
    from sagespec.applier import Outcome
    from sagespec.compiler import Compiler, Result
    from sagespec.ending import Ending
    from sagespec.importing import Draft
    from sagespec.local import LocalService
    from sagespec.planner import Change, Plan, Seen, Wish
    from sagespec.service import Service
    from sagespec.targets import Request, Site
    from sagespec.world import World


class Code(IntEnum):
    """Exit codes: closed, and documented in DESIGN section 8 and in the README."""

    FINE = 0
    WRONG_MANIFEST = 1
    WRONG_USAGE = 2
    SERVICE_FAILED = 3
    JOB_FAILED = 4
    CHANGES_PENDING = 5
    INTERRUPTED = 130


class Format(str, Enum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"


class PlanFormat(str, Enum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class OutcomeFormat(str, Enum):
    TEXT = "text"
    JSON = "json"


class TargetName(str, Enum):
    SAGEMAKER = "sagemaker"
    ACK = "ack"
    STEP_FUNCTIONS = "step-functions"
    AWS_CLI = "aws-cli"


class Talk(Enum):
    QUIET = 0
    USUAL = 1
    VERBOSE = 2


class Executor(str, Enum):
    PROCESS = "process"
    DOCKER = "docker"


class Template(str, Enum):
    SCRIPT = "script"
    KERAS = "keras"
    LEGACY = "legacy"
    DISTRIBUTED = "distributed"
    PIPE = "pipe"


app = typer.Typer(
    name="sagespec",
    help="SageMaker training jobs as YAML manifests: checked, compiled, planned and applied.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Paths = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Manifests, folders of manifests, or - for standard input.")
]
Env = Annotated[
    str | None, typer.Option("--env", envvar="SAGESPEC_ENV", help="Environment of the defaults that holds.")
]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A value for {{ vars.NAME }}.")]
Allow = Annotated[
    list[str] | None, typer.Option("--allow", metavar="RULE", help="A rule that says nothing, not even errors.")
]
Local = Annotated[bool, typer.Option("--local", help="Run on this machine instead of SageMaker.")]
Prune = Annotated[bool, typer.Option("--prune", help="Stop running jobs of the project whose manifest is gone.")]
Rerun = Annotated[bool, typer.Option("--rerun", help="Run again what has ended.")]
Replace = Annotated[bool, typer.Option("--replace", help="Stop a running job whose manifest has changed.")]
Names = Annotated[
    list[str], typer.Argument(metavar="NAME-OR-PATH...", help="Job names, or manifests whose jobs are meant.")
]


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit code comes back."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        result = _app_for(words)(args=words, standalone_mode=False)
    except Exception as error:
        return _ended(error)
    return int(result or 0)


def _app_for(words: Sequence[str]) -> typer.Typer:
    """The app with the one command that the words begin with: the others would be made only to be thrown away."""
    named = [info for info in app.registered_commands if words and words[0] == (info.name or _called(info.callback))]
    if not named:
        return app
    alone = copy(app)
    alone.registered_commands, alone.registered_groups = named, []
    return alone


def _called(callback: Callable[..., Any] | None) -> str:
    return getattr(callback, "__name__", "")


def _ended(error: Exception) -> int:
    """The exit code of an expected ending; anything else is a bug and goes on."""
    from sagespec.service import ServiceError

    if isinstance(error, ServiceError):
        complain(error.message, error.hint)
        return Code.SERVICE_FAILED
    if isinstance(error, typer.Abort):
        complain("interrupted", "run it again: nothing is done twice")
        return Code.INTERRUPTED
    code = getattr(error, "exit_code", None)
    if code is None:
        raise error
    if hasattr(error, "format_message"):
        complain(error.format_message(), "sagespec --help lists the commands; sagespec COMMAND --help explains one")
        return Code.WRONG_USAGE
    return int(code)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Results and errors only: no progress, no remarks.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say which files were read for each job.")] = False,
) -> None:
    global talk
    talk = Talk.QUIET if quiet else Talk.VERBOSE if verbose else Talk.USUAL
    if version:
        from sagespec import __version__

        say(f"sagespec {__version__}")
        raise typer.Exit


@app.command()
def validate(
    paths: Paths,
    format_: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.TEXT,
    fix: Annotated[bool, typer.Option("--fix", help="Cure what is certain, in the files, before checking.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    allow: Allow = None,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Say everything that is wrong with manifests, before it costs money.

    With --fix, comments and layout stay as they are; of standard input the cured text is printed, and findings go to
    standard error.

    Exit code: 0 nothing wrong, 1 errors found (or left), 2 wrong usage.
    """
    from sagespec.show.diagnostics import FORMATS, summary
    from sagespec.show.report import report_of

    def compiler() -> Compiler:
        return compiler_of(env, set_, allow, build=False)

    results = repaired(compiler, paths) if fix else compiler().run(paths)
    report = report_of(heard(results))
    if not report.files:
        complain("there is no manifest here", NO_MANIFEST)
        return Code.WRONG_USAGE
    stream = sys.stderr if fix and "-" in paths else sys.stdout
    for line in FORMATS[format_.value](report, style_of(stream)):
        stream.write(line + "\n")
    if format_ is Format.TEXT:
        tell(summary(report))
    return Code.WRONG_MANIFEST if report.errors or (strict and report.warnings) else Code.FINE


@app.command(name="compile")
def compile_(
    paths: Paths,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write one file a job: NAME.json (or .yaml, .sh).")
    ] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one line a job, refused ones included.")] = False,
    target: Annotated[
        TargetName, typer.Option("--target", help="Who will create the job: the form of what is written.")
    ] = TargetName.SAGEMAKER,
    local: Local = False,
    allow: Allow = None,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Print the CreateTrainingJob request of a manifest, byte for byte the same everywhere.

    --target gives it another form: ack (the TrainingJob resource of the AWS controllers for Kubernetes),
    step-functions (a task state), aws-cli (a shell script). What these need in S3 is told on standard error; with
    --out, source archives are written beside.

    Exit code: 0 compiled, 1 a manifest is wrong, 2 wrong usage.
    """
    from sagespec.export import fitting, line_of, needed, text_of, write_all

    results = fitting(compiler_of(env, set_, allow, build=True, local=local).run(paths), target.value)
    if jsonl:
        refused = False
        for result in results:
            refused = refused or is_refused(result)
            if result.name is not None or is_refused(result):
                say(line_of(result, target.value))
        return Code.WRONG_MANIFEST if refused else Code.FINE
    requests, code = accepted(results)
    if code:
        return code
    if out is None and len(requests) != 1:
        complain(f"these paths hold {len(requests)} jobs", "give one manifest, or --jsonl, or --out DIR")
        return Code.WRONG_USAGE
    if out is not None:
        for written in write_all(requests, target.value, out):
            say(str(written))
    else:
        say(text_of(requests[0], target.value).removesuffix("\n"))
    if target is not TargetName.SAGEMAKER:
        for line in needed(requests, out):
            tell(f"first: {line}")
    return Code.FINE


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
    from sagespec.planfile import to_text
    from sagespec.planner import Wish, decide_all
    from sagespec.show.markdown import plan_markdown
    from sagespec.show.plan import plan_json, plan_text
    from sagespec.show.requests import write_whole

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
    from sagespec.planfile import is_plan_file
    from sagespec.planner import Action, Wish
    from sagespec.show.outputs import write_outputs
    from sagespec.show.plan import outcomes_json, plan_text

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
    from sagespec.show.status import status_json, status_text

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
    from sagespec.service import START

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
    from sagespec.tensorboard import show

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
    from sagespec.show.status import state_line, status_json

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


@app.command()
def explain(
    about: Annotated[
        str, typer.Argument(metavar="RULE-or-FILE", help="A rule's name as findings show it, or a manifest.")
    ],
    field: Annotated[str | None, typer.Argument(metavar="[FIELD]", help="With a manifest: channels.train, …")] = None,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Explain a rule, or a manifest's field: its value, where that was written, where it lands in the request.

    Examples: sagespec explain spot-without-max-wait; sagespec explain mnist.yaml instance_type
    """
    from sagespec.rules.pages import EXPLAINED, suggestion
    from sagespec.show.pages import page

    if field is not None:
        return explain_field(about, field, env, set_)
    if about not in EXPLAINED:
        complain(f"there is no rule '{about}'", suggestion(about))
        return Code.WRONG_USAGE
    say(page(EXPLAINED[about]))
    return Code.FINE


def explain_field(file: str, field: str, env: str | None, set_: Sequence[str] | None) -> Code:
    from sagespec.show.diagnostics import block
    from sagespec.show.origin import origin

    for result in compiler_of(env, set_, (), build=False).run([file]):
        if result.rendered is None:
            for diagnostic in result.diagnostics:
                for line in block(diagnostic, style_of(sys.stderr)):
                    tell(line, always=True)
            return Code.WRONG_MANIFEST
        for line in origin(result.rendered, field):
            say(line)
    return Code.FINE


@app.command()
def rules() -> int:
    """List everything that a finding can be called."""
    from sagespec.rules.pages import EXPLAINED
    from sagespec.show.pages import rule_list

    for line in rule_list(EXPLAINED.values(), style_of(sys.stdout)):
        say(line)
    return Code.FINE


@app.command()
def versions() -> int:
    """List the TensorFlow versions: their Pythons, modes, strategies and support dates."""
    from sagespec.catalog import facts
    from sagespec.show.pages import version_table

    for line in version_table(facts(), style_of(sys.stdout)):
        say(line)
    return Code.FINE


@app.command()
def schema(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the schemas are written.")] = Path("schemas"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 if a file is stale.")] = False,
) -> int:
    """Write the JSON Schemas that editors complete and check manifests with."""
    from sagespec.schema import stale, write_schemas

    if check:
        found = stale(out)
        for name in found:
            complain(f"{name} is stale", f"sagespec schema --out {out}")
        return Code.WRONG_MANIFEST if found else Code.FINE
    for path in write_schemas(out):
        say(str(path))
    return Code.FINE


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write; made if it is not there.")] = Path(),
    template: Annotated[Template, typer.Option("--template", help="What to start from.")] = Template.SCRIPT,
) -> int:
    """Write a manifest and a script to start from. Never overwrites anything."""
    from sagespec.show.scaffold import Taken, scaffold

    try:
        written = scaffold(folder, template.value)
    except Taken as taken:
        complain(f"{taken.path} is there already", "give another folder")
        return Code.WRONG_USAGE
    for path in written:
        say(str(path))
    manifest = folder / "train.yaml"
    tell(f"\nNext: sagespec validate {manifest}\n      sagespec apply --local --provision --wait {manifest}")
    return Code.FINE


NO_MANIFEST = "a manifest begins with apiVersion: sagespec/v1; sagespec init writes one"


@app.command(name="import")
def import_(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[JOB|SCRIPT.py|NOTEBOOK.ipynb]", help="A training job's name, or a file of Python."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="JSON", help="What describe-training-job has printed, or a request."),
    ] = None,
) -> int:
    """Print a manifest of a training job that exists, or of the TensorFlow estimators in a script. Runs nothing.

    Examples: sagespec import mnist-2026-01-02-03-04-05-678; sagespec import train.ipynb;
    sagespec import --file describe.json

    Exit code: 0 a whole manifest, 1 something is left to fill in, 2 wrong usage, 3 the service failed.
    """
    from sagespec.importing import Unreadable

    if (source is None) == (file is None):
        complain("one thing can be imported at a time", "give a job's name, a script, a notebook, or --file JSON")
        return Code.WRONG_USAGE
    try:
        drafts = drafts_of(source, file)
    except Unreadable as error:
        complain(error.message, error.hint)
        return Code.WRONG_MANIFEST
    except (OSError, UnicodeDecodeError) as error:
        complain(f"{file or source} cannot be read: {error}")
        return Code.WRONG_USAGE
    say("---\n".join(draft.text for draft in drafts).removesuffix("\n"))
    for line in (line for draft in drafts for line in draft.left):
        tell(line)
    return Code.FINE if all(draft.complete for draft in drafts) else Code.WRONG_MANIFEST


# Between the words and the library -----------------------------------------------------------------------------------


talk = Talk.USUAL
"""How much is told beside results; `root` sets it anew for every run."""


def say(text: str) -> None:
    """A result."""
    sys.stdout.write(text + "\n")


def tell(text: str, *, always: bool = False) -> None:
    """Progress, or a remark; what goes wrong, and what is asked, is told however quiet one wants it."""
    if always or talk is not Talk.QUIET:
        sys.stderr.write(text + "\n")


def complain(message: str, hint: str = "") -> None:
    style = style_of(sys.stderr)
    tell(f"{style.red('error')}: {message}", always=True)
    if hint:
        tell(f" {style.dim('=')} {style.bold('help')}: {hint}", always=True)


def heard(results: Iterable[Result]) -> Iterator[Result]:
    """The results; with --verbose, what was read for each."""
    for result in results:
        if talk is Talk.VERBOSE and result.rendered is not None:
            files = dict.fromkeys(layer.document.source.name for layer in result.rendered.layers)
            tell(f"{result.name}: {', then '.join(files)}")
        yield result


def compiler_of(
    env: str | None,
    set_: Sequence[str] | None,
    allow: Sequence[str] | None,
    *,
    build: bool,
    local: bool = False,
    ask_account: Callable[[], str] | None = None,
) -> Compiler:
    from sagespec.compiler import Compiler, Options, commit_of
    from sagespec.render import Inputs

    variables = {}
    for pair in set_ or ():
        name, given, value = pair.partition("=")
        if not given or not name:
            raise typer.BadParameter(f"--set {pair}: give NAME=VALUE")
        variables[name] = value
    known_rules(allow or ())
    inputs = Inputs(env, variables, os.environ, commit_of(Path.cwd()))
    return Compiler(Options(inputs, tuple(allow or ()), build, local, ask_account=ask_account))


def repaired(make: Callable[[], Compiler], paths: Sequence[str]) -> Iterable[Result]:
    """What is left after `--fix`; what was cured is told."""
    from sagespec.fix import repair, repair_text
    from sagespec.show.diagnostics import counted, cure_line

    if "-" in paths and len(paths) > 1:
        raise typer.BadParameter("--fix takes standard input alone, or files")
    if paths == ["-"]:
        made = repair_text(make, sys.stdin.buffer)
        sys.stdout.flush()
        sys.stdout.buffer.write(made.content)
    else:
        made = repair(make, paths)
    for finding in made.cured:
        tell(cure_line(finding))
    for reason in made.refused:
        complain(reason)
    if made.cured:
        tell(f"{counted(len(made.cured), 'mistake')} fixed")
    return made.results


def drafts_of(source: str | None, file: Path | None) -> Sequence[Draft]:
    from sagespec.catalog import facts
    from sagespec.importing import code_of, from_description, from_source, json_of

    if file is not None:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        return [from_description(json_of(text, str(file)), facts())]
    name = source or ""
    if name.endswith((".py", ".ipynb")):
        return from_source(code_of(Path(name).read_text(encoding="utf-8"), name), facts())
    ((job_name, service),) = jobs_of([name], local=False, env=None, set_=None)
    seen = service.describe(job_name)
    return [from_description(seen.body, facts(), seen.tags)]


def known_rules(names: Iterable[str]) -> None:
    from sagespec.rules.pages import EXPLAINED, suggestion

    for name in names:
        if name not in EXPLAINED:
            raise typer.BadParameter(f"--allow {name}: there is no such rule; {suggestion(name)}")


def is_refused(result: Result) -> bool:
    from sagespec.diagnostic import has_errors

    return has_errors(result.diagnostics)


def accepted(results: Iterable[Result]) -> tuple[list[Request], int]:
    """The requests, if all manifests are right; findings go to standard error."""
    from sagespec.show.diagnostics import block

    requests, code, style = [], 0, style_of(sys.stderr)
    for result in heard(results):
        for diagnostic in result.diagnostics:
            for line in block(diagnostic, style):
                tell(line, always=True)
        if is_refused(result):
            code = int(Code.WRONG_MANIFEST)
        if result.request is not None:
            requests.append(result.request)
    shared = names_shared(requests)
    if shared:
        complain(f"these names are each given to several jobs: {', '.join(shared)}", "give every job a name of its own")
        code = int(Code.WRONG_MANIFEST)
    if not code and not requests:
        complain("there is no manifest here", NO_MANIFEST)
        code = int(Code.WRONG_USAGE)
    return requests, code


def names_shared(requests: Iterable[Request]) -> list[str]:
    """Names that more than one request has in one place: to the service these would be one job."""
    from collections import Counter

    counts = Counter((request.project, request.site, request.name) for request in requests)
    return sorted({name for (_, _, name), count in counts.items() if count > 1})


def account_of_credentials() -> str:
    from sagespec.service.sagemaker import SageMaker

    return SageMaker().account()


def world_of(executor: str = "process", *, provision: bool = False, interrupt: int = 0) -> World:
    """SageMaker in each region, and this machine."""
    from sagespec.world import World

    def make(site: Site) -> Service:
        if site.local:
            from sagespec.local import LocalService

            root = project_folder() / "local"
            return LocalService(root, executor=executor, provision=provision, interrupt=interrupt)
        from sagespec.service.sagemaker import SageMaker

        return SageMaker(site.region)

    return World(make)


def local_service() -> LocalService:
    from sagespec.local import LocalService

    return LocalService(project_folder() / "local")


def project_folder() -> Path:
    """Where local jobs and mirrors are kept: below the project that one stands in."""
    from sagespec.compiler import repository_of

    return (repository_of(Path.cwd()) or Path.cwd()) / ".sagespec"


def saved_plan(path: str) -> tuple[Plan, Wish]:
    """A plan that was saved, if its files are still as they were."""
    from sagespec.planfile import PlanFileError, from_text, unlike

    try:
        saved = from_text(Path(path).read_text(encoding="utf-8"), path)
    except (PlanFileError, OSError, UnicodeDecodeError) as error:
        complain(getattr(error, "message", f"{path} cannot be read: {error}"), getattr(error, "hint", ""))
        raise typer.Exit(Code.WRONG_USAGE) from None
    changes = list(unlike(saved.plan))
    if changes:
        refuse(changes, "run it in the folder where the plan was made, or make a new one: sagespec plan --out FILE")
        raise typer.Exit(Code.SERVICE_FAILED)
    return saved.plan, saved.wish


def holds(then: Sequence[Change], now: Sequence[Change]) -> bool:
    """Whether a plan can still be carried out as it was shown; if not, says what has changed."""
    from sagespec.applier import changed

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
    from sagespec.show.plan import outcome_text
    from sagespec.show.progress import progress_on

    with open(os.devnull, "w") as nobody, progress_on(nobody if talk is Talk.QUIET else sys.stderr) as progress:  # noqa: PTH123
        for outcome in world.apply(plan, wish, progress):
            for line in outcome_text(outcome, style):
                tell(line, always=not outcome.done)
            yield outcome


def print_news(jobs: Sequence[tuple[str, Service]]) -> list[Ending]:
    """Follows jobs: logs to standard output, states to standard error. How they have ended comes back."""
    from collections import defaultdict, deque

    from sagespec.ending import TAIL
    from sagespec.show.board import board_on
    from sagespec.show.status import ended_text, state_line
    from sagespec.world import follow_all

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
        raise typer.Exit(Code.INTERRUPTED) from None
    for found in endings.values():
        tell(state_line(found, style), always=not found.succeeded)
        for line in ended_text(found, style):
            tell(line, always=not found.succeeded)
    return list(endings.values())


def state_of(service: Service, job_name: str) -> Ending:
    """A job as it is; with the end of its log, where that may say why it failed."""
    from sagespec.ending import TAIL

    seen = service.describe(job_name)
    lines = service.tail(job_name, TAIL) if seen.status == "Failed" else ()
    return ending(service, seen, [line.text for line in lines])


def ending(service: Service, seen: Seen, tail: Sequence[str] = ()) -> Ending:
    """What a job leaves behind, its model looked for where the service says that it lies."""
    from sagespec.ending import ending_of
    from sagespec.service import ServiceError

    try:
        artifact = service.artifact(seen.job_name) if seen.ended else None
    except ServiceError as error:
        complain(f"whether the model is there could not be seen: {error.message}", error.hint)
        artifact = ending_of(seen).promised
    return ending_of(seen, artifact, tail)


def log_line(line: Any, job_name: str) -> str:
    from sagespec.show.diagnostics import printable

    prefix = f"{job_name} {line.host} | " if job_name else f"{line.host} | " if line.host != "algo-1" else ""
    return prefix + printable(line.text)


def jobs_of(
    names: Iterable[str], *, local: bool, env: str | None, set_: Sequence[str] | None
) -> Iterator[tuple[str, Service]]:
    """The training jobs that names or manifests mean, each with the service that has it."""
    from sagespec.targets import Site

    world = world_of()
    for name in names:
        if Path(name).exists() or name.endswith((".yaml", ".yml")):
            yield from newest_of(name, world, local=local, env=env, set_=set_)
        else:
            here = local or (project_folder() / "local" / name / "request.json").exists()
            yield name, world.service(Site(os.environ.get("AWS_REGION", ""), None, here))


def newest_of(
    path: str, world: World, *, local: bool, env: str | None, set_: Sequence[str] | None
) -> Iterator[tuple[str, Service]]:
    from sagespec.service import NoSuchJob

    requests, code = accepted(compiler_of(env, set_, (), build=True, local=local).run([path]))
    if code:
        raise typer.Exit(code)
    for request in requests:
        service = world.service(request.site)
        seen = sorted(service.observe([request]), key=lambda job: (job.created, job.attempt))
        if not seen:
            raise NoSuchJob(
                f"no training job of '{request.name}' exists on {service.name}", "sagespec apply creates it"
            )
        yield seen[-1].job_name, service
