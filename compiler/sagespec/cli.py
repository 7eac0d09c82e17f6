"""The command line: words in, exit code out. What a command prints is a view of what the library returned."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sagespec.show.style import Style, style_of

if TYPE_CHECKING:
    from sagespec.applier import Outcome
    from sagespec.compiler import Compiler, Result
    from sagespec.planner import Plan, Wish
    from sagespec.service import Service
    from sagespec.targets import Request


class Code(IntEnum):
    """Exit codes: closed, and documented in DESIGN section 8 and in the README."""

    FINE = 0
    WRONG_MANIFEST = 1
    WRONG_USAGE = 2
    SERVICE_FAILED = 3
    JOB_FAILED = 4
    CHANGES_PENDING = 5


class Format(str, Enum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"


class PlanFormat(str, Enum):
    TEXT = "text"
    JSON = "json"


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
Names = Annotated[
    list[str], typer.Argument(metavar="NAME-OR-PATH...", help="Job names, or manifests whose jobs are meant.")
]


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit code comes back."""
    try:
        result = app(args=None if arguments is None else list(arguments), standalone_mode=False)
    except Exception as error:
        return _ended(error)
    return int(result or 0)


def _ended(error: Exception) -> int:
    """The exit code of an expected ending; anything else is a bug and goes on."""
    from sagespec.service import ServiceError

    if isinstance(error, ServiceError):
        complain(error.message, error.hint)
        return Code.SERVICE_FAILED
    code = getattr(error, "exit_code", None)
    if code is None:
        raise error
    if hasattr(error, "format_message"):
        complain(error.format_message(), "sagespec --help lists the commands; sagespec COMMAND --help explains one")
        return Code.WRONG_USAGE
    return int(code)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
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
    report = report_of(results)
    stream = sys.stderr if fix and "-" in paths else sys.stdout
    for line in FORMATS[format_.value](report, style_of(stream)):
        stream.write(line + "\n")
    if format_ is Format.TEXT:
        tell(summary(report))
    return Code.WRONG_MANIFEST if report.errors or (strict and report.warnings) else Code.FINE


@app.command(name="compile")
def compile_(
    paths: Paths,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write one file a job: NAME.json.")] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one line a job, refused ones included.")] = False,
    local: Local = False,
    allow: Allow = None,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Print the CreateTrainingJob request of a manifest, byte for byte the same everywhere.

    Exit code: 0 compiled, 1 a manifest is wrong, 2 wrong usage.
    """
    from sagespec.show.requests import as_line, one_request, write_requests

    results = compiler_of(env, set_, allow, build=True, local=local).run(paths)
    if jsonl:
        refused = False
        for result in results:
            refused = refused or is_refused(result)
            if result.name is not None or is_refused(result):
                say(as_line(result))
        return Code.WRONG_MANIFEST if refused else Code.FINE
    requests, code = accepted(results)
    if code:
        return code
    if out is not None:
        for written in write_requests(requests, out):
            say(str(written))
        return Code.FINE
    if len(requests) != 1:
        complain(f"these paths hold {len(requests)} jobs", "give one manifest, or --jsonl, or --out DIR")
        return Code.WRONG_USAGE
    say(one_request(requests[0]))
    return Code.FINE


@app.command()
def plan(
    paths: Paths,
    format_: Annotated[PlanFormat, typer.Option("--format", help="How the plan is written.")] = PlanFormat.TEXT,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 5 if changes are pending.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Stop running jobs of the project whose manifest is gone.")
    ] = False,
    rerun: Annotated[bool, typer.Option("--rerun", help="Run again what has ended.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Stop a running job whose manifest has changed.")] = False,
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
    from sagespec.planner import Wish, decide_all
    from sagespec.show.plan import plan_json, plan_text

    requests, code = accepted(compiler_of(env, set_, allow, build=True, local=local).run(paths))
    if code:
        return code
    wish = Wish(rerun, replace, prune)
    made = decide_all(requests, (), wish) if offline else plan_of(requests, services_of(requests), wish)
    if format_ is PlanFormat.JSON:
        say(plan_json(made))
    else:
        for line in plan_text(made, style_of(sys.stdout)):
            say(line)
    return Code.CHANGES_PENDING if detailed_exitcode and made.pending else Code.FINE


@app.command()
def apply(
    paths: Paths,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the jobs until they end.")] = False,
    format_: Annotated[PlanFormat, typer.Option("--format", help="How the outcome is written.")] = PlanFormat.TEXT,
    prune: Annotated[
        bool, typer.Option("--prune", help="Stop running jobs of the project whose manifest is gone.")
    ] = False,
    rerun: Annotated[bool, typer.Option("--rerun", help="Run again what has ended.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Stop a running job whose manifest has changed.")] = False,
    provision: Annotated[
        bool, typer.Option("--provision", help="Local runs: install the manifest's TensorFlow version first.")
    ] = False,
    local: Local = False,
    allow: Allow = None,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Bring training jobs to what the manifests say. Safe to run again at any time.

    Exit code: 0 fine, 1 a manifest is wrong, 2 wrong usage, 3 the service failed or refused, 4 a job that was
    waited for did not complete.
    """
    from sagespec.planner import Wish
    from sagespec.show.plan import outcomes_json, plan_text

    requests, code = accepted(compiler_of(env, set_, allow, build=True, local=local).run(paths))
    if code:
        return code
    wish = Wish(rerun, replace, prune)
    services = services_of(requests, provision=provision)
    made = plan_of(requests, services, wish)
    style = style_of(sys.stderr)
    for line in plan_text(made, style):
        tell(line)
    if made.pending and not yes and not agreed():
        return Code.WRONG_USAGE
    outcomes = list(outcomes_of(made, services, wish, style))
    followed = [outcome.job_name for outcome in outcomes if outcome.done and outcome.job_name] if wait else []
    ended = wait_for(followed, services) if followed else Code.FINE
    if format_ is PlanFormat.JSON:
        say(outcomes_json(outcomes))
    return ended if all(outcome.done for outcome in outcomes) else Code.SERVICE_FAILED


