"""The commands: every word of the command line is declared here, once.

The parser, the help, shell completion and docs/command-line.md are made of these classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sagespec.cli.arguments.parameter import (
    GENERAL,
    Argument,
    Arguments,
    Option,
    choice,
    file,
    flag,
    folder,
    moment,
    number,
    one,
    option_of,
    optional,
    pair,
    repeated,
    several,
    text,
)
from sagespec.cli.codes import Code

MANIFESTS = "How manifests are read"
LOCAL = "On this machine"
"""Titles of options in the help."""

CHECK, DEPLOY, REFERENCE = "Write and check", "Run and follow", "Look up"
"""The sections of the list of commands."""

NOT_WHOLE = {Code.WRONG_MANIFEST: "a manifest is wrong"}
FROM_SERVICE = {Code.SERVICE_FAILED: "the service failed or refused"}


class ProgramArguments(Arguments):
    """SageMaker training jobs and endpoints as YAML manifests: checked, compiled, planned and applied."""

    version = flag("Print the version.", group=GENERAL)
    runs = "reference:program"
    examples = (
        ("sagespec init job", "a manifest and a script to start from"),
        ("sagespec validate job", "everything that is wrong with it"),
        ("sagespec plan job", "what apply would do, and what it would cost"),
        ("sagespec apply job --wait", "do it, and follow the training"),
    )
    starts_nothing = True


class Rendering(Arguments):
    """How manifests get their values."""

    env = text(
        "ENV",
        "Use the values of this environment of the defaults.",
        variable="SAGESPEC_ENV",
        completes="environments",
        group=MANIFESTS,
    )
    set: Option[Sequence[tuple[str, str]]] = repeated(
        "NAME=VALUE", "A value for {{ vars.NAME }}.", read=pair, completes="variables", group=MANIFESTS
    )
    job = repeated("GLOB", "Only jobs and endpoints whose name matches: 'sweep-*'.", group=MANIFESTS)


class Judging(Rendering):
    """How manifests are judged, for the commands that take any number of them."""

    allow = repeated("RULE", "Report nothing of this rule, not even errors.", completes="rules", group=MANIFESTS)
    paths = several("PATH...", "Manifests, folders of manifests, or - for standard input.", completes="files")


class Deciding(Judging):
    """What plan and apply may do beyond creating jobs."""

    prune = flag("Stop running jobs of the project, and delete its endpoints, if their manifest is gone.")
    rerun = flag("Run jobs that have ended once more; try updates of endpoints that have failed again.")
    replace = flag("Stop running jobs whose manifest has changed; delete failed endpoints, and create them again.")
    adopt = flag("Take over jobs and endpoints that have a manifest's name, match it, and belong to no manifest.")


class Jobs(Rendering):
    """Training jobs and endpoints that exist."""

    section = DEPLOY

    local = flag("Look on this machine instead of in SageMaker.")
    region = text("REGION", "The region of what is given by name; a manifest has its own.")


class Several(Jobs):
    """Any number of them."""

    names = several(
        "NAME-OR-PATH...", "Names of jobs or endpoints, or the manifests that describe them.", completes="jobs files"
    )


class ValidateArguments(Judging):
    """Say everything that is wrong with manifests, before it costs money.

    With --fix, comments and layout stay as they are. Given standard input, it prints the fixed text, and findings go to
    standard error.
    """

    command, section, runs = "validate", CHECK, "validating:validate"
    exits = {Code.FINE: "nothing wrong", Code.WRONG_MANIFEST: "errors found (or left)"}
    examples = (
        ("sagespec validate jobs", "every manifest below a folder"),
        ("sagespec validate --fix mnist.yaml", "fix what is certain, then check"),
        ("sagespec validate --format sarif jobs > findings.sarif", "for code scanning"),
    )
    starts_nothing = True

    format = choice("sagespec.reporting.findings.diagnostics:FORMATS", "text", "How findings are written.")
    fix = flag("Fix what is certain, in the files, before checking.")
    strict = flag("Warnings count as errors.")


class CompileArguments(Judging):
    """Print the request that a manifest makes, the same on every machine; of an endpoint, its three requests.

    --target gives it another form: ack (the TrainingJob resource of the AWS controllers for Kubernetes),
    step-functions (a task state), aws-cli (a shell script). Standard error says what these need in S3; with --out,
    source archives are written beside them. eventbridge is the rule that tells an SNS topic when the job has ended (a
    CloudFormation template).
    """

    command, section, runs = "compile", CHECK, "compiling:compile_"
    exits = {Code.FINE: "compiled", **NOT_WHOLE}
    examples = (
        ("sagespec compile mnist.yaml", "the request, as JSON"),
        ("sagespec compile jobs --out requests", "one file for each job"),
        ("sagespec compile mnist.yaml --target ack | kubectl apply -f -", "through Kubernetes"),
    )
    starts_nothing = True

    out = folder("Write one file for each job: NAME.json (or .yaml, .sh).", excludes="jsonl")
    jsonl = flag("Print one line of JSON for each job, also for those with errors.")
    target = choice(
        "sagespec.building.targets:TARGETS",
        "sagemaker",
        "The tool that will create the job: it decides what is written.",
    )
    local = flag("For this machine instead of SageMaker.")


class ExplainArguments(Rendering):
    """Explain a rule, a field, or a manifest's values: where each was written, where it lands in the request."""

    command, section, runs = "explain", CHECK, "reference:explain"
    exits = {Code.WRONG_MANIFEST: "the manifest cannot be read"}
    examples = (
        ("sagespec explain spot-without-max-wait", "a rule, as findings name it"),
        ("sagespec explain max_wait", "a field of manifests"),
        ("sagespec explain mnist.yaml", "every value, and where it was written"),
        ("sagespec explain mnist.yaml instance_type", "where a value comes from and lands"),
    )
    starts_nothing = True

    about = one("RULE-FIELD-or-FILE", "A rule as findings name it, a field, or a manifest.", completes="rules files")
    field = optional("FIELD", "With a manifest: channels.train, …", completes="fields")


