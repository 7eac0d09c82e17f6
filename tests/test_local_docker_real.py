"""Jobs in real containers, where a docker daemon answers: the image holds this Python and AWS's own `train`."""

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from local.endpoints import model, serve, until
from local.endpoints import request as endpoint
from local.jobs import log, request, run
from sagespec.deploying.services import NoSuchJob
from sagespec.deploying.services.local.running import docker
from sagespec.deploying.services.local.service import LocalService
from sagespec.deploying.services.local.serving.folder import EndpointFolder
from sagespec.deploying.services.local.serving.service import LocalEndpoints
from sagespec.deploying.services.local.serving.supervisor import answers

WHY_NOT = docker.unusable()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(WHY_NOT is not None, reason=f"docker: {WHY_NOT}"),
]

TRAIN = "#!/python/bin/python\nfrom sagemaker_training.cli.train import main\nmain()\n"
SERVE = """#!/python/bin/python
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Answers(BaseHTTPRequestHandler):
    def do_GET(self, body=b"pong"):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        there = sorted(os.path.relpath(os.path.join(at, name), "/opt/ml")
                       for at, _, names in os.walk("/opt/ml") for name in names)
        said = {name: value for name, value in os.environ.items() if name.startswith(("SAGEMAKER_", "OWN"))}
        writable = os.access("/opt/ml/model", os.W_OK)
        self.do_GET(json.dumps([sys.argv[1:], asked, there, said, writable]).encode())
print("SAID it starts", flush=True)
ThreadingHTTPServer(("", 8080), Answers).serve_forever()
"""
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
        for name, text in {"train": TRAIN, "serve": SERVE, "which": '#!/bin/sh\ncommand -v "$1"\n'}.items():
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


@pytest.fixture
def endpoints(tmp_path):
    (folder := tmp_path / "a:b, c").mkdir()
    service = LocalEndpoints(folder / "local", executor="docker")
    yield service
    for one in service.endpoints():
        service.stop(one.job_name)
        with pytest.raises(NoSuchJob):
            until(service, one.job_name, lambda _: False)
    listed = subprocess.run(["docker", "ps", "--all", "--quiet"], capture_output=True, text=True, check=True)
    assert listed.stdout == ""


def served(endpoints, image, tmp_path, **settings):
    asked = endpoint(model(tmp_path), model={"Image": image, "Environment": settings})
    return serve(endpoints, asked)


def test_an_endpoint_s_image_serves_the_model_in_a_folder_with_a_colon(image, endpoints, tmp_path):
    seen = served(endpoints, image, tmp_path, SAGEMAKER_TFS_NGINX_LOGLEVEL="info", OWN="one\ntwo", DOCKER_HOST="x:1")
    assert (seen.status, seen.failure) == ("InService", "")
    words, asked, there, said, writable = json.loads(endpoints.invoke("mnist", b"1,2", "text/csv").body)
    assert (words, asked, there) == ([], "1,2", ["model/1/saved_model.pb"])
    assert said == {"SAGEMAKER_TFS_NGINX_LOGLEVEL": "info", "OWN": "one\ntwo"}
    assert not writable or os.getuid() == 0
    assert "SAID it starts" in [line.text for line in endpoints.tail("mnist", 50)]


def test_a_container_that_is_killed_is_started_again(image, endpoints, tmp_path):
    served(endpoints, image, tmp_path)
    revision = EndpointFolder(endpoints.root / "mnist").current
    subprocess.run(["docker", "kill", f"sagespec-mnist-{revision.path.name}"], check=True, capture_output=True)
    started = lambda: [line.text for line in endpoints.tail("mnist", 50)].count("SAID it starts")  # noqa: E731
    until(endpoints, "mnist", lambda _: started() == 2)
    seen = until(endpoints, "mnist", lambda seen: answers(int(seen.body.get("Url", ":1").rpartition(":")[2])))
    assert seen.status == "InService"


def test_an_image_that_is_not_there_fails_the_endpoint_with_docker_s_words(endpoints, tmp_path):
    seen = served(endpoints, "127.0.0.1:1/nothing:1", tmp_path)
    assert seen.status == "Failed"
    assert "docker: Error response from daemon" in seen.failure


def test_a_python_based_endpoint_gets_its_code_beside_the_model(image, endpoints, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text("def input_fn(data, content_type): ...")
    with tarfile.open(tmp_path / "sourcedir.tar.gz", "w:gz") as file:
        file.add(tmp_path / "code", ".")
    upload = endpoints.jobs.store.uploaded("s3://bucket/code/sourcedir.tar.gz")
    upload.parent.mkdir(parents=True)
    (tmp_path / "sourcedir.tar.gz").rename(upload)
    served(endpoints, image, tmp_path, SAGEMAKER_SUBMIT_DIRECTORY="s3://bucket/code/sourcedir.tar.gz")
    _, _, there, said, _ = json.loads(endpoints.invoke("mnist", b"", "text/csv").body)
    assert there == ["code/train.py", "model/1/saved_model.pb"]
    assert said == {"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/code"}
