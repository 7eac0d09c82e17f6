"""Endpoints in real containers, where a docker daemon answers: the image holds this Python and a server of ours."""

import json
import os
import subprocess
import tarfile
import time

import pytest

from local.image import imported, root_file_system
from sagespec.deploying.services import NoSuchJob
from sagespec.deploying.services.local.running import docker
from sagespec.deploying.services.local.serving.executors import NEARLY_ISOLATED
from sagespec.deploying.services.local.serving.folder import EndpointFolder
from sagespec.deploying.services.local.serving.service import LocalEndpoints
from sagespec.deploying.services.local.serving.supervisor import answers
from serving.endpoints import model, serve, until
from serving.endpoints import request as endpoint

WHY_NOT = docker.unusable()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(WHY_NOT is not None, reason=f"docker: {WHY_NOT}"),
]

SERVE = """#!/python/bin/python
import json, os, socket, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
def reached(host, port):
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True
class Answers(BaseHTTPRequestHandler):
    def do_GET(self, body=b"pong"):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if asked.startswith("reach "):
            return self.do_GET(json.dumps([reached(*place.split()) for place in asked[6:].split(",")]).encode())
        there = sorted(os.path.relpath(os.path.join(at, name), "/opt/ml")
                       for at, _, names in os.walk("/opt/ml") for name in names)
        said = {name: value for name, value in os.environ.items() if name.startswith(("SAGEMAKER_", "OWN", "AWS_"))}
        writable = os.access("/opt/ml/model", os.W_OK)
        self.do_GET(json.dumps([sys.argv[1:], asked, there, said, writable]).encode())
print("SAID it starts", flush=True)
ThreadingHTTPServer(("", 8080), Answers).serve_forever()
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "root.tar"
    root_file_system(path, texts={"/usr/bin/serve": SERVE})
    name = imported(path, "sagespec-test-serving")
    yield name
    subprocess.run(["docker", "rmi", "--force", name], capture_output=True)


@pytest.fixture
def endpoints(tmp_path):
    (folder := tmp_path / "a:b, c").mkdir()
    service = LocalEndpoints(folder / "local", executor="docker")
    yield service
    mine = [revision.path.name for revision in EndpointFolder(service.root / "mnist").revisions()]
    for one in service.endpoints():
        service.stop(one.job_name)
        with pytest.raises(NoSuchJob):
            until(service, one.job_name, lambda _: False)
    command = ["docker", "ps", "--all", "--format", "{{.Names}}"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert mine
    networks = subprocess.run(["docker", "network", "ls", "--format", "{{.Name}}"], capture_output=True, text=True)
    left = {*listed.stdout.split(), *networks.stdout.split()}
    assert {f"sagespec-mnist-{name}" for name in mine}.isdisjoint(left)


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
    seen = until(
        endpoints, "mnist", lambda seen: answers(seen.body.get("Url", "http://127.0.0.1:1").removeprefix("http://"))
    )
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


@pytest.mark.parametrize("isolated", [False, True], ids=["open", "isolated"])
def test_an_isolated_container_answers_and_reaches_nobody(image, endpoints, tmp_path, isolated, monkeypatch):
    """Another container is what there is beyond this machine; it is reached from one that is not isolated."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of this user")
    beyond = docker.run_docker("run", "--detach", "--rm", image, "serve").stdout.strip()
    try:
        own = docker.run_docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", beyond).stdout.strip()
        until_answers(f"{own}:8080")
        asked = endpoint(model(tmp_path), model={"Image": image}, isolated=isolated)
        assert endpoints.foreseen(asked).notes == ((NEARLY_ISOLATED,) if isolated else ())
        seen = serve(endpoints, asked)
        assert (seen.status, seen.failure) == ("InService", "")
        places = f"reach {own} 8080,127.0.0.1 8080".encode()
        assert json.loads(endpoints.invoke("mnist", places, "text/csv").body) == [not isolated, True]
        said = json.loads(endpoints.invoke("mnist", b"", "text/csv").body)[3]
        assert said == ({} if isolated else {"AWS_ACCESS_KEY_ID": "of this user"})
    finally:
        docker.run_docker("rm", "--force", beyond)


def until_answers(address):
    end = time.monotonic() + 60
    while not answers(address):
        assert time.monotonic() < end
        time.sleep(0.1)