class MetricsArguments(Rendering):
    """Try metric definitions on a log: what each catches, line by line, and which numbers none catches.

    The patterns are read as Python reads them; which dialect SageMaker uses is not documented, and validate warns of
    what dialects read in different ways.
    """

    command, section, runs = "metrics", CHECK, "trying:metrics"
    exits = {
        Code.WRONG_MANIFEST: "a definition catches no number, or there is none",
        Code.SERVICE_FAILED: "the service failed",
    }
    examples = (
        ("sagespec metrics mnist.yaml train.log", "a log in a file"),
        ("sagespec metrics mnist.yaml -", "standard input: what a script prints"),
        ("sagespec metrics mnist.yaml", "the log of the manifest's newest job"),
    )

    manifest = one("MANIFEST", "The manifest whose metric_definitions are tried.", completes="files")
    log = optional(
        "LOG", "A file, - for standard input, or a job; without it, the manifest's newest job.", completes="files jobs"
    )
    format = choice("sagespec.reporting.metrics:FORMATS", "text", "How the result is written.")
    local = flag("Look for the job on this machine instead of in SageMaker.")
    region = text("REGION", "The region of a job that is given by name.")


class InitArguments(Arguments):
    """Write a manifest and a script to start from. Never overwrites anything.

    What all jobs of a project share goes into one sagespec.yaml, and what editors read into one folder schemas: at the
    root of the repository, or, outside of one, in the current folder.
    """

    command, section, runs = "init", CHECK, "starting:init"
    examples = (
        ("sagespec init job --template keras", "a job of Keras, in the folder job"),
        ("sagespec init jobs/mnist.yaml", "a manifest of that name, and its script beside it"),
        ("sagespec init train.py", "a manifest of a training script that is there"),
    )
    starts_nothing = True

    folder: Argument[Path] = Argument(
        "A folder, made if it is not there; the manifest that is to be written; or a training script that is there.",
        required=False,
        metavar="DIR|FILE",
        default=Path(),
        read=Path,
        completes="folders",
    )
    template = choice("sagespec.reporting.scaffold:TEMPLATES", "script", "What to start from.")


