"""Who the hosts are, and what TensorFlow is told of them."""

import sys

import pytest

from sagespec.deploying.services.local.running.cluster import Ports, cluster_of, free_ports, tf_config

PORTS = Ports({"algo-1": 1, "algo-2": 2, "algo-3": 3}, {"algo-1": 11, "algo-2": 12, "algo-3": 13})
HOSTS = ("algo-1", "algo-2", "algo-3")


@pytest.mark.parametrize(
    ("host", "task"),
    [
        ("algo-1", {"index": 0, "type": "master"}),
        ("algo-2", {"index": 0, "type": "worker"}),
        ("algo-3", {"index": 1, "type": "worker"}),
    ],
)
def test_parameter_servers_run_on_every_host(host, task):
    assert tf_config(host, HOSTS, {"sagemaker_parameter_server_enabled": True}, PORTS) == {
        "cluster": {
            "master": ["127.0.0.1:1"],
            "ps": ["127.0.0.1:11", "127.0.0.1:12", "127.0.0.1:13"],
            "worker": ["127.0.0.1:2", "127.0.0.1:3"],
        },
        "environment": "cloud",
        "task": task,
    }


def test_mirrored_workers_are_all_hosts():
    assert tf_config("algo-2", HOSTS, {"sagemaker_multi_worker_mirrored_strategy_enabled": True}, PORTS) == {
        "cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]},
        "environment": "cloud",
        "task": {"index": 1, "type": "worker"},
    }


@pytest.mark.parametrize(
    ("hosts", "framework"),
    [(HOSTS, {}), (HOSTS, {"sagemaker_parameter_server_enabled": False}),
     (HOSTS[:1], {"sagemaker_parameter_server_enabled": True})],
)  # fmt: skip
def test_other_jobs_have_no_tf_config(hosts, framework):
    assert tf_config("algo-1", hosts, framework, PORTS) is None


def test_ports_differ():
    ports = free_ports(HOSTS)
    assert len({*ports.work.values(), *ports.serve.values()}) == 6


def test_groups_of_a_heterogeneous_cluster_number_their_hosts_through():
    names = ("InstanceGroupName", "InstanceType", "InstanceCount")
    groups = [dict(zip(names, row, strict=True)) for row in (("data", "ml.c5.xlarge", 1), ("train", "ml.g5.xlarge", 2))]
    assert cluster_of({"InstanceGroups": groups}).resource_config("algo-3") == {
        "current_host": "algo-3",
        "current_instance_type": "ml.g5.xlarge",
        "current_group_name": "train",
        "hosts": ["algo-1", "algo-2", "algo-3"],
        "instance_groups": [
            {"instance_group_name": "data", "instance_type": "ml.c5.xlarge", "hosts": ["algo-1"]},
            {"instance_group_name": "train", "instance_type": "ml.g5.xlarge", "hosts": ["algo-2", "algo-3"]},
        ],
        "network_interface_name": "lo" if sys.platform.startswith("linux") else "lo0",
    }


def test_every_host_has_an_address_of_this_machine():
    cluster = cluster_of({"InstanceType": "ml.c5.xlarge", "InstanceCount": 2})
    assert cluster.etc_hosts().splitlines()[2:] == ["127.0.0.1 algo-1", "127.0.0.2 algo-2"]
