"""Jobs in real containers, where a docker daemon answers: the image holds this Python and AWS's own `train`."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from local.jobs import log, request, run
from sagespec.deploying.services.local.running import docker
from sagespec.deploying.services.local.service import LocalService

WHY_NOT = docker.unusable()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(WHY_NOT is not None, reason=f"docker: {WHY_NOT}"),
]

TRAIN = "#!/python/bin/python\nfrom sagemaker_training.cli.train import main\nmain()\n"
TOOLKIT = "import sys, sagemaker_training.cli.train, sagemaker_training.trainer; print(*sys.modules)"
LEFT_OUT = re.compile(r"/(test|tests|idle_test|__pycache__|config-[^/]*|site-packages|ensurepip|tkinter)$")


def libraries(paths):
    """The shared libraries that these files need, and the program that loads them."""
    shown = subprocess.run(["ldd", *paths], capture_output=True, text=True).stdout
    return set(re.findall(r"(/\S+) \(0x", shown))


def root_file_system(path):
    """A tar of all that `train` needs: this Python, the toolkit, a shell, and their libraries."""
    base, version = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = next(Path(place) for place in sys.path if place.endswith("site-packages"))
    names = subprocess.run([sys.executable, "-c", TOOLKIT], capture_output=True, text=True, check=True).stdout.split()
    packages = {entry for name in {name.partition(".")[0] for name in names} for entry in site.glob(f"{name}*")}
    library = base / "lib" / version
    programs = {"/bin/sh": Path("/bin/sh"), f"/python/bin/{version}": base / "bin" / version}
    compiled = [*library.rglob("*.so"), *(so for package in packages for so in package.rglob("*.so*"))]
    with tarfile.open(path, "w") as tar:

        def add(source, name):
            tar.add(source, name, filter=lambda entry: None if LEFT_OUT.search(f"/{entry.name}") else entry)

        for name, source in programs.items():
            add(source.resolve(), name)
        add(library, f"/python/lib/{version}")
        for package in packages:
            tar.add(package, f"/python/lib/{version}/site-packages/{package.name}")
        for needed in libraries([*map(str, programs.values()), *map(str, compiled)]):
            if "site-packages" not in needed:
                tar.add(Path(needed).resolve(), needed)
        link = tarfile.TarInfo("/python/bin/python")
        link.type, link.linkname = tarfile.SYMTYPE, version
        tar.addfile(link)
        for name, text in {"train": TRAIN, "which": '#!/bin/sh\ncommand -v "$1"\n'}.items():
            (program := path.with_name(name)).write_text(text)
            program.chmod(0o755)
            tar.add(program, f"/usr/bin/{name}")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "root.tar"
    root_file_system(path)
    name, change = f"sagespec-test-{os.getpid()}", "ENV PATH=/usr/bin:/bin:/python/bin"
    subprocess.run(["docker", "import", "--change", change, path, name], check=True, capture_output=True)
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


def test_failure_of_the_script_is_told_in_the_toolkit_s_words(image, tmp_path):
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
