"""The command line: words in, exit code out. What a command prints is a view of what the library returned."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sagespec.cli.codes import Code, Ended, WrongUsage
from sagespec.cli.plain import understood
from sagespec.cli.terminal import Talk, complain, talk

__all__ = ["Code", "run"]


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit code comes back."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    talk(Talk.USUAL)
    try:
        plain = understood(words)
        if plain is not None:
            command, found = plain
            return command(**found)
        from sagespec.cli.program import call

        return call(words)
    except KeyboardInterrupt:
        complain("interrupted", "run it again: nothing is done twice")
        return Code.INTERRUPTED
    except Ended as ended:
        return ended.code
    except WrongUsage as wrong:
        complain(str(wrong), "sagespec --help lists the commands; sagespec COMMAND --help explains one")
        return Code.WRONG_USAGE
    except Exception as error:
        from sagespec.deploying.services import ServiceError

        if not isinstance(error, ServiceError):
            raise
        complain(error.message, error.hint)
        return Code.SERVICE_FAILED