class ImportArguments(Arguments):
    """Print manifests of what exists: a training job, an endpoint, a script or notebook, another tool's file.

    Runs nothing. A file says by itself what it is: Python or a notebook with estimators or TensorFlow models of the
    SageMaker Python SDK, or calls of boto3; JSON or YAML with what describe-training-job prints, a request, a state of
    Step Functions, an Airflow config, an event, a pipeline's definition or an ACK resource; Terraform; a shell script
    with calls of the AWS CLI.
    """

    command, section, runs = "import", CHECK, "starting:import_"
    exits = {
        Code.FINE: "a whole manifest",
        Code.WRONG_MANIFEST: "something is left to fill in",
        Code.SERVICE_FAILED: "the service failed",
    }
    examples = (
        ("sagespec import mnist-2026-01-02-03-04-05-678", "a training job"),
        ("sagespec import --endpoint mnist", "an endpoint, its configuration and its model"),
        ("sagespec import train.ipynb", "the estimators and deployments of a notebook"),
        ("sagespec import describe.json", "what `aws sagemaker describe-training-job` has printed"),
        ("sagespec import launchers --out jobs", "every job in a folder, a manifest for each"),
        ("sagespec import train.ipynb --report", "what became of every argument"),
    )

    source = optional("JOB|FILE|DIR", "A training job's name, a file, or a folder of files.", completes="files")
    file = file("FILE", "A file, whatever its name is; - for standard input.")
    endpoint = text("NAME", "An endpoint of the service.")
    out = folder("Write one manifest for each job into this folder.")
    report = flag("Say of every argument whether it was taken, changed or not taken, instead of printing manifests.")
    format = choice("sagespec.reporting.imported:FORMATS", "text", "How the report is written.")


class PlanArguments(Deciding):
    """Show what apply would do, job by job, and why. Changes nothing."""

    command, section, runs = "plan", DEPLOY, "planning:plan"
    exits = {
        **NOT_WHOLE,
        Code.SERVICE_FAILED: "the service failed",
        Code.JOB_FAILED: "a job did not complete, and is not tried again (with --detailed-exitcode)",
        Code.CHANGES_PENDING: "changes are pending (with --detailed-exitcode)",
    }
    examples = (
        ("sagespec plan jobs", "compare with the service, which is only read"),
        ("sagespec plan jobs --out week.plan", "save the plan, for sagespec apply week.plan"),
        ("sagespec plan jobs --offline --format markdown", "without credentials, for a pull request"),
    )

    format = choice(("text", "json", "markdown"), "text", "How the plan is written.")
    out = file("FILE", "Save the plan, for apply FILE.")
    detailed_exitcode = flag("Exit with 5 if changes are pending, with 4 if a job has failed and is not tried again.")
    offline = flag("Do not ask the service: every job counts as new.")
    local = flag("Run on this machine instead of SageMaker.")

    def __init__(self, values: Mapping[str, Any], otherwise: Mapping[str, Any] = MappingProxyType({})) -> None:
        super().__init__(values, otherwise)
        self.starts_nothing = self.offline


class ApplyArguments(Deciding):
    """Make training jobs and endpoints match the manifests. Safe to run again at any time.

    With --wait, the exit code says how the trainings and deployments ended. In GitHub Actions the results are also set
    as outputs of the step, and its summary shows them.
    """

    command, section, runs = "apply", DEPLOY, "applying:apply"
    exits = {
        **NOT_WHOLE,
        Code.SERVICE_FAILED: "the service failed or refused, or the plan does not hold any more",
        Code.JOB_FAILED: "a job did not complete, and is not tried again",
    }
    examples = (
        ("sagespec apply jobs", "show the plan, ask, and carry it out"),
        ("sagespec apply --yes week.plan", "exactly what sagespec plan --out has saved"),
        ("sagespec apply --local --provision --wait mnist.yaml", "train on this machine"),
    )

    paths = several(
        "PATH...|PLANFILE", "Manifests, folders, -, or one file that plan --out has saved.", completes="files"
    )
    yes = flag("Do not ask.", short="-y")
    wait = flag("Follow jobs until they end, and endpoints until they serve.")
    max_parallel = number(
        "N",
        "No more than N training jobs run at a time; the next begins when one ends.",
        default=0,
        least=1,
        needs="wait",
    )
    outputs = file("FILE", "Write what became of each job, as JSON, for the next step.")
    format = choice(("text", "json"), "text", "How the outcome is written.")
    local = flag("Run on this machine instead of SageMaker.", group=LOCAL)
    provision = flag("Install the manifest's TensorFlow version first.", needs="local", group=LOCAL)
    executor = choice(
        "sagespec.deploying.services.local.options:EXECUTORS",
        "process",
        "Run in this machine's Python, or in the request's image.",
        needs="local",
        group=LOCAL,
    )
    interrupt = number(
        "N", "Rehearse a spot job, with N interruptions, and follow it.", default=0, least=0, needs="local", group=LOCAL
    )

    @property
    def said_by_a_plan(self) -> list[str]:
        """Options that were given although a saved plan says itself what they say."""
        return [
            option_of(name)
            for name in ("prune", "rerun", "replace", "adopt", "allow", "env", "set", "job")
            if self.values.get(name)
        ]


