"""The commands that look at manifests and ask no service: validate, compile, explain, …"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sagespec.cli import checking
from sagespec.cli.codes import Code
from sagespec.cli.program import app
from sagespec.cli.runs import compiler_of
from sagespec.cli.services import jobs_of
from sagespec.cli.terminal import complain, say, tell
from sagespec.cli.words import Allow, Env, Format, Listed, Local, OutcomeFormat, Paths, Set, TargetName, Template
from sagespec.reporting.style import style_of

if TYPE_CHECKING:
    from sagespec.importing import Draft


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
    return checking.validate(paths, format_.value, fix=fix, strict=strict, allow=allow, env=env, set_=set_)


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
    return checking.compile_(
        paths, out=out, jsonl=jsonl, target=target.value, local=local, allow=allow, env=env, set_=set_
    )


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
    from sagespec.checking.pages import EXPLAINED, suggestion
    from sagespec.reporting.pages import page

    if field is not None:
        return explain_field(about, field, env, set_)
    if about not in EXPLAINED:
        complain(f"there is no rule '{about}'", suggestion(about))
        return Code.WRONG_USAGE
    say(page(EXPLAINED[about]))
    return Code.FINE


def explain_field(file: str, field: str, env: str | None, set_: Sequence[str] | None) -> Code:
    from sagespec.base.diagnostic import told
    from sagespec.reporting.diagnostics import block
    from sagespec.reporting.origin import origin

    for result in compiler_of(env, set_, (), build=False).run([file]):
        if result.rendered is None:
            for diagnostic in told(result.diagnostics):
                for line in block(diagnostic, style_of(sys.stderr)):
                    tell(line, always=True)
            return Code.WRONG_MANIFEST
        for line in origin(result.rendered, field):
            say(line)
    return Code.FINE


@app.command()
def rules(format_: Listed = OutcomeFormat.TEXT) -> int:
    """List everything that a finding can be called."""
    from sagespec.checking.pages import EXPLAINED
    from sagespec.reporting.pages import rule_list, rules_json

    if format_ is OutcomeFormat.JSON:
        say(rules_json(EXPLAINED.values()))
        return Code.FINE
    for line in rule_list(EXPLAINED.values(), style_of(sys.stdout)):
        say(line)
    return Code.FINE


@app.command()
def versions(format_: Listed = OutcomeFormat.TEXT) -> int:
    """List the TensorFlow versions: their Pythons, modes, strategies and support dates."""
    from sagespec.catalog import facts
    from sagespec.reporting.pages import version_table, versions_json

    if format_ is OutcomeFormat.JSON:
        say(versions_json(facts()))
        return Code.FINE
    for line in version_table(facts(), style_of(sys.stdout)):
        say(line)
    return Code.FINE


@app.command()
def schema(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the schemas are written.")] = Path("schemas"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 if a file is stale.")] = False,
) -> int:
    """Write the JSON Schemas that editors complete and check manifests with."""
    from sagespec.reporting.schema import stale, write_schemas

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
    from sagespec.reporting.scaffold import Taken, scaffold

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
