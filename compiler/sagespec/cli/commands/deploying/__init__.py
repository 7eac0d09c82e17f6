"""Run and follow: what is typed for these commands. The modules beside this carry them out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sagespec.cli.arguments.parameter import (
    Arguments,
    Option,
    choice,
    file,
    flag,
    moment,
    number,
    one,
    option_of,
    optional,
    several,
    text,
)
from sagespec.cli.codes import Code
from sagespec.cli.commands import Judging, Rendering

DEPLOY = "Run and follow"
"""The title of these in the list of commands."""
LOCAL = "On this machine"
"""The title of these options in the help."""

NOT_WHOLE = {Code.WRONG_MANIFEST: "a manifest is wrong"}
FROM_SERVICE = {Code.SERVICE_FAILED: "the service failed or refused"}


class Deciding(Judging):
    """What plan and apply may do beyond creating jobs."""

    prune = flag("Stop running jobs of the project, and delete its endpoints, if their manifest is gone.")
    rerun = flag("Run jobs that have ended once more; try updates of endpoints that have failed again.")
    replace = flag("Stop running jobs whose manifest has changed; delete failed endpoints, and create them again.")
    adopt = flag("Take over jobs and endpoints that have a manifest's name, match it, and belong to no manifest.")


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
        Code.SERVICE_FAILED: "the service failed or refused, or the plan is out of date",
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
    def decided_by_a_plan(self) -> list[str]:
        """Options that were given although a saved plan has decided what they are about."""
        return [
            option_of(name)
            for name in ("prune", "rerun", "replace", "adopt", "allow", "env", "set", "job")
            if self.values.get(name)
        ]


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
