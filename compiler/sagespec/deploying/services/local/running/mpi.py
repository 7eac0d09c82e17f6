"""Runs a job of several processes under mpirun, each of them with what its host knows.

A program too: `python mpi.py PLAN COMMAND…` is what mpirun starts; it makes a rank a process of its host. All hosts
are this machine, so mpirun alone would take all ranks for neighbours.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PER_HOST = "sagemaker_mpi_num_of_processes_per_host"
ALTOGETHER = "sagemaker_mpi_num_processes"
OPTIONS = "sagemaker_mpi_custom_mpi_options"


class Host(NamedTuple):
    """What the ranks of one host have."""

    before: Sequence[str]
    """What stands before their command."""
    environ: Mapping[str, str]
    folder: str


def processes_per_host(framework: Mapping[str, Any], gpus: int) -> int:
    """As many as asked for, else one a GPU, else one."""
    return int(framework.get(PER_HOST) or gpus or 1)


def aborting(words: Sequence[str], python: str) -> list[str]:
    """The same program, made to end all others when it fails; without mpi4py, those wait for it for ever.

    Source: https://mpi4py.readthedocs.io/en/stable/mpi4py.run.html
    """
    if words[0] != python or subprocess.run([python, "-c", "import mpi4py"], capture_output=True).returncode:
        return list(words)
    return [python, "-m", "mpi4py", *words[1:]]


def write_plan(path: Path, hosts: Sequence[Host], count: int) -> Path:
    """Writes down what each host's ranks have, beyond the environment of the first host's.

    As there, mpirun passes on what the toolkit gives the first host: all ranks take themselves for its. Only where
    /opt/ml cannot be put in place, a host's own folders are given too.
    """
    first = hosts[0].environ

    def own(host: Host) -> dict[str, str]:
        place = str(Path(host.folder).parent)
        kept = {key: value for key, value in host.environ.items() if not key.startswith("SM_") or place in value}
        return {key: value for key, value in kept.items() if first.get(key) != value}

    plan = [{"before": host.before, "folder": host.folder, "environ": own(host)} for host in hosts]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"per_host": count, "hosts": plan}), encoding="utf-8")
    return path


def mpirun(plan: Path, hosts: int, count: int, framework: Mapping[str, Any], *, quoted: bool) -> list[str]:
    """The words before the script's own, with the environment of the first host.

    The toolkit's options that choose a network or log in on other machines are left out: there is one machine. The
    author's own options come last, as they are.

    Args:
        quoted: a shell reads the words, and takes these for what they are.
    Source: https://github.com/aws/sagemaker-training-toolkit/blob/v5.1.1/src/sagemaker_training/mpi.py
    """
    total = int(framework.get(ALTOGETHER) or count * hosts)
    options = [word for word in str(framework.get(OPTIONS) or "").split() if not word.startswith("--NCCL_DEBUG=")]
    command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--tag-output", "--bind-to", "none"]
    command += ["--mca", "orte_abort_on_non_zero_status", "1", *options, "-np", str(total)]
    begin = [sys.executable, "-I", "-S", __file__, str(plan)]
    return [*command, *(map(shlex.quote, begin) if quoted else begin)]


_TAG = re.compile(r"\[(\d),(\d+)\]<(stdout|stderr)>")


def tagged(line: str, count: int) -> str:
    """A line as the toolkit prints it: mpirun's tag, with the host's name."""
    return _TAG.sub(lambda tag: f"[{tag[1]},mpirank:{tag[2]},algo-{int(tag[2]) // count + 1}]<{tag[3]}>", line)


def main(arguments: Sequence[str]) -> None:
    path, *command = arguments
    plan = json.loads(Path(path).read_text(encoding="utf-8"))
    rank, count = int(os.environ.get("OMPI_COMM_WORLD_RANK", "0")), plan["per_host"]
    host = plan["hosts"][min(rank // count, len(plan["hosts"]) - 1)]
    local = {
        "OMPI_COMM_WORLD_LOCAL_RANK": rank % count,
        "OMPI_COMM_WORLD_NODE_RANK": rank % count,
        "OMPI_COMM_WORLD_LOCAL_SIZE": count,
    }
    os.environ.update({name: str(value) for name, value in local.items()}, **host["environ"])
    os.chdir(host["folder"])
    argv = [*host["before"], *command]
    os.execvp(argv[0], argv)  # noqa: S606 - to become the command is what this program is for


if __name__ == "__main__":
    main(sys.argv[1:])
