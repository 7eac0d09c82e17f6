"""The server of this machine and AWS's own serving container, given the same scripts, requests and models.

What the container does is recorded (`recorded/serving_container.json`): `serving_container.py` has run its
public source, nginx, njs, falcon and gunicorn, in front of the model server that these tests have. Where they can be
had, the slow test does that again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from conftest import ENDPOINT, REPOSITORY
from sagespec.building.saved_models import DEFAULT_MODEL
from sagespec.deploying.services.local.container.channels import DataError
from sagespec.deploying.services.local.serving import layout, settings
from sagespec.deploying.services.local.serving.folder import RevisionFolder
from sagespec.deploying.services.local.serving.server.backend import Backend
from sagespec.deploying.services.local.serving.server.front import Front
from sagespec.deploying.services.local.serving.server.handlers import LoadedHandlers
from sagespec.deploying.services.local.serving.server.rest import RestAnswers
from sagespec.pipeline import Compiler
from serving.endpoints import HalfPlus, served
from serving.serving_cases import LAYOUTS, SCRIPTS, SETTINGS, STARTS, Record, requests_for
from serving.serving_container import DEFAULT, MODELS, NAP, RECORDED, SLEEPS, ask, lay, side_by_side

THERE: Record = json.loads(RECORDED.read_text(encoding="utf-8"))
SOURCE = "https://github.com/aws/sagemaker-tensorflow-serving-container"


@pytest.fixture(scope="module")
def model_port() -> Iterator[int]:
    models: dict[str, dict[int, HalfPlus]] = {}
    for place, n in MODELS.items():
        name, _, version = place.partition("/")
        models.setdefault(name, {})[int(version)] = HalfPlus(n=n)
    with served(RestAnswers(models).respond) as port:
        yield port


@pytest.fixture
def clean_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a script imports is forgotten with it."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) & {"mine", "theirs"} - before:
        del sys.modules[name]


@pytest.mark.filterwarnings("ignore:coroutine 'handler' was never awaited")
@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.usefixtures("clean_imports")
def test_the_same_requests_get_the_same_answers(script: str, model_port: int, tmp_path: Path) -> None:
    lay(tmp_path, SCRIPTS[script])
    code = tmp_path / "code"
    handlers = LoadedHandlers.of(code) if (code / "inference.py").exists() else None
    with served(Front(Backend(model_port, "half_plus_three"), handlers).respond) as port:
        here = {name: ask(port, asked) for name, asked in requests_for(script).items()}
    assert {name: as_there(record, THERE["answers"][script][name]) for name, record in here.items()} == {
        name: known(record) for name, record in THERE["answers"][script].items()
    }


def known(there: Record) -> Record:
    """The status alone, where the container breaks off, or says nothing, about an answer that it cannot send."""
    if there.get("broken"):
        return {"status": 500}
    return {"status": there["status"]} if there["status"] >= 500 and not there.get("body") else there


def as_there(here: Record, there: Record) -> Record:
    return {"status": here["status"]} if known(there).keys() == {"status"} else here


@pytest.mark.parametrize("answer", ["list", "dict", "bytearray", "number", "float"])
@pytest.mark.usefixtures("clean_imports")
def test_an_answer_that_cannot_be_sent_is_told_by_its_type(answer: str, model_port: int, tmp_path: Path) -> None:
    lay(tmp_path, SCRIPTS["odd answers"])
    with served(Front(Backend(model_port, "half_plus_three"), LoadedHandlers.of(tmp_path / "code")).respond) as port:
        here = ask(port, requests_for("odd answers")[answer])
    kind = {"number": "int"}.get(answer, answer)
    wanted = f"the handler's answer must be text or bytes, not {kind}: the container cannot send it"
    assert (here["status"], json.loads(here["body"])) == (500, {"error": wanted})


@pytest.mark.usefixtures("clean_imports")
def test_requests_are_answered_side_by_side_as_there(model_port: int, tmp_path: Path) -> None:
    lay(tmp_path, {"code/inference.py": SLEEPS.replace(f"sleep({NAP})", "sleep(NAP)") + "NAP = 0.2\n"})
    with served(Front(Backend(model_port, "half_plus_three"), LoadedHandlers.of(tmp_path / "code")).respond) as port:
        assert side_by_side(port, 0.2) is THERE["together"] is True


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.usefixtures("clean_imports")
def test_code_with_which_the_container_does_not_start_is_not_loaded(start: str, tmp_path: Path) -> None:
    assert THERE["starts"][start] is False
    lay(tmp_path, STARTS[start])
    with pytest.raises((Exception, SystemExit)):
        LoadedHandlers.of(tmp_path / "code")


REFUSED_BY_THE_SERVER = {
    "a version without a model": "version 2 of the model 'model' has no saved_model.pb",
    "a file with a number for a name": "version 7 of the model 'model' has no saved_model.pb",
    "the same name twice": "two models are called 'm'",
}
"""Layouts that the container hands to tensorflow_model_server, which does not serve them."""


FOUND = [name for name in LAYOUTS if "models" in THERE["layouts"][name] and name not in REFUSED_BY_THE_SERVER]


@pytest.mark.parametrize("name", FOUND)
def test_the_same_models_are_found(name: str, tmp_path: Path) -> None:
    revision, there = RevisionFolder(tmp_path), THERE["layouts"][name]
    lay(revision.model, dict.fromkeys(LAYOUTS[name], ""))
    config = layout.server_config(revision.model, {}, revision)
    here = sorted([model["name"], sorted(map(int, model["versions"]))] for model in config["models"])
    assert here == there["models"]
    assert config["default_model"] == (there["default"] or config["default_model"])


@pytest.mark.parametrize("name", [name for name in LAYOUTS if "refused" in THERE["layouts"][name]])
def test_what_holds_no_model_for_the_container_holds_none_here(name: str, tmp_path: Path) -> None:
    revision = RevisionFolder(tmp_path)
    lay(revision.model, dict.fromkeys(LAYOUTS[name], ""))
    with pytest.raises(DataError, match=re.escape(THERE["layouts"][name]["refused"])):
        layout.server_config(revision.model, {}, revision)


@pytest.mark.parametrize(("name", "why"), REFUSED_BY_THE_SERVER.items(), ids=REFUSED_BY_THE_SERVER)
def test_what_tensorflow_serving_would_not_load_is_refused_with_the_reason(name: str, why: str, tmp_path: Path) -> None:
    revision = RevisionFolder(tmp_path)
    lay(revision.model, dict.fromkeys(LAYOUTS[name], ""))
    with pytest.raises(DataError, match=re.escape(why)):
        layout.server_config(revision.model, {}, revision)


def test_a_default_model_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    revision = RevisionFolder(tmp_path)
    lay(revision.model, dict.fromkeys(LAYOUTS["two models"], ""))
    chosen = {"SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "b"}
    assert layout.server_config(revision.model, chosen, revision)["default_model"] == "b"
    with pytest.raises(DataError, match="SAGEMAKER_TFS_DEFAULT_MODEL_NAME is 'c'; the model's archive has a, b"):
        layout.server_config(revision.model, {"SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "c"}, revision)


# Settings -------------------------------------------------------------------------------------------------------------

SETTLED: dict[str, Record] = THERE["settings"]
HONOURED = ("servers", "batching", "default")
"""What the settings change of the container that there is here."""
TAKEN = [name for name in SETTINGS if "servers" in SETTLED[name] and name != "multi-model"]


def given(name: str) -> dict[str, str]:
    return {**DEFAULT, **SETTINGS[name]}


@pytest.mark.parametrize("name", TAKEN)
def test_the_model_server_is_given_the_same_options_and_batching(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1000)
    there, environment = SETTLED[name], given(name)
    options = settings.server_options(environment, Path("/sagemaker/batching-config.cfg"))
    assert {" ".join(["--max_num_load_retries=0", *options])} == set(there["servers"])
    written = settings.batching_config(environment) if settings.batches(environment) else ""
    assert written == there["batching"]


@pytest.mark.parametrize("name", TAKEN)
def test_the_same_model_is_the_default_one(name: str, tmp_path: Path) -> None:
    revision = RevisionFolder(tmp_path)
    lay(revision.model, dict.fromkeys((f"{place}/saved_model.pb" for place in MODELS), ""))
    found = layout.server_config(revision.model, given(name), revision)["default_model"]
    assert found == (SETTLED[name]["default"] or found)


@pytest.mark.parametrize("name", TAKEN)
def test_a_setting_either_does_here_what_it_does_there_or_is_reported_to_have_no_effect(name: str) -> None:
    there, bare = SETTLED[name], SETTLED["none"]
    elsewhere = any(there[key] != bare[key] for key in bare.keys() - HONOURED) or len(there["servers"]) > 1
    told = " ".join(settings.without_effect(given(name)))
    assert bool(told) or not elsewhere
    known = {one.setting for one in settings.THREADS} | {*settings.BATCH_SETTINGS, DEFAULT_MODEL}
    unknown = [one for one in SETTINGS[name] if one not in known and one not in told]
    assert unknown in ([], [settings.MULTI_MODEL])


def test_batches_without_the_real_server_are_reported_to_be_none() -> None:
    [told] = settings.without_batches(SETTINGS["batching, whole"])
    assert (
        told == f"only tensorflow_model_server makes batches: {', '.join(SETTINGS['batching, whole'])} have no effect"
    )
    assert not list(settings.without_batches(SETTINGS["no batching"]))


def test_threads_without_the_real_server_are_tensorflow_s_own() -> None:
    assert settings.variables(given("all of it")) == {"TF_NUM_INTRAOP_THREADS": "2", "TF_NUM_INTEROP_THREADS": "3"}
    assert settings.variables(given("threads, zero")) == settings.variables({}) == {}


PLATFORM_S = ("SAGEMAKER_SAFE_PORT_RANGE", "SAGEMAKER_BIND_TO_PORT")
"""What the service sets, and no manifest."""
OF_THE_PLATFORM = [
    name for name in SETTINGS if set(PLATFORM_S) & set(SETTINGS[name]) or name == "two servers without ports"
]


@pytest.mark.parametrize("name", [name for name in SETTINGS if name not in OF_THE_PLATFORM])
def test_what_the_container_refuses_to_start_with_is_said_before(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mnist.yaml"
    path.write_text(yaml.safe_dump({**ENDPOINT, "env": SETTINGS[name]}))
    [result] = Compiler().run([str(path)])
    found = [one.rule for one in result.diagnostics if one.rule == "setting-of-wrong-form"]
    assert bool(found) is ("refused" in SETTLED[name])


STARTED: dict[str, bool] = THERE["starts with"]
MAY_BE = ("SAGEMAKER_GUNICORN_WORKER_CLASS", "SAGEMAKER_TFS_DEFAULT_MODEL_NAME")
"""What only the image, or the model's archive, can tell."""


