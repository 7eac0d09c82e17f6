"""Jobs in real containers, where a docker daemon answers: the image holds this Python and AWS's own `train`."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from local.image import imported, root_file_system, without_mpi
from local.jobs import log, request, run
from sagespec.deploying.services.local.container.contract import TENSORFLOW_MODULE
from sagespec.deploying.services.local.running import docker
from sagespec.deploying.services.local.service import LocalService

FRAMEWORK = "sagemaker-tensorflow-training==20.5.0"
WHY_NOT = docker.unusable()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(WHY_NOT is not None, reason=f"docker: {WHY_NOT}"),
]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "root.tar"
    root_file_system(path)
    name = imported(path, "sagespec-test")
    yield name
    subprocess.run(["docker", "rmi", "--force", name], capture_output=True)


@pytest.fixture(scope="module")
def image_with_mpi(tmp_path_factory):
    """It holds what the newest TensorFlow images hold, less TensorFlow."""
    if (why_not := without_mpi()) is not None:
        pytest.skip(why_not)
    toolkit, path = tmp_path_factory.mktemp("toolkit"), tmp_path_factory.mktemp("image") / "root.tar"
    uv = [Path(sys.executable).with_name("uv"), "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
    subprocess.run([*uv, "--target", toolkit, "sagemaker-training==5.1.1", FRAMEWORK], check=True)
    root_file_system(path, toolkit=toolkit, mpi=True)
    name = imported(path, "sagespec-test-mpi", SAGEMAKER_TRAINING_MODULE=TENSORFLOW_MODULE, PYTHONUNBUFFERED="1")
    yield name
    subprocess.run(["docker", "rmi", "--force", name], capture_output=True)


def ran(root, image, script, **members):
    service = LocalService(root / "local", executor="docker", grace=2)
    seen = run(service, request(script, algorithm={"TrainingImage": image}, **members), 180)
    lines = log(service, seen.job_name)
    assert seen.status == "Completed", (seen.failure, lines)
    return [line for line in lines if "SAID" in line], service, seen


def test_isolated_job_trains_in_a_folder_with_a_colon(image, tmp_path):
    script = """
import os, socket
open(os.environ["SM_MODEL_DIR"] + "/weights", "w").write("42")
print("SAID", socket.gethostbyname("algo-1"), os.environ["DOCKER_HOST"], os.environ["PATH"].startswith("/own"),
      repr(os.environ["LINES"]), sorted(os.listdir("/sys/class/net")))
"""
    (folder := tmp_path / "a:b, c").mkdir()
    own = {"DOCKER_HOST": "tcp://nowhere:1", "PATH": "/own:/usr/bin:/bin:/python/bin", "LINES": "one\ntwo"}
    said, service, seen = ran(folder, image, script, EnableNetworkIsolation=True, Environment=own)
    assert said == ["algo-1: SAID 127.0.0.1 tcp://nowhere:1 True 'one\\ntwo' ['lo']"]
    with tarfile.open(service.artifact(seen.job_name)) as model:
        assert model.getnames() == ["weights"]


@pytest.mark.parametrize("isolated", [False, True])
def test_two_hosts_reach_each_other_by_name(image, tmp_path, isolated):
    script = """
import os, socket, time
me, hosts = os.environ["SM_CURRENT_HOST"], ["algo-1", "algo-2"]
[other] = [host for host in hosts if host != me]
server = socket.create_server(("", 7777))
while True:
    try:
        socket.create_connection((other, 7777), timeout=5).sendall(me.encode())
        break
    except OSError:
        time.sleep(0.05)
interface = os.environ["SM_NETWORK_INTERFACE_NAME"]
print("SAID heard", server.accept()[0].recv(99).decode(), interface, interface in os.listdir("/sys/class/net"))
"""
    said, _, _ = ran(tmp_path, image, script, count=2, EnableNetworkIsolation=isolated)
    assert sorted(said) == ["algo-1: SAID heard algo-2 eth0 True", "algo-2: SAID heard algo-1 eth0 True"]


def test_failure_of_the_script_is_reported_in_the_toolkit_s_words(image, tmp_path):
    service = LocalService(tmp_path / "local", executor="docker", grace=2)
    asked = request("raise ValueError('bad')", hyperparameters={"text": "a b"}, algorithm={"TrainingImage": image})
    seen = run(service, asked, 180)
    assert seen.status == "Failed"
    assert "ExecuteUserScriptError" in seen.failure
    assert 'Command "/python/bin/python train.py --text a b"' in seen.failure


def test_containers_and_networks_are_gone_afterwards(image, tmp_path):
    _, _, seen = ran(tmp_path, image, "print('SAID')", count=2)
    for kind in (["ps", "--all"], ["network", "ls"]):
        command = ["docker", *kind, "--quiet", "--filter", f"name=sagespec-{seen.job_name}"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


RANKS = """
import os, sys
kept = ("OMPI_COMM_WORLD_", "SM_CURRENT_", "SM_HP", "SM_USER_ARGS", "SM_RESOURCE")
said = {name: os.environ[name].replace('"eth0"', '"lo"') for name in sorted(os.environ) if name.startswith(kept)}
open("/opt/ml/output/data/" + os.environ["OMPI_COMM_WORLD_RANK"], "w").close()
os.write(1, ("SAID " + repr((sys.argv, os.getcwd(), said)) + chr(10)).encode())
"""
NEWEST = {"TrainingImage": "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312"}
MPI = {"sagemaker_mpi_enabled": True, "sagemaker_mpi_num_of_processes_per_host": 2, "text": "a b"}


def test_two_hosts_under_mpi_are_reported_the_same_in_docker_and_without(image_with_mpi, tmp_path):
    there, told, seen = ran(tmp_path / "there", image_with_mpi, RANKS, count=2, hyperparameters=MPI)
    service = LocalService(tmp_path / "here")
    ended = run(service, request(RANKS, count=2, hyperparameters=MPI, algorithm=NEWEST), 180)
    here = [line for line in log(service, ended.job_name) if "SAID" in line]
    assert len(there) == 4
    assert sorted(here) == sorted(there)
    assert written(service, ended) == written(told, seen) == {"algo-1": ["0", "1"], "algo-2": ["2", "3"]}


def written(service, seen):
    """Which rank wrote on which host."""
    hosts = service.root / seen.job_name / "hosts"
    return {host.name: sorted(path.name for path in (host / "output" / "data").iterdir()) for host in hosts.iterdir()}
