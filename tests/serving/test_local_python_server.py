"""SDK 1's Python-based server on this machine, and AWS's own, given the same scripts, requests and models.

What AWS's does is recorded (`recorded/python_container.json`): `python_container.py` has run its public
source, Flask and gunicorn in Python 2.7, in front of the same models in TensorFlow 1.10.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sagespec.deploying.services import ServiceError
from sagespec.deploying.services.local import provision, pythons
from sagespec.deploying.services.local.container.channels import DataError
from sagespec.deploying.services.local.folder import read_json
from sagespec.deploying.services.local.running import legacy
from sagespec.deploying.services.local.serving.executors import CannotServe, Container, Processes, executor_of
from sagespec.deploying.services.local.serving.folder import EndpointFolder, RevisionFolder
from sagespec.deploying.services.local.serving.python_server import MESSAGES, PythonServer, newest_in
from sagespec.deploying.services.local.serving.service import LocalEndpoints
from serving.endpoints import INSTALLED, request, until
from serving.python_cases import MODELS, REQUESTS, SCRIPTS
from serving.python_container import RECORDED, answers, make_models, server

IMAGE = "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow:1.10-cpu-py2"
ELSEWHERE = "no SavedModel bundles found! The Python-based server looks into export/Servo/<number>/ only: "


def asked(image: str = IMAGE) -> Any:
    return request("s3://bucket/model.tar.gz", model={"Image": image})


def laid(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_the_newest_version_of_the_one_model_is_served(tmp_path: Path) -> None:
    model = laid(tmp_path, "export/Servo/9/saved_model.pb", "export/Servo/10/saved_model.pb", "11/saved_model.pb")
    assert newest_in(model) == "10"


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["1/saved_model.pb"], "it lies in the root"),
        (["export/Other/1/saved_model.pb"], "it lies in export/Other"),
        (["export/Servo/saved_model.pb"], "export/Servo/saved_model.pb does not lie in a folder that is called by a n"),
        (["model.ckpt.index"], "it holds model.ckpt.index, which is not a SavedModel"),
        (["notes.txt"], "it holds no saved_model.pb"),
    ],
)
def test_a_model_elsewhere_is_refused_with_the_reason(names: list[str], why: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as told:
        newest_in(laid(tmp_path, *names))
    assert told.value.message.startswith(ELSEWHERE + why)


@pytest.mark.parametrize(
    ("image", "executor", "kind"),
    [
        (IMAGE, "process", PythonServer),
        (IMAGE, "docker", Container),
        (IMAGE.replace("tensorflow:1.10-cpu-py2", "tensorflow-serving:1.12-cpu"), "process", Processes),
    ],
)
def test_the_image_says_which_server_runs(image: str, executor: str, kind: type, tmp_path: Path) -> None:
    service = LocalEndpoints(tmp_path / "local", "process", provision=True)
    service.prepare(asked(image=image))
    endpoint = EndpointFolder(service.root / "mnist")
    endpoint.path.mkdir()
    config = asked(image=image).bodies()["CreateEndpointConfig"]["EndpointConfigName"]
    revision = service._new_revision(endpoint, config)
    revision.options.write_text(json.dumps({**read_json(revision.options), "executor": executor}))
    assert type(executor_of(RevisionFolder(revision.path))) is kind


def test_without_provision_it_is_refused_before_anything_is_kept(tmp_path: Path) -> None:
    service = LocalEndpoints(tmp_path / "local")
    why = "the Python-based server needs a TensorFlow of its own, which is not installed here"
    assert service.foreseen(asked()).refusal == f"{why}; add --provision"
    with pytest.raises(ServiceError, match=why):
        service.prepare(asked())
    assert not service.root.exists()


@pytest.mark.parametrize("waits", [False, True])
def test_a_plan_says_what_apply_will_need_and_what_differs(
    waits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy, "own_python", lambda: None)
    wanted = asked(image="") if waits else asked()
    wanted = wanted._replace(serving=wanted.serving._replace(image=IMAGE)) if waits else wanted
    found = LocalEndpoints(tmp_path / "local", decided=False).foreseen(wanted)
    assert (found.refusal, [note.partition(";")[0] for note in found.notes]) == (
        "",
        [
            "the Python-based server needs a TensorFlow of its own, which is not installed here",
            "here TensorFlow 2.15 or newer stands in for 1.10, in Python 3 instead of 2.7, without "
            "tensorflow_model_server and in one process",
        ],
    )


def test_a_script_that_the_python_here_cannot_read_is_refused_with_its_line(tmp_path: Path) -> None:
    """Without any TensorFlow: it is looked at before the server starts."""
    server = object.__new__(PythonServer)
    server.revision, server.front_python = RevisionFolder(tmp_path), sys.executable
    server.code.mkdir()
    (server.code / "old.py").write_text("import json\n\ndef input_fn(data, content_type):\n    print data\n")
    with pytest.raises(CannotServe) as refused:
        server._check_script("old.py")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert refused.value.message.startswith(f"Python {version}, which runs it here, cannot read old.py: SyntaxError: ")
    assert refused.value.message.endswith("(line 4)")
    server._check_script("none.py")  # the server says itself that there is none


def test_another_image_needs_docker(tmp_path: Path) -> None:
    found = LocalEndpoints(tmp_path / "local").foreseen(asked(image="1.dkr.ecr.us-west-2.amazonaws.com/mine:1"))
    assert found.refusal == "the image mine is not TensorFlow Serving's; use --executor docker, which runs it"


# For real -------------------------------------------------------------------------------------------------------------

needs_own = pytest.mark.skipif(
    legacy.own_python() is None, reason="no Python here has a wheel of TensorFlow 1.4 to 1.12"
)


def environment(which: str) -> str:
    if which == "1.10":
        wanted = provision.of_tensorflow("1.10", beside=legacy.BESIDE)
        wanted, python = replace(wanted, alone=(f"{MESSAGES}==1.10.*",)), legacy.own_python()
    else:
        wanted = replace(provision.of_tensorflow("2.15"), alone=(f"{MESSAGES}==2.15.1",))
        python = pythons.find(legacy.STAND_IN_PYTHONS)
    assert python is not None
    return str(provision.provide(wanted, lambda progress: None, of=[python]).python)


@pytest.mark.slow
@needs_own
@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("which", ["1.10", "2.15"])
def test_the_same_requests_get_the_same_answers(which: str, model: str, script: str, tmp_path: Path) -> None:
    there = json.loads(RECORDED.read_text(encoding="utf-8"))[model][script]
    assert {200, 405} < {record["status"] for record in there.values()} or script in ("raises", "input_fn")
    make_models(environment("1.10"), tmp_path)
    with server(environment(which), tmp_path, model, script) as port:
        assert answers(port) == there


@pytest.mark.slow
@needs_own
def test_a_model_of_legacy_mode_is_served_with_its_script(tmp_path: Path) -> None:
    make_models(environment("1.10"), tmp_path / "made")
    archive, code = tmp_path / "model.tar.gz", tmp_path / "sourcedir.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(tmp_path / "made" / "predict", ".")
    (tmp_path / "train.py").write_text(SCRIPTS["functions"])
    with tarfile.open(code, "w:gz") as file:
        file.add(tmp_path / "train.py", "train.py")
    service = LocalEndpoints(tmp_path / "local", provision=True)
    environ = {"SAGEMAKER_PROGRAM": "train.py", "SAGEMAKER_SUBMIT_DIRECTORY": str(code)}
    wanted = request(archive, model={"Image": IMAGE, "ModelDataUrl": str(archive), "Environment": environ})
    service.prepare(wanted)
    service.create(wanted, 1)
    try:
        until(service, "mnist", patience=INSTALLED)
        found = json.loads(service.invoke("mnist", b"[[1, 2]]", "application/json").body)
        assert found == ["application/json", {"most": [], "text": [], "total": [3.0], "twice": [2.0, 4.0]}]
    finally:
        service.stop("mnist")


@pytest.mark.slow
@needs_own
def test_a_model_of_tensorflow_1_is_served_by_a_tensorflow_2_behind_tensorflow_serving_s_paths(tmp_path: Path) -> None:
    """No Python that sagespec runs in has a wheel of TensorFlow 1."""
    make_models(environment("1.10"), tmp_path / "made")
    service = LocalEndpoints(tmp_path / "local", provision=True)
    image = IMAGE.replace("tensorflow:1.10-cpu-py2", "tensorflow-serving:1.12-cpu")
    wanted = request(tmp_path / "made" / "predict", model={"Image": image})
    note = "a TensorFlow 2 serves in the place of 1.12: it loads all models but those with ops of tf.contrib"
    assert service.foreseen(wanted).notes == (note,)
    service.prepare(wanted)
    service.create(wanted, 1)
    try:
        until(service, "mnist", patience=INSTALLED)
        found = json.loads(service.invoke("mnist", b'{"instances": [[1, 2], [3.5, 1]]}', "application/json").body)
        assert found == {
            "predictions": [
                {"most": 1, "text": "3.000000", "total": 3.0, "twice": [2.0, 4.0]},
                {"most": 0, "text": "4.500000", "total": 4.5, "twice": [7.0, 2.0]},
            ]
        }
        assert any(note in line.text for line in service.tail("mnist", 100))
    finally:
        service.stop("mnist")


MANIFEST = {
    "apiVersion": "sagespec/v1",
    "kind": "Endpoint",
    "name": "older",
    "role": "arn:aws:iam::123456789012:role/SageMakerRole",
    "region": "us-west-2",
    "framework_version": "1.10.0",
    "endpoint_type": "python",
    "model_data": "model.tar.gz",
    "entry_point": "serve_it.py",
    "instance_type": "ml.m5.large",
    "initial_instance_count": 1,
    "model_server_workers": 4,
}


@pytest.mark.slow
@needs_own
@pytest.mark.parametrize("which", ["1.10", "2.15"])
def test_the_command_line_serves_it_as_aws_does(which: str, tmp_path: Path) -> None:
    """`plan`, `apply` and `invoke` as a user types them, with the request's own TensorFlow and with the stand-in."""
    make_models(environment("1.10"), tmp_path / "made")
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as file:
        file.add(tmp_path / "made" / "predict", ".")
    (tmp_path / "serve_it.py").write_text(SCRIPTS["functions"])
    (tmp_path / "older.yaml").write_text(json.dumps(MANIFEST))
    hidden = {} if which == "1.10" else {"PYENV_ROOT": str(tmp_path), "PATH": os.defpath}

    def sagespec(*arguments: str, data: bytes = b"", code: int = 0) -> tuple[bytes, str]:
        command = [sys.executable, "-m", "sagespec", *arguments]
        ended = subprocess.run(command, input=data, capture_output=True, cwd=tmp_path, env={**os.environ, **hidden})
        assert ended.returncode == code, ended.stderr.decode()
        return ended.stdout, ended.stderr.decode()

    serves = {"1.10": "TensorFlow 1.10.0 itself serves", "2.15": "TensorFlow 2.15 or newer stands in for 1.10.0"}
    plan = sagespec("plan", "--local", "older.yaml")[0].decode()
    assert f"here {serves[which]}, in Python" in plan
    assert "SAGEMAKER_MODEL_SERVER_WORKERS has no effect" in plan
    assert "add --provision" in sagespec("apply", "--local", "--wait", "--yes", "older.yaml", code=3)[1]
    try:
        sagespec("apply", "--local", "--provision", "--wait", "--yes", "older.yaml")
        there = json.loads(RECORDED.read_text(encoding="utf-8"))["predict"]["functions"]
        for name in ("rows", "a row", "answered as csv", "rows of its own", "a request of its own", "no JSON"):
            _, _, headers, body = REQUESTS[name]
            types = ["--content-type", headers["Content-Type"]]
            types += ["--accept", headers["Accept"]] if "Accept" in headers else []
            answered = there[name]["status"] == 200
            out, err = sagespec("invoke", "--local", "older.yaml", *types, data=body, code=0 if answered else 3)
            if answered:
                assert json.loads(out) == there[name]["json"]
            else:
                assert err.splitlines()[0] == f"error: Received server error ({there[name]['status']}) from the model"
    finally:
        sagespec("stop", "--local", "--yes", "older")
