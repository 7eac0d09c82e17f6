"""Runs a job's image as SageMaker does: its mounts, environment, network, entry point."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sagespec.deploying.services.local.container import optml, pipes
from sagespec.deploying.services.local.container.layout import CHECKPOINTS
from sagespec.deploying.services.local.folder import HostFolder
from sagespec.deploying.services.local.job import LocalJob
from sagespec.deploying.services.local.log import last_words
from sagespec.deploying.services.local.running import alive
from sagespec.deploying.services.local.running.ends import LONGEST_REASON, failed, own_words
from sagespec.deploying.services.local.running.executor import RunOne
from sagespec.deploying.services.local.running.processes import Command, ProcessEnding

DOCKER_FAILED = 125
"""What `docker run` ends with when it is docker that failed, not the program in the container."""
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
)
"""What lets a container reach S3 as its instance's role would."""


def unusable() -> str | None:
    """Why docker cannot be used here; None where it can."""
    if shutil.which("docker") is None:
        return "there is no docker on this machine's PATH"
    asked = run_docker("version", "--format", "{{.Server.Version}}")
    if asked is not None and asked.returncode == 0:
        return None
    return (asked.stderr.strip() if asked is not None else "") or "docker does not answer"


def is_beside() -> bool:
    """Whether this machine's programs reach containers at addresses of their own: not where these live in a virtual
    machine (Docker Desktop), or in a network that only one user's daemon sees.

    Source: https://docs.docker.com/desktop/features/networking/ (there is no docker0 bridge on the host);
    https://docs.docker.com/engine/security/rootless/ (IPAddress is namespaced inside RootlessKit's network namespace)
    """
    asked = run_docker("info", "--format", "{{.OperatingSystem}} {{.SecurityOptions}}")
    apart = ("Docker Desktop", "rootless")
    known = sys.platform.startswith("linux") and asked is not None and asked.returncode == 0
    return known and asked is not None and not any(word in asked.stdout for word in apart)


