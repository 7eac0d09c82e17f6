"""The command line: words in, exit code out. What a command prints is a view of what the library returned."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sagespec.cli.arguments.parameter import Arguments
from sagespec.cli.arguments.parse import parse
from sagespec.cli.codes import Code, Ended, WrongUsage
from sagespec.cli.terminal import Verbosity, print_error, set_verbosity

__all__ = ["Code", "run"]


def run(words: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit code comes back."""
    code, _ = perform(sys.argv[1:] if words is None else words)
    return code


def perform(words: Sequence[str]) -> tuple[int, Arguments | None]:
    """Carries out what the words say: the exit code, and the command if there is one."""
    arguments = None
    set_verbosity(Verbosity.USUAL)
    try:
        arguments = parse(words)
        set_verbosity(
            Verbosity.QUIET if arguments.quiet else Verbosity.VERBOSE if arguments.verbose else Verbosity.USUAL
        )
        return arguments.carry_out(), arguments
    except KeyboardInterrupt:
        print_error("interrupted", "run it again: nothing is done twice")
        return Code.INTERRUPTED, arguments
    except Ended as ended:
        return ended.code, arguments
    except WrongUsage as wrong:
        if wrong.command is None and arguments is not None:
            wrong.command = arguments.command
        print_error(str(wrong), wrong.hint)
        return Code.WRONG_USAGE, arguments
    except Exception as error:
        from sagespec.deploying.services import BadSetting, ServiceError  # importing it costs more than most commands

        if not isinstance(error, ServiceError):
            raise
        print_error(error.message, error.hint)
        return Code.WRONG_USAGE if isinstance(error, BadSetting) else Code.SERVICE_FAILED, arguments
