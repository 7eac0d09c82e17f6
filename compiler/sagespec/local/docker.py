"""Runs a job's image as SageMaker does: its mounts, environment, network, entry point."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from sagespec.local import alive
from sagespec.local.cluster import Cluster
from sagespec.local.folder import JobFolder
from sagespec.local.processes import Command

CHECKPOINTS = "/opt/ml/checkpoints"
CODE = "/opt/ml/code"
DOCKER_FAILED = 125
"""What `docker run` ends with when it is docker that failed, not the program in the container."""


def hyperparameters(given: Mapping[str, str]) -> dict[str, str]:
    """As in the request, but the code lies in the container already."""
    key = "sagemaker_submit_directory"
    return {**given, **({key: json.dumps(CODE)} if key in given else {})}


def unusable() -> str | None:
    """Why docker cannot be used here; None where it can."""
    if shutil.which("docker") is None:
        return "there is no docker on this machine's PATH"
    asked = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True)
    return asked.stderr.strip() or "docker does not answer" if asked.returncode else None


def container(job: JobFolder, host: str) -> str:
    """The name of a host's container."""
    return f"sagespec-{job.name}-{host}"


def network(job: JobFolder) -> str:
    """The name of the network on which the hosts of a job see each other."""
    return f"sagespec-{job.name}"


def command(host: str, job: JobFolder, body: Mapping[str, Any], cluster: Cluster) -> Command:
    """`docker run` for one host. Values of variables travel in the environment, so no list of processes shows them."""
    folder = job.host(host).path
    told = {
        **body.get("Environment", {}),
        "TRAINING_JOB_NAME": job.name,
        **{key: os.environ[key] for key in CREDENTIALS if key in os.environ},
    }
    algorithm = body["AlgorithmSpecification"]
    entry: Sequence[str] = algorithm.get("ContainerEntrypoint") or ()
    argv = ["docker", "run", "--rm", "--name", container(job, host), "--hostname", host]
    argv += ["--network", _network(job, body, cluster)]
    if len(cluster.hosts) > 1:
        argv += ["--network-alias", host]
    for source, target in mounts(job, host, body).items():
        argv += ["--volume", f"{source}:{target}"]
    for name in sorted(told):
        argv += ["--env", name]
    if "gpu" in algorithm["TrainingImage"].rpartition(":")[2] and shutil.which("nvidia-smi"):
        argv += ["--gpus", "all"]
    if entry:
        argv += ["--entrypoint", entry[0]]
    argv += [algorithm["TrainingImage"], *entry[1:], *algorithm.get("ContainerArguments", () if entry else ("train",))]
    return Command(host, argv, {**os.environ, **told, alive.MARK: str(job.path)}, folder)


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


def _network(job: JobFolder, body: Mapping[str, Any], cluster: Cluster) -> str:
    if len(cluster.hosts) > 1:
        return network(job)
    return "none" if body.get("EnableNetworkIsolation") else "bridge"


def mounts(job: JobFolder, host: str, body: Mapping[str, Any]) -> dict[str, str]:
    """What of this machine the container sees, and where."""
    shown = {str(job.host(host).path): "/opt/ml", str(job.path / "shared"): "/opt/ml/shared"}
    config = body.get("CheckpointConfig")
    if config is not None:
        shown[str(job.store.checkpoints(config["S3Uri"]))] = config.get("LocalPath", CHECKPOINTS)
    return shown


def prepare(job: JobFolder, body: Mapping[str, Any], cluster: Cluster) -> None:
    """Makes the network of a job with several hosts; an isolated job's leads nowhere else."""
    if len(cluster.hosts) > 1:
        inner = ["--internal"] if body.get("EnableNetworkIsolation") else []
        subprocess.run(["docker", "network", "create", *inner, network(job)], check=True, capture_output=True)


def clean_up(job: JobFolder, body: Mapping[str, Any], cluster: Cluster) -> None:
    """Ends what is left of the containers, and gives their files, which are root's, to this user."""
    _try("rm", "--force", *(container(job, host) for host in cluster.hosts))
    if os.getuid():
        owner, image = f"{os.getuid()}:{os.getgid()}", body["AlgorithmSpecification"]["TrainingImage"]
        _try("run", "--rm", "--volume", f"{job.path}:/opt/ml", "--entrypoint", "chown", image, "-R", owner, "/opt/ml")
    if len(cluster.hosts) > 1:
        _try("network", "rm", network(job))


def _try(*words: str) -> None:
    """Does what can be done: a docker that is gone by now has nothing left to clear up."""
    with contextlib.suppress(OSError):
        subprocess.run(["docker", *words], capture_output=True)
