"""`sagespec` in real processes that start at once: a server that has loaded what it needs forks them."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    [
        "sagespec.__main__",
        "sagespec.cli.commands.deploying.applying",
        "sagespec.cli.commands.checking.validating",
        "boto3",
        "botocore.httpsession",
    ]
)


def start(
    arguments: list[str],
    environment: Mapping[str, str],
    said: Path,
    result: Path = Path(os.devnull),
    folder: Path | None = None,
) -> BaseProcess:
    """Runs the command line. Its exit code is the process's; what it says to people, and its result, go to files."""
    told = (dict(environment), str(said), str(result), str(folder or Path.cwd()))
    process = SERVER.Process(target=_main, args=(arguments, *told))
    process.start()
    return process


def _main(arguments: list[str], environment: dict[str, str], said: str, result: str, folder: str) -> None:
    from sagespec.__main__ import main
    from sagespec.deploying.services.sagemaker.service import SageMaker

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    warnings.simplefilter("error")
    if "TEST_POLL_SECONDS" in environment:  # how often running jobs are looked at, where a test waits for some
        SageMaker.poll_seconds = float(environment["TEST_POLL_SECONDS"])
    for stream, path in ((0, os.devnull), (1, result), (2, said)):
        with Path(path).open("r" if stream == 0 else "w") as file:
            os.dup2(file.fileno(), stream)
    sys.argv = ["sagespec", *arguments]
    main()
