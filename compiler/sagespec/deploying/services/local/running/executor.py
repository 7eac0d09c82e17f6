"""What runs a job's program: a process of this machine, or docker. The supervisor knows only this interface."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from sagespec.deploying.services.local import provision
from sagespec.deploying.services.local.container import contract, optml
from sagespec.deploying.services.local.folder import HostFolder, remove
from sagespec.deploying.services.local.job import Job
from sagespec.deploying.services.local.running import alive, cluster, mpi
from sagespec.deploying.services.local.running.ends import ENDS, failed, own_words, script_error
from sagespec.deploying.services.local.running.processes import Command, Ending

RunOne = Callable[[Command], Ending]


class Executor(Protocol):
    """The steps of a job that depend on what runs it, in their order."""

    def start(self, report: Callable[[str], None]) -> None:
        """Gets what the job needs of this machine; `report` is told what takes long."""
        ...

    def prepare(self, run: RunOne) -> None:
        """Does what comes after the data and before the program; `run` runs a command of the job's own."""
        ...

    def commands(self) -> list[Command]:
        """What is to be run together; asked again for every new run."""
        ...

    def why_failed(self, ending: Ending) -> str:
        """The FailureReason of a run in which a program failed."""
        ...

    def clean_up(self) -> None:
        """Leaves nothing behind outside of the job's results."""
        ...


class Scripts:
    """Runs the entry point with a Python of this machine, as the image runs it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.base = job.options.python
        self.python = self.base
        """The base, or the job's own environment on top of it."""
        self.ports = cluster.free_ports(job.hosts)
        self.scratch = job.folder.path / ".scratch"
        self.etc_hosts = job.folder.path / ".hosts"
        self.real_opt_ml = False

    def start(self, report: Callable[[str], None]) -> None:
        """Provisions the environment, if that is asked for."""
        if not self.job.options.provision:
            return
        wanted = provision.wanted_of(self.job.algorithm["TrainingImage"])
        if wanted is None:
            raise failed("ClientError: the image's address does not say which framework to provision")
        try:
            environment = provision.provide(wanted, lambda progress: report(str(progress)))
        except provision.CannotProvision as error:
            raise failed(f"ClientError: {error}") from error
        if environment.warning:
            report(environment.warning)
        self.python = self.base = str(environment.python)

    def prepare(self, run: RunOne) -> None:
        """Installs what the source folder asks for, into an environment of the job's own."""
        folder = self.job.host("algo-1")
        told = self._told(folder)
        kind = contract.runs_as(folder, told.entry_point)
        wanted = ["."] if kind == "package" else []
        if kind != "program" and (folder.code / "requirements.txt").exists():
            wanted += ["-r", "requirements.txt"]
        if wanted:
            self._install(folder, told, wanted, run)
        self.etc_hosts.write_text(self.job.cluster.etc_hosts())
        self.real_opt_ml = optml.possible(self.job.folder.path, self.etc_hosts, self.scratch / "trial")

    def _install(self, folder: HostFolder, told: contract.Told, wanted: Sequence[str], run: RunOne) -> None:
        self.python = str(provision.overlay(self.job.folder.path / ".environment", self.base))
        argv = [self.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *wanted]
        ending = run(Command("algo-1", argv, self._environ(folder, told, None), folder.code))
        if ending.why is not None:
            raise ENDS[ending.why]
        if ending.failed is not None:
            kind = "InstallModuleError" if "." in wanted else "InstallRequirementsError"
            raise failed(script_error(kind, ending, argv))

    def commands(self) -> list[Command]:
        if self.job.meant.get(cluster.MPI):
            return [self._under_mpi()]
        return [command for host in self.job.hosts for command in self._commands(host)]

    def _under_mpi(self) -> Command:
        ranks = []
        for host in self.job.hosts:
            folder = self.job.host(host)
            told = self._told(folder)
            argv = mpi.aborting(contract.command(folder, told, self.python), self.python)
            ranks.append(mpi.Rank(self._inside(host, argv), self._environ(folder, told, None), folder.code))
        return Command("algo-1", mpi.mpirun(ranks, self.job.meant, contract.gpus()), ranks[0].environ, ranks[0].folder)

    def _commands(self, host: str) -> list[Command]:
        folder = self.job.host(host)
        told = self._told(folder)
        config = cluster.tf_config(host, self.job.hosts, self.job.meant, self.ports)
        argv = contract.command(folder, told, self.python)
        if self.job.meant.get(contract.TORCHRUN) and contract.runs_as(folder, told.entry_point) == "script":
            port = self.ports.work[self.job.hosts[0]]
            argv = contract.torchrun(argv, self.job.hosts, host, port, contract.gpus() or 1)
        if contract.runs_as(folder, told.entry_point) == "program":
            # As the image does; an archive may have lost that its script is a program.
            (folder.code / told.entry_point).chmod(0o777)
        script = Command(host, self._inside(host, argv), self._environ(folder, told, config), folder.code)
        if not cluster.serves(config):
            return [script]
        server = cluster.parameter_server(self.python, host, self.job.hosts, config)
        return [script, Command(host, server, self._environ(folder, told, None), folder.code, helps=True)]

    def _inside(self, host: str, argv: Sequence[str]) -> list[str]:
        if not self.real_opt_ml:
            return list(argv)
        return optml.inside(self.job.host(host).path, self.etc_hosts, self.scratch / host, argv)

    def _told(self, folder: HostFolder) -> contract.Told:
        return contract.tell(folder, self._given(folder))

    def _given(self, folder: HostFolder) -> dict[str, str]:
        """The request's Environment, and what the service and the image add to it."""
        asked: Mapping[str, str] = self.job.body.get("Environment", {})
        return {
            "TRAINING_JOB_NAME": self.job.folder.name,
            "TRAINING_JOB_ARN": self.job.folder.arn,
            "SAGEMAKER_TRAINING_MODULE": contract.training_module(self.job.algorithm["TrainingImage"]),
            **{key: optml.placed(value, folder.path) for key, value in asked.items()},
        }

    def _environ(self, folder: HostFolder, told: contract.Told, config: Mapping[str, Any] | None) -> dict[str, str]:
        foreign = ("SM_", "SAGEMAKER_", "TF_CONFIG")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        paths = [str(folder.code), inherited.get("PYTHONPATH", "")]
        return {
            **inherited,
            "PATH": os.pathsep.join([str(Path(self.python).parent), inherited.get("PATH", os.defpath)]),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "PYTHONUNBUFFERED": "1",
            **self._given(folder),
            **told.environ,
            **({"TF_CONFIG": contract.as_json(config)} if config is not None else {}),
            "SAGEMAKER_BASE_DIR": str(folder.path),
            alive.MARK: str(self.job.folder.path),
        }

    def why_failed(self, ending: Ending) -> str:
        folder = self.job.host(str(ending.failed))
        hint = "" if self.real_opt_ml else optml.hint(ending.tail, folder.path)
        if folder.failure.is_file():
            return own_words(folder.failure.read_text(encoding="utf-8", errors="replace"), ending.code, hint)
        argv = contract.command(folder, self._told(folder), self.python)
        return script_error("ExecuteUserScriptError", ending, argv, hint)

    def clean_up(self) -> None:
        remove(self.scratch)
