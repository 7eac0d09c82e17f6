"""Runs the entry point with a Python of this machine, as the request's image would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sagespec.deploying.services.local import provision, pythons
from sagespec.deploying.services.local.container import contract, launch, optml, pipes
from sagespec.deploying.services.local.folder import HostFolder, remove
from sagespec.deploying.services.local.job import LocalJob
from sagespec.deploying.services.local.running import alive, cluster, mpi
from sagespec.deploying.services.local.running.ends import ENDS, failed, own_words, script_error
from sagespec.deploying.services.local.running.executor import RunOne
from sagespec.deploying.services.local.running.processes import Command, ProcessEnding

STAND_INS = Path(launch.__file__).with_name("stand_in")
"""Packages of the images that may not be had here."""
FOREIGN = ("SM_", "SAGEMAKER_", "TF_CONFIG", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV")
"""How variables of this command's own environment begin that the script must not see."""


class ScriptRuns:
    """Runs the entry point as a process a host, or all of them under mpirun."""

    def __init__(self, job: LocalJob) -> None:
        self.job = job
        self.image = launch.image_of(job.algorithm["TrainingImage"])
        self.base = job.options.python
        self.python = self.base
        """The base, or the job's own environment on top of it."""
        self.search: Sequence[str] = ()
        """That Python's sys.path."""
        self.ports = cluster.free_ports(job.hosts)
        self.scratch = job.folder.path / ".scratch"
        self.etc_hosts = job.folder.path / ".hosts"
        self.real_opt_ml = False

    def start(self, report: Callable[[str], None]) -> None:
        """Provisions the environment, if that is asked for, and sees whether /opt/ml can be put in place."""
        if self.job.options.provision:
            self.python = self.base = self._provisioned(report)
        first = self.job.host(self.job.hosts[0])
        first.make()
        self.etc_hosts.write_text(self.job.cluster.etc_hosts())
        self.real_opt_ml = optml.possible(first.path, self.etc_hosts, self.scratch / "trial")

    def _provisioned(self, report: Callable[[str], None]) -> str:
        wanted = provision.spec_of_image(self.job.algorithm["TrainingImage"])
        if wanted is None:
            raise failed("ClientError: the image's address does not say which framework to provision")
        try:
            return self._provide(wanted, report)
        except provision.CannotProvision as error:
            raise failed(f"ClientError: {error}") from error

    def _provide(self, wanted: provision.EnvironmentSpec, report: Callable[[str], None], of: Sequence[str] = ()) -> str:
        environment = provision.provide(wanted, lambda progress: report(str(progress)), of=of)
        if environment.warning:
            report(environment.warning)
        return str(environment.python)

    def visible_folder(self, host: str) -> HostFolder:
        return HostFolder(Path(optml.PREFIX)) if self.real_opt_ml else self.job.host(host)

    def prepare(self, run: RunOne) -> None:
        """Installs what the source folder asks for, into an environment of the job's own."""
        host = self.job.hosts[0]
        folder, invocation = self.job.host(host), self._invocation(host)
        kind = launch.entry_point_of(folder, invocation.entry_point)
        wanted = ["."] if kind == "package" else []
        if kind != "program" and (folder.code / "requirements.txt").exists():
            wanted += ["-r", "requirements.txt"]
        if wanted:
            self._install(host, wanted, run)
        self.search = self._search_path(host)

    def _install(self, host: str, wanted: Sequence[str], run: RunOne) -> None:
        try:
            self.python = str(provision.overlay(self.job.folder.path / ".environment", self.base))
        except pythons.CannotMake as error:
            raise failed(f"ClientError: {error}") from error
        argv = [self.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *wanted]
        ending = run(Command(host, argv, self._outer(host), self.job.host(host).code))
        if ending.why is not None:
            raise ENDS[ending.why]
        if ending.failed is not None:
            kind = "InstallModuleError" if "." in wanted else "InstallRequirementsError"
            raise failed(script_error(kind, ending, argv))

    def _search_path(self, host: str) -> list[str]:
        """Where that Python looks for modules, with what the request's PYTHONPATH adds."""
        asked = [self.python, "-c", "import sys; print('\\n'.join(sys.path[1:]))"]
        invocation = subprocess.run(asked, env=self._outer(host), capture_output=True, text=True, errors="replace")
        return invocation.stdout.splitlines()

    def commands(self) -> list[Command]:
        return [command for host in self.job.hosts for command in self._commands(host)]

    def _commands(self, host: str) -> list[Command]:
        """What runs on this host. All processes of an MPI job are the first host's."""
        together = self.job.together(host)
        feeder = self._feeder(host)
        if self.job.decoded_hyperparameters.get(cluster.MPI) and together:
            return [*feeder, *([self._under_mpi(together)] if host == together[0] else [])]
        config = self._tf_config(host, together)
        words = self._command_words(host, together)
        script = self._command(host, self._inside(host, self.image.argv(words)), config)
        if not cluster.serves(config):
            return [*feeder, script]
        serve = cluster.parameter_server(self.python, host, self.job.hosts, config)
        # It writes checkpoints where the script says.
        argv = self._inside(host, serve, f"{host}-serves")
        return [*feeder, script, Command(host, argv, self._environ(host, None), self.job.host(host).code, helps=True)]

    def _tf_config(self, host: str, together: Sequence[str]) -> dict[str, Any] | None:
        if not self.image.is_tensorflow:
            return None
        return cluster.tf_config(host, together, self.job.decoded_hyperparameters, self.ports)

    def _feeder(self, host: str) -> list[Command]:
        """What streams the channels in Pipe mode."""
        plan = self.job.pipes(host)
        if not plan.exists():
            return []
        argv = [sys.executable, "-I", "-S", pipes.__file__, str(plan)]
        return [Command(host, argv, self._outer(host), self.job.host(host).path, helps=True)]

    def _command(self, host: str, argv: Sequence[str], config: Mapping[str, Any] | None) -> Command:
        return Command(host, argv, self.image.environ(self._environ(host, config)), self.job.host(host).code)

    def _command_words(self, host: str, together: Sequence[str] = ()) -> list[str]:
        folder, invocation = self.job.host(host), self._invocation(host)
        words = launch.command_words(folder, invocation, self.python, self.image)
        kind = launch.entry_point_of(folder, invocation.entry_point)
        if self.job.decoded_hyperparameters.get(cluster.TORCHRUN) and kind == "script" and together:
            port = self.ports.work[together[0]]
            return launch.torchrun(words, together, host, port, contract.gpus() or 1)
        program = folder.code / invocation.entry_point
        if kind == "program" and program.exists():
            # As the toolkit does; an archive may have lost that its script is a program.
            program.chmod(0o777)
        return words

    def _under_mpi(self, hosts: Sequence[str]) -> Command:
        environs = {host: self.image.environ(self._environ(host, None)) for host in hosts}
        ranks = [mpi.Host(self._inside(host, []), environs[host], str(self.job.host(host).code)) for host in hosts]
        count = mpi.processes_per_host(self.job.decoded_hyperparameters, contract.gpus())
        plan = mpi.write_plan(self.scratch / "ranks.json", ranks, count)
        script = mpi.aborting(self._command_words(hosts[0]), self.python)
        words = mpi.mpirun(plan, len(hosts), count, self.job.decoded_hyperparameters, quoted=bool(self.image.shell))
        folder = self.job.host(hosts[0]).code
        argv = self.image.argv([*words, *script])
        return Command(hosts[0], argv, environs[hosts[0]], folder, reword=lambda line: mpi.tagged(line, count))

    def _inside(self, host: str, argv: Sequence[str], scratch: str = "") -> list[str]:
        if not self.real_opt_ml:
            return list(argv)
        return optml.inside(self.job.host(host).path, self.etc_hosts, self.scratch / (scratch or host), argv)

    def _invocation(self, host: str) -> contract.ScriptInvocation:
        return contract.invocation_of(self.job.host(host), self._given(host), self.visible_folder(host))

    def _given(self, host: str) -> dict[str, str]:
        """The request's Environment, and what the service and the image add to it."""
        asked: Mapping[str, str] = self.job.body.get("Environment", {})
        return {
            "SAGEMAKER_TRAINING_MODULE": self.image.training_module,
            **{key: optml.placed(value, self.visible_folder(host).path) for key, value in asked.items()},
            **self.job.service_environment,
        }

    def _outer(self, host: str) -> dict[str, str]:
        """What the container's own programs have: the toolkit, pip."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
        base = {} if self.real_opt_ml else {"SAGEMAKER_BASE_DIR": str(self.job.host(host).path)}
        return {
            **inherited,
            "PATH": os.pathsep.join([str(Path(self.python).parent), inherited.get("PATH", os.defpath)]),
            "PYTHONUNBUFFERED": "1",
            **self._given(host),
            **base,
            alive.MARK: str(self.job.folder.path),
        }

    def _environ(self, host: str, config: Mapping[str, Any] | None) -> dict[str, str]:
        """What the script has: whatever the request's PYTHONPATH is, the code folder comes first."""
        invocation = self._invocation(host)
        paths = [str(self.visible_folder(host).code), str(Path(self.python).parent), *self.search]
        if self.job.pipes(host).exists():
            paths.append(str(STAND_INS))  # last: the real package comes before it
        return {
            **self._outer(host),
            **invocation.environ,
            **(contract.of_tensorflow(invocation) if self.image.is_tensorflow else {}),
            **({"TF_CONFIG": contract.as_json(config)} if config is not None else {}),
            "PYTHONPATH": os.pathsep.join(paths),
        }

    def why_failed(self, ending: ProcessEnding) -> str:
        host = str(ending.failed)
        folder = self.job.host(host)
        hint = "" if self.real_opt_ml else optml.hint(ending.tail, folder.path)
        if folder.failure.is_file():
            return own_words(folder.failure.read_text(encoding="utf-8", errors="replace"), ending.code, hint)
        ending = ending.with_code(self.image.code(ending.code))
        return script_error("ExecuteUserScriptError", ending, self._command_words(host, self.job.together(host)), hint)

    def clean_up(self) -> None:
        remove(self.scratch)
