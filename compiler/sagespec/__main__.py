"""Where the program begins and ends: three endings (expected, interrupted, a bug of ours)."""

from __future__ import annotations

import errno
import gc
import os
import sys
from contextlib import suppress
from io import TextIOWrapper

_OF_THE_DISK = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.ENAMETOOLONG, errno.EIO})
"""What may befall any file that is written: no bug of ours."""


def main() -> None:
    """Runs the command line and exits with its code."""
    gc.set_threshold(50_000)  # hardly anything here is circular: looking for it that seldom costs little memory
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal may know fewer characters than a manifest
            stream.reconfigure(errors="backslashreplace")
    try:
        from sagespec.cli import perform

        code, command = perform(sys.argv[1:])
        sys.stdout.flush()
        sys.stderr.flush()
        if command is not None and command.starts_nothing:  # the system frees it all faster than the interpreter
            os._exit(code)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # while a class was made: Python 3.11 hides it in another
            sys.exit(130)
        if isinstance(error, OSError) and (error.filename is None or error.errno in _OF_THE_DISK):  # or of a stream
            with suppress(OSError):
                where = "" if error.filename is None else f"{error.filename}: "
                sys.stderr.write(f"error: {where}{error.strerror or error}\n")
                sys.stderr.flush()
            os._exit(2)  # to flush what is left would fail again
        import traceback

        from sagespec import __version__

        traceback.print_exc()
        print(  # noqa: T201
            f"\nThis is a bug in sagespec {__version__}, not in your files. Please report it with the lines above.",
            file=sys.stderr,
        )
        code = 70
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Who starts us without a stream (`>&-`) has no use for it; the next file opened would take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - kept to the end


if __name__ == "__main__":
    # `python -m` looks for modules where one is first: a yaml.py there is the project's, and no business of ours.
    if sys.path[0] in ("", os.getcwd()):  # noqa: PTH109
        del sys.path[0]
    main()