class Looking(Jobs):
    """How many jobs are shown at a glance."""

    sort = text("METRIC", "Show a table, sorted by this metric, the best job first.")
    best = choice(
        ("by-name", "smallest", "largest"),
        "by-name",
        "Which value is best; by-name: the smallest of a loss, the largest of an accuracy.",
        needs="sort",
    )
    format = choice(("text", "json"), "text", "How states are written.")


class ListArguments(Looking):
    """List the training jobs and endpoints of a project, newest first: times, metrics, and what the jobs differ in.

    The project is the one that sagespec.yaml names; without one, only the jobs of the manifests are listed. With
    --local and no path, everything on this machine is.
    """

    command, runs = "list", "listing:list_"
    exits = {**NOT_WHOLE, **FROM_SERVICE}
    examples = (
        ("sagespec list", "the project of the manifests in this folder and below"),
        ("sagespec list sweep.yaml --sort val_loss", "the best job of a sweep first"),
        ("sagespec list --local", "everything on this machine"),
    )

    paths = several("PATH...", "Manifests, or folders of manifests.", required=False, completes="files")
    limit = number("N", "Show N jobs at most.", default=100, least=1)


class StatusArguments(Several, Looking):
    """Show the state of jobs and endpoints: times, cost, model, and for a failure what it is and what to do."""

    command, runs = "status", "jobs:status"
    exits = FROM_SERVICE
    examples = (
        ("sagespec status mnist.yaml", "the newest job of a manifest"),
        ("sagespec status sweep.yaml --sort val_loss", "a table of a sweep, the best job first"),
        ("sagespec status sweep.yaml --plot loss", "what a metric did while the jobs trained"),
        ("sagespec status mnist-5f2c9a10 --format json", "for programs"),
    )

    plot = text("METRIC", "Draw a metric of the jobs, read from their logs by metric_definitions.")
    out = file("FILE", "Write the drawing to a file: .png, .svg, .pdf or .html (needs sagespec[plot]).", needs="plot")


class LogsArguments(Several):
    """Print the logs of jobs and endpoints."""

    command, runs = "logs", "jobs:logs"
    exits = FROM_SERVICE
    examples = (
        ("sagespec logs -f mnist.yaml", "print it, and go on until the job ends"),
        ("sagespec logs --tail 20 sweep.yaml", "the end of each job's log"),
        ("sagespec logs --since 10m mnist.yaml", "what was written in the last ten minutes"),
    )

    follow = flag("Go on until the jobs end.", short="-f")
    tail = number("N", "Begin with the last N lines of each job.", default=0, least=1)
    since: Option[float | None] = Option(
        "Begin at this time: 30s, 10m, 2h or 1d ago, or a time such as 2026-11-28T22:00.",
        metavar="TIME",
        default=None,
        read=moment,
    )


class AttachArguments(Several):
    """Follow jobs until they end, whoever started them. Ctrl-C ends the following, not the jobs."""

    command, runs = "attach", "jobs:attach"
    exits = {
        Code.FINE: "completed",
        Code.SERVICE_FAILED: "the service failed",
        Code.JOB_FAILED: "a job did not complete",
    }
    examples = (
        ("sagespec attach mnist.yaml", "after Ctrl-C, or from another machine"),
        ("sagespec attach mnist-5f2c9a1034 --region us-west-2", "from anywhere"),
    )


