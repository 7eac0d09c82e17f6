"""The words of the command line: options and choices."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer


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


class Executor(str, Enum):
    PROCESS = "process"
    DOCKER = "docker"


class Template(str, Enum):
    SCRIPT = "script"
    KERAS = "keras"
    LEGACY = "legacy"
    DISTRIBUTED = "distributed"
    PIPE = "pipe"


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

Listed = Annotated[OutcomeFormat, typer.Option("--format", help="How the list is written.")]
