"""Runs a job of several processes under mpirun, each of them told what its host is told."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROCESSES = "sagemaker_mpi_num_of_processes_per_host"
OPTIONS = "sagemaker_mpi_custom_mpi_options"


@dataclass(frozen=True)
class Rank:
    """What the processes of one host run."""

    argv: Sequence[str]
    environ: Mapping[str, str]
    folder: Path


def aborting(argv: Sequence[str], python: str) -> list[str]:
    """The same program, made to end all others when it fails; without mpi4py, those wait for it for ever.

    Source: https://mpi4py.readthedocs.io/en/stable/mpi4py.run.html
    """
    if argv[0] != python or subprocess.run([python, "-c", "import mpi4py"], capture_output=True).returncode:
        return list(argv)
    return [python, "-m", "mpi4py", *argv[1:]]


def mpirun(ranks: Sequence[Rank], framework: Mapping[str, Any], gpus: int) -> list[str]:
    """The command that starts all hosts' processes; it runs with the environment of the first host.

    As many processes a host as asked for, else one a GPU, else one. The toolkit's options that choose a network or
    log in on other machines are left out: there is one machine. The author's own options come last.
    Source: https://github.com/aws/sagemaker-training-toolkit (mpi.py, runner.py)
    """
    count = str(framework.get(PROCESSES) or gpus or 1)
    command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--tag-output", "--bind-to", "none"]
    command += ["--mca", "orte_abort_on_non_zero_status", "1", *shlex.split(framework.get(OPTIONS) or "")]
    for number, rank in enumerate(ranks):
        own = [f"{key}={value}" for key, value in sorted(rank.environ.items()) if ranks[0].environ.get(key) != value]
        command += [":"] if number else []
        command += ["-np", count, "-wdir", str(rank.folder), "env", *own, *rank.argv]
    return command