@app.command()
def status(
    names: Names,
    format_: Annotated[PlanFormat, typer.Option("--format", help="How states are written.")] = PlanFormat.TEXT,
    local: Local = False,
    env: Env = None,
    set_: Set = None,
) -> int:
    """Show the state of jobs."""
    from sagespec.show.status import status_json, status_text

    found = [service.describe(name) for name, service in jobs_of(names, local=local, env=env, set_=set_)]
    if format_ is PlanFormat.JSON:
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
        for service in dict.fromkeys(service for _, service in jobs):
            print_news(service, [name for name, of in jobs if of is service])
        return Code.FINE
    for name, service in jobs:
        lines, _ = service.logs(name, START)
        for line in lines:
            say(log_line(line, name if len(jobs) > 1 else ""))
    return Code.FINE


@app.command()
def stop(names: Names, local: Local = False, env: Env = None, set_: Set = None) -> int:
    """Ask jobs to end; what they have saved is kept."""
    for name, service in jobs_of(names, local=local, env=env, set_=set_):
        service.stop(name)
        tell(f"{name} was asked to stop")
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
                    tell(line)
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


# Between the words and the library -----------------------------------------------------------------------------------


def say(text: str) -> None:
    """A result."""
    sys.stdout.write(text + "\n")


def tell(text: str) -> None:
    """Progress, or a remark."""
    sys.stderr.write(text + "\n")


def complain(message: str, hint: str = "") -> None:
    style = style_of(sys.stderr)
    tell(f"{style.red('error')}: {message}")
    if hint:
        tell(f" {style.dim('=')} {style.bold('help')}: {hint}")