class TensorboardArguments(Jobs):
    """Run TensorBoard on what a job has saved so far, and keep fetching while the job runs. Ctrl-C ends it."""

    command, runs = "tensorboard", "jobs:tensorboard"
    exits = FROM_SERVICE
    examples = (("sagespec tensorboard mnist.yaml", "the newest job of a manifest"),)

    name = one("NAME-OR-PATH", "A job's name, or a manifest with one job.", completes="jobs files")
    port = number("PORT", "The first port that is tried.", default=6006, least=1, most=65_000)


class RollbackArguments(Several):
    """Let endpoints serve again what they served before. Shows what that is, and asks.

    The manifest is not changed: the next apply goes forward again, unless you revert the change there, too.
    """

    command, runs = "rollback", "rolling_back:rollback"
    exits = {
        Code.SERVICE_FAILED: "the service failed, or there is nothing to go back to",
        Code.JOB_FAILED: "with --wait: an endpoint does not serve what it was asked for",
    }
    examples = (("sagespec rollback mnist --wait", "the endpoint mnist, and wait until it serves"),)

    yes = flag("Do not ask.", short="-y")
    wait = flag("Follow the endpoints until they serve.")


class StopArguments(Several):
    """Stop jobs, which keep what they have saved, and delete endpoints. Asks first, except for a single job."""

    command, runs = "stop", "jobs:stop"
    exits = FROM_SERVICE
    examples = (
        ("sagespec stop mnist.yaml", "every job of a manifest that runs"),
        ("sagespec stop sweep.yaml --job 'sweep-sgd-*' --wait", "some of a sweep, and wait until they have ended"),
        ("sagespec stop mnist --yes", "an endpoint, without being asked"),
    )

    yes = flag("Do not ask.", short="-y")
    wait = flag("Wait until they have ended.")


class InvokeArguments(Jobs):
    """Send a request to an endpoint, and print its answer.

    Without --content-type, the file's name says what it is: .csv, .json, .jsonl.
    """

    command, runs = "invoke", "invoking:invoke"
    exits = {
        Code.FINE: "answered",
        Code.WRONG_MANIFEST: "the manifest is wrong",
        Code.SERVICE_FAILED: "the endpoint does not answer, or the model refused the request",
    }
    examples = (
        ("sagespec invoke mnist.yaml request.json", "the endpoint of a manifest"),
        ("sagespec invoke --local mnist.yaml image.csv", "on this machine"),
        ("sagespec invoke mnist --content-type text/csv", "by name; the request from standard input"),
    )

    name = one("NAME-or-PATH", "An endpoint's name, or a manifest with one endpoint.", completes="jobs files")
    data = optional("DATA", "A file with the request; without it, or with -, standard input.", completes="files")
    content_type = text("TYPE", "What the request is: application/json, text/csv …")
    accept = text("TYPE", "What the answer should be: application/json, text/csv …")
    attributes = text("TEXT", "Custom attributes: tfs-model-name=NAME,tfs-method=classify.")
    out = file("FILE", "Write the answer to a file.")


class LocalListArguments(Arguments):
    """List the jobs on this machine, oldest first."""

    command, section, runs = "local list", DEPLOY, "local:list_"
    examples = (("sagespec local list", "one line for each job"),)

    format = choice(("text", "json"), "text", "How states are written.")


class LocalCleanArguments(Arguments):
    """Delete jobs on this machine that have ended, with their models and logs. Asks first."""

    command, section, runs = "local clean", DEPLOY, "local:clean"
    exits = {Code.SERVICE_FAILED: "a job is unknown, or still runs"}
    examples = (("sagespec local clean", "every job that has ended"),)

    names = several("JOB...", "Delete only these.", required=False, completes="jobs")
    yes = flag("Do not ask.", short="-y")


class RulesArguments(Arguments):
    """List the rules: every name that a finding can have."""

    command, section, runs = "rules", REFERENCE, "reference:rules"
    starts_nothing = True

    format = choice(("text", "json"), "text", "How the list is written.")


class VersionsArguments(Arguments):
    """List the versions of a framework: their Pythons, modes, strategies and support dates."""

    command, section, runs = "versions", REFERENCE, "reference:versions"
    examples = (("sagespec versions pytorch", "another framework than TensorFlow"),)
    starts_nothing = True

    framework = optional(
        "FRAMEWORK", "A framework; without it, TensorFlow.", choices="sagespec.catalog.tables:frameworks"
    )

    format = choice(("text", "json"), "text", "How the list is written.")


