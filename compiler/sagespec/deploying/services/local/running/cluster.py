"""The hosts of a job: who they are, what each knows of the others, and what TensorFlow gets to know of them."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from sagespec.deploying.services.local.container.contract import GROUP

ADDRESS = "127.0.0.1"
LOOPBACK = "lo" if sys.platform.startswith("linux") else "lo0"
BRIDGED = "eth0"
"""The interface of a container."""
PARAMETER_SERVER = "sagemaker_parameter_server_enabled"
MIRRORED = "sagemaker_multi_worker_mirrored_strategy_enabled"
MPI = "sagemaker_mpi_enabled"
TORCHRUN = "sagemaker_torch_distributed_enabled"


@dataclass(frozen=True)
class Group:
    """Hosts of one instance type."""

    name: str
    instance_type: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Cluster:
    """All hosts of a job, in the order of their groups: `algo-1`, `algo-2` …"""

    groups: tuple[Group, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(host for group in self.groups for host in group.hosts)

    def group(self, host: str) -> Group:
        return next(group for group in self.groups if host in group.hosts)

    def resource_config(self, host: str, interface: str = LOOPBACK) -> dict[str, Any]:
        """What resourceconfig.json says on this host.

        Args:
            interface: the network interface on which the hosts see each other.
        """
        mine = self.group(host)
        return {
            "current_host": host,
            "current_instance_type": mine.instance_type,
            "current_group_name": mine.name,
            # SageMaker sorts names as text: algo-10 comes before algo-2.
            "hosts": sorted(self.hosts),
            "instance_groups": [
                {
                    "instance_group_name": group.name,
                    "instance_type": group.instance_type,
                    "hosts": sorted(group.hosts),
                }
                for group in self.groups
            ],
            "network_interface_name": interface,
        }

    def etc_hosts(self) -> str:
        """An /etc/hosts in which every host is an address of this machine."""
        numbered = [f"127.0.0.{number % 254 + 1} {host}" for number, host in enumerate(self.hosts)]
        return "\n".join(["127.0.0.1 localhost", "::1 localhost", *numbered, ""])


def cluster_of(resources: Mapping[str, Any]) -> Cluster:
    """The hosts that a ResourceConfig asks for."""
    asked = resources.get("InstanceGroups") or [
        {
            "InstanceGroupName": GROUP,
            "InstanceType": resources.get("InstanceType", "local"),
            "InstanceCount": resources.get("InstanceCount", 1),
        }
    ]
    groups, first = [], 1
    for one in asked:
        hosts = tuple(f"algo-{number}" for number in range(first, first + one["InstanceCount"]))
        groups.append(Group(one["InstanceGroupName"], one["InstanceType"], hosts))
        first += len(hosts)
    return Cluster(tuple(groups))


LIBRARIES = {
    "sagemaker_distributed_dataparallel_enabled": "smdistributed.dataparallel",
    "sagemaker_pytorch_ddp_enabled": "pytorchddp",
    "sagemaker_pytorch_xla_multi_worker_enabled": "PyTorch XLA",
    "mp_parameters": "smdistributed.modelparallel",
}
"""What starts a strategy whose library AWS's images alone have → the strategy."""


def apart(resources: Mapping[str, Any], framework: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a distributed job would not be one here, or would fail in the container; None where it is all right.

    Source: https://github.com/aws/sagemaker-tensorflow-training-toolkit/blob/v20.5.0 (training.py: train, _run_ps)
    """
    lacking = next((title for key, title in LIBRARIES.items() if framework.get(key)), None)
    if lacking is not None:
        reason = f"{lacking} is a library that only AWS's images have: here each host would train by itself"
        return reason, "run the job in SageMaker, or on machines with such GPUs in docker (--executor docker)"
    cluster = cluster_of(resources)
    if framework.get(PARAMETER_SERVER) and len(cluster.hosts) > 1:
        chosen = framework.get("sagemaker_distribution_instance_groups") or [group.name for group in cluster.groups[:1]]
        left = [group.name for group in cluster.groups if group.name not in chosen]
        if left:
            reason = f"parameter servers need all instance groups: in the container, hosts of '{left[0]}' would fail"
            return reason, "name all groups in distribution.instance_groups, or train in one group"
    return None


@dataclass(frozen=True)
class Ports:
    """Where each host listens: all of them have one address here, so their ports must differ."""

    work: Mapping[str, int]
    serve: Mapping[str, int]


def free_ports(hosts: Sequence[str]) -> Ports:
    """Ports that nobody listens on now: two for each host."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2 * len(hosts))]
        for one in sockets:
            one.bind((ADDRESS, 0))
        numbers = [one.getsockname()[1] for one in sockets]
    return Ports(dict(zip(hosts, numbers[::2], strict=True)), dict(zip(hosts, numbers[1::2], strict=True)))


def tf_config(host: str, hosts: Sequence[str], framework: Mapping[str, Any], ports: Ports) -> dict[str, Any] | None:
    """TF_CONFIG as the TensorFlow image sets it; None for a job that is not distributed by TensorFlow.

    With parameter servers the first host is the master, the others are workers, and all of them serve. With
    MultiWorkerMirroredStrategy all are workers. The image's ports (2222, 2223, 8890) are ours to choose here.

    Args:
        hosts: those that train together, in the order of the toolkit; none where this host trains alone.
    Source: https://github.com/aws/sagemaker-tensorflow-training-toolkit (training.py)
    """
    if framework.get(PARAMETER_SERVER) and len(hosts) > 1:
        master, *workers = hosts
        roles = {"master": [master], "worker": workers}
        cluster = {"master": _at(roles["master"], ports.work), "ps": _at(hosts, ports.serve)}
        cluster["worker"] = _at(workers, ports.work)
        role = "master" if host == master else "worker"
        return {
            "cluster": cluster,
            "environment": "cloud",
            "task": {"index": roles[role].index(host), "type": role},
        }
    if framework.get(MIRRORED) and hosts:
        return {
            "cluster": {"worker": _at(hosts, ports.work)},
            "environment": "cloud",
            "task": {"index": hosts.index(host), "type": "worker"},
        }
    return None


def _at(hosts: Sequence[str], ports: Mapping[str, int]) -> list[str]:
    return [f"{ADDRESS}:{ports[host]}" for host in hosts]


def serves(config: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    """Whether a parameter server runs beside the script."""
    return config is not None and "ps" in config["cluster"]


PARAMETER_SERVER_PROGRAM = """\
import sys, json
import tensorflow as tf
cluster, index = json.loads(sys.argv[1]), int(sys.argv[2])
old = getattr(getattr(tf, "compat", None), "v1", tf)
proto = old.ConfigProto(device_count={"GPU": 0})
make = getattr(getattr(tf, "distribute", None), "Server", None) or old.train.Server
make(tf.train.ClusterSpec(cluster), job_name="ps", task_index=index, config=proto).join()
"""
"""Serves a model's parameters until it is ended; never on a GPU, which the worker beside it needs for itself."""


def parameter_server(python: str, host: str, hosts: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """The command that serves beside this host's script."""
    index = str(sorted(hosts).index(host))
    return [python, "-c", PARAMETER_SERVER_PROGRAM, json.dumps(config["cluster"]), index]