@pytest.mark.parametrize("setting", [one for one in STARTED if not one.startswith(MAY_BE)])
def test_a_word_with_which_the_container_s_programs_do_not_start_is_said_before(setting: str, tmp_path: Path) -> None:
    name, _, value = setting.partition("=")
    path = tmp_path / "mnist.yaml"
    path.write_text(yaml.safe_dump({**ENDPOINT, "env": {name: value}}))
    [result] = Compiler().run([str(path)])
    found = [one.rule for one in result.diagnostics if one.rule == "setting-of-wrong-form"]
    assert bool(found) is not STARTED[setting]


@pytest.mark.slow
def test_the_container_s_own_programs_still_answer_as_recorded(tmp_path: Path) -> None:
    """`SAGEMAKER_SERVING_CONTAINER` names the folder of its programs; or else they are cloned."""
    nginx = os.environ.get("NGINX_PROGRAM", "/usr/sbin/nginx")
    modules = Path(os.environ.get("NGINX_MODULES", "/usr/lib/nginx/modules"))
    if shutil.which(nginx) is None or not (modules / "ngx_http_js_module.so").exists():
        pytest.skip("no nginx with njs (Debian: nginx, libnginx-mod-http-js)")
    source = os.environ.get("SAGEMAKER_SERVING_CONTAINER")
    if source is None:
        clone = ["git", "clone", "--quiet", "--depth", "1", SOURCE, str(tmp_path / "clone")]
        environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        ran = subprocess.run(clone, capture_output=True, text=True, timeout=60, env=environ)
        if ran.returncode:
            pytest.skip(f"the container's source cannot be had: {ran.stderr.strip()}")
        source = str(tmp_path / "clone" / "docker" / "build_artifacts" / "sagemaker")
    python = tmp_path / "environment" / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "environment"], check=True)
    wanted = ["boto3", "falcon<4", "gevent", "grpcio", "gunicorn", "packaging", "requests"]
    root = REPOSITORY
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *wanted, "--editable", root], check=True)
    program = Path(__file__).with_name("serving_container.py")
    subprocess.run([python, program, source, tmp_path / "record.json"], check=True)
    again = json.loads((tmp_path / "record.json").read_text(encoding="utf-8"))
    assert {**again, "source": ""} == {**THERE, "source": ""}