def compiler_of(
    env: str | None, set_: Sequence[str] | None, allow: Sequence[str] | None, *, build: bool, local: bool = False
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
    return Compiler(Options(inputs, tuple(allow or ()), build, local))


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
    for result in results:
        for diagnostic in result.diagnostics:
            for line in block(diagnostic, style):
                tell(line)
        if is_refused(result):
            code = int(Code.WRONG_MANIFEST)
        if result.request is not None:
            requests.append(result.request)
    shared = names_shared(requests)
    if shared:
        complain(f"these names are each given to several jobs: {', '.join(shared)}", "give every job a name of its own")
        code = int(Code.WRONG_MANIFEST)
    if not code and not requests:
        complain(
            "there is no manifest here", "a manifest begins with apiVersion: sagespec/v1; sagespec init writes one"
        )
        code = int(Code.WRONG_USAGE)
    return requests, code


def names_shared(requests: Iterable[Request]) -> list[str]:
    """Names that more than one request has in one place: to the service these would be one job."""
    from collections import Counter

    counts = Counter((request.project, request.site, request.name) for request in requests)
    return sorted({name for (_, _, name), count in counts.items() if count > 1})


Services = dict[tuple[str, bool], "Service"]


def services_of(requests: Iterable[Request], *, provision: bool = False) -> Services:
    """The services that these requests need: one a region, and this machine."""
    sites = dict.fromkeys(request.site for request in requests)
    return {(site.region, site.local): service_of(site.region, local=site.local, provision=provision) for site in sites}


def service_of(region: str, *, local: bool, provision: bool = False) -> Service:
    if local:
        from sagespec.local import LocalService

        return LocalService(local_root(), provision=provision)
    from sagespec.service.sagemaker import SageMaker

    return SageMaker(region)


def local_root() -> Path:
    """Where local jobs are kept: below the project that one stands in."""
    from sagespec.compiler import repository_of

    return (repository_of(Path.cwd()) or Path.cwd()) / ".sagespec" / "local"


def plan_of(requests: Sequence[Request], services: Services, wish: Wish) -> Plan:
    """One plan over all services, in the order of the manifests."""
    from sagespec.planner import Plan, decide_all

    changes: dict[str, Any] = {}
    pruned: list[Any] = []
    for key, service in services.items():
        mine = [request for request in requests if (request.site.region, request.site.local) == key]
        made = decide_all(mine, service.observe(mine, projects=wish.prune), wish)
        changes.update({change.request.digest + change.name: change for change in made.changes if change.request})
        pruned.extend(change for change in made.changes if change.request is None)
    return Plan((*(changes[request.digest + request.name] for request in requests), *pruned))


def agreed() -> bool:
    """Asks; without anyone to ask, nothing is done."""
    if not sys.stdin.isatty():
        complain("apply asks before it changes anything, and nobody is there to answer", "add --yes")
        return False
    tell("Apply this plan? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def outcomes_of(plan: Plan, services: Services, wish: Wish, style: Style) -> Iterator[Outcome]:
    from sagespec.applier import Applier
    from sagespec.planner import Plan as PlanType
    from sagespec.show.plan import outcome_text
    from sagespec.show.progress import progress_on

    with progress_on(sys.stderr) as progress:
        appliers = {key: Applier(service, progress) for key, service in services.items()}
        for change in plan.changes:
            site = change.request.site if change.request is not None else None
            key = (site.region, site.local) if site is not None else next(iter(services))
            for outcome in appliers[key].apply(PlanType((change,)), wish):
                for line in outcome_text(outcome, style):
                    tell(line)
                yield outcome


def wait_for(job_names: Sequence[str], services: Services) -> Code:
    """Follows jobs to their end."""
    code = Code.FINE
    for service in services.values():
        mine = [name for name in job_names if has_job(service, name)]
        if mine and not print_news(service, mine):
            code = Code.JOB_FAILED
    return code


def has_job(service: Service, job_name: str) -> bool:
    from sagespec.service import NoSuchJob

    try:
        service.describe(job_name)
    except NoSuchJob:
        return False
    return True


def print_news(service: Service, job_names: Sequence[str]) -> bool:
    """Logs to standard output, states to standard error; whether all jobs completed."""
    from sagespec.follow import follow
    from sagespec.show.status import ended_text, state_line

    style, complete = style_of(sys.stderr), True
    several = len(job_names) > 1
    try:
        for news in follow(service, job_names):
            if news.line is not None:
                say(log_line(news.line, news.job_name if several else ""))
            elif news.seen is not None:
                sys.stdout.flush()
                tell(state_line(news.seen, style))
                if news.seen.ended:
                    complete = complete and news.seen.status == "Completed"
                    for line in ended_text(news.seen, service.artifact(news.job_name), style):
                        tell(line)
    except KeyboardInterrupt:
        tell(f"\nNo longer following; the jobs go on. sagespec logs --follow {' '.join(job_names)}")
        raise typer.Exit(130) from None
    return complete


def log_line(line: Any, job_name: str) -> str:
    from sagespec.show.diagnostics import printable

    prefix = f"{job_name} {line.host} | " if job_name else f"{line.host} | " if line.host != "algo-1" else ""
    return prefix + printable(line.text)


def jobs_of(
    names: Iterable[str], *, local: bool, env: str | None, set_: Sequence[str] | None
) -> Iterator[tuple[str, Service]]:
    """The training jobs that names or manifests mean, each with the service that has it."""
    for name in names:
        if Path(name).exists() or name.endswith((".yaml", ".yml")):
            yield from newest_of(name, local=local, env=env, set_=set_)
        else:
            yield name, service_of(os.environ.get("AWS_REGION", ""), local=local or (local_root() / name).is_dir())


def newest_of(path: str, *, local: bool, env: str | None, set_: Sequence[str] | None) -> Iterator[tuple[str, Service]]:
    from sagespec.service import NoSuchJob

    requests, code = accepted(compiler_of(env, set_, (), build=True, local=local).run([path]))
    if code:
        raise typer.Exit(code)
    services = services_of(requests)
    for request in requests:
        service = services[request.site.region, request.site.local]
        seen = sorted(service.observe([request]), key=lambda job: (job.created, job.attempt))
        if not seen:
            raise NoSuchJob(
                f"no training job of '{request.name}' exists on {service.name}", "sagespec apply creates it"
            )
        yield seen[-1].job_name, service
