"""The program: which command is meant, and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from copy import copy
from typing import Annotated, Any

import typer

from sagespec.cli.terminal import Talk, complain, say, talk
from sagespec.cli.words import Code

app = typer.Typer(
    name="sagespec",
    help="SageMaker training jobs as YAML manifests: checked, compiled, planned and applied.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    talk(Talk.QUIET if quiet else Talk.VERBOSE if verbose else Talk.USUAL)
    if version:
        from sagespec import __version__

        say(f"sagespec {__version__}")
        raise typer.Exit