class Containers:
    """Runs the request's image, one container a host."""

    def __init__(self, job: LocalJob) -> None:
        self.job = job
        self.image = str(job.algorithm["TrainingImage"])
        self.together = f"sagespec-{job.folder.name}"
        """The network on which several hosts see each other."""
        self.subnet = ""

    def start(self, report: Callable[[str], None]) -> None:
        """`docker run` pulls what is missing, and its output is in the log."""

    def visible_folder(self, host: str) -> HostFolder:
        return HostFolder(Path(optml.PREFIX))

    def prepare(self, run: RunOne) -> None:
        """Makes the network of a job with several hosts; an isolated job's leads nowhere else.

        Its addresses are fixed, so every host can know all of them: an isolated network has no names of its own.
        """
        if len(self.job.hosts) > 1:
            inner = ["--internal"] if self.job.body.get("EnableNetworkIsolation") else []
            for number in self._subnets():
                made = run_docker("network", "create", *inner, "--subnet", f"{number}.0/24", self.together)
                if made is None or made.returncode == 0 or "overlap" not in made.stderr:
                    break
            if made is None or made.returncode:
                raise failed(f"ClientError: docker could not make a network: {made.stderr if made else 'it is gone'}")
            self.subnet = number

    def _subnets(self) -> list[str]:
        """Private networks that may be free, each time others."""
        chance = random.Random(self.together)  # noqa: S311
        return [f"10.{chance.randint(64, 191)}.{chance.randint(0, 255)}" for _ in range(8)]

    def commands(self) -> list[Command]:
        return [command for host in self.job.hosts for command in (*self._feeder(host), self._command(host))]

    def _feeder(self, host: str) -> list[Command]:
        """What streams the channels in Pipe mode, from outside of the container."""
        plan = self.job.pipes(host)
        if not plan.exists():
            return []
        environ = {**os.environ, alive.MARK: str(self.job.folder.path)}
        argv = [sys.executable, "-I", "-S", pipes.__file__, str(plan)]
        return [Command(host, argv, environ, self.job.host(host).path, helps=True)]

    def _command(self, host: str) -> Command:
        """`docker run` for one host."""
        environ = {
            **self.job.body.get("Environment", {}),
            **self.job.service_environment,
            **credentials(isolated=bool(self.job.body.get("EnableNetworkIsolation"))),
        }
        entry: Sequence[str] = self.job.algorithm.get("ContainerEntrypoint") or ()
        arguments = self.job.algorithm.get("ContainerArguments", () if entry else ("train",))
        argv = ["docker", "run", "--rm", "--name", self._container(host), "--hostname", host, *self._network(host)]
        for source, target in self._mounts(host).items():
            argv += ["--mount", mount(source, target)]
        argv += variables(environ, self._variables_file(host))
        if "gpu" in self.image.rpartition(":")[2] and shutil.which("nvidia-smi"):
            argv += ["--gpus", "all"]
        if entry:
            argv += ["--entrypoint", entry[0]]
        environ = {**os.environ, alive.MARK: str(self.job.folder.path)}
        return Command(host, [*argv, self.image, *entry[1:], *arguments], environ, self.job.host(host).path)

    def _variables_file(self, host: str) -> Path:
        return self.job.folder.path / f".variables-{host}"

    def _container(self, host: str) -> str:
        return f"sagespec-{self.job.folder.name}-{host}"

    def _network(self, host: str) -> list[str]:
        """Every host knows all by name: the toolkit waits a quarter of an hour for names, its own among them."""
        if len(self.job.hosts) > 1:
            addresses = {each: f"{self.subnet}.{number}" for number, each in enumerate(self.job.hosts, 2)}
            known = [word for each in addresses for word in ("--add-host", f"{each}:{addresses[each]}")]
            return ["--network", self.together, "--ip", addresses[host], *known]
        if self.job.body.get("EnableNetworkIsolation"):
            return ["--network", "none", "--add-host", f"{host}:127.0.0.1"]
        return ["--network", "bridge"]

    def _mounts(self, host: str) -> dict[str, str]:
        """What of this machine the container sees, and where."""
        shown = {str(self.job.host(host).path): optml.PREFIX}
        shared = self.job.folder.path / "shared"
        shared.mkdir(exist_ok=True)
        shown[str(shared)] = f"{optml.PREFIX}/shared"
        config = self.job.body.get("CheckpointConfig")
        if config is not None:
            kept = self.job.folder.store.checkpoints(config["S3Uri"])
            kept.mkdir(parents=True, exist_ok=True)
            shown[str(kept)] = config.get("LocalPath", CHECKPOINTS)
        return shown

    def why_failed(self, ending: ProcessEnding) -> str:
        failure = self.job.host(str(ending.failed)).failure
        if failure.is_file():
            return own_words(failure.read_text(encoding="utf-8", errors="replace"), ending.code)
        words = last_words(ending.tail, LONGEST_REASON // 2)
        if ending.code == DOCKER_FAILED:
            return f"ClientError: docker could not run the image: {words}"
        return own_words(words, ending.code)

    def clean_up(self) -> None:
        """Ends what is left of the containers, and gives their files, which are root's, to this user."""
        run_docker("rm", "--force", *map(self._container, self.job.hosts))
        for host in self.job.hosts:
            self._variables_file(host).unlink(missing_ok=True)
        if os.getuid():
            give = ["--mount", mount(str(self.job.folder.path), optml.PREFIX), "--entrypoint", "chown", self.image]
            run_docker("run", "--rm", *give, "-R", f"{os.getuid()}:{os.getgid()}", optml.PREFIX)
        if len(self.job.hosts) > 1:
            run_docker("network", "rm", self.together)


def credentials(*, isolated: bool) -> dict[str, str]:
    """This user's, for the container; one without a network gets none, as in SageMaker.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
    """
    return {} if isolated else {key: os.environ[key] for key in CREDENTIALS if key in os.environ}


def variables(environ: Mapping[str, str], file: Path) -> list[str]:
    """The options that give a container its variables, in a file that only this user reads: no list of processes shows
    them, and none changes the docker client."""
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={environ[name]}\n" for name in sorted(environ) if "\n" not in environ[name]))
    # Such a file has one line a value.
    long = [word for name in sorted(environ) if "\n" in environ[name] for word in ("--env", f"{name}={environ[name]}")]
    return ["--env-file", str(file), *long]


def mount(source: str, target: str) -> str:
    """A mount, in docker's form: comma-separated, so that a colon in a path is nothing special."""
    quoted = source.replace('"', '""')
    return f'type=bind,"source={quoted}",target={target}'


def run_docker(*words: str) -> subprocess.CompletedProcess[str] | None:
    """Does what can be done; None where there is no docker any more."""
    try:
        return subprocess.run(["docker", *words], capture_output=True, text=True)
    except OSError:
        return None
