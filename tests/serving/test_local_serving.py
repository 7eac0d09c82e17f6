"""Endpoints on this machine: real processes, real HTTP, and a `tensorflow_model_server` of our own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from sagespec.building.archive import collect
from sagespec.building.model_archive import RepackedModel
from sagespec.building.request import Upload
from sagespec.deploying.planning.endpoints.planner import decide_endpoint
from sagespec.deploying.planning.plan import Action
from sagespec.deploying.services import START, Foreseen, InProgress, NameTaken, NoSuchJob, ServiceError
from sagespec.deploying.services.local.folder import read_json, write_json
from sagespec.deploying.services.local.running import alive, modules
from sagespec.deploying.services.local.service import NOT_ISOLATED
from sagespec.deploying.services.local.serving import record
from sagespec.deploying.services.local.serving.executors import NEARLY_ISOLATED
from sagespec.deploying.services.local.serving.folder import EndpointFolder, RevisionFolder
from sagespec.deploying.services.local.serving.service import LocalEndpoints
from serving.endpoints import config_of, model, model_server, request, serve, start, until

HANDLER = "def handler(data, context):\n    return data.read()[::-1], 'text/plain'\n"
ONE = b'{"instances": [1.0]}'
JSON = "application/json"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEndpoints]:
    (tmp_path / "bin").mkdir()
    model_server(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    made = LocalEndpoints(tmp_path / "local")
    yield made
    folders = list(made.root.glob("*/revisions/*"))
    if made.root.exists():
        delete(made.root)  # ends what there is, whatever a test has done to it
    while any(any(alive.marked(str(folder))) for folder in folders):
        time.sleep(0.02)


def gone(revision: RevisionFolder) -> None:
    """Waits until no process of a revision is left."""
    while alive.is_alive(read_json(revision.supervisor)) or any(alive.marked(str(revision.path))):
        time.sleep(0.02)


def delete(folder: Path) -> None:
    """In one step, as a log may be written to meanwhile."""
    trash = folder.with_name(f".gone-{folder.name}")
    folder.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


def current(service: LocalEndpoints, name: str = "mnist") -> RevisionFolder:
    endpoint = EndpointFolder(service.root / name)
    found = endpoint.current or endpoint.asked
    assert found is not None
    return found


def answer(service: LocalEndpoints, body: bytes = ONE, content_type: str = JSON, **more: str) -> object:
    return json.loads(service.invoke("mnist", body, content_type, **more).body)


def log(service: LocalEndpoints) -> str:
    return "\n".join(line.text for line in service.logs("mnist", START)[0])


def written(service: LocalEndpoints, words: str) -> None:
    """Waits until the log says so: an answer is sent before its line is written."""
    while words not in log(service):
        time.sleep(0.02)


def test_a_model_is_served_until_it_is_stopped(service: LocalEndpoints, tmp_path: Path) -> None:
    seen = serve(service, request(model(tmp_path)))
    assert (seen.status, seen.failure, seen.config) == ("InService", "", config_of(request(model(tmp_path))))
    assert seen.body["Url"].startswith("http://127.0.0.1:")
    assert answer(service) == {"predictions": [3.5]}
    assert answer(service, b"1,2", "text/csv", accept="application/jsonlines") == {"predictions": [[3.5, 4.0]]}
    assert "tensorflow_model_server serves" in log(service)
    written(service, "POST /invocations 200")
    revision = current(service)
    service.stop("mnist")
    gone(revision)
    with pytest.raises(NoSuchJob, match="there is no endpoint 'mnist' on this machine"):
        service.describe("mnist")
    assert not (service.root / "mnist").exists()


def test_a_refusal_of_the_model_is_reported_with_its_words(service: LocalEndpoints, tmp_path: Path) -> None:
    serve(service, request(model(tmp_path)))
    with pytest.raises(ServiceError, match=r"Received client error \(400\) from the model: Failed to process element"):
        service.invoke("mnist", b'{"instances": ["a"]}', JSON)
    with pytest.raises(ServiceError, match=r"Received server error \(500\) from the model: 13 is bad luck"):
        service.invoke("mnist", b'{"instances": [13]}', JSON)
    with pytest.raises(NoSuchJob):
        service.invoke("other", ONE, JSON)


def test_code_is_laid_into_the_model_as_the_sdk_does(service: LocalEndpoints, tmp_path: Path) -> None:
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "inference.py").write_text(
        "from mine import KIND\n" + HANDLER.replace("'text/plain'", "KIND")
    )
    (tmp_path / "mine.py").write_text("KIND = 'text/x-mine'\n")
    contents = collect("inference.py", "serving", ("mine.py",), folder=tmp_path)
    repacked = RepackedModel(str(model(tmp_path, code={"old.py": ""})), contents, "")
    upload = Upload("model", tmp_path, f"s3://bucket/{repacked.sha256}/model.tar.gz", repacked.sha256, 1, 1, repacked)
    serve(service, request(upload.uri, uploads=(upload,)))
    code = current(service).model / "code"
    assert sorted(path.relative_to(code).as_posix() for path in code.rglob("*.py")) == ["inference.py", "lib/mine.py"]
    found = service.invoke("mnist", b"abc", "text/plain")
    assert (found.body, found.content_type) == (b"cba", "text/x-mine")
    assert not service.upload(upload, lambda *_: None)


def test_a_single_file_joins_the_code_that_the_model_brings(service: LocalEndpoints, tmp_path: Path) -> None:
    (tmp_path / "inference.py").write_text("import old\n" + HANDLER)
    repacked = RepackedModel(
        str(model(tmp_path, code={"old.py": ""})), collect("inference.py", None, (), folder=tmp_path), ""
    )
    upload = Upload("model", tmp_path, "s3://bucket/x/model.tar.gz", "", 1, 1, repacked)
    serve(service, request(upload.uri, uploads=(upload,)))
    assert service.invoke("mnist", b"abc", "text/plain").body == b"cba"


def test_an_update_takes_over_once_it_answers(service: LocalEndpoints, tmp_path: Path) -> None:
    serve(service, request(model(tmp_path)))
    before, wanted = current(service), request(model(tmp_path, 4))
    service.prepare(wanted)
    service.deploy("mnist", config_of(wanted), {})
    seen = until(service, "mnist", lambda seen: seen.status != "Updating")
    assert (seen.status, seen.config, seen.failure) == ("InService", config_of(wanted), "")
    assert answer(service) == {"predictions": [4.5]}
    gone(before)
    assert [revision.config for revision in seen.revisions] == [before.config, config_of(wanted)]
    assert service.discard(seen.revisions[1]) == f"{config_of(wanted)} is kept: the endpoint mnist uses it"
    assert service.discard(seen.revisions[0]) == ""
    assert len(service.describe("mnist").revisions) == 1
    assert not before.path.exists()


def test_it_is_in_service_only_once_requests_go_to_it(service: LocalEndpoints, tmp_path: Path) -> None:
    serve(service, request(model(tmp_path)))
    pointer = EndpointFolder(service.root / "mnist").path / "current"
    pointer.rename(pointer.with_name("later"))  # as between the two writes of its supervisor
    seen = service.describe("mnist")
    assert (seen.status, seen.body.get("Url"), seen.pending) == ("Creating", None, seen.config)
    pointer.with_name("later").rename(pointer)
    assert service.describe("mnist").status == "InService"


def test_an_update_that_takes_over_between_two_looks_has_not_failed(
    service: LocalEndpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(service, request(model(tmp_path)))
    endpoint, before = EndpointFolder(service.root / "mnist"), current(service)
    new = request(model(tmp_path, 5))
    service.prepare(new)
    service.deploy("mnist", config_of(new), {})
    until(service, "mnist", lambda seen: seen.status == "InService")
    gone(before)
    after = current(service)
    endpoint.point("current", before)  # as the first look found it

    def settled(revision: RevisionFolder) -> dict[str, object]:
        endpoint.point("current", after)
        return revision.state()

    monkeypatch.setattr(record, "settled", settled)
    assert service.describe("mnist").status == "InService"


def test_an_update_that_fails_leaves_the_old_one_and_says_why(service: LocalEndpoints, tmp_path: Path) -> None:
    serve(service, request(model(tmp_path)))
    wanted = request(model(tmp_path, 5, place="latest"))
    service.prepare(wanted)
    before = service.describe("mnist")
    service.deploy("mnist", config_of(wanted), {})
    seen = until(service, "mnist", lambda seen: seen.status != "Updating")
    assert (seen.status, seen.config) == ("InService", config_of(request(model(tmp_path))))
    assert seen.failure == (
        "The primary container for production variant AllTraffic did not pass the ping health check: no SavedModel "
        "bundles found! latest/saved_model.pb does not lie in a folder that is called by a number: a SavedModel must "
        "lie at <number>/saved_model.pb, such as 1/saved_model.pb"
    )
    assert seen.modified > before.modified
    assert answer(service) == {"predictions": [3.5]}


def test_the_real_server_is_given_the_options_that_the_container_gives_it(
    service: LocalEndpoints, tmp_path: Path
) -> None:
    settings = {
        "SAGEMAKER_TFS_ENABLE_BATCHING": "true",
        "SAGEMAKER_TFS_MAX_BATCH_SIZE": "16",
        "SAGEMAKER_TFS_INTRA_OP_PARALLELISM": "2",
    }
    serve(service, request(model(tmp_path), **settings))
    folder = current(service).path
    text = (folder / "batching-config.cfg").read_text()
    assert text.splitlines()[:2] == ["max_batch_size { value: 16 }", "batch_timeout_micros { value: 1000 }"]
    told = f"--enable_batching=true --batching_parameters_file={folder / 'batching-config.cfg'}"
    assert f"{told} --tensorflow_intra_op_parallelism=2" in log(service)


def test_a_script_that_cannot_be_imported_fails_the_endpoint_with_its_error(
    service: LocalEndpoints, tmp_path: Path
) -> None:
    seen = serve(service, request(model(tmp_path, code={"inference.py": "import nothing_like_it\n"})))
    assert seen.status == "Failed"
    assert "did not pass the ping health check" in seen.failure
    assert "No module named 'nothing_like_it'" in seen.failure
    with pytest.raises(ServiceError, match="mnist is Failed, and answers no requests"):
        service.invoke("mnist", ONE, JSON)
    asked = request(model(tmp_path))
    [observed] = service.observe([asked])
    assert observed.status == "Failed"  # for status, which says why
    assert decide_endpoint(asked, observed).action is Action.CREATE


def test_links_in_a_model_are_refused_as_the_service_does(service: LocalEndpoints, tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        link = tarfile.TarInfo("1/saved_model.pb")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    seen = serve(service, request(archive))
    assert seen.status == "Failed"
    assert "holds the link '1/saved_model.pb', and SageMaker takes no model with links" in seen.failure


def test_a_server_that_is_killed_is_started_again(service: LocalEndpoints, tmp_path: Path) -> None:
    serve(service, request(model(tmp_path)))
    first = read_json(current(service).processes)
    os.kill(first[0]["pid"], signal.SIGKILL)
    until(service, "mnist", lambda _: read_json(current(service).processes) != first)
    until(service, "mnist", lambda seen: "starting again" in log(service) and current(service).port_file.exists())
    while True:
        try:
            assert answer(service) == {"predictions": [3.5]}
            break
        except ServiceError:  # it is on its way
            time.sleep(0.02)


def test_when_the_supervisor_is_killed_no_server_is_left_and_the_endpoint_says_so(
    service: LocalEndpoints, tmp_path: Path
) -> None:
    serve(service, request(model(tmp_path)))
    revision = current(service)
    os.kill(read_json(revision.supervisor)["pid"], signal.SIGKILL)
    while any(alive.marked(str(revision.path))):  # nobody looks at the endpoint: they end by themselves
        time.sleep(0.02)
    seen = service.describe("mnist")
    assert (seen.status, seen.failure.partition(":")[0]) == ("Failed", "InternalServerError")
    service.stop("mnist")
    with pytest.raises(NoSuchJob):
        service.describe("mnist")
    assert serve(service, request(model(tmp_path))).status == "InService"


def test_a_folder_that_is_deleted_takes_its_servers_along(service: LocalEndpoints, tmp_path: Path) -> None:
    serve(service, request(model(tmp_path)))
    revision = current(service)
    supervisor = read_json(revision.supervisor)
    delete(tmp_path / "local")
    while alive.is_alive(supervisor) or any(alive.marked(str(revision.path))):
        time.sleep(0.02)
    assert service.endpoints() == []


def test_after_a_restart_of_the_machine_an_endpoint_has_failed_whoever_has_its_process_ids_now(
    service: LocalEndpoints, tmp_path: Path
) -> None:
    serve(service, request(model(tmp_path)))
    revision = current(service)
    supervisor = read_json(revision.supervisor)
    os.kill(supervisor["pid"], signal.SIGKILL)
    gone(revision)
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other = {**alive.identity(bystander.pid), "boot": "another"}
    write_json(revision.supervisor, other)
    write_json(revision.processes, [other])
    seen = service.describe("mnist")
    assert (seen.status, seen.failure) == ("Failed", record.GONE)
    assert bystander.poll() is None
    bystander.communicate(b"\n")
    assert "killed, or this machine restarted" in log(service)
    assert serve(service, request(model(tmp_path))).status == "InService"


def test_a_port_that_somebody_else_has_taken_is_given_up(service: LocalEndpoints, tmp_path: Path) -> None:
    before = serve(service, request(model(tmp_path))).body["Url"]
    port, revision = int(before.rpartition(":")[2]), current(service)
    [_, front] = read_json(revision.processes)
    revision.port_file.unlink()
    os.kill(front["pid"], signal.SIGKILL)
    while alive.is_alive(front):
        time.sleep(0.005)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # the new server may be faster, and is welcome to it
            other.bind(("127.0.0.1", port))
            other.listen()
        seen = until(service, "mnist", lambda _: revision.port_file.exists() and log(service).count("serves at") == 2)
        assert json.loads(service.invoke("mnist", ONE, JSON).body) == {"predictions": [3.5]}
        assert seen.status == "InService"


def test_a_hundred_requests_at_once_are_all_answered(service: LocalEndpoints, tmp_path: Path) -> None:
    serve(service, request(model(tmp_path)))
    with ThreadPoolExecutor(100) as threads:
        bodies = [f'{{"instances": [{number}]}}'.encode() for number in range(100, 200)]
        found = list(threads.map(lambda body: service.invoke("mnist", body, JSON).body, bodies))
    assert [json.loads(body)["predictions"] for body in found] == [[n / 2 + 3] for n in range(100, 200)]


APPLY = """\
import os, signal, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from typing import Any
from serving.endpoints import request, start
from sagespec.deploying.services.local.serving.service import LocalEndpoints
start(LocalEndpoints(Path(sys.argv[1])), request(sys.argv[2]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_endpoint_outlives_the_command_that_made_it(service: LocalEndpoints, tmp_path: Path) -> None:
    program = APPLY.format(tests=str(REPOSITORY / "tests"))
    ran = subprocess.run([sys.executable, "-c", program, str(tmp_path / "local"), str(model(tmp_path))])
    assert ran.returncode == -signal.SIGKILL
    assert until(service, "mnist").status == "InService"
    assert answer(service) == {"predictions": [3.5]}


def test_two_that_create_at_once_make_one_endpoint(service: LocalEndpoints, tmp_path: Path) -> None:
    asked = request(model(tmp_path))
    service.prepare(asked)

    def create(_: int) -> str:
        try:
            LocalEndpoints(tmp_path / "local").create(asked, 1)
            return "made"
        except NameTaken as taken:
            return taken.message

    with ThreadPoolExecutor(4) as threads:
        said = sorted(threads.map(create, range(4)))
    arn = "arn:aws:sagemaker:local:000000000000:endpoint/mnist"
    assert said == [*[f'Cannot create already existing endpoint "{arn}"'] * 3, "made"]
    assert until(service, "mnist").status == "InService"
    assert len(EndpointFolder(service.root / "mnist").revisions()) == 1


def test_an_endpoint_that_is_being_changed_takes_no_other_change(
    service: LocalEndpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: list[RevisionFolder] = []
    begin = service._start
    monkeypatch.setattr(service, "_start", later.append)
    start(service, request(model(tmp_path)))
    wanted = request(model(tmp_path, 4))
    service.prepare(wanted)
    with pytest.raises(InProgress, match="Cannot update in-progress endpoint"):
        service.deploy("mnist", config_of(wanted), {})
    with pytest.raises(ServiceError, match="mnist is Creating, and answers no requests"):
        service.invoke("mnist", ONE, JSON)
    begin(*later)
    until(service, "mnist")
    with pytest.raises(ServiceError, match='Could not find endpoint configuration "nothing"'):
        service.deploy("mnist", "nothing", {})


def test_a_folder_that_somebody_has_damaged_is_reported_with_the_way_out(
    service: LocalEndpoints, tmp_path: Path
) -> None:
    serve(service, request(model(tmp_path)))
    folder, revision = service.root / "mnist", current(service)
    hint = f"delete the folder {folder}: its servers end, and apply makes it again"
    for path in (folder / "endpoint.json", folder / "asked", revision.supervisor, revision.status):
        whole = path.read_text()
        path.write_text('{"half": ')
        with pytest.raises(ServiceError, match="cannot be used: it is damaged") as told:
            service.describe("mnist")
        assert told.value.hint == hint
        path.write_text(whole)
    revision.status.unlink()
    with pytest.raises(ServiceError, match="cannot be used: there is no such file") as told:
        service.describe("mnist")
    assert told.value.hint == hint
    delete(folder)
    assert serve(service, request(model(tmp_path))).status == "InService"


def test_counts_weights_and_tags_are_noted(service: LocalEndpoints, tmp_path: Path) -> None:
    serve(service, request(model(tmp_path)))
    service.scale("mnist", [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3, "DesiredWeight": 2.0}])
    service.tag("mnist", {"team": "vision"}, ["sagespec:name"])
    seen = service.describe("mnist")
    [capacity] = seen.capacities
    assert (capacity.desired, capacity.current, capacity.weight) == (3, 3, 2.0)
    assert seen.tags["team"] == "vision"
    assert "sagespec:name" not in seen.tags
    assert seen.ended


def test_an_endpoint_that_goes_while_it_is_looked_at_is_gone(
    service: LocalEndpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.prepare(request(model(tmp_path)))
    endpoint = EndpointFolder(service.root / "mnist")
    endpoint.path.mkdir()
    write_json(endpoint.body, {"body": {}, "created": 0.0})
    service._new_revision(endpoint, config_of(request(model(tmp_path))))
    status = record._status

    def gone_meanwhile(*about: RevisionFolder) -> dict[str, object]:
        found = status(*about)
        delete(endpoint.path)
        return found

    monkeypatch.setattr(record, "_status", gone_meanwhile)
    with pytest.raises(NoSuchJob):
        service.describe("mnist")


def test_what_only_a_container_can_serve_is_refused_at_once(service: LocalEndpoints, tmp_path: Path) -> None:
    other = {"Image": "123.dkr.ecr.us-west-2.amazonaws.com/mine:1"}
    with pytest.raises(ServiceError, match="the image mine is not TensorFlow Serving's") as refused:
        service.prepare(request(model(tmp_path), model=other))
    assert "--executor docker" in refused.value.hint


def test_a_plan_says_what_is_not_as_in_sagemaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(modules, "is_here", lambda _: True)
    endpoints = LocalEndpoints(tmp_path / "local")
    settings = {
        "SAGEMAKER_TFS_ENABLE_BATCHING": "true",
        "SAGEMAKER_TFS_INTRA_OP_PARALLELISM": "2",
        "SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "a",
        "SAGEMAKER_GUNICORN_WORKERS": "2",
        "SAGEMAKER_TFS_NGINX_LOGLEVEL": "info",
        "SAGEMAKER_TFS_INSTANCE_COUNT": "2",
        "SAGEMAKER_SAFE_PORT_RANGE": "1-9",
        "SAGEMAKER_TFS_WAIT_TIME_SECONDS": "9",
    }
    asked = request("s3://bucket/model.tar.gz", **settings)
    model, config, endpoint = asked.calls
    config.template["ProductionVariants"].append({"VariantName": "next"})
    config.template["DataCaptureConfig"] = {"EnableCapture": True}
    config.template["ExplainerConfig"] = {"ClarifyExplainerConfig": {}}
    model.template["EnableNetworkIsolation"] = True
    found = endpoints.foreseen(asked._replace(calls=(model, config, endpoint)))
    assert found == (
        "",
        (
            "one variant answers here, with the manifest's model: AllTraffic",
            "requests and answers are not captured here",
            "answers are not explained here",
            "what runs here has a network: enable_network_isolation has no effect",
            "only tensorflow_model_server makes batches: SAGEMAKER_TFS_ENABLE_BATCHING has no effect",
            "it answers at a free port of this machine: SAGEMAKER_SAFE_PORT_RANGE has no effect",
            "one model server answers, which shares no GPU: SAGEMAKER_TFS_INSTANCE_COUNT has no effect",
            "a start may take container_startup_health_check_timeout, an answer 60 s: SAGEMAKER_TFS_WAIT_TIME_SECONDS "
            "has no effect",
            "one Python process with a thread a request stands for nginx and gunicorn: SAGEMAKER_GUNICORN_WORKERS, "
            "SAGEMAKER_TFS_NGINX_LOGLEVEL have no effect",
        ),
    )
    assert endpoints.foreseen(request("s3://bucket/model.tar.gz")) == ("", ())


@pytest.mark.parametrize("more", [{"Mode": "MultiModel"}, {"Environment": {"SAGEMAKER_MULTI_MODEL": "True"}}])
def test_several_models_behind_one_endpoint_are_refused_at_once(more: dict[str, Any], tmp_path: Path) -> None:
    endpoints, asked = LocalEndpoints(tmp_path / "local"), request("s3://bucket/models/", model=more)
    why = "this machine has no multi-model endpoints"
    assert endpoints.foreseen(asked).refusal == f"{why}; serve one model: a folder or an archive"
    with pytest.raises(ServiceError, match=why):
        endpoints.prepare(asked)


def test_a_python_without_tensorflow_is_reported_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setattr(modules, "is_here", lambda module: module != "tensorflow")
    service, asked = LocalEndpoints(tmp_path / "local"), request(model(tmp_path))
    why = "this Python has no TensorFlow, and there is no tensorflow_model_server on PATH"
    assert service.foreseen(asked).refusal.startswith(
        f"{why}; add --provision, which installs it separately; or install "
    )
    assert LocalEndpoints(tmp_path / "local", provision=True).foreseen(asked) == Foreseen()
    with pytest.raises(ServiceError, match=why):
        serve(service, asked)
    assert not service.root.exists()


def test_another_python_without_tensorflow_fails_the_endpoint_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    service = LocalEndpoints(tmp_path / "local", python=str(python))
    seen = serve(service, request(model(tmp_path)))
    assert seen.status == "Failed"
    assert "has no TensorFlow, and there is no tensorflow_model_server on PATH: give --provision" in seen.failure
    service.stop("mnist")


@pytest.mark.parametrize(
    ("executor", "daemon", "note"),
    [
        ("docker", "Debian GNU/Linux 12 (bookworm) [name=seccomp,profile=default]", NEARLY_ISOLATED),
        ("docker", "Docker Desktop [name=seccomp,profile=unconfined]", NOT_ISOLATED),
        ("docker", "Debian GNU/Linux 12 (bookworm) [name=seccomp,profile=default name=rootless]", NOT_ISOLATED),
        ("process", "", NOT_ISOLATED),
    ],
)
def test_a_plan_says_how_far_an_isolated_endpoint_is_isolated_here(
    executor: str, daemon: str, note: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\n[ "$1" != info ] || echo "{daemon}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(modules, "is_here", lambda _: True)
    service = LocalEndpoints(tmp_path / "local", executor)
    assert service.foreseen(request("model.tar.gz", isolated=True)) == Foreseen("", (note,))
    assert service.foreseen(request("model.tar.gz")) == Foreseen()
