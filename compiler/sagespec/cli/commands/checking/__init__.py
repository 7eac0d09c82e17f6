"""Write and check: what is typed for these commands. The modules beside this carry them out."""

from __future__ import annotations

from pathlib import Path

from sagespec.cli.arguments.parameter import (
    Argument,
    Arguments,
    choice,
    file,
    flag,
    folder,
    one,
    optional,
    text,
)
from sagespec.cli.codes import Code
from sagespec.cli.commands import Judging, Rendering

CHECK = "Write and check"
"""The title of these in the list of commands."""
NOT_WHOLE = {Code.WRONG_MANIFEST: "a manifest is wrong"}


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
    source archives are written beside them. eventbridge is the rule that notifies an SNS topic when the job has ended
    (a CloudFormation template).
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

    command, section, runs = "explain", CHECK, "explaining:explain"
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
