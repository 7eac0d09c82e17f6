"""`sagespec` in real processes that start at once: a server that has loaded what apply needs forks them."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["sagespec.__main__", "sagespec.cli.commands.applying", "boto3", "botocore.httpsession"])


def start(arguments: list[str], environment: Mapping[str, str], said: Path) -> BaseProcess:
    """Runs the command line. Its exit code is the process's; what it says to people goes to a file."""
    process = SERVER.Process(target=_main, args=(arguments, dict(environment), str(said)))
    process.start()
    return process


def _main(arguments: list[str], environment: dict[str, str], said: str) -> None:
    from sagespec.__main__ import main

    os.environ.clear()
    os.environ.update(environment)
    with Path(said).open("w") as file:
        os.dup2(file.fileno(), 2)
    with Path(os.devnull).open("w") as file:
        os.dup2(file.fileno(), 1)
    sys.argv = ["sagespec", *arguments]
    main()