class PricesArguments(Arguments):
    """Make a price file of AWS's public price list, for `prices:` in sagespec.yaml. Needs no network.

    The price list of a region is a file that everyone may download, as JSON or CSV:
    https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/us-west-2/index.json
    What `aws pricing get-products --service-code AmazonSageMaker` prints is read, too.
    """

    command, section, runs = "prices", REFERENCE, "pricing:prices"
    examples = (
        ("sagespec prices index.json --out prices.yaml", "from a downloaded list"),
        ("sagespec prices us-west-2.csv eu-west-1.csv", "the prices of two regions"),
        ("sagespec prices index.json --region us-west-2", "one region of a list of all"),
    )
    starts_nothing = True

    files = several("FILE...", "Price lists of Amazon SageMaker, or - for standard input.", completes="files")
    region = repeated("REGION", "Only the prices of this region.")
    out = file("FILE", "Write the price file here.")


class SchemaArguments(Arguments):
    """Write the JSON Schemas with which editors complete and check manifests."""

    command, section, runs = "schema", REFERENCE, "reference:schema"
    exits = {Code.WRONG_MANIFEST: "with --check: a file is stale"}
    examples = (("sagespec schema --out .vscode/schemas", "into another folder"),)
    starts_nothing = True

    out: Option[Path] = Option(
        "Where the schemas are written.", metavar="DIR", default=Path("schemas"), read=Path, completes="folders"
    )
    check = flag("Write nothing; exit with 1 if a file is stale.")


class LspArguments(Rendering):
    """Serve an editor: the language server, on standard input and output.

    What validate finds is shown at every keystroke, in manifests, in sagespec.yaml and in training scripts, with fixes,
    completion and more. Nothing of the workspace is run, and nothing is sent anywhere. Editors start it themselves:
    docs/editors.md says how.
    """

    command, section, runs = "lsp", REFERENCE, "serving_editors:lsp"
    exits = {Code.FINE: "the editor has shut it down", Code.WRONG_MANIFEST: "the editor has gone without doing so"}
    examples = (("sagespec lsp --env prod", "judge by one environment of the defaults"),)
    starts_nothing = True

    stdio = flag("For editors that pass it; there is no other way.")


class CompletionArguments(Arguments):
    """Print a script that makes a shell complete sagespec's commands, options, files, rules, environments and jobs."""

    command, section, runs = "completion", REFERENCE, "completing:completion"
    examples = (
        ("source <(sagespec completion bash)", "a line for ~/.bashrc"),
        ("source <(sagespec completion zsh)", "a line for ~/.zshrc, below compinit"),
        ("sagespec completion fish | source", "a line for ~/.config/fish/config.fish"),
    )
    starts_nothing = True

    shell = one("SHELL", "The shell that reads it.", choices="sagespec.cli.arguments.shells:SCRIPTS")


class HelpArguments(Arguments):
    """Show the help of the program, or of a command."""

    command, section, runs = "help", REFERENCE, "reference:help_"
    examples = (("sagespec help local clean", "the same as sagespec local clean --help"),)
    starts_nothing = True

    words = several("COMMAND", "A command's name.", required=False, completes="commands")


class OfferArguments(Arguments):
    """Print what may stand where a command line is being typed: the scripts of `completion` ask this."""

    command, runs = "__complete", "completing:offer"
    starts_nothing = True

    words = several("WORD...", "The words so far; the last one is unfinished.", required=False)


COMMANDS: dict[str, type[Arguments]] = {
    each.command: each
    for each in (
        InitArguments,
        ImportArguments,
        ValidateArguments,
        CompileArguments,
        ExplainArguments,
        MetricsArguments,
        PlanArguments,
        ApplyArguments,
        ListArguments,
        StatusArguments,
        LogsArguments,
        AttachArguments,
        TensorboardArguments,
        RollbackArguments,
        StopArguments,
        InvokeArguments,
        LocalListArguments,
        LocalCleanArguments,
        RulesArguments,
        VersionsArguments,
        PricesArguments,
        SchemaArguments,
        LspArguments,
        CompletionArguments,
        HelpArguments,
        OfferArguments,
    )
}
"""Every command, in the order of the help."""
GROUPS = {"local": "The jobs on this machine."}
"""First words of commands that have two, and what these are about."""
