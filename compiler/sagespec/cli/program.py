"""The program as typer knows it: every command, its help, and what is wrong with how it was called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Annotated, Any

import typer

from sagespec.cli.codes import WrongUsage
from sagespec.cli.terminal import Talk, say, talk

app = typer.Typer(
    name="sagespec",
    help="SageMaker training jobs as YAML manifests: checked, compiled, planned and applied.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def call(words: Sequence[str]) -> int:
    """Carries out the command that the words are.

    Raises:
        WrongUsage: they are none.
    """
    try:
        return int(_app_for(words)(args=list(words), standalone_mode=False) or 0)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if hasattr(error, "format_message"):
            raise WrongUsage(error.format_message()) from None
        if hasattr(error, "exit_code"):
            return int(error.exit_code)
        raise


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


from sagespec.cli import manifests  # isort: skip  # noqa: E402, F401 - the help lists the commands in this order
from sagespec.cli import jobs  # isort: skip  # noqa: E402, F401
